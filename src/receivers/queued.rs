//! A source whose records may wait for their stamps: files and pipes.
//!
//! Records go in and come out in order; those that are stamped leave as batches, those that wait
//! for others (a jump, a banner) stay, with their bytes. At most 4 MiB wait.

use super::batch::BATCH_RECORDS;
use super::dedup::Dedup;
use crate::runtime::stamp::{Stamp, Stamper};
use seerflow_model::record::{Flags, LineEnd, RecordBatch, RecordMeta, SourceInfo};
use seerflow_model::time::Ns;
use seerflow_parsing::time::TimeHit;
use std::sync::Arc;

/// Bytes of records that wait.
const WAIT_BYTES: usize = 4 << 20;

/// One file or pipe as its receiver sees it.
pub struct QueuedSource {
    /// What travels with its batches.
    pub info: Arc<SourceInfo>,
    /// Its stamps.
    pub stamper: Stamper,
    /// The next sequence number.
    pub seq: u64,
    bytes: Vec<u8>,
    records: Vec<RecordMeta>,
    stamped: usize,
    stamps: Vec<Stamp>,
    dedup: Option<Arc<Dedup>>,
    duplicates: u64,
}

impl QueuedSource {
    /// A source that goes on at `seq`.
    pub fn new(info: Arc<SourceInfo>, stamper: Stamper, seq: u64) -> QueuedSource {
        let (bytes, records, stamps) = (Vec::new(), Vec::new(), Vec::new());
        let (dedup, duplicates) = (None, 0);
        QueuedSource { info, stamper, seq, bytes, records, stamped: 0, stamps, dedup, duplicates }
    }

    /// Drops records that its entry has kept before.
    pub fn dedup(&mut self, dedup: Option<Arc<Dedup>>) {
        self.dedup = dedup;
    }

    /// How many duplicates there were since this was asked last; the door counts them.
    pub fn duplicates(&mut self) -> u64 {
        std::mem::take(&mut self.duplicates)
    }

    /// Takes one record.
    pub fn push(
        &mut self,
        record: &[u8],
        found: Option<TimeHit>,
        (flags, end): (Flags, LineEnd),
        now: Ns,
    ) {
        self.records.push(RecordMeta {
            start: self.bytes.len() as u32,
            len: record.len() as u32,
            seq: self.seq,
            event_time: found.map(|time| time.ns),
            effective: 0,
            time_start: found.map_or(0, |time| time.start),
            time_len: found.map_or(0, |time| time.len),
            flags,
            end,
        });
        self.seq += 1;
        self.bytes.extend_from_slice(record);
        self.stamper.stamp(found.map(|time| time.ns), now, &mut self.stamps);
        if self.bytes.len() > WAIT_BYTES {
            self.stamper.finish(&mut self.stamps);
        }
        self.apply();
    }

    /// Stamps what has waited long enough.
    pub fn flush_due(&mut self, now: Ns) {
        if self.stamper.waiting() > 0 {
            self.stamper.flush_due(now, &mut self.stamps);
            self.apply();
        }
    }

    /// Stamps all that waits.
    pub fn finish(&mut self) {
        self.stamper.finish(&mut self.stamps);
        self.apply();
    }

    /// Whether nothing is left here.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// The stamped records, 512 at most; those that wait stay.
    pub fn take(&mut self, now: Ns) -> Option<RecordBatch> {
        let n = self.stamped.min(BATCH_RECORDS);
        let last = self.records.get(n.checked_sub(1)?)?;
        let end = (last.start + last.len) as usize;
        let (bytes, records) = if n == self.records.len() {
            (std::mem::take(&mut self.bytes), std::mem::take(&mut self.records))
        } else {
            let rest = self.records.split_off(n);
            let records = std::mem::replace(&mut self.records, rest);
            for record in &mut self.records {
                record.start -= end as u32;
            }
            let rest = self.bytes.split_off(end);
            (std::mem::replace(&mut self.bytes, rest), records)
        };
        self.stamped -= n;
        Some(RecordBatch { source: self.info.clone(), observed: now, bytes, records })
    }

