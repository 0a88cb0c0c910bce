//! The tables as one text of records in the order of time, and on the way what of the red team's
//! rows can be seen in them.
//!
//! One row of each table is held, so memory does not grow with the folder. Rows of one second come
//! in the order of the tables. A table that is not sorted stays as it is: what is too early is
//! counted and goes in where it stands.

use super::record;
use super::table::{Row, Rows, Table};
use super::truth::Truth;
use std::io::{self, Read};
use std::sync::{Arc, Mutex, PoisonError};

/// Bytes made at a time.
const BUFFER: usize = 64 << 10;

/// What was read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Rows.
    pub rows: u64,
    /// Lines that are no rows.
    pub malformed: u64,
    /// Rows earlier than one before them in their table.
    pub unordered: u64,
    /// First and last second.
    pub span: Option<(u64, u64)>,
}

/// What is known when the text has been read.
pub struct Watched {
    /// The red team's rows, and what was seen of them.
    pub truth: Truth,
    /// What was read.
    pub counts: Counts,
}

struct Head {
    table: Table,
    rows: Rows,
    row: Row,
}

/// The text.
pub struct Merged {
    heads: Vec<Head>,
    watched: Arc<Mutex<Watched>>,
    ready: Vec<u8>,
    at: usize,
}

impl Merged {
    /// Of these tables.
    pub fn new(tables: Vec<(Table, Rows)>, watched: Arc<Mutex<Watched>>) -> io::Result<Merged> {
        let mut heads = Vec::new();
        for (table, mut rows) in tables {
            let mut row = Row::default();
            match rows.next(&mut row)? {
                true => heads.push(Head { table, rows, row }),
                false => count(&watched, &rows),
            }
        }
        Ok(Merged { heads, watched, ready: Vec::new(), at: 0 })
    }

    /// Makes the next records.
    fn fill(&mut self) -> io::Result<()> {
        self.ready.clear();
        self.at = 0;
        let watched = self.watched.clone();
        let mut watched = watched.lock().unwrap_or_else(PoisonError::into_inner);
        while self.ready.len() < BUFFER {
            let earliest = (0..self.heads.len()).min_by_key(|at| {
                let head = &self.heads[*at];
                (head.row.second, head.table)
            });
            let Some(at) = earliest else { return Ok(()) };
            let Head { table, rows, row } = &mut self.heads[at];
            record::write(*table, row, &mut self.ready);
            watched.truth.see(*table, row);
            let (second, counts) = (row.second, &mut watched.counts);
            counts.rows += 1;
            let (first, last) = counts.span.unwrap_or((second, second));
            counts.span = Some((first.min(second), last.max(second)));
            if !rows.next(row)? {
                counts.malformed += rows.malformed;
                counts.unordered += rows.unordered;
                self.heads.remove(at);
            }
        }
        Ok(())
    }
}

fn count(watched: &Mutex<Watched>, rows: &Rows) {
    let mut watched = watched.lock().unwrap_or_else(PoisonError::into_inner);
    watched.counts.malformed += rows.malformed;
    watched.counts.unordered += rows.unordered;
}

impl Read for Merged {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.at == self.ready.len() {
            self.fill()?;
        }
        let n = out.len().min(self.ready.len() - self.at);
        out[..n].copy_from_slice(&self.ready[self.at..self.at + n]);
        self.at += n;
        Ok(n)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    fn merged(tables: &[(Table, &str)]) -> (Vec<serde_json::Value>, Counts) {
        let rows = |(table, text): &(Table, &str)| {
            (*table, Rows::new(*table, Box::new(Cursor::new(text.as_bytes().to_vec()))))
        };
        let watched = Watched { truth: Truth::default(), counts: Counts::default() };
        let watched = Arc::new(Mutex::new(watched));
        let mut text = String::new();
        let mut merged = Merged::new(tables.iter().map(rows).collect(), watched.clone()).unwrap();
        merged.read_to_string(&mut text).unwrap();
        let counts = watched.lock().unwrap().counts;
        (text.lines().map(|line| serde_json::from_str(line).unwrap()).collect(), counts)
    }

    #[test]
    fn rows_come_in_the_order_of_time_as_records() {
        let (records, counts) = merged(&[
            (
                Table::Auth,
                "1,U1@DOM1,U1@DOM1,C1,C2,NTLM,Network,LogOn,Fail\n\
                 5,U1@DOM1,U2@DOM1,C1,C2,Kerberos,?,TGS,Success\n",
            ),
            (Table::Proc, "3,U1@DOM1,C2,P\"7,Start\nnonsense\n"),
            (Table::Flows, "1,0,C1,N10,C2,445,6,2,180\n"),
            (Table::Dns, ""),
        ]);
        let told = |name: &str| -> Vec<String> {
            records.iter().map(|r| r[name].as_str().unwrap_or("-").to_owned()).collect()
        };
        assert_eq!(
            told("event.category"),
            ["authentication", "network", "process", "authentication"]
        );
        assert_eq!(told("event.outcome"), ["failure", "-", "-", "success"]);
        assert_eq!(told("event.type"), ["start", "connection", "start", "info"]);
        assert_eq!(told("user.target.name"), ["-", "-", "-", "U2"]);
        assert_eq!(told("host.name"), ["C2", "-", "C2", "C2"]);
        assert_eq!(told("message")[3], "Kerberos TGS success");
        assert_eq!(told("process.name")[2], "P\"7");
        assert_eq!(records[1]["source.bytes"], 180);
        assert_eq!(records[0]["LogonType"], "3");
        assert_eq!(records[0]["@timestamp"], "2015-01-01T00:00:01Z");
        assert_eq!(counts, Counts { rows: 4, malformed: 1, unordered: 0, span: Some((1, 5)) });
    }
}
