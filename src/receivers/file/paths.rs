//! Which files may be read: patterns and allowed roots.
//!
//! A pattern is absolute or relative to the working directory and has no `..`. What it matches is
//! read only if, with all symlinks resolved, it lies below an allowed root; that is checked on the
//! opened file itself, so a path that is changed in between leads nowhere.

use glob::{MatchOptions, Pattern};
use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Component, Path, PathBuf};

/// A pattern or root that cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PathError {
    /// It leads upwards.
    #[error("pattern {0:?} contains `..`: name the directory itself")]
    Parent(String),
    /// It is no pattern.
    #[error("pattern {0:?} is not valid: {1}")]
    Pattern(String, #[source] glob::PatternError),
    /// An allowed root that is not there.
    #[error("allowed root {0}: {1}")]
    Root(PathBuf, #[source] io::Error),
    /// The fixed part of the pattern is outside the allowed roots.
    #[error("pattern {0:?} is outside the allowed roots ({1})")]
    Outside(String, String),
}

/// Why a path was not opened.
#[derive(Debug)]
pub enum OpenError {
    /// It leads outside the allowed roots, to this place.
    Outside(PathBuf),
    /// It is not a regular file.
    Special,
    /// The system said no.
    Io(io::Error),
}

/// What is tailed.
#[derive(Debug)]
pub struct Paths {
    patterns: Vec<(String, PathBuf)>,
    roots: Vec<PathBuf>,
}

const MATCH: MatchOptions = MatchOptions {
    case_sensitive: true,
    require_literal_separator: true,
    require_literal_leading_dot: false,
};

impl Paths {
    /// Checks patterns against roots. Without roots each pattern is allowed below its fixed part.
    pub fn new(patterns: &[String], roots: &[PathBuf]) -> Result<Paths, PathError> {
        let named = !roots.is_empty();
        let mut allowed = Vec::new();
        for root in roots {
            let resolved =
                root.canonicalize().map_err(|error| PathError::Root(root.clone(), error))?;
            allowed.push(resolved);
        }
        let mut checked = Vec::new();
        for pattern in patterns {
            let path = Path::new(pattern);
            if path.components().any(|part| part == Component::ParentDir) {
                return Err(PathError::Parent(pattern.clone()));
            }
            Pattern::new(pattern).map_err(|error| PathError::Pattern(pattern.clone(), error))?;
            let base = fixed_part(path);
            if named {
                // A base that is not there yet is checked when files appear.
                let resolved = base.canonicalize().unwrap_or_else(|_| base.clone());
                if !below(&resolved, &allowed) && !allowed.iter().any(|r| r.starts_with(&resolved))
                {
                    let roots: Vec<_> = allowed.iter().map(|r| r.display().to_string()).collect();
                    return Err(PathError::Outside(pattern.clone(), roots.join(", ")));
                }
            } else {
                allowed.push(base.canonicalize().unwrap_or_else(|_| base.clone()));
            }
            checked.push((pattern.clone(), base));
        }
        Ok(Paths { patterns: checked, roots: allowed })
    }

    /// The paths that match now, sorted, without duplicates.
    pub fn scan(&self) -> Vec<PathBuf> {
        let mut found: Vec<PathBuf> = self
            .patterns
            .iter()
            .filter_map(|(pattern, _)| glob::glob_with(pattern, MATCH).ok())
            .flat_map(|paths| paths.flatten())
            .collect();
        found.sort();
        found.dedup();
        found
    }

    /// The directories from which the patterns start.
    pub fn bases(&self) -> impl Iterator<Item = &Path> {
        self.patterns.iter().map(|(_, base)| base.as_path())
    }

    /// The directories below the bases in which a match may appear, as far as they are there now.
    pub fn directories(&self) -> impl Iterator<Item = PathBuf> + '_ {
        let parents = self.patterns.iter().flat_map(|(pattern, base)| {
            let above = Path::new(pattern).ancestors().skip(1);
            above.take_while(move |dir| *dir != base && !dir.as_os_str().is_empty())
        });
        parents
            .filter_map(|dir| glob::glob_with(dir.to_str()?, MATCH).ok())
            .flat_map(|found| found.flatten())
            .filter(|path| path.is_dir())
    }

    /// Opens a file for reading if it is one and allowed.
    pub fn open(&self, path: &Path) -> Result<File, OpenError> {
        let resolved = path.canonicalize().map_err(OpenError::Io)?;
        if !below(&resolved, &self.roots) {
            return Err(OpenError::Outside(resolved));
        }
        let flags = rustix::fs::OFlags::NONBLOCK | rustix::fs::OFlags::NOFOLLOW;
        let file = OpenOptions::new()
            .read(true)
            .custom_flags(flags.bits() as i32)
            .open(&resolved)
            .map_err(OpenError::Io)?;
        if !file.metadata().map_err(OpenError::Io)?.is_file() {
            return Err(OpenError::Special);
        }
        // What was really opened, whatever became of the path in between.
        match std::fs::read_link(format!("/proc/self/fd/{}", file.as_raw_fd())) {
            Ok(real) if real.is_absolute() && !below(&real, &self.roots) => {
                Err(OpenError::Outside(real))
            }
            _ => Ok(file),
        }
    }
}

