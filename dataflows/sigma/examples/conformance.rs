//! Events with known matches against folders of rules: `conformance EVENTS.jsonl FOLDER…`.
//!
//! A line has `event` (an object), `logsources` (a list of triples) and `all_matches` (the ids of
//! all rules that match). Every miss and every false match is printed; the exit code is 1 then.

mod common;

use seerflow_sigma::{LogSourceRef, Matcher, Options, load};
use serde_json::Value;
use std::collections::BTreeSet;
use std::process::ExitCode;
use std::sync::Arc;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let Some((events, folders)) = arguments.split_first() else {
        eprintln!("conformance EVENTS.jsonl FOLDER…");
        return ExitCode::from(2);
    };
    let files = common::files(folders);
    let loaded =
        load(files.iter().map(|(name, text)| (name.clone(), text.as_str())), &Options::default());
    let set = Arc::new(loaded.set);
    let mut matcher = Matcher::new(set.clone());
    let text = std::fs::read_to_string(events).unwrap_or_default();
    let (mut cases, mut right, mut missed, mut wrong) = (0, 0, 0, 0);
    for line in text.lines().filter(|line| !line.is_empty()) {
        let Ok(case) = serde_json::from_str::<Value>(line) else {
            eprintln!("not JSON: {line:.80}");
            return ExitCode::from(2);
        };
        let part = |source: &'_ Value, name: &str| {
            source.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
        };
        let list = |name: &str| case[name].as_array().cloned().unwrap_or_default();
        let sources: Vec<_> = list("logsources")
            .iter()
            .map(|source| ["category", "product", "service"].map(|name| part(source, name)))
            .collect();
        let sources: Vec<_> = sources
            .iter()
            .map(|[category, product, service]| LogSourceRef { category, product, service })
            .collect();
        let expected: BTreeSet<_> =
            list("all_matches").iter().filter_map(|id| Some(id.as_str()?.to_owned())).collect();
        let found = matcher.matches(&sources, &case["event"]);
        let id = |number: &u32| set.rules()[*number as usize].rule.header.id.clone();
        let found: BTreeSet<_> = found.iter().filter_map(id).collect();
        cases += 1;
        right += found.intersection(&expected).count();
        for id in expected.difference(&found) {
            missed += 1;
            println!("case {}: {id} should match", case["case"]);
        }
        for id in found.difference(&expected) {
            wrong += 1;
            println!("case {}: {id} should not match", case["case"]);
        }
    }
    println!(
        "{cases} events × {} rules: {right} right, {missed} missed, {wrong} false",
        set.rules().len()
    );
    ExitCode::from(u8::from(cases == 0 || missed + wrong > 0))
}