    fn apply(&mut self) {
        for stamp in self.stamps.drain(..) {
            let record = &mut self.records[self.stamped];
            let bytes = record.start as usize..(record.start + record.len) as usize;
            if let Some(dedup) = &self.dedup
                && dedup.repeats(&self.bytes[bytes], stamp.effective)
            {
                self.duplicates += 1;
                // Few wait behind it.
                self.records.remove(self.stamped);
                continue;
            }
            record.effective = stamp.effective;
            record.flags.set(stamp.flags);
            self.stamped += 1;
        }
        if self.records.is_empty() {
            self.bytes.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::START;
    use super::*;
    use crate::runtime::stamp::{Kind, StampOptions};
    use seerflow_model::record::ReceiverKind;
    use seerflow_model::time::SECOND;

    #[test]
    fn a_duplicate_is_dropped_wherever_it_waited() {
        let info = Arc::new(SourceInfo::plain(1, "f", ReceiverKind::File, "file"));
        let stamper = Stamper::new(StampOptions {
            lateness: 2 * SECOND,
            max_future: 300 * SECOND,
            kind: Kind::File,
            start_promise: 0,
        });
        let mut source = QueuedSource::new(info, stamper, 0);
        source.dedup(Some(Arc::new(Dedup::new(5 * SECOND))));
        let now = START + 100_000 * SECOND;
        let mut push = |at: u64, text: &str| {
            let time = TimeHit { start: 0, len: 2, ns: START + at * SECOND };
            source.push(text.as_bytes(), Some(time), (Flags::default(), LineEnd::Lf), now);
        };
        for (at, text) in [(1, "a"), (1, "a"), (2, "b"), (9000, "c"), (9000, "c"), (9001, "b")] {
            push(at, text);
        }
        source.flush_due(now + SECOND);
        let batch = source.take(now).unwrap();
        let kept: Vec<_> = batch
            .records
            .iter()
            .map(|record| (batch.bytes_of(record), record.seq, record.effective))
            .collect();
        let at = |seconds: u64| START + seconds * SECOND;
        let expected = [("a", 0, at(1)), ("b", 2, at(2)), ("c", 3, at(9000)), ("b", 5, at(9001))]
            .map(|(text, seq, at)| (text.as_bytes(), seq, at));
        assert_eq!(kept, expected);
        assert_eq!((source.duplicates(), source.duplicates(), source.is_empty()), (2, 0, true));
    }

    #[test]
    fn what_waits_keeps_its_bytes_and_its_place() {
        let info = Arc::new(SourceInfo::plain(1, "f", ReceiverKind::File, "file"));
        let stamper = Stamper::new(StampOptions {
            lateness: 2 * SECOND,
            max_future: 300 * SECOND,
            kind: Kind::File,
            start_promise: 0,
        });
        let mut source = QueuedSource::new(info, stamper, 40);
        let now = START + 100_000 * SECOND;
        for (at, text) in [(1, "@1 a"), (2, "@2 b"), (9000, "@9000 jump"), (9001, "@9001 after")] {
            let time = TimeHit { start: 0, len: 2, ns: START + at * SECOND };
            source.push(text.as_bytes(), Some(time), (Flags::default(), LineEnd::Lf), now);
        }
        let first = source.take(now).unwrap();
        assert_eq!(first.records.len(), 2);
        assert_eq!(first.bytes, b"@1 a@2 b");
        assert!(source.take(now).is_none());
        source.flush_due(now + SECOND);
        let second = source.take(now).unwrap();
        assert_eq!(second.bytes_of(&second.records[1]), b"@9001 after");
        assert_eq!(second.records[0].seq, 42);
        assert_eq!(second.records[0].effective, START + 9000 * SECOND);
        assert!(source.is_empty());
    }
}
