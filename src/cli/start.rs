//! `seerflow start`: the daemon.

use super::args::{SourceArgs, StartArgs};
use super::daemon::{self, Daemon};
use super::listening::{Listening, cannot_bind};
use super::{cluster, common, workers};
use crate::config::{Environment, Loaded};
use crate::failure::{ExitCode, Failure};
use crate::receivers::push;
use crate::runtime::live::Way;
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::path::Path;

/// Runs it.
pub fn run(
    args: StartArgs,
    loaded: Loaded,
    environment: &Environment,
) -> Result<ExitCode, Failure> {
    let Loaded { config, origin, .. } = loaded;
    let data = daemon::data_dir(args.data_dir.as_ref(), &config, environment)?;
    let mut listening = Listening {
        configuration: origin.to_string(),
        data_dir: Some(data.path().to_owned()),
        workers: workers::count(&args.workers, &config.engine),
        stdin: config.receivers.stdin_enabled,
        ..Listening::default()
    };
    let receivers = &config.receivers;
    let mut ways = Vec::new();
    if receivers.syslog_enabled {
        let address = SocketAddr::new(receivers.bind_addr, receivers.syslog_udp_port);
        let socket = bind_udp(address)?;
        listening.syslog_udp = socket.local_addr().ok();
        ways.push(Way::Udp(socket, daemon::udp(&config)));
    }
    if receivers.syslog_enabled && receivers.syslog_tcp_enabled {
        let address = SocketAddr::new(receivers.bind_addr, receivers.syslog_tcp_port);
        let listener = bind_tcp(address, "receivers.syslog_tcp_port")?;
        listening.syslog_tcp = listener.local_addr().ok();
        ways.push(Way::Tcp(listener, daemon::tcp(&config)));
    }
    for (enabled, port, key, open) in [
        (
            receivers.otlp_grpc_enabled,
            receivers.otlp_grpc_port,
            "receivers.otlp_grpc_port",
            Way::OtlpGrpc as fn(TcpListener, push::Limits) -> Way,
        ),
        (
            receivers.otlp_http_enabled,
            receivers.otlp_http_port,
            "receivers.otlp_http_port",
            Way::OtlpHttp,
        ),
    ] {
        if enabled {
            let listener = bind_tcp(SocketAddr::new(receivers.bind_addr, port), key)?;
            let way = open(listener, daemon::pushed(&config));
            listening.otlp(&way);
            ways.push(way);
        }
    }
    if receivers.webhook_enabled && !config.webhooks.is_empty() {
        let address = SocketAddr::new(receivers.bind_addr, receivers.webhook_port);
        let listener = bind_tcp(address, "receivers.webhook_port")?;
        let paths = config.webhooks.iter().map(|hook| hook.path.clone()).collect();
        listening.webhooks = listener.local_addr().ok().map(|address| (address, paths));
        ways.push(Way::Webhook(listener, daemon::webhooks(&config)));
    }
    if !receivers.file_paths.is_empty() {
        let options = daemon::files(&config, receivers.file_paths.clone(), false);
        let paths = crate::receivers::file::paths::Paths::new(&options.patterns, &options.roots)
            .map_err(|error| {
                Failure::usage(error.to_string()).detail("key: receivers.file_paths")
            })?;
        listening.files = Some((options.patterns.clone(), paths.scan().len()));
        ways.push(Way::Files(options));
    }
    if receivers.stdin_enabled {
        ways.push(Way::Pipe(daemon::pipe(&config)));
    }
    if ways.is_empty() {
        return Err(Failure::usage("no receiver is switched on").detail(
            "keys: receivers.syslog_enabled, receivers.otlp_grpc_enabled, \
             receivers.otlp_http_enabled, receivers.webhooks, receivers.file_paths, \
             receivers.stdin_enabled",
        ));
    }
    let address =
        SocketAddr::new(config.program.health_bind_address, config.program.dashboard_port);
    if !address.ip().to_canonical().is_loopback() {
        return Err(Failure::usage(format!(
            "the HTTP face must not listen on {address}: nobody is asked for a password there"
        ))
        .detail("key: health_bind_address; allowed: an address of the loopback")
        .hint("let others in through a proxy on this machine that asks for a password"));
    }
    let http = bind_tcp(address, "dashboard_port")?;
    listening.http = http.local_addr().ok();
    let source = SourceArgs::default();
    let rules = common::rules(&config, &source, Some(data.path()))?;
    if args.models.is_some() && args.cluster.process.is_some() {
        return Err(Failure::usage("a cluster cannot begin with models yet")
            .detail("argument: --models")
            .hint("start one process, or leave it out"));
    }
    let models = daemon::models(args.models.as_deref(), &config, &rules)?;
    let command = format!("start {} doors {}", ways.len(), cluster::of_source(&source));
    let shared = (command.as_str(), rules.redact_digest());
    let formed = cluster::join(&args.cluster, &config, listening.workers, shared)?;
    let daemon = Daemon {
        workers: listening.workers,
        rules,
        ways,
        formed,
        http: Some(http),
        alerts: args.alerts.overrides(false),
        listening,
        ends: false,
        config,
        data,
        keep: true,
        models,
        file: origin.path().map(Path::to_owned),
    };
    daemon.run()?;
    Ok(ExitCode::Fine)
}

fn bind_udp(address: SocketAddr) -> Result<UdpSocket, Failure> {
    UdpSocket::bind(address)
        .map_err(|error| cannot_bind(address, "UDP", "receivers.syslog_udp_port", &error))
}

fn bind_tcp(address: SocketAddr, key: &str) -> Result<TcpListener, Failure> {
    TcpListener::bind(address).map_err(|error| cannot_bind(address, "TCP", key, &error))
}
