//! Archives that can be read twice: scanned first, then read in the exact order of time.
//!
//! Pass 1 (`scan`) looks at stamps only and cuts each file into chunks of about 1 MiB at record
//! starts; a chunk remembers its least and greatest stamp and what is needed to read it alone.
//! `order` puts the chunks of all files in the order of their least stamps and decides by the
//! index alone where the promise stands before each, and where more than 64 chunks would be open.
//! Pass 2 (`dispatch`) hands chunk i to worker i mod W, which reads, splits, stamps and sorts it
//! (`read`): a file that runs backwards by weeks has no late record, and what is done does not
//! depend on the number of workers.
//!
//! Invariants: both passes give the same records and stamps; no record is below the floor of its
//! chunk; memory is one chunk record of about 200 bytes per MiB, plus the chunks under way.

mod cut;
mod dispatch;
mod files;
mod judge;
mod one_pass;
mod open;
mod options;
mod order;
pub mod paths;
mod plan;
mod problem;
mod progress;
mod read;
mod scan;
mod spill;
mod summary;
#[cfg(test)]
mod tests;

pub use cut::ChunkSize;
pub use dispatch::{Running, Share};
pub use one_pass::{OnePass, PIPE_LATENESS};
pub use open::Compression;
pub use options::{Choose, FileOptions, ScanOptions};
pub use plan::Plan;
pub use problem::{Notice, Problem};
pub use progress::Progress;
pub use read::Window;
pub use summary::{OnePassFile, PlannedChunk, ScanProgress, Summary, YearUsed};

use seerflow_model::Ns;
use std::path::Path;

/// A text to be read from its start, decompressed and decoded.
pub struct TextFile {
    /// Hash of its first 4 KiB after decompression.
    pub identity: u64,
    /// Its modification time.
    pub modified: Ns,
    /// The text.
    pub text: Box<dyn std::io::Read + Send>,
}

/// Opens one file as text.
pub fn open_text(path: &Path) -> Result<TextFile, Problem> {
    let (opened, text) = open::open(path, &std::sync::Arc::default())?;
    let (identity, modified) = (opened.identity, opened.state.modified);
    Ok(TextFile { identity, modified, text: Box::new(text) })
}
