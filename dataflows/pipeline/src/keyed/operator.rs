//! The timely side of [`keyed`]: capabilities, release tick by tick, timers, the cut, the end.

use super::state::KeyMap;
use super::{Ctx, Fold, Groups, Knowing, Slot, Step};
use crate::env::{Env, Snapshot, passed};
use crate::held::Held;
use crate::meters::Meter;
use crate::rec::{Rec, Time};
use seerflow_model::time::{MILLISECOND, TICK, tick_ms};
use seerflow_model::{Ns, Order};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use timely::container::CapacityContainerBuilder;
use timely::dataflow::StreamVec;
use timely::dataflow::channels::pact::{Exchange, Pipeline};
use timely::dataflow::operators::Capability;
use timely::dataflow::operators::generic::{Operator, OutputBuilderSession};
use timely::dataflow::operators::vec::Broadcast;

type Output<'a, O> = OutputBuilderSession<'a, Time, CapacityContainerBuilder<Vec<Rec<O>>>>;

/// Emitted records are handed to the network in pieces of this many.
const OUT_MAX: usize = 8_192;

/// Puts `fold` behind an exchange by key group. See the module head for its laws.
pub fn keyed<'s, F: Fold>(
    stream: StreamVec<'s, Time, Rec<F::In>>,
    fold: F,
    env: &Env,
) -> StreamVec<'s, Time, Rec<F::Out>> {
    let env = env.clone();
    let name = fold.name();
    stream.unary_frontier(
        Exchange::new(|record: &Rec<F::In>| record.route()),
        name,
        move |cap, _info| {
            let mut core = Keyed::new(fold, env, &cap);
            drop(cap);
            move |(input, frontier), output: &mut Output<'_, F::Out>| {
                let port = output.output_index();
                input.for_each_time(|cap, data| {
                    for batch in data {
                        core.taken += batch.len() as u64;
                        for record in batch.iter() {
                            core.fold.account(&record.data, Step::Held);
                        }
                        core.held.take(&cap, port, batch.drain(..));
                    }
                });
                core.advance(frontier.frontier().first().copied(), output);
            }
        },
    )
}

/// As [`keyed`], for a fold that knows tables: their versions are broadcast here, and a record is
/// released when both frontiers have passed it, versions before records at one instant.
pub fn keyed_knowing<'s, F: Knowing>(
    stream: StreamVec<'s, Time, Rec<F::In>>,
    tables: StreamVec<'s, Time, Rec<F::Table>>,
    fold: F,
    env: &Env,
) -> StreamVec<'s, Time, Rec<F::Out>> {
    let env = env.clone();
    stream.binary_frontier(
        tables.broadcast(),
        Exchange::new(|record: &Rec<F::In>| record.route()),
        Pipeline,
        F::NAME,
        move |cap, _info| {
            let tables = env.restore.clone();
            let mut core = Keyed::new(fold, env, &cap);
            core.restore_tables(tables.as_deref());
            drop(cap);
            move |(input, left), (versions, right), output: &mut Output<'_, F::Out>| {
                let port = output.output_index();
                input.for_each_time(|cap, data| {
                    for batch in data {
                        core.taken += batch.len() as u64;
                        for record in batch.iter() {
                            core.fold.account(&record.data, Step::Held);
                        }
                        core.held.take(&cap, port, batch.drain(..));
                    }
                });
                versions.for_each_time(|_cap, data| {
                    for batch in data {
                        for Rec { order, key, data } in batch.drain(..) {
                            core.fold.tables().add(order.effective, key, data);
                        }
                    }
                });
                let (left, right) = (left.frontier(), right.frontier());
                let (left, right) = (left.first().copied(), right.first().copied());
                let least = left.into_iter().chain(right).min();
                core.cut_tables(passed(least));
                core.advance(least, output);
            }
        },
    )
}

