//! Templates and content, by leaf: assigns each event to its template, judges the values in its
//! slots, and combines what the other folds count.
//!
//! This is the last operator that sees events; what leaves it are sums and findings.

use super::stage;
use crate::combine::{Combiner, Sum};
use crate::counts::{Count, Lead, Subject};
use crate::detector::Detector;
use crate::engine::Shared;
use crate::env::Env;
use crate::finding::{Finding, Level};
use crate::flow::Flow;
use crate::folds::calibrate::Partial;
use crate::folds::facts::{self, FactKind, Seen};
use crate::folds::merges::{Told, What};
use crate::folds::newness::{Founded, News};
use crate::keep::{Keeper, Kept};
use crate::keyed::{Ctx, Fold, Groups, KeyMap, Step};
use crate::moment::{Moment, OddValue};
use crate::parse::{DropRules, Noticed};
use crate::place::place;
use crate::ports::Tally;
use crate::rec::Rec;
use crate::settings::Settings;
use crate::views::{TemplateRow, Views};
use seerflow_detection::novelty::{NewValue, NoveltyConfig, Sighted, Slots};
use seerflow_detection::values::{Value, ValueConfig, ValueModel};
use seerflow_model::text::shorten;
use seerflow_model::time::{QUANTUM, TICK};
use seerflow_model::{Event, Flags, Ns, Role, hash};
use seerflow_parsing::mask::Scan;
use seerflow_parsing::template::{self, Assigned, Leaf};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Longest value that is told, in bytes.
const TOLD_MAX: usize = 120;
/// What a held event costs beside itself and what it points to: its place, counters, what the
/// allocator rounds up.
const HELD_BYTES: usize = size_of::<Rec<Parsed>>() + 128;

/// An event on its way to its leaf.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Parsed {
    /// The event.
    pub event: Arc<Event>,
    /// The port it came through, numbered over all processes, for the conservation ledger.
    pub port: u16,
}

impl Parsed {
    /// Bytes that it costs until it is processed.
    pub fn weight(&self) -> usize {
        let event = &*self.event;
        let text = event.text.len() + event.raw.as_deref().map_or(0, <[u8]>::len);
        let read = size_of_val(&*event.fields)
            + size_of_val(&*event.tokens)
            + size_of_val(&*event.params)
            + size_of_val(&*event.entities)
            + size_of_val(&*event.edges);
        text + read + size_of::<Event>() + HELD_BYTES
    }
}

impl PartialEq for Parsed {
    fn eq(&self, other: &Parsed) -> bool {
        self.event == other.event
    }
}

/// What leaves the fold.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum LeafOut {
    /// Counts of a series.
    Series(Sum<Count>),
    /// Sightings of entities and edges.
    Fact(Sum<Seen>),
    /// Events and singletons of a namespace, per tick.
    News(Sum<News>),
    /// News of a template, for the merge step.
    Told(Box<Told>),
    /// A finding about one event.
    Finding(Box<Finding>),
    /// An event on its way through the detectors.
    Moment(Box<Moment>),
    /// Scores for calibration.
    Partial(Sum<Partial>),
}

/// State of one leaf.
#[derive(Default, Serialize, Deserialize)]
pub struct LeafState {
    source_type: String,
    program: String,
    leaf: Leaf,
    content: KeyMap<Content>,
}

/// What is known of the content of one template.
#[derive(Serialize, Deserialize)]
struct Content {
    /// Its text when it last changed.
    text: Arc<str>,
    slots: Slots,
    sighted: Sighted,
    /// A model per slot, once the template was seen more than once.
    values: Vec<ValueModel>,
}

/// What the values of an event say.
struct Judged {
    /// Probability of the least probable never-seen value; 1 when there is none.
    unseen: f64,
    /// The least usual value.
    odd: Option<OddValue>,
}

