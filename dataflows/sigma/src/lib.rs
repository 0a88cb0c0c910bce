//! The Sigma rule language: read, compile, match.
//!
//! Texts in, rules out, and events against rules; no file, clock or network is touched. The whole
//! detection language of the specification 2.x is understood, with filters and correlation rules.
//! What is not supported is an error that names file, line, column and rule.
//!
//! * [`load`] reads files and gives a [`RuleSet`], with every problem and the [`State`] of every
//!   rule: ok, disabled with its reason, or unreachable.
//! * [`Matcher`] finds the rules that match an event: anything that gives [`Fields`], events of the
//!   model and JSON objects among them.
//! * [`correlate`] makes matches of correlations of them, exactly and in event time.
//! * [`taxonomy`] says what the fields and kinds of events are called in rules.
//!
//! Texts are compared without regard to case unless a rule says otherwise; a value longer than
//! 64 KiB is looked at up to there, and [`Matcher::cut`] counts it. Cost per event: one look-up
//! per value, one pass of an automaton over the fields that rules of this logsource are found by,
//! and the programs of the few rules of which something was found.

pub mod correlate;
mod engine;
mod event;
mod fault;
mod head;
mod net;
mod number;
mod pattern;
mod read;
pub mod taxonomy;
mod test;
mod yaml;

pub use engine::fields::{Datum, Fields, Sink};
pub use engine::loader::{Loaded, load};
pub use engine::run::{Answer, Matcher, Reason};
pub use engine::set::{
    Choice, Choose, Compiled, Correlated, Field, LogSourceRef, Options, Part, PartFields, RuleSet,
    State,
};
pub use fault::{Fault, Place, Problem};
pub use head::{Header, Level, LogSource, OPERATIONS, PART, Status, Unknown};
pub use number::{Number, Relation};
pub use read::correlation::{Alias, Bound, Correlation, Custom, Kind, Logic, Rearm, Trigger};
pub use read::detection::{Detection, Origin};
pub use read::pipeline::Pipeline;
pub use read::rule::Rule;
pub use read::value::Placeholders;
pub use test::{Expr, Test, Want};
pub use yaml::FILE_BYTES_MAX;
