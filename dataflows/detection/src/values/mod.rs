//! Value models: is this value of this slot of this template one that belongs there?
//!
//! Four aspects, each a tail probability from what was seen: *which* value (counts of the most
//! frequent; never-seen ones by Good and Turing's estimate), how *long* it is, how *large* when the
//! slot holds numbers, and of which *kinds of characters* it is made. The rarest aspect counts,
//! with what four looks are worth taken off. A slot in which new values are usual (ids, numbers)
//! has no "which" any more; the other aspects remain, and they are what a tenfold length or a
//! shell metacharacter in a user's name shows in.
//!
//! What moves to a model is a [`Value`]: 32 bytes made from the text where the text is, never the
//! text. [`novelty::Slots`](crate::novelty::Slots) is the narrower question, "never seen", with a
//! probability that needs no calibration. Cost: 0.1–0.3 µs per value; 0.4 KiB cold, at most 5 KiB.

mod seen;
#[cfg(test)]
mod tests;

use crate::sketch::{Distinct, Quantiles};
use seen::Seen;
use seerflow_model::hash;
use serde::{Deserialize, Serialize};

/// Different values that are counted.
pub const VALUES_MAX: usize = 128;
/// Different sets of character classes that are counted.
pub const CLASSES_MAX: usize = 32;
/// Lengths beyond this are one.
const LENGTH_MAX: usize = 1 << 20;
/// Longest text that is read as a number.
const NUMBER_BYTES_MAX: usize = 32;
/// Share of a slot's values that must be numbers for their size to count.
const NUMERIC: f64 = 0.9;
/// Observations at which sketches are halved, so that old habits fade.
const HALVE_AT: u64 = 1 << 18;
/// Aspects that are looked at.
const ASPECTS: f64 = 4.0;

/// How values are judged.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ValueConfig {
    /// Values of a slot before the first result.
    pub observed_min: u32,
}

impl Default for ValueConfig {
    fn default() -> ValueConfig {
        ValueConfig { observed_min: 200 }
    }
}

/// Classes of characters, as bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Classes(pub u16);

/// The class of a byte.
const fn class(byte: u8) -> u16 {
    match byte {
        b'a'..=b'z' => 1,
        b'A'..=b'Z' => 2,
        b'0'..=b'9' => 4,
        b' ' => 8,
        b'-' | b'_' | b'.' => 16,
        b'/' | b'\\' | b':' => 32,
        b'\'' | b'"' | b'`' | b';' | b'&' | b'|' | b'$' | b'<' | b'>' | b'(' | b')' | b'{'
        | b'}' | b'*' | b'?' | b'[' | b']' => 64,
        b'!'..=b'~' => 128,
        0..=31 | 127 => 256,
        128..=255 => 512,
    }
}

const CLASS: [u16; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = class(byte as u8);
        byte += 1;
    }
    table
};

impl Classes {
    /// The classes of a text.
    pub fn of(text: &str) -> Classes {
        Classes(text.bytes().fold(0, |set, byte| set | CLASS[usize::from(byte)]))
    }
}

/// What a model is told of a value.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Value {
    /// Hash of the text.
    pub hash: u64,
    /// Length in bytes.
    pub length: u32,
    /// Its characters.
    pub classes: Classes,
    /// The number, when it is one.
    pub number: Option<f64>,
}

impl Value {
    /// What there is to know about a text.
    pub fn of(text: &str) -> Value {
        Value::hashed(hash::text(text), text)
    }

    /// The same, of a text whose hash is known.
    pub fn hashed(hash: u64, text: &str) -> Value {
        let bytes = text.as_bytes();
        let numeric = bytes.len() <= NUMBER_BYTES_MAX
            && bytes.first().is_some_and(|b| b.is_ascii_digit() || matches!(b, b'-' | b'+' | b'.'));
        let number = if numeric { text.parse().ok().filter(|x: &f64| x.is_finite()) } else { None };
        Value {
            hash,
            length: bytes.len().min(LENGTH_MAX) as u32,
            classes: Classes::of(text),
            number,
        }
    }
}