/// The fold; key = the event's leaf.
pub struct Leaves {
    /// When never-seen values are judged.
    pub novelty: NoveltyConfig,
    /// Findings are made for probabilities up to this.
    pub candidate_level: f64,
    /// Counts per series and bucket.
    pub counts: Combiner<Count>,
    /// Sightings per quantum.
    pub facts: Combiner<Seen>,
    /// News per tick.
    pub news: Combiner<News>,
    /// How values are judged.
    pub values: ValueConfig,
    /// Scores of values, per quantum.
    pub partials: Combiner<Partial>,
    /// Scores below this are only counted.
    pub score_min: f64,
    /// Room to read a message in.
    scan: Scan,
    /// Conservation ledger, this worker's part.
    pub tally: Tally,
    /// Keeps events.
    pub keeper: Option<Box<dyn Keeper>>,
    /// Drops events by template.
    pub rules: Option<Arc<dyn DropRules>>,
    /// Counts what is dropped.
    pub noticed: Arc<Noticed>,
    /// Flow control.
    pub flow: Arc<Flow>,
    /// Where views are published.
    pub views: Arc<Views>,
    /// Templates of this worker; counted once, then kept up to date.
    count: Option<u64>,
    /// Index of this worker.
    pub worker: usize,
}

impl Fold for Leaves {
    type In = Parsed;
    type Out = LeafOut;
    type State = LeafState;
    const NAME: &'static str = "leaves";
    const STAGE: u16 = stage::LEAVES;
    const GROUP_KEYS_MAX: usize = 512;

    fn fresh(&mut self, _key: u64) -> LeafState {
        LeafState::default()
    }

    fn apply(&mut self, _key: u64, state: &mut LeafState, input: Parsed, ctx: &mut Ctx<LeafOut>) {
        let event = input.event;
        if state.leaf.is_empty() {
            state.source_type.clone_from(&event.source.source_type);
            event.program().clone_into(&mut state.program);
        }
        let before = state.leaf.len();
        let assigned = state.leaf.assign(&event);
        if let Some(count) = &mut self.count {
            *count = (*count + state.leaf.len() as u64).saturating_sub(before as u64);
        }
        let template = assigned.template;
        let leaf = &state.leaf;
        let at = event.effective_time;
        let content = state.content.entry(template).or_insert_with(|| Content {
            text: text_of(leaf, template),
            slots: Slots::default(),
            sighted: Sighted::first(at),
            values: Vec::new(),
        });
        if assigned.widened {
            content.text = text_of(leaf, template);
        }
        if let Some(rules) = &self.rules
            && let Some(reason) = rules.reason_by_template(&event, template, &content.text)
        {
            self.noticed.add_dropped(input.port, reason);
            self.tally.dropped(input.port);
            return;
        }
        let spread = content.sighted.again(at);
        let judged = self.judge_values(leaf, template, content, &event, ctx);
        let probability = judged.unseen;
        if let Some(keeper) = &mut self.keeper {
            keeper.keep(Kept { event: &event, template, text: &content.text, probability });
        }
        if in_order(&event) {
            let moment = self.moment(template, &content.text, &event, judged);
            ctx.emit(event.namespace, LeafOut::Moment(Box::new(moment)));
        }
        self.count(template, &content.text, &event);
        let peer = hash::text(&event.source.source_type);
        self.news.add(hash::pair(peer, event.namespace), at, News::of(&event));
        let namespace = event.namespace;
        if let Some(what) = what_of(leaf, &assigned, spread, &content.text, event) {
            let told = Told { peer, namespace, template, what };
            ctx.emit(namespace, LeafOut::Told(Box::new(told)));
        }
    }

    fn flush(&mut self, from: Ns, out: &mut Vec<Rec<LeafOut>>) {
        self.counts.flush(from, out, LeafOut::Series);
        self.facts.flush(from, out, LeafOut::Fact);
        self.news.flush_to(from, out, |sum| sum.value.peer, LeafOut::News);
        self.partials.flush_to(from, out, |sum| sum.key, LeafOut::Partial);
        if let Some(keeper) = &mut self.keeper {
            keeper.publish();
        }
        self.tally.publish(&self.flow);
    }

    fn weight(input: &Parsed) -> usize {
        input.weight()
    }

    fn account(&mut self, input: &Parsed, step: Step) {
        let bytes = Leaves::weight(input) as i64;
        match step {
            Step::Held => self.tally.held(input.port, bytes),
            Step::Released => self.tally.released(input.port, bytes),
        }
    }

