//! The bundled rules: complete, valid, and true to their samples.

use super::reading::Reading;
use super::{bundled, oracle, page, samples};
use seerflow_sigma::{Header, Loaded, Options, RuleSet, State};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

/// What must be there at least.
const RULES_MIN: usize = 90;
const CORRELATIONS_MIN: usize = 15;
const SAMPLES_MIN: usize = 3;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

fn bless() -> bool {
    std::env::var_os("SEERFLOW_BLESS").is_some_and(|value| value == "1")
}

/// The rules, loaded once, and what was said of them.
pub fn loaded() -> &'static (Arc<RuleSet>, Vec<String>) {
    static LOADED: OnceLock<(Arc<RuleSet>, Vec<String>)> = OnceLock::new();
    LOADED.get_or_init(|| {
        let Loaded { set, problems, warnings } = bundled::load_all(&Options::default());
        let told = problems.iter().chain(&warnings).map(ToString::to_string).collect();
        (Arc::new(set), told)
    })
}

/// Heads of all rules, with the files that they are in.
fn heads(set: &RuleSet) -> Vec<(&Arc<str>, &Header)> {
    let rules = set.rules().iter().map(|rule| (&rule.rule.file, &rule.rule.header));
    rules.chain(set.correlations().iter().map(|c| (&c.file, &c.rule.header))).collect()
}

/// Compares with a file of the repository, or writes it.
fn agree(path: &str, text: &str) {
    let path = root().join(path);
    if bless() {
        std::fs::write(&path, text).unwrap();
    }
    let there = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(there == text, "{}: SEERFLOW_BLESS=1 writes it anew", path.display());
}

fn names(folder: &Path, below: &str, out: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let name = format!("{below}{}", entry.file_name().to_string_lossy());
        match entry.path().is_dir() {
            true => names(&entry.path(), &format!("{name}/"), out),
            false => out.push(name),
        }
    }
}

#[test]
fn every_file_of_the_folder_is_compiled_in() {
    let mut all = Vec::new();
    names(&root().join("rules/sigma"), "", &mut all);
    all.sort();
    assert!(all.iter().all(|name| name.ends_with(".yml")), "{all:?}");
    let mut text = String::from(
        "//! Generated: `SEERFLOW_BLESS=1` and the tests of `sigma` write it anew.\n\n\
         /// Name and text of each file.\npub(super) const FILES: &[(&str, &str)] = &[\n",
    );
    for name in all {
        text += &format!("    (\"{name}\", include_str!(\"../../../rules/sigma/{name}\")),\n");
    }
    agree("src/sigma/bundled/list.rs", &(text + "];\n"));
}

#[test]
fn all_load_and_can_match() {
    let (set, told) = loaded();
    assert!(told.is_empty(), "{}", told.join("\n"));
    assert!(set.rules().len() >= RULES_MIN, "{} rules", set.rules().len());
    assert!(set.correlations().len() >= CORRELATIONS_MIN, "{}", set.correlations().len());
    assert_eq!(set.always(), 0, "each rule is found by some literal");
    for rule in set.rules() {
        assert_eq!(rule.state, State::Ok, "{}", rule.rule.file);
    }
}

#[test]
fn every_rule_says_who_what_and_how_it_may_err() {
    let set = &loaded().0;
    let (mut ids, mut titles) = (BTreeSet::new(), BTreeSet::new());
    for (file, header) in heads(set) {
        let id = header.id.as_deref().unwrap_or_default();
        let parsed = uuid::Uuid::parse_str(id).unwrap_or_default();
        assert_eq!(parsed.get_version_num(), 4, "{file}: {id}");
        assert!(ids.insert(id.to_owned()), "{file}: the id stands twice");
        assert!(titles.insert(header.title.clone()), "{file}: the title stands twice");
        assert_eq!(header.author.as_deref(), Some("Seerflow"), "{file}");
        assert_eq!(header.license.as_deref(), Some("Apache-2.0"), "{file}");
        assert!(header.level.is_some() && header.status.is_some(), "{file}");
        assert!(header.description.as_ref().is_some_and(|text| text.len() >= 25), "{file}");
        assert!(!header.falsepositives.is_empty(), "{file}");
        let stem = file.rsplit('/').next().and_then(|name| name.strip_suffix(".yml"));
        assert_eq!(header.name.as_deref(), stem, "{file}");
        let (tactics, techniques) = (header.tactics(), header.techniques());
        let attack = header.tags.iter().filter(|tag| tag.starts_with("attack.")).count();
        assert_eq!(attack, tactics.len() + techniques.len(), "{file}: {:?}", header.tags);
        match header.lens() {
            "operations" => assert_eq!(attack, 0, "{file}"),
            _ => assert!(!tactics.is_empty() && !techniques.is_empty(), "{file}"),
        }
    }
}

