//! A seeded generator of log lines: hosts, programs, wording, rates and noise differ by seed, and
//! so do the incidents of an hour.

mod dice;
mod incidents;
mod traffic;
mod words;
mod world;

pub use incidents::{Incident, Kind, hour};
pub use traffic::{Line, MINUTE, frame, minute};
pub use world::{Transport, World, world};
