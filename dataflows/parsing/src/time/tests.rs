//! Times as the world writes them, and what the finder makes of them.

use super::*;
use proptest::prelude::*;
use seerflow_model::time::{MAX_NS, rfc3339};

fn finder() -> Finder {
    Finder::new(Zone::Utc, YearPolicy::Fixed(2026))
}

/// Line, text of the time, moment.
const FOUND: &[(&str, &str, &str)] = &[
    (
        "<34>1 2003-10-11T22:14:15.003Z host su - ID47 - x",
        "2003-10-11T22:14:15.003Z",
        "2003-10-11T22:14:15.003Z",
    ),
    (
        "<165>1 2003-08-24T05:14:15.000003-07:00 h a - - - x",
        "2003-08-24T05:14:15.000003-07:00",
        "2003-08-24T12:14:15.000003Z",
    ),
    ("<34>Oct 11 22:14:15 mymachine su: x", "Oct 11 22:14:15", "2026-10-11T22:14:15Z"),
    ("Jun  9 06:06:20 combo syslogd 1.4.1: restart.", "Jun  9 06:06:20", "2026-06-09T06:06:20Z"),
    ("Jun 9 06:06:20 combo x", "Jun 9 06:06:20", "2026-06-09T06:06:20Z"),
    ("Mar 04 2026 10:00:00 fw : %ASA-6-302013: x", "Mar 04 2026 10:00:00", "2026-03-04T10:00:00Z"),
    (
        "<189>29: *Mar  1 18:46:11.123: %SYS-5-CONFIG_I: x",
        "Mar  1 18:46:11.123",
        "2026-03-01T18:46:11.123Z",
    ),
    (
        "<189>29: .Mar  1 18:46:11 UTC: %SYS-5-CONFIG_I: x",
        "Mar  1 18:46:11 UTC",
        "2026-03-01T18:46:11Z",
    ),
    (
        "<13>2026-03-04T10:00:00.5+01:00 host app: x",
        "2026-03-04T10:00:00.5+01:00",
        "2026-03-04T09:00:00.5Z",
    ),
    ("2026-03-04T10:00:00Z x", "2026-03-04T10:00:00Z", "2026-03-04T10:00:00Z"),
    ("2026-03-04 10:00:00,123 INFO x", "2026-03-04 10:00:00,123", "2026-03-04T10:00:00.123Z"),
    (
        "2026-03-04 10:00:00.123456789 x",
        "2026-03-04 10:00:00.123456789",
        "2026-03-04T10:00:00.123456789Z",
    ),
    ("2026-03-04 10:00:00 +0130 x", "2026-03-04 10:00:00 +0130", "2026-03-04T08:30:00Z"),
    ("2026-03-04T10:00:00-19:30 x", "2026-03-04T10:00:00-19:30", "2026-03-05T05:30:00Z"),
    ("2026-03-04 10:00:00 -2000 x", "2026-03-04 10:00:00", "2026-03-04T10:00:00Z"),
    ("2026-03-04T10:00:00+01 x", "2026-03-04T10:00:00+01", "2026-03-04T09:00:00Z"),
    (
        "2026-03-04 10:00:00.123 UTC [77] LOG:  x",
        "2026-03-04 10:00:00.123 UTC",
        "2026-03-04T10:00:00.123Z",
    ),
    ("2026-03-04 10:00:00 CET [77] LOG:  x", "2026-03-04 10:00:00 CET", "2026-03-04T09:00:00Z"),
    ("2026/03/04 10:00:00 [error] 12#0: x", "2026/03/04 10:00:00", "2026-03-04T10:00:00Z"),
    ("2026-03-04 10:05 x", "2026-03-04 10:05", "2026-03-04T10:05:00Z"),
    ("2026-03-04 04:30:30, Info  CBS  x", "2026-03-04 04:30:30", "2026-03-04T04:30:30Z"),
    (
        "2005-06-03-15.42.50.363779 R02 x",
        "2005-06-03-15.42.50.363779",
        "2005-06-03T15:42:50.363779Z",
    ),
    (
        "20171223-22:15:29:606|Step_LSC|30002312|x",
        "20171223-22:15:29:606",
        "2017-12-23T22:15:29.606Z",
    ),
    ("20171223-22:1:9:6|Step_LSC|x", "20171223-22:1:9:6", "2017-12-23T22:01:09.006Z"),
    ("20171223T221529Z x", "20171223T221529Z", "2017-12-23T22:15:29Z"),
    ("081109 203615 148 INFO dfs.DataNode: x", "081109 203615", "2008-11-09T20:36:15Z"),
    ("131106  9:26:31 [Note] x", "131106  9:26:31", "2013-11-06T09:26:31Z"),
    ("[Sun Dec 04 04:47:44 2005] [notice] x", "Sun Dec 04 04:47:44 2005", "2005-12-04T04:47:44Z"),
    (
        "[Wed Oct 11 14:32:52.123456 2000] [core:error] x",
        "Wed Oct 11 14:32:52.123456 2000",
        "2000-10-11T14:32:52.123456Z",
    ),
    ("Sun Dec  4 04:47:44 2005 x", "Sun Dec  4 04:47:44 2005", "2005-12-04T04:47:44Z"),
    ("Sun Dec  4 04:47:44 UTC 2005 x", "Sun Dec  4 04:47:44 UTC 2005", "2005-12-04T04:47:44Z"),
    ("Wed, 04 Mar 2026 10:00:00 GMT x", "Wed, 04 Mar 2026 10:00:00 GMT", "2026-03-04T10:00:00Z"),
    (
        "127.0.0.1 - frank [10/Oct/2000:13:55:36 -0700] \"GET / HTTP/1.0\" 200 1",
        "10/Oct/2000:13:55:36 -0700",
        "2000-10-10T20:55:36Z",
    ),
    (
        "04-Mar-2026 10:00:00.123 queries: info: x",
        "04-Mar-2026 10:00:00.123",
        "2026-03-04T10:00:00.123Z",
    ),
    (
        "77:M 04 Mar 2026 10:00:00.123 * Ready",
        "04 Mar 2026 10:00:00.123",
        "2026-03-04T10:00:00.123Z",
    ),
    ("Jun 09, 2017 8:10:40 PM org.x.Y z", "Jun 09, 2017 8:10:40 PM", "2017-06-09T20:10:40Z"),
    ("Jun  9 08:10:40 pm-01 sshd[1]: x", "Jun  9 08:10:40", "2026-06-09T08:10:40Z"),
    ("Jun  9 20:10:40 am sshd[1]: x", "Jun  9 20:10:40", "2026-06-09T20:10:40Z"),
    ("17/06/09 20:10:40 INFO x", "17/06/09 20:10:40", "2017-06-09T20:10:40Z"),
    ("04.03.2026 10:00:00 x", "04.03.2026 10:00:00", "2026-03-04T10:00:00Z"),
    ("03/24/2026 10:00:00 PM x", "03/24/2026 10:00:00 PM", "2026-03-24T22:00:00Z"),
    ("24/03/2026 10:00:00 x", "24/03/2026 10:00:00", "2026-03-24T10:00:00Z"),
    ("03-17 16:13:38.811  1702  2395 D Tag: x", "03-17 16:13:38.811", "2026-03-17T16:13:38.811Z"),
    ("[10.30 16:49:06] chrome.exe - x", "10.30 16:49:06", "2026-10-30T16:49:06Z"),
    (
        "I0304 12:00:00.123456  12345 file.go:123] x",
        "0304 12:00:00.123456",
        "2026-03-04T12:00:00.123456Z",
    ),
    ("1772618400 x", "1772618400", "2026-03-04T10:00:00Z"),
    ("1772618400.25 x", "1772618400.25", "2026-03-04T10:00:00.25Z"),
    ("[1772618400] x", "1772618400", "2026-03-04T10:00:00Z"),
    ("1772618400123 x", "1772618400123", "2026-03-04T10:00:00.123Z"),
    ("1772618400123456 x", "1772618400123456", "2026-03-04T10:00:00.123456Z"),
    ("1772618400123456789 x", "1772618400123456789", "2026-03-04T10:00:00.123456789Z"),
    ("- 1117838570 2005.06.03 R02 x", "1117838570", "2005-06-03T22:42:50Z"),
    ("ts=1772618400.5 level=info msg=x", "1772618400.5", "2026-03-04T10:00:00.5Z"),
    (
        "time=\"2026-03-04T10:00:00Z\" level=info msg=x",
        "2026-03-04T10:00:00Z",
        "2026-03-04T10:00:00Z",
    ),
    (
        "type=SYSCALL msg=audit(1364481363.243:24287): arch=c",
        "1364481363.243",
        "2013-03-28T14:36:03.243Z",
    ),
    ("[2026-03-04 10:00:00] x", "2026-03-04 10:00:00", "2026-03-04T10:00:00Z"),
    ("[2026-03-04T10:00:00.123Z][INFO ] x", "2026-03-04T10:00:00.123Z", "2026-03-04T10:00:00.123Z"),
    ("INFO  2026-03-04 10:00:00,123 x", "2026-03-04 10:00:00,123", "2026-03-04T10:00:00.123Z"),
    (
        "app.log.1.2017-05-16_13:53:08 2017-05-16 00:00:00.008 257 INFO x",
        "2017-05-16 00:00:00.008",
        "2017-05-16T00:00:00.008Z",
    ),
    (
        "2016-10-06T00:17:09.669794202Z stdout F x",
        "2016-10-06T00:17:09.669794202Z",
        "2016-10-06T00:17:09.669794202Z",
    ),
    ("2016-12-31T23:59:60Z leap", "2016-12-31T23:59:60Z", "2016-12-31T23:59:59.999999999Z"),
    (r#"{"level":"info","ts":1772618400.5,"msg":"x"}"#, "1772618400.5", "2026-03-04T10:00:00.5Z"),
    (
        r#"{"a":{"time":"2020-01-01T00:00:00Z"},"time":"2026-03-04T10:00:00Z"}"#,
        "2026-03-04T10:00:00Z",
        "2026-03-04T10:00:00Z",
    ),
    (
        r#"{ "msg" : "a \" , \"time\":1", "@timestamp" : "2026-03-04T10:00:00.000Z" }"#,
        "2026-03-04T10:00:00.000Z",
        "2026-03-04T10:00:00Z",
    ),
    (
        r#"{"created":"2020-01-01T00:00:00Z","x":[1,{"y":"]"}],"time":1772618400123}"#,
        "1772618400123",
        "2026-03-04T10:00:00.123Z",
    ),
    (
        r#"{"created":"2020-01-01T00:00:00Z","x":[1,2],"time":"noon"}"#,
        "2020-01-01T00:00:00Z",
        "2020-01-01T00:00:00Z",
    ),
    (
        r#"{"log":"2020-01-01T00:00:00Z x\n","stream":"stderr","time":"2026-03-04T10:00:00.1Z"}"#,
        "2026-03-04T10:00:00.1Z",
        "2026-03-04T10:00:00.1Z",
    ),
    (
        r#"{"__REALTIME_TIMESTAMP":"1772618400123456","MESSAGE":"x"}"#,
        "1772618400123456",
        "2026-03-04T10:00:00.123456Z",
    ),
    (
        r#"{"t":{"$date":"2020-05-20T19:18:40.604+00:00"},"s":"I"}"#,
        "2020-05-20T19:18:40.604+00:00",
        "2020-05-20T19:18:40.604Z",
    ),
];

#[test]
fn finds_times_as_they_are_written() {
    for (line, text, moment) in FOUND {
        let hit = finder().find(line.as_bytes()).unwrap_or_else(|| panic!("no time in {line}"));
        let found = &line[hit.start as usize..(hit.start + hit.len) as usize];
        assert_eq!((found, rfc3339(hit.ns).as_str()), (*text, *moment), "{line}");
    }
}

#[test]
fn what_is_no_time_is_none() {
    for line in [
        "",
        "hello",
        "<34>1 - host app - - - at 2026-03-04T10:00:00Z",
        "0001-01-01T00:00:00Z x",
        "9999-12-31T23:59:59Z x",
        "2026-13-04T10:00:00Z",
        "2026-02-30T10:00:00Z",
        "2026-03-04T25:00:00Z",
        "2026-03-04T10:61:00Z",
        "2026-03-04",
        "version 1.2026-03-04T10:00:00",
        "2026-03-04T10:00:00Zulu",
        "12345 things",
        "9999999999 x",
        "10.0.0.1 x",
        "Maria 12 10:00:00",
        "Jan 32 10:00:00 x",
        "Jan 12 hello",
        "123456789012345678901234567890 x",
        r#"{"a":"2026-03-04T10:00:00Z"}"#,
        r#"{"time":"#,
        r#"{"time":"2026-03-04T10:00:00Z"#,
        "{",
    ] {
        assert_eq!(finder().find(line.as_bytes()), None, "{line}");
    }
    let far = format!("{}2026-03-04T10:00:00Z", "x ".repeat(48));
    assert_eq!(finder().find(far.as_bytes()), None);
}

#[test]
fn both_ends_of_time_are_clamped() {
    let at = |line: &str| finder().find(line.as_bytes()).map(|hit| hit.ns);
    assert_eq!(at("1970-01-01T00:00:00Z x"), Some(0));
    assert_eq!(at("1970-01-01T00:00:00+14:00 x"), Some(0));
    assert_eq!(at("1969-12-31T23:59:59Z x"), None);
    assert_eq!(at("2262-04-11T23:47:16.854775807Z x"), Some(MAX_NS));
    assert_eq!(at("2262-12-31T00:00:00Z x"), Some(MAX_NS));
}

#[test]
fn years_follow_from_the_times_before() {
    let at = |finder: &mut Finder, line: &str| rfc3339(finder.find(line.as_bytes()).unwrap().ns);
    let now = finder().find(b"2026-01-10T00:00:00Z x").unwrap().ns;
    let mut a = Finder::new(Zone::Utc, YearPolicy::NotAfter(now));
    assert_eq!(at(&mut a, "Dec 31 23:59:58 h x"), "2025-12-31T23:59:58Z");
    let state = a.state();
    assert_eq!(at(&mut a, "Jan  1 00:00:01 h x"), "2026-01-01T00:00:01Z");
    assert_eq!((a.year_less(), a.zone_less(), a.year_wraps()), (true, true, 1));
    assert_eq!(at(&mut a, "Dec 31 23:59:59 h x"), "2025-12-31T23:59:59Z");
    assert_eq!(at(&mut a, "Jan  1 00:00:02 h x"), "2026-01-01T00:00:02Z");
    assert_eq!(at(&mut a, "Mar  1 00:00:02 h x"), "2026-03-01T00:00:02Z");
    assert_eq!(at(&mut a, "Feb 15 00:00:02 h x"), "2026-02-15T00:00:02Z");
    let mut b = Finder::resume(Zone::Utc, state);
    assert_eq!(at(&mut b, "Jan  1 00:00:01 h x"), "2026-01-01T00:00:01Z");

    // A day of slack for clocks and zones; a leap day finds a leap year.
    let mut c = Finder::new(Zone::Utc, YearPolicy::NotAfter(now));
    assert_eq!(at(&mut c, "Jan 10 20:00:00 h x"), "2026-01-10T20:00:00Z");
    c.anchor(now);
    assert_eq!(at(&mut c, "Jan 12 20:00:00 h x"), "2025-01-12T20:00:00Z");
    c.anchor(now);
    assert_eq!(at(&mut c, "Feb 29 20:00:00 h x"), "2024-02-29T20:00:00Z");
    assert_eq!(at(&mut c, "Mar  1 00:00:00 h x"), "2024-03-01T00:00:00Z");
    let mut fixed = Finder::new(Zone::Utc, YearPolicy::Fixed(2023));
    assert_eq!(at(&mut fixed, "Feb 29 20:00:00 h x"), "2020-02-29T20:00:00Z");
    let mut early = Finder::new(Zone::Utc, YearPolicy::NotAfter(0));
    assert_eq!(at(&mut early, "Feb 29 20:00:00 h x"), "1972-02-29T20:00:00Z");
}

#[test]
fn zones_apply_to_times_without_one() {
    let zone = Zone::Named(jiff::tz::TimeZone::get("Europe/Berlin").unwrap());
    let mut berlin = Finder::new(zone, YearPolicy::Fixed(2026));
    let mut at = |line: &str| rfc3339(berlin.find(line.as_bytes()).unwrap().ns);
    assert_eq!(at("Jul  1 12:00:00 h x"), "2026-07-01T10:00:00Z");
    assert_eq!(at("Jan  1 12:00:00 h x"), "2026-01-01T11:00:00Z");
    assert_eq!(at("2026-01-01T12:00:00Z x"), "2026-01-01T12:00:00Z");
    let mut fixed = Finder::new(Zone::Fixed(-3600), YearPolicy::Fixed(2026));
    assert!(!fixed.zone_less());
    assert_eq!(rfc3339(fixed.find(b"2026-01-01 12:00:00 x").unwrap().ns), "2026-01-01T13:00:00Z");
    assert!(fixed.zone_less() && !fixed.year_less());
}

#[test]
fn only_times_at_the_head_begin_records() {
    let heads =
        |line: &str| heads(line.as_bytes(), locate(line.as_bytes()).unwrap().start as usize);
    assert!(heads("2026-03-04 10:00:00 x"));
    assert!(heads("  [2026-03-04 10:00:00] x"));
    assert!(heads("INFO 2026-03-04 10:00:00 x"));
    assert!(heads("10.0.0.1 - frank [10/Oct/2000:13:55:36 -0700] \"GET /\""));
    assert!(!heads("    seen at 2026-03-04 10:00:00 x"));
    assert!(!heads("was seen 2026-03-04 10:00:00 x"));
}

proptest! {
    #[test]
    fn any_bytes_are_survived(line in proptest::collection::vec(any::<u8>(), 0..200)) {
        if let Some(hit) = finder().find(&line) {
            prop_assert!((hit.start + hit.len) as usize <= line.len() && hit.ns <= MAX_NS);
        }
    }

    #[test]
    fn mutated_times_are_survived(
        which in 0..FOUND.len(),
        edits in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0u8..3), 1..6),
    ) {
        let mut line = FOUND[which].0.as_bytes().to_vec();
        for (index, byte, kind) in edits {
            let i = index.index(line.len() + 1);
            match kind {
                0 => line.insert(i, byte),
                1 if i < line.len() => { line.remove(i); }
                _ => line.truncate(i),
            }
        }
        if let Some(hit) = finder().find(&line) {
            prop_assert!((hit.start + hit.len) as usize <= line.len() && hit.ns <= MAX_NS);
        }
    }

    #[test]
    fn written_moments_are_read_back(ns in 0i64..9_200_000_000_000_000_000, hours in -14i8..=14) {
        let moment = jiff::Timestamp::from_nanosecond(i128::from(ns)).unwrap();
        let offset = jiff::tz::Offset::constant(hours).to_time_zone();
        let zoned = moment.to_zoned(offset.clone());
        prop_assume!(zoned.year() >= 1970);
        for format in [
            "%Y-%m-%dT%H:%M:%S%.9f%:z", "%Y-%m-%d %H:%M:%S%.9f %z x", "[%Y/%m/%d %H:%M:%S%.9f%z]",
            "%d/%b/%Y:%H:%M:%S%.9f %z", "%a, %d %b %Y %H:%M:%S%.9f %z", "%Y%m%dT%H%M%S%.9f%z",
            "%b %e %Y %H:%M:%S%.9f%:z h x",
        ] {
            let line = zoned.strftime(format).to_string();
            let hit = finder().find(line.as_bytes());
            prop_assert_eq!(hit.map(|h| h.ns), Some(ns as u64), "{}", line);
        }
        let mut seconds = Finder::new(Zone::Fixed(i32::from(hours) * 3600), YearPolicy::Fixed(2000));
        let whole = ns as u64 / 1_000_000_000 * 1_000_000_000;
        for format in ["%a %b %e %H:%M:%S %Y", "%Y%m%d-%H:%M:%S:000", "%d.%m.%Y %H:%M:%S"] {
            let line = zoned.strftime(format).to_string();
            prop_assert_eq!(seconds.find(line.as_bytes()).map(|h| h.ns), Some(whole), "{}", line);
        }
    }
}
