//! Bodies: JSON that says so, of a bounded size, read strictly.

use super::answer::{Refusal, shown};
use axum::body::{Bytes, to_bytes};
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, StatusCode, header};
use serde::de::DeserializeOwned;

/// Largest body, in bytes.
pub const BODY_MAX: usize = 64 << 10;

/// The body of a request, of `MAX` bytes at most.
#[derive(Debug)]
pub struct Body<T, const MAX: usize = BODY_MAX>(pub T);

impl<S: Sync, T: DeserializeOwned, const MAX: usize> FromRequest<S> for Body<T, MAX> {
    type Rejection = Refusal;

    async fn from_request(request: Request, _state: &S) -> Result<Body<T, MAX>, Refusal> {
        // A page of another origin cannot send this type without asking first.
        if !is_json(request.headers()) {
            let detail = "the body must be JSON: Content-Type: application/json";
            return Err(Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail));
        }
        if request.headers().contains_key(header::CONTENT_ENCODING) {
            let detail = "the body must not be compressed";
            return Err(Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail));
        }
        let bytes = to_bytes(request.into_body(), MAX).await.map_err(|_| {
            let detail = format!("the body did not arrive or is larger than {MAX} bytes");
            Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, detail)
        })?;
        read(&bytes).map(Body)
    }
}

fn read<T: DeserializeOwned>(bytes: &Bytes) -> Result<T, Refusal> {
    serde_json::from_slice(bytes).map_err(|error| {
        let what = match error.classify() {
            serde_json::error::Category::Data => "the body does not fit",
            _ => "the body is not JSON",
        };
        Refusal::unprocessable(format!("{what}: {}", shown(&error.to_string())))
    })
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let mut parts = kind.unwrap_or_default().split(';').map(str::trim);
    let json = parts.next().is_some_and(|kind| kind.eq_ignore_ascii_case("application/json"));
    let utf8 = |part: &str| {
        part.split_once('=').is_some_and(|(name, value)| {
            name.trim().eq_ignore_ascii_case("charset")
                && value.trim().trim_matches('"').eq_ignore_ascii_case("utf-8")
        })
    };
    json && parts.all(utf8)
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    #[test]
    fn only_what_says_it_is_json() {
        for (kind, json) in [
            ("application/json", true),
            ("Application/JSON; charset=\"UTF-8\"", true),
            ("application/json; charset=latin1", false),
            ("application/json; x", false),
            ("text/plain", false),
            ("application/x-www-form-urlencoded", false),
            ("application/jsonp", false),
            ("text/plain, application/json", false),
            ("", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
            assert_eq!(is_json(&headers), json, "{kind}");
        }
        assert!(!is_json(&HeaderMap::new()));
    }

    #[test]
    fn what_does_not_fit_is_told_without_showing_much() {
        let refusal = |text: &str| {
            let bytes = Bytes::copy_from_slice(text.as_bytes());
            read::<Vec<u8>>(&bytes).unwrap_err()
        };
        assert!(refusal("[").detail().starts_with("the body is not JSON: EOF"));
        assert!(refusal("[\"x\"]").detail().starts_with("the body does not fit: invalid type"));
        let long = format!("[\"<script>{}\"]", "x".repeat(9_000));
        assert!(refusal(&long).detail().len() < 120);
        assert_eq!(refusal(&"[".repeat(500)).status, StatusCode::UNPROCESSABLE_ENTITY);
    }
}
