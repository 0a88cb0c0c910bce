//! The trees: what fell where, and the score of a point.
//!
//! A window counts the points on each node of their paths; when it ends
//! the counts become the reference. The score of a point is `1 − S / (trees · mass · (2^(h+1) − 1))`
//! with `S = Σ reference · 2^depth` down each path, up to and with the first node that holds less
//! than a tenth of the mass (the paper takes that node alone; summing is smoother, and is what the
//! reference table was made with). All counts and S are integers, so counts of any number of
//! workers add up.
//!
//! The sum hardly notices one tree in ten that finds a point alone, which is what a single odd
//! feature among many makes. So there is a second reading: the mean of −ln of the density at the
//! ends of the paths, in which such a tree counts with the logarithm of the whole mass.
//!
//! Nodes lie in the order of a heap, 16 bytes with everything a visit needs; several trees are
//! walked in step, because each walk alone would wait for memory at every level.

use super::cuts::{FEATURES_MAX, Node, Point, Spec, cut};
use seerflow_model::hash::pair;
use serde::{Deserialize, Serialize};

/// A node with less than 1 / this of the mass ends a path.
const SPARSE: u64 = 10;
/// Trees walked in step.
const LANES: usize = 5;

/// How a point lies among those of the reference.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Judgement {
    /// The score of the paper, in [0, 1].
    pub score: f64,
    /// How many times less dense than evenly spread points its places are, in nats, on average
    /// over the trees.
    pub sparseness: f64,
}

/// The forest of one key.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(into = "State", try_from = "State")]
pub struct Forest {
    spec: Spec,
    nodes: Vec<Node>,
    /// Points in the reference, and in the window at hand.
    mass: u64,
    learnt: u64,
}

/// What is saved: cuts follow from the spec.
#[derive(Clone, Serialize, Deserialize)]
struct State {
    spec: Spec,
    reference: Vec<u32>,
    learning: Vec<u32>,
    mass: u64,
    learnt: u64,
}

impl From<Forest> for State {
    fn from(forest: Forest) -> State {
        State {
            spec: forest.spec,
            reference: forest.nodes.iter().map(|node| node.reference).collect(),
            learning: forest.nodes.iter().map(|node| node.learning).collect(),
            mass: forest.mass,
            learnt: forest.learnt,
        }
    }
}

impl TryFrom<State> for Forest {
    type Error = &'static str;

    fn try_from(state: State) -> Result<Forest, &'static str> {
        let mut forest = Forest::new(state.spec);
        let count = forest.nodes.len();
        if state.spec != forest.spec
            || [state.reference.len(), state.learning.len()] != [count, count]
        {
            return Err("a forest does not fit its shape");
        }
        for (node, (reference, learning)) in
            forest.nodes.iter_mut().zip(state.reference.into_iter().zip(state.learning))
        {
            (node.reference, node.learning) = (reference, learning);
        }
        (forest.mass, forest.learnt) = (state.mass, state.learnt);
        Ok(forest)
    }
}

impl Forest {
    /// A forest that has seen nothing.
    pub fn new(spec: Spec) -> Forest {
        let spec = spec.bounded();
        let per_tree = (2usize << spec.height) - 1;
        let mut nodes = vec![Node::default(); per_tree * usize::from(spec.trees)];
        for (tree, nodes) in nodes.chunks_mut(per_tree).enumerate() {
            let seed = pair(spec.seed, tree as u64);
            let mut ranges = [(0.4, 0.6); FEATURES_MAX];
            ranges[..usize::from(spec.wide)].fill((0.0, 1.0));
            cut(nodes, 0, &spec, seed, ranges);
        }
        Forest { spec, nodes, mass: 0, learnt: 0 }
    }

    /// With these cuts (feature, cut) of the inner nodes in the order of a heap, tree after tree.
    #[cfg(test)]
    pub(super) fn with_cuts(spec: Spec, cuts: &[(u32, f32)]) -> Forest {
        let mut forest = Forest::new(spec);
        let (inner, all) = ((1usize << spec.height) - 1, (2usize << spec.height) - 1);
        for (tree, cuts) in cuts.chunks(inner).enumerate() {
            for (node, &(feature, cut)) in forest.nodes[tree * all..].iter_mut().zip(cuts) {
                (node.feature, node.cut) = (feature, cut);
            }
        }
        forest
    }

    /// Whether there is a reference to judge by.
    pub fn ready(&self) -> bool {
        self.mass > 0
    }

