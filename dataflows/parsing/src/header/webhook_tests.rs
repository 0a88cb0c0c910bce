//! GitHub, Alertmanager and Kubernetes Events as their senders post them: goldens, times, bounds.

use super::tests::{batch, show};
use super::*;
use crate::layout::Layout;
use crate::lines::Joining;
use crate::time::{Finder, YearPolicy, Zone};
use proptest::prelude::*;
use seerflow_model::record::SourceInfo;
use seerflow_model::time::rfc3339;
use seerflow_model::{Outcome, ReceiverKind};

fn layout(format: &str, mapping: &[(Meaning, String)]) -> Option<Layout> {
    Layout::of(Format::parse(format), "", b"", mapping, Joining::Off)
}

/// Reads a record as a webhook of this format gets it; also the time that the edge finds.
fn posted(
    format: &str,
    mapping: &[(Meaning, &str)],
    words: &[(&str, Severity)],
    line: &str,
) -> (Event, String) {
    let mapping: Vec<_> = mapping.iter().map(|(m, name)| (*m, (*name).to_owned())).collect();
    let mut source = SourceInfo::plain(1, "hook", ReceiverKind::Webhook, "webhook");
    source.format = format.to_owned();
    source.severity_map = words.iter().map(|(w, s)| ((*w).to_owned(), *s)).collect();
    let layout = layout(format, &mapping);
    if let Some(layout) = &layout {
        layout.describe(&mut source);
    }
    let joining = layout.map_or(Joining::Off, |layout| Joining::Laid(Arc::new(layout)));
    let mut finder = Finder::new(Zone::Utc, YearPolicy::Fixed(2026));
    let time = joining.locate(line.as_bytes()).map(|located| finder.settle(&located));
    source.peer = Some("192.0.2.9".to_owned());
    let (mut batch, mut meta) = batch(line.as_bytes(), source);
    meta.time_start = time.map_or(0, |time| time.start);
    meta.time_len = time.map_or(0, |time| time.len);
    batch.records = vec![meta];
    (read(&batch, &meta), time.map_or(String::new(), |time| rfc3339(time.ns)))
}

/// Format; record; its time; severity, host, program, message; outcome.
type Case = (&'static str, &'static str, &'static str, &'static str, Outcome);

