//! Alerts come back as they were put.

use super::*;
use seerflow_model::{EntityOut, EntityType, Role, Tactic};

#[test]
fn an_alert_comes_back_byte_for_byte() {
    let (_dir, store) = store();
    let mut rich = alert("rich");
    rich.title = "ünï \"quoted\" \u{0} \n".into();
    rich.closed_ns = Some(i64::MAX as u64);
    rich.probability = Some(1.234_567_890_123_456_7e-9);
    rich.risk_score = Some(0.1 + 0.2);
    rich.mitre_tactics = vec![Tactic::CredentialAccess, Tactic::CredentialAccess];
    rich.mitre_techniques = vec!["T1110.001".into(), "odd".into(), "T1110.001".into()];
    for number in [f64::MIN_POSITIVE, 5e-324, 1.797_693_134_862_315_7e308, -0.0, 1e23] {
        rich.evidence[0].values.insert(format!("{number:e}"), number);
    }
    store.put_alerts(&[write(rich.clone())], 7).unwrap();
    let stored = store.alert("rich").unwrap().unwrap();
    assert_eq!(json(&stored.alert), json(&rich));
    assert_eq!((stored.stored, stored.silenced_by, stored.feedback_note), (7, None, None));
    assert_eq!(store.alert("poor").unwrap(), None);
}

#[test]
fn numbers_that_json_has_not_are_left_out() {
    let (_dir, store) = store();
    let mut odd = alert("odd");
    odd.probability = Some(f64::NAN);
    odd.evidence[0].probability = Some(f64::INFINITY);
    odd.evidence[0].values.insert("rate".into(), f64::NEG_INFINITY);
    store.put_alerts(&[write(odd)], 1).unwrap();
    let back = store.alert("odd").unwrap().unwrap().alert;
    assert_eq!((back.probability, back.evidence[0].probability), (None, None));
    assert_eq!(back.evidence[0].values.len(), 1);
}

#[test]
fn a_revision_is_stored_once() {
    let (_dir, store) = store();
    let batch = [
        write(revision("a", 1, AlertStatus::Open)),
        write(revision("a", 2, AlertStatus::Closed)),
        write(revision("b", 1, AlertStatus::Open)),
    ];
    let counts = |added, updated, unchanged| PutCounts { added, updated, unchanged, refused: 0 };
    assert_eq!(store.put_alerts(&batch, 1).unwrap(), counts(2, 1, 0));
    assert_eq!(store.put_alerts(&batch, 2).unwrap(), counts(0, 0, 3));
    let of = |id: &str| {
        let rows = store.alert_revisions(id).unwrap();
        rows.iter().map(|row| (row.alert.revision, row.stored)).collect::<Vec<_>>()
    };
    assert_eq!(of("a"), [(1, 1), (2, 1)]);
    assert_eq!(of("none"), []);
    // An older one that comes late is history only.
    let mut late = revision("b", 0, AlertStatus::Open);
    late.title = "before".into();
    assert_eq!(store.put_alerts(&[write(late)], 3).unwrap(), counts(0, 1, 0));
    assert_eq!(of("b"), [(0, 3), (1, 1)]);
    assert_ne!(store.alert("b").unwrap().unwrap().alert.title, "before");
    // The same number with another content takes its place.
    let mut other = revision("a", 2, AlertStatus::Closed);
    other.title = "read again".into();
    assert_eq!(store.put_alerts(&[write(other)], 4).unwrap(), counts(0, 1, 0));
    assert_eq!(of("a"), [(1, 1), (2, 4)]);
    assert_eq!(store.alert("a").unwrap().unwrap().alert.title, "read again");
}

