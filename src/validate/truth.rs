//! What the red team did, as its table says, and which records of it there are.
//!
//! A row says that a user went from a computer to a computer in a second. Records that fit it are
//! noted while the tables are read: with its two computers and, where they name one, its user,
//! within [`NEAR`] seconds. What was seen decides which family should have found it.
//!
//! Rows with a fifth column belong to the scenario that it names; otherwise rows of one user that
//! follow each other within [`TOGETHER`] seconds are one. Bounds: [`ROWS_MAX`] rows. Cost: a
//! look-up per record, and a search among the rows of its two computers.

use super::table::{Row, Rows, Table};
use seerflow_model::{EntityType, entity, hash};
use std::collections::{BTreeMap, HashMap};
use std::io;

/// A record is of a row within so many seconds.
pub const NEAR: u64 = 60;
/// Rows of a user are of one scenario within so many seconds, where no scenario is named.
pub const TOGETHER: u64 = 3_600;
/// Most rows of the red team; the set of which this is the form has 749.
pub const ROWS_MAX: usize = 100_000;

/// Which part of the rules a missed row should have been found by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Family {
    /// Failed logins: guessing and spraying of passwords.
    Guessing,
    /// Logins that worked: spreading from machine to machine.
    Lateral,
    /// Flows alone: beats, and data carried out.
    Flows,
    /// Processes alone.
    Process,
    /// No record shows it.
    Unseen,
}

impl Family {
    /// As reports write it.
    pub const fn name(self) -> &'static str {
        match self {
            Family::Guessing => "guessing",
            Family::Lateral => "lateral-movement",
            Family::Flows => "flows",
            Family::Process => "process",
            Family::Unseen => "unseen",
        }
    }
}

/// A row of the red team.
#[derive(Clone, Debug)]
pub struct Deed {
    /// When.
    pub second: u64,
    /// Which scenario, by its place.
    pub scenario: usize,
    /// The row as it stands.
    pub user: String,
    /// From where.
    pub source: String,
    /// Where to.
    pub destination: String,
    /// What they are called as entities.
    pub names: [String; 3],
    seen: u8,
}

const FAILED: u8 = 1;
const WORKED: u8 = 2;
const FLOW: u8 = 4;
const PROCESS: u8 = 8;

impl Deed {
    /// Who should have said something.
    pub fn family(&self) -> Family {
        match self.seen {
            seen if seen & FAILED != 0 => Family::Guessing,
            seen if seen & WORKED != 0 => Family::Lateral,
            seen if seen & FLOW != 0 => Family::Flows,
            seen if seen & PROCESS != 0 => Family::Process,
            _ => Family::Unseen,
        }
    }
}

/// All rows.
#[derive(Default)]
pub struct Truth {
    /// In the order of time.
    pub deeds: Vec<Deed>,
    /// Names of the scenarios, in the order of their first rows.
    pub scenarios: Vec<String>,
    /// Rows by source and destination, and by user and destination, as [`pair`] gives it.
    pairs: HashMap<u64, Vec<usize>>,
}

/// Why there is no truth.
#[derive(Debug, thiserror::Error)]
pub enum Wrong {
    /// It could not be read.
    #[error("cannot read the red team's rows: {0}")]
    Unreadable(#[from] io::Error),
    /// There is too much of it.
    #[error("more than {ROWS_MAX} rows of the red team")]
    TooMany,
    /// There is nothing.
    #[error("the table redteam has no rows")]
    Empty,
    /// Something is no row.
    #[error("{0} lines of the table redteam are no rows")]
    Malformed(u64),
}

impl Truth {
    /// Reads the rows.
    pub fn read(rows: &mut Rows) -> Result<Truth, Wrong> {
        let (mut row, mut all) = (Row::default(), Vec::new());
        while rows.next(&mut row)? {
            if all.len() >= ROWS_MAX {
                return Err(Wrong::TooMany);
            }
            let cell = |at: usize| row.cell(at).to_owned();
            let deed = Deed {
                second: row.second,
                scenario: 0,
                user: cell(1),
                source: cell(2),
                destination: cell(3),
                names: [user(row.cell(1)), computer(row.cell(2)), computer(row.cell(3))],
                seen: 0,
            };
            all.push((deed, cell(4)));
        }
        match (rows.malformed, all.is_empty()) {
            (0, false) => {}
            (0, true) => return Err(Wrong::Empty),
            (malformed, _) => return Err(Wrong::Malformed(malformed)),
        }
        all.sort_by_key(|(deed, _)| deed.second);
        Ok(Truth::of(all))
    }

    fn of(all: Vec<(Deed, String)>) -> Truth {
        let mut truth = Truth::default();
        let mut named: HashMap<String, usize> = HashMap::new();
        // Of each user without a name for it the newest scenario, and its newest second.
        let mut running: BTreeMap<String, (usize, u64)> = BTreeMap::new();
        for (mut deed, label) in all {
            let fresh = truth.scenarios.len();
            deed.scenario = if label.is_empty() {
                let known = running.get(&deed.user).copied();
                let known = known.filter(|(_, last)| deed.second - last <= TOGETHER);
                let at = known.map_or(fresh, |(at, _)| at);
                running.insert(deed.user.clone(), (at, deed.second));
                at
            } else {
                *named.entry(label.clone()).or_insert(fresh)
            };
            if deed.scenario == fresh {
                let by_user = || format!("{} from {}", deed.user, deed.second);
                truth.scenarios.push(if label.is_empty() { by_user() } else { label });
            }
            let at = truth.deeds.len();
            for from in [&deed.source, &deed.user] {
                truth.pairs.entry(pair(from, &deed.destination)).or_default().push(at);
            }
            truth.deeds.push(deed);
        }
        truth
    }

