//! Takes the records of a request, all of them or none, and remembers that it did.
//!
//! Invariants: an answer follows only when every record is in its lane; a task that takes records
//! ends by taking them all, unless the engine is gone; a request is known as being taken before
//! anything of it is, so of two equal ones at once one is taken. The ledger: `accepted` counts
//! records as they go to their lanes; what is refused is counted beside it.

use super::super::Door;
use super::super::batch::{LiveSource, accept, count_duplicates};
use super::super::counters::ReceiverCounters;
use super::budget::Budget;
use super::entrance::{Describe, Entrance, Peer, UnderWay};
use super::records::Chunk;
use super::repeats::{Known, Repeats, Verdict};
use super::{Limits, Records, Refusal, Room};
use crate::runtime::stamp::PortPromise;
use seerflow_model::record::{Flags, LineEnd, ReceiverKind, RecordBatch};
use seerflow_model::time::{Ns, SECOND};
use seerflow_pipeline::feed::Port;
use std::net::IpAddr;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

/// How often silent senders are looked for.
const SWEEP_EVERY: Ns = 30 * SECOND;

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taken {
    /// Records that were taken.
    pub accepted: u64,
    /// Records that can never be taken: too long, or too many in one request.
    pub refused: u64,
    /// Whether it had been taken before and this was its repetition.
    pub repeated: bool,
}

/// A request, read.
pub struct Offer {
    /// Who sent it.
    pub ip: IpAddr,
    /// [`Intake::digest`] of its content.
    pub digest: u128,
    /// Bytes of its content, for the counters.
    pub read: usize,
    /// Its records.
    pub records: Records,
    /// What it holds.
    pub room: Room,
}

/// What a request is beside its records.
pub struct Request {
    /// Who sent it.
    pub ip: IpAddr,
    /// [`Intake::digest`] of what tells it from others; without one it is never known again.
    pub digest: Option<u128>,
    /// Bytes of its content, for the counters.
    pub read: usize,
    /// What it holds.
    pub room: Room,
}

