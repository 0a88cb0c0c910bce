//! Each rule file's own samples.

use crate::roles::file::RoleFile;
use crate::roles::{BUNDLED, RoleSet, sample};
use std::collections::BTreeSet;

#[test]
fn samples_of_the_rule_files() {
    let mut roles = RoleSet::bundled();
    let mut count = 0;
    let mut programs = BTreeSet::new();
    let mut mistakes = String::new();
    let mut stated = 0;
    for (name, text) in BUNDLED {
        let file = RoleFile::parse(name, text).unwrap();
        // Whole records: see `events`.
        if !file.formats.is_empty() {
            continue;
        }
        for sample in &file.samples {
            let program = file.program_of(sample);
            if let Some(mistake) = sample::mistake(&mut roles, sample, &program) {
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

#[test]
fn samples_of_own_files_are_held_to_what_they_state() {
    let own = |samples: &str| {
        let rule =
            "programs: [badged]\nrules:\n  - match: ['{actor:account} at {src:ip}']\nsamples:\n";
        RoleSet::with_own(&[("own.yaml".to_owned(), format!("{rule}{samples}"))])
    };
    let line = "  - line: 'eve at 203.0.113.9'\n    gives: 'other unknown; actor user eve; src ip 203.0.113.9'\n";
    let edges = "    edges: [eve authenticated_from 203.0.113.9]\n";
    own(line).unwrap();
    for (samples, at, what) in [
        ("  - line: 'eve at 203.0.113.9'\n    gives: 'other unknown'\n", 5, "actor user eve"),
        (&*format!("{line}  - line: 'x at y'\n    gives: 'login failure'\n"), 7, "`other unknown`"),
        (&*format!("{line}{edges}"), 5, "eve logged_into h1"),
    ] {
        let error = own(samples).unwrap_err();
        assert_eq!((error.file.as_str(), error.line), ("own.yaml", at), "{error}");
        assert!(error.to_string().contains(what), "{error}");
    }
}

#[test]
fn own_files_come_first_and_stand_in_the_place_of_their_namesakes() {
    let own = [
        ("a.yaml", "programs: [su]\nrules:\n  - match: ['(to {object:service}']\n"),
        ("redis.yaml", "programs: [redis]\nrules:\n  - match: ['Accepted {dst:ip}']\n"),
    ];
    let own: Vec<_> = own.map(|(name, text)| (name.to_owned(), text.to_owned())).into();
    let mut roles = RoleSet::with_own(&own).unwrap();
    for (program, message, file, entities) in [
        ("su", "(to root) bob on pts/3", Some("a.yaml"), "object service root)"),
        ("redis", "Accepted 203.0.113.9:1", Some("redis.yaml"), "dst ip 203.0.113.9"),
        ("redis", "* Ready to accept connections tcp", None, ""),
        ("su", "+ /dev/pts/0 bob:root", Some("su.yaml"), "actor user bob; target user root"),
    ] {
        let mut event = super::build::event("h1", program, message);
        roles.apply(&mut event);
        let shown = super::build::shown(&event);
        assert!(shown.contains(entities), "{message}: {shown}");
        let origin = roles.fitting(&event);
        assert_eq!(origin.map(|origin| &*origin.file), file, "{message}");
        if let Some(origin) = origin {
            assert!(origin.line > 1 && !origin.pattern.is_empty());
        }
    }
}
