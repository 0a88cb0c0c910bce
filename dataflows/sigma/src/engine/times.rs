//! Parts of a time, for the time modifiers.
//!
//! Texts are read as they stand, without a change of zone, as the specification says:
//! `2026-03-15T03:14:07Z`, `2026-03-15 03:14`, `2026-03-15`. Numbers are seconds since 1970 in
//! UTC, or milli-, micro- or nanoseconds by their size.

use crate::number::Number;
use crate::test::TimePart;

/// A part of the time that a value says; `None` when it says none.
pub(crate) fn part(text: &str, number: Option<Number>, part: TimePart) -> Option<i64> {
    let (year, month, day, hour, minute) = match number {
        Some(number) => civil(number)?,
        None => written(text)?,
    };
    Some(match part {
        TimePart::Year => year,
        TimePart::Month => month,
        TimePart::Day => day,
        TimePart::Hour => hour,
        TimePart::Minute => minute,
        TimePart::Week => iso_week(year, month, day),
    })
}

type Civil = (i64, i64, i64, i64, i64);

fn written(text: &str) -> Option<Civil> {
    let digits = |from: usize, to: usize| -> Option<i64> {
        let part = text.get(from..to)?;
        part.bytes().all(|b| b.is_ascii_digit()).then(|| part.parse().ok())?
    };
    let mark = |at: usize, marks: &str| text.get(at..at + 1).is_some_and(|c| marks.contains(c));
    if !(mark(4, "-/") && mark(7, "-/")) {
        return None;
    }
    let (year, month, day) = (digits(0, 4)?, digits(5, 7)?, digits(8, 10)?);
    let (hour, minute) = match text.len() {
        10 => (0, 0),
        _ if mark(10, "Tt ") && mark(13, ":") => (digits(11, 13)?, digits(14, 16)?),
        _ => return None,
    };
    let fits = (1..=12).contains(&month)
        && from_days(to_days(year, month, day)) == (year, month, day)
        && (0..24).contains(&hour)
        && (0..60).contains(&minute);
    fits.then_some((year, month, day, hour, minute))
}

fn civil(number: Number) -> Option<Civil> {
    let Number::Int(value) = number else {
        return civil(Number::Int(number.as_f64() as i64));
    };
    let seconds = match value {
        ..0 => return None,
        0..100_000_000_000 => value,
        100_000_000_000..100_000_000_000_000 => value / 1_000,
        100_000_000_000_000..100_000_000_000_000_000 => value / 1_000_000,
        _ => value / 1_000_000_000,
    };
    let (days, rest) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let (year, month, day) = from_days(days);
    Some((year, month, day, rest / 3_600, rest / 60 % 60))
}

/// Year, month and day of a number of days since 1970 (Hinnant's algorithm).
fn from_days(days: i64) -> (i64, i64, i64) {
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let doe = z.rem_euclid(146_097);
    let yoe = (doe - doe / 1_460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let month = if mp < 10 { mp + 3 } else { mp - 9 };
    (yoe + era * 400 + i64::from(month <= 2), month, doy - (153 * mp + 2) / 5 + 1)
}

/// The inverse of [`from_days`].
fn to_days(year: i64, month: i64, day: i64) -> i64 {
    let y = year - i64::from(month <= 2);
    let era = y.div_euclid(400);
    let yoe = y.rem_euclid(400);
    let mp = if month > 2 { month - 3 } else { month + 9 };
    let doy = (153 * mp + 2) / 5 + day - 1;
    era * 146_097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719_468
}

fn iso_week(year: i64, month: i64, day: i64) -> i64 {
    let days = to_days(year, month, day);
    // 1970-01-01 was a Thursday; the week is that of its Thursday.
    let thursday = days - (days + 3).rem_euclid(7) + 3;
    let (year, _, _) = from_days(thursday);
    (thursday - to_days(year, 1, 1)) / 7 + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_texts_and_numbers() {
        use TimePart::*;
        let of = |text: &str, which| part(text, Number::parse(text), which);
        for (text, which, expected) in [
            ("2026-03-15T03:14:07.5Z", Minute, Some(14)),
            ("2026-03-15 03:14", Hour, Some(3)),
            ("2026-03-15", Day, Some(15)),
            ("2026-03-15", Hour, Some(0)),
            ("2026/03/15 23:59:59", Month, Some(3)),
            ("2026-03-15T03:14:07+05:00", Year, Some(2026)),
            ("2026-01-01", Week, Some(1)),
            ("2027-01-01", Week, Some(53)),
            ("2024-12-30", Week, Some(1)),
            ("0", Year, Some(1970)),
            ("1773544447", Hour, Some(3)),
            ("1773544447000", Minute, Some(14)),
            ("1773544447000000000", Day, Some(15)),
            ("yesterday", Hour, None),
            ("2026-13-01", Month, None),
            ("2026-02-29", Month, None),
            ("2024-02-29", Day, Some(29)),
            ("2026-03-15T", Hour, None),
            ("2026-03-1\u{e9}", Day, None),
            ("-5", Year, None),
        ] {
            assert_eq!(of(text, which), expected, "{text} {which:?}");
        }
    }

    #[test]
    fn days_there_and_back() {
        for days in (-800_000..800_000).step_by(97) {
            let (y, m, d) = from_days(days);
            assert_eq!(to_days(y, m, d), days);
        }
    }
}
