//! What each source has delivered, and what was wrong with some of its records.
//!
//! Counted where records are parsed, once a batch, and read by people only: nothing here reaches a
//! result. Both maps are bounded: when there are too many sources the quarter of them that was
//! seen least lately is forgotten at once; of records with something wrong a few per batch are
//! shown, all are counted. Cost: one lock a batch.

use seerflow_model::event::{Event, Format};
use seerflow_model::record::{Flags, RecordBatch, SourceInfo};
use seerflow_model::text;
use seerflow_model::time::{Ns, SECOND};
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Sources that are counted one by one.
pub const SOURCES_MAX: usize = 4_096;
/// Records with something wrong that are shown.
pub const TROUBLES_MAX: usize = 1_000;
/// The same, of one batch.
const TROUBLES_OF_BATCH: usize = 16;
/// Longest text of such a record that is kept, in bytes.
const TEXT_MAX: usize = 512;
/// Length of a step of the rate, and how many steps are kept: the one under way and the last minute.
const STEP: Ns = 10 * SECOND;
const STEPS: u64 = 7;
/// What is wrong with a record that has one of these.
const TROUBLES: [(Flags, &str); 4] = [
    (Flags::MALFORMED, "malformed"),
    (Flags::INVALID_UTF8, "invalid_utf8"),
    (Flags::CUT, "cut"),
    (Flags::CLOCK_SKEW, "clock_skew"),
];
/// Weight of a batch in the smoothed offset of a clock.
const OFFSET_WEIGHT: f64 = 1.0 / 16.0;

/// What one source has delivered.
#[derive(Clone, Debug)]
pub struct SourceCount {
    /// The source.
    pub source: Arc<SourceInfo>,
    /// Records.
    pub records: u64,
    /// Records below its promise.
    pub late: u64,
    /// Records of which nothing but text was understood.
    pub unparsed: u64,
    /// Records without a time of their own.
    pub inherited: u64,
    /// Records whose time was not believed.
    pub clock_skew: u64,
    /// When its newest record reached us.
    pub last_seen: Ns,
    /// Newest effective time.
    pub newest: Ns,
    /// Its clock less ours, smoothed, in ns; `None` without times of its own.
    pub offset: Option<f64>,
    /// Records by step, the step's number modulo [`STEPS`], and the step of each.
    steps: [(u64, u64); STEPS as usize],
}

impl SourceCount {
    fn new(source: Arc<SourceInfo>) -> SourceCount {
        SourceCount {
            source,
            records: 0,
            late: 0,
            unparsed: 0,
            inherited: 0,
            clock_skew: 0,
            last_seen: 0,
            newest: 0,
            offset: None,
            steps: [(0, 0); STEPS as usize],
        }
    }

    fn add(&mut self, part: &Part, observed: Ns) {
        self.records += part.records;
        self.late += part.late;
        self.unparsed += part.unparsed;
        self.inherited += part.inherited;
        self.clock_skew += part.clock_skew;
        self.last_seen = self.last_seen.max(observed);
        self.newest = self.newest.max(part.newest);
        if let Some(newest) = part.newest_own {
            let offset = newest as f64 - observed as f64;
            let smoothed = self.offset.map_or(offset, |o| o + (offset - o) * OFFSET_WEIGHT);
            self.offset = Some(smoothed);
        }
        let step = observed / STEP;
        let slot = &mut self.steps[(step % STEPS) as usize];
        match slot.0 {
            at if at == step => slot.1 += part.records,
            at if at < step => *slot = (step, part.records),
            _ => {}
        }
    }

    /// Records per second over the last minute before `now`.
    pub fn rate(&self, now: Ns) -> f64 {
        let step = now / STEP;
        let recent = self.steps.iter().filter(|(at, _)| *at <= step && at + STEPS > step);
        let records: u64 = recent.map(|(_, n)| n).sum();
        let seconds = (STEPS - 1) as f64 * (STEP / SECOND) as f64;
        records as f64 / (seconds + (now % STEP) as f64 / SECOND as f64)
    }
}

