//! The engine with real sockets and a clock that is moved by hand.

use crate::generator::{self, Line, Transport, World};
use seerflow::cli::daemon;
use seerflow::config::Config;
use seerflow::runtime::clock::{Clock, ManualClock};
use seerflow::runtime::live::{Live, LiveOptions, Way};
use seerflow::runtime::rules::{Given, Rules};
use seerflow::runtime::setup;
use seerflow_model::Alert;
use seerflow_model::time::{Ns, SECOND};
use seerflow_parsing::redact::Key;
use seerflow_pipeline::feed::PortState;
use std::collections::BTreeMap;
use std::io::Write;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::Ordering::Acquire;
use std::time::{Duration, Instant};

/// Manual time between two moves of the clock.
const STEP: Ns = 5 * SECOND;
/// Datagrams that are sent before their arrival is waited for: the kernel's buffer is bounded.
const DATAGRAMS: u64 = 100;
/// How long anything is waited for.
const PATIENCE: Duration = Duration::from_secs(30);

/// How a host sends.
enum Sender {
    Datagrams(UdpSocket),
    Lines(TcpStream),
    Counted(TcpStream),
}

/// A running engine and the senders of its hosts.
pub struct Rig {
    runtime: tokio::runtime::Runtime,
    live: Option<Live>,
    alerts: flume::Receiver<Alert>,
    hand: ManualClock,
    hosts: Vec<Sender>,
    world: World,
    /// Lines by UDP and by TCP.
    sent: [u64; 2],
}

impl Rig {
    /// Starts engine and senders with the clock at `start`.
    pub fn start(world: &World, start: Ns) -> Rig {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        let runtime = runtime.unwrap();
        let config = Config::default();
        let given = Given { timezone: Some(jiff::tz::TimeZone::UTC), ..Given::default() };
        let rules = Arc::new(Rules::new(&config, given, &Key::new(b"tests")));
        let (clock, hand) = Clock::manual(start);
        let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
        let tcp = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let (to_udp, to_tcp) = (udp.local_addr().unwrap(), tcp.local_addr().unwrap());
        let options = LiveOptions {
            ways: vec![Way::Udp(udp, daemon::udp(&config)), Way::Tcp(tcp, daemon::tcp(&config))],
            clock,
            rules: rules.clone(),
            node: 1,
            first_seq: 1,
            lateness: config.engine.lateness_seconds * SECOND,
        };
        let (live, alerts) = {
            let _context = runtime.enter();
            Live::start(setup::engine(&config, 2, &rules), options).unwrap()
        };
        let hosts = world.hosts.iter().enumerate();
        let hosts: Vec<Sender> = hosts
            .map(|(index, host)| {
                let from = sender_of(world, index);
                match host.transport {
                    Transport::Udp => Sender::Datagrams(datagrams(from, to_udp)),
                    Transport::TcpLines => Sender::Lines(stream(from, to_tcp)),
                    Transport::TcpCounted => Sender::Counted(stream(from, to_tcp)),
                }
            })
            .collect();
        let rig = Rig {
            runtime,
            live: Some(live),
            alerts,
            hand,
            hosts,
            world: world.clone(),
            sent: [0; 2],
        };
        let streams = rig.hosts.iter().filter(|way| !matches!(way, Sender::Datagrams(_))).count();
        rig.wait("connections", |live| {
            live.receivers[1].counters.connections.load(Acquire) == streams as u64
        });
        rig
    }

    /// Sends the lines of a minute; the clock follows them.
    pub fn minute(&mut self, start: Ns, lines: &[Line]) {
        let mut rest = lines;
        for until in (start + STEP..=start + 60 * SECOND).step_by(STEP as usize) {
            let (now, later) = rest.split_at(rest.partition_point(|line| line.at < until));
            self.send(now);
            rest = later;
            self.hand.set(until);
        }
        assert!(rest.is_empty(), "lines belong to their minute");
    }

