//! The alerts that are open and the last ones that were closed, for the API.
//!
//! An alert enters with its first revision and is replaced by later ones; an older revision that
//! comes late changes nothing. Bounded: beyond the limits the oldest go, closed ones first.
//! Cost: O(1) to enter, one pass over the book to list.

use seerflow_model::time::Ns;
use seerflow_model::{Alert, AlertStatus, Severity};
use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard};

/// Closed alerts that are remembered.
pub const CLOSED_MAX: usize = 1_000;
/// Open alerts that are remembered; a flood beyond it pushes out those that began first.
pub const OPEN_MAX: usize = 50_000;

/// Which alerts are wanted. What is empty or `None` fits all.
#[derive(Clone, Debug, Default)]
pub struct AlertFilter {
    /// Any of these types.
    pub types: Vec<String>,
    /// At least this severity.
    pub min_severity: Option<Severity>,
    /// Any of these states.
    pub statuses: Vec<AlertStatus>,
    /// Begun at or after.
    pub since: Option<Ns>,
    /// Begun before.
    pub until: Option<Ns>,
}

impl AlertFilter {
    /// Whether an alert is wanted.
    pub fn fits(&self, alert: &Alert) -> bool {
        (self.types.is_empty() || self.types.contains(&alert.alert_type))
            && self.min_severity.is_none_or(|least| alert.severity >= least)
            && (self.statuses.is_empty() || self.statuses.contains(&alert.status))
            && self.since.is_none_or(|since| alert.timestamp_ns >= since)
            && self.until.is_none_or(|until| alert.timestamp_ns < until)
    }
}

/// See the module head.
#[derive(Debug, Default)]
pub struct AlertBook {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    by_id: HashMap<String, Arc<Alert>>,
    /// Open alerts by start, oldest first.
    open: BTreeSet<(Ns, String)>,
    /// Closed alerts by the running number of their closing, oldest first.
    closed: BTreeSet<(u64, String)>,
    closed_at: HashMap<String, u64>,
    closings: u64,
    /// Alerts ever opened, by severity.
    opened: [u64; 7],
}

impl AlertBook {
    /// Enters a revision; `false` when it was older than the one that is there.
    pub fn upsert(&self, alert: Arc<Alert>) -> bool {
        let mut inner = self.lock();
        let known = inner.by_id.get(&alert.alert_id).cloned();
        if known.as_ref().is_some_and(|known| known.revision > alert.revision) {
            return false;
        }
        inner.count(known.as_deref(), &alert);
        if let Some(known) = known {
            inner.forget(&known);
        }
        inner.enter(alert);
        inner.shrink();
        true
    }

    /// One alert.
    pub fn get(&self, id: &str) -> Option<Arc<Alert>> {
        self.lock().by_id.get(id).cloned()
    }

    /// A page of the alerts that fit, newest first, and how many fit; pages count from 1.
    pub fn page(
        &self,
        filter: &AlertFilter,
        page: usize,
        limit: usize,
    ) -> (Vec<Arc<Alert>>, usize) {
        let mut fit: Vec<Arc<Alert>> =
            self.lock().by_id.values().filter(|alert| filter.fits(alert)).cloned().collect();
        fit.sort_by(|a, b| {
            b.timestamp_ns.cmp(&a.timestamp_ns).then_with(|| a.alert_id.cmp(&b.alert_id))
        });
        let total = fit.len();
        let skip = page.saturating_sub(1).saturating_mul(limit);
        (fit.into_iter().skip(skip).take(limit).collect(), total)
    }

    /// Alerts ever opened, by severity 0–6.
    pub fn opened_by_severity(&self) -> [u64; 7] {
        self.lock().opened
    }

