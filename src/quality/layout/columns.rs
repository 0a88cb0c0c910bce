//! Which column of a site's table holds what, told by what is in it:
//!
//! * the time: the first column in which every cell is one;
//! * the address: the first in which every cell is an IP address;
//! * the two labels, phase and event: a pair of columns in which one value fills more than half, and
//!   in which whatever has an event of its own has a phase of its own;
//! * the host: of the others, the column whose values go best with the addresses;
//! * the message: of the rest, the column with the longest texts; the kind: the next one.
//!
//! What remains is passed on as it is. Bounds: [`COLUMNS_MAX`] columns, [`VALUES_MAX`] values
//! remembered of each.

use super::{cell, open, table, time};
use csv::ByteRecord;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::path::Path;

/// Most columns.
pub(super) const COLUMNS_MAX: usize = 64;
/// Most different values of a column that are remembered; a label has few.
const VALUES_MAX: usize = 4_096;
/// Share of rows with an event label that may lack a phase.
const STRAY_MOST: f64 = 0.02;
/// Fewest columns: time, message, address, host and two labels.
const WIDTH_LEAST: usize = 6;

/// Where things stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Columns {
    pub time: usize,
    pub address: usize,
    pub host: usize,
    pub message: usize,
    /// What kind of alert it is, in a word; the message where there is none.
    pub kind: usize,
    pub phase: usize,
    pub event: usize,
    /// The value of `phase` that says: no attack.
    pub background: String,
    /// What is left.
    pub others: Vec<usize>,
}

/// Whether a table can be one, by its first rows.
pub(super) fn may_be(rows: &[ByteRecord], width: usize) -> bool {
    let all = |fits: fn(&str) -> bool| {
        (0..width.min(COLUMNS_MAX)).any(|at| rows.iter().all(|row| fits(&cell(row, at))))
    };
    (WIDTH_LEAST..=COLUMNS_MAX).contains(&width) && all(is_time) && all(is_address)
}

fn is_time(cell: &str) -> bool {
    time::moment(cell).is_some()
}

fn is_address(cell: &str) -> bool {
    cell.trim().parse::<IpAddr>().is_ok()
}

/// What is known of one column.
#[derive(Clone)]
struct Seen {
    times: bool,
    addresses: bool,
    bytes: u64,
    /// Cells by value; none when there are too many different ones.
    values: Option<BTreeMap<Vec<u8>, u64>>,
}

impl Seen {
    fn add(&mut self, row: &ByteRecord, at: usize) {
        let text = cell(row, at);
        self.times &= is_time(&text);
        self.addresses &= is_address(&text);
        self.bytes += text.len() as u64;
        if let Some(values) = &mut self.values {
            *values.entry(text.as_bytes().to_vec()).or_default() += 1;
            if values.len() > VALUES_MAX {
                self.values = None;
            }
        }
    }

    /// The value that fills more than half of the rows, if another one is there, too.
    fn main(&self, rows: u64) -> Option<&[u8]> {
        let values = self.values.as_ref().filter(|values| values.len() > 1)?;
        let (value, n) = values.iter().max_by_key(|(_, n)| **n)?;
        (2 * n > rows).then_some(value)
    }
}

/// Finds them; none when the table is something else or cannot be read.
pub(super) fn of(path: &Path) -> Option<Columns> {
    let mut rows = table(open(path).ok()?).into_byte_records();
    let width = rows.next()?.ok()?.len();
    let fresh = Seen { times: true, addresses: true, bytes: 0, values: Some(BTreeMap::new()) };
    let mut seen = vec![fresh; width];
    let mut count = 0;
    for row in rows {
        let row = row.ok()?;
        count += 1;
        seen.iter_mut().enumerate().for_each(|(at, seen)| seen.add(&row, at));
    }
    let time = seen.iter().position(|seen| seen.times)?;
    let address = seen.iter().position(|seen| seen.addresses)?;
    let rest: Vec<usize> = (0..width).filter(|at| ![time, address].contains(at)).collect();
    let labels: Vec<(usize, &[u8])> =
        rest.iter().filter_map(|at| Some((*at, seen[*at].main(count)?))).collect();
    let (phase, event) = pair(path, &labels)?;
    let background = labels.iter().find(|(at, _)| *at == phase)?.1;
    let texts: Vec<usize> = rest.into_iter().filter(|at| ![phase, event].contains(at)).collect();
    let host = host(path, address, &texts, &seen)?;
    let mut texts: Vec<usize> = texts.into_iter().filter(|at| *at != host).collect();
    texts.sort_by_key(|at| std::cmp::Reverse(seen[*at].bytes));
    let message = *texts.first()?;
    let kind = texts.get(1).copied().unwrap_or(message);
    Some(Columns {
        time,
        address,
        host,
        message,
        kind,
        phase,
        event,
        background: String::from_utf8_lossy(background).into_owned(),
        others: texts.into_iter().skip(2).collect(),
    })
}

