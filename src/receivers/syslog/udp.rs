//! Syslog over UDP: one record per datagram; what does not fit is dropped and counted.
//!
//! The socket is read without waiting until it is empty or 512 datagrams were taken; they are
//! stamped per sender and sent as one batch per sender. If the engine has no room, one such round
//! is kept and tried again while the kernel's buffer (made large) takes what comes; after 20 ms
//! rounds are read and dropped (`queue_full`), so that what gets in is fresh. What the kernel drops
//! is counted too ([`super::drops`]).
//!
//! All senders share one promise, the least of theirs. The socket is drained when a read would
//! have blocked; under endless load also for the time before which everything has been read,
//! because a buffer of B bytes is gone through once B bytes were read after that time.

use super::super::Door;
use super::super::batch::{BATCH_RECORDS, LiveSource, accept};
use super::super::counters::ReceiverCounters;
use super::super::recent::{PEERS_MAX, Recent};
use super::FRAME_MAX;
use super::drops::KernelDrops;
use crate::runtime::stamp::{PeerPromise, clock_promise};
use seerflow_model::record::{Flags, LineEnd, ReceiverKind, RecordBatch};
use seerflow_model::time::{Ns, SECOND, floor_tick};
use seerflow_pipeline::feed::{Port, TrySend};
use std::collections::VecDeque;
use std::io;
use std::net::IpAddr;
use std::time::Duration;
use tokio::net::UdpSocket;

/// How often a full engine is tried again before rounds are dropped.
const TRIES: u32 = 20;
/// Between two tries.
const TRY_EVERY: Duration = Duration::from_millis(1);
/// So many senders are looked through after each round.
const FEW: usize = 64;

/// Limits of the listener.
#[derive(Clone, Debug)]
pub struct UdpOptions {
    /// Bytes of a record.
    pub frame_max: usize,
    /// What is asked of the kernel as receive buffer.
    pub receive_buffer: usize,
    /// Senders remembered.
    pub peers_max: usize,
}

impl Default for UdpOptions {
    fn default() -> UdpOptions {
        UdpOptions { frame_max: FRAME_MAX, receive_buffer: 16 * 1024 * 1024, peers_max: PEERS_MAX }
    }
}

/// One sender.
struct Sender {
    source: LiveSource,
    bytes: Vec<u8>,
    seq: u64,
}

/// Serves a bound socket until it is stopped.
pub async fn run(socket: std::net::UdpSocket, options: UdpOptions, door: Door) -> io::Result<()> {
    let kernel_buffer = {
        let socket = socket2::SockRef::from(&socket);
        // Less than asked for is fine: the kernel says how much it is.
        let _ = socket.set_recv_buffer_size(options.receive_buffer);
        socket.set_nonblocking(true)?;
        socket.recv_buffer_size()?
    };
    let name = socket.local_addr()?.to_string();
    let drops = KernelDrops::of(&socket);
    let socket = UdpSocket::from_std(socket)?;
    let (promises, end) = door.promises();
    let now = door.clock.now();
    let mut listener = Listener {
        promise: promises.register(door.lateness),
        lateness: door.lateness,
        senders: Recent::new(options.peers_max),
        seq_floor: door.first_seq,
        touched: Vec::new(),
        pending: VecDeque::new(),
        scratch: vec![0; FRAME_MAX],
        granted: 0,
        offered_at: Ns::MAX,
        mark: Mark { at: now, bytes: 0 },
        kernel_buffer,
        drops,
        drops_due: None,
        port: door.port.handle(),
        frame_max: options.frame_max.clamp(1, FRAME_MAX),
        name,
        door,
    };
    listener.promise.idle();
    listener.serve(&socket).await;
    listener.count_drops();
    end.cancel();
    listener.door.port.close();
    Ok(())
}

/// Everything that was in the kernel's buffer at `at` has been read once `bytes` reach its size.
struct Mark {
    at: Ns,
    bytes: usize,
}

struct Listener {
    door: Door,
    name: String,
    port: Port,
    promise: PeerPromise,
    /// Greatest lateness of the senders.
    lateness: Ns,
    senders: Recent<Sender>,
    /// What evicted senders leave behind, so that no number is used twice.
    seq_floor: u64,
    /// Senders of this round.
    touched: Vec<IpAddr>,
    /// Batches that found no room.
    pending: VecDeque<RecordBatch>,
    scratch: Vec<u8>,
    granted: Ns,
    offered_at: Ns,
    mark: Mark,
    kernel_buffer: usize,
    drops: Option<KernelDrops>,
    drops_due: Option<Ns>,
    frame_max: usize,
}

