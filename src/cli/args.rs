//! What can be typed. Help texts are the doc lines.

use super::mark_args::MarkArgs;
use super::people_args::{FeedbackArgs, SilenceArgs};
use super::rules_args::RulesArgs;
use super::search_args::{ExportArgs, ImportArgs, QueryArgs, SourcesArgs, StatusArgs};
use super::time_arg::{self, TimeArg};
use crate::alerting::Overrides;
use crate::alerting::table::ListFormat;
use crate::config::{AlertFormat, zone};
use crate::quality::Part;
use clap::{Args, Parser, Subcommand, ValueEnum};
use jiff::tz::TimeZone;
use std::io::IsTerminal;
use std::path::PathBuf;

/// A log-intelligence engine: logs in, explained alerts out.
#[derive(Debug, Parser)]
#[command(name = "seerflow", version, about, max_term_width = 100, arg_required_else_help = true)]
#[command(after_help = "Exit codes: 0 fine, 1 something was found, 2 usage or configuration, \
3 cannot reach or run, 70 internal error, 73 data directory, 74 storage, 75 a process of the \
cluster was lost, 76 the cluster did not form.")]
pub struct Arguments {
    /// Configuration file [default: $SEERFLOW_CONFIG, ./seerflow.yaml, /etc/seerflow/seerflow.yaml]
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Listen for logs and raise alerts until stopped
    Start(StartArgs),
    /// Read archives and print the alerts they hold; exit code 1 when there are any
    Analyze(AnalyzeArgs),
    /// Follow files, or read a pipe with `-`, and print alerts
    Tail(TailArgs),
    /// Show what is read from each line
    Parse(ParseArgs),
    /// List, show and assign templates
    Templates(TemplatesArgs),
    /// List, check, test and explain detection rules
    Rules(RulesArgs),
    /// Search what is stored
    Query(QueryArgs),
    /// Write what is stored to a file
    Export(ExportArgs),
    /// Put what was exported into the store
    Import(ImportArgs),
    /// Say how the running program is; exit code 1 when something is wrong, 3 when it cannot be reached
    Status(StatusArgs),
    /// List what delivers, how late, and what of it is not understood
    Sources(SourcesArgs),
    /// Keep alerts from people for a while: add, list, rm
    Silence(SilenceArgs),
    /// Say where and when change is expected: deploy, maintenance, list, end
    Mark(MarkArgs),
    /// Say whether an alert was right
    Feedback(FeedbackArgs),
    /// Measure the whole pipeline
    Bench(BenchArgs),
    /// Say how well a red team is found in a folder of records, see docs/validate.md
    Validate(ValidateArgs),
    /// Check, show and explain the configuration
    Config(ConfigArgs),
    /// Print a completion script for a shell
    Completions(CompletionsArgs),
}

impl Command {
    /// Its name, as it is typed.
    pub fn name(&self) -> &'static str {
        match self {
            Command::Start(_) => "start",
            Command::Analyze(_) => "analyze",
            Command::Tail(_) => "tail",
            Command::Parse(_) => "parse",
            Command::Templates(_) => "templates",
            Command::Rules(_) => "rules",
            Command::Query(_) => "query",
            Command::Export(_) => "export",
            Command::Import(_) => "import",
            Command::Status(_) => "status",
            Command::Sources(_) => "sources",
            Command::Silence(_) => "silence",
            Command::Mark(_) => "mark",
            Command::Feedback(_) => "feedback",
            Command::Bench(_) => "bench",
            Command::Validate(_) => "validate",
            Command::Config(_) => "config",
            Command::Completions(_) => "completions",
        }
    }
}

/// How many workers.
#[derive(Clone, Debug, Default, Args)]
pub struct WorkerArgs {
    /// Worker threads [default: the CPUs this process may use, at most 8]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub workers: Option<u16>,
}

/// Which part of a cluster this process is.
#[derive(Clone, Debug, Default, Args)]
pub struct ClusterArgs {
    /// Index of this process in the hostfile, from 0; process 0 shows the result
    #[arg(long, value_name = "I", requires = "hostfile")]
    pub process: Option<usize>,
    /// File with one host:port per process; every process runs the same command with the same file
    #[arg(long, value_name = "FILE", requires = "process")]
    pub hostfile: Option<PathBuf>,
}

