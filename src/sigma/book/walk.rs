//! Which files lie in the folders of rules, and what is in them.
//!
//! Folders are walked in the order of names, so that the same files give the same set. Links are
//! followed; a folder or file that was met is not read again, by whatever name, and a folder that a
//! link brings back into itself is said. Nothing here is fatal but a folder that is named and cannot
//! be read: what is wrong with a single file is a [`Problem`] that names its path. Hidden entries
//! are passed over, as version control and mounted volumes keep their own there.
//!
//! Bounds: [`FILES_MAX`] files, [`BYTES_MAX`] of text, [`DEPTH_MAX`] folders down.

use super::choose::Exclude;
use crate::failure::Failure;
use seerflow_model::hash;
use seerflow_sigma::{FILE_BYTES_MAX, Fault, Place, Problem};
use std::collections::BTreeSet;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::UNIX_EPOCH;

/// Most rule files of all folders together.
pub const FILES_MAX: usize = 50_000;
/// Most bytes of all of them.
pub const BYTES_MAX: u64 = 512 << 20;
/// Deepest folder below one that is named.
pub const DEPTH_MAX: usize = 32;
/// Most entries of folders that are looked at, rules or not.
const ENTRIES_MAX: usize = 500_000;

/// A file of rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Where it is.
    pub path: PathBuf,
    /// Its size.
    bytes: u64,
    /// When it was last changed, as nanoseconds since 1970; 0 where that is not known.
    changed: u128,
}

/// What was found in folders.
#[derive(Debug, Default)]
pub struct Walk {
    /// The files, in their order.
    pub files: Vec<Found>,
    /// What cannot be read.
    pub problems: Vec<Problem>,
    /// Files that `exclude` leaves out.
    pub excluded: usize,
    seen: BTreeSet<PathBuf>,
    entries: usize,
    bytes: u64,
    full: bool,
}

/// A problem of a file as a whole.
pub fn trouble(path: &Path, message: impl Into<String>) -> Problem {
    let file: Arc<str> = path.to_string_lossy().into();
    Problem { file, rule: None, fault: Fault::new(Place::default(), message) }
}

/// Whether a name is that of a file of rules.
fn is_rules(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str());
    extension.is_some_and(|e| e.eq_ignore_ascii_case("yml") || e.eq_ignore_ascii_case("yaml"))
}

impl Walk {
    /// Walks a folder, or takes a file, that somebody named.
    pub fn add(&mut self, path: &Path, exclude: &[Exclude]) -> Result<(), Failure> {
        let failed = |error: std::io::Error| {
            Failure::usage(format!("cannot read {}: {error}", path.display()))
        };
        let metadata = std::fs::metadata(path).map_err(failed)?;
        if metadata.is_dir() {
            std::fs::read_dir(path).map_err(failed)?;
            self.folder(path, path, &mut Vec::new(), exclude);
        } else {
            // Opening anything else could wait for ever; it is said below.
            if metadata.is_file() {
                std::fs::File::open(path).map_err(failed)?;
            }
            let real = path.canonicalize().map_err(failed)?;
            if self.seen.insert(real) {
                self.file(path, path, &metadata, exclude);
            }
        }
        Ok(())
    }

