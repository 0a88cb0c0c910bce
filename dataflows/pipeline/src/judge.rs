//! Judge: what the channels say of one event together, and of what an entity does over time.
//!
//! Raw scores become tail probabilities by the tables of the calibrators, and these one by the
//! weighted Cauchy combination; a channel that has nothing to say yet drops out. The channel that
//! weighs most names the finding, and every channel's number is told.

use crate::detector::Detector;
use crate::engine::Shared;
use crate::env::Env;
use crate::finding::{Finding, Level};
use crate::folds::entities::{EntitiesOut, Pattern, PatternScore};
use crate::folds::sessions::OddSession;
use crate::moment::{Moment, peer, peer_of};
use crate::observe::{Judged, JudgedSession, Observer};
use crate::place::place;
use crate::rec::Rec;
use crate::settings::{Settings, Weights};
use crate::table::Tables;
use crate::views::Views;
use crate::words;
use seerflow_detection::calibrate::{Side, Table};
use seerflow_detection::combine::{Combined, combine};
use seerflow_model::{Evidence, Ns, entity};
use std::sync::Arc;

/// What it decides by.
pub struct Judge {
    candidate_level: f64,
    risk_level: f64,
    bucket: Ns,
    weights: Weights,
    views: Arc<Views>,
    observer: Option<Arc<dyn Observer>>,
    worker: usize,
}

impl Judge {
    /// For one worker.
    pub fn new(settings: &Settings, shared: &Shared, env: &Env) -> Judge {
        Judge {
            candidate_level: settings.candidate_level(),
            risk_level: settings.budget.risk_level,
            bucket: settings.bucket,
            weights: settings.weights.clone(),
            views: shared.views.clone(),
            observer: shared.observer.clone(),
            worker: env.worker,
        }
    }

    /// Findings of one record.
    pub fn judge(
        &self,
        tables: &Tables<Table>,
        rec: Rec<EntitiesOut>,
        out: &mut Vec<Rec<Finding>>,
    ) {
        let Rec { order, data, .. } = rec;
        let finding = match data {
            EntitiesOut::Moment(moment) => self.moment(tables, &moment, order.effective),
            EntitiesOut::Pattern(score) => self.pattern(tables, &score, order.effective),
            EntitiesOut::Session(session) => self.session(&session, order.effective),
            EntitiesOut::Partial(_) | EntitiesOut::Ended(_) => None,
        };
        out.extend(finding.map(|data| Rec { order, key: 0, data }));
    }

    fn moment(&self, tables: &Tables<Table>, moment: &Moment, now: Ns) -> Option<Finding> {
        let event = moment.event();
        let weights = self.weights.of(event);
        let entity = event.primary();
        let of_entity = entity.map(|entity| peer_of(event, entity.kind));
        let channels = moment.scores().map(|(detector, nats)| {
            let group = match detector {
                Detector::Order => of_entity.unwrap_or_default(),
                _ => peer(event),
            };
            let table = tables.get(&detector.key(group));
            let p = nats.zip(table).and_then(|(nats, table)| table.tail(Side::Upper, nats));
            if let Some(p) = p {
                self.count(detector.name(), now, p);
            }
            (detector, p)
        });
        let weighed = channels.map(|(detector, p)| (p, weights.of(detector.channel())));
        let combined = combine(&weighed);
        if let Some(observer) = &self.observer {
            let probability = combined.as_ref().map(|combined| combined.p);
            observer.judged(&Judged {
                event,
                template: moment.template(),
                probability,
                channels: &channels,
            });
        }
        let combined = combined?;
        self.count("event", now, combined.p);
        if combined.p > self.candidate_level {
            return None;
        }
        let lead = words::odd_event(moment, &channels, &combined, now);
        let key = entity.map_or(0, |entity| entity.key);
        let mut finding = finding(lead, moment.template(), key, moment.lead.host());
        *finding.place = place(event, &moment.lead.template, Level::Event);
        Some(finding)
    }

    fn pattern(&self, tables: &Tables<Table>, score: &PatternScore, now: Ns) -> Option<Finding> {
        let event = &score.lead.event;
        let entity = event.primary()?;
        let group = peer_of(event, entity.kind);
        let (detector, p) = match &score.pattern {
            Pattern::Spread(spread) => {
                let table = tables.get(&Detector::Spread.key(group))?;
                (Detector::Spread, table.two_sided(spread.upper, spread.lower)?.0)
            }
            Pattern::Drift(_, nats) => {
                let table = tables.get(&Detector::Drift.key(group))?;
                (Detector::Drift, table.tail(Side::Upper, *nats)?)
            }
            Pattern::Beacon(rhythm, _) => {
                let table = tables.get(&Detector::Beacon.key(group))?;
                (Detector::Beacon, table.tail(Side::Upper, rhythm.surprise)?)
            }
        };
        self.count(detector.name(), now, p);
        if p > self.candidate_level {
            return None;
        }
        let lead = words::pattern(score, p, now, self.bucket);
        Some(finding(lead, 0, entity.key, score.lead.host()))
    }

    fn session(&self, odd: &OddSession, now: Ns) -> Option<Finding> {
        let detector = Detector::Session;
        self.count(detector.name(), now, odd.p);
        let who = &odd.who;
        if let Some(observer) = &self.observer {
            observer.session(&JudgedSession {
                kind: who.kind,
                value: &who.value,
                source: &who.source,
                probability: odd.p,
            });
        }
        if odd.p > self.candidate_level {
            return None;
        }
        let key = entity::key(who.kind, &who.value);
        Some(finding(words::odd_session(odd, now), 0, key, 0))
    }

    /// Counts a decision: how far its probability is from the risk level.
    fn count(&self, name: &'static str, now: Ns, p: f64) {
        self.views.count_decision(self.worker, name, now, p / self.risk_level, 0);
    }
}

fn finding(lead: Evidence, template: u64, entity: u64, host: u64) -> Finding {
    Finding { template, entity, host, ..Finding::alone(lead) }
}

/// The detector that drove a combined result.
pub fn driver(channels: &[(Detector, Option<f64>)], combined: &Combined) -> Detector {
    channels[combined.driver.min(channels.len() - 1)].0
}
