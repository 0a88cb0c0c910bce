//! `seerflow tail`: follow files, or read a pipe, and print alerts.

use super::args::TailArgs;
use super::daemon::{self, Daemon};
use super::listening::Listening;
use super::{common, workers};
use crate::config::{Environment, Loaded};
use crate::failure::{ExitCode, Failure};
use crate::receivers::file::paths::Paths;
use crate::runtime::live::Way;

/// Runs it. A pipe ends it with its end; followed files do not.
pub fn run(args: TailArgs, loaded: Loaded, environment: &Environment) -> Result<ExitCode, Failure> {
    let Loaded { config, origin, .. } = loaded;
    let data = daemon::data_dir(args.data_dir.as_ref(), &config, environment)?;
    let (stdin, patterns) = daemon::split_stdin(args.paths);
    let mut listening = Listening {
        configuration: origin.to_string(),
        data_dir: Some(data.path().to_owned()),
        workers: workers::count(&args.workers, &config.engine),
        stdin,
        ..Listening::default()
    };
    let mut ways = Vec::new();
    if !patterns.is_empty() {
        let options = daemon::files(&config, patterns, args.from_start);
        let paths = Paths::new(&options.patterns, &options.roots)
            .map_err(|error| Failure::usage(error.to_string()))?;
        listening.files = Some((options.patterns.clone(), paths.scan().len()));
        ways.push(Way::Files(options));
    }
    if stdin {
        ways.push(Way::Pipe(daemon::pipe(&config)));
    }
    let rules = common::rules(&config, &args.source, Some(data.path()))?;
    let models = daemon::models(args.models.as_deref(), &config, &rules)?;
    let ends = ways.iter().all(|way| matches!(way, Way::Pipe(_)));
    let daemon = Daemon {
        workers: listening.workers,
        rules,
        ways,
        formed: None,
        http: None,
        alerts: args.alerts.overrides(true),
        listening,
        ends,
        config,
        data,
        keep: false,
        models,
        file: None,
    };
    daemon.run()?;
    Ok(ExitCode::Fine)
}
