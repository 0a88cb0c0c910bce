//! Correlation: from matches of rules to matches of correlations, exact in event time.
//!
//! ```text
//! rules that match an event ─► Plan::feeds ─► Feed (law, key, slots, value, what to show)
//!                                                │ exchange by key
//!                         State of (law, group): apply, due, fire
//!                                                │
//!                      Out::Match: began, grew, ended       Out::Held ─► Plan::chain ─► Feed
//!                                                                        of the next level
//! ```
//!
//! A [`Law`] is a correlation ready to be evaluated, a [`State`] what is remembered of one group
//! of one law. Calls come in the order of event time with timers before events of their instant,
//! so what comes out does not depend on how things arrived. Nothing here has an order of its own
//! or a clock; whoever holds states sorts, sets the one timer ([`State::due`]) and leaves out what
//! is late. [`Replay`] does all that for one thread.
//!
//! A match *begins* once per episode. While its condition goes on to hold it only *grows* (told
//! when its events have doubled), and it *ends* when the condition has not held for the time to
//! rearm. Laws are known by identities made of what they mean, never by numbers of a set, so
//! states outlive a reload of rules that did not change them.
//!
//! Cost: nothing for events without a rule that is referred to; one key and one short row per law
//! and event otherwise; O(1) amortised per event in every state but those of percentiles (one
//! insertion) and numbered orders (the square of their steps).

mod check;
mod episode;
mod fixed;
mod law;
mod plan;
mod replay;
pub(crate) mod resolve;
mod state;
mod tuple;
mod window;

#[cfg(test)]
mod laws_tests;
#[cfg(test)]
mod oracle;
#[cfg(test)]
mod stories;

/// Most correlations in a row, each about the one before it.
pub const LEVELS_MAX: usize = 5;

pub(crate) use check::judge;
pub use episode::{Held, Match, Out, Output, Phase};
pub use fixed::{Fixed, Ratio};
pub use law::{COUNT_MAX, Law, Test as Wanted};
pub use plan::{Feed, Plan, Skipped, Value};
pub use replay::{KEYS_MAX, Kept, Replay};
pub use state::{SHOWN, State};
pub use tuple::{Tuple, VALUE_BYTES_MAX};
pub use window::Cuts;
