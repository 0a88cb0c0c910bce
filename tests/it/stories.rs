//! Stories that rules tell: one alert each, that names who and where, whatever the names, the counts
//! and the spacing; the same on any number of workers and in any order of arrival.

use crate::founding::displace;
use crate::support::digest::{self, same};
use crate::support::engine::{self, How, quick};
use crate::support::rng::Rng;
use crate::support::world::{self, Line, Sources};
use seerflow::runtime::batch::Outcome;
use seerflow_model::time::{SECOND, TICK, floor_tick};
use seerflow_model::{Alert, Ns};
use seerflow_pipeline::retro::Retro;
use seerflow_pipeline::rulebook::Installed;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

/// 2026-03-15T03:14:07Z.
const BEGIN: Ns = 1_773_544_447 * SECOND;
const SEEDS: u64 = 20;

fn stamp(at: Ns) -> String {
    seerflow_model::time::rfc3339(at)
}

fn sshd(at: Ns, host: &str, message: &str) -> Line {
    Line { at, text: format!("<38>1 {} {host} sshd 812 - - {message}", stamp(at)) }
}

/// What goes on besides: jobs, requests, people who mistype a password once.
fn background(rng: &mut Rng, host: &str, minutes: u64) -> Vec<Line> {
    let mut lines = Vec::new();
    for _ in 0..minutes * 6 {
        let at = BEGIN - 600 * SECOND + rng.below(minutes * 60) * SECOND + rng.below(SECOND);
        let user = *rng.pick(&["alice", "bob", "carol"]);
        let address = format!("192.0.2.{}", 1 + rng.below(40));
        let port = 40_000 + rng.below(20_000);
        lines.push(match rng.below(4) {
            0 => sshd(
                at,
                host,
                &format!("Accepted publickey for {user} from {address} port {port} ssh2"),
            ),
            1 => {
                let text =
                    format!("<78>1 {} {host} CRON 99 - - ({user}) CMD (run-parts)", stamp(at));
                Line { at, text }
            }
            2 if rng.chance(0.1) => sshd(
                at,
                host,
                &format!("Failed password for {user} from {address} port {port} ssh2"),
            ),
            _ => {
                let text = format!(
                    "<134>1 {} {host} nginx 7 - - {address} - - \"GET /a{} HTTP/1.1\" 200 {}",
                    stamp(at),
                    rng.below(9),
                    rng.below(9_000)
                );
                Line { at, text }
            }
        });
    }
    lines
}

struct Attack {
    attacker: String,
    host: String,
    user: String,
    lines: Vec<Line>,
}

/// Guesses until one is right.
fn guesses(seed: u64) -> Attack {
    let mut rng = Rng::new(seed);
    let attacker = format!("198.51.100.{}", 1 + rng.below(250));
    let host = format!("{}-{:02}", rng.pick(&["web-prod", "db", "gate", "build"]), rng.below(99));
    let user = (*rng.pick(&["root", "admin", "deploy", "oracle", "backup"])).to_owned();
    let guesses = 12 + rng.below(60);
    let (least, most) = *rng.pick(&[(1, 3), (2, 9), (10, 24)]);
    let mut lines = background(&mut rng, &host, 60);
    let mut at = BEGIN;
    for _ in 0..guesses {
        let port = 30_000 + rng.below(30_000);
        let message = format!("Failed password for {user} from {attacker} port {port} ssh2");
        lines.push(sshd(at, &host, &message));
        at += (least + rng.below(most - least)) * SECOND + rng.below(SECOND);
    }
    at += rng.below(120) * SECOND;
    let message = format!("Accepted password for {user} from {attacker} port 50001 ssh2");
    lines.push(sshd(at, &host, &message));
    lines.sort_by_key(|line| line.at);
    Attack { attacker, host, user, lines }
}

/// A canary that is killed because it takes too much memory.
fn canary(seed: u64) -> (String, Vec<Line>) {
    let mut rng = Rng::new(seed + 1_000);
    let app = *rng.pick(&["nginx", "checkout", "search", "billing", "auth-api"]);
    let workload = format!("{app}-canary");
    let drawn = format!("{:04x}", rng.below(0x10000));
    let pod = format!("{workload}-{}{drawn}", 2 + rng.below(8));
    let limit = *rng.pick(&["256Mi", "512Mi", "1Gi"]);
    let share = 1 + rng.below(20);
    let mut lines = background(&mut rng, "node-1", 60);
    let mut at = BEGIN;
    let begin = format!("{} {pod} deployed version 1.{}.0, canary at {share} %", stamp(at), seed);
    lines.push(Line { at, text: begin });
    for _ in 0..1 + rng.below(6) {
        at += (20 + rng.below(240)) * SECOND;
        let text = format!("{} {pod} exceeded memory limit {limit}, OOMKilled", stamp(at));
        lines.push(Line { at, text });
    }
    lines.sort_by_key(|line| line.at);
    (workload, lines)
}

fn run(folder: &Path, lines: &[Line], workers: usize) -> Outcome {
    let sources: Sources = vec![("all.log", lines.to_vec())];
    let paths = world::write(folder, &sources);
    engine::analyze(&paths, &How { workers, tune: quick, ..How::default() })
}

