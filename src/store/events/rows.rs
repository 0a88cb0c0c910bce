//! Rows that are not yet coded: what a writer gathers, what a merge reads, what a block is made of.
//!
//! A struct of columns, only appended to, so that whoever knows a number of rows can read those
//! at any later time. Kept are the bytes of the record and what the parser cannot tell from them
//! (source, stamps, template, probability), beside that only what indexes are made of.
//!
//! Cost: about half a microsecond an event, copies and look-ups, no compression.

use super::words;
use hashbrown::HashMap;
use seerflow_model::entity::EntityType;
use seerflow_model::event::Span;
use seerflow_model::{Event, Ns, SourceInfo};
use std::sync::Arc;

/// Most rows of a block.
pub const ROWS_MAX: usize = 16 * 1024;
/// Bytes of records and additions at which a block is full.
pub const BYTES_FULL: usize = 8 << 20;
/// In `end`: a value of the row reads otherwise than in the record.
pub(super) const APART: u8 = 4;
/// The score of a row is −log10 of its probability in this many steps.
const SCORE_STEPS: f64 = 2048.0;

/// A column whose values repeat: a code per row, and what the codes mean.
#[derive(Clone, Debug)]
pub struct Coded<T> {
    /// Per row, an index into `values`.
    pub codes: Arc<[u32]>,
    /// The values.
    pub values: Arc<[T]>,
}

impl<T> Coded<T> {
    /// The value of a row.
    pub fn get(&self, row: u32) -> Option<&T> {
        self.values.get(*self.codes.get(row as usize)? as usize)
    }
}

/// A column of a builder.
#[derive(Debug)]
pub(super) struct Column<K, T> {
    pub(super) codes: Vec<u32>,
    pub(super) values: Vec<T>,
    known: HashMap<K, u32>,
}

impl<K, T> Default for Column<K, T> {
    fn default() -> Self {
        Column { codes: Vec::new(), values: Vec::new(), known: HashMap::new() }
    }
}

impl<T: Clone> Column<u64, T> {
    fn by_hash(&mut self, key: u64, value: impl FnOnce() -> T) -> u32 {
        let values = &mut self.values;
        *self.known.entry(key).or_insert_with(|| {
            values.push(value());
            values.len() as u32 - 1
        })
    }
}

impl Column<Arc<str>, Arc<str>> {
    fn by_text(&mut self, text: &str) -> u32 {
        if let Some(code) = self.known.get(text) {
            return *code;
        }
        let text: Arc<str> = text.into();
        let code = self.values.len() as u32;
        self.values.push(Arc::clone(&text));
        self.known.insert(text, code);
        code
    }
}

/// A list of codes per row, equal lists shared.
#[derive(Debug, Default)]
pub(super) struct Lists {
    pub(super) codes: Vec<u32>,
    pub(super) values: Vec<Box<[u32]>>,
    known: HashMap<Box<[u32]>, u32>,
}

impl Lists {
    fn push(&mut self, list: &[u32]) {
        let code = match self.known.get(list) {
            Some(code) => *code,
            None => {
                let code = self.values.len() as u32;
                self.values.push(list.into());
                self.known.insert(list.into(), code);
                code
            }
        };
        self.codes.push(code);
    }
}

/// A template as its block knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    /// Its id.
    pub id: u64,
    /// Its text, as it was last in the block.
    pub text: Arc<str>,
}

/// An entity as its block knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entity {
    /// The key by which events know it.
    pub key: u64,
    /// Its type.
    pub kind: EntityType,
    /// Its canonical value.
    pub value: Arc<str>,
}

/// What is the same in all columns of small numbers of one row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Stamps {
    pub(super) seq: u64,
    pub(super) effective: Ns,
    pub(super) event_time: Option<Ns>,
    pub(super) observed: Ns,
    pub(super) flags: u16,
    pub(super) end: u8,
    pub(super) place: (u32, u32),
    pub(super) severity: u8,
    pub(super) format: u8,
    /// 0 when nothing is unusual.
    pub(super) score: u16,
}

impl Stamps {
    pub(super) fn about(&self) -> Ns {
        self.event_time.unwrap_or(self.effective)
    }
}

