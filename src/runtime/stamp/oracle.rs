//! The stamper against an oracle written the stupid way: every rule recomputed from the whole
//! history for each record.

use super::stamper::{Kind, Stamp, StampOptions, Stamper, clock_promise, steps_max};
use proptest::prelude::*;
use seerflow_model::record::Flags;
use seerflow_model::time::{Ns, SECOND, TICK};

const HOUR: Ns = 3_600 * SECOND;
const WINDOW: u64 = 12;

#[derive(Clone, Debug)]
struct Input {
    event: Option<Ns>,
    received: Ns,
    /// A promise by the clock before this record.
    grant: Option<Ns>,
}

fn floor(ns: Ns) -> Ns {
    ns / TICK * TICK
}

/// All effective times so far, and which records were late.
struct Oracle<'a> {
    options: StampOptions,
    inputs: &'a [Input],
    stamps: Vec<Stamp>,
    own: Vec<bool>,
    gave_up: bool,
}

impl Oracle<'_> {
    fn late_bound(&self, i: usize) -> Ns {
        let grants = self.inputs[..=i].iter().filter_map(|input| input.grant).map(floor);
        let newest = self.stamps.iter().map(|s| s.effective).max().unwrap_or(0);
        let stamps = floor(newest.saturating_sub(self.options.lateness));
        grants.max().unwrap_or(0).max(stamps).max(floor(self.options.start_promise))
    }

    fn crowd_bound(&self) -> Ns {
        let newest = |n: usize| self.stamps[..n].iter().map(|s| s.effective).max().unwrap_or(0);
        (0..=self.stamps.len())
            .filter(|n| *n > WINDOW as usize)
            .map(|n| match (newest(n - WINDOW as usize), newest(n)) {
                (then, now) if then == now => floor(now + TICK),
                (then, _) => floor(then),
            })
            .max()
            .unwrap_or(0)
    }

    fn believable(&self, input: &Input) -> Option<Ns> {
        let ahead = input.received + self.options.max_future;
        input.event.filter(|time| self.options.kind == Kind::Pipe || *time <= ahead)
    }

    /// The time a record goes by, whether it is its own, and its tag.
    fn choose(&mut self, i: usize) -> (Ns, bool, Flags) {
        let input = &self.inputs[i];
        let tag = if input.event.is_none() { Flags::INHERITED } else { Flags::CLOCK_SKEW };
        let timed = self.own.contains(&true);
        let next = &self.inputs[i + 1..self.inputs.len().min(i + 65)];
        let live = self.options.kind == Kind::Live;
        let before = self.stamps.last().map(|s| s.effective);
        let Some(time) = self.believable(input) else {
            if timed {
                return (before.unwrap(), false, tag);
            }
            let coming = next.iter().find_map(|n| self.believable(n));
            if let Some(time) = coming.filter(|_| !live && !self.gave_up) {
                return (time, false, tag);
            }
            self.gave_up = true;
            return (input.received, false, tag);
        };
        let jump = !live && before.is_some_and(|before| time > before + HOUR);
        if jump {
            let stamps: Vec<Ns> = next.iter().filter_map(|n| n.event).collect();
            let confirm = stamps.iter().filter(|stamp| **stamp >= time - HOUR).count();
            if !stamps.is_empty() && confirm * 2 <= stamps.len() {
                let time = if timed { before.unwrap() } else { input.received };
                return (time, false, Flags::CLOCK_SKEW);
            }
        }
        (time, true, Flags::default())
    }

    fn run(mut self) -> Vec<Stamp> {
        for i in 0..self.inputs.len() {
            let (late, crowd) = (self.late_bound(i), self.crowd_bound());
            let (time, own, mut flags) = self.choose(i);
            let was_late = self.stamps.last().is_some_and(|s| s.flags.has(Flags::LATE));
            let timed = self.own.contains(&true);
            let before = self.stamps.last().map(|s| s.effective);
            if !own && timed && was_late && Some(time) == before {
                flags.set(Flags::LATE);
            }
            if time < late {
                if own {
                    flags.set(Flags::LATE);
                }
            } else if time < crowd {
                flags.set(Flags::CROWDED);
            }
            self.own.push(own);
            self.stamps.push(Stamp { effective: time.max(late).max(crowd), flags });
        }
        self.stamps
    }
}