fn below(path: &Path, roots: &[PathBuf]) -> bool {
    roots.iter().any(|root| path.starts_with(root))
}

/// The directory of a pattern before its first wildcard.
fn fixed_part(pattern: &Path) -> PathBuf {
    let wild =
        |part: &Component<'_>| part.as_os_str().to_string_lossy().contains(['*', '?', '[', ']']);
    let count = pattern.components().count();
    let fixed: PathBuf =
        pattern.components().take(count.saturating_sub(1)).take_while(|p| !wild(p)).collect();
    if fixed.as_os_str().is_empty() { PathBuf::from(".") } else { fixed }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    fn paths(patterns: &[String], roots: &[PathBuf]) -> Paths {
        Paths::new(patterns, roots).unwrap()
    }

    #[test]
    fn directories_are_those_where_matches_may_appear() {
        let dir = tempfile::tempdir().unwrap();
        let at = |path: &str| dir.path().join(path);
        for path in ["a/logs", "b/logs", "c", "d/logs/deep"] {
            std::fs::create_dir_all(at(path)).unwrap();
        }
        std::fs::write(at("file"), "").unwrap();
        let found = |pattern: &str| {
            let pattern = at(pattern).to_str().unwrap().to_owned();
            let mut found: Vec<_> = Paths::new(&[pattern], &[]).unwrap().directories().collect();
            found.sort();
            found
        };
        let all = |paths: &[&str]| paths.iter().map(|path| at(path)).collect::<Vec<_>>();
        assert_eq!(found("*.log"), all(&[]));
        assert_eq!(found("*/x.log"), all(&["a", "b", "c", "d"]));
        assert_eq!(found("*/logs/x.log"), all(&["a", "a/logs", "b", "b/logs", "c", "d", "d/logs"]));
        assert!(found("**/x.log").contains(&at("d/logs/deep")));
    }

    #[test]
    fn patterns_span_directories_and_leave_no_way_out() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("logs");
        std::fs::create_dir_all(root.join("a/b")).unwrap();
        std::fs::write(dir.path().join("outside.log"), "x").unwrap();
        for name in ["top.log", "a/mid.log", "a/b/deep.log", "a/other.txt"] {
            std::fs::write(root.join(name), "x").unwrap();
        }
        symlink(dir.path().join("outside.log"), root.join("escape.log")).unwrap();
        symlink(root.join("a/other.txt"), root.join("inside.log")).unwrap();
        let pattern = format!("{}/**/*.log", root.display());
        let paths = paths(std::slice::from_ref(&pattern), &[]);
        let found = paths.scan();
        assert_eq!(found.len(), 5, "{found:?}");
        assert!(matches!(paths.open(&root.join("escape.log")), Err(OpenError::Outside(_))));
        assert!(paths.open(&root.join("inside.log")).is_ok());
        assert!(matches!(paths.open(&root.join("a")), Err(OpenError::Special)));
        assert!(matches!(paths.open(&root.join("none")), Err(OpenError::Io(_))));

        let wide = Paths::new(&[pattern], &[dir.path().to_path_buf()]).unwrap();
        assert!(wide.open(&root.join("escape.log")).is_ok());
    }

    #[test]
    fn what_leads_upwards_or_outside_is_refused_with_its_reason() {
        let dir = tempfile::tempdir().unwrap();
        let up = Paths::new(&["/var/log/../../etc/*".to_owned()], &[]).unwrap_err();
        assert!(up.to_string().contains(".."), "{up}");
        let bad = Paths::new(&["/x/[".to_owned()], &[]).unwrap_err();
        assert!(matches!(bad, PathError::Pattern(..)));
        let roots = [dir.path().to_path_buf()];
        let outside = Paths::new(&["/etc/*.conf".to_owned()], &roots).unwrap_err();
        assert!(outside.to_string().contains("/etc/*.conf"), "{outside}");
        let missing = Paths::new(&[], &[dir.path().join("none")]).unwrap_err();
        assert!(matches!(missing, PathError::Root(..)));
    }
}
