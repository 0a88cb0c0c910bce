//! Who may ask, how often, with what, and how long.

use super::*;

#[test]
fn only_our_own_names_are_answered() {
    let server = Server::start();
    for host in ["localhost", "LOCALHOST:1", "127.0.0.1:8080", "[::1]:8080", "127.0.0.9"] {
        assert_eq!(server.ask("GET", "/healthz", host).0, 200, "{host}");
    }
    for host in ["evil.example", "evil.example:8080", "10.0.0.1", "localhost.evil", "", "[::2]"] {
        let (status, _, body) = server.ask("GET", "/healthz", host);
        assert_eq!(status, 403, "{host}: {body}");
        assert!(body.contains("\"detail\""), "{body}");
    }
    let none = server.raw("GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n");
    assert!(none.starts_with("HTTP/1.1 400"), "{none}");
    let two = server
        .raw("GET /healthz HTTP/1.1\r\nHost: localhost\r\nHost: evil\r\nConnection: close\r\n\r\n");
    assert!(two.starts_with("HTTP/1.1 400"), "{two}");
    let absolute = server
        .raw("GET http://evil/healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    assert!(absolute.starts_with("HTTP/1.1 403"), "{absolute}");
    let origins = vec![WebOrigin::parse("https://logs.example").unwrap()];
    let options = Options { origins, ..Options::default() };
    let wide = Server::with("0.0.0.0:0", options);
    for (host, status) in [("10.1.2.3", 200), ("logs.example:80", 200), ("evil.example", 403)] {
        assert_eq!(wide.ask("GET", "/healthz", host).0, status, "{host}");
    }
}

#[test]
fn reads_only() {
    let server = Server::start();
    for method in ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"] {
        let (status, head, body) = server.ask(method, "/api/v1/stats", "localhost");
        assert_eq!(status, 405, "{method}");
        assert!(head.contains("allow: get, head") && body.contains("allowed: GET, HEAD"), "{head}");
    }
    let (status, head, body) = server.ask("HEAD", "/api/v1/stats", "localhost");
    assert_eq!((status, body.as_str()), (200, ""));
    assert!(head.contains("cache-control: no-store") && head.contains("nosniff"), "{head}");
    let body = "GET /healthz HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\
                Connection: close\r\n\r\nhello";
    assert!(server.raw(body).starts_with("HTTP/1.1 413"));
}

#[test]
fn unknown_paths_and_abuse_are_answered_in_json() {
    let server = Server::start();
    assert!(server.detail("/", 404).contains("the API is under /api/v1"));
    assert!(server.detail("/api/v1/nothing", 404).contains("there is no /api/v1/nothing"));
    assert!(server.detail("/api/v1/alerts/a/b", 404).contains("there is no"));
    assert!(server.detail(&format!("/{}", "x".repeat(10_000)), 414).contains("longer than"));
    let many: String = (0..200).map(|n| format!("X-{n}: y\r\n")).collect();
    let answer = server.raw(&format!("GET / HTTP/1.1\r\nHost: localhost\r\n{many}\r\n"));
    assert!(answer.starts_with("HTTP/1.1 431"), "{answer}");
    for garbage in ["\0\0\0\r\n\r\n", "GET\r\n\r\n", "GET / HTTP/9.9\r\n\r\n"] {
        let answer = server.raw(garbage);
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 400"), "{answer}");
    }
    assert_eq!(server.get("/healthz").0, 200);
}

#[test]
fn a_failing_handler_is_a_500_and_the_next_request_is_fine() {
    let server = Server::start();
    server.facts.panics.store(true, Ordering::Relaxed);
    assert_eq!(server.detail("/api/v1/stats", 500), "internal server error");
    server.facts.panics.store(false, Ordering::Relaxed);
    assert_eq!(server.get("/api/v1/stats").0, 200);
}

#[test]
fn a_slow_sender_is_cut_off_and_frees_its_place() {
    let options = Options {
        connections_max: 1,
        receive_timeout: Duration::from_millis(200),
        ..Options::default()
    };
    let server = Server::with("127.0.0.1:0", options);
    let mut slow = TcpStream::connect(server.address).unwrap();
    slow.write_all(b"GET /healthz HTTP/1.1\r\nHost: loc").unwrap();
    // The only place is taken: this is answered only once the slow one is cut off.
    assert_eq!(server.get("/healthz").0, 200);
    let mut rest = Vec::new();
    let _ = slow.read_to_end(&mut rest);
    assert!(!rest.starts_with(b"HTTP/1.1 200"));
}

#[test]
fn stops_when_told() {
    let mut server = Server::start();
    assert_eq!(server.get("/healthz").0, 200);
    // A request that never ends must not hold up the stop.
    let mut half = TcpStream::connect(server.address).unwrap();
    half.write_all(b"GET /healthz HTTP/1.1\r\nHost: loc").unwrap();
    drop(server.stop.take());
    let runtime = server.runtime.take().unwrap();
    let served = &mut server.served;
    runtime
        .block_on(async { tokio::time::timeout(Duration::from_secs(20), served).await })
        .expect("it stops")
        .unwrap()
        .unwrap();
}

