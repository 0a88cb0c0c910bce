//! `seerflow bench quality` on made-up data: what is found, what it is worth, and that names decide
//! nothing.

mod data;

use crate::support::program::{Said, run};
use crate::support::shared;
use serde_json::{Value, json};
use std::path::Path;

fn measured(home: &Path, arguments: &[&str]) -> Value {
    let words = [&["bench", "quality"], arguments, &["--format", "json"]].concat();
    let said = run(home, &words);
    assert_eq!(said.code, 0, "{}", said.err);
    serde_json::from_str(&said.out).unwrap()
}

/// The same without what things are called.
fn nameless(mut report: Value) -> Value {
    fn strip(value: &mut Value) {
        match value {
            Value::Array(list) => list.iter_mut().for_each(strip),
            Value::Object(members) => {
                members.remove("name");
                members.values_mut().for_each(strip);
            }
            _ => {}
        }
    }
    strip(&mut report);
    report
}

#[test]
fn figures_depend_on_data_and_not_on_names_or_workers() {
    let home = tempfile::tempdir().unwrap();
    data::write(&home.path().join("one"), &data::FIRST);
    data::write(&home.path().join("two"), &data::SECOND);
    let one = measured(home.path(), &["one", "--workers", "1"]);
    let two = measured(home.path(), &["two", "--workers", "3"]);
    assert_eq!(nameless(one.clone()), nameless(two));
    what_is_known_by_hand(&one);
}

fn what_is_known_by_hand(report: &Value) {
    assert_eq!(report["missing"], json!([]));
    let system = &report["templates"]["systems"][0];
    assert_eq!((&system["name"], &system["messages"]), (&json!("alpha"), &json!(300)));
    assert_eq!((&system["ga"], &system["pa"]), (&json!(1.0), &json!(1.0)), "{system}");
    let series = &report["series"];
    assert_eq!((&series["series"], &series["rows"]), (&json!(2), &json!(800)));
    for by in ["alerts", "probability"] {
        assert_eq!(series[by]["windows"], 2, "{series}");
    }
    let set = &report["sessions"][0];
    let counts = ["trained", "normal", "anomalous", "draws", "anomalous_judged"];
    // Of 31 sessions one is 3.2 %: each anomalous one is a draw of its own.
    assert_eq!(counts.map(|count| &set[count]), [60, 30, 10, 10, 10], "{set}");
    let site = &report["incidents"]["sites"][0];
    assert_eq!(site["rows"], 2160 + 26);
    let simple = &site["first_seen"];
    assert_eq!((&simple["raised"], &simple["false_alarms"]), (&json!(3), &json!(1)), "{simple}");
    assert_eq!((&simple["phases_found"], &simple["phases"]), (&json!(2), &json!(2)));
    assert_eq!(simple["hours_to_first"], 0.0);
    // Two days less the two minutes at their end.
    let a_day = simple["false_a_day"].as_f64().unwrap();
    assert!((a_day - 1.0 / (2.0 - 120.0 / 86_400.0)).abs() < 1e-5, "{simple}");
}

#[test]
fn what_is_not_there_is_said() {
    let home = tempfile::tempdir().unwrap();
    data::write(&home.path().join("all"), &data::FIRST);
    let texts = home.path().join("all/texts");
    let only = measured(home.path(), &["all/texts"]);
    assert!(
        only["templates"].is_object() && only["series"].is_null() && only["incidents"].is_null()
    );
    let missing: Vec<&str> =
        only["missing"].as_array().unwrap().iter().map(|line| line.as_str().unwrap()).collect();
    assert_eq!(missing.len(), 3);
    for (line, part) in missing.iter().zip(["series", "sessions", "incidents"]) {
        assert!(line.starts_with(&format!("{part}: no ")), "{line}");
    }
    let table = run(home.path(), &["bench", "quality", texts.to_str().unwrap()]);
    assert!(table.out.contains("TEMPLATES") && table.out.contains("alpha"), "{}", table.out);
    assert!(table.out.contains("not measured: series: no "), "{}", table.out);
    // A part that was not asked for is not missed.
    let one = measured(home.path(), &["all", "--part", "templates"]);
    assert_eq!((&one["missing"], one["sessions"].is_null()), (&json!([]), true));
    std::fs::create_dir(home.path().join("empty")).unwrap();
    let fails = |arguments: &[&str], with: &str| {
        let Said { code, err, .. } = run(home.path(), &[&["bench", "quality"], arguments].concat());
        assert_eq!(code, 2, "{err}");
        assert!(err.contains(with), "{err}");
    };
    fails(&["empty"], "nothing to measure");
    fails(&["all", "--part", "everything"], "templates");
    fails(&["all", "--anomalous-share", "1"], "between 0 and 1");
    fails(&["no-such-folder"], "no folder");
}

