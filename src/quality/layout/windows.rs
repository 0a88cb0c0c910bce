//! Series and their windows: a JSON object whose keys are paths of series and whose values are lists
//! of pairs of times, first and last moment of each anomaly.

use super::shape::Windows;
use super::{cell, name, open, table, time, unreadable};
use crate::failure::Failure;
use seerflow_model::Ns;
use serde_json::Value;
use std::path::{Path, PathBuf};

/// Most rows of one series.
const ROWS_MAX: usize = 10_000_000;

/// A series with its windows.
#[derive(Debug)]
pub struct Series {
    /// What it is called.
    pub name: String,
    /// First and last moment of each anomaly.
    pub windows: Vec<(Ns, Ns)>,
    path: PathBuf,
}

impl Series {
    /// Its rows, in the order of the file.
    pub fn rows(&self) -> Result<Vec<(Ns, f64)>, Failure> {
        let mut rows = Vec::new();
        for (at, row) in table(open(&self.path)?).into_byte_records().take(ROWS_MAX).enumerate() {
            let row = row.map_err(|error| unreadable(&self.path, error))?;
            let value = cell(&row, 1).trim().parse::<f64>().ok().filter(|value| value.is_finite());
            match (time::moment(&cell(&row, 0)), value) {
                (Some(time), Some(value)) => rows.push((time, value)),
                _ if at == 0 => {}
                _ => return Err(unreadable(&self.path, format!("row {at}: no time and number"))),
            }
        }
        Ok(rows)
    }
}

/// Reads a document of windows; none when it is something else.
pub(super) fn read(document: &[u8]) -> Option<Windows> {
    let Value::Object(all) = serde_json::from_slice(document).ok()? else { return None };
    let pair = |pair: &Value| {
        let Value::Array(ends) = pair else { return None };
        let [from, to] = ends.as_slice() else { return None };
        let moment = |end: &Value| match end {
            Value::String(text) => time::moment(text),
            Value::Number(number) => time::moment(&number.to_string()),
            _ => None,
        };
        Some((moment(from)?, moment(to)?)).filter(|(from, to)| from <= to)
    };
    let list = |(key, list): (String, Value)| {
        let Value::Array(list) = list else { return None };
        Some((key, list.iter().map(pair).collect::<Option<Vec<_>>>()?))
    };
    let windows = all.into_iter().map(list).collect::<Option<Windows>>()?;
    windows.iter().any(|(_, windows)| !windows.is_empty()).then_some(windows)
}

/// Gives the series of a folder their windows: of the document that knows most of them.
pub(super) fn join(
    folder: &Path,
    series: Vec<PathBuf>,
    labels: Vec<(PathBuf, Windows)>,
    notes: &mut Vec<String>,
) -> Vec<Series> {
    let known = |labels: &Windows| series.iter().filter(|path| of(path, labels).is_some()).count();
    // Of two that know as many, the one with the longer windows says what was meant to be found.
    let span = |labels: &Windows| -> u64 {
        labels.iter().flat_map(|(_, windows)| windows).map(|(from, to)| to - from).sum()
    };
    let best = labels.iter().max_by_key(|(_, windows)| (known(windows), span(windows)));
    let Some((_, labels)) = best.filter(|(_, windows)| known(windows) > 0) else {
        if !series.is_empty() {
            notes.push(format!("{} series without windows are left out", series.len()));
        }
        return Vec::new();
    };
    let mut found = Vec::new();
    for path in series {
        match of(&path, labels) {
            Some(windows) => {
                found.push(Series { name: name(folder, &path), windows: windows.clone(), path });
            }
            None => notes.push(format!("{}: no windows are known of it", path.display())),
        }
    }
    found
}

/// The windows of one series: by the longest key that its path ends with, else by its file's name
/// when one key has that name.
fn of<'a>(path: &Path, labels: &'a Windows) -> Option<&'a Vec<(Ns, Ns)>> {
    let ends = |(key, _): &&(String, Vec<_>)| path.ends_with(key);
    if let Some((_, windows)) = labels.iter().filter(ends).max_by_key(|(key, _)| key.len()) {
        return Some(windows);
    }
    let mut same = labels.iter().filter(|(key, _)| Path::new(key).file_name() == path.file_name());
    let (_, windows) = same.next()?;
    same.next().is_none().then_some(windows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_are_lists_of_pairs_of_times() {
        let read = |text: &str| read(text.as_bytes());
        let found = read(
            r#"{"a/x.csv": [["2014-04-10 07:15:00.000000", "2014-04-11 16:45:00"]], "y": []}"#,
        );
        let found = found.unwrap();
        assert_eq!((found.len(), found[0].1.len(), found[1].1.len()), (2, 1, 0));
        for other in [
            "[]",
            "{}",
            r#"{"a": []}"#,
            r#"{"a": ["2014-04-10 07:15:00"]}"#,
            r#"{"a": [["2014-04-11 07:15:00", "2014-04-10 16:45:00"]]}"#,
            r#"{"a": [[1, 2]]}"#,
            r#"{"a": 1"#,
        ] {
            assert_eq!(read(other), None, "{other}");
        }
    }

    #[test]
    fn a_series_is_known_by_the_end_of_its_path_else_by_its_name() {
        let labels: Windows = [("a/x.csv", 1), ("b/x.csv", 2), ("old/y.csv", 3)]
            .map(|(key, n)| (key.to_owned(), vec![(n, n)]))
            .into();
        let first = |path: &str| of(Path::new(path), &labels).map(|windows| windows[0].0);
        assert_eq!(first("/d/values/b/x.csv"), Some(2));
        assert_eq!(first("/d/new/y.csv"), Some(3));
        assert_eq!(first("/d/c/x.csv"), None, "two have that name");
        assert_eq!(first("/d/a/z.csv"), None);
    }
}
