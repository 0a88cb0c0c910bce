//! What the syslog TCP receiver costs: lines per second, CPU per line, and CPU while idle.
//!
//! `cargo run --release --example receive_rate [LINES] [IDLE_SECONDS]`

use seerflow::receivers::Door;
use seerflow::receivers::counters::ReceiverCounters;
use seerflow::receivers::file::{self, FileOptions};
use seerflow::receivers::settings::{SourceKey, SourceRules, SourceSettings};
use seerflow::receivers::syslog::{tcp, udp};
use seerflow::runtime::clock::{Clock, Pulse};
use seerflow::runtime::stamp::Gate;
use seerflow_model::time::SECOND;
use seerflow_pipeline::feed::{LaneReceiver, Load, Port, PortState, lanes};
use seerflow_pipeline::flow::Flow;
use std::io::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

struct Rules;

impl SourceRules for Rules {
    fn settle(&self, key: &SourceKey<'_>) -> SourceSettings {
        SourceSettings::defaults(key)
    }
}

fn door(clock: &Clock, pulse: &Pulse, gate: &Gate) -> (Door, Vec<LaneReceiver>) {
    let (senders, receivers) = lanes(2, 20);
    let door = Door {
        clock: clock.clone(),
        pulse: pulse.clone(),
        gate: gate.clone(),
        port: Port::new(0, senders, Arc::new(PortState::default())),
        counters: Arc::new(ReceiverCounters::default()),
        rules: Arc::new(Rules),
        stop: CancellationToken::new(),
        node: 1,
        first_seq: 0,
        lateness: 2 * SECOND,
        flow: Arc::new(Flow::new(1, u64::MAX)),
    };
    (door, receivers)
}

/// CPU time of this process so far.
fn cpu() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

fn sender(address: std::net::SocketAddr, lines: u64) -> Duration {
    let text: Vec<u8> = (0..1000)
        .flat_map(|i| {
            format!(
                "<38>Nov 21 02:30:00 web-{} sshd[{i}]: Failed password for invalid user admin \
                 from 203.0.113.{} port 4242 ssh2\n",
                i % 7,
                i % 250
            )
            .into_bytes()
        })
        .collect();
    let mut stream = std::net::TcpStream::connect(address).expect("the listener is bound");
    for _ in 0..lines / 1000 {
        stream.write_all(&text).expect("the receiver reads to the end");
    }
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

#[tokio::main(worker_threads = 2)]
async fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let lines = arguments.next().map_or(Ok(2_000_000), |text| text.parse())?;
    let idle: u64 = arguments.next().map_or(Ok(30), |text| text.parse())?;
    let clock = Clock::system();
    let (pulse, gate) = (Pulse::new(clock.clone()), Gate::closed());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let (tcp_door, tcp_lanes) = door(&clock, &pulse, &gate);
    tokio::spawn(tcp::run(listener, tcp::TcpOptions::default(), tcp_door));
    let (udp_door, _udp_lanes) = door(&clock, &pulse, &gate);
    let socket = std::net::UdpSocket::bind("127.0.0.1:0")?;
    tokio::spawn(udp::run(socket, udp::UdpOptions::default(), udp_door));
    let (file_door, _file_lanes) = door(&clock, &pulse, &gate);
    let patterns = vec!["/var/log/**/*.log".to_owned()];
    tokio::spawn(file::run(FileOptions { patterns, ..FileOptions::default() }, file_door));

    let before = cpu();
    let begin = Instant::now();
    let sending = std::thread::spawn(move || sender(address, lines));
    let mut count = 0;
    while count < lines / 1000 * 1000 {
        let mut drained = 0;
        for lane in &tcp_lanes {
            lane.state.rearm();
            while let Ok(feed) = lane.rx.try_recv() {
                let Load::Batch(batch) = feed.load else { continue };
                drained += batch.records.len() as u64;
            }
        }
        count += drained;
        if drained == 0 {
            tokio::time::sleep(Duration::from_micros(200)).await;
        }
    }
    let (wall, used) = (begin.elapsed(), cpu() - before);
    let by_sender = sending.join().expect("the sender does not panic");
    let per_line = (used - by_sender).as_nanos() as f64 / count as f64;
    println!("{count} lines in {wall:?}: {:.0} lines/s", count as f64 / wall.as_secs_f64());
    println!("receiver: {per_line:.0} ns of CPU per line");
    let before = cpu();
    tokio::time::sleep(Duration::from_secs(idle)).await;
    let used = (cpu() - before).as_secs_f64() / idle as f64;
    println!("idle, all doors open: {:.3} % CPU over {idle} s", used * 100.0);
    Ok(())
}
