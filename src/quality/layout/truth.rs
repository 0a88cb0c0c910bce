//! Ground truths of templates: tables in which one column holds templates, another the messages
//! that they fit, and a third, if there is one, the groups.

use super::{cell, open, table, unreadable};
use crate::bench::eval;
use crate::failure::Failure;
use csv::ByteRecord;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Share of the rows whose message must fit its template: people correct templates by hand, and
/// blanks differ.
const FIT_LEAST: f64 = 0.5;
/// Most rows of one truth.
const ROWS_MAX: usize = 10_000_000;
const WILDCARD: &str = "<*>";

/// Which columns hold what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found {
    message: usize,
    template: usize,
    group: usize,
}

/// A ground truth.
#[derive(Debug)]
pub struct Truth {
    /// What it is called: its folder.
    pub name: String,
    path: PathBuf,
    found: Found,
}

impl Truth {
    pub(super) fn new(path: &Path, found: Found) -> Truth {
        let folder = path.parent().and_then(Path::file_name).or(path.file_name());
        let name = folder.map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        Truth { name, path: path.to_owned(), found }
    }

    /// Its messages.
    pub fn rows(&self) -> Result<Vec<eval::Row>, Failure> {
        let mut rows = Vec::new();
        for row in table(open(&self.path)?).into_byte_records().skip(1).take(ROWS_MAX) {
            let row = row.map_err(|error| unreadable(&self.path, error))?;
            let text = |at: usize| cell(&row, at).into_owned();
            let Found { message, template, group } = self.found;
            let (content, group, template) = (text(message), text(group), text(template));
            rows.push(eval::Row { content, group, template });
        }
        Ok(rows)
    }
}

/// One truth a folder: a corrected one supersedes the first.
pub(super) fn latest(all: Vec<Truth>) -> Vec<Truth> {
    let mut folders: BTreeMap<PathBuf, Truth> = BTreeMap::new();
    let corrected = |truth: &Truth| truth.path.to_string_lossy().contains("corrected");
    for truth in all {
        let folder = truth.path.parent().unwrap_or(Path::new("")).to_owned();
        match folders.get(&folder) {
            Some(have) if corrected(have) || !corrected(&truth) => {}
            _ => {
                folders.insert(folder, truth);
            }
        }
    }
    folders.into_values().collect()
}

/// Finds the columns by the rows below the header.
pub(super) fn columns(rows: &[ByteRecord], width: usize) -> Option<Found> {
    let wild = |at: usize| rows.iter().any(|row| cell(row, at).contains(WILDCARD));
    let templates: Vec<usize> = (0..width).filter(|at| wild(*at)).collect();
    // The messages may hold wildcards themselves: what fits everywhere is the pair.
    let pairs = templates.iter().flat_map(|t| (0..width).map(move |m| (m, *t)));
    let fits = |(m, t): (usize, usize)| {
        let of = |row: &&ByteRecord| m != t && fits(&cell(row, t), &cell(row, m));
        rows.iter().filter(of).count() as f64 / rows.len() as f64
    };
    let (message, template) = pairs
        .map(|pair| (fits(pair), pair))
        .filter(|(share, _)| *share >= FIT_LEAST)
        .max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(&a.1)))?
        .1;
    let group = (0..width)
        .filter(|at| ![message, template].contains(at))
        .filter_map(|at| Some((groups(rows, at, template)?, at)))
        .min()
        .map_or(template, |(_, at)| at);
    Some(Found { message, template, group })
}

/// How many groups a column makes, if each has one template and hardly any template has several.
fn groups(rows: &[ByteRecord], at: usize, template: usize) -> Option<usize> {
    let mut of: BTreeMap<&[u8], &[u8]> = BTreeMap::new();
    for row in rows {
        let (group, text) = (row.get(at)?, row.get(template)?);
        if *of.entry(group).or_insert(text) != text {
            return None;
        }
    }
    let texts: BTreeSet<&[u8]> = of.values().copied().collect();
    (of.len() <= texts.len() + texts.len() / 10 + 2).then_some(of.len())
}

/// Whether a message is its template with something for each wildcard; runs of blanks are one.
fn fits(template: &str, message: &str) -> bool {
    let plain = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let (template, message) = (plain(template), plain(message));
    let mut parts = template.split(WILDCARD);
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = message.strip_prefix(first) else { return false };
    let mut last = None;
    for part in parts {
        if let Some(part) = last.replace(part) {
            let Some(at) = rest.find(part) else { return false };
            rest = &rest[at + str::len(part)..];
        }
    }
    last.map_or(rest.is_empty(), |last| rest.ends_with(last))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_fits_its_template() {
        for (template, message, expected) in [
            ("a <*> c", "a b c", true),
            ("a <*> c", "a b d", false),
            ("<*> c <*>", "x c c y", true),
            ("a  b", "a b", true),
            ("a <*>", "a ", false),
            ("a<*>", "a", true),
            ("ab<*>ba", "aba", false),
        ] {
            assert_eq!(fits(template, message), expected, "{template} | {message}");
        }
    }

    #[test]
    fn columns_are_found_whatever_they_are_called() {
        let rows: Vec<ByteRecord> = (0..40)
            .map(|n: usize| {
                let kind = n % 3;
                let message = [format!("open {n}"), format!("shut {n} by me"), "idle".to_owned()];
                let template = ["open <*>", "shut <*> by me", "idle"];
                ByteRecord::from(vec![
                    n.to_string(),
                    template[kind].to_owned(),
                    "INFO".to_owned(),
                    format!("E{kind}"),
                    message[kind].clone(),
                ])
            })
            .collect();
        assert_eq!(columns(&rows, 5), Some(Found { message: 4, template: 1, group: 3 }));
        assert_eq!(columns(&rows, 4), None, "without messages it is no truth");
    }
}
