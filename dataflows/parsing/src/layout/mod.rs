//! How the records of a source are laid out, when that is known before they are read: as a table
//! whose first record names the columns, or with fields that `sources[].field_mapping` names.
//!
//! What a record says must not depend on other records, so the edge looks at the head of a file,
//! once, and the layout travels with the source. The time of a record then comes from the column or
//! field that holds it. Bounds: a header within [`HEAD_MAX`], [`COLUMNS_MAX`] columns with names of
//! [`NAME_MAX`] bytes.

mod cells;
mod time;

pub use cells::{CELLS_MAX, Cell, Cells, is_open};

use crate::lines::Joining;
use crate::time::{Located, locate};
use seerflow_model::meaning::{Meaning, Table};
use seerflow_model::{Format, SourceInfo};
use time::TimeAt;

/// How far into a file its header is looked for.
pub const HEAD_MAX: usize = 64 * 1024;
/// Most columns.
pub const COLUMNS_MAX: usize = CELLS_MAX;
/// Longest name of a column; more is cut.
pub const NAME_MAX: usize = 128;

/// The layout of a source.
#[derive(Clone, Debug)]
pub struct Layout {
    /// The format of its records, when it is a table.
    pub format: Option<Format>,
    /// Its columns.
    pub table: Option<Table>,
    /// What its columns or fields mean.
    pub mapping: Vec<(Meaning, String)>,
    /// How its lines are joined, when it is no table.
    pub joining: Joining,
    time: TimeAt,
}

impl Layout {
    /// The layout of a source, if it has one. `format` is the one that is fixed, `head` how the
    /// file begins, `name` its name: without a fixed format `.csv` and `.tsv` (also compressed) are
    /// tables when their first line looks like a header.
    pub fn of(
        format: Option<Format>,
        name: &str,
        head: &[u8],
        mapping: &[(Meaning, String)],
        joining: Joining,
    ) -> Option<Layout> {
        let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
        let format = format.or_else(|| by_name(name, head));
        let table = match format {
            Some(Format::Csv) => Some(header(head, csv_delimiter(head))),
            Some(Format::Tsv) => Some(header(head, b'\t')),
            Some(Format::W3c) => Some(directives(head)),
            _ => None,
        };
        let timed =
            matches!(format, Some(Format::Github | Format::KubeEvent | Format::Alertmanager));
        if table.is_none() && mapping.is_empty() && !timed {
            return None;
        }
        let columns = table.as_ref().map(|table| table.columns.as_slice());
        let time = TimeAt::of(format, columns, mapping);
        let format = format.filter(|_| table.is_some());
        Some(Layout { format, table, mapping: mapping.to_vec(), joining, time })
    }

    /// Whether nothing is known of its columns yet.
    pub fn lacks_columns(&self) -> bool {
        self.table.as_ref().is_some_and(|table| table.columns.is_empty())
    }

    /// The same layout, once it is known how the text begins.
    pub fn with_head(&self, head: &[u8]) -> Layout {
        let joining = self.joining.clone();
        let known = Layout::of(self.format, "", head, &self.mapping, joining);
        known.unwrap_or_else(|| self.clone())
    }

    /// Whether so much of the head of a text holds its header.
    pub fn is_whole(&self, head: &[u8]) -> bool {
        let Some(table) = self.table.as_ref().filter(|_| head.len() < HEAD_MAX) else {
            return true;
        };
        match self.format {
            Some(Format::W3c) => {
                let ended = &head[..memchr::memrchr(b'\n', head).map_or(0, |at| at + 1)];
                let told = |line: &[u8]| line.starts_with(b"#Fields:") || !line.starts_with(b"#");
                ended.split_inclusive(|c| *c == b'\n').any(told)
            }
            _ => first_record(head, table.delimiter).len() < head.len(),
        }
    }

    /// Where the time of a record stands.
    pub fn locate(&self, record: &[u8]) -> Option<Located> {
        match &self.table {
            Some(table) => self.time.in_cells(record, table.delimiter),
            None => self.time.in_fields(record).or_else(|| locate(record)),
        }
    }

    /// Whether the field that holds the time stands at this position: such a line is a record.
    pub fn heads(&self, record: &[u8], start: usize) -> bool {
        self.time.in_fields(record).is_some_and(|found| found.start as usize == start)
    }

    /// Whether a record that has begun goes on with the next line, in a table.
    pub fn goes_on(&self, record: &[u8]) -> bool {
        self.format == Some(Format::Csv)
            && self.table.as_ref().is_some_and(|table| is_open(record, table.delimiter))
    }

