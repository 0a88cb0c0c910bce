//! Uploaded rules, and alerts by rule and by technique.

use super::*;
use crate::store::control::rules::UPLOAD_BYTES_MAX;
use seerflow_model::Tactic;
use seerflow_model::time::DAY;

#[test]
fn uploads_are_kept_replaced_and_forgotten_and_all_of_it_is_recorded() {
    let (_dir, store) = store();
    store.put_upload("b", "title: b", "ada", 1).unwrap();
    store.put_upload("a", "title: a", "ada", 2).unwrap();
    let second = store.put_upload("b", "title: c", "eve", 3).unwrap();
    let uploads = store.uploads().unwrap();
    let short: Vec<_> = uploads.iter().map(|u| (&*u.rule, &*u.text, &*u.changed_by)).collect();
    assert_eq!(short, [("a", "title: a", "ada"), ("b", "title: c", "eve")]);
    assert_eq!(store.remove_upload("b", "ada", 4).unwrap(), Some(second));
    assert_eq!(store.remove_upload("b", "ada", 5).unwrap(), None);
    assert_eq!(store.uploads().unwrap().len(), 1);
    let audit = store.audit(&PageRequest::page(1, 9)).unwrap();
    let what: Vec<_> = audit.items.iter().map(|entry| entry.what.as_str()).collect();
    assert_eq!(what, ["rule.remove", "rule.upload", "rule.upload", "rule.upload"]);
    let long = "x".repeat(UPLOAD_BYTES_MAX + 1);
    for (rule, text, who) in [(" ", "t", "ada"), ("a", &*long, "ada"), ("a", "t", "")] {
        assert!(store.put_upload(rule, text, who, 6).unwrap_err().is_invalid(), "{rule}");
    }
}

#[test]
fn alerts_are_counted_by_rule_hour_and_technique() {
    let (_dir, store) = store();
    let of = |id: &str, rule: &str, start: Ns| {
        let rule_id = rule.to_owned();
        let mitre_tactics = vec![Tactic::Persistence, Tactic::Impact];
        let mitre_techniques = vec!["T1053.003".to_owned()];
        let times = Alert { timestamp_ns: start, last_seen_ns: start + 5, ..alert(id) };
        write(Alert { rule_id, mitre_tactics, mitre_techniques, ..times })
    };
    let batch = [of("1", "a", START), of("2", "a", START + 2 * DAY), of("3", "b", START + DAY)];
    store.put_alerts(&batch, START).unwrap();
    let by_rule = store.alerts_by_rule(START + DAY).unwrap();
    let a = by_rule["a"];
    assert_eq!((a.recent, a.all, a.last), (1, 2, START + 2 * DAY + 5));
    assert_eq!(by_rule["b"].recent, 1);
    let series = store.rule_series("a", (START, START + 3 * DAY), DAY).unwrap();
    let starts: Vec<_> = series.iter().map(|bucket| (bucket.start, bucket.count)).collect();
    let day = |n: u64| (START / DAY + n) * DAY;
    assert_eq!(starts, [(day(0), 1), (day(2), 1)]);
    let by_technique = store.alerts_by_technique(START, START + DAY).unwrap();
    let cells: Vec<_> = by_technique.iter().map(|((c, q), n)| format!("{c} {q} {n}")).collect();
    assert_eq!(cells, ["impact T1053.003 1", "persistence T1053.003 1"]);
}
