//! How the records of a block are cut into skeletons and values, and written; see `encode`.

use super::codec::Put;
use super::encode::Columns;
use super::filter::{Gather, Kind};
use super::head::Id;
use super::rows::Rows;
use super::skeleton::{END, HOLE, skeleton, values};
use super::words;
use hashbrown::HashMap;
use seerflow_model::text;

/// Bytes of values at which a frame is full.
const FRAME: usize = 64 * 1024;

/// How the records of a block are cut.
pub(super) struct Plan {
    /// Skeletons that several rows have, in the order of their bytes; row code n is `kept[n - 1]`.
    kept: Vec<Box<[u8]>>,
    codes: Vec<u32>,
    places: Vec<(u32, u32)>,
    ends: Vec<u32>,
}

impl Plan {
    pub(super) fn of(rows: &Rows) -> Plan {
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
    pub(super) fn write_records(&self, rows: &Rows, out: &mut Columns, filter: &mut Gather) {
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
    pub(super) fn write_codes(&self, rows: &Rows, out: &mut Columns) {
        out.add(Id::Codes, &narrow(&self.codes));
        let severity = rows.stamps.iter().map(|stamps| u32::from(stamps.severity));
        out.add(Id::Severity, &self.predicted(severity));
        let format = rows.stamps.iter().map(|stamps| u32::from(stamps.format));
        out.add(Id::Format, &self.predicted(format));
        out.add(Id::Who, &self.predicted(rows.who.codes.iter().copied()));
    }

    /// Codes as the difference to those of the row before with the same skeleton.
    pub(super) fn predicted(&self, codes: impl Iterator<Item = u32>) -> Vec<u8> {
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
