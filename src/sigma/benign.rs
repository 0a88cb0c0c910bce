//! What the bundled rules say of lines in which nothing is expected.
//!
//! Loghub's eight samples are logs of real systems; two of them come from machines that stand in
//! the internet and were attacked, which [`EXPECTED`] says line by line. Generated lines are
//! harmless by the way they are made: no rule may match any.

use super::oracle;
use super::reading::Reading;
use super::tests::loaded;
use crate::bench::generate::{GenerateOptions, Generator};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// An alert on Loghub's lines: set, name of the rule, how often, and why it is right.
pub struct Expected(pub &'static str, pub &'static str, pub usize, pub &'static str);

/// All alerts on Loghub's 16,000 lines.
pub const EXPECTED: [Expected; 5] = [
    Expected(
        "Linux",
        "console_root_login",
        2,
        "root logged in at a terminal of the machine: PAM and the program login both say so",
    ),
    Expected(
        "Linux",
        "login_guessing",
        2,
        "somebody tried twenty passwords and more in ten minutes, twice",
    ),
    Expected(
        "OpenSSH",
        "ssh_brute_force",
        9,
        "passwords were guessed by one address after the other, ten and more in five minutes",
    ),
    Expected(
        "OpenSSH",
        "ssh_password_spray",
        4,
        "one address tried eight names and more, such as admin, oracle and test",
    ),
    Expected(
        "OpenSSH",
        "ssh_too_many_attempts",
        11,
        "the server itself cut off clients that had used up their attempts",
    ),
];

/// The sets of the folder.
const SETS: [&str; 8] =
    ["Apache", "HDFS", "Hadoop", "HealthApp", "Linux", "OpenSSH", "OpenStack", "Zookeeper"];
/// Lines that are generated, and in the long form.
const GENERATED: [u64; 2] = [20_000, 2_000_000];

fn reading() -> Reading {
    Reading::new(loaded().0.clone())
}

#[test]
fn alerts_on_logs_of_real_systems_are_those_that_are_explained() {
    let Some(shared) = std::env::var_os("SEERFLOW_SHARED").map(PathBuf::from) else {
        eprintln!("SEERFLOW_SHARED is not set: nothing is looked at");
        return;
    };
    let mut reading = reading();
    let mut found: BTreeMap<(&str, String), usize> = BTreeMap::new();
    for set in SETS {
        let path = shared.join("data/loghub").join(set).join(format!("{set}_2k.log"));
        let bytes = std::fs::read(&path).unwrap();
        let text = String::from_utf8_lossy(&bytes);
        let records: Vec<String> =
            text.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect();
        let rules = reading.matcher.set().clone();
        for record in &records {
            for rule in reading.matches(record.as_bytes()).0 {
                let header = &rules.rules()[rule as usize].rule.header;
                if !header.is_part() {
                    *found.entry((set, header.name.clone().unwrap())).or_default() += 1;
                }
            }
        }
        for (number, times) in oracle::fired(&mut reading, &records) {
            let header = &rules.correlations()[number].rule.header;
            if !header.is_part() {
                *found.entry((set, header.name.clone().unwrap())).or_default() += times.len();
            }
        }
    }
    let expected: BTreeMap<_, _> =
        EXPECTED.iter().map(|Expected(set, rule, n, _)| ((*set, (*rule).to_owned()), *n)).collect();
    assert_eq!(found, expected);
}

#[test]
fn generated_lines_match_nothing() {
    let full = std::env::var_os("SEERFLOW_FULL").is_some_and(|value| value == "1");
    let events = GENERATED[usize::from(full)];
    let mut generator = Generator::new(&GenerateOptions { events, ..GenerateOptions::default() });
    let mut reading = reading();
    let mut line = Vec::new();
    let mut wrong = Vec::new();
    while generator.line(&mut line).is_some() {
        for rule in reading.matches(&line).0 {
            let title = &reading.matcher.set().rules()[rule as usize].rule.header.title;
            wrong.push(format!("{title}: {}", String::from_utf8_lossy(&line)));
        }
        line.clear();
    }
    assert!(
        wrong.is_empty(),
        "{} of {events}: {}",
        wrong.len(),
        wrong[..wrong.len().min(5)].join("\n")
    );
}
