//! The command line: arguments, what commands share, and the one place where a failure is printed.
//!
//! `main` → [`run`]: parse, load the configuration, dispatch. Results go to stdout, messages to
//! stderr. A closed pipe (`seerflow … | head`) ends a command quietly.

pub mod analyze;
pub mod args;
pub mod asker;
pub mod bench;
pub mod cluster;
pub mod common;
pub mod configuration;
pub mod daemon;
pub mod events;
pub mod export;
pub mod feedback;
pub mod import;
pub mod lines;
pub mod listening;
pub mod logging;
pub mod mark;
pub mod mark_args;
pub mod output;
pub mod parse;
pub mod people_args;
pub mod persist;
pub mod progress;
pub mod quality;
pub mod query;
pub mod remote;
pub mod report;
pub mod resting;
pub mod rules;
pub mod rules_args;
pub mod search_args;
pub mod silence;
pub mod sources;
pub mod start;
pub mod state;
pub mod status;
pub mod summary;
pub mod tail;
pub mod templates;
pub mod time_arg;
pub mod validate;
pub mod workers;

use crate::config::{self, Environment, Loaded};
use crate::failure::{ExitCode, Failure};
use args::{Arguments, Command};
use clap::{CommandFactory, Parser};
use std::ffi::OsString;
use std::panic::AssertUnwindSafe;

/// Runs the program and says how it ended.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let run = AssertUnwindSafe(|| run(arguments, &Environment::of_process()));
    match std::panic::catch_unwind(run) {
        Ok(Ok(code)) => code,
        Ok(Err(failure)) => {
            // Without stderr there is nobody to tell, but the exit code still speaks.
            output::message(&failure.to_string());
            failure.exit_code
        }
        // The panic hook has printed where and why.
        Err(_) => ExitCode::Internal,
    }
}

/// Parses arguments, loads the configuration and runs the command.
pub fn run(arguments: Vec<OsString>, environment: &Environment) -> Result<ExitCode, Failure> {
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(error) => return usage(&error),
    };
    // These two work without a configuration, even with a broken one.
    match &arguments.command {
        Command::Completions(args) => return output::result(&completions(args.shell)),
        Command::Config(args) => {
            return configuration::run(args, arguments.config.as_deref(), environment);
        }
        _ => {}
    }
    let loaded = config::load(arguments.config.as_deref(), environment)?;
    logging::start(loaded.config.program.log_level);
    for warning in &loaded.warnings {
        output::message(&format!("warning: {warning}"));
    }
    dispatch(arguments.command, loaded, environment)
}

fn dispatch(
    command: Command,
    loaded: Loaded,
    environment: &Environment,
) -> Result<ExitCode, Failure> {
    match command {
        Command::Start(args) => start::run(args, loaded, environment),
        Command::Tail(args) => tail::run(args, loaded, environment),
        Command::Analyze(args) => analyze::run(args, &loaded.config),
        Command::Parse(args) => parse::run(args, &loaded.config),
        Command::Templates(args) => templates::run(args, &loaded.config),
        Command::Rules(args) => rules::run(args, &loaded.config),
        Command::Query(args) => query::run(args, &loaded.config),
        Command::Export(args) => export::run(args, &loaded.config),
        Command::Import(args) => import::run(&args, &loaded.config),
        Command::Status(args) => status::run(&args, &loaded.config),
        Command::Sources(args) => sources::run(&args, &loaded.config),
        Command::Silence(args) => silence::run(&args, &loaded.config),
        Command::Mark(args) => mark::run(&args, &loaded.config),
        Command::Feedback(args) => feedback::run(&args, &loaded.config),
        Command::Bench(args) => bench::run(args, &loaded.config),
        Command::Validate(args) => validate::run(&args, &loaded.config),
        Command::Config(_) | Command::Completions(_) => Ok(ExitCode::Fine),
    }
}

/// Help and version go to stdout with code 0, mistakes to stderr with code 2.
fn usage(error: &clap::Error) -> Result<ExitCode, Failure> {
    let help = matches!(
        error.kind(),
        clap::error::ErrorKind::DisplayHelp | clap::error::ErrorKind::DisplayVersion
    );
    // Clap knows which stream and whether it has colours; a closed pipe is no failure.
    let _ = error.print();
    Ok(if help { ExitCode::Fine } else { ExitCode::Usage })
}

fn completions(shell: clap_complete::Shell) -> Vec<u8> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "seerflow", &mut script);
    script
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run_with(words: &[&str], environment: &[(&str, &str)]) -> Result<ExitCode, Failure> {
        let arguments = words.iter().map(OsString::from).collect();
        run(arguments, &Environment::of(environment))
    }

    #[test]
    fn exit_codes_of_the_command_line() {
        assert_eq!(run_with(&["seerflow", "--version"], &[]), Ok(ExitCode::Fine));
        assert_eq!(run_with(&["seerflow", "help"], &[]), Ok(ExitCode::Fine));
        for wrong in
            [&["seerflow"][..], &["seerflow", "strat"], &["seerflow", "start", "--wrokers", "2"]]
        {
            assert_eq!(run_with(wrong, &[]), Ok(ExitCode::Usage), "{wrong:?}");
        }
        let missing =
            run_with(&["seerflow", "start", "--config", "/no/such.yaml"], &[]).unwrap_err();
        assert_eq!(missing.exit_code, ExitCode::Usage);
        assert!(missing.primary.contains("/no/such.yaml"), "{missing}");
    }

    #[test]
    fn completions_know_the_commands() {
        for shell in
            [clap_complete::Shell::Bash, clap_complete::Shell::Zsh, clap_complete::Shell::Fish]
        {
            let script = String::from_utf8(completions(shell)).unwrap();
            assert!(script.contains("analyze") && script.contains("alerts-to"), "{shell}");
        }
    }
}
