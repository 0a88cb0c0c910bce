//! Risk and kill chain in the real program: a host on which much that is unusual happens is one
//! alert that says where each point comes from, and every alert carries the risk of its entity.

use crate::support::program::{Said, run};
use serde_json::Value;
use std::fmt::Write;
use std::path::Path;

const CONFIG: &str = "detection:
  alerts_per_day: 0
  dspot: {risk_level: 0.01, calibration_window: 200}
  attack_mappings:
    - {pattern: 'port probe', tactics: [reconnaissance]}
    - {pattern: 'shell from outside', tactics: [initial-access]}
    - {pattern: 'unknown job', tactics: [persistence]}
";
/// Minutes of ordinary lines; what happens then begins after so many of them.
const MINUTES: u64 = 34 * 60;
const BEGINS: u64 = 30 * 60;
/// Lines of the attack: minute after it began, program, message.
const ATTACK: [(u64, &str, &str); 10] = [
    (0, "fw", "port probe of every service seen"),
    (1, "app", "unexpected end of request while parsing headers"),
    (2, "app", "template engine raised an error nobody knows"),
    (6, "app", "shell from outside opened for www"),
    (7, "kernel", "tracing of a process was asked for and denied"),
    (8, "auth", "password file was read by www"),
    (9, "cron", "unknown job was installed by www"),
    (10, "auth", "session of root began without a terminal"),
    (11, "backup", "archive of all tables was made at noon"),
    (12, "net", "very long name was looked up in the domain of nobody"),
];

fn stamp(minute: u64, second: u64) -> String {
    let at = 1_773_129_600 + minute * 60 + second;
    let at = jiff::Timestamp::from_second(at as i64).unwrap();
    at.strftime("%Y-%m-%dT%H:%M:%S.000000+00:00").to_string()
}

fn log() -> String {
    let mut lines: Vec<(u64, u64, String)> = Vec::new();
    for minute in 0..MINUTES {
        for (n, host) in ["web-1", "web-2", "db-1"].iter().enumerate() {
            for job in 0..3 {
                let second = (n as u64 * 17 + job * 5 + minute * 7) % 60;
                let text = format!(
                    "{host} app[9]: request {} served in {} ms",
                    minute * 3 + job,
                    20 + (minute + job) % 9
                );
                lines.push((minute, second, text));
            }
            if minute % 10 == n as u64 {
                lines.push((minute, 59, format!("{host} cron[9]: hourly work is done")));
            }
        }
    }
    for (after, program, message) in ATTACK {
        lines.push((BEGINS + after, 30, format!("web-1 {program}[9]: {message}")));
    }
    for n in 0..600 {
        let text = format!("web-1 app[9]: request {n} refused, try again later");
        lines.push((BEGINS + 3 + n / 200, n % 60, text));
    }
    lines.sort();
    lines.into_iter().fold(String::new(), |mut all, (minute, second, text)| {
        let _ = writeln!(all, "{} {text}", stamp(minute, second));
        all
    })
}

fn analyzed(home: &Path, workers: &str) -> Vec<Value> {
    let said: Said = run(home, &["analyze", "app.log", "--workers", workers]);
    assert_eq!(said.code, 1, "{}", said.err);
    said.ndjson()
}

#[test]
fn what_adds_up_about_a_host_is_one_alert_that_says_why() {
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("seerflow.yaml"), CONFIG).unwrap();
    std::fs::write(home.path().join("app.log"), log()).unwrap();
    let alerts = analyzed(home.path(), "1");
    let of = |kind: &str| -> Vec<&Value> {
        alerts.iter().filter(|alert| alert["alert_type"] == kind).collect()
    };
    let risk = of("risk");
    assert_eq!(risk.len(), 1, "{risk:#?}");
    let risk = risk[0];
    assert_eq!((&risk["entity_type"], &risk["entity_value"]), (&"host".into(), &"web-1".into()));
    assert_eq!(risk["rule_name"], "risk-accumulation");
    let score = risk["risk_score"].as_f64().unwrap();
    // It began at 50 and ends at 40; what was told last lies between that and 100.
    assert!((40.0..=100.0).contains(&score), "{score}");
    assert!(risk["title"].as_str().unwrap().contains("host web-1"), "{}", risk["title"]);
    // Every part of the score says what gave it, and no more is told than there is.
    let parts = risk["evidence"].as_array().unwrap();
    let shares: Vec<f64> =
        parts.iter().filter_map(|part| part["values"]["share"].as_f64()).collect();
    assert!(shares.len() >= 5 && shares.iter().sum::<f64>() <= score + 1.0, "{shares:?}");
    let said = parts.iter().all(|part| !part["text"].as_str().unwrap().is_empty());
    assert!(said && parts.iter().all(|part| part["probability"].is_null()), "{parts:#?}");
    let messages: Vec<&str> =
        risk["events"].as_array().unwrap().iter().map(|e| e["message"].as_str().unwrap()).collect();
    let shown = ATTACK.iter().filter(|(.., m)| messages.iter().any(|got| got.contains(m))).count();
    assert!(shown >= 7, "{messages:#?}");

    let chain = of("kill-chain");
    assert_eq!(chain.len(), 1, "{chain:#?}");
    let tactics = ["reconnaissance", "initial-access", "persistence"];
    assert_eq!(chain[0]["mitre_tactics"], serde_json::json!(tactics));
    assert_eq!(chain[0]["entity_value"], "web-1");

    // Every alert of an entity carries the risk that the entity had then.
    for alert in alerts.iter().filter(|alert| !alert["entity_value"].is_null()) {
        let score = alert["risk_score"].as_f64();
        assert!(score.is_some_and(|score| (0.0..=100.0).contains(&score)), "{alert:#}");
    }
    let of_others = alerts.iter().filter(|alert| alert["entity_value"] == "web-2");
    assert!(of_others.clone().all(|alert| alert["risk_score"].as_f64().unwrap() < 50.0));
    let mut first: Vec<String> = alerts.iter().map(Value::to_string).collect();
    let mut second: Vec<String> = analyzed(home.path(), "3").iter().map(Value::to_string).collect();
    first.sort();
    second.sort();
    assert_eq!(first, second, "the number of workers");
}
