//! Records of tables: CSV, TSV, and the extended log format of the W3C.
//!
//! The names of the columns are known from the head of the file and travel with the source. A
//! record that repeats them, and a directive of the W3C's format, is tagged `header`: it is counted
//! and goes no further. A message, a level, a host, a program and a process id are found by the
//! names of their columns or by `field_mapping`; without a message the record is its own. Empty
//! cells and `-` are nothing.

use super::draft::{Draft, Line};
use super::{http, object};
use crate::layout::{Cell, Cells, NAME_MAX};
use seerflow_model::meaning::Table;
use seerflow_model::record::Flags;
use seerflow_model::{Format, Span};

/// What the W3C calls its columns, and what they are called here.
const W3C: [(&str, &str); 17] = [
    ("c-ip", "source.ip"),
    ("c-port", "source.port"),
    ("cs-username", "user.name"),
    ("s-ip", "server.ip"),
    ("s-port", "server.port"),
    ("s-computername", "host.name"),
    ("cs-method", "http.request.method"),
    ("cs-uri", "url.original"),
    ("cs-uri-stem", "url.path"),
    ("cs-uri-query", "url.query"),
    ("cs-host", "url.domain"),
    ("cs(User-Agent)", "user_agent.original"),
    ("cs(Referer)", "http.request.referrer"),
    ("sc-status", "http.response.status_code"),
    ("sc-bytes", "http.response.bytes"),
    ("cs-bytes", "http.request.bytes"),
    ("x-forwarded-for", "network.forwarded_ip"),
];

/// Reads a record; `false` when it is none of a table.
pub(super) fn read(draft: &mut Draft, line: Line<'_>, format: Format, table: &Table) -> bool {
    draft.format = format;
    let b = line.bytes();
    if format == Format::W3c && b.starts_with(b"#") || repeats(line, table) {
        draft.flags.set(Flags::HEADER);
        draft.message = line.span(0, b.len());
        return true;
    }
    let mut count = 0;
    for (n, cell) in Cells::new(b, table.delimiter).enumerate() {
        count += 1;
        let text = line.text.get(cell.start..cell.end).unwrap_or_default();
        if matches!(text.trim(), "" | "-") {
            continue;
        }
        let name = match table.columns.get(n) {
            Some(name) => draft.add(name_of(format, name)),
            None => {
                let from = draft.tail_end();
                draft.tail.push_str("column.");
                draft.tail.push_str(&(n + 1).to_string());
                draft.since(from)
            }
        };
        let value = value(draft, line, cell);
        draft.field(name, value);
    }
    if format == Format::W3c {
        web(draft, line);
        return true;
    }
    object::columns(draft, line);
    // One cell where the header names more is no record of this table.
    count > 1 || table.columns.len() <= 1
}

fn name_of(format: Format, name: &str) -> &str {
    let known = (format == Format::W3c).then(|| W3C.iter().find(|(w3c, _)| *w3c == name));
    known.flatten().map_or(name, |(_, ours)| ours)
}

/// A cell as it should read.
fn value(draft: &mut Draft, line: Line<'_>, cell: Cell) -> Span {
    if !cell.doubled {
        return line.span(cell.start, cell.end);
    }
    let from = draft.tail_end();
    let mut rest = line.text.get(cell.start..cell.end).unwrap_or_default();
    while let Some(at) = rest.find("\"\"") {
        draft.tail.push_str(&rest[..=at]);
        rest = &rest[at + 2..];
    }
    draft.tail.push_str(rest);
    draft.since(from)
}

/// Whether a record is the header again.
fn repeats(line: Line<'_>, table: &Table) -> bool {
    if table.columns.is_empty() {
        return false;
    }
    let text = line.text.strip_prefix('\u{feff}').unwrap_or(line.text);
    let mut cells = Cells::new(text.as_bytes(), table.delimiter);
    let same = table.columns.iter().enumerate().all(|(n, name)| {
        cells.next().is_some_and(|cell| {
            let text = text.get(cell.start..cell.end).unwrap_or_default().trim();
            text == *name
                || cell.doubled && text.replace("\"\"", "\"") == *name
                || text.is_empty() && *name == format!("column.{}", n + 1)
                || name.len() > NAME_MAX - 4 && text.starts_with(name.as_str())
        })
    });
    same && cells.next().is_none()
}

/// A request as IIS logs it.
fn web(draft: &mut Draft, line: Line<'_>) {
    let named = |draft: &Draft, wanted: &str| {
        let is = |f: &&seerflow_model::Field| object::text(draft, line, f.name) == wanted;
        draft.fields.iter().find(is).map_or(Span::NONE, |f| f.value)
    };
    draft.host = named(draft, "host.name");
    let method = named(draft, "http.request.method");
    let (path, url) = (named(draft, "url.path"), named(draft, "url.original"));
    let status = named(draft, "http.response.status_code");
    let url = if path.is_empty() { url } else { path };
    if method.is_empty() && url.is_empty() {
        return object::columns(draft, line);
    }
    draft.fields.retain(|f| f.value != status || status.is_empty());
    let request = http::Request { method, url, other: Span::NONE };
    http::answered(draft, line, request, status);
}