/// A record with something wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// What is wrong.
    pub reason: &'static str,
    /// When it reached us.
    pub observed: Ns,
    /// Its event.
    pub event_id: String,
    /// Its source.
    pub source: String,
    /// How it begins.
    pub text: String,
}

/// What a batch adds to its source.
#[derive(Default)]
pub struct Part {
    records: u64,
    late: u64,
    unparsed: u64,
    inherited: u64,
    clock_skew: u64,
    newest: Ns,
    /// The newest time that a record itself says.
    newest_own: Option<Ns>,
    troubles: Vec<Trouble>,
}

impl Part {
    /// Counts one event of the batch.
    #[inline]
    pub fn see(&mut self, event: &Event) {
        self.records += 1;
        self.newest = self.newest.max(event.effective_time);
        let (flags, plain) = (event.flags, event.format == Format::Plain);
        self.unparsed += u64::from(plain || flags.has(Flags::MALFORMED));
        // Also one that is late or not believed: that is how a wrong clock shows.
        self.newest_own = self.newest_own.max(event.event_time);
        if flags == Flags::default() {
            return;
        }
        self.late += u64::from(flags.has(Flags::LATE));
        self.inherited += u64::from(flags.has(Flags::INHERITED));
        self.clock_skew += u64::from(flags.has(Flags::CLOCK_SKEW));
        let trouble = TROUBLES.iter().find(|(flag, _)| flags.has(*flag));
        if let Some((_, reason)) = trouble
            && self.troubles.len() < TROUBLES_OF_BATCH
        {
            self.troubles.push(Trouble {
                reason,
                observed: event.observed_time,
                event_id: event.id().to_string(),
                source: event.source.name.clone(),
                text: text::shorten(event.message(), TEXT_MAX).into_owned(),
            });
        }
    }
}

#[derive(Default)]
struct Inner {
    by_id: HashMap<u64, SourceCount>,
    forgotten: u64,
    troubles: VecDeque<Trouble>,
}

/// All sources of a process. See the module head.
#[derive(Default)]
pub struct Sources(Mutex<Inner>);

impl Sources {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds what a batch brought.
    pub fn add(&self, batch: &RecordBatch, mut part: Part) {
        let mut inner = self.lock();
        if inner.by_id.len() >= SOURCES_MAX && !inner.by_id.contains_key(&batch.source.id) {
            inner.forget();
        }
        for trouble in part.troubles.drain(..) {
            if inner.troubles.len() == TROUBLES_MAX {
                inner.troubles.pop_front();
            }
            inner.troubles.push_back(trouble);
        }
        let fresh = || SourceCount::new(batch.source.clone());
        inner.by_id.entry(batch.source.id).or_insert_with(fresh).add(&part, batch.observed);
    }

    /// All that are known, those seen last first.
    pub fn all(&self) -> Vec<SourceCount> {
        let mut all: Vec<SourceCount> = self.lock().by_id.values().cloned().collect();
        all.sort_by_key(|count| (std::cmp::Reverse(count.last_seen), count.source.id));
        all
    }

    /// Sources that were forgotten because there were too many.
    pub fn forgotten(&self) -> u64 {
        self.lock().forgotten
    }

    /// The last records with something wrong, newest first.
    pub fn troubles(&self) -> Vec<Trouble> {
        self.lock().troubles.iter().rev().cloned().collect()
    }

    /// Of which tags [`Sources::troubles`] shows records.
    pub fn counted(tags: &BTreeMap<&'static str, u64>) -> BTreeMap<String, u64> {
        let of = |(_, reason): &(Flags, &'static str)| {
            tags.get(reason).map(|n| ((*reason).to_owned(), *n))
        };
        TROUBLES.iter().filter_map(of).collect()
    }
}

