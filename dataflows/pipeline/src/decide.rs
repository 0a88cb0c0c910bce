//! Decide: turns scores into findings by the tables of the calibrators.

use crate::counts::Subject;
use crate::detector::Detector;
use crate::engine::Shared;
use crate::env::Env;
use crate::finding::{Finding, Level};
use crate::folds::peers;
use crate::folds::series::Score;
use crate::place::place;
use crate::rec::Rec;
use crate::settings::{Settings, Weights};
use crate::table::Tables;
use crate::views::Views;
use crate::words;
use seerflow_detection::calibrate::{Side, Table};
use seerflow_detection::combine::combine;
use seerflow_detection::volume::{PeerCounts, SeriesKind, by_others};
use seerflow_model::{Evidence, Ns, hash};
use std::sync::Arc;

/// What it decides by.
pub struct Decide {
    /// Findings are made for probabilities up to this.
    pub candidate_level: f64,
    /// Decisions are counted up to this.
    pub risk_level: f64,
    /// Bucket length.
    pub bucket: Ns,
    /// How much each channel weighs.
    pub weights: Weights,
    /// Where decisions are counted.
    pub views: Arc<Views>,
    /// Index of this worker.
    pub worker: usize,
}

impl Decide {
    /// For one worker.
    pub fn new(settings: &Settings, shared: &Shared, env: &Env) -> Decide {
        Decide {
            candidate_level: settings.candidate_level(),
            risk_level: settings.budget.risk_level,
            bucket: settings.bucket,
            weights: settings.weights.clone(),
            views: shared.views.clone(),
            worker: env.worker,
        }
    }

    /// Findings of one score. None while its channel is not calibrated.
    pub fn decide(
        &self,
        tables: &Tables<Table>,
        rec: Rec<Box<Score>>,
        out: &mut Vec<Rec<Finding>>,
    ) {
        let Rec { order, data: score, .. } = rec;
        let now = order.effective;
        let (kind, level) = kind_of(score.lead.subject);
        let mut emit = |evidence: Evidence, excess: f64, decides: bool, n: u32| {
            let finding = Finding {
                level,
                template: score.lead.subject.template(),
                entity: score.lead.subject.entity(),
                host: score.lead.host(),
                excess,
                decides,
                place: Box::new(place(&score.lead.event, &score.lead.template, level)),
                ..Finding::alone(evidence)
            };
            let order = seerflow_model::Order { n: order.n * 4 + n, ..order };
            out.push(Rec { order, key: 0, data: finding });
        };
        if let Some(silence) = score.silence.as_ref()
            && silence.probability <= self.candidate_level
        {
            let evidence = words::silence(&score, silence, now, self.bucket);
            emit(evidence, -(silence.buckets as f64), true, 0);
        }
        match &score.raw {
            Some(raw) => {
                let peer = hash::text(&score.source_type);
                let judged = self.channels(tables, &score, kind, peer, now);
                let excess = score.observed as f64 - raw.expected;
                // A template also says what is usual for it.
                let says = |judged: &Judged| {
                    judged.p <= self.candidate_level || (level == Level::Template && excess > 0.0)
                };
                if let Some(judged) = judged.filter(|p| says(p) && score.silence.is_none()) {
                    let decides = judged.p <= self.candidate_level;
                    let evidence = match (judged.shift, &score.shift) {
                        (true, Some(shift)) => {
                            words::shift(&score, raw, shift, now, self.bucket, judged.p)
                        }
                        _ => words::volume(&score, raw, now, self.bucket, judged.p),
                    };
                    emit(judged.told(evidence), excess, decides, 1);
                }
            }
            None if score.silence.is_none() => {
                if let Some(others) = score.others {
                    let part = others.probability / self.risk_level;
                    self.views.count_decision(self.worker, "volume-young", now, part, 0);
                }
                let odd = score.others.filter(|by| by.probability <= self.candidate_level);
                let evidence = match &odd {
                    Some(others) => words::young(&score, now, self.bucket, others),
                    None => words::share(&score, now),
                };
                emit(evidence, score.observed as f64, odd.is_some(), 2);
            }
            None => {}
        }
    }

    /// What the channels say of a closed bucket together; `None` while the volume is not
    /// calibrated.
    fn channels(
        &self,
        tables: &Tables<Table>,
        score: &Score,
        kind: SeriesKind,
        peer: u64,
        now: Ns,
    ) -> Option<Judged> {
        let raw = score.raw.as_ref()?;
        let (volume, change) = (Detector::Volume(kind), Detector::Change(kind));
        let table = tables.get(&volume.key(peer))?;
        let (p_volume, _) = table.two_sided(raw.upper, raw.lower)?;
        let p_change = score
            .shift
            .as_ref()
            .and_then(|shift| tables.get(&change.key(peer))?.tail(Side::Upper, shift.nats));
        let count = |name, p: f64| {
            let part = p / self.risk_level;
            self.views.count_decision(self.worker, name, now, part, raw.empties);
        };
        count(volume.name(), p_volume);
        // A run that is not further out than it was says nothing.
        if kind != SeriesKind::Entity
            && tables.get(&change.key(peer)).is_some_and(Table::calibrated)
        {
            count(change.name(), p_change.unwrap_or(1.0));
        }
        let weights = self.weights.of(&score.lead.event);
        let combined = combine(&[
            (Some(p_volume), weights.of(volume.channel())),
            (p_change, weights.of(change.channel())),
        ])?;
        count("bucket", combined.p);
        Some(Judged { p: combined.p, shift: combined.driver == 1, p_volume, p_change })
    }
}

/// Gives a series that has no model of its own the word of its peers and its source.
pub fn young(
    tables: &Tables<PeerCounts>,
    mut rec: Rec<Box<Score>>,
    out: &mut Vec<Rec<Box<Score>>>,
) {
    let score = &mut rec.data;
    if score.raw.is_none() && score.silence.is_none() {
        let (kind, _) = kind_of(score.lead.subject);
        let source = Detector::Volume(kind).key(hash::text(&score.source_type));
        let closer = score.lead.class().map(|class| peers::closer(source, class));
        let closer = closer.and_then(|key| tables.get(&key));
        let source = tables.get(&source);
        score.others = source.and_then(|source| by_others(closer, source, score.observed));
    }
    out.push(rec);
}

/// A closed bucket as the channels judge it.
struct Judged {
    p: f64,
    /// Whether the shift of the level drove it.
    shift: bool,
    p_volume: f64,
    p_change: Option<f64>,
}

impl Judged {
    /// Evidence that tells every channel's number.
    fn told(&self, mut evidence: Evidence) -> Evidence {
        evidence.values.push(("p_volume".to_owned(), self.p_volume));
        if let Some(p) = self.p_change {
            evidence.values.push(("p_change".to_owned(), p));
        }
        evidence
    }
}

fn kind_of(subject: Subject) -> (SeriesKind, Level) {
    match subject {
        Subject::Source(_) => (SeriesKind::Source, Level::Source),
        Subject::Host(_) => (SeriesKind::Host, Level::Host),
        Subject::Template(_) => (SeriesKind::Template, Level::Template),
        Subject::Entity(..) => (SeriesKind::Entity, Level::TemplateEntity),
    }
}
