//! Counts per series: closes a bucket when the frontier has passed its end, and scores it.
//!
//! One state per key group holds all its series: one timer a bucket, keys in ascending order, so
//! results and evictions do not depend on how the counts arrived. Empty buckets are closed by the
//! timer only where that is informative (a series that was regular or large).
//!
//! Cost: per series and closed bucket, not per event.

use super::calibrate::Partial;
use super::peers::{self, PeerPart};
use super::stage;
use crate::combine::{Combiner, Open, Sum};
use crate::counts::{Count, Lead, Moved, Subject};
use crate::detector::Detector;
use crate::env::Gap;
use crate::keyed::{Ctx, Fold};
use crate::rec::Rec;
use crate::settings::{Bounds, Settings};
use seerflow_detection::cusum::{Change, Cusum, CusumConfig, normal_score};
use seerflow_detection::silence::{Regular, Silence, SilenceConfig};
use seerflow_detection::volume::{ByOthers, Raw, Series, SeriesKind, VolumeConfig};
use seerflow_model::time::QUANTUM;
use seerflow_model::{EntityType, Ns, hash};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A series without a model of its own names a finding from this many events in a bucket.
const NAMES_MIN: u64 = 20;
/// Least expected count of a bucket for its level to be followed.
const LEVEL_MIN: f64 = 4.0;
/// A template says that a bucket is usual from this many events.
const USUAL_MIN: u64 = 5;

/// A score that may matter.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Score {
    /// First event of the bucket (of the last non-empty one when it is empty).
    pub lead: Lead,
    /// Source type: the peer group of series.
    pub source_type: Arc<str>,
    /// Events in the bucket.
    pub observed: u64,
    /// The model's word; `None` when the series has no model of its own.
    pub raw: Option<Raw>,
    /// How rare so many are by what others count, when it has no model of its own.
    pub others: Option<ByOthers>,
    /// The word on its level, when it seems to have shifted.
    pub shift: Option<Shift>,
    /// The word on silence, for an empty bucket of a regular series.
    pub silence: Option<Silence>,
    /// When the bucket began.
    pub began: Ns,
}

/// A level that seems to have shifted.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Shift {
    /// Raw score, nats.
    pub nats: f64,
    /// The run of deviations: its sides, beginning (bucket) and size.
    pub change: Change,
}

/// What leaves the fold.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum SeriesOut {
    /// A score that may matter.
    Score(Box<Score>),
    /// Scores for calibration.
    Partial(Sum<Partial>),
    /// Counts, for those that are too young for a model.
    Peers(Sum<PeerPart>),
}

#[derive(Serialize, Deserialize)]
struct Entry {
    kind: SeriesKind,
    /// Of a series of an entity, the entity's type.
    class: Option<EntityType>,
    model: Series,
    regular: Option<Regular>,
    /// Names the series while it is empty; kept only where empty buckets are closed.
    lead: Option<Box<Lead>>,
    source_type: Arc<str>,
    due: Option<u64>,
    last: u64,
    settled: bool,
    /// When another template last came to what it counts.
    moved: Ns,
    change: Option<Box<Cusum>>,
}

/// What one bucket says of a level.
#[derive(Clone, Copy)]
struct Level {
    /// Greatest score of a run of chance that has ended.
    ended: Option<f64>,
    found: Option<Shift>,
}

/// All series of one key group.
#[derive(Default, Serialize, Deserialize)]
pub struct Group {
    open: Open<Count>,
    series: BTreeMap<u64, Entry>,
    due: BTreeSet<(u64, u64)>,
    /// Counts and series that found no room.
    pub refused: u64,
}

/// The fold; key = representative of the group.
pub struct SeriesFold {
    /// Bucket length.
    pub bucket: Ns,
    /// How series are modelled.
    pub config: VolumeConfig,
    /// When silence is worth saying.
    pub silence: SilenceConfig,
    /// How shifts of a level are judged.
    pub change: CusumConfig,
    /// Scores below this are only counted for calibration.
    pub score_min: f64,
    /// Scores for calibration.
    pub partials: Combiner<Partial>,
    /// Counts of peer groups.
    pub peers: Combiner<PeerPart>,
    /// How much a group holds.
    pub bounds: Bounds,
    /// Source types, so that each is held once.
    pub names: BTreeMap<String, Arc<str>>,
}

impl SeriesFold {
    /// For one worker.
    pub fn new(settings: &Settings) -> SeriesFold {
        SeriesFold {
            bucket: settings.bucket,
            config: settings.volume,
            silence: settings.silence,
            change: settings.change(),
            score_min: settings.score_min,
            partials: Combiner::new(QUANTUM),
            peers: Combiner::new(QUANTUM),
            bounds: settings.bounds,
            names: BTreeMap::new(),
        }
    }

    fn end_of(&self, bucket: u64) -> Ns {
        bucket.saturating_add(1).saturating_mul(self.bucket)
    }

    fn next_timer(&self, group: &Group) -> Option<Ns> {
        let open = group.open.first();
        let due = group.due.first().map(|(bucket, _)| *bucket);
        open.into_iter().chain(due).min().map(|bucket| self.end_of(bucket))
    }

