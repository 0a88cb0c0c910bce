//! What can go wrong in the event store: which file, where in it, and what.

use std::path::{Path, PathBuf};

/// An error of the event store.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// A file could not be read or written.
    #[error("{doing} {}", path.display())]
    Io {
        /// What was tried, as in `reading`.
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// Bytes that are not as they were written.
    #[error("{} is damaged at byte {offset}: {what}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Where the part that is damaged begins.
        offset: u64,
        /// What is wrong.
        what: &'static str,
    },
    /// A row that the part does not have.
    #[error("row {row} of a part with {rows} rows")]
    NoSuchRow {
        /// The row.
        row: u32,
        /// The rows there are.
        rows: u32,
    },
    /// The thread that writes has ended because of an error.
    #[error("the event store has stopped writing: {0}")]
    Stopped(String),
}

impl StoreError {
    pub(crate) fn io(doing: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        move |source| StoreError::Io { doing, path: path.to_owned(), source }
    }

    /// Whether stored bytes are not as they were written.
    pub fn is_damage(&self) -> bool {
        matches!(self, StoreError::Damaged { .. })
    }
}

/// The result of what the store does.
pub type Result<T> = std::result::Result<T, StoreError>;
