//! What can be typed to search and move what is stored.

use super::args::ListArgs;
use super::time_arg::{self, TimeArg};
use clap::{Args, Subcommand, ValueEnum};
use std::path::PathBuf;

/// Whose data.
#[derive(Clone, Debug, Default, Args)]
pub struct DataArgs {
    /// Data directory [default: storage.data_dir, $SEERFLOW_DATA_DIR, ~/.local/share/seerflow]
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
}

/// Which span of time.
#[derive(Clone, Debug, Default, Args)]
pub struct SpanArgs {
    /// Only so far back from now: 30m, 2h, 7d
    #[arg(long, value_name = "SPAN", value_parser = span, conflicts_with_all = ["since", "until"])]
    pub last: Option<TimeArg>,
    /// Leave out what is before: RFC 3339, 2026-03-15, "2026-03-15 03:14", or 2h back from now
    #[arg(long, value_name = "TIME", value_parser = time_arg::parse)]
    pub since: Option<TimeArg>,
    /// Leave out what is at or after
    #[arg(long, value_name = "TIME", value_parser = time_arg::parse)]
    pub until: Option<TimeArg>,
}

fn span(text: &str) -> Result<TimeArg, String> {
    match time_arg::parse(text) {
        Ok(back @ TimeArg::Back(_)) => Ok(back),
        _ => Err("is not a span; allowed: 30s, 15m, 2h, 7d, 4w".to_owned()),
    }
}

/// Which part of a long result, and how it is written.
#[derive(Clone, Debug, Default, Args)]
pub struct PageArgs {
    /// Most rows
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    pub limit: u64,
    /// Go on where an earlier result said
    #[arg(long, value_name = "CURSOR")]
    pub cursor: Option<String>,
    /// How the result is written.
    #[command(flatten)]
    pub list: ListArgs,
    /// Show times in the local zone instead of UTC
    #[arg(long)]
    pub local: bool,
}

/// Which events.
#[derive(Clone, Debug, Default, Args)]
pub struct EventFilterArgs {
    /// Which time.
    #[command(flatten)]
    pub span: SpanArgs,
    /// Words, "phrases", field:value, AND OR NOT, prefix*
    #[arg(long, value_name = "QUERY")]
    pub text: Option<String>,
    /// An entity: its UUID, or its type and value: ip:10.1.2.3
    #[arg(long, value_name = "ENTITY")]
    pub entity: Option<String>,
    /// A template, by its id
    #[arg(long, value_name = "ID")]
    pub template: Option<String>,
    /// A source, by its name
    #[arg(long, value_name = "NAME")]
    pub source: Option<String>,
    /// Sources of a type
    #[arg(long, value_name = "TYPE")]
    pub source_type: Option<String>,
    /// Least severity, 0 to 6 or by name
    #[arg(long, value_name = "SEVERITY")]
    pub severity: Option<String>,
}

/// `query`.
#[derive(Clone, Debug, Args)]
pub struct QueryArgs {
    /// What is looked for.
    #[command(subcommand)]
    pub command: QueryCommand,
}

/// What is looked for.
#[derive(Clone, Debug, Subcommand)]
pub enum QueryCommand {
    /// Events, newest first
    Events(QueryEventsArgs),
    /// Alerts, newest first
    Alerts(QueryAlertsArgs),
    /// Templates, most frequent first
    Templates(QueryTemplatesArgs),
    /// Entities, by what they are called
    Entities(QueryEntitiesArgs),
    /// What happened to one entity, in order
    Timeline(QueryTimelineArgs),
}

/// `query events`.
#[derive(Clone, Debug, Args)]
pub struct QueryEventsArgs {
    /// Which ones.
    #[command(flatten)]
    pub filter: EventFilterArgs,
    /// Oldest first
    #[arg(long)]
    pub oldest_first: bool,
    /// Print the records as they came, byte for byte
    #[arg(long, conflicts_with_all = ["format", "json"])]
    pub raw: bool,
    /// How many.
    #[command(flatten)]
    pub page: PageArgs,
    /// Whose.
    #[command(flatten)]
    pub data: DataArgs,
}

/// `query alerts`.
#[derive(Clone, Debug, Args)]
pub struct QueryAlertsArgs {
    /// Which time.
    #[command(flatten)]
    pub span: SpanArgs,
    /// Words, "phrases", prefix*
    #[arg(long, value_name = "QUERY")]
    pub text: Option<String>,
    /// ml, sigma, correlation, risk, kill-chain, graph, ueba, ioc
    #[arg(long = "type", value_name = "TYPE")]
    pub kind: Option<String>,
    /// An entity: its UUID, or its type and value: ip:10.1.2.3
    #[arg(long, value_name = "ENTITY")]
    pub entity: Option<String>,
    /// Least severity, 0 to 6 or by name
    #[arg(long, value_name = "SEVERITY")]
    pub severity: Option<String>,
    /// open, updated, closed, retracted
    #[arg(long, value_name = "STATUS")]
    pub status: Option<String>,
    /// An ATT&CK tactic: credential-access, TA0006
    #[arg(long, value_name = "TACTIC")]
    pub tactic: Option<String>,
    /// An ATT&CK technique with its sub-techniques: T1110
    #[arg(long, value_name = "TECHNIQUE")]
    pub technique: Option<String>,
    /// How many.
    #[command(flatten)]
    pub page: PageArgs,
    /// Whose.
    #[command(flatten)]
    pub data: DataArgs,
}

