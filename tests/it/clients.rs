//! Clients that people have: what `logger`, rsyslog and curl send is read as it was meant.
//!
//! A client that is not installed is a skip that says so; with `SEERFLOW_CLIENTS=1` it is a failure.

use crate::daemon::{Daemon, FREE_PORTS, LONG, wait};
use crate::webhook;
use std::io::Write;
use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Where a client is, or `None` and a word about it.
fn client(name: &str) -> Option<PathBuf> {
    let path = std::env::var("PATH").unwrap_or_default();
    let folders = path.split(':').chain(["/usr/sbin", "/sbin", "/usr/local/sbin"]);
    let found = folders.map(|folder| PathBuf::from(folder).join(name)).find(|path| path.is_file());
    if found.is_none() {
        let wanted = std::env::var_os("SEERFLOW_CLIENTS").is_some_and(|value| value == "1");
        assert!(!wanted, "{name} is not installed and SEERFLOW_CLIENTS=1 asks for it");
        println!("skipped: {name} is not installed");
    }
    found
}

/// Runs a client to its end.
fn run(command: &mut Command) -> String {
    let output = command.stdin(Stdio::null()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{command:?}: {said}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn logger_over_udp_and_tcp() {
    let Some(logger) = client("logger") else { return };
    let daemon = Daemon::start(FREE_PORTS);
    let (udp, tcp) = (daemon.udp.unwrap().port(), daemon.tcp.unwrap().port());
    for (program, port, more) in [
        ("overudp", udp, &["--udp"][..]),
        ("oldudp", udp, &["--udp", "--rfc3164"]),
        ("overtcp", tcp, &["--tcp"]),
        ("oldtcp", tcp, &["--tcp", "--rfc3164"]),
        ("counted", tcp, &["--tcp", "--octet-count"]),
    ] {
        for n in 0..5 {
            let mut command = Command::new(&logger);
            command.args(["-n", "127.0.0.1", "-P", &port.to_string(), "-t", program]);
            command.args(["-p", "auth.warning", "-i"]).args(more);
            run(command.arg(format!("session opened for user ann by uid {n}")));
        }
    }
    daemon.wait_processed(25);
    for program in ["overudp", "oldudp", "overtcp", "oldtcp", "counted"] {
        wait(&format!("events of {program}"), || daemon.events_of(program) == 5);
    }
    for tag in ["malformed", "inherited", "clock_skew", "late"] {
        assert_eq!(daemon.tagged(tag), 0, "{tag}");
    }
    assert_eq!(daemon.counter("syslog_tcp_malformed_frame"), 0);
    assert_eq!(daemon.stop().status.code(), Some(0));
}

/// A child that is ended with the test.
struct Ends(Child);

impl Drop for Ends {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn rsyslog_with_octet_counting() {
    const MESSAGES: u64 = 2_000;
    let Some(rsyslogd) = client("rsyslogd") else { return };
    let daemon = Daemon::start(FREE_PORTS);
    let home = tempfile::tempdir().unwrap();
    let (socket, config) = (home.path().join("log"), home.path().join("rsyslog.conf"));
    let dir = home.path().display();
    // Line ends inside messages are what octet counting is for.
    let text = format!(
        "global(workDirectory=\"{dir}\" parser.escapeControlCharactersOnReceive=\"off\")\n\
         module(load=\"imuxsock\" SysSock.Use=\"off\")\n\
         input(type=\"imuxsock\" Socket=\"{dir}/log\" RateLimit.Interval=\"0\" UsePIDFromSystem=\"off\")\n\
         *.* action(type=\"omfwd\" target=\"127.0.0.1\" port=\"{}\" protocol=\"tcp\" \
         TCP_Framing=\"octet-counted\" template=\"RSYSLOG_SyslogProtocol23Format\")\n",
        daemon.tcp.unwrap().port()
    );
    std::fs::write(&config, text).unwrap();
    let mut command = Command::new(rsyslogd);
    command.arg("-n").arg("-f").arg(&config).arg("-i").arg(home.path().join("pid"));
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let _relay = Ends(command.spawn().unwrap());
    wait("rsyslog opens its socket", || socket.exists());
    let sender = UnixDatagram::unbound().unwrap();
    let begun = Instant::now();
    while sender.connect(&socket).is_err() {
        assert!(begun.elapsed() < LONG);
        std::thread::sleep(Duration::from_millis(20));
    }
    for n in 0..MESSAGES {
        let more = if n % 2 == 0 { "\n  with a second line <13>1 - - - of its own" } else { "" };
        sender.send(format!("<36>relayed[7]: request {n} was refused{more}").as_bytes()).unwrap();
    }
    wait("all of them come through", || daemon.events_of("relayed") == MESSAGES);
    assert_eq!(daemon.counter("syslog_tcp_malformed_frame"), 0);
    assert_eq!(daemon.tagged("malformed"), 0);
    assert_eq!(daemon.stop().status.code(), Some(0));
}

#[test]
fn curl_to_a_webhook() {
    let Some(curl) = client("curl") else { return };
    let yaml = "dashboard_port: 0\nreceivers: {syslog_udp_port: 0, syslog_tcp_port: 0, otlp_grpc_port: 0, otlp_http_port: 0, webhook_port: 0, \
                webhooks: [{path: /in, auth_header: Authorization, auth_token: s3cret}]}\n";
    let daemon = Daemon::start(yaml);
    let url = format!("http://{}/in", webhook::address(&daemon));
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("records.ndjson");
    let lines: Vec<String> = (0..100)
        .map(|n| {
            format!("{{\"program\":\"curled\",\"level\":\"warn\",\"msg\":\"order {n} refused\"}}")
        })
        .collect();
    std::fs::write(&file, lines.join("\n")).unwrap();
    let token = ["-sS", "-f", "-H", "Authorization: Bearer s3cret"];
    let post = |more: &[&str]| run(Command::new(&curl).args(token).args(more).arg(&url));
    let at = format!("@{}", file.display());
    let ndjson = "Content-Type: application/x-ndjson";
    assert_eq!(post(&["-H", ndjson, "--data-binary", &at]), "{\"accepted\":100}");
    // As people type it: curl calls it a form.
    assert_eq!(post(&["-d", "{\"program\":\"typed\",\"msg\":\"hello\"}"]), "{\"accepted\":1}");
    assert_eq!(
        post(&["-d", "program=formed", "--data-urlencode", "msg=a & b"]),
        "{\"accepted\":1}"
    );
    let packed = home.path().join("records.gz");
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(lines.join("\n").replace("curled", "packed").as_bytes()).unwrap();
    std::fs::write(&packed, gzip.finish().unwrap()).unwrap();
    let at = format!("@{}", packed.display());
    let encoding = "Content-Encoding: gzip";
    assert_eq!(post(&["-H", ndjson, "-H", encoding, "--data-binary", &at]), "{\"accepted\":100}");
    let status = |more: &[&str]| {
        run(Command::new(&curl)
            .args(["-s", "-o", "/dev/null", "-w", "%{http_code}"])
            .args(more)
            .arg(&url))
    };
    assert_eq!(status(&["-d", "{}"]), "401");
    assert_eq!(status(&[]), "405");
    daemon.wait_processed(202);
    for (program, events) in [("curled", 100), ("typed", 1), ("formed", 1), ("packed", 100)] {
        wait(program, || daemon.events_of(program) == events);
    }
    assert_eq!(daemon.stop().status.code(), Some(0));
}
