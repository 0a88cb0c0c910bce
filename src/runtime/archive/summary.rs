//! What a plan tells: figures, progress, its chunks.

use super::options::FileOptions;
use seerflow_model::record::SourceInfo;
use seerflow_model::time::Ns;
use std::path::PathBuf;
use std::sync::Arc;

/// A file that has to be read in one pass, by its own port.
#[derive(Clone, Debug)]
pub struct OnePassFile {
    /// Which.
    pub path: PathBuf,
    /// Its source.
    pub source: Arc<SourceInfo>,
    /// Its options.
    pub options: FileOptions,
    /// Its modification time, the receive time of its records.
    pub modified: Ns,
    /// The year its first time was given, when times have none.
    pub year: Option<i16>,
    /// The greatest stamp that the scan saw.
    pub newest: Ns,
}

/// How far a scan is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScanProgress {
    /// Bytes read from the disk, of `bytes_total` (more when a file is read again).
    pub bytes: u64,
    /// Bytes of all files on the disk.
    pub bytes_total: u64,
    /// Files scanned.
    pub files: usize,
    /// Files in all.
    pub files_total: usize,
}

/// A year that was settled for a file whose times have none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct YearUsed {
    /// The file.
    pub path: PathBuf,
    /// The year of its first time.
    pub year: i16,
}

/// What a person is told about the plan.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Files that are read.
    pub files: usize,
    /// Of them, compressed ones.
    pub compressed: usize,
    /// Bytes of text in the plan's chunks; what the progress counter runs up to.
    pub bytes: u64,
    /// Records in the plan's chunks (at the edges of a wanted window: at most so many).
    pub records: u64,
    /// Chunks.
    pub chunks: usize,
    /// Records whose time was not believed.
    pub skewed: u64,
    /// Records that were longer than the limit.
    pub cut: u64,
    /// Chunks in which records are moved up because too many would be open.
    pub crowded_chunks: usize,
    /// Bytes unpacked to temporary files.
    pub unpacked: u64,
    /// Years given to times without one.
    pub years: Vec<YearUsed>,
    /// Files with times without a zone.
    pub zoneless: usize,
    /// Files to be read in one pass.
    pub one_pass: usize,
}

/// A chunk as planned, for tests and tools.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedChunk {
    /// The file.
    pub path: PathBuf,
    /// Its number in the file.
    pub number: u32,
    /// Records in it.
    pub records: u32,
    /// Least stamp, before the floor.
    pub least: Ns,
    /// Greatest stamp, before the floor.
    pub greatest: Ns,
    /// Records below it are crowded.
    pub floor: Ns,
    /// No record of this chunk or of a later one is below it.
    pub promise: Ns,
}
