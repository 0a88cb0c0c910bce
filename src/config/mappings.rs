//! `detection.attack_mappings`: which ATT&CK tactics and techniques an anomaly may belong to.
//!
//! A detector finds that something is unusual, not what it is for; the words of the line say that
//! much. The first pattern that is found in the message of the event that shows the anomaly gives
//! its tactics and techniques to the alert. Patterns are linear-time and bounded in size; those
//! that come with the program are few and name only what a line says outright.

use super::document::{Node, Yaml};
use super::option::describe;
use super::problem::Problem;
use super::source_reader::Reader;
use regex::{Regex, RegexBuilder};
use seerflow_model::Tactic;
use seerflow_pipeline::tactics::{Tagged, Tags};

/// Most entries.
const ENTRIES_MAX: usize = 256;
/// Longest pattern, in bytes.
const PATTERN_MAX: usize = 500;
/// Compiled size of a pattern.
const REGEX_BYTES_MAX: usize = 1 << 20;
/// Bytes of a message that are looked at.
const MESSAGE_MAX: usize = 4_096;
/// Most techniques of one entry.
const NAMES_MAX: usize = 32;
const KEYS: [&str; 3] = ["pattern", "tactics", "techniques"];

/// One entry.
#[derive(Clone, Debug)]
pub struct AttackMapping {
    pattern: Regex,
    tags: Tagged,
}

/// All entries in force.
#[derive(Clone, Debug)]
pub struct AttackMappings(Vec<AttackMapping>);

impl Tags for AttackMappings {
    fn of(&self, message: &str) -> Option<&Tagged> {
        let text = &message[..message.floor_char_boundary(MESSAGE_MAX)];
        self.0.iter().find(|entry| entry.pattern.is_match(text)).map(|entry| &entry.tags)
    }
}

/// Those that come with the program: pattern, tactics, techniques.
const BUNDLED: [(&str, &[Tactic], &[&str]); 7] = [
    (
        r"(account|user) .{0,40}(locked|lockout)|too many (authentication|login) failures|maximum authentication attempts",
        &[Tactic::CredentialAccess],
        &["T1110"],
    ),
    (
        r"sudo.{0,80}(incorrect password|not in (the )?sudoers|command not allowed)|\bsu(\[\d+\])?: .{0,40}fail",
        &[Tactic::PrivilegeEscalation],
        &["T1548"],
    ),
    (
        r"(failed|invalid|bad) (password|login|user|credentials?)|authentication (failure|failed)|login fail",
        &[Tactic::CredentialAccess, Tactic::InitialAccess],
        &["T1110", "T1078"],
    ),
    (
        r"segfault|segmentation fault|core dumped|general protection",
        &[Tactic::Execution],
        &["T1203"],
    ),
    (
        r"(audit|log)\w* .{0,40}(cleared|truncated|disabled)|auditd? .{0,20}(stopped|disabled)",
        &[Tactic::DefenseEvasion],
        &["T1070"],
    ),
    (r"(new|added) user|useradd|user account .{0,20}created", &[Tactic::Persistence], &["T1136"]),
    (
        r"permission denied|access denied|operation not permitted",
        &[Tactic::DefenseEvasion],
        &["T1222"],
    ),
];

fn compile(pattern: &str) -> Result<Regex, String> {
    let mut builder = RegexBuilder::new(pattern);
    let built = builder.case_insensitive(true).size_limit(REGEX_BYTES_MAX).build();
    built.map_err(|e| format!("is no pattern: {}", e.to_string().replace('\n', " ")))
}

impl AttackMappings {
    /// The user's entries; those that come with the program when there are none.
    pub fn of(own: &[AttackMapping]) -> AttackMappings {
        if !own.is_empty() {
            return AttackMappings(own.to_vec());
        }
        let bundled = BUNDLED.iter().filter_map(|(pattern, tactics, techniques)| {
            let techniques = techniques.iter().map(|name| (*name).to_owned()).collect();
            let tags = Tagged { tactics: tactics.to_vec(), techniques };
            compile(pattern).ok().map(|pattern| AttackMapping { pattern, tags })
        });
        AttackMappings(bundled.collect())
    }
}

/// Reads the entries; what is wrong goes to the list.
pub(super) fn read(tree: &Node, problems: &mut Vec<Problem>) -> Vec<AttackMapping> {
    let path = "detection.attack_mappings";
    let Yaml::List(items) = &tree.value else {
        let message = format!("is {}; allowed: a list of entries", describe(&tree.value));
        problems.push(Problem::new(Some(tree.mark), path, message));
        return Vec::new();
    };
    if items.len() > ENTRIES_MAX {
        let message = format!("has {} entries; allowed: {ENTRIES_MAX}", items.len());
        problems.push(Problem::new(Some(tree.mark), path, message));
        return Vec::new();
    }
    let entry = |(index, item)| Reader::at(format!("{path}[{index}]"), problems).mapping(item);
    items.iter().enumerate().filter_map(entry).collect()
}

