//! Alerts held against rows.

use super::judge::{Judgement, judge};
use super::record::time_of;
use super::table::{Rows, Table};
use super::truth::{Family, Truth};
use seerflow_model::evidence::{Brief, EntityOut};
use seerflow_model::{Alert, AlertStatus, EntityType, Role};
use serde_json::json;
use std::io::Cursor;

fn truth(text: &str) -> Truth {
    Truth::read(&mut Rows::new(Table::Redteam, Box::new(Cursor::new(text.as_bytes().to_vec()))))
        .unwrap()
}

/// An alert from its first event to its last sign, told at some second.
fn alert(rule: &str, [first, told, last]: [u64; 3], score: Option<f64>, named: &[&str]) -> Alert {
    let entities: Vec<EntityOut> = named
        .iter()
        .map(|value| EntityOut {
            uuid: String::new(),
            kind: if value.contains(':') { EntityType::User } else { EntityType::Host },
            value: (*value).to_owned(),
            role: Role::Actor,
        })
        .collect();
    let event = Brief {
        event_id: "e".to_owned(),
        timestamp_ns: time_of(first),
        source: "s".to_owned(),
        message: "m".to_owned(),
    };
    let mut value = json!({
        "schema": 1, "alert_id": rule, "revision": 1, "status": "closed", "provisional": false,
        "retro": false, "alert_type": "correlation", "lens": "security", "rule_name": rule,
        "rule_id": "", "rule_author": null, "ruleset_version": null, "title": rule,
        "description": "", "severity": 3, "severity_text": "", "timestamp_ns": "0",
        "last_seen_ns": "0", "closed_ns": null, "entity_uuid": null, "entity_type": null,
        "entity_value": null, "entities": [], "source_type": null, "occurrences": 1,
        "dedup_count": 1, "risk_score": score, "probability": null, "evidence": [],
        "event_count": 1, "events": [], "mitre_tactics": [], "mitre_techniques": [],
        "dedup_key": "", "feedback": null
    });
    value["timestamp_ns"] = json!(time_of(told).to_string());
    value["last_seen_ns"] = json!(time_of(last).to_string());
    value["entities"] = json!(entities);
    value["events"] = json!([event]);
    serde_json::from_value(value).unwrap()
}

const ROWS: &str = "1000,U1@D,C1,C2,guess\n1500,U1@D,C1,C3,guess\n9000,U2@D,C4,C5,beat\n";

fn verdict(alerts: &[Alert]) -> Judgement {
    judge(&truth(ROWS), alerts)
}

#[test]
fn an_alert_is_about_rows_that_it_names_in_two_parts_at_their_time() {
    for (why, times, named, rows) in [
        ("user and source", [1_000, 1_100, 1_600], &["d:u1", "c1"][..], 2),
        ("source and one destination", [1_000, 1_100, 1_600], &["c1", "c3"], 1),
        ("one part is not enough", [1_000, 1_100, 1_600], &["c1"], 0),
        ("another user, same destination", [1_000, 1_100, 1_600], &["d:u9", "c2"], 0),
        ("before the first row", [100, 200, 900], &["d:u1", "c1"], 0),
        ("within the slack", [100, 200, 940], &["d:u1", "c1"], 1),
        ("told late, with its first event at the row", [1_000, 5_000, 5_000], &["d:u1", "c1"], 2),
        ("behind all", [1_600, 1_700, 1_800], &["d:u1", "c1"], 0),
    ] {
        let judged = verdict(&[alert("r", times, None, named)]);
        assert_eq!(judged.covered, rows, "{why}");
        assert_eq!(
            (judged.right, judged.wrong.len()),
            (usize::from(rows > 0), usize::from(rows == 0))
        );
    }
}

#[test]
fn scenarios_rows_and_false_alerts_are_counted() {
    let judged = verdict(&[
        alert("late", [1_000, 1_400, 1_600], Some(20.0), &["d:u1", "c1"]),
        alert("soon", [1_000, 1_030, 1_040], Some(80.0), &["d:u1", "c2"]),
        alert("noise", [4_000, 4_000, 4_000], Some(50.0), &["d:u1", "c1"]),
    ]);
    assert_eq!((judged.right, judged.wrong.len(), judged.covered), (2, 1, 2));
    assert_eq!((judged.wrong[0].second, judged.wrong[0].rule.as_str()), (4_000, "noise"));
    let found: Vec<_> =
        judged.scenarios.iter().map(|s| (s.name.as_str(), s.detected_after, s.missed)).collect();
    assert_eq!(found, [("guess", Some(30), 0), ("beat", None, 1)]);
    assert_eq!(judged.scenarios[0].rules, ["late", "soon"]);
    assert_eq!((judged.missed.len(), judged.missed[0].family), (1, Family::Unseen));
    assert_eq!(judged.curves.unwrap().area, Some(0.5));
}

#[test]
fn what_was_retracted_was_not_said() {
    let mut taken_back = alert("r", [1_000, 1_100, 1_600], None, &["d:u1", "c1"]);
    taken_back.status = AlertStatus::Retracted;
    let judged = verdict(&[taken_back]);
    assert_eq!((judged.right, judged.wrong.len(), judged.covered), (0, 0, 0));
    assert!(judged.curves.is_none());
}