/// See the module head.
#[derive(Debug, Default)]
pub struct Rows {
    pub(super) raw: Vec<u8>,
    pub(super) raw_ends: Vec<u32>,
    pub(super) tail: String,
    pub(super) tail_ends: Vec<u32>,
    /// Where values stand in the record.
    pub(super) spans: Vec<(u32, u32)>,
    pub(super) span_ends: Vec<u32>,
    /// Hashes of words of field values that the text holds only as part of a word.
    pub(super) cuts: Vec<u64>,
    pub(super) stamps: Vec<Stamps>,
    pub(super) source: Column<u64, Arc<SourceInfo>>,
    pub(super) template: Column<u64, Template>,
    pub(super) host: Column<Arc<str>, Arc<str>>,
    pub(super) program: Column<Arc<str>, Arc<str>>,
    pub(super) entities: Vec<Entity>,
    known: HashMap<u64, u32>,
    pub(super) who: Lists,
    list: Vec<u32>,
}

/// What a store keeps of a row beside its record; see [`Rows::push`].
pub(super) struct RowParts<'a> {
    pub(super) raw: &'a [u8],
    pub(super) tail: &'a str,
    pub(super) spans: &'a [(u32, u32)],
    pub(super) cuts: &'a [u64],
    pub(super) stamps: Stamps,
    pub(super) source: &'a Arc<SourceInfo>,
    pub(super) template: &'a Template,
    pub(super) host: &'a str,
    pub(super) program: &'a str,
    pub(super) who: &'a [&'a Entity],
}

/// Quantises a probability; 0 for 1.
pub(super) fn score(probability: f64) -> u16 {
    if probability.is_nan() || probability >= 1.0 {
        return 0;
    }
    (-probability.max(1e-300).log10() * SCORE_STEPS).round().clamp(1.0, 65535.0) as u16
}

/// The probability that a score stands for.
pub(super) fn probability(score: u16) -> f64 {
    10f64.powf(-f64::from(score) / SCORE_STEPS)
}

fn from(ends: &[u32], row: usize) -> std::ops::Range<usize> {
    let start = row.checked_sub(1).and_then(|before| ends.get(before)).copied().unwrap_or(0);
    start as usize..ends.get(row).copied().unwrap_or(start) as usize
}

