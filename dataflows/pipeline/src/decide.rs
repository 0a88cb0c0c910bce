//! Decide: turns scores into findings by the tables of the calibrators.

use crate::counts::Subject;
use crate::engine::Shared;
use crate::env::Env;
use crate::finding::{Finding, Level};
use crate::folds::calibrate::channel_key;
use crate::folds::series::Score;
use crate::rec::Rec;
use crate::settings::Settings;
use crate::table::Tables;
use crate::views::Views;
use crate::words;
use seerflow_detection::calibrate::Table;
use seerflow_detection::volume::{Raw, SeriesKind};
use seerflow_model::{Evidence, Ns};
use std::sync::Arc;

/// What it decides by.
pub struct Decide {
    /// Findings are made for probabilities up to this.
    pub candidate_level: f64,
    /// Decisions are counted up to this.
    pub risk_level: f64,
    /// Bucket length.
    pub bucket: Ns,
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
                lead: evidence,
                also: Vec::new(),
                level,
                template: score.lead.subject.template(),
                entity: score.lead.subject.entity(),
                host: score.lead.host(),
                excess,
                decides,
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
                let table = tables.get(&channel_key(kind, &score.source_type));
                let p = table.and_then(|table| self.probability(table, raw));
                if let Some(p) = p {
                    let part = p / self.risk_level;
                    self.views.count_decision(self.worker, channel(kind), now, part);
                }
                let excess = score.observed as f64 - raw.expected;
                // A template also says what is usual for it.
                let says = |p: &f64| {
                    *p <= self.candidate_level || (level == Level::Template && excess > 0.0)
                };
                if let Some(p) = p.filter(|p| says(p) && score.silence.is_none()) {
                    let evidence = words::volume(&score, raw, now, self.bucket, p);
                    emit(evidence, excess, p <= self.candidate_level, 1);
                }
            }
            None if score.silence.is_none() => {
                emit(words::share(&score, now), score.observed as f64, false, 2);
            }
            None => {}
        }
    }

    /// Two-sided tail probability of a score.
    fn probability(&self, table: &Table, raw: &Raw) -> Option<f64> {
        table.two_sided(raw.upper, raw.lower).map(|(p, _side)| p)
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

fn channel(kind: SeriesKind) -> &'static str {
    match kind {
        SeriesKind::Source => "volume-source",
        SeriesKind::Host => "volume-host",
        SeriesKind::Template => "volume-template",
        SeriesKind::Entity => "volume-entity",
    }
}