/// The labels among candidates: rows with an event of their own nearly all have a phase of their own.
fn pair(path: &Path, candidates: &[(usize, &[u8])]) -> Option<(usize, usize)> {
    let n = candidates.len();
    // [event][phase]: rows with that event, and those of them without that phase.
    let mut with = vec![0u64; n];
    let mut stray = vec![vec![0u64; n]; n];
    for row in table(open(path).ok()?).into_byte_records().skip(1) {
        let row = row.ok()?;
        let own: Vec<bool> =
            candidates.iter().map(|(at, main)| row.get(*at) != Some(*main)).collect();
        for event in (0..n).filter(|event| own[*event]) {
            with[event] += 1;
            (0..n).filter(|phase| !own[*phase]).for_each(|phase| stray[event][phase] += 1);
        }
    }
    let pairs = (0..n).flat_map(|event| (0..n).map(move |phase| (event, phase)));
    let fits = |(event, phase): &(usize, usize)| {
        let share = stray[*event][*phase] as f64 / with[*event].max(1) as f64;
        event != phase && with[*event] <= with[*phase] && share <= STRAY_MOST
    };
    // Of several the one that explains most.
    let (event, phase) = pairs
        .filter(fits)
        .max_by_key(|(event, phase)| (with[*event], std::cmp::Reverse(stray[*event][*phase])))?;
    Some((candidates[phase].0, candidates[event].0))
}

/// The column that makes the fewest pairs with the addresses beyond what it must make.
fn host(path: &Path, address: usize, texts: &[usize], seen: &[Seen]) -> Option<usize> {
    let mut pairs: Vec<BTreeSet<(Vec<u8>, Vec<u8>)>> = vec![BTreeSet::new(); texts.len()];
    let known: Vec<_> = (0..texts.len()).filter(|n| seen[texts[*n]].values.is_some()).collect();
    for row in table(open(path).ok()?).into_byte_records().skip(1) {
        let row = row.ok()?;
        for n in &known {
            let cell = |at: usize| row.get(at).unwrap_or_default().to_vec();
            if pairs[*n].len() <= VALUES_MAX {
                pairs[*n].insert((cell(texts[*n]), cell(address)));
            }
        }
    }
    let distinct = |at: usize| seen[at].values.as_ref().map_or(0, BTreeMap::len);
    let excess = |n: &usize| {
        let least = distinct(texts[*n]).max(distinct(address)).max(1);
        (1_000 * pairs[*n].len() / least, *n)
    };
    known.into_iter().min_by_key(excess).map(|n| texts[n])
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fmt::Write;

    /// A table with its columns in any order and under any names.
    fn written(order: [usize; 7]) -> (tempfile::TempDir, Columns) {
        let mut text = String::from("a,b,c,d,e,f,g\n");
        for n in 0..400u64 {
            let (host, attack) = (n % 5, (300..330).contains(&n));
            let cells = [
                (1_700_000_000 + 60 * n).to_string(),
                format!("10.0.0.{host}"),
                format!("machine-{host}"),
                format!("a long message of kind {}", n % 7),
                format!("K{}", n % 7),
                if attack { "scan" } else { "none" }.to_owned(),
                if attack && n % 2 == 0 { "probe" } else { "-" }.to_owned(),
            ];
            let line: Vec<&str> = order.iter().map(|at| cells[*at].as_str()).collect();
            writeln!(text, "{}", line.join(",")).unwrap();
        }
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        std::fs::write(&path, text).unwrap();
        let found = of(&path).unwrap();
        (folder, found)
    }

    #[test]
    fn columns_are_found_in_any_order() {
        for order in [[0, 1, 2, 3, 4, 5, 6], [6, 5, 4, 3, 2, 1, 0], [3, 6, 2, 0, 5, 1, 4]] {
            let at = |what: usize| order.iter().position(|column| *column == what).unwrap();
            let expected = Columns {
                time: at(0),
                address: at(1),
                host: at(2),
                message: at(3),
                kind: at(4),
                phase: at(5),
                event: at(6),
                background: "none".to_owned(),
                others: vec![],
            };
            assert_eq!(written(order).1, expected);
        }
    }
}
