//! From what a person names (files, folders, patterns) to files.

use super::problem::Problem;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Folders within folders are followed so deep.
const DEPTH: usize = 32;
/// Files of one run.
const FILES: usize = 1_000_000;

/// The files behind some paths, sorted, each once. A path that is there is taken as it is, one that
/// is not as a pattern; folders give all regular files in them, but no hidden ones.
pub fn expand(named: &[PathBuf]) -> (Vec<PathBuf>, Vec<Problem>) {
    let mut found = Found::default();
    for path in named {
        if path.symlink_metadata().is_ok() {
            found.add(path, 0, true);
            continue;
        }
        let mut any = false;
        if let Ok(matches) = glob::glob(&path.to_string_lossy()) {
            for entry in matches {
                any = true;
                match entry {
                    Ok(file) => found.add(&file, 0, true),
                    Err(error) => {
                        found.problems.push(Problem::unreadable(error.path(), error.error()));
                    }
                }
            }
        }
        if !any {
            found.problems.push(Problem::NoMatch { path: path.clone() });
        }
    }
    (found.files.into_iter().collect(), found.problems)
}

#[derive(Default)]
struct Found {
    files: BTreeSet<PathBuf>,
    folders: BTreeSet<PathBuf>,
    problems: Vec<Problem>,
}

impl Found {
    /// `named`: by a person, so that what it is matters to them.
    fn add(&mut self, path: &Path, depth: usize, named: bool) {
        let kind = match path.metadata() {
            Ok(kind) => kind,
            Err(error) => return self.problems.push(Problem::unreadable(path, &error)),
        };
        if kind.is_dir() {
            self.folder(path, depth);
        } else if (kind.is_file() || named) && self.files.len() < FILES {
            self.files.insert(path.to_owned());
        }
    }

    fn folder(&mut self, path: &Path, depth: usize) {
        // By its true path, so that a link to a folder above ends.
        let known = path.canonicalize().is_ok_and(|path| !self.folders.insert(path));
        if known || depth > DEPTH {
            return;
        }
        let entries = match std::fs::read_dir(path) {
            Ok(entries) => entries,
            Err(error) => return self.problems.push(Problem::unreadable(path, &error)),
        };
        let mut inside: Vec<PathBuf> = entries.filter_map(|e| e.ok()).map(|e| e.path()).collect();
        inside.sort();
        for path in inside {
            let hidden = path.file_name().is_some_and(|name| name.as_encoded_bytes()[0] == b'.');
            if !hidden {
                self.add(&path, depth + 1, false);
            }
        }
    }
}
