//! What can be typed about marks.

use super::args::ListArgs;
use clap::{Args, Subcommand};
use std::path::PathBuf;

/// `mark`.
#[derive(Clone, Debug, Args)]
pub struct MarkArgs {
    /// What to do with marks.
    #[command(subcommand)]
    pub command: MarkCommand,
}

/// What to do with marks.
#[derive(Clone, Debug, Subcommand)]
pub enum MarkCommand {
    /// A new version is put into use: new messages and other rates there are held, not alerted
    Deploy(Box<MarkAddArgs>),
    /// Things are taken down and brought back: silence there is held, too
    Maintenance(Box<MarkAddArgs>),
    /// List marks that are to come or in force, with what they held
    List(MarkListArgs),
    /// End a mark now
    End(MarkEndArgs),
}

/// `mark deploy`, `mark maintenance`.
#[derive(Clone, Debug, Args)]
pub struct MarkAddArgs {
    /// Where: program=, host=, service=, source=, template=, joined by commas; all must fit, and *
    /// stands for any run of characters
    #[arg(long = "match", value_name = "SCOPE")]
    pub matching: String,
    /// How long: 30m, 2h, 7d
    #[arg(long = "for", value_name = "SPAN")]
    pub lasts: String,
    /// From when, by the time of the log [default: now]
    #[arg(long, value_name = "TIME")]
    pub at: Option<String>,
    /// What there is to say about it, at most 512 characters
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub note: String,
    /// Data directory, as for start
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
}

/// `mark list`.
#[derive(Clone, Debug, Args)]
pub struct MarkListArgs {
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

/// `mark end`.
#[derive(Clone, Debug, Args)]
pub struct MarkEndArgs {
    /// Its id, as lists show it
    #[arg(value_name = "ID")]
    pub id: String,
    /// Data directory, as for start
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
}
