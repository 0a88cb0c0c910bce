//! `seerflow bench quality`: how well the product detects, on labelled data.

use super::args::{BenchFormat, BenchQualityArgs};
use super::{output, workers};
use crate::config::Config;
use crate::failure::{ExitCode, Failure};
use crate::quality::{self, Options, Part};

/// Runs it. Of the configuration only the number of workers counts: what is measured is the
/// default one.
pub fn run(args: &BenchQualityArgs, config: &Config) -> Result<ExitCode, Failure> {
    let parts = if args.part.is_empty() { Part::ALL.to_vec() } else { args.part.clone() };
    let options = Options {
        parts,
        workers: workers::count(&args.workers, &config.engine),
        anomalous_share: args.anomalous_share,
    };
    let report = quality::measure(&args.folder, &options)?;
    for note in &report.notes {
        output::message(&format!("warning: {note}"));
    }
    let text = match args.format {
        BenchFormat::Json => report.to_json(),
        BenchFormat::Markdown => report.to_markdown(),
        BenchFormat::Table => report.to_table(),
    };
    output::result(text.as_bytes())
}
