//! Guidance: what people say to the engine, as records of the dataflow.
//!
//! A verdict on an alert and a mark are stamped like lines and take their place in the total order,
//! so that the same records and the same guidance give the same alerts, whatever the number of
//! workers. They come in beside the candidates for the alert budget, which is where they count, and
//! never hold anything back: the operator keeps one capability, on one worker of the process, and
//! lowers it to the frontier of the candidates each time that moves.
//!
//! The edge stamps under the lock under which the operator takes: a stamp is never below what the
//! operator has promised, and nobody has to know how far the dataflow is. When the input has ended,
//! nothing is taken any more.
//!
//! Cost: one lock each time the frontier moves; nothing per record.

use crate::finding::Finding;
use crate::rec::{Rec, Time};
use seerflow_detection::feedback::Word;
use seerflow_detection::marks::{MarkKind, Scope};
use seerflow_model::time::{MAX_NS, MILLISECOND};
use seerflow_model::{Evidence, Ns, Order, hash};
use serde::{Deserialize, Serialize};
use std::sync::{Mutex, MutexGuard, PoisonError};
use timely::container::CapacityContainerBuilder;
use timely::dataflow::StreamVec;
use timely::dataflow::channels::pact::Pipeline;
use timely::dataflow::operators::generic::Operator;

/// Guidance that may wait to be taken.
pub const WAITING_MAX: usize = 65_536;

/// A time in which change is expected somewhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// Its id.
    pub id: u128,
    /// What is going on.
    pub kind: MarkKind,
    /// Where.
    pub scope: Scope,
    /// From when.
    pub from: Ns,
    /// Until when; this instant is no part of it.
    pub until: Ns,
}

impl Mark {
    fn at(&self, instant: Ns) -> bool {
        self.from <= instant && instant < self.until
    }

    /// Whether it accounts for evidence, by kind and time. What counts a bucket is of all of its
    /// time; a shift is of the time since which the level is another one, too. A silence only while
    /// the mark is in force: one that goes on after it is told then.
    pub fn accounts_for(&self, evidence: &Evidence) -> bool {
        let (about, now) = (evidence.about, evidence.effective);
        self.kind.holds(&evidence.kind)
            && match evidence.kind.as_str() {
                "silence" => self.at(now),
                "burst" | "drop" => about < self.until && self.from < now,
                _ => self.at(about) || self.at(now),
            }
    }
}

/// What people say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Guidance {
    /// A verdict on an alert; a later one replaces it.
    Verdict {
        /// The alert.
        alert: u128,
        /// What it was about, by [`subject`].
        subject: u64,
        /// Whether it was right.
        word: Word,
        /// How long the verdict counts.
        lasts: Ns,
    },
    /// Change is expected. One with the same id replaces an earlier one.
    Mark(Mark),
    /// A mark ends now.
    End {
        /// Its id.
        mark: u128,
    },
}

/// What a verdict is about: the rule (which is of one channel), the template where the episode names
/// one, and the type of the entity. Made of what both evidence and alerts carry.
pub fn subject(rule: &str, episode: &str, entity: &str) -> u64 {
    let head = episode.split('/').next().unwrap_or_default();
    let template = match rule {
        "never-seen-value" | "odd-content" | "odd-value" | "odd-order" => head,
        _ if head.starts_with("template:") => head,
        _ => "",
    };
    hash::pair(hash::text(rule), hash::pair(hash::text(template), hash::text(entity)))
}

/// As [`subject`], of a finding: its first entity is that of the alert which it opens.
pub fn subject_of(finding: &Finding) -> u64 {
    let all = std::iter::once(&finding.lead).chain(&finding.also);
    let entity = all.flat_map(|evidence| &evidence.entities).next();
    let entity = entity.map_or("", |entity| entity.kind.name());
    subject(&finding.lead.rule, &finding.lead.episode, entity)
}

/// Why guidance was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The engine is at its end.
    #[error("the engine has stopped")]
    Stopped,
    /// Too much waits already.
    #[error("too much guidance waits to be taken")]
    Full,
}

/// Where the edge leaves guidance for the dataflow of its process.
#[derive(Debug, Default)]
pub struct Desk(Mutex<Waiting>);

#[derive(Debug, Default)]
struct Waiting {
    /// What the operator has promised.
    floor: Ns,
    seq: u64,
    ended: bool,
    all: Vec<(Ns, u64, Guidance)>,
}

