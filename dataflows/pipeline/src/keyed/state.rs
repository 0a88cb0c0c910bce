//! State by key group: look-up, bounds with two-part eviction, and its form in a cut.
//!
//! Bounds are per group, so they do not depend on the number of workers. A new key is on
//! probation (a fifth of the bound) until it is seen in a second tick; keys on probation are
//! evicted only by such keys, so a flood of keys seen once cannot push out those in use.
//! Eviction looks at state alone (last tick, key), never at map order; it clears a batch, so its
//! scan of one group costs O(1) amortised per new key.

use hashbrown::HashMap;
use seerflow_model::Ns;
use seerflow_model::hash::{GROUPS, group};
use serde::{Serialize, de::DeserializeOwned};

/// A hasher for keys that are already well-mixed hashes.
#[derive(Clone, Copy, Default)]
pub struct KeyHash(u64);

impl std::hash::Hasher for KeyHash {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }
    fn write_u64(&mut self, key: u64) {
        self.0 = key;
    }
}

/// Map from key to anything, with the identity hash.
pub type KeyMap<V> = HashMap<u64, V, std::hash::BuildHasherDefault<KeyHash>>;

/// One key's state and what the operator knows of it.
#[derive(Debug)]
pub struct Slot<S> {
    /// The fold's state.
    pub state: S,
    /// When its timer is due.
    pub due: Option<Ns>,
    /// Last tick (ms) in which the key was seen.
    pub last_tick: u64,
    /// Whether it was seen in two ticks.
    pub settled: bool,
}

/// State of all groups that this worker owns.
pub struct Groups<S> {
    groups: Vec<Group<S>>,
    bound: usize,
    /// Keys evicted so far.
    pub evictions: u64,
}

struct Group<S> {
    slots: KeyMap<Slot<S>>,
    probation: usize,
}

impl<S> Groups<S> {
    /// Empty groups that hold at most `bound` keys each.
    pub fn new(bound: usize) -> Groups<S> {
        let groups =
            (0..GROUPS).map(|_| Group { slots: KeyMap::default(), probation: 0 }).collect();
        Groups { groups, bound: bound.max(10), evictions: 0 }
    }

    /// Number of keys.
    pub fn len(&self) -> usize {
        self.groups.iter().map(|group| group.slots.len()).sum()
    }

    /// Whether there is no key.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All keys with their state, in no particular order.
    pub fn iter(&self) -> impl Iterator<Item = (u64, &S)> {
        self.groups.iter().flat_map(|g| g.slots.iter().map(|(key, slot)| (*key, &slot.state)))
    }

    /// All slots, in no particular order.
    pub fn slots_mut(&mut self) -> impl Iterator<Item = (u64, &mut Slot<S>)> {
        self.groups.iter_mut().flat_map(|g| g.slots.iter_mut().map(|(key, slot)| (*key, slot)))
    }

    /// All keys in ascending order.
    pub fn keys_sorted(&self) -> Vec<u64> {
        let mut keys: Vec<u64> = self.iter().map(|(key, _)| key).collect();
        keys.sort_unstable();
        keys
    }

    /// The keys of the group that `key` falls into, in ascending order.
    pub fn keys_beside(&self, key: u64) -> Vec<u64> {
        let slots = &self.groups[usize::from(group(key))].slots;
        let mut keys: Vec<u64> = slots.keys().copied().collect();
        keys.sort_unstable();
        keys
    }

    /// The slot of a key, if there is one.
    pub fn get_mut(&mut self, key: u64) -> Option<&mut Slot<S>> {
        self.groups[usize::from(group(key))].slots.get_mut(&key)
    }

    /// The slot of a key for a record in `tick`, made by `fresh` when it is new. Evicted keys are
    /// given to `evicted`.
    pub fn enter(
        &mut self,
        key: u64,
        tick: u64,
        pinned: fn(&S) -> bool,
        fresh: impl FnOnce() -> S,
        mut evicted: impl FnMut(u64, Slot<S>),
    ) -> &mut Slot<S> {
        let bound = self.bound;
        let owner = &mut self.groups[usize::from(group(key))];
        let (is_new, settles) = match owner.slots.get_mut(&key) {
            None => (true, false),
            Some(slot) if slot.last_tick == tick => (false, false),
            Some(slot) => {
                slot.last_tick = tick;
                (false, !std::mem::replace(&mut slot.settled, true))
            }
        };
        if settles {
            owner.probation -= 1;
            self.evictions +=
                owner.shrink(true, bound - bound / 5, Some(key), pinned, &mut evicted);
        }
        if is_new {
            self.evictions += owner.shrink(false, bound / 5 - 1, None, pinned, &mut evicted);
            let slot = Slot { state: fresh(), due: None, last_tick: tick, settled: false };
            owner.slots.insert(key, slot);
            owner.probation += 1;
        }
        owner.slots.entry(key).or_insert_with(|| unreachable!("the key was just entered"))
    }
}

