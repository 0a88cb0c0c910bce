//! How archives are scanned and read.

use super::cut::ChunkSize;
use seerflow_model::time::Ns;
use seerflow_parsing::lines::Joining;
use seerflow_parsing::redact::Redactor;
use seerflow_parsing::time::Zone;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What may differ from file to file: by `sources[]`, or by the command line for all.
#[derive(Clone, Debug)]
pub struct FileOptions {
    /// Zone of times without one.
    pub zone: Zone,
    /// Year of the first time without one; else by the file's modification time.
    pub year: Option<i16>,
    /// Whether lines are joined to records.
    pub multiline: Joining,
    /// Source type of its records.
    pub source_type: String,
    /// Format of its records, or `auto`.
    pub format: String,
    /// Name of the entry of `sources[]`.
    pub entry: Option<String>,
    /// What is redacted.
    pub redact: Option<Arc<Redactor>>,
}

impl Default for FileOptions {
    fn default() -> FileOptions {
        FileOptions {
            zone: Zone::Utc,
            year: None,
            multiline: Joining::Auto,
            source_type: "file".to_owned(),
            format: "auto".to_owned(),
            entry: None,
            redact: None,
        }
    }
}

impl FileOptions {
    /// The identity of a file whose text has this hash. Of what is redacted nobody may find the
    /// text by trying.
    pub fn identity(&self, hash: u64) -> u64 {
        self.redact.as_ref().map_or(hash, |redactor| redactor.identifier(hash))
    }
}

/// Gives the options of a file that has its own.
pub type Choose = Arc<dyn Fn(&Path) -> Option<FileOptions> + Send + Sync>;

/// How archives are scanned.
#[derive(Clone)]
pub struct ScanOptions {
    /// For every file without options of its own.
    pub file: FileOptions,
    /// Options of single files.
    pub choose: Option<Choose>,
    /// Longest line; longer ones are cut.
    pub line_bytes_max: usize,
    /// Only records from this time on.
    pub since: Option<Ns>,
    /// Only records before this time.
    pub until: Option<Ns>,
    /// Bytes of text that may be unpacked to temporary files, in all.
    pub spill_bytes: u64,
    /// Where temporary files are made.
    pub spill_dir: PathBuf,
    /// Files scanned at a time. The outcome does not depend on it.
    pub threads: usize,
    /// Size of chunks.
    pub chunk: ChunkSize,
    /// Chunks open at a time.
    pub open_chunks: usize,
}

impl Default for ScanOptions {
    fn default() -> ScanOptions {
        ScanOptions {
            file: FileOptions::default(),
            choose: None,
            line_bytes_max: 1 << 20,
            since: None,
            until: None,
            spill_bytes: 10 << 30,
            spill_dir: std::env::temp_dir(),
            threads: 1,
            chunk: ChunkSize::default(),
            open_chunks: 64,
        }
    }
}
