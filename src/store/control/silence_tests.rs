//! Tests of [`super`].

use super::*;
use crate::alerting::samples::{START as NOW, alert};
use seerflow_model::{EntityOut, Role};

fn new(matching: SilenceMatch) -> NewSilence {
    NewSilence {
        matching,
        reason: "window".into(),
        created_by: "ada".into(),
        starts: NOW,
        ends: NOW + DAY,
    }
}

fn rule(name: &str) -> SilenceMatch {
    SilenceMatch { rule: Some(name.into()), ..SilenceMatch::default() }
}

fn entity(kind: &str, value: &str) -> SilenceMatch {
    SilenceMatch {
        entity_type: Some(kind.into()),
        entity_value: Some(value.into()),
        ..SilenceMatch::default()
    }
}

#[test]
fn all_fields_must_fit() {
    let mut alert = alert("a");
    alert.entities.push(EntityOut::new(EntityType::Ip, "10.1.2.3", Role::Src));
    let all = SilenceMatch {
        rule: Some("never-seen-message".into()),
        source_type: Some("syslog".into()),
        host: Some("db".into()),
        lens: Some("operations".into()),
        alert_type: Some("ml".into()),
        max_severity: Some(4),
        ..entity("ip", "10.1.2.3")
    };
    assert!(all.fits(&alert));
    let wrong: [(&str, SilenceMatch); 8] = [
        ("rule", SilenceMatch { rule: Some("never".into()), ..all.clone() }),
        ("source type", SilenceMatch { source_type: Some("web".into()), ..all.clone() }),
        ("host", SilenceMatch { host: Some("web".into()), ..all.clone() }),
        ("lens", SilenceMatch { lens: Some("security".into()), ..all.clone() }),
        ("type", SilenceMatch { alert_type: Some("sigma".into()), ..all.clone() }),
        ("severity", SilenceMatch { max_severity: Some(3), ..all.clone() }),
        ("value", SilenceMatch { entity_value: Some("10.1.2.4".into()), ..all.clone() }),
        ("kind", SilenceMatch { entity_type: Some("host".into()), ..all.clone() }),
    ];
    for (name, matching) in wrong {
        assert!(!matching.fits(&alert), "{name}");
    }
    assert!(rule("r").fits(&alert), "by the rule's id");
    alert.source_type = None;
    assert!(!all.fits(&alert));
}

#[test]
fn values_take_their_canonical_form() {
    let canonical = |matching| new(matching).checked(NOW).unwrap().matching;
    assert_eq!(canonical(entity("ip", " ::ffff:10.1.2.3 ")).entity_value.unwrap(), "10.1.2.3");
    assert_eq!(canonical(entity("user", "CORP\\Ada")).entity_value.unwrap(), "corp:ada");
    assert_eq!(canonical(entity("process", "web/nginx")).entity_value.unwrap(), "web/nginx");
    let host = SilenceMatch { host: Some("WEB-1.".into()), ..SilenceMatch::default() };
    assert_eq!(canonical(host).host.unwrap(), "web-1");
}

#[test]
fn what_is_no_silence() {
    let long = "x".repeat(FIELD_MAX + 1);
    let only_severity = SilenceMatch { max_severity: Some(6), ..SilenceMatch::default() };
    let half = SilenceMatch { entity_type: Some("ip".into()), ..SilenceMatch::default() };
    let bad = [
        SilenceMatch::default(),
        only_severity,
        half,
        entity("ip", "nonsense"),
        entity("ipv4", "10.1.2.3"),
        rule(""),
        rule(&long),
        rule("a\0b"),
        SilenceMatch { lens: Some("x".into()), ..SilenceMatch::default() },
        SilenceMatch { max_severity: Some(7), ..rule("r") },
    ];
    for matching in bad {
        assert!(new(matching.clone()).checked(NOW).unwrap_err().is_invalid(), "{matching:?}");
    }
    let good = new(rule("r"));
    assert!(good.checked(NOW).is_ok());
    for bad in [
        NewSilence { reason: " \n".into(), ..good.clone() },
        NewSilence { reason: "x".repeat(513), ..good.clone() },
        NewSilence { created_by: String::new(), ..good.clone() },
        NewSilence { ends: NOW, ..good.clone() },
        NewSilence { starts: NOW - 2 * DAY, ends: NOW - DAY, ..good.clone() },
        NewSilence { ends: NOW + LIFE_MAX + 1, ..good.clone() },
        NewSilence { starts: NOW + 2 * LIFE_MAX, ends: NOW + 2 * LIFE_MAX + 1, ..good.clone() },
        NewSilence { starts: u64::MAX - 1, ends: u64::MAX, ..good },
    ] {
        assert!(bad.checked(NOW).unwrap_err().is_invalid(), "{bad:?}");
    }
}

#[test]
fn times_of_a_request() {
    let request = |starts: Option<&str>, ends: Option<&str>, lasts: Option<&str>| {
        let text = |text: Option<&str>| text.map(str::to_owned);
        SilenceRequest {
            matching: rule("r"),
            reason: "x".into(),
            created_by: None,
            starts: text(starts),
            ends: text(ends),
            lasts: text(lasts),
        }
        .resolve(NOW, "api")
        .map(|new| (new.starts, new.ends))
        .ok()
    };
    assert_eq!(request(None, None, Some("2h")), Some((NOW, NOW + DAY / 12)));
    let later = (NOW + DAY).to_string();
    assert_eq!(request(None, Some(&later), None), Some((NOW, NOW + DAY)));
    assert_eq!(
        request(Some("2026-03-25T00:00:00Z"), None, Some("1d")),
        Some((1_774_396_800_000_000_000, 1_774_483_200_000_000_000))
    );
    assert_eq!(request(None, None, None), None);
    assert_eq!(request(None, Some(&later), Some("2h")), None);
    assert_eq!(request(None, None, Some("2026-03-25")), None);
    assert_eq!(request(None, Some("soon"), None), None);
    assert_eq!(request(None, Some("99999999999999999999999"), None), None);
}

#[test]
fn unknown_fields_are_refused() {
    let read = |text: &str| serde_json::from_str::<SilenceRequest>(text).is_ok();
    assert!(read(r#"{"match":{"rule":"r"},"reason":"x","for":"2h"}"#));
    assert!(!read(r#"{"match":{"rul":"r"},"reason":"x","for":"2h"}"#));
    assert!(!read(r#"{"match":{"rule":"r"},"reason":"x","fro":"2h"}"#));
    assert!(!read(r#"{"match":{"rule":"r"},"for":"2h"}"#));
}

#[test]
fn when_it_holds() {
    let silence = Silence {
        id: "s".into(),
        matching: rule("r"),
        reason: "x".into(),
        created_by: "ada".into(),
        starts_ns: 10,
        ends_ns: 20,
        created_ns: 5,
        removed_ns: None,
    };
    let at = |now| (silence.holds(now), silence.state(now));
    assert_eq!(at(9), (false, "pending"));
    assert_eq!(at(10), (true, "active"));
    assert_eq!(at(19), (true, "active"));
    assert_eq!(at(20), (false, "ended"));
    let removed = Silence { removed_ns: Some(12), ..silence };
    assert_eq!((removed.holds(13), removed.state(13)), (false, "removed"));
}
