//! Who may post: a token in a header, a signature of the body, or both.
//!
//! Comparisons take the same time whatever differs: a token is compared by digest, so that not even
//! its length shows; a signature as bytes. Where both are asked for both are looked at, and the
//! answer never says which was wrong. Cost: two digests of a token, one HMAC over the body.

use crate::config::webhooks::Hmac;
use crate::config::{Secret, WebhookEntry};
use axum::http::{HeaderMap, header};
use hmac::{KeyInit, Mac};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// What a path asks for.
pub struct Guard {
    token: Option<(String, Secret)>,
    signature: Option<Hmac>,
}

impl Guard {
    /// Of an entry.
    pub fn new(entry: &WebhookEntry) -> Guard {
        Guard { token: entry.token.clone(), signature: entry.hmac.clone() }
    }

    /// Whether anybody may post.
    pub fn is_open(&self) -> bool {
        self.token.is_none() && self.signature.is_none()
    }

    /// Whether a request may be refused by its headers alone.
    pub fn refuses_early(&self, headers: &HeaderMap) -> bool {
        self.signature.is_none() && !self.token_fits(headers)
    }

    /// Whether a signature over the body as it is sent is asked for.
    pub fn needs_body(&self) -> bool {
        self.signature.is_some()
    }

    /// Whether a request with this body, as it was sent, may pass.
    pub fn allows(&self, headers: &HeaderMap, body: &[u8]) -> bool {
        let token = self.token_fits(headers);
        let signature = self.signature.as_ref().is_none_or(|s| signed(s, headers, body));
        token & signature
    }

    fn token_fits(&self, headers: &HeaderMap) -> bool {
        let Some((name, token)) = &self.token else { return true };
        let Some(given) = only(headers, name) else { return false };
        let token = token.expose().as_bytes();
        let bare = match *name == header::AUTHORIZATION.as_str() {
            true => after_bearer(given).unwrap_or(given),
            false => given,
        };
        same(token, given) | same(token, bare)
    }
}

/// The value of a header that is there once.
fn only<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h [u8]> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?;
    values.next().is_none().then_some(value.as_bytes())
}

fn after_bearer(given: &[u8]) -> Option<&[u8]> {
    let (word, rest) = given.split_at_checked(7)?;
    word.eq_ignore_ascii_case(b"bearer ").then_some(rest.trim_ascii())
}

fn same(one: &[u8], other: &[u8]) -> bool {
    Sha256::digest(one).as_slice().ct_eq(Sha256::digest(other).as_slice()).into()
}

fn signed(wanted: &Hmac, headers: &HeaderMap, body: &[u8]) -> bool {
    let Some(given) = only(headers, &wanted.header) else { return false };
    let Some(digits) = given.strip_prefix(wanted.prefix.as_bytes()) else { return false };
    let Some(given) = bytes(digits) else { return false };
    let Ok(mut mac) = hmac::Hmac::<Sha256>::new_from_slice(wanted.secret.expose().as_bytes())
    else {
        return false;
    };
    mac.update(body);
    mac.verify_slice(&given).is_ok()
}

/// 32 bytes from 64 hexadecimal digits.
fn bytes(digits: &[u8]) -> Option<[u8; 32]> {
    let mut out = [0; 32];
    if digits.len() != 64 {
        return None;
    }
    for (byte, pair) in out.iter_mut().zip(digits.chunks_exact(2)) {
        let digit = |c: u8| char::from(c).to_digit(16);
        *byte = (digit(pair[0])? << 4 | digit(pair[1])?) as u8;
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            let name: http::HeaderName = name.parse().unwrap();
            headers.append(name, value.parse().unwrap());
        }
        headers
    }

    fn made(token: Option<(&str, &str)>, secret: Option<&str>) -> Guard {
        Guard {
            token: token.map(|(name, token)| (name.to_owned(), Secret::new(token))),
            signature: secret.map(|secret| Hmac {
                header: "x-hub-signature-256".to_owned(),
                secret: Secret::new(secret),
                prefix: "sha256=".to_owned(),
            }),
        }
    }

    /// The example of GitHub's documentation: secret, body and signature.
    const BODY: &[u8] = b"Hello, World!";
    const SECRET: &str = "It's a Secret to Everybody";
    const SIGNATURE: &str =
        "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";

    #[test]
    fn signatures_of_the_body() {
        let guard = made(None, Some(SECRET));
        let good = |value: &str| guard.allows(&headers(&[("x-hub-signature-256", value)]), BODY);
        assert!(good(SIGNATURE));
        assert!(good(&SIGNATURE.to_uppercase().replace("SHA256", "sha256")));
        for bad in ["", "sha256=", &SIGNATURE[7..], &SIGNATURE.replace("757", "756"), "sha1=00"] {
            assert!(!good(bad), "{bad}");
        }
        let right = headers(&[("x-hub-signature-256", SIGNATURE)]);
        assert!(!guard.allows(&right, b"Hello, World?") && !guard.allows(&headers(&[]), BODY));
        let twice =
            headers(&[("x-hub-signature-256", SIGNATURE), ("x-hub-signature-256", SIGNATURE)]);
        assert!(!guard.allows(&twice, BODY), "which of the two counts?");
    }

    #[test]
    fn tokens_in_a_header() {
        let guard = made(Some(("x-token", "s3cret")), None);
        assert!(guard.allows(&headers(&[("X-Token", "s3cret")]), b""));
        for bad in ["s3cre", "s3crett", "S3CRET", "", "Bearer s3cret"] {
            let headers = headers(&[("x-token", bad)]);
            assert!(!guard.allows(&headers, b"") && guard.refuses_early(&headers), "{bad}");
        }
        let bearer = made(Some(("authorization", "s3cret")), None);
        assert!(bearer.allows(&headers(&[("authorization", "Bearer s3cret")]), b""));
        assert!(bearer.allows(&headers(&[("authorization", "s3cret")]), b""));
        assert!(!bearer.allows(&headers(&[("authorization", "Bearer x")]), b""));
        let whole = made(Some(("authorization", "Bearer s3cret")), None);
        assert!(whole.allows(&headers(&[("authorization", "Bearer s3cret")]), b""));
    }

    #[test]
    fn both_must_be_right_and_neither_is_refused_before_the_body() {
        let guard = made(Some(("x-token", "t")), Some(SECRET));
        let with = |token: &str, signature: &str| {
            headers(&[("x-token", token), ("x-hub-signature-256", signature)])
        };
        assert!(guard.allows(&with("t", SIGNATURE), BODY));
        assert!(!guard.allows(&with("u", SIGNATURE), BODY));
        assert!(!guard.allows(&with("t", "sha256=00"), BODY));
        assert!(!guard.refuses_early(&with("u", "sha256=00")));
        assert!(made(None, None).is_open());
    }
}
