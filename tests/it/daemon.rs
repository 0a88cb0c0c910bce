//! The real program as tests drive it: started on free ports, asked over HTTP, stopped by signal.
//!
//! Every wait has a deadline and looks again every few milliseconds; nothing sleeps to synchronise.

use serde_json::Value;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// How long anything may take that is expected to happen.
pub const LONG: Duration = Duration::from_secs(60);

/// The seeded long forms of tests run when `SEERFLOW_FULL=1`.
pub fn full() -> bool {
    std::env::var_os("SEERFLOW_FULL").is_some_and(|value| value == "1")
}

/// Looks until it is true; fails with `what` when it takes too long.
pub fn wait(what: &str, mut holds: impl FnMut() -> bool) {
    wait_for(what, LONG, &mut holds);
}

/// As [`wait`], with its own patience.
pub fn wait_for(what: &str, patience: Duration, mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < patience, "not within {patience:?}: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// What a stream of the child has said so far.
#[derive(Clone, Default)]
pub struct Said(Arc<Mutex<Vec<u8>>>);

impl Said {
    fn follow(mut stream: impl Read + Send + 'static) -> (Said, std::thread::JoinHandle<()>) {
        let said = Said::default();
        let own = said.clone();
        let thread = std::thread::spawn(move || {
            let mut chunk = [0; 16 << 10];
            while let Ok(n @ 1..) = stream.read(&mut chunk) {
                own.0.lock().unwrap().extend_from_slice(&chunk[..n]);
            }
        });
        (said, thread)
    }

    /// As text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
    }
}

/// A running program.
pub struct Daemon {
    /// Its folder: configuration, data directory, working directory.
    pub dir: PathBuf,
    /// Syslog over UDP.
    pub udp: Option<SocketAddr>,
    /// Syslog over TCP.
    pub tcp: Option<SocketAddr>,
    /// The HTTP face.
    pub http: Option<SocketAddr>,
    /// Standard output.
    pub out: Said,
    /// Standard error.
    pub err: Said,
    child: Child,
    threads: Vec<std::thread::JoinHandle<()>>,
    _home: Option<tempfile::TempDir>,
}

/// How a program ended.
pub struct Ended {
    /// Exit status.
    pub status: ExitStatus,
    /// From the signal to the end.
    pub took: Duration,
    /// All of standard output.
    pub out: String,
    /// All of standard error.
    pub err: String,
}

/// The keys that put every listener on a free port of the loopback.
pub const FREE_PORTS: &str = "dashboard_port: 0\nreceivers: {syslog_udp_port: 0, syslog_tcp_port: 0, otlp_grpc_port: 0, \
     otlp_http_port: 0}\n";

/// The program in a clean environment, working in `dir`.
pub fn program(dir: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_seerflow"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("SEERFLOW") || name == "XDG_DATA_HOME" {
            command.env_remove(name);
        }
    }
    command.env("HOME", dir).env_remove("RUST_LOG").current_dir(dir).stdin(Stdio::null());
    command
}

impl Daemon {
    /// `start` with this configuration; `{dir}` in it is the daemon's folder.
    pub fn start(yaml: &str) -> Daemon {
        Daemon::with(yaml, &["start"])
    }

    /// A command with this configuration, started and ready.
    pub fn with(yaml: &str, arguments: &[&str]) -> Daemon {
        let home = tempfile::tempdir().unwrap();
        let mut daemon = Daemon::within(home.path(), yaml, arguments);
        daemon._home = Some(home);
        daemon
    }

    /// As [`Daemon::with`], in a folder that outlives it.
    pub fn within(dir: &Path, yaml: &str, arguments: &[&str]) -> Daemon {
        let fill = |text: &str| text.replace("{dir}", dir.to_str().unwrap());
        // Tests look again and again: limits are for those that are about them.
        let limits = match yaml.contains("api_rate_limit_enabled") {
            true => "",
            false => "api_rate_limit_enabled: false\n",
        };
        std::fs::write(dir.join("seerflow.yaml"), format!("{limits}{}", fill(yaml))).unwrap();
        let mut command = program(dir);
        command.args(arguments.iter().map(|argument| fill(argument)));
        Daemon::spawn(command, dir)
    }

