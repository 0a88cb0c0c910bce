//! When a record says it happened: where its time stands, and which moment that is.
//!
//! Two steps. [`locate`] looks at one line alone: the first complete, plausible and properly
//! delimited time within its first 96 bytes (for JSON: the value of a key that names the time).
//! [`Finder`] then settles what a line cannot know: the zone of times without one and the year of
//! times without one, which depends on the times before it in the same source. That state is a few
//! words, so a reader may start in the middle of a file and give the same stamps.
//!
//! Invariants: what is found does not depend on earlier lines; only a year that is not written
//! does. Times before 1970 or after 2262 are not times; a written offset may clamp at either end.
//! Cost: 20–80 ns a line, no allocation, no regular expression.

mod civil;
mod clock;
mod json;
mod locate;
mod pairs;
mod shape;
mod year;
mod zone;

pub(crate) use civil::at;
pub use civil::{Civil, Stamp};
pub(crate) use locate::{clf_time, priority};
pub use locate::{heads, locate};
pub(crate) use pairs::{key as pair_key, read_value};
pub use year::YearPolicy;
pub use zone::Zone;

use seerflow_model::time::Ns;
use serde::{Deserialize, Serialize};

/// Where the time stands that the field of this name holds, in a JSON object or a line of pairs;
/// names of nested fields are joined with dots.
pub(crate) fn locate_field(line: &[u8], name: &str) -> Option<Located> {
    let blanks = line.iter().take(16).take_while(|c| c.is_ascii_whitespace()).count();
    match at(line, blanks) {
        b'{' => json::locate_field(line, blanks, name.as_bytes()),
        _ => pairs::locate_field(line, blanks, name.as_bytes()),
    }
}

/// As [`locate_field`], in a JSON object: the field of the first name that holds a time.
pub(crate) fn locate_first(line: &[u8], names: &[&str]) -> Option<Located> {
    let blanks = line.iter().take(16).take_while(|c| c.is_ascii_whitespace()).count();
    json::locate_first(line, blanks, names)
}

/// The value of a field of a JSON object as it is written; names of nested fields are joined with
/// dots. Within 64 KiB of the object's beginning.
pub(crate) fn json_value<'a>(object: &'a [u8], name: &str) -> Option<&'a [u8]> {
    let blanks = object.iter().take(16).take_while(|c| c.is_ascii_whitespace()).count();
    json::value(object, blanks, name.as_bytes())
}

/// A time found in a line, before zone and year are settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Located {
    /// First byte of its text.
    pub start: u32,
    /// Length of its text, without brackets or quotes.
    pub len: u32,
    /// What it says.
    pub stamp: Stamp,
}

/// A time found in a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimeHit {
    /// First byte of its text.
    pub start: u32,
    /// Length of its text, without brackets or quotes.
    pub len: u32,
    /// The moment.
    pub ns: Ns,
}

/// What a [`Finder`] has learnt from the lines before; small and serialisable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FinderState {
    years: year::Years,
    zone_less: bool,
}

/// Finds the times of one source's records, in the order of the source.
#[derive(Clone, Debug)]
pub struct Finder {
    zone: zone::Local,
    state: FinderState,
}

impl Finder {
    /// For a source whose times, where they name none, are in `zone`.
    pub fn new(zone: Zone, year: YearPolicy) -> Finder {
        let state = FinderState { years: year::Years::new(year), zone_less: false };
        Finder::resume(zone, state)
    }

    /// Goes on where another finder stood.
    pub fn resume(zone: Zone, state: FinderState) -> Finder {
        Finder { zone: zone::Local::new(&zone), state }
    }

    /// What has been learnt so far.
    pub fn state(&self) -> FinderState {
        self.state
    }

    /// Decides the year anew from the next time without one on, by the clock: a live source whose
    /// sender's clock was wrong once is not held to that year for ever.
    pub fn anchor(&mut self, now: Ns) {
        self.state.years.anchor(now);
    }

    /// Finds the time that a record states about itself.
    #[inline]
    pub fn find(&mut self, line: &[u8]) -> Option<TimeHit> {
        let located = locate(line)?;
        Some(self.settle(&located))
    }

    /// Settles zone and year of a time that was located before.
    #[inline]
    pub fn settle(&mut self, located: &Located) -> TimeHit {
        let ns = self.moment(&located.stamp);
        TimeHit { start: located.start, len: located.len, ns }
    }

    /// The moment that a stamp means in this source.
    #[inline]
    pub fn moment(&mut self, stamp: &Stamp) -> Ns {
        let civil = match stamp {
            Stamp::Epoch(ns) => return *ns,
            Stamp::Civil(civil) => civil,
        };
        let year = match civil.year {
            Some(year) => year,
            None => self.state.years.settle(civil, &mut self.zone),
        };
        let local = civil.local_seconds(year);
        let offset = match civil.offset {
            Some(offset) => offset,
            None => {
                self.state.zone_less = true;
                self.zone.offset(local)
            }
        };
        civil::ns_of(local, offset, civil.nanos)
    }

    /// Whether a time without a year was ever settled.
    pub fn year_less(&self) -> bool {
        self.state.years.used
    }

    /// Whether a time without a zone was ever settled.
    pub fn zone_less(&self) -> bool {
        self.state.zone_less
    }

    /// How often a new year began, less how often a record of the old one came late.
    pub fn year_wraps(&self) -> i32 {
        self.state.years.wraps
    }
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod turns;
