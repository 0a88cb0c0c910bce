//! Value models: is this value of this slot of this template one that belongs there?
//!
//! Four aspects of a value by itself, each a tail probability from what was seen: *which* value
//! (counts of the most frequent; never-seen ones by Good and Turing's estimate), how *long* it is,
//! how *large* when the slot holds numbers, and of which *kinds of characters* it is made. The
//! harmonic mean of their probabilities puts them together, so the rarest counts, less what so
//! many looks are worth. A slot in which new values are usual (ids, numbers) has no "which" any
//! more; the other aspects remain, and they are what a tenfold length or a shell metacharacter in
//! a user's name shows in.
//!
//! Where a slot holds numbers there is also their *course* in event time: see `course`.
//!
//! What moves to a model is a [`Value`]: 32 bytes made from the text where the text is, never the
//! text. [`novelty::Slots`](crate::novelty::Slots) is the narrower question, "never seen", with a
//! probability that needs no calibration. Cost: 0.1–0.3 µs per value, up to 0.5 µs for a number;
//! 0.4 KiB cold, at most 5 KiB, 7.5 KiB with a course.

mod course;
mod seen;
mod tail;
#[cfg(test)]
mod tests;

use crate::sketch::{Distinct, Quantiles};
use course::{Course, Reading, together};
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
/// Values before a slot may be one of numbers that have a course.
const COURSE_FROM: u64 = 16;
/// Share of the course of numbers among all aspects, where there is one.
const COURSE_SHARE: f64 = 0.5;
/// A number's length and characters follow from it, and its course hardly ever says nothing when
/// it is odd itself: so many looks are one.
const OVERLAP: f64 = 2.0;

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

/// A length on the scale on which lengths are compared: a quarter more is a step, and a character
/// more or less of a short text is not much.
fn reach(length: u32) -> f64 {
    4.0 * libm::log2(f64::from(length) + 4.0)
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
    /// It lies outside of the course of the numbers before it.
    Course,
    /// The level of the numbers has shifted.
    Level,
    /// Odd numbers have become frequent.
    Unrest,
    /// It is the same number for too long.
    Frozen,
}

/// A judged value: the numbers behind it, in nats (−ln of a probability) unless said otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ValueScore {
    /// The raw score: all aspects together, in which the rarest counts.
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
    /// Two-sided: how far it lies from what the numbers before it let expect.
    pub course: Option<f64>,
    /// Two-sided, of the numbers up to the one before: how far their level has moved; more than
    /// zero only when a move grows.
    pub level: Option<f64>,
    /// The same of how odd they were.
    pub unrest: Option<f64>,
    /// How long it has been the same number; more than zero only when that has doubled.
    pub frozen: Option<f64>,
    /// The number that was to be expected.
    pub expected: Option<f64>,
    /// How far the number lies from it, in usual errors.
    pub deviation: Option<f64>,
    /// The number before.
    pub previous: Option<f64>,
    /// How often this value was seen before; 0 when it is new or was rare and forgotten.
    pub seen: u32,
    /// Values seen before; [`ValueModel::distinct`] tells how many different ones.
    pub observed: u64,
}

/// The aspect with the most nats.
fn rarest(aspects: &[(Aspect, Option<f64>)], first: Aspect) -> Aspect {
    let mut best = (first, 0.0);
    for &(aspect, nats) in aspects {
        if let Some(nats) = nats.filter(|&nats| nats > best.1) {
            best = (aspect, nats);
        }
    }
    best.0
}

impl ValueScore {
    /// With what the course of the numbers says.
    fn with(mut self, reading: &Reading) -> ValueScore {
        (self.course, self.level, self.unrest) = (reading.course, reading.level, reading.unrest);
        self.frozen = reading.frozen;
        (self.expected, self.deviation) = (reading.expected, reading.deviation);
        self.previous = reading.previous;
        let Some(told) = reading.told else { return self };
        let [itself, course] = [self.surprise, told].map(|nats| libm::exp(nats.min(300.0)));
        let (itself, course) = ((1.0 - COURSE_SHARE) * itself, COURSE_SHARE * course);
        if course > itself {
            let aspects = [
                (Aspect::Course, self.course),
                (Aspect::Level, self.level),
                (Aspect::Unrest, self.unrest),
                (Aspect::Frozen, self.frozen),
            ];
            self.aspect = rarest(&aspects, Aspect::Course);
        }
        self.surprise = libm::log(OVERLAP * (itself + course)).max(0.0);
        self
    }
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
    course: Option<Box<Course>>,
}

impl ValueModel {
    /// Judges a value and learns it; `None` while too little was seen. `at_ns` is the time of the
    /// event; a number of the past counts to the present minute.
    pub fn observe(
        &mut self,
        config: &ValueConfig,
        at_ns: u64,
        value: &Value,
    ) -> Option<ValueScore> {
        let ready = self.observed >= u64::from(config.observed_min);
        let score = ready.then(|| self.judge(value));
        self.learn(value);
        let number = value.number.filter(|_| self.numeric() && self.observed > COURSE_FROM);
        let reading =
            number.map(|number| self.course.get_or_insert_default().observe(at_ns, number));
        score.map(|score| reading.map_or(score, |reading| score.with(&reading)))
    }

    /// Judges a value by itself, without the course of the numbers before it.
    pub fn judge(&self, value: &Value) -> ValueScore {
        let identity = self.identity.judge(value.hash);
        let characters = self.characters.judge(u64::from(value.classes.0));
        let number = value.number.filter(|_| self.numeric());
        let mut score = ValueScore {
            surprise: 0.0,
            aspect: Aspect::Length,
            identity: identity.map(|rarity| rarity.nats),
            length: self.lengths.surprise(reach(value.length)).two_sided(),
            number: number.map(|number| self.numbers.surprise(number).two_sided()),
            characters: characters.map_or(0.0, |rarity| rarity.nats),
            course: None,
            level: None,
            unrest: None,
            frozen: None,
            expected: None,
            deviation: None,
            previous: None,
            seen: identity.map_or(0, |rarity| rarity.seen),
            observed: self.observed,
        };
        let aspects = [
            (Aspect::Identity, score.identity),
            // How many digits a number has is how large it is.
            (Aspect::Length, (!self.numeric()).then_some(score.length)),
            (Aspect::Number, score.number),
            (Aspect::Characters, Some(score.characters)),
        ];
        score.aspect = rarest(&aspects, Aspect::Length);
        score.surprise = together(&aspects.map(|(_, nats)| nats)).unwrap_or(0.0);
        score
    }

    /// Whether the slot holds numbers.
    fn numeric(&self) -> bool {
        self.numeric as f64 >= NUMERIC * self.observed as f64
    }

    fn learn(&mut self, value: &Value) {
        self.observed += 1;
        self.identity.learn(value.hash);
        self.characters.learn(u64::from(value.classes.0));
        self.distinct.add(value.hash);
        self.lengths.add(reach(value.length), 1);
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
            + self.course.as_ref().map_or(0, |course| course.heap_bytes())
    }
}