/// How times without a zone or a year are read, and what a source is called.
#[derive(Clone, Debug, Default, Args)]
pub struct SourceArgs {
    /// Zone of times that carry none: UTC, local, +02:00, Europe/Berlin
    #[arg(long, value_name = "ZONE", value_parser = zone::parse)]
    pub timezone: Option<TimeZone>,
    /// Year of the first time that has none; it turns with the log [default: by the file's modification time]
    #[arg(long, value_name = "YEAR", value_parser = clap::value_parser!(i16).range(1970..=2261))]
    pub year: Option<i16>,
    /// What alerts and templates call the source's type
    #[arg(long, value_name = "TYPE")]
    pub source_type: Option<String>,
}

/// Where alerts go.
#[derive(Clone, Debug, Default, Args)]
pub struct AlertArgs {
    /// Where alerts go: stdout, stderr, or a file that is appended to
    #[arg(long, value_name = "PATH|stdout|stderr")]
    pub alerts_to: Option<String>,
    /// How alerts are written
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub alerts_format: Option<FormatArg>,
    /// Show times in the local zone instead of UTC
    #[arg(long)]
    pub local: bool,
}

impl AlertArgs {
    /// As the alerting side wants it; `console` forces printing.
    pub fn overrides(&self, console: bool) -> Overrides {
        let format = self.alerts_format.map(|format| match format {
            FormatArg::Human => AlertFormat::Human,
            FormatArg::Json => AlertFormat::Json,
        });
        Overrides { to: self.alerts_to.clone(), format, console, local: self.local }
    }
}

/// How an alert is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FormatArg {
    /// For people
    Human,
    /// One JSON object a line
    Json,
}

/// How a list is written.
#[derive(Clone, Copy, Debug, Default, Args)]
pub struct ListArgs {
    /// How the result is written [default: table on a terminal, else ndjson]
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub format: Option<ListFormat>,
    /// The same as --format json
    #[arg(long, conflicts_with = "format")]
    pub json: bool,
}

impl ListArgs {
    /// The format that is asked for; without a word, a table on a terminal and NDJSON elsewhere.
    pub fn chosen(&self, to_file: bool) -> ListFormat {
        match (self.json, self.format) {
            (true, _) => ListFormat::Json,
            (false, Some(format)) => format,
            (false, None) if !to_file && std::io::stdout().is_terminal() => ListFormat::Table,
            (false, None) => ListFormat::Ndjson,
        }
    }
}

/// `start`.
#[derive(Clone, Debug, Args)]
pub struct StartArgs {
    /// How many workers.
    #[command(flatten)]
    pub workers: WorkerArgs,
    /// Which part of a cluster.
    #[command(flatten)]
    pub cluster: ClusterArgs,
    /// Data directory [default: storage.data_dir, $SEERFLOW_DATA_DIR, ~/.local/share/seerflow]
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// Begin with models that `analyze --save-models` has learnt
    #[arg(long, value_name = "DIR")]
    pub models: Option<PathBuf>,
    /// Where alerts go.
    #[command(flatten)]
    pub alerts: AlertArgs,
}

