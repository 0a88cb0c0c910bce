//! Hostile text in every field of everything that can be asked or put.

use super::*;
use crate::store::control::{SilenceMatch, Verdict};
use seerflow_model::EntityOut;

fn nasty() -> Vec<String> {
    let mut all: Vec<String> = [
        "\0",
        "a\0b",
        "'; DROP TABLE alerts; --",
        "\" OR 1=1 --",
        "%",
        "_",
        "\\",
        "NEAR(a b, 2)",
        "title : x",
        "{title description} : x",
        "^a",
        "a*",
        "*",
        "((((",
        "AND",
        "NOT NOT",
        "\"\"\"",
        "\"unclosed",
        "a + b",
        "\u{202e}\u{feff}\u{e000}",
        "é\u{301}\u{301}\u{301}",
        "🦀",
        "?1",
        ":x @y $z",
    ]
    .map(str::to_owned)
    .into();
    all.push("x".repeat(1 << 20));
    all.push("\"".repeat(1_024));
    all.push("( ".repeat(512));
    all.push("a ".repeat(512));
    all
}

/// Fine, or the fault of the one who asks; never the store's.
fn fine<T>(what: &str, text: &str, result: Result<T>) {
    if let Err(error) = result {
        let text: String = text.chars().take(40).collect();
        assert!(error.is_invalid(), "{what} {text:?}: {error:?}");
    }
}

#[test]
fn in_queries() {
    let (_dir, store) = store();
    store.put_alerts(&[write(alert("a"))], 1).unwrap();
    let request = PageRequest::page(1, 10);
    for text in nasty() {
        let any = AlertQuery::default();
        let value = || vec![text.clone()];
        for (what, query) in [
            ("text", AlertQuery { text: Some(text.clone()), ..any.clone() }),
            ("type", AlertQuery { types: value(), ..any.clone() }),
            ("entity", AlertQuery { entities: value(), ..any.clone() }),
            ("technique", AlertQuery { techniques: value(), ..any.clone() }),
            ("rule", AlertQuery { rules: value(), ..any.clone() }),
            ("source type", AlertQuery { source_types: value(), ..any.clone() }),
            ("lens", AlertQuery { lens: Some(text.clone()), ..any.clone() }),
        ] {
            fine(what, &text, store.alerts(&query, &request));
            fine(what, &text, store.alert_series(&query, 1 << 40));
        }
        fine("cursor", &text, store.alerts(&any, &PageRequest::after(&text, 1)));
        let cursor = super::super::super::page::cursor(START, &text);
        fine("cursor", &text, store.alerts(&any, &PageRequest::after(&cursor, 1)));
        assert_eq!(store.alert(&text).unwrap(), None);
        assert_eq!(store.alert_revisions(&text).unwrap(), []);
        assert_eq!(store.silence(&text).unwrap(), None);
        fine("feedback", &text, store.feedback(&text, &request));
        let query = TemplateQuery {
            text: Some(text.clone()),
            program: Some(text.clone()),
            source_type: Some(text.clone()),
            min_count: Some(u64::MAX),
        };
        fine("template", &text, store.templates(&query, &request));
    }
    assert_eq!(store.alerts(&AlertQuery::default(), &request).unwrap().total, 1);
}

#[test]
fn in_what_is_put() {
    let (_dir, store) = store();
    for (n, text) in nasty().into_iter().enumerate() {
        let mut odd = alert(&format!("{n}"));
        odd.title = text.clone();
        odd.rule_name = text.clone();
        odd.source_type = Some(text.clone());
        odd.mitre_techniques = vec![text.clone()];
        odd.events[0].message = text.clone();
        let entity =
            EntityOut { uuid: text.clone(), value: text.clone(), ..odd.entities[0].clone() };
        odd.entities = vec![entity.clone(), entity];
        (odd.timestamp_ns, odd.last_seen_ns) = (u64::MAX, u64::MAX);
        let counts = store.put_alerts(&[write(odd.clone())], u64::MAX).unwrap();
        if counts.added == 1 {
            let back = store.alert(&odd.alert_id).unwrap().unwrap();
            assert_eq!(json(&back.alert), json(&odd));
            let rule = AlertQuery { rules: vec![text.clone()], ..AlertQuery::default() };
            let found = store.alerts(&rule, &PageRequest::page(1, 9)).map(|page| page.total);
            assert!(matches!(found, Ok(1) | Err(StateError::Invalid(_))), "{n}: {found:?}");
        } else {
            assert_eq!(counts.refused, 1);
            assert!(text.len() > 1 << 16);
        }
        let named = Alert { alert_id: text.clone(), ..alert("x") };
        let counts = store.put_alerts(&[write(named)], 1).unwrap();
        assert_eq!(counts.refused == 1, text.len() > 128);
        let note = NewFeedback { verdict: Verdict::Tp, note: text.clone(), origin: text.clone() };
        fine("feedback", &text, store.record_feedback("1", &note, 1));
        fine("rule", &text, store.set_rule(&text, true, &text, 1));
        let matching = SilenceMatch {
            rule: Some(text.clone()),
            entity_type: Some(text.clone()),
            entity_value: Some(text.clone()),
            ..SilenceMatch::default()
        };
        let silence = NewSilence {
            matching,
            reason: text.clone(),
            created_by: text.clone(),
            starts: 0,
            ends: u64::MAX,
        };
        fine("silence", &text, store.add_silence(&silence, 1));
        fine("silence", &text, store.remove_silence(&text, &text, 1));
        fine(
            "run",
            &text,
            store
                .put_templates(&TemplateBatch { run: text.clone(), ..TemplateBatch::default() }, 1),
        );
    }
    let all = store.alerts(&AlertQuery::default(), &PageRequest::page(1, 1000)).unwrap();
    assert_eq!(all.total as usize, all.items.len());
    assert!(store.audit(&PageRequest::page(1, 1000)).unwrap().total > 10);
}