/// How a round ended.
#[derive(PartialEq, Eq)]
enum Round {
    /// The socket is empty.
    Empty,
    /// There may be more.
    Full,
}

impl Listener {
    async fn serve(&mut self, socket: &UdpSocket) {
        let mut tries = 0;
        loop {
            if !self.pending.is_empty() {
                if self.send_pending().is_err() || self.door.stop.is_cancelled() {
                    return self.drop_pending();
                }
                if !self.pending.is_empty() && tries < TRIES {
                    tries += 1;
                    tokio::time::sleep(TRY_EVERY).await;
                    continue;
                }
                tries = 0;
            }
            let now = self.door.clock.now();
            if self.drops_due.is_some_and(|due| due <= now) {
                self.count_drops();
            }
            self.granted = self.granted.max(self.promise.wake());
            let round = match self.pending.is_empty() {
                true => self.round(socket),
                false => self.drop_round(socket),
            };
            if self.send_pending().is_err() {
                return self.drop_pending();
            }
            self.offer(&round);
            if round == Round::Empty && self.pending.is_empty() {
                if !self.wait(socket).await {
                    return;
                }
            } else {
                tokio::task::yield_now().await;
            }
            if self.door.stop.is_cancelled() && self.pending.is_empty() {
                return;
            }
        }
    }

    /// Waits for datagrams; false when the listener is stopped.
    async fn wait(&mut self, socket: &UdpSocket) -> bool {
        loop {
            let clock = self.door.clock.clone();
            let due = self.drops_due;
            tokio::select! {
                biased;
                _ = socket.readable() => return true,
                () = self.door.stop.cancelled() => return false,
                () = clock.sleep_until(due.unwrap_or(Ns::MAX)), if due.is_some() => {
                    self.count_drops();
                }
            }
        }
    }