impl Inner {
    /// Forgets a quarter: those seen least lately.
    fn forget(&mut self) {
        let mut seen: Vec<(Ns, u64)> =
            self.by_id.iter().map(|(id, count)| (count.last_seen, *id)).collect();
        let quarter = seen.len() / 4;
        seen.select_nth_unstable(quarter);
        for (_, id) in &seen[..quarter] {
            self.by_id.remove(id);
        }
        self.forgotten += quarter as u64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use seerflow_model::record::ReceiverKind;

    fn batch(id: u64, observed: Ns) -> RecordBatch {
        let source = SourceInfo::plain(id, &format!("s{id}"), ReceiverKind::SyslogTcp, "syslog");
        RecordBatch { source: source.into(), observed, bytes: vec![], records: vec![] }
    }

    fn event(batch: &RecordBatch, time: Option<Ns>, flags: Flags) -> Event {
        let mut event = Event::empty(batch.source.clone());
        event.event_time = time;
        event.effective_time = time.unwrap_or(batch.observed);
        event.observed_time = batch.observed;
        event.flags = flags;
        event.format = if flags.has(Flags::MALFORMED) { Format::Plain } else { Format::Rfc5424 };
        event
    }

    fn take(sources: &Sources, batch: &RecordBatch, events: &[Event]) {
        let mut part = Part::default();
        events.iter().for_each(|event| part.see(event));
        sources.add(batch, part);
    }

    #[test]
    fn what_a_source_delivered() {
        let sources = Sources::default();
        let first = batch(1, 100 * SECOND);
        let events = [
            event(&first, Some(97 * SECOND), Flags::default()),
            event(&first, Some(98 * SECOND), Flags::default()),
            event(&first, Some(50 * SECOND), Flags::LATE),
            event(&first, None, Flags::INHERITED | Flags::MALFORMED),
            event(&first, Some(900 * SECOND), Flags::CLOCK_SKEW),
        ];
        take(&sources, &first, &events);
        let second = batch(1, 130 * SECOND);
        take(&sources, &second, &[event(&second, Some(130 * SECOND), Flags::default())]);
        take(&sources, &batch(2, 120 * SECOND), &[]);
        let all = sources.all();
        assert_eq!(all.iter().map(|s| s.source.id).collect::<Vec<_>>(), [1, 2]);
        let one = &all[0];
        let counts = (one.records, one.late, one.unparsed, one.inherited, one.clock_skew);
        assert_eq!(counts, (6, 1, 1, 1, 1));
        assert_eq!(one.last_seen, 130 * SECOND);
        let offset = one.offset.unwrap() / SECOND as f64;
        assert!((offset - (800.0 - 800.0 / 16.0)).abs() < 1e-9, "{offset}");
        assert_eq!(all[1].offset, None);
        assert!((one.rate(130 * SECOND) - 6.0 / 60.0).abs() < 1e-9);
        assert!((one.rate(165 * SECOND) - 6.0 / 65.0).abs() < 1e-9);
        assert!(
            (one.rate(175 * SECOND) - 1.0 / 65.0).abs() < 1e-9,
            "the first are over a minute old"
        );
        assert_eq!(one.rate(500 * SECOND), 0.0);
        let troubles = sources.troubles();
        assert_eq!(
            troubles.iter().map(|t| t.reason).collect::<Vec<_>>(),
            ["clock_skew", "malformed"]
        );
    }

    #[test]
    fn a_flood_is_bounded_and_forgets_who_is_silent() {
        let sources = Sources::default();
        for id in 0..SOURCES_MAX as u64 + 1 {
            let batch = batch(id, (id + 1) * SECOND);
            take(&sources, &batch, &[event(&batch, None, Flags::MALFORMED)]);
        }
        let all = sources.all();
        assert_eq!(all.len(), SOURCES_MAX - SOURCES_MAX / 4 + 1);
        assert_eq!(all[0].source.id, SOURCES_MAX as u64);
        assert!(all.iter().all(|count| count.source.id >= SOURCES_MAX as u64 / 4));
        assert_eq!(sources.forgotten(), SOURCES_MAX as u64 / 4);
        let troubles = sources.troubles();
        assert_eq!(troubles.len(), TROUBLES_MAX);
        assert_eq!(troubles[0].source, format!("s{SOURCES_MAX}"));
        let batch = batch(7, SECOND);
        let many = vec![event(&batch, None, Flags::CUT); 500];
        take(&sources, &batch, &many);
        let cut = sources.troubles().iter().filter(|t| t.reason == "cut").count();
        assert_eq!(cut, TROUBLES_OF_BATCH);
    }
}
