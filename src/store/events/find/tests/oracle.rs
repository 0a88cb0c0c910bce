//! Any events and any query: the executor gives what a list filtered the stupid way gives. Same
//! items, same order, same totals, over open and sealed parts whose times overlap, page by page.

use super::super::{
    Budget, Cursor, EventQuery, Found, NoAliases, Node, Order, Page, Place, Row, Total, events,
    events_within, fits, parse, score,
};
use super::support::{Stored, event, parser, part};
use crate::store::events::{Part, Snapshot};
use proptest::prelude::*;
use seerflow_model::{Ns, Severity};
use std::time::Duration;

const USERS: [&str; 4] = ["root", "bob", "Ärger", "admin"];

/// A line of some kind; few words, so that queries often fit.
fn line(kind: u8, a: u8, b: u8) -> Vec<u8> {
    let user = USERS[usize::from(a) % 4];
    let (a4, b4) = (a % 4, b % 4);
    match kind % 8 {
        0 => format!("Mar  4 10:11:12 web-{a4} sshd[{b4}]: Failed password for {user} from 203.0.113.{b4} port 22"),
        1 => format!("Mar  4 10:11:12 web-{a4} sshd[{b4}]: Accepted password for {user} from 203.0.113.{b4} port 22"),
        2 => format!("{{\"level\":\"error\",\"message\":\"caf\\u00e9 {a4}\",\"status\":{b},\"user\":{{\"name\":\"{user}\"}},\"x\":\"\\u002d{b4}\"}}"),
        3 => format!("{{\"level\":\"info\",\"msg\":\"took {a}ms\",\"n\":\"\\u0041{a4}\",\"m\":\"\\u0042{b4}\"}}"),
        4 => format!("level=warn msg=\"disk {a4} is at {b}%\" host=db-{b4} status={a4}"),
        5 => format!("odd {a4}x{b4} \u{17f}\u{212a} {user}"),
        6 => return [b"bytes ".as_slice(), &[0xff, a, 0xfe, b'a' + b4], b" end"].concat(),
        _ => format!("12:M 04 Mar 2026 10:00:00.123 * Ready to accept connections {a4}"),
    }
    .into_bytes()
}

pub(super) fn arb_stored() -> impl Strategy<Value = (u8, u8, u8, u8, u8, u8)> {
    (0u8..8, any::<u8>(), any::<u8>(), 1u8..6, 0u8..40, 0u8..4)
}

pub(super) fn stored(parts: &[(u8, u8, u8, u8, u8, u8)]) -> Vec<Stored> {
    let mut parser = parser();
    let mut seqs = [0u64; 8];
    let each = parts.iter().map(|&(kind, a, b, source, time, p)| {
        let seq = &mut seqs[usize::from(source)];
        *seq += 1;
        let at = 1_772_600_000_000_000_000 + u64::from(time) * 1_000_000_000;
        let event = event(&mut parser, u64::from(source), *seq, at, &line(kind, a, b));
        // Scores are kept in steps; these are steps.
        let probability = if p == 0 { 1.0 } else { 10f64.powf(-f64::from(p)) };
        Stored { template: u64::from(kind % 5), event, probability }
    });
    each.collect()
}

pub(super) const WORDS: [&str; 46] = [
    "failed",
    "accepted",
    "password",
    "root",
    "bob",
    "ärger",
    "fail*",
    "caf*",
    "café",
    "\"password for root\"",
    "203.0.113.1",
    "203.0.113.*",
    "web-1",
    "host:web-1",
    "host:web*",
    "-host:*",
    "program:sshd",
    "pid:1",
    "pid:*",
    "status:>=100",
    "status:2",
    "status:*",
    "n:a1",
    "x:-1",
    "\"-1\"",
    "a1",
    "b2",
    "user.name:bob",
    "message:took",
    "message:\"café 1\"",
    "severity:>=warning",
    "severity:info",
    "format:json",
    "tag:late",
    "tag:invalid_utf8",
    "source:/var/log/3.log",
    "source_type:syslog",
    "template:3",
    "user:bob",
    "ip:203.0.113.2",
    "ip:203.*",
    "activity:login",
    "outcome:failure",
    "score:>=0.5",
    "xff*",
    "\u{17f}\u{212a}",
];

