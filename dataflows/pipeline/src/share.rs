//! Share: what was found goes to the entities that it is about, as points of risk.
//!
//! ```text
//! told by the budget or by a rule ─┐   with an entity ─► its primary entity: passes on with the risk
//! kept back by the budget ─────────┼─►                  every other one: points alone
//! too weak to be a candidate ──────┘   without one ────► episodes, if it was told
//! ```
//!
//! **Points.** A rule's match gives what its severity is worth, a correlation what it is worth and
//! how much it rests on. A detector's finding gives by how many decades it is rarer than what the
//! installation's many decisions give by chance ten times as often as an alert may: nothing there,
//! an eighth a decade. So what raises no alert still counts a little, many different ones count for
//! much, and chance counts for little however much is judged.
//!
//! **Roles.** The primary entity gets all points, and so does who acts and where it comes from. What
//! is acted on gets half, a thing that was touched a quarter, and who merely reports it nothing.
//!
//! Stateless; at most [`SHARES_MAX`] records of one finding.

use crate::finding::{Finding, Kind, Phase, Told};
use crate::folds::risk::{Contribution, RiskIn};
use crate::rec::Rec;
use crate::tactics::Tags;
use seerflow_detection::risk::RiskKind;
use seerflow_model::evidence::{Brief, EntityOut};
use seerflow_model::{Order, Role, Tactic, entity, hash, text};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Entities that one finding gives points to; more than an event names in evidence.
pub const SHARES_MAX: u32 = 16;
/// Decades beyond chance at which evidence of a detector is worth all that it can be.
const DECADES: f64 = 8.0;
/// What comes so many times as often as alerts may is worth nothing.
const CHANCE: f64 = 10.0;
/// Events at which a correlation rests on as much as counts.
const EVENTS: f64 = 10.0;
/// Longest message of an event that is kept to show where points come from, in bytes.
const MESSAGE_MAX: usize = 256;
/// Longest title of what gave points, in bytes.
const TITLE_MAX: usize = 160;

/// A finding that was decided on.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Heard {
    /// It.
    pub finding: Finding,
    /// Whether it raises an alert.
    pub told: bool,
    /// The probability at which its like comes as often by chance as alerts may.
    pub noise: f64,
}

impl Heard {
    /// Too weak to be a candidate for an alert.
    pub fn weak(finding: Finding) -> Heard {
        Heard { finding, told: false, noise: 1.0 / CHANCE }
    }

    /// Found by a rule: there is no chance about it.
    pub fn ruled(finding: Finding) -> Heard {
        Heard { finding, told: true, noise: 1.0 / CHANCE }
    }
}

/// What becomes of a record.
pub enum Shared {
    /// It goes to the owner of an entity.
    Risk(RiskIn),
    /// It is about no entity.
    Alone(Box<Told>),
}

/// Shares what was found among its entities.
pub fn share(tags: &dyn Tags, rec: Rec<Heard>) -> Vec<Rec<Shared>> {
    let Rec { order, data: Heard { finding, told, noise }, .. } = rec;
    let at = |n: u32| Order { n: order.n.wrapping_mul(SHARES_MAX).wrapping_add(n), ..order };
    let Some(primary) = finding.lead.entities.first().cloned() else {
        let alone = Shared::Alone(Box::new(Told { finding, risk: None }));
        return Vec::from_iter(told.then_some(Rec { order: at(0), key: 0, data: alone }));
    };
    let whole = Contribution::of(&finding, told, noise, tags);
    let mut out = Vec::new();
    for (n, other) in (1..SHARES_MAX).zip(&finding.lead.entities[1..]) {
        let part = part_of(other.role);
        let same = (other.kind, &other.value) == (primary.kind, &primary.value);
        if part > 0.0 && !same {
            let given = whole.for_entity(other, part);
            let data = Shared::Risk(RiskIn::Given(Box::new(given)));
            out.push(Rec { order: at(n), key: key_of(other), data });
        }
    }
    let given = Box::new(whole.for_entity(&primary, 1.0));
    let data = match told {
        true => RiskIn::Passing(Box::new(finding), given),
        false => RiskIn::Given(given),
    };
    out.push(Rec { order: at(0), key: key_of(&primary), data: Shared::Risk(data) });
    out
}

/// The key of an entity.
pub fn key_of(entity: &EntityOut) -> u64 {
    entity::key(entity.kind, &entity.value)
}

