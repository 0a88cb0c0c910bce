//! What the tests share: events of made-up lines.

use crate::store::events::{Part, Rows};
use seerflow_model::record::{ReceiverKind, RecordMeta};
use seerflow_model::{Event, Flags, LineEnd, Ns, RecordBatch, SourceInfo};
use seerflow_parsing::parser::Parser;
use seerflow_parsing::roles::RoleSet;
use std::sync::Arc;

thread_local! {
    /// Reading the rules takes longer than a test case.
    static ROLES: RoleSet = RoleSet::bundled();
}

/// A parser as the program has one.
pub(in super::super) fn parser() -> Parser {
    Parser::new(ROLES.with(RoleSet::clone), None)
}

/// An event of a record.
pub(in super::super) fn event(
    parser: &mut Parser,
    source: u64,
    seq: u64,
    at: Ns,
    raw: &[u8],
) -> Event {
    let name = format!("/var/log/{source}.log");
    let mut info = SourceInfo::plain(
        source,
        &name,
        ReceiverKind::File,
        if source.is_multiple_of(2) { "syslog" } else { "file" },
    );
    info.peer = (source % 3 == 2).then(|| "192.0.2.7".to_owned());
    // As the edge finds it.
    const TIME: &str = "Mar  4 10:11:12";
    let place = memchr::memmem::find(raw, TIME.as_bytes());
    let meta = RecordMeta {
        start: 0,
        len: raw.len() as u32,
        seq,
        event_time: (seq % 5 != 4).then_some(at),
        effective: at + seq % 3,
        time_start: place.unwrap_or(0) as u32,
        time_len: place.map_or(0, |_| TIME.len() as u32),
        flags: if seq.is_multiple_of(4) { Flags::LATE } else { Flags::default() },
        end: LineEnd::Lf,
    };
    let batch = RecordBatch {
        source: Arc::new(info),
        observed: at,
        bytes: raw.to_vec(),
        records: vec![meta],
    };
    parser.parse(&batch, &meta)
}

/// An event with what the store keeps besides.
pub(in super::super) struct Stored {
    pub event: Event,
    pub template: u64,
    pub probability: f64,
}

/// A part of some events; sealed ones were written and are read again.
pub(in super::super) fn part(events: &[Stored], sealed: bool) -> Part {
    let mut rows = Rows::default();
    for stored in events {
        rows.keep(&stored.event, stored.template, "a template", stored.probability);
    }
    if sealed && !events.is_empty() {
        crate::store::events::support::sealed(&rows)
    } else {
        Part::of(rows)
    }
}
