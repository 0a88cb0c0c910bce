//! All leaves in one map, with the merge step: for tools, tests and anything that works in one
//! place.

use super::cluster::TemplateInfo;
use super::leaf::{Assigned, Leaf};
use super::merge::Merger;
use hashbrown::HashMap;
use seerflow_model::Event;

/// Every leaf of a stream of events, worked off in order.
#[derive(Clone, Debug, Default)]
pub struct Miner {
    leaves: HashMap<u64, (u64, Leaf)>,
    namespaces: HashMap<u64, Merger>,
}

impl Miner {
    /// A miner that has seen nothing.
    pub fn new() -> Miner {
        Miner::default()
    }

    /// The template of a masked event, as its leaf sees it.
    pub fn assign(&mut self, event: &Event) -> Assigned {
        let new = || (event.namespace, Leaf::default());
        let (_, leaf) = self.leaves.entry(event.leaf).or_insert_with(new);
        let assigned = leaf.assign(event);
        if (assigned.founded || assigned.widened)
            && let Some(outline) = leaf.outline(assigned.template)
        {
            self.namespaces.entry(event.namespace).or_default().announce(outline);
        }
        assigned
    }

    /// The leaf of an event.
    pub fn leaf(&self, leaf: u64) -> Option<&Leaf> {
        self.leaves.get(&leaf).map(|(_, leaf)| leaf)
    }

    /// The merge step of a namespace.
    pub fn namespace(&self, namespace: u64) -> Option<&Merger> {
        self.namespaces.get(&namespace)
    }

    /// Id and text of the template that stands for `id` in the end, as it is now.
    pub fn template(&self, leaf: u64, id: u64) -> Option<(u64, String)> {
        let (namespace, leaf) = self.leaves.get(&leaf)?;
        let merged = self.namespaces.get(namespace);
        let (to, text) = merged.map_or((id, None), |m| (m.resolve(id), m.text(id)));
        text.or_else(|| leaf.template(id).map(|info| info.text)).map(|text| (to, text))
    }

    /// All templates of all leaves, sorted by id.
    pub fn templates(&self) -> Vec<TemplateInfo> {
        let mut all: Vec<_> = self.leaves.values().flat_map(|(_, leaf)| leaf.templates()).collect();
        all.sort_by_key(|t| t.id);
        all
    }
}
