//! How many events fit per stretch of time, in all or by the values of a field.
//!
//! Exact: every event that fits is counted once. Buckets begin at whole multiples of their width
//! since 1970 UTC. Of a field the values with the most events are told apart; what the others
//! have is one sum.
//!
//! Cost: a part that lies in one bucket and fits as a whole is one addition; else its times and
//! one column.

use super::budget::Budget;
use super::reading::Reading;
use super::scan::{Tools, scan};
use super::{Aliases, EventQuery, FindError};
use crate::store::events::{Coded, Result as StoreResult, Snapshot, format_of};
use hashbrown::HashMap;
use roaring::RoaringBitmap;
use seerflow_model::{Ns, Severity};
use seerflow_parsing::parser::Parser;

/// Most buckets of a histogram.
pub const BUCKETS_MAX: u64 = 10_000;
/// Most values that are told apart.
pub const TOP_MAX: usize = 100;
/// Most pairs of bucket and value that are held while counting.
const CELLS_MAX: usize = 1_000_000;

/// What events are counted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// How bad they are, by name.
    Severity,
    /// Name of the source.
    Source,
    /// Type of the source.
    SourceType,
    /// Header host.
    Host,
    /// Program.
    Program,
    /// Template, by the id of the one that stands for it.
    Template,
    /// Format.
    Format,
}

impl By {
    /// All of them.
    pub const ALL: [By; 7] =
        [By::Severity, By::Source, By::SourceType, By::Host, By::Program, By::Template, By::Format];

    /// The name in a request.
    pub const fn name(self) -> &'static str {
        match self {
            By::Severity => "severity",
            By::Source => "source",
            By::SourceType => "source_type",
            By::Host => "host",
            By::Program => "program",
            By::Template => "template",
            By::Format => "format",
        }
    }

    /// By name.
    pub fn parse(name: &str) -> Option<By> {
        By::ALL.into_iter().find(|by| by.name() == name)
    }
}

/// The counts of one value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Series {
    /// The value; empty for events that have none.
    pub value: String,
    /// Its events in all.
    pub total: u64,
    /// Its events per bucket.
    pub counts: Vec<u64>,
}

/// Counts per stretch of time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Histogram {
    /// When the first bucket begins.
    pub start: Ns,
    /// How long each is.
    pub width: Ns,
    /// All events per bucket.
    pub counts: Vec<u64>,
    /// All events.
    pub total: u64,
    /// The values with the most events, the most first.
    pub series: Vec<Series>,
    /// What the other values have per bucket; empty when nothing is counted by.
    pub other: Vec<u64>,
    /// Parts that are damaged and were left out.
    pub damaged: usize,
}

/// Counts events; the page and order of the query do not matter. Without `since` or `until` it
/// reaches as far as the events do.
pub fn histogram(
    snapshot: &Snapshot,
    query: &EventQuery,
    width: Ns,
    by: Option<(By, usize)>,
    parser: &mut Parser,
    aliases: &dyn Aliases,
) -> Result<Histogram, FindError> {
    let Some((start, buckets)) = range(snapshot, query, width)? else {
        return Ok(Histogram { width, ..Histogram::default() });
    };
    if let Some((_, top)) = by
        && !(1..=TOP_MAX).contains(&top)
    {
        return Err(FindError::Top(top));
    }
    let mut counting = Counting {
        start,
        width,
        by: by.map(|(by, _)| by),
        aliases,
        values: HashMap::new(),
        cells: HashMap::new(),
    };
    let (budget, node) = (&mut Budget::default(), query.node());
    let mut too_many = false;
    let damaged = scan(snapshot, &node, aliases, Tools { parser, budget }, |reading, rows| {
        counting.part(reading, &rows)?;
        too_many |= counting.cells.len() > CELLS_MAX;
        Ok(())
    })?;
    if too_many {
        return Err(FindError::TooManyValues);
    }
    Ok(counting.finish(buckets, by.map_or(0, |(_, top)| top), damaged))
}

/// Start of the first bucket and number of buckets; `None` when there is no event at all in the
/// range.
fn range(
    snapshot: &Snapshot,
    query: &EventQuery,
    width: Ns,
) -> Result<Option<(Ns, u64)>, FindError> {
    let parts = || snapshot.parts().iter().filter(|part| part.rows() > 0).map(|part| part.span());
    let first = query.since.or_else(|| parts().map(|(least, _)| least).min());
    let last = match query.until {
        Some(until) => until.checked_sub(1),
        None => parts().map(|(_, greatest)| greatest).max(),
    };
    let (Some(first), Some(last)) = (first, last) else { return Ok(None) };
    if width == 0 {
        return Err(FindError::Buckets(u64::MAX));
    }
    if first > last {
        return Ok(None);
    }
    let start = first - first % width;
    let buckets = (last - start) / width + 1;
    if buckets > BUCKETS_MAX {
        return Err(FindError::Buckets(buckets));
    }
    Ok(Some((start, buckets)))
}

