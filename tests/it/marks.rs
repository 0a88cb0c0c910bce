//! Guidance: marks and verdicts, in the engine and in the real program.

use crate::daemon::{Daemon, program, wait};
use crate::support::digest::{self, same};
use crate::support::engine::{self, How, quick};
use crate::support::world::{self, Shape};
use seerflow::runtime::batch::{self, Outcome};
use seerflow::runtime::guidance::spoken;
use seerflow::store::control::Verdict;
use seerflow_detection::marks::{MarkKind, Scope};
use seerflow_model::time::SECOND;
use seerflow_model::{Alert, Ns};
use seerflow_pipeline::guide::{Guidance, Mark};
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::{Path, PathBuf};

const MINUTE: Ns = 60 * SECOND;
const SHAPE: Shape = Shape { seed: 1, minutes: 120, busy: 1.0, entities: 40 };

fn run(paths: &[PathBuf], workers: usize, guidance: &[(Ns, Guidance)]) -> Outcome {
    let how = How { workers, tune: quick, ..How::default() };
    let rules = engine::rules(&engine::config());
    let options = engine::options(&how, &rules);
    for (at, guidance) in guidance {
        options.desk.leave(*at, guidance.clone()).unwrap();
    }
    batch::run(engine::planned(paths, &how, &rules), options, |_, _| {}).unwrap()
}

fn mark(id: u128, kind: MarkKind, scope: &str, from: Ns, until: Ns) -> Guidance {
    Guidance::Mark(Mark { id, kind, scope: Scope::parse(scope).unwrap(), from, until })
}

fn ids(alerts: &[Alert]) -> BTreeSet<String> {
    alerts.iter().map(|alert| alert.alert_id.clone()).collect()
}

fn with<'a>(alerts: &'a [Alert], rule: &str, text: &str) -> Vec<&'a Alert> {
    let says = |alert: &&Alert| serde_json::to_string(alert).unwrap().contains(text);
    alerts.iter().filter(|alert| alert.rule_name == rule).filter(says).collect()
}

#[test]
fn marks_hold_what_they_account_for_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let paths = world::write(folder.path(), &world::generate(SHAPE));
    let plain = run(&paths, 2, &[]);
    let news = with(&plain.alerts, "never-seen-message", "connection to db-1 lost");
    let silent = with(&plain.alerts, "silence", "router-2");
    assert!(!news.is_empty() && !silent.is_empty());
    let (news, silent) = (news[0].clone(), silent[0].clone());
    // What the same mark would hold at another time, or somewhere else, is not held.
    // The message names neither a program nor a host.
    let here = "template=*connection to*lost*".to_owned();
    let at = news.timestamp_ns;
    for (scope, from, until) in [
        (here.as_str(), at + 2 * MINUTE, at + 5 * MINUTE),
        (here.as_str(), at - 9 * MINUTE, at - 5 * MINUTE),
        ("program=nobody", 0, Ns::MAX),
    ] {
        let other = run(&paths, 2, &[(0, mark(1, MarkKind::Deploy, scope, from, until))]);
        assert!(ids(&other.alerts).contains(&news.alert_id), "{scope} {from}");
    }
    let guidance = [(at - MINUTE, mark(7, MarkKind::Deploy, &here, at - MINUTE, at + 2 * MINUTE))];
    let marked = run(&paths, 2, &guidance);
    assert!(!ids(&marked.alerts).contains(&news.alert_id));
    let held = marked.shared.held_by_marks.of(7);
    assert!(held.count >= 1 && held.last.iter().any(|one| one.title == news.title), "{held:?}");
    // Everything out of its time is as it was, and what it held was learnt.
    let out = |alert: &&Alert| {
        let apart = |at: Ns| at + 3 * MINUTE < news.timestamp_ns;
        apart(alert.last_seen_ns) || alert.timestamp_ns > news.timestamp_ns + 20 * MINUTE
    };
    let of = |outcome: &Outcome| -> BTreeSet<String> {
        outcome.alerts.iter().filter(out).map(|alert| alert.alert_id.clone()).collect()
    };
    assert_eq!(of(&plain), of(&marked));
    same("knowledge", &digest::knowledge(&plain.shared), &digest::knowledge(&marked.shared));

    // Silence is held under maintenance only.
    let window = (silent.timestamp_ns - 10 * MINUTE, silent.timestamp_ns + 2 * 60 * MINUTE);
    for (kind, told) in [(MarkKind::Deploy, true), (MarkKind::Maintenance, false)] {
        let outcome = run(&paths, 2, &[(0, mark(1, kind, "host=router-*", window.0, window.1))]);
        let silences = with(&outcome.alerts, "silence", "router-2");
        assert_eq!(!silences.is_empty(), told, "{kind:?}");
    }
}

