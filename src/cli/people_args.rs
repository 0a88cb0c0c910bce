//! What can be typed to say what people think of alerts: silences and verdicts.

use super::args::ListArgs;
use crate::store::control::Verdict;
use clap::{Args, Subcommand, ValueEnum};
use std::path::PathBuf;

/// `silence`.
#[derive(Clone, Debug, Args)]
pub struct SilenceArgs {
    /// What to do with silences.
    #[command(subcommand)]
    pub command: SilenceCommand,
}

/// What to do with silences.
#[derive(Clone, Debug, Subcommand)]
pub enum SilenceCommand {
    /// Keep the alerts that fit from people until a time; they are stored all the same
    Add(Box<SilenceAddArgs>),
    /// List silences that are to come or in force
    List(SilenceListArgs),
    /// End a silence now
    Rm(SilenceRmArgs),
}

/// `silence add`.
#[derive(Clone, Debug, Args)]
pub struct SilenceAddArgs {
    /// Name or id of the rule
    #[arg(long, value_name = "RULE")]
    pub rule: Option<String>,
    /// An entity that the alert names, with its type: ip:10.1.2.3, user:root
    #[arg(long, value_name = "TYPE:VALUE")]
    pub entity: Option<String>,
    /// A host that the alert names
    #[arg(long, value_name = "HOST")]
    pub host: Option<String>,
    /// Source type of the alert
    #[arg(long, value_name = "TYPE")]
    pub source_type: Option<String>,
    /// security or operations
    #[arg(long, value_name = "LENS")]
    pub lens: Option<String>,
    /// Type of the alert: ml, sigma, correlation …
    #[arg(long = "type", value_name = "TYPE")]
    pub alert_type: Option<String>,
    /// Only alerts up to this severity, 0 to 6 or by name; worse ones are delivered
    #[arg(long, value_name = "SEVERITY")]
    pub max_severity: Option<String>,
    /// How long: 30m, 2h, 7d
    #[arg(long = "for", value_name = "SPAN", required_unless_present = "until")]
    pub lasts: Option<String>,
    /// Until when, instead of --for: RFC 3339, 2026-03-15, "2026-03-15 03:14"
    #[arg(long, value_name = "TIME", conflicts_with = "lasts")]
    pub until: Option<String>,
    /// From when [default: now]
    #[arg(long, value_name = "TIME")]
    pub starts: Option<String>,
    /// Why
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    /// Who asks for it [default: the user]
    #[arg(long, value_name = "NAME")]
    pub created_by: Option<String>,
    /// Data directory, as for start
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
}

/// `silence list`.
#[derive(Clone, Debug, Args)]
pub struct SilenceListArgs {
    /// Also those that are over
    #[arg(long)]
    pub all: bool,
    /// How the list is written.
    #[command(flatten)]
    pub list: ListArgs,
    /// Data directory, as for start
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
}

/// `silence rm`.
#[derive(Clone, Debug, Args)]
pub struct SilenceRmArgs {
    /// Its id, as lists show it
    #[arg(value_name = "ID")]
    pub id: String,
    /// Data directory, as for start
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
}

/// `feedback`.
#[derive(Clone, Debug, Args)]
pub struct FeedbackArgs {
    /// Id of the alert
    #[arg(value_name = "ALERT_ID")]
    pub alert_id: String,
    /// Whether it was right
    #[arg(value_enum, value_name = "tp|fp")]
    pub verdict: VerdictArg,
    /// What there is to say about it, at most 512 characters
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub note: String,
    /// Data directory, as for start
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
}

/// Whether an alert was right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum VerdictArg {
    /// True positive: it was right
    Tp,
    /// False positive: it was wrong
    Fp,
}

impl From<VerdictArg> for Verdict {
    fn from(arg: VerdictArg) -> Verdict {
        match arg {
            VerdictArg::Tp => Verdict::Tp,
            VerdictArg::Fp => Verdict::Fp,
        }
    }
}
