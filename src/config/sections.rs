//! The options that have an effect, section by section.
//!
//! This text is the table: the structs that the program uses, the checks, the reference page and
//! the example file are all made from it. A line of documentation is what the reference shows.

use super::option::{Kind, Row, Status};
use super::rate::Rate;
use super::secret::Secret;
use super::table::{choice, section};
use seerflow_model::Severity;
use seerflow_sigma::{Level, Status as RuleStatus};
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::PathBuf;

/// A port; 0 lets the system choose a free one.
const PORT: Kind = Kind::Int(0, 65_535);
const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;
const YEAR_SECONDS: i64 = 366 * 86_400;
/// A weight of a channel.
pub(super) const WEIGHT: Kind = Kind::Float(0.0, 1_000.0);

/// All active rows.
pub(super) const ACTIVE: &[&[Row]] = &[
    Program::ROWS,
    &[SOURCES],
    Storage::ROWS,
    Retention::ROWS,
    Receivers::ROWS,
    &[WEBHOOKS],
    &[MAPPINGS],
    Engine::ROWS,
    Detection::ROWS,
    Dspot::ROWS,
    Cusum::ROWS,
    Markov::ROWS,
    Sigma::ROWS,
    Correlation::ROWS,
    KillChain::ROWS,
    Alerting::ROWS,
];

/// The entries of single sources; see [`super::sources`].
const SOURCES: Row = Row {
    path: "sources",
    kind: Kind::Sources,
    default: "[]",
    doc: "How single sources are read and what of them is thrown away; the reference explains its entries.",
    status: Status::Active,
};

/// Tactics and techniques of anomalies; see [`super::mappings`].
const MAPPINGS: Row = Row {
    path: "detection.attack_mappings",
    kind: Kind::Opaque,
    default: "[]",
    doc: "ATT&CK tactics and techniques of anomalies, by a pattern in the message: `{pattern: 'failed login', tactics: [credential-access], techniques: [T1110]}`; the first that is found tells. Empty: those that come with the program.",
    status: Status::Active,
};

/// The paths to which logs are posted; see [`super::webhooks`].
const WEBHOOKS: Row = Row {
    path: "receivers.webhooks",
    kind: Kind::Webhooks,
    default: "[]",
    doc: "The paths to which logs are posted; the reference explains its entries.",
    status: Status::Active,
};

choice! {
    /// From which level on the program logs.
    LogLevel {
        /// Everything, for developers.
        Debug = "DEBUG",
        /// What it does.
        Info = "INFO",
        /// What was unexpected and handled.
        Warning = "WARNING",
        /// What went wrong.
        Error = "ERROR",
        /// Only what ends the program.
        Critical = "CRITICAL",
    }
}

choice! {
    /// Where a file that is there at the first start is read from.
    FileStart {
        /// Only what is appended from now on.
        End = "end",
        /// From its first line.
        Beginning = "beginning",
    }
}

choice! {
    /// A stream of the terminal.
    Stream {
        /// Standard output.
        Stdout = "stdout",
        /// Standard error.
        Stderr = "stderr",
    }
}

choice! {
    /// How an alert is written.
    AlertFormat {
        /// For people.
        Human = "human",
        /// One JSON object a line.
        Json = "json",
    }
}

choice! {
    /// When the alert file is rotated.
    Rotation {
        /// When it would grow beyond `file_max_bytes`.
        Size = "size",
        /// Every `file_interval_seconds`.
        Time = "time",
    }
}