impl<S> Group<S> {
    /// When more than `room` keys are settled (or not), evicts the oldest of them down to 15/16 of
    /// it. Pinned keys go last. Returns how many went.
    fn shrink(
        &mut self,
        settled: bool,
        room: usize,
        keep: Option<u64>,
        pinned: fn(&S) -> bool,
        evicted: &mut impl FnMut(u64, Slot<S>),
    ) -> u64 {
        let count = if settled { self.slots.len() - self.probation } else { self.probation };
        if count <= room {
            return 0;
        }
        let mut candidates: Vec<(bool, u64, u64)> = self
            .slots
            .iter()
            .filter(|(key, slot)| slot.settled == settled && Some(**key) != keep)
            .map(|(key, slot)| (pinned(&slot.state), slot.last_tick, *key))
            .collect();
        candidates.sort_unstable();
        let surplus = count - (room - room / 16).min(count);
        for (_, _, key) in candidates.iter().take(surplus.max(1)) {
            if let Some(slot) = self.slots.remove(key) {
                self.probation -= usize::from(!slot.settled);
                evicted(*key, slot);
            }
        }
        surplus.max(1).min(candidates.len()) as u64
    }
}

impl<S: Serialize + DeserializeOwned> Groups<S> {
    /// State of one group: its keys in ascending order. `None` when the group is empty.
    pub fn encode(&self, index: u8) -> Option<Vec<u8>> {
        let slots = &self.groups[usize::from(index)].slots;
        if slots.is_empty() {
            return None;
        }
        let mut rows: Vec<_> = slots
            .iter()
            .map(|(key, slot)| (*key, slot.due, slot.last_tick, slot.settled, &slot.state))
            .collect();
        rows.sort_unstable_by_key(|row| row.0);
        bincode::serialize(&rows).ok()
    }

    /// Reads one group back.
    pub fn decode(&mut self, index: u8, bytes: &[u8]) -> Result<(), bincode::Error> {
        type Row<S> = (u64, Option<Ns>, u64, bool, S);
        let rows: Vec<Row<S>> = bincode::deserialize(bytes)?;
        let owner = &mut self.groups[usize::from(index)];
        for (key, due, last_tick, settled, state) in rows {
            owner.probation += usize::from(!settled);
            owner.slots.insert(key, Slot { state, due, last_tick, settled });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn enter(groups: &mut Groups<u32>, key: u64, tick: u64) -> Vec<u64> {
        let mut gone = Vec::new();
        groups.enter(key, tick, |state| *state == 7, || 0, |key, _| gone.push(key)).state += 1;
        gone
    }

    /// Keys that all fall into group 0.
    fn keys() -> impl Iterator<Item = u64> {
        (0..).filter(|key| group(*key) == 0)
    }

    #[test]
    fn a_flood_of_new_keys_does_not_evict_those_in_use() {
        let mut groups = Groups::new(100);
        let used: Vec<u64> = keys().take(15).collect();
        for tick in 0..2 {
            for key in &used {
                assert!(enter(&mut groups, *key, tick).is_empty());
            }
        }
        for (tick, key) in keys().skip(15).take(10_000).enumerate() {
            enter(&mut groups, key, 10 + tick as u64);
        }
        assert!(used.iter().all(|key| groups.get_mut(*key).is_some()));
        assert!(groups.len() <= 100, "{}", groups.len());
        assert_eq!(groups.evictions, 10_015 - groups.len() as u64);
    }

    #[test]
    fn a_group_survives_encoding() {
        let mut groups = Groups::new(100);
        for key in keys().take(20) {
            enter(&mut groups, key, key);
            groups.get_mut(key).unwrap().due = (key % 2 == 0).then_some(key);
        }
        let bytes = groups.encode(0).unwrap();
        let mut back: Groups<u32> = Groups::new(100);
        back.decode(0, &bytes).unwrap();
        let timers = back.slots_mut().filter(|(_, slot)| slot.due.is_some()).count();
        assert_eq!(timers, keys().take(20).filter(|k| k % 2 == 0).count());
        assert_eq!(back.encode(0).unwrap(), bytes);
        assert!(groups.encode(1).is_none());
    }
}
