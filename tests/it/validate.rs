//! A red team in records of logins, processes, flows and names: what is found of it, and what of
//! ordinary work is taken for it. The long form runs whole days of twenty networks.

use crate::support::program;
use seerflow::bench::lanl::{self, LanlOptions};
use seerflow::validate::{self, Report};
use std::collections::BTreeMap;
use std::path::Path;

/// A small network: the same kinds of work and of attacks.
const SMALL: LanlOptions =
    LanlOptions { seed: 2, days: 1, rows_per_day: 40_000, people: 60, attacks: 8, gzip: false };
/// Networks of the long form.
const SEEDS: u64 = 20;

fn made(options: &LanlOptions) -> Report {
    let folder = tempfile::tempdir().unwrap();
    lanl::write(options, folder.path()).unwrap();
    validate::run(folder.path(), 1).unwrap()
}

fn put(folder: &Path, name: &str, rows: impl IntoIterator<Item = String>) {
    let text: Vec<String> = rows.into_iter().collect();
    std::fs::write(folder.join(name), text.join("\n") + "\n").unwrap();
}

#[test]
fn a_small_day_is_judged_and_packed_files_give_the_same() {
    let mut plain = made(&SMALL);
    assert!(plain.total_events_processed > 35_000, "{}", plain.to_text());
    assert_eq!((plain.malformed_lines, plain.unordered_rows), (0, 0));
    let judged = plain.true_positives + plain.false_positives;
    assert_eq!(judged + plain.operations_alerts + plain.learning_alerts, plain.total_alerts);
    assert!(plain.scenario_recall >= 0.75, "{}", plain.to_text());
    assert!(plain.precision.unwrap_or(0.0) >= 0.75, "{}", plain.to_text());
    assert!(plain.false_alerts_per_day <= 2.0, "{}", plain.to_text());
    let mut packed = made(&LanlOptions { gzip: true, ..SMALL });
    (plain.dataset_dir, packed.dataset_dir) = (String::new(), String::new());
    assert_eq!(plain.to_json(), packed.to_json());
}

#[test]
fn ordinary_flows_and_logins_raise_nothing() {
    let folder = tempfile::tempdir().unwrap();
    put(folder.path(), "redteam.txt", ["1,U1@D,C1,C2".to_owned()]);
    let flow =
        |n: u64| format!("{},1,C7,N{n},C{},443,6,4,{}", 60 + n * n, 20 + n % 9, 900 + 37 * n);
    put(folder.path(), "flows.txt", (0..30).map(flow));
    let auth = |n: u64| {
        let result = if n % 7 == 3 { "Fail" } else { "Success" };
        format!("{},U7@D,U7@D,C7,C{},Kerberos,Network,LogOn,{result}", 60 + n * 97, 40 + n % 4)
    };
    put(folder.path(), "auth.csv", (0..30).map(auth));
    let report = validate::run(folder.path(), 1).unwrap();
    assert_eq!(report.total_events_processed, 60);
    assert_eq!(report.total_alerts, 0, "{}", report.to_text());
    assert_eq!(report.missed_attributions[0].silent_family, "unseen");
}

#[test]
fn the_command_says_it_in_words_and_as_json() {
    let folder = tempfile::tempdir().unwrap();
    put(folder.path(), "redteam.txt", [2_000, 2_300].map(|s| format!("{s},U1@D,C1,C2,guess")));
    let auth = |n: u64| {
        let result = if n == 60 { "Success" } else { "Fail" };
        format!("{},U1@D,U1@D,C1,C2,NTLM,Network,LogOn,{result}", 2_000 + 5 * n)
    };
    put(folder.path(), "auth.txt", (0..=60).map(auth));
    let run = |more: &[&str]| {
        let args = [&["validate", ".", "--workers", "1"][..], more].concat();
        let said = program::run(folder.path(), &args);
        assert_eq!(said.code, 0, "{}", said.err);
        said.out
    };
    let json: serde_json::Value = serde_json::from_str(&run(&["--json"])).unwrap();
    assert_eq!(json["precision"], 1.0, "{json}");
    assert_eq!(json["recall"], 1.0, "{json}");
    assert_eq!(json["attack_scenarios"][0]["name"], "guess");
    let after = json["attack_scenarios"][0]["time_to_detect_seconds"].as_u64();
    assert!(after.is_some_and(|after| after <= 60), "{json}");
    for key in ["f1", "auc", "pr_points", "roc_points", "alerts_per_day", "missed_attributions"] {
        assert!(json.get(key).is_some(), "{key}");
    }
    let text = run(&[]);
    assert!(text.contains("precision 1.000, recall 1.000 (2 of 2 rows)"), "{text}");
    assert_eq!(program::run(folder.path(), &["validate", "/no/such/folder"]).code, 2);
}

/// Rules are changed by what even seeds show; odd ones are only measured.
#[test]
fn twenty_networks() {
    if std::env::var_os("SEERFLOW_FULL").is_none_or(|value| value != "1") {
        return;
    }
    for odd in [0, 1] {
        let mut sums = [0usize; 5];
        let (mut false_alerts, mut days) = (0, 0.0);
        let mut kinds: BTreeMap<String, [usize; 2]> = BTreeMap::new();
        for seed in (0..SEEDS).filter(|seed| seed % 2 == odd) {
            let report = made(&LanlOptions { seed, ..LanlOptions::default() });
            for one in &report.attack_scenarios {
                let kind = one.name.rsplit_once('_').map_or(one.name.as_str(), |(kind, _)| kind);
                let kind = kinds.entry(kind.to_owned()).or_default();
                kind[0] += usize::from(one.detected);
                kind[1] += 1;
            }
            let rows = report.redteam_rows;
            let now = [
                report.true_positives,
                report.true_positives + report.false_positives,
                rows - report.false_negatives,
                rows,
                report.detected_scenarios,
            ];
            sums.iter_mut().zip(now).for_each(|(sum, now)| *sum += now);
            false_alerts += report.false_positives;
            days += report.days;
            println!("seed {seed}\n{}", report.to_text());
        }
        let share = |part: usize, all: usize| part as f64 / all.max(1) as f64;
        let scenarios: usize = kinds.values().map(|kind| kind[1]).sum();
        let (precision, recall) = (share(sums[0], sums[1]), share(sums[2], sums[3]));
        let found = share(sums[4], scenarios);
        let per_day = f64::from(u32::try_from(false_alerts).unwrap()) / days;
        let which = ["even", "odd"][odd as usize];
        println!(
            "{which} seeds: precision {precision:.3}, recall of rows {recall:.3}, of scenarios \
             {found:.3}, false alerts a day {per_day:.2}, by kind {kinds:?}"
        );
        assert!(precision >= 0.9 && recall >= 0.9 && found >= 0.9 && per_day <= 1.0, "{which}");
    }
}