    /// Starts a prepared command and waits until it says where it listens.
    pub fn spawn(mut command: Command, dir: &Path) -> Daemon {
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let streams: (ChildStdout, ChildStderr) =
            (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        let (out, first) = Said::follow(streams.0);
        let (err, second) = Said::follow(streams.1);
        let mut daemon = Daemon {
            dir: dir.to_owned(),
            udp: None,
            tcp: None,
            http: None,
            out,
            err,
            child,
            threads: vec![first, second],
            _home: None,
        };
        wait("it says that it is ready", || {
            if let Some(status) = daemon.child.try_wait().unwrap() {
                panic!("it ended with {status}: {}", daemon.err.text());
            }
            daemon.err.text().contains("Ctrl-C stops it.")
        });
        let text = daemon.err.text();
        let after = |label: &str| text.lines().find_map(|line| line.trim().strip_prefix(label));
        let address = |label: &str| after(label)?.trim().parse().ok();
        daemon.udp = address("syslog UDP");
        daemon.tcp = address("syslog TCP");
        daemon.http = after("HTTP").and_then(|url| url.trim().split('/').nth(2)?.parse().ok());
        daemon
    }

    /// Process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Asks the HTTP face.
    pub fn get(&self, path: &str) -> Answer {
        Answer::of(self.http.unwrap(), &request("GET", path, "127.0.0.1"))
    }

    /// The JSON document of a path; fails unless it is a 200.
    pub fn json(&self, path: &str) -> Value {
        let answer = self.get(path);
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        answer.json()
    }

    /// `total_events_processed`.
    pub fn processed(&self) -> u64 {
        self.json("/api/v1/stats")["total_events_processed"].as_u64().unwrap()
    }

    /// Waits until so many events passed.
    pub fn wait_processed(&self, count: u64) {
        let begun = Instant::now();
        loop {
            let now = self.processed();
            if now >= count {
                assert_eq!(now, count, "more events than were sent");
                return;
            }
            let ledger = || self.get("/api/v1/ledger").body;
            assert!(begun.elapsed() < LONG * 3, "{now} of {count} events: {}", ledger());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// The ledger's row of a receiver.
    pub fn ledger(&self, receiver: &str) -> Value {
        let ledger = self.json("/api/v1/ledger");
        let rows = ledger["receivers"].as_array().unwrap();
        rows.iter().find(|row| row["receiver"] == receiver).unwrap().clone()
    }

    /// A sample of `/metrics` by name and labels; 0 when it is not there.
    pub fn metric(&self, sample: &str) -> u64 {
        let text = self.get("/metrics").body;
        let line = text.lines().find_map(|line| line.strip_prefix(sample)?.strip_prefix(' '));
        line.map_or(0, |value| value.parse::<f64>().unwrap() as u64)
    }

    /// A counter of a receiver: `syslog_tcp_cut`.
    pub fn counter(&self, name: &str) -> u64 {
        self.metric(&format!("seerflow_receiver{{counter=\"{name}\"}}"))
    }

    /// Records with this tag.
    pub fn tagged(&self, tag: &str) -> u64 {
        self.json("/api/v1/stats")["tags"][tag].as_u64().unwrap_or(0)
    }

    /// Events of a template whose program is `program`, over all its templates.
    pub fn events_of(&self, program: &str) -> u64 {
        let mut events = 0;
        for page in 1.. {
            let list = self.json(&format!("/api/v1/templates?limit=1000&page={page}"));
            for row in list["items"].as_array().unwrap() {
                if row["program"] == program {
                    events += row["event_count"].as_u64().unwrap();
                }
            }
            if list["has_next"] != true {
                break;
            }
        }
        events
    }

    /// A connection to the TCP listener.
    pub fn connect(&self) -> TcpStream {
        TcpStream::connect(self.tcp.unwrap()).unwrap()
    }

    /// A socket that sends to the UDP listener.
    pub fn datagrams(&self) -> UdpSocket {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.connect(self.udp.unwrap()).unwrap();
        socket
    }

    /// CPU time used so far, in seconds.
    pub fn cpu_seconds(&self) -> f64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.pid())).unwrap();
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
        let ticks: u64 = fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
        // USER_HZ, which /proc counts in, is 100 on Linux whatever the kernel's own tick is.
        ticks as f64 / 100.0
    }

    /// Sends SIGTERM and waits for the end.
    pub fn stop(mut self) -> Ended {
        let begun = Instant::now();
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        self.end(begun)
    }

    /// Waits for the end.
    pub fn end(&mut self, begun: Instant) -> Ended {
        let mut status = None;
        wait("it ends", || {
            status = self.child.try_wait().unwrap();
            status.is_some()
        });
        let took = begun.elapsed();
        for thread in self.threads.drain(..) {
            thread.join().unwrap();
        }
        Ended { status: status.unwrap(), took, out: self.out.text(), err: self.err.text() }
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        if let Ok(None) = self.child.try_wait() {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

/// A request without a body.
pub fn request(method: &str, path: &str, host: &str) -> String {
    format!("{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")
}

/// An answer of the HTTP face.
#[derive(Debug)]
pub struct Answer {
    /// Status code.
    pub status: u16,
    /// Header lines in lower case.
    pub head: String,
    /// Body.
    pub body: String,
}

impl Answer {
    /// Sends a request to the API as it is, reads the answer to its end and holds it against the
    /// document.
    pub fn of(address: SocketAddr, request: &str) -> Answer {
        let answer = Answer::of_other(address, request);
        crate::support::schema::check(request, answer.status, &answer.head, &answer.body);
        answer
    }

    /// The same of a server that is not the API.
    pub fn of_other(address: SocketAddr, request: &str) -> Answer {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(LONG)).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).unwrap();
        let text = String::from_utf8(bytes).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
        let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or(0);
        let head = head.to_lowercase();
        assert!(!head.contains("transfer-encoding"), "answers have a length: {head}");
        Answer { status, head, body: body.to_owned() }
    }

    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }
}

/// A small generator of numbers from a seed (splitmix64).
pub struct Random(pub u64);

impl Random {
    /// The next number.
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `n`.
    pub fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }
}
