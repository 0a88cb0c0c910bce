//! Rows become a block.
//!
//! Records are cut into skeletons and values (`skeleton`). Values stand by skeleton, then by place
//! in it, then by row, so that like is beside like when zstd sees them; skeletons share a frame
//! until it has [`FRAME`] bytes, so that a row costs the decoding of one frame. A record whose
//! skeleton no other row of the block has is a literal. What mostly follows from the skeleton
//! (template, host, program, source, severity, format, entities) is coded as the difference to
//! what the row before with that skeleton had, which is nearly always nothing.
//!
//! Cost: about two microseconds an event, most of it zstd and the words of the filter.

use super::codec::{COLUMN_MAX, Put, compress, crc};
use super::filter::{Gather, Kind};
use super::head::{Head, Id, Place};
use super::rows::{APART, Rows};
use super::skeleton::{END, HOLE, skeleton, values};
use super::words;
use hashbrown::HashMap;
use seerflow_model::{Ns, text};

/// Bytes of values at which a frame is full.
const FRAME: usize = 64 * 1024;

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
    rows.cuts.iter().for_each(|h| filter.add(Kind::Cut, *h));
    for row in 0..rows.len() {
        words::hashes(rows.tail(row), |h| filter.add(Kind::Added, h));
    }
    out.plain(Id::Filter, &filter.finish());
    out.finish(rows, receipt, stamp)
}

/// Columns that are ready.
#[derive(Default)]
struct Columns {
    bytes: Vec<u8>,
    places: Vec<Place>,
    too_long: bool,
}

impl Columns {
    fn add(&mut self, id: Id, raw: &[u8]) {
        let from = self.bytes.len();
        compress(raw, &mut self.bytes);
        self.place(id, from, raw.len());
    }