impl<F: Knowing> Keyed<F> {
    /// Tables are the same on every worker; they are saved by the one that owns group 0.
    fn restore_tables(&mut self, state: Option<&Snapshot>) {
        if let Some(bytes) = state.and_then(|all| all.get(&(F::TABLES.to_owned(), 0))) {
            let tables = bincode::deserialize(bytes);
            // State was written by the same build (the digest of the snapshot was checked).
            *self.fold.tables() = tables.unwrap_or_else(|e| panic!("{}: {e}", F::TABLES));
        }
    }

    /// Hands over the tables as they are at the cut, when it is due.
    fn cut_tables(&mut self, limit: Ns) {
        let Some(cut) = self.env.cut.clone().filter(|cut| !self.cut_taken && limit >= cut.at)
        else {
            return;
        };
        if self.env.owns(0)
            && let Ok(bytes) = bincode::serialize(&self.fold.tables().at(cut.at))
        {
            cut.put(F::TABLES, 0, bytes);
        }
    }
}

/// The operator's state and logic on one worker.
pub struct Keyed<F: Fold> {
    fold: F,
    env: Env,
    groups: Groups<F::State>,
    held: Held<F::In>,
    timers: BTreeSet<(Ns, u64)>,
    /// Exactly one capability for all timers, at or before the first of them.
    timer_cap: Option<Capability<Time>>,
    out: Vec<Rec<F::Out>>,
    /// Capability and first tick of the release under way.
    round: Option<Capability<Time>>,
    running: Running,
    cut_taken: bool,
    ended: bool,
    meter: Arc<Meter>,
    /// Records taken and released; what lies between is held.
    taken: u64,
    released: u64,
}

impl<F: Fold> Keyed<F> {
    fn new(mut fold: F, mut env: Env, cap: &Capability<Time>) -> Keyed<F> {
        let bound = env.group_keys_max.unwrap_or(usize::MAX);
        let mut groups = Groups::new(F::GROUP_KEYS_MAX.min(bound));
        for (group, bytes) in env.restored(fold.name()) {
            // State was written by the same build (the digest of the snapshot was checked).
            groups
                .decode(group, bytes)
                .unwrap_or_else(|e| panic!("{} group {group}: {e}", fold.name()));
        }
        let timers: BTreeSet<(Ns, u64)> = groups
            .slots_mut()
            .filter_map(|(key, slot)| {
                if let Some(gap) = env.gap {
                    fold.resume(&mut slot.state, &mut slot.due, gap);
                }
                slot.due.map(|due| (due, key))
            })
            .collect();
        env.restore = None;
        let meter = env.meters.of(fold.name(), size_of::<Slot<F::State>>());
        let timer_cap = timers.first().map(|(due, _)| cap.delayed(&tick_ms(*due)));
        Keyed {
            fold,
            env,
            groups,
            held: Held::default(),
            timers,
            timer_cap,
            out: Vec::new(),
            round: None,
            running: Running::default(),
            cut_taken: false,
            ended: false,
            meter,
            taken: 0,
            released: 0,
        }
    }

    /// Does everything that the frontier now allows.
    fn advance(&mut self, frontier: Option<Time>, output: &mut Output<'_, F::Out>) {
        let limit = passed(frontier);
        if let Some(cut) = self.env.cut.clone()
            && !self.cut_taken
            && limit >= cut.at
        {
            self.release(cut.at, output);
            self.cut_taken = true;
            for group in 0..=u8::MAX {
                if let Some(state) = self.groups.encode(group) {
                    cut.put(self.fold.name(), group, state);
                }
            }
        }
        self.release(limit, output);
        if frontier.is_none() && !self.ended {
            self.finish(output);
        } else {
            self.fold.publish(&self.groups, false);
        }
        self.measure();
    }

    /// Stores what was counted, when something has moved.
    fn measure(&self) {
        let held = self.taken - self.released;
        let known = (self.meter.records.load(Relaxed), self.meter.held.load(Relaxed));
        if known != (self.taken, held) {
            self.meter.records.store(self.taken, Relaxed);
            self.meter.held.store(held, Relaxed);
            self.meter.keys.store(self.groups.len() as u64, Relaxed);
            self.meter.evictions.store(self.groups.evictions, Relaxed);
        }
    }

