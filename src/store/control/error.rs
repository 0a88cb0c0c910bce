//! What can go wrong with the state store, and what that is to the shell.

use crate::failure::{ExitCode, Failure};
use std::path::PathBuf;

/// Why the state store could not do what it was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StateError {
    /// What was asked cannot be asked.
    #[error("{0}")]
    Invalid(String),
    /// The file cannot be opened or made.
    #[error("cannot open {path}: {reason}")]
    Open {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// The file was written by a newer program.
    #[error(
        "{path} was written by a newer Seerflow: its schema is {have}, this program knows {know}"
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its schema.
        have: u32,
        /// The newest that is known.
        know: u32,
    },
    /// The file is a database, but not ours.
    #[error("{path} is a database of another program")]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// The file is damaged. Nothing was written to it.
    #[error("{path} is damaged: {reason}")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What does not hold.
        reason: String,
    },
    /// The database refused.
    #[error("the state store failed to {what}: {source}")]
    Database {
        /// What it was to do.
        what: &'static str,
        /// What it says.
        source: rusqlite::Error,
    },
    /// What was stored cannot be read back.
    #[error("what is stored of {what} cannot be read: {reason}")]
    Unreadable {
        /// Of what.
        what: String,
        /// Why.
        reason: String,
    },
}

impl StateError {
    /// Whether the one who asked is to blame, not the store.
    pub fn is_invalid(&self) -> bool {
        matches!(self, StateError::Invalid(_))
    }
}

/// Names what was to be done when the database refuses.
pub(super) trait Doing<T> {
    /// See the trait.
    fn doing(self, what: &'static str) -> super::Result<T>;
}

impl<T> Doing<T> for rusqlite::Result<T> {
    fn doing(self, what: &'static str) -> super::Result<T> {
        self.map_err(|source| StateError::Database { what, source })
    }
}

impl From<StateError> for Failure {
    fn from(error: StateError) -> Failure {
        let text = error.to_string();
        match error {
            StateError::Invalid(_) => Failure::usage(text),
            StateError::Newer { .. } => Failure::new(ExitCode::Storage, text)
                .hint("run the newer program, or name another data directory with --data-dir"),
            StateError::Foreign { .. } => Failure::new(ExitCode::Storage, text)
                .hint("name another file with storage.sqlite_path; nothing was changed"),
            StateError::Damaged { .. } => Failure::new(ExitCode::Storage, text)
                .hint("move it away to begin anew, or restore a copy; nothing was changed"),
            _ => Failure::new(ExitCode::Storage, text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_shell_is_told() {
        let path = PathBuf::from("/d/seerflow.db");
        let newer = StateError::Newer { path: path.clone(), have: 9, know: 3 };
        let failure = Failure::from(newer);
        assert_eq!(failure.exit_code, ExitCode::Storage);
        assert!(failure.primary.contains("schema is 9") && failure.hint.is_some(), "{failure}");
        let damaged = Failure::from(StateError::Damaged { path, reason: "page 3".into() });
        assert_eq!(damaged.exit_code.code(), 74);
        let invalid = Failure::from(StateError::Invalid("no".into()));
        assert_eq!(invalid.exit_code, ExitCode::Usage);
    }
}
