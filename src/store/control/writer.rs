//! The bounded queue between the engine's alerts and the store.
//!
//! A thread takes what waits and stores it in one transaction: after [`BATCH_WAIT`] at the latest,
//! or when there are [`BATCH_MAX`] revisions. So a flood costs a few commits a second, and a lone
//! alert is stored a tenth of a second after it was raised. At the end all that waits is stored
//! before [`StateWriter::finish`] returns.
//!
//! When the store refuses (a full disk), the batch is kept and tried again each second; meanwhile
//! the queue fills. Whoever pushes waits [`PUSH_WAIT`] for room, then the revision is lost for the
//! store, counted and said once a minute; people have been told of it all the same. Storing is
//! idempotent, so a batch that was tried twice is there once.

use super::{AlertWrite, PutCounts, StateStore};
use crate::alerting::sinks::due;
use crate::runtime::clock::Clock;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Revisions that may wait; a few KiB each.
pub const QUEUE_MAX: usize = 10_000;
/// Most revisions of one transaction.
pub const BATCH_MAX: usize = 512;
/// How long a revision waits for others.
pub const BATCH_WAIT: Duration = Duration::from_millis(100);
/// How long a full queue is waited for.
pub const PUSH_WAIT: Duration = Duration::from_secs(5);
/// Time between two tries to store a batch.
const RETRY_EVERY: Duration = Duration::from_secs(1);
/// Tries that a batch has left when the program stops.
const LAST_TRIES: u32 = 3;

/// What became of alerts, as counters that only grow.
#[derive(Debug, Default)]
pub struct WriterCounters {
    /// Revisions stored.
    pub stored: AtomicU64,
    /// Revisions that were there already.
    pub unchanged: AtomicU64,
    /// Revisions that were not stored: beyond a limit, or because the store refused for too long.
    pub lost: AtomicU64,
    /// Whether the store refused the last time.
    pub failing: AtomicBool,
}

/// See the module head.
pub struct StateWriter {
    queue: Option<flume::Sender<AlertWrite>>,
    thread: Option<JoinHandle<()>>,
    done: flume::Receiver<()>,
    counters: Arc<WriterCounters>,
    said: Mutex<Option<Instant>>,
    push_wait: Duration,
}

impl StateWriter {
    /// Starts the thread.
    pub fn start(store: Arc<dyn StateStore>, clock: Clock) -> io::Result<StateWriter> {
        StateWriter::with_limits(store, clock, QUEUE_MAX, PUSH_WAIT)
    }

    fn with_limits(
        store: Arc<dyn StateStore>,
        clock: Clock,
        capacity: usize,
        push_wait: Duration,
    ) -> io::Result<StateWriter> {
        let (queue, waiting) = flume::bounded(capacity);
        let (finished, done) = flume::bounded(1);
        let counters = Arc::new(WriterCounters::default());
        let worker = Worker { store, clock, waiting, counters: counters.clone(), said: None };
        let thread = std::thread::Builder::new().name("state".into()).spawn(move || {
            worker.run();
            // Nobody may be waiting any more: then there is nobody to tell.
            let _ = finished.send(());
        })?;
        let (queue, thread, said) = (Some(queue), Some(thread), Mutex::default());
        Ok(StateWriter { queue, thread, done, counters, said, push_wait })
    }

    /// Hands a revision over; waits while the queue is full, but not for ever. `false` when it is
    /// lost for the store.
    pub fn push(&self, write: AlertWrite) -> bool {
        let sent = match &self.queue {
            Some(queue) => queue.send_timeout(write, self.push_wait).is_ok(),
            None => false,
        };
        if !sent {
            let lost = self.counters.lost.fetch_add(1, Ordering::Relaxed) + 1;
            let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
            if due(&mut said) {
                tracing::error!(lost, "alerts cannot be stored, their queue is full");
            }
        }
        sent
    }

    /// What became of alerts so far.
    pub fn counters(&self) -> Arc<WriterCounters> {
        self.counters.clone()
    }

    /// Stores what waits and ends the thread; `false` when that took longer than allowed.
    pub fn finish(mut self, timeout: Duration) -> bool {
        self.queue = None;
        let finished = self.done.recv_timeout(timeout).is_ok();
        if let Some(thread) = self.thread.take().filter(|_| finished) {
            // The thread has sent its last word.
            let _ = thread.join();
        }
        finished
    }
}

struct Worker {
    store: Arc<dyn StateStore>,
    clock: Clock,
    waiting: flume::Receiver<AlertWrite>,
    counters: Arc<WriterCounters>,
    said: Option<Instant>,
}

