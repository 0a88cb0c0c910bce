//! Rows become a block.
//!
//! Records are cut into skeletons and values (`skeleton`). Values stand by skeleton, then by place
//! in it, then by row, so that like is beside like when zstd sees them; skeletons share a frame
//! until it is full, so that a row costs the decoding of one frame. A record whose
//! skeleton no other row of the block has is a literal. What mostly follows from the skeleton
//! (template, host, program, source, severity, format, entities) is coded as the difference to
//! what the row before with that skeleton had, which is nearly always nothing.
//!
//! Cost: about two microseconds an event, most of it zstd and the words of the filter.

use super::codec::{COLUMN_MAX, Put, compress, crc};
use super::filter::{Gather, Kind, named};
use super::head::{Head, Id, Place};
use super::plan::Plan;
use super::rows::{APART, Rows};
use super::words;
use seerflow_model::{Ns, entity};

/// The bytes of a block of all these rows; `receipt` is the time by the clock, `stamp` that of the
/// segment. `None` when there are no rows, or more in one column than a block may hold.
pub(super) fn block(rows: &Rows, receipt: Ns, stamp: u64) -> Option<Vec<u8>> {
    if rows.is_empty() {
        return None;
    }
    let plan = Plan::of(rows);
    let mut out = Columns::default();
    let mut filter = Gather::new();
    plan.write_records(rows, &mut out, &mut filter);
    write_stamps(rows, &mut out);
    plan.write_codes(rows, &mut out);
    write_dictionaries(rows, &plan, &mut out);
    write_entities(rows, &mut out, &mut filter);
    rows.cuts.iter().for_each(|h| filter.add(Kind::Added, *h));
    for row in 0..rows.len() {
        words::hashes(rows.tail(row), |h| filter.add(Kind::Added, h));
    }
    out.plain(Id::Filter, &filter.finish());
    out.finish(rows, receipt, stamp)
}

/// Columns that are ready.
#[derive(Default)]
pub(super) struct Columns {
    bytes: Vec<u8>,
    places: Vec<Place>,
    too_long: bool,
}

impl Columns {
    pub(super) fn add(&mut self, id: Id, raw: &[u8]) {
        let from = self.bytes.len();
        compress(raw, &mut self.bytes);
        self.place(id, from, raw.len());
    }

    pub(super) fn plain(&mut self, id: Id, raw: &[u8]) {
        let from = self.bytes.len();
        self.bytes.extend_from_slice(raw);
        self.place(id, from, raw.len());
    }

    fn place(&mut self, id: Id, from: usize, raw: usize) {
        self.too_long |= raw > COLUMN_MAX;
        let coded = self.bytes.get(from..).unwrap_or_default();
        self.places.push(Place {
            id: id as u8,
            offset: 0,
            coded: coded.len() as u32,
            raw: raw as u32,
            crc: crc(coded),
        });
    }

    fn finish(self, rows: &Rows, receipt: Ns, stamp: u64) -> Option<Vec<u8>> {
        if self.too_long {
            return None;
        }
        let abouts = || rows.stamps.iter().map(|stamps| stamps.about());
        let severities = rows.stamps.iter().fold(0u8, |set, stamps| {
            set | 1u8.checked_shl(u32::from(stamps.severity)).unwrap_or(0)
        });
        let mut head = Head {
            rows: rows.len() as u32,
            least: abouts().min()?,
            greatest: abouts().max()?,
            receipt,
            severities,
            stamp,
            columns: self.places,
            len: 0,
        };
        let mut block = head.encode();
        block.extend_from_slice(&self.bytes);
        Some(block)
    }
}

/// The greatest unit of time in which all these are whole.
fn unit(times: impl Iterator<Item = Ns> + Clone) -> u64 {
    let units = [1_000_000_000, 1_000_000, 1_000];
    units.into_iter().find(|unit| times.clone().all(|time| time % unit == 0)).unwrap_or(1)
}

