//! Feedback, switches, silences and the audit.

use super::*;
use crate::store::control::{SilenceMatch, Verdict};
use seerflow_model::time::DAY;

fn verdict(verdict: Verdict, note: &str) -> NewFeedback {
    NewFeedback { verdict, note: note.into(), origin: "cli".into() }
}

fn silence(rule: &str, starts: Ns, ends: Ns) -> NewSilence {
    let matching = SilenceMatch { rule: Some(rule.into()), ..SilenceMatch::default() };
    NewSilence { matching, reason: "window".into(), created_by: "ada".into(), starts, ends }
}

#[test]
fn feedback_outlives_revisions_and_has_a_history() {
    let (_dir, store) = store();
    store.put_alerts(&[write(revision("a", 1, AlertStatus::Open))], 1).unwrap();
    assert_eq!(store.record_feedback("none", &verdict(Verdict::Tp, ""), 2).unwrap(), None);
    store.record_feedback("a", &verdict(Verdict::Tp, "seems\nright"), 2).unwrap().unwrap();
    store.record_feedback("a", &verdict(Verdict::Fp, "not so"), 3).unwrap().unwrap();
    let mut closed = revision("a", 2, AlertStatus::Closed);
    closed.severity = Severity::Fatal;
    store.put_alerts(&[write(closed)], 4).unwrap();
    let stored = store.alert("a").unwrap().unwrap();
    assert_eq!(stored.alert.feedback.as_deref(), Some("fp"));
    assert_eq!(stored.feedback_note.as_deref(), Some("not so"));
    assert_eq!(stored.alert.severity, Severity::Fatal);
    let history = store.feedback("a", &PageRequest::page(1, 1)).unwrap().unwrap();
    assert_eq!((history.total, history.has_next), (2, true));
    assert_eq!(history.items[0].note, "not so");
    let first = store.feedback("a", &PageRequest::page(2, 1)).unwrap().unwrap();
    assert_eq!((first.items[0].note.as_str(), first.has_next), ("seemsright", false));
    assert_eq!(store.feedback("none", &PageRequest::page(1, 1)).unwrap(), None);
    let counts = store.alert_counts().unwrap();
    assert_eq!((counts.true_positives, counts.false_positives), (0, 1));
    let wrong = AlertQuery { feedback: Some(Verdict::Fp), ..AlertQuery::default() };
    assert_eq!(store.alerts(&wrong, &PageRequest::page(1, 9)).unwrap().total, 1);
    let long = verdict(Verdict::Tp, &"x".repeat(513));
    assert!(store.record_feedback("a", &long, 5).unwrap_err().is_invalid());
    let again = store.alert_revisions("a").unwrap();
    assert!(again.iter().all(|revision| revision.alert.feedback.is_none()));
}

#[test]
fn an_imported_alert_brings_its_verdict_once() {
    let (_dir, store) = store();
    let judged = Alert { feedback: Some("tp".into()), ..alert("a") };
    for _ in 0..2 {
        store.put_alerts(&[write(judged.clone())], 1).unwrap();
    }
    let history = store.feedback("a", &PageRequest::page(1, 9)).unwrap().unwrap();
    assert_eq!((history.total, history.items[0].origin.as_str()), (1, "import"));
    assert_eq!(json(&store.alert("a").unwrap().unwrap().alert), json(&judged));
    store.record_feedback("a", &verdict(Verdict::Fp, ""), 3).unwrap();
    store.put_alerts(&[write(judged)], 4).unwrap();
    assert_eq!(store.alert("a").unwrap().unwrap().alert.feedback.as_deref(), Some("fp"));
}

