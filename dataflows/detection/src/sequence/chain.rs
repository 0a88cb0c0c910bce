//! Counts of transitions of orders 0, 1 and 2 in one bounded table.
//!
//! An open-addressed table of 24-byte entries holds transitions (their context, how often) and
//! contexts (how often, how many different successors). When it is full every transition is
//! halved, those seen once go, and the contexts are made anew from what is left: so the sums are
//! exact at any time. What is saved are the transitions in the order of their keys, so that the
//! bytes do not depend on the order of events. Cost: one probe per order and question.

use seerflow_model::hash::{mix, pair};
use serde::{Deserialize, Serialize};

/// Transitions and contexts of a table, by default.
pub const TRANSITIONS_MAX: usize = 1 << 16;
/// Entries of a table at first.
const ENTRIES_MIN: usize = 16;
/// The context of order 0.
const NOTHING: u64 = mix(1);

/// One entry; `key` 0 is empty.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Entry {
    key: u64,
    /// The context of a transition; 0 for a context itself.
    pub(super) context: u64,
    pub(super) count: u32,
    /// Of a context: different successors.
    pub(super) kinds: u32,
}

/// Transition counts of one entity or peer group.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(into = "State", from = "State")]
pub struct Chain {
    pub(super) entries: Vec<Entry>,
    pub(super) used: usize,
    most: usize,
}

#[derive(Clone, Serialize, Deserialize)]
struct State {
    most: usize,
    /// (context, key, count), sorted.
    transitions: Vec<(u64, u64, u32)>,
}

/// What a chain says of a symbol.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Prediction {
    /// Its probability.
    pub p: f64,
    /// The highest order whose context was ever seen; 0 when none was.
    pub order: u8,
    /// How often that context was seen, and how often this symbol came then.
    pub context: u32,
    /// How often this symbol came in that context.
    pub seen: u32,
}

impl Default for Chain {
    fn default() -> Chain {
        Chain::bounded(TRANSITIONS_MAX)
    }
}

impl PartialEq for Chain {
    fn eq(&self, other: &Chain) -> bool {
        self.most == other.most && self.transitions() == other.transitions()
    }
}

impl From<Chain> for State {
    fn from(chain: Chain) -> State {
        State { most: chain.most, transitions: chain.transitions() }
    }
}

impl From<State> for Chain {
    fn from(state: State) -> Chain {
        let mut chain = Chain::bounded(state.most);
        for (context, key, count) in state.transitions {
            chain.add(context, key, count);
        }
        chain
    }
}

/// Keys of the contexts of orders 0, 1 and 2.
fn contexts(after: [u64; 2]) -> [u64; 3] {
    [NOTHING, pair(2, after[1]).max(1), pair(pair(3, after[1]), after[0]).max(1)]
}

/// Key of a transition; 0 stands for an empty entry.
fn transition(context: u64, symbol: u64) -> u64 {
    pair(context, symbol).max(1)
}

impl Chain {
    /// An empty chain with at most so many entries.
    pub fn bounded(most: usize) -> Chain {
        let most = most.clamp(ENTRIES_MIN, 1 << 24);
        Chain { entries: Vec::new(), used: 0, most }
    }

    /// What is learnt in one quantum, to be added to others: it never ages, see [`Chain::trim`].
    pub fn part() -> Chain {
        Chain::bounded(1 << 24)
    }

    /// Bounds a part: when it has more than twice `most` entries, or at its `end` more than `most`,
    /// the contexts with the greatest keys go. Which ones stay does not depend on the order in
    /// which parts were added up, nor on when this was called.
    pub fn trim(&mut self, most: usize, end: bool) {
        if self.used <= if end { most } else { 2 * most } {
            return;
        }
        let mut kept = 0;
        let mut transitions = self.transitions();
        let mut length = 0;
        for run in transitions.chunk_by(|a, b| a.0 == b.0) {
            kept += run.len() + 1;
            if kept > most {
                break;
            }
            length += run.len();
        }
        transitions.truncate(length);
        *self = State { most: self.most, transitions }.into();
    }

    /// Events learnt (less what was forgotten).
    pub fn events(&self) -> u64 {
        u64::from(self.find(NOTHING).count)
    }

    /// How often a symbol came, whatever was before it.
    pub fn seen(&self, symbol: u64) -> u32 {
        self.find(transition(NOTHING, symbol)).count
    }

    /// Learns a symbol after two others.
    pub fn learn(&mut self, after: [u64; 2], symbol: u64) {
        for context in contexts(after) {
            self.add(context, transition(context, symbol), 1);
        }
        self.bound();
    }

