//! Imports run one way: model ← parsing, detection, sigma ← pipeline ← the program.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Each crate with what it may import of ours.
const LAYERS: [(&str, &[&str]); 6] = [
    ("dataflows/model", &[]),
    ("dataflows/parsing", &["model"]),
    ("dataflows/detection", &["model"]),
    ("dataflows/sigma", &["model"]),
    ("dataflows/pipeline", &["model", "parsing", "detection", "sigma"]),
    (".", &["model", "parsing", "detection", "sigma", "pipeline"]),
];

/// Names of the dependencies in a manifest. `dev`: those of tests too.
fn dependencies(folder: &Path, dev: bool) -> BTreeSet<String> {
    let manifest = std::fs::read_to_string(folder.join("Cargo.toml")).unwrap();
    let mut section = String::new();
    let mut names = BTreeSet::new();
    for line in manifest.lines().map(str::trim) {
        if line.starts_with('[') {
            section = line.trim_matches(['[', ']']).to_owned();
        } else if (section.ends_with("dev-dependencies") && dev)
            || section == "dependencies"
            || section == "build-dependencies"
            || (section.starts_with("target.") && section.ends_with(".dependencies"))
        {
            let name = line.split(['=', '.', ' ']).next().unwrap_or_default();
            if !name.is_empty() && !name.starts_with('#') {
                names.insert(name.to_owned());
            }
        }
    }
    names
}

fn sources(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, into);
        } else if path.extension().is_some_and(|ext| ext == "rs") {
            into.push(path);
        }
    }
}

/// Our crates that a source file names, comments apart.
fn named(text: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for line in text.lines() {
        let code = line.split("//").next().unwrap_or_default();
        for rest in code.split("seerflow_").skip(1) {
            let name: String = rest.chars().take_while(char::is_ascii_lowercase).collect();
            let path = &rest[name.len()..];
            if path.starts_with("::") || path.starts_with(';') || path.starts_with(" as") {
                names.insert(name);
            }
        }
    }
    names
}

#[test]
fn imports_run_one_way() {
    for (folder, allowed) in LAYERS {
        let root = root().join(folder);
        for dependency in dependencies(&root, true) {
            if let Some(ours) = dependency.strip_prefix("seerflow-") {
                assert!(allowed.contains(&ours), "{folder}/Cargo.toml imports {dependency}");
            }
        }
        let mut files = Vec::new();
        sources(&root.join("src"), &mut files);
        assert!(!files.is_empty(), "{folder} has no sources");
        for file in files {
            let own = folder.rsplit('/').next().unwrap();
            for name in named(&std::fs::read_to_string(&file).unwrap()) {
                let fine = allowed.contains(&name.as_str()) || name == own;
                assert!(fine, "{} names seerflow_{name}", file.display());
            }
        }
    }
}

#[test]
fn timely_is_known_to_the_pipeline_alone() {
    for (folder, _) in LAYERS {
        let names = dependencies(&root().join(folder), true);
        for name in names.iter().filter(|n| n.contains("timely") || n.contains("differential")) {
            assert_eq!(folder, "dataflows/pipeline", "{folder} depends on {name}");
        }
    }
    assert!(dependencies(&root().join("dataflows/pipeline"), false).contains("timely"));
}

#[test]
fn the_world_stays_outside_of_the_dataflows() {
    let world = ["tokio", "axum", "socket2", "rustix", "notify", "tracing", "clap", "tempfile"];
    for (folder, _) in LAYERS.iter().filter(|(folder, _)| *folder != ".") {
        let names = dependencies(&root().join(folder), false);
        for name in &names {
            let outside = world.iter().any(|w| name == w || name.starts_with(&format!("{w}-")));
            assert!(!outside, "{folder} depends on {name}");
        }
    }
}

#[test]
fn the_reader_of_sources_sees_imports() {
    assert_eq!(named("use seerflow_model::Ns;"), BTreeSet::from(["model".to_owned()]));
    assert_eq!(named("let x = seerflow_pipeline::x();").len(), 1);
    assert!(named("// use seerflow_model::Ns;\nlet seerflow_events_total = 1;").is_empty());
}
