//! Rules that are added while the program runs also find what happened before, and what straddles
//! the change is one alert.

use crate::daemon::{Daemon, wait};
use crate::rules::send;
use serde_json::{Value, json};
use std::io::Write;

const YAML: &str = "\
sigma: {bundled: false}
receivers:
  syslog_udp_port: 0
  syslog_tcp_port: 0
  otlp_grpc_enabled: false
  otlp_http_enabled: false
  webhook_enabled: false
engine:
  lateness_seconds: 1
dashboard_port: 0
";

const DOOR: &str = "\
title: Door opened
id: 6a5f2a0e-52a5-4f0c-8a68-1c8a53a0d022
level: high
author: A. Writer
logsource: {product: linux}
detection:
  sel: {message|contains: 'the door opened'}
  condition: sel
";

const KNOCK: &str = "\
title: Knock
id: 0c3a64f4-0f3a-4c3e-9d28-7f1f3f6b3a11
name: knock
level: low
tags: [seerflow.part]
logsource: {product: linux}
detection:
  sel: {message|contains: 'knock'}
  condition: sel
";

/// Knocks are counted by host.
fn knocks(count: u32) -> String {
    format!(
        "title: Knocked {count} times\nid: 1d3a64f4-0f3a-4c3e-9d28-7f1f3f6b3a1{count}\nlevel: high\n\
         correlation:\n  type: event_count\n  rules: [knock]\n  group-by: [entity.host]\n  \
         timespan: 30m\n  condition: {{gte: {count}}}\n"
    )
}

fn lines(daemon: &Daemon, host: &str, message: &str, count: u64) {
    old_lines(daemon, 0, host, message, count);
}

/// Lines of so many hours ago.
fn old_lines(daemon: &Daemon, hours: i64, host: &str, message: &str, count: u64) {
    let before = daemon.processed();
    let mut stream = daemon.connect();
    for n in 0..count {
        let time = jiff::Timestamp::now() - jiff::SignedDuration::from_hours(hours);
        let time = time.strftime("%Y-%m-%dT%H:%M:%S%.6fZ");
        writeln!(stream, "<14>1 {time} {host} app 9 - - {message} {n}").unwrap();
    }
    drop(stream);
    daemon.wait_processed(before + count);
}

fn upload(daemon: &Daemon, yaml: &str) {
    let (status, answer) = send(daemon, "POST", "/api/v1/sigma/rules", &json!({"yaml": yaml}));
    assert!(status == 200 || status == 201, "{status} {answer}");
}

/// Alerts of rules.
fn alerts(daemon: &Daemon) -> Vec<Value> {
    let all = daemon.json("/api/v1/alerts");
    let all = all["items"].as_array().unwrap().iter();
    all.filter(|alert| alert["alert_type"] != "ml").cloned().collect()
}

fn titled(daemon: &Daemon, title: &str) -> Vec<Value> {
    let all = alerts(daemon).into_iter();
    all.filter(|alert| alert["title"].as_str().unwrap().starts_with(title)).collect()
}

#[test]
fn rules_added_today_find_what_happened_before() {
    let home = tempfile::tempdir().unwrap();
    let daemon = Daemon::within(home.path(), YAML, &["start"]);
    lines(&daemon, "web-1", "the door opened", 2);
    lines(&daemon, "web-1", "somebody knocked: knock", 3);
    lines(&daemon, "web-2", "somebody knocked: knock", 4);
    assert_eq!(alerts(&daemon), Vec::<Value>::new());

    upload(&daemon, DOOR);
    wait("the past is judged", || titled(&daemon, "Door opened").len() == 1);
    let door = &titled(&daemon, "Door opened")[0];
    assert_eq!((&door["retro"], &door["event_count"]), (&json!(true), &json!(2)));
    assert_eq!((&door["rule_author"], &door["status"]), (&json!("A. Writer"), &json!("open")));

    // Of five knocks three came before the change on one host, and four of the other.
    upload(&daemon, KNOCK);
    upload(&daemon, &knocks(5));
    wait("the rules are in force", || {
        let rule = daemon.get("/api/v1/sigma/rules/1d3a64f4-0f3a-4c3e-9d28-7f1f3f6b3a15");
        rule.status == 200
    });
    lines(&daemon, "web-1", "somebody knocked: knock", 2);
    wait("what straddles the change is seen", || titled(&daemon, "Knocked 5").len() == 1);
    let knocked = titled(&daemon, "Knocked 5")[0].clone();
    assert_eq!((&knocked["entity_value"], &knocked["event_count"]), (&json!("web-1"), &json!(5)));
    lines(&daemon, "web-2", "somebody knocked: knock", 1);
    wait("on the other host, too", || titled(&daemon, "Knocked 5").len() == 2);
    assert!(titled(&daemon, "Knocked 5").iter().all(|alert| alert["event_count"] == 5));

    // What held before the change goes on as the alert that told of it.
    upload(&daemon, &knocks(4));
    wait("the past is judged", || titled(&daemon, "Knocked 4").len() == 2);
    let ids = |found: &[Value]| -> Vec<String> {
        let mut ids: Vec<_> = found.iter().map(|a| a["alert_id"].to_string()).collect();
        ids.sort();
        ids
    };
    let before = titled(&daemon, "Knocked 4");
    assert!(before.iter().all(|alert| alert["retro"] == true && alert["status"] == "open"));
    lines(&daemon, "web-1", "somebody knocked: knock", 5);
    // Alerts come in the order of the log: the door's is behind those of the knocks before it.
    lines(&daemon, "web-3", "the door opened", 1);
    wait("the next alert", || titled(&daemon, "Door opened").len() == 2);
    assert_eq!(ids(&titled(&daemon, "Knocked 4")), ids(&before), "no other alerts");
    assert_eq!(daemon.stop().status.code(), Some(0));
}

