//! All leaves in one map: for tools, tests and anything that works in one place.

use super::cluster::TemplateInfo;
use super::leaf::{Assigned, Leaf};
use hashbrown::HashMap;
use seerflow_model::Event;

/// Every leaf of a stream of events, worked off in order.
#[derive(Clone, Debug, Default)]
pub struct Miner {
    leaves: HashMap<u64, Leaf>,
}

impl Miner {
    /// A miner that has seen nothing.
    pub fn new() -> Miner {
        Miner::default()
    }

    /// The template of a masked event.
    pub fn assign(&mut self, event: &Event) -> Assigned {
        self.leaves.entry(event.leaf).or_default().assign(event)
    }

    /// The leaf of an event.
    pub fn leaf(&self, leaf: u64) -> Option<&Leaf> {
        self.leaves.get(&leaf)
    }

    /// The template that stands for `id` in the end (see [`Leaf::covering`]), as it is now.
    pub fn template(&self, leaf: u64, id: u64) -> Option<TemplateInfo> {
        let leaf = self.leaves.get(&leaf)?;
        leaf.template(leaf.covering(id))
    }

    /// All templates, sorted by id.
    pub fn templates(&self) -> Vec<TemplateInfo> {
        let mut all: Vec<_> = self.leaves.values().flat_map(Leaf::templates).collect();
        all.sort_by_key(|t| t.id);
        all
    }
}
