//! Single cases, each with a point.

use super::super::Notice;
use super::*;

fn lines(times: impl IntoIterator<Item = Ns>) -> Vec<u8> {
    let line = |(at, time)| format!("{} host app: message {at}\n", rfc3339(time));
    times.into_iter().enumerate().map(line).collect::<String>().into_bytes()
}

fn one_file(
    bytes: &[u8],
    modified: Ns,
    chunk: u64,
    edit: impl Fn(&mut ScanOptions),
) -> (Plan, Ran) {
    let dir = tempfile::tempdir().unwrap();
    let path = write(dir.path(), "log", bytes, modified);
    let mut options = small(dir.path(), chunk);
    edit(&mut options);
    let plan = scan(std::slice::from_ref(&path), &options);
    let ran = run(scan(&[path], &options), 2);
    (plan, ran)
}

fn effective(ran: &Ran) -> Vec<Ns> {
    let mut records = ran.records.clone();
    records.sort_by_key(|record| record.seq);
    records.iter().map(|record| record.effective).collect()
}

#[test]
fn the_year_turns_inside_a_file() {
    let times: Vec<Ns> = (0..200).map(|i| BASE - 95 * DAY + i * 6 * HOUR).collect();
    let text: String = times.iter().map(|t| format!("{} host app: up\n", yearless(*t))).collect();
    // From 2025-12-19 until 2026-02-06. Touched on 2027-01-18 it is still that one, for its end
    // must not lie ahead; on 2027-02-17 the latest reading is a year later.
    let years = [(BASE, 0), (BASE + 200 * DAY, 0), (BASE + 300 * DAY, 0), (BASE + 330 * DAY, 1)];
    for (modified, years_later) in years {
        let (plan, ran) = one_file(text.as_bytes(), modified, 300, |_| {});
        let shift = if years_later == 1 { 365 * DAY } else { 0 };
        assert!(*effective(&ran).last().unwrap() <= modified + DAY);
        assert_eq!(effective(&ran), times.iter().map(|t| t + shift).collect::<Vec<_>>());
        assert_eq!(plan.summary().years[0].year, 2025 + years_later as i16);
        assert!(matches!(plan.notices()[0], Notice::Yearless { .. }));
        assert!(ran.records.iter().all(|record| record.flags == 0));
    }
    let (plan, ran) = one_file(text.as_bytes(), BASE, 300, |o| o.file.year = Some(2011));
    assert_eq!(plan.summary().years[0].year, 2011);
    assert_eq!(&rfc3339(effective(&ran)[0])[..10], "2011-12-19");
    assert_eq!(&rfc3339(*effective(&ran).last().unwrap())[..10], "2012-02-06");
}

#[test]
fn a_year_is_not_after_the_modification_time() {
    let text = b"Dec 30 10:00:00 host app: one\nDec 30 10:00:01 host app: two\n";
    let (_, ran) = one_file(text, BASE, 300, |_| {});
    assert_eq!(&rfc3339(effective(&ran)[0])[..10], "2025-12-30");
}

#[test]
fn a_log_that_runs_backwards_by_weeks_has_no_late_record() {
    let times: Vec<Ns> =
        (0..600).map(|i| BASE + 400 * DAY - (i / 100) * 20 * DAY + (i % 100) * SECOND).collect();
    let (plan, ran) = one_file(&lines(times.clone()), BASE, 500, |_| {});
    assert!(plan.summary().chunks > 40);
    assert_eq!(effective(&ran), times);
    assert!(ran.records.iter().all(|record| record.flags == 0));
}