#[test]
fn what_an_alert_is_found_by_follows_its_newest_revision() {
    let (_dir, store) = store();
    let mut first = revision("a", 1, AlertStatus::Open);
    first.mitre_techniques = vec!["T1110.001".into()];
    first.entities = vec![EntityOut::new(EntityType::Ip, "10.1.2.3", Role::Src)];
    let mut second = Alert { revision: 2, ..first.clone() };
    second.title = "something else".into();
    second.events.clear();
    second.mitre_techniques = vec!["T1078".into()];
    second.entities = vec![EntityOut::new(EntityType::Ip, "10.1.2.4", Role::Src)];
    let find = |query: &AlertQuery| store.alerts(query, &PageRequest::page(1, 9)).unwrap().total;
    let text = |text: &str| AlertQuery { text: Some(text.into()), ..AlertQuery::default() };
    let technique = |id: &str| AlertQuery { techniques: vec![id.into()], ..AlertQuery::default() };
    let entity =
        |out: &EntityOut| AlertQuery { entities: vec![out.uuid.clone()], ..AlertQuery::default() };
    store.put_alerts(&[write(first.clone())], 1).unwrap();
    assert_eq!(find(&text("fatal \"connection limit\" postgres 10.1.2.3")), 1);
    assert_eq!((find(&technique("T1110")), find(&technique("T1078"))), (1, 0));
    assert_eq!((find(&entity(&first.entities[0])), find(&entity(&second.entities[0]))), (1, 0));
    store.put_alerts(&[write(second.clone())], 2).unwrap();
    assert_eq!((find(&text("fatal")), find(&text("else \"something\""))), (0, 1));
    assert_eq!((find(&technique("T1110")), find(&technique("T1078"))), (0, 1));
    assert_eq!((find(&entity(&first.entities[0])), find(&entity(&second.entities[0]))), (0, 1));
}

#[test]
fn silenced_ones_are_there_and_say_so() {
    let (_dir, store) = store();
    let silenced = AlertWrite { silenced_by: Some("s".into()), ..write(alert("a")) };
    store.put_alerts(&[silenced, write(alert("b"))], 1).unwrap();
    let find = |silenced| {
        let query = AlertQuery { silenced, ..AlertQuery::default() };
        let page = store.alerts(&query, &PageRequest::page(1, 9)).unwrap();
        ids(&page).join(" ")
    };
    assert_eq!([find(None), find(Some(true)), find(Some(false))], ["a b", "a", "b"]);
    assert_eq!(store.alert_counts().unwrap().silenced, 1);
    // Its next revision is told.
    store.put_alerts(&[write(revision("a", 2, AlertStatus::Closed))], 2).unwrap();
    assert_eq!(find(Some(true)), "");
    let revisions = store.alert_revisions("a").unwrap();
    assert_eq!(revisions[0].silenced_by.as_deref(), Some("s"));
    assert_eq!(revisions[1].silenced_by, None);
}

#[test]
fn counts_and_series() {
    let (_dir, store) = store();
    let minute = 60_000_000_000;
    for n in 0..10u64 {
        let mut one = alert(&n.to_string());
        one.timestamp_ns = START / minute * minute + n * minute / 2;
        one.severity = if n == 3 { Severity::Fatal } else { Severity::Notice };
        one.status = if n < 4 { AlertStatus::Closed } else { AlertStatus::Open };
        store.put_alerts(&[write(one)], 1).unwrap();
    }
    let counts = store.alert_counts().unwrap();
    assert_eq!(counts.by_severity, [0, 0, 9, 0, 0, 0, 1]);
    assert_eq!((counts.open, counts.true_positives), (6, 0));
    let all = AlertQuery::default();
    let series = store.alert_series(&all, minute).unwrap();
    assert_eq!(series.len(), 5);
    assert_eq!((series[1].count, series[1].max_severity), (2, Severity::Fatal));
    assert_eq!(series[1].start, START / minute * minute + minute);
    assert!(store.alert_series(&all, 1).unwrap_err().is_invalid());
}

#[test]
fn the_oldest_go_when_there_are_too_many_but_not_what_was_judged() {
    let (_dir, store) = store();
    for n in 0..10u64 {
        store.put_alerts(&[write(alert(&n.to_string()))], 1).unwrap();
    }
    let new = NewFeedback {
        verdict: crate::store::control::Verdict::Tp,
        note: String::new(),
        origin: "cli".into(),
    };
    store.record_feedback("2", &new, 2).unwrap();
    let room = |most| store.write("test", |db| alert_write::make_room(db, most)).unwrap();
    assert_eq!((room(10), room(6), room(6)), (0, 3, 0));
    let page = store.alerts(&AlertQuery::default(), &PageRequest::page(1, 99)).unwrap();
    assert_eq!(ids(&page), ["2", "4", "5", "6", "7", "8", "9"]);
    let words = AlertQuery { text: Some("postgres".into()), ..AlertQuery::default() };
    assert_eq!(store.alerts(&words, &PageRequest::page(1, 9)).unwrap().total, 7);
    assert_eq!(store.alert_revisions("1").unwrap(), []);
}
