//! `seerflow rules coverage`: how many rules speak of which technique, tactic by tactic.

use super::super::output;
use super::super::rules_args::RulesCoverageArgs;
use crate::alerting::table::{self, ListFormat};
use crate::config::Config;
use crate::failure::{ExitCode, Failure};
use crate::sigma::coverage::{Cell, Coverage};
use seerflow_model::Tactic;
use seerflow_model::text::{neutral, neutral_json};
use serde_json::json;

/// Runs it.
pub fn run(args: &RulesCoverageArgs, config: &Config) -> Result<ExitCode, Failure> {
    let book = super::book(config)?;
    super::say(&book);
    let coverage = Coverage::of(&book);
    if args.navigator {
        let layer = format!("{:#}\n", coverage.layer());
        return output::result(neutral_json(&layer).as_bytes());
    }
    let wanted = |cell: &&(Tactic, &Cell)| args.tactic.is_none_or(|tactic| tactic == cell.0);
    let cells: Vec<(Tactic, &Cell)> = coverage.cells().collect();
    let cells: Vec<(Tactic, &Cell)> = cells.iter().filter(wanted).copied().collect();
    const HEAD: [&str; 5] = ["TACTIC", "TECHNIQUE", "RULES", "ID", "NAMES"];
    let row = |(tactic, cell): &(Tactic, &Cell)| {
        let names = cell.rules.join(", ");
        vec![
            tactic.slug().to_owned(),
            cell.technique.clone(),
            cell.rules.len().to_string(),
            tactic.id().to_owned(),
            neutral(&names).into_owned(),
        ]
    };
    let document = |(tactic, cell): &(Tactic, &Cell)| {
        json!({
            "tactic": tactic.slug(),
            "tactic_id": tactic.id(),
            "tactic_display_name": tactic.title(),
            "technique": cell.technique,
            "rule_count": cell.rules.len(),
            "rule_names": cell.rules,
        })
    };
    let format = args.list.chosen(false);
    let mut out = table::list(format, &HEAD, &cells, row, document);
    if format == ListFormat::Table && cells.is_empty() {
        out = "no rules name a technique\n".to_owned();
    }
    let code = output::result(out.as_bytes())?;
    output::message(&coverage.summary());
    Ok(code)
}