#[test]
fn one_record_ten_years_ahead_is_one_skew_and_changes_nothing_else() {
    let mut times: Vec<Ns> = (0..500).map(|i| BASE + i * SECOND).collect();
    for at in [0, 77, 250, 480, 498] {
        let mut with = times.clone();
        with.insert(at + 1, BASE + 3650 * DAY);
        for chunk in [150, 1000, 1 << 20] {
            let (plan, ran) = one_file(&lines(with.clone()), BASE, chunk, |_| {});
            assert_eq!(plan.summary().skewed, 1);
            assert_eq!(plan.newest(), times.last().copied());
            let skewed: Vec<_> = ran.records.iter().filter(|r| r.has(Flags::CLOCK_SKEW)).collect();
            assert_eq!(skewed.len(), 1);
            assert_eq!(skewed[0].effective, times[at]);
            let mut without = effective(&ran);
            without.remove(at + 1);
            assert_eq!(without, times);
        }
    }
    // Nothing follows that could deny it.
    times.push(BASE + 3650 * DAY);
    let (plan, _) = one_file(&lines(times.clone()), BASE, 1000, |_| {});
    assert_eq!((plan.summary().skewed, plan.newest()), (0, times.last().copied()));
}

#[test]
fn one_stamp_dense_and_sparse_run_through_with_few_chunks_open() {
    let same = vec![BASE; 4000];
    let dense: Vec<Ns> = (0..4000).map(|i| BASE + i * 5_000).collect();
    let sparse: Vec<Ns> = (0..4000).map(|i| BASE + i * DAY).collect();
    for (times, crowded) in [(same, true), (dense, false), (sparse, false)] {
        let open = |o: &mut ScanOptions| o.open_chunks = 64;
        let (plan, ran) = one_file(&lines(times.clone()), BASE, 1000, open);
        assert!(plan.summary().chunks > 100);
        assert_eq!(plan.summary().crowded_chunks > 0, crowded);
        oracle::open_at_most(&plan, 64);
        assert_eq!(ran.records.len(), 4000);
        assert_eq!(ran.records.iter().any(|r| r.has(Flags::CROWDED)), crowded);
        assert_eq!(effective(&ran) == times, !crowded);
    }
}

#[test]
fn records_before_the_first_time_take_it_and_no_time_at_all_takes_the_files() {
    let mut text = b"no time yet\nstill none\n".repeat(50);
    text.extend(lines([BASE, BASE + SECOND]));
    let (_, ran) = one_file(&text, BASE + DAY, 200, |_| {});
    assert_eq!(effective(&ran)[..101], vec![BASE; 101]);
    assert_eq!(ran.records.iter().filter(|r| r.has(Flags::INHERITED)).count(), 100);
    let (plan, ran) = one_file(b"nothing\nat all\n", BASE + DAY, 200, |_| {});
    assert!(effective(&ran).iter().all(|stamp| *stamp == BASE + DAY));
    assert!(matches!(plan.notices(), [Notice::NoTime { modified, .. }] if *modified == BASE + DAY));
}

#[test]
fn times_without_a_zone_are_utc_with_one_notice() {
    let dir = tempfile::tempdir().unwrap();
    let paths: Vec<PathBuf> = (0..3)
        .map(|i| {
            let text = format!("2026-03-24 00:00:0{i} one\n");
            write(dir.path(), &format!("f{i}"), text.as_bytes(), BASE)
        })
        .collect();
    let mut options = small(dir.path(), 1000);
    let plan = scan(&paths, &options);
    assert!(
        matches!(plan.notices(), [Notice::Zoneless { files: 3, zone, .. }] if zone == "UTC"),
        "{:?}",
        plan.notices()
    );
    assert_eq!(run(plan, 1).records[2].effective, BASE + 2 * SECOND);
    options.file.zone = seerflow_parsing::time::Zone::Fixed(3600);
    assert_eq!(run(scan(&paths, &options), 1).records[0].effective, BASE - HOUR);
}