impl Rows {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.stamps.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.stamps.is_empty()
    }

    /// Whether a block should be made of them now.
    pub fn is_full(&self) -> bool {
        self.len() >= ROWS_MAX || self.bytes() >= BYTES_FULL
    }

    /// Bytes of records and additions.
    pub fn bytes(&self) -> usize {
        self.raw.len() + self.tail.len()
    }

    pub(super) fn raw(&self, row: usize) -> &[u8] {
        self.raw.get(from(&self.raw_ends, row)).unwrap_or_default()
    }

    pub(super) fn tail(&self, row: usize) -> &str {
        self.tail.get(from(&self.tail_ends, row)).unwrap_or_default()
    }

    pub(super) fn spans(&self, row: usize) -> &[(u32, u32)] {
        self.spans.get(from(&self.span_ends, row)).unwrap_or_default()
    }

    /// Takes an event.
    pub fn keep(&mut self, event: &Event, template: u64, text: &str, probability: f64) {
        let record = event.record_len as usize;
        let raw = event.raw();
        self.bytes_of(raw, event.text.get(record..).unwrap_or_default());
        // Spans are places in the text; in bytes that are no text they would be wrong.
        if event.raw.is_none() {
            let places = event.params.iter().map(|param| (param.value.start, param.value.len));
            self.spans.extend(
                places
                    .map(|(start, len)| (start, start.saturating_add(len)))
                    .filter(|(start, end)| start < end && *end as usize <= record),
            );
        }
        self.span_ends.push(self.spans.len() as u32);
        let cuts = cut_words(event, |h| self.cuts.push(h));
        let apart = cuts || event.text.len() > record;
        self.stamps.push(Stamps {
            seq: event.seq,
            effective: event.effective_time,
            event_time: event.event_time,
            observed: event.observed_time,
            flags: event.flags.0,
            end: event.end as u8 | if apart { APART } else { 0 },
            place: event.time_place,
            severity: event.severity.id(),
            format: event.format as u8,
            score: score(probability),
        });
        self.code(&event.source, template, text, event.host(), event.program());
        self.list.clear();
        for entity in &event.entities {
            let code = match self.known.get(&entity.key) {
                Some(code) => *code,
                None => self.entity(Entity {
                    key: entity.key,
                    kind: entity.kind,
                    value: event.canonical(entity).into(),
                }),
            };
            if !self.list.contains(&code) {
                self.list.push(code);
            }
        }
        self.who.push(&self.list);
    }

    /// Takes a row of another block.
    pub(super) fn push(&mut self, row: RowParts<'_>) {
        self.bytes_of(row.raw, row.tail);
        self.spans.extend_from_slice(row.spans);
        self.cuts.extend_from_slice(row.cuts);
        self.span_ends.push(self.spans.len() as u32);
        let apart = if row.cuts.is_empty() { 0 } else { APART };
        self.stamps.push(Stamps { end: row.stamps.end | apart, ..row.stamps });
        self.code(row.source, row.template.id, &row.template.text, row.host, row.program);
        self.list.clear();
        for entity in row.who {
            let code = match self.known.get(&entity.key) {
                Some(code) => *code,
                None => self.entity((*entity).clone()),
            };
            self.list.push(code);
        }
        self.who.push(&self.list);
    }

    /// Whether a value of the row reads otherwise than in the record: added to it, or a part of a
    /// word there.
    pub(super) fn is_apart(&self, row: usize) -> bool {
        !self.tail(row).is_empty() || self.stamps.get(row).is_some_and(|s| s.end & APART != 0)
    }

    fn bytes_of(&mut self, raw: &[u8], tail: &str) {
        self.raw.extend_from_slice(raw);
        self.raw_ends.push(self.raw.len() as u32);
        self.tail.push_str(tail);
        self.tail_ends.push(self.tail.len() as u32);
    }

    fn entity(&mut self, entity: Entity) -> u32 {
        let code = self.entities.len() as u32;
        self.known.insert(entity.key, code);
        self.entities.push(entity);
        code
    }

    fn code(&mut self, source: &Arc<SourceInfo>, id: u64, text: &str, host: &str, program: &str) {
        let mut code = self.source.by_hash(source.id, || Arc::clone(source));
        let known = self.source.values.get(code as usize);
        if known.is_some_and(|known| !Arc::ptr_eq(known, source) && known != source) {
            // What is known of a source can grow: rows before keep what was known then.
            code = self.source.values.len() as u32;
            self.source.values.push(Arc::clone(source));
            self.source.known.insert(source.id, code);
        }
        self.source.codes.push(code);
        let code = self.template.by_hash(id, || Template { id, text: text.into() });
        if let Some(known) = self.template.values.get_mut(code as usize)
            && &*known.text != text
        {
            known.text = text.into();
        }
        self.template.codes.push(code);
        let code = self.host.by_text(host);
        self.host.codes.push(code);
        let code = self.program.by_text(program);
        self.program.codes.push(code);
    }
}

/// Gives the words of values that stand in the text as a part of a word, and says whether there
/// are such values.
pub(super) fn cut_words(event: &Event, mut give: impl FnMut(u64)) -> bool {
    let heads = [event.host, event.program, event.pid, event.msgid, event.message];
    let ids = [event.trace_id, event.span_id];
    let fields = event.fields.iter().map(|field| field.value);
    let mut any = false;
    for span in heads.into_iter().chain(ids).chain(fields) {
        if cuts(&event.text, event.record_len as usize, span) {
            any = true;
            words::hashes(event.get(span), &mut give);
        }
    }
    any
}

/// Whether a span begins or ends inside of a word.
fn cuts(text: &str, record: usize, span: Span) -> bool {
    let bytes = text.as_bytes();
    let word = |at: usize| bytes.get(at).is_some_and(|b| b.is_ascii_alphanumeric() || *b >= 0x80);
    let (start, end) = (span.start as usize, span.end());
    let inside = |at: usize| at > 0 && at != record && word(at - 1) && word(at);
    !span.is_empty() && (inside(start) || inside(end))
}

/// The key of an entity, as events have it.
pub(super) fn entity_key(kind: EntityType, value: &str) -> u64 {
    seerflow_model::entity::key(kind, value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_keep_their_order_and_nearly_their_value() {
        assert_eq!(score(1.0), 0);
        assert_eq!(score(f64::NAN), 0);
        assert_eq!(probability(0), 1.0);
        let mut before = 0;
        for p in [0.999_999, 0.5, 1e-3, 1e-10, 1e-31] {
            let coded = score(p);
            assert!(coded > before);
            assert!((probability(coded) / p - 1.0).abs() < 1.2e-3, "{p}");
            before = coded;
        }
        assert_eq!(score(0.0), 65535);
    }
}