/// Which part of the points an entity gets that is not the primary one.
fn part_of(role: Role) -> f64 {
    match role {
        Role::Actor | Role::Src => 1.0,
        Role::Target | Role::Dst => 0.5,
        Role::Object => 0.25,
        Role::Observer => 0.0,
    }
}

impl Contribution {
    /// What a finding is worth.
    fn of(finding: &Finding, told: bool, noise: f64, tags: &dyn Tags) -> Contribution {
        let lead = &finding.lead;
        let kind = kind_of(finding);
        // What goes on was given its points when it began.
        let begins =
            !matches!(finding.by.as_ref().map(|by| by.phase), Some(Phase::Grows | Phase::Ends));
        let strength = match kind {
            RiskKind::Correlation => {
                let much = (lead.event_count as f64 / EVENTS).min(1.0);
                0.6 * f64::from(lead.severity.id()) / 6.0 + 0.4 * much
            }
            _ => libm::log10(noise * CHANCE / lead.probability.max(1e-300)) / DECADES,
        };
        let event = lead.events.first().map(|event| Brief {
            message: text::shorten(&event.message, MESSAGE_MAX).into_owned(),
            ..event.clone()
        });
        let tactics: Vec<Tactic> = match &finding.by {
            Some(by) => by.rule.tactics.clone(),
            None => {
                let message = event.as_ref().map_or("", |event| event.message.as_str());
                tags.of(message).map(|tagged| tagged.tactics.clone()).unwrap_or_default()
            }
        };
        let name: Arc<str> = lead.rule.as_str().into();
        let rule = match &finding.by {
            Some(by) => hash::text(&by.rule.rule_id),
            // Of detectors, each subject is a rule of its own.
            None => hash::pair(
                hash::pair(hash::text(&name), hash::text(&lead.episode)),
                finding.template,
            ),
        };
        Contribution {
            who: EntityOut::new(seerflow_model::EntityType::Host, "", Role::Actor),
            kind,
            rule,
            name,
            title: text::shorten(&lead.title, TITLE_MAX).into(),
            points: if begins { kind.points(lead.severity, strength) } else { 0.0 },
            event,
            tactics: if told && begins { tactics } else { Vec::new() },
        }
    }

    fn for_entity(&self, who: &EntityOut, part: f64) -> Contribution {
        Contribution { who: who.clone(), points: self.points * part, ..self.clone() }
    }
}