    /// Releases records and timers below `limit`, tick by tick.
    fn release(&mut self, limit: Ns, output: &mut Output<'_, F::Out>) {
        loop {
            let due = self.timers.first().map(|(due, _)| *due).filter(|due| self.may_fire(*due));
            let next = match (self.held.first(), due.map(tick_ms)) {
                (Some(held), Some(timer)) => held.min(timer),
                (Some(tick), None) | (None, Some(tick)) => tick,
                (None, None) => break,
            };
            if next.saturating_mul(MILLISECOND) >= limit {
                break;
            }
            self.tick(next);
            if self.out.len() >= OUT_MAX {
                self.send(output);
            }
        }
        if let Some(cap) = &self.round {
            self.fold.flush(cap.time().saturating_mul(MILLISECOND), &mut self.out);
        }
        self.send(output);
        self.round = None;
        self.lower_timer_cap();
    }

    fn may_fire(&self, due: Ns) -> bool {
        due <= self.env.end.last()
    }

    /// One tick: its records in order, timers between them, timers first at one instant.
    fn tick(&mut self, at: Time) {
        let (cap, records) = match self.held.release(at, F::commutes) {
            Some(tick) => tick,
            None => {
                let cap = self.timer_cap.as_ref().map(|cap| cap.delayed(&at));
                (cap.expect("a timer is set, so its capability is held"), Vec::new())
            }
        };
        if self.round.is_none() {
            self.round = Some(cap.clone());
        }
        let end = at.saturating_mul(MILLISECOND).saturating_add(TICK);
        self.released += records.len() as u64;
        for record in records {
            self.fire_until(record.order.effective, at);
            self.fold.account(&record.data, Step::Released);
            self.apply(record, at);
        }
        self.fire_until(end - 1, at);
        self.raise_timer_cap(&cap);
    }

    fn apply(&mut self, record: Rec<F::In>, at: Time) {
        if F::sweeps(&record.data) {
            return self.sweep(&record);
        }
        let Rec { order, key, data } = record;
        let stage = self.fold.stage();
        self.fold.turn(order.effective);
        let (fold, groups, timers) = (&mut self.fold, &mut self.groups, &mut self.timers);
        let mut gone = Vec::new();
        let fresh = if groups.get_mut(key).is_none() { Some(fold.fresh(key)) } else { None };
        let slot = groups.enter(
            key,
            at,
            F::pinned,
            || fresh.expect("made just above when the key is new"),
            |key, slot| gone.push((key, slot)),
        );
        let call = Call { key, order, stage, running: &mut self.running };
        call.run(slot, timers, &mut self.out, |state, ctx| fold.apply(key, state, data, ctx));
        for (key, slot) in gone {
            timers.remove(&(slot.due.unwrap_or_default(), key));
            fold.evicted(key, slot.state);
        }
    }

    /// Shows a record to all keys of its group. None is made, and none is seen by that.
    fn sweep(&mut self, record: &Rec<F::In>) {
        let stage = self.fold.stage();
        self.fold.turn(record.order.effective);
        for key in self.groups.keys_beside(record.key) {
            let Some(slot) = self.groups.get_mut(key) else { continue };
            let fold = &mut self.fold;
            let call = Call { key, order: record.order, stage, running: &mut self.running };
            call.run(slot, &mut self.timers, &mut self.out, |state, ctx| {
                fold.swept(key, state, &record.data, ctx)
            });
        }
    }