fn arb_words() -> impl Strategy<Value = String> {
    let word = prop::sample::select(WORDS.to_vec()).prop_map(str::to_owned);
    let word = prop_oneof![8 => word, 1 => Just("*".to_owned()), 1 => "[a-z0-9]{1,2}\\*?"];
    word.prop_recursive(4, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 1..4)
                .prop_map(|all| format!("({})", all.join(" "))),
            prop::collection::vec(inner.clone(), 1..4)
                .prop_map(|all| format!("({})", all.join(" OR "))),
            inner.prop_map(|one| format!("NOT {one}")),
        ]
    })
}

pub(super) fn arb_query() -> impl Strategy<Value = EventQuery> {
    let time = || {
        prop::option::weighted(
            0.3,
            (0u64..42).prop_map(|s| 1_772_600_000_000_000_000 + s * 1_000_000_000),
        )
    };
    let filters = (
        prop::option::weighted(0.1, 0u8..7),
        prop::option::weighted(0.1, 0u64..6),
        prop::option::weighted(
            0.1,
            prop::sample::select(vec!["Web-1", "web-2", "db-1", "192.0.2.7"]),
        ),
        prop::option::weighted(0.1, prop::sample::select(vec![0.0, 0.5, 0.95, 1.0])),
        prop::option::weighted(0.15, prop::sample::select(USERS.to_vec())),
    );
    (arb_words(), time(), time(), filters, any::<bool>(), 1usize..12).prop_map(
        |(words, since, until, (severity, template, host, min_score, user), oldest, limit)| {
            EventQuery {
                since,
                until,
                min_severity: severity.map(Severity::from_id),
                template,
                host: host.map(str::to_owned),
                min_score,
                entity: user.map(|user| {
                    let kind = seerflow_model::EntityType::User;
                    let value = seerflow_model::entity::canonical(kind, user, "").unwrap();
                    seerflow_model::entity::uuid(kind, &value)
                }),
                order: if oldest { Order::Oldest } else { Order::Newest },
                limit,
                ..EventQuery::words(&words).unwrap()
            }
        },
    )
}

/// The stupid way, from the meaning of each filter on the event itself.
pub(super) fn naive(all: &[Stored], query: &EventQuery) -> Vec<(Ns, u64, u64)> {
    let fitting = all.iter().filter(|stored| {
        let (event, about) = (&stored.event, stored.event.about());
        let row = Row { event, template: stored.template, probability: stored.probability };
        let all_of = |_| Vec::new();
        query.since.is_none_or(|since| about >= since)
            && query.until.is_none_or(|until| about < until)
            && query.min_severity.is_none_or(|least| event.severity >= least)
            && query.template.is_none_or(|id| stored.template == id)
            && query.host.as_ref().is_none_or(|host| event.host().eq_ignore_ascii_case(host))
            && query.min_score.is_none_or(|least| score(stored.probability) >= least)
            && query.entity.is_none_or(|id| {
                event
                    .entities
                    .iter()
                    .any(|e| seerflow_model::entity::uuid(e.kind, &event.canonical(e)) == id)
            })
            && fits(&query.q.resolve(&all_of), row)
    });
    let mut keys: Vec<_> =
        fitting.map(|s| (s.event.about(), s.event.source.id, s.event.seq)).collect();
    keys.sort_unstable();
    if query.order == Order::Newest {
        keys.reverse();
    }
    keys
}

pub(super) fn keys(items: &[Found]) -> Vec<(Ns, u64, u64)> {
    items.iter().map(|f| (f.event.about(), f.event.source.id, f.event.seq)).collect()
}

/// All pages, by cursor.
pub(super) fn paged(snapshot: &Snapshot, query: &EventQuery) -> Vec<Page> {
    let (mut query, mut pages) = (query.clone(), Vec::new());
    loop {
        let page = events(snapshot, &query, &mut parser(), &NoAliases).unwrap();
        let next = page.next;
        pages.push(page);
        match next {
            // As a client has it: a text.
            Some(cursor) => query.place = Place::After(Cursor::parse(&cursor.to_string()).unwrap()),
            None => return pages,
        }
    }
}

