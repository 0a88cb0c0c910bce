//! What went wrong with an archive, and what its reader should know: values, never panics.

use seerflow_model::text::neutral;
use seerflow_model::time::{self, Ns};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// An error that names its file; the rest of the archive goes on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// It cannot be opened.
    #[error("{}: {reason}", shown(path))]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why, and who may read it.
        reason: String,
    },
    /// It is something else.
    #[error("{}: {}", shown(path), not_a_file(*directory))]
    NotAFile {
        /// Which.
        path: PathBuf,
        /// Whether it is a folder.
        directory: bool,
    },
    /// It holds no text.
    #[error("{}: binary, left out", shown(path))]
    Binary {
        /// Which.
        path: PathBuf,
    },
    /// Nothing matches.
    #[error("{}: no such file, and nothing matches", shown(path))]
    NoMatch {
        /// The path or pattern.
        path: PathBuf,
    },
    /// Reading failed on the way; what came before is used.
    #[error("{}: damaged or cut short after {after} bytes of text: {reason}", shown(path))]
    Damaged {
        /// Which.
        path: PathBuf,
        /// Bytes of text before it.
        after: u64,
        /// What the decoder says.
        reason: String,
    },
    /// It is not the file that was scanned any more; what could be read was used.
    #[error("{}: changed while it was read", shown(path))]
    Changed {
        /// Which.
        path: PathBuf,
    },
    /// It could not be unpacked to a temporary file, so it is read in one pass.
    #[error("{}: cannot be unpacked to a temporary file: {reason}", shown(path))]
    Spill {
        /// Which.
        path: PathBuf,
        /// Why.
        reason: String,
    },
}

/// Something a person should know, not an error.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Notice {
    /// Nothing in it.
    #[error("{}: empty", shown(path))]
    Empty {
        /// Which.
        path: PathBuf,
    },
    /// No record has a time.
    #[error(
        "{}: no time in any record; its modification time {} is used",
        shown(path),
        time::rfc3339(*modified)
    )]
    NoTime {
        /// Which.
        path: PathBuf,
        /// The time used.
        modified: Ns,
    },
    /// Times without a zone.
    #[error("{files} files have times without a zone, read as {zone} (first: {})", shown(first))]
    Zoneless {
        /// How many files.
        files: usize,
        /// The first of them.
        first: PathBuf,
        /// The zone they were read in.
        zone: String,
    },
    /// Times without a year.
    #[error("{}: times without a year; its first year is {year}", shown(path))]
    Yearless {
        /// Which.
        path: PathBuf,
        /// The year its first record was given.
        year: i16,
    },
    /// Too much to unpack: read in one pass.
    #[error(
        "{}: not in the order of time and too large to unpack ({bytes} bytes): read in one pass",
        shown(path)
    )]
    OnePass {
        /// Which.
        path: PathBuf,
        /// Its text.
        bytes: u64,
    },
}

impl Problem {
    /// From an error of opening; a refusal names the group that may read.
    pub fn unreadable(path: &Path, error: &io::Error) -> Problem {
        let mut reason = match error.kind() {
            io::ErrorKind::NotFound => "no such file".to_owned(),
            io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
            _ => error.to_string(),
        };
        if error.kind() == io::ErrorKind::PermissionDenied
            && let Ok(meta) = std::fs::metadata(path)
        {
            let gid = meta.gid();
            let group = group_name(gid).unwrap_or_else(|| gid.to_string());
            let may = if meta.mode() & 0o040 != 0 { "may" } else { "may not" };
            reason += &format!(" (mode {:04o}, group {group} {may} read it)", meta.mode() & 0o7777);
        }
        Problem::Unreadable { path: path.to_owned(), reason }
    }
}

fn shown(path: &Path) -> String {
    neutral(&path.to_string_lossy()).into_owned()
}

fn not_a_file(directory: bool) -> &'static str {
    if directory { "is a folder" } else { "is not a regular file; read it through `-`" }
}

fn group_name(gid: u32) -> Option<String> {
    let groups = std::fs::read_to_string("/etc/group").ok()?;
    let gid = gid.to_string();
    groups.lines().find_map(|line| {
        let mut parts = line.split(':');
        let name = parts.next()?;
        (parts.nth(1)? == gid).then(|| name.to_owned())
    })
}