struct Counting<'a> {
    start: Ns,
    width: Ns,
    by: Option<By>,
    aliases: &'a dyn Aliases,
    /// Numbers of values.
    values: HashMap<String, u32>,
    /// Events by bucket and value.
    cells: HashMap<(u32, u32), u64>,
}

impl Counting<'_> {
    fn part(&mut self, reading: &mut Reading<'_>, rows: &RoaringBitmap) -> StoreResult<()> {
        let codes = self.codes(reading)?;
        let (least, greatest) = reading.part.span();
        let bucket = |time: Ns| (time.saturating_sub(self.start) / self.width) as u32;
        let code = |row: u32| codes.as_ref().and_then(|codes| codes.get(row)).copied().unwrap_or(0);
        // Counted apart, so that a part is counted as a whole or not at all.
        let mut cells: HashMap<(u32, u32), u64> = HashMap::new();
        if least >= self.start && bucket(least) == bucket(greatest) && codes.is_none() {
            cells.insert((bucket(least), 0), rows.len());
        } else {
            let times = reading.times()?;
            let mut run = ((u32::MAX, u32::MAX), 0);
            for row in rows {
                let time = times.get(row as usize).copied().unwrap_or(self.start);
                let cell = (bucket(time), code(row));
                if cell != run.0 {
                    add(&mut cells, run);
                    run = (cell, 0);
                }
                run.1 += 1;
            }
            add(&mut cells, run);
        }
        cells.into_iter().for_each(|cell| add(&mut self.cells, cell));
        Ok(())
    }

    /// The number of its value per row.
    fn codes(&mut self, reading: &Reading<'_>) -> StoreResult<Option<Coded<u32>>> {
        let part = reading.part;
        let Some(by) = self.by else { return Ok(None) };
        let small = |column: &[u8], name: &dyn Fn(u8) -> &'static str| {
            let codes = column.iter().map(|id| u32::from(*id)).collect();
            (codes, (0..=u8::MAX).map(|id| name(id).to_owned()).collect::<Vec<_>>())
        };
        let (codes, names) = match by {
            By::Severity => small(&part.severity()?, &|id| Severity::from_id(id).name()),
            By::Format => small(&part.formats()?, &|id| format_of(id).name()),
            By::Source => named(part.sources()?, |source| source.name.clone()),
            By::SourceType => named(part.sources()?, |source| source.source_type.clone()),
            By::Host => named(part.hosts()?, |host| host.to_string()),
            By::Program => named(part.programs()?, |program| program.to_string()),
            By::Template => named(part.templates()?, |t| self.aliases.stands_for(t.id).to_string()),
        };
        let number = |name: String| {
            let next = self.values.len() as u32;
            *self.values.entry(name).or_insert(next)
        };
        let values = names.into_iter().map(number).collect();
        Ok(Some(Coded { codes, values }))
    }

    fn finish(self, buckets: u64, top: usize, damaged: usize) -> Histogram {
        let empty = || vec![0u64; buckets as usize];
        let mut found = Histogram {
            start: self.start,
            width: self.width,
            counts: empty(),
            damaged,
            ..Histogram::default()
        };
        let mut totals = vec![0u64; self.values.len()];
        for (&(bucket, value), &n) in &self.cells {
            found.total += n;
            if let Some(count) = found.counts.get_mut(bucket as usize) {
                *count += n;
            }
            if let Some(total) = totals.get_mut(value as usize) {
                *total += n;
            }
        }
        if self.by.is_none() {
            return found;
        }
        let mut names: Vec<(String, u32)> = self.values.into_iter().collect();
        let total = |value: u32| totals.get(value as usize).copied().unwrap_or(0);
        names.sort_by(|a, b| total(b.1).cmp(&total(a.1)).then_with(|| a.0.cmp(&b.0)));
        names.retain(|(_, value)| total(*value) > 0);
        names.truncate(top);
        let mut place: HashMap<u32, usize> = HashMap::new();
        for (at, (name, value)) in names.into_iter().enumerate() {
            place.insert(value, at);
            found.series.push(Series { value: name, total: total(value), counts: empty() });
        }
        found.other = empty();
        for ((bucket, value), n) in self.cells {
            let counts = match place.get(&value).and_then(|at| found.series.get_mut(*at)) {
                Some(series) => &mut series.counts,
                None => &mut found.other,
            };
            if let Some(count) = counts.get_mut(bucket as usize) {
                *count += n;
            }
        }
        found
    }
}

fn named<T>(column: Coded<T>, name: impl Fn(&T) -> String) -> (std::sync::Arc<[u32]>, Vec<String>) {
    (column.codes, column.values.iter().map(name).collect())
}

fn add(cells: &mut HashMap<(u32, u32), u64>, (cell, n): ((u32, u32), u64)) {
    if n > 0 {
        *cells.entry(cell).or_insert(0) += n;
    }
}
