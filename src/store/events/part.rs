//! What readers see: a snapshot is a list of parts, and a part is a block on disk or rows that a
//! writer still gathers. Both look the same.
//!
//! A part never changes. Its columns are read when they are asked for, checked, and kept in a
//! cache that all readers share. Rows are in the order in which they were written, which within a
//! writer is the total order of events, not that of the times they speak of.

use super::block::Block;
use super::error::{Result, StoreError};
use super::needle::Needle;
use super::open::{OpenPart, Published};
use super::rows::{Coded, Entity, Rows, Stamps, Template};
use super::words;
use roaring::RoaringBitmap;
use seerflow_model::record::RecordMeta;
use seerflow_model::{Event, Flags, LineEnd, Ns, RecordBatch, SourceInfo};
use seerflow_parsing::header::Reader;
use seerflow_parsing::parser::Parser;
use std::sync::{Arc, RwLock};
use uuid::Uuid;

/// Rows in which a needle was looked for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Hits {
    /// It is in these for certain.
    pub sure: RoaringBitmap,
    /// It may be in these, in a value that reads otherwise than in the record: only parsing
    /// tells. Not in `sure`.
    pub maybe: RoaringBitmap,
}

/// The entities of the rows of a part.
#[derive(Clone, Debug)]
pub struct Who {
    /// All entities of the part, each once.
    pub entities: Arc<[Entity]>,
    /// Lists of indexes into `entities` that occur.
    pub lists: Arc<Lists>,
    /// Per row, an index into `lists`.
    pub codes: Arc<[u32]>,
}

/// Lists of codes, one behind the other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lists {
    ends: Vec<u32>,
    codes: Vec<u32>,
}

impl Lists {
    /// Adds a code to the list that is being made.
    pub(super) fn add(&mut self, code: u32) {
        self.codes.push(code);
    }

    /// Ends that list.
    pub(super) fn end(&mut self) {
        self.ends.push(self.codes.len() as u32);
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &[u32]> {
        (0..self.len() as u32).filter_map(|list| self.get(list))
    }

    /// One of them.
    pub fn get(&self, list: u32) -> Option<&[u32]> {
        let end = *self.ends.get(list as usize)?;
        let start =
            list.checked_sub(1).map_or(Some(0), |at| self.ends.get(at as usize).copied())?;
        self.codes.get(start as usize..end as usize)
    }
}

impl Who {
    /// The entities of a row.
    pub fn of(&self, row: u32) -> impl Iterator<Item = &Entity> {
        let list = self.codes.get(row as usize).and_then(|code| self.lists.get(*code));
        list.into_iter().flatten().filter_map(|at| self.entities.get(*at as usize))
    }

    /// The rows in which an entity is, by its key, ascending.
    pub fn rows(&self, key: u64) -> Vec<u32> {
        let Some(at) = self.entities.iter().position(|entity| entity.key == key) else {
            return Vec::new();
        };
        let at = at as u32;
        let named: Vec<bool> = self.lists.iter().map(|list| list.contains(&at)).collect();
        let named = |code: &u32| named.get(*code as usize).copied().unwrap_or(false);
        (0u32..)
            .zip(self.codes.iter())
            .filter(|(_, code)| named(code))
            .map(|(row, _)| row)
            .collect()
    }
}

/// What is kept of a row beside its record and indexes.
#[derive(Clone, Debug)]
pub struct Row {
    /// Where it came from.
    pub source: Arc<SourceInfo>,
    /// Its stamps, its place of time, its flags and its end; `start` is 0.
    pub meta: RecordMeta,
    /// When it reached us.
    pub observed: Ns,
    /// The bytes of the record, without its line end.
    pub raw: Vec<u8>,
}

impl Row {
    /// Reads the event again.
    pub fn event(self, parser: &mut Parser) -> Event {
        let (meta, flags) = (self.meta, self.meta.flags);
        let batch = RecordBatch {
            source: self.source,
            observed: self.observed,
            bytes: self.raw,
            records: Vec::new(),
        };
        let mut event = parser.parse(&batch, &meta);
        event.flags.set(flags);
        event
    }