#[test]
fn verdicts_move_what_alerts() {
    let folder = tempfile::tempdir().unwrap();
    let paths = world::write(folder.path(), &world::generate(SHAPE));
    let plain = run(&paths, 1, &[]);
    let judged = |verdict: Verdict, times: u128| {
        let all = plain.alerts.iter().flat_map(|alert| {
            (0..times).map(move |n| {
                // Alerts of earlier days, about the same. A verdict counts for so long from when it
                // was given.
                let Guidance::Verdict { subject, word, lasts, .. } = spoken(alert, verdict) else {
                    unreachable!("a verdict is one");
                };
                (world::BEGIN, Guidance::Verdict { alert: n, subject, word, lasts })
            })
        });
        let mut subjects = BTreeMap::new();
        for (at, guidance) in all {
            let Guidance::Verdict { alert, subject, .. } = guidance else { continue };
            subjects.insert((subject, alert), (at, guidance));
        }
        subjects.into_values().collect::<Vec<_>>()
    };
    let (wrong, right) = (judged(Verdict::Fp, 3), judged(Verdict::Tp, 3));
    let (fewer, more) = (run(&paths, 1, &wrong), run(&paths, 1, &right));
    let count = |outcome: &Outcome| outcome.alerts.iter().map(|a| a.occurrences).sum::<u64>();
    let (fewer_n, plain_n, more_n) = (count(&fewer), count(&plain), count(&more));
    println!("{fewer_n} < {plain_n} < {more_n}");
    assert!(fewer_n < plain_n && plain_n < more_n);
    // Weak evidence went, overwhelming evidence stayed, and what is told is what was measured.
    let about = |alert: &Alert| match spoken(alert, Verdict::Fp) {
        Guidance::Verdict { subject, .. } => subject,
        _ => unreachable!("a verdict is one"),
    };
    let known: BTreeSet<u64> = plain.alerts.iter().map(about).collect();
    let weakest = |alerts: &[Alert]| {
        let judged = alerts.iter().filter(|alert| known.contains(&about(alert)));
        judged.filter_map(|alert| alert.probability).fold(0.0f64, f64::max)
    };
    assert!(weakest(&fewer.alerts) <= 0.0026 && weakest(&plain.alerts) > 0.0026);
    assert!(weakest(&more.alerts) > 0.01 && weakest(&more.alerts) <= 0.03);
    let sure = plain.alerts.iter().filter(|a| a.probability.is_some_and(|p| p < 1e-6));
    // Of an episode that began weakly the begin may be another one.
    let kept: BTreeSet<&String> = fewer.alerts.iter().map(|alert| &alert.dedup_key).collect();
    assert!(sure.map(|alert| &alert.dedup_key).all(|key| kept.contains(key)));
    let factor = |alert: &Alert| alert.evidence[0].values.get("feedback_factor").copied();
    assert!(fewer.alerts.iter().any(|alert| factor(alert) == Some(4.0)));
    assert!(plain.alerts.iter().all(|alert| factor(alert).is_none()));
    // A verdict counts from its time on, and until it expires.
    let late = wrong.iter().map(|(_, said)| (world::BEGIN + 900 * MINUTE, said.clone()));
    let late: Vec<_> = late.collect();
    let late = run(&paths, 1, &late);
    same("too late", &digest::alerts(&plain.alerts), &digest::alerts(&late.alerts));
    let expired = wrong.iter().map(|(_, said)| match said.clone() {
        Guidance::Verdict { alert, subject, word, .. } => {
            (world::BEGIN, Guidance::Verdict { alert, subject, word, lasts: SECOND })
        }
        other => (world::BEGIN, other),
    });
    let expired = run(&paths, 1, &expired.collect::<Vec<_>>());
    same("expired", &digest::alerts(&plain.alerts), &digest::alerts(&expired.alerts));
}

