//! What two templates must share to make one statement: their words, or all but one place.
//!
//! The *words* of a template are its literals in order, without what varies and without the units
//! of numbers. A *frame* is a template around a hole: all but one place, or all but two or three
//! neighbouring words in its middle. What stands between cores does not count.

use super::outline::{Hole, Outline};
use crate::mask::{code, is_literal, is_soft};
use seerflow_model::{ParamKind, hash};

/// Words looked at for holes.
const PLACES_MAX: usize = 24;
/// Words in one hole.
const HOLE_MAX: usize = 3;
/// Words that must stand around a hole of several.
const AROUND_MIN: usize = 4;
/// What a wildcard counts as.
const WILDCARD: u64 = 0x5A;

/// Words that say in which unit a number before them is.
const UNITS: [&str; 46] = [
    "ns",
    "us",
    "µs",
    "ms",
    "msec",
    "msecs",
    "s",
    "sec",
    "secs",
    "second",
    "seconds",
    "m",
    "min",
    "mins",
    "minute",
    "minutes",
    "h",
    "hr",
    "hrs",
    "hour",
    "hours",
    "d",
    "day",
    "days",
    "millisecond",
    "milliseconds",
    "byte",
    "bytes",
    "B",
    "kB",
    "KB",
    "MB",
    "GB",
    "TB",
    "KiB",
    "MiB",
    "GiB",
    "TiB",
    "K",
    "M",
    "G",
    "T",
    "bit",
    "bits",
    "kbytes",
    "percent",
];

/// One hole of a template and what stands around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Hash of what stands around the hole.
    pub around: u64,
    /// How many words that is.
    pub words: usize,
    /// Hash of what is in the hole.
    pub content: u64,
    /// Whether that is more than one word or value.
    pub several: bool,
    /// The cores of the hole.
    pub hole: Hole,
    /// Whether the leaf has shown that all of it varies.
    pub varies: bool,
}

/// One word or one value, with its unit.
struct Item {
    /// Hash of the word, `None` for a value.
    word: Option<u64>,
    from: u16,
    to: u16,
    varies: bool,
    number: bool,
}

impl Item {
    fn code(&self) -> u64 {
        self.word.unwrap_or(WILDCARD)
    }
}

/// The hash of the words of a template, and how many there are.
pub fn words(outline: &Outline) -> (u64, usize) {
    let mut all = (0, 0);
    for word in items(outline).iter().filter_map(|item| item.word) {
        all = (hash::pair(all.0, word), all.1 + 1);
    }
    all
}

/// All frames of a template.
pub fn frames(outline: &Outline) -> Vec<Frame> {
    let items = items(outline);
    let total = items.iter().filter(|item| item.word.is_some()).count();
    let mut out = Vec::new();
    for start in 0..items.len().min(PLACES_MAX) {
        out.push(frame(&items, start, start + 1, total));
        let before = items[..start].iter().any(|item| item.word.is_some());
        for end in start + 2..(start + 1 + HOLE_MAX).min(items.len()) {
            let inside = items[start..end].iter().filter(|item| item.word.is_some()).count();
            let after = items[end..].iter().any(|item| item.word.is_some());
            let around = total - inside;
            let says = inside > 0 || items[start..end].iter().all(|item| item.varies);
            if says && before && after && around >= AROUND_MIN && around >= 2 * inside {
                out.push(frame(&items, start, end, total));
            }
        }
    }
    out.retain(|frame| frame.words > 0);
    out
}

/// The frame around `items[start..end]`.
fn frame(items: &[Item], start: usize, end: usize, total: usize) -> Frame {
    let all = |items: &[Item]| items.iter().map(Item::code).fold(1, hash::pair);
    let inside = &items[start..end];
    Frame {
        around: hash::pair(all(&items[..start]), all(&items[end..])),
        words: total - inside.iter().filter(|item| item.word.is_some()).count(),
        content: inside.iter().map(Item::code).fold(2, hash::pair),
        several: inside.len() > 1,
        hole: (inside[0].from, inside[inside.len() - 1].to),
        varies: inside.iter().all(|item| item.varies),
    }
}

/// Words and values. A soft word is a value; a unit belongs to the number before it.
fn items(outline: &Outline) -> Vec<Item> {
    let mut items: Vec<Item> = Vec::new();
    for (place, (slot, core)) in outline.slots.iter().zip(&outline.cores).enumerate() {
        let (from, to) = (place as u16, place as u16 + 1);
        let value = !is_literal(*slot) || is_soft(*slot);
        match items.last_mut() {
            Some(last) if last.number && !value && is_unit(core.of(&outline.text)) => {
                last.to = to;
            }
            _ => items.push(Item {
                word: (!value).then_some(*slot),
                from,
                to,
                varies: outline.widened(place),
                number: *slot == code(ParamKind::Number),
            }),
        }
    }
    items
}

fn is_unit(word: &str) -> bool {
    UNITS.contains(&word)
}
