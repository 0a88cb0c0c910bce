//! `sources[].dedup_seconds`: relays that send the same record twice.
//!
//! A record is a duplicate when one with the same bytes, the header and its time included, was
//! kept for the same entry of `sources[]` at an effective time that differs by no more than the
//! window. It is decided at the edge, where the records of an entry come by one after another,
//! before they go to any worker; so it does not depend on the workers. What is kept decides, not
//! what was dropped: of a line that repeats all day one is kept per window.
//!
//! Bound: the last [`REMEMBERED_MAX`] records that were kept, 64 bytes each; beyond it the one that
//! was kept longest ago is forgotten, so a duplicate may be kept but no other record is ever
//! dropped. Digests are 128 bits of SHA-256: nobody can make two records of which one hides the
//! other. Cost: one digest and one look-up a record.

use hashbrown::HashMap;
use hashbrown::hash_map::Entry;
use seerflow_model::time::Ns;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

/// Records that one entry remembers.
pub const REMEMBERED_MAX: usize = 262_144;

/// What one entry remembers; all its sources share it.
#[derive(Debug)]
pub struct Dedup(Mutex<Window>);

impl Dedup {
    /// Nothing remembered yet.
    pub fn new(window: Ns) -> Dedup {
        Dedup(Mutex::new(Window::new(window, REMEMBERED_MAX)))
    }

    /// Whether this record was there before; if not, it is remembered.
    pub fn repeats(&self, record: &[u8], effective: Ns) -> bool {
        let digest = digest(record);
        // A panic elsewhere leaves a map and a queue that hold the same digests.
        let mut window = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        window.repeats(digest, effective)
    }
}

fn digest(record: &[u8]) -> u128 {
    let mut half = [0u8; 16];
    half.copy_from_slice(&Sha256::digest(record)[..16]);
    u128::from_le_bytes(half)
}

/// The state of one entry. `order` holds the digests of `kept`, with a number that tells a digest
/// that was kept again from what is left of it in the queue.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Window {
    window: Ns,
    max: usize,
    next: u64,
    kept: HashMap<u128, (Ns, u64)>,
    order: VecDeque<(u128, u64)>,
}

impl Window {
    fn new(window: Ns, max: usize) -> Window {
        Window { window, max: max.max(1), next: 0, kept: HashMap::new(), order: VecDeque::new() }
    }

    fn repeats(&mut self, digest: u128, effective: Ns) -> bool {
        let now = self.next;
        match self.kept.entry(digest) {
            Entry::Occupied(mut known) => {
                if known.get().0.abs_diff(effective) <= self.window {
                    return true;
                }
                known.insert((effective, now));
            }
            Entry::Vacant(unknown) => drop(unknown.insert((effective, now))),
        }
        self.next += 1;
        self.order.push_back((digest, now));
        self.forget();
        false
    }

    /// Keeps the bound, on the digests and on what is left of them in the queue.
    fn forget(&mut self) {
        while self.order.len() > self.max {
            let Some((digest, number)) = self.order.pop_front() else { return };
            if let Entry::Occupied(known) = self.kept.entry(digest)
                && known.get().1 == number
            {
                known.remove();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use seerflow_model::time::SECOND;

    /// The last `max` kept records as a list that is looked through.
    #[derive(Default)]
    struct Oracle(Vec<(u128, Ns)>);

    impl Oracle {
        fn repeats(&mut self, digest: u128, at: Ns, window: Ns, max: usize) -> bool {
            let last = self.0.iter().rev().find(|(known, _)| *known == digest);
            if last.is_some_and(|(_, before)| before.abs_diff(at) <= window) {
                return true;
            }
            self.0.push((digest, at));
            let surplus = self.0.len().saturating_sub(max);
            self.0.drain(..surplus);
            false
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(400))]
        #[test]
        fn is_the_list_of_what_was_kept(
            window in 0u64..20, max in 1usize..12,
            records in prop::collection::vec((0u128..8, 0u64..60), 0..200),
        ) {
            let mut state = Window::new(window, max);
            let mut oracle = Oracle::default();
            for (n, (digest, at)) in records.into_iter().enumerate() {
                let expected = oracle.repeats(digest, at, window, max);
                prop_assert_eq!(state.repeats(digest, at), expected, "record {}", n);
                prop_assert!(state.kept.len() <= max && state.order.len() <= max);
            }
            let saved = serde_json::to_string(&state.clone()).unwrap();
            let again: Window = serde_json::from_str(&saved).unwrap();
            prop_assert_eq!(again.kept, state.kept);
        }
    }

    #[test]
    fn the_bytes_decide_and_only_within_the_window() {
        let dedup = Dedup::new(5 * SECOND);
        let at = 100 * SECOND;
        assert!(!dedup.repeats(b"a", at) && !dedup.repeats(b"b", at) && !dedup.repeats(b"a ", at));
        assert!(dedup.repeats(b"a", at + 5 * SECOND) && dedup.repeats(b"a", at - 5 * SECOND));
        assert!(!dedup.repeats(b"a", at + 6 * SECOND), "one is kept per window");
        assert!(dedup.repeats(b"a", at + 11 * SECOND));
    }

    #[test]
    fn a_flood_of_others_is_forgotten_in_the_order_it_came() {
        let mut state = Window::new(SECOND, 1_000);
        for n in 0..100_000u128 {
            assert!(!state.repeats(n, 0));
        }
        assert_eq!((state.kept.len(), state.order.len()), (1_000, 1_000));
        assert!(state.repeats(99_999, 0) && !state.repeats(98_000, 0));
    }
}
