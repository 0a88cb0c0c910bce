//! OTLP over gRPC: `LogsService.Export`.
//!
//! tonic's server carries the calls (HTTP/2, keep-alive, bounds of streams and headers). The body
//! of a call is read by [`super::super::push::body`] and not by tonic's codec: so a packed message
//! is bounded while it is unpacked, what it holds is counted before it is there, and the message is
//! never built.

use super::super::Door;
use super::super::push::server::{Sender, owed, sender, text, until_drained};
use super::super::push::{Entrance, Framing, Intake, Limits, Offer, Records, Refusal, Taken, body};
use super::{answer, proto};
use crate::api::listener::{Bounded, Connection};
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use axum::routing::post;
use axum::serve::Listener;
use http_body_util::{BodyExt, Full};
use prost::Message;
use seerflow_model::record::ReceiverKind;
use std::convert::Infallible;
use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tonic::codegen::tokio_stream::wrappers::ReceiverStream;
use tonic::service::Routes;
use tonic::transport::server::{Connected, Server};
use tonic::{Code, Status};

const EXPORT: &str = "/opentelemetry.proto.collector.logs.v1.LogsService/Export";
/// Calls at a time on one connection.
const STREAMS_MAX: u32 = 64;
/// Bytes of the headers of a call.
const HEADERS_MAX: u32 = 16 * 1024;
/// What a connection may send before it is read: that much may wait for each, uncounted.
const CONNECTION_WINDOW: u32 = 256 * 1024;
/// What a call may send before it is read.
const STREAM_WINDOW: u32 = 128 * 1024;
/// A connection is asked so often whether it is still there, and closed when it does not answer.
const KEEPALIVE: Duration = Duration::from_secs(20);

/// What handlers see.
#[derive(Clone)]
struct Face {
    intake: Arc<Intake>,
    entrance: Arc<Entrance>,
}

impl Connected for Connection {
    type ConnectInfo = Sender;

    fn connect_info(&self) -> Sender {
        let peer = self.peer().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.ip());
        Sender(peer.to_canonical(), self.owing().clone())
    }
}

/// Serves a bound listener until the door is stopped.
pub async fn run(listener: TcpListener, limits: Limits, door: Door) -> io::Result<()> {
    let name = listener.local_addr()?.to_string();
    let intake = Intake::open(door, limits);
    let entrance = intake.entrance(ReceiverKind::OtlpGrpc, name, None);
    let face = Face { intake: intake.clone(), entrance };
    let router = Router::new().route(EXPORT, post(export)).fallback(unknown).with_state(face);
    let stop = intake.door.stop.clone();
    let serving = Server::builder()
        .max_concurrent_streams(STREAMS_MAX)
        .http2_max_header_list_size(HEADERS_MAX)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .initial_stream_window_size(STREAM_WINDOW)
        .http2_keepalive_interval(Some(KEEPALIVE))
        .http2_keepalive_timeout(Some(KEEPALIVE))
        .add_routes(Routes::from(router))
        .serve_with_incoming_shutdown(incoming(listener, &intake), stop.clone().cancelled_owned());
    let serving = async { serving.await.map_err(io::Error::other) };
    let result = until_drained(serving, stop, intake.limits.drain_timeout).await;
    intake.close().await;
    result
}

/// Connections as they come, at most as many as are allowed.
fn incoming(
    listener: TcpListener,
    intake: &Intake,
) -> ReceiverStream<Result<Connection, Infallible>> {
    let limits = &intake.limits;
    let mut listener = Bounded::new(listener, limits.connections_max, limits.receive_timeout);
    let (came, stream) = mpsc::channel(1);
    let stop = intake.door.stop.clone();
    tokio::spawn(async move {
        loop {
            let (connection, _) = tokio::select! {
                () = stop.cancelled() => return,
                accepted = listener.accept() => accepted,
            };
            if came.send(Ok(connection)).await.is_err() {
                return;
            }
        }
    });
    ReceiverStream::new(stream)
}

async fn export(State(face): State<Face>, request: Request) -> Response {
    if !text(request.headers(), "content-type").starts_with("application/grpc") {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::UNSUPPORTED_MEDIA_TYPE;
        return response;
    }
    match take(&face, request).await {
        Ok(taken) => success(taken),
        Err(refusal) => failure(&face.intake.refused(refusal)),
    }
}

async fn take(face: &Face, request: Request) -> Result<Taken, Refusal> {
    let Face { intake, entrance } = face;
    let mut room = intake.enter()?;
    let ip = sender(request.extensions());
    let (parts, content) = request.into_parts();
    let packing = text(&parts.headers, "grpc-encoding");
    let content = body::read(content, packing, Framing::Grpc, &intake.limits, &mut room).await?;
    let _owed = owed(&parts.extensions);
    let held = room.bytes();
    let mut records = Records::new(&intake.limits);
    proto::read(&content, &mut records, &mut room)?;
    let digest = intake.digest(entrance, ip, &content);
    let read = content.len();
    drop(content);
    room.shrink(held);
    intake.offer(entrance, Offer { ip, digest, read, records, room }).await
}

/// One message, and in the trailers that all is well.
fn success(taken: Taken) -> Response {
    let message = answer::taken(taken);
    let length = message.encoded_len();
    let mut framed = Vec::with_capacity(5 + length);
    framed.push(0);
    framed.extend_from_slice(&(length as u32).to_be_bytes());
    framed.extend_from_slice(&message.encode_to_vec());
    let trailers = async {
        let mut trailers = HeaderMap::new();
        trailers.insert("grpc-status", HeaderValue::from_static("0"));
        Some(Ok::<_, Infallible>(trailers))
    };
    let body = Full::new(Bytes::from(framed)).with_trailers(trailers);
    head(Response::new(Body::new(body)))
}

/// No message, only the status.
fn failure(refusal: &Refusal) -> Response {
    let status = answer::status(refusal);
    let details = if status.details.is_empty() { Vec::new() } else { status.encode_to_vec() };
    let code = answer::code(refusal);
    head(Status::with_details(code, status.message, details.into()).into_http())
}

async fn unknown(request: Request) -> Response {
    let told = format!("{} is not here: only logs are taken, by {EXPORT}", request.uri().path());
    head(Status::new(Code::Unimplemented, told).into_http())
}

fn head(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    let packings = HeaderValue::from_static("identity,gzip,deflate");
    headers.insert("grpc-accept-encoding", packings);
    response
}
