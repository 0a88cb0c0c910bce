//! Records held for order: one Vec and one capability per occupied tick.
//!
//! A record is held under its own tick, never under the time of its batch: a record far ahead
//! would otherwise hold everything back. A Vec is sorted once, at release; batches arrive nearly
//! sorted, and the sort takes advantage of runs.

use crate::rec::{Rec, Time};
use seerflow_model::time::tick_ms;
use std::collections::BTreeMap;
use timely::dataflow::operators::{Capability, InputCapability};

struct Tick<D> {
    cap: Capability<Time>,
    records: Vec<Rec<D>>,
}

/// All held records of one input.
pub struct Held<D> {
    ticks: BTreeMap<Time, Tick<D>>,
}

impl<D> Default for Held<D> {
    fn default() -> Held<D> {
        Held { ticks: BTreeMap::new() }
    }
}

impl<D> Held<D> {
    /// Takes the records of a batch that came under `cap`.
    pub fn take(
        &mut self,
        cap: &InputCapability<Time>,
        output: usize,
        records: impl Iterator<Item = Rec<D>>,
    ) {
        let mut records = records.peekable();
        while let Some(first) = records.next() {
            let at = tick_ms(first.order.effective);
            debug_assert!(at >= *cap.time(), "a record lies below the time of its batch");
            let at = at.max(*cap.time());
            let tick = self
                .ticks
                .entry(at)
                .or_insert_with(|| Tick { cap: cap.delayed(&at, output), records: Vec::new() });
            tick.records.push(first);
            while let Some(next) = records.next_if(|next| tick_ms(next.order.effective) == at) {
                tick.records.push(next);
            }
        }
    }

    /// The least occupied tick.
    pub fn first(&self) -> Option<Time> {
        self.ticks.first_key_value().map(|(at, _)| *at)
    }

    /// Takes a tick out: its capability and its records in the total order.
    pub fn release(
        &mut self,
        at: Time,
        commutes: impl Fn(&D) -> bool,
    ) -> Option<(Capability<Time>, Vec<Rec<D>>)> {
        let mut tick = self.ticks.remove(&at)?;
        tick.records.sort_by_key(|record| record.order);
        debug_assert!(
            tick.records
                .windows(2)
                .all(|w| w[0].order != w[1].order || commutes(&w[0].data) || commutes(&w[1].data)),
            "two records with equal order in one operator"
        );
        Some((tick.cap, tick.records))
    }
}
