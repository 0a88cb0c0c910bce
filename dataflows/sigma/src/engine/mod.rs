//! From rules to matches.
//!
//! ```text
//! tests of all rules ─► predicates, each once ─► programs (branches over predicates)
//!                               │
//!            witness of each rule: literals without which it cannot match
//!                               │
//!      per set of logsources: an index from literals to rules (one automaton per field)
//!                               ▼
//! event ─► row (values by slot) ─► candidates ─► programs, predicates asked at most once ─► matches
//! ```

pub mod fields;
pub mod loader;
pub mod reach;
pub mod run;
pub mod set;

mod example;
pub(crate) mod index;
mod link;
mod literal;
mod needs;
mod predicate;
mod program;
pub(crate) mod row;
mod text;
mod times;
mod witness;

#[cfg(test)]
mod tests;