    fn evicted(&mut self, _key: u64, state: LeafState) {
        if let Some(count) = &mut self.count {
            *count = count.saturating_sub(state.leaf.len() as u64);
        }
    }

    fn publish(&mut self, groups: &Groups<LeafState>, ended: bool) {
        self.tally.publish(&self.flow);
        let all = || groups.iter().map(|(_, state)| state.leaf.len() as u64).sum();
        self.views.put_template_count(self.worker, *self.count.get_or_insert_with(all));
        if self.views.wants_templates(self.worker) || ended {
            let mut rows: Vec<TemplateRow> = groups
                .iter()
                .flat_map(|(_, state)| {
                    let (source_type, program) = (&state.source_type, &state.program);
                    state.leaf.templates().map(|info| TemplateRow::new(info, source_type, program))
                })
                .collect();
            rows.sort_unstable_by_key(|row| row.id);
            self.views.put_templates(self.worker, rows, groups.evictions);
        }
    }
}

/// What the merge step must know of an event's template.
fn what_of(
    leaf: &Leaf,
    assigned: &Assigned,
    spread: bool,
    text: &Arc<str>,
    event: Arc<Event>,
) -> Option<What> {
    let outline = || leaf.outline(assigned.template).cloned();
    if assigned.founded {
        let own = event.flags.has(Flags::OWN);
        let founded =
            (!own).then(|| Founded { template: assigned.template, text: text.clone(), event });
        outline().map(|outline| What::Founded(outline, founded))
    } else if assigned.widened {
        outline().map(|outline| What::Widened(outline, spread))
    } else {
        spread.then_some(What::Spread)
    }
}

fn text_of(leaf: &Leaf, template: u64) -> Arc<str> {
    leaf.template(template).map(|info| info.text.as_str().into()).unwrap_or_else(|| "".into())
}

impl Leaves {
    /// For one worker.
    pub fn new(
        settings: &Settings,
        tally: Tally,
        rules: Option<Arc<dyn DropRules>>,
        shared: &Shared,
        env: &Env,
    ) -> Leaves {
        Leaves {
            rules,
            keeper: None,
            noticed: shared.noticed.clone(),
            novelty: settings.novelty,
            candidate_level: settings.candidate_level(),
            counts: Combiner::new(settings.bucket),
            facts: Combiner::new(facts::QUANTUM),
            news: Combiner::new(TICK),
            values: settings.values,
            partials: Combiner::new(QUANTUM),
            score_min: settings.matters(),
            scan: Scan::default(),
            tally,
            flow: shared.flow.clone(),
            views: shared.views.clone(),
            count: None,
            worker: env.worker,
        }
    }

    /// Gives what it learns to a keeper.
    #[must_use]
    pub fn keeping(self, keeper: Option<Box<dyn Keeper>>) -> Leaves {
        Leaves { keeper, ..self }
    }

    /// Counts the event in its series and its facts. Late records are left out of the series.
    fn count(&mut self, template: u64, text: &Arc<str>, event: &Arc<Event>) {
        let at = event.effective_time;
        if in_order(event) {
            let add = |subject: Subject, counts: &mut Combiner<Count>| {
                let key = subject.key();
                let lead = || Lead { event: event.clone(), template: text.clone(), subject };
                counts.add_with(key, at, |count| count.one_more(event), || Count::one(lead()));
            };
            // By name: a rotated file is a new source and still the same stream of lines.
            add(Subject::Source(hash::text(&event.source.name)), &mut self.counts);
            add(Subject::Template(template), &mut self.counts);
            for (index, entity) in event.entities.iter().enumerate().take(8) {
                let host = entity.kind == seerflow_model::EntityType::Host;
                if host && entity.role == Role::Target {
                    add(Subject::Host(entity.key), &mut self.counts);
                }
                if matches!(entity.role, Role::Actor | Role::Src) || host {
                    let subject = Subject::Entity(template, entity.key, index as u8);
                    add(subject, &mut self.counts);
                }
            }
        }
        let seen = |kind| Seen { kind, count: 1, first: at, last: at };
        for entity in &event.entities {
            self.facts.add(entity.key, at, seen(FactKind::Entity(entity.kind)));
        }
        for edge in &event.edges {
            let end = |index: u8| event.entities.get(usize::from(index)).map_or(0, |e| e.key);
            let ends = hash::pair(end(edge.from), end(edge.to));
            self.facts.add(hash::pair(edge.relation as u64, ends), at, seen(FactKind::Edge));
        }
    }