    /// Fires timers due up to and including `until`, as far as the end of input allows.
    fn fire_until(&mut self, until: Ns, at: Time) {
        let stage = self.fold.stage();
        while let Some((due, key)) = self.timers.first().copied() {
            if due > until || !self.may_fire(due) {
                break;
            }
            self.timers.remove(&(due, key));
            self.fold.turn(due);
            let Some(slot) = self.groups.get_mut(key) else { continue };
            slot.due = None;
            slot.last_tick = slot.last_tick.max(at);
            let fold = &mut self.fold;
            let order = Order::timer(due, stage, key, 0);
            let call = Call { key, order, stage, running: &mut self.running };
            call.run(slot, &mut self.timers, &mut self.out, |state, ctx| {
                fold.fire(key, state, ctx)
            });
        }
    }

    /// Makes sure the timer capability is not later than the first timer.
    fn raise_timer_cap(&mut self, cap: &Capability<Time>) {
        if let Some((due, _)) = self.timers.first() {
            let need = tick_ms(*due).max(*cap.time());
            if self.timer_cap.as_ref().is_none_or(|held| *held.time() > need) {
                self.timer_cap = Some(cap.delayed(&need));
            }
        }
    }

    /// Lets the timer capability go up to the first timer, or go altogether.
    fn lower_timer_cap(&mut self) {
        match (self.timers.first(), &mut self.timer_cap) {
            (None, cap) => *cap = None,
            (Some((due, _)), Some(cap)) if *cap.time() < tick_ms(*due) => {
                cap.downgrade(&tick_ms(*due))
            }
            _ => {}
        }
    }

    /// The input has ended: what is open says so, in key order; later timers never fire.
    fn finish(&mut self, output: &mut Output<'_, F::Out>) {
        let stage = self.fold.stage();
        self.ended = true;
        if let Some(cap) = self.timer_cap.take() {
            let last = self.env.end.last().min(seerflow_model::time::MAX_NS);
            let now = last.max(cap.time().saturating_mul(MILLISECOND));
            for key in self.groups.keys_sorted() {
                let Some(slot) = self.groups.get_mut(key) else { continue };
                let fold = &mut self.fold;
                let order = Order::timer(now, stage, key, 0);
                let mut unused = BTreeSet::new();
                let call = Call { key, order, stage, running: &mut self.running };
                call.run(slot, &mut unused, &mut self.out, |state, ctx| fold.end(key, state, ctx));
            }
            self.round = Some(cap);
            self.send(output);
            self.round = None;
        }
        self.timers.clear();
        self.fold.publish(&self.groups, true);
    }

    fn send(&mut self, output: &mut Output<'_, F::Out>) {
        if let Some(cap) = &self.round
            && !self.out.is_empty()
        {
            output.session(cap).give_iterator(self.out.drain(..));
        }
    }
}

/// How many things each key has produced for the cause at hand, so that no two share an order.
#[derive(Default)]
struct Running {
    cause: (Ns, u64, u64),
    counts: KeyMap<u32>,
}

/// One call of the fold.
struct Call<'a> {
    key: u64,
    order: Order,
    stage: u16,
    running: &'a mut Running,
}

impl Call<'_> {
    /// Runs it and keeps the timer set in step with the slot.
    fn run<S, O>(
        self,
        slot: &mut Slot<S>,
        timers: &mut BTreeSet<(Ns, u64)>,
        out: &mut Vec<Rec<O>>,
        body: impl FnOnce(&mut S, &mut Ctx<'_, O>),
    ) {
        let Call { key, order, stage, running } = self;
        let cause = (order.effective, order.source, order.seq);
        if running.cause != cause {
            running.cause = cause;
            running.counts.clear();
        }
        let before = slot.due;
        let first = running.counts.get(&key).copied().unwrap_or(0);
        let mut ctx = Ctx { order, stage, key, n: first, out, due: &mut slot.due };
        body(&mut slot.state, &mut ctx);
        let produced = ctx.n;
        if produced != first {
            running.counts.insert(key, produced);
        }
        if slot.due != before {
            if let Some(due) = before {
                timers.remove(&(due, key));
            }
            if let Some(due) = slot.due {
                timers.insert((due, key));
            }
        }
    }
}
