//! The state of one leaf.
//!
//! All events of a leaf have the same number of tokens, the same skeleton and the same first
//! literals. An event joins the template with which most of its literals agree, at least
//! [`THRESHOLD`] of them; places that are wildcards on both sides say nothing and do not count.
//! Ties go to more agreeing literals, then to the older template.
//!
//! Cost: clusters × tokens comparisons of integers. Bound: [`MAX_CLUSTERS`] templates; one that
//! was seen in a single tick is on probation, and the newcomers of a flood evict only their like.

use super::cluster::{Cluster, TemplateInfo};
use super::slots::{self, Slots};
use crate::mask::{code, is_literal};
use seerflow_model::{Event, ParamKind};
use serde::{Deserialize, Serialize};

/// Templates of one leaf.
pub const MAX_CLUSTERS: usize = 1000;
/// Of those, on probation.
const MAX_PROBATION: usize = MAX_CLUSTERS / 5;
/// Least share of agreeing literals, as numerator and denominator.
const THRESHOLD: (usize, usize) = (7, 10);

/// What became of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Assigned {
    /// Its template.
    pub template: u64,
    /// Whether it founded that template.
    pub founded: bool,
    /// Whether the template got a new wildcard by it.
    pub widened: bool,
    /// Events of the template before this one.
    pub count_before: u64,
    /// Whether another template had to leave.
    pub evicted: bool,
}

/// One leaf; see the module head.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Leaf {
    clusters: Vec<Cluster>,
    founded: u64,
}

impl Leaf {
    /// Finds, widens or founds the template of an event of this leaf.
    pub fn assign(&mut self, event: &Event) -> Assigned {
        if let Some(index) = self.best(&event.tokens) {
            let cluster = &mut self.clusters[index];
            let count_before = cluster.count;
            cluster.count(event.effective_time);
            let widened = cluster.widen(&event.tokens);
            let template = cluster.id;
            let settled = cluster.settled && count_before > 0;
            let evicted = settled && self.make_room(true);
            return Assigned { template, founded: false, widened, count_before, evicted };
        }
        let cluster = Cluster::found(event, self.founded);
        let template = cluster.id;
        self.founded += 1;
        self.clusters.push(cluster);
        let evicted = self.make_room(false);
        Assigned { template, founded: true, widened: false, count_before: 0, evicted }
    }

    /// The template that the event would join, by its index.
    fn best(&self, tokens: &[u64]) -> Option<usize> {
        let mut best: Option<(usize, usize, usize)> = None;
        for (index, cluster) in self.clusters.iter().enumerate() {
            let (agree, of) = similarity(&cluster.slots, tokens);
            if agree * THRESHOLD.1 < of * THRESHOLD.0 {
                continue;
            }
            // Clusters stand in the order of their founding, so only the better one replaces.
            let better = best.is_none_or(|(_, a, o)| {
                let (left, right) = (agree * o.max(1), a * of.max(1));
                left > right || left == right && agree > a
            });
            if better {
                best = Some((index, agree, of));
            }
        }
        best.map(|(index, _, _)| index)
    }

    /// Holds the bounds of both parts; says whether one had to leave.
    fn make_room(&mut self, settled: bool) -> bool {
        let max = if settled { MAX_CLUSTERS - MAX_PROBATION } else { MAX_PROBATION };
        if self.clusters.len() <= max {
            return false;
        }
        let part = || self.clusters.iter().enumerate().filter(|(_, c)| c.settled == settled);
        if part().count() <= max {
            return false;
        }
        let newest = self.clusters.len() - 1;
        let oldest = part()
            .filter(|(i, _)| settled || *i != newest)
            .min_by_key(|(_, c)| (c.last_seen, c.born))
            .map(|(i, _)| i);
        if let Some(index) = oldest {
            self.clusters.remove(index);
        }
        oldest.is_some()
    }

    /// The values that an event has at the wildcards of a template of this leaf.
    pub fn params_of(&self, template: u64, event: &Event) -> Slots {
        self.clusters
            .iter()
            .find(|c| c.id == template)
            .map(|c| slots::of(&c.slots, event))
            .unwrap_or_default()
    }

    /// All templates, in the order of their founding.
    pub fn templates(&self) -> impl Iterator<Item = TemplateInfo> + '_ {
        self.clusters.iter().map(Cluster::info)
    }

    /// One template.
    pub fn template(&self, id: u64) -> Option<TemplateInfo> {
        self.clusters.iter().find(|c| c.id == id).map(Cluster::info)
    }

    /// How many templates there are.
    pub fn len(&self) -> usize {
        self.clusters.len()
    }

    /// Whether nothing was assigned yet.
    pub fn is_empty(&self) -> bool {
        self.clusters.is_empty()
    }
}

/// Agreeing literals, and how many places count.
#[inline]
fn similarity(slots: &[u64], tokens: &[u64]) -> (usize, usize) {
    let (mut agree, mut of) = (0, 0);
    for (slot, token) in slots.iter().zip(tokens) {
        let counts = is_literal(*slot) || is_literal(*token) && *slot != code(ParamKind::Any);
        of += usize::from(counts);
        agree += usize::from(counts && slot == token);
    }
    (agree, of)
}