#[test]
fn a_window_leaves_out_what_is_outside() {
    let times: Vec<Ns> = (0..1000).map(|i| BASE + (i * 7919 % 1000) * SECOND).collect();
    let dir = tempfile::tempdir().unwrap();
    let path = write(dir.path(), "log", &lines(times), BASE);
    let mut plan = scan(&[path], &small(dir.path(), 700));
    assert_eq!(plan.newest(), Some(BASE + 999 * SECOND));
    plan.clip(Some(BASE + 100 * SECOND), Some(BASE + 200 * SECOND));
    assert!(plan.newest().unwrap() < BASE + 200 * SECOND);
    let want: Vec<Ns> = (100..200).map(|i| BASE + i * SECOND).collect();
    let got: Vec<Ns> = run(plan, 3).records.iter().map(|r| r.effective).collect();
    assert_eq!(got, want);
}

#[test]
fn equal_files_are_two_sources_and_the_same_file_is_one() {
    let dir = tempfile::tempdir().unwrap();
    let text = lines((0..100).map(|i| BASE + i * SECOND));
    let a = write(dir.path(), "a", &text, BASE);
    let b = write(dir.path(), "b", &pack(&text, Packing::Zstd), BASE);
    std::os::unix::fs::symlink(&a, dir.path().join("link")).unwrap();
    let options = small(dir.path(), 500);
    let named = [b.clone(), dir.path().join("link"), a.clone(), a.clone()];
    let plan = scan(&named, &options);
    let ids: Vec<u64> = plan.sources().map(|source| source.id).collect();
    assert_eq!(ids.len(), 2);
    assert_ne!(ids[0], ids[1]);
    assert_eq!(run(plan, 2).records.len(), 200);
    // Moved and packed anew, an archive keeps its id.
    let moved = write(dir.path(), "z", &pack(&text, Packing::Xz), BASE + DAY);
    assert_eq!(scan(&[moved], &options).sources().next().unwrap().id, ids[0]);
}

#[test]
fn lines_longer_than_the_limit_are_cut_and_the_next_is_fine() {
    let long = "y".repeat(10_000);
    let mut text = lines([BASE, BASE + SECOND]);
    text.extend(format!("{} host app: {long}\n", rfc3339(BASE + 2 * SECOND)).bytes());
    text.extend(lines([BASE + 3 * SECOND]));
    for packing in PACKINGS {
        let bytes = pack(&text, packing);
        let (plan, ran) = one_file(&bytes, BASE, 1 << 20, |o| o.line_bytes_max = 1000);
        let cut: Vec<_> = ran.records.iter().filter(|r| r.has(Flags::CUT)).collect();
        assert_eq!(cut.len(), 1);
        assert_eq!(cut[0].text.len(), 1000);
        assert_eq!(cut[0].effective, BASE + 2 * SECOND);
        assert_eq!(ran.records.len(), 4);
        assert_eq!(ran.records[3].effective, BASE + 3 * SECOND);
        assert_eq!(plan.summary().cut, 1);
        assert_eq!(ran.progress.changed.load(Ordering::Relaxed), 0);
    }
}

#[test]
fn a_line_of_many_mebibytes_is_never_in_memory_as_a_whole() {
    let mut text = lines([BASE]);
    text.extend(format!("{} host app: ", rfc3339(BASE + SECOND)).bytes());
    text.resize(text.len() + 9 * (1 << 20), b'y');
    text.push(b'\n');
    text.extend(lines([BASE + 2 * SECOND]));
    for packing in [Packing::Plain, Packing::Gzip] {
        let bytes = pack(&text, packing);
        let (plan, ran) = one_file(&bytes, BASE, 1 << 20, |_| {});
        assert_eq!(effective(&ran), [BASE, BASE + SECOND, BASE + 2 * SECOND]);
        assert_eq!(ran.records[1].text.len(), 1 << 20);
        assert_eq!(plan.summary().bytes, text.len() as u64);
    }
}

#[test]
fn a_piece_without_its_rest_does_not_keep_a_file_in_one_chunk() {
    let mut text = b"2026-03-24T00:00:00.000000001Z stderr P never ended\n".to_vec();
    text.extend(lines((0..2000).map(|i| BASE + i * SECOND)));
    let (plan, ran) = one_file(&text, BASE, 1000, |o| o.chunk.patience = 4);
    assert_eq!(ran.records.len(), 2001);
    let most = plan.chunks().map(|chunk| chunk.records).max().unwrap();
    assert!(most < 200, "{most}");
}

