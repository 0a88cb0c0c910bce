//! Random archives against an oracle that keeps everything and sorts.

use super::*;
use proptest::prelude::*;
use seerflow_parsing::lines::{Joining, Options};
use seerflow_parsing::time::{Finder, YearPolicy, Zone};

/// A record as it is written.
#[derive(Clone, Debug)]
struct Made {
    time: Option<Ns>,
    more: u8,
    pad: u8,
    blank: bool,
}

#[derive(Clone, Debug)]
struct Spec {
    records: Vec<Made>,
    packing: Packing,
    open_end: bool,
    crlf: bool,
}

fn records() -> impl Strategy<Value = Vec<Made>> {
    let step = prop_oneof![
        6 => 0i64..3_000,
        2 => Just(0i64),
        1 => -5_000_000i64..5_000_000,
        1 => Just(300_000_000i64),
    ];
    let one = (step, prop::bool::weighted(0.1), 0u8..4, 0u8..90, prop::bool::weighted(0.05));
    let start = 0u64..2_000_000;
    (start, prop::collection::vec(one, 0..160)).prop_map(|(start, steps)| {
        let mut at = (BASE / 1_000_000 + start * 1000) as i64;
        let made = |(step, timeless, more, pad, blank): (i64, bool, u8, u8, bool)| {
            // A lone jump far ahead; the clock goes on as if it had not been.
            let far = step == 300_000_000;
            at += if far { 0 } else { step };
            let time = (at + if far { step * 1000 } else { 0 }) as u64 * 1_000_000;
            Made { time: (!timeless).then_some(time), more, pad, blank }
        };
        steps.into_iter().map(made).collect()
    })
}

fn spec() -> impl Strategy<Value = Spec> {
    let packing = prop::sample::select(&PACKINGS[..]);
    (records(), packing, any::<bool>(), any::<bool>())
        .prop_map(|(records, packing, open_end, crlf)| Spec { records, packing, open_end, crlf })
}

/// The text of a file, and its records as they must come out: text and time.
fn text_of(spec: &Spec, joined: bool) -> (Vec<u8>, Vec<(String, Option<Ns>)>) {
    let (mut text, mut records) = (String::new(), Vec::new());
    let end = if spec.crlf { "\r\n" } else { "\n" };
    let mut written = 0;
    for (at, made) in spec.records.iter().enumerate() {
        let pad = "x".repeat(made.pad.into());
        let mut record = match made.time {
            Some(time) => format!("{} host app: message {at} {pad}", rfc3339(time)),
            // Joined, a line without a time would belong to the one before.
            None if joined => continue,
            None => format!("no time here {at} {pad}"),
        };
        if joined {
            for line in 0..made.more {
                record += end;
                record += ["  at frame", "Caused by: x", "... 3 more"][usize::from(line) % 3];
            }
        }
        if written > 0 {
            text += end;
        }
        if made.blank && written > 0 {
            text += end;
        }
        text += &record;
        written += 1;
        // Lines of one record keep what stands between them.
        records.push((record, made.time));
    }
    if !spec.open_end && written > 0 {
        text += end;
    }
    (text.into_bytes(), records)
}

/// The law of the edge, written down without any care for time or memory.
pub fn stamps(times: &[Option<Ns>], modified: Ns) -> Vec<(Ns, Flags)> {
    let head = times.iter().flatten().next().copied().unwrap_or(modified);
    let mut out: Vec<(Ns, Flags)> = Vec::new();
    let mut before: Option<Ns> = None;
    for (at, time) in times.iter().enumerate() {
        let next: Vec<Ns> = times[at + 1..].iter().take(64).flatten().copied().collect();
        let stamp = match time {
            None => (before.unwrap_or(head), Flags::INHERITED),
            Some(time) => {
                let ayes = next.iter().filter(|other| **other + HOUR >= *time).count();
                let jump = before.is_some_and(|before| *time > before + HOUR);
                if jump && !next.is_empty() && ayes * 2 <= next.len() {
                    (before.unwrap_or(head), Flags::CLOCK_SKEW)
                } else {
                    before = Some(*time);
                    (*time, Flags::default())
                }
            }
        };
        out.push(stamp);
    }
    out
}

