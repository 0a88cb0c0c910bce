//! What is forgotten: whole segments, the oldest by receipt first.

use super::error::Result;
use super::opening::remove;
use super::segment::Segment;
use super::shard::Shard;
use super::stats::Reason;
use super::store::{Inner, Retention};
use seerflow_model::Ns;
use std::sync::{Arc, MutexGuard};

/// A segment that could be forgotten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Candidate {
    receipt: Ns,
    bytes: u64,
}

/// The disk: bytes in all, and bytes that can still be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Disk {
    total: u64,
    free: u64,
}

/// Which are to be forgotten, and why. They must be in the order of their receipt.
fn judge(all: &[Candidate], now: Ns, disk: Option<Disk>, keep: &Retention) -> Vec<Option<Reason>> {
    let mut bytes: u64 = all.iter().map(|one| one.bytes).sum();
    let share = disk.map(|disk| (disk.total as f64 * keep.max_disk_share) as u64);
    let most = keep.max_bytes.into_iter().chain(share).min().unwrap_or(u64::MAX);
    let mut free = disk.map(|disk| disk.free);
    let needed = disk.map_or(0, |disk| (disk.total as f64 * (1.0 - keep.disk_full)) as u64);
    all.iter()
        .map(|one| {
            let age = now.saturating_sub(one.receipt);
            let reason = if keep.max_age.is_some_and(|most| age > most) {
                Reason::Age
            } else if bytes > most {
                Reason::Bytes
            } else if free.is_some_and(|free| free < needed) {
                Reason::Disk
            } else {
                return None;
            };
            bytes -= one.bytes;
            free = free.map(|free| free.saturating_add(one.bytes));
            Some(reason)
        })
        .collect()
}

/// Removes what is to be forgotten; says how many events. No merge may run.
pub(super) fn run(inner: &Inner, now: Ns, _merging: &MutexGuard<'_, ()>) -> Result<u64> {
    let changing = inner.changing();
    let mut all: Vec<(Ns, Arc<Shard>, Arc<Segment>)> = Vec::new();
    for shard in inner.shards() {
        let state = shard.lock();
        let segments = state.segments.values();
        all.extend(segments.map(|one| (one.receipt(), Arc::clone(&shard), Arc::clone(one))));
    }
    all.sort_by_key(|(receipt, shard, segment)| (*receipt, shard.number, segment.footer.place));
    let candidates: Vec<Candidate> = all
        .iter()
        .map(|(receipt, _, segment)| Candidate { receipt: *receipt, bytes: segment.bytes })
        .collect();
    let disk = rustix::fs::statvfs(&inner.dir).ok().map(|disk| Disk {
        total: disk.f_blocks.saturating_mul(disk.f_frsize),
        free: disk.f_bavail.saturating_mul(disk.f_frsize),
    });
    let reasons = judge(&candidates, now, disk, &inner.options.retention);
    let gone: Vec<_> = all
        .iter()
        .zip(reasons)
        .filter_map(|((_, shard, segment), reason)| Some((shard, segment, reason?)))
        .collect();
    if gone.is_empty() {
        return Ok(0);
    }
    for (shard, segment, _) in &gone {
        shard.lock().segments.remove(&segment.footer.place);
    }
    // First the manifest forgets them: a file that stays behind is taken in and expires again.
    inner.save(&changing)?;
    let mut events = 0;
    for (_, segment, reason) in gone {
        remove(segment.path())?;
        inner.counts.expired(reason, segment.rows());
        events += segment.rows();
    }
    Ok(events)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_go_first_and_each_for_its_reason() {
        let all: Vec<Candidate> =
            (1..=5).map(|n| Candidate { receipt: n * 100, bytes: 10 }).collect();
        let keep = |max_age, max_bytes| Retention {
            max_age,
            max_bytes,
            max_disk_share: 0.2,
            disk_full: 0.95,
        };
        let (age, bytes, disk) = (Some(Reason::Age), Some(Reason::Bytes), Some(Reason::Disk));
        let large = Disk { total: 10_000, free: 9_000 };
        let table = [
            (keep(None, None), None, [None; 5]),
            (keep(Some(350), None), None, [age, age, None, None, None]),
            (keep(None, Some(30)), None, [bytes, bytes, None, None, None]),
            (keep(Some(450), Some(20)), None, [age, bytes, bytes, None, None]),
            (keep(None, None), Some(large), [None; 5]),
            // A fifth of the disk is 20 bytes.
            (
                keep(None, Some(30)),
                Some(Disk { total: 100, free: 90 }),
                [bytes, bytes, bytes, None, None],
            ),
            // A twentieth of the disk is 50 bytes, 25 are free.
            (
                keep(None, None),
                Some(Disk { total: 1000, free: 25 }),
                [disk, disk, disk, None, None],
            ),
        ];
        for (keep, disk, wanted) in table {
            assert_eq!(judge(&all, 600, disk, &keep), wanted, "{keep:?} {disk:?}");
        }
    }
}
