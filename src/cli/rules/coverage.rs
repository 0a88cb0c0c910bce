//! `seerflow rules coverage`: how many rules speak of which technique, tactic by tactic.

use super::super::output;
use super::super::rules_args::RulesCoverageArgs;
use crate::alerting::table::{self, ListFormat};
use crate::config::Config;
use crate::failure::{ExitCode, Failure};
use crate::sigma::attack;
use crate::sigma::coverage::{Cell, Coverage};
use seerflow_model::Tactic;
use seerflow_model::text::{neutral, neutral_json};
use serde_json::json;

/// Runs it.
pub fn run(args: &RulesCoverageArgs, config: &Config) -> Result<ExitCode, Failure> {
    let book = super::book_in_force(args.data_dir.as_deref(), config)?;
    super::say(&book);
    let coverage = Coverage::of(&book);
    if args.navigator {
        let layer = format!("{:#}\n", coverage.layer());
        return output::result(neutral_json(&layer).as_bytes());
    }
    let mut cells: Vec<(Tactic, Cell)> = match args.gaps {
        true => coverage.gaps(),
        false => coverage.cells().map(|(tactic, cell)| (tactic, cell.clone())).collect(),
    };
    cells.retain(|(tactic, _)| args.tactic.is_none_or(|wanted| wanted == *tactic));
    let name = |cell: &Cell| attack::technique(&cell.technique).map(|technique| technique.name);
    const HEAD: [&str; 5] = ["TACTIC", "TECHNIQUE", "NAME", "RULES", "TITLES"];
    let row = |(tactic, cell): &(Tactic, Cell)| {
        let titles = cell.rules.join(", ");
        vec![
            tactic.slug().to_owned(),
            cell.technique.clone(),
            name(cell).unwrap_or("-").to_owned(),
            cell.rules.len().to_string(),
            neutral(&titles).into_owned(),
        ]
    };
    let document = |(tactic, cell): &(Tactic, Cell)| {
        json!({
            "tactic": tactic.slug(),
            "tactic_id": tactic.id(),
            "tactic_display_name": tactic.title(),
            "technique": cell.technique,
            "technique_name": name(cell),
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