#[rustfmt::skip]
const CASES: &[Case] = &[
    ("github", r#"{"ref":"refs/heads/main","before":"0a1b","after":"2c3d","created":false,"deleted":false,"forced":false,"repository":{"id":7,"full_name":"example/shop","pushed_at":1772618400,"html_url":"https://github.com/example/shop"},"pusher":{"name":"ann"},"sender":{"login":"ann"},"commits":[{"id":"2c3d","message":"mend it"}],"head_commit":{"id":"2c3d","timestamp":"2026-03-01T10:00:00Z"}}"#,
     "2026-03-04T10:00:00Z", "INFORMATIONAL github: push example/shop by ann", Outcome::Unknown),
    ("github", r#"{"ref":"refs/heads/main","forced":true,"pusher":{"name":"ann"},"repository":{"full_name":"example/shop"},"sender":{"login":"ann"}}"#,
     "", "NOTICE github: push forced example/shop by ann", Outcome::Unknown),
    ("github", r#"{"action":"completed","workflow_run":{"id":71,"name":"build","conclusion":"failure","created_at":"2026-03-04T09:00:00Z","updated_at":"2026-03-04T10:00:00Z","head_commit":{"timestamp":"2026-03-01T00:00:00Z"}},"workflow":{"id":3,"created_at":"2020-01-01T00:00:00Z"},"repository":{"full_name":"example/shop","pushed_at":"2026-03-04T08:00:00Z"},"sender":{"login":"ann"}}"#,
     "2026-03-04T10:00:00Z", "ERROR github: workflow_run completed failure example/shop by ann: build", Outcome::Failure),
    ("github", r#"{"action":"completed","workflow_run":{"id":71,"name":"build","conclusion":"success","updated_at":"2026-03-04T10:00:00Z"},"repository":{"full_name":"example/shop"},"sender":{"login":"ann"}}"#,
     "2026-03-04T10:00:00Z", "INFORMATIONAL github: workflow_run completed success example/shop by ann: build", Outcome::Success),
    ("github", r#"{"action":"created","deployment_status":{"id":1,"state":"error","updated_at":"2026-03-04T10:00:00Z"},"deployment":{"id":5,"environment":"production","updated_at":"2026-03-04T09:00:00Z"},"workflow_run":{"id":71,"name":"deploy"},"repository":{"full_name":"example/shop"},"sender":{"login":"bot"}}"#,
     "2026-03-04T10:00:00Z", "ERROR github: deployment_status created error example/shop by bot: production", Outcome::Failure),
    ("github", r#"{"action":"created","deployment":{"id":5,"environment":"production","updated_at":"2026-03-04T09:00:00Z"},"repository":{"full_name":"example/shop"},"sender":{"login":"bot"}}"#,
     "2026-03-04T09:00:00Z", "INFORMATIONAL github: deployment created example/shop by bot: production", Outcome::Unknown),
    ("github", r#"{"action":"created","alert":{"number":4,"created_at":"2026-03-04T10:00:00Z","rule":{"severity":"warning","security_severity_level":"high","description":"SQL query built from user input"}},"repository":{"full_name":"example/shop"},"sender":{"login":"github"}}"#,
     "2026-03-04T10:00:00Z", "ERROR github: code_scanning_alert created example/shop by github: SQL query built from user input", Outcome::Unknown),
    ("github", r#"{"action":"fixed","alert":{"number":9,"dependency":{"package":{"name":"lib"}},"security_advisory":{"ghsa_id":"GHSA-x","summary":"Overflow in lib","severity":"critical"},"updated_at":"2026-03-04T10:00:00Z"},"repository":{"full_name":"example/shop"},"sender":{"login":"ann"}}"#,
     "2026-03-04T10:00:00Z", "NOTICE github: dependabot_alert fixed example/shop by ann: Overflow in lib", Outcome::Unknown),
    ("github", r#"{"action":"created","alert":{"number":2,"secret_type":"example_token","created_at":"2026-03-04T10:00:00Z"},"repository":{"full_name":"example/shop"},"sender":{"login":"ann"}}"#,
     "2026-03-04T10:00:00Z", "ERROR github: secret_scanning_alert created example/shop by ann: example_token", Outcome::Unknown),
    ("github", r#"{"zen":"Keep it simple.","hook_id":1,"repository":{"full_name":"example/shop"},"sender":{"login":"ann"}}"#,
     "", "INFORMATIONAL github: ping example/shop by ann", Outcome::Unknown),
    ("alertmanager", r#"{"status":"firing","labels":{"alertname":"HighLatency","instance":"web-1:9100","severity":"critical"},"annotations":{"summary":"p99 above 2 s"},"startsAt":"2026-03-04T10:00:00.5Z","endsAt":"0001-01-01T00:00:00Z","generatorURL":"http://p/","fingerprint":"ab12"}"#,
     "2026-03-04T10:00:00.5Z", "CRITICAL web-1 alertmanager: firing HighLatency: p99 above 2 s", Outcome::Failure),
    ("alertmanager", r#"{"status":"resolved","labels":{"alertname":"HighLatency","instance":"[2001:db8::7]:9100","severity":"critical"},"annotations":{"description":"all is well"},"startsAt":"2026-03-04T10:00:00Z","endsAt":"2026-03-04T10:20:00Z"}"#,
     "2026-03-04T10:20:00Z", "NOTICE 2001:db8::7 alertmanager: resolved HighLatency: all is well", Outcome::Success),
    ("auto", r#"{"status":"firing","labels":{"alertname":"Watchdog","severity":"none"},"annotations":{},"startsAt":"2026-03-04T10:00:00Z"}"#,
     "", "INFORMATIONAL alertmanager: firing Watchdog", Outcome::Failure),
    ("kube_event", r#"{"metadata":{"name":"web.1","creationTimestamp":"2026-03-04T09:00:00Z"},"reason":"BackOff","message":"Back-off restarting","source":{"component":"kubelet","host":"node-1"},"firstTimestamp":"2026-03-04T09:00:00Z","lastTimestamp":"2026-03-04T10:00:00Z","eventTime":null,"type":"Warning","involvedObject":{"kind":"Pod","name":"web-1","namespace":"prod"}}"#,
     "2026-03-04T10:00:00Z", "WARNING node-1 kubelet: Back-off restarting", Outcome::Unknown),
];

#[test]
fn what_senders_post() {
    for (format, line, time, expected, outcome) in CASES {
        let (event, found) = posted(format, &[], &[], line);
        let host = event.host();
        let host = if host.is_empty() { String::new() } else { format!("{host} ") };
        let shown = format!("{} {host}{}: {}", event.severity, event.program(), event.message());
        assert_eq!((shown.as_str(), event.outcome), (*expected, *outcome), "{line}");
        if *format != "auto" {
            assert_eq!(found, *time, "{line}");
            assert_eq!(event.format.name(), *format);
        }
        assert!(event.flags == Flags::default(), "{line}");
    }
}

