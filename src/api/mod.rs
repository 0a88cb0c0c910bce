//! The HTTP API: everything that the program knows, as JSON, and what people may change.
//!
//! Routes and their OpenAPI document are made in one place ([`document`]); a request's parameters are
//! checked against the same table that the document shows ([`query`]). Nobody is asked for a
//! password yet, so it answers only on the loopback, only to names of the loopback and of pages
//! that the configuration allows ([`guard`], [`origin`]), and takes only bodies that say they are
//! JSON ([`body`]). Connections, the time a request may take to arrive and to be answered, its
//! size ([`listener`]), and how often a client may ask ([`rates`]) are bounded. It runs in tokio,
//! beside the dataflow, and reads what the program publishes ([`facts`]); what may block runs on a
//! few threads of its own ([`answer`]).

mod answer;
mod body;
mod document;
pub mod facts;
mod guard;
mod inside;
pub(crate) mod listener;
mod metrics;
mod origin;
mod query;
mod rates;
mod routes;
mod schemas;
mod search;
mod stores;

pub use facts::{
    ChannelState, EngineRow, ErrorRow, Errors, Facts, Health, LedgerRow, Metric, OperatorRow,
    SourceRow, Stats, TemplateRow,
};
pub use inside::{Inside, Opener, inside};
pub use rates::Rates;
pub use routes::marks::{HeldRow, MarkRow};

use crate::config::Program;
use crate::config::web_origin::WebOrigin;
use std::collections::BTreeMap;

use axum::{Router, middleware};
use std::future::{Future, pending};
use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex, PoisonError};
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
    /// Pages that may use the API; their hosts may stand in the Host header.
    pub origins: Vec<WebOrigin>,
    /// Whether the client's address is taken from a proxy's header.
    pub trust_proxy: bool,
    /// How often a client may ask; `None`: as often as it likes.
    pub rates: Option<Rates>,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            connections_max: 256,
            receive_timeout: Duration::from_secs(30),
            answer_timeout: Duration::from_secs(10),
            drain_timeout: Duration::from_secs(1),
            origins: Vec::new(),
            trust_proxy: false,
            rates: None,
        }
    }
}

impl Options {
    /// As the configuration says.
    pub fn of(program: &Program) -> Options {
        let rates = [
            &program.api_list_rate_limit,
            &program.api_detail_rate_limit,
            &program.api_coverage_rate_limit,
        ];
        Options {
            // Those that are none were refused when the configuration was read.
            origins: program
                .api_allowed_origins
                .iter()
                .filter_map(|o| WebOrigin::parse(o))
                .collect(),
            trust_proxy: program.api_trust_proxy_headers,
            rates: program.api_rate_limit_enabled.then(|| Rates(rates.map(Clone::clone))),
            ..Options::default()
        }
    }
}

/// Answers by status code.
#[derive(Default)]
pub(crate) struct Answered(Mutex<BTreeMap<u16, u64>>);

impl Answered {
    fn count(&self, status: u16) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(status).or_default() += 1;
    }

    fn counts(&self) -> BTreeMap<u16, u64> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// The OpenAPI document, as it is served.
pub fn openapi() -> String {
    document::text(&document::routes().1)
}

/// What handlers see.
#[derive(Clone)]
pub(crate) struct State {
    facts: Arc<dyn Facts>,
    options: Arc<Options>,
    bound: IpAddr,
    workers: answer::Workers,
    limiter: Arc<rates::Limiter>,
    answered: Arc<Answered>,
    document: Arc<str>,
    importer: routes::exchange::Shared,
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
    let service = guarded(facts, options, bound);
    let service = service.into_make_service_with_connect_info::<listener::Peer>();
    let listener = listener::Bounded::new(listener, limits.0, limits.1);
    let (stopping, stopped) = oneshot::channel();
    let shutdown = async move {
        shutdown.await;
        // The other half lives as long as this future's caller.
        let _ = stopping.send(());
    };
    let serving = axum::serve(listener, service).with_graceful_shutdown(shutdown);
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

/// Serves the connections of this process itself, until it is dropped.
pub async fn serve_inside(listener: Inside, facts: Arc<dyn Facts>, options: Options) {
    let service = guarded(facts, options, IpAddr::V4(Ipv4Addr::LOCALHOST));
    if let Err(error) = axum::serve(listener, service.into_make_service()).await {
        tracing::error!(%error, "the API of this process ended");
    }
}

/// All routes, behind the guard.
fn guarded(facts: Arc<dyn Facts>, options: Options, bound: IpAddr) -> Router {
    let (router, document) = document::routes();
    let state = State {
        facts,
        limiter: Arc::new(rates::Limiter::new(options.rates.clone())),
        options: Arc::new(options),
        bound,
        workers: answer::Workers::default(),
        answered: Arc::default(),
        document: document::text(&document).into(),
        importer: Arc::default(),
    };
    // The guard stands before the router, so that it sees every request as it came.
    Router::new()
        .fallback_service(router.with_state(state.clone()))
        .layer(middleware::from_fn_with_state(state, guard::guard))
}

#[cfg(test)]
mod tests;
