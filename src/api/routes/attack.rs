//! ATT&CK: what rules cover, and what alerts have named.

use crate::api::State;
use crate::api::answer::Refusal;
use crate::api::query::{Asked, RANGE, query};
use crate::sigma::attack;
use crate::sigma::coverage::Coverage;
use crate::sigma::listing::parent;
use crate::store::control::AlertsByTechnique;
use axum::Json;
use axum::extract::State as Extract;
use seerflow_model::Tactic;
use seerflow_model::time::{DAY, rfc3339};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use utoipa::ToSchema;

/// What is looked back over when nothing is said.
const WINDOW: u64 = 30 * DAY;

query! {
    /// Alerts of which time count.
    CoverageQuery: RANGE
}

/// A technique under a tactic, its sub-techniques with it.
#[derive(Debug, Default, Serialize, ToSchema)]
pub struct CoverageCell {
    /// Tactic, as `credential-access`.
    tactic: String,
    /// Technique, as `T1110`.
    technique: String,
    /// Its name; null when it is not known.
    technique_name: Option<String>,
    /// Rules that name both.
    rule_count: u64,
    /// Alerts that name both.
    alert_count: u64,
    /// Whether a rule names both.
    covered: bool,
    /// Whether an alert does.
    detected: bool,
    /// Titles of the rules.
    rule_names: Vec<String>,
}

/// A tactic.
#[derive(Debug, Serialize, ToSchema)]
pub struct CoverageTactic {
    /// Its name, as `credential-access`.
    tactic: String,
    /// Its number, as `TA0006`.
    tactic_id: String,
    /// Its name for people.
    tactic_display_name: String,
    /// Its techniques, and what rules or alerts name besides.
    techniques: Vec<CoverageCell>,
}

/// The sums.
#[derive(Debug, Serialize, ToSchema)]
pub struct CoverageSummary {
    /// Cells that a rule covers.
    total_techniques_covered: u64,
    /// Cells that an alert has named.
    total_techniques_detected: u64,
    /// Rules that name a tactic or technique.
    total_rules_with_attack_tags: u64,
    /// Alerts over all cells.
    total_alerts_matched: u64,
}

/// What rules cover.
#[derive(Debug, Serialize, ToSchema)]
pub struct CoverageAnswer {
    /// Begin of the time in which alerts count.
    window_since: String,
    /// Its end.
    window_until: String,
    /// In the order of the matrix.
    tactics: Vec<CoverageTactic>,
    /// The sums.
    summary: CoverageSummary,
}

/// ATT&CK tactic by tactic: which techniques rules in force and alerts name, and which none does.
#[utoipa::path(get, path = "/api/v1/attack/coverage", tag = "rules", params(CoverageQuery),
    responses((status = 200, body = CoverageAnswer, description = "The matrix.")))]
pub async fn coverage(
    Extract(state): Extract<State>,
    asked: Asked<CoverageQuery>,
) -> Result<Json<CoverageAnswer>, Refusal> {
    let (since, until) = asked.range()?;
    let until = until.unwrap_or(asked.now());
    let since = since.unwrap_or(until.saturating_sub(WINDOW));
    let facts = state.clone();
    let work = move || {
        let none = || Refusal::unavailable("there are no rules here; `seerflow start` has some");
        let book = facts.facts.rules().ok_or_else(none)?.book();
        let alerts = match facts.facts.state() {
            Some(store) => store.alerts_by_technique(since, until)?,
            None => BTreeMap::new(),
        };
        let (rules, window) = (Coverage::of(&book), [since, until].map(rfc3339));
        Ok(Json(answer(&rules, &alerts, window)))
    };
    state.workers.run(work).await
}

/// Titles of rules, and how many alerts.
type Found<'r> = (BTreeSet<&'r str>, u64);

fn answer(rules: &Coverage, alerts: &AlertsByTechnique, window: [String; 2]) -> CoverageAnswer {
    let mut cells: BTreeMap<(Tactic, String), Found<'_>> = BTreeMap::new();
    for technique in attack::techniques() {
        for tactic in &technique.tactics {
            cells.insert((*tactic, technique.id.to_owned()), Default::default());
        }
    }
    for (tactic, cell) in rules.cells() {
        let known = cells.entry((tactic, parent(&cell.technique).to_owned())).or_default();
        known.0.extend(cell.rules.iter().map(String::as_str));
    }
    for ((tactic, technique), count) in alerts {
        let Some(tactic) = Tactic::parse(tactic) else { continue };
        cells.entry((tactic, parent(technique).to_owned())).or_default().1 += count;
    }
    let cell =
        |((tactic, technique), (rules, alerts)): (&(Tactic, String), &Found<'_>)| CoverageCell {
            tactic: tactic.slug().to_owned(),
            technique: technique.clone(),
            technique_name: attack::technique(technique).map(|known| known.name.to_owned()),
            rule_count: rules.len() as u64,
            alert_count: *alerts,
            covered: !rules.is_empty(),
            detected: *alerts > 0,
            rule_names: rules.iter().map(|name| (*name).to_owned()).collect(),
        };
    let tactic = |tactic: &Tactic| CoverageTactic {
        tactic: tactic.slug().to_owned(),
        tactic_id: tactic.id().to_owned(),
        tactic_display_name: tactic.title().to_owned(),
        techniques: cells.iter().filter(|((of, _), _)| of == tactic).map(cell).collect(),
    };
    let count = |wanted: &dyn Fn(&Found<'_>) -> bool| {
        cells.values().filter(|cell| wanted(cell)).count() as u64
    };
    let [window_since, window_until] = window;
    CoverageAnswer {
        window_since,
        window_until,
        tactics: Tactic::ALL.iter().map(tactic).collect(),
        summary: CoverageSummary {
            total_techniques_covered: count(&|(rules, _)| !rules.is_empty()),
            total_techniques_detected: count(&|(_, alerts)| *alerts > 0),
            total_rules_with_attack_tags: rules.tagged as u64,
            total_alerts_matched: cells.values().map(|(_, alerts)| alerts).sum(),
        },
    }
}
