//! Which year a time without one belongs to.
//!
//! The first such time of a source is settled by the policy; each later one by the one before it:
//! a step back by more than half a year is New Year's Eve passing (a year is added), a step ahead
//! by more than eleven months is a record of the old year that comes late (one is taken back).

use super::civil::{Civil, YEAR_MAX, YEAR_MIN, leap, ns_of, year_of_days};
use super::zone::Local;
use seerflow_model::time::{DAY, Ns};
use serde::{Deserialize, Serialize};

/// How the year of the first time without one is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum YearPolicy {
    /// It is this year.
    Fixed(i32),
    /// It is the greatest year that puts the time at most a day after this moment (the
    /// modification time of a file, the clock of a receiver).
    NotAfter(Ns),
}

/// Days back that mean a new year has begun.
const BACK: i32 = 183;
/// Days ahead that mean the record is of the year before.
const AHEAD: i32 = 335;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Years {
    policy: YearPolicy,
    /// Year and day of the year of the last time without a year.
    last: Option<(i32, i32)>,
    pub(super) wraps: i32,
    pub(super) used: bool,
}

impl Years {
    pub(super) fn new(policy: YearPolicy) -> Years {
        Years { policy, last: None, wraps: 0, used: false }
    }

    pub(super) fn anchor(&mut self, now: Ns) {
        self.policy = YearPolicy::NotAfter(now);
        self.last = None;
    }

    pub(super) fn settle(&mut self, civil: &Civil, zone: &mut Local) -> i32 {
        let day = civil.day_of_year();
        let year = match self.last {
            None => self.first(civil, zone),
            Some((year, last)) if day - last < -BACK => {
                self.wraps += 1;
                year + 1
            }
            Some((year, last)) if day - last > AHEAD => {
                self.wraps -= 1;
                year - 1
            }
            Some((year, _)) => year,
        };
        let year = fitting(civil, year.clamp(YEAR_MIN, YEAR_MAX));
        self.last = Some((year, day));
        self.used = true;
        year
    }

    fn first(&self, civil: &Civil, zone: &mut Local) -> i32 {
        let limit = match self.policy {
            YearPolicy::Fixed(year) => return year,
            YearPolicy::NotAfter(ns) => ns.saturating_add(DAY),
        };
        let mut year = year_of_days((limit / DAY) as i64) + 1;
        while year > YEAR_MIN {
            let candidate = fitting(civil, year);
            let local = civil.local_seconds(candidate);
            let offset = civil.offset.unwrap_or_else(|| zone.offset(local));
            if ns_of(local, offset, civil.nanos) <= limit {
                return candidate;
            }
            // Before 1972 there is no leap year to fall back to.
            year = candidate.min(year) - 1;
        }
        YEAR_MIN
    }
}

/// The year itself, or the last leap year before it for a 29 February.
fn fitting(civil: &Civil, mut year: i32) -> i32 {
    while civil.leap_day() && !leap(year) {
        year = if year > 1972 { year - 1 } else { 1972 };
    }
    year
}