/// See the module head.
pub struct Intake {
    /// The door behind it.
    pub door: Door,
    /// Its bounds.
    pub limits: Limits,
    budget: Arc<Budget>,
    pub(super) promises: PortPromise,
    ticking: CancellationToken,
    port: Mutex<Port>,
    repeats: Mutex<Repeats>,
    seed: u64,
    entrances: Mutex<Vec<Arc<Entrance>>>,
    /// Held by every task that takes records; taken away when no more may begin.
    alive: Mutex<Option<mpsc::Sender<()>>>,
    ended: tokio::sync::Mutex<mpsc::Receiver<()>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What a panic elsewhere leaves is valid at any moment.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Intake {
    /// Opens a door to requests. Call it within a runtime.
    pub fn open(door: Door, limits: Limits) -> Arc<Intake> {
        let (promises, ticking) = door.promises();
        promises.pressed_by(door.flow.clone());
        let (alive, ended) = mpsc::channel(1);
        let mut seed = [0; 8];
        // Without the system's randomness digests still tell contents apart, only not from one
        // who knows the seed.
        let _ = getrandom::fill(&mut seed);
        let seed = u64::from_le_bytes(seed);
        let intake = Arc::new(Intake {
            budget: Budget::new(limits.held_max, limits.requests_max),
            port: Mutex::new(door.port.handle()),
            repeats: Mutex::new(Repeats::new(limits.remember, limits.remembered_max)),
            seed,
            promises,
            ticking,
            entrances: Mutex::default(),
            alive: Mutex::new(Some(alive)),
            ended: tokio::sync::Mutex::new(ended),
            door,
            limits,
        });
        tokio::spawn(sweep(Arc::downgrade(&intake), intake.ticking.clone()));
        intake
    }

    /// A way in. `name` tells its sources from others; `describe` says more of them.
    pub fn entrance(
        &self,
        kind: ReceiverKind,
        name: String,
        describe: Option<Describe>,
    ) -> Arc<Entrance> {
        let entrance = Arc::new(Entrance::new(kind, name, self.door.first_seq, describe));
        lock(&self.entrances).push(entrance.clone());
        entrance
    }

    /// Room for a request that arrives, if there is any.
    pub fn enter(&self) -> Result<Room, Refusal> {
        if self.door.stop.is_cancelled() {
            return Err(Refusal::Stopping);
        }
        self.budget.enter()
    }

    /// The digest of a content that came through an entrance.
    pub fn digest(&self, entrance: &Entrance, ip: IpAddr, content: &[u8]) -> u128 {
        Repeats::digest(self.seed, entrance.id, ip, content)
    }

    /// Counts a refusal and gives it on.
    pub fn refused(&self, refusal: Refusal) -> Refusal {
        refusal.count(&self.door.counters);
        refusal
    }

    /// Takes a request: all its records, or none of them.
    pub async fn offer(
        self: &Arc<Self>,
        entrance: &Arc<Entrance>,
        offer: Offer,
    ) -> Result<Taken, Refusal> {
        let Offer { ip, digest, read, records, room } = offer;
        let request = Request { ip, digest: Some(digest), read, room };
        self.offer_parts(vec![(entrance.clone(), records)], request).await
    }

    /// Takes a request whose records come in by several entrances: all of them, or none.
    pub async fn offer_parts(
        self: &Arc<Self>,
        parts: Vec<(Arc<Entrance>, Records)>,
        request: Request,
    ) -> Result<Taken, Refusal> {
        let counters = &self.door.counters;
        let settle = match request.digest {
            None => None,
            Some(digest) => {
                let now = self.door.clock.now();
                let known = lock(&self.repeats).see(digest, now);
                match known {
                    Known::New(tell) => {
                        Some(Settle { intake: self.clone(), digest, tell, taken: None })
                    }
                    Known::Taken(taken) => return Ok(self.again(taken)),
                    Known::Pending(mut verdict) => {
                        // Whoever waits here holds nothing.
                        drop((parts, request));
                        let told = verdict.wait_for(Option::is_some).await.ok();
                        let told = told.and_then(|told| *told).flatten();
                        return told.map(|taken| self.again(taken)).ok_or(Refusal::Stopping);
                    }
                }
            }
        };
        let refused = parts.iter().map(|(_, records)| records.refused()).sum();
        let alive = lock(&self.alive).clone().ok_or(Refusal::Stopping)?;
        let (share, bytes) = (self.limits.held_max / 2, request.room.bytes() / parts.len().max(1));
        let mut all = Vec::with_capacity(parts.len());
        for (entrance, records) in parts {
            let peer = entrance.meet(&self.door, &self.promises, request.ip);
            let under_way = peer.begin(&self.promises, bytes, share)?;
            all.push((entrance, under_way, records));
        }
        ReceiverCounters::add(&counters.bytes, request.read as u64);
        ReceiverCounters::add(&counters.refused_record, refused);
        let intake = self.clone();
        let task = tokio::spawn(async move {
            let taken = intake.take_all(all, refused).await;
            if let Some(settle) = settle {
                settle.told(taken);
            }
            drop((request.room, alive));
            taken
        });
        // A task that panicked, or one that the end of the runtime has cut off.
        task.await.ok().flatten().ok_or(Refusal::Stopping)
    }

    fn again(&self, taken: Taken) -> Taken {
        ReceiverCounters::add(&self.door.counters.repeated_request, 1);
        Taken { repeated: true, ..taken }
    }

    /// Sends all records to their lanes, one entrance after another; `None` when the engine is gone.
    async fn take_all(
        &self,
        parts: Vec<(Arc<Entrance>, UnderWay, Records)>,
        refused: u64,
    ) -> Option<Taken> {
        let mut accepted = 0;
        for (entrance, under_way, records) in parts {
            accepted += records.len() as u64;
            self.take(&entrance, under_way, records).await?;
        }
        Some(Taken { accepted, refused, repeated: false })
    }

    async fn take(
        &self,
        entrance: &Entrance,
        mut under_way: UnderWay,
        records: Records,
    ) -> Option<()> {
        let peer = under_way.peer.clone();
        let mut source = peer.source.lock().await;
        let mut port = {
            let mut port = lock(&self.port);
            // Each request begins with the next lane.
            *port = port.handle();
            port.handle()
        };
        for chunk in records.into_chunks() {
            let now = self.door.clock.now();
            let (granted, pressed) = peer.wake();
            source.stamper.grant(granted);
            source.stamper.press(pressed);
            self.press(&mut source, now);
            let batch = stamped(&mut source, &peer, chunk, now);
            count_duplicates(&self.door, source.duplicates());
            if batch.records.is_empty() {
                peer.raise(source.stamper.offer(now));
                continue;
            }
            self.wait_for_turn(&source, &peer, &batch).await;
            self.wait_for_room(&mut source, &peer, &batch).await;
            let n = batch.records.len();
            accept(&self.door, n, now);
            self.door.counters.watch_fill(&entrance.name, port.fill(), now);
            if port.send(batch).await.is_err() {
                ReceiverCounters::add(&self.door.counters.stopped, n as u64);
                port.state.in_flight.fetch_sub(n as u64, Ordering::AcqRel);
                return None;
            }
            // Only now: the batch is in its lane.
            peer.raise(source.stamper.offer(now));
        }
        under_way.ended = self.door.clock.now();
        // While the source is still ours.
        peer.rest();
        Some(())
    }

    /// Waits until every request that is being taken is in its lanes, and closes the port.
    pub async fn close(&self) {
        drop(lock(&self.alive).take());
        while self.ended.lock().await.recv().await.is_some() {}
        self.ticking.cancel();
        self.door.port.close();
    }

    /// Bytes and requests that are held.
    pub fn held(&self) -> (usize, usize) {
        self.budget.held()
    }
}

/// Stamps the records of a batch.
fn stamped(source: &mut LiveSource, peer: &Peer, chunk: Chunk, now: Ns) -> RecordBatch {
    let mut from = 0;
    for end in chunk.ends.iter().map(|end| *end as usize) {
        source.push(&chunk.bytes[from..end], from, (Flags::default(), LineEnd::None), now);
        from = end;
    }
    let seq = peer.seq.fetch_add(chunk.ends.len() as u64, Ordering::AcqRel);
    let bytes = if source.redacts() { Vec::new() } else { chunk.bytes };
    source.take(bytes, seq, now)
}

/// Says how the taking of a request ended, also when it ends by a panic.
struct Settle {
    intake: Arc<Intake>,
    digest: u128,
    tell: watch::Sender<Verdict>,
    taken: Option<Taken>,
}

impl Settle {
    fn told(mut self, taken: Option<Taken>) {
        self.taken = taken;
    }
}

impl Drop for Settle {
    fn drop(&mut self) {
        let now = self.intake.door.clock.now();
        lock(&self.intake.repeats).settle(self.digest, self.taken, now);
        self.tell.send_replace(Some(self.taken));
    }
}

/// Now and then takes the promises of silent senders.
async fn sweep(intake: std::sync::Weak<Intake>, end: CancellationToken) {
    let Some(clock) = intake.upgrade().map(|intake| intake.door.clock.clone()) else { return };
    loop {
        let due = clock.now().saturating_add(SWEEP_EVERY);
        tokio::select! {
            () = end.cancelled() => return,
            () = clock.sleep_until(due) => {}
        }
        let Some(intake) = intake.upgrade() else { return };
        let before = clock.now().saturating_sub(intake.limits.quiet);
        let entrances = lock(&intake.entrances).clone();
        entrances.iter().for_each(|entrance| entrance.release_quiet(before));
    }
}
