//! From the engine to people and to the store.
//!
//! A thread takes each revision as it is raised, asks whether it is silenced, shows it to the book,
//! hands it to the sinks when it is not, and to the store always. The sinks come first: they never
//! wait, and a store that refuses must not keep an alert from people.

use super::sinks::Sinks;
use crate::store::control::Keeping;
use seerflow_model::{Alert, AlertStatus};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Notices shown per second.
const NOTICES: u32 = 5;

/// What the thread gives back at its end.
pub struct Ended {
    /// The sinks, in which alerts may wait.
    pub sinks: Sinks,
    /// The queue of the store, in which alerts may wait.
    pub keeping: Option<Keeping>,
}

/// Starts the thread; it ends with the channel. `seen` is told of each revision first.
pub fn start(
    alerts: flume::Receiver<Alert>,
    seen: impl Fn(Arc<Alert>) + Send + 'static,
    sinks: Sinks,
    mut keeping: Option<Keeping>,
) -> std::io::Result<JoinHandle<Ended>> {
    std::thread::Builder::new().name("pump".into()).spawn(move || {
        let (mut second, mut shown) = (Instant::now(), 0);
        for alert in alerts.iter() {
            let alert = Arc::new(alert);
            // What is not ordered yet is shown and nothing else, and not without end.
            if alert.provisional {
                if second.elapsed() >= Duration::from_secs(1) {
                    (second, shown) = (Instant::now(), 0);
                }
                shown += 1;
                if shown <= NOTICES {
                    sinks.offer(alert);
                }
                continue;
            }
            seen(alert.clone());
            // At the end of the input an open episode says once more how it stands: the book has
            // it, people have seen it.
            let news = alert.status != AlertStatus::Open || alert.revision == 1;
            let by = keeping.as_mut().filter(|_| news).and_then(|keeping| keeping.silenced(&alert));
            if news && by.is_none() {
                sinks.offer(alert.clone());
            }
            if let Some(keeping) = &keeping {
                keeping.keep(alert, by);
            }
        }
        Ended { sinks, keeping }
    })
}

#[cfg(test)]
mod tests {
    use super::super::samples::{START, alert};
    use super::super::sinks::Sink;
    use super::*;
    use crate::runtime::clock::Clock;
    use crate::store::control::{
        AlertQuery, NewSilence, PageRequest, SilenceMatch, SqliteStore, StateStore,
    };
    use seerflow_model::Severity;
    use std::io;
    use std::sync::Mutex;
    use std::sync::atomic::Ordering;

    const LONG: Duration = Duration::from_secs(30);

    struct Seen(Arc<Mutex<Vec<String>>>);

    impl Sink for Seen {
        fn name(&self) -> &'static str {
            "seen"
        }

        fn min_severity(&self) -> Severity {
            Severity::Trace
        }

        fn write(&mut self, alert: &Alert) -> io::Result<()> {
            self.0.lock().unwrap().push(format!("{}/{}", alert.alert_id, alert.revision));
            Ok(())
        }
    }

    #[test]
    fn silenced_alerts_are_stored_and_counted_but_told_to_nobody() {
        let dir = tempfile::tempdir().unwrap();
        let store = Arc::new(SqliteStore::open(&dir.path().join("a.db")).unwrap());
        let new = NewSilence {
            matching: SilenceMatch { rule: Some("silence".into()), ..SilenceMatch::default() },
            reason: "window".into(),
            created_by: "ada".into(),
            starts: START,
            ends: START + 100,
        };
        let id = store.add_silence(&new, START).unwrap().id;
        let (clock, hand) = Clock::manual(START);
        let keeping = Keeping::start(store.clone(), clock).unwrap();
        let kept = keeping.kept();
        let told = Arc::new(Mutex::new(Vec::new()));
        let sinks = Sinks::start(vec![Box::new(Seen(told.clone()))]).unwrap();
        let (send, alerts) = flume::unbounded();
        let booked = Arc::new(Mutex::new(0));
        let book = booked.clone();
        let pump = start(alerts, move |_| *book.lock().unwrap() += 1, sinks, Some(keeping));
        let of = |id: &str, rule: &str, revision, status| Alert {
            rule_name: rule.into(),
            revision,
            status,
            ..alert(id)
        };
        use AlertStatus::{Closed, Open};
        send.send(of("a", "silence", 1, Open)).unwrap();
        send.send(of("b", "volume-burst", 1, Open)).unwrap();
        // It is decided when an alert is taken: wait for that before the clock moves.
        while kept.silenced.load(Ordering::Relaxed) < 1 || *booked.lock().unwrap() < 2 {
            std::thread::sleep(Duration::from_millis(1));
        }
        hand.set(START + 100);
        send.send(of("a", "silence", 2, Closed)).unwrap();
        // How an open one stands at the end is no news.
        send.send(of("b", "volume-burst", 2, Open)).unwrap();
        drop(send);
        let ended = pump.unwrap().join().unwrap();
        assert!(ended.sinks.finish(LONG));
        assert!(ended.keeping.unwrap().finish(LONG));
        assert_eq!(*told.lock().unwrap(), ["b/1", "a/2"]);
        assert_eq!((*booked.lock().unwrap(), kept.silenced.load(Ordering::Relaxed)), (4, 1));
        let page = store.alerts(&AlertQuery::default(), &PageRequest::page(1, 9)).unwrap();
        assert_eq!(page.total, 2);
        let first = &store.alert_revisions("a").unwrap()[0];
        assert_eq!(first.silenced_by.as_deref(), Some(id.as_str()));
        assert_eq!(store.alert("b").unwrap().unwrap().alert.revision, 2);
        assert_eq!(kept.metrics()[0].value, 1.0);
    }
}