fn naming<'a>(alerts: &'a [Alert], text: &str) -> Vec<&'a Alert> {
    let says = |alert: &&Alert| serde_json::to_string(alert).unwrap().contains(text);
    alerts.iter().filter(|alert| alert.alert_type != "ml").filter(says).collect()
}

#[test]
fn guessed_passwords_are_one_alert_that_names_attacker_and_host() {
    let folder = tempfile::tempdir().unwrap();
    for seed in 0..SEEDS {
        let attack = guesses(seed);
        let outcome = run(folder.path(), &attack.lines, 1);
        let rules: Vec<&Alert> = outcome.alerts.iter().filter(|a| a.alert_type != "ml").collect();
        let [alert] = rules[..] else { panic!("seed {seed}: {rules:#?}") };
        assert_eq!(alert.rule_name, "ssh_brute_force_success", "seed {seed}");
        let has = |value: &str| alert.entities.iter().any(|entity| entity.value == value);
        assert!(has(&attack.attacker) && has(&attack.host) && has(&attack.user), "{alert:#?}");
        assert!(alert.title.contains(&attack.attacker) && alert.title.contains(&attack.host));
        assert!(alert.rule_author.is_some() && alert.ruleset_version.is_some());
        assert!(alert.probability.is_none() && alert.evidence[0].probability.is_none());
    }
}

#[test]
fn a_canary_that_is_killed_is_one_alert_that_names_the_roll_out() {
    let folder = tempfile::tempdir().unwrap();
    for seed in 0..SEEDS {
        let (workload, lines) = canary(seed);
        let outcome = run(folder.path(), &lines, 1);
        let named = naming(&outcome.alerts, &workload);
        let [alert] = named[..] else { panic!("seed {seed}: {named:#?}") };
        assert_eq!((&*alert.rule_name, &*alert.lens), ("deploy_then_failure", "operations"));
        assert!(alert.title.contains(&workload), "{}", alert.title);
        assert!(alert.entities.iter().any(|entity| entity.value == workload), "{alert:#?}");
        assert!(alert.description.contains("deployed version"), "{}", alert.description);
        assert!(alert.events.iter().any(|event| event.message.contains("OOMKilled")));
    }
}

#[test]
fn arrival_and_workers_change_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let rules = engine::rules(&engine::config());
    for seed in 0..3 {
        let mut lines = guesses(seed).lines;
        lines.extend(canary(seed).1);
        lines.sort_by_key(|line| line.at);
        let sorted = run(folder.path(), &lines, 1);
        let related = sorted.alerts.iter().filter(|a| a.alert_type == "correlation").count();
        assert!(related >= 2, "seed {seed}: {related}");
        let expected = digest::alerts_by_content(&sorted.alerts);
        for workers in 1..=4 {
            let outcome = run(folder.path(), &lines, workers);
            same("workers", &expected, &digest::alerts_by_content(&outcome.alerts));
            let mut moved = lines.clone();
            displace(&mut moved, 59, seed * 10 + workers as u64);
            let paths = world::write(folder.path(), &vec![("all.log", moved)]);
            let how = How { workers, tune: quick, ..How::default() };
            let outcome = engine::run(engine::once(&paths, &how, &rules), &how, &rules);
            assert!(outcome.shared.noticed.tags().get("late").is_none_or(|n| *n == 0));
            same("arrival", &expected, &digest::alerts_by_content(&outcome.alerts));
        }
    }
}

/// What rules find live, they find in the same events later: the same alerts under the same ids.
#[test]
fn rules_put_to_the_past_find_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let mut lines = guesses(3).lines;
    lines.extend(canary(3).1);
    lines.sort_by_key(|line| line.at);
    let live = run(folder.path(), &lines, 2);
    let records = engine::records(&world::write(folder.path(), &vec![("all.log", lines)]));
    let rules = engine::rules(&engine::config());
    let options = engine::options(&How { tune: quick, ..How::default() }, &rules);
    let set = options.rules_desk.current().set.clone();
    let headers = set.rules().iter().map(|rule| &rule.rule.header);
    let headers = headers.chain(set.correlations().iter().map(|rule| &rule.rule.header));
    let all = headers.map(Installed::id_of).collect();
    let mut retro = Retro::new(set, &options.settings, Arc::new(all));
    let mut parser = (options.parser)();
    let mut newest = 0;
    for batch in records.iter().flat_map(|record| engine::batches(std::slice::from_ref(record))) {
        for meta in &batch.records {
            newest = newest.max(meta.effective);
            retro.event(parser.parse(&batch, meta));
        }
    }
    let found = retro.finish(floor_tick(newest) + TICK);
    let told = |alerts: &[Alert]| -> BTreeSet<String> {
        let of_rules = alerts.iter().filter(|alert| alert.alert_type != "ml");
        let told =
            |a: &Alert| format!("{} {} {} {}", a.alert_id, a.title, a.event_count, a.description);
        of_rules.map(told).collect()
    };
    assert!(told(&live.alerts).len() >= 2);
    assert_eq!(told(&live.alerts), told(&found.alerts));
    assert!(found.alerts.iter().all(|alert| alert.retro) && live.alerts.iter().all(|a| !a.retro));
    let open = found.alerts.iter().filter(|alert| alert.closed_ns.is_none()).count();
    assert_eq!(found.seeds.episodes.len(), open);
}
