//! Sigma rules that come with the program, those of its user, and the samples that say what
//! rules are for. [`book`] puts together what is in force.
//!
//! The rules lie in `rules/sigma` and are compiled in: the program looks for nothing at run time,
//! and what was tested is what runs. Each document carries samples, which the tests put through
//! the reader of lines and the matcher; `docs/RULES.md` is made of the same documents.

pub mod attack;
pub mod book;
pub mod bundled;
pub mod coverage;
pub mod listing;
pub mod reading;
pub mod samples;
pub mod trial;

#[cfg(test)]
mod benign;
#[cfg(test)]
mod oracle;
#[cfg(test)]
mod page;
#[cfg(test)]
mod tests;
