//! The conformance set of the evaluation data, where it is there: `SEERFLOW_SHARED` names a
//! folder with `data/sigma/conformance.jsonl` and an archive of rules beside it. Without it this
//! says so and checks nothing.

use seerflow_sigma::{LogSourceRef, Matcher, Options, State, load};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
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

/// Unpacks the archive of rules that is in a folder.
fn unpack(from: &Path, to: &Path) {
    let entries = std::fs::read_dir(from).unwrap().map(|entry| entry.unwrap().path());
    let archive = entries.into_iter().find(|path| path.to_string_lossy().ends_with(".tar.gz"));
    std::fs::create_dir_all(to).unwrap();
    let tar = Command::new("tar").arg("-xzf").arg(archive.unwrap()).arg("-C").arg(to).status();
    assert!(tar.unwrap().success());
}

#[test]
fn no_miss_and_no_false_match() {
    let Some(shared) = std::env::var_os("SEERFLOW_SHARED").map(PathBuf::from) else {
        eprintln!("not checked: SEERFLOW_SHARED is not set");
        return;
    };
    let folder = std::env::temp_dir().join(format!("seerflow-sigma-{}", std::process::id()));
    unpack(&shared.join("data/sigma"), &folder);
    let mut paths = Vec::new();
    files(&folder, &mut paths);
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
    std::fs::remove_dir_all(&folder).unwrap();
}