    /// The record with its line end, as it was written.
    pub fn bytes(&self) -> Vec<u8> {
        [&self.raw, self.meta.end.bytes()].concat()
    }
}

/// A part of a snapshot; clones share it.
#[derive(Clone, Debug)]
pub struct Part(Inner);

#[derive(Clone, Debug)]
enum Inner {
    Open(Arc<OpenPart>),
    Sealed(Arc<Block>),
}

/// Calls the same of either kind.
macro_rules! either {
    ($part:expr, $inner:ident => $what:expr) => {
        match &$part.0 {
            Inner::Open($inner) => $what,
            Inner::Sealed($inner) => $what,
        }
    };
}

impl Part {
    /// Rows that are in no store: all of them are to be seen.
    pub fn of(rows: Rows) -> Part {
        let published = Published::default().and(&rows);
        Part::open(OpenPart { rows: Arc::new(RwLock::new(rows)), published })
    }

    pub(super) fn open(part: OpenPart) -> Part {
        Part(Inner::Open(Arc::new(part)))
    }

    /// Rows that wait to be written.
    pub(super) fn waiting(part: Arc<OpenPart>) -> Part {
        Part(Inner::Open(part))
    }

    pub(super) fn sealed(block: Arc<Block>) -> Part {
        Part(Inner::Sealed(block))
    }

    /// How many rows it has; rows are numbered from 0.
    pub fn rows(&self) -> u32 {
        either!(self, part => part.rows())
    }

    /// Least and greatest time that its rows speak of.
    pub fn span(&self) -> (Ns, Ns) {
        either!(self, part => part.span())
    }

    /// The severities that occur: bit n is set for severity n.
    pub fn severities(&self) -> u8 {
        either!(self, part => part.severities())
    }

    /// Whether it is on disk.
    pub fn is_sealed(&self) -> bool {
        matches!(self.0, Inner::Sealed(_))
    }

    /// The times that the rows speak of.
    pub fn times(&self) -> Result<Arc<[Ns]>> {
        either!(self, part => part.times())
    }

    /// The positions of the rows in their sources.
    pub fn seqs(&self) -> Result<Arc<[u64]>> {
        either!(self, part => part.seqs())
    }

    /// Severities by number.
    pub fn severity(&self) -> Result<Arc<[u8]>> {
        either!(self, part => part.severity())
    }

    /// Formats: the number is that of the variant of `Format`; see [`format_of`].
    pub fn formats(&self) -> Result<Arc<[u8]>> {
        either!(self, part => part.formats())
    }

    /// The final flags.
    pub fn flags(&self) -> Result<Arc<[u16]>> {
        either!(self, part => part.flags())
    }

    /// Rows about which something is unusual, ascending, with their probabilities; others have 1.
    pub fn probabilities(&self) -> Result<Arc<[(u32, f64)]>> {
        either!(self, part => part.probabilities())
    }

    /// The sources of the rows. One source can be there twice, with more known of it.
    pub fn sources(&self) -> Result<Coded<Arc<SourceInfo>>> {
        either!(self, part => part.sources())
    }

    /// The templates of the rows.
    pub fn templates(&self) -> Result<Coded<Template>> {
        either!(self, part => part.templates())
    }

    /// Header hosts as they are written; empty where there is none.
    pub fn hosts(&self) -> Result<Coded<Arc<str>>> {
        either!(self, part => part.hosts())
    }

    /// Programs as they are written; empty where there is none.
    pub fn programs(&self) -> Result<Coded<Arc<str>>> {
        either!(self, part => part.programs())
    }

    /// Who and what the rows speak of.
    pub fn who(&self) -> Result<Who> {
        either!(self, part => part.who())
    }

    /// The entities of the rows, each once; cheaper than `who`.
    pub fn entities(&self) -> Result<Arc<[Entity]>> {
        either!(self, part => part.entities())
    }

    /// Whether the needle may be in the text of a row; a "no" is certain.
    pub fn may_hold(&self, needle: &Needle) -> Result<bool> {
        either!(self, part => part.may_hold(needle))
    }