    /// One folder with all below it; `above` are those it lies in, links resolved.
    fn folder(&mut self, root: &Path, path: &Path, above: &mut Vec<PathBuf>, exclude: &[Exclude]) {
        let real = match path.canonicalize() {
            Ok(real) => real,
            Err(error) => return self.say(path, error.to_string()),
        };
        if above.contains(&real) {
            return self.say(path, "is a link to a folder that it lies in");
        }
        if above.len() > DEPTH_MAX {
            return self.say(path, format!("lies more than {DEPTH_MAX} folders down"));
        }
        if !self.seen.insert(real.clone()) {
            return;
        }
        let mut names = Vec::new();
        let entries = match std::fs::read_dir(path) {
            Ok(entries) => entries,
            Err(error) => return self.say(path, error.to_string()),
        };
        for entry in entries {
            self.entries += 1;
            match entry {
                _ if self.entries > ENTRIES_MAX => return self.stop(path, "entries", ENTRIES_MAX),
                Ok(entry) => {
                    let link = entry.file_type().is_ok_and(|kind| kind.is_symlink());
                    names.push((entry.path(), link));
                }
                Err(error) => self.say(path, error.to_string()),
            }
        }
        names.sort();
        above.push(real.clone());
        for (path, link) in names {
            let hidden =
                path.file_name().is_none_or(|name| name.to_string_lossy().starts_with('.'));
            if hidden || self.full {
                continue;
            }
            match std::fs::metadata(&path) {
                Ok(metadata) if metadata.is_dir() => self.folder(root, &path, above, exclude),
                Ok(metadata) if is_rules(&path) => {
                    // Of what is no link the folder says where it is.
                    let name = path.file_name().unwrap_or_default();
                    let plain = || real.join(name);
                    let real = if link {
                        path.canonicalize().unwrap_or_else(|_| plain())
                    } else {
                        plain()
                    };
                    if self.seen.insert(real) {
                        self.file(root, &path, &metadata, exclude);
                    }
                }
                Ok(_) => {}
                // A link to nowhere is of interest only if it should be a rule.
                Err(error) if is_rules(&path) => self.say(&path, error.to_string()),
                Err(_) => {}
            }
        }
        above.pop();
    }

    fn file(
        &mut self,
        root: &Path,
        path: &Path,
        metadata: &std::fs::Metadata,
        exclude: &[Exclude],
    ) {
        let below = path.strip_prefix(root).unwrap_or(path);
        if exclude.iter().any(|exclude| exclude.is_of_file(path) || exclude.is_of_file(below)) {
            self.excluded += 1;
            return;
        }
        if !metadata.is_file() {
            return self.say(path, "is no file");
        }
        if self.files.len() >= FILES_MAX {
            return self.stop(path, "files", FILES_MAX);
        }
        self.bytes += metadata.len();
        if self.bytes > BYTES_MAX {
            return self.stop(path, "bytes", BYTES_MAX as usize);
        }
        let changed = metadata.modified().ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok());
        let changed = changed.map_or(0, |since| since.as_nanos());
        self.files.push(Found { path: path.to_owned(), bytes: metadata.len(), changed });
    }

    fn say(&mut self, path: &Path, message: impl Into<String>) {
        self.problems.push(trouble(path, message));
    }

    /// Says once that there is too much, and reads no more.
    fn stop(&mut self, path: &Path, what: &str, most: usize) {
        if !self.full {
            self.full = true;
            self.say(path, format!("is not read, nor what follows it: more than {most} {what}"));
        }
    }

    /// What changes when a file is added, changed or taken away.
    pub fn stamp(&self) -> u64 {
        let of_file = |stamp: u64, file: &Found| {
            let text = format!("{:?} {} {}", file.path, file.bytes, file.changed);
            hash::pair(stamp, hash::text(&text))
        };
        let of_problem =
            |stamp: u64, problem: &Problem| hash::pair(stamp, hash::text(&problem.to_string()));
        let files = self.files.iter().fold(self.files.len() as u64, of_file);
        self.problems.iter().fold(files, of_problem)
    }
}

