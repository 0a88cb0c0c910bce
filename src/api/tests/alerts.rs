//! Alerts, verdicts, silences.

use super::*;

#[test]
fn alerts_by_page_and_filter() {
    let server = Server::start();
    enter(&server, 25);
    let (_, page) = server.get("/api/v1/alerts?limit=10&page=3");
    assert_eq!((page["total"].as_u64(), page["has_next"].as_bool()), (Some(25), Some(false)));
    assert_eq!(page["items"].as_array().unwrap().len(), 5);
    assert!(page["next_cursor"].is_null() && page["page"] == 3 && page["limit"] == 10);
    let (_, page) = server.get("/api/v1/alerts?limit=10&page=2");
    assert_eq!(page["has_next"], true);
    let (_, first) = server.get("/api/v1/alerts");
    assert_eq!(first["items"][0]["alert_id"], "a024");
    assert_eq!(first["items"][0]["timestamp_ns"], "1774378884000000000");
    for (query, total) in [
        ("severity=4", 13),
        ("severity=warning", 25),
        ("status=closed", 5),
        ("status=open,closed", 25),
        ("type=ml", 25),
        ("type=sigma,ioc", 0),
        ("since=2026-03-24T19:01:05Z&until=2026-03-24T19:01:07Z", 2),
        ("since=2026-03-24T21:01:05%2B02:00", 20),
        ("until=1m", 25),
        ("since=1s", 0),
    ] {
        let (status, page) = server.get(&format!("/api/v1/alerts?{query}"));
        assert_eq!((status, page["total"].as_u64()), (200, Some(total)), "{query}: {page}");
    }
    let (status, one) = server.get("/api/v1/alerts/a003");
    assert_eq!((status, one["alert_id"].as_str()), (200, Some("a003")));
    assert!(server.detail("/api/v1/alerts/%ff", 404).contains("no such alert"));
    assert!(server.detail("/api/v1/alerts/none", 404).contains("no such alert"));
}

#[test]
fn wrong_parameters_say_what_is_allowed() {
    let server = Server::start();
    for (query, status, part) in [
        ("limit=1001", 422, "limit is \"1001\"; allowed: a whole number from 1 to 1000"),
        ("limit=0", 422, "from 1 to 1000"),
        ("page=0", 422, "page is \"0\""),
        ("page=-1", 422, "page is \"-1\""),
        ("severity=9", 422, "0 to 6"),
        ("type=mll", 422, "type is \"mll\"; allowed: ml, sigma"),
        ("status=shut", 422, "allowed: open, updated, closed, retracted"),
        ("since=yesterday", 422, "since is \"yesterday\"; allowed: "),
        ("limt=5", 422, "did you mean limit?"),
        ("limit=5&limit=6", 422, "given twice"),
        ("since=1m&until=2m", 400, "since must be before until"),
    ] {
        let detail = server.detail(&format!("/api/v1/alerts?{query}"), status);
        assert!(detail.contains(part), "{query}: {detail}");
    }
    assert!(server.detail("/api/v1/stats?x=1", 422).contains("allowed: none"));
}