/// `analyze`.
#[derive(Clone, Debug, Args)]
pub struct AnalyzeArgs {
    /// Files, globs, folders, or - for standard input; .gz .zst .bz2 .xz are unpacked
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// How many workers.
    #[command(flatten)]
    pub workers: WorkerArgs,
    /// Which part of a cluster.
    #[command(flatten)]
    pub cluster: ClusterArgs,
    /// Leave out what is before: RFC 3339, 2026-03-15, "2026-03-15 03:14", or 2h before the newest event
    #[arg(long, value_name = "TIME", value_parser = time_arg::parse)]
    pub since: Option<TimeArg>,
    /// Leave out what is at or after
    #[arg(long, value_name = "TIME", value_parser = time_arg::parse)]
    pub until: Option<TimeArg>,
    /// How sources are read.
    #[command(flatten)]
    pub source: SourceArgs,
    /// Read every file once, in the order it comes, instead of looking for its times first
    #[arg(long)]
    pub one_pass: bool,
    /// Keep events and alerts in the data directory, where `query` finds them; a second time adds nothing
    #[arg(long)]
    pub persist: bool,
    /// That directory [default: storage.data_dir, $SEERFLOW_DATA_DIR, ~/.local/share/seerflow]
    #[arg(long, value_name = "DIR", requires = "persist")]
    pub data_dir: Option<PathBuf>,
    /// Save what was learnt in a directory of its own, for `start --models`
    #[arg(long, value_name = "DIR")]
    pub save_models: Option<PathBuf>,
    /// Write the alerts to a file instead of standard output
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Write counts, templates, entities and the ledger to a file, as one JSON document
    #[arg(long, value_name = "FILE")]
    pub summary_json: Option<PathBuf>,
    /// How alerts are written.
    #[command(flatten)]
    pub list: ListArgs,
    /// Show times in the local zone instead of UTC
    #[arg(long)]
    pub local: bool,
}

/// `tail`.
#[derive(Clone, Debug, Args)]
pub struct TailArgs {
    /// Files or globs to follow, or - for standard input
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<String>,
    /// Read files that are there already from their first line
    #[arg(long)]
    pub from_start: bool,
    /// How many workers.
    #[command(flatten)]
    pub workers: WorkerArgs,
    /// Data directory, as for start
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// Begin with models that `analyze --save-models` has learnt
    #[arg(long, value_name = "DIR", conflicts_with = "from_start")]
    pub models: Option<PathBuf>,
    /// How sources are read.
    #[command(flatten)]
    pub source: SourceArgs,
    /// Where alerts go.
    #[command(flatten)]
    pub alerts: AlertArgs,
}

/// `parse`.
#[derive(Clone, Debug, Args)]
pub struct ParseArgs {
    /// Files, globs, folders, or - for standard input
    #[arg(default_value = "-", value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Say how each part was found, and which entry of `sources` was used
    #[arg(long)]
    pub explain: bool,
    /// How sources are read.
    #[command(flatten)]
    pub source: SourceArgs,
    /// How events are written.
    #[command(flatten)]
    pub list: ListArgs,
    /// Show times in the local zone instead of UTC
    #[arg(long)]
    pub local: bool,
}

/// `templates`.
#[derive(Clone, Debug, Args)]
pub struct TemplatesArgs {
    /// What to do with templates.
    #[command(subcommand)]
    pub command: TemplatesCommand,
}

/// What to do with templates.
#[derive(Clone, Debug, Subcommand)]
pub enum TemplatesCommand {
    /// List the templates of archives, or of the running program when no path is given
    List(TemplatesListArgs),
    /// Show one template with its values
    Show(TemplatesShowArgs),
    /// Print for each line of a file its template, as NDJSON
    Assign(TemplatesAssignArgs),
    /// Score templates against a ground truth: GA, PA, FGA, FTA
    Eval(TemplatesEvalArgs),
    /// Forget stored templates with few events; the program must not run
    Prune(TemplatesPruneArgs),
    /// Forget all stored templates; the program must not run
    Reset(TemplatesResetArgs),
}

/// `templates prune`.
#[derive(Clone, Debug, Args)]
pub struct TemplatesPruneArgs {
    /// Templates with fewer events are forgotten
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub min_count: u64,
    /// Data directory, as for start
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
}

/// `templates reset`.
#[derive(Clone, Debug, Args)]
pub struct TemplatesResetArgs {
    /// Data directory, as for start
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
}

/// `templates eval`.
#[derive(Clone, Debug, Args)]
pub struct TemplatesEvalArgs {
    /// A folder with a folder per system, or one CSV file with the columns Content, EventId and
    /// EventTemplate
    #[arg(value_name = "DIR")]
    pub path: PathBuf,
    /// How the scores are written.
    #[command(flatten)]
    pub list: ListArgs,
}

