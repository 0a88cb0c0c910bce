//! The index of one set of logsources: from what an event contains to the rules that might match.
//!
//! For each slot there is a map of whole values, one of numbers, one of the last parts of paths
//! (`\cmd.exe` is looked up, not sought) and one automaton for all other literals. Rules are found
//! by setting bits, so candidates come out in the order of the rules, each once. Cost per value:
//! a hash or two and one pass of the automaton.

use super::row::{ANYWHERE, Row, Seen, Slot};
use super::witness::{At, Key};
use crate::number::Number;
use aho_corasick::{AhoCorasick, AhoCorasickBuilder, AhoCorasickKind, MatchKind};
use hashbrown::HashMap;
use seerflow_model::hash;
use std::hash::{BuildHasher, Hasher};

/// Up to so many bytes of literals the automaton is a table, which is faster but larger.
const TABLE_BYTES_MAX: usize = 40_000;

/// Hashes with the project's own function, so that nothing hangs on a random seed.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Stable;

/// See [`Stable`].
#[derive(Debug, Default)]
pub(crate) struct StableHasher(u64);

impl BuildHasher for Stable {
    type Hasher = StableHasher;

    fn build_hasher(&self) -> StableHasher {
        StableHasher(0)
    }
}

impl Hasher for StableHasher {
    fn write(&mut self, bytes: &[u8]) {
        self.0 = self.0.rotate_left(23) ^ hash::bytes(bytes);
    }

    fn write_u8(&mut self, _: u8) {}

    fn write_u64(&mut self, value: u64) {
        self.0 = hash::pair(self.0, value);
    }

    fn write_i64(&mut self, value: i64) {
        self.write_u64(value as u64);
    }

    fn write_isize(&mut self, value: isize) {
        self.write_u64(value as u64);
    }

    fn finish(&self) -> u64 {
        hash::mix(self.0)
    }
}

type Rules = Box<[u32]>;
type Map<K> = HashMap<K, Rules, Stable>;

#[derive(Debug, Default)]
struct SlotIndex {
    present: Rules,
    whole: Map<Box<str>>,
    numbers: Map<Number>,
    tails: Map<Box<str>>,
    literals: Option<Literals>,
}

#[derive(Debug)]
struct Literals {
    automaton: AhoCorasick,
    found: Box<[(At, Rules)]>,
}

/// The rules of one set of logsources, by number inside it.
#[derive(Debug)]
pub(crate) struct Index {
    /// Numbers of the rules in the whole set.
    pub rules: Box<[u32]>,
    always: Box<[u64]>,
    slots: Vec<Option<Box<SlotIndex>>>,
    anywhere: Option<Box<SlotIndex>>,
    /// Which slots any rule asks for.
    pub wanted: Box<[bool]>,
    /// Whether any rule has keywords.
    pub keywords: bool,
}

/// Finds out what a rule is found by, and what it asks for.
pub(crate) trait Source {
    /// Its witness, if it has one.
    fn keys(&self, rule: u32) -> Option<&[Key]>;
    /// All slots that its tests ask for.
    fn slots(&self, rule: u32, take: &mut dyn FnMut(Slot));
}

impl Index {
    /// Builds the index of these rules.
    pub fn new(rules: &[u32], slots: usize, source: &impl Source) -> Index {
        let words = rules.len().div_ceil(64);
        let mut always = vec![0u64; words];
        let mut keys: HashMap<Slot, Builder, Stable> = HashMap::default();
        let mut wanted = vec![false; slots];
        let mut keywords = false;
        for (local, rule) in rules.iter().enumerate() {
            source.slots(*rule, &mut |slot| match wanted.get_mut(usize::from(slot)) {
                Some(wanted) => *wanted = true,
                None => keywords |= slot == ANYWHERE,
            });
            match source.keys(*rule) {
                None => always[local / 64] |= 1 << (local % 64),
                Some(all) => all.iter().for_each(|key| {
                    let (Key::Whole(slot, _)
                    | Key::Number(slot, _)
                    | Key::Literal(slot, ..)
                    | Key::Present(slot)) = key;
                    keys.entry(*slot).or_default().add(key, local as u32);
                }),
            }
        }
        let mut out: Vec<Option<Box<SlotIndex>>> = (0..slots).map(|_| None).collect();
        let mut anywhere = None;
        for (slot, builder) in keys {
            let built = Some(Box::new(builder.build(&mut always)));
            match out.get_mut(usize::from(slot)) {
                Some(place) => *place = built,
                None => anywhere = built,
            }
        }
        let (rules, always, wanted) = (rules.into(), always.into(), wanted.into());
        Index { rules, always, slots: out, anywhere, wanted, keywords }
    }