    fn send(&mut self, lines: &[Line]) {
        let mut streams: BTreeMap<usize, Vec<u8>> = BTreeMap::new();
        for line in lines {
            let frame = generator::frame(&self.world, line);
            let bytes = match &self.hosts[line.host] {
                Sender::Datagrams(socket) => {
                    socket.send(frame.as_bytes()).unwrap();
                    self.sent[0] += 1;
                    if self.sent[0].is_multiple_of(DATAGRAMS) {
                        self.wait_accepted(0);
                    }
                    continue;
                }
                Sender::Lines(_) | Sender::Counted(_) => streams.entry(line.host).or_default(),
            };
            self.sent[1] += 1;
            match &self.hosts[line.host] {
                Sender::Counted(_) => write!(bytes, "{} {frame}", frame.len()).unwrap(),
                _ => writeln!(bytes, "{frame}").unwrap(),
            }
        }
        for (host, bytes) in streams {
            if let Sender::Lines(stream) | Sender::Counted(stream) = &mut self.hosts[host] {
                stream.write_all(&bytes).unwrap();
            }
        }
        self.wait_accepted(0);
        self.wait_accepted(1);
        let sent: u64 = self.sent.iter().sum();
        self.wait("lines in the engine", |live| {
            let ports = live.shared.ports.iter();
            let there = |port: &Arc<PortState>| {
                (
                    port.held.load(Acquire) + port.processed.load(Acquire),
                    port.in_flight.load(Acquire),
                )
            };
            let (there, on_the_way) =
                ports.map(there).fold((0, 0), |sum, port| (sum.0 + port.0, sum.1 + port.1));
            there == sent && on_the_way == 0
        });
    }

    fn wait_accepted(&self, port: usize) {
        let sent = self.sent[port];
        self.wait("lines at the door", |live| {
            live.shared.ports[port].accepted.load(Acquire) == sent
        });
    }

    fn wait(&self, what: &str, done: impl Fn(&Live) -> bool) {
        let live = self.live.as_ref().unwrap();
        let deadline = Instant::now() + PATIENCE;
        while !done(live) {
            let counters: Vec<_> = live.receivers.iter().map(|r| r.counters.snapshot()).collect();
            assert!(Instant::now() < deadline, "{what}: {counters:?}, sent {:?}", self.sent);
            std::thread::sleep(Duration::from_micros(50));
        }
    }

    /// Ends the engine. Every alert as it was last told, in the order of their starts, and how
    /// many lines were sent.
    pub fn finish(mut self) -> (Vec<Alert>, u64) {
        let live = self.live.take().unwrap();
        let shared = live.shared.clone();
        let receivers = live.receivers.clone();
        self.runtime.block_on(live.stop()).unwrap();
        let mut last: BTreeMap<String, Alert> = BTreeMap::new();
        for alert in self.alerts.drain() {
            last.insert(alert.alert_id.clone(), alert);
        }
        let sent = self.sent.iter().sum();
        let processed = shared.ports.iter().map(|port| port.processed.load(Acquire)).sum::<u64>();
        assert_eq!(processed, sent, "every line was processed");
        assert!(receivers.iter().all(|receiver| receiver.counters.dropped() == 0));
        let mut alerts: Vec<Alert> = last.into_values().collect();
        alerts.sort_by(|a, b| (a.timestamp_ns, &a.title).cmp(&(b.timestamp_ns, &b.title)));
        (alerts, sent)
    }
}

/// Where a host sends from: an address of its own, or that of the relay of all.
fn sender_of(world: &World, host: usize) -> SocketAddr {
    let own = !world.relayed && cfg!(target_os = "linux");
    let last = if own { 10 + host as u8 } else { 1 };
    SocketAddr::new(IpAddr::V4(Ipv4Addr::new(127, 0, 0, last)), 0)
}

fn datagrams(from: SocketAddr, to: SocketAddr) -> UdpSocket {
    let socket = UdpSocket::bind(from).unwrap();
    socket.connect(to).unwrap();
    socket
}

fn stream(from: SocketAddr, to: SocketAddr) -> TcpStream {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    socket.bind(&from.into()).unwrap();
    socket.connect(&to.into()).unwrap();
    socket.set_tcp_nodelay(true).unwrap();
    socket.into()
}