#[test]
fn silences_come_hold_and_go() {
    let (_dir, store) = store();
    let version = store.silences_version();
    let first = store.add_silence(&silence("r", START, START + DAY), START).unwrap();
    let twin = store.add_silence(&silence("r", START, START + DAY), START).unwrap();
    assert_ne!(first.id, twin.id);
    assert_ne!(store.silences_version(), version);
    let later = silence("s", START + 2 * DAY, START + 3 * DAY);
    let later = store.add_silence(&later, START + 1).unwrap();
    let list = |past, now| {
        let all = store.silences(past, now).unwrap();
        all.iter().map(|silence| silence.id.clone()).collect::<Vec<_>>()
    };
    assert_eq!(list(false, START).len(), 3);
    assert_eq!(list(false, START + DAY), std::slice::from_ref(&later.id));
    assert_eq!(list(true, START + DAY).len(), 3);
    let removed = store.remove_silence(&later.id, "eve", START + 5).unwrap().unwrap();
    assert_eq!((removed.removed_ns, removed.ends_ns), (Some(START + 5), START + 3 * DAY));
    assert_eq!(store.remove_silence(&later.id, "eve", START + 6).unwrap(), None);
    assert_eq!(store.remove_silence("none", "eve", START + 6).unwrap(), None);
    assert_eq!(store.silence(&later.id).unwrap(), Some(removed));
    assert_eq!(store.silence("none").unwrap(), None);
    assert_eq!(list(false, START + 6).len(), 2);
    // After a year what is over is forgotten.
    let much = START + 400 * DAY;
    store.add_silence(&silence("t", much, much + 1), much).unwrap();
    assert_eq!(list(true, much).len(), 1);
}

#[test]
fn every_change_is_in_the_audit() {
    let (_dir, store) = store();
    store.put_alerts(&[write(alert("a"))], 1).unwrap();
    store.record_feedback("a", &verdict(Verdict::Tp, ""), 2).unwrap();
    let id = store.add_silence(&silence("r", START, START + DAY), START).unwrap().id;
    store.remove_silence(&id, "eve", START + 1).unwrap();
    store.set_rule("ssh-brute", false, "ada", START + 2).unwrap();
    store.set_rule("ssh-brute", true, "ada", START + 3).unwrap();
    store.prune_templates(5, "cli", START + 4).unwrap();
    store.reset_templates("cli", START + 5).unwrap();
    assert!(store.add_silence(&silence("", START, START + DAY), START).is_err());
    let page = store.audit(&PageRequest::page(1, 50)).unwrap();
    let lines: Vec<_> = page.items.iter().map(|e| (e.what.as_str(), e.who.as_str())).collect();
    let want = [
        ("templates.reset", "cli"),
        ("templates.prune", "cli"),
        ("rule.switch", "ada"),
        ("rule.switch", "ada"),
        ("silence.remove", "eve"),
        ("silence.add", "ada"),
        ("feedback.record", "cli"),
    ];
    assert_eq!(lines, want);
    assert_eq!(page.total, 7);
    let switched = &page.items[2];
    assert_eq!((switched.subject.as_str(), switched.at_ns), ("ssh-brute", START + 3));
    assert_eq!(switched.before.as_ref().unwrap()["enabled"], false);
    assert_eq!(switched.after.as_ref().unwrap()["enabled"], true);
    assert_eq!(page.items[3].before, None);
    let cursor = super::super::super::page::cursor(1, "x");
    assert!(store.audit(&PageRequest::after(&cursor, 5)).unwrap_err().is_invalid());
}

#[test]
fn switches_of_rules() {
    let (_dir, store) = store();
    store.set_rule("b", false, "ada", 1).unwrap();
    store.set_rule("a", true, "ada", 2).unwrap();
    store.set_rule("b", true, "eve", 3).unwrap();
    let rules = store.rules().unwrap();
    let short: Vec<_> =
        rules.iter().map(|r| (r.rule.as_str(), r.enabled, r.changed_by.as_str())).collect();
    assert_eq!(short, [("a", true, "ada"), ("b", true, "eve")]);
    assert!(store.set_rule(" ", true, "ada", 4).unwrap_err().is_invalid());
    assert!(store.set_rule("c", true, "", 4).unwrap_err().is_invalid());
}

#[test]
fn the_audit_keeps_its_newest_lines() {
    let (_dir, store) = store();
    store.set_rule("a", true, "ada", 1).unwrap();
    store
        .write("test", |db| {
            let most = super::super::people::AUDIT_MAX as i64;
            db.execute("UPDATE sqlite_sequence SET seq = ?1 WHERE name = 'audit'", [most - 1])
                .doing("test")?;
            Ok(())
        })
        .unwrap();
    store.set_rule("a", false, "ada", 2).unwrap();
    assert_eq!(store.audit(&PageRequest::page(1, 9)).unwrap().total, 2);
    store.set_rule("a", true, "ada", 3).unwrap();
    let page = store.audit(&PageRequest::page(1, 9)).unwrap();
    assert_eq!((page.total, page.items[1].at_ns), (2, 2));
}