/// The text of a file of rules, or what is wrong with it.
pub fn text(path: &Path) -> Result<String, String> {
    let file = std::fs::File::open(path).map_err(|error| error.to_string())?;
    let mut bytes = Vec::new();
    let most = FILE_BYTES_MAX as u64;
    file.take(most + 1).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    if bytes.len() as u64 > most {
        return Err(format!("is larger than {most} bytes"));
    }
    String::from_utf8(bytes)
        .map_err(|error| format!("byte {} is not UTF-8", error.utf8_error().valid_up_to() + 1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    fn walk(root: &Path, exclude: &[&str]) -> (Vec<String>, Vec<String>, usize) {
        let exclude: Vec<_> = exclude.iter().map(|text| Exclude::new(text).unwrap()).collect();
        let mut walk = Walk::default();
        walk.add(root, &exclude).unwrap();
        let below = |path: &Path| path.strip_prefix(root).unwrap().display().to_string();
        let files = walk.files.iter().map(|file| below(&file.path)).collect();
        let problems = walk.problems.iter().map(ToString::to_string);
        let root = format!("{}/", root.display());
        (files, problems.map(|text| text.replace(&root, "")).collect(), walk.excluded)
    }

    fn folder(names: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for name in names {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "x").unwrap();
        }
        folder
    }

    #[test]
    fn all_below_in_the_order_of_names() {
        let names = ["b.yml", "a/z.yaml", "a/b/c.YML", "a/note.md", ".git/x.yml", "a/.x.yml"];
        let folder = folder(&names);
        let (files, problems, _) = walk(folder.path(), &[]);
        assert_eq!(files, ["a/b/c.YML", "a/z.yaml", "b.yml"]);
        assert!(problems.is_empty(), "{problems:?}");
        let (files, _, excluded) = walk(folder.path(), &["a/**", "**/b.yml"]);
        assert_eq!((files.len(), excluded), (0, 3));
        let (files, _, excluded) = walk(folder.path(), &["**/a/*/**"]);
        assert_eq!((files, excluded), (vec!["a/z.yaml".to_owned(), "b.yml".to_owned()], 1));
    }

    #[test]
    fn links_are_followed_once_and_circles_are_said() {
        let folder = folder(&["a/one.yml", "b/two.yml"]);
        let at = |name: &str| folder.path().join(name);
        symlink(at("a"), at("a/again")).unwrap();
        symlink(at("b"), at("c")).unwrap();
        symlink(at("b/two.yml"), at("d.yml")).unwrap();
        symlink(at("nowhere"), at("e.yml")).unwrap();
        symlink(at("nowhere"), at("f")).unwrap();
        let (files, problems, _) = walk(folder.path(), &[]);
        assert_eq!(files, ["a/one.yml", "b/two.yml"]);
        assert_eq!(problems.len(), 2, "{problems:?}");
        assert_eq!(problems[0], "a/again: is a link to a folder that it lies in");
        assert!(problems[1].starts_with("e.yml: "), "{problems:?}");
    }

    #[test]
    fn what_is_too_deep_or_no_file_is_said() {
        let deep = "d/".repeat(DEPTH_MAX + 1);
        let folder = folder(&[&format!("{deep}x.yml"), "ok.yml"]);
        rustix::fs::mkfifoat(rustix::fs::CWD, folder.path().join("p.yml"), 0o600.into()).unwrap();
        let (files, problems, _) = walk(folder.path(), &[]);
        assert_eq!(files, ["ok.yml"]);
        assert!(problems[0].ends_with("lies more than 32 folders down"), "{problems:?}");
        assert_eq!(problems[1], "p.yml: is no file");
        assert!(Walk::default().add(Path::new("/no/such"), &[]).is_err());
    }

    #[test]
    fn a_change_of_a_file_changes_the_stamp() {
        let folder = folder(&["a.yml"]);
        let stamp = || {
            let mut walk = Walk::default();
            walk.add(folder.path(), &[]).unwrap();
            walk.stamp()
        };
        let first = stamp();
        assert_eq!(first, stamp());
        std::fs::write(folder.path().join("a.yml"), "longer").unwrap();
        let second = stamp();
        assert_ne!(first, second);
        std::fs::write(folder.path().join("b.yml"), "").unwrap();
        assert_ne!(second, stamp());
    }

    #[test]
    fn texts_are_bounded_and_utf8() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.yml");
        std::fs::write(&path, b"a\xff").unwrap();
        assert_eq!(text(&path), Err("byte 2 is not UTF-8".into()));
        std::fs::write(&path, vec![b' '; FILE_BYTES_MAX + 1]).unwrap();
        assert!(text(&path).unwrap_err().contains("larger"));
    }
}