fn expected(name: &str, records: &[(String, Option<Ns>)], modified: Ns) -> Vec<Got> {
    let times: Vec<Option<Ns>> = records.iter().map(|record| record.1).collect();
    let stamps = stamps(&times, modified);
    let made = |(seq, ((text, time), (effective, mut flags)))| {
        let (text, time): (&String, &Option<Ns>) = (text, time);
        if text.contains('\n') {
            Flags::set(&mut flags, Flags::MULTILINE);
        }
        Got {
            effective,
            source: name.to_owned(),
            seq: seq as u64,
            event: *time,
            flags: flags.0,
            text: text.clone().into_bytes(),
        }
    };
    let zipped = records.iter().map(|(text, time)| (text, time)).zip(stamps);
    zipped.enumerate().map(made).collect()
}

struct World {
    dir: tempfile::TempDir,
    paths: Vec<PathBuf>,
    expected: Vec<Got>,
}

fn world(specs: &[Spec], joined: bool) -> World {
    let dir = tempfile::tempdir().unwrap();
    let (mut paths, mut all) = (Vec::new(), Vec::new());
    for (index, spec) in specs.iter().enumerate() {
        let (text, records) = text_of(spec, joined);
        let modified = BASE + 30 * DAY;
        let path = write(dir.path(), &format!("f{index}"), &pack(&text, spec.packing), modified);
        all.extend(expected(&path.to_string_lossy(), &records, modified));
        paths.push(path);
    }
    all.sort();
    World { dir, paths, expected: all }
}

