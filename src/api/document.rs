//! The router and its document, made in one place: what is not in the document is not served.
//!
//! Each handler says what it takes and gives (`#[utoipa::path]`); here the routes are gathered by
//! class of rate limit, and what is true of all of them is added: the errors that any request can
//! meet, and that every key of an answer is always present.

use super::State;
use super::answer::{ErrorBody, Refusal, shown};
use super::rates::{self, Class};
use super::routes::{
    alerts, anomaly, attack, config, engine, entities, events, exchange, health, marks, rules,
    silences, sources, templates,
};
use axum::extract::Request;
use axum::http::Uri;
use axum::middleware::{self, Next};
use axum::{Router, response::Response};
use utoipa::PartialSchema;
use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::path::{HttpMethod, Operation};
use utoipa::openapi::schema::{AdditionalProperties, Schema};
use utoipa::openapi::{
    InfoBuilder, License, OpenApi, OpenApiBuilder, Ref, RefOr, ResponseBuilder, Responses,
};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// What the schema of errors is called.
const ERROR: &str = "Error";
/// Keys that are not always there: schema and key.
const OPTIONAL: [(&str, &str); 2] = [("Event", "raw"), ("Event", "raw_base64")];

/// Schemas of bodies: what may be left out is left to them.
const BODIES: [&str; 7] = [
    "NewVerdict",
    "SilenceRequest",
    "SilenceMatch",
    "MarkRequest",
    "MarkMatch",
    "RuleSwitchRequest",
    "RuleUploadRequest",
];

/// Errors that any request can meet.
const ALWAYS: [(u16, &str); 6] = [
    (400, "The request is malformed."),
    (403, "The Host header or the origin of the page is not allowed."),
    (413, "The body is too large, or there must be none."),
    (414, "The address is too long."),
    (422, "A parameter is unknown or not allowed."),
    (500, "Something broke; the log says what."),
];
/// The same, of classes with a limit.
const LIMITED: (u16, &str) = (429, "Too many requests; `Retry-After` says when to come back.");
/// The same, of whatever waits for something.
const BUSY: (u16, &str) = (503, "Not now: too busy, not ready, or switched off; the detail says.");
/// The same, of methods with a body.
const BODY: (u16, &str) = (415, "The body does not say that it is JSON.");

fn limited(class: Class, routes: OpenApiRouter<State>) -> OpenApiRouter<State> {
    let layer = middleware::from_fn(move |request: Request, next: Next| async move {
        let response: Response = rates::limit(class, request, next).await;
        response
    });
    routes.route_layer(layer)
}

/// All routes with their document, without the guard.
pub fn routes() -> (Router<State>, OpenApi) {
    let free = OpenApiRouter::new()
        .routes(routes!(health::health))
        .routes(routes!(health::live))
        .routes(routes!(health::livez))
        .routes(routes!(health::ready))
        .routes(routes!(health::readyz))
        .routes(routes!(health::metrics))
        .routes(routes!(exchange::events))
        .routes(routes!(exchange::alerts))
        .routes(routes!(exchange::import));
    let list = OpenApiRouter::new()
        .routes(routes!(events::list))
        .routes(routes!(entities::search))
        .routes(routes!(entities::timeline))
        .routes(routes!(alerts::list))
        .routes(routes!(templates::list))
        .routes(routes!(rules::list, rules::upload))
        .routes(routes!(sources::list))
        .routes(routes!(sources::errors));
    let detail = OpenApiRouter::new()
        .routes(routes!(health::stats))
        .routes(routes!(health::openapi))
        .routes(routes!(engine::ledger))
        .routes(routes!(engine::engine))
        .routes(routes!(config::config))
        .routes(routes!(events::one))
        .routes(routes!(entities::one))
        .routes(routes!(entities::related))
        .routes(routes!(templates::one))
        .routes(routes!(alerts::one))
        .routes(routes!(alerts::revisions))
        .routes(routes!(alerts::history, alerts::judge))
        .routes(routes!(silences::list, silences::add))
        .routes(routes!(silences::remove))
        .routes(routes!(marks::list, marks::add))
        .routes(routes!(marks::end))
        .routes(routes!(rules::one, rules::switch, rules::remove))
        .routes(routes!(rules::timeline));
    let coverage = OpenApiRouter::new()
        .routes(routes!(events::histogram))
        .routes(routes!(anomaly::timeline))
        .routes(routes!(attack::coverage));
    let (router, mut document) = OpenApiRouter::with_openapi(base())
        .merge(free)
        .merge(limited(Class::List, list))
        .merge(limited(Class::Detail, detail))
        .merge(limited(Class::Coverage, coverage))
        .split_for_parts();
    finish(&mut document);
    (router.fallback(missing), document)
}

/// The document as JSON.
pub fn text(document: &OpenApi) -> String {
    // Its types write themselves; a failure would be a defect of the library.
    document.to_pretty_json().unwrap_or_default()
}

async fn missing(uri: Uri) -> Refusal {
    let detail = format!("there is no {}; the API is under /api/v1", shown(uri.path()));
    Refusal::missing(detail)
}

