//! Holds every answer of the HTTP face against its OpenAPI document, strictly.
//!
//! The document is the golden one; that the program serves the same is a test of its own. A path or
//! a method that the document does not have may only be answered 404 or 405; a status or a type of
//! content that it does not name, a key that is missing or one too many fails the test.

use jsonschema::Validator;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// The document that is agreed on.
pub fn golden() -> &'static str {
    const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/golden/openapi.json");
    static TEXT: OnceLock<String> = OnceLock::new();
    TEXT.get_or_init(|| std::fs::read_to_string(PATH).expect("the golden document is there"))
}

fn document() -> &'static Value {
    static DOCUMENT: OnceLock<Value> = OnceLock::new();
    DOCUMENT.get_or_init(|| serde_json::from_str(golden()).expect("the golden document is JSON"))
}

/// The path of the document that a request asked for.
fn template(path: &str) -> Option<&'static str> {
    let parts: Vec<&str> = path.split('/').collect();
    let fits = |template: &str| {
        let own: Vec<&str> = template.split('/').collect();
        own.len() == parts.len()
            && own
                .iter()
                .zip(&parts)
                .all(|(own, part)| own == part || (own.starts_with('{') && !part.is_empty()))
    };
    let paths = document()["paths"].as_object().expect("the document has paths");
    let wild = |path: &str| path.matches('{').count();
    paths.keys().filter(|path| fits(path)).min_by_key(|path| wild(path)).map(String::as_str)
}

fn validator(pointer: &str) -> Arc<Validator> {
    static ALL: OnceLock<Mutex<HashMap<String, Arc<Validator>>>> = OnceLock::new();
    let all = ALL.get_or_init(Mutex::default);
    let mut all = all.lock().unwrap_or_else(PoisonError::into_inner);
    let make = || {
        let schema = document().pointer(pointer).unwrap_or_else(|| panic!("no {pointer}"));
        let mut schema = schema.clone();
        schema["components"] = document()["components"].clone();
        let made = jsonschema::draft202012::new(&schema);
        Arc::new(made.unwrap_or_else(|error| panic!("{pointer}: {error}")))
    };
    all.entry(pointer.to_owned()).or_insert_with(make).clone()
}

fn escape(text: &str) -> String {
    text.replace('~', "~0").replace('/', "~1")
}

fn holds(pointer: &str, body: &str, at: &str) {
    let value: Value =
        serde_json::from_str(body).unwrap_or_else(|error| panic!("{at}: {error}: {body}"));
    let errors: Vec<String> = validator(pointer)
        .iter_errors(&value)
        .take(5)
        .map(|error| format!("{}: {error}", error.instance_path))
        .collect();
    assert!(errors.is_empty(), "{at} does not fit its schema: {}\n{body}", errors.join("; "));
}

/// Checks an answer; fails the test that got it when it does not fit. `request` is what was sent,
/// `head` what came back before the body.
#[track_caller]
pub fn check(request: &str, status: u16, head: &str, body: &str) {
    let mut line = request.lines().next().unwrap_or_default().split(' ');
    let (method, target) = (line.next().unwrap_or_default(), line.next().unwrap_or_default());
    // What is no request, or is refused before it was one, has no answer of the API.
    if !request.contains("\r\n\r\n") || !target.contains('/') || status == 0 {
        return;
    }
    if matches!(status, 400 | 431) && body.is_empty() {
        return;
    }
    let at = format!("{method} {target} → {status}");
    let path = target.split('?').next().unwrap_or_default();
    let path = path.find("://").map_or(path, |at| {
        let rest = &path[at + 3..];
        rest.find('/').map_or("/", |slash| &rest[slash..])
    });
    let mut path = path.to_owned();
    while path.contains("//") {
        path = path.replace("//", "/");
    }
    let kind = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-type").then(|| value.trim().to_owned())
    });
    let kind = kind.as_deref().and_then(|kind| kind.split(';').next()).unwrap_or_default();
    if method == "HEAD" || (status == 204 && method == "OPTIONS") {
        assert!(body.is_empty(), "{at}: {body}");
        return;
    }
    let operation = template(&path).and_then(|template| {
        let pointer = format!("/paths/{}/{}", escape(template), method.to_lowercase());
        document().pointer(&pointer).map(|operation| (pointer, operation))
    });
    let Some((pointer, operation)) = operation else {
        let refused = matches!(status, 400 | 403 | 404 | 405 | 413 | 414 | 431 | 500 | 503);
        assert!(refused, "{at}: the document has no such route");
        assert_eq!(kind, "application/json", "{at}");
        holds("/components/schemas/Error", body, &at);
        return;
    };
    let response = &operation["responses"][status.to_string()];
    assert!(response.is_object(), "{at}: the document does not name this status");
    let Some(content) = response["content"].as_object() else {
        assert!(body.is_empty(), "{at}: {body}");
        return;
    };
    assert!(content.contains_key(kind), "{at}: {kind:?} is not in the document");
    if kind == "application/json" {
        let kind = escape(kind);
        holds(&format!("{pointer}/responses/{status}/content/{kind}/schema"), body, &at);
    }
}

/// The document, for tests that ask every route.
pub fn routes() -> Vec<(String, String)> {
    let paths = document()["paths"].as_object().expect("the document has paths");
    let of = |(path, item): (&String, &Value)| {
        let methods: Vec<_> = item.as_object().into_iter().flat_map(|item| item.keys()).collect();
        methods.into_iter().map(|method| (method.to_uppercase(), path.clone())).collect::<Vec<_>>()
    };
    paths.iter().flat_map(of).collect()
}

#[test]
fn the_check_finds_what_does_not_fit() {
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json";
    let fails = |method: &str, path: &str, status: u16, body: Value| {
        let request = format!("{method} {path} HTTP/1.1\r\n\r\n");
        let body = body.to_string();
        std::panic::catch_unwind(|| check(&request, status, head, &body)).is_err()
    };
    let live = json!({"status": "live"});
    assert!(!fails("GET", "/healthz?x", 200, live.clone()));
    assert!(!fails("GET", "//healthz", 200, live.clone()), "slashes are one");
    assert!(fails("GET", "/healthz", 200, json!({})), "a key is missing");
    assert!(fails("GET", "/healthz", 200, json!({"status": "live", "x": 1})), "one too many");
    assert!(fails("GET", "/healthz", 200, json!({"status": 1})), "another type");
    assert!(fails("GET", "/healthz", 418, live.clone()), "a status that is not named");
    assert!(fails("GET", "/health/none", 200, live.clone()), "a route that is not there");
    assert!(fails("POST", "/healthz", 200, live), "a method that is not there");
    assert!(!fails("GET", "/none", 404, json!({"detail": "no"})));
    assert!(fails("GET", "/none", 404, json!({"error": "no"})));
}
