//! How often something may happen: `60/minute`.
//!
//! A number from 1, a slash, perhaps a number of units, and a unit: `second`, `minute`, `hour` or
//! `day`, in the singular or the plural.

use super::option::Value;
use super::table::FromValue;
use std::fmt;
use std::time::Duration;

/// What messages and the reference say.
pub const ALLOWED: &str = "a number per second, minute, hour or day: 60/minute, 5/10 seconds";
/// Most of anything in a window.
const COUNT_MAX: u32 = 1_000_000_000;
/// Longest window, in seconds.
const WINDOW_SECONDS_MAX: u64 = 366 * 86_400;
const UNITS: [(&str, u64); 4] = [("second", 1), ("minute", 60), ("hour", 3_600), ("day", 86_400)];

/// So many in a window of time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rate {
    /// How many.
    pub count: u32,
    /// In what time.
    pub window: Duration,
    text: String,
}

impl Rate {
    /// Reads one; the error says what is allowed.
    pub fn parse(text: &str) -> Result<Rate, String> {
        let refuse = || format!("allowed: {ALLOWED}");
        let (count, rest) = text.trim().split_once('/').ok_or_else(refuse)?;
        let rest = rest.trim();
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (times, unit) = rest.split_at(digits);
        let times: u64 = if times.is_empty() { 1 } else { times.parse().map_err(|_| refuse())? };
        let unit = unit.trim().to_ascii_lowercase();
        let unit = unit.strip_suffix('s').unwrap_or(&unit);
        let seconds = UNITS.iter().find(|(name, _)| *name == unit).ok_or_else(refuse)?.1;
        let count = count.trim().parse().ok().filter(|n| (1..=COUNT_MAX).contains(n));
        let window = times.checked_mul(seconds).filter(|s| (1..=WINDOW_SECONDS_MAX).contains(s));
        match (count, window) {
            (Some(count), Some(seconds)) => Ok(Rate {
                count,
                window: Duration::from_secs(seconds),
                text: text.trim().to_owned(),
            }),
            _ => Err(refuse()),
        }
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromValue for Rate {
    fn from_value(value: &Value) -> Option<Rate> {
        match value {
            Value::Text(text) => Rate::parse(text).ok(),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_counts_and_windows() {
        for (text, count, seconds) in [
            ("60/minute", 60, 60),
            (" 1 / second ", 1, 1),
            ("5/10 seconds", 5, 10),
            ("300/2hours", 300, 7_200),
            ("7/DAY", 7, 86_400),
        ] {
            let rate = Rate::parse(text).unwrap();
            let read = (rate.count, rate.window.as_secs());
            assert_eq!(read, (count, seconds), "{text}");
        }
    }

    #[test]
    fn refuses_the_rest() {
        for text in [
            "",
            "/",
            "60",
            "60/",
            "/minute",
            "0/minute",
            "-1/minute",
            "60/0minutes",
            "60/week",
            "1.5/second",
            "60/minute/second",
            "9999999999/day",
            "1/99999999999999999999 days",
            "1/400 days",
            "60 per minute",
        ] {
            assert_eq!(Rate::parse(text).unwrap_err(), format!("allowed: {ALLOWED}"), "{text}");
        }
    }
}
