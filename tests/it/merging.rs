//! Templates that make the same statement become one while the engine runs: with any number of
//! workers, without an alert of its own, and with no event lost from the counts.

use crate::support::digest::{self, same};
use crate::support::engine::{self, How, quick};
use crate::support::rng::Rng;
use seerflow::runtime::batch::Outcome;
use std::path::{Path, PathBuf};

/// Seconds that are generated.
const SECONDS: u64 = 4 * 3_600;
/// When the sixth user comes, and the first words become one place.
const OPENS: u64 = 2 * 3_600;
const USERS: [&str; 9] = ["ann", "bob", "cyd", "dan", "eve", "fay", "gus", "hal", "ida"];

/// Lines of two programs, each with a steady rhythm.
fn write(folder: &Path) -> (PathBuf, usize) {
    let mut rng = Rng::new(7);
    let mut text = String::new();
    let mut lines = 0;
    for second in 0..SECONDS {
        let time =
            format!("2026-03-10T{:02}:{:02}:{:02}Z", second / 3600, second / 60 % 60, second % 60);
        let mut line = |program: &str, message: String| {
            text.push_str(&format!("{time} web-1 {program}[7]: {message}\n"));
            lines += 1;
        };
        let users = if second < OPENS { 5 } else { USERS.len() };
        for user in USERS.iter().take(users).skip((second % 2) as usize).step_by(2) {
            line("doas", format!("{user} : TTY=pts/0 ; PWD=/root ; USER=root"));
        }
        let bytes = if second == 0 { 5 } else { 1 + rng.below(5_000) };
        let size = if bytes > 1_024 { format!(" ({}.5 KB)", bytes / 1_024) } else { String::new() };
        line("copier", format!("sent {bytes} bytes{size} to peer"));
    }
    let path = folder.join("steady.log");
    std::fs::write(&path, text).unwrap();
    (path, lines)
}

fn rows(outcome: &Outcome) -> Vec<(String, u64)> {
    outcome.shared.views.templates().into_iter().map(|row| (row.text, row.count)).collect()
}

#[test]
fn statements_become_one_without_a_word() {
    let folder = tempfile::tempdir().unwrap();
    let (path, lines) = write(folder.path());
    let base = How { tune: quick, ..How::default() };
    let first = engine::analyze(std::slice::from_ref(&path), &base);
    let mut found = rows(&first);
    found.sort();
    let texts: Vec<&str> = found.iter().map(|row| row.0.as_str()).collect();
    assert_eq!(texts, ["<*> : TTY=pts/<*> ; PWD=<*> ; USER=root", "sent <*> bytes to peer"]);
    assert_eq!(found.iter().map(|row| row.1).sum::<u64>(), lines as u64);
    assert_eq!(first.shared.views.template_count(), 2);
    assert_eq!(first.shared.views.merged().aliases.len(), USERS.len() - 1 + 1);
    // The rate rises once, when more users come, and that is seen; but neither does a series that
    // was given away fall, nor is a name new that comes after the place was found.
    // (What single events are like is judged at a level at which chance speaks, too.)
    let counted = |rule: &str| !rule.starts_with("odd-") && rule != "drift";
    let told = first.alerts.iter().filter(|alert| alert.alert_type == "ml");
    let told = told.filter(|alert| counted(&alert.rule_name));
    let told: Vec<_> = told.map(|a| (&a.rule_name, &a.title)).collect();
    assert!(told.iter().all(|(rule, _)| *rule == "volume-burst"), "{told:?}");
    // By the host, and by a user that is new and as loud as none before it.
    assert!(told.len() <= 2, "{told:?}");
    for workers in [2, 3, 4] {
        let how = How { workers, ..base.clone() };
        let outcome = engine::analyze(std::slice::from_ref(&path), &how);
        same(&format!("{workers} workers"), &digest::all(&first), &digest::all(&outcome));
    }
}

/// Distinct junk, a line in ten of a program in use: templates stay within their bounds, and those
/// in use stay whole.
#[test]
fn junk_evicts_nothing_that_is_in_use() {
    let lines: u64 = if crate::support::full() { 1_000_000 } else { 60_000 };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("junk.log");
    let mut rng = Rng::new(11);
    let mut word = move || -> String {
        (0..3 + rng.below(6)).map(|_| char::from(b'a' + rng.below(26) as u8)).collect()
    };
    let mut text = String::new();
    for i in 0..lines {
        let (hour, minute, second) = (i / 360_000, i / 6_000 % 60, i / 100 % 60);
        let time = format!("2026-03-10T{hour:02}:{minute:02}:{second:02}Z h");
        if i % 10 == 0 {
            let (user, port) = (i % 7, i % 60_000);
            text +=
                &format!("{time} sshd[1]: Accepted password for u{user} from ::{i} port {port}\n");
        } else {
            let words: Vec<String> = (0..3 + i % 9).map(|_| word()).collect();
            text += &format!("{time} junk[1]: {}\n", words.join(" "));
        }
    }
    std::fs::write(&path, text).unwrap();
    fn tune(settings: &mut seerflow_pipeline::settings::Settings) {
        // The full form meets the bounds that are in force, the short form narrower ones.
        if !crate::support::full() {
            settings.bounds.keys = 64;
        }
    }
    let how = How { tune, ..How::default() };
    let outcome = engine::analyze(std::slice::from_ref(&path), &how);
    let rows = outcome.shared.views.templates();
    let in_use: Vec<_> = rows.iter().filter(|row| row.program == "sshd").collect();
    assert_eq!(in_use.len(), 1, "{in_use:?}");
    assert_eq!(in_use[0].count, lines / 10);
    let bound = if crate::support::full() { 512 } else { 64 };
    println!("{} templates, {} leaves evicted", rows.len(), outcome.shared.views.evictions());
    assert!(rows.len() <= 256 * bound, "{}", rows.len());
    assert!(outcome.shared.views.evictions() > lines / 4);
    assert!(outcome.shared.views.merged().refused > 0);
}
