//! Stories: what rules say of one event is told as one thing.
//!
//! An event may match rules that alert by themselves and make correlations of it hold or go on.
//! Then the single matches are evidence in the alert of the correlation, not alerts of their own.
//! Everything that rules say of one event has the order of that event, so it meets here, an instant
//! later, before it goes to its episode. What a timer has found passes through.
//!
//! Cost: one short-lived state per event that a rule alerts about.

use super::episodes::key_of;
use super::stage;
use crate::finding::{By, Finding, Phase};
use crate::keyed::{Ctx, Fold};
use seerflow_model::Order;
use seerflow_model::hash;
use serde::{Deserialize, Serialize};

/// Things said of one event that are looked at together; the rest goes on by itself.
const PENDING_MAX: usize = 256;

/// What rules say of an event.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Said {
    /// A rule, or a correlation, has found something.
    Finding(Box<Finding>),
    /// The event belongs to what a correlation has found before: its alert and rule.
    Part(Box<Part>),
}

/// An alert that an event belongs to.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Part {
    /// The correlation.
    pub by: By,
    /// The episode in words.
    pub episode: String,
}

/// What was said of an event so far.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Story(Vec<Said>);

/// The fold; key = [`key`] of the event.
pub struct Stories;

/// The event that something is said of.
pub fn key(order: &Order) -> u64 {
    hash::pair(order.source, order.seq)
}

impl Fold for Stories {
    type In = Said;
    type Out = Finding;
    type State = Story;
    const NAME: &'static str = "stories";
    const STAGE: u16 = stage::STORIES;
    const GROUP_KEYS_MAX: usize = 4_096;

    fn fresh(&mut self, _key: u64) -> Story {
        Story::default()
    }

    fn apply(&mut self, _key: u64, story: &mut Story, said: Said, ctx: &mut Ctx<Finding>) {
        let timer = (ctx.order.source, ctx.order.seq) == (0, 0);
        match said {
            Said::Finding(finding) if timer || story.0.len() >= PENDING_MAX => {
                ctx.emit(key_of(&finding), *finding);
            }
            said => {
                story.0.push(said);
                ctx.set_timer(ctx.now() + 1);
            }
        }
    }

    fn fire(&mut self, _key: u64, story: &mut Story, ctx: &mut Ctx<Finding>) {
        tell(std::mem::take(&mut story.0), ctx);
    }

    fn end(&mut self, _key: u64, story: &mut Story, ctx: &mut Ctx<Finding>) {
        tell(std::mem::take(&mut story.0), ctx);
    }

    fn pinned(story: &Story) -> bool {
        !story.0.is_empty()
    }
}

/// Tells a story: single matches go into the alert of the worst correlation.
fn tell(story: Vec<Said>, ctx: &mut Ctx<Finding>) {
    let (mut single, mut related, mut parts) = (Vec::new(), Vec::new(), Vec::new());
    for said in story {
        match said {
            Said::Part(part) => parts.push(*part),
            Said::Finding(finding) if finding.by.as_ref().is_some_and(By::is_single) => {
                single.push(*finding);
            }
            Said::Finding(finding) => related.push(*finding),
        }
    }
    let worst = |finding: &&mut Finding| finding.lead.severity;
    // Of equals the first, so that the order of rules decides and nothing else.
    let leads = related.iter_mut().rev().max_by_key(worst);
    match (leads, parts.first()) {
        (Some(lead), _) => single.into_iter().for_each(|finding| lead.absorb(finding)),
        (None, Some(part)) => {
            related.extend(single.into_iter().map(|mut finding| {
                // The correlation counts its events itself.
                finding.lead.event_count = 0;
                finding.lead.episode.clone_from(&part.episode);
                finding.by = Some(By { phase: Phase::Grows, ..part.by.clone() });
                finding
            }));
        }
        (None, None) => related.extend(single),
    }
    for finding in related {
        ctx.emit(key_of(&finding), finding);
    }
}
