//! Webhooks: logs by HTTP POST, one path for each entry of `receivers.webhooks`.
//!
//! What all pushed requests share (limits while reading, all or nothing, nothing twice, promises)
//! is in [`super::push`]. Here: who may post ([`auth`]), which records a body holds ([`body`],
//! [`scan`]), and to which source each belongs ([`hook`]). What the fields of a record mean is asked
//! by the parser, from the record alone.
//!
//! Invariants: a request is answered 200 only when all its records are in their lanes; what is
//! refused left nothing behind, is counted and says why, except who was wrong about what. A page in
//! a browser cannot post to a path that asks for neither token nor signature. Cost: a pass over the
//! body, a copy of each record, its stamp.

mod auth;
mod body;
mod hook;
mod place;
mod scan;

#[cfg(test)]
mod scan_tests;
#[cfg(test)]
mod tests;

pub use place::Place;

use super::Door;
use super::push::{self, Framing, Intake, Limits, Refusal, Request, server};
use crate::config::WebhookEntry;
use axum::Router;
use axum::body::Body;
use axum::extract::{Request as HttpRequest, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use hook::Hook;
use std::collections::HashMap;
use std::io;
use std::sync::Arc;
use tokio::net::TcpListener;

/// What senders name a request by, so that it is known when it comes again.
const DELIVERY_IDS: [&str; 3] = ["x-github-delivery", "idempotency-key", "webhook-id"];
/// Longest such name.
const ID_MAX: usize = 256;

/// What the receiver goes by.
#[derive(Clone, Debug)]
pub struct WebhookOptions {
    /// The paths.
    pub entries: Vec<WebhookEntry>,
    /// Bounds.
    pub limits: Limits,
}

/// All paths of one listener.
struct Hooks {
    intake: Arc<Intake>,
    by_path: HashMap<String, Hook>,
}

/// Serves a bound listener until it is stopped.
pub async fn run(listener: TcpListener, options: WebhookOptions, door: Door) -> io::Result<()> {
    let address = listener.local_addr()?.to_string();
    let intake = Intake::open(door, options.limits);
    let hook = |entry: &WebhookEntry| (entry.path.clone(), Hook::new(entry, &address, &intake));
    let by_path = options.entries.iter().map(hook).collect();
    let hooks = Arc::new(Hooks { intake: intake.clone(), by_path });
    let router = Router::new().fallback(answer).with_state(hooks);
    server::serve(listener, router, intake).await
}

/// Why a request is not taken.
enum Not {
    /// As any pushed request.
    Taken(Refusal),
    /// There is no such path.
    Found,
    /// Only POST.
    Allowed,
    /// A page in a browser may not post here.
    Same,
}

impl From<Refusal> for Not {
    fn from(refusal: Refusal) -> Not {
        Not::Taken(refusal)
    }
}

async fn answer(State(hooks): State<Arc<Hooks>>, request: HttpRequest) -> Response {
    match take(&hooks, request).await {
        Ok(accepted) => axum::Json(serde_json::json!({ "accepted": accepted })).into_response(),
        Err(not) => refuse(&hooks, not),
    }
}

/// Takes a request; how many records it held.
async fn take(hooks: &Hooks, request: HttpRequest) -> Result<u64, Not> {
    let (head, content) = request.into_parts();
    let hook = hooks.by_path.get(head.uri.path()).ok_or(Not::Found)?;
    if head.method != Method::POST {
        return Err(Not::Allowed);
    }
    let headers = &head.headers;
    if hook.guard.is_open() && headers.contains_key(header::ORIGIN) {
        return Err(Not::Same);
    }
    if hook.guard.refuses_early(headers) {
        return Err(Refusal::Unauthorised.into());
    }
    let intake = &hooks.intake;
    let mut room = intake.enter()?;
    let encoding = server::text(headers, header::CONTENT_ENCODING.as_str());
    let (limits, bare) = (&intake.limits, Framing::Bare);
    let mut content = if hook.guard.needs_body() {
        // What is signed are the bytes that were sent.
        let sent = push::body::read(content, "", bare, limits, &mut room).await?;
        if !hook.guard.allows(headers, &sent) {
            return Err(Refusal::Unauthorised.into());
        }
        sent
    } else {
        push::body::read(content, encoding, bare, limits, &mut room).await?
    };
    if hook.guard.needs_body() && !encoding.is_empty() {
        let sent = Body::from(content);
        content = push::body::read(sent, encoding, bare, limits, &mut room).await?;
    }
    let _owed = server::owed(&head.extensions);
    let kind = server::text(headers, header::CONTENT_TYPE.as_str());
    let parts = hook.read(kind, &content, intake, &mut room)?;
    let ip = server::sender(&head.extensions);
    let named = delivery(headers).map(|id| [id, b"\0", &content].concat());
    let digest = named.map(|content| intake.digest(hook.entrance(), ip, &content));
    let read = content.len();
    drop(content);
    let taken = intake.offer_parts(parts, Request { ip, digest, read, room }).await?;
    Ok(taken.accepted)
}

/// What the sender names this request by.
fn delivery(headers: &HeaderMap) -> Option<&[u8]> {
    let named = DELIVERY_IDS.iter().find_map(|name| headers.get(*name));
    named.map(HeaderValue::as_bytes).filter(|id| !id.is_empty() && id.len() <= ID_MAX)
}

fn refuse(hooks: &Hooks, not: Not) -> Response {
    let (status, detail) = match &not {
        Not::Taken(refusal) => (refusal.status(), refusal.to_string()),
        Not::Found => (StatusCode::NOT_FOUND, "no webhook has this path".to_owned()),
        Not::Allowed => (StatusCode::METHOD_NOT_ALLOWED, "only POST is allowed".to_owned()),
        Not::Same => {
            let detail = "pages in a browser may post only to paths with a token or signature";
            (StatusCode::FORBIDDEN, detail.to_owned())
        }
    };
    let mut response =
        (status, axum::Json(serde_json::json!({ "detail": detail }))).into_response();
    let headers = response.headers_mut();
    match &not {
        Not::Taken(refusal) => {
            server::say_when(headers, refusal);
            refusal.count(&hooks.intake.door.counters);
            return response;
        }
        Not::Allowed => drop(headers.insert(header::ALLOW, HeaderValue::from_static("POST"))),
        Not::Found | Not::Same => {}
    }
    super::counters::ReceiverCounters::add(&hooks.intake.door.counters.refused_request, 1);
    response
}
