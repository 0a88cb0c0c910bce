//! What a file is, by how it begins.

use super::columns::{self, Columns};
use super::truth::{self, Truth};
use super::{
    DOCUMENT_BYTES_MAX, HEAD_BYTES, HEAD_ROWS, cell, open, sessions, table, time, windows,
};
use csv::ByteRecord;
use seerflow_model::Ns;
use std::io::Read;
use std::path::Path;

/// Windows by the paths of their series.
pub type Windows = Vec<(String, Vec<(Ns, Ns)>)>;

/// What a file is.
pub enum Shape {
    Truth(Truth),
    Series,
    Windows(Windows),
    Sessions,
    Site(Columns),
}

/// The shape of a file; none when it is nothing that is known, or cannot be read.
pub fn of(path: &Path) -> Option<Shape> {
    let mut text = open(path).ok()?;
    let mut head = Vec::new();
    // What could be read before an error is what there is.
    let _ = text.by_ref().take(HEAD_BYTES).read_to_end(&mut head);
    let whole = (head.len() as u64) < HEAD_BYTES;
    if memchr::memchr(0, &head[..head.len().min(4096)]).is_some() {
        return None;
    }
    match head.iter().find(|c| !c.is_ascii_whitespace())? {
        b'{' if sessions::looks(&head) => Some(Shape::Sessions),
        b'{' => {
            let _ = text.take(DOCUMENT_BYTES_MAX).read_to_end(&mut head);
            windows::read(&head).map(Shape::Windows)
        }
        _ => of_table(path, &head, whole),
    }
}

fn of_table(path: &Path, head: &[u8], whole: bool) -> Option<Shape> {
    let mut rows: Vec<ByteRecord> = Vec::new();
    for row in table(head).into_byte_records() {
        rows.push(row.ok()?);
        if rows.len() > HEAD_ROWS {
            break;
        }
    }
    if !whole && rows.len() <= HEAD_ROWS {
        // The last one is cut.
        rows.pop();
    }
    let width = rows.first()?.len();
    if !(2..=columns::COLUMNS_MAX).contains(&width) || rows.len() < 2 {
        return None;
    }
    if width == 2 && is_series(&rows) {
        return Some(Shape::Series);
    }
    if let Some(found) = truth::columns(&rows[1..], width) {
        return Some(Shape::Truth(Truth::new(path, found)));
    }
    if !columns::may_be(&rows[1..], width) {
        return None;
    }
    columns::of(path).map(Shape::Site)
}

/// Times and numbers, perhaps below a header.
fn is_series(rows: &[ByteRecord]) -> bool {
    let fits = |row: &ByteRecord| {
        row.len() == 2
            && time::moment(&cell(row, 0)).is_some()
            && cell(row, 1).trim().parse::<f64>().is_ok_and(f64::is_finite)
    };
    rows[1..].iter().all(fits)
}
