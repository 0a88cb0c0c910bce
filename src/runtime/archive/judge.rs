//! The stamps of a file: which time a record is ordered by.
//!
//! A record's own time counts, unless it jumps more than an hour ahead of the stamp before it and
//! most of the next 64 records do not confirm it; records without a time abstain from that vote.
//! The scan looks ahead over chunk borders and keeps, for each chunk, one bit for each of its last
//! 64 records; for all others the second pass votes inside its chunk. So both passes decide alike
//! and a chunk costs 8 bytes, however hostile its clock.

use seerflow_model::record::{Flags, RecordMeta};
use seerflow_model::time::{Ns, SECOND};

/// Farther ahead than this needs to be confirmed.
pub const JUMP: Ns = 3600 * SECOND;
/// How many records confirm.
pub const VOTERS: usize = 64;
/// Stands for "no time" where times are packed; greater than any time.
pub const NO_TIME: u64 = u64::MAX;

/// Whether the next records confirm a jump to `time`. Without a voice it is believed.
pub fn confirmed(time: Ns, next: impl Iterator<Item = u64>) -> bool {
    let least = time.saturating_sub(JUMP);
    let (mut voices, mut ayes) = (0u32, 0u32);
    for other in next.take(VOTERS).filter(|&other| other != NO_TIME) {
        voices += 1;
        ayes += u32::from(other >= least);
    }
    2 * ayes > voices || voices == 0
}

/// Whether `time` after the stamp `before` needs to be confirmed.
#[inline]
pub fn jumps(before: Option<Ns>, time: Ns) -> bool {
    before.is_some_and(|before| time > before.saturating_add(JUMP))
}

/// Stamps the records of a chunk, given in the order of their file.
///
/// `before`: the stamp before the chunk; `head`: what stands in for it at the head of a file;
/// `doubted`: bit k is set when the k-th record from the end was not believed.
pub fn stamp(records: &mut [RecordMeta], mut before: Option<Ns>, head: Ns, doubted: u64) {
    for at in 0..records.len() {
        let inherit = match records[at].event_time {
            None => Some(Flags::INHERITED),
            Some(time) if jumps(before, time) && !believed(records, at, time, doubted) => {
                Some(Flags::CLOCK_SKEW)
            }
            Some(time) => {
                before = Some(time);
                None
            }
        };
        let record = &mut records[at];
        record.effective = before.unwrap_or(head);
        if let Some(flag) = inherit {
            record.flags.set(flag);
        }
    }
}

fn believed(records: &[RecordMeta], at: usize, time: Ns, doubted: u64) -> bool {
    let from_end = records.len() - 1 - at;
    if from_end < VOTERS {
        return doubted >> from_end & 1 == 0;
    }
    confirmed(time, records[at + 1..].iter().map(|r| r.event_time.unwrap_or(NO_TIME)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Ns = JUMP;

    #[test]
    fn a_jump_needs_most_of_the_next_records() {
        let far = 100 * HOUR;
        assert!(confirmed(far, std::iter::empty()));
        assert!(confirmed(far, [NO_TIME, NO_TIME].into_iter()));
        assert!(confirmed(far, [far - HOUR, 0, far].into_iter()));
        assert!(!confirmed(far, [far, 0].into_iter()));
        assert!(!confirmed(far, std::iter::repeat_n(0, 40).chain(std::iter::repeat_n(far, 99))));
        assert!(jumps(Some(0), HOUR + 1) && !jumps(Some(0), HOUR) && !jumps(None, far));
    }
}
