//! Where the trees cut: it follows from the spec alone.
//!
//! A node's feature is drawn with the probability of its remaining range, its cut evenly from the
//! inner 70 % of that range.

use seerflow_model::hash::{mix, pair};
use serde::{Deserialize, Serialize};

/// Most features of a point.
pub const FEATURES_MAX: usize = 32;
/// Bounds of a forest.
pub const TREES_MAX: u16 = 256;
/// Deepest tree.
pub const HEIGHT_MAX: u8 = 12;
/// Part of a range, on both sides, in which no cut lies.
const PADDING: f32 = 0.15;
/// Scaled features; what lies beyond those in use is ignored.
pub type Point = [f32; FEATURES_MAX];

/// What a forest is made from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spec {
    /// All cuts follow from it.
    pub seed: u64,
    /// Number of trees.
    pub trees: u16,
    /// Cuts from the root to a leaf.
    pub height: u8,
    /// Features in use.
    pub features: u8,
    /// The first so many are cut anywhere; the others only in their middle fifth, and so a fifth
    /// as often: they tell kinds of events apart and must not bury the others.
    pub wide: u8,
}

impl Spec {
    /// Within what a forest may be.
    pub(super) fn bounded(self) -> Spec {
        Spec {
            trees: self.trees.clamp(1, TREES_MAX),
            height: self.height.clamp(1, HEIGHT_MAX),
            features: self.features.clamp(1, FEATURES_MAX as u8),
            wide: self.wide.min(FEATURES_MAX as u8),
            ..self
        }
    }
}

/// A node, with everything that a visit needs.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Node {
    pub(super) cut: f32,
    pub(super) feature: u32,
    pub(super) reference: u32,
    pub(super) learning: u32,
}

/// Draws the cuts below a node.
pub(super) fn cut(
    nodes: &mut [Node],
    at: usize,
    spec: &Spec,
    seed: u64,
    mut ranges: [(f32, f32); FEATURES_MAX],
) {
    if 2 * at + 2 >= nodes.len() {
        return;
    }
    let draw = |n: u64| (mix(pair(seed, 2 * at as u64 + n)) >> 40) as f32 / (1u32 << 24) as f32;
    let used = &ranges[..usize::from(spec.features)];
    let mut rest = draw(0) * used.iter().map(|range| range.1 - range.0).sum::<f32>();
    let mut feature = 0;
    for (index, range) in used.iter().enumerate() {
        feature = index;
        rest -= range.1 - range.0;
        if rest < 0.0 {
            break;
        }
    }
    let (from, to) = ranges[feature];
    let cut_at = from + (to - from) * (PADDING + (1.0 - 2.0 * PADDING) * draw(1));
    (nodes[at].feature, nodes[at].cut) = (feature as u32, cut_at);
    ranges[feature] = (from, cut_at);
    cut(nodes, 2 * at + 1, spec, seed, ranges);
    ranges[feature] = (cut_at, to);
    cut(nodes, 2 * at + 2, spec, seed, ranges);
}