    fn name(&mut self, source_type: &str) -> Arc<str> {
        if let Some(name) = self.names.get(source_type) {
            return name.clone();
        }
        let name: Arc<str> = source_type.into();
        if self.names.len() < 1_024 {
            self.names.insert(source_type.to_owned(), name.clone());
        }
        name
    }
}

impl Fold for SeriesFold {
    type In = Sum<Count>;
    type Out = SeriesOut;
    type State = Group;
    const NAME: &'static str = "series";
    const STAGE: u16 = stage::SERIES;

    fn fresh(&mut self, _key: u64) -> Group {
        Group::default()
    }

    fn apply(&mut self, _key: u64, group: &mut Group, sum: Sum<Count>, ctx: &mut Ctx<SeriesOut>) {
        let n = sum.value.n;
        if group.open.add(sum, self.bounds.open_series) {
            group.refused += n;
        }
        if let Some(due) = self.next_timer(group) {
            ctx.set_timer(due);
        }
    }

    fn fire(&mut self, _key: u64, group: &mut Group, ctx: &mut Ctx<SeriesOut>) {
        let now = ctx.now();
        while let Some(bucket) = group
            .open
            .first()
            .into_iter()
            .chain(group.due.first().map(|(bucket, _)| *bucket))
            .min()
            .filter(|bucket| self.end_of(*bucket) <= now)
        {
            self.close(group, bucket, ctx);
        }
        if let Some(due) = self.next_timer(group) {
            ctx.set_timer(due);
        }
    }

    fn flush(&mut self, from: Ns, out: &mut Vec<Rec<SeriesOut>>) {
        self.partials.flush_to(from, out, |sum| sum.key, SeriesOut::Partial);
        self.peers.flush_to(from, out, |sum| sum.key, SeriesOut::Peers);
    }

    /// Buckets without the engine are unknown, not zero, and so are those in which it went and came;
    /// what was waited for comes so much later. A run of deviations does not outlast a gap in which
    /// it would have become the level.
    fn resume(&mut self, group: &mut Group, due: &mut Option<Ns>, gap: Gap) {
        let buckets = gap.touched(self.bucket);
        if buckets > 0 {
            group.open = Open::default();
        }
        for entry in group.series.values_mut() {
            if buckets >= u64::from(self.config.relevel_buckets) {
                entry.change = None;
            }
            entry.model.skip(buckets);
            if let Some(regular) = &mut entry.regular {
                regular.skip(buckets);
            }
            entry.due = entry.due.map(|due| due.saturating_add(buckets));
        }
        let moved = |(bucket, key): &(u64, u64)| (bucket.saturating_add(buckets), *key);
        group.due = group.due.iter().map(moved).collect();
        *due = self.next_timer(group);
    }

    fn commutes(_input: &Sum<Count>) -> bool {
        true
    }
}

impl SeriesFold {
    /// Closes one bucket of one group: keys with counts, and empty ones that are due.
    fn close(&mut self, group: &mut Group, bucket: u64, ctx: &mut Ctx<SeriesOut>) {
        let mut counts: BTreeMap<u64, Option<Count>> =
            group.open.close(bucket).into_iter().map(|(key, count)| (key, Some(count))).collect();
        while let Some((_, key)) = group.due.first().copied().filter(|(due, _)| *due <= bucket) {
            group.due.remove(&(bucket, key));
            if let Some(entry) = group.series.get_mut(&key) {
                entry.due = None;
                counts.entry(key).or_insert(None);
            }
        }
        for (key, count) in counts {
            self.close_series(group, key, bucket, count, ctx);
        }
    }

