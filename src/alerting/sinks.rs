//! One bounded queue and one thread in front of all sinks.
//!
//! Offering an alert costs one push; it never waits. When the queue is full the alert is dropped
//! for the sinks, counted, and said once a minute; the API still has it. A sink that fails is
//! counted and said once a minute, and the others go on.

use seerflow_model::{Alert, Severity};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Alerts that may wait for slow sinks. An alert is a few KiB, so this is tens of MiB at worst.
pub const QUEUE_MAX: usize = 10_000;
/// Shortest time between two log lines about the same failure.
const SAY_EVERY: Duration = Duration::from_secs(60);

/// Where alerts can go. Called from one thread only.
pub trait Sink: Send {
    /// Name in log lines and metrics.
    fn name(&self) -> &'static str;
    /// Least severity that it takes.
    fn min_severity(&self) -> Severity;
    /// Whether it shows what is not ordered yet.
    fn takes_notices(&self) -> bool {
        false
    }
    /// Writes one alert.
    fn write(&mut self, alert: &Alert) -> io::Result<()>;
}

/// What became of alerts, as counters that only grow.
#[derive(Debug, Default)]
pub struct Counters {
    /// Alerts that a sink wrote.
    pub written: AtomicU64,
    /// Alerts that a sink failed to write.
    pub failed: AtomicU64,
    /// Alerts that found the queue full.
    pub dropped: AtomicU64,
    /// Whether a reader of a sink went away (`| head`): a command that only prints can stop.
    pub reader_gone: AtomicBool,
}

/// The sinks, behind their queue.
pub struct Sinks {
    queue: Option<flume::Sender<Arc<Alert>>>,
    thread: Option<JoinHandle<()>>,
    done: flume::Receiver<()>,
    counters: Arc<Counters>,
    said: std::sync::Mutex<Option<Instant>>,
}

impl Sinks {
    /// Starts the thread.
    pub fn start(sinks: Vec<Box<dyn Sink>>) -> io::Result<Sinks> {
        Sinks::with_queue(sinks, QUEUE_MAX)
    }

    fn with_queue(mut sinks: Vec<Box<dyn Sink>>, capacity: usize) -> io::Result<Sinks> {
        let (queue, waiting) = flume::bounded::<Arc<Alert>>(capacity);
        let (finished, done) = flume::bounded(1);
        let counters = Arc::new(Counters::default());
        let counted = counters.clone();
        let thread = std::thread::Builder::new().name("alerts".into()).spawn(move || {
            let mut said = vec![None; sinks.len()];
            for alert in waiting.iter() {
                for (sink, said) in sinks.iter_mut().zip(&mut said) {
                    deliver(sink.as_mut(), &alert, &counted, said);
                }
            }
            // Nobody may be waiting any more: then there is nobody to tell.
            let _ = finished.send(());
        })?;
        let said = std::sync::Mutex::new(None);
        Ok(Sinks { queue: Some(queue), thread: Some(thread), done, counters, said })
    }

    /// Hands an alert over. Never waits; `false` when the queue was full.
    pub fn offer(&self, alert: Arc<Alert>) -> bool {
        let full = self.queue.as_ref().is_none_or(|queue| queue.try_send(alert).is_err());
        if full {
            let dropped = self.counters.dropped.fetch_add(1, Ordering::Relaxed) + 1;
            let mut said = self.said.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
            if due(&mut said) {
                tracing::warn!(dropped, "alert sinks are too slow, alerts are dropped for them");
            }
        }
        !full
    }

    /// What became of alerts so far.
    pub fn counters(&self) -> Arc<Counters> {
        self.counters.clone()
    }

    /// Writes what waits and ends the thread; `false` when that took longer than allowed.
    pub fn finish(mut self, timeout: Duration) -> bool {
        self.queue = None;
        let finished = self.done.recv_timeout(timeout).is_ok();
        if let Some(thread) = self.thread.take().filter(|_| finished) {
            // The thread has sent its last word; a panic in a sink was reported by its hook.
            let _ = thread.join();
        }
        finished
    }
}