#[test]
fn guidance_gives_the_same_on_any_number_of_workers() {
    let folder = tempfile::tempdir().unwrap();
    let paths = world::write(folder.path(), &world::generate(Shape { seed: 3, ..SHAPE }));
    let plain = run(&paths, 1, &[]);
    let minute = |minute: u64| world::BEGIN + minute * MINUTE;
    let mut guidance = vec![
        (minute(5), mark(1, MarkKind::Deploy, "host=*", minute(70), minute(80))),
        (minute(60), mark(2, MarkKind::Maintenance, "source=*", minute(90), minute(115))),
        (minute(100), Guidance::End { mark: 2 }),
        (minute(119), mark(3, MarkKind::Deploy, "program=*", 0, Ns::MAX)),
        (minute(500), Guidance::End { mark: 3 }),
    ];
    let verdicts = plain.alerts.iter().take(8).enumerate().map(|(n, alert)| {
        let verdict = if n % 3 == 0 { Verdict::Tp } else { Verdict::Fp };
        (minute(61 + n as u64), spoken(alert, verdict))
    });
    guidance.extend(verdicts);
    let first = run(&paths, 1, &guidance);
    assert_ne!(ids(&first.alerts), ids(&plain.alerts));
    assert!(first.shared.held_by_marks.total() > 0);
    for workers in [2, 3] {
        // In whatever order it was left.
        guidance.rotate_left(3);
        let other = run(&paths, workers, &guidance);
        same(&format!("{workers} workers"), &digest::all(&first), &digest::all(&other));
        for id in 1..=3 {
            assert_eq!(first.shared.held_by_marks.of(id), other.shared.held_by_marks.of(id));
        }
    }
}

const YAML: &str = "\
sigma: {bundled: false}
receivers:
  syslog_udp_port: 0
  syslog_tcp_port: 0
  otlp_grpc_enabled: false
  otlp_http_enabled: false
engine:
  lateness_seconds: 1
detection:
  alerts_per_day: 0
  dspot:
    calibration_window: 200
    risk_level: 0.01
dashboard_port: 0
";

/// A line of now.
fn send(daemon: &Daemon, program: &str, message: &str) {
    let now = jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S%.6fZ");
    let mut stream = daemon.connect();
    writeln!(stream, "<11>1 {now} web-1 {program} 9 - - {message}").unwrap();
}

fn quiet(daemon: &Daemon, lines: u64) {
    let mut stream = daemon.connect();
    for i in 1..=lines {
        let now = jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S%.6fZ");
        writeln!(stream, "<134>1 {now} web-1 nginx 9 - - GET /api/v{} 200 {i}ms", i % 5).unwrap();
    }
    drop(stream);
    daemon.wait_processed(lines);
}

fn fine(dir: &Path, args: &[&str]) -> String {
    let output = program(dir).args(args).output().unwrap();
    let err = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(0), "{args:?}: {err}");
    String::from_utf8(output.stdout).unwrap()
}

fn alerts(daemon: &Daemon) -> Vec<serde_json::Value> {
    daemon.json("/api/v1/alerts")["items"].as_array().unwrap().clone()
}