    fn close_series(
        &mut self,
        group: &mut Group,
        key: u64,
        bucket: u64,
        count: Option<Count>,
        ctx: &mut Ctx<SeriesOut>,
    ) {
        let moved = count.as_ref().map_or(Moved::No, |count| count.moved);
        if moved == Moved::Away {
            group.remove(key);
            return;
        }
        if let Some(count) = &count
            && !group.series.contains_key(&key)
        {
            group.make_room(self.bounds.series);
            let source_type = self.name(&count.lead.event.source.source_type);
            group.series.insert(key, Entry::new(&count.lead, source_type, bucket));
        }
        let Some(entry) = group.series.get_mut(&key) else { return };
        if let Moved::Into(since) = moved
            && entry.moved != since
        {
            // What it counts is not what it learnt.
            (entry.moved, entry.model) = (since, Series::new(entry.kind));
            entry.change = None;
        }
        let observed = count.as_ref().map_or(0, |count| count.n);
        if observed > 0 {
            entry.settled |= entry.last != bucket;
            entry.last = bucket;
        }
        let raw = entry.model.close(&self.config, bucket, observed);
        let silence = entry
            .regular
            .as_mut()
            .and_then(|regular| regular.close(&self.silence, bucket, observed));
        // A silence that is found needs no more timers, and still its name.
        let named = entry.lead.as_deref().filter(|_| observed == 0).cloned();
        if let Some(due) = entry.take_due(bucket, self, count.as_ref()) {
            group.due.insert((due, key));
        }
        let peer = hash::text(&entry.source_type);
        let volume = Detector::Volume(entry.kind);
        self.partials.add_with(
            volume.key(peer),
            ctx.now(),
            |part| part.add(raw.as_ref()),
            || Partial::new(volume, entry.source_type.clone()).with(raw.as_ref()),
        );
        if observed > 0 && entry.kind != SeriesKind::Source {
            let source = volume.key(peer);
            let closer = entry.class.map(|class| peers::closer(source, class));
            for group in std::iter::once(source).chain(closer) {
                let add = |part: &mut PeerPart| part.0.add(observed);
                self.peers.add_with(group, ctx.now(), add, || PeerPart::of(observed));
            }
        }
        let shift =
            raw.as_ref().and_then(|raw| entry.shift(&self.change, self.score_min, bucket, raw));
        if let Some(ended) = shift.and_then(|shift| shift.ended) {
            let change = Detector::Change(entry.kind);
            self.partials.add_with(
                change.key(peer),
                ctx.now(),
                |part| part.add_score(ended),
                || Partial::new(change, entry.source_type.clone()).with_score(ended),
            );
        }
        let shift = shift.and_then(|shift| shift.found);
        let matters = raw.as_ref().is_some_and(|raw| raw.upper.max(raw.lower) >= self.score_min)
            || shift.is_some()
            || silence.is_some()
            || match (&raw, entry.kind) {
                (None, kind) => kind != SeriesKind::Source && observed >= NAMES_MIN,
                // An entity may find odd what its template knows.
                (Some(raw), SeriesKind::Template) => observed >= USUAL_MIN && raw.ratio >= 1.5,
                _ => false,
            };
        let lead = count.map(|count| count.lead).or(named);
        if let Some(lead) = lead.filter(|_| matters) {
            let score = Score {
                lead,
                source_type: entry.source_type.clone(),
                observed,
                raw,
                others: None,
                shift,
                silence,
                began: bucket.saturating_mul(self.bucket),
            };
            ctx.emit(key, SeriesOut::Score(Box::new(score)));
        }
    }
}

impl Entry {
    fn new(lead: &Lead, source_type: Arc<str>, bucket: u64) -> Entry {
        let kind = match lead.subject {
            Subject::Source(_) => SeriesKind::Source,
            Subject::Host(_) => SeriesKind::Host,
            Subject::Template(_) => SeriesKind::Template,
            Subject::Entity(..) => SeriesKind::Entity,
        };
        let regular = matches!(kind, SeriesKind::Source | SeriesKind::Host).then(Regular::default);
        let model = Series::new(kind);
        Entry {
            kind,
            class: lead.class(),
            model,
            regular,
            lead: None,
            source_type,
            due: None,
            last: bucket,
            settled: false,
            moved: 0,
            change: None,
        }
    }

    /// Takes the deviation of a bucket into the sums that show a shift of the level.
    fn shift(
        &mut self,
        config: &CusumConfig,
        score_min: f64,
        bucket: u64,
        raw: &Raw,
    ) -> Option<Level> {
        // Lines of one kind come in beats and clusters, and few of them show no level: their rates
        // are the volume's. What a whole source or host writes has one.
        let whole = matches!(self.kind, SeriesKind::Source | SeriesKind::Host);
        if !whole || raw.expected < LEVEL_MIN {
            return None;
        }
        let residual = normal_score(raw.upper, raw.lower);
        let cusum = self.change.get_or_insert_default();
        let step = cusum.step(config, bucket, residual);
        let found = step.score.filter(|nats| *nats >= score_min);
        let found = found.zip(cusum.run()).map(|(nats, change)| Shift { nats, change });
        Some(Level { ended: step.ended, found })
    }

    /// The next bucket to close even when it is empty; keeps what names the series until then.
    fn take_due(&mut self, bucket: u64, fold: &SeriesFold, count: Option<&Count>) -> Option<u64> {
        let silent = self.regular.as_ref().and_then(|regular| regular.next_due(&fold.silence));
        let next = self.model.next_due(&fold.config).into_iter().chain(silent).min();
        let due = next.map(|due| due.max(bucket + 1));
        match (due, count) {
            (None, _) => self.lead = None,
            (Some(_), Some(count)) => self.lead = Some(Box::new(count.lead.clone())),
            (Some(_), None) => {}
        }
        self.due = due;
        due
    }
}

impl Group {
    fn remove(&mut self, key: u64) {
        if let Some(entry) = self.series.remove(&key)
            && let Some(due) = entry.due
        {
            self.due.remove(&(due, key));
        }
    }

    /// Two-part eviction, as for keys: those seen in one bucket only go first.
    fn make_room(&mut self, bound: usize) {
        if self.series.len() < bound {
            return;
        }
        let mut oldest: Vec<(bool, u64, u64)> =
            self.series.iter().map(|(key, entry)| (entry.settled, entry.last, *key)).collect();
        oldest.sort_unstable();
        for (_, _, key) in oldest.into_iter().take((bound / 16).max(1)) {
            self.remove(key);
            self.refused += 1;
        }
    }
}