section! {
    /// Keys at the top of the file.
    Program at "" {
        /// Port of the HTTP face; 0 takes any free one.
        dashboard_port: u16 = "8080", PORT;
        /// Address that the HTTP face listens on. Nobody is asked for a password, so `seerflow start` takes addresses of the loopback only; let others in through a proxy that asks.
        health_bind_address: IpAddr = "127.0.0.1", Kind::Address;
        /// Limits how often one address may ask.
        api_rate_limit_enabled: bool = "true", Kind::Bool;
        /// How often an address may ask for lists.
        api_list_rate_limit: Rate = "60/minute", Kind::Rate;
        /// How often an address may ask for single items and numbers, or change something.
        api_detail_rate_limit: Rate = "300/minute", Kind::Rate;
        /// How often an address may ask for what is costly to make: histograms and time lines.
        api_coverage_rate_limit: Rate = "10/minute", Kind::Rate;
        /// Takes the client's address, for the limits, from the last entry of `X-Forwarded-For`. Only behind a proxy that sets it.
        api_trust_proxy_headers: bool = "false", Kind::Bool;
        /// Origins of browsers that may use the API: `https://logs.example`. Their host names may also stand in the Host header.
        api_allowed_origins: Vec<String> = "[]", Kind::Texts;
        /// From which level on the program logs to stderr.
        log_level: LogLevel = "INFO", Kind::Choice(LogLevel::WORDS);
        /// How long a stop may take before what is left is given up, in seconds.
        shutdown_timeout_s: f64 = "30.0", Kind::Between(0.0, 86_400.0);
    }
}

choice! {
    /// Where events are kept.
    EventStorage {
        /// In files of the data directory.
        Segments = "segments",
        /// Nowhere.
        None = "none",
    }
}

section! {
    /// Where data is kept.
    Storage at "storage." {
        /// Data directory, mode 0700. Empty: `$SEERFLOW_DATA_DIR`, else `$XDG_DATA_HOME/seerflow`, else `~/.local/share/seerflow`.
        data_dir: Option<PathBuf> = "\"\"", Kind::Text;
        /// Database file for state that people change: alerts, feedback, silences, the dictionary of templates. Empty: `seerflow.db` in the data directory.
        sqlite_path: Option<PathBuf> = "\"\"", Kind::Text;
        /// Where events are kept so that they can be searched: `segments` in the data directory, or `none`.
        events: EventStorage = "segments", Kind::Choice(EventStorage::WORDS);
    }
}

section! {
    /// How long events are kept; the oldest go first, whole files at a time.
    Retention at "retention." {
        /// Days since they were received; 0 sets no limit.
        max_age_days: u32 = "30", Kind::Int(0, 36_500);
        /// Most disk that events may take. Not set: 10 GiB or a fifth of the disk, whichever is less.
        max_bytes: Option<u64> = "null", Kind::Bytes(MIB, 1 << 50);
        /// How full the disk may be, in percent, before the oldest events go whatever the other limits say.
        max_disk_percent: u32 = "95", Kind::Int(1, 100);
    }
}