#[test]
fn verdicts_are_kept_and_the_last_one_counts() {
    let server = Server::start();
    enter(&server, 2);
    let path = "/api/v1/alerts/a001/feedback";
    let post = |path: &str, headers: &[&str], body: &str| server.send("POST", path, headers, body);
    assert_eq!(post(path, &[JSON], r#"{"feedback":"tp","note":"a\u0007b"}"#).0, 204);
    let body = r#"{"feedback":"fp","origin":"dashboard"}"#;
    assert_eq!(post(path, &["content-type: Application/JSON; charset=utf-8"], body).0, 204);
    let (_, history) = server.get(path);
    assert_eq!(history["total"], 2);
    assert_eq!(history["items"][0]["feedback"], "fp");
    assert_eq!(history["items"][0]["origin"], "dashboard");
    assert_eq!(history["items"][1]["note"], "ab");
    assert_eq!(server.get("/api/v1/alerts/a001").1["feedback"], "fp");
    assert_eq!(server.get("/api/v1/alerts?feedback=fp").1["total"], 1);
    assert_eq!(server.get("/api/v1/alerts?feedback=tp").1["total"], 0);
    for (path, headers, body, status) in [
        ("/api/v1/alerts/none/feedback", JSON, r#"{"feedback":"tp"}"#, 404),
        (path, JSON, r#"{"feedback":"maybe"}"#, 422),
        (path, JSON, r#"{"feedback":"tp","notes":"x"}"#, 422),
        (path, JSON, r#"{"note":"x"}"#, 422),
        (path, JSON, "tp", 422),
        (path, JSON, "", 422),
        (path, JSON, "[[[[[[[[", 422),
        (path, "Content-Type: text/plain", r#"{"feedback":"tp"}"#, 415),
        (path, "Content-Type: application/x-www-form-urlencoded", "feedback=tp", 415),
        (path, "X-Other: 1", r#"{"feedback":"tp"}"#, 415),
    ] {
        let (code, _, answer) = post(path, &[headers], body);
        assert_eq!(code, status, "{headers} {body}: {answer}");
        assert!(answer["detail"].is_string());
    }
    let long = format!("{{\"feedback\":\"tp\",\"note\":\"{}\"}}", "x".repeat(513));
    assert_eq!(post(path, &[JSON], &long).0, 422);
    let huge = format!("{{\"feedback\":\"tp\",\"note\":\"{}\"}}", "x".repeat(70_000));
    assert_eq!(post(path, &[JSON], &huge).0, 413);
    let zipped = [JSON, "Content-Encoding: gzip"];
    assert_eq!(post(path, &zipped, "{}").0, 415);
    assert_eq!(post(path, &[JSON, "Origin: https://evil.example"], body).0, 403);
    assert_eq!(post("/api/v1/alerts", &[JSON], "{}").0, 405);
    assert_eq!(server.send("DELETE", "/api/v1/silences/x", &[JSON], "{}").0, 413);
    assert_eq!(server.get(path).1["total"], 2, "nothing of that was recorded");
}

#[test]
fn silences_come_and_go() {
    let server = Server::start();
    let body =
        r#"{"match":{"rule":"silence"},"reason":"maintenance","for":"2h","created_by":"ada"}"#;
    let (status, _, silence) = server.send("POST", "/api/v1/silences", &[JSON], body);
    assert_eq!(status, 201, "{silence}");
    let id = silence["id"].as_str().unwrap().to_owned();
    assert_eq!(silence["match"]["rule"], "silence");
    let (_, list) = server.get("/api/v1/silences");
    assert_eq!((list["total"].as_u64(), &list["items"][0]["id"]), (Some(1), &silence["id"]));
    for body in [
        r#"{"match":{},"reason":"x","for":"2h"}"#,
        r#"{"match":{"rule":"r"},"reason":"x"}"#,
        r#"{"match":{"rule":"r"},"reason":"x","for":"9999d"}"#,
        r#"{"match":{"rule":"r","all":true},"reason":"x","for":"2h"}"#,
        r#"{"match":{"entity_type":"cat","entity_value":"x"},"reason":"x","for":"2h"}"#,
        "{}",
    ] {
        let (status, _, answer) = server.send("POST", "/api/v1/silences", &[JSON], body);
        assert_eq!(status, 422, "{body}: {answer}");
    }
    let path = format!("/api/v1/silences/{id}");
    let (status, _, gone) = server.send("DELETE", &path, &[], "");
    assert_eq!((status, gone["removed_ns"].is_string()), (200, true));
    assert_eq!(server.send("DELETE", &path, &[], "").0, 404);
    assert_eq!(server.send("DELETE", "/api/v1/silences/%00", &[], "").0, 404);
    assert_eq!(server.get("/api/v1/silences").1["total"], 0);
    assert_eq!(server.get("/api/v1/silences?past=true").1["total"], 1);
}

#[test]
fn alerts_by_cursor_while_new_ones_come_in() {
    let server = Server::start();
    enter(&server, 1_500);
    let mut seen = std::collections::BTreeSet::new();
    let mut path = "/api/v1/alerts?limit=100".to_owned();
    for page in 0.. {
        let (status, list) = server.get(&path);
        assert_eq!(status, 200, "{list}");
        for alert in list["items"].as_array().unwrap() {
            assert!(seen.insert(alert["alert_id"].as_str().unwrap().to_owned()), "twice");
        }
        let mut new: Alert = samples::alert(&format!("n{page}"));
        new.timestamp_ns = samples::START + 9_000_000_000_000 + page;
        let put = server.facts.store.put_alerts(&[AlertWrite::of(Arc::new(new))], samples::START);
        put.unwrap();
        let Some(cursor) = list["next_cursor"].as_str() else {
            assert_eq!(list["has_next"], false);
            break;
        };
        assert!(list["page"].is_null() || page == 0);
        path = format!("/api/v1/alerts?limit=100&cursor={cursor}");
    }
    assert_eq!(seen.len(), 1_500, "none is missing");
    assert!(server.detail("/api/v1/alerts?cursor=AAAA", 422).contains("cursor"));
    assert!(server.detail("/api/v1/alerts?cursor=x&page=1", 422).contains("page and cursor"));
}

#[test]
fn alerts_by_what_is_in_them() {
    let server = Server::start();
    enter(&server, 3);
    let mut odd: Alert = samples::alert("odd");
    odd.title = "Brute force against ada".into();
    odd.mitre_tactics = vec![seerflow_model::attack::Tactic::CredentialAccess];
    odd.mitre_techniques = vec!["T1110.001".into()];
    let entity = odd.entities[0].uuid.clone();
    let write = AlertWrite { alert: Arc::new(odd), silenced_by: Some("s1".into()) };
    server.facts.store.put_alerts(&[write], samples::START).unwrap();
    for (query, total) in [
        ("q=brute%20ada", 1),
        ("q=%22force%20against%22", 1),
        ("q=bru*", 1),
        ("tactic=credential_access", 1),
        ("tactic=TA0006", 1),
        ("technique=T1110", 1),
        ("technique=t1110.002", 0),
        ("silenced=true", 1),
        ("silenced=false", 3),
        ("rule=never-seen-message", 4),
        ("lens=security", 0),
        ("source_type=nothing", 0),
        (&format!("entity={entity}"), 4),
        ("entity=00000000-0000-0000-0000-000000000000", 0),
    ] {
        let (status, page) = server.get(&format!("/api/v1/alerts?{query}"));
        assert_eq!((status, page["total"].as_u64()), (200, Some(total)), "{query}: {page}");
    }
    for (query, part) in [
        ("tactic=cooking", "tactic is \"cooking\""),
        ("technique=T1", "technique is not like"),
        ("entity=ada", "allowed: a UUID"),
        ("silenced=maybe", "allowed: true, false"),
        ("q=%2B%2B", ""),
    ] {
        assert!(server.detail(&format!("/api/v1/alerts?{query}"), 422).contains(part), "{query}");
    }
    let (_, one) = server.get("/api/v1/alerts/odd");
    assert_eq!((one["silenced_by"].as_str(), one["feedback_note"].is_null()), (Some("s1"), true));
    let (_, all) = server.get("/api/v1/alerts/odd/revisions");
    assert_eq!(
        (all["total"].as_u64(), &all["items"][0]["alert"]["alert_id"]),
        (Some(1), &one["alert_id"])
    );
    assert!(server.detail("/api/v1/alerts/none/revisions", 404).contains("no such alert"));
}

#[test]
fn an_alert_brings_its_events() {
    let server = Server::start();
    server.store_lines(0, 10);
    let event = event(1, 3, samples::START + 3 * SECOND, b"x");
    let mut alert: Alert = samples::alert("with");
    alert.events = vec![
        seerflow_model::Brief::of(&event),
        seerflow_model::Brief {
            event_id: uuid::Uuid::nil().to_string(),
            ..seerflow_model::Brief::of(&event)
        },
    ];
    let write = AlertWrite::of(Arc::new(alert));
    server.facts.store.put_alerts(&[write], samples::START).unwrap();
    let (_, one) = server.get("/api/v1/alerts/with");
    let events = one["contributing_events"].as_array().unwrap();
    assert_eq!(events.len(), 1, "the other one is gone: {one}");
    assert_eq!(events[0]["event_id"], event.id().to_string());
    assert_eq!(events[0]["host"], "web-1");
}
