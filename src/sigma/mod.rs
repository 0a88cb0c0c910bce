//! Sigma rules that come with the program, and the samples that say what rules are for.
//!
//! The rules lie in `rules/sigma` and are compiled in: the program looks for nothing at run time,
//! and what was tested is what runs. Each document carries samples, which the tests put through
//! the reader of lines and the matcher; `docs/RULES.md` is made of the same documents.

pub mod bundled;
pub mod samples;

#[cfg(test)]
mod benign;
#[cfg(test)]
mod oracle;
#[cfg(test)]
mod page;
#[cfg(test)]
mod reading;
#[cfg(test)]
mod tests;