    /// Notes of which rows a record is.
    pub fn see(&mut self, table: Table, row: &Row) {
        let (from, to, user, what) = match table {
            Table::Auth => {
                let failed = row.cell(8) != "Success";
                (row.cell(3), row.cell(4), row.cell(1), if failed { FAILED } else { WORKED })
            }
            Table::Flows => (row.cell(2), row.cell(4), "", FLOW),
            Table::Proc => (row.cell(1), row.cell(2), "", PROCESS),
            Table::Dns | Table::Redteam => return,
        };
        let Some(of) = self.pairs.get(&pair(from, to)) else { return };
        let first = of.partition_point(|at| self.deeds[*at].second + NEAR < row.second);
        for at in &of[first..] {
            let deed = &mut self.deeds[*at];
            if deed.second > row.second + NEAR {
                break;
            }
            let same = deed.destination == to && (deed.source == from || deed.user == from);
            if same && (user.is_empty() || user == deed.user) {
                deed.seen |= what;
            }
        }
    }
}

/// From where to where, in short.
fn pair(from: &str, to: &str) -> u64 {
    hash::pair(hash::text(from), hash::text(to))
}

/// An account as an entity: as events name it.
fn user(cell: &str) -> String {
    let (name, domain) = cell.split_once('@').unwrap_or((cell, ""));
    let known = entity::canonical(EntityType::User, name, domain);
    known.map(std::borrow::Cow::into_owned).unwrap_or_default()
}

fn computer(cell: &str) -> String {
    let known = entity::canonical(EntityType::Host, cell, "");
    known.map(std::borrow::Cow::into_owned).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    fn rows(table: Table, text: &str) -> Rows {
        Rows::new(table, Box::new(Cursor::new(text.as_bytes().to_vec())))
    }

    fn truth(text: &str) -> Result<Truth, Wrong> {
        Truth::read(&mut rows(Table::Redteam, text))
    }

    fn see(truth: &mut Truth, table: Table, text: &str) {
        let (mut rows, mut row) = (rows(table, text), Row::default());
        while rows.next(&mut row).unwrap() {
            truth.see(table, &row);
        }
    }

    #[test]
    fn scenarios_are_those_that_are_named_or_runs_of_a_user() {
        let named = truth("9,U1@D,C1,C2,b\n5,U1@D,C1,C2,a\n7,U2@D,C1,C3,b\n").unwrap();
        assert_eq!(named.scenarios, ["a", "b"]);
        assert_eq!(named.deeds.iter().map(|deed| deed.scenario).collect::<Vec<_>>(), [0, 1, 1]);
        let own =
            truth("10,U1@D,C1,C2\n20,U2@D,C1,C2\n3610,U1@D,C1,C4\n7211,U1@D,C1,C4\n").unwrap();
        assert_eq!(own.scenarios, ["U1@D from 10", "U2@D from 20", "U1@D from 7211"]);
        assert_eq!(own.deeds[0].names, ["d:u1", "c1", "c2"]);
    }

    #[test]
    fn the_silent_family_is_that_of_the_records_there_are() {
        let row = "100,U1@D,C1,C2\n";
        let auth = |second: u64, user: &str, result: &str| {
            (Table::Auth, format!("{second},{user},{user},C1,C2,NTLM,Network,LogOn,{result}\n"))
        };
        for (records, expected) in [
            (vec![], Family::Unseen),
            (vec![auth(100, "U1@D", "Fail")], Family::Guessing),
            (vec![auth(41, "U1@D", "Success")], Family::Lateral),
            (vec![auth(39, "U1@D", "Success")], Family::Unseen),
            (vec![auth(161, "U1@D", "Success")], Family::Unseen),
            (vec![auth(100, "U2@D", "Success")], Family::Unseen),
            (vec![(Table::Flows, "99,0,C1,N1,C2,443,6,1,99\n".to_owned())], Family::Flows),
            (vec![(Table::Flows, "99,0,C2,N1,C1,443,6,1,99\n".to_owned())], Family::Unseen),
            (vec![(Table::Proc, "99,U1@D,C2,P1,Start\n".to_owned())], Family::Process),
            (
                vec![
                    (Table::Flows, "99,0,C1,N1,C2,443,6,1,99\n".to_owned()),
                    auth(100, "U1@D", "Success"),
                ],
                Family::Lateral,
            ),
        ] {
            let mut truth = truth(row).unwrap();
            for (table, text) in &records {
                see(&mut truth, *table, text);
            }
            assert_eq!(truth.deeds[0].family(), expected, "{records:?}");
        }
    }

    #[test]
    fn what_cannot_be_a_truth_is_said() {
        for (text, part) in [("", "no rows"), ("1,U1@D,C1,C2\nx\n", "1 lines")] {
            let error = truth(text).err().map(|error| error.to_string()).unwrap_or_default();
            assert!(error.contains(part), "{text}: {error}");
        }
    }
}
