//! Stories: YAML and events through the whole way, and what must be told of them.

use super::episode::{Match, Phase};
use super::replay::{Kept, Replay};
use crate::engine::fields::{Datum, Fields, Sink};
use crate::taxonomy::Mapping;
use crate::{LogSourceRef, Matcher, Options, RuleSet, load};
use proptest::prelude::*;
use seerflow_model::Ns;
use seerflow_model::time::SECOND;
use std::sync::Arc;

/// An event of names and values; `when` in seconds.
#[derive(Clone, Debug)]
struct Event {
    when: u64,
    fields: Vec<(&'static str, String)>,
}

impl Fields for Event {
    fn mapping(&self) -> Mapping {
        Mapping::Plain
    }
    fn each(&self, take: Sink<'_>) {
        for (name, value) in &self.fields {
            take(name, Datum::Text(value), true);
        }
    }
}

fn event(when: u64, fields: &[(&'static str, &str)]) -> Event {
    Event { when, fields: fields.iter().map(|(n, v)| (*n, (*v).to_owned())).collect() }
}

fn set(text: &str) -> Arc<RuleSet> {
    let loaded = load([("story.yml".into(), text)], &Options::default());
    assert!(loaded.problems.is_empty(), "{}", loaded.problems[0]);
    Arc::new(loaded.set)
}

/// All matches of events in the order of time, written as `title phase group start..end count number`.
fn run(set: &Arc<RuleSet>, events: &[Event], stops: &[bool]) -> Vec<Match<u32>> {
    let mut matcher = Matcher::new(set.clone());
    let mut replay = Replay::new(set.plan().clone());
    let mut out = Vec::new();
    let source = [LogSourceRef { product: "x", ..LogSourceRef::default() }];
    for (n, event) in events.iter().enumerate() {
        if stops.get(n).copied().unwrap_or_default() {
            let bytes = bincode::serialize(replay.kept()).unwrap();
            let kept: Kept<u32> = bincode::deserialize(&bytes).unwrap();
            replay = Replay::resume(set.plan().clone(), kept);
        }
        let found = matcher.matches(&source, event).to_vec();
        let value = |field| matcher.value(field);
        replay.event(event.when * SECOND, &found, value, &(n as u32), &mut out);
    }
    replay.advance(Ns::MAX, &mut out);
    assert_eq!(replay.groups(), 0);
    out
}

fn told(text: &str, events: &[Event]) -> Vec<String> {
    let set = set(text);
    let line = |m: &Match<u32>| {
        let law = set.plan().law(m.law).unwrap();
        let title = &set.correlations()[law.number as usize].rule.header.title;
        let group: Vec<_> = m.group.iter().flatten().collect();
        let (start, end) = (m.start / SECOND, m.end / SECOND);
        format!("{title} [{}] {start}..{end} {} events, {}", group.join(" "), m.count, m.number)
    };
    let began = run(&set, events, &[]).into_iter().filter(|m| m.phase == Phase::Began);
    began.map(|m| line(&m)).collect()
}

/// A rule that is known by a name and matches `act` of that value.
fn base(name: &str) -> String {
    format!(
        "title: {name}\nname: {name}\nlogsource: {{product: x}}\ndetection:\n  s: {{act: {name}}}\n  \
         condition: s\n---\n"
    )
}

fn fail(when: u64, user: &str, ip: &str) -> Event {
    event(when, &[("act", "fail"), ("user", user), ("ip", ip)])
}

const BRUTE: &str = "title: brute\nname: brute\ncorrelation:\n  type: event_count\n  rules: [fail]\n  \
    group-by: [ip]\n  timespan: 5m\n  condition: {gte: 10}\n---\n\
    title: broken in\ncorrelation:\n  type: temporal_ordered\n  rules: [brute, login]\n  \
    group-by: [from]\n  timespan: 15m\n  aliases: {from: {brute: ip, login: source}}\n";

#[test]
fn failures_then_a_success() {
    let text = base("fail") + &base("login") + BRUTE;
    let failures = |n: u64, gap| (0..n).map(move |i| fail(1_000 + i * gap, "root", "192.0.2.7"));
    let login = |when| event(when, &[("act", "login"), ("source", "192.0.2.7")]);
    let both = |events: Vec<Event>| told(&text, &events);
    let brute = "brute [192.0.2.7] 1000..1090 10 events, 10";
    for (events, expected) in [
        // The order decides.
        (failures(9, 10).chain([login(1_200)]).collect::<Vec<_>>(), vec![]),
        (
            failures(10, 10).chain([login(1_200)]).collect(),
            vec![brute, "broken in [192.0.2.7] 1090..1200 2 events, 2"],
        ),
        ([login(900)].into_iter().chain(failures(10, 10)).collect(), vec![brute]),
        (failures(10, 10).chain([login(1_090 + 901)]).collect(), vec![brute]),
        // An hour of failures: what counts is that it went on until just now.
        (
            failures(360, 10).chain([login(4_600)]).collect(),
            vec![brute, "broken in [192.0.2.7] 4590..4600 2 events, 2"],
        ),
        (failures(10, 40).chain([login(1_400)]).collect(), vec![]),
    ] {
        assert_eq!(both(events), expected);
    }
    let mut mixed: Vec<Event> = failures(10, 10).collect();
    mixed.push(event(1_100, &[("act", "login"), ("source", "198.51.100.1")]));
    assert_eq!(both(mixed), [brute]);
}

#[test]
fn spray_scan_exfiltration_and_crash_loop() {
    let rule = |title: &str, of: &str, kind: &str, by: &str, span: &str, condition: &str| {
        format!(
            "{}title: {title}\ncorrelation:\n  type: {kind}\n  rules: [{of}]\n  group-by: [{by}]\n  \
             timespan: {span}\n  condition: {condition}\n",
            base(of)
        )
    };
    let spray = rule("spray", "fail", "value_count", "ip", "10m", "{field: user, gte: 8}");
    let users = |n: u64| (0..n).map(|i| fail(1_000 + i, &format!("u{}", i % 8), "192.0.2.7"));
    assert_eq!(told(&spray, &users(7).collect::<Vec<_>>()), Vec::<String>::new());
    let many: Vec<Event> = users(7).chain(users(7)).collect::<Vec<_>>();
    let mut many: Vec<Event> = many;
    many.sort_by_key(|event| event.when);
    assert_eq!(told(&spray, &many), Vec::<String>::new(), "the same users again are no spray");
    let sprayed = told(&spray, &users(40).collect::<Vec<_>>());
    assert_eq!(sprayed, ["spray [192.0.2.7] 1000..1007 8 events, 8"]);

    let scan = rule("scan", "deny", "value_count", "ip", "1m", "{field: [host, port], gt: 50}");
    let probe = |i: u64, port: u64| {
        let port = port.to_string();
        let fields = [("act", "deny"), ("ip", "192.0.2.9"), ("host", "db"), ("port", &*port)];
        event(2_000 + i / 4, &fields)
    };
    let ports: Vec<Event> = (0..60).map(|i| probe(i, i)).collect();
    assert_eq!(told(&scan, &ports), ["scan [192.0.2.9] 2000..2012 51 events, 51"]);
    let retries: Vec<Event> = (0..600).map(|i| probe(i, i % 3)).collect();
    assert_eq!(told(&scan, &retries), Vec::<String>::new());

    let leak = rule("leak", "flow", "value_sum", "ip", "60m", "{field: bytes, gte: 1000000000}");
    let flow =
        |when, bytes: &str| event(when, &[("act", "flow"), ("ip", "10.0.0.5"), ("bytes", bytes)]);
    let out: Vec<Event> = (0..10).map(|i| flow(i * 300, "100000000")).collect();
    assert_eq!(told(&leak, &out), ["leak [10.0.0.5] 0..2700 10 events, 1000000000"]);
    let slow: Vec<Event> = (0..30).map(|i| flow(i * 400, "100000000")).collect();
    assert_eq!(told(&leak, &slow), Vec::<String>::new());
    let unknown: Vec<Event> = (0..30).map(|i| flow(i, "much")).collect();
    assert_eq!(told(&leak, &unknown), Vec::<String>::new());

    let crash = rule("crash loop", "died", "event_count", "host, unit", "10m", "{gte: 5}");
    let died = |when, unit| event(when, &[("act", "died"), ("host", "web-1"), ("unit", unit)]);
    let deaths: Vec<Event> =
        (0..10).map(|i| died(1_000 + i * 60, if i % 2 == 0 { "api" } else { "cron" })).collect();
    assert_eq!(
        told(&crash, &deaths),
        [
            "crash loop [web-1 api] 1000..1480 5 events, 5",
            "crash loop [web-1 cron] 1060..1540 5 events, 5"
        ]
    );
}

#[test]
fn a_beacon_keeps_time() {
    let text = base("flow")
        + "title: beacon\nseerflow: {min_events: 12, together: 2s}\ncorrelation:\n  \
           type: interval_variation\n  rules: [flow]\n  group-by: [ip, to]\n  timespan: 1h\n  \
           condition: {lte: 0.1}\n";
    let flow = |when| event(when, &[("act", "flow"), ("ip", "10.0.0.5"), ("to", "203.0.113.9")]);
    // A minute, three seconds to and fro, each connection of two flows.
    let beats = |i: u64| [0, 1].map(|n| flow(1_000 + i * 60 + [0, 3, 1, 2][i as usize % 4] + n));
    let regular: Vec<Event> = (0..20).flat_map(beats).collect();
    let told_of = told(&text, &regular);
    assert_eq!(told_of.len(), 1, "{told_of:?}");
    assert!(told_of[0].starts_with("beacon [10.0.0.5 203.0.113.9] 1000..1662 23 events, 0.0"));
    let chance = |i: u64| flow(1_000 + i * 60 + seerflow_model::hash::mix(i) % 60);
    let mut people: Vec<Event> = (0..60).map(chance).collect();
    people.sort_by_key(|event| event.when);
    assert_eq!(told(&text, &people), Vec::<String>::new());
}

#[test]
fn a_deploy_and_what_fails_then() {
    let text = base("deploy")
        + &base("oom")
        + &base("probe")
        + "title: bad deploy\ncorrelation:\n  type: temporal_ordered\n  \
           rules: [deploy, oom, probe]\n  group-by: [service]\n  timespan: 15m\n  \
           condition: deploy and (oom or probe)\n  \
           aliases: {service: {deploy: app, oom: container, probe: workload}}\n";
    let deploy = |when| event(when, &[("act", "deploy"), ("app", "shop"), ("version", "2.1")]);
    let oom = |when, what| event(when, &[("act", "oom"), ("container", what)]);
    let events = [oom(900, "shop"), deploy(1_000), oom(1_200, "other"), oom(1_500, "Shop")];
    assert_eq!(told(&text, &events), ["bad deploy [Shop] 1000..1500 2 events, 2"]);
    let probe = event(1_200, &[("act", "probe"), ("workload", "shop")]);
    let events = [deploy(1_000), probe];
    assert_eq!(told(&text, &events), ["bad deploy [shop] 1000..1200 2 events, 2"]);
    assert_eq!(told(&text, &[deploy(1_000), oom(1_901, "shop")]), Vec::<String>::new());
}

#[test]
fn what_cannot_be_used_is_counted_across_a_stop() {
    let text = base("fail") + BRUTE.split("---").next().unwrap();
    let set = set(&text);
    let mut replay = Replay::new(set.plan().clone());
    let mut out = Vec::new();
    for n in 0..400u64 {
        let ip = [Some("a"), None, Some("")][usize::from(n > 200) * (n % 3) as usize];
        replay.event(n * SECOND / 10, &[0], |_| ip, &(n as u32), &mut out);
        if n == 300 {
            replay = Replay::resume(set.plan().clone(), replay.kept().clone());
        }
    }
    let kept = replay.kept();
    assert_eq!(kept.skipped.ungrouped, (201..400).filter(|n| n % 3 != 0).count() as u64);
    // The condition asks for 10, so 64 times are kept.
    assert_eq!(kept.cuts.dropped, 400 - kept.skipped.ungrouped - 64);
    assert_eq!((kept.crowded, replay.groups()), (0, 1));
}

#[test]
fn what_did_not_come() {
    let text = base("start")
        + &base("done")
        + "title: no backup\ncorrelation:\n  type: temporal\n  rules: [start, done]\n  \
           group-by: [job]\n  timespan: 1h\n  condition: start and not done\n";
    let at = |when, act| event(when, &[("act", act), ("job", "nightly")]);
    let good = [at(0, "start"), at(3_000, "done"), at(86_400, "start"), at(89_000, "done")];
    assert_eq!(told(&text, &good), Vec::<String>::new());
    let bad = [at(0, "start"), at(3_600, "done")];
    assert_eq!(told(&text, &bad), ["no backup [nightly] 0..3600 1 events, 1"]);
}

#[test]
fn an_event_that_two_rules_match_is_one_event_and_an_alias_is_handed_down() {
    let text = base("fail")
        + "title: any\nname: any\nlogsource: {product: x}\ndetection:\n  s: {user: '*'}\n  \
           condition: s\n---\n\
           title: often\nname: often\ncorrelation:\n  type: event_count\n  rules: [fail, any]\n  \
           group-by: [who]\n  timespan: 1m\n  condition: {gte: 3}\n  \
           aliases: {who: {fail: user, any: user}}\n---\n\
           title: everywhere\ncorrelation:\n  type: value_count\n  rules: [often]\n  \
           group-by: [ip]\n  timespan: 10m\n  condition: {field: who, gte: 2}\n";
    let events: Vec<Event> = (0..3).map(|i| fail(100 + i, "bob", "a")).collect();
    assert_eq!(told(&text, &events[..2]), Vec::<String>::new());
    assert_eq!(told(&text, &events), ["often [bob] 100..102 3 events, 3"]);
    let eve = (0..3).map(|i| fail(200 + i, "eve", "a"));
    let told = told(&text, &events.into_iter().chain(eve).collect::<Vec<_>>());
    assert_eq!(told[2], "everywhere [a] 102..202 2 events, 2");
}

const SHORT: &str = "name: guess-then-enter\nentity_type: user\nwindow_seconds: 600\nsources:\n  \
    - {source_type: syslog, conditions: {message: 'auth\\w+ failure'}, min_count: 5}\n  \
    - {source_type: syslog, conditions: {message: 'session opened', related_hosts: '^web-'}}\n\
    min_sources: 2\nalert_severity: 5\nmitre_tactics: [credential_access]\n\
    mitre_techniques: [T1110]\n";

#[test]
fn the_short_format_means_what_it_says() {
    let line = |when, user: &str, host: &str, message: &str| {
        let fields = [
            ("source_type", "syslog"),
            ("message", message),
            ("entity.user", user),
            ("related_hosts", host),
        ];
        event(when, &fields)
    };
    let failures = |n: u64| (0..n).map(move |i| line(i * 60, "bob", "db-1", "Authx authn failure"));
    let enter = |when, user: &str, host: &str| line(when, user, host, "session opened for x");
    let with = |n, last: Event| told(SHORT, &failures(n).chain([last]).collect::<Vec<_>>());
    let expected = ["guess-then-enter [bob] 0..300 6 events, 2"];
    assert_eq!(with(5, enter(300, "bob", "web-1")), expected);
    assert_eq!(with(4, enter(300, "bob", "web-1")), Vec::<String>::new());
    assert_eq!(with(5, enter(300, "eve", "web-1")), Vec::<String>::new());
    assert_eq!(with(5, enter(300, "bob", "db-1")), Vec::<String>::new());
    assert_eq!(with(5, enter(600, "bob", "web-1")), Vec::<String>::new(), "four are left");
    let mut other = enter(300, "bob", "web-1");
    other.fields[0].1 = "syslog2".to_owned();
    assert_eq!(with(5, other), Vec::<String>::new());

    let set = set(SHORT);
    let rule = &set.correlations()[0].rule;
    assert_eq!(rule.header.level, Some(crate::Level::Critical));
    assert_eq!(rule.header.techniques(), ["T1110"]);
    assert_eq!(rule.header.tactics().len(), 1);
    assert!(set.rules().iter().all(|rule| !rule.alone && rule.state == crate::State::Ok));
}

#[test]
fn the_short_format_is_read_strictly() {
    for (from, to, line, part) in [
        ("entity_type: user", "entity_type: planet", 2, "unknown type `planet`"),
        ("entity_type: user", "entity_type: user\nwhat: 1", 3, "unknown key `what`"),
        ("window_seconds: 600", "window_seconds: 604801", 3, "must be 1 to 604800"),
        ("min_count: 5", "min_count: 0", 5, "`min_count` must be"),
        ("min_count: 5", "at_least: 5", 5, "unknown key `at_least`"),
        ("{message: 'auth", "{template_str: 'auth", 5, "`template_str` cannot be asked for"),
        ("auth\\w+", "auth(?=x)", 5, "look-around"),
        ("min_sources: 2", "min_sources: 3", 7, "must be 1 to 2"),
        ("alert_severity: 5", "alert_severity: 7", 8, "must be 0 to 6"),
        ("guess-then-enter", "Guess Then", 1, "`name` must be"),
    ] {
        let text = SHORT.replacen(from, to, 1);
        assert_ne!(text, SHORT, "{from}");
        let loaded = load([("short.yml".into(), text.as_str())], &Options::default());
        let problem = &loaded.problems[0];
        assert_eq!(problem.fault.place.line, line, "{problem}");
        assert!(problem.fault.message.contains(part), "{problem}");
        assert!(problem.rule.is_some());
    }
}

#[test]
fn the_examples_of_the_documentation_do_what_it_says() {
    let page = include_str!("../../../../docs/sigma.md");
    let section = page.split("\n## Correlations").nth(1).unwrap().split("\n## ").next().unwrap();
    let examples: Vec<&str> =
        section.split("```yaml\n").skip(1).filter_map(|block| block.split("```").next()).collect();
    let [chain, short] = examples[..] else { panic!("{examples:?}") };
    let text = base("ssh_login")
        + &base("ssh_failure")
        + "title: brute\nname: ssh_brute_force\ncorrelation:\n  type: event_count\n  \
           rules: [ssh_failure]\n  group-by: [src_ip]\n  timespan: 5m\n  condition: {gte: 3}\n---\n"
        + chain;
    let fail = |when| event(when, &[("act", "ssh_failure"), ("src_ip", "192.0.2.1")]);
    let login = |when| event(when, &[("act", "ssh_login"), ("SourceIp", "192.0.2.1")]);
    let events = [fail(1), fail(2), fail(3), login(9), fail(1_000), fail(1_001), fail(1_002)];
    let events = [&events[..], &[login(1_009)]].concat();
    let told_of = told(&text, &events);
    let title = "Many failed logins, then one that succeeds [192.0.2.1] 3..9 2 events, 2";
    assert_eq!(told_of.iter().filter(|line| line.contains("then one")).count(), 1, "rearm: 1h");
    assert_eq!(told_of[1], title);
    let line = |when, host: &str, message: &str| {
        let source = ("source_type", "syslog");
        event(when, &[source, ("message", message), ("entity.user", "b"), ("related_hosts", host)])
    };
    let mut events: Vec<Event> =
        (0..5).map(|n| line(n, "db", "pam: authentication failure;")).collect();
    events.push(line(9, "web-1", "session opened for b"));
    assert_eq!(told(short, &events), ["guess-then-enter [b] 0..9 6 events, 2"]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]
    #[test]
    fn chains_survive_being_written_and_read_back(
        all in prop::collection::vec((0u64..40, 0usize..4, any::<bool>()), 0..200),
    ) {
        let text = base("fail") + &base("login") + BRUTE;
        let set = set(&text);
        let mut when = 1_000;
        let mut events = Vec::new();
        for (gap, which, _) in &all {
            when += gap;
            events.push(match which {
                0 => event(when, &[("act", "login"), ("source", "a")]),
                1 => fail(when, "x", "b"),
                _ => fail(when, "x", "a"),
            });
        }
        let stops: Vec<bool> = all.iter().map(|(_, _, stop)| *stop).collect();
        prop_assert_eq!(run(&set, &events, &stops), run(&set, &events, &[]));
    }
}