#[test]
fn joined_records_have_a_bound() {
    let mut text = lines([BASE]);
    text.extend("  frame\n".repeat(1200).bytes());
    text.extend(lines([BASE + SECOND]));
    let (_, ran) = one_file(&text, BASE, 1 << 20, |_| {});
    let counts: Vec<usize> =
        ran.records.iter().map(|r| r.text.split(|byte| *byte == b'\n').count()).collect();
    assert_eq!(counts.iter().sum::<usize>(), 1202);
    assert!(counts.iter().all(|lines| *lines <= 500));
    assert_eq!(ran.records.len(), 4);
}

#[test]
fn compressed_files_out_of_order_are_unpacked_within_a_bound() {
    let dir = tempfile::tempdir().unwrap();
    let times: Vec<Ns> = (0..500).map(|i| BASE + (499 - i) * SECOND).collect();
    let text = lines(times);
    let path = write(dir.path(), "back.gz", &pack(&text, Packing::Gzip), BASE);
    let ordered = lines((0..500).map(|i| BASE + i * SECOND));
    let fine = write(dir.path(), "fine.gz", &pack(&ordered, Packing::Gzip), BASE);
    let mut options = small(dir.path(), 600);
    let plan = scan(&[path.clone(), fine.clone()], &options);
    assert_eq!(plan.summary().unpacked, text.len() as u64);
    assert_eq!(run(plan, 2).records.len(), 1000);
    options.spill_bytes = text.len() as u64 - 1;
    let plan = scan(&[path.clone(), fine], &options);
    assert_eq!((plan.summary().unpacked, plan.summary().one_pass), (0, 1));
    assert_eq!(plan.one_pass()[0].path, path);
    assert_eq!(plan.one_pass()[0].newest, BASE + 499 * SECOND);
    assert!(plan.notices().iter().any(|n| matches!(n, Notice::OnePass { .. })));
    assert_eq!(run(plan, 2).records.len(), 500);
}

#[test]
fn many_interleaved_compressed_files_keep_few_decoders() {
    let dir = tempfile::tempdir().unwrap();
    let paths: Vec<PathBuf> = (0..40)
        .map(|file| {
            let text = lines((0..60).map(|i| BASE + (i * 40 + file) * SECOND));
            write(dir.path(), &format!("f{file:02}"), &pack(&text, Packing::Gzip), BASE)
        })
        .collect();
    for spill_bytes in [0, 1 << 30] {
        let options = ScanOptions { spill_bytes, ..small(dir.path(), 300) };
        let plan = scan(&paths, &options);
        assert_eq!(plan.summary().unpacked > 0, spill_bytes > 0);
        let got: Vec<Ns> = run(plan, 3).records.iter().map(|r| r.effective).collect();
        assert_eq!(got, (0..2400).map(|i| BASE + i * SECOND).collect::<Vec<_>>());
    }
}

#[test]
fn workers_share_evenly_and_threads_of_the_scan_do_not_matter() {
    let dir = tempfile::tempdir().unwrap();
    let paths: Vec<PathBuf> = (0..5)
        .map(|file| {
            let text = lines((0..400).map(|i| BASE + (i * 5 + file) * SECOND));
            write(dir.path(), &format!("f{file}"), &text, BASE)
        })
        .collect();
    let options = small(dir.path(), 400);
    let one = run(scan(&paths, &options), 1).records;
    let parallel = ScanOptions { threads: 4, ..options };
    let ran = run(scan(&paths, &parallel), 4);
    assert_eq!(ran.records, one);
    let fair = one.len() / 4;
    assert!(ran.shares.iter().all(|share| share * 2 >= fair), "{:?}", ran.shares);
}