    /// How many are open.
    pub fn open(&self) -> usize {
        self.lock().open.len()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Every change leaves the book whole before anything could panic.
        self.inner.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

fn is_over(alert: &Alert) -> bool {
    matches!(alert.status, AlertStatus::Closed | AlertStatus::Retracted)
}

impl Inner {
    /// An alert counts once, under its highest severity.
    fn count(&mut self, known: Option<&Alert>, alert: &Alert) {
        let severity = usize::from(alert.severity.id());
        match known {
            None => self.opened[severity] += 1,
            Some(known) if known.severity != alert.severity => {
                let before = usize::from(known.severity.id());
                self.opened[before] = self.opened[before].saturating_sub(1);
                self.opened[severity] += 1;
            }
            Some(_) => {}
        }
    }

    fn enter(&mut self, alert: Arc<Alert>) {
        let id = alert.alert_id.clone();
        if is_over(&alert) {
            self.closings += 1;
            self.closed.insert((self.closings, id.clone()));
            self.closed_at.insert(id.clone(), self.closings);
        } else {
            self.open.insert((alert.timestamp_ns, id.clone()));
        }
        self.by_id.insert(id, alert);
    }

    fn forget(&mut self, alert: &Alert) {
        let id = &alert.alert_id;
        self.open.remove(&(alert.timestamp_ns, id.clone()));
        if let Some(number) = self.closed_at.remove(id) {
            self.closed.remove(&(number, id.clone()));
        }
        self.by_id.remove(id);
    }

    fn shrink(&mut self) {
        while self.closed.len() > CLOSED_MAX
            && let Some((_, id)) = self.closed.pop_first()
        {
            self.closed_at.remove(&id);
            self.by_id.remove(&id);
        }
        while self.open.len() > OPEN_MAX
            && let Some((_, id)) = self.open.pop_first()
        {
            self.by_id.remove(&id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::{START, alert};
    use super::*;

    fn revision(id: &str, revision: u32, status: AlertStatus) -> Arc<Alert> {
        Arc::new(Alert { revision, status, ..alert(id) })
    }

    #[test]
    fn later_revisions_replace_earlier_ones() {
        let book = AlertBook::default();
        assert!(book.upsert(revision("a", 0, AlertStatus::Open)));
        assert!(book.upsert(revision("a", 2, AlertStatus::Closed)));
        assert!(!book.upsert(revision("a", 1, AlertStatus::Updated)));
        assert_eq!(book.get("a").unwrap().status, AlertStatus::Closed);
        assert_eq!((book.open(), book.opened_by_severity()[4]), (0, 1));
        assert!(book.get("b").is_none());
        let mut worse = alert("a");
        (worse.revision, worse.severity) = (3, Severity::Fatal);
        book.upsert(Arc::new(worse));
        assert_eq!(book.opened_by_severity(), [0, 0, 0, 0, 0, 0, 1]);
        assert_eq!(book.open(), 1);
    }

    #[test]
    fn pages_are_newest_first_and_filtered() {
        let book = AlertBook::default();
        for n in 0..25u64 {
            let mut alert = alert(&format!("{n:02}"));
            alert.timestamp_ns = START + n;
            alert.severity = if n % 2 == 0 { Severity::Error } else { Severity::Notice };
            book.upsert(Arc::new(alert));
        }
        let ids = |filter: &AlertFilter, page, limit| {
            let (alerts, total) = book.page(filter, page, limit);
            (alerts.iter().map(|a| a.alert_id.clone()).collect::<Vec<_>>().join(" "), total)
        };
        let all = AlertFilter::default();
        assert_eq!(ids(&all, 1, 3), ("24 23 22".into(), 25));
        assert_eq!(ids(&all, 9, 3), ("00".into(), 25));
        assert_eq!(ids(&all, 10, 3), (String::new(), 25));
        assert_eq!(ids(&all, usize::MAX, 1000).1, 25);
        let bad = AlertFilter { min_severity: Some(Severity::Error), ..AlertFilter::default() };
        assert_eq!(ids(&bad, 1, 2), ("24 22".into(), 13));
        let range = AlertFilter { since: Some(START + 3), until: Some(START + 5), ..all.clone() };
        assert_eq!(ids(&range, 1, 9), ("04 03".into(), 2));
        let types = AlertFilter { types: vec!["sigma".into()], ..all.clone() };
        assert_eq!(ids(&types, 1, 9).1, 0);
        let closed = AlertFilter { statuses: vec![AlertStatus::Closed], ..all };
        assert_eq!(ids(&closed, 1, 9).1, 0);
    }

    #[test]
    fn only_the_last_closed_are_kept_and_all_open() {
        let book = AlertBook::default();
        book.upsert(revision("open", 0, AlertStatus::Open));
        for n in 0..CLOSED_MAX + 10 {
            book.upsert(revision(&format!("c{n}"), 0, AlertStatus::Closed));
        }
        let (_, total) = book.page(&AlertFilter::default(), 1, 1);
        assert_eq!(total, CLOSED_MAX + 1);
        assert!(book.get("c9").is_none() && book.get("c10").is_some());
        assert!(book.get("open").is_some());
        // Closing again must not keep an old place.
        book.upsert(revision("c10", 1, AlertStatus::Closed));
        book.upsert(revision("new", 0, AlertStatus::Closed));
        assert!(book.get("c10").is_some() && book.get("c11").is_none());
    }
}
