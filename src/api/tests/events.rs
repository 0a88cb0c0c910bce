//! Events, entities, histograms.

use super::*;

#[test]
fn events_by_filter_and_words() {
    let server = Server::start();
    server.store_lines(0, 100);
    let total = |query: &str| {
        let (status, page) = server.get(&format!("/api/v1/events?{query}"));
        assert_eq!(status, 200, "{query}: {page}");
        page["total"].as_u64().unwrap()
    };
    let user = seerflow_model::entity::uuid(seerflow_model::EntityType::User, "user3");
    for (query, events) in [
        ("", 100),
        ("host=web-1", 50),
        ("program=sshd", 100),
        ("source=auth.log", 100),
        ("source=other", 0),
        ("source_type=file", 100),
        ("template_id=8", 100),
        ("template_id=9", 0),
        ("q=user3", 20),
        ("q=%22password%20for%20user3%22%20-host:web-1", 10),
        ("q=ip:10.0.0.2", 33),
        ("entity=user:user3", 20),
        (&format!("entity={user}"), 20),
        ("score=0.5", 10),
        ("severity=fatal", 0),
        ("since=2026-03-24T19:01:00Z&until=2026-03-24T19:01:10Z", 10),
    ] {
        assert_eq!(total(query), events, "{query}");
    }
    let (_, page) = server.get("/api/v1/events?limit=2&order=oldest&q=user0");
    let first = &page["items"][0];
    assert_eq!(first["message"], "Failed password for user0 from 10.0.0.0 port 0 ssh2");
    assert_eq!(first["template"], "Failed password for <*> from <*>", "the text of now");
    assert_eq!(first["template_id"], "7");
    // The store keeps steps of it.
    assert!((first["score"].as_f64().unwrap() - 0.75).abs() < 0.001, "{first}");
    assert!(first.get("raw").is_none() && page["next_cursor"].is_string());
    let (_, newest) = server.get("/api/v1/events?limit=1&raw=true");
    let raw = newest["items"][0]["raw"].as_str().unwrap();
    assert!(raw.starts_with("<38>1 2026") && raw.ends_with("port 99 ssh2\n"), "{raw}");
    let id = first["event_id"].as_str().unwrap();
    let (status, one) = server.get(&format!("/api/v1/events/{id}"));
    assert_eq!((status, &one["message"]), (200, &first["message"]));
    for (query, part) in [
        ("q=(", "q: column"),
        ("q=severity:loud", "q: column"),
        ("template_id=x", "the id of a template"),
        ("entity=cat:tom", "a UUID, or type:value"),
        ("entity=ip:nonsense", "a UUID, or type:value"),
        ("score=2", "from 0 to 1"),
        ("cursor=AAAA", "cursor"),
        ("limit=1000&page=101", "page"),
        ("order=best", "newest, oldest"),
    ] {
        let detail = server.detail(&format!("/api/v1/events?{query}"), 422);
        assert!(detail.contains(part), "{query}: {detail}");
    }
    assert!(
        server.detail(&format!("/api/v1/events?q={}", "x".repeat(4_097)), 422).contains("4096")
    );
    for id in ["none", "%00", &uuid::Uuid::nil().to_string()] {
        assert!(server.detail(&format!("/api/v1/events/{id}"), 404).contains("no such event"));
    }
}

#[test]
fn paging_while_events_come_in() {
    let server = Server::start();
    server.store_lines(0, 1_500);
    let mut seen = std::collections::BTreeSet::new();
    let mut path = "/api/v1/events?limit=100".to_owned();
    for page in 0.. {
        let (status, list) = server.get(&path);
        assert_eq!(status, 200, "{list}");
        for event in list["items"].as_array().unwrap() {
            assert!(seen.insert(event["event_id"].as_str().unwrap().to_owned()), "twice: {event}");
        }
        assert_eq!(list["total"], 1_500, "as counted for the first page");
        server.store_lines(10_000 + page * 10, 10);
        let Some(cursor) = list["next_cursor"].as_str() else {
            assert_eq!(list["has_next"], false);
            break;
        };
        path = format!("/api/v1/events?limit=100&cursor={cursor}");
    }
    assert_eq!(seen.len(), 1_500, "none is missing");
    let (_, first) = server.get("/api/v1/events?limit=10");
    let cursor = first["next_cursor"].as_str().unwrap();
    let other = format!("/api/v1/events?limit=10&q=user1&cursor={cursor}");
    assert!(server.detail(&other, 422).contains("another query"));
    assert!(server.detail("/api/v1/events?page=2&cursor=x", 422).contains("page and cursor"));
}

#[test]
fn histograms_are_exact() {
    let server = Server::start();
    server.store_lines(0, 120);
    let (_, all) = server.get("/api/v1/events/histogram?bucket=1m&field=host&top=1");
    assert_eq!(
        (all["total"].as_u64(), all["bucket_ns"].as_str()),
        (Some(120), Some("60000000000"))
    );
    let sum = |counts: &Value| {
        counts.as_array().unwrap().iter().map(|n| n.as_u64().unwrap()).sum::<u64>()
    };
    assert_eq!(sum(&all["counts"]), 120);
    assert_eq!((all["field"].as_str(), all["series"].as_array().unwrap().len()), (Some("host"), 1));
    assert_eq!(all["series"][0]["total"].as_u64(), Some(60));
    assert_eq!(sum(&all["other"]), 60);
    let (_, some) = server.get("/api/v1/events/histogram?q=user2");
    assert_eq!((some["total"].as_u64(), some["field"].is_null()), (Some(24), true));
    let wide = "/api/v1/events/histogram?bucket=1s&since=2000-01-01&until=2026-01-01";
    assert!(server.detail(wide, 422).contains("buckets"));
    assert!(server.detail("/api/v1/events/histogram?field=cat", 422).contains("allowed: severity"));
    assert!(server.detail("/api/v1/events/histogram?bucket=0s", 422).contains("a span of time"));
    assert!(server.detail("/api/v1/events/histogram?top=101", 422).contains("from 1 to 100"));
}