fn write_stamps(rows: &Rows, out: &mut Columns) {
    let stamps = &rows.stamps;
    let times = stamps.iter().flat_map(|s| [s.effective, s.event_time.unwrap_or(0)]);
    let (unit_times, mut last, mut column) = (unit(times), 0u64, Vec::new());
    column.varint(unit_times);
    for row in stamps {
        let time = row.effective / unit_times;
        column.signed(time.wrapping_sub(last) as i64);
        last = time;
    }
    for row in stamps {
        match row.event_time {
            Some(time) if time == row.effective => column.varint(0),
            None => column.varint(1),
            Some(time) => {
                column.push(2);
                column.signed((time / unit_times).wrapping_sub(row.effective / unit_times) as i64);
            }
        }
    }
    out.add(Id::Times, &column);
    write_by_source(rows, out);
    let scores = (0u64..).zip(stamps).filter(|(_, row)| row.score > 0);
    let (mut column, mut last) = (Vec::new(), 0);
    for (row, stamps) in scores {
        column.varint(row - last);
        column.varint(u64::from(stamps.score));
        last = row;
    }
    out.add(Id::Scores, &column);
    let mut flags = Vec::new();
    stamps.iter().for_each(|row| flags.varint(u64::from(row.flags)));
    out.add(Id::Flags, &flags);
    let apart = |row: usize| if rows.is_apart(row) { APART } else { 0 };
    let ends: Vec<u8> =
        stamps.iter().enumerate().map(|(row, stamps)| stamps.end | apart(row)).collect();
    out.add(Id::Ends, &ends);
    let mut places = Vec::new();
    for row in stamps {
        places.varint(u64::from(row.place.0));
        places.varint(u64::from(row.place.1));
    }
    out.add(Id::Places, &places);
}

/// Positions and receipt, as differences to those of the row before of the same source.
fn write_by_source(rows: &Rows, out: &mut Columns) {
    let sources = rows.source.values.len();
    let unit_observed = unit(rows.stamps.iter().map(|row| row.observed));
    let (mut seqs, mut observed) = (Vec::new(), Vec::new());
    observed.varint(unit_observed);
    let mut last = vec![(0u64, 0u64); sources];
    for (row, source) in rows.stamps.iter().zip(&rows.source.codes) {
        let Some((seq, time)) = last.get_mut(*source as usize) else { continue };
        seqs.signed(row.seq.wrapping_sub(*seq) as i64);
        let now = row.observed / unit_observed;
        observed.signed(now.wrapping_sub(*time) as i64);
        (*seq, *time) = (row.seq, now);
    }
    out.add(Id::Seqs, &seqs);
    out.add(Id::Observed, &observed);
}

fn write_dictionaries(rows: &Rows, plan: &Plan, out: &mut Columns) {
    let mut sources = Vec::new();
    sources.varint(rows.source.values.len() as u64);
    for source in &rows.source.values {
        // A source is plain data: serialising it cannot fail.
        sources.bytes(&serde_json::to_vec(&**source).unwrap_or_default());
    }
    sources.extend(plan.predicted(rows.source.codes.iter().copied()));
    out.add(Id::Source, &sources);
    let mut templates = Vec::new();
    templates.varint(rows.template.values.len() as u64);
    for template in &rows.template.values {
        templates.extend_from_slice(&template.id.to_le_bytes());
        templates.bytes(template.text.as_bytes());
    }
    templates.extend(plan.predicted(rows.template.codes.iter().copied()));
    out.add(Id::Template, &templates);
    for (id, column) in [(Id::Host, &rows.host), (Id::Program, &rows.program)] {
        let mut texts = Vec::new();
        texts.varint(column.values.len() as u64);
        column.values.iter().for_each(|value| texts.bytes(value.as_bytes()));
        texts.extend(plan.predicted(column.codes.iter().copied()));
        out.add(id, &texts);
    }
}

fn write_entities(rows: &Rows, out: &mut Columns, filter: &mut Gather) {
    let mut column = Vec::new();
    column.varint(rows.entities.len() as u64);
    for entity in &rows.entities {
        filter.add(Kind::Entity, entity.key);
        filter.add(Kind::Named, named(entity::uuid(entity.kind, &entity.value)));
        column.push(entity.kind as u8);
        column.bytes(entity.value.as_bytes());
    }
    column.varint(rows.who.values.len() as u64);
    let mut next = 0;
    for list in &rows.who.values {
        column.varint(list.len() as u64);
        for code in list {
            // Mostly it is the entity that no list before had.
            if *code == next {
                column.varint(0);
                next += 1;
            } else {
                column.varint(u64::from(*code) + 1);
            }
        }
    }
    out.add(Id::Entities, &column);
}
