//! Why a request is not taken, in the words of HTTP.

use super::super::counters::ReceiverCounters;
use axum::http::StatusCode;

/// After so many seconds a sender that was told to come back should do so.
pub const RETRY_AFTER_SECONDS: u64 = 1;

/// A request that is not taken; nothing of it was.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// No room: come back.
    #[error("no room for more records now, come back later")]
    Full,
    /// The receiver stops: come back.
    #[error("the receiver is stopping")]
    Stopping,
    /// Larger than allowed, as sent or unpacked.
    #[error("the request is larger than {0} bytes{1}")]
    TooLarge(usize, &'static str),
    /// Packed in a way that is not understood.
    #[error("content encoding {0:?} is not supported; allowed: gzip, deflate, identity")]
    Encoding(String),
    /// Written in a way that is not understood.
    #[error("content type {0:?} is not supported; allowed: {1}")]
    Media(String, &'static str),
    /// Not what it claims to be.
    #[error("{0}")]
    Malformed(String),
    /// It did not arrive in time.
    #[error("the request did not arrive in time")]
    Slow,
    /// Nobody who may send here. Never says which part was wrong.
    #[error("not authorised")]
    Unauthorised,
}

impl Refusal {
    /// The status of the answer.
    pub fn status(&self) -> StatusCode {
        match self {
            Refusal::Full => StatusCode::TOO_MANY_REQUESTS,
            Refusal::Stopping => StatusCode::SERVICE_UNAVAILABLE,
            Refusal::TooLarge(..) => StatusCode::PAYLOAD_TOO_LARGE,
            Refusal::Encoding(_) | Refusal::Media(..) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Refusal::Malformed(_) => StatusCode::BAD_REQUEST,
            Refusal::Slow => StatusCode::REQUEST_TIMEOUT,
            Refusal::Unauthorised => StatusCode::UNAUTHORIZED,
        }
    }

    /// Seconds after which the same request may be taken.
    pub fn retry_after(&self) -> Option<u64> {
        matches!(self, Refusal::Full | Refusal::Stopping).then_some(RETRY_AFTER_SECONDS)
    }

    /// Counts it.
    pub fn count(&self, counters: &ReceiverCounters) {
        let counter = match self.retry_after() {
            Some(_) => &counters.told_to_wait,
            None => &counters.refused_request,
        };
        ReceiverCounters::add(counter, 1);
    }
}
