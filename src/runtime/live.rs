//! The live engine: receivers in, the dataflow, alerts out.
//!
//! Every receiver has a port of its own, so the promise of one never waits for the queue of
//! another. At start files are read to their end before listeners promise by the clock. Stopping
//! closes the doors first, then lets the engine finish what is in flight.

use super::clock::{Clock, Pulse};
use super::stamp::Gate;
use crate::receivers::counters::ReceiverCounters;
use crate::receivers::otlp::{grpc, http};
use crate::receivers::settings::SourceRules;
use crate::receivers::syslog::{tcp, udp};
use crate::receivers::{Door, file, pipe, push, webhook};
use seerflow_model::record::ReceiverKind;
use seerflow_model::{Alert, Ns};
use seerflow_pipeline::engine::{Engine, Failed, Options, Shared};
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// One way in, already bound or checked.
pub enum Way {
    /// Syslog over UDP.
    Udp(std::net::UdpSocket, udp::UdpOptions),
    /// Syslog over TCP.
    Tcp(std::net::TcpListener, tcp::TcpOptions),
    /// OpenTelemetry logs over gRPC.
    OtlpGrpc(std::net::TcpListener, push::Limits),
    /// OpenTelemetry logs over HTTP.
    OtlpHttp(std::net::TcpListener, push::Limits),
    /// Webhooks.
    Webhook(std::net::TcpListener, webhook::WebhookOptions),
    /// Tailed files.
    Files(file::FileOptions),
    /// Standard input, or another stream that ends.
    Pipe(pipe::PipeOptions),
}

impl Way {
    fn kind(&self) -> ReceiverKind {
        match self {
            Way::Udp(..) => ReceiverKind::SyslogUdp,
            Way::Tcp(..) => ReceiverKind::SyslogTcp,
            Way::OtlpGrpc(..) => ReceiverKind::OtlpGrpc,
            Way::OtlpHttp(..) => ReceiverKind::OtlpHttp,
            Way::Webhook(..) => ReceiverKind::Webhook,
            Way::Files(..) => ReceiverKind::File,
            Way::Pipe(..) => ReceiverKind::Stdin,
        }
    }
}

/// What the receivers go by.
pub struct LiveOptions {
    /// The ways in.
    pub ways: Vec<Way>,
    /// The clock.
    pub clock: Clock,
    /// The rules of `sources[]`.
    pub rules: Arc<dyn SourceRules>,
    /// Identity of this node.
    pub node: u64,
    /// The first sequence number that was not used before.
    pub first_seq: u64,
    /// `engine.lateness_seconds`, in ns: what a receiver without records promises with.
    pub lateness: Ns,
}

/// One receiver as readers see it.
#[derive(Clone)]
pub struct Receiver {
    /// Which door.
    pub kind: ReceiverKind,
    /// Where it listens, for sockets.
    pub address: Option<SocketAddr>,
    /// What it counts.
    pub counters: Arc<ReceiverCounters>,
}

/// A running daemon core.
pub struct Live {
    engine: Engine,
    stop: CancellationToken,
    tasks: JoinSet<Result<(), String>>,
    /// The receivers, in the order of their ports.
    pub receivers: Arc<Vec<Receiver>>,
    /// What workers share with readers.
    pub shared: Shared,
}

impl Live {
    /// Starts engine and receivers on the current tokio runtime. `engine.ports` is set here.
    pub fn start(
        mut engine: Options,
        live: LiveOptions,
    ) -> Result<(Live, flume::Receiver<Alert>), Failed> {
        engine.ports = live.ways.len();
        // What state that was restored knows is the past: nothing comes in before it.
        let begins = engine.gap.map_or(0, |gap| gap.to);
        let (engine, alerts) = Engine::start(engine)?;
        let stop = CancellationToken::new();
        let pulse = Pulse::new(live.clock.clone());
        let files = live.ways.iter().any(|way| matches!(way, Way::Files(_)));
        let gate = if files { Gate::closed() } else { Gate::opened() };
        let mut tasks = JoinSet::new();
        let mut receivers = Vec::new();
        for (id, way) in live.ways.into_iter().enumerate() {
            let counters = Arc::new(ReceiverCounters::default());
            let port = engine.port(id as u16);
            port.promise(begins);
            let door = Door {
                clock: live.clock.clone(),
                pulse: pulse.clone(),
                gate: gate.clone(),
                port,
                counters: counters.clone(),
                rules: live.rules.clone(),
                stop: stop.clone(),
                node: live.node,
                first_seq: live.first_seq,
                lateness: live.lateness,
                flow: engine.shared.flow.clone(),
            };
            let kind = way.kind();
            let address = match &way {
                Way::Udp(socket, _) => socket.local_addr().ok(),
                Way::Tcp(listener, _) => listener.local_addr().ok(),
                Way::OtlpGrpc(listener, _) | Way::OtlpHttp(listener, _) => {
                    listener.local_addr().ok()
                }
                Way::Webhook(listener, _) => listener.local_addr().ok(),
                Way::Files(_) | Way::Pipe(_) => None,
            };
            receivers.push(Receiver { kind, address, counters });
            tasks.spawn(serve(way, door));
        }
        let shared = engine.shared.clone();
        let receivers = Arc::new(receivers);
        Ok((Live { engine, stop, tasks, receivers, shared }, alerts))
    }

    /// Waits until a receiver ends by itself: the end of standard input, or an error.
    pub async fn next_end(&mut self) -> Option<Result<(), String>> {
        self.tasks.join_next().await.map(|end| end.unwrap_or_else(|e| Err(e.to_string())))
    }

    /// Closes the doors, finishes what is in flight, ends the engine.
    pub async fn stop(mut self) -> Result<(), Failed> {
        self.stop.cancel();
        while self.tasks.join_next().await.is_some() {}
        let finished = tokio::task::spawn_blocking(move || self.engine.finish()).await;
        finished.unwrap_or_else(|e| Err(Failed::new(e.to_string()))).map(drop)
    }
}

async fn serve(way: Way, door: Door) -> Result<(), String> {
    let kind = way.kind().name();
    let result = match way {
        Way::Udp(socket, options) => {
            udp::run(socket, options, door).await.map_err(|e| e.to_string())
        }
        Way::Tcp(listener, options) => match listen(listener) {
            Ok(listener) => tcp::run(listener, options, door).await.map_err(|e| e.to_string()),
            Err(error) => Err(error.to_string()),
        },
        Way::OtlpGrpc(listener, limits) => match listen(listener) {
            Ok(listener) => grpc::run(listener, limits, door).await.map_err(|e| e.to_string()),
            Err(error) => Err(error.to_string()),
        },
        Way::OtlpHttp(listener, limits) => match listen(listener) {
            Ok(listener) => http::run(listener, limits, door).await.map_err(|e| e.to_string()),
            Err(error) => Err(error.to_string()),
        },
        Way::Webhook(listener, options) => match listen(listener) {
            Ok(listener) => webhook::run(listener, options, door).await.map_err(|e| e.to_string()),
            Err(error) => Err(error.to_string()),
        },
        Way::Files(options) => file::run(options, door).await.map_err(|e| e.to_string()),
        Way::Pipe(options) => {
            pipe::run(std::io::stdin(), options, door).await.map_err(|e| e.to_string())
        }
    };
    result.map_err(|error| format!("{kind}: {error}"))
}

fn listen(listener: std::net::TcpListener) -> std::io::Result<tokio::net::TcpListener> {
    listener.set_nonblocking(true)?;
    tokio::net::TcpListener::from_std(listener)
}