section! {
    /// How logs come in.
    Receivers at "receivers." {
        /// Address that the listeners bind. Senders are not asked who they are: open it only to networks you trust.
        bind_addr: IpAddr = "127.0.0.1", Kind::Address;
        /// Records that may wait between a receiver and the engine. When it is full TCP is slowed and UDP drops are counted.
        queue_maxsize: usize = "10000", Kind::Int(1, 1_000_000);
        /// Syslog over UDP, and over TCP when `syslog_tcp_enabled` says so too.
        syslog_enabled: bool = "true", Kind::Bool;
        /// UDP port of syslog; 0 takes any free one.
        syslog_udp_port: u16 = "5514", PORT;
        /// Syslog over TCP; newline and octet-counted framing are told apart by connection.
        syslog_tcp_enabled: bool = "true", Kind::Bool;
        /// TCP port of syslog; 0 takes any free one.
        syslog_tcp_port: u16 = "5514", PORT;
        /// Longest syslog message; what is longer is cut, tagged and counted.
        frame_bytes_max: usize = "64 KiB", Kind::Bytes(KIB, 16 * MIB);
        /// Longest line of a file or of stdin; what is longer is cut, tagged and counted.
        line_bytes_max: usize = "1 MiB", Kind::Bytes(KIB, 64 * MIB);
        /// Most TCP connections at a time; more are refused and counted.
        connections_max: usize = "1024", Kind::Int(1, 65_536);
        /// A TCP connection that sends nothing for so long is closed, in seconds; 0 keeps it for ever. Some senders lose a message when their connection is closed.
        idle_timeout_seconds: u64 = "3600", Kind::Int(0, YEAR_SECONDS);
        /// OpenTelemetry logs over gRPC: `LogsService.Export`.
        otlp_grpc_enabled: bool = "true", Kind::Bool;
        /// TCP port of OTLP over gRPC; 0 takes any free one.
        otlp_grpc_port: u16 = "4317", PORT;
        /// OpenTelemetry logs over HTTP: `POST /v1/logs`, protobuf and JSON.
        otlp_http_enabled: bool = "true", Kind::Bool;
        /// TCP port of OTLP over HTTP; 0 takes any free one.
        otlp_http_port: u16 = "4318", PORT;
        /// Largest request of OTLP over HTTP and largest message over gRPC as it is sent; unpacked it may be four times as large.
        otlp_http_max_request_bytes: usize = "4 MiB", Kind::Bytes(KIB, 64 * MIB);
        /// Files to follow: paths and globs, `**` for any depth.
        file_paths: Vec<String> = "[]", Kind::Texts;
        /// Where files that are there at the first start are read from: `end` or `beginning`. Files that appear later are read from their beginning.
        file_start: FileStart = "end", Kind::Choice(FileStart::WORDS);
        /// Folders that followed files must lie in, links resolved. Empty allows every file.
        allowed_log_roots: Vec<PathBuf> = "[]", Kind::Texts;
        /// Lines from standard input.
        stdin_enabled: bool = "false", Kind::Bool;
        /// Logs by HTTP POST to the paths of `webhooks`; without paths nothing listens.
        webhook_enabled: bool = "true", Kind::Bool;
        /// Port of the webhooks; 0 takes any free one.
        webhook_port: u16 = "8081", PORT;
        /// Largest request to a webhook as it is sent; unpacked it may be four times as large.
        webhook_max_request_bytes: usize = "4 MiB", Kind::Bytes(KIB, 64 * MIB);
    }
}

section! {
    /// How the dataflow runs.
    Engine at "engine." {
        /// Worker threads. Not set: the CPUs that the process may use, at most 8.
        workers: Option<usize> = "null", Kind::Int(1, 256);
        /// How far out of order the lines of files and syslog senders may come, in seconds. Later ones are kept and counted as late. Alerts wait for so long.
        lateness_seconds: u64 = "2", Kind::Int(0, 86_400);
        /// How far ahead of the receive time a line's own time is believed, in seconds.
        max_future_seconds: u64 = "300", Kind::Int(0, 86_400);
        /// Shows a match of a rule on the console at once as a notice, before its turn in the order of the log.
        notices: bool = "true", Kind::Bool;
        /// Memory for records that wait for their turn, per process; at the bound the sources that are ahead stop.
        max_held_bytes: u64 = "256 MiB", Kind::Bytes(MIB, 64 * GIB);
        /// Secret of the pseudonyms that `sources[].redact` makes, 32 characters or more: `${VAR}`. Give several machines the same one to get the same pseudonyms. Empty: a random key in the data directory, made at first use.
        redact_key: Secret = "\"\"", Kind::Secret;
        /// Disk for compressed archives that must be unpacked to be put in order; beyond it they are read as they come.
        spill_bytes: u64 = "4 GiB", Kind::Bytes(0, 1024 * GIB);
        /// How long the processes of a cluster wait for each other at the start, in seconds.
        cluster_wait_seconds: u64 = "30", Kind::Int(1, 3_600);
        /// Allows addresses of a cluster that are not on the loopback. Processes do not ask each other for a password and send in clear text: only on a network that is yours alone.
        cluster_insecure: bool = "false", Kind::Bool;
    }
}

