//! Each rule file's own samples.

use super::build::{event, shown};
use crate::roles::file::RoleFile;
use crate::roles::{BUNDLED, RoleSet};

#[test]
fn samples_of_the_rule_files() {
    let mut roles = RoleSet::bundled();
    let mut count = 0;
    for (name, text) in BUNDLED {
        let file = RoleFile::parse(name, text).unwrap();
        // Whole records: see `events`.
        if !file.formats.is_empty() {
            continue;
        }
        for sample in &file.samples {
            let program = sample.program.clone().unwrap_or_else(|| file.first_program());
            let mut event = event("h1", &program, &sample.line.value);
            roles.apply(&mut event);
            let process = format!("; object process h1/{}", program.split('(').next().unwrap());
            let mut got = shown(&event);
            if !program.is_empty() {
                got = got.strip_suffix(&process).unwrap_or(&got).to_owned();
            }
            let got = got
                .strip_suffix("; target host h1")
                .map(str::to_owned)
                .unwrap_or_else(|| got.replace("; observer host h1", "; observer"));
            let line = sample.line.referenced.line();
            assert_eq!(got, sample.gives, "{name}:{line}: {}", sample.line.value);
            count += 1;
        }
        assert!(!file.samples.is_empty(), "{name} has no samples");
    }
    assert!(count >= 40, "{count}");
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
