use super::*;

fn options(events: u64, workers: usize) -> BenchOptions {
    BenchOptions { events, workers, rate: 500, ..BenchOptions::default() }
}

#[test]
fn a_measurement_adds_up() {
    let report = run(&options(20_000, 1), &Config::default()).unwrap();
    assert!((19_000..=20_000).contains(&report.events), "{}", report.events);
    assert!(report.templates >= 300 && report.tags["malformed"] > 20, "{report:?}");
    assert!(report.bytes > 80 * report.events && report.peak_rss_bytes.is_some());
    assert!(report.cpu_seconds > 0.0 && report.wall_seconds > 0.0);
    let shares: f64 = report.stages.iter().map(|stage| stage.cpu_share).sum();
    assert!((shares - 1.0).abs() < 1e-6, "{shares}");
    let share = |name: &str| report.stages.iter().find(|s| s.name == name).unwrap().cpu_share;
    assert!(share("parse") > share("scan") && share("leaves") > 0.0, "{:?}", report.stages);
    let costs: f64 = report.stages.iter().map(|stage| stage.cpu_us_per_event).sum();
    assert!((costs - report.cpu_us_per_event).abs() < 1e-6);
}

#[test]
fn the_checksum_is_that_of_the_lines() {
    let checksum =
        |events, workers| run(&options(events, workers), &Config::default()).unwrap().checksum;
    let first = checksum(8_000, 1);
    assert_eq!(first, checksum(8_000, 1));
    assert_eq!(first, checksum(8_000, 3));
    assert_ne!(first, checksum(8_001, 1));
}

#[test]
fn given_lines_are_read_and_missing_ones_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("some.log");
    let lines = GenerateOptions { events: 2_000, ..GenerateOptions::default() };
    generate::write(&lines, &mut fs::File::create(&path).unwrap()).unwrap();
    let of = |path: &Path| BenchOptions {
        input: Some(vec![path.to_owned()]),
        ..BenchOptions::default()
    };
    let report = run(&of(&path), &Config::default()).unwrap();
    assert!((1_500..=2_000).contains(&report.events));
    assert_eq!(report.bytes, path.metadata().unwrap().len());
    let missing = run(&of(&folder.path().join("none.log")), &Config::default()).unwrap_err();
    assert_eq!(missing.exit_code, ExitCode::Usage);
    assert!(missing.detail[0].contains("none.log"), "{missing}");
}

#[test]
fn all_forms_say_the_same() {
    let report = run(&options(1_000, 2), &Config::default()).unwrap();
    let json: serde_json::Value = serde_json::from_str(&report.to_json()).unwrap();
    assert_eq!(json["checksum"], report.checksum);
    assert_eq!(json["worker_cpu_seconds"].as_array().unwrap().len(), 2);
    for text in [report.to_markdown(), report.to_table()] {
        for part in [&report.checksum[..], "events per CPU second", "parse", "seed 1"] {
            assert!(text.contains(part), "{part}: {text}");
        }
    }
    let mut lines = report.to_markdown();
    lines.retain(|c| c == '|' || c == '\n');
    let columns: Vec<usize> = lines.lines().map(str::len).filter(|n| *n > 0).collect();
    assert!(columns.iter().all(|n| *n == 3 || *n == 4), "{columns:?}");
}
