//! A bounded map of network peers that forgets those that were quiet longest.
//!
//! Forgetting goes by tenths of the bound, so that a flood of invented senders costs O(10) per
//! sender and not a search of the whole map.

use std::collections::HashMap;
use std::net::IpAddr;

/// How many peers a listener remembers.
pub const PEERS_MAX: usize = 10_000;

struct Entry<V> {
    used: u64,
    value: V,
}

/// Peers by address.
pub struct Recent<V> {
    map: HashMap<IpAddr, Entry<V>>,
    max: usize,
    now: u64,
}

impl<V> Recent<V> {
    /// An empty map for at most `max` peers.
    pub fn new(max: usize) -> Recent<V> {
        Recent { map: HashMap::new(), max: max.max(1), now: 0 }
    }

    /// The value of a peer, marked as used.
    pub fn get(&mut self, ip: &IpAddr) -> Option<&mut V> {
        self.now += 1;
        let entry = self.map.get_mut(ip)?;
        entry.used = self.now;
        Some(&mut entry.value)
    }

    /// Adds a peer. If the map is full, a tenth of it is taken out first (those that were used
    /// least recently and that `keep` does not hold) and returned.
    pub fn insert(&mut self, ip: IpAddr, value: V, keep: impl Fn(&V) -> bool) -> Vec<V> {
        let mut gone = Vec::new();
        if self.map.len() >= self.max {
            let mut ages: Vec<(u64, IpAddr)> = self
                .map
                .iter()
                .filter(|(_, entry)| !keep(&entry.value))
                .map(|(ip, entry)| (entry.used, *ip))
                .collect();
            let take = (self.max / 10).max(1).min(ages.len());
            if take < ages.len() {
                ages.select_nth_unstable(take);
            }
            gone.extend(ages[..take].iter().filter_map(|(_, ip)| self.map.remove(ip)));
        }
        self.now += 1;
        self.map.insert(ip, Entry { used: self.now, value });
        gone.into_iter().map(|entry| entry.value).collect()
    }

    /// All values, in no order.
    pub fn values(&self) -> impl Iterator<Item = &V> {
        self.map.values().map(|entry| &entry.value)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.map.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(n: u32) -> IpAddr {
        IpAddr::from(n.to_be_bytes())
    }

    #[test]
    fn forgets_the_quietest_and_keeps_the_bound() {
        let mut peers = Recent::new(20);
        for n in 0..20 {
            assert!(peers.insert(ip(n), n, |_| false).is_empty());
        }
        peers.get(&ip(0));
        let mut gone = peers.insert(ip(99), 99, |n| *n == 1);
        gone.sort_unstable();
        assert_eq!(gone, [2, 3], "0 was used, 1 is kept");
        for n in 100..10_000 {
            peers.insert(ip(n), n, |_| false);
            assert!(peers.len() <= 20);
        }
    }
}