fn kind_of(finding: &Finding) -> RiskKind {
    match finding.by.as_ref().map(|by| by.rule.kind) {
        Some(Kind::Sigma) => return RiskKind::Sigma,
        Some(_) => return RiskKind::Correlation,
        None => {}
    }
    match finding.lead.kind.as_str() {
        "new-template" | "new-value" | "odd-content" | "odd-value" => RiskKind::Content,
        "odd-order" | "odd-session" | "drift" => RiskKind::Sequence,
        "level-shift" | "spread" | "narrowing" | "beacon" => RiskKind::Pattern,
        "new-kind" | "rare-kind" => RiskKind::Behaviour,
        _ => RiskKind::Volume,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::tests::finding;
    use crate::finding::{Authority, By, Level};
    use crate::tactics::Untagged;
    use seerflow_model::{EntityType, Severity};

    fn entity(kind: EntityType, value: &str, role: Role) -> EntityOut {
        EntityOut::new(kind, value, role)
    }

    fn found(kind: &str, p: f64, entities: &[EntityOut]) -> Finding {
        let mut finding = finding(Level::Event, 7, "e", 1.0);
        finding.lead.kind = kind.to_owned();
        finding.lead.probability = p;
        finding.lead.entities = entities.to_vec();
        finding
    }

    fn shared(heard: Heard) -> Vec<Rec<Shared>> {
        let order = Order { n: 3, ..Order::record(5, 1, 2) };
        share(&Untagged, Rec { order, key: 0, data: heard })
    }

    /// Value, points, and whether it passes.
    fn given(records: &[Rec<Shared>]) -> Vec<(String, f64, bool)> {
        records
            .iter()
            .filter_map(|rec| match &rec.data {
                Shared::Risk(RiskIn::Passing(_, given)) => Some((given, true)),
                Shared::Risk(RiskIn::Given(given)) => Some((given, false)),
                Shared::Alone(_) => None,
            })
            .map(|(given, passes)| (given.who.value.clone(), given.points, passes))
            .collect()
    }

    #[test]
    fn entities_get_points_by_their_role() {
        let all = [
            entity(EntityType::User, "ada", Role::Actor),
            entity(EntityType::Ip, "10.0.0.9", Role::Src),
            entity(EntityType::Host, "web-1", Role::Target),
            entity(EntityType::File, "/etc/shadow", Role::Object),
            entity(EntityType::Host, "fw", Role::Observer),
            entity(EntityType::User, "ada", Role::Target),
        ];
        let heard = Heard { finding: found("odd-order", 1e-11, &all), told: true, noise: 1e-4 };
        let records = shared(heard);
        let mut got = given(&records);
        got.sort_by(|a, b| a.0.cmp(&b.0));
        let want = [("/etc/shadow", 5.0), ("10.0.0.9", 20.0), ("ada", 20.0), ("web-1", 10.0)];
        assert_eq!(got.len(), want.len(), "{got:?}");
        for ((who, points, passes), (name, expected)) in got.iter().zip(want) {
            assert_eq!((who.as_str(), *passes), (name, name == "ada"));
            assert!((points - expected).abs() < 1e-9, "{name}: {points}");
        }
        let mut orders: Vec<Order> = records.iter().map(|rec| rec.order).collect();
        orders.sort();
        orders.dedup();
        assert_eq!(orders.len(), records.len(), "each has a place of its own");
    }

    #[test]
    fn chance_gives_nothing_and_what_is_beyond_it_by_decades() {
        let host = [entity(EntityType::Host, "web-1", Role::Target)];
        for (p, noise, points) in [
            (1e-3, 1e-4, 0.0),
            (1e-4, 1e-4, 2.5),
            (1e-7, 1e-4, 10.0),
            (1e-40, 1e-4, 20.0),
            (1e-5, 1e-6, 0.0),
        ] {
            let heard = Heard { finding: found("burst", p, &host), told: false, noise };
            let got = given(&shared(heard));
            assert!((got[0].1 - points).abs() < 1e-6, "{p} {noise}: {got:?}");
            assert!(!got[0].2, "it was not told");
        }
        let weak = given(&shared(Heard::weak(found("rare-kind", 0.1, &host))));
        assert!((weak[0].1 - 2.5).abs() < 1e-6, "{weak:?}");
    }

    #[test]
    fn rules_give_by_severity_and_once_while_they_go_on() {
        let host = [entity(EntityType::Host, "web-1", Role::Target)];
        for (kind, severity, phase, points) in [
            (Kind::Sigma, Severity::Error, Phase::Once, 15.0),
            (Kind::Sigma, Severity::Notice, Phase::Once, 5.0),
            (Kind::Correlation, Severity::Fatal, Phase::Begins, 20.0 * (0.6 + 0.04)),
            (Kind::Correlation, Severity::Fatal, Phase::Grows, 0.0),
            (Kind::Correlation, Severity::Fatal, Phase::Ends, 0.0),
        ] {
            let rule = Authority {
                kind,
                family: "r".to_owned(),
                rule_id: "r".to_owned(),
                author: None,
                ruleset: None,
                lens: "security".to_owned(),
                tactics: vec![Tactic::Execution],
                techniques: Vec::new(),
            };
            let mut found = found("match", 0.0, &host);
            found.lead.severity = severity;
            found.by = Some(By { rule: Arc::new(rule), phase });
            let records = shared(Heard::ruled(found));
            let Shared::Risk(RiskIn::Passing(_, given)) = &records[0].data else {
                panic!("it passes on");
            };
            assert!((given.points - points).abs() < 1e-9, "{kind:?} {phase:?}: {}", given.points);
            assert_eq!(given.tactics.is_empty(), matches!(phase, Phase::Grows | Phase::Ends));
        }
    }

    #[test]
    fn what_is_about_nobody_goes_on_alone_when_it_was_told() {
        let told = shared(Heard::ruled(found("burst", 1e-9, &[])));
        let [Rec { data: Shared::Alone(told), .. }] = &told[..] else { panic!("one is told") };
        assert!(told.risk.is_none());
        assert!(shared(Heard::weak(found("burst", 1e-9, &[]))).is_empty());
    }
}