/// [`DOOR`] with other words and another id.
fn gate() -> String {
    DOOR.replace("the door", "the gate").replace("Door", "Gate").replace("022", "023")
}

#[test]
fn how_far_rules_look_back_is_a_matter_of_choice() {
    let daemon = Daemon::with(YAML, &["start"]);
    old_lines(&daemon, 30, "web-1", "the door opened", 1);
    old_lines(&daemon, 30, "web-1", "the gate opened", 1);
    lines(&daemon, "web-1", "the door opened", 2);
    lines(&daemon, "web-1", "the gate opened", 2);
    upload(&daemon, DOOR);
    wait("the last day is judged", || titled(&daemon, "Door opened").len() == 1);
    assert_eq!(titled(&daemon, "Door opened")[0]["event_count"], 2, "not what is 30 hours old");

    let (status, answer) =
        send(&daemon, "POST", "/api/v1/sigma/rules?retro_hours=0", &json!({"yaml": gate()}));
    assert_eq!(status, 201, "{answer}");
    lines(&daemon, "web-2", "the gate opened", 1);
    wait("the rule judges", || !titled(&daemon, "Gate opened").is_empty());
    let gates = titled(&daemon, "Gate opened");
    assert_eq!((gates.len(), &gates[0]["retro"]), (1, &json!(false)), "{gates:?}");

    let door = |query: &str, enabled: bool| {
        let path = format!("/api/v1/sigma/rules/6a5f2a0e-52a5-4f0c-8a68-1c8a53a0d022{query}");
        send(&daemon, "PATCH", &path, &json!({"enabled": enabled}))
    };
    let (status, answer) = door("?retro_hours=721", false);
    assert_eq!(status, 422, "{answer}");
    let told = "retro_hours is \"721\"; allowed: a whole number from 0 to 720";
    assert!(answer.to_string().contains(&told.replace('"', "\\\"")), "{answer}");
    assert_eq!(door("", false).0, 200);
    assert_eq!(door("?retro_hours=48", true).0, 200);
    wait("two days are judged", || titled(&daemon, "Door opened").len() == 2);
}

#[test]
fn the_configuration_says_how_far_rules_look_back() {
    let yaml = YAML.replace("bundled: false", "bundled: false, retro_hours: 48");
    let daemon = Daemon::with(&yaml, &["start"]);
    old_lines(&daemon, 30, "web-1", "the door opened", 1);
    upload(&daemon, DOOR);
    wait("two days are judged", || titled(&daemon, "Door opened").len() == 1);
    // What it says now counts from then on.
    std::fs::write(
        daemon.dir.join("seerflow.yaml"),
        yaml.replace("retro_hours: 48", "retro_hours: 0, exclude: [Door opened]"),
    )
    .unwrap();
    let pid = rustix::process::Pid::from_raw(daemon.pid() as i32).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::HUP).unwrap();
    let door = "/api/v1/sigma/rules/6a5f2a0e-52a5-4f0c-8a68-1c8a53a0d022";
    wait("the configuration is read", || daemon.json(door)["state"] == "disabled");
    old_lines(&daemon, 30, "web-1", "the gate opened", 1);
    upload(&daemon, &gate());
    lines(&daemon, "web-2", "the gate opened", 1);
    wait("the rule judges", || !titled(&daemon, "Gate opened").is_empty());
    let gates = titled(&daemon, "Gate opened");
    assert_eq!((gates.len(), &gates[0]["retro"]), (1, &json!(false)), "{gates:?}");
}

#[test]
fn an_alert_of_a_correlation_ends_with_its_rule() {
    let daemon = Daemon::with(YAML, &["start"]);
    for rule in [KNOCK, &knocks(3), &knocks(4), &knocks(5)] {
        upload(&daemon, rule);
    }
    lines(&daemon, "web-1", "somebody knocked: knock", 5);
    let open = || -> Vec<String> {
        let all = titled(&daemon, "Knocked").into_iter();
        let open = all.filter(|alert| alert["status"] == "open");
        let mut titles: Vec<_> = open
            .map(|alert| alert["title"].as_str().unwrap().replace(": entity.host=web-1", ""))
            .collect();
        titles.sort();
        titles
    };
    let called =
        |counts: &[u32]| counts.iter().map(|n| format!("Knocked {n} times")).collect::<Vec<_>>();
    wait("all hold", || open() == called(&[3, 4, 5]));
    let path =
        |count: u32| format!("/api/v1/sigma/rules/1d3a64f4-0f3a-4c3e-9d28-7f1f3f6b3a1{count}");
    assert_eq!(send(&daemon, "DELETE", &path(3), &Value::Null).0, 204);
    wait("what is removed is over", || open() == called(&[4, 5]));
    assert_eq!(send(&daemon, "PATCH", &path(4), &json!({"enabled": false})).0, 200);
    wait("what is switched off is over", || open() == called(&[5]));
    upload(&daemon, &knocks(5).replace("gte: 5", "gte: 50"));
    wait("what means something else is over", || open().is_empty());
    let all = titled(&daemon, "Knocked");
    assert_eq!(all.len(), 3);
    assert!(all.iter().all(|alert| alert["closed_ns"].is_string()), "{all:?}");
}
