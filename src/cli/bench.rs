//! `seerflow bench`: the whole pipeline, measured; `seerflow bench quality` is [`super::quality`].

use super::args::{BenchArgs, BenchCommand, BenchFormat};
use super::{output, quality, workers};
use crate::bench::{self, BenchOptions};
use crate::config::Config;
use crate::failure::{ExitCode, Failure};

/// Runs it.
pub fn run(args: BenchArgs, config: &Config) -> Result<ExitCode, Failure> {
    if let Some(BenchCommand::Quality(args)) = &args.command {
        return quality::run(args, config);
    }
    let options = BenchOptions {
        events: args.events,
        input: args.input.map(|path| vec![path]),
        workers: workers::count(&args.workers, &config.engine),
        ..BenchOptions::default()
    };
    let report = bench::run(&options, config)?;
    let text = match args.format {
        BenchFormat::Json => report.to_json(),
        BenchFormat::Markdown => report.to_markdown(),
        BenchFormat::Table => report.to_table(),
    };
    output::result(text.as_bytes())
}