fn joining(joined: bool) -> Joining {
    if joined { Joining::Auto } else { Joining::Off }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn everything_comes_once_with_its_own_stamp(
        specs in prop::collection::vec(spec(), 1..4),
        joined in any::<bool>(),
        bytes in 60u64..3_000,
        workers in 1usize..5,
    ) {
        let world = world(&specs, joined);
        let mut options = small(world.dir.path(), bytes);
        options.file.multiline = joining(joined);
        let plan = scan(&world.paths, &options);
        prop_assert_eq!(plan.problems(), &[]);
        let summary = plan.summary();
        prop_assert_eq!(summary.records, world.expected.len() as u64);
        let skewed = world.expected.iter().filter(|r| r.has(Flags::CLOCK_SKEW)).count();
        prop_assert_eq!(summary.skewed, skewed as u64);
        let ran = run(plan, workers);
        prop_assert_eq!(ran.records, world.expected);
        prop_assert_eq!(ran.progress.problems(), vec![]);
        prop_assert_eq!(ran.progress.bytes.load(Ordering::Relaxed), summary.bytes);
    }

    #[test]
    fn crowding_is_decided_by_the_index_alone(
        specs in prop::collection::vec(spec(), 2..6),
        bytes in 60u64..400,
        open in 1usize..5,
    ) {
        let world = world(&specs, false);
        let mut options = small(world.dir.path(), bytes);
        options.file.multiline = Joining::Off;
        options.open_chunks = open;
        let plan = scan(&world.paths, &options);
        open_at_most(&plan, open);
        let one = run(plan, 1).records;
        for workers in 2..5 {
            prop_assert_eq!(&run(scan(&world.paths, &options), workers).records, &one);
        }
        let key = |r: &Got| (r.source.clone(), r.seq);
        let (mut got, mut want) = (one, world.expected);
        got.sort_by_key(key);
        want.sort_by_key(key);
        prop_assert_eq!(got.len(), want.len());
        for (got, mut want) in got.into_iter().zip(want) {
            if got.has(Flags::CROWDED) {
                prop_assert!(got.effective > want.effective);
                want.effective = got.effective;
                want.flags |= Flags::CROWDED.0;
            }
            prop_assert_eq!(got, want);
        }
    }

    #[test]
    fn any_lines_are_read_as_if_there_were_one_chunk(
        soup in prop::collection::vec(line(), 0..120),
        line_bytes_max in prop_oneof![1usize..200, Just(1 << 20)],
        chunk in 1u64..500,
        joined in any::<bool>(),
        packing in prop::sample::select(&PACKINGS[..]),
    ) {
        // What is not text cannot be written as UTF-16.
        let packing = if packing == Packing::Utf16 { Packing::Plain } else { packing };
        let text = soup.concat();
        let dir = tempfile::tempdir().unwrap();
        let path = write(dir.path(), "soup", &pack(&text, packing), BASE);
        let mut options = ScanOptions { line_bytes_max, ..small(dir.path(), chunk) };
        options.file.multiline = joining(joined);
        options.file.year = Some(2026);
        let plan = scan(std::slice::from_ref(&path), &options);
        let ran = run(plan, 2);
        prop_assert_eq!(ran.progress.problems(), vec![]);
        let mut got = ran.records.clone();
        got.sort_by_key(|record| record.seq);

        let lines = Options { line_bytes: line_bytes_max, multiline: joining(joined), redact: None };
        let finder = Finder::new(Zone::Utc, YearPolicy::Fixed(2026));
        let text = if packing == Packing::Utf8Mark { pack(&text, packing) } else { text };
        let all = seerflow_parsing::lines::records(&text, lines, finder);
        let times: Vec<_> = all.records.iter().map(|r| r.time.map(|t| t.ns)).collect();
        prop_assert_eq!(got.len(), times.len());
        let stamps = stamps(&times, BASE);
        for (at, got) in got.iter().enumerate() {
            prop_assert_eq!(got.seq, at as u64);
            prop_assert_eq!(&got.text[..], all.bytes_of(&all.records[at]));
            prop_assert_eq!((got.event, got.effective), (times[at], stamps[at].0));
            prop_assert_eq!(Flags(got.flags), all.records[at].flags | stamps[at].1);
        }
        let whole = ScanOptions { chunk: ChunkSize::default(), ..options };
        prop_assert_eq!(ran.records, run(scan(&[path], &whole), 1).records);
    }
}

/// A line of any kind that matters.
fn line() -> impl Strategy<Value = Vec<u8>> {
    let day = 0u64..800;
    let end = prop_oneof![8 => Just("\n"), 1 => Just("\r\n"), 1 => Just("\n\n")];
    let body = prop_oneof![
        4 => day.clone().prop_map(|day| format!("{} host app: one", yearless(BASE + day * DAY))),
        4 => day.clone().prop_map(|day| format!("{} two", rfc3339(BASE + day * DAY))),
        1 => day.prop_map(|day| format!("said at {} three", rfc3339(BASE + day * DAY))),
        2 => Just("  at frame".to_owned()),
        2 => Just("plain words".to_owned()),
        1 => Just("}".to_owned()),
        1 => (0usize..400).prop_map(|n| "long".repeat(n)),
        1 => Just("2026-03-24T00:00:00.000000001Z stdout P piece ".to_owned()),
        1 => Just("2026-03-24T00:00:00.000000002Z stdout F end".to_owned()),
    ];
    let text = (body, end).prop_map(|(body, end)| (body + end).into_bytes());
    let garbage = prop::collection::vec(any::<u8>(), 0..60);
    prop_oneof![8 => text, 1 => garbage]
}

/// At no moment are more chunks open than allowed.
pub fn open_at_most(plan: &Plan, most: usize) {
    let mut open: Vec<Ns> = Vec::new();
    let mut promise = 0;
    for chunk in plan.chunks() {
        assert!(chunk.promise >= promise);
        promise = chunk.promise;
        open.retain(|greatest| *greatest >= promise);
        open.push(chunk.greatest.max(chunk.floor));
        assert!(open.len() <= most, "{} open", open.len());
    }
}
