//! The bound of what a source may have above its promise: 262,144 records.
//!
//! The promise is at least what was the newest effective time of the source 262,144 records ago,
//! and one tick more when that is still the newest; so at most that many records of a source are
//! ever held for order, whatever its stamps are. What falls below is `crowded`.
//!
//! The history is kept as the increases of the newest time, one per tick, and only those that the
//! lateness does not overrule: `lateness / tick + 2` entries at most. O(1) per record, amortised.

use seerflow_model::time::{MAX_NS, Ns, TICK, floor_tick};
use std::collections::VecDeque;

/// How many records of a source may lie above its promise.
pub const WINDOW: u64 = 262_144;

/// The history of one source's newest effective time.
#[derive(Debug)]
pub struct Crowd {
    window: u64,
    count: u64,
    /// How many records there were when the newest time rose last.
    risen: u64,
    /// (records so far, newest time by then, rounded down to the tick), rising in both.
    steps: VecDeque<(u64, Ns)>,
    bound: Ns,
}

impl Crowd {
    /// A history without records.
    pub fn new(window: u64) -> Crowd {
        Crowd { window, count: 0, risen: 0, steps: VecDeque::new(), bound: 0 }
    }

    /// The bound in force, a multiple of the tick that never goes back.
    pub fn bound(&self) -> Ns {
        self.bound
    }

    /// Nothing later gets an effective time below this either.
    pub fn raise(&mut self, bound: Ns) {
        self.bound = self.bound.max(floor_tick(bound.min(MAX_NS)));
    }

    /// Takes one more record into the history. `newest`: the greatest effective time so far, this
    /// record's included; `rose`: whether this record raised it; `overruled`: what the source
    /// promises by its lateness anyhow.
    pub fn record(&mut self, newest: Ns, rose: bool, overruled: Ns) {
        self.count += 1;
        if rose {
            self.risen = self.count;
            let tick = floor_tick(newest);
            if self.steps.back().is_none_or(|(_, last)| *last < tick) {
                self.steps.push_back((self.count, tick));
            }
            while self.steps.len() > 1 && self.steps[1].1 <= overruled {
                self.steps.pop_front();
            }
        }
        if self.count <= self.window {
            return;
        }
        let then = self.count - self.window;
        while self.steps.len() > 1 && self.steps[1].0 <= then {
            self.steps.pop_front();
        }
        let bound = if self.risen <= then {
            floor_tick(newest.saturating_add(TICK).min(MAX_NS))
        } else {
            self.steps.front().filter(|(at, _)| *at <= then).map_or(0, |(_, tick)| *tick)
        };
        self.bound = self.bound.max(bound);
    }

    /// How many steps are remembered.
    #[cfg(test)]
    pub fn steps(&self) -> usize {
        self.steps.len()
    }
}