    /// Judges the values in the slots of a template: never-seen ones, and by their models.
    fn judge_values(
        &mut self,
        leaf: &Leaf,
        template: u64,
        content: &mut Content,
        event: &Arc<Event>,
        ctx: &mut Ctx<LeafOut>,
    ) -> Judged {
        let slots = leaf.params_of(template, event);
        let mut unseen: f64 = 1.0;
        for (index, slot) in slots.iter().enumerate() {
            let new = content.slots.observe(&self.novelty, index, slot.kind, slot.value);
            let Some(new) = new.filter(|new| new.probability <= self.candidate_level) else {
                continue;
            };
            unseen = unseen.min(new.probability);
            if !event.flags.has(Flags::OWN) {
                let lead = lead(template, &content.text, event);
                let finding = new_value(&lead, ctx.now(), slot.text(event), &new);
                // Its key is its namespace until its template is resolved.
                ctx.emit(event.namespace, LeafOut::Finding(Box::new(finding)));
            }
        }
        let odd = if in_order(event) && !content.sighted.once() {
            self.judge_models(&mut content.values, &slots, event)
        } else {
            None
        };
        Judged { unseen, odd }
    }

    /// The least usual value by the models of the slots.
    fn judge_models(
        &mut self,
        models: &mut Vec<ValueModel>,
        slots: &template::Slots,
        event: &Event,
    ) -> Option<OddValue> {
        if models.len() < slots.len() {
            models.reserve_exact(slots.len() - models.len());
            models.resize_with(slots.len(), ValueModel::default);
        }
        let mut odd: Option<OddValue> = None;
        let mut judged = 0;
        let (config, matters) = (self.values, self.score_min);
        let at = event.effective_time;
        template::each_text(slots, event, &mut self.scan, |index, slot, text| {
            let value = Value::hashed(slot.value, text);
            let Some(score) = models[index].observe(&config, at, &value) else { return };
            judged += 1;
            if odd.as_ref().is_none_or(|odd| score.surprise > odd.nats) {
                let told =
                    if score.surprise >= matters { shorten(text, TOLD_MAX) } else { "".into() };
                let slot = slot.index;
                odd = Some(OddValue { slot, text: told.into(), score, nats: score.surprise });
            }
        });
        let mut odd = odd?;
        odd.nats = (odd.nats - libm::log(f64::from(judged))).max(0.0);
        let peer = &event.source.source_type;
        let first = || Partial::of(Detector::Values, peer).with_score(odd.nats);
        let key = Detector::Values.key(hash::text(peer));
        self.partials.add_with(key, event.effective_time, |part| part.add_score(odd.nats), first);
        Some(odd)
    }

    /// The event as the detectors behind see it.
    fn moment(&self, template: u64, text: &Arc<str>, event: &Arc<Event>, judged: Judged) -> Moment {
        Moment {
            lead: lead(template, text, event),
            value: judged.odd,
            unseen: (judged.unseen < 1.0).then_some(judged.unseen),
            content: None,
            after: [0; 2],
            order: None,
        }
    }
}

/// Whether an event came in order and is not our own: the others are not judged with those around
/// them.
fn in_order(event: &Event) -> bool {
    !(event.flags.has(Flags::LATE) || event.flags.has(Flags::OWN))
}

fn lead(template: u64, text: &Arc<str>, event: &Arc<Event>) -> Lead {
    Lead { event: event.clone(), template: text.clone(), subject: Subject::Template(template) }
}

/// A never-seen value as a finding.
fn new_value(lead: &Lead, now: Ns, value: &str, new: &NewValue) -> Finding {
    Finding {
        template: lead.subject.template(),
        host: lead.host(),
        place: Box::new(place(&lead.event, &lead.template, Level::Event)),
        ..Finding::alone(crate::words::new_value(lead, now, value, new))
    }
}