pub(super) fn snapshot(all: &[Stored], cuts: &[usize], sealed: u8) -> Snapshot {
    let mut ends: Vec<usize> = cuts.iter().map(|cut| cut % (all.len() + 1)).collect();
    ends.extend([0, all.len()]);
    ends.sort_unstable();
    let parts = ends.windows(2).enumerate();
    let parts = parts.map(|(at, ends)| part(&all[ends[0]..ends[1]], sealed & (1 << at) != 0));
    Snapshot::of(parts.collect::<Vec<Part>>())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]
    #[test]
    fn like_a_list_filtered_the_stupid_way(
        kinds in prop::collection::vec(arb_stored(), 0..60),
        cuts in prop::collection::vec(any::<usize>(), 0..4),
        sealed: u8,
        query in arb_query(),
    ) {
        let all = stored(&kinds);
        let snapshot = snapshot(&all, &cuts, sealed);
        let wanted = naive(&all, &query);
        let pages = paged(&snapshot, &query);
        let found: Vec<_> = pages.iter().flat_map(|page| keys(&page.items)).collect();
        prop_assert_eq!(&found, &wanted);
        let total = Some(Total { events: wanted.len() as u64, is_lower_bound: false });
        for page in &pages {
            prop_assert_eq!(page.total, total);
            prop_assert!(page.items.len() <= query.limit && !page.truncated && page.damaged == 0);
        }
        // By number: the same pages, and an empty one behind the last.
        for number in 1..=pages.len() + 1 {
            let query = EventQuery { place: Place::Page(number), ..query.clone() };
            let page = events(&snapshot, &query, &mut parser(), &NoAliases).unwrap();
            let from = ((number - 1) * query.limit).min(wanted.len());
            let to = (number * query.limit).min(wanted.len());
            prop_assert_eq!(&keys(&page.items), &wanted[from..to]);
            prop_assert_eq!(page.next.is_some(), wanted.len() > number * query.limit);
        }
        // Events come back as they were.
        for found in pages.iter().flat_map(|page| &page.items) {
            let same = all.iter().find(|s| s.event.id() == found.event.id()).unwrap();
            prop_assert_eq!(&found.event, &same.event);
            prop_assert_eq!(found.template, same.template);
            prop_assert!((found.probability / same.probability - 1.0).abs() < 1e-3);
        }
    }

    #[test]
    fn a_spent_budget_gives_what_is_certain_and_goes_on(
        kinds in prop::collection::vec(arb_stored(), 1..60),
        cuts in prop::collection::vec(any::<usize>(), 0..6),
        query in arb_query(),
    ) {
        let mut all = stored(&kinds);
        // Parts follow each other in time, so every question gets further.
        all.sort_by_key(|stored| stored.event.about());
        let snapshot = snapshot(&all, &cuts, 0b10101);
        let wanted = naive(&all, &query);
        let (mut query, mut found) = (query, Vec::new());
        for _ in 0..1_000 {
            let mut none = Budget::new(Duration::ZERO, 0);
            let page = match events_within(&snapshot, &query, &mut parser(), &NoAliases, &mut none) {
                Ok(page) => page,
                // Parts that share a time cannot be told apart within no time at all.
                Err(error) => {
                    prop_assert!(matches!(error, super::super::FindError::TooLong), "{error}");
                    prop_assert!(wanted.starts_with(&found));
                    return Ok(());
                }
            };
            found.extend(keys(&page.items));
            match page.next {
                Some(cursor) => query.place = Place::After(cursor),
                None => break,
            }
        }
        prop_assert_eq!(found, wanted);
    }
}

#[test]
fn refuses_what_is_no_page() {
    let snapshot = Snapshot::of(Vec::new());
    let ask = |query: &EventQuery| {
        events(&snapshot, query, &mut parser(), &NoAliases).map(|p| p.items.len())
    };
    let with = |limit, place| EventQuery { limit, place, ..EventQuery::default() };
    for limit in [0, 1_001] {
        assert!(ask(&with(limit, Place::Page(1))).unwrap_err().to_string().contains("1 to 1000"));
    }
    for page in [0, 101, usize::MAX] {
        assert!(
            ask(&with(1_000, Place::Page(page))).unwrap_err().to_string().contains("next_cursor")
        );
    }
    assert_eq!(ask(&with(1_000, Place::Page(100))).unwrap(), 0);
    let other = Cursor { digest: 1, total: None, after: (1, 2, 3) };
    assert!(ask(&with(5, Place::After(other))).unwrap_err().to_string().contains("another query"));
    let digest = |q: &str, order| {
        EventQuery { q: parse(q).unwrap(), order, ..EventQuery::default() }.digest()
    };
    assert_ne!(digest("a", Order::Newest), digest("a", Order::Oldest));
    assert_ne!(digest("a", Order::Newest), digest("a*", Order::Newest));
    assert_eq!(digest("A", Order::Newest), digest("\"a\"", Order::Newest));
    assert_eq!(EventQuery::default().node(), Node::All);
}
