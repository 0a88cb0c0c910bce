//! Each rule file's own samples.

use super::build::{edges, event, shown};
use crate::roles::file::{RoleFile, Sample};
use crate::roles::{BUNDLED, RoleSet};
use seerflow_model::Event;
use std::collections::BTreeSet;

/// What a sample gives, as its file states it: without the header's host and process.
fn given(event: &Event, program: &str) -> String {
    let process = format!("; object process h1/{}", program.split('(').next().unwrap());
    let mut got = shown(event);
    if !program.is_empty() {
        got = got.strip_suffix(&process).unwrap_or(&got).to_owned();
    }
    got.strip_suffix("; target host h1")
        .map(str::to_owned)
        .unwrap_or_else(|| got.replace("; observer host h1", "; observer"))
}

/// What is wrong with a sample, if anything is.
fn mistake(sample: &Sample, event: &Event, program: &str) -> Option<String> {
    let got = given(event, program);
    if got != sample.gives {
        return Some(format!("gives {got}\n     not {}", sample.gives));
    }
    let stated = sample.edges.as_ref()?;
    let got = edges(event);
    let got: Vec<_> =
        got.split("; ").filter(|e| !e.is_empty() && !e.contains(" ran_on ")).collect();
    (got != *stated).then(|| format!("has edges {got:?}\n         not {stated:?}"))
}

#[test]
fn samples_of_the_rule_files() {
    let mut roles = RoleSet::bundled();
    let mut count = 0;
    let mut programs = BTreeSet::new();
    let mut mistakes = String::new();
    let mut stated = 0;
    for (name, text) in BUNDLED {
        let file = RoleFile::parse(name, text).unwrap();
        for sample in &file.samples {
            let program = sample.program.clone().unwrap_or_else(|| file.first_program());
            let mut event = event("h1", &program, &sample.line.value);
            roles.apply(&mut event);
            if let Some(mistake) = mistake(sample, &event, &program) {
                let line = sample.line.referenced.line();
                mistakes += &format!("{name}:{line}: {}\n   {mistake}\n", sample.line.value);
            }
            count += 1;
            programs.insert(program);
        }
        stated += usize::from(file.samples.iter().any(|s| s.edges.is_some()));
    }
    assert!(mistakes.is_empty(), "\n{mistakes}");
    assert!(count >= 300 && programs.len() >= 60, "{count} samples, {} programs", programs.len());
    assert!(stated >= 34, "only {stated} files state edges");
}

#[test]
fn errors_name_file_and_line() {
    for (text, line, what) in [
        ("rules:\n  - match: ['a {b']\n", 2, "no `}`"),
        ("rules:\n  - match:\n      - 'a'\n      - '{actor:cat}'\n", 4, "role:type"),
        ("programs: [a]\nnonsense: 1\n", 2, "nonsense"),
        ("rules:\n  - match: ['a']\n    keys: {u: 'actor:cat'}\n", 3, "role:type"),
        ("fields:\n  'src:cat':\n    - a\n", 3, "role:type"),
    ] {
        let error = RoleSet::from_files([("x.yaml", text)]).unwrap_err();
        assert_eq!((error.file.as_str(), error.line), ("x.yaml", line), "{error}");
        assert!(error.to_string().contains(what), "{error}");
    }
}
