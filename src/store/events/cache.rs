//! Columns that were read lately, shared by all readers, bounded in bytes.
//!
//! Two generations: what is asked for moves into the young one; when that has half of the bound it
//! becomes the old one, and what was old is forgotten. So what is used stays, at the cost of one
//! look-up, and a scan of everything forgets no more than the bound. A column that is being read
//! by two at once is read twice.

use super::error::Result;
use hashbrown::HashMap;
use std::any::Any;
use std::sync::{Arc, Mutex, PoisonError};

/// Which column: number of the file, start of the block in it, column, number of the column.
pub(super) type Key = (u64, u64, u8, u16);

type Kept = (Arc<dyn Any + Send + Sync>, usize);

#[derive(Default)]
struct Generations {
    young: HashMap<Key, Kept>,
    old: HashMap<Key, Kept>,
    bytes: usize,
}

/// See the module head.
pub(super) struct Cache {
    half: usize,
    kept: Mutex<Generations>,
}

impl std::fmt::Debug for Cache {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cache").field("half", &self.half).finish_non_exhaustive()
    }
}

impl Cache {
    /// With a bound in bytes.
    pub(super) fn new(bytes: usize) -> Cache {
        Cache { half: bytes / 2, kept: Mutex::default() }
    }

    /// What is kept under a key, or what `read` gives and how many bytes it has.
    pub(super) fn get<T: Send + Sync + 'static>(
        &self,
        key: Key,
        read: impl FnOnce() -> Result<(T, usize)>,
    ) -> Result<Arc<T>> {
        if let Some(known) = self.known(key) {
            return Ok(known);
        }
        let (value, bytes) = read()?;
        let value = Arc::new(value);
        self.put(key, (Arc::clone(&value) as Arc<dyn Any + Send + Sync>, bytes + 128));
        Ok(value)
    }

    fn known<T: Send + Sync + 'static>(&self, key: Key) -> Option<Arc<T>> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((value, _)) = kept.young.get(&key) {
            return Arc::clone(value).downcast().ok();
        }
        let (value, bytes) = kept.old.remove(&key)?;
        self.enter(&mut kept, key, (Arc::clone(&value), bytes));
        value.downcast().ok()
    }

    fn put(&self, key: Key, value: Kept) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        self.enter(&mut kept, key, value);
    }

    fn enter(&self, kept: &mut Generations, key: Key, value: Kept) {
        if value.1 > self.half {
            return;
        }
        if kept.bytes + value.1 > self.half {
            kept.old = std::mem::take(&mut kept.young);
            kept.bytes = 0;
        }
        kept.bytes += value.1;
        if let Some((_, bytes)) = kept.young.insert(key, value) {
            kept.bytes -= bytes;
        }
    }

    /// Bytes of all that is kept.
    #[cfg(test)]
    fn bytes(&self) -> usize {
        let kept = self.kept.lock().unwrap();
        kept.young.values().chain(kept.old.values()).map(|(_, bytes)| bytes).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_used_stays_and_the_bound_holds() {
        let cache = Cache::new(100_000);
        let key = |n| (1, n, 2, 0);
        for n in 0..1000u64 {
            let hot = cache.get(key(0), || Ok((String::from("hot"), 1000)));
            assert_eq!(*hot.unwrap(), "hot");
            let cold = cache.get(key(n + 1), || Ok((n, 1000)));
            assert_eq!(*cold.unwrap(), n);
            assert!(cache.bytes() <= 100_000);
        }
        let read_again = |n| {
            let mut read = false;
            let _ = cache.get::<u64>(key(n), || {
                read = true;
                Ok((n, 1000))
            });
            read
        };
        assert!(!read_again(1000));
        assert!(read_again(1));
        let hot = cache.get(key(0), || Ok((String::from("again"), 1000))).unwrap();
        assert_eq!(*hot, "hot");
        // What is larger than half is given and not kept.
        cache.get(key(5000), || Ok((0u8, 60_000))).unwrap();
        assert!(cache.bytes() <= 100_000);
    }
}
