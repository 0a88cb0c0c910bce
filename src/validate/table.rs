//! The tables of such a folder and their rows.
//!
//! A row is a line of cells with commas between them and the second it speaks of in front. What
//! is no such line is counted and left out: too long, not UTF-8, too few cells, no time. The first
//! line of a file may name the columns. Cost: one pass over the line.

use std::io::{self, BufRead};

/// Longest line; what is longer is no row.
pub const LINE_MAX: usize = 4 << 10;
/// Most cells of a row.
const CELLS_MAX: usize = 9;
/// Greatest second: some three hundred years.
const SECOND_MAX: u64 = 10_000_000_000;

/// A table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Table {
    /// Authentications.
    Auth,
    /// Starts and ends of processes.
    Proc,
    /// Flows of the network.
    Flows,
    /// Names that were resolved.
    Dns,
    /// What the red team did.
    Redteam,
}

impl Table {
    /// All of them.
    pub const ALL: [Table; 5] =
        [Table::Auth, Table::Proc, Table::Flows, Table::Dns, Table::Redteam];

    /// The name of its file, without an ending.
    pub const fn name(self) -> &'static str {
        match self {
            Table::Auth => "auth",
            Table::Proc => "proc",
            Table::Flows => "flows",
            Table::Dns => "dns",
            Table::Redteam => "redteam",
        }
    }

    /// Cells that a row must have.
    const fn cells(self) -> usize {
        match self {
            Table::Auth | Table::Flows => 9,
            Table::Proc => 5,
            Table::Dns => 3,
            Table::Redteam => 4,
        }
    }
}

/// A row.
#[derive(Clone, Debug, Default)]
pub struct Row {
    /// The second it speaks of.
    pub second: u64,
    line: String,
    cells: [(u16, u16); CELLS_MAX],
    count: usize,
}

impl Row {
    /// A cell; empty where there is none or nothing is known (`?`).
    pub fn cell(&self, at: usize) -> &str {
        let (from, to) = self.cells.get(at).copied().unwrap_or_default();
        match self.line.get(usize::from(from)..usize::from(to)) {
            None | Some("?") => "",
            Some(text) => text,
        }
    }

    /// How many cells there are.
    pub fn width(&self) -> usize {
        self.count
    }

    /// Reads a line; `false` when it is no row.
    fn read(&mut self, table: Table, bytes: &[u8]) -> bool {
        let Ok(text) = std::str::from_utf8(bytes) else { return false };
        self.line.clear();
        self.line.push_str(text);
        (self.cells, self.count) = ([(0, 0); CELLS_MAX], 0);
        let mut from = 0;
        for cell in text.split(',').take(CELLS_MAX) {
            let inner = cell.trim().trim_matches('"');
            let start = from + cell.find(inner).unwrap_or_default();
            self.cells[self.count] = (start as u16, (start + inner.len()) as u16);
            self.count += 1;
            from += cell.len() + 1;
        }
        let second = self.cell(0).parse::<u64>().ok().filter(|second| *second <= SECOND_MAX);
        self.second = second.unwrap_or_default();
        second.is_some() && self.count >= table.cells()
    }
}

/// The rows of a table, one by one.
pub struct Rows {
    table: Table,
    text: Box<dyn BufRead + Send>,
    line: Vec<u8>,
    lines: u64,
    /// Lines that are no rows.
    pub malformed: u64,
    /// Rows that are earlier than one before them.
    pub unordered: u64,
    newest: u64,
}

impl Rows {
    /// Of a text.
    pub fn new(table: Table, text: Box<dyn BufRead + Send>) -> Rows {
        Rows { table, text, line: Vec::new(), lines: 0, malformed: 0, unordered: 0, newest: 0 }
    }

    /// Reads the next row; `false` at the end.
    pub fn next(&mut self, row: &mut Row) -> io::Result<bool> {
        while self.line()? {
            let line = std::mem::take(&mut self.line);
            let whole = line.len() <= LINE_MAX;
            let blank = line.trim_ascii().is_empty();
            let is = whole && !blank && row.read(self.table, &line);
            self.line = line;
            self.lines += 1;
            if is {
                self.unordered += u64::from(row.second < self.newest);
                self.newest = self.newest.max(row.second);
                return Ok(true);
            }
            let head = self.lines == 1 && row.cell(0).eq_ignore_ascii_case("time");
            self.malformed += u64::from(!blank && !head);
        }
        Ok(false)
    }

    /// Takes a line without its end, of a long one a part that is longer than the longest.
    fn line(&mut self) -> io::Result<bool> {
        self.line.clear();
        let mut any = false;
        loop {
            let part = match self.text.fill_buf() {
                Ok(part) => part,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            if part.is_empty() {
                return Ok(any);
            }
            any = true;
            let end = memchr::memchr(b'\n', part);
            let used = end.map_or(part.len(), |end| end + 1);
            let take =
                end.unwrap_or(part.len()).min(LINE_MAX + 1 - self.line.len().min(LINE_MAX + 1));
            self.line.extend_from_slice(&part[..take]);
            self.text.consume(used);
            if end.is_some() {
                return Ok(true);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    fn rows(table: Table, text: &[u8]) -> (Vec<(u64, String)>, u64, u64) {
        let mut rows = Rows::new(table, Box::new(Cursor::new(text.to_vec())));
        let (mut row, mut out) = (Row::default(), Vec::new());
        while rows.next(&mut row).unwrap() {
            let cells: Vec<_> = (1..row.width()).map(|at| row.cell(at)).collect();
            out.push((row.second, cells.join("|")));
        }
        (out, rows.malformed, rows.unordered)
    }

    #[test]
    fn rows_are_read_and_what_is_none_is_counted() {
        let long = format!("4,{},C2\n", "x".repeat(LINE_MAX));
        for (text, expected, malformed, unordered) in [
            ("1,C1,C2\n2,C1,C3", &[(1, "C1|C2"), (2, "C1|C3")][..], 0, 0),
            ("time,source,resolved\r\n1,C1,C2\r\n", &[(1, "C1|C2")], 0, 0),
            ("3,C1,C2\n\n1,\"C1\", C4 \n", &[(3, "C1|C2"), (1, "C1|C4")], 0, 1),
            ("1,C1\nx,C1,C2\n-1,C1,C2\n99999999999,C1,C2\n", &[], 4, 0),
            ("1,?,C2\n", &[(1, "|C2")], 0, 0),
            (long.as_str(), &[], 1, 0),
            ("", &[], 0, 0),
        ] {
            let got = rows(Table::Dns, text.as_bytes());
            let expected: Vec<_> = expected.iter().map(|(n, t)| (*n, (*t).to_owned())).collect();
            assert_eq!(got, (expected, malformed, unordered), "{text}");
        }
        assert_eq!(rows(Table::Dns, b"1,C\xff,C2\n2,C1,C2\n").1, 1);
    }

    #[test]
    fn a_row_after_a_long_line_is_read() {
        let text = format!("1,{},C2\n2,C1,C2\n", "y".repeat(100_000));
        assert_eq!(rows(Table::Dns, text.as_bytes()), (vec![(2, "C1|C2".to_owned())], 1, 0));
    }
}