    /// Points learnt in the window at hand.
    pub fn learnt(&self) -> u64 {
        self.learnt
    }

    /// Judges a point; `None` before the first window ended.
    pub fn judge(&self, point: &Point) -> Option<Judgement> {
        let (mut sum, mut ends) = (0, 0.0);
        for nodes in self.nodes.chunks(self.per_tree()) {
            let (mut at, mut depth, mut end) = (0usize, 0u32, 0);
            while let Some(node) = nodes.get(at) {
                let reference = u64::from(node.reference);
                sum += reference << depth;
                end = (2 * reference + 1) << depth;
                if reference * SPARSE < self.mass {
                    break;
                }
                let right = point[node.feature as usize % FEATURES_MAX] >= node.cut;
                at = 2 * at + 1 + usize::from(right);
                depth += 1;
            }
            ends += log2(end);
        }
        let most = f64::from(self.spec.trees) * self.mass as f64 * self.per_tree() as f64;
        (self.mass > 0).then(|| Judgement {
            score: 1.0 - sum as f64 / most,
            sparseness: self.sparseness(ends),
        })
    }

    /// Learns a point.
    pub fn learn(&mut self, point: &Point) {
        self.walk(point);
    }

    /// Both at once: the sparseness of [`Forest::judge`], and then the point is learnt.
    pub fn sparseness_and_learn(&mut self, point: &Point) -> Option<f64> {
        let ends = self.walk(point);
        (self.mass > 0).then(|| self.sparseness(ends))
    }

    /// The window ends: what was learnt becomes the reference.
    pub fn pivot(&mut self) {
        for node in &mut self.nodes {
            (node.reference, node.learning) = (node.learning, 0);
        }
        (self.mass, self.learnt) = (self.learnt, 0);
    }

    /// Adds what another forest of the same spec learnt in the window at hand; whether it fitted.
    pub fn absorb(&mut self, other: &Forest) -> bool {
        let fits = self.spec == other.spec;
        if fits {
            for (mine, theirs) in self.nodes.iter_mut().zip(&other.nodes) {
                mine.learning = mine.learning.saturating_add(theirs.learning);
            }
            self.learnt = self.learnt.saturating_add(other.learnt);
        }
        fits
    }

    fn per_tree(&self) -> usize {
        (2usize << self.spec.height) - 1
    }

    fn sparseness(&self, ends: f64) -> f64 {
        let even = log2(2 * self.mass + 1);
        std::f64::consts::LN_2 * (even - ends / f64::from(self.spec.trees))
    }

    /// Walks all trees and counts the point on its paths; the sum of the logarithms of the
    /// densities at the ends.
    fn walk(&mut self, point: &Point) -> f64 {
        let per_tree = self.per_tree();
        let (height, mass) = (u32::from(self.spec.height), self.mass);
        // A window of 4 billion points would overflow its counts: what comes then is not learnt.
        let one = u32::from(self.learnt < u64::from(u32::MAX));
        self.learnt += u64::from(one);
        let mut ends = 0.0;
        for block in self.nodes.chunks_mut(per_tree * LANES) {
            let lanes = block.len() / per_tree;
            let mut at = [0usize; LANES];
            // All ones while the path goes on, else zero.
            let mut open = [u64::MAX; LANES];
            let mut end = [0u64; LANES];
            for depth in 0..=height {
                for lane in 0..lanes {
                    let Some(node) = block.get_mut(lane * per_tree + at[lane]) else { continue };
                    node.learning += one;
                    let reference = u64::from(node.reference);
                    let here = (2 * reference + 1) << depth;
                    end[lane] = (end[lane] & !open[lane]) | (here & open[lane]);
                    open[lane] &= u64::from(reference * SPARSE < mass).wrapping_sub(1);
                    let right = point[node.feature as usize % FEATURES_MAX] >= node.cut;
                    at[lane] = 2 * at[lane] + 1 + usize::from(right);
                }
            }
            ends += end[..lanes].iter().map(|&end| log2(end)).sum::<f64>();
        }
        ends
    }
}

/// log₂ of a positive number, by straight lines between powers of two: within 0.09.
fn log2(x: u64) -> f64 {
    let bits = (x as f64).to_bits();
    (bits >> 52) as f64 - 1023.0 + (bits & ((1 << 52) - 1)) as f64 / (1u64 << 52) as f64
}
