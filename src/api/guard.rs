//! What every request passes: who is asked for, by whom, with which method, how long, and how
//! answers look.

use super::State;
use super::answer::Refusal;
use super::listener::Peer;
use super::origin::{self, From};
use super::rates::Client;
use axum::extract::connect_info::ConnectInfo;
use axum::extract::{Request, State as Extract};
use axum::http::uri::{PathAndQuery, Uri};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Version, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use std::net::{IpAddr, Ipv4Addr};
use std::time::Instant;

/// Longest path and query, in bytes.
const URI_BYTES_MAX: usize = 8 << 10;
/// How long an answer took to make, in milliseconds.
const PROCESS_TIME: HeaderName = HeaderName::from_static("x-process-time-ms");

/// Checks a request, runs it within its time, and marks the answer.
pub async fn guard(Extract(state): Extract<State>, mut request: Request, next: Next) -> Response {
    let begun = Instant::now();
    collapse(request.uri_mut());
    let ip = client(&state, &request);
    request.extensions_mut().insert(Client { ip, limiter: state.limiter.clone() });
    let asked = request.method().clone();
    let (mut response, from) = match check(&state, &request) {
        Err(refusal) => (refusal.into_response(), From::Here),
        Ok(from) => match origin::preflight(&request) {
            Some(response) => {
                let mut response = response;
                origin::mark(&from, true, response.headers_mut());
                (response, from)
            }
            None => {
                let mut response = answer(&state, request, next).await;
                origin::mark(&from, false, response.headers_mut());
                (response, from)
            }
        },
    };
    if response.status() == StatusCode::METHOD_NOT_ALLOWED {
        response = wrong_method(&asked, &response);
        origin::mark(&from, false, response.headers_mut());
    }
    state.answered.count(response.status().as_u16());
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    let took = format!("{:.3}", begun.elapsed().as_secs_f64() * 1e3);
    if let Ok(took) = HeaderValue::try_from(took) {
        headers.insert(PROCESS_TIME, took);
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
            Refusal::internal().into_response()
        }
        Err(_) => {
            abort.abort();
            Refusal::unavailable("the answer took too long").retry_after(1).into_response()
        }
    }
}

/// The router says which methods a path has, but not in JSON.
fn wrong_method(asked: &Method, response: &Response) -> Response {
    let allow = response.headers().get(header::ALLOW).and_then(|allow| allow.to_str().ok());
    let methods: Vec<&str> =
        allow.unwrap_or_default().split(',').map(str::trim).filter(|m| !m.is_empty()).collect();
    let methods = methods.join(", ");
    let detail = format!("method {asked} is not allowed here; allowed: {methods}");
    Refusal::new(StatusCode::METHOD_NOT_ALLOWED, detail).allow(methods).into_response()
}

fn check(state: &State, request: &Request) -> Result<From, Refusal> {
    let host = host(request).map_err(|reason| Refusal::new(StatusCode::BAD_REQUEST, reason))?;
    let name = host.as_deref().map(without_port);
    if !name.is_some_and(|name| allowed(name, state)) {
        let detail = "this name is not served here; use 127.0.0.1, localhost or the bound address";
        return Err(Refusal::new(StatusCode::FORBIDDEN, detail));
    }
    let length = request.uri().path_and_query().map_or(0, |text| text.as_str().len());
    if length > URI_BYTES_MAX {
        let detail = format!("the address is longer than {URI_BYTES_MAX} bytes");
        return Err(Refusal::new(StatusCode::URI_TOO_LONG, detail));
    }
    let from = origin::judge(state, request, host.as_deref())?;
    if !matches!(*request.method(), Method::POST | Method::PATCH | Method::PUT)
        && has_body(request.headers())
    {
        let detail = format!("a {} request must not have a body", request.method());
        return Err(Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, detail));
    }
    Ok(from)
}

/// The host that is asked for, perhaps with its port.
fn host(request: &Request) -> Result<Option<String>, &'static str> {
    let mut named = request.headers().get_all(header::HOST).iter();
    let header = named.next();
    if named.next().is_some() {
        return Err("there is more than one Host header");
    }
    // An address in the request line wins over the header (RFC 9112 §3.2.2).
    if let Some(authority) = request.uri().authority() {
        return Ok(Some(authority.as_str().to_owned()));
    }
    let Some(header) = header else {
        return match request.version() {
            Version::HTTP_10 => Ok(None),
            _ => Err("there is no Host header"),
        };
    };
    header.to_str().map(|text| Some(text.to_owned())).map_err(|_| "the Host header is not ASCII")
}

fn without_port(host: &str) -> &str {
    match host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, _port)) => address,
        None => host.split(':').next().unwrap_or_default(),
    }
}

/// Names of the loopback, the bound address, and those of pages that may use the API. Bound to
/// every address, any literal address is served: only a name can be pointed elsewhere.
fn allowed(host: &str, state: &State) -> bool {
    if host.eq_ignore_ascii_case("localhost") {
        return true;
    }
    match host.parse::<IpAddr>() {
        Ok(address) => {
            let address = address.to_canonical();
            address.is_loopback() || address == state.bound || state.bound.is_unspecified()
        }
        Err(_) => state.options.origins.iter().any(|page| page.host().eq_ignore_ascii_case(host)),
    }
}

/// Who asks. Behind a proxy: whom the proxy nearest to us has seen, which is the last entry; the
/// ones before it could have been sent by the client.
fn client(state: &State, request: &Request) -> IpAddr {
    let peer = request.extensions().get::<ConnectInfo<Peer>>();
    let peer = peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |ConnectInfo(peer)| peer.0.ip());
    if !state.options.trust_proxy {
        return peer;
    }
    let last = request.headers().get_all("x-forwarded-for").iter().next_back();
    let last = last.and_then(|value| value.to_str().ok());
    let last = last.and_then(|value| value.rsplit(',').next()).map(str::trim);
    last.and_then(|text| text.parse().ok()).unwrap_or(peer)
}

fn has_body(headers: &HeaderMap) -> bool {
    let length = headers.get(header::CONTENT_LENGTH);
    headers.contains_key(header::TRANSFER_ENCODING)
        || length.is_some_and(|length| length.as_bytes() != b"0")
}

/// Makes one slash of several: `//api//v1/stats` is `/api/v1/stats`.
fn collapse(uri: &mut Uri) {
    if !uri.path().contains("//") {
        return;
    }
    let mut path = String::with_capacity(uri.path().len());
    for c in uri.path().chars() {
        if c != '/' || !path.ends_with('/') {
            path.push(c);
        }
    }
    if let Some(query) = uri.query() {
        path.push('?');
        path.push_str(query);
    }
    let mut parts = std::mem::take(uri).into_parts();
    // What is shorter by slashes only is still a path.
    parts.path_and_query = PathAndQuery::try_from(path).ok();
    *uri = Uri::from_parts(parts).unwrap_or_default();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_of_slashes_are_one() {
        for (before, after) in [
            ("//api///v1/stats//?a=//b", "/api/v1/stats/?a=//b"),
            ("/a/b?x", "/a/b?x"),
            ("http://h//a", "http://h/a"),
            ("//", "/"),
        ] {
            let Ok(mut uri) = before.parse::<Uri>() else { panic!("{before}") };
            collapse(&mut uri);
            assert_eq!(uri.to_string(), after);
        }
    }
}