/// `templates list`.
#[derive(Clone, Debug, Args)]
pub struct TemplatesListArgs {
    /// Files, globs, folders, or - for standard input
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Most templates that are listed
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub limit: u32,
    /// How many workers.
    #[command(flatten)]
    pub workers: WorkerArgs,
    /// How sources are read.
    #[command(flatten)]
    pub source: SourceArgs,
    /// How the list is written.
    #[command(flatten)]
    pub list: ListArgs,
}

/// `templates show`.
#[derive(Clone, Debug, Args)]
pub struct TemplatesShowArgs {
    /// Template id, as lists show it
    #[arg(value_name = "ID")]
    pub id: String,
    /// Files, globs, folders, or - for standard input; without any the running program is asked
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// How sources are read.
    #[command(flatten)]
    pub source: SourceArgs,
    /// How the template is written.
    #[command(flatten)]
    pub list: ListArgs,
}

/// `templates assign`.
#[derive(Clone, Debug, Args)]
pub struct TemplatesAssignArgs {
    /// The file, or - for standard input
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Lines are messages without a header
    #[arg(long)]
    pub message: bool,
    /// How many workers.
    #[command(flatten)]
    pub workers: WorkerArgs,
    /// How the source is read.
    #[command(flatten)]
    pub source: SourceArgs,
}

/// `bench`.
#[derive(Clone, Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct BenchArgs {
    /// What else to measure.
    #[command(subcommand)]
    pub command: Option<BenchCommand>,
    /// Generated events
    #[arg(long, value_name = "N", default_value_t = 1_000_000, value_parser = clap::value_parser!(u64).range(1..))]
    pub events: u64,
    /// Lines of a file instead of generated ones
    #[arg(long, value_name = "PATH", conflicts_with = "events")]
    pub input: Option<PathBuf>,
    /// How many workers.
    #[command(flatten)]
    pub workers: WorkerArgs,
    /// How the result is written
    #[arg(long, value_enum, default_value = "markdown")]
    pub format: BenchFormat,
}

/// `validate`.
#[derive(Clone, Debug, Args)]
pub struct ValidateArgs {
    /// Folder with auth, proc, flows, dns and redteam tables (.txt or .csv, also .gz)
    #[arg(value_name = "DIR")]
    pub folder: PathBuf,
    /// Write everything as JSON
    #[arg(long)]
    pub json: bool,
    /// How many workers.
    #[command(flatten)]
    pub workers: WorkerArgs,
}

/// What else can be measured.
#[derive(Clone, Debug, Subcommand)]
pub enum BenchCommand {
    /// Measure how well anomalies are detected, on labelled data; see docs/QUALITY.md
    Quality(BenchQualityArgs),
}

/// `bench quality`.
#[derive(Clone, Debug, Args)]
pub struct BenchQualityArgs {
    /// Folder with labelled data; docs/QUALITY.md says how it is laid out
    #[arg(value_name = "DIR")]
    pub folder: PathBuf,
    /// Only this part; may be given more than once [default: all]
    #[arg(long, value_enum, value_name = "PART")]
    pub part: Vec<Part>,
    /// Share of anomalous sessions that precision is weighted to
    #[arg(long, value_name = "SHARE", default_value_t = 0.0293, value_parser = share)]
    pub anomalous_share: f64,
    /// How many workers.
    #[command(flatten)]
    pub workers: WorkerArgs,
    /// How the result is written
    #[arg(long, value_enum, default_value = "table")]
    pub format: BenchFormat,
}

/// A share between 0 and 1, both not meant.
fn share(text: &str) -> Result<f64, String> {
    let share: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    if share > 0.0 && share < 1.0 { Ok(share) } else { Err("between 0 and 1".to_owned()) }
}

/// How a measurement is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum BenchFormat {
    /// One JSON document
    Json,
    /// A Markdown table
    Markdown,
    /// Columns for people
    Table,
}

/// `config`.
#[derive(Clone, Debug, Args)]
pub struct ConfigArgs {
    /// What to do with the configuration.
    #[command(subcommand)]
    pub command: ConfigCommand,
}

