//! The conformance set of the evaluation data, where it is there: `SEERFLOW_SHARED` names a
//! folder with `data/sigma/conformance.jsonl`, `SEERFLOW_SIGMA_RULES` the folder of the rules.
//! Without them this says so and checks nothing.

use seerflow_sigma::{LogSourceRef, Matcher, Options, State, load};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

fn files(folder: &Path, out: &mut Vec<PathBuf>) {
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    paths.sort();
    for path in paths {
        match path.is_dir() {
            true => files(&path, out),
            false if path.extension().is_some_and(|e| e == "yml" || e == "yaml") => out.push(path),
            false => {}
        }
    }
}

#[test]
fn no_miss_and_no_false_match() {
    let variable = |name| std::env::var_os(name).map(PathBuf::from);
    let (Some(shared), Some(rules)) =
        (variable("SEERFLOW_SHARED"), variable("SEERFLOW_SIGMA_RULES"))
    else {
        eprintln!("not checked: SEERFLOW_SHARED and SEERFLOW_SIGMA_RULES are not set");
        return;
    };
    let mut paths = Vec::new();
    files(&rules, &mut paths);
    let texts: Vec<_> = paths.iter().map(|path| std::fs::read_to_string(path).unwrap()).collect();
    let named = paths.iter().zip(&texts);
    let named = named.map(|(path, text)| (Arc::from(path.to_string_lossy()), text.as_str()));
    let loaded = load(named, &Options::default());
    assert_eq!(loaded.problems, []);
    assert_eq!(loaded.set.rules().len(), paths.len());
    for rule in loaded.set.rules() {
        if let State::Disabled(reason) = &rule.state {
            assert!(reason.contains("placeholder"), "{}: {reason}", rule.rule.file);
        }
    }
    let set = Arc::new(loaded.set);
    let mut matcher = Matcher::new(set.clone());
    let text = std::fs::read_to_string(shared.join("data/sigma/conformance.jsonl")).unwrap();
    let mut cases = 0;
    for line in text.lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        let part = |source: &Value, name| source[name].as_str().unwrap_or_default().to_owned();
        let sources: Vec<_> = case["logsources"].as_array().unwrap().iter().collect();
        let owned: Vec<_> = sources
            .iter()
            .map(|source| ["category", "product", "service"].map(|name| part(source, name)))
            .collect();
        let sources: Vec<_> = owned
            .iter()
            .map(|[category, product, service]| LogSourceRef { category, product, service })
            .collect();
        let expected = case["all_matches"].as_array().unwrap().iter();
        let expected: BTreeSet<_> = expected.map(|id| id.as_str().unwrap().to_owned()).collect();
        let found = matcher.matches(&sources, &case["event"]).iter();
        let id = |number: &u32| set.rules()[*number as usize].rule.header.id.clone().unwrap();
        let found: BTreeSet<_> = found.map(id).collect();
        assert_eq!(found, expected, "case {}", case["case"]);
        cases += 1;
    }
    assert!(cases > 0);
}
