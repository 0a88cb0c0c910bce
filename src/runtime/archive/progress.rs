//! What the outside sees of an archive while it is read: counters, and errors as values.

use super::problem::Problem;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

/// Errors that are kept; all are counted.
const KEPT: usize = 1000;

/// Shared by the dispatcher, the workers and the progress bar.
#[derive(Debug, Default)]
pub struct Progress {
    /// Bytes of text read in the second pass, of `Summary::bytes`.
    pub bytes: AtomicU64,
    /// Records handed to the engine.
    pub records: AtomicU64,
    /// Files that are not what was scanned any more.
    pub changed: AtomicU64,
    /// Errors.
    pub errors: AtomicU64,
    problems: Mutex<Vec<Problem>>,
}

impl Progress {
    /// Takes an error.
    pub fn report(&self, problem: Problem) {
        self.errors.fetch_add(1, Ordering::Relaxed);
        let mut problems = self.problems.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if problems.len() < KEPT && !problems.contains(&problem) {
            problems.push(problem);
        }
    }

    /// Takes note, once a file, that it changed.
    pub fn changed(&self, path: &Path) {
        let problem = Problem::Changed { path: path.to_owned() };
        let mut problems = self.problems.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if !problems.contains(&problem) {
            self.changed.fetch_add(1, Ordering::Relaxed);
            self.errors.fetch_add(1, Ordering::Relaxed);
            if problems.len() < KEPT {
                problems.push(problem);
            }
        }
    }

    /// The errors so far, at most the first 1,000.
    pub fn problems(&self) -> Vec<Problem> {
        self.problems.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).clone()
    }
}
