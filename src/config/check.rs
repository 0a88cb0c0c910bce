//! From the tree of a file to checked values: unknown keys, types, ranges, doubles.
//!
//! Every problem is found in one pass, so that a reader mends a file once. What nobody set gets
//! its default from the table.

use super::document::{self, Name, Node, Yaml};
use super::mappings;
use super::option::{Row, Status, Value, describe, meant};
use super::problem::{Mark, Problem, nearest};
use super::source_reader;
use super::table::{self, Values};
use super::webhook_reader;
use std::collections::BTreeMap;

/// Most problems that are reported; a file of another kind would give thousands.
pub const PROBLEMS_MAX: usize = 20;

/// What a file gave.
#[derive(Debug, Default)]
pub struct Checked {
    /// All values.
    pub values: Values,
    /// Where the values that the file sets stand.
    pub marks: BTreeMap<&'static str, Mark>,
    /// What is wrong.
    pub problems: Vec<Problem>,
    /// What a reader should know.
    pub warnings: Vec<Problem>,
}

/// Old names and what they are called now.
const RENAMED: &[(&str, &str)] =
    &[("correlation.late_tolerance_seconds", "engine.lateness_seconds")];

/// Where the keys of a section may stand as well.
const MOVED: (&str, &str) = ("detection.sigma.", "sigma.");

/// Keys of `detection` that may also be written flat: `hw_alpha` for `hw.alpha`.
const FLAT_GROUPS: &[&str] = &["dspot", "hw", "cusum", "markov", "kill_chain"];

/// Checks a tree against the table of options.
pub fn check(root: &Node) -> Checked {
    let mut checked = Checked::default();
    let mut aliases = Vec::new();
    match &root.value {
        Yaml::Map(entries) => section(entries, "", &mut checked, &mut aliases),
        Yaml::Null => {}
        other => checked.problems.push(Problem::new(
            Some(root.mark),
            "",
            format!("the file must hold keys and values, but it holds {}", other.kind()),
        )),
    }
    for (row, written, node) in aliases {
        alias(row, &written, node, &mut checked);
    }
    for row in table::rows() {
        if !checked.values.values.contains_key(row.path) {
            checked.values.values.insert(row.path, default(row));
        }
    }
    if let Some(Value::Tree(tree)) = checked.values.values.get("sources") {
        checked.values.sources =
            source_reader::read(tree, &mut checked.problems, &mut checked.warnings);
    }
    if let Some(Value::Tree(tree)) = checked.values.values.get("detection.attack_mappings") {
        checked.values.mappings = mappings::read(tree, &mut checked.problems);
    }
    if let Some(Value::Tree(tree)) = checked.values.values.get("receivers.webhooks") {
        checked.values.webhooks = webhook_reader::read(tree, &mut checked.problems);
    }
    checked
}

/// The default of an option. The table's own test proves that every default is readable.
pub fn default(row: &Row) -> Value {
    document::parse(row.default)
        .ok()
        .and_then(|node| row.kind.read(&node).ok())
        .unwrap_or(Value::Null)
}

fn section<'a>(
    entries: &'a [(Name, Node)],
    prefix: &str,
    checked: &mut Checked,
    aliases: &mut Vec<(&'static Row, String, &'a Node)>,
) {
    for (name, node) in entries {
        let path = format!("{prefix}{}", name.text);
        let inner = format!("{path}.");
        if let Some(row) = table::row(&path) {
            option(row, node, Some(name.mark), checked);
        } else if inner == MOVED.0 || table::rows().any(|row| row.path.starts_with(&inner)) {
            match &node.value {
                Yaml::Map(entries) => section(entries, &inner, checked, aliases),
                Yaml::Null => {}
                other => checked.problems.push(Problem::new(
                    Some(node.mark),
                    path,
                    format!("is a section; it must hold keys and values, not {}", describe(other)),
                )),
            }
        } else if let Some(row) = other_name(&path).and_then(|path| table::row(&path)) {
            aliases.push((row, path, node));
        } else {
            checked.problems.push(unknown(name, prefix));
        }
    }
}