fn deliver(sink: &mut dyn Sink, alert: &Alert, counters: &Counters, said: &mut Option<Instant>) {
    if alert.severity < sink.min_severity() || alert.provisional && !sink.takes_notices() {
        return;
    }
    match sink.write(alert) {
        Ok(()) => {
            counters.written.fetch_add(1, Ordering::Relaxed);
        }
        Err(error) => {
            if error.kind() == io::ErrorKind::BrokenPipe {
                counters.reader_gone.store(true, Ordering::Relaxed);
            }
            let failed = counters.failed.fetch_add(1, Ordering::Relaxed) + 1;
            if due(said) {
                tracing::error!(sink = sink.name(), %error, failed, "cannot write an alert");
            }
        }
    }
}

/// Whether what goes wrong again and again is to be said again now.
pub(crate) fn due(said: &mut Option<Instant>) -> bool {
    let now = Instant::now();
    let due = said.is_none_or(|at| now.duration_since(at) >= SAY_EVERY);
    if due {
        *said = Some(now);
    }
    due
}

#[cfg(test)]
mod tests {
    use super::super::samples::alert;
    use super::*;
    use std::sync::Mutex;

    struct Recorder {
        seen: Arc<Mutex<Vec<String>>>,
        least: Severity,
        fails: bool,
        gate: Option<flume::Receiver<()>>,
    }

    impl Sink for Recorder {
        fn name(&self) -> &'static str {
            "recorder"
        }

        fn min_severity(&self) -> Severity {
            self.least
        }

        fn write(&mut self, alert: &Alert) -> io::Result<()> {
            if let Some(gate) = &self.gate {
                let _ = gate.recv();
            }
            if self.fails {
                return Err(io::Error::other("full"));
            }
            self.seen.lock().unwrap().push(alert.alert_id.clone());
            Ok(())
        }
    }

    fn recorder() -> (Recorder, Arc<Mutex<Vec<String>>>) {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let recorder =
            Recorder { seen: seen.clone(), least: Severity::Trace, fails: false, gate: None };
        (recorder, seen)
    }

    const LONG: Duration = Duration::from_secs(30);

    #[test]
    fn all_get_all_in_order_and_one_failure_stops_no_other() {
        let (first, seen) = recorder();
        let (mut broken, _) = recorder();
        broken.fails = true;
        let (mut picky, picked) = recorder();
        picky.least = Severity::Critical;
        let all: Vec<Box<dyn Sink>> = vec![Box::new(broken), Box::new(first), Box::new(picky)];
        let sinks = Sinks::start(all).unwrap();
        let counters = sinks.counters();
        for n in 0..100 {
            assert!(sinks.offer(Arc::new(alert(&n.to_string()))));
        }
        assert!(sinks.finish(LONG));
        assert_eq!(*seen.lock().unwrap(), (0..100).map(|n| n.to_string()).collect::<Vec<_>>());
        assert!(picked.lock().unwrap().is_empty());
        assert_eq!(counters.failed.load(Ordering::Relaxed), 100);
        assert_eq!(counters.written.load(Ordering::Relaxed), 100);
    }

    #[test]
    fn a_stuck_sink_never_holds_up_the_engine() {
        let (mut stuck, seen) = recorder();
        let (open, gate) = flume::unbounded();
        stuck.gate = Some(gate);
        let sinks = Sinks::with_queue(vec![Box::new(stuck)], 4).unwrap();
        let counters = sinks.counters();
        let taken = (0..100).filter(|n| sinks.offer(Arc::new(alert(&n.to_string())))).count();
        assert!((4..=5).contains(&taken), "{taken}");
        assert_eq!(counters.dropped.load(Ordering::Relaxed), 100 - taken as u64);
        drop(open);
        assert!(sinks.finish(LONG));
        assert_eq!(seen.lock().unwrap().len(), taken);
    }

    #[test]
    fn finishing_does_not_wait_for_ever() {
        let (mut stuck, _) = recorder();
        let (_open, gate) = flume::unbounded();
        stuck.gate = Some(gate);
        let sinks = Sinks::start(vec![Box::new(stuck)]).unwrap();
        sinks.offer(Arc::new(alert("a")));
        assert!(!sinks.finish(Duration::from_millis(10)));
    }
}