#[test]
fn entities_and_what_is_near_them() {
    let server = Server::start();
    server.store_lines(0, 100);
    let (_, found) = server.get("/api/v1/entities/search?q=USER3&type=user,host");
    assert_eq!(found["total"], 1, "{found}");
    let user = &found["items"][0];
    assert_eq!(
        (user["entity_type"].as_str(), user["event_count"].as_u64()),
        (Some("user"), Some(20))
    );
    let uuid = user["entity_uuid"].as_str().unwrap();
    let (_, by_id) = server.get(&format!("/api/v1/entities/search?q={uuid}"));
    assert_eq!(by_id["items"][0], *user);
    assert_eq!(server.get(&format!("/api/v1/entities/{uuid}")).1, *user);
    let (_, line) = server.get(&format!("/api/v1/entities/{uuid}/timeline?limit=5"));
    assert_eq!((line["total"].as_u64(), line["items"].as_array().unwrap().len()), (Some(20), 5));
    let at = |n: usize| line["items"][n]["timestamp_ns"].as_str().unwrap().to_owned();
    assert!(at(0) < at(1), "oldest first");
    let cursor = line["next_cursor"].as_str().unwrap();
    let (_, rest) =
        server.get(&format!("/api/v1/entities/{uuid}/timeline?limit=50&cursor={cursor}"));
    assert_eq!(rest["items"].as_array().unwrap().len(), 15);
    let (_, near) = server.get(&format!("/api/v1/entities/{uuid}/related"));
    assert_eq!(near["entity_value"], "user3");
    let ip = near["items"].as_array().unwrap().iter().find(|row| row["entity_type"] == "ip");
    let ip = ip.unwrap_or_else(|| panic!("{near}"));
    assert!(ip["entity_value"].as_str().unwrap().starts_with("10.0.0."), "{ip}");
    assert!(ip["relation_type"].as_str().is_some_and(|r| !r.is_empty()));
    let nobody = uuid::Uuid::nil();
    for path in ["", "/related"] {
        let detail = server.detail(&format!("/api/v1/entities/{nobody}{path}"), 404);
        assert!(detail.contains("no event that is kept"), "{detail}");
    }
    assert_eq!(server.get(&format!("/api/v1/entities/{nobody}/timeline")).1["total"], 0);
    assert!(server.detail("/api/v1/entities/ada/timeline", 422).contains("the UUID of an entity"));
    assert!(server.detail("/api/v1/entities/search?type=cat", 422).contains("allowed: user"));
}

#[test]
fn how_unusual_it_was() {
    let server = Server::start();
    let now = query::now();
    let mut writer = server.facts.writer.lock().unwrap();
    for (n, probability) in [(0, 1.0), (1, 0.5), (2, 0.25)] {
        let event = event(1, n, now - 120 * SECOND - n, b"x");
        assert!(writer.store(&event, 1, "x", probability));
    }
    writer.show();
    drop(writer);
    let mut alert: Alert = samples::alert("now");
    alert.timestamp_ns = now - 60 * SECOND;
    server.facts.store.put_alerts(&[AlertWrite::of(Arc::new(alert))], now).unwrap();
    let (_, line) = server.get("/api/v1/anomaly/timeline");
    assert_eq!(
        (line["meta"]["range"].as_str(), line["meta"]["resolution"].as_str()),
        (Some("1h"), Some("1m"))
    );
    let items = line["items"].as_array().unwrap();
    assert_eq!(items.len(), 60);
    let with: Vec<&Value> = items.iter().filter(|item| item["event_count"] != 0).collect();
    let events: u64 = with.iter().map(|item| item["event_count"].as_u64().unwrap()).sum();
    assert_eq!(events, 3, "{line}");
    let max = with.iter().filter_map(|item| item["max_score"].as_f64()).fold(0.0, f64::max);
    assert!((max - 0.75).abs() < 0.01, "{max}");
    assert!(items.iter().any(|item| item["alert_count"] == 1));
    assert!(items[0]["max_score"].is_null() && items[0]["avg_score"].is_null());
    let (_, other) = server.get("/api/v1/anomaly/timeline?range=7d&source=none");
    assert!(other["items"].as_array().unwrap().iter().all(|item| item["event_count"] == 0));
    assert!(other["items"][0]["alert_count"].is_null());
    let detail = server.detail("/api/v1/anomaly/timeline?range=7d&resolution=1m", 422);
    assert!(detail.contains("allowed: 15m, 1h (of range 7d)"), "{detail}");
}

#[test]
fn without_stores_it_says_what_to_set() {
    let server = Server::start();
    enter(&server, 1);
    server.store_lines(0, 10);
    let (_, one) = server.get("/api/v1/alerts/a000");
    assert!(one["contributing_events"].as_array().unwrap().is_empty(), "they are not kept");
    server.facts.stores.store(false, Ordering::Relaxed);
    let nobody = uuid::Uuid::nil();
    for path in ["events", "events/histogram", "entities/search", &format!("events/{nobody}")] {
        let detail = server.detail(&format!("/api/v1/{path}"), 503);
        assert!(detail.contains("storage.events"), "{path}: {detail}");
    }
    assert!(server.detail("/api/v1/alerts", 503).contains("no state store"));
    assert_eq!(server.get("/api/v1/templates").0, 200);
}
