//! Any alerts, any query: the same as a list that is filtered the stupid way.

use super::super::super::text;
use super::*;
use crate::store::control::Verdict;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use seerflow_model::{EntityOut, EntityType, Role, Tactic};

const IPS: [&str; 3] = ["10.1.2.3", "10.1.2.4", "10.1.23.4"];
const TECHNIQUES: [&str; 5] = ["T1110", "T1110.001", "T1110.002", "T1078", "T1111"];
const RULES: [&str; 3] = ["silence", "volume-burst", "never-seen-message"];
const WORDS: [&str; 6] = ["failed", "Failed", "password", "pass", "root", "web-01"];
const TACTICS: [Tactic; 3] = [Tactic::CredentialAccess, Tactic::InitialAccess, Tactic::Discovery];
const STATUSES: [AlertStatus; 4] =
    [AlertStatus::Open, AlertStatus::Updated, AlertStatus::Closed, AlertStatus::Retracted];

fn ip(value: &str) -> EntityOut {
    EntityOut::new(EntityType::Ip, value, Role::Src)
}

fn sentence() -> impl Strategy<Value = String> {
    prop::collection::vec(select(&WORDS[..]), 0..5).prop_map(|words| words.join(" "))
}

#[derive(Clone, Debug)]
struct Put {
    alert: Alert,
    silenced: bool,
    verdict: Option<Verdict>,
}

fn put() -> impl Strategy<Value = Put> {
    let what = (
        0..12u8,
        0..4u32,
        0..20u64,
        0..7u8,
        select(&STATUSES[..]),
        select(&["ml", "sigma"][..]),
        select(&RULES[..]),
    );
    let whom = (
        subsequence(&IPS[..], 0..=3),
        subsequence(&TECHNIQUES[..], 0..=3),
        subsequence(&TACTICS[..], 0..=2),
        sentence(),
        sentence(),
        any::<bool>(),
        prop::option::of(select(&[Verdict::Tp, Verdict::Fp][..])),
    );
    (what, whom).prop_map(|(what, whom)| {
        let (id, revision, start, severity, status, kind, rule) = what;
        let (ips, techniques, tactics, title, message, silenced, verdict) = whom;
        let mut one = alert(&format!("{id:02}"));
        one.revision = revision;
        // Where an episode begins never changes.
        one.timestamp_ns = START + u64::from(id) / 3 + start / 100;
        one.severity = Severity::from_id(severity);
        (one.status, one.alert_type, one.rule_name) = (status, kind.into(), rule.into());
        one.entities = ips.into_iter().map(ip).collect();
        one.entity_uuid = None;
        one.entity_value = None;
        one.mitre_techniques = techniques.into_iter().map(str::to_owned).collect();
        one.mitre_tactics = tactics;
        (one.title, one.events[0].message) = (title, message);
        one.lens = if severity > 3 { "security" } else { "operations" }.into();
        Put { alert: one, silenced, verdict }
    })
}

fn query() -> impl Strategy<Value = AlertQuery> {
    let some_of = |all: &'static [&'static str]| {
        prop_oneof![3 => Just(vec![]), 1 => subsequence(all, 1..=2)]
            .prop_map(|all| all.into_iter().map(str::to_owned).collect::<Vec<String>>())
    };
    let term = prop_oneof![
        select(&WORDS[..]).prop_map(str::to_owned),
        select(&["fail*", "web*", "pass*", "10.1.2.3", "10.1.2*", "\"failed root\""][..])
            .prop_map(str::to_owned),
        sentence().prop_map(|words| format!("\"{words} root\"")),
    ];
    let words = prop::collection::vec(term, 1..3).prop_map(|terms| terms.join(" "));
    let first = (
        prop::option::of(0..6u64),
        prop::option::of(0..6u64),
        some_of(&["ml", "sigma", "risk"]),
        prop::option::of(0..7u8),
        prop_oneof![2 => Just(vec![]), 1 => subsequence(&STATUSES[..], 1..=2)],
        some_of(&IPS),
        some_of(&TECHNIQUES),
    );
    let second = (
        prop_oneof![3 => Just(vec![]), 1 => subsequence(&TACTICS[..], 1..=2)],
        some_of(&RULES),
        prop::option::weighted(0.4, words),
        prop::option::weighted(0.3, any::<bool>()),
        prop::option::weighted(0.2, select(&[Verdict::Tp, Verdict::Fp][..])),
        prop::option::weighted(0.2, select(&["security", "operations"][..])),
    );
    (first, second).prop_map(|(first, second)| AlertQuery {
        since: first.0.map(|n| START + n),
        until: first.1.map(|n| START + n),
        types: first.2,
        min_severity: first.3.map(Severity::from_id),
        statuses: first.4,
        entities: first.5.iter().map(|value| ip(value).uuid).collect(),
        techniques: first.6,
        tactics: second.0,
        rules: second.1,
        text: second.2,
        silenced: second.3,
        feedback: second.4,
        source_types: vec![],
        lens: second.5.map(str::to_owned),
    })
}

