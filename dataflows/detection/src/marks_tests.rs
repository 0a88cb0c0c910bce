//! Tests of the scopes of marks.

use super::*;
use proptest::prelude::*;

/// By definition: a star is nothing, or one character and a star.
fn oracle(pattern: &[u8], text: &[u8]) -> bool {
    match (pattern.first(), text.first()) {
        (None, None) => true,
        (Some(b'*'), _) if oracle(&pattern[1..], text) => true,
        (Some(b'*'), Some(_)) => oracle(pattern, &text[1..]),
        (Some(want), Some(have)) => {
            want.eq_ignore_ascii_case(have) && oracle(&pattern[1..], &text[1..])
        }
        _ => false,
    }
}

proptest! {
    #[test]
    fn patterns_fit_as_they_are_defined(pattern in "[abA*]{0,8}", text in "[abA]{0,10}") {
        prop_assert_eq!(fits(&pattern, &text), oracle(pattern.as_bytes(), text.as_bytes()));
    }

    #[test]
    fn anything_can_be_asked(pattern in "\\PC{0,12}", text in "\\PC{0,12}") {
        prop_assert_eq!(fits(&pattern, &text), oracle(pattern.as_bytes(), text.as_bytes()));
        let _ = Scope::parse(&pattern);
        prop_assert!(fits("*", &text) && fits(&text, &text));
    }

    /// A scope covers a place when every field that it has fits one that the place has.
    #[test]
    fn scopes_are_conjunctions(
        patterns in prop::array::uniform5(prop::option::of("[ab*]{1,3}")),
        texts in prop::array::uniform5("[ab]{0,3}"),
        more in "[ab]{0,3}",
    ) {
        let [program, host, service, source, template] = patterns.clone();
        let scope = Scope { program, host, service, source, template };
        let place = Place {
            program: texts[0].clone(),
            host: texts[1].clone(),
            services: vec![texts[2].clone(), more.clone()],
            sources: vec![more.clone(), texts[3].clone()],
            template: texts[4].clone(),
        };
        let ok = |at: usize, text: &String| {
            let pattern = patterns[at].as_ref();
            pattern.is_none_or(|p| !text.is_empty() && oracle(p.as_bytes(), text.as_bytes()))
        };
        let want = (0..5).all(|at| ok(at, &texts[at]) || ((2..4).contains(&at) && ok(at, &more)));
        prop_assert_eq!(scope.covers(&place), want);
        if scope != Scope::default() {
            prop_assert_eq!(Scope::parse(&scope.words()), Ok(scope));
        }
    }
}

#[test]
fn scopes_are_read() {
    let scope = Scope::parse("program=nginx, host = web-*").unwrap();
    assert_eq!(scope.words(), "program=nginx,host=web-*");
    let scope = Scope::parse("template=a, b=c, <*>,source=syslog").unwrap();
    assert_eq!(scope.template.as_deref(), Some("a, b=c, <*>"));
    assert_eq!(scope.source.as_deref(), Some("syslog"));
    let long = format!("host={}", "x".repeat(PATTERN_MAX + 1));
    for (text, error) in [
        ("", ScopeError::Unknown(String::new())),
        ("user=x", ScopeError::Unknown("user=x".into())),
        ("host=a,host=b", ScopeError::Twice("host")),
        ("host=", ScopeError::Pattern("host")),
        (&long, ScopeError::Pattern("host")),
        ("program=a\u{7}", ScopeError::Pattern("program")),
    ] {
        assert_eq!(Scope::parse(text), Err(error), "{text:?}");
    }
    assert_eq!(Scope::default().checked(), Err(ScopeError::Empty));
}

#[test]
fn what_is_not_known_never_fits() {
    let scope = Scope::parse("program=*,host=web-*").unwrap();
    let mut place = Place { host: "WEB-1".into(), ..Place::default() };
    assert!(!scope.covers(&place), "of a whole host");
    place.program = "nginx".into();
    assert!(scope.covers(&place));
    place.host = "db-1".into();
    assert!(!scope.covers(&place));
}

#[test]
fn only_maintenance_accounts_for_silence_and_neither_for_what_is_no_change() {
    for kind in MarkKind::ALL {
        assert!(kind.holds("new-template") && kind.holds("drop"));
        assert!(!kind.holds("beacon") && !kind.holds("spread") && !kind.holds("odd-session"));
        assert_eq!(kind.holds("silence"), kind == MarkKind::Maintenance);
        assert_eq!(MarkKind::from_name(kind.name()), Some(kind));
    }
}
