//! Ground truth: CSV files with the columns `Content`, `EventId` and `EventTemplate`, one row a
//! message, in a folder for each system.

use crate::failure::{ExitCode, Failure};
use std::path::{Path, PathBuf};

/// Greatest file that is read, in bytes.
const FILE_BYTES_MAX: u64 = 1 << 30;

/// The messages of one system with their true templates.
pub struct Truth {
    /// Name of the system: that of its folder, else of its file.
    pub name: String,
    /// Messages.
    pub rows: Vec<Row>,
}

/// One message.
pub struct Row {
    /// Its text, without a header.
    pub content: String,
    /// Its true group.
    pub group: String,
    /// Its true template.
    pub template: String,
}

/// The truths of a folder that holds a folder per system, or of one file.
pub fn find(path: &Path) -> Result<Vec<(String, PathBuf)>, Failure> {
    let unreadable = |path: &Path, error: std::io::Error| {
        Failure::new(ExitCode::CannotRun, format!("cannot read {}: {error}", path.display()))
    };
    let kind = std::fs::metadata(path).map_err(|error| unreadable(path, error))?;
    let name = |path: &Path| {
        path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
    };
    if kind.is_file() {
        return Ok(vec![(name(path), path.to_owned())]);
    }
    let list = |path: &Path| -> Result<Vec<PathBuf>, Failure> {
        let entries = std::fs::read_dir(path).map_err(|error| unreadable(path, error))?;
        let mut paths: Vec<_> = entries.filter_map(Result::ok).map(|entry| entry.path()).collect();
        paths.sort();
        Ok(paths)
    };
    let mut found = Vec::new();
    for folder in list(path)?.into_iter().filter(|path| path.is_dir()) {
        let mut files = list(&folder)?;
        files.retain(|file| name(file).contains("structured") && name(file).ends_with(".csv"));
        // A corrected truth supersedes the first one.
        let corrected = files.iter().find(|file| name(file).contains("corrected")).cloned();
        if let Some(file) = corrected.or_else(|| files.into_iter().next()) {
            found.push((name(&folder), file));
        }
    }
    if found.is_empty() {
        return Err(Failure::usage(format!("{}: no ground truth there", path.display()))
            .hint("a folder per system, each with a CSV whose name contains `structured`"));
    }
    Ok(found)
}

/// Reads one truth.
pub fn read(name: &str, path: &Path) -> Result<Truth, Failure> {
    let wrong = |what: String| Failure::usage(format!("{}: {what}", path.display()));
    let size = std::fs::metadata(path).map(|file| file.len()).unwrap_or(0);
    if size > FILE_BYTES_MAX {
        return Err(wrong(format!("{size} bytes; at most {FILE_BYTES_MAX} are read")));
    }
    let mut reader = csv::Reader::from_path(path).map_err(|error| wrong(error.to_string()))?;
    let head = reader.byte_headers().map_err(|error| wrong(error.to_string()))?.clone();
    let column = |wanted: &str| {
        head.iter()
            .position(|name| name == wanted.as_bytes())
            .ok_or_else(|| wrong(format!("no column `{wanted}` in its first line")))
    };
    let [content, group, template] =
        [column("Content")?, column("EventId")?, column("EventTemplate")?];
    let mut rows = Vec::new();
    for record in reader.byte_records() {
        let record = record.map_err(|error| wrong(error.to_string()))?;
        let text =
            |at: usize| String::from_utf8_lossy(record.get(at).unwrap_or_default()).into_owned();
        rows.push(Row { content: text(content), group: text(group), template: text(template) });
    }
    Ok(Truth { name: name.to_owned(), rows })
}
