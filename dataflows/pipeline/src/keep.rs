//! The way of events into a store: what the leaves know of an event goes to whoever keeps it.
//!
//! The store itself does I/O and lives outside; here is only its face. One keeper per worker, called on the
//! worker's thread, in the total order of the worker's events. A keeper may wait when it cannot keep up: the
//! worker then waits with it, and so do the doors.

use seerflow_model::Event;

/// One event as the leaves know it.
#[derive(Clone, Copy, Debug)]
pub struct Kept<'a> {
    /// The event.
    pub event: &'a Event,
    /// Its template, as its leaf assigned it.
    pub template: u64,
    /// The text of that template now.
    pub text: &'a str,
    /// How improbable the most unusual thing about it is; 1 when nothing is.
    pub probability: f64,
}

/// Keeps the events of one worker.
pub trait Keeper: Send {
    /// Takes one event.
    fn keep(&mut self, kept: Kept<'_>);
    /// All events of this scheduling were given: readers may see them now.
    fn publish(&mut self);
}

/// Makes the keeper of a worker of this process, by its number there.
pub type Keepers = std::sync::Arc<dyn Fn(usize) -> Box<dyn Keeper> + Send + Sync>;