#[test]
fn no_rule_is_a_bare_keyword() {
    for rule in loaded().0.rules() {
        for origin in &rule.rule.detection.tests {
            assert!(!origin.test.field.is_empty(), "{}: {}", rule.rule.file, origin.test);
        }
    }
}

/// A part that nothing is made of would never be seen, and what a correlation refers to alerts by
/// itself only where the correlation says so.
#[test]
fn parts_are_used_and_correlations_let_their_parts_alert() {
    let set = &loaded().0;
    let used: BTreeSet<&String> = set.correlations().iter().flat_map(|c| &c.rule.rules).collect();
    for (file, header) in heads(set) {
        assert!(!header.is_part() || used.contains(header.name.as_ref().unwrap()), "{file}");
    }
    for correlated in set.correlations() {
        assert!(correlated.rule.generate, "{}", correlated.file);
    }
}

#[test]
fn tactics_and_techniques_are_those_of_attack() {
    let Some(shared) = std::env::var_os("SEERFLOW_SHARED").map(PathBuf::from) else {
        eprintln!("SEERFLOW_SHARED is not set: techniques are not looked up");
        return;
    };
    let text = std::fs::read(shared.join("data/attack/enterprise_attack_index.json")).unwrap();
    let index: serde_json::Value = serde_json::from_slice(&text).unwrap();
    let mut known: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for technique in index["techniques"].as_array().unwrap() {
        if technique["revoked"] == false && technique["deprecated"] == false {
            let tactics = technique["tactics"].as_array().unwrap().iter();
            let tactics = tactics.map(|tactic| tactic.as_str().unwrap()).collect();
            known.insert(technique["id"].as_str().unwrap(), tactics);
        }
    }
    for (file, header) in heads(&loaded().0) {
        let tactics: BTreeSet<_> = header.tactics().iter().map(|tactic| tactic.slug()).collect();
        let mut covered = BTreeSet::new();
        for id in header.techniques() {
            let of = known.get(&*id).unwrap_or_else(|| panic!("{file}: {id} is not known"));
            assert!(of.intersection(&tactics).next().is_some(), "{file}: {id} serves {of:?}");
            covered.extend(of);
        }
        assert!(tactics.is_subset(&covered), "{file}: {tactics:?}");
    }
}

/// The samples of each file, which has one document.
fn all_samples() -> Vec<(Arc<str>, samples::Samples)> {
    let one = |(file, text): (Arc<str>, &str)| {
        let read = samples::read(text).unwrap_or_else(|error| panic!("{file}: {error}"));
        assert_eq!(read.len(), 1, "{file}");
        let samples = read.into_iter().next().unwrap();
        let counts = [samples.matches.len(), samples.misses.len()];
        assert!(counts.iter().all(|count| *count >= SAMPLES_MIN), "{file}: {counts:?}");
        (file, samples)
    };
    bundled::files().map(one).collect()
}

#[test]
fn samples_of_detection_rules() {
    let set = loaded().0.clone();
    let mut reading = Reading::new(set.clone());
    let mut wrong = String::new();
    let mut count = 0;
    for (file, samples) in all_samples() {
        let Some(number) = set.rules().iter().position(|rule| rule.rule.file == file) else {
            continue;
        };
        let lists = [(true, &samples.matches), (false, &samples.misses)];
        for (wanted, sample) in lists.iter().flat_map(|(wanted, l)| l.iter().map(|s| (*wanted, s)))
        {
            let [record] = &sample.records[..] else { panic!("{file}: a sample is one record") };
            count += 1;
            let matched = reading.matches(record.as_bytes()).0.contains(&(number as u32));
            if matched != wanted {
                let verb = if wanted { "does not match" } else { "matches" };
                wrong +=
                    &format!("{file} {verb} {record}: {}\n", reading.shown(number as u32, record));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
    assert!(count >= RULES_MIN * 2 * SAMPLES_MIN);
}

#[test]
fn samples_of_correlation_rules() {
    let set = loaded().0.clone();
    let mut reading = Reading::new(set.clone());
    let mut wrong = Vec::new();
    for (file, samples) in all_samples() {
        let Some(number) = set.correlations().iter().position(|c| c.file == file) else {
            continue;
        };
        let lists = [(true, &samples.matches), (false, &samples.misses)];
        for (wanted, sample) in lists.iter().flat_map(|(wanted, l)| l.iter().map(|s| (*wanted, s)))
        {
            let fired = oracle::fired(&mut reading, &sample.records);
            if fired.contains_key(&number) != wanted {
                wrong.push(format!("{file}, wanted {wanted}: {}", sample.records[0]));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn the_page_is_made_of_the_rules() {
    agree("docs/RULES.md", &page::page(&loaded().0));
}
