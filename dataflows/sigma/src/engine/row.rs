//! The values of one event by slot, in buffers that are used again for the next event.
//!
//! Values are copied into one text and, with their case folded, into a second one; both are a
//! few nanoseconds per value and spare every comparison the question of case. Slots are stamped
//! with the event's number, so nothing is cleared between events.

use super::fields::Datum;
use crate::number::Number;
use crate::pattern::fold_into;
use std::fmt::Write;

/// A field by number.
pub(crate) type Slot = u16;
/// The slot of keywords: all values that they look at.
pub(crate) const ANYWHERE: Slot = Slot::MAX;
/// Longest part of a value that is looked at, in bytes.
pub(crate) const VALUE_BYTES_MAX: usize = 64 << 10;
/// Most values of an event that are looked at.
pub(crate) const VALUES_MAX: usize = 4_096;

/// Most text of an event that is looked at, in bytes.
pub(crate) const ROW_BYTES_MAX: usize = 8 << 20;

const NONE: u32 = u32::MAX;

#[derive(Clone, Copy, Debug, Default)]
struct Range {
    start: u32,
    end: u32,
}

/// What a stored value is besides its text.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Kind {
    Text,
    Number(Number),
    Bool,
    Null,
}

#[derive(Clone, Copy, Debug)]
struct Stored {
    raw: Range,
    folded: Range,
    kind: Kind,
}

#[derive(Clone, Copy, Debug)]
struct Link {
    value: u32,
    next: u32,
}

#[derive(Clone, Copy, Debug, Default)]
struct Head {
    epoch: u32,
    first: u32,
}

/// A value, looked at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seen<'a> {
    /// As it came.
    pub raw: &'a str,
    /// With its case folded.
    pub folded: &'a str,
    /// What it is.
    pub kind: Kind,
}

impl Seen<'_> {
    /// Whether there is a value at all.
    pub fn is_something(&self) -> bool {
        self.kind != Kind::Null
    }

    /// As a number; text that is one counts.
    pub fn number(&self) -> Option<Number> {
        match self.kind {
            Kind::Number(number) => Some(number),
            Kind::Text => Number::parse(self.raw),
            Kind::Bool | Kind::Null => None,
        }
    }
}

/// The values of one event.
#[derive(Debug, Default)]
pub(crate) struct Row {
    epoch: u32,
    raw: String,
    folded: String,
    values: Vec<Stored>,
    links: Vec<Link>,
    heads: Vec<Head>,
    present: Vec<Slot>,
    keywords: Vec<u32>,
    /// Values that were cut or left out, ever.
    pub cut: u64,
}

impl Row {
    /// For so many slots.
    pub fn new(slots: usize) -> Row {
        Row { heads: vec![Head::default(); slots], ..Row::default() }
    }

    /// Begins the next event.
    pub fn begin(&mut self) {
        self.raw.clear();
        self.folded.clear();
        self.values.clear();
        self.links.clear();
        self.present.clear();
        self.keywords.clear();
        self.epoch = self.epoch.wrapping_add(1);
        if self.epoch == 0 {
            self.heads.fill(Head::default());
            self.epoch = 1;
        }
    }

    /// Files a value under slots, and for keywords.
    pub fn put(&mut self, datum: Datum<'_>, slots: impl Iterator<Item = Slot>, keyword: bool) {
        if self.values.len() >= VALUES_MAX || self.raw.len() >= ROW_BYTES_MAX {
            self.cut += 1;
            return;
        }
        let value = self.values.len() as u32;
        let (raw_start, folded_start) = (self.raw.len(), self.folded.len());
        let kind = match datum {
            Datum::Text(text) => {
                let end = text.floor_char_boundary(VALUE_BYTES_MAX);
                self.cut += u64::from(end < text.len());
                self.raw.push_str(&text[..end]);
                Kind::Text
            }
            Datum::Int(number) => self.number(Number::Int(number)),
            Datum::Real(number) => match Number::real(number) {
                Some(number) => self.number(number),
                None => Kind::Null,
            },
            Datum::Bool(value) => {
                self.raw.push_str(if value { "true" } else { "false" });
                Kind::Bool
            }
            Datum::Null => Kind::Null,
        };
        fold_into(&self.raw[raw_start..], &mut self.folded);
        let range = |start: usize, end: usize| Range { start: start as u32, end: end as u32 };
        self.values.push(Stored {
            raw: range(raw_start, self.raw.len()),
            folded: range(folded_start, self.folded.len()),
            kind,
        });
        if keyword && kind != Kind::Null {
            self.keywords.push(value);
        }
        slots.for_each(|slot| self.link(slot, value));
    }

    fn number(&mut self, number: Number) -> Kind {
        // Writing to a string does not fail.
        let _ = write!(self.raw, "{number}");
        Kind::Number(number)
    }

    fn link(&mut self, slot: Slot, value: u32) {
        let epoch = self.epoch;
        let Some(head) = self.heads.get_mut(usize::from(slot)) else { return };
        let next = match head.epoch == epoch {
            true => head.first,
            false => {
                self.present.push(slot);
                NONE
            }
        };
        *head = Head { epoch, first: self.links.len() as u32 };
        self.links.push(Link { value, next });
    }

    fn seen(&self, value: u32) -> Seen<'_> {
        let stored = self.values[value as usize];
        let part = |range: Range| range.start as usize..range.end as usize;
        Seen {
            raw: &self.raw[part(stored.raw)],
            folded: &self.folded[part(stored.folded)],
            kind: stored.kind,
        }
    }

    /// Whether the event has a slot, even without a value.
    pub fn has(&self, slot: Slot) -> bool {
        self.heads.get(usize::from(slot)).is_some_and(|head| head.epoch == self.epoch)
    }

    /// The slots that the event has, each once.
    pub fn present(&self) -> &[Slot] {
        &self.present
    }

    /// The first value of a slot that is one.
    pub fn first(&self, slot: Slot) -> Option<&str> {
        let mut at = self.has(slot).then(|| self.heads[usize::from(slot)].first)?;
        let mut found = None;
        // The newest comes first in the chain.
        while let Some(link) = self.links.get(at as usize) {
            let seen = self.seen(link.value);
            found = seen.is_something().then_some(seen.raw).or(found);
            at = link.next;
        }
        found
    }

    /// Whether any value of a slot is as wanted.
    #[inline]
    pub fn any(&self, slot: Slot, mut wanted: impl FnMut(Seen<'_>) -> bool) -> bool {
        if slot == ANYWHERE {
            return self.keywords.iter().any(|value| wanted(self.seen(*value)));
        }
        if !self.has(slot) {
            return false;
        }
        let mut at = self.heads[usize::from(slot)].first;
        while let Some(link) = self.links.get(at as usize) {
            if wanted(self.seen(link.value)) {
                return true;
            }
            at = link.next;
        }
        false
    }
}
