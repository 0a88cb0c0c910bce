//! A network source: its identity, its stamps and the batch under construction.
//!
//! Live sources are stamped at once, so a record's meta is complete when it is pushed. Cost per
//! record: the search for its time, a few comparisons, one push of 64 bytes. What a source redacts
//! is redacted before its time is looked for, and its batches carry a buffer of their own.

use super::Door;
use super::counters::ReceiverCounters;
use super::dedup::Dedup;
use super::settings::{SourceKey, SourceSettings};
use crate::runtime::stamp::{Kind, Stamp, StampOptions, Stamper};
use seerflow_model::hash;
use seerflow_model::record::{Flags, LineEnd, ReceiverKind, RecordBatch, RecordMeta, SourceInfo};
use seerflow_model::time::Ns;
use seerflow_parsing::lines::Joining;
use seerflow_parsing::redact::{Redacting, Safe, State};
use seerflow_parsing::time::Finder;
use std::net::IpAddr;
use std::sync::Arc;

/// Records in one batch at most.
pub const BATCH_RECORDS: usize = 512;

/// The id of a network source: node, door, sender's address.
pub fn network_id(node: u64, receiver: ReceiverKind, listener: &str, peer: IpAddr) -> u64 {
    let door = hash::pair(hash::text(receiver.name()), hash::text(listener));
    let peer = match peer {
        IpAddr::V4(ip) => hash::bytes(&ip.octets()),
        IpAddr::V6(ip) => hash::bytes(&ip.octets()),
    };
    hash::pair(node, hash::pair(door, peer))
}

/// One network source as its door sees it.
pub struct LiveSource {
    /// What travels with its batches.
    pub info: Arc<SourceInfo>,
    /// Its stamps.
    pub stamper: Stamper,
    /// Its lateness.
    pub lateness: Ns,
    finder: Finder,
    joining: Joining,
    stamps: Vec<Stamp>,
    records: Vec<RecordMeta>,
    redact: Option<Redacting>,
    dedup: Option<Arc<Dedup>>,
    /// Duplicates since they were counted.
    duplicates: u64,
    /// The records of a source that redacts.
    redacted: Vec<u8>,
}

impl LiveSource {
    /// A source that appears at a door.
    pub fn new(door: &Door, kind: ReceiverKind, listener: &str, ip: IpAddr, start: Ns) -> Self {
        let (peer, now) = (Some(ip), door.clock.now());
        let key = SourceKey {
            receiver: kind,
            listener,
            peer,
            path: None,
            head: None,
            modified: None,
            now,
        };
        let settings: SourceSettings = door.rules.settle(&key);
        let table = settings.multiline.is_table();
        let id = network_id(door.node, kind, listener, ip);
        let info = settings.info(id, format!("{ip} → {} {listener}", kind.name()), &key);
        let options = StampOptions {
            lateness: settings.lateness,
            max_future: settings.max_future,
            kind: Kind::Live,
            start_promise: start,
        };
        LiveSource {
            info: Arc::new(info),
            stamper: Stamper::new(options),
            lateness: settings.lateness,
            finder: Finder::new(settings.zone, settings.year),
            joining: settings.multiline,
            stamps: Vec::with_capacity(1),
            records: Vec::new(),
            redact: settings.redact.map(|rules| {
                let redact = Redacting::new(rules, State::default());
                if table { redact.of_rows() } else { redact }
            }),
            redacted: Vec::new(),
            dedup: settings.dedup,
            duplicates: 0,
        }
    }

    /// Whether its batches carry records of its own: then none are to be kept for it.
    pub fn redacts(&self) -> bool {
        self.redact.is_some()
    }

    /// How many records the batch holds.
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Stamps a record that stands at `start` of the buffer that the batch will carry. Its
    /// sequence number is set when the batch is taken.
    pub fn push(&mut self, record: &[u8], start: usize, (flags, end): (Flags, LineEnd), now: Ns) {
        // Taken out for the time of the call, because the record may lie in its buffer.
        let Some(mut redact) = self.redact.take() else {
            self.push_safe(record, start, (flags, end), now);
            return;
        };
        let Safe { bytes, cut } = redact.line(record);
        let flags = if cut { flags | Flags::CUT } else { flags };
        if self.push_safe(bytes, self.redacted.len(), (flags, end), now) {
            self.redacted.extend_from_slice(bytes);
        }
        self.redact = Some(redact);
    }

    /// Stamps a record of which nothing is to be redacted any more; false when it is a duplicate,
    /// which is not kept.
    fn push_safe(
        &mut self,
        record: &[u8],
        start: usize,
        (flags, end): (Flags, LineEnd),
        now: Ns,
    ) -> bool {
        let located = self.joining.locate(record);
        let found = located.map(|located| self.finder.settle(&located));
        self.stamper.stamp(found.map(|time| time.ns), now, &mut self.stamps);
        // A live source answers each record with one stamp.
        let Some(stamp) = self.stamps.pop() else { return false };
        if stamp.flags.has(Flags::CLOCK_SKEW) {
            // If it was the year that could not be believed, the next one is found anew.
            self.finder.anchor(now);
        }
        if let Some(dedup) = &self.dedup
            && dedup.repeats(record, stamp.effective)
        {
            self.duplicates += 1;
            return false;
        }
        self.records.push(RecordMeta {
            start: start as u32,
            len: record.len() as u32,
            seq: 0,
            event_time: found.map(|time| time.ns),
            effective: stamp.effective,
            time_start: found.map_or(0, |time| time.start),
            time_len: found.map_or(0, |time| time.len),
            flags: flags | stamp.flags,
            end,
        });
        true
    }

    /// How many duplicates there were since this was asked last; their door counts them.
    pub fn duplicates(&mut self) -> u64 {
        std::mem::take(&mut self.duplicates)
    }

    /// The records since the last batch, numbered from `seq`, over the buffer they stand in; of a
    /// source that redacts, over its own.
    pub fn take(&mut self, bytes: Vec<u8>, mut seq: u64, now: Ns) -> RecordBatch {
        let bytes = if self.redacts() { std::mem::take(&mut self.redacted) } else { bytes };
        let mut records = std::mem::take(&mut self.records);
        for record in &mut records {
            record.seq = seq;
            seq += 1;
        }
        RecordBatch { source: self.info.clone(), observed: now, bytes, records }
    }
}

/// Counts duplicates as taken at the door and dropped there.
pub fn count_duplicates(door: &Door, n: u64) {
    if n > 0 {
        ReceiverCounters::add(&door.counters.accepted, n);
        ReceiverCounters::add(&door.port.state.accepted, n);
        ReceiverCounters::add(&door.counters.duplicate, n);
    }
}

/// Counts a batch as taken at the door.
pub fn accept(door: &Door, records: usize, now: Ns) {
    let n = records as u64;
    ReceiverCounters::add(&door.counters.accepted, n);
    ReceiverCounters::add(&door.port.state.accepted, n);
    door.pulse.beat(now);
}
