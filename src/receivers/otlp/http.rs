//! OTLP over HTTP: `POST /v1/logs`, protobuf or JSON, packed or not.

use super::super::push::server::{owed, sender, serve, text};
use super::super::push::{
    Entrance, Framing, Intake, Limits, Offer, Records, Refusal, body, server,
};
use super::super::{Door, push};
use super::answer::{self, Encoding, Status};
use super::{json, proto};
use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::Response;
use axum::routing::{any, post};
use seerflow_model::record::ReceiverKind;
use std::io;
use std::sync::Arc;
use tokio::net::TcpListener;
use tonic::Code;

/// The media types that are understood.
const MEDIA: &str = "application/x-protobuf, application/json";

/// What handlers see.
#[derive(Clone)]
struct Face {
    intake: Arc<Intake>,
    entrance: Arc<Entrance>,
}

/// Serves a bound listener until the door is stopped.
pub async fn run(listener: TcpListener, limits: Limits, door: Door) -> io::Result<()> {
    let name = listener.local_addr()?.to_string();
    let intake = Intake::open(door, limits);
    let entrance = intake.entrance(ReceiverKind::OtlpHttp, name, None);
    let face = Face { intake: intake.clone(), entrance };
    let router = Router::new()
        .route("/v1/logs", post(logs).fallback(only_post))
        .route("/v1/traces", any(only_logs))
        .route("/v1/metrics", any(only_logs))
        .fallback(unknown)
        .with_state(face);
    serve(listener, router, intake).await
}

async fn logs(State(face): State<Face>, request: Request) -> Response {
    let encoding = match encoding(request.headers()) {
        Ok(encoding) => encoding,
        Err(refusal) => return refuse(&face.intake.refused(refusal), Encoding::Json),
    };
    match take(&face, request, encoding).await {
        Ok(taken) => answer(StatusCode::OK, answer::taken_body(taken, encoding), encoding),
        Err(refusal) => refuse(&face.intake.refused(refusal), encoding),
    }
}

async fn take(face: &Face, request: Request, encoding: Encoding) -> Result<push::Taken, Refusal> {
    let Face { intake, entrance } = face;
    let mut room = intake.enter()?;
    let ip = sender(request.extensions());
    let (parts, content) = request.into_parts();
    let packing = text(&parts.headers, "content-encoding");
    let content = body::read(content, packing, Framing::Bare, &intake.limits, &mut room).await?;
    let _owed = owed(&parts.extensions);
    let held = room.bytes();
    let mut records = Records::new(&intake.limits);
    match encoding {
        Encoding::Protobuf => proto::read(&content, &mut records, &mut room)?,
        Encoding::Json => json::read(&content, &mut records, &mut room)?,
    }
    let digest = intake.digest(entrance, ip, &content);
    let read = content.len();
    drop(content);
    room.shrink(held);
    intake.offer(entrance, Offer { ip, digest, read, records, room }).await
}

fn encoding(headers: &HeaderMap) -> Result<Encoding, Refusal> {
    let media = text(headers, "content-type");
    match media.split(';').next().unwrap_or_default().trim().to_ascii_lowercase().as_str() {
        "application/x-protobuf" | "application/protobuf" => Ok(Encoding::Protobuf),
        "application/json" => Ok(Encoding::Json),
        _ => Err(Refusal::Media(media.chars().take(64).collect(), MEDIA)),
    }
}

fn answer(status: StatusCode, body: Vec<u8>, encoding: Encoding) -> Response {
    let media = match encoding {
        Encoding::Protobuf => "application/x-protobuf",
        Encoding::Json => "application/json",
    };
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(media));
    response
}

fn refuse(refusal: &Refusal, encoding: Encoding) -> Response {
    let body = answer::error_body(&answer::status(refusal), encoding);
    let mut response = answer(refusal.status(), body, encoding);
    server::say_when(response.headers_mut(), refusal);
    response
}

fn wrong(headers: &HeaderMap, status: StatusCode, code: Code, message: String) -> Response {
    let encoding = encoding(headers).unwrap_or(Encoding::Json);
    let told = Status { code: code as i32, message, details: Vec::new() };
    answer(status, answer::error_body(&told, encoding), encoding)
}

async fn only_post(headers: HeaderMap) -> Response {
    let message = "logs come by POST".to_owned();
    let mut response =
        wrong(&headers, StatusCode::METHOD_NOT_ALLOWED, Code::Unimplemented, message);
    response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("POST"));
    response
}

async fn only_logs(uri: Uri, headers: HeaderMap) -> Response {
    let message = format!("{} is not taken: only logs are, at /v1/logs", uri.path());
    wrong(&headers, StatusCode::NOT_FOUND, Code::NotFound, message)
}

async fn unknown(headers: HeaderMap) -> Response {
    let message = "nothing is here; logs come by POST to /v1/logs".to_owned();
    wrong(&headers, StatusCode::NOT_FOUND, Code::NotFound, message)
}