impl Worker {
    fn run(mut self) {
        while let Ok(first) = self.waiting.recv() {
            let mut batch = vec![first];
            let until = Instant::now() + BATCH_WAIT;
            while batch.len() < BATCH_MAX
                && let Ok(next) = self.waiting.recv_deadline(until)
            {
                batch.push(next);
            }
            self.store_batch(&batch);
        }
    }

    fn store_batch(&mut self, batch: &[AlertWrite]) {
        let mut tries = 0;
        loop {
            match self.store.put_alerts(batch, self.clock.now()) {
                Ok(counts) => return self.count(counts),
                Err(error) => {
                    self.counters.failing.store(true, Ordering::Release);
                    if due(&mut self.said) {
                        tracing::error!(%error, "cannot store alerts, trying again");
                    }
                }
            }
            // Without anybody who pushes the program is stopping.
            tries += u32::from(self.waiting.is_disconnected());
            if tries >= LAST_TRIES {
                self.counters.lost.fetch_add(batch.len() as u64, Ordering::Relaxed);
                return;
            }
            std::thread::sleep(RETRY_EVERY);
        }
    }

    fn count(&self, counts: PutCounts) {
        self.counters.failing.store(false, Ordering::Release);
        self.counters.stored.fetch_add(counts.added + counts.updated, Ordering::Relaxed);
        self.counters.unchanged.fetch_add(counts.unchanged, Ordering::Relaxed);
        self.counters.lost.fetch_add(counts.refused, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::super::{AlertQuery, PageRequest, SqliteStore};
    use super::*;
    use crate::alerting::samples::{START, alert};
    use std::path::Path;

    const LONG: Duration = Duration::from_secs(30);

    fn open(path: &Path) -> Arc<SqliteStore> {
        Arc::new(SqliteStore::open(path).unwrap())
    }

    fn write(id: usize) -> AlertWrite {
        AlertWrite::of(Arc::new(alert(&id.to_string())))
    }

    fn total(store: &SqliteStore) -> u64 {
        store.alerts(&AlertQuery::default(), &PageRequest::page(1, 1)).unwrap().total
    }

    #[test]
    fn nothing_is_lost_at_the_end() {
        let dir = tempfile::tempdir().unwrap();
        let store = open(&dir.path().join("a.db"));
        let (clock, _) = Clock::manual(START);
        let writer = StateWriter::start(store.clone(), clock).unwrap();
        let counters = writer.counters();
        let count = 2 * BATCH_MAX + 17;
        assert!((0..count).all(|n| writer.push(write(n))));
        writer.push(write(3));
        assert!(writer.finish(LONG));
        assert_eq!(total(&store), count as u64);
        assert_eq!(counters.stored.load(Ordering::Relaxed), count as u64);
        assert_eq!(counters.unchanged.load(Ordering::Relaxed), 1);
        assert_eq!(store.alert("5").unwrap().unwrap().stored, START);
    }

    #[test]
    fn a_lone_alert_is_stored_soon() {
        let dir = tempfile::tempdir().unwrap();
        let store = open(&dir.path().join("a.db"));
        let writer = StateWriter::start(store.clone(), Clock::system()).unwrap();
        writer.push(write(1));
        let begun = Instant::now();
        while total(&store) == 0 && begun.elapsed() < LONG {
            std::thread::sleep(Duration::from_millis(5));
        }
        assert_eq!(total(&store), 1);
        assert!(writer.finish(LONG));
    }

    #[test]
    fn a_store_that_refuses_is_asked_again() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.db");
        let store = open(&path);
        let hold = rusqlite::Connection::open(&path).unwrap();
        hold.execute_batch("ALTER TABLE alert_revisions RENAME TO hidden").unwrap();
        let few = Duration::from_millis(10);
        let writer = StateWriter::with_limits(store.clone(), Clock::system(), 2, few).unwrap();
        let counters = writer.counters();
        writer.push(write(0));
        let begun = Instant::now();
        while !counters.failing.load(Ordering::Acquire) && begun.elapsed() < LONG {
            std::thread::sleep(Duration::from_millis(5));
        }
        let taken = (1..10).filter(|n| writer.push(write(*n))).count();
        assert!((2..=3).contains(&taken), "{taken}");
        assert_eq!(counters.lost.load(Ordering::Relaxed), 9 - taken as u64);
        hold.execute_batch("ALTER TABLE hidden RENAME TO alert_revisions").unwrap();
        assert!(writer.finish(LONG));
        assert_eq!(total(&store), 1 + taken as u64);
        assert!(!counters.failing.load(Ordering::Acquire));
    }
}