    /// Tells the source of its records what is known.
    pub fn describe(&self, source: &mut SourceInfo) {
        if let Some(format) = self.format {
            source.format = format.name().to_owned();
        }
        source.table = self.table.clone();
        source.field_mapping = self.mapping.clone();
    }
}

/// The first record of a text: to its first line end outside quotes.
fn first_record(head: &[u8], delimiter: u8) -> &[u8] {
    let mut from = 0;
    while let Some(found) = memchr::memchr(b'\n', &head[from..]) {
        let end = from + found;
        let line = head[..end].strip_suffix(b"\r").unwrap_or(&head[..end]);
        if !is_open(line, delimiter) {
            return line;
        }
        from = end + 1;
    }
    head
}

/// Comma, or what spreadsheets write instead, by the first line.
fn csv_delimiter(head: &[u8]) -> u8 {
    let line = &head[..memchr::memchr(b'\n', head).unwrap_or(head.len())];
    let count = |c: u8| memchr::memchr_iter(c, line).count();
    [b',', b';', b'|'].into_iter().rev().max_by_key(|c| count(*c)).unwrap_or(b',')
}

/// The names that the first record gives; none when it has a time, for then it is no header.
fn header(head: &[u8], delimiter: u8) -> Table {
    let line = first_record(head, delimiter);
    // Without its line end it is not whole.
    let known = line.len() < head.len() && !line.is_empty() && locate(line).is_none();
    let columns = if known { names(line, delimiter) } else { Vec::new() };
    Table { delimiter, columns }
}

pub(crate) fn names(line: &[u8], delimiter: u8) -> Vec<String> {
    let text = seerflow_model::text::decode(line);
    let name = |(n, cell): (usize, Cell)| {
        let name = text.get(cell.start..cell.end).unwrap_or_default().trim();
        let mut name = if cell.doubled { name.replace("\"\"", "\"") } else { name.to_owned() };
        if name.len() > NAME_MAX {
            let cut = (0..=NAME_MAX).rev().find(|at| name.is_char_boundary(*at)).unwrap_or(0);
            name.truncate(cut);
        }
        if name.is_empty() { format!("column.{}", n + 1) } else { name }
    };
    Cells::new(text.as_bytes(), delimiter).take(COLUMNS_MAX).enumerate().map(name).collect()
}

/// The columns that `#Fields:` names.
fn directives(head: &[u8]) -> Table {
    let fields = head.split(|c| *c == b'\n').find_map(|line| line.strip_prefix(b"#Fields:"));
    let text = seerflow_model::text::decode(fields.unwrap_or_default());
    let columns = text.split_ascii_whitespace().take(COLUMNS_MAX).map(|name| {
        let cut = (0..=NAME_MAX.min(name.len())).rev().find(|at| name.is_char_boundary(*at));
        name[..cut.unwrap_or(0)].to_owned()
    });
    Table { delimiter: b' ', columns: columns.collect() }
}

/// The format that a file's name and first line tell together.
fn by_name(name: &str, head: &[u8]) -> Option<Format> {
    if head.starts_with(b"#Software:") || head.starts_with(b"#Version:") {
        return memchr::memmem::find(head, b"#Fields:").map(|_| Format::W3c);
    }
    let name = name.to_ascii_lowercase();
    let packed = [".gz", ".zst", ".bz2", ".xz"];
    let plain = packed.iter().find_map(|end| name.strip_suffix(end)).unwrap_or(&name);
    let (format, delimiter) = match plain.rsplit('.').next()? {
        "csv" => (Format::Csv, csv_delimiter(head)),
        "tsv" => (Format::Tsv, b'\t'),
        _ => return None,
    };
    looks_like_header(head, delimiter).then_some(format)
}

/// Names: at least two, all different, none empty, none beginning with a digit, no time.
fn looks_like_header(head: &[u8], delimiter: u8) -> bool {
    let line = first_record(head, delimiter);
    let columns = names(line, delimiter);
    let mut sorted = columns.clone();
    sorted.sort();
    sorted.dedup();
    let begins = |name: &String| {
        name.starts_with(|c: char| c.is_alphabetic() || matches!(c, '_' | '@' | '#'))
            && !name.starts_with("column.")
    };
    columns.len() >= 2
        && sorted.len() == columns.len()
        && columns.iter().all(begins)
        && locate(line).is_none()
        && memchr::memchr(b'\n', head).is_some()
}

#[cfg(test)]
mod tests;
