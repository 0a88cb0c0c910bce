//! From a reading of the clock to UTC, in a zone, with the rule in force remembered.
//!
//! Looking a zone up costs some hundred nanoseconds, so the span of local time around the last
//! answer in which no rule changes is kept. Near a change (26 h, more than any shift ever made)
//! each reading is looked up; gaps and overlaps are settled as RFC 5545 does (jiff `compatible`).

use jiff::{Timestamp, civil, tz::TimeZone};

/// The zone of times that name none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Zone {
    /// UTC.
    #[default]
    Utc,
    /// A fixed offset in seconds, east positive.
    Fixed(i32),
    /// A zone with rules.
    Named(TimeZone),
    /// The machine's zone.
    System,
}

impl Zone {
    /// What people call it.
    pub fn name(&self) -> String {
        match self {
            Zone::Utc => "UTC".to_owned(),
            Zone::Fixed(seconds) => {
                let sign = if *seconds < 0 { '-' } else { '+' };
                let minutes = seconds.unsigned_abs() / 60;
                format!("UTC{sign}{:02}:{:02}", minutes / 60, minutes % 60)
            }
            Zone::Named(zone) => zone.iana_name().unwrap_or("the named zone").to_owned(),
            Zone::System => "the machine's zone".to_owned(),
        }
    }
}

/// Any shift of clocks is smaller than this many seconds.
const MARGIN: i64 = 26 * 3600;

/// A zone with the span in which its last answer holds.
#[derive(Clone, Debug)]
pub(super) struct Local {
    rules: Option<TimeZone>,
    offset: i32,
    from: i64,
    until: i64,
}

impl Local {
    pub(super) fn new(zone: &Zone) -> Local {
        let (rules, offset) = match zone {
            Zone::Utc => (None, 0),
            Zone::Fixed(seconds) => (None, *seconds),
            Zone::Named(zone) => (Some(zone.clone()), 0),
            Zone::System => (Some(TimeZone::system()), 0),
        };
        Local { rules, offset, from: 0, until: 0 }
    }

    /// The offset from UTC, in seconds, of a local reading.
    #[inline]
    pub(super) fn offset(&mut self, local: i64) -> i32 {
        if self.rules.is_none() || (self.from..self.until).contains(&local) {
            return self.offset;
        }
        self.look_up(local)
    }

    #[cold]
    fn look_up(&mut self, local: i64) -> i32 {
        let Some(rules) = &self.rules else { return self.offset };
        let Some((offset, at)) = resolve(rules, local) else { return 0 };
        let near =
            |t: Option<jiff::tz::TimeZoneTransition<'_>>| t.map(|t| t.timestamp().as_second());
        // A change at this very second is one that has happened.
        let next = at.checked_add(jiff::SignedDuration::from_secs(1)).unwrap_or(at);
        let before = near(rules.preceding(next).next());
        let after = near(rules.following(at).next());
        let from = before.map_or(i64::MIN, |t| t + i64::from(offset) + MARGIN);
        let until = after.map_or(i64::MAX, |t| t + i64::from(offset) - MARGIN);
        // A reading inside a gap is answered by the rule before it and lies outside this span.
        if (from..until).contains(&local) {
            (self.offset, self.from, self.until) = (offset, from, until);
        }
        offset
    }
}

fn resolve(rules: &TimeZone, local: i64) -> Option<(i32, Timestamp)> {
    let reading = civil::DateTime::constant(1970, 1, 1, 0, 0, 0, 0)
        .checked_add(jiff::SignedDuration::from_secs(local))
        .ok()?;
    let at = rules.to_ambiguous_timestamp(reading).compatible().ok()?;
    Some(((local - at.as_second()) as i32, at))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn remembered_offsets_are_the_looked_up_ones(
            locals in proptest::collection::vec(0i64..4_000_000_000, 1..40),
            steps in proptest::collection::vec(-90_000i64..90_000, 0..40),
            name in proptest::sample::select(vec![
                "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia",
                "Asia/Kolkata", "Africa/Casablanca",
            ]),
        ) {
            let rules = TimeZone::get(name).unwrap();
            let mut zone = Local::new(&Zone::Named(rules.clone()));
            for mut local in locals {
                for step in &steps {
                    prop_assert_eq!(zone.offset(local), resolve(&rules, local).unwrap().0);
                    local += step;
                }
            }
        }
    }

    /// At the very second of a change, and beside it, an answer must not be remembered for longer
    /// than it holds.
    #[test]
    fn what_is_remembered_ends_at_a_change() {
        for name in ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia"] {
            let rules = TimeZone::get(name).unwrap();
            let start = Timestamp::from_second(1_230_000_000).unwrap();
            for change in rules.following(start).take(12) {
                let at = change.timestamp().as_second();
                for first in [-90_000, -3_601, -3_600, -1, 0, 1, 1_799, 1_800, 3_600, 90_000] {
                    for second in [-8_000_000, -100_000, 100_000, 8_000_000] {
                        for offset in [change.offset().seconds(), 3_600, -18_000, 37_800] {
                            let local = at + i64::from(offset);
                            let mut zone = Local::new(&Zone::Named(rules.clone()));
                            zone.offset(local + first);
                            let expected = resolve(&rules, local + second).unwrap().0;
                            assert_eq!(
                                zone.offset(local + second),
                                expected,
                                "{name} {at} {first}"
                            );
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn gaps_and_overlaps() {
        let mut berlin = Local::new(&Zone::Named(TimeZone::get("Europe/Berlin").unwrap()));
        let at = |text: &str| {
            let reading: civil::DateTime = text.parse().unwrap();
            reading.to_zoned(TimeZone::UTC).unwrap().timestamp().as_second()
        };
        // In the gap the offset before it holds; in the overlap the first pass counts.
        assert_eq!(berlin.offset(at("2026-03-29T02:30:00")), 3600);
        assert_eq!(berlin.offset(at("2026-10-25T02:30:00")), 7200);
        assert_eq!(berlin.offset(at("2026-07-01T12:00:00")), 7200);
        assert_eq!(berlin.offset(at("2026-01-01T12:00:00")), 3600);
    }
}