impl Desk {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Leaves guidance that takes effect at `at`, or as soon as it still can; says when.
    pub fn leave(&self, at: Ns, guidance: Guidance) -> Result<Ns, Refused> {
        let mut waiting = self.lock();
        if waiting.ended {
            return Err(Refused::Stopped);
        }
        if waiting.all.len() >= WAITING_MAX {
            return Err(Refused::Full);
        }
        let at = at.max(waiting.floor).min(MAX_NS);
        waiting.seq += 1;
        let seq = waiting.seq;
        waiting.all.push((at, seq, guidance));
        Ok(at)
    }

    /// Takes what is there; what is left later is not below `floor` (`None`: nothing is).
    fn take(&self, floor: Option<Time>) -> Vec<(Ns, u64, Guidance)> {
        let mut waiting = self.lock();
        match floor {
            Some(floor) => waiting.floor = waiting.floor.max(floor.saturating_mul(MILLISECOND)),
            None => waiting.ended = true,
        }
        std::mem::take(&mut waiting.all)
    }
}

/// What the alert budget is given.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Guided {
    /// A candidate.
    Finding(Box<Finding>),
    /// What people say.
    Guidance(Box<Guidance>),
}

/// Joins guidance to the candidates; everything goes to the owner of `key`. `desk`: of one worker of
/// each process; `worker` numbers it over all of them.
pub fn guided<'s>(
    candidates: StreamVec<'s, Time, Rec<Finding>>,
    desk: Option<std::sync::Arc<Desk>>,
    worker: usize,
    key: u64,
) -> StreamVec<'s, Time, Rec<Guided>> {
    let source = hash::pair(hash::text("guidance"), worker as u64);
    candidates.unary_frontier::<CapacityContainerBuilder<Vec<Rec<Guided>>>, _, _, _>(
        Pipeline,
        "guide",
        move |cap, _info| {
            let mut own = desk.map(|desk| (desk, cap));
            move |(input, frontier), output| {
                input.for_each_time(|cap, data| {
                    let mut session = output.session(&cap);
                    for Rec { order, data, .. } in data.flat_map(|container| container.drain(..)) {
                        session.give(Rec { order, key, data: Guided::Finding(Box::new(data)) });
                    }
                });
                let Some((desk, cap)) = &mut own else { return };
                let floor = frontier.frontier().first().copied();
                let taken = desk.take(floor);
                if !taken.is_empty() {
                    let mut session = output.session(&*cap);
                    for (at, seq, guidance) in taken {
                        let order = Order::record(at, source, seq);
                        let data = Guided::Guidance(Box::new(guidance));
                        session.give(Rec { order, key, data });
                    }
                }
                match floor {
                    Some(floor) if floor > *cap.time() => cap.downgrade(&floor),
                    Some(_) => {}
                    None => own = None,
                }
            }
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stamps_are_not_below_what_is_promised() {
        let desk = Desk::default();
        let end = || Guidance::End { mark: 1 };
        assert_eq!(desk.leave(5, end()), Ok(5));
        assert_eq!(desk.take(Some(200)).len(), 1);
        assert_eq!(desk.leave(5, end()), Ok(200 * MILLISECOND));
        assert_eq!(desk.take(Some(100)), vec![(200 * MILLISECOND, 2, end())]);
        assert_eq!(desk.leave(Ns::MAX, end()), Ok(MAX_NS));
        assert_eq!(desk.take(None).len(), 1);
        assert_eq!(desk.leave(5, end()), Err(Refused::Stopped));
        let full = Desk::default();
        (0..WAITING_MAX).for_each(|_| assert!(full.leave(1, end()).is_ok()));
        assert_eq!(full.leave(1, end()), Err(Refused::Full));
    }

    #[test]
    fn a_verdict_is_about_rule_template_and_type_of_entity() {
        let of = |episode, entity| subject("volume-burst", episode, entity);
        assert_eq!(of("template:01/a", "ip"), of("template:01/b", "ip"));
        assert_ne!(of("template:01/a", "ip"), of("template:02/a", "ip"));
        assert_ne!(of("template:01/a", "ip"), of("template:01/a", "user"));
        assert_eq!(of("host:01", "host"), of("host:02", "host"));
        let new = |episode| subject("never-seen-message", episode, "");
        assert_eq!(new("sshd/a"), new("nginx/b"));
        assert_ne!(subject("odd-value", "0a/x", "ip"), subject("odd-value", "0b/x", "ip"));
    }
}
