//! What `start` says: where it listens, how to send a first line, how to check when nothing comes,
//! and why a port cannot be bound.

use crate::failure::Failure;
use crate::runtime::live::Way;
use std::fmt::{self, Write};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;

/// The doors that are open, with the addresses that were really bound.
#[derive(Clone, Debug, Default)]
pub struct Listening {
    /// Where the configuration came from.
    pub configuration: String,
    /// The data directory, when there is one.
    pub data_dir: Option<PathBuf>,
    /// Worker threads.
    pub workers: usize,
    /// Syslog over UDP.
    pub syslog_udp: Option<SocketAddr>,
    /// Syslog over TCP.
    pub syslog_tcp: Option<SocketAddr>,
    /// OpenTelemetry logs over gRPC.
    pub otlp_grpc: Option<SocketAddr>,
    /// OpenTelemetry logs over HTTP.
    pub otlp_http: Option<SocketAddr>,
    /// Webhooks: the address and the paths.
    pub webhooks: Option<(SocketAddr, Vec<String>)>,
    /// Files that are followed: how many patterns, and how many files fit now.
    pub files: Option<(Vec<String>, usize)>,
    /// Standard input.
    pub stdin: bool,
    /// The HTTP face.
    pub http: Option<SocketAddr>,
}

impl fmt::Display for Listening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "seerflow {}", env!("CARGO_PKG_VERSION"))?;
        writeln!(f, "  configuration  {}", self.configuration)?;
        if let Some(data_dir) = &self.data_dir {
            writeln!(f, "  data           {}", data_dir.display())?;
        }
        writeln!(f, "  workers        {}", self.workers)?;
        for (door, address) in [("syslog UDP", self.syslog_udp), ("syslog TCP", self.syslog_tcp)] {
            if let Some(address) = address {
                writeln!(f, "  {door}     {address}")?;
            }
        }
        if let Some(address) = self.otlp_grpc {
            writeln!(f, "  OTLP gRPC      {address}")?;
        }
        if let Some(address) = self.otlp_http {
            writeln!(f, "  OTLP HTTP      http://{address}/v1/logs")?;
        }
        if let Some((address, paths)) = &self.webhooks {
            for path in paths {
                writeln!(f, "  webhook        http://{address}{path}")?;
            }
        }
        if let Some((patterns, now)) = &self.files {
            writeln!(f, "  files          {} ({now} now)", patterns.join(", "))?;
        }
        if self.stdin {
            writeln!(f, "  stdin          lines until its end")?;
        }
        if let Some(http) = self.http {
            writeln!(f, "  HTTP           http://{http}/api/v1/stats")?;
        }
        let lines = self.first_lines();
        if !lines.is_empty() {
            writeln!(f, "Send a first line:")?;
            lines.iter().try_for_each(|line| writeln!(f, "  {line}"))?;
        }
        f.write_str("Ctrl-C stops it.")
    }
}

impl Listening {
    /// Notes where a way in for OTLP listens.
    pub fn otlp(&mut self, way: &Way) {
        match way {
            Way::OtlpGrpc(listener, _) => self.otlp_grpc = listener.local_addr().ok(),
            Way::OtlpHttp(listener, _) => self.otlp_http = listener.local_addr().ok(),
            _ => {}
        }
    }

    /// Lines to paste: by hand, with logger, and everything this machine logs.
    pub fn first_lines(&self) -> Vec<String> {
        let (address, tcp) = match (self.syslog_udp, self.syslog_tcp) {
            (Some(udp), _) => (udp, false),
            (None, Some(tcp)) => (tcp, true),
            (None, None) => return Vec::new(),
        };
        let (ip, port) = (reachable(address.ip()), address.port());
        let (nc, logger, at) = if tcp { ("nc -w1", "-T", "@@") } else { ("nc -u -w0", "-d", "@") };
        let host = if ip.is_ipv6() { format!("[{ip}]") } else { ip.to_string() };
        vec![
            format!(
                "echo \"<11>1 $(date -u +%FT%TZ) $(hostname) demo 1 - - hello seerflow\" | {nc} {ip} {port}"
            ),
            format!("logger -n {ip} -P {port} {logger} hello seerflow"),
            format!(
                "echo '*.* {at}{host}:{port}' | sudo tee /etc/rsyslog.d/90-seerflow.conf && sudo \
                 systemctl restart rsyslog"
            ),
        ]
    }

