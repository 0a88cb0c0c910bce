//! Standard input, or any other stream of bytes that ends.
//!
//! A thread reads (a read cannot be interrupted), a task makes records, stamps and sends, waiting
//! for room; four chunks at most lie between them, so a fast writer is slowed. A live pipe
//! (`journalctl -f | …`) promises by the clock while the thread waits in a read and everything
//! before was handed over; a pipe read as an archive never does. At the end of the stream all that
//! waits is delivered and the port closed. When it is stopped earlier, the thread ends with the
//! read it is in.

use super::Door;
use super::batch::{accept, count_duplicates};
use super::counters::ReceiverCounters;
use super::queued::QueuedSource;
use super::settings::SourceKey;
use super::text::TextSource;
use crate::runtime::clock::Clock;
use crate::runtime::stamp::{Kind, PeerPromise, PortPromise, StampOptions, Stamper};
use seerflow_model::hash;
use seerflow_model::record::ReceiverKind;
use seerflow_model::time::{Ns, TICK};
use seerflow_pipeline::feed::Stopped;
use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::mpsc;

/// Bytes read at a time.
const CHUNK: usize = 256 * 1024;
/// Chunks between the thread and the task.
const CHUNKS: usize = 4;
/// The thread does not wait for input.
const BUSY: Ns = Ns::MAX;

/// How a pipe is read.
#[derive(Clone, Debug)]
pub struct PipeOptions {
    /// What people see: `-`, or a path.
    pub name: String,
    /// Whether the clock may promise for it.
    pub live: bool,
    /// Bytes of a line.
    pub line_max: usize,
    /// The receive time of records that need one, when the pipe is not live.
    pub modified: Ns,
}

impl Default for PipeOptions {
    fn default() -> PipeOptions {
        PipeOptions { name: "-".to_owned(), live: true, line_max: 1 << 20, modified: 0 }
    }
}

/// Reads to the end, or until it is stopped.
pub async fn run(
    reader: impl Read + Send + 'static,
    options: PipeOptions,
    door: Door,
) -> io::Result<()> {
    let (promises, end) = door.promises();
    let (tx, rx) = mpsc::channel(CHUNKS);
    let waits = Arc::new(AtomicU64::new(BUSY));
    let (clock, shared) = (door.clock.clone(), waits.clone());
    std::thread::Builder::new()
        .name("seerflow-pipe".to_owned())
        .spawn(move || read_all(reader, &clock, &shared, &tx))?;
    let mut pipe = Pipe::new(options, door, promises, waits);
    let outcome = pipe.serve(rx).await;
    end.cancel();
    pipe.door.port.close();
    match outcome {
        Ok(read) => read,
        // The engine is gone: what was lost is counted.
        Err(Stopped) => Ok(()),
    }
}

type Chunk = io::Result<Vec<u8>>;