fn base() -> OpenApi {
    let info = InfoBuilder::new()
        .title("Seerflow API")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(
            "Everything that Seerflow knows: events, alerts, templates, entities, sources, and how \
             it runs itself. Times are nanoseconds since 1970 UTC, as text. Errors are \
             `{\"detail\": …}`.",
        ))
        .license(Some(License::new("Apache-2.0")))
        .build();
    OpenApiBuilder::new().info(info).build()
}

/// Adds what is true of all routes.
fn finish(document: &mut OpenApi) {
    let components = document.components.get_or_insert_with(Default::default);
    components.schemas.insert(ERROR.to_owned(), ErrorBody::schema());
    for (name, schema) in &mut components.schemas {
        require_all(name, schema);
    }
    for (path, item) in &mut document.paths.paths {
        let limited = path.starts_with("/api/") && path != "/api/v1/health";
        for (method, operation) in [
            (HttpMethod::Get, &mut item.get),
            (HttpMethod::Post, &mut item.post),
            (HttpMethod::Patch, &mut item.patch),
            (HttpMethod::Delete, &mut item.delete),
        ] {
            if let Some(operation) = operation {
                operation.operation_id = Some(name(&method, path));
                errors(operation, limited, matches!(method, HttpMethod::Post | HttpMethod::Patch));
            }
        }
    }
}

/// A name for generated clients: `get_alerts_id_feedback`.
fn name(method: &HttpMethod, path: &str) -> String {
    let method = match method {
        HttpMethod::Post => "post",
        HttpMethod::Patch => "patch",
        HttpMethod::Delete => "delete",
        _ => "get",
    };
    let path = path.strip_prefix("/api/v1").unwrap_or(path).replace(['{', '}'], "");
    format!("{method}{}", path.replace(['/', '.'], "_"))
}

fn errors(operation: &mut Operation, limited: bool, body: bool) {
    let more = [(limited, LIMITED), (true, BUSY), (body, BODY)];
    let more = more.into_iter().filter(|(wanted, _)| *wanted).map(|(_, error)| error);
    for (status, description) in ALWAYS.into_iter().chain(more) {
        add_error(&mut operation.responses, status, description);
    }
}

fn add_error(responses: &mut Responses, status: u16, description: &str) {
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name(ERROR))).build();
    let response =
        ResponseBuilder::new().description(description).content("application/json", content);
    // What a route says itself about a status is more exact.
    responses.responses.entry(status.to_string()).or_insert(RefOr::T(response.build()));
}

/// Keys of answers are always present, null when unknown; no object has others.
fn require_all(name: &str, schema: &mut RefOr<Schema>) {
    let RefOr::T(Schema::Object(object)) = schema else { return };
    if object.properties.is_empty() {
        return;
    }
    object.additional_properties = Some(Box::new(AdditionalProperties::FreeForm(false)));
    if !BODIES.contains(&name) {
        let optional = |key: &String| OPTIONAL.contains(&(name, key.as_str()));
        object.required = object.properties.keys().filter(|key| !optional(key)).cloned().collect();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use utoipa::ToSchema;

    const GOLDEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/golden/openapi.json");

    /// `SEERFLOW_BLESS=1` writes the file anew; its changes are changes of the contract.
    #[test]
    fn the_document_is_the_one_that_is_agreed_on() {
        let now = text(&routes().1) + "\n";
        if std::env::var_os("SEERFLOW_BLESS").is_some_and(|value| value == "1") {
            std::fs::write(GOLDEN, &now).unwrap();
        }
        let agreed = std::fs::read_to_string(GOLDEN).unwrap();
        assert!(now == agreed, "SEERFLOW_BLESS=1 writes {GOLDEN} anew; look at what changes");
    }

    #[test]
    fn the_schema_of_errors_has_its_name() {
        assert_eq!(ErrorBody::name(), ERROR);
    }

    #[test]
    fn every_route_says_what_it_gives_and_what_can_go_wrong() {
        let (_, document) = routes();
        let json = serde_json::to_value(&document).unwrap();
        assert!(json["openapi"].as_str().unwrap().starts_with("3.1."));
        let paths = json["paths"].as_object().unwrap();
        assert!(paths.len() > 10);
        let mut names = std::collections::BTreeSet::new();
        for (path, item) in paths {
            for (method, operation) in item.as_object().unwrap() {
                let at = format!("{method} {path}");
                assert!(names.insert(operation["operationId"].to_string()), "{at}");
                assert!(operation["summary"].is_string(), "{at}");
                assert!(operation["tags"][0].is_string(), "{at}");
                let responses = operation["responses"].as_object().unwrap();
                let good = responses.keys().filter(|code| code.starts_with('2')).count();
                // What only tries something has an answer of its own.
                let tries = operation["parameters"].to_string().contains("dry_run");
                assert_eq!(good, 1 + usize::from(tries), "{at}");
                assert!(responses.contains_key("500") && responses.contains_key("403"), "{at}");
                for parameter in operation["parameters"].as_array().into_iter().flatten() {
                    assert!(parameter["description"].is_string(), "{at}: {parameter}");
                }
            }
        }
    }
}
