//! `config check|show|reference`.

use super::args::{ConfigArgs, ConfigCommand, ReferenceFormat};
use super::output;
use crate::config::{self, Environment, reference, show};
use crate::failure::{ExitCode, Failure};
use std::path::Path;

/// Runs the command. Only `check` and `show` read a configuration.
pub fn run(
    args: &ConfigArgs,
    file: Option<&Path>,
    environment: &Environment,
) -> Result<ExitCode, Failure> {
    match args.command {
        ConfigCommand::Check => {
            let loaded = config::load(file, environment)?;
            for warning in &loaded.warnings {
                output::message(&format!("warning: {warning}"));
            }
            output::result(format!("ok: {}\n", loaded.origin).as_bytes())
        }
        ConfigCommand::Show => {
            let loaded = config::load(file, environment)?;
            let text = format!("# {}\n{}", loaded.origin, show::yaml(&loaded.config));
            output::result(text.as_bytes())
        }
        ConfigCommand::Reference { format } => {
            let text = match format {
                ReferenceFormat::Markdown => reference::markdown(),
                ReferenceFormat::Yaml => reference::example(),
            };
            output::result(text.as_bytes())
        }
    }
}
