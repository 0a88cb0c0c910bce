//! The whole matcher against the stupid way: every test asked of every value with plain string
//! operations, no index, no folding ahead, no memory.

use super::fields::Datum;
use crate::number::Relation;
use crate::pattern::{DASHES, Piece};
use crate::test::{Test, Want};
use crate::{Fields, LogSourceRef, Matcher, Options, Sink, State, load};
use proptest::prelude::*;
use std::fmt::Write;
use std::sync::Arc;

const SOURCES: [LogSourceRef<'static>; 2] = [
    LogSourceRef { category: "", product: "linux", service: "sshd" },
    LogSourceRef { category: "process_creation", product: "linux", service: "" },
];

#[derive(Clone, Debug)]
struct Flat(Vec<(String, String)>);

impl Fields for Flat {
    fn each(&self, take: Sink<'_>) {
        self.0.iter().for_each(|(name, value)| take(name, Datum::Text(value), true));
    }
}

fn lower(text: &str) -> String {
    text.chars().flat_map(char::to_lowercase).collect()
}

fn fits(pieces: &[Piece], text: &str) -> bool {
    let Some((piece, rest)) = pieces.split_first() else { return text.is_empty() };
    let mut chars = text.chars();
    match piece {
        Piece::Lit(literal) => {
            text.strip_prefix(&*lower(literal)).is_some_and(|text| fits(rest, text))
        }
        Piece::Many => {
            let cuts = text.char_indices().map(|(at, _)| at).chain([text.len()]);
            cuts.into_iter().any(|at| fits(rest, &text[at..]))
        }
        Piece::One => chars.next().is_some() && fits(rest, chars.as_str()),
        Piece::Dash => {
            chars.next().is_some_and(|c| DASHES.contains(&c)) && fits(rest, chars.as_str())
        }
        Piece::Hole(_) => false,
    }
}

fn oracle(test: &Test, event: &Flat) -> bool {
    let meant = |name: &str| test.field.is_empty() || name == &*test.field;
    let mut values = event.0.iter().filter(|(name, _)| meant(name)).map(|(_, value)| value);
    match &test.want {
        Want::Text { patterns, cased: true } => {
            values.any(|value| patterns.iter().any(|pattern| pattern.to_string() == *value))
        }
        Want::Text { patterns, .. } => {
            values.any(|value| patterns.iter().any(|pattern| fits(pattern.pieces(), &lower(value))))
        }
        Want::Regex { source, .. } => {
            let regex = regex::Regex::new(source).unwrap();
            values.any(|value| regex.is_match(value))
        }
        Want::Null => values.next().is_none(),
        Want::Exists => values.next().is_some(),
        Want::Reference { other, .. } => values.any(|value| {
            event.0.iter().any(|(name, theirs)| name == &**other && lower(theirs) == lower(value))
        }),
        Want::Number(relation, number) => values.any(|value| {
            let digits = |c: char| c.is_ascii_digit() || "-.".contains(c);
            let value = Some(value).filter(|value| value.chars().all(digits));
            let value: Option<f64> = value.and_then(|value| value.parse().ok());
            value.is_some_and(|value| match relation {
                Relation::Eq => value == number.as_f64(),
                Relation::Neq => value != number.as_f64(),
                Relation::Lt => value < number.as_f64(),
                Relation::Lte => value <= number.as_f64(),
                Relation::Gt => value > number.as_f64(),
                Relation::Gte => value >= number.as_f64(),
            })
        }),
        Want::Cidr(_) => values.any(|value| value == "10.0.0.1" || value == "10.0.0.2"),
        other => panic!("{other:?} is not generated"),
    }
}

/// A few words over a small alphabet, so that matches are frequent.
fn word() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[abK\u{212a}]{1,3}",
        2 => r"[ab\\/.]{1,4}",
        1 => r"[ab*?]{1,4}",
        1 => "[ab -]{1,4}",
    ]
}