/// `query templates`.
#[derive(Clone, Debug, Args)]
pub struct QueryTemplatesArgs {
    /// Part of the template's text
    #[arg(long, value_name = "TEXT")]
    pub text: Option<String>,
    /// How many.
    #[command(flatten)]
    pub page: PageArgs,
    /// Whose.
    #[command(flatten)]
    pub data: DataArgs,
}

/// `query entities`.
#[derive(Clone, Debug, Args)]
pub struct QueryEntitiesArgs {
    /// Part of a value, or a UUID
    #[arg(value_name = "TEXT")]
    pub text: String,
    /// How many.
    #[command(flatten)]
    pub page: PageArgs,
    /// Whose.
    #[command(flatten)]
    pub data: DataArgs,
}

/// `query timeline`.
#[derive(Clone, Debug, Args)]
pub struct QueryTimelineArgs {
    /// The entity: its UUID, or its type and value: ip:10.1.2.3
    #[arg(value_name = "ENTITY")]
    pub entity: String,
    /// Which time [default: the last 24 hours]
    #[command(flatten)]
    pub span: SpanArgs,
    /// Sources of a type
    #[arg(long, value_name = "TYPE")]
    pub source_type: Option<String>,
    /// Least severity, 0 to 6 or by name
    #[arg(long, value_name = "SEVERITY")]
    pub severity: Option<String>,
    /// How many.
    #[command(flatten)]
    pub page: PageArgs,
    /// Whose.
    #[command(flatten)]
    pub data: DataArgs,
}

/// `export`.
#[derive(Clone, Debug, Args)]
pub struct ExportArgs {
    /// What is written.
    #[command(subcommand)]
    pub command: ExportCommand,
}

/// What is written.
#[derive(Clone, Debug, Subcommand)]
pub enum ExportCommand {
    /// Events, oldest first: as NDJSON that `import` reads, or as CSV
    Events(ExportEventsArgs),
    /// Alerts, newest first: as NDJSON that `import` reads, or as CSV
    Alerts(ExportAlertsArgs),
}

/// How an export is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ExportFormat {
    /// One JSON object a line
    #[default]
    #[value(alias = "json")]
    Ndjson,
    /// Comma-separated values; cells that a spreadsheet would run begin with an apostrophe
    Csv,
}

/// `export events`.
#[derive(Clone, Debug, Args)]
pub struct ExportEventsArgs {
    /// Which ones.
    #[command(flatten)]
    pub filter: EventFilterArgs,
    /// How they are written
    #[arg(long, value_enum, default_value = "ndjson")]
    pub format: ExportFormat,
    /// Most events [default: all]
    #[arg(long, value_name = "N")]
    pub limit: Option<u64>,
    /// File that is written [default: standard output]
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Whose.
    #[command(flatten)]
    pub data: DataArgs,
}

/// `export alerts`.
#[derive(Clone, Debug, Args)]
pub struct ExportAlertsArgs {
    /// Which time.
    #[command(flatten)]
    pub span: SpanArgs,
    /// How they are written
    #[arg(long, value_enum, default_value = "ndjson")]
    pub format: ExportFormat,
    /// Most alerts [default: all]
    #[arg(long, value_name = "N")]
    pub limit: Option<u64>,
    /// File that is written [default: standard output]
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Whose.
    #[command(flatten)]
    pub data: DataArgs,
}

/// `import`.
#[derive(Clone, Debug, Args)]
pub struct ImportArgs {
    /// Files that `export` wrote as NDJSON, or - for standard input; .gz .zst .bz2 .xz are unpacked
    #[arg(required = true, value_name = "FILE")]
    pub paths: Vec<PathBuf>,
    /// Whose.
    #[command(flatten)]
    pub data: DataArgs,
}

/// `status`.
#[derive(Clone, Debug, Args)]
pub struct StatusArgs {
    /// How long the program may take to answer, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 3.0, value_parser = seconds)]
    pub timeout: f64,
    /// One JSON document
    #[arg(long)]
    pub json: bool,
    /// Whose.
    #[command(flatten)]
    pub data: DataArgs,
}

fn seconds(text: &str) -> Result<f64, String> {
    let allowed = || "is not allowed; allowed: a number from 0.1 to 30".to_owned();
    let seconds: f64 = text.parse().map_err(|_| allowed())?;
    (0.1..=30.0).contains(&seconds).then_some(seconds).ok_or_else(allowed)
}

/// `sources`.
#[derive(Clone, Debug, Args)]
pub struct SourcesArgs {
    /// How the result is written.
    #[command(flatten)]
    pub list: ListArgs,
    /// Show times in the local zone instead of UTC
    #[arg(long)]
    pub local: bool,
    /// Whose.
    #[command(flatten)]
    pub data: DataArgs,
}
