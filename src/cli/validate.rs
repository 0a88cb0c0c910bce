//! `seerflow validate`: how well a red team is found in a folder of records; see `validate`.

use super::args::ValidateArgs;
use super::{output, workers};
use crate::config::Config;
use crate::failure::{ExitCode, Failure};
use crate::validate;

/// Runs it. Of the configuration only the number of workers counts: what is measured is the
/// default one.
pub fn run(args: &ValidateArgs, config: &Config) -> Result<ExitCode, Failure> {
    let report = validate::run(&args.folder, workers::count(&args.workers, &config.engine))?;
    if report.malformed_lines > 0 {
        output::message(&format!("warning: {} lines are no rows", report.malformed_lines));
    }
    let text = if args.json { report.to_json() } else { report.to_text() };
    output::result(text.as_bytes())
}