/// What is unusual about a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Aspect {
    /// Which value it is.
    Identity,
    /// How long it is.
    Length,
    /// How large it is.
    Number,
    /// Of which characters it is made.
    Characters,
}

/// A judged value: the numbers behind it, in nats (−ln of a probability).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ValueScore {
    /// The raw score: the rarest aspect, less what so many looks are worth.
    pub surprise: f64,
    /// The rarest aspect.
    pub aspect: Aspect,
    /// Each aspect by itself; `None` where it does not apply.
    pub identity: Option<f64>,
    /// Two-sided.
    pub length: f64,
    /// Two-sided.
    pub number: Option<f64>,
    /// One-sided: how rare this set of character classes is.
    pub characters: f64,
    /// How often this value was seen before; 0 when it is new or was rare and forgotten.
    pub seen: u32,
    /// Values seen before; [`ValueModel::distinct`] tells how many different ones.
    pub observed: u64,
}

/// The model of one (template, slot).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ValueModel {
    observed: u64,
    numeric: u64,
    identity: Seen<VALUES_MAX>,
    characters: Seen<CLASSES_MAX>,
    distinct: Distinct,
    lengths: Quantiles,
    numbers: Quantiles,
}

impl ValueModel {
    /// Judges a value and learns it; `None` while too little was seen.
    pub fn observe(&mut self, config: &ValueConfig, value: &Value) -> Option<ValueScore> {
        let ready = self.observed >= u64::from(config.observed_min);
        let score = ready.then(|| self.judge(value));
        self.learn(value);
        score
    }

    /// Judges a value.
    pub fn judge(&self, value: &Value) -> ValueScore {
        let identity = self.identity.judge(value.hash);
        let characters = self.characters.judge(u64::from(value.classes.0));
        let numeric = self.numeric as f64 >= NUMERIC * self.observed as f64;
        let number = value.number.filter(|_| numeric);
        let mut score = ValueScore {
            surprise: 0.0,
            aspect: Aspect::Length,
            identity: identity.map(|rarity| rarity.nats),
            length: self.lengths.surprise(f64::from(value.length)).two_sided(),
            number: number.map(|number| self.numbers.surprise(number).two_sided()),
            characters: characters.map_or(0.0, |rarity| rarity.nats),
            seen: identity.map_or(0, |rarity| rarity.seen),
            observed: self.observed,
        };
        let aspects = [
            (Aspect::Identity, score.identity),
            (Aspect::Length, Some(score.length)),
            (Aspect::Number, score.number),
            (Aspect::Characters, Some(score.characters)),
        ];
        for (aspect, nats) in aspects {
            if let Some(nats) = nats.filter(|&nats| nats > score.surprise) {
                (score.aspect, score.surprise) = (aspect, nats);
            }
        }
        score.surprise = (score.surprise - libm::log(ASPECTS)).max(0.0);
        score
    }

    fn learn(&mut self, value: &Value) {
        self.observed += 1;
        self.identity.learn(value.hash);
        self.characters.learn(u64::from(value.classes.0));
        self.distinct.add(value.hash);
        self.lengths.add(f64::from(value.length), 1);
        if let Some(number) = value.number {
            self.numeric += 1;
            self.numbers.add(number, 1);
        }
        if self.observed >= HALVE_AT {
            (self.observed, self.numeric) = (self.observed / 2, self.numeric / 2);
            self.lengths.halve();
            self.numbers.halve();
        }
    }

    /// About how many different values were seen.
    pub fn distinct(&self) -> f64 {
        self.distinct.estimate()
    }

    /// Whether new values are usual in this slot.
    pub fn open(&self) -> bool {
        self.identity.open()
    }

    /// Bytes on the heap.
    pub fn heap_bytes(&self) -> usize {
        self.identity.heap_bytes()
            + self.characters.heap_bytes()
            + self.distinct.heap_bytes()
            + self.lengths.heap_bytes()
            + self.numbers.heap_bytes()
    }
}
