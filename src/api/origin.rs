//! Which web pages may use the API.
//!
//! A request that names the page it comes from (`Origin`) is answered only when that page is the
//! API's own or one of `api_allowed_origins`. Together with the check of the Host header, and with
//! bodies that must say they are JSON, this is what keeps a page in a browser from changing
//! anything as long as nobody is asked for a password.

use super::State;
use super::answer::Refusal;
use crate::config::web_origin::WebOrigin;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};

/// Methods that a page may use.
const METHODS: &str = "GET, HEAD, POST, PATCH, DELETE, OPTIONS";
/// Headers that a page may send.
const HEADERS: &str = "Accept, Authorization, Content-Type";
/// Headers that a page may read.
const EXPOSED: &str = "Retry-After, X-Process-Time-Ms";
/// How long a browser may remember what it was told, in seconds.
const REMEMBERED: &str = "600";

/// Where a request comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum From {
    /// Not from a page, or from the API's own.
    Here,
    /// From a page that is allowed; its origin as it was sent.
    Allowed(HeaderValue),
}

/// Judges a request; `host` is what its Host header says.
pub fn judge(state: &State, request: &Request, host: Option<&str>) -> Result<From, Refusal> {
    let headers = request.headers();
    let mut named = headers.get_all(header::ORIGIN).iter();
    let Some(origin) = named.next() else {
        return match changes(request.method()) && crosses(headers) {
            true => Err(refused()),
            false => Ok(From::Here),
        };
    };
    if named.next().is_some() {
        let detail = "there is more than one Origin header";
        return Err(Refusal::new(StatusCode::BAD_REQUEST, detail));
    }
    let page = origin.to_str().ok().and_then(WebOrigin::parse).ok_or_else(refused)?;
    if state.options.origins.contains(&page) {
        return Ok(From::Allowed(origin.clone()));
    }
    let here = host.and_then(|host| WebOrigin::of("http", host, 80));
    match here.is_some_and(|here| here.same_place(&page)) {
        true => Ok(From::Here),
        false => Err(refused()),
    }
}

fn refused() -> Refusal {
    let detail =
        "pages of this origin may not use the API; api_allowed_origins names those that may";
    Refusal::new(StatusCode::FORBIDDEN, detail)
}

fn changes(method: &Method) -> bool {
    !matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

/// Whether a browser says that another site asks.
fn crosses(headers: &HeaderMap) -> bool {
    let site = headers.get("sec-fetch-site").map(HeaderValue::as_bytes);
    matches!(site, Some(b"cross-site" | b"same-site"))
}

/// The answer to a browser that asks before it sends something.
pub fn preflight(request: &Request) -> Option<Response> {
    let headers = request.headers();
    let asks = request.method() == Method::OPTIONS
        && headers.contains_key(header::ORIGIN)
        && headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    asks.then(|| StatusCode::NO_CONTENT.into_response())
}

/// Tells the browser that the page may read the answer.
pub fn mark(from: &From, request_was_preflight: bool, headers: &mut HeaderMap) {
    headers.append(header::VARY, HeaderValue::from_static("Origin"));
    let From::Allowed(origin) = from else { return };
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
    headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(EXPOSED));
    if request_was_preflight {
        for (name, value) in [
            (header::ACCESS_CONTROL_ALLOW_METHODS, METHODS),
            (header::ACCESS_CONTROL_ALLOW_HEADERS, HEADERS),
            (header::ACCESS_CONTROL_MAX_AGE, REMEMBERED),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
    }
}