    /// Takes up to 512 datagrams and puts the batches of their senders into `pending`.
    fn round(&mut self, socket: &UdpSocket) -> Round {
        let now = self.door.clock.now();
        let mut records = 0;
        let mut outcome = Round::Full;
        for _ in 0..BATCH_RECORDS {
            match socket.try_recv_from(&mut self.scratch) {
                Ok((len, from)) => records += self.take(len, from.ip().to_canonical(), now),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    outcome = Round::Empty;
                    break;
                }
                // An ICMP error of an earlier datagram, or an interrupted call.
                Err(_) => ReceiverCounters::add(&self.door.counters.read_errors, 1),
            }
        }
        if records > 0 {
            accept(&self.door, records, now);
            self.drops_due.get_or_insert(now.saturating_add(SECOND));
            for ip in std::mem::take(&mut self.touched) {
                let Some(sender) = self.senders.get(&ip) else { continue };
                let bytes = std::mem::take(&mut sender.bytes);
                let batch = sender.source.take(bytes, sender.seq, now);
                // They were counted as taken with the others of the round.
                ReceiverCounters::add(&self.door.counters.duplicate, sender.source.duplicates());
                if batch.records.is_empty() {
                    continue;
                }
                sender.seq += batch.records.len() as u64;
                let least = batch.records.iter().map(|record| record.effective).min();
                match least.is_some_and(|least| self.door.too_far(least)) {
                    false => self.pending.push_back(batch),
                    // A sender whose clock is far ahead cannot be slowed here.
                    true => {
                        let records = batch.records.len() as u64;
                        ReceiverCounters::add(&self.door.counters.queue_full, records);
                    }
                }
            }
        }
        outcome
    }

    /// Stamps one datagram into its sender's batch. Returns how many records it was.
    fn take(&mut self, len: usize, ip: IpAddr, now: Ns) -> usize {
        ReceiverCounters::add(&self.door.counters.bytes, len as u64);
        self.mark.bytes += len.max(1);
        let text = &self.scratch[..len];
        let end = text.iter().rposition(|b| !matches!(b, b'\n' | b'\r' | 0));
        let Some(last) = end else { return 0 };
        let end = LineEnd::behind(text, last + 1);
        let mut flags = Flags::default();
        if last >= self.frame_max {
            flags.set(Flags::CUT);
            ReceiverCounters::add(&self.door.counters.cut, 1);
        }
        if self.senders.get(&ip).is_none() {
            self.meet(ip);
        }
        let Some(sender) = self.senders.get(&ip) else { return 0 };
        if sender.source.len() == 0 {
            sender.source.stamper.grant(self.granted);
            self.touched.push(ip);
        }
        let text = &self.scratch[..(last + 1).min(self.frame_max)];
        let start = sender.bytes.len();
        if !sender.source.redacts() {
            sender.bytes.extend_from_slice(text);
        }
        sender.source.push(text, start, (flags, end), now);
        1
    }

    fn meet(&mut self, ip: IpAddr) {
        let kind = ReceiverKind::SyslogUdp;
        // What all senders promised together is all that has been promised.
        let start = self.granted.max(self.promise.promised());
        let source = LiveSource::new(&self.door, kind, &self.name, ip, start);
        self.lateness = self.lateness.max(source.lateness);
        self.promise.set_lateness(self.lateness);
        let sender = Sender { source, bytes: Vec::new(), seq: self.seq_floor };
        // Who has records in hand in this round stays.
        let gone = self.senders.insert(ip, sender, |sender| sender.source.len() > 0);
        ReceiverCounters::add(&self.door.counters.peers_evicted, gone.len() as u64);
        let floor = gone.iter().map(|sender| sender.seq).max().unwrap_or(0);
        if floor > self.seq_floor {
            self.seq_floor = floor;
            if let Some(sender) = self.senders.get(&ip) {
                sender.seq = floor;
            }
        }
    }

    /// Reads a round only to count it.
    fn drop_round(&mut self, socket: &UdpSocket) -> Round {
        let now = self.door.clock.now();
        let mut dropped = 0;
        let mut outcome = Round::Full;
        for _ in 0..BATCH_RECORDS {
            match socket.try_recv_from(&mut self.scratch) {
                Ok((len, _)) => {
                    self.mark.bytes += len.max(1);
                    dropped += 1;
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    outcome = Round::Empty;
                    break;
                }
                Err(_) => ReceiverCounters::add(&self.door.counters.read_errors, 1),
            }
        }
        if dropped > 0 {
            accept(&self.door, dropped, now);
            self.drops_due.get_or_insert(now.saturating_add(SECOND));
            ReceiverCounters::add(&self.door.counters.queue_full, dropped as u64);
        }
        outcome
    }

    /// Sends what is pending as far as there is room.
    fn send_pending(&mut self) -> Result<(), ()> {
        if self.pending.is_empty() {
            return Ok(());
        }
        let now = self.door.clock.now();
        self.door.counters.watch_fill(&self.name, self.port.fill(), now);
        while let Some(batch) = self.pending.pop_front() {
            let records = batch.records.len() as u64;
            match self.port.try_send(batch) {
                Ok(()) => {}
                Err(TrySend::Full(batch)) => {
                    self.pending.push_front(batch);
                    break;
                }
                Err(TrySend::Stopped) => {
                    self.port
                        .state
                        .in_flight
                        .fetch_sub(records, std::sync::atomic::Ordering::AcqRel);
                    ReceiverCounters::add(&self.door.counters.stopped, records);
                    return Err(());
                }
            }
        }
        Ok(())
    }

    /// At the end: what still has no room is counted as dropped.
    fn drop_pending(&mut self) {
        let _ = self.send_pending();
        let left: usize = self.pending.drain(..).map(|batch| batch.records.len()).sum();
        ReceiverCounters::add(&self.door.counters.queue_full, left as u64);
    }

    /// Raises the promise by what is in its lane: nothing is in hand when nothing is pending.
    fn offer(&mut self, round: &Round) {
        if !self.pending.is_empty() {
            return;
        }
        let now = self.door.clock.now();
        if *round == Round::Empty {
            self.mark = Mark { at: now, bytes: 0 };
        } else if self.mark.bytes > self.kernel_buffer {
            if self.door.gate.is_open() {
                let promise = clock_promise(self.mark.at, now, self.lateness);
                self.granted = self.granted.max(promise);
            }
            self.mark = Mark { at: now, bytes: 0 };
        }
        // The least of many senders is looked for once a tick.
        if floor_tick(now) != self.offered_at || self.senders.len() <= FEW {
            self.offered_at = floor_tick(now);
            let offers = self.senders.values().map(|sender| sender.source.stamper.offer(now));
            if let Some(least) = offers.min() {
                self.promise.raise(least.max(self.granted));
            }
        }
        if *round == Round::Empty {
            self.promise.idle();
        }
    }

    fn count_drops(&mut self) {
        self.drops_due = None;
        let Some(drops) = &mut self.drops else { return };
        let more = drops.more();
        if more > 0 {
            ReceiverCounters::add(&self.door.counters.kernel, more);
            tracing::debug!(listener = %self.name, more, "the kernel dropped datagrams");
        }
    }
}
