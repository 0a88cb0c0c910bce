//! Calendar arithmetic and digit reading, by hand: a time costs a few nanoseconds to read.

use seerflow_model::time::{Ns, clamp};

/// What a text says about a time, before zone and year are settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stamp {
    /// A reading of clock and calendar.
    Civil(Civil),
    /// Nanoseconds since 1970, whatever the zone.
    Epoch(Ns),
}

/// A reading of clock and calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Civil {
    /// Year; `None` when the text has none.
    pub year: Option<i32>,
    /// 1–12.
    pub month: u8,
    /// 1–31, right for the month (29 February needs a leap year or no year).
    pub day: u8,
    /// 0–23.
    pub hour: u8,
    /// 0–59.
    pub minute: u8,
    /// 0–59; a leap second is read as 59.999999999.
    pub second: u8,
    /// Nanoseconds of the second.
    pub nanos: u32,
    /// Offset from UTC in seconds; `None` when the text has none.
    pub offset: Option<i32>,
}

/// First year that is represented.
pub const YEAR_MIN: i32 = 1970;
/// Last year that is represented (until April).
pub const YEAR_MAX: i32 = 2262;

impl Civil {
    /// Seconds since 1970 of the reading taken as UTC, in the given year.
    #[inline]
    pub fn local_seconds(&self, year: i32) -> i64 {
        days_from_civil(year, self.month, self.day) * 86_400
            + i64::from(self.hour) * 3600
            + i64::from(self.minute) * 60
            + i64::from(self.second)
    }

    /// Whether it is the day that only leap years have.
    pub fn leap_day(&self) -> bool {
        self.month == 2 && self.day == 29
    }

    /// Day of a year without leap day, 0–365; good for distances, not for dates.
    pub fn day_of_year(&self) -> i32 {
        const BEFORE: [i32; 12] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];
        BEFORE[usize::from(self.month - 1) % 12] + i32::from(self.day) - 1
    }

    /// Whether every part is in its range.
    #[inline]
    pub fn valid(&self) -> bool {
        const LONGEST: [u8; 12] = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
        (1..=12).contains(&self.month)
            && (1..=LONGEST[usize::from(self.month - 1)]).contains(&self.day)
            && self.hour < 24
            && self.minute < 60
            && self.second < 60
            && self
                .year
                .is_none_or(|y| (YEAR_MIN..=YEAR_MAX).contains(&y) && (!self.leap_day() || leap(y)))
    }
}

/// Nanoseconds since 1970, clamped.
#[inline]
pub fn ns_of(local_seconds: i64, offset: i32, nanos: u32) -> Ns {
    clamp(i128::from(local_seconds - i64::from(offset)) * 1_000_000_000 + i128::from(nanos))
}

/// Whether a year has a 29 February.
#[inline]
pub fn leap(year: i32) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

/// Days since 1970-01-01 of a date of the Gregorian calendar.
#[inline]
pub fn days_from_civil(year: i32, month: u8, day: u8) -> i64 {
    // The year begins in March, so that the leap day is its last.
    let y = i64::from(year) - i64::from(month <= 2);
    let m = (i64::from(month) + 9) % 12;
    let era = y.div_euclid(400);
    let of_era = y.rem_euclid(400);
    let day_of_year = (153 * m + 2) / 5 + i64::from(day) - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + day_of_year - 719_468
}

/// The year of a number of days since 1970-01-01, not negative.
pub fn year_of_days(days: i64) -> i32 {
    let mut year = (1970 + days.div_euclid(366)) as i32;
    while days_from_civil(year + 1, 1, 1) <= days {
        year += 1;
    }
    year
}

/// The byte at a position; 0 past the end.
#[inline]
pub(crate) fn at(b: &[u8], i: usize) -> u8 {
    b.get(i).copied().unwrap_or(0)
}

/// Reads up to `max` digits; the number of them and their value (wrapping past 19 digits).
#[inline]
pub(crate) fn digits(b: &[u8], i: usize, max: usize) -> (usize, u64) {
    let mut value = 0u64;
    let mut n = 0;
    while n < max {
        let d = at(b, i + n).wrapping_sub(b'0');
        if d > 9 {
            break;
        }
        value = value.wrapping_mul(10).wrapping_add(u64::from(d));
        n += 1;
    }
    (n, value)
}

/// Reads exactly two digits.
#[inline]
pub(crate) fn two(b: &[u8], i: usize) -> Option<u8> {
    let hi = at(b, i).wrapping_sub(b'0');
    let lo = at(b, i + 1).wrapping_sub(b'0');
    (hi <= 9 && lo <= 9).then(|| hi * 10 + lo)
}

/// Reads a fraction's digits as nanoseconds; digits past the ninth are read and dropped.
#[inline]
pub(crate) fn fraction(b: &[u8], i: usize) -> (usize, u32) {
    const SCALE: [u32; 10] =
        [1_000_000_000, 100_000_000, 10_000_000, 1_000_000, 100_000, 10_000, 1_000, 100, 10, 1];
    let (n, value) = digits(b, i, 9);
    let mut end = i + n;
    while n == 9 && end - i < 18 && at(b, end).is_ascii_digit() {
        end += 1;
    }
    (end - i, if n == 0 { 0 } else { value as u32 * SCALE[n] })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn days_agree_with_jiff(year in 1970i32..2500, month in 1u8..=12, day in 1u8..=28) {
            let date = jiff::civil::date(year as i16, month as i8, day as i8);
            let days = (date - jiff::civil::date(1970, 1, 1)).get_days();
            prop_assert_eq!(days_from_civil(year, month, day), i64::from(days));
            prop_assert_eq!(year_of_days(i64::from(days)), year);
        }
    }

    #[test]
    fn fractions() {
        assert_eq!(fraction(b"5 ", 0), (1, 500_000_000));
        assert_eq!(fraction(b"123456789", 0), (9, 123_456_789));
        assert_eq!(fraction(b"1234567891", 0), (10, 123_456_789));
        assert_eq!(fraction(b"x", 0), (0, 0));
    }
}