#[test]
fn runs_of_slashes_and_nothing_else_are_mended() {
    let server = Server::start();
    assert_eq!(server.get("//api///v1//stats").0, 200);
    assert_eq!(server.get("/api/v1/stats/").0, 404);
    assert_eq!(server.get("/api/v1/../v1/stats").0, 404);
}

#[test]
fn a_client_that_asks_too_often_is_told_when_to_come_back() {
    let rate = |text| crate::config::rate::Rate::parse(text).unwrap();
    let rates = Rates([rate("3/minute"), rate("2/hour"), rate("1/day")]);
    let options = Options { rates: Some(rates), trust_proxy: true, ..Options::default() };
    let server = Server::with("127.0.0.1:0", options);
    for _ in 0..3 {
        assert_eq!(server.get("/api/v1/alerts").0, 200);
    }
    for path in ["/api/v1/alerts", "/api/v1/templates", "//api/v1/alerts?limit=0"] {
        let (status, head, body) = server.send("GET", path, &[], "");
        assert_eq!(status, 429, "{path}");
        let after = head.lines().find_map(|line| line.strip_prefix("retry-after: "));
        let after: u64 = after.unwrap().trim().parse().unwrap();
        assert!((1..=60).contains(&after), "{after}");
        assert!(body["detail"].as_str().unwrap().starts_with("rate limit exceeded: 3/minute"));
    }
    assert_eq!(server.get("/api/v1/stats").0, 200, "another class");
    for _ in 0..50 {
        assert_eq!(server.get("/api/v1/health").0, 200);
        assert_eq!(server.ask("GET", "/metrics", "localhost").0, 200);
    }
    // Behind a proxy the last entry counts: the ones before it could be made up.
    for (forwarded, status) in
        [("9.9.9.9", 200), ("8.8.8.8, 7.7.7.7", 200), ("1.1.1.1, 7.7.7.7", 200), ("x", 429)]
    {
        let header = format!("X-Forwarded-For: {forwarded}");
        assert_eq!(server.send("GET", "/api/v1/alerts", &[&header], "").0, status, "{forwarded}");
    }
    let (_, _, metrics) = server.ask("GET", "/metrics", "localhost");
    assert!(metrics.contains("seerflow_api_rate_limited_total{class=\"list\"} 4"), "{metrics}");
    assert!(metrics.contains("seerflow_api_requests_total{status=\"429\"} 4"), "{metrics}");
    let strict = Server::with(
        "127.0.0.1:0",
        Options {
            rates: Some(Rates([rate("1/day"), rate("1/day"), rate("1/day")])),
            ..Options::default()
        },
    );
    assert_eq!(strict.send("GET", "/api/v1/alerts", &[], "").0, 200);
    let header = "X-Forwarded-For: 9.9.9.9";
    assert_eq!(strict.send("GET", "/api/v1/alerts", &[header], "").0, 429, "nobody is believed");
}

#[test]
fn pages_of_other_origins_get_nothing_unless_they_are_named() {
    let origins = vec![WebOrigin::parse("https://ops.example").unwrap()];
    let options = Options { origins, ..Options::default() };
    let server = Server::with("127.0.0.1:0", options);
    let get = |origin: &str| {
        let header = format!("Origin: {origin}");
        server.send("GET", "/api/v1/stats", &[&header], "")
    };
    for origin in ["https://ops.example", "HTTPS://OPS.example:443"] {
        let (status, head, _) = get(origin);
        assert_eq!(status, 200, "{origin}");
        let told = format!("access-control-allow-origin: {}", origin.to_lowercase());
        assert!(head.contains(&told) && head.contains("vary: origin"), "{head}");
        assert!(!head.contains("access-control-allow-credentials"));
    }
    let (status, head, _) = get("http://localhost:8080");
    assert_eq!(status, 200, "the page of the API itself");
    assert!(!head.contains("access-control-allow-origin"), "{head}");
    for origin in [
        "https://evil.example",
        "null",
        "http://ops.example",
        "https://ops.example.evil",
        "http://localhost:9",
        "https://ops.example/",
        "",
        "*",
    ] {
        let (status, head, body) = get(origin);
        assert_eq!(status, 403, "{origin}");
        assert!(!head.contains("access-control-"), "{head}");
        assert!(body["detail"].as_str().unwrap().contains("api_allowed_origins"));
    }
    let ask = "Access-Control-Request-Method: DELETE";
    let (status, head, _) =
        server.send("OPTIONS", "/api/v1/alerts", &["Origin: https://ops.example", ask], "");
    assert_eq!(status, 204);
    for part in [
        "access-control-allow-methods: get, head, post, patch, delete, options",
        "access-control-allow-headers: accept, authorization, content-type",
        "access-control-allow-origin: https://ops.example",
    ] {
        assert!(head.contains(part), "{part}: {head}");
    }
    let (status, head, _) =
        server.send("OPTIONS", "/api/v1/alerts", &["Origin: https://evil.example", ask], "");
    assert!(status == 403 && !head.contains("access-control-"), "{head}");
    let two = ["Origin: https://ops.example", "Origin: https://evil.example"];
    assert_eq!(server.send("GET", "/api/v1/stats", &two, "").0, 400);
    let site = ["Sec-Fetch-Site: cross-site"];
    assert_eq!(server.send("DELETE", "/api/v1/stats", &site, "").0, 403);
    assert_eq!(server.send("GET", "/api/v1/stats", &site, "").0, 200);
}
