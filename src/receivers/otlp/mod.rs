//! OpenTelemetry logs over gRPC and over HTTP (protobuf and JSON).
//!
//! Each LogRecord becomes one line of JSON, written once at the edge with its resource and scope
//! ([`mod@line`]): that line is the raw record. It is what is stamped, redacted, kept and, by the
//! parser alone, read again (format `otlp`). Requests are read where they lie, without building
//! messages of them ([`proto`], [`json`]): so a request of a million empty records costs no more
//! than its bytes, and a record costs no allocation. Limits, room and acceptance are those of
//! [`super::push`].
//!
//! Cost per record with a dozen attributes: about half a microsecond from protobuf, one from JSON.

pub mod answer;
pub mod grpc;
pub mod http;
pub mod json;
pub mod line;
pub mod proto;
mod text;
mod wire;

#[cfg(test)]
mod door_tests;
#[cfg(test)]
mod tests;

/// Why a request, or one record of it, cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// The request is not what it claims to be: nothing of it is taken.
    Malformed(&'static str),
    /// The record is beyond a limit: it alone is refused.
    Beyond,
}
