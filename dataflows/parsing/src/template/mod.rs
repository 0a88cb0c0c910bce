//! Templates: Drain over masked tokens, one independent state per leaf.
//!
//! Drain (He et al., ICWS 2017) walks a tree by token count and first tokens, then groups what is
//! left in a leaf by similarity. Here the path through the tree is one hash, computed with the mask
//! ([`crate::mask::leaf`]), so leaves can live anywhere: a leaf never needs another one, and what it
//! learns depends only on the order of its own events.
//!
//! * [`Leaf`]: the state of one leaf; `assign` finds, widens or founds the template of an event.
//! * [`Merger`]: the merge step of one namespace: which templates make the same statement.
//! * [`Miner`]: all leaves in one map, for tools and tests.
//! * [`Slot`]: the values that an event has at the wildcards of its template.

mod cluster;
mod frame;
mod leaf;
mod merge;
mod miner;
mod outline;
mod slots;

pub use cluster::TemplateInfo;
pub use leaf::{Assigned, Leaf, MAX_CLUSTERS};
pub use merge::{Alias, MEMBERS_MAX, Merger};
pub use miner::Miner;
pub use outline::Outline;
pub use slots::{MAX_SLOTS, Slot, Slots, each_text};

#[cfg(test)]
mod merge_tests;
#[cfg(test)]
mod tests;
