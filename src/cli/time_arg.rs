//! Times as people type them: RFC 3339, `2026-03-15`, `2026-03-15 03:14`, `90m`.

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use seerflow_model::time::{self, DAY, Ns, SECOND};

/// What is allowed, for messages.
pub const ALLOWED: &str = "RFC 3339 (2026-03-15T03:14:00Z), 2026-03-15, \"2026-03-15 03:14\" (UTC), \
or back in time: 30s, 15m, 2h, 7d, 4w";

/// A point in time, perhaps relative to one that is not known yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeArg {
    /// This time.
    At(Ns),
    /// So long before now, or before the newest event of an archive.
    Back(Ns),
}

impl TimeArg {
    /// The time itself, counted back from `from` where it is relative.
    pub fn resolve(self, from: Ns) -> Ns {
        match self {
            TimeArg::At(ns) => ns,
            TimeArg::Back(ns) => from.saturating_sub(ns),
        }
    }
}

/// Reads a time. Without a zone it is UTC.
pub fn parse(text: &str) -> Result<TimeArg, String> {
    let text = text.trim();
    back(text)
        .or_else(|| at(text).map(TimeArg::At))
        .ok_or_else(|| format!("is not a time; allowed: {ALLOWED}"))
}

fn back(text: &str) -> Option<TimeArg> {
    let unit = match text.chars().last()? {
        's' => SECOND,
        'm' => 60 * SECOND,
        'h' => 3_600 * SECOND,
        'd' => DAY,
        'w' => 7 * DAY,
        _ => return None,
    };
    let digits = &text[..text.len() - 1];
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let count: Ns = digits.parse().ok().filter(|count| *count > 0)?;
    count.checked_mul(unit).map(TimeArg::Back)
}

fn at(text: &str) -> Option<Ns> {
    let timestamp = match (text.parse::<Timestamp>(), text.parse::<DateTime>()) {
        (Ok(timestamp), _) => timestamp,
        (_, Ok(time)) => utc(time)?,
        _ => utc(text.parse::<Date>().ok()?.to_datetime(jiff::civil::Time::midnight()))?,
    };
    let ns = timestamp.as_nanosecond();
    (0..=i128::from(time::MAX_NS)).contains(&ns).then(|| time::clamp(ns))
}

fn utc(time: DateTime) -> Option<Timestamp> {
    time.to_zoned(TimeZone::UTC).ok().map(|zoned: Zoned| zoned.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_every_form() {
        for (text, expected) in [
            ("2026-03-24T19:01:00Z", "2026-03-24T19:01:00Z"),
            ("2026-03-24T19:01:00.5+02:00", "2026-03-24T17:01:00.5Z"),
            ("2026-03-24", "2026-03-24T00:00:00Z"),
            ("2026-03-24 19:01", "2026-03-24T19:01:00Z"),
            ("2026-03-24 19:01:02", "2026-03-24T19:01:02Z"),
            ("2026-03-24T19:01", "2026-03-24T19:01:00Z"),
            (" 1970-01-01 ", "1970-01-01T00:00:00Z"),
        ] {
            assert_eq!(time::rfc3339(parse(text).unwrap().resolve(0)), expected, "{text}");
        }
        for (text, seconds) in
            [("30s", 30), ("15m", 900), ("2h", 7_200), ("7d", 604_800), ("1w", 604_800)]
        {
            assert_eq!(parse(text), Ok(TimeArg::Back(seconds * SECOND)), "{text}");
        }
        assert_eq!(parse("2h").unwrap().resolve(SECOND), 0);
        assert_eq!(parse("1s").unwrap().resolve(5 * SECOND), 4 * SECOND);
    }

    #[test]
    fn refuses_the_rest() {
        for text in [
            "",
            "s",
            "0s",
            "-5m",
            "5",
            "5y",
            "1.5h",
            "99999999999999999999d",
            "9999999999w",
            "yesterday",
            "2026-13-01",
            "2026-02-30",
            "1960-01-01",
            "2300-01-01",
            "24:00",
            "ü",
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.contains("2026-03-15"), "{text}: {error}");
        }
    }
}
