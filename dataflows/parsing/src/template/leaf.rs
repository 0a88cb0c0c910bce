//! The state of one leaf.
//!
//! All events of a leaf have the same number of tokens, the same skeleton and the same first
//! literals. An event joins the template with which most of its literals agree, at least
//! [`THRESHOLD`] of them; places that are wildcards on both sides say nothing and do not count.
//! Ties go to more agreeing literals, then to the older template.
//!
//! The threshold is strict, because the leaf has sorted by shape already and a wildcard does not
//! count: what is left to compare is words, and in a message of three one other word is another
//! statement (`startup succeeded`, `shutdown succeeded`). That alone would found a template per
//! value where a short message holds a name. So where [`VALUES`] messages differ in one and the
//! same place, that place is a value: the oldest of their templates is widened there and takes
//! all that come after. The others stay as they were; the merge step gives them to it.
//!
//! Cost: clusters × tokens comparisons of integers. Bound: [`MAX_CLUSTERS`] templates; one that
//! was seen in a single tick is on probation, and the newcomers of a flood evict only their like.

use super::cluster::{Cluster, TemplateInfo};
use super::outline::Outline;
use super::slots::{self, Slots};
use crate::mask::{code, is_literal, is_soft};
use seerflow_model::{Event, ParamKind};
use serde::{Deserialize, Serialize};

/// Templates of one leaf.
pub const MAX_CLUSTERS: usize = 1000;
/// Of those, on probation.
const MAX_PROBATION: usize = MAX_CLUSTERS / 5;
/// Least share of agreeing literals, as numerator and denominator.
const THRESHOLD: (usize, usize) = (7, 10);
/// Different values in one place, all else equal, that make it a wildcard.
const VALUES: usize = 6;

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
        let found = self.best(&event.tokens).or_else(|| self.varying(&event.tokens));
        if let Some(index) = found {
            let cluster = &mut self.clusters[index];
            let (template, count_before, was_settled) =
                (cluster.outline.id, cluster.count, cluster.settled);
            cluster.count(event.effective_time);
            let widened = cluster.widen(&event.tokens);
            let settled_now = cluster.settled && !was_settled;
            let evicted = settled_now && self.make_room(true);
            return Assigned { template, founded: false, widened, count_before, evicted };
        }
        let cluster = Cluster::found(event, self.founded);
        let template = cluster.outline.id;
        self.founded += 1;
        self.clusters.push(cluster);
        let evicted = self.make_room(false);
        Assigned { template, founded: true, widened: false, count_before: 0, evicted }
    }

    /// The template that the event would join, by its index.
    fn best(&self, tokens: &[u64]) -> Option<usize> {
        let literals = tokens.iter().filter(|t| is_literal(**t) && !is_soft(**t)).count();
        let mut best: Option<(usize, usize, usize)> = None;
        for (index, cluster) in self.clusters.iter().enumerate() {
            let Some((agree, of)) = similarity(&cluster.outline.slots, tokens) else { continue };
            // Clusters stand in the order of their founding, so only the better one replaces.
            let better = best.is_none_or(|(_, a, o)| {
                let (left, right) = (agree * o.max(1), a * of.max(1));
                left > right || left == right && agree > a
            });
            if better {
                best = Some((index, agree, of));
            }
            if agree == of && agree == literals {
                break; // None that comes later can agree more.
            }
        }
        best.map(|(index, _, _)| index)
    }

    /// The oldest template that differs from the event in one place where enough others do, too.
    /// Only asked when a template would be founded.
    fn varying(&self, tokens: &[u64]) -> Option<usize> {
        if self.clusters.len() + 1 < VALUES {
            return None;
        }
        let mut places: Vec<(usize, usize, usize)> = Vec::new();
        for (index, cluster) in self.clusters.iter().enumerate() {
            let Some(place) = only_difference(&cluster.outline.slots, tokens) else { continue };
            match places.iter_mut().find(|p| p.0 == place) {
                Some((_, count, _)) => *count += 1,
                None => places.push((place, 1, index)),
            }
        }
        let enough = places.into_iter().filter(|(_, count, _)| count + 1 >= VALUES);
        enough.map(|(_, _, oldest)| oldest).min()
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
            .find(|c| c.outline.id == template)
            .map(|c| slots::of(&c.outline.slots, event))
            .unwrap_or_default()
    }

    /// The id and text of one template, for the merge step.
    pub fn outline(&self, id: u64) -> Option<&Outline> {
        self.clusters.iter().map(|c| &c.outline).find(|outline| outline.id == id)
    }

    /// All templates, in the order of their founding.
    pub fn templates(&self) -> impl Iterator<Item = TemplateInfo> + '_ {
        self.clusters.iter().map(Cluster::info)
    }

    /// One template.
    pub fn template(&self, id: u64) -> Option<TemplateInfo> {
        self.clusters.iter().find(|c| c.outline.id == id).map(Cluster::info)
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

/// The one place where a message would widen a template, if there is exactly one.
fn only_difference(slots: &[u64], tokens: &[u64]) -> Option<usize> {
    let any = code(ParamKind::Any);
    let mut places =
        slots.iter().zip(tokens).enumerate().filter(|(_, (s, t))| s != t && **s != any);
    let first = places.next()?.0;
    places.next().is_none().then_some(first)
}

/// Agreeing literals and how many places count, when they are similar enough.
#[inline]
fn similarity(slots: &[u64], tokens: &[u64]) -> Option<(usize, usize)> {
    let (mut agree, mut miss) = (0, 0);
    let most = tokens.len() * (THRESHOLD.1 - THRESHOLD.0);
    for (slot, token) in slots.iter().zip(tokens) {
        if is_soft(*slot) || is_soft(*token) {
            continue;
        }
        if slot == token {
            agree += usize::from(is_literal(*slot));
        } else if is_literal(*slot) || is_literal(*token) && *slot != code(ParamKind::Any) {
            miss += 1;
            if miss * THRESHOLD.1 > most {
                return None;
            }
        }
    }
    let of = agree + miss;
    (agree * THRESHOLD.1 >= of * THRESHOLD.0).then_some((agree, of))
}