/// The same question, asked the stupid way.
fn fits(query: &AlertQuery, put: &Put) -> bool {
    let alert = &put.alert;
    let listed = |all: &[String], one: &str| all.is_empty() || all.iter().any(|x| x == one);
    let technique = |want: &String| {
        alert
            .mitre_techniques
            .iter()
            .any(|have| have == want || have.split('.').next() == Some(want.as_str()))
    };
    let mut texts = vec![
        alert.title.as_str(),
        alert.description.as_str(),
        alert.rule_name.as_str(),
        alert.rule_id.as_str(),
        alert.events[0].message.as_str(),
    ];
    texts.extend(alert.entities.iter().map(|entity| entity.value.as_str()));
    query.since.is_none_or(|since| alert.timestamp_ns >= since)
        && query.until.is_none_or(|until| alert.timestamp_ns < until)
        && listed(&query.types, &alert.alert_type)
        && query.min_severity.is_none_or(|least| alert.severity >= least)
        && (query.statuses.is_empty() || query.statuses.contains(&alert.status))
        && (query.entities.is_empty()
            || alert.entities.iter().any(|entity| query.entities.contains(&entity.uuid)))
        && (query.techniques.is_empty() || query.techniques.iter().any(technique))
        && (query.tactics.is_empty()
            || alert.mitre_tactics.iter().any(|tactic| query.tactics.contains(tactic)))
        && listed(&query.rules, &alert.rule_name)
        && query
            .text
            .as_ref()
            .is_none_or(|words| text::oracle::fits(&texts, &text::parse(words).unwrap()))
        && query.silenced.is_none_or(|silenced| put.silenced == silenced)
        && query.feedback.is_none_or(|verdict| put.verdict == Some(verdict))
        && query.lens.as_ref().is_none_or(|lens| *lens == alert.lens)
}

/// What is current after all puts: the highest revision, of equal ones the last; and the last verdict.
fn current(puts: &[Put]) -> Vec<Put> {
    let mut all: BTreeMap<String, Put> = BTreeMap::new();
    for put in puts {
        let known = all.entry(put.alert.alert_id.clone()).or_insert_with(|| put.clone());
        let verdict = put.verdict.or(known.verdict);
        // The same revision with the same content keeps who silenced it.
        let same = known.alert == put.alert;
        if put.alert.revision >= known.alert.revision && !same {
            *known = put.clone();
        }
        known.verdict = verdict;
    }
    let mut list: Vec<Put> = all.into_values().collect();
    list.sort_by(|a, b| {
        let (a, b) = (&a.alert, &b.alert);
        b.timestamp_ns.cmp(&a.timestamp_ns).then_with(|| a.alert_id.cmp(&b.alert_id))
    });
    list
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn any_query_finds_what_the_stupid_way_finds(
        puts in prop::collection::vec(put(), 1..30),
        queries in prop::collection::vec(query(), 25),
        limit in 1..8usize,
        batch in 1..9usize,
    ) {
        let (_dir, store) = store();
        for some in puts.chunks(batch) {
            let writes: Vec<_> = some
                .iter()
                .map(|put| AlertWrite {
                    silenced_by: put.silenced.then(|| "s".to_owned()),
                    ..write(put.alert.clone())
                })
                .collect();
            store.put_alerts(&writes, 1).unwrap();
            for put in some {
                if let Some(verdict) = put.verdict {
                    let new = NewFeedback { verdict, note: String::new(), origin: "cli".into() };
                    store.record_feedback(&put.alert.alert_id, &new, 2).unwrap();
                }
            }
        }
        let all = current(&puts);
        for query in queries {
            let want: Vec<&str> = all
                .iter()
                .filter(|put| fits(&query, put))
                .map(|put| put.alert.alert_id.as_str())
                .collect();
            let (mut by_cursor, mut by_page) = (Vec::new(), Vec::new());
            let mut request = PageRequest::page(1, limit);
            loop {
                let page = store.alerts(&query, &request).unwrap();
                prop_assert_eq!(page.total as usize, want.len(), "{:?}", query);
                by_cursor.extend(ids(&page).into_iter().map(str::to_owned));
                match page.next_cursor {
                    Some(cursor) => request = PageRequest::after(&cursor, limit),
                    None => break,
                }
            }
            for page in 1.. {
                let page = store.alerts(&query, &PageRequest::page(page, limit)).unwrap();
                by_page.extend(ids(&page).into_iter().map(str::to_owned));
                if !page.has_next {
                    break;
                }
            }
            prop_assert_eq!(&by_cursor, &want, "{:?}", query);
            prop_assert_eq!(&by_page, &want, "{:?}", query);
            let series = store.alert_series(&query, 1_000_000_000).unwrap();
            prop_assert_eq!(series.iter().map(|b| b.count as usize).sum::<usize>(), want.len());
        }
    }
}
