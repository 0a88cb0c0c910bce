//! How a command fails: what happened, where, what to do, and with which exit code.
//!
//! One type for every command, so that every message has the same shape and every exit code the
//! same meaning. A failure is printed once, by `cli::main`.

use seerflow_model::text::neutral;
use std::fmt;

/// What a finished command tells the shell. The numbers are part of the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum ExitCode {
    /// It did what was asked.
    Fine = 0,
    /// It did, and it found something.
    Findings = 1,
    /// The command line or the configuration is wrong.
    Usage = 2,
    /// Something it needs cannot be reached or run, such as a port.
    CannotRun = 3,
    /// A bug of ours.
    Internal = 70,
    /// The data directory cannot be used.
    DataDir = 73,
    /// Reading or writing what is stored failed.
    Storage = 74,
    /// A process of the cluster was lost: restart this one.
    PeerLost = 75,
    /// The cluster did not form.
    ClusterNotFormed = 76,
}

impl ExitCode {
    /// The number.
    pub const fn code(self) -> u8 {
        self as u8
    }
}

impl From<ExitCode> for std::process::ExitCode {
    fn from(code: ExitCode) -> Self {
        std::process::ExitCode::from(code.code())
    }
}

/// Why a command could not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// What happened, in one line.
    pub primary: String,
    /// Where and with what value; one line each.
    pub detail: Vec<String>,
    /// What the reader can do.
    pub hint: Option<String>,
    /// What the shell is told.
    pub exit_code: ExitCode,
}

impl Failure {
    /// A failure with nothing but its first line.
    pub fn new(exit_code: ExitCode, primary: impl Into<String>) -> Failure {
        Failure { primary: primary.into(), detail: Vec::new(), hint: None, exit_code }
    }

    /// A mistake on the command line or in the configuration.
    pub fn usage(primary: impl Into<String>) -> Failure {
        Failure::new(ExitCode::Usage, primary)
    }

    /// Something could not be reached or run.
    pub fn cannot_run(primary: impl Into<String>) -> Failure {
        Failure::new(ExitCode::CannotRun, primary)
    }

    /// Adds a line of detail.
    #[must_use]
    pub fn detail(mut self, line: impl Into<String>) -> Failure {
        self.detail.push(line.into());
        self
    }

    /// Says what the reader can do.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Failure {
        self.hint = Some(hint.into());
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error: {}", neutral(&self.primary))?;
        for line in &self.detail {
            write!(f, "\n  {}", neutral(line))?;
        }
        match &self.hint {
            Some(hint) => write!(f, "\nhint: {}", neutral(hint)),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Failure {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_what_where_and_what_to_do() {
        let failure = Failure::cannot_run("cannot listen on 127.0.0.1:8080: address in use")
            .detail("key: dashboard_port")
            .hint("choose another port");
        assert_eq!(
            failure.to_string(),
            "error: cannot listen on 127.0.0.1:8080: address in use\n  key: dashboard_port\n\
             hint: choose another port"
        );
        assert_eq!(failure.exit_code.code(), 3);
    }
}
