//! Serves HTTP/1 to senders of logs, with bounded connections, and stops in order.
//!
//! When the receiver stops, no connection is accepted any more; requests that are being answered
//! are finished, those that are still arriving are given up after a while; what was being taken by
//! then still goes into its lanes, and only then the port is closed.

use super::{Intake, Refusal};
use crate::api::listener::{Bounded, Owed, Owing};
use axum::Router;
use axum::extract::ConnectInfo;
use axum::extract::connect_info::Connected;
use axum::http::{Extensions, HeaderMap, HeaderValue, header};
use axum::serve::IncomingStream;
use std::future::Future;
use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// Who sent a request, and what is owed to the connection it came by.
#[derive(Clone, Debug)]
pub struct Sender(pub IpAddr, pub Owing);

impl Connected<IncomingStream<'_, Bounded>> for Sender {
    fn connect_info(stream: IncomingStream<'_, Bounded>) -> Sender {
        Sender(stream.remote_addr().ip().to_canonical(), stream.io().owing().clone())
    }
}

/// What one of the servers here has told of a request.
fn told(extensions: &Extensions) -> Option<&Sender> {
    let axum = extensions.get::<ConnectInfo<Sender>>().map(|info| &info.0);
    axum.or_else(|| extensions.get::<Sender>())
}

/// The sender of a request that one of the servers here passed on.
pub fn sender(extensions: &Extensions) -> IpAddr {
    told(extensions).map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |sender| sender.0)
}

/// The request has been read: its sender waits for us until this is dropped, and is not silent.
pub fn owed(extensions: &Extensions) -> Option<Owed> {
    told(extensions).map(|sender| sender.1.owe())
}

/// The value of a header as text; empty when there is none or it is no text.
pub fn text<'h>(headers: &'h HeaderMap, name: &str) -> &'h str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// Says in the headers of an answer when to come back.
pub fn say_when(headers: &mut HeaderMap, refusal: &Refusal) {
    if let Some(seconds) = refusal.retry_after() {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
}

/// Serves a bound listener until the door is stopped.
pub async fn serve(listener: TcpListener, router: Router, intake: Arc<Intake>) -> io::Result<()> {
    let limits = &intake.limits;
    let listener = Bounded::new(listener, limits.connections_max, limits.receive_timeout);
    let stop = intake.door.stop.clone();
    let router = router.into_make_service_with_connect_info::<Sender>();
    let serving =
        axum::serve(listener, router).with_graceful_shutdown(stop.clone().cancelled_owned());
    let drain = limits.drain_timeout;
    let result = until_drained(async move { serving.await }, stop, drain).await;
    intake.close().await;
    result
}

/// Waits for a server; after `stop` only for so long.
pub async fn until_drained(
    serving: impl Future<Output = io::Result<()>>,
    stop: CancellationToken,
    drain: Duration,
) -> io::Result<()> {
    let given_up = async {
        stop.cancelled().await;
        tokio::time::sleep(drain).await;
    };
    tokio::select! {
        result = serving => result,
        () = given_up => Ok(()),
    }
}
