//! Syslog over TCP: no record is lost, however slow the engine is.
//!
//! A connection reads what there is into one buffer, finds the frames in it, stamps them and sends
//! them as batches of at most 512 records, waiting for room in the lane: while it waits it does
//! not read, and TCP slows the sender. A batch's bytes are one copy out of the buffer; a record
//! costs no allocation. The buffer grows with what is read, to 256 KiB, and shrinks when nothing
//! comes. Connections of one address are one source: they share its sequence, each has its own
//! stamps, so a connection that catches up does not suffer from one that is live.

use super::super::Door;
use super::super::batch::{BATCH_RECORDS, LiveSource, accept, count_duplicates};
use super::super::counters::ReceiverCounters;
use super::super::recent::{PEERS_MAX, Recent};
use super::FRAME_MAX;
use super::framing::{Frame, Framer};
use crate::runtime::stamp::{PeerPromise, PortPromise};
use seerflow_model::record::{Flags, ReceiverKind, RecordBatch};
use seerflow_model::time::{Ns, SECOND, floor_tick};
use seerflow_pipeline::feed::Port;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// What a quiet connection keeps allocated.
const BUFFER_QUIET: usize = 8 * 1024;
/// How far a buffer grows.
const BUFFER_MAX: usize = 256 * 1024;
/// A connection that is quiet for so long gives its buffer back.
const SHRINK_AFTER: Ns = SECOND;
/// Between two looks whether a batch from far ahead may go in.
const TURN_PAUSE: Duration = Duration::from_millis(20);
/// Reads of a busy connection between two chances for others.
const READS_IN_A_ROW: u32 = 16;

/// Limits of the listener.
#[derive(Clone, Debug)]
pub struct TcpOptions {
    /// Bytes of a frame.
    pub frame_max: usize,
    /// Connections at a time.
    pub connections_max: usize,
    /// A connection on which nothing comes for so long is closed.
    pub idle_timeout: Ns,
}

impl Default for TcpOptions {
    fn default() -> TcpOptions {
        TcpOptions { frame_max: FRAME_MAX, connections_max: 1024, idle_timeout: 3_600 * SECOND }
    }
}

/// The sequence of one source, shared by its connections.
type Sequence = Arc<AtomicU64>;

/// Sequences by address. What is forgotten leaves its number behind, so none is used twice.
struct Sequences {
    known: Recent<Sequence>,
    floor: u64,
}

impl Sequences {
    fn of(&mut self, ip: IpAddr, counters: &ReceiverCounters) -> Sequence {
        if let Some(sequence) = self.known.get(&ip) {
            return sequence.clone();
        }
        let sequence = Arc::new(AtomicU64::new(0));
        let gone = self.known.insert(ip, sequence.clone(), |s| Arc::strong_count(s) > 1);
        for old in gone {
            ReceiverCounters::add(&counters.peers_evicted, 1);
            self.floor = self.floor.max(old.load(Ordering::Acquire));
        }
        sequence.store(self.floor, Ordering::Release);
        sequence
    }
}

/// Serves a bound listener until it is stopped.
pub async fn run(listener: TcpListener, options: TcpOptions, door: Door) -> io::Result<()> {
    let name = listener.local_addr()?.to_string();
    let (promises, end) = door.promises();
    let door = Arc::new(door);
    let options = Arc::new(options);
    let known = Recent::new(PEERS_MAX);
    let mut sequences = Sequences { known, floor: door.first_seq };
    let mut connections = JoinSet::new();
    let mut port = door.port.handle();
    loop {
        let accepted = tokio::select! {
            () = door.stop.cancelled() => break,
            Some(_) = connections.join_next(), if !connections.is_empty() => continue,
            accepted = listener.accept() => accepted,
        };
        let (stream, ip) = match accepted {
            Ok((stream, peer)) => (stream, peer.ip().to_canonical()),
            Err(error) => {
                // Out of descriptors, or the peer was gone already: neither ends the listener.
                ReceiverCounters::add(&door.counters.read_errors, 1);
                tracing::debug!(%error, "cannot accept a connection");
                tokio::time::sleep(Duration::from_millis(20)).await;
                continue;
            }
        };
        if connections.len() >= options.connections_max {
            refuse(&door, &name, ip);
            continue;
        }
        // Each connection begins with the next lane.
        port = port.handle();
        let connection = Connection {
            sequence: sequences.of(ip, &door.counters),
            port: port.handle(),
            door: door.clone(),
            options: options.clone(),
        };
        let name = name.clone();
        connections.spawn(connection.serve(stream, name, ip, promises.clone()));
    }
    while connections.join_next().await.is_some() {}
    end.cancel();
    door.port.close();
    Ok(())
}

