//! Answers in the words of OTLP: what was taken, and why something was not.
//!
//! Over HTTP an error is a `google.rpc.Status` in the encoding of the request; over gRPC it is the
//! status of the call. Whoever shall come back is told when: `Retry-After`, or `RetryInfo`.

use super::super::push::{Refusal, Taken};
use super::line::DEPTH_MAX;
use opentelemetry_proto::tonic::collector::logs::v1::{
    ExportLogsPartialSuccess, ExportLogsServiceResponse,
};
use prost::Message;
use serde_json::json;
use tonic::Code;

/// How a request was written, and its answer will be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// Protocol buffers.
    Protobuf,
    /// OTLP/JSON.
    Json,
}

/// `google.rpc.Status`.
#[derive(Clone, PartialEq, Message)]
pub struct Status {
    /// A code of gRPC.
    #[prost(int32, tag = "1")]
    pub code: i32,
    /// For people.
    #[prost(string, tag = "2")]
    pub message: String,
    /// For programs.
    #[prost(message, repeated, tag = "3")]
    pub details: Vec<Any>,
}

/// `google.protobuf.Any`.
#[derive(Clone, PartialEq, Message)]
pub struct Any {
    /// What it is.
    #[prost(string, tag = "1")]
    pub type_url: String,
    /// Its bytes.
    #[prost(bytes = "vec", tag = "2")]
    pub value: Vec<u8>,
}

/// `google.rpc.RetryInfo`.
#[derive(Clone, PartialEq, Message)]
pub struct RetryInfo {
    /// How long to wait.
    #[prost(message, optional, tag = "1")]
    pub retry_delay: Option<Duration>,
}

/// `google.protobuf.Duration`.
#[derive(Clone, PartialEq, Message)]
pub struct Duration {
    /// Whole seconds.
    #[prost(int64, tag = "1")]
    pub seconds: i64,
    /// The rest.
    #[prost(int32, tag = "2")]
    pub nanos: i32,
}

/// Why records were refused.
fn told(taken: Taken) -> Option<String> {
    (taken.refused > 0).then(|| {
        format!(
            "{} records were refused: longer than receivers.line_bytes_max with their resource, \
             nested more than {DEPTH_MAX} deep, or beyond what one request may become",
            taken.refused
        )
    })
}

/// The answer to a request that was taken.
pub fn taken(taken: Taken) -> ExportLogsServiceResponse {
    let partial_success = told(taken).map(|error_message| ExportLogsPartialSuccess {
        rejected_log_records: taken.refused as i64,
        error_message,
    });
    ExportLogsServiceResponse { partial_success }
}

/// The body of that answer over HTTP.
pub fn taken_body(what: Taken, encoding: Encoding) -> Vec<u8> {
    match (encoding, told(what)) {
        (Encoding::Protobuf, _) => taken(what).encode_to_vec(),
        (Encoding::Json, None) => b"{}".to_vec(),
        (Encoding::Json, Some(message)) => json!({
            "partialSuccess": {
                "rejectedLogRecords": what.refused.to_string(),
                "errorMessage": message,
            }
        })
        .to_string()
        .into_bytes(),
    }
}

/// The code of gRPC for a refusal. Only those that may be sent again have a code that says so.
pub fn code(refusal: &Refusal) -> Code {
    match refusal {
        Refusal::Full => Code::ResourceExhausted,
        Refusal::Stopping => Code::Unavailable,
        Refusal::TooLarge(..) | Refusal::Malformed(_) => Code::InvalidArgument,
        Refusal::Encoding(_) | Refusal::Media(..) => Code::Unimplemented,
        Refusal::Slow => Code::DeadlineExceeded,
        Refusal::Unauthorised => Code::Unauthenticated,
    }
}

/// A refusal as `google.rpc.Status`.
pub fn status(refusal: &Refusal) -> Status {
    let details = refusal.retry_after().map(|seconds| {
        let retry_delay = Some(Duration { seconds: seconds as i64, nanos: 0 });
        Any {
            type_url: "type.googleapis.com/google.rpc.RetryInfo".to_owned(),
            value: RetryInfo { retry_delay }.encode_to_vec(),
        }
    });
    Status {
        code: code(refusal) as i32,
        message: refusal.to_string(),
        details: details.into_iter().collect(),
    }
}

/// The body of an error over HTTP.
pub fn error_body(status: &Status, encoding: Encoding) -> Vec<u8> {
    match encoding {
        Encoding::Protobuf => status.encode_to_vec(),
        Encoding::Json => {
            json!({"code": status.code, "message": status.message}).to_string().into_bytes()
        }
    }
}
