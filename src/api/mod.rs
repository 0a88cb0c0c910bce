//! The read-only HTTP face: health, numbers, the ledger, alerts, templates, metrics.
//!
//! GET and HEAD only; nothing here changes anything. Nobody is asked for a password, so it answers
//! only to the names of the loopback and the address it is bound to ([`guard`]): a page in a
//! browser cannot reach it by a name of its own. Connections, the time a request may take to
//! arrive and to be answered, and its size are bounded ([`listener`]). It runs in tokio, beside the
//! dataflow, and reads what the program publishes ([`facts`]).

pub mod facts;
mod guard;
pub(crate) mod listener;
mod metrics;
mod query;
mod routes;

pub use facts::{ChannelState, Facts, Health, LedgerRow, Metric, Stats, TemplateRow};

use std::future::{Future, pending};
use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

/// Limits of the face.
#[derive(Clone, Debug)]
pub struct Options {
    /// Connections at a time; more wait to be accepted.
    pub connections_max: usize,
    /// Time that a request may take to arrive, and that a connection may be idle.
    pub receive_timeout: Duration,
    /// Time that an answer may take to be made.
    pub answer_timeout: Duration,
    /// Time that open connections get to finish when the face stops.
    pub drain_timeout: Duration,
    /// Host names that are answered besides the loopback's and the bound address.
    pub host_names: Vec<String>,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            connections_max: 256,
            receive_timeout: Duration::from_secs(30),
            answer_timeout: Duration::from_secs(10),
            drain_timeout: Duration::from_secs(1),
            host_names: Vec::new(),
        }
    }
}

/// What handlers see.
#[derive(Clone)]
pub(crate) struct State {
    facts: Arc<dyn Facts>,
    options: Arc<Options>,
    bound: IpAddr,
}

/// Serves until `shutdown` completes; requests that are being answered are finished, those that are
/// still arriving do not hold up the end.
pub async fn serve(
    listener: TcpListener,
    facts: Arc<dyn Facts>,
    options: Options,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let bound = listener.local_addr()?.ip();
    let limits = (options.connections_max, options.receive_timeout);
    let drain = options.drain_timeout;
    let state = State { facts, options: Arc::new(options), bound };
    let listener = listener::Bounded::new(listener, limits.0, limits.1);
    let (stopping, stopped) = oneshot::channel();
    let shutdown = async move {
        shutdown.await;
        // The other half lives as long as this future's caller.
        let _ = stopping.send(());
    };
    let serving = axum::serve(listener, routes::router(state)).with_graceful_shutdown(shutdown);
    let given_up = async {
        match stopped.await {
            Ok(()) => tokio::time::sleep(drain).await,
            Err(_) => pending().await,
        }
    };
    tokio::select! {
        result = serving => result,
        () = given_up => Ok(()),
    }
}

#[cfg(test)]
mod tests;