    /// Sets the bits of all rules that might match a row.
    pub fn candidates(&self, row: &Row, bits: &mut Vec<u64>) {
        bits.clear();
        bits.extend_from_slice(&self.always);
        for slot in row.present() {
            let Some(Some(index)) = self.slots.get(usize::from(*slot)) else { continue };
            set(bits, &index.present);
            row.any(*slot, |value| {
                index.seen(value, bits);
                false
            });
        }
        if let Some(index) = &self.anywhere {
            row.any(ANYWHERE, |value| {
                index.seen(value, bits);
                false
            });
        }
    }
}

#[inline]
fn set(bits: &mut [u64], rules: &[u32]) {
    for rule in rules {
        if let Some(word) = bits.get_mut(*rule as usize / 64) {
            *word |= 1 << (rule % 64);
        }
    }
}

/// The part of a path from its last separator on.
fn tail(text: &str) -> Option<&str> {
    text.rfind(['\\', '/']).map(|at| &text[at..])
}

impl SlotIndex {
    fn seen(&self, value: Seen<'_>, bits: &mut [u64]) {
        if !value.is_something() {
            return;
        }
        if !self.whole.is_empty()
            && let Some(rules) = self.whole.get(value.folded)
        {
            set(bits, rules);
        }
        if !self.numbers.is_empty()
            && let Some(rules) = value.number().and_then(|number| self.numbers.get(&number))
        {
            set(bits, rules);
        }
        if !self.tails.is_empty()
            && let Some(rules) = tail(value.folded).and_then(|tail| self.tails.get(tail))
        {
            set(bits, rules);
        }
        let Some(literals) = &self.literals else { return };
        for found in literals.automaton.find_overlapping_iter(value.folded) {
            let Some((at, rules)) = literals.found.get(found.pattern().as_usize()) else {
                continue;
            };
            let placed = match at {
                At::Inside => true,
                At::Start => found.start() == 0,
                At::End => found.end() == value.folded.len(),
            };
            if placed {
                set(bits, rules);
            }
        }
    }
}

/// Collects the keys of one slot.
#[derive(Default)]
struct Builder {
    present: Vec<u32>,
    whole: HashMap<Box<str>, Vec<u32>, Stable>,
    numbers: HashMap<Number, Vec<u32>, Stable>,
    tails: HashMap<Box<str>, Vec<u32>, Stable>,
    literals: HashMap<(At, Box<str>), Vec<u32>, Stable>,
}

impl Builder {
    fn add(&mut self, key: &Key, rule: u32) {
        let list = match key {
            Key::Present(_) => &mut self.present,
            Key::Whole(_, text) => self.whole.entry(text.clone()).or_default(),
            Key::Number(_, number) => self.numbers.entry(*number).or_default(),
            Key::Literal(_, At::End, text) if tail(text) == Some(text) => {
                self.tails.entry(text.clone()).or_default()
            }
            Key::Literal(_, at, text) => self.literals.entry((*at, text.clone())).or_default(),
        };
        if list.last() != Some(&rule) {
            list.push(rule);
        }
    }

    /// Rules whose literals no automaton can hold are asked always.
    fn build(self, always: &mut [u64]) -> SlotIndex {
        fn boxed<K: Eq + std::hash::Hash>(map: HashMap<K, Vec<u32>, Stable>) -> Map<K> {
            map.into_iter().map(|(key, rules)| (key, rules.into())).collect()
        }
        let mut literals: Vec<_> = self.literals.into_iter().collect();
        literals.sort_unstable();
        let bytes: usize = literals.iter().map(|((_, text), _)| text.len()).sum();
        let kind = match bytes <= TABLE_BYTES_MAX {
            true => AhoCorasickKind::DFA,
            false => AhoCorasickKind::ContiguousNFA,
        };
        let mut builder = AhoCorasickBuilder::new();
        builder.match_kind(MatchKind::Standard).kind(Some(kind)).prefilter(false);
        let automaton = match literals.is_empty() {
            true => None,
            false => {
                let built = builder.build(literals.iter().map(|((_, text), _)| text.as_bytes()));
                if built.is_err() {
                    literals.iter().for_each(|(_, rules)| set(always, rules));
                }
                built.ok()
            }
        };
        let found = literals.into_iter().map(|((at, _), rules)| (at, rules.into())).collect();
        SlotIndex {
            present: self.present.into(),
            whole: boxed(self.whole),
            numbers: boxed(self.numbers),
            tails: boxed(self.tails),
            literals: automaton.map(|automaton| Literals { automaton, found }),
        }
    }
}