    /// Adds what another chain learnt.
    pub fn absorb(&mut self, other: &Chain) {
        for entry in other.entries.iter().filter(|entry| entry.context != 0) {
            self.add(entry.context, entry.key, entry.count);
        }
        self.bound();
    }

    /// Probability of a symbol after two others; one never seen shares the mass of the new.
    pub fn predict(&self, after: [u64; 2], symbol: u64) -> Prediction {
        let symbols = f64::from(self.find(NOTHING).kinds);
        self.blend(&contexts(after), symbol, 1.0 / (symbols + 1.0), 0)
    }

    /// The same by orders 1 and 2, leaning on a probability from elsewhere.
    pub fn lean(&self, after: [u64; 2], symbol: u64, p: f64) -> Prediction {
        self.blend(&contexts(after)[1..], symbol, p, 1)
    }

    /// By one order with additive smoothing: (c + α) / (N + α·V).
    pub fn additive(&self, after: u64, symbol: u64, alpha: f64, symbols: u32) -> f64 {
        // Order 1 does not look at the symbol before the last.
        let context = contexts([0, after])[1];
        let seen = f64::from(self.find(transition(context, symbol)).count);
        let of = f64::from(self.find(context).count);
        (seen + alpha) / (of + alpha * f64::from(symbols))
    }

    /// Bytes on the heap.
    pub fn heap_bytes(&self) -> usize {
        self.entries.capacity() * size_of::<Entry>()
    }

    fn blend(&self, contexts: &[u64], symbol: u64, p: f64, lowest: u8) -> Prediction {
        let mut prediction = Prediction { p, order: 0, context: 0, seen: 0 };
        for (order, &context) in (lowest..).zip(contexts) {
            let entry = self.find(context);
            if entry.count == 0 {
                // A context of a higher order was never seen either.
                break;
            }
            let seen = self.find(transition(context, symbol)).count;
            let (of, kinds) = (f64::from(entry.count), f64::from(entry.kinds));
            let p = (f64::from(seen) + kinds * prediction.p) / (of + kinds);
            prediction = Prediction { p, order, context: entry.count, seen };
        }
        prediction
    }

    /// The entry of a key, or an empty one.
    pub(super) fn find(&self, key: u64) -> Entry {
        if self.entries.is_empty() {
            return Entry::default();
        }
        let mask = self.entries.len() - 1;
        let mut at = key as usize & mask;
        loop {
            let entry = self.entries[at];
            if entry.key == key || entry.key == 0 {
                return entry;
            }
            at = (at + 1) & mask;
        }
    }

    /// The entry of a key, made if need be.
    fn entry(&mut self, key: u64, context: u64) -> &mut Entry {
        if self.entries.len() * 3 <= self.used * 4 + 4 {
            self.grow();
        }
        let mask = self.entries.len() - 1;
        let mut at = key as usize & mask;
        while self.entries[at].key != key && self.entries[at].key != 0 {
            at = (at + 1) & mask;
        }
        let entry = &mut self.entries[at];
        if entry.key == 0 {
            (entry.key, entry.context) = (key, context);
            self.used += 1;
        }
        entry
    }

    /// Counts a transition `count` times.
    fn add(&mut self, context: u64, key: u64, count: u32) {
        let entry = self.entry(key, context);
        let new = entry.count == 0;
        entry.count = entry.count.saturating_add(count);
        let context = self.entry(context, 0);
        context.count = context.count.saturating_add(count);
        context.kinds += u32::from(new);
    }

    fn grow(&mut self) {
        let room = (2 * self.entries.len()).max(ENTRIES_MIN);
        let before = std::mem::replace(&mut self.entries, vec![Entry::default(); room]);
        let mask = room - 1;
        for entry in before.into_iter().filter(|entry| entry.key != 0) {
            let mut at = entry.key as usize & mask;
            while self.entries[at].key != 0 {
                at = (at + 1) & mask;
            }
            self.entries[at] = entry;
        }
    }

    /// Ages until what is kept is within the bound.
    fn bound(&mut self) {
        while self.used > self.most {
            let mut transitions = self.transitions();
            transitions.iter_mut().for_each(|transition| transition.2 /= 2);
            transitions.retain(|transition| transition.2 > 0);
            *self = State { most: self.most, transitions }.into();
        }
    }

    fn transitions(&self) -> Vec<(u64, u64, u32)> {
        let entries = self.entries.iter().filter(|entry| entry.context != 0);
        let mut all: Vec<_> = entries.map(|e| (e.context, e.key, e.count)).collect();
        all.sort_unstable();
        all
    }
}