impl Reader<'_> {
    fn mapping(&mut self, node: &Node) -> Option<AttackMapping> {
        let (mut pattern, mut tags) = (None, Tagged::default());
        for (name, value) in self.keys(node, "", &KEYS) {
            match name.text.as_str() {
                "pattern" => pattern = self.mapping_pattern(value),
                "tactics" => {
                    for text in self.names(value, "tactics") {
                        match Tactic::parse(&text) {
                            Some(tactic) => tags.tactics.push(tactic),
                            None => {
                                let slugs: Vec<_> = Tactic::ALL.iter().map(|t| t.slug()).collect();
                                let all = slugs.join(", ");
                                let message = format!("\"{text}\" is no tactic; allowed: {all}");
                                self.problem(value, "tactics", message);
                            }
                        }
                    }
                }
                _ => {
                    for text in self.names(value, "techniques") {
                        if is_technique(&text) {
                            tags.techniques.push(text.to_ascii_uppercase());
                        } else {
                            let message =
                                format!("\"{text}\" is no technique; allowed: T1110 or T1110.001");
                            self.problem(value, "techniques", message);
                        }
                    }
                }
            }
        }
        if pattern.is_none() && self.problems() == 0 {
            self.problem(node, "pattern", "is not set".to_owned());
        }
        pattern.map(|pattern| AttackMapping { pattern, tags })
    }

    fn mapping_pattern(&mut self, node: &Node) -> Option<Regex> {
        let text = self.text(node, "pattern")?;
        if text.is_empty() || text.len() > PATTERN_MAX {
            let message = format!("has {} bytes; allowed: 1 to {PATTERN_MAX}", text.len());
            self.problem(node, "pattern", message);
            return None;
        }
        compile(&text).map_err(|message| self.problem(node, "pattern", message)).ok()
    }

    /// A list of short texts.
    fn names(&mut self, node: &Node, key: &str) -> Vec<String> {
        let Yaml::List(items) = &node.value else {
            let message = format!("is {}; allowed: a list of texts", describe(&node.value));
            self.problem(node, key, message);
            return Vec::new();
        };
        if items.len() > NAMES_MAX {
            self.problem(node, key, format!("has {}; allowed: {NAMES_MAX}", items.len()));
            return Vec::new();
        }
        items.iter().filter_map(|item| self.text(item, key)).collect()
    }
}

/// Whether a text names a technique: `T1110`, `T1110.001`.
fn is_technique(text: &str) -> bool {
    let digits = |part: &str, n| part.len() == n && part.bytes().all(|b| b.is_ascii_digit());
    let Some(rest) = text.strip_prefix(['T', 't']) else { return false };
    match rest.split_once('.') {
        Some((technique, sub)) => digits(technique, 4) && digits(sub, 3),
        None => digits(rest, 4),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::document;

    fn read_all(yaml: &str) -> (Vec<AttackMapping>, Vec<String>) {
        let mut problems = Vec::new();
        let entries = read(&document::parse(yaml).unwrap(), &mut problems);
        (entries, problems.iter().map(|p| p.at("").to_string()).collect())
    }

    #[test]
    fn the_first_pattern_that_is_found_tells() {
        let bundled = AttackMappings::of(&[]);
        assert_eq!(bundled.0.len(), BUNDLED.len(), "all compile");
        let of = |message| bundled.of(message).map(|tags| tags.techniques.clone());
        for (message, technique) in [
            ("Failed password for root from 192.0.2.1 port 22 ssh2", Some("T1110")),
            ("maximum authentication attempts exceeded for root", Some("T1110")),
            ("alice : user NOT in sudoers ; TTY=pts/0", None),
            ("sudo: alice : command not allowed ; TTY=pts/0", Some("T1548")),
            ("app[3]: segfault at 0 ip 0", Some("T1203")),
            ("open /etc/shadow: Permission denied", Some("T1222")),
            ("session opened for user alice", None),
        ] {
            let got = of(message).map(|names| names[0].clone());
            assert_eq!(got.as_deref(), technique, "{message}");
        }
        assert!(bundled.of(&"é".repeat(5_000)).is_none());
    }

    #[test]
    fn own_entries_stand_in_their_place() {
        let yaml = "[{pattern: 'tea', tactics: [TA0006, collection], techniques: [t1005]}]";
        let (own, problems) = read_all(yaml);
        assert!(problems.is_empty(), "{problems:?}");
        let all = AttackMappings::of(&own);
        assert!(all.of("failed password").is_none());
        let tags = all.of("more TEA").unwrap();
        assert_eq!(tags.tactics, [Tactic::CredentialAccess, Tactic::Collection]);
        assert_eq!(tags.techniques, ["T1005"]);
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (yaml, what) in [
            ("3", "a list of entries"),
            ("[{tactics: [x], pattern: a}]", "is no tactic"),
            ("[{techniques: [T1], pattern: a}]", "is no technique"),
            ("[{pattern: '('}]", "is no pattern"),
            ("[{pattern: ''}]", "allowed: 1 to 500"),
            ("[{tactics: []}]", "is not set"),
            ("[{patern: a}]", "pattern"),
        ] {
            let (_, problems) = read_all(yaml);
            assert!(problems.iter().any(|problem| problem.contains(what)), "{yaml}: {problems:?}");
        }
    }
}
