//! Share: what was found goes to the entities that it is about, as points of risk.
//!
//! ```text
//! told by the budget or by a rule ─┐   with an entity ─► its primary entity: passes on with the risk
//! kept back by the budget ─────────┼─►                  every other one: points alone
//! too weak to be a candidate ──────┘   without one ────► episodes, if it was told
//! ```
//!
//! **Points.** A rule's match gives what its severity is worth, a correlation what it is worth and
//! how much it rests on, a detector in proportion to −log p, all of it at 10⁻¹²: so a weak finding
//! that raises no alert still counts, a little, and many different ones count for much.
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
/// −log₁₀ of the probability at which evidence of a detector is worth all that it can be.
const DECADES: f64 = 12.0;
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
}

/// What becomes of a record.
pub enum Shared {
    /// It goes to the owner of an entity.
    Risk(RiskIn),
    /// It is about no entity.
    Alone(Told),
}

/// Shares what was found among its entities.
pub fn share(tags: &dyn Tags, rec: Rec<Heard>) -> Vec<Rec<Shared>> {
    let Rec { order, data: Heard { finding, told }, .. } = rec;
    let at = |n: u32| Order { n: order.n.wrapping_mul(SHARES_MAX).wrapping_add(n), ..order };
    let Some(primary) = finding.lead.entities.first().cloned() else {
        let alone = Shared::Alone(Told { finding, risk: None });
        return Vec::from_iter(told.then_some(Rec { order: at(0), key: 0, data: alone }));
    };
    let whole = Contribution::of(&finding, told, tags);
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
    fn of(finding: &Finding, told: bool, tags: &dyn Tags) -> Contribution {
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
            _ => -libm::log10(lead.probability.max(1e-300)) / DECADES,
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