fn value(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

fn item() -> impl Strategy<Value = String> {
    let field = prop::sample::select(vec!["a", "b", "c", "d"]);
    let modifiers = prop::sample::select(vec![
        "",
        "",
        "|contains",
        "|startswith",
        "|endswith",
        "|contains|all",
        "|windash|contains",
        "|contains|windash|all",
        "|endswith|any",
    ]);
    let words = prop::collection::vec(word(), 1..16);
    let texts = (field.clone(), modifiers, words).prop_map(|(field, modifiers, words)| {
        let words: Vec<_> = words.iter().map(|word| value(word)).collect();
        format!("{field}{modifiers}: [{}]", words.join(", "))
    });
    let tail = (field.clone(), r"[\\/][ab]{1,2}");
    let tail = tail.prop_map(|(a, tail)| format!("{a}|endswith: {}", value(&tail)));
    prop_oneof![
        8 => texts,
        3 => tail,
        1 => (field.clone(), field.clone()).prop_map(|(a, b)| format!("{a}|fieldref: {b}")),
        1 => field.clone().prop_map(|a| format!("{a}: null")),
        1 => (field.clone(), "(|-)[0-3](\\.[05])?").prop_map(|(a, n)| format!("{a}: {n}")),
        1 => (field.clone(), prop::sample::select(vec!["gt", "gte", "lt", "lte"]), -1..3)
            .prop_map(|(a, relation, n)| format!("{a}|{relation}: {n}")),
        1 => (field.clone(), 0..3).prop_map(|(a, n)| format!("{a}|neq: {n}")),
        1 => (field.clone(), "[aAb]{1,2}").prop_map(|(a, text)| format!("{a}|cased: {text}")),
        1 => field.clone().prop_map(|a| format!("{a}|cidr: [10.0.0.1/32, 10.0.0.2]")),
        1 => field.clone().prop_map(|a| format!("{a}|exists: true")),
        1 => (field, "[ab]{1,2}(\\.[+*])?K?").prop_map(|(a, re)| format!("{a}|re: {}", value(&re))),
    ]
}

fn mapping() -> impl Strategy<Value = String> {
    prop::collection::vec(item(), 1..3).prop_map(|items| {
        let mut seen = std::collections::BTreeSet::new();
        let key = |item: &String| item.split(':').next().unwrap_or_default().to_owned();
        let new = items.into_iter().filter(|item| seen.insert(key(item)));
        format!("{{{}}}", new.collect::<Vec<_>>().join(", "))
    })
}

fn selection() -> impl Strategy<Value = String> {
    let words = prop::collection::vec(word(), 1..4).prop_map(|words| {
        let words: Vec<_> = words.iter().map(|word| value(word)).collect();
        format!("[{}]", words.join(", "))
    });
    let maps =
        prop::collection::vec(mapping(), 1..3).prop_map(|maps| format!("[{}]", maps.join(", ")));
    prop_oneof![5 => mapping(), 2 => maps, 1 => words]
}

fn rules() -> impl Strategy<Value = String> {
    let condition = prop::sample::select(vec![
        "s1",
        "s1 and s2",
        "s1 or s2",
        "s1 and not s2",
        "not s1",
        "not (s1 and s2) and s3",
        "1 of s*",
        "all of s*",
        "s1 and not 1 of s*",
        "(s1 or s2) and not s3",
        "[s1, s2 and s3]",
    ]);
    let source = prop::sample::select(vec![
        "{product: linux}",
        "{product: linux, service: sshd}",
        "{category: process_creation}",
    ]);
    let one = (selection(), selection(), selection(), condition, source);
    prop::collection::vec(one, 1..12).prop_map(|rules| {
        let mut text = String::new();
        for (i, (a, b, c, condition, source)) in rules.iter().enumerate() {
            let _ = write!(
                text,
                "---\ntitle: r{i}\nlogsource: {source}\ndetection:\n  s1: {a}\n  s2: {b}\n  \
                 s3: {c}\n  condition: {condition}\n"
            );
        }
        text
    })
}

fn event() -> impl Strategy<Value = Flat> {
    let name = prop::sample::select(vec!["a", "b", "c", "d", "e"]);
    let text = prop_oneof![
        6 => prop::collection::vec(word(), 0..3).prop_map(|words| words.join("")),
        1 => "(|-)[0-3](\\.[05])?",
        1 => "10\\.0\\.0\\.[0-3]",
        1 => "[aAb]{1,2}",
        1 => r"[ab\\/]{0,3}[\\/][abAB]{1,2}",
    ];
    let field = (name.prop_map(str::to_owned), text);
    prop::collection::vec(field, 0..6).prop_map(Flat)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn as_the_stupid_way(text in rules(), events in prop::collection::vec(event(), 1..12)) {
        let loaded = load([("t.yml".into(), text.as_str())], &Options::default());
        prop_assert!(loaded.problems.is_empty(), "{}\n{text}", loaded.problems[0]);
        let set = Arc::new(loaded.set);
        let mut matcher = Matcher::new(set.clone());
        for event in &events {
            let found = matcher.matches(&SOURCES, event).to_vec();
            for (number, rule) in set.rules().iter().enumerate() {
                let detection = &rule.rule.detection;
                let mut ask = |id: u32| oracle(&detection.tests[id as usize].test, event);
                let expected = detection.expr.holds(&mut ask);
                let matched = found.contains(&(number as u32));
                prop_assert_eq!(matched, expected, "{} {:?}\n{}", rule.rule.header.title, event, text);
                if expected {
                    // What matches an event must not be called unreachable without its being so:
                    // a made-up event need not be found, but disabled it is never.
                    prop_assert!(!matches!(rule.state, State::Disabled(_)));
                }
            }
        }
    }
}

/// The state of a rule with this detection.
fn state(detection: &str) -> State {
    let text = format!("title: t\nlogsource: {{product: x}}\ndetection: {detection}\n");
    let loaded = load([("t.yml".into(), text.as_str())], &Options::default());
    assert!(loaded.problems.is_empty(), "{}", loaded.problems[0]);
    loaded.set.rules()[0].state.clone()
}

#[test]
fn rules_that_contradict_themselves_are_unreachable() {
    for detection in [
        "{s: {a: 1}, t: {a: 2}, condition: s and t}",
        "{s: {a: x}, condition: s and not s}",
        "{s: {a: x, a|re: '^y$'}, condition: s}",
        "{s: {a|exists: false}, t: {a: x}, condition: s and t}",
        "{s: {a: null}, t: {a: x}, condition: all of them}",
        "{s: {a|startswith: x}, t: {a: '*'}, condition: s and not t}",
        "{s: {a|gt: 5}, t: {a|lt: 4}, condition: s and t}",
        "{s: {a|hour: 24}, condition: s}",
        "{s: {a|re: 'a^b'}, condition: s}",
    ] {
        assert!(matches!(state(detection), State::Unreachable(_)), "{detection}");
    }
}

#[test]
fn odd_rules_are_shown_to_be_reachable() {
    for detection in [
        "{s: {a|contains|all: [x, y], a|startswith: z, a|endswith: w}, condition: s}",
        "{s: {a: [x, y]}, t: {a: x}, condition: s and not t}",
        "{s: [{a: 1}, {a: 2}], t: {a: 1}, condition: s and not t}",
        "{s: {a|fieldref: b}, t: {b|contains: x}, condition: s and t}",
        "{s: {a|fieldref: b}, t: {a: null}, u: {b: null}, condition: not 1 of them}",
        "{s: {a|cidr: 10.0.0.0/8}, t: {a|cidr: 10.0.0.0/30}, condition: s and not t}",
        "{s: {a|hour|gte: 18}, condition: s}",
        "{s: {a|week: 53}, condition: s}",
        "{s: {a|re: '^[0-9a-f]{8}-(x|y)z?$'}, condition: s}",
        "{s: [foo, bar], t: [baz], condition: s and t}",
        "{s: {a: null}, condition: not s}",
        "{s: {a|neq: x}, condition: s}",
        "{s: {a|contains|neq: ['?']}, condition: s}",
        "{s: {a: x}, condition: not s}",
        "{s: {a|gt: 5}, t: {a|lt: 7}, condition: s and t}",
        "{s: {a|gt: 5}, t: {a|gte: 500}, u: {a: 500}, condition: s and t and not u}",
        "{s: {a|hour|lt: 17}, t: {a|hour|gte: 9}, u: {a|day: 31}, condition: all of them}",
        "{s: {a|month: 2}, t: {a|day: 29}, u: {a|year|gt: 2027}, condition: all of them}",
    ] {
        assert_eq!(state(detection), State::Ok, "{detection}");
    }
}

/// Loads files and shows problems and states, one per line.
fn report(files: &[(&str, &str)], options: &Options) -> Vec<String> {
    let files = files.iter().map(|(name, text)| ((*name).into(), *text));
    let loaded = load(files, options);
    let mut out: Vec<_> =
        loaded.problems.iter().map(|problem| format!("problem {problem}")).collect();
    out.extend(loaded.warnings.iter().map(|warning| format!("warning {warning}")));
    for rule in loaded.set.rules() {
        let title = &rule.rule.header.title;
        out.push(match &rule.state {
            State::Ok => format!("ok {title}"),
            State::Unreachable(_) => format!("unreachable {title}"),
            State::Disabled(reason) => format!("disabled {title}: {reason}"),
        });
    }
    for correlation in loaded.set.correlations() {
        out.push(format!("correlation {} {:?}", correlation.rule.header.title, correlation.parts));
    }
    out
}

const ONE: &str = "title: one\nid: 1\nname: first\nlogsource: {product: x}\n\
    detection: {s: {a: 1}, condition: s}\n";

#[test]
fn nothing_is_dropped_silently() {
    let other =
        "title: other\nid: 1\nlogsource: {product: x}\ndetection: {s: {a: 1}, condition: s}";
    let missing = "title: two\nid: 2\nlogsource: {product: x}\n\
        detection: {s: {a|expand: '%who%'}, t: {b: 1}, condition: s and not t}\n";
    let broken = "title: three\nlogsource: {product: x}\ndetection: {s: {a|x: 1}, condition: s}\n\
        ---\ntitle: four\nlogsource: {product: x}\ndetection: {s: {a: 1}, t: {b: 2}, condition: s}\n";
    let files =
        [("a", ONE), ("b", other), ("c", missing), ("d", broken), ("e", "a: [1"), ("f", "")];
    let expected = [
        "problem b:1:1: the id is already that of a rule in a (rule `other (1)`)",
        "problem d:3:17: unknown modifier `x` (rule `three`)",
        "problem e:1:4: is not valid YAML",
        "problem f:1:1: the file has no rules",
        "warning d:5:1: the condition does not use t (rule `four`)",
        "ok one",
        "disabled two: no values are given for the placeholder who",
        "ok four",
    ];
    let found = report(&files, &Options::default());
    assert_eq!(found.len(), expected.len(), "{found:#?}");
    for (found, expected) in found.iter().zip(expected) {
        assert!(found.starts_with(expected), "{found}\n{expected}");
    }
}

#[test]
fn an_unresolved_placeholder_never_matches() {
    let text = "title: t\nlogsource: {product: linux}\n\
        detection: {s: {a: 1}, f: {b|expand: '%who%'}, condition: s and not f}\n";
    let loaded = load([("t".into(), text)], &Options::default());
    let mut matcher = Matcher::new(Arc::new(loaded.set));
    let event = Flat(vec![("a".into(), "1".into()), ("b".into(), "%who%".into())]);
    assert!(matcher.matches(&SOURCES, &event).is_empty());
}

#[test]
fn status_and_level_disable() {
    let text = "title: t\nstatus: experimental\nlevel: low\nlogsource: {product: x}\n\
        detection: {s: {a: 1}, condition: s}\n";
    let by_status = Options { min_status: Some(crate::Status::Test), ..Options::default() };
    let by_level = Options { min_level: Some(crate::Level::Medium), ..Options::default() };
    let none = Options::default();
    assert_eq!(
        report(&[("t", text)], &by_status),
        ["disabled t: its status experimental is below test"]
    );
    assert_eq!(report(&[("t", text)], &by_level), ["disabled t: its level low is below medium"]);
    assert_eq!(report(&[("t", text)], &none), ["ok t"]);
}

#[test]
fn filters_become_part_of_rules() {
    let filter = |rules: &str, source: &str| {
        format!(
            "{ONE}---\ntitle: f\nlogsource: {source}\nfilter:\n  rules: {rules}\n  \
             s: {{b: 2}}\n  condition: not s\n"
        )
    };
    let event = |b: &str| Flat(vec![("a".into(), "1".into()), ("b".into(), b.into())]);
    for rules in ["['1']", "first", "any"] {
        let text = filter(rules, "{product: x}");
        let loaded = load([("t".into(), text.as_str())], &Options::default());
        assert!(loaded.problems.is_empty(), "{}", loaded.problems[0]);
        let mut matcher = Matcher::new(Arc::new(loaded.set));
        let source = [LogSourceRef { product: "x", ..LogSourceRef::default() }];
        assert_eq!(matcher.matches(&source, &event("1")), [0]);
        assert!(matcher.matches(&source, &event("2")).is_empty(), "{rules}");
    }
    for (rules, source, part) in [
        ("[nobody]", "{product: x}", "`nobody`, which is not loaded"),
        ("[first]", "{product: y}", "another logsource"),
        ("any", "{product: y}", "for no rule"),
        ("[]", "{product: x}", "names no rule"),
    ] {
        let found = report(&[("t", &filter(rules, source))], &Options::default());
        assert!(found[0].contains(part), "{found:?}");
        assert_eq!(found.last().map(String::as_str), Some("ok one"));
    }
}

#[test]
fn correlations_are_put_behind_what_they_refer_to() {
    let chain = |title: &str, of: &str| {
        format!(
            "title: {title}\nname: {title}\ncorrelation:\n  type: event_count\n  rules: [{of}]\n  \
             timespan: 1m\n  condition: {{gte: 2}}\n"
        )
    };
    let text =
        [chain("c", "b"), chain("b", "first"), chain("x", "y"), chain("y", "x")].join("---\n");
    let found = report(&[("a", &text), ("b", ONE)], &Options::default());
    assert_eq!(
        found[2..],
        [
            "ok one".to_owned(),
            "correlation b [Rule(0)]".to_owned(),
            "correlation c [Correlation(0)]".to_owned(),
        ]
    );
    assert!(found[0].contains("a circle: y, x, y"), "{found:?}");
    assert!(found[1].contains("a circle: x, y, x"), "{found:?}");
}

#[test]
fn explanations_name_selection_field_and_value() {
    let text = "title: t\nlogsource: {product: linux}\ndetection:\n  s:\n    a|contains: ['x', yy]\n    \
        b: null\n  k: [foo]\n  condition: s or k\n";
    let loaded = load([("t".into(), text)], &Options::default());
    let mut matcher = Matcher::new(Arc::new(loaded.set));
    let event = Flat(vec![("a".into(), "aYYb".into()), ("c".into(), "a Foo".into())]);
    assert_eq!(matcher.matches(&SOURCES, &event), [0]);
    let reasons = matcher.explain(0, &event);
    let shown: Vec<_> = reasons
        .iter()
        .map(|r| format!("{} {} {} {:?}", r.selection, r.field, r.test, r.value.as_deref()))
        .collect();
    assert_eq!(
        shown,
        [
            "s a a is `*x*` or `*yy*` Some(\"aYYb\")",
            "s b b has no value None",
            "k  any value is `*foo*` Some(\"a Foo\")",
        ]
    );
}

#[test]
fn logsources_decide_which_rules_are_asked() {
    let rule = |i: usize, source: &str| {
        format!("title: r{i}\nlogsource: {source}\ndetection: {{s: {{a: 1}}, condition: s}}\n")
    };
    let sources = [
        "{product: linux}",
        "{product: LINUX, service: sshd}",
        "{category: dns}",
        "{product: windows}",
        "{product: linux, category: process_creation}",
    ];
    let text: Vec<_> = sources.iter().enumerate().map(|(i, source)| rule(i, source)).collect();
    let loaded = load([("t".into(), text.join("---\n").as_str())], &Options::default());
    let mut matcher = Matcher::new(Arc::new(loaded.set));
    let event = Flat(vec![("a".into(), "1".into())]);
    assert_eq!(matcher.matches(&SOURCES, &event), [0, 1, 4]);
    assert_eq!(matcher.matches(&SOURCES[..1], &event), [0, 1]);
    assert!(matcher.matches(&[], &event).is_empty());
    let dns = [LogSourceRef { category: "dns", ..LogSourceRef::default() }];
    assert_eq!(matcher.matches(&dns, &event), [2]);
}

#[test]
fn what_is_too_large_is_cut_and_counted() {
    let text =
        "title: t\nlogsource: {product: linux}\ndetection: {s: {a|endswith: x}, condition: s}\n";
    let loaded = load([("t".into(), text)], &Options::default());
    let mut matcher = Matcher::new(Arc::new(loaded.set));
    let long = Flat(vec![("a".into(), "\u{e9}".repeat(40_000) + "x")]);
    assert!(matcher.matches(&SOURCES, &long).is_empty());
    assert_eq!(matcher.cut(), 1);
    let many = Flat(vec![("a".into(), "y".into()); super::row::VALUES_MAX + 3]);
    assert!(matcher.matches(&SOURCES, &many).is_empty());
    assert_eq!(matcher.cut(), 4);
}

proptest! {
    #[test]
    fn any_text_is_harmless(text in "(\\PC|\n){0,200}") {
        let loaded = load([("t".into(), text.as_str())], &Options::default());
        prop_assert!(loaded.set.rules().len() <= 200);
    }

    #[test]
    fn any_detection_is_harmless(value in "\\PC{0,12}", modifiers in prop::collection::vec(
        prop::sample::select(crate::read::modifier::names().collect::<Vec<_>>()), 0..4),
        text in "\\PC{0,20}",
    ) {
        let key = [vec!["a"], modifiers].concat().join("|");
        let rule = format!(
            "title: t\nlogsource: {{product: linux}}\ndetection:\n  s:\n    {key}: {}\n  condition: s\n",
            self::value(&value)
        );
        let loaded = load([("t".into(), rule.as_str())], &Options::default());
        prop_assert_eq!(loaded.set.rules().len() + loaded.problems.len(), 1);
        let mut matcher = Matcher::new(Arc::new(loaded.set));
        let event = Flat(vec![("a".into(), text)]);
        let _ = matcher.matches(&SOURCES, &event).len();
    }
}

#[test]
fn a_small_text_cannot_take_much_memory() {
    let large: Vec<_> = (0..9).map(|i| format!(r"'x{i}\w{{1,60}}'")).collect();
    let rule = |values: &[String]| {
        let values = values.join(", ");
        format!(
            "title: t\nlogsource: {{product: x}}\ndetection: {{s: {{a|re: [{values}]}}, condition: s}}\n"
        )
    };
    assert_eq!(report(&[("t", &rule(&large[..8]))], &Options::default()), ["ok t"]);
    let found = report(&[("t", &rule(&large))], &Options::default());
    assert!(found[0].contains("too many large regular expressions"), "{found:?}");
    let many: Vec<_> = (0..300).map(|i| format!("'x{i}'")).collect();
    let found = report(&[("t", &rule(&many))], &Options::default());
    assert!(found[0].contains("too many regular expressions"), "{found:?}");
}

#[test]
fn correlations_of_idle_rules_and_names_that_are_taken_are_told() {
    let text = "title: a\nname: n\nlogsource: {product: x}\n\
        detection: {s: {a|expand: '%who%'}, condition: s}\n---\n\
        title: b\nname: n\nlogsource: {product: x}\ndetection: {s: {a: 1}, condition: s}\n---\n\
        title: c\ncorrelation: {type: event_count, rules: [n], timespan: 1m, condition: {gte: 2}}\n";
    let found = report(&[("t", text)], &Options::default());
    assert!(found[0].contains("the name `n` is already"), "{found:?}");
    assert!(found[1].contains("refers to n, which takes no part: no values"), "{found:?}");
}

#[test]
fn versions_hang_on_texts_and_options() {
    let version = |text: &str, options: &Options| load([("t".into(), text)], options).set.version();
    let other = Options { min_level: Some(crate::Level::Low), ..Options::default() };
    assert_eq!(version(ONE, &Options::default()), version(ONE, &Options::default()));
    assert_ne!(version(ONE, &Options::default()), version(ONE, &other));
    assert_ne!(version(ONE, &Options::default()), version("a: 1", &Options::default()));
}