fn read_all(mut reader: impl Read, clock: &Clock, waits: &AtomicU64, tx: &mpsc::Sender<Chunk>) {
    let mut buffer = vec![0; CHUNK];
    loop {
        waits.store(clock.now(), Ordering::Release);
        let read = reader.read(&mut buffer);
        waits.store(BUSY, Ordering::Release);
        let chunk = match read {
            Ok(0) => return,
            Ok(n) => Ok(buffer[..n].to_vec()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => Err(error),
        };
        let failed = chunk.is_err();
        if tx.blocking_send(chunk).is_err() || failed {
            return;
        }
    }
}

struct Pipe {
    door: Door,
    options: PipeOptions,
    text: TextSource,
    promises: PortPromise,
    promise: PeerPromise,
    /// Since when the thread waits for input.
    waits: Arc<AtomicU64>,
}

enum Next {
    Chunk(Option<Chunk>),
    Tick,
    Stop,
}

impl Pipe {
    fn new(options: PipeOptions, door: Door, promises: PortPromise, waits: Arc<AtomicU64>) -> Pipe {
        let now = door.clock.now();
        let key = SourceKey {
            receiver: ReceiverKind::Stdin,
            listener: &options.name,
            peer: None,
            path: None,
            head: None,
            modified: (!options.live).then_some(options.modified),
            now,
        };
        let settings = door.rules.settle(&key);
        let promise = promises.register(settings.lateness);
        let stamper = Stamper::new(StampOptions {
            lateness: settings.lateness,
            max_future: settings.max_future,
            kind: if options.live { Kind::File } else { Kind::Pipe },
            start_promise: promise.start(),
        });
        let id = hash::pair(door.node, hash::pair(hash::text("stdin"), hash::text(&options.name)));
        let info = Arc::new(settings.info(id, options.name.clone(), &key));
        let source = QueuedSource::new(info, stamper, door.first_seq);
        let text = TextSource::new(source, settings, options.line_max, None);
        Pipe { door, options, text, promises, promise, waits }
    }

    /// The outer error: the engine is gone; the inner one: the stream failed.
    async fn serve(&mut self, mut rx: mpsc::Receiver<Chunk>) -> Result<io::Result<()>, Stopped> {
        let mut seen = self.door.clock.now();
        loop {
            let next = tokio::select! {
                biased;
                () = self.door.stop.cancelled() => Next::Stop,
                chunk = rx.recv() => Next::Chunk(chunk),
                () = self.door.pulse.tick_after(seen) => Next::Tick,
            };
            seen = self.door.clock.now();
            let now = if self.options.live { seen } else { self.options.modified };
            match next {
                Next::Chunk(Some(Ok(bytes))) => {
                    ReceiverCounters::add(&self.door.counters.bytes, bytes.len() as u64);
                    self.text.source.stamper.grant(self.promise.wake());
                    self.text.feed(&bytes, now, &self.door.counters);
                    self.deliver(now, seen).await?;
                }
                Next::Chunk(Some(Err(error))) => {
                    ReceiverCounters::add(&self.door.counters.read_errors, 1);
                    self.finish(now, seen).await?;
                    return Ok(Err(error));
                }
                Next::Chunk(None) | Next::Stop => {
                    self.finish(now, seen).await?;
                    return Ok(Ok(()));
                }
                Next::Tick if self.options.live => {
                    self.text.source.stamper.grant(self.promise.wake());
                    self.text.flush_due(now, &self.door.counters);
                    self.deliver(now, seen).await?;
                    if rx.is_empty() {
                        self.rest(seen);
                    }
                }
                Next::Tick => {}
            }
        }
    }

    async fn finish(&mut self, now: Ns, seen: Ns) -> Result<(), Stopped> {
        self.text.finish(now, &self.door.counters);
        self.deliver(now, seen).await
    }

    async fn deliver(&mut self, now: Ns, seen: Ns) -> Result<(), Stopped> {
        count_duplicates(&self.door, self.text.source.duplicates());
        while let Some(batch) = self.text.take(now) {
            let records = batch.records.len();
            accept(&self.door, records, seen);
            let fill = self.door.port.fill();
            self.door.counters.watch_fill(&self.options.name, fill, seen);
            if let Err(stopped) = self.door.port.send(batch).await {
                let records = records as u64;
                self.door.port.state.in_flight.fetch_sub(records, Ordering::AcqRel);
                ReceiverCounters::add(&self.door.counters.stopped, records);
                return Err(stopped);
            }
        }
        self.promise.raise(self.text.source.stamper.offer(now));
        self.promises.tick();
        Ok(())
    }

    /// The clock may promise while the thread has waited for a tick and nothing is in hand.
    fn rest(&self, seen: Ns) {
        let since = self.waits.load(Ordering::Acquire);
        if since != BUSY && seen.saturating_sub(since) >= TICK && !self.text.holds() {
            self.promise.drained(seen);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{START, at, door, until};
    use super::*;
    use seerflow_model::record::Flags;
    use seerflow_model::time::SECOND;
    use std::io::{Cursor, Write};

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn an_archive_through_a_pipe_knows_no_clock() {
        let (clock, _hand) = Clock::manual(START + 1_000_000 * SECOND);
        let (door, mut engine) = door(&clock, 2, 4);
        let counters = door.counters.clone();
        let mut text = String::new();
        for i in 0..20_000u64 {
            let seconds = if i == 10_000 { 1_000_000_000 } else { i };
            text += &format!("{} line {i}\n", at(seconds));
        }
        text += "  and its last line goes on";
        let options = PipeOptions { live: false, modified: START, ..PipeOptions::default() };
        let task = tokio::spawn(run(Cursor::new(text), options, door));
        until("the end", || {
            engine.drain();
            task.is_finished()
        })
        .await;
        task.await.unwrap().unwrap();
        engine.drain();
        assert!(engine.closed());
        engine.ledger(&counters);
        assert_eq!(engine.count, 20_000);
        engine.texts();
        let flags: Vec<_> = engine.got.iter().map(|got| got.flags).collect();
        assert_eq!(flags[10_000], Flags::CLOCK_SKEW);
        assert_eq!(engine.got[10_000].effective, START + 9_999 * SECOND);
        assert_eq!(flags[19_999], Flags::MULTILINE);
        assert_eq!(flags.iter().filter(|flags| **flags != Flags::default()).count(), 2);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_live_pipe_hands_on_after_a_second_and_promises_by_the_clock() {
        let (clock, hand) = Clock::manual(START);
        let (door, mut engine) = door(&clock, 1, 4);
        let stop = door.stop.clone();
        let (read, mut write) = io::pipe().unwrap();
        let task = tokio::spawn(run(read, PipeOptions::default(), door));
        write.write_all(format!("{} one\n", at(0)).as_bytes()).unwrap();
        until("the record", || {
            hand.advance(TICK);
            engine.drain();
            engine.count == 1
        })
        .await;
        until("the promise", || {
            hand.advance(SECOND);
            engine.drain();
            engine.promise() > START + 100 * SECOND
        })
        .await;
        write.write_all(format!("{} late\n", at(1)).as_bytes()).unwrap();
        drop(write);
        until("the end", || task.is_finished()).await;
        engine.drain();
        assert_eq!(engine.got[1].flags, Flags::LATE);
        assert!(engine.closed());
        stop.cancel();
    }
}