fn option(row: &'static Row, node: &Node, key: Option<Mark>, checked: &mut Checked) {
    match row.kind.read(node) {
        // Nothing after the colon means what it says: not set.
        Ok(Value::Null) => {}
        Ok(value) => {
            checked.values.values.insert(row.path, value);
            checked.marks.insert(row.path, node.mark);
            if let Status::Pending(why) = row.status {
                let message = format!("has no effect in this version: {why}");
                checked.warnings.push(Problem::new(key, row.path, message));
            }
        }
        Err(message) => checked.problems.push(Problem::new(Some(node.mark), row.path, message)),
    }
}

/// Where a key stands that is written under an old or flat name.
fn other_name(path: &str) -> Option<String> {
    if let Some((_, now)) = RENAMED.iter().find(|(old, _)| *old == path) {
        return Some((*now).to_owned());
    }
    if let Some(key) = path.strip_prefix(MOVED.0) {
        return Some(format!("{}{key}", MOVED.1));
    }
    let flat = path.strip_prefix("detection.")?;
    FLAT_GROUPS.iter().find_map(|group| {
        let key = flat.strip_prefix(group)?.strip_prefix('_')?;
        Some(format!("detection.{group}.{key}"))
    })
}

/// Takes a value that is written under another name, unless the proper name is there too.
fn alias(row: &'static Row, written: &str, node: &Node, checked: &mut Checked) {
    if checked.marks.contains_key(row.path) {
        let message = format!("is passed over: {} is set too, and it wins", row.path);
        checked.warnings.push(Problem::new(Some(node.mark), written, message));
        return;
    }
    if RENAMED.iter().any(|(old, _)| *old == written) {
        let message = format!("is now called {}; the value is taken", row.path);
        checked.warnings.push(Problem::new(Some(node.mark), written, message));
    }
    let before = checked.problems.len();
    option(row, node, Some(node.mark), checked);
    for problem in &mut checked.problems[before..] {
        problem.key = written.to_owned();
    }
}