    fn plain(&mut self, id: Id, raw: &[u8]) {
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

/// How the records of a block are cut.
struct Plan {
    /// Skeletons that several rows have, in the order of their bytes; row code n is `kept[n - 1]`.
    kept: Vec<Box<[u8]>>,
    codes: Vec<u32>,
    places: Vec<(u32, u32)>,
    ends: Vec<u32>,
}

impl Plan {
    fn of(rows: &Rows) -> Plan {
        let mut known: HashMap<Box<[u8]>, u32> = HashMap::new();
        let mut counts: Vec<u32> = Vec::new();
        let mut plan =
            Plan { kept: Vec::new(), codes: Vec::new(), places: Vec::new(), ends: Vec::new() };
        let mut text = Vec::new();
        for row in 0..rows.len() {
            let raw = rows.raw(row);
            let from = plan.places.len();
            let is_text = std::str::from_utf8(raw).is_ok();
            let cut = is_text && values(raw, rows.spans(row), &mut plan.places);
            let mut code = u32::MAX;
            if cut {
                let places = plan.places.get(from..).unwrap_or_default();
                skeleton(raw, places, &mut text);
                code = match known.get(text.as_slice()) {
                    Some(code) => *code,
                    None => {
                        counts.push(0);
                        known.insert(text.as_slice().into(), counts.len() as u32 - 1);
                        counts.len() as u32 - 1
                    }
                };
                if let Some(count) = counts.get_mut(code as usize) {
                    *count += 1;
                }
            } else {
                plan.places.truncate(from);
            }
            plan.codes.push(code);
            plan.ends.push(plan.places.len() as u32);
        }
        plan.keep(known, &counts);
        plan
    }

    /// Numbers the skeletons that are worth it.
    fn keep(&mut self, known: HashMap<Box<[u8]>, u32>, counts: &[u32]) {
        let mut kept: Vec<(Box<[u8]>, u32)> = known
            .into_iter()
            .filter(|(_, code)| counts.get(*code as usize).is_some_and(|count| *count > 1))
            .collect();
        kept.sort_unstable();
        let mut renamed = vec![0; counts.len()];
        for (new, (text, old)) in (1u32..).zip(kept) {
            if let Some(code) = renamed.get_mut(old as usize) {
                *code = new;
            }
            self.kept.push(text);
        }
        for code in &mut self.codes {
            *code = renamed.get(*code as usize).copied().unwrap_or(0);
        }
    }

    fn places(&self, row: usize) -> &[(u32, u32)] {
        let start = row.checked_sub(1).and_then(|at| self.ends.get(at)).copied().unwrap_or(0);
        let end = self.ends.get(row).copied().unwrap_or(start);
        self.places.get(start as usize..end as usize).unwrap_or_default()
    }

    /// Skeletons, literals, and values in frames.
    fn write_records(&self, rows: &Rows, out: &mut Columns, filter: &mut Gather) {
        let mut of: Vec<Vec<u32>> = vec![Vec::new(); self.kept.len() + 1];
        for (row, code) in (0u32..).zip(&self.codes) {
            if let Some(list) = of.get_mut(*code as usize) {
                list.push(row);
            }
        }
        let literals = of.first().map(Vec::as_slice).unwrap_or_default();
        write_literals(rows, literals, out, filter);
        let (mut dictionary, mut frame, mut frames) = (Vec::new(), Vec::new(), 0u64);
        dictionary.varint(self.kept.len() as u64);
        for (text, rows_of) in self.kept.iter().zip(of.iter().skip(1)) {
            dictionary.bytes(text);
            dictionary.varint(frames);
            words::hashes(std::str::from_utf8(text).unwrap_or_default(), |h| {
                filter.add(Kind::Shared, h);
            });
            let slots = memchr::memchr_iter(HOLE, text).count();
            for slot in 0..slots {
                self.write_slot(rows, rows_of, slot, &mut frame, filter);
            }
            if frame.len() >= FRAME {
                out.add(Id::Frame, &frame);
                frame.clear();
                frames += 1;
            }
        }
        if !frame.is_empty() {
            out.add(Id::Frame, &frame);
        }
        out.add(Id::Skeletons, &dictionary);
    }

    fn write_slot(
        &self,
        rows: &Rows,
        rows_of: &[u32],
        slot: usize,
        frame: &mut Vec<u8>,
        filter: &mut Gather,
    ) {
        let mut before: &[u8] = &[];
        for row in rows_of {
            let row = *row as usize;
            let place = self.places(row).get(slot).copied().unwrap_or_default();
            let value = rows.raw(row).get(place.0 as usize..place.1 as usize).unwrap_or_default();
            frame.extend_from_slice(value);
            frame.push(END);
            if value != before {
                add_words(std::str::from_utf8(value).unwrap_or_default(), filter);
                before = value;
            }
        }
    }

    /// The skeleton of each row, and what mostly follows from it.
    fn write_codes(&self, rows: &Rows, out: &mut Columns) {
        out.add(Id::Codes, &narrow(&self.codes));
        let severity = rows.stamps.iter().map(|stamps| u32::from(stamps.severity));
        out.add(Id::Severity, &self.predicted(severity));
        let format = rows.stamps.iter().map(|stamps| u32::from(stamps.format));
        out.add(Id::Format, &self.predicted(format));
        out.add(Id::Who, &self.predicted(rows.who.codes.iter().copied()));
    }

    /// Codes as the difference to those of the row before with the same skeleton.
    fn predicted(&self, codes: impl Iterator<Item = u32>) -> Vec<u8> {
        let mut last = vec![0u32; self.kept.len() + 1];
        let mut out = Vec::with_capacity(self.codes.len() + 16);
        for (code, skeleton) in codes.zip(&self.codes) {
            if let Some(last) = last.get_mut(*skeleton as usize) {
                if *last == code {
                    out.push(0);
                } else {
                    out.varint(u64::from(code) + 1);
                    *last = code;
                }
            }
        }
        out
    }
}

/// Codes with as many bytes each as the greatest needs; the first byte says how many.
fn narrow(codes: &[u32]) -> Vec<u8> {
    let width = match codes.iter().max().copied().unwrap_or(0) {
        0..0x100 => 1,
        0x100..0x1_0000 => 2,
        _ => 4,
    };
    let mut out = Vec::with_capacity(1 + codes.len() * width);
    out.push(width as u8);
    for code in codes {
        out.extend_from_slice(code.to_le_bytes().get(..width).unwrap_or_default());
    }
    out
}

fn add_words(value: &str, filter: &mut Gather) {
    let mut any = false;
    words::hashes(value, |h| {
        filter.add(Kind::Value, h);
        any = true;
    });
    if !any {
        filter.add(Kind::Value, WORDLESS);
    }
}

/// Added to the filter when a value has no word in it.
pub(super) const WORDLESS: u64 = 0;

fn write_literals(rows: &Rows, literals: &[u32], out: &mut Columns, filter: &mut Gather) {
    let (mut column, mut bytes) = (Vec::new(), Vec::new());
    column.varint(literals.len() as u64);
    for row in literals {
        let raw = rows.raw(*row as usize);
        column.varint(raw.len() as u64);
        bytes.extend_from_slice(raw);
        add_words(&text::decode(raw), filter);
    }
    column.extend_from_slice(&bytes);
    out.add(Id::Literals, &column);
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
