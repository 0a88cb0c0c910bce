//! From what people say in the control store to guidance of the dataflow.
//!
//! What is stored is said to the running engine as it is stored; at the start all that still counts
//! is said again, with its own time, before any record comes.

use crate::store::control::{Mark, StateError, StateStore, Verdict};
use seerflow_detection::feedback::Word;
use seerflow_model::time::DAY;
use seerflow_model::{Alert, Ns, hash};
use seerflow_pipeline::engine::Shared;
use seerflow_pipeline::folds::guidance::{HeldBy, HeldByMarks};
use seerflow_pipeline::guide::{Desk, Guidance, Mark as Told, subject};
use std::sync::Arc;
use uuid::Uuid;

/// How long a verdict counts.
pub const VERDICT_LASTS: Ns = 90 * DAY;
/// Marks that ended so long ago are said again: what began in them may still be found.
const AFTER: Ns = DAY;

/// The way to a running engine.
#[derive(Clone)]
pub struct Guiding {
    desk: Arc<Desk>,
    held: Arc<HeldByMarks>,
}

impl Guiding {
    /// Of the engine that shares this.
    pub fn new(shared: &Shared) -> Guiding {
        Guiding { desk: shared.desk.clone(), held: shared.held_by_marks.clone() }
    }

    /// A mark was added.
    pub fn marked(&self, mark: &Mark, now: Ns) {
        leave(&self.desk, now, Guidance::Mark(told(mark)));
    }

    /// A mark was ended.
    pub fn ended(&self, mark: &Mark, now: Ns) {
        leave(&self.desk, now, Guidance::End { mark: number(&mark.id) });
    }

    /// An alert was judged.
    pub fn judged(&self, alert: &Alert, verdict: Verdict, now: Ns) {
        leave(&self.desk, now, spoken(alert, verdict));
    }

    /// What a mark held.
    pub fn held_by(&self, mark: &Mark) -> HeldBy {
        self.held.of(number(&mark.id))
    }
}

/// Says again what still counts.
pub fn restore(store: &dyn StateStore, desk: &Desk, now: Ns) -> Result<(), StateError> {
    for mark in store.marks(now.saturating_sub(AFTER))?.iter().rev() {
        leave(desk, mark.created_ns, Guidance::Mark(told(mark)));
    }
    for given in store.verdicts(now.saturating_sub(VERDICT_LASTS))? {
        leave(desk, given.at, spoken(&given.alert, given.verdict));
    }
    Ok(())
}

fn leave(desk: &Desk, at: Ns, guidance: Guidance) {
    if let Err(error) = desk.leave(at, guidance) {
        tracing::warn!(%error, "what was said is stored and counts after the next start");
    }
}

fn told(mark: &Mark) -> Told {
    Told {
        id: number(&mark.id),
        kind: mark.kind.into(),
        scope: mark.matching.clone().into(),
        from: mark.starts_ns,
        until: mark.until(),
    }
}

/// A verdict on an alert, as the engine is told.
pub fn spoken(alert: &Alert, verdict: Verdict) -> Guidance {
    let episode = alert.dedup_key.strip_prefix(&alert.rule_name);
    let episode = episode.and_then(|rest| rest.strip_prefix(':')).unwrap_or_default();
    let entity = alert.entity_type.map_or("", |kind| kind.name());
    Guidance::Verdict {
        alert: number(&alert.alert_id),
        subject: subject(&alert.rule_name, episode, entity),
        word: match verdict {
            Verdict::Tp => Word::Right,
            Verdict::Fp => Word::Wrong,
        },
        lasts: VERDICT_LASTS,
    }
}

/// An id as a number; ids that are no UUIDs come from elsewhere.
fn number(id: &str) -> u128 {
    Uuid::parse_str(id).map_or_else(|_| u128::from(hash::text(id)), |id| id.as_u128())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alerting::samples::{START, alert};
    use crate::store::control::{AlertWrite, NewFeedback, NewMark, SqliteStore};
    use crate::store::control::{MarkKind, MarkMatch};

    fn said(desk: &Desk) -> String {
        format!("{desk:?}")
    }

    #[test]
    fn what_still_counts_is_said_again_with_its_time() {
        let dir = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(&dir.path().join("a.db")).unwrap();
        let one = alert("00000000-0000-0000-0000-000000000007");
        store.put_alerts(&[AlertWrite::of(Arc::new(one.clone()))], START).unwrap();
        let verdict = |verdict| NewFeedback { verdict, note: String::new(), origin: "api".into() };
        store.record_feedback(&one.alert_id, &verdict(Verdict::Tp), START + 1).unwrap();
        store.record_feedback(&one.alert_id, &verdict(Verdict::Fp), START + 2).unwrap();
        let new = |program: &str, ends| NewMark {
            kind: MarkKind::Deploy,
            matching: MarkMatch { program: Some(program.into()), ..MarkMatch::default() },
            note: String::new(),
            created_by: "ada".into(),
            starts: START,
            ends,
        };
        let over = store.add_mark(&new("sshd", START + 9), START).unwrap();
        let mark = store.add_mark(&new("nginx", START + 3 * DAY), START + 3).unwrap();
        assert_eq!(store.marks(START + 9).unwrap(), std::slice::from_ref(&mark));
        let now = START + 2 * DAY;
        let ended = store.end_mark(&mark.id, "ada", now - 5).unwrap().unwrap();
        assert_eq!((ended.until(), ended.state(now)), (now - 5, "ended early"));
        assert_eq!(store.end_mark(&mark.id, "ada", now).unwrap(), None);
        assert_eq!(store.end_mark(&over.id, "ada", now).unwrap(), None);

        let (again, want) = (Desk::default(), Desk::default());
        restore(&store, &again, now).unwrap();
        want.leave(START + 3, Guidance::Mark(told(&ended))).unwrap();
        want.leave(START + 2, spoken(&one, Verdict::Fp)).unwrap();
        assert_eq!(said(&again), said(&want), "the last verdict, and no mark that is long over");
        let later = Desk::default();
        restore(&store, &later, START + 3 + VERDICT_LASTS).unwrap();
        assert_eq!(said(&later), said(&Desk::default()));
    }
}