#[test]
fn of_a_delivery_links_of_the_api_are_passed_over() {
    let user = |name: &str| {
        let links: Vec<String> =
            (0..13).map(|n| format!(r#""a{n}_url":"https://api.example/{n}""#)).collect();
        format!(
            r#"{{"login":"{name}","id":7,"node_id":"MDQ=","url":"https://x",{}}}"#,
            links.join(",")
        )
    };
    let links: Vec<String> = (0..60).map(|n| format!(r#""b{n}_url":"https://x/{n}""#)).collect();
    let repository = format!(
        r#"{{"full_name":"example/shop","owner":{},{},"html_url":"https://h"}}"#,
        user("example"),
        links.join(",")
    );
    let line = format!(
        r#"{{"action":"completed","workflow_run":{{"id":71,"name":"ci","conclusion":"success","actor":{},"repository":{repository},"head_repository":{repository}}},"repository":{repository},"sender":{}}}"#,
        user("ann"),
        user("ann")
    );
    let (event, _) = posted("github", &[], &[], &line);
    assert!(event.fields.len() < 40, "{}", event.fields.len());
    assert!(!event.flags.has(Flags::CUT));
    let shown = show(&event);
    assert!(shown.contains("{repository.html_url=https://h}") && !shown.contains("_url=https://x"));
    assert!(event.message().ends_with("by ann: ci"), "{}", event.message());
}

#[test]
fn fields_of_any_sender_decide_what_is_read() {
    let line = r#"{"d":{"at":1772618400123,"what":"disk full","prio":"P1","app":"till 7","node":"web-1"},"who":{"id":"bob"}}"#;
    let mapping = [
        (Meaning::Message, "d.what"),
        (Meaning::Time, "d.at"),
        (Meaning::Severity, "d.prio"),
        (Meaning::Host, "d.node"),
        (Meaning::User, "who.id"),
    ];
    let words = [("p1", Severity::Critical), ("5", Severity::Fatal)];
    let (event, time) = posted("auto", &mapping, &words, line);
    assert_eq!(time, "2026-03-04T10:00:00.123Z");
    assert_eq!(
        (event.message(), event.severity, event.host()),
        ("disk full", Severity::Critical, "web-1")
    );
    assert!(show(&event).contains("{user.name=bob}") && show(&event).contains("{log.level=P1}"));
    for (value, expected) in [
        ("5", Severity::Fatal),
        ("3", Severity::Error),
        ("17", Severity::Error),
        ("50", Severity::Error),
        (r#""warn""#, Severity::Warning),
        (r#""E""#, Severity::Error),
        (r#""purple""#, Severity::Informational),
    ] {
        let line = format!(r#"{{"what":"x","prio":{value}}}"#);
        let (event, _) = posted("auto", &[(Meaning::Severity, "prio")], &words, &line);
        assert_eq!(event.severity, expected, "{value}");
    }
    for (value, expected) in [
        ("1772618400", "2026-03-04T10:00:00Z"),
        ("1772618400.5", "2026-03-04T10:00:00.5Z"),
        (r#""1772618400123456789""#, "2026-03-04T10:00:00.123456789Z"),
        (r#""2026-03-04T12:00:00+02:00""#, "2026-03-04T10:00:00Z"),
        (r#""soon""#, ""),
    ] {
        let line = format!(r#"{{"x":1,"at":{value}}}"#);
        assert_eq!(posted("auto", &[(Meaning::Time, "at")], &[], &line).1, expected, "{value}");
    }
}

#[test]
fn words_for_the_severity_of_an_alert() {
    let alert = |status: &str| {
        format!(
            r#"{{"status":"{status}","labels":{{"alertname":"A","severity":"sev1"}},"startsAt":"2026-03-04T10:00:00Z"}}"#
        )
    };
    let mapping = [(Meaning::Severity, "labels.severity")];
    let words = [("sev1", Severity::Fatal)];
    let severity =
        |status: &str| posted("alertmanager", &mapping, &words, &alert(status)).0.severity;
    assert_eq!((severity("firing"), severity("resolved")), (Severity::Fatal, Severity::Notice));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]
    #[test]
    fn pieces_in_any_order_are_borne(
        case in 0..CASES.len(), from in any::<prop::sample::Index>(), to in any::<prop::sample::Index>(),
        with in "[{}\\[\\],:\"\\\\a-c0-9ü]{0,6}", fixed in 0..4usize,
    ) {
        let line = CASES[case].1;
        let (mut a, mut b) = (from.index(line.len()), to.index(line.len()));
        if a > b { (a, b) = (b, a) }
        let line = format!("{}{with}{}", &line[..a], &line[b..]);
        let format = ["github", "alertmanager", "kube_event", "auto"][fixed];
        let (event, _) = posted(format, &[(Meaning::Severity, "labels.severity")], &[], &line);
        prop_assert!(event.text.len() < 8 * line.len() + 4_096);
        prop_assert!(event.fields.len() <= FIELDS_MAX);
    }
}
