//! When a batch of pushed records may go to its lane.
//!
//! What waits here is still held in the room of its request; so while an engine is behind, the room
//! fills and further requests are told to come back. Two bounds of the engine make a batch wait:
//!
//! * It holds much, and the batch is far ahead of what is released next: a clock is wrong.
//! * It holds all that it may (`engine.max_held_bytes`). Records are held for the lateness of their
//!   sources, so then lateness has to yield: each sender that waits promises on, a tick at a time, up
//!   to its own records, and the clock promises for those that have none in hand ([`PortPromise`]).
//!   What is let go by that is processed; records that come below it later are `crowded`.
//!
//! Nothing stands still: the batch whose records are next never waits. Cost per batch: two atomics.
//!
//! [`PortPromise`]: crate::runtime::stamp::PortPromise

use super::super::batch::LiveSource;
use super::super::counters::ReceiverCounters;
use super::entrance::Peer;
use super::intake::Intake;
use seerflow_model::record::RecordBatch;
use seerflow_model::time::{Ns, TICK, floor_tick};
use std::time::Duration;

/// Between two looks whether a batch from far ahead may go in.
const TURN_PAUSE: Duration = Duration::from_millis(20);
/// Between two looks whether the engine holds less.
const ROOM_PAUSE: Duration = Duration::from_millis(2);

impl Intake {
    /// While the engine holds too much, a sender whose records do not go beyond what is promised is
    /// pressed on by a tick, though never beyond the clock: it could make the engine hold without
    /// end.
    pub(super) fn press(&self, source: &mut LiveSource, now: Ns) {
        let flow = &self.door.flow;
        if flow.is_full()
            && let (Some(frontier), Some(newest)) = (flow.frontier_ns(), source.stamper.newest())
            && floor_tick(newest) <= frontier
        {
            source.stamper.press(frontier.saturating_add(TICK).min(now));
        }
    }

    /// A batch waits while the engine holds all that it may and others come before it. Meanwhile it
    /// lets go what is held: it promises on, tick by tick, up to its own records.
    pub(super) async fn wait_for_room(
        &self,
        source: &mut LiveSource,
        peer: &Peer,
        batch: &RecordBatch,
    ) {
        let flow = &self.door.flow;
        let least = batch.records.iter().map(|record| record.effective).min().unwrap_or(0);
        if !flow.must_wait(least) {
            return;
        }
        ReceiverCounters::add(&self.door.counters.waited_held, 1);
        while flow.must_wait(least) && !self.door.stop.is_cancelled() {
            let next = flow.frontier_ns().unwrap_or(0).saturating_add(TICK);
            source.stamper.press(next.min(least));
            peer.raise(source.stamper.offer(self.door.clock.now()));
            self.promises.tick();
            tokio::time::sleep(ROOM_PAUSE).await;
        }
    }

    /// A sender whose clock is far ahead waits while the engine holds much.
    pub(super) async fn wait_for_turn(
        &self,
        source: &LiveSource,
        peer: &Peer,
        batch: &RecordBatch,
    ) {
        let least = batch.records.iter().map(|record| record.effective).min().unwrap_or(0);
        if !self.door.too_far(least) {
            return;
        }
        ReceiverCounters::add(&self.door.counters.waited_ahead, 1);
        while self.door.too_far(least) && !self.door.stop.is_cancelled() {
            // Nothing in hand or still to come is below this: the frontier moves on meanwhile.
            let offer = source.stamper.offer(self.door.clock.now());
            peer.raise(offer.min(floor_tick(least)));
            tokio::time::sleep(TURN_PAUSE).await;
        }
    }
}
