//! Elsewhere: who does at one place what it does at another is one incident, not two.
//!
//! A scanner walks through a network, a job through its machines: each place sees a burst of the
//! same messages, and each by itself is far from what is usual there. As long as the alert about the
//! first is open, a burst of the same template whose first message names the same one who acts, or
//! where it comes from, belongs to it. Where it goes to, and who reports it, join nothing: many
//! attackers may share a victim.
//!
//! Bounded by the episodes that are open. Cost: a look-up per burst that is rare enough to be told.

use super::episodes;
use crate::finding::Finding;
use crate::share;
use seerflow_model::{Role, hash};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What is done by whom, and the episode that tells of it: its key and its words.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Elsewhere(BTreeMap<u64, (u64, String)>);

/// What is done by whom, where that is known.
fn deed(finding: &Finding) -> Option<u64> {
    let lead = &finding.lead;
    if lead.kind != "burst" || finding.template == 0 {
        return None;
    }
    let acts = |role: Role| lead.entities.iter().find(move |entity| entity.role == role);
    let who = acts(Role::Src).or_else(|| acts(Role::Actor))?;
    let what = hash::pair(hash::text(&lead.rule), finding.template);
    Some(hash::pair(what, share::key_of(who)))
}

impl Elsewhere {
    /// Forgets episodes that are over.
    pub fn retain(&mut self, open: impl Fn(&u64) -> bool) {
        self.0.retain(|_, (episode, _)| open(episode));
    }

    /// Makes a finding part of the episode that tells of the same by the same one; not where an
    /// episode of its own is open.
    pub fn join(&self, finding: &mut Finding, open: impl Fn(&u64) -> bool) {
        let Some((_, episode)) = deed(finding).and_then(|deed| self.0.get(&deed)) else { return };
        if !open(&episodes::key(&finding.lead)) {
            finding.lead.episode.clone_from(episode);
        }
    }

    /// A finding was told; the first episode stands for what comes elsewhere.
    pub fn tell(&mut self, finding: &Finding) {
        if let Some(deed) = deed(finding) {
            let lead = &finding.lead;
            let episode = || (episodes::key(lead), lead.episode.clone());
            self.0.entry(deed).or_insert_with(episode);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::{Level, tests::finding};
    use seerflow_model::EntityType;
    use seerflow_model::evidence::EntityOut;

    fn burst(template: u64, from: &str, to: &str) -> Finding {
        let episode = format!("template:{template}/{to}");
        let mut burst = finding(Level::TemplateEntity, template, &episode, 30.0);
        burst.lead.entities = vec![
            EntityOut::new(EntityType::Host, to, Role::Dst),
            EntityOut::new(EntityType::Host, from, Role::Src),
        ];
        burst
    }

    #[test]
    fn the_same_by_the_same_elsewhere_is_one_episode_while_that_is_open() {
        let first = burst(7, "scanner", "web-1");
        let mut elsewhere = Elsewhere::default();
        elsewhere.tell(&first);
        let key = episodes::key(&first.lead);
        for (mut other, joins) in [
            (burst(7, "scanner", "web-2"), true),
            (burst(7, "stranger", "web-2"), false),
            (burst(7, "stranger", "scanner"), false),
            (burst(8, "scanner", "web-2"), false),
        ] {
            elsewhere.join(&mut other, |open| *open == key);
            assert_eq!(episodes::key(&other.lead) == key, joins, "{:?}", other.lead.entities);
        }
        let mut own = burst(7, "scanner", "web-3");
        elsewhere.join(&mut own, |_| true);
        assert_ne!(episodes::key(&own.lead), key, "it goes on by itself");
        let mut drop = burst(7, "scanner", "web-2");
        drop.lead.kind = "drop".into();
        elsewhere.join(&mut drop, |open| *open == key);
        assert_ne!(episodes::key(&drop.lead), key);
        elsewhere.retain(|_| false);
        let mut late = burst(7, "scanner", "web-2");
        elsewhere.join(&mut late, |_| false);
        assert_ne!(episodes::key(&late.lead), key, "it is over");
    }
}