    /// Whether a row may have a field or header value that is this text, but for case; a "no" is
    /// certain.
    pub fn may_hold_value(&self, value: &str) -> Result<bool> {
        let mut hashes = Vec::new();
        words::hashes(value, |h| hashes.push(h));
        either!(self, part => part.may_hold_value(&hashes))
    }

    /// Whether a row may speak of an entity, by its UUID; a "no" is certain.
    pub fn may_name(&self, id: Uuid) -> Result<bool> {
        either!(self, part => part.may_name(id))
    }

    /// Whether a row may speak of an entity, by its key; a "no" is certain.
    pub fn may_hold_entity(&self, key: u64) -> Result<bool> {
        either!(self, part => part.may_hold_entity(key))
    }

    /// The rows whose text holds the needle.
    pub fn rows_with(&self, needle: &Needle) -> Result<Hits> {
        either!(self, part => part.rows_with(needle))
    }

    /// The rows that speak of an entity, by its key, ascending.
    pub fn entity_rows(&self, key: u64) -> Result<Vec<u32>> {
        if self.may_hold_entity(key)? { Ok(self.who()?.rows(key)) } else { Ok(Vec::new()) }
    }

    /// The key by which results are ordered: time, source, position in it.
    pub fn key(&self, row: u32) -> Result<(Ns, u64, u64)> {
        let none = || StoreError::NoSuchRow { row, rows: self.rows() };
        let time = *self.times()?.get(row as usize).ok_or_else(none)?;
        let seq = *self.seqs()?.get(row as usize).ok_or_else(none)?;
        let source = self.sources()?.get(row).ok_or_else(none)?.id;
        Ok((time, source, seq))
    }

    /// A row as it was kept.
    pub fn row(&self, row: u32) -> Result<Row> {
        let rows = self.rows();
        if row >= rows {
            return Err(StoreError::NoSuchRow { row, rows });
        }
        either!(self, part => part.row(row))
    }

    /// The bytes of the record of a row, without its line end.
    pub fn raw(&self, row: u32) -> Result<Vec<u8>> {
        match &self.0 {
            Inner::Open(part) => part.row(row).map(|row| row.raw),
            Inner::Sealed(block) => block.raw(row),
        }
    }

    /// The event of a row, read again.
    pub fn event(&self, row: u32, parser: &mut Parser) -> Result<Event> {
        self.row(row).map(|row| row.event(parser))
    }
}

/// The format with a number.
pub fn format_of(number: u8) -> seerflow_model::Format {
    let all = seerflow_model::Format::ALL;
    all.into_iter().find(|format| *format as u8 == number).unwrap_or_default()
}

pub(super) fn meta(stamps: &Stamps, len: usize) -> RecordMeta {
    RecordMeta {
        start: 0,
        len: len as u32,
        seq: stamps.seq,
        event_time: stamps.event_time,
        effective: stamps.effective,
        time_start: stamps.place.0,
        time_len: stamps.place.1,
        flags: Flags(stamps.flags),
        end: LineEnd::ALL.get(usize::from(stamps.end & 3)).copied().unwrap_or_default(),
    }
}

/// The event of a row without masks, roles and entities: enough to tell what the parser adds.
pub(super) fn reread(
    reader: &mut Reader,
    source: &Arc<SourceInfo>,
    stamps: &Stamps,
    raw: &[u8],
) -> Event {
    let meta = meta(stamps, raw.len());
    let batch = RecordBatch {
        source: Arc::clone(source),
        observed: stamps.observed,
        bytes: raw.to_vec(),
        records: Vec::new(),
    };
    reader.read(&batch, &meta)
}

/// What was in the store at one moment.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    pub(super) parts: Vec<Part>,
}

impl Snapshot {
    /// Its parts. Parts of one writer follow each other in the order in which they were written.
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// Of these parts, for what is in no store.
    pub fn of(parts: Vec<Part>) -> Snapshot {
        Snapshot { parts }
    }

    /// How many events it holds.
    pub fn events(&self) -> u64 {
        self.parts.iter().map(|part| u64::from(part.rows())).sum()
    }
}
