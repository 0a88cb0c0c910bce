//! All files of a plan through the scan, some at a time.

use super::options::{FileOptions, ScanOptions};
use super::problem::Problem;
use super::scan::{self, FileScan, Reading};
use super::summary::ScanProgress;
use seerflow_parsing::lines::Options;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

/// The scan of a file, and how it was read.
pub struct Scanned {
    /// What was found, or why not.
    pub result: Result<FileScan, Problem>,
    /// The file's own options.
    pub options: FileOptions,
}

/// The options of a file.
pub fn options_of(path: &Path, options: &ScanOptions) -> FileOptions {
    let own = options.choose.as_ref().and_then(|choose| choose(path));
    own.unwrap_or_else(|| options.file.clone())
}

/// What both passes over a file must do alike.
pub fn reading(file: &FileOptions, options: &ScanOptions) -> Reading {
    Reading {
        zone: file.zone.clone(),
        lines: Options {
            line_bytes: options.line_bytes_max,
            multiline: file.multiline.clone(),
            redact: file.redact.clone(),
        },
    }
}

/// Sorted, and each file once, by whatever path.
pub fn unique(paths: &[PathBuf]) -> Vec<PathBuf> {
    let mut sorted = paths.to_vec();
    sorted.sort();
    sorted.dedup();
    let mut seen = BTreeSet::new();
    sorted.retain(|path| seen.insert(path.canonicalize().unwrap_or_else(|_| path.clone())));
    sorted
}

/// Scans all files, some at a time; results in the order of the paths.
pub fn scan_all(
    paths: &[PathBuf],
    options: &ScanOptions,
    on_disk: &Arc<AtomicU64>,
    progress: &(dyn Fn(ScanProgress) + Sync),
) -> Vec<Scanned> {
    let bytes_total = paths.iter().filter_map(|p| p.metadata().ok()).map(|m| m.len()).sum();
    let (next, done) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let results: Vec<Mutex<Option<Scanned>>> = paths.iter().map(|_| Mutex::new(None)).collect();
    let tell = || {
        progress(ScanProgress {
            bytes: on_disk.load(Ordering::Relaxed),
            bytes_total,
            files: done.load(Ordering::Relaxed),
            files_total: paths.len(),
        });
    };
    let work = || {
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(path) = paths.get(index) else { break };
            let own = options_of(path, options);
            let mut reading = reading(&own, options);
            // What the second pass redacts is counted there.
            reading.lines.redact = own.redact.as_ref().map(|all| Arc::new(all.uncounted()));
            let result = scan::scan(path, &reading, own.year, options.chunk, on_disk, &tell);
            let scanned = Scanned { result, options: own };
            *results[index].lock().unwrap_or_else(|poisoned| poisoned.into_inner()) = Some(scanned);
            done.fetch_add(1, Ordering::Relaxed);
            tell();
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..options.threads.min(paths.len()) {
            scope.spawn(work);
        }
        work();
    });
    let taken = |slot: Mutex<Option<Scanned>>| {
        slot.into_inner().unwrap_or_else(|poisoned| poisoned.into_inner())
    };
    results.into_iter().filter_map(taken).collect()
}