#[test]
fn a_deployment_is_held_and_shown_while_the_mark_lasts() {
    let home = tempfile::tempdir().unwrap();
    let dir = home.path();
    let daemon = Daemon::within(dir, YAML, &["start"]);
    quiet(&daemon, 1_500);
    let add = ["mark", "deploy", "--match", "program=post*,host=WEB-*", "--for", "10m"];
    let id = fine(dir, &add).trim().to_owned();
    send(&daemon, "postgres", "FATAL connection limit exceeded 847/100");
    let held = || daemon.json("/api/v1/marks")["items"][0]["held"] == 1;
    wait("the new message is held", held);
    let shown = daemon.json("/api/v1/marks")["items"][0].clone();
    let title = shown["held_last"][0]["title"].as_str().unwrap();
    assert_eq!(
        (&shown["id"], title),
        (&id.as_str().into(), "never-seen message from postgres on web-1")
    );
    assert_eq!(daemon.json("/api/v1/stats")["held_by_mark"], 1);
    assert_eq!(daemon.metric("seerflow_findings_held_by_marks_total"), 1);
    assert_eq!(alerts(&daemon), Vec::<serde_json::Value>::new());
    let list = fine(dir, &["mark", "list", "--format", "csv"]);
    assert!(list.contains("active") && list.contains("program=post*"), "{list}");
    // What the mark does not account for, at the same time.
    send(&daemon, "sshd", "error: kex_exchange_identification: banner line too long");
    wait("another program alerts", || alerts(&daemon).len() == 1);
    // What was held was learnt, and the mark is over when it is ended.
    fine(dir, &["mark", "end", &id]);
    send(&daemon, "postgres", "FATAL connection limit exceeded 912/100");
    send(&daemon, "postgres", "PANIC could not write to log file: no space left on device");
    wait("the next alerts", || alerts(&daemon).len() == 2);
    let text = serde_json::to_string(&alerts(&daemon)).unwrap();
    let told = text.contains("847/100") || text.contains("912/100");
    assert!(text.contains("PANIC") && !told, "{text}");
    assert_eq!(daemon.json("/api/v1/marks")["total"], 0);
    assert_eq!(daemon.json("/api/v1/marks?past=true")["items"][0]["held"], 1);
    assert_eq!(daemon.stop().status.code(), Some(0));

    // Marked at rest, in force at the start; what cannot be is told before anything is opened.
    fine(dir, &["mark", "maintenance", "--match", "program=cron", "--for", "1h", "--note", "x"]);
    assert!(fine(dir, &["mark", "list", "--json"]).contains("\"maintenance\""));
    for (scope, lasts) in [("user=x", "1h"), ("host=a", "9d"), ("host=a", "soon")] {
        let wrong = ["mark", "deploy", "--match", scope, "--for", lasts];
        assert_eq!(program(dir).args(wrong).output().unwrap().status.code(), Some(2), "{scope}");
    }
    let daemon = Daemon::within(dir, YAML, &["start"]);
    quiet(&daemon, 1_500);
    send(&daemon, "cron", "wrong permissions on tab of root");
    wait("it is held", || daemon.json("/api/v1/stats")["held_by_mark"] == 1);
    assert_eq!(alerts(&daemon).len(), 2, "those of before");
    assert_eq!(daemon.stop().status.code(), Some(0));
}

#[test]
fn verdicts_reach_the_running_program_and_the_next_one() {
    let home = tempfile::tempdir().unwrap();
    let dir = home.path();
    let daemon = Daemon::within(dir, YAML, &["start"]);
    quiet(&daemon, 1_200);
    let programs = ["alpha", "beta", "gamma"];
    for (n, program) in programs.iter().enumerate() {
        send(&daemon, program, &format!("{program} has never said so before"));
        wait("it alerts", || alerts(&daemon).len() == n + 1);
    }
    let all = alerts(&daemon);
    for alert in &all {
        assert!(alert["probability"].as_f64().unwrap() < 0.01, "{alert}");
        fine(dir, &["feedback", alert["alert_id"].as_str().unwrap(), "fp"]);
    }
    // As weak as those, and four times as probable in the light of three mistakes.
    let held = || daemon.metric("seerflow_findings_held_by_budget_total");
    let before = held();
    send(&daemon, "delta", "delta has never said so before");
    wait("it is held back", || held() > before);
    assert_eq!(alerts(&daemon).len(), 3);
    for alert in &all {
        fine(dir, &["feedback", alert["alert_id"].as_str().unwrap(), "tp"]);
    }
    send(&daemon, "omega", "omega has never said so before");
    wait("it alerts", || alerts(&daemon).len() == 4);
    let factor =
        |alert: &serde_json::Value| alert["evidence"][0]["values"]["feedback_factor"].as_f64();
    let factors: Vec<f64> = alerts(&daemon).iter().filter_map(factor).collect();
    assert_eq!(factors, [1.0 / 3.0]);
    assert_eq!(daemon.stop().status.code(), Some(0));

    let daemon = Daemon::within(dir, YAML, &["start"]);
    quiet(&daemon, 1_200);
    send(&daemon, "sigma", "sigma has never said so before");
    wait("it alerts", || alerts(&daemon).len() == 5);
    let factors: Vec<f64> = alerts(&daemon).iter().filter_map(factor).collect();
    assert_eq!(factors, [1.0 / 3.0; 2], "verdicts of the run before count");
    assert_eq!(daemon.stop().status.code(), Some(0));
}
