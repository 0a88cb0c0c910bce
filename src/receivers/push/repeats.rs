//! Requests that were taken, by digest, so that one that comes again is not taken again.
//!
//! A digest covers the entrance, the sender and the content; its seed is drawn at start, so nobody
//! can make two contents with one digest. A request that is still being taken is known too: the one
//! that comes again waits for the same answer. Bounded by time and number; what was taken longest
//! ago is forgotten first. 64 bytes a request.

use super::Taken;
use seerflow_model::time::Ns;
use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use tokio::sync::watch;
use xxhash_rust::xxh3::Xxh3;

/// What a waiting request is told: nothing yet, or how it ended (`None`: it was not taken).
pub type Verdict = Option<Option<Taken>>;

/// What is known of a request.
pub enum Known {
    /// Nothing: it is new, and the sender of the verdict is the one who takes it.
    New(watch::Sender<Verdict>),
    /// It is being taken.
    Pending(watch::Receiver<Verdict>),
    /// It was taken.
    Taken(Taken),
}

enum Entry {
    Pending(watch::Receiver<Verdict>),
    Taken(Taken),
}

/// See the module head.
pub struct Repeats {
    known: HashMap<u128, Entry>,
    taken: VecDeque<(Ns, u128)>,
    keep: Ns,
    max: usize,
}

impl Repeats {
    /// Remembers at most `max` for `keep`.
    pub fn new(keep: Ns, max: usize) -> Repeats {
        Repeats { known: HashMap::new(), taken: VecDeque::new(), keep, max }
    }

    /// The digest of a request.
    pub fn digest(seed: u64, entrance: u64, ip: IpAddr, content: &[u8]) -> u128 {
        let mut hasher = Xxh3::with_seed(seed);
        hasher.update(&entrance.to_le_bytes());
        match ip {
            IpAddr::V4(ip) => hasher.update(&ip.octets()),
            IpAddr::V6(ip) => hasher.update(&ip.octets()),
        }
        hasher.update(content);
        hasher.digest128()
    }

    /// What is known of a request; a new one is from now on known as being taken.
    pub fn see(&mut self, digest: u128, now: Ns) -> Known {
        self.forget(now);
        match self.known.get(&digest) {
            Some(Entry::Taken(taken)) => Known::Taken(*taken),
            Some(Entry::Pending(verdict)) => Known::Pending(verdict.clone()),
            None => {
                let (tell, verdict) = watch::channel(None);
                self.known.insert(digest, Entry::Pending(verdict));
                Known::New(tell)
            }
        }
    }

    /// How the taking of a new request ended; one that was not taken may come again.
    pub fn settle(&mut self, digest: u128, taken: Option<Taken>, now: Ns) {
        match taken {
            Some(taken) => {
                self.known.insert(digest, Entry::Taken(taken));
                self.taken.push_back((now, digest));
                self.forget(now);
            }
            None => drop(self.known.remove(&digest)),
        }
    }

    fn forget(&mut self, now: Ns) {
        while let Some((at, digest)) = self.taken.front()
            && (self.taken.len() > self.max || at.saturating_add(self.keep) < now)
        {
            self.known.remove(digest);
            self.taken.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TAKEN: Taken = Taken { accepted: 3, refused: 1, repeated: false };

    fn is_new(repeats: &mut Repeats, digest: u128, now: Ns) -> bool {
        matches!(repeats.see(digest, now), Known::New(_))
    }

    #[test]
    fn remembers_for_a_while_and_only_so_many() {
        let mut repeats = Repeats::new(100, 3);
        for digest in 0..3 {
            assert!(is_new(&mut repeats, digest, 0));
            assert!(matches!(repeats.see(digest, 0), Known::Pending(_)));
            repeats.settle(digest, Some(TAKEN), digest as Ns);
        }
        assert!(matches!(repeats.see(0, 100), Known::Taken(taken) if taken.accepted == 3));
        assert!(is_new(&mut repeats, 0, 101), "100 after it was taken");
        repeats.settle(0, None, 101);
        assert!(is_new(&mut repeats, 0, 101), "it was not taken");
        repeats.settle(0, Some(TAKEN), 101);
        assert!(is_new(&mut repeats, 9, 101));
        repeats.settle(9, Some(TAKEN), 101);
        assert!(is_new(&mut repeats, 1, 101), "one of four had to go");
        assert!(!is_new(&mut repeats, 2, 101));
    }

    #[test]
    fn a_digest_covers_all_that_tells_requests_apart() {
        let (a, b) = ("10.0.0.1".parse().unwrap(), "10.0.0.2".parse().unwrap());
        let one = Repeats::digest(1, 1, a, b"x");
        assert_eq!(one, Repeats::digest(1, 1, a, b"x"));
        for other in [(2, 1, a, b"x"), (1, 2, a, b"x"), (1, 1, b, b"x"), (1, 1, a, b"y")] {
            assert_ne!(one, Repeats::digest(other.0, other.1, other.2, other.3));
        }
    }
}
