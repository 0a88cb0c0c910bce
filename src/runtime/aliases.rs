//! What is known of templates that became part of others: in this run from the workers, of earlier
//! runs from the dictionary at rest.

use crate::store::events::find::Aliases;
use seerflow_pipeline::views::Merged;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Longest chain of templates that became part of the next one. What two runs say may even close to
/// a ring.
const CHAIN_MAX: usize = 64;

/// See the module head.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// Of earlier runs: the younger template and the older one.
    stored: Arc<BTreeMap<u64, u64>>,
    /// Of this run; it counts more.
    merged: Merged,
}

impl Known {
    /// From what earlier runs have left and what the workers say.
    pub fn new(stored: Arc<BTreeMap<u64, u64>>, merged: Merged) -> Known {
        Known { stored, merged }
    }

    fn next(&self, id: u64) -> Option<u64> {
        let to = self.merged.aliases.get(&id).or_else(|| self.stored.get(&id));
        to.copied().filter(|to| *to != id)
    }
}

impl Aliases for Known {
    fn all_of(&self, id: u64) -> Vec<u64> {
        let root = self.stands_for(id);
        let younger = self.stored.keys().chain(self.merged.aliases.keys()).copied();
        younger.filter(|other| self.stands_for(*other) == root).chain([root, id]).collect()
    }

    fn stands_for(&self, id: u64) -> u64 {
        let mut at = id;
        for _ in 0..CHAIN_MAX {
            match self.next(at) {
                Some(to) => at = to,
                None => break,
            }
        }
        at
    }

    fn text(&self, id: u64) -> Option<String> {
        self.merged.texts.get(&id).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chains_over_runs_and_rings() {
        let mut merged = Merged::default();
        merged.aliases.insert(2, 3);
        merged.texts.insert(3, "c <*>".into());
        let known = Known::new(BTreeMap::from([(1, 2), (2, 9)]).into(), merged);
        assert_eq!([1, 2, 3, 7].map(|id| known.stands_for(id)), [3, 3, 3, 7]);
        let mut all = known.all_of(1);
        all.sort_unstable();
        all.dedup();
        assert_eq!(all, [1, 2, 3]);
        assert_eq!(known.text(3).as_deref(), Some("c <*>"));
        assert_eq!(known.text(1), None);
        let ring = Known::new(BTreeMap::from([(1, 2), (2, 1), (5, 5)]).into(), Merged::default());
        assert!([1, 2].contains(&ring.stands_for(1)));
        assert_eq!(ring.stands_for(5), 5);
    }
}