/// What to do with the configuration.
#[derive(Clone, Debug, Subcommand)]
pub enum ConfigCommand {
    /// Check a configuration and say all that is wrong with it
    Check,
    /// Print the configuration in effect, with secrets masked
    Show,
    /// Print the page of all keys
    Reference {
        /// markdown for the page, yaml for a file with every key and its default
        #[arg(long, value_enum, default_value = "markdown")]
        format: ReferenceFormat,
    },
}

/// How the reference is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ReferenceFormat {
    /// The reference page
    Markdown,
    /// The example file
    Yaml,
}

/// `completions`.
#[derive(Clone, Debug, Args)]
pub struct CompletionsArgs {
    /// The shell
    pub shell: clap_complete::Shell,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    fn parse(words: &str) -> Result<Arguments, String> {
        let words = std::iter::once("seerflow").chain(words.split_whitespace());
        Arguments::try_parse_from(words).map_err(|error| error.to_string())
    }

    #[test]
    fn the_definition_is_sound() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn config_stands_before_or_after_the_command() {
        for words in
            ["--config x.yaml start", "start --config x.yaml", "start --workers 2 --config x.yaml"]
        {
            assert_eq!(parse(words).unwrap().config, Some("x.yaml".into()), "{words}");
        }
        let nested = parse("config --config x.yaml check").unwrap();
        assert_eq!(nested.config, Some("x.yaml".into()));
    }

    #[test]
    fn flags_of_the_commands() {
        let Command::Analyze(analyze) = parse(
            "analyze a.log b/ - --workers 4 --since 2026-03-15 --until 2h --year 2015 --timezone \
             Europe/Berlin --source-type web --local --one-pass --format csv --output out",
        )
        .unwrap()
        .command
        else {
            panic!()
        };
        assert_eq!((analyze.paths.len(), analyze.workers.workers), (3, Some(4)));
        assert_eq!(analyze.list.chosen(true), ListFormat::Csv);
        assert!(analyze.one_pass && analyze.local && analyze.source.timezone.is_some());
        let Command::Tail(tail) =
            parse("tail - --from-start --alerts-to x --alerts-format json").unwrap().command
        else {
            panic!()
        };
        assert_eq!(tail.alerts.overrides(true).format, Some(AlertFormat::Json));
        for words in [
            "parse",
            "parse --explain x --json",
            "templates list x --limit 5",
            "templates show 12",
            "templates assign x --message",
            "rules list --technique t1053 --tactic TA0003 --lens security --state ok --format csv",
            "rules check a b.yml --quiet",
            "rules test",
            "rules test --conformance f --rules d --rules e",
            "rules explain ssh -x",
            "rules coverage --navigator",
            "bench --input x --workers 2 --format json",
            "bench --events 5",
            "validate folder --json --workers 2",
            "config show",
            "config reference --format yaml",
            "completions zsh",
        ] {
            parse(words).unwrap_or_else(|error| panic!("{words}: {error}"));
        }
    }

    #[test]
    fn mistakes_say_what_is_allowed() {
        for (words, part) in [
            ("strat", "similar subcommand"),
            ("start --wokers 3", "'--workers'"),
            ("start --workers 0", "0 is not in 1..=256"),
            ("analyze", "<PATH>"),
            ("analyze x --since yesterday", "2026-03-15"),
            ("analyze x --year 24", "24 is not in 1970..=2261"),
            ("analyze x --timezone Mars", "Europe/Berlin"),
            ("analyze x --format tabel", "'table'"),
            ("analyze x --json --format csv", "cannot be used with"),
            ("rules list --technique T10", "T1053.003"),
            ("rules list --tactic persistance", "did you mean `persistence`?"),
            ("rules list --lens ops", "operations"),
            ("rules test --conformance f", "--rules"),
            ("tail x --from-start --models m", "cannot be used with"),
            ("start --alerts-format xml", "[possible values: human, json]"),
        ] {
            let error = parse(words).unwrap_err();
            assert!(error.contains(part), "{words}: {error}");
        }
    }
}
