//! Clocks that are set forward and back, and years that turn.

use super::*;
use seerflow_model::time::rfc3339;

fn finder() -> Finder {
    Finder::new(Zone::Utc, YearPolicy::Fixed(2026))
}

/// Zone; line; moment. Readings that a clock shows never, or twice: in a gap the offset before it
/// holds, in an overlap the first pass counts; a zone that is written settles it.
const TURNS: &[(&str, &str, &str)] = &[
    ("Europe/Berlin", "2026-03-29 01:59:59 x", "2026-03-29T00:59:59Z"),
    ("Europe/Berlin", "2026-03-29 02:00:00 x", "2026-03-29T01:00:00Z"),
    ("Europe/Berlin", "2026-03-29 02:59:59,999 x", "2026-03-29T01:59:59.999Z"),
    ("Europe/Berlin", "2026-03-29 03:00:00 x", "2026-03-29T01:00:00Z"),
    ("Europe/Berlin", "Mar 29 02:30:00 h x", "2026-03-29T01:30:00Z"),
    ("Europe/Berlin", "2026-10-25 01:59:59 x", "2026-10-24T23:59:59Z"),
    ("Europe/Berlin", "2026-10-25 02:00:00 x", "2026-10-25T00:00:00Z"),
    ("Europe/Berlin", "2026-10-25 02:59:59 x", "2026-10-25T00:59:59Z"),
    ("Europe/Berlin", "2026-10-25 03:00:00 x", "2026-10-25T02:00:00Z"),
    ("Europe/Berlin", "Oct 25 02:30:00 h x", "2026-10-25T00:30:00Z"),
    ("Europe/Berlin", "2026-10-25 02:30:00 CEST x", "2026-10-25T00:30:00Z"),
    ("Europe/Berlin", "2026-10-25 02:30:00 CET x", "2026-10-25T01:30:00Z"),
    ("Europe/Berlin", "2026-10-25T02:30:00+01:00 x", "2026-10-25T01:30:00Z"),
    ("Europe/Berlin", "1792888200 x", "2026-10-25T00:30:00Z"),
    ("America/New_York", "2026-03-08 02:30:00 x", "2026-03-08T07:30:00Z"),
    ("America/New_York", "2026-11-01 01:30:00 x", "2026-11-01T05:30:00Z"),
    ("America/New_York", "2026-11-01 01:30:00 EST x", "2026-11-01T06:30:00Z"),
    ("Australia/Lord_Howe", "2026-04-05 01:45:00 x", "2026-04-04T14:45:00Z"),
    ("Australia/Lord_Howe", "2026-10-04 02:15:00 x", "2026-10-03T15:45:00Z"),
    ("Pacific/Apia", "2011-12-30 12:00:00 x", "2011-12-30T22:00:00Z"),
    ("Asia/Kolkata", "2026-10-25 02:30:00 x", "2026-10-24T21:00:00Z"),
];

#[test]
fn clocks_that_are_set_forward_and_back() {
    for (zone, line, moment) in TURNS {
        let rules = Zone::Named(jiff::tz::TimeZone::get(zone).unwrap());
        // What is asked before must not matter: the offset in force is remembered.
        for before in ["2026-01-01 00:00:00 x", "2026-07-01 00:00:00 x", line] {
            let mut finder = Finder::new(rules.clone(), YearPolicy::Fixed(2026));
            finder.find(before.as_bytes());
            let hit = finder.find(line.as_bytes()).unwrap();
            assert_eq!(rfc3339(hit.ns), *moment, "{zone}: {line} after {before}");
        }
    }
}

/// How the first year is found (a year, or a moment that it is not after), the zone, the times of
/// a source in its order with the moments they mean, and how many new years there were.
type Run = (Result<i32, &'static str>, &'static str, &'static [(&'static str, &'static str)], i32);

const RUNS: &[Run] = &[
    // The year turns, once and again; a quiet month does not make it turn.
    (
        Ok(2025),
        "UTC",
        &[
            ("Nov 30 12:00:00", "2025-11-30T12:00:00Z"),
            ("Dec 31 23:59:59", "2025-12-31T23:59:59Z"),
            ("Jan  1 00:00:00", "2026-01-01T00:00:00Z"),
            ("Mar  1 00:00:00", "2026-03-01T00:00:00Z"),
            ("Dec 31 23:59:59", "2026-12-31T23:59:59Z"),
            ("Jan  2 00:00:00", "2027-01-02T00:00:00Z"),
        ],
        2,
    ),
    // A record of the old year comes late, also when it is the second of all.
    (
        Err("2026-01-10T00:00:00Z"),
        "UTC",
        &[
            ("Jan  1 00:00:01", "2026-01-01T00:00:01Z"),
            ("Dec 31 23:59:59", "2025-12-31T23:59:59Z"),
            ("Jan  1 00:00:02", "2026-01-01T00:00:02Z"),
        ],
        0,
    ),
    // Out of order by weeks within a year is no new year.
    (
        Err("2026-12-10T00:00:00Z"),
        "UTC",
        &[
            ("Dec  1 00:00:00", "2026-12-01T00:00:00Z"),
            ("Oct 15 00:00:00", "2026-10-15T00:00:00Z"),
            ("Dec  2 00:00:00", "2026-12-02T00:00:00Z"),
        ],
        0,
    ),
    // The zone decides which year it is: in Berlin it has begun.
    (
        Err("2025-12-31T23:30:00Z"),
        "Europe/Berlin",
        &[("Dec 31 23:59:59", "2025-12-31T22:59:59Z"), ("Jan  1 00:15:00", "2025-12-31T23:15:00Z")],
        1,
    ),
    // A file last written on New Year's Day whose clock was a little ahead.
    (
        Err("2026-01-01T00:00:00Z"),
        "America/New_York",
        &[("Dec 31 18:59:59", "2025-12-31T23:59:59Z"), ("Jan  1 00:00:00", "2026-01-01T05:00:00Z")],
        1,
    ),
    // The leap day only in years that have it, and the year turns from it as from any day.
    (
        Ok(2024),
        "UTC",
        &[
            ("Feb 28 12:00:00", "2024-02-28T12:00:00Z"),
            ("Feb 29 12:00:00", "2024-02-29T12:00:00Z"),
            ("Dec 31 12:00:00", "2024-12-31T12:00:00Z"),
            ("Feb 28 12:00:00", "2025-02-28T12:00:00Z"),
        ],
        1,
    ),
];

#[test]
fn years_turn_in_both_directions() {
    for (first, zone, times, wraps) in RUNS {
        let policy = match first {
            Ok(year) => YearPolicy::Fixed(*year),
            Err(moment) => YearPolicy::NotAfter(finder().find(moment.as_bytes()).unwrap().ns),
        };
        let zone = Zone::Named(jiff::tz::TimeZone::get(zone).unwrap());
        let mut run = Finder::new(zone.clone(), policy);
        for (time, moment) in *times {
            // A reader that starts here from the state before gives the same.
            let mut other = Finder::resume(zone.clone(), run.state());
            let line = format!("{time} host app: x");
            let hit = run.find(line.as_bytes()).unwrap();
            assert_eq!(rfc3339(hit.ns), *moment, "{time} of {times:?}");
            assert_eq!(other.find(line.as_bytes()), Some(hit));
        }
        assert_eq!(run.year_wraps(), *wraps, "{times:?}");
    }
}