fn stamp_all(options: StampOptions, inputs: &[Input]) -> Vec<Stamp> {
    let mut stamper = Stamper::with_window(options, WINDOW);
    let mut out = Vec::new();
    for input in inputs {
        if let Some(grant) = input.grant {
            stamper.grant(grant);
        }
        let promise = stamper.promise();
        let offer = stamper.offer(input.received);
        assert!(offer <= promise && promise.is_multiple_of(TICK) && offer.is_multiple_of(TICK));
        let before = out.len();
        stamper.stamp(input.event, input.received, &mut out);
        assert!(out[before..].iter().all(|s: &Stamp| s.effective >= promise));
        assert!(stamper.promise() >= promise && stamper.waiting() <= 65);
        assert!(stamper.steps() <= steps_max(options.lateness));
    }
    stamper.finish(&mut out);
    out
}

const BASE: Ns = 1_700_000_000 * SECOND;

/// Streams of many shapes: dense, sparse, equal, disordered, with gaps, future and missing stamps.
fn stream(grants: bool) -> impl Strategy<Value = Vec<Input>> {
    let step = prop_oneof![
        4 => 0..3 * TICK,
        3 => Just(0),
        2 => 0..5 * SECOND,
        1 => 0..3 * HOUR,
    ];
    let event = prop_oneof![
        10 => (0..4 * SECOND).prop_map(|back| Some(-(back as i64))),
        3 => Just(Some(0)),
        2 => Just(None),
        1 => (0..3 * HOUR).prop_map(|ahead| Some(ahead as i64)),
        1 => (0..3 * HOUR).prop_map(|back| Some(-(back as i64))),
    ];
    let record = (step, event, 0..20u8, 0..3 * SECOND);
    prop::collection::vec(record, 0..150).prop_map(move |records| {
        let mut now = BASE;
        let turn = |(step, event, grant, behind): (Ns, Option<i64>, u8, Ns)| {
            now += step;
            let event = event.map(|offset| now.saturating_add_signed(offset));
            let grant = (grants && grant == 0).then(|| clock_promise(now - behind, now, SECOND));
            Input { event, received: now, grant }
        };
        records.into_iter().map(turn).collect()
    })
}

fn options(kind: Kind, lateness: Ns, start_promise: Ns) -> StampOptions {
    StampOptions { lateness, max_future: 300 * SECOND, kind, start_promise }
}

fn check(kind: Kind, lateness: Ns, start: Ns, inputs: &[Input]) {
    let options = options(kind, lateness, start);
    let oracle = Oracle { options, inputs, stamps: Vec::new(), own: Vec::new(), gave_up: false };
    assert_eq!(stamp_all(options, inputs), oracle.run());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn a_live_source_is_stamped_as_the_oracle_says(
        inputs in stream(true), lateness in 0..3 * SECOND, start in 0..2u8,
    ) {
        check(Kind::Live, lateness, Ns::from(start) * (BASE + SECOND / 3), &inputs);
    }

    #[test]
    fn a_pipe_is_stamped_as_the_oracle_says(inputs in stream(false), lateness in 0..3 * SECOND) {
        check(Kind::Pipe, lateness, 0, &inputs);
    }

    /// All records at one receive time, so that no wait ends by the clock.
    #[test]
    fn a_file_is_stamped_as_the_oracle_says(
        mut inputs in stream(false), lateness in 0..3 * SECOND, ahead in 0..2u8,
    ) {
        for input in &mut inputs {
            input.received = BASE + Ns::from(ahead) * 1_000 * HOUR;
        }
        check(Kind::File, lateness, 0, &inputs);
    }

    /// Disorder below the lateness leaves no tag and no changed time.
    #[test]
    fn disorder_inside_the_lateness_is_not_late(
        steps in prop::collection::vec((0..SECOND, 0..2 * SECOND), 1..12),
    ) {
        let mut now = BASE;
        let mut stamper = Stamper::new(options(Kind::Live, 2 * SECOND, 0));
        let mut out = Vec::new();
        for (step, back) in steps {
            now += step;
            stamper.stamp(Some(now - back), now, &mut out);
            let stamp = out.pop().unwrap();
            prop_assert_eq!(stamp, Stamp { effective: now - back, flags: Flags::default() });
        }
    }
}

