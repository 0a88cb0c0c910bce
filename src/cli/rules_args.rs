//! What can be typed about rules.

use super::args::ListArgs;
use crate::sigma::listing;
use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand};
use seerflow_model::Tactic;
use std::path::PathBuf;

/// `rules`.
#[derive(Clone, Debug, Args)]
pub struct RulesArgs {
    /// What to do with rules.
    #[command(subcommand)]
    pub command: RulesCommand,
}

/// What to do with rules.
#[derive(Clone, Debug, Subcommand)]
pub enum RulesCommand {
    /// List the rules in force, and those that are not, with the reason
    List(RulesListArgs),
    /// Say of each rule whether it can match and, if not, why and where; exit code 1 when one cannot
    Check(RulesCheckArgs),
    /// Put rules to their own samples, or to events of which it is known what matches
    Test(RulesTestArgs),
    /// Say which parts of a rule an event matches, and which not
    Explain(RulesExplainArgs),
    /// Count rules by tactics and techniques of MITRE ATT&CK
    Coverage(RulesCoverageArgs),
}

/// `rules list`.
#[derive(Clone, Debug, Args)]
pub struct RulesListArgs {
    /// Only with this technique or one below it: T1053, T1053.003
    #[arg(long, value_name = "TECHNIQUE", value_parser = listing::technique)]
    pub technique: Option<String>,
    /// Only with this tactic: persistence, TA0003
    #[arg(long, value_name = "TACTIC", value_parser = listing::tactic)]
    pub tactic: Option<Tactic>,
    /// Only of this lens
    #[arg(long, value_name = "LENS", value_parser = PossibleValuesParser::new(listing::LENSES))]
    pub lens: Option<String>,
    /// Only in this state
    #[arg(long, value_name = "STATE", value_parser = PossibleValuesParser::new(listing::STATES))]
    pub state: Option<String>,
    /// Only with this in title, name or id
    #[arg(long, value_name = "TEXT")]
    pub search: Option<String>,
    /// Data directory, as for start
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// How the list is written.
    #[command(flatten)]
    pub list: ListArgs,
}

/// `rules check`.
#[derive(Clone, Debug, Args)]
pub struct RulesCheckArgs {
    /// Folders or files [default: those of the configuration, with the bundled rules]
    #[arg(value_name = "DIR|FILE")]
    pub paths: Vec<PathBuf>,
    /// Leave out the rules that are ok
    #[arg(long, short)]
    pub quiet: bool,
    /// How the result is written.
    #[command(flatten)]
    pub list: ListArgs,
}

/// `rules test`.
#[derive(Clone, Debug, Args)]
pub struct RulesTestArgs {
    /// Folders or files [default: those of the configuration, with the bundled rules]
    #[arg(value_name = "DIR|FILE")]
    pub paths: Vec<PathBuf>,
    /// Events with the ids of all rules that match each, one JSON object a line
    #[arg(long, value_name = "FILE", requires = "rules", conflicts_with = "paths")]
    pub conformance: Option<PathBuf>,
    /// The rules that those events are put to; may be given more than once
    #[arg(long, value_name = "DIR", requires = "conformance")]
    pub rules: Vec<PathBuf>,
    /// How the result is written.
    #[command(flatten)]
    pub list: ListArgs,
}

/// `rules explain`.
#[derive(Clone, Debug, Args)]
pub struct RulesExplainArgs {
    /// Id, name or title of a rule, or a file with one
    #[arg(value_name = "RULE")]
    pub rule: String,
    /// A line of a log, a JSON object, @FILE, or - for standard input
    #[arg(value_name = "EVENT", allow_hyphen_values = true)]
    pub event: String,
    /// How the answer is written.
    #[command(flatten)]
    pub list: ListArgs,
}

/// `rules coverage`.
#[derive(Clone, Debug, Args)]
pub struct RulesCoverageArgs {
    /// Only this tactic: persistence, TA0003
    #[arg(long, value_name = "TACTIC", value_parser = listing::tactic)]
    pub tactic: Option<Tactic>,
    /// The techniques that no rule names, instead
    #[arg(long)]
    pub gaps: bool,
    /// Write a layer for the ATT&CK Navigator instead
    #[arg(long, conflicts_with_all = ["format", "json", "tactic", "gaps"])]
    pub navigator: bool,
    /// Data directory, as for start
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// How the counts are written.
    #[command(flatten)]
    pub list: ListArgs,
}
