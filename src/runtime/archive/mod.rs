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
pub(crate) use open::read_full;
pub use options::{Choose, FileOptions, ScanOptions};
pub use plan::Plan;
pub use problem::{Notice, Problem};
pub use progress::Progress;
pub use read::Window;
pub use summary::{OnePassFile, PlannedChunk, ScanProgress, Summary, YearUsed};

use seerflow_model::{Ns, SourceInfo};
use seerflow_parsing::lines::Joining;
use seerflow_parsing::redact::Redactor;
use std::io::Read as _;
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

/// Reads so much of a text that its header is known, if it is a table that lacks one. What was
/// read stands before the rest.
pub fn with_header<'a>(
    mut text: impl std::io::Read + 'a,
    joining: &mut Joining,
    redact: Option<&std::sync::Arc<Redactor>>,
    source: &mut std::sync::Arc<SourceInfo>,
) -> std::io::Result<Box<dyn std::io::Read + 'a>> {
    let Some(layout) = joining.layout().filter(|layout| layout.lacks_columns()) else {
        return Ok(Box::new(text));
    };
    let (mut head, mut filled) = (Vec::new(), 0);
    while !layout.is_whole(&head[..filled]) {
        head.resize(filled + 4096, 0);
        match text.read(&mut head[filled..]) {
            Ok(0) => break,
            Ok(n) => filled += n,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    head.truncate(filled);
    let safe = redact.map(|redact| redact.head(&head));
    let known = layout.with_head(safe.as_deref().unwrap_or(&head));
    known.describe(std::sync::Arc::make_mut(source));
    *joining = Joining::Laid(std::sync::Arc::new(known));
    Ok(Box::new(std::io::Cursor::new(head).chain(text)))
}

/// Opens one file as text.
pub fn open_text(path: &Path) -> Result<TextFile, Problem> {
    let (opened, text) = open::open(path, &std::sync::Arc::default())?;
    let (identity, modified) = (opened.identity, opened.state.modified);
    Ok(TextFile { identity, modified, text: Box::new(text) })
}