#[test]
fn two_million_records_with_one_stamp_move_on_by_ticks() {
    let mut stamper = Stamper::new(options(Kind::Live, 2 * SECOND, 0));
    let mut out = Vec::new();
    let (mut above, mut crowded) = (0u64, 0u64);
    for _ in 0..2_000_000u64 {
        let promise = stamper.promise();
        out.clear();
        stamper.stamp(Some(BASE), BASE, &mut out);
        crowded += u64::from(out[0].flags.has(Flags::CROWDED));
        // Records not below the promise are what the engine holds.
        above = if stamper.promise() > promise { 0 } else { above + 1 };
        assert!(above <= 262_145, "{above}");
    }
    assert_eq!(crowded, 2_000_000 - 262_145);
    assert!(stamper.steps() <= 22);
    let moved = stamper.newest().unwrap() - BASE;
    assert_eq!(moved / TICK, 2_000_000 / 262_144);
}

#[test]
fn a_tailed_file_waits_a_second_for_confirmation_and_no_longer() {
    let mut stamper = Stamper::new(options(Kind::File, 2 * SECOND, 0));
    let (mut out, now) = (Vec::new(), BASE + 10 * HOUR);
    stamper.stamp(Some(BASE), now, &mut out);
    stamper.stamp(Some(BASE + 5 * HOUR), now, &mut out);
    assert_eq!((out.len(), stamper.due()), (1, Some(now + SECOND)));
    stamper.flush_due(now + SECOND - 1, &mut out);
    assert_eq!(out.len(), 1);
    stamper.flush_due(now + SECOND, &mut out);
    assert_eq!(out[1], Stamp { effective: BASE + 5 * HOUR, flags: Flags::default() });
    // Ahead of the receive time, even if within what is believed of a network peer.
    let now = BASE + 10 * HOUR;
    stamper.stamp(Some(now + SECOND), now, &mut out);
    stamper.flush_due(now + SECOND, &mut out);
    assert_eq!(out[2], Stamp { effective: BASE + 5 * HOUR, flags: Flags::CLOCK_SKEW });
}

#[test]
fn one_line_ten_years_ahead_is_not_believed_and_leaves_the_rest_alone() {
    for kind in [Kind::Live, Kind::File, Kind::Pipe] {
        let mut stamper = Stamper::new(options(kind, 2 * SECOND, 0));
        let mut out = Vec::new();
        for i in 0..200u64 {
            let ahead = if i == 100 { 10 * 365 * 24 * HOUR } else { 0 };
            stamper.stamp(Some(BASE + i * SECOND + ahead), BASE + i * SECOND, &mut out);
        }
        stamper.finish(&mut out);
        for (i, stamp) in out.iter().enumerate() {
            let (seconds, flags) =
                if i == 100 { (99, Flags::CLOCK_SKEW) } else { (i as u64, Flags::default()) };
            assert_eq!(*stamp, Stamp { effective: BASE + seconds * SECOND, flags }, "{i}");
        }
    }
}

#[test]
fn a_banner_without_time_takes_the_first_time_of_its_file() {
    let mut stamper = Stamper::new(options(Kind::File, 2 * SECOND, 0));
    let (mut out, now) = (Vec::new(), BASE + 24 * HOUR);
    stamper.stamp(None, now, &mut out);
    assert!(out.is_empty());
    stamper.stamp(Some(BASE), now, &mut out);
    assert_eq!(out[0], Stamp { effective: BASE, flags: Flags::INHERITED });
    assert_eq!(out[1], Stamp { effective: BASE, flags: Flags::default() });
}