section! {
    /// What counts as unusual.
    Detection at "detection." {
        group /** How scores become probabilities. */ dspot: Dspot;
        group /** How a shift of a level is found. */ cusum: Cusum;
        group /** How order is judged. */ markov: Markov;
        group /** When the way of an attack raises an alert. */ kill_chain: KillChain;
        /// Alerts a day that evidence of anomalies alone may raise by chance, for the installation; where much is found, a tenth of that more. Beyond this number a day's alerts must be ever rarer, and three times as many end it; 0 sets no limit. The stricter of this and `dspot.risk_level` holds.
        alerts_per_day: u32 = "10", Kind::Int(0, 1_000_000);
        /// Length of the buckets that volume is counted in, in seconds.
        bucket_seconds: u64 = "60", Kind::Int(1, 3_600);
        /// Weight of the content channel: what a line says. Only the proportion of the weights matters; 0 leaves a channel out.
        weights_content: f64 = "0.3", WEIGHT;
        /// Weight of the volume channel: how much comes.
        weights_volume: f64 = "0.25", WEIGHT;
        /// Weight of the sequence channel: in what order it comes.
        weights_sequence: f64 = "0.25", WEIGHT;
        /// Weight of the pattern channel: how behaviour changes.
        weights_pattern: f64 = "0.2", WEIGHT;
        /// Events without which a window of the half-space trees does not end; a window lasts ten minutes at least.
        hst_window_size: u32 = "1000", Kind::Int(1, 10_000_000);
        /// Half-space trees of a program. Each costs up to 16 KiB a program.
        hst_n_trees: u16 = "25", Kind::Int(1, seerflow_detection::halfspace::TREES_MAX as i64);
        /// An entity that says nothing for so long has ended its session, in seconds; sessions are judged as a whole.
        session_idle_seconds: u64 = "1800", Kind::Int(1, YEAR_SECONDS);
        /// Half of the risk of an entity is gone after so many hours.
        risk_half_life_hours: f64 = "4", Kind::Between(0.0, 1_000_000.0);
        /// Risk of an entity, 0 to 100, that raises an alert; above 100 none does. The alert ends when its risk has fallen below four fifths of it.
        risk_threshold: f64 = "50.0", Kind::Between(0.0, 1_000_000.0);
        /// Entities whose risk and way along the kill chain are remembered; those that gave no sign for longest make room.
        risk_max_entities: usize = "10000", Kind::Int(1, 100_000_000);
        /// Folder with your own role rules (`*.yaml`): they come before the built-in ones, and a file with the name of a built-in one stands in its place. Empty: none.
        roles_dir: Option<PathBuf> = "\"\"", Kind::Text;
        /// Folders of Sigma rules, read with all below them (`.yml`, `.yaml`). A rule with the id of a bundled one stands in its place.
        sigma_rules_dirs: Vec<PathBuf> = "[]", Kind::Texts;
    }
}

section! {
    /// How scores become probabilities.
    Dspot at "detection.dspot." {
        /// Scores that a channel collects before it may raise anything.
        calibration_window: u64 = "1000", Kind::Int(1, 10_000_000);
        /// How rarely a score must come by chance to count as evidence.
        risk_level: f64 = "0.0001", Kind::Between(0.0, 1.0);
        /// Percentile of the scores beyond which the tail is fitted.
        initial_percentile: f64 = "98.0", Kind::Float(50.0, 99.9);
    }
}

section! {
    /// How a shift of a level is found.
    Cusum at "detection.cusum." {
        /// Slack of the cumulative sum, in standard deviations: half of the shift that is looked for.
        drift: f64 = "0.5", Kind::Float(0.01, 3.0);
        /// How large the sum must become at least; it must also be rarer than `dspot.risk_level`, which asks for more by default.
        threshold: f64 = "5.0", Kind::Between(0.0, 1_000_000.0);
    }
}

section! {
    /// How order is judged.
    Markov at "detection.markov." {
        /// Events of the peers of an entity before the order of its events is judged.
        min_events: u64 = "100", Kind::Int(1, 10_000_000);
    }
}

/// How mature and how severe a rule may be, in words.
const STATUSES: &[&str] = &[
    RuleStatus::Unsupported.name(),
    RuleStatus::Deprecated.name(),
    RuleStatus::Experimental.name(),
    RuleStatus::Test.name(),
    RuleStatus::Stable.name(),
];
const LEVELS: &[&str] = &[
    Level::Informational.name(),
    Level::Low.name(),
    Level::Medium.name(),
    Level::High.name(),
    Level::Critical.name(),
];

