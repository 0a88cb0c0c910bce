//! Content as a whole, by namespace: half-space trees over what is fixed about an event.
//!
//! One state per namespace (source type and program): what is usual for `sshd` is not for `cron`.
//! It knows how often each template came and when the event before it was. Late events do not come
//! here. Cost: one pass of the trees, about 0.8 µs.

use super::calibrate::Partial;
use super::stage;
use crate::combine::{Combiner, Sum};
use crate::detector::Detector;
use crate::env::Gap;
use crate::keyed::{Ctx, Fold, KeyMap};
use crate::moment::{Moment, peer, walk_of};
use crate::rec::Rec;
use crate::settings::Settings;
use seerflow_detection::halfspace::{Content, ContentConfig};
use seerflow_model::Ns;
use seerflow_model::time::QUANTUM;
use serde::{Deserialize, Serialize};

/// Templates of a namespace whose counts are kept.
const TEMPLATES_MAX: usize = 4_096;
/// Events at which counts are halved, so that what was usual once does not stay so.
const HALVE_AT: u64 = 1 << 20;

/// State of one namespace.
#[derive(Serialize, Deserialize)]
pub struct NamespaceState {
    content: Content,
    last: Ns,
    templates: KeyMap<u32>,
    events: u64,
}

impl NamespaceState {
    /// Counts an event of a template; how many of it and of all came before.
    fn count(&mut self, template: u64) -> (u64, u64) {
        let entry = self.templates.entry(template).or_insert(0);
        let before = (u64::from(*entry), self.events);
        *entry = entry.saturating_add(1);
        self.events += 1;
        while self.templates.len() > TEMPLATES_MAX || self.events >= HALVE_AT {
            self.templates.values_mut().for_each(|count| *count /= 2);
            self.templates.retain(|_, count| *count > 0);
            self.events = self.templates.values().map(|count| u64::from(*count)).sum();
        }
        before
    }
}

/// What leaves the fold.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum ContentOut {
    /// The event goes on.
    Moment(Box<Moment>),
    /// Scores for calibration.
    Partial(Sum<Partial>),
}

/// The fold; key = namespace.
pub struct ContentFold {
    /// How content is judged.
    config: ContentConfig,
    partials: Combiner<Partial>,
}

impl ContentFold {
    /// For one worker.
    pub fn new(settings: &Settings) -> ContentFold {
        ContentFold { config: settings.content, partials: Combiner::new(QUANTUM) }
    }
}

impl Fold for ContentFold {
    type In = Box<Moment>;
    type Out = ContentOut;
    type State = NamespaceState;
    const NAME: &'static str = "content";
    const STAGE: u16 = stage::CONTENT;
    const GROUP_KEYS_MAX: usize = 16;

    fn fresh(&mut self, key: u64) -> NamespaceState {
        NamespaceState {
            content: Content::new(key),
            last: 0,
            templates: KeyMap::default(),
            events: 0,
        }
    }

    fn apply(
        &mut self,
        _key: u64,
        state: &mut NamespaceState,
        mut moment: Box<Moment>,
        ctx: &mut Ctx<ContentOut>,
    ) {
        let now = ctx.now();
        let mut observation = moment.observation();
        observation.gap_ns = if state.last == 0 { 0 } else { now.saturating_sub(state.last) };
        observation.template_seen = state.count(moment.template());
        state.last = now;
        moment.content = state.content.observe(&self.config, now, &observation);
        if let Some(content) = moment.content {
            let event = moment.event();
            let first = || Partial::of(Detector::Trees, &event.source.source_type);
            let add = |partial: &mut Partial| partial.add_score(content.surprise);
            let key = Detector::Trees.key(peer(event));
            self.partials.add_with(key, now, add, || first().with_score(content.surprise));
        }
        let key = walk_of(moment.event());
        ctx.emit(key, ContentOut::Moment(moment));
    }

    /// The time since the event before is counted without the gap.
    fn resume(&mut self, state: &mut NamespaceState, _due: &mut Option<Ns>, gap: Gap) {
        if state.last > 0 {
            state.last = state.last.saturating_add(gap.length());
        }
    }

    fn flush(&mut self, from: Ns, out: &mut Vec<Rec<ContentOut>>) {
        self.partials.flush_to(from, out, |sum| sum.key, ContentOut::Partial);
    }

    fn weight(_input: &Box<Moment>) -> usize {
        size_of::<Moment>()
    }
}