fn refuse(door: &Door, name: &str, ip: IpAddr) {
    let before = door.counters.refused_connection.fetch_add(1, Ordering::Relaxed);
    if before == 0 || before.is_multiple_of(1000) {
        tracing::warn!(listener = name, peer = %ip, refused = before + 1, "too many connections");
    }
}

/// Why a connection stopped reading.
#[derive(PartialEq, Eq)]
enum Ready {
    Data,
    Idle,
    Stop,
}

struct Connection {
    sequence: Sequence,
    port: Port,
    door: Arc<Door>,
    options: Arc<TcpOptions>,
}

/// The engine is gone.
struct Gone;

impl Connection {
    async fn serve(mut self, stream: TcpStream, name: String, ip: IpAddr, all: PortPromise) {
        let counters = self.door.counters.clone();
        ReceiverCounters::add(&counters.connections, 1);
        let promise = all.register(self.door.lateness);
        let start = promise.start();
        let source = LiveSource::new(&self.door, ReceiverKind::SyslogTcp, &name, ip, start);
        promise.set_lateness(source.lateness);
        let framer = Framer::new(self.options.frame_max);
        let mut reader =
            Reader { source, framer, buffer: Vec::new(), filled: false, promise, name };
        if let Err(error) = self.pump(&stream, &mut reader).await {
            ReceiverCounters::add(&counters.read_errors, 1);
            tracing::debug!(peer = %ip, %error, "connection failed");
        }
        counters.connections.fetch_sub(1, Ordering::Relaxed);
    }