fn unknown(name: &Name, prefix: &str) -> Problem {
    let path = format!("{prefix}{}", name.text);
    let prefix = if prefix == MOVED.0 { MOVED.1 } else { prefix };
    let here = || {
        table::rows().filter_map(|row| {
            let rest = row.path.strip_prefix(prefix)?;
            Some(rest.split('.').next().unwrap_or(rest))
        })
    };
    let near = nearest(&name.text, here());
    // The right key in the wrong section is the commonest mistake of all.
    let elsewhere = || {
        table::rows().map(|row| row.path).find(|path| path.rsplit('.').next() == Some(&name.text))
    };
    let hint = match (near, elsewhere()) {
        (Some(near), _) => meant(&format!("{prefix}{near}")),
        (None, Some(path)) => format!("; did you mean `{path}`? Mind the indentation"),
        (None, None) => String::new(),
    };
    Problem::new(Some(name.mark), path, format!("is not a known key{hint}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(yaml: &str) -> Checked {
        check(&document::parse(yaml).unwrap())
    }

    fn problems(yaml: &str) -> Vec<String> {
        checked(yaml).problems.iter().map(|p| p.at("f").to_string()).collect()
    }

    fn warnings(yaml: &str) -> Vec<String> {
        checked(yaml).warnings.iter().map(|p| p.at("f").to_string()).collect()
    }

    #[test]
    fn nothing_means_defaults() {
        for yaml in ["", "receivers:\n", "receivers: {syslog_udp_port: }", "# nothing\n"] {
            let checked = checked(yaml);
            assert!(checked.problems.is_empty() && checked.warnings.is_empty(), "{yaml}");
            assert_eq!(checked.values.values["receivers.syslog_udp_port"], Value::Int(5514));
        }
    }

    #[test]
    fn every_problem_is_named_with_its_place() {
        let yaml = "receivers:\n  syslog_udp_prot: 1\n  syslog_tcp_port: 70000\n\
                    dashboard_prot: 1\nsyslog_udp_port: 5\ndetection: 5\nxyzzy: 1\n";
        assert_eq!(
            problems(yaml),
            [
                "f:2:3: receivers.syslog_udp_prot: is not a known key; did you mean \
                 `receivers.syslog_udp_port`?",
                "f:3:20: receivers.syslog_tcp_port: is 70000; allowed: a whole number from 0 to \
                 65535",
                "f:4:1: dashboard_prot: is not a known key; did you mean `dashboard_port`?",
                "f:5:1: syslog_udp_port: is not a known key; did you mean \
                 `receivers.syslog_udp_port`? Mind the indentation",
                "f:6:12: detection: is a section; it must hold keys and values, not 5",
                "f:7:1: xyzzy: is not a known key",
            ]
        );
        assert_eq!(problems("- a\n").len(), 1);
        assert_eq!(
            problems("recievers: {}\n"),
            ["f:1:1: recievers: is not a known key; did you mean `receivers`?"]
        );
    }

    #[test]
    fn nested_wins_over_flat() {
        let both = "detection: {dspot_risk_level: 0.5, dspot: {risk_level: 0.25}}";
        assert_eq!(checked(both).values.values["detection.dspot.risk_level"], Value::Float(0.25));
        assert_eq!(warnings(both).len(), 1);
        let flat = checked("detection: {dspot_risk_level: 0.5}");
        assert_eq!(flat.values.values["detection.dspot.risk_level"], Value::Float(0.5));
        assert!(flat.warnings.is_empty());
        let wrong = problems("detection: {dspot_risk_level: 2}");
        assert!(wrong[0].contains("detection.dspot_risk_level: is 2"), "{wrong:?}");
    }

    #[test]
    fn sigma_may_stand_under_detection() {
        let under = checked("detection: {sigma: {min_level: high, exclude: [x]}}");
        assert_eq!(under.values.values["sigma.min_level"], Value::Text("high".into()));
        assert!(under.warnings.is_empty() && under.problems.is_empty());
        assert_eq!(
            problems("detection: {sigma: {min_leve: high}}\nsigma: {min_status: stabel}\n"),
            [
                "f:1:21: detection.sigma.min_leve: is not a known key; did you mean \
                 `sigma.min_level`?",
                "f:2:21: sigma.min_status: is \"stabel\"; allowed: unsupported, deprecated, \
                 experimental, test, stable; did you mean `stable`?",
            ]
        );
    }

    #[test]
    fn old_names_are_taken_with_a_warning() {
        let yaml = "correlation: {late_tolerance_seconds: 30}";
        assert_eq!(checked(yaml).values.values["engine.lateness_seconds"], Value::Int(30));
        assert_eq!(warnings(yaml).len(), 1);
        assert!(warnings(yaml)[0].contains("engine.lateness_seconds"));
    }

    #[test]
    fn pending_options_warn_once_each() {
        let yaml = "storage: {backend: sqlite}\nreceivers: {webhook_enabled: true}\n\
                    llm:\n  backend: ollama\nalerting: {webhooks: [{url: http://x, format: json}]}";
        let warnings = warnings(yaml);
        assert_eq!(warnings.len(), 3, "{warnings:?}");
        assert!(warnings.iter().all(|w| w.contains("has no effect in this version")));
        assert!(problems(yaml).is_empty());
    }

    #[test]
    fn every_row_has_a_readable_default_and_a_unique_path() {
        let mut seen = std::collections::BTreeSet::new();
        for row in table::rows() {
            assert!(seen.insert(row.path), "{} twice", row.path);
            let node = document::parse(row.default).unwrap();
            assert!(row.kind.read(&node).is_ok(), "{}: {:?}", row.path, row.kind.read(&node));
            assert!(!row.doc.trim().is_empty() && row.doc.trim().ends_with('.'), "{}", row.path);
        }
        let sections = |prefix: &str| table::SECTIONS.iter().any(|s| s.prefix == prefix);
        assert!(seen.iter().all(|path| sections(table::section_of(path))));
        assert!(seen.len() > 150, "{}", seen.len());
    }
}