    /// What to say when nothing came for a while.
    pub fn nothing_came(&self, seconds: u64) -> String {
        let mut out = format!("nothing has come in for {seconds} s; to check:");
        for (name, address, flag) in [
            ("UDP", self.syslog_udp, "-u"),
            ("TCP", self.syslog_tcp, "-t"),
            ("OTLP gRPC", self.otlp_grpc, "-t"),
            ("OTLP HTTP", self.otlp_http, "-t"),
        ] {
            let Some(address) = address else { continue };
            let port = address.port();
            let _ =
                write!(out, "\n  ss -ln{} 'sport = :{port}'   is the {name} port open", &flag[1..]);
            if address.ip().is_loopback() {
                let _ = write!(
                    out,
                    "\n    it is bound to {}: other machines reach it only with receivers.bind_addr \
                     set to an address of this one",
                    address.ip()
                );
            }
        }
        if let Some((address, paths)) = &self.webhooks {
            let path = paths.first().map_or("/", String::as_str);
            let _ = write!(
                out,
                "\n  curl -i -H 'Content-Type: application/json' -d '{{}}' http://{address}{path}   \
                 does the webhook answer"
            );
        }
        if let Some((patterns, now)) = &self.files {
            let _ = write!(out, "\n  {} fits {now} files; do they grow?", patterns.join(", "));
        }
        if let Some(http) = self.http {
            let _ =
                write!(out, "\n  curl -s http://{http}/api/v1/ledger   what came in, by receiver");
        }
        out
    }
}

/// An address that a sender on this machine can use.
fn reachable(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    }
}

/// A port that cannot be bound: address, key and the way out.
pub fn cannot_bind(address: SocketAddr, protocol: &str, key: &str, error: &io::Error) -> Failure {
    let failure = Failure::cannot_run(format!("cannot listen on {address} ({protocol}): {error}"))
        .detail(format!("key: {key}"));
    let port = address.port();
    match error.kind() {
        io::ErrorKind::AddrInUse => {
            let flag = if protocol == "UDP" { "u" } else { "t" };
            failure.hint(format!(
                "`ss -ln{flag}p 'sport = :{port}'` shows who has it; set {key} to another port, or \
                 to 0 for any free one"
            ))
        }
        io::ErrorKind::PermissionDenied => failure.hint(format!(
            "ports below 1024 need a privilege; set {key} to one above, or grant it with \
             `AmbientCapabilities=CAP_NET_BIND_SERVICE`"
        )),
        io::ErrorKind::AddrNotAvailable => failure.hint(format!(
            "{} is no address of this machine; `ip address` lists them",
            address.ip()
        )),
        _ => failure.hint(format!("set {key} to another value")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listening() -> Listening {
        Listening {
            configuration: "built-in defaults, no file found".into(),
            workers: 2,
            syslog_udp: "127.0.0.1:5514".parse().ok(),
            syslog_tcp: "127.0.0.1:5514".parse().ok(),
            http: "127.0.0.1:8080".parse().ok(),
            ..Listening::default()
        }
    }

    #[test]
    fn says_where_and_how() {
        let text = listening().to_string();
        for part in [
            "syslog UDP     127.0.0.1:5514",
            "http://127.0.0.1:8080/api/v1/stats",
            "| nc -u -w0 127.0.0.1 5514",
            "logger -n 127.0.0.1 -P 5514 -d",
            "'*.* @127.0.0.1:5514'",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
        assert_eq!(listening().first_lines().len(), 3);
        let tcp =
            Listening { syslog_udp: None, syslog_tcp: "[::]:601".parse().ok(), ..listening() };
        assert!(tcp.first_lines()[0].ends_with("| nc -w1 ::1 601"), "{tcp}");
        assert!(tcp.first_lines()[2].contains("@@[::1]:601"), "{tcp}");
        let paths = vec!["/hooks/a".to_owned(), "/hooks/b".to_owned()];
        let webhooks = "127.0.0.1:8081".parse().ok().map(|address| (address, paths));
        let hooks = Listening { webhooks, ..listening() };
        assert!(hooks.to_string().contains("webhook        http://127.0.0.1:8081/hooks/b"));
        assert!(hooks.nothing_came(60).contains("http://127.0.0.1:8081/hooks/a"));
        let files =
            Listening { files: Some((vec!["/var/log/*".into()], 3)), ..Listening::default() };
        assert!(files.first_lines().is_empty() && files.to_string().contains("/var/log/* (3 now)"));
    }

    #[test]
    fn says_how_to_check() {
        let text = listening().nothing_came(60);
        for part in ["for 60 s", "ss -lnu 'sport = :5514'", "receivers.bind_addr", "/api/v1/ledger"]
        {
            assert!(text.contains(part), "{part}: {text}");
        }
    }

    #[test]
    fn a_taken_port_names_address_key_and_way_out() {
        let address = "127.0.0.1:5514".parse().unwrap();
        let taken = io::Error::from(io::ErrorKind::AddrInUse);
        let failure = cannot_bind(address, "UDP", "receivers.syslog_udp_port", &taken);
        let text = failure.to_string();
        assert_eq!(failure.exit_code, crate::ExitCode::CannotRun);
        for part in
            ["127.0.0.1:5514 (UDP)", "key: receivers.syslog_udp_port", "ss -lnup", "another port"]
        {
            assert!(text.contains(part), "{part}: {text}");
        }
        let denied = io::Error::from(io::ErrorKind::PermissionDenied);
        assert!(cannot_bind(address, "TCP", "x", &denied).to_string().contains("below 1024"));
    }
}