#[test]
fn hostile_files_are_passed_over_or_named() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("all");
    data::write(&folder, &data::FIRST);
    let put = |name: &str, bytes: &[u8]| std::fs::write(folder.join(name), bytes).unwrap();
    put("empty.csv", b"");
    put("deep.json", "[".repeat(100_000).as_bytes());
    put("wide.csv", ("a,".repeat(10_000) + "\n" + &"1,".repeat(10_000) + "\n").as_bytes());
    put("noise.gz", b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\xff\xff\xff");
    put("bytes.csv", b"\xff\xfe\x00\n\x00\x01,\n");
    put("quote.csv", b"a,b\n\"1,2\n3,4\n");
    let good = "{\"label\": 0, \"events\": [1]}\n".repeat(30);
    put("bad_train.jsonl", format!("{good}no session\n").as_bytes());
    put("alone.csv", b"timestamp,value\n2024-01-01 00:00:00,1\n2024-01-01 00:05:00,2\n");
    let words = ["bench", "quality", "all", "--part", "templates", "--format", "json"];
    let said = run(home.path(), &words);
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(said.err.contains("bad_train.jsonl: line 31 is no session"), "{}", said.err);
    assert!(said.err.contains("alone.csv: no windows are known of it"), "{}", said.err);
}

/// The page is written by the command; figures change, the words around them are these.
#[test]
fn the_page_is_the_one_that_is_written() {
    let page = include_str!("../../../docs/QUALITY.md");
    for words in [
        include_str!("../../../src/quality/page/head.md"),
        include_str!("../../../src/quality/page/templates.md"),
        include_str!("../../../src/quality/page/series.md"),
        include_str!("../../../src/quality/page/sessions.md"),
        include_str!("../../../src/quality/page/incidents.md"),
        include_str!("../../../src/quality/page/layout.md"),
    ] {
        assert!(page.contains(words), "docs/QUALITY.md lacks {words}");
    }
    let home = tempfile::tempdir().unwrap();
    data::write(&home.path().join("all"), &data::FIRST);
    let words = ["bench", "quality", "all", "--part", "templates", "--format", "markdown"];
    let said = run(home.path(), &words);
    assert!(said.out.contains("| alpha | 300 | 4 | 4 | 1.000 |"), "{}", said.out);
    assert!(said.out.starts_with(include_str!("../../../src/quality/page/head.md")));
}

/// What others measured on the same data: ground truths, series with 50 windows, and sites with
/// the figures of the first-seen rule. Needs `SEERFLOW_SHARED`; says so without it.
#[test]
fn shared_data_is_read_as_others_read_it() {
    let Some(folder) = shared("data") else { return };
    let home = tempfile::tempdir().unwrap();
    let folder = folder.to_str().unwrap();
    let report = measured(home.path(), &[folder, "--part", "templates", "--part", "incidents"]);
    assert_eq!(report["templates"]["systems"].as_array().unwrap().len(), 8);
    let sites = report["incidents"]["sites"].as_array().unwrap();
    let simple = |site: &Value| {
        let first = &site["first_seen"];
        let rate = |rate: &Value| (rate.as_f64().unwrap() * 10.0).round() / 10.0;
        (first["raised"].clone(), rate(&first["false_a_day"]), first["phases_found"].clone())
    };
    let expected = [(59, 4.4, 6), (41, 5.8, 5), (52, 4.8, 6)];
    let expected: Vec<_> = expected.map(|(n, rate, found)| (json!(n), rate, json!(found))).into();
    assert_eq!(sites.iter().map(simple).collect::<Vec<_>>(), expected);
}