/// Longest time over which new rules are run, in hours: a month.
pub const RETRO_HOURS_MAX: u64 = 720;

section! {
    /// Which Sigma rules are in force.
    Sigma at "sigma." {
        /// The rules that come with the program.
        bundled: bool = "true", Kind::Bool;
        /// Less mature rules take no part; a rule without a status does.
        min_status: RuleStatus = "experimental", Kind::Choice(STATUSES);
        /// Less severe rules raise no alerts; correlations of them still do. A rule without a level counts as informational.
        min_level: Level = "informational", Kind::Choice(LEVELS);
        /// Rules that take no part: ids, names, titles, or globs of them; what has a `/` is a glob of files that are not read: `**/deprecated/**`.
        exclude: Vec<String> = "[]", Kind::Texts;
        /// What stands for placeholders of rules (`expand`): `{domain: [corp.example]}`. Rules with others take no part.
        placeholders: BTreeMap<String, Vec<String>> = "{}", Kind::Lists;
        /// Files of processing pipelines: your own names for fields and logsources.
        pipelines: Vec<PathBuf> = "[]", Kind::Texts;
        /// Over how many hours of stored events a rule is run that is added or changed while the program runs; 0 for none.
        retro_hours: u64 = "24", Kind::Int(0, RETRO_HOURS_MAX as i64);
    }
}

section! {
    /// Rules over several events.
    Correlation at "correlation." {
        /// Folders of correlation rules, read like `detection.sigma_rules_dirs`.
        rule_dirs: Vec<PathBuf> = "[]", Kind::Texts;
    }
}

section! {
    /// When the way of an attack raises an alert.
    KillChain at "detection.kill_chain." {
        /// Follows the tactics of what is found about an entity, and raises an alert when enough of them come in the order of ATT&CK.
        enabled: bool = "true", Kind::Bool;
        /// How many different tactics in order raise an alert.
        tactic_threshold: usize = "3", Kind::Int(2, 14);
        /// Within how many seconds they come.
        window_seconds: u64 = "86400", Kind::Int(60, YEAR_SECONDS);
    }
}

section! {
    /// Where alerts go.
    Alerting at "alerting." {
        /// An alert stays open until so many seconds pass without anything new for it.
        dedup_window_seconds: u64 = "900", Kind::Int(1, YEAR_SECONDS);
        /// Other windows for single rules: `{silence: 3600}`.
        dedup_window_overrides: BTreeMap<String, u64> = "{}", Kind::Table(1, YEAR_SECONDS);
        /// Prints alerts on the terminal.
        console_enabled: bool = "true", Kind::Bool;
        /// The stream that they are printed on: `stdout` or `stderr`.
        console_stream: Stream = "stdout", Kind::Choice(Stream::WORDS);
        /// How they are printed: `human` or `json`.
        console_format: AlertFormat = "human", Kind::Choice(AlertFormat::WORDS);
        /// Least severity that is printed, 0 to 6 or by name.
        console_min_severity: Severity = "0", Kind::Severity;
        /// File that alerts are appended to, one JSON object a line. Empty: none.
        file_path: Option<PathBuf> = "\"\"", Kind::Text;
        /// When the file is rotated: by `size` or by `time`.
        file_rotation: Rotation = "size", Kind::Choice(Rotation::WORDS);
        /// Size at which the file is rotated.
        file_max_bytes: u64 = "10 MiB", Kind::Bytes(KIB, 1024 * GIB);
        /// Age at which the file is rotated, in seconds.
        file_interval_seconds: u64 = "86400", Kind::Int(1, YEAR_SECONDS);
        /// Rotated files that are kept.
        file_backup_count: u32 = "5", Kind::Int(0, 1_000);
        /// Least severity that is written to the file, 0 to 6 or by name.
        file_min_severity: Severity = "0", Kind::Severity;
    }
}
