//! What every request passes: who is asked for, with which method, how long, and how answers look.

use super::State;
use axum::extract::{Request, State as Extract};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Version, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use std::net::IpAddr;

/// Longest path and query, in bytes.
const URI_BYTES_MAX: usize = 8 << 10;

/// An error as the API gives it: a status and `{"detail": …}`.
#[derive(Debug)]
pub struct Refusal {
    status: StatusCode,
    detail: String,
}

impl Refusal {
    pub fn new(status: StatusCode, detail: impl Into<String>) -> Refusal {
        Refusal { status, detail: detail.into() }
    }

    pub fn unprocessable(detail: impl Into<String>) -> Refusal {
        Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, detail)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response =
            (self.status, axum::Json(serde_json::json!({ "detail": self.detail }))).into_response();
        if self.status == StatusCode::METHOD_NOT_ALLOWED {
            response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
        }
        response
    }
}

/// Checks a request, runs it within its time, and marks the answer.
pub async fn guard(Extract(state): Extract<State>, request: Request, next: Next) -> Response {
    let mut response = match refusal(&state, &request) {
        Some(refusal) => refusal.into_response(),
        None => answer(&state, request, next).await,
    };
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

/// A panic of one request must not end the connection's other requests without a word.
async fn answer(state: &State, request: Request, next: Next) -> Response {
    let task = tokio::spawn(next.run(request));
    let abort = task.abort_handle();
    match tokio::time::timeout(state.options.answer_timeout, task).await {
        Ok(Ok(response)) => response,
        Ok(Err(error)) => {
            tracing::error!(%error, "a request handler failed");
            Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "internal server error").into_response()
        }
        Err(_) => {
            abort.abort();
            Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "the answer took too long")
                .into_response()
        }
    }
}

fn refusal(state: &State, request: &Request) -> Option<Refusal> {
    let headers = request.headers();
    let host = match host(request) {
        Ok(host) => host,
        Err(reason) => return Some(Refusal::new(StatusCode::BAD_REQUEST, reason)),
    };
    if !host.as_deref().is_some_and(|host| allowed(host, state)) {
        let detail = "this name is not served here; use 127.0.0.1, localhost or the bound address";
        return Some(Refusal::new(StatusCode::FORBIDDEN, detail));
    }
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        let detail = format!("method {} is not allowed; allowed: GET, HEAD", request.method());
        return Some(Refusal::new(StatusCode::METHOD_NOT_ALLOWED, detail));
    }
    if has_body(headers) {
        let detail = "a request to read must not have a body";
        return Some(Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, detail));
    }
    let length = request.uri().path_and_query().map_or(0, |text| text.as_str().len());
    if length > URI_BYTES_MAX {
        let detail = format!("the address is longer than {URI_BYTES_MAX} bytes");
        return Some(Refusal::new(StatusCode::URI_TOO_LONG, detail));
    }
    None
}

/// The host that is asked for, without its port.
fn host(request: &Request) -> Result<Option<String>, &'static str> {
    let mut named = request.headers().get_all(header::HOST).iter();
    let header = named.next();
    if named.next().is_some() {
        return Err("there is more than one Host header");
    }
    // An address in the request line wins over the header (RFC 9112 §3.2.2).
    if let Some(host) = request.uri().host() {
        return Ok(Some(host.to_owned()));
    }
    let Some(header) = header else {
        return match request.version() {
            Version::HTTP_10 => Ok(None),
            _ => Err("there is no Host header"),
        };
    };
    let text = header.to_str().map_err(|_| "the Host header is not ASCII")?;
    let host = match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, _port)) => address,
        None => text.split(':').next().unwrap_or_default(),
    };
    Ok(Some(host.to_owned()))
}

/// Names of the loopback, the bound address, and names that the options add. Bound to every
/// address, any literal address is served: only a name can be pointed elsewhere.
fn allowed(host: &str, state: &State) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    if host.eq_ignore_ascii_case("localhost") {
        return true;
    }
    match host.parse::<IpAddr>() {
        Ok(address) => {
            let address = address.to_canonical();
            address.is_loopback() || address == state.bound || state.bound.is_unspecified()
        }
        Err(_) => state.options.host_names.iter().any(|name| name.eq_ignore_ascii_case(host)),
    }
}

fn has_body(headers: &HeaderMap) -> bool {
    let length = headers.get(header::CONTENT_LENGTH);
    headers.contains_key(header::TRANSFER_ENCODING)
        || length.is_some_and(|length| length.as_bytes() != b"0")
}
