//! Never-seen templates, by source type: only this owner says "never seen".
//!
//! Counts come as sums per tick; a template founded in a tick is judged by what was counted in the
//! ticks before it, so the judgement does not depend on how the sums were cut. Late records count
//! here: a line of last month can still be the first of its kind.

use super::stage;
use crate::combine::{Merge, Sum};
use crate::counts::{Lead, Subject};
use crate::engine::Shared;
use crate::env::Env;
use crate::finding::{Finding, Level};
use crate::keyed::{Ctx, Fold, Groups};
use crate::place::place;
use crate::settings::Settings;
use crate::views::{Progress, Views};
use crate::words;
use seerflow_detection::novelty::{Newness, NoveltyConfig};
use seerflow_model::time::TICK;
use seerflow_model::{Event, hash};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

/// What one tick told of one namespace.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct News {
    /// Key of the source type.
    pub peer: u64,
    /// Namespace.
    pub namespace: u64,
    /// Events.
    pub events: u64,
    /// Change of the number of templates seen in one minute only.
    pub singles: i64,
}

impl News {
    /// Of one event.
    pub fn of(event: &Event) -> News {
        News {
            peer: hash::text(&event.source.source_type),
            namespace: event.namespace,
            events: 1,
            singles: 0,
        }
    }
}

impl Merge for News {
    fn merge(&mut self, other: News) {
        self.events += other.events;
        self.singles += other.singles;
    }
}

/// A template was founded.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Founded {
    /// Its id.
    pub template: u64,
    /// Its text.
    pub text: Arc<str>,
    /// The event that founded it.
    pub event: Arc<Event>,
}

/// What comes in.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum NewnessIn {
    /// Counts of one tick.
    Sum(Sum<News>),
    /// A template to judge.
    Founded(Box<Founded>),
}

/// State of one source type.
#[derive(Serialize, Deserialize)]
pub struct NewnessState {
    newness: Newness,
    source_type: String,
    /// Events that count already.
    known: u64,
    /// Counts of the newest ticks, not yet part of what is known.
    pending: BTreeMap<u64, BTreeMap<u64, News>>,
}

/// The fold; key = hash of the source type.
pub struct NewnessFold {
    /// When never-seen templates are judged.
    pub novelty: NoveltyConfig,
    /// Findings are made for probabilities up to this.
    pub candidate_level: f64,
    /// Where progress is published.
    pub views: Arc<Views>,
    /// Index of this worker.
    pub worker: usize,
}

impl Fold for NewnessFold {
    type In = NewnessIn;
    type Out = Finding;
    type State = NewnessState;
    const NAME: &'static str = "newness";
    const STAGE: u16 = stage::NEWNESS;
    const GROUP_KEYS_MAX: usize = 64;

    fn fresh(&mut self, _key: u64) -> NewnessState {
        NewnessState {
            newness: Newness::default(),
            source_type: String::new(),
            known: 0,
            pending: BTreeMap::new(),
        }
    }

    fn apply(
        &mut self,
        _key: u64,
        state: &mut NewnessState,
        input: NewnessIn,
        ctx: &mut Ctx<Finding>,
    ) {
        let tick = ctx.now() / TICK;
        while let Some(entry) = state.pending.first_entry().filter(|entry| *entry.key() < tick) {
            for news in entry.remove().into_values() {
                state.known += news.events;
                state.newness.observe(news.namespace, news.events, news.singles);
            }
        }
        match input {
            // Parts of one tick are joined before they count: a template's second event may come
            // in another part than its first.
            NewnessIn::Sum(Sum { bucket, value, .. }) => {
                match state.pending.entry(bucket).or_default().entry(value.namespace) {
                    Entry::Occupied(mut part) => part.get_mut().merge(value),
                    Entry::Vacant(place) => {
                        place.insert(value);
                    }
                }
            }
            NewnessIn::Founded(founded) => {
                if state.source_type.is_empty() {
                    state.source_type.clone_from(&founded.event.source.source_type);
                }
                self.judge(state, *founded, ctx);
            }
        }
    }

    fn commutes(input: &NewnessIn) -> bool {
        matches!(input, NewnessIn::Sum(_))
    }

    fn publish(&mut self, groups: &Groups<NewnessState>, _ended: bool) {
        let progress = groups.iter().map(|(_, state)| {
            let (have, need) = state.newness.progress(&self.novelty);
            let channel = format!("never-seen ({})", state.source_type);
            Progress { channel, have, need, unit: "events".to_owned() }
        });
        self.views.put_progress("newness", self.worker, progress.collect());
    }
}

impl NewnessFold {
    /// For one worker.
    pub fn new(settings: &Settings, shared: &Shared, env: &Env) -> NewnessFold {
        NewnessFold {
            novelty: settings.novelty,
            candidate_level: settings.candidate_level(),
            views: shared.views.clone(),
            worker: env.worker,
        }
    }

    fn judge(&self, state: &mut NewnessState, founded: Founded, ctx: &mut Ctx<Finding>) {
        let namespace = founded.event.namespace;
        let judged = state.newness.found(&self.novelty, namespace);
        let Some(probability) = judged.filter(|p| *p <= self.candidate_level) else { return };
        let lead = Lead {
            event: founded.event,
            template: founded.text,
            subject: Subject::Template(founded.template),
        };
        let known = state.known;
        let evidence = words::new_template(&lead, ctx.now(), probability, known);
        ctx.emit(
            0,
            Finding {
                template: founded.template,
                host: lead.host(),
                place: Box::new(place(&lead.event, &lead.template, Level::Event)),
                ..Finding::alone(evidence)
            },
        );
    }
}