    /// Reads until the end, an error, an idle time-out or the stop; what is complete by then and
    /// the unfinished last frame are delivered.
    async fn pump(&mut self, stream: &TcpStream, reader: &mut Reader) -> io::Result<()> {
        let mut in_a_row = 0;
        let outcome = loop {
            reader.make_room();
            match stream.try_read_buf(&mut reader.buffer) {
                Ok(0) => break Ok(()),
                Ok(read) => {
                    ReceiverCounters::add(&self.door.counters.bytes, read as u64);
                    if self.deliver(reader, false).await.is_err() {
                        return Ok(());
                    }
                    in_a_row += 1;
                    if in_a_row >= READS_IN_A_ROW {
                        in_a_row = 0;
                        tokio::task::yield_now().await;
                        if self.door.stop.is_cancelled() {
                            break Ok(());
                        }
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    in_a_row = 0;
                    match self.wait(stream, reader).await? {
                        Ready::Data => {}
                        Ready::Idle | Ready::Stop => break Ok(()),
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => break Err(error),
            }
        };
        let _ = self.deliver(reader, true).await;
        outcome
    }

    /// Nothing is in hand: the clock promises for this connection until something comes.
    async fn wait(&self, stream: &TcpStream, reader: &mut Reader) -> io::Result<Ready> {
        reader.promise.idle();
        let clock = &self.door.clock;
        let mut due = clock.now().saturating_add(SHRINK_AFTER.min(self.options.idle_timeout));
        let end = clock.now().saturating_add(self.options.idle_timeout);
        let ready = loop {
            tokio::select! {
                biased;
                ready = stream.readable() => break ready.map(|()| Ready::Data),
                () = self.door.stop.cancelled() => break Ok(Ready::Stop),
                () = clock.sleep_until(due) => {}
            }
            if due == end {
                ReceiverCounters::add(&self.door.counters.idle_closed, 1);
                break Ok(Ready::Idle);
            }
            reader.shrink();
            due = end;
        };
        reader.source.stamper.grant(reader.promise.wake());
        ready
    }

    /// Sends all frames that the buffer holds.
    async fn deliver(&mut self, reader: &mut Reader, end: bool) -> Result<(), Gone> {
        let now = self.door.clock.now();
        let mut pos = 0;
        while let Some(first) = reader.framer.next(&reader.buffer, &mut pos, end) {
            let mut last = first;
            self.push(reader, first.start, first, now);
            while reader.source.len() < BATCH_RECORDS {
                let Some(next) = reader.framer.next(&reader.buffer, &mut pos, end) else { break };
                self.push(reader, first.start, next, now);
                last = next;
            }
            let bytes = match reader.source.redacts() {
                true => Vec::new(),
                false => reader.buffer[first.start..last.start + last.len].to_vec(),
            };
            self.send(reader, bytes, now).await?;
        }
        reader.consume(pos);
        Ok(())
    }

    fn push(&self, reader: &mut Reader, base: usize, frame: Frame, now: Ns) {
        let record = &reader.buffer[frame.start..frame.start + frame.len];
        reader.source.push(record, frame.start - base, (frame.flags, frame.end), now);
        if frame.flags.has(Flags::CUT) {
            ReceiverCounters::add(&self.door.counters.cut, 1);
        }
        if frame.flags.has(Flags::MALFORMED) {
            ReceiverCounters::add(&self.door.counters.malformed_frame, 1);
        }
    }

    async fn send(&mut self, reader: &mut Reader, bytes: Vec<u8>, now: Ns) -> Result<(), Gone> {
        count_duplicates(&self.door, reader.source.duplicates());
        let records = reader.source.len();
        if records == 0 {
            reader.promise.raise(reader.source.stamper.offer(now));
            return Ok(());
        }
        let seq = self.sequence.fetch_add(records as u64, Ordering::AcqRel);
        let batch = reader.source.take(bytes, seq, now);
        self.wait_for_turn(reader, &batch).await;
        accept(&self.door, records, now);
        let counters = &self.door.counters;
        counters.watch_fill(&reader.name, self.port.fill(), now);
        let sent = self.port.send(batch).await;
        if sent.is_err() {
            ReceiverCounters::add(&counters.stopped, records as u64);
            self.port.state.in_flight.fetch_sub(records as u64, Ordering::AcqRel);
        }
        // Only now: the batch is in its lane, or counted.
        reader.promise.raise(reader.source.stamper.offer(now));
        sent.map_err(|_| Gone)
    }
}

impl Connection {
    /// A sender whose clock is far ahead waits while the engine holds much: TCP slows it.
    async fn wait_for_turn(&self, reader: &mut Reader, batch: &RecordBatch) {
        let least = batch.records.iter().map(|record| record.effective).min().unwrap_or(0);
        if !self.door.too_far(least) {
            return;
        }
        ReceiverCounters::add(&self.door.counters.waited_ahead, 1);
        while self.door.too_far(least) && !self.door.stop.is_cancelled() {
            // Nothing in hand or still to come is below this: the frontier moves on meanwhile.
            let offer = reader.source.stamper.offer(self.door.clock.now());
            reader.promise.raise(offer.min(floor_tick(least)));
            tokio::time::sleep(TURN_PAUSE).await;
        }
    }
}

/// The reading side of one connection.
struct Reader {
    source: LiveSource,
    framer: Framer,
    buffer: Vec<u8>,
    /// Whether the last read filled the buffer.
    filled: bool,
    promise: PeerPromise,
    name: String,
}

impl Reader {
    /// Room for the next read; twice as much after one that filled the buffer.
    fn make_room(&mut self) {
        let capacity = self.buffer.capacity();
        let most = BUFFER_MAX.max(2 * self.framer.hold_max());
        let wanted = match capacity {
            0 => BUFFER_QUIET,
            _ if self.filled => (capacity * 2).min(most),
            _ => capacity,
        };
        let wanted = wanted.max(self.buffer.len() + BUFFER_QUIET / 2);
        self.buffer.reserve_exact(wanted - self.buffer.len());
        self.filled = false;
    }

    /// Keeps what the next frame begins with.
    fn consume(&mut self, pos: usize) {
        self.filled = self.buffer.len() == self.buffer.capacity();
        self.buffer.drain(..pos);
    }

    /// Gives memory back while nothing comes.
    fn shrink(&mut self) {
        self.buffer.shrink_to(BUFFER_QUIET);
    }
}
