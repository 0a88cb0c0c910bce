//! The hostfile: one `host:port` per line, a process; its place among them is its index.
//!
//! Blank lines and what follows `#` do not count. Everything else is checked before anything is tried: a
//! wrong line is a mistake of the command line. Names are looked up once.

use crate::failure::{ExitCode, Failure};
use std::fs::File;
use std::io::Read;
use std::net::{SocketAddr, ToSocketAddrs};
use std::path::Path;

/// Processes of a cluster.
pub const PROCESSES_MAX: usize = 64;
/// Largest hostfile.
const FILE_BYTES_MAX: u64 = 64 << 10;

/// One process of the cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Host {
    /// As the file has it.
    pub text: String,
    /// Line in the file, from 1.
    pub line: usize,
    /// What the name stands for.
    pub addresses: Vec<SocketAddr>,
}

impl Host {
    /// As messages name process `index`.
    pub fn name(&self, index: usize) -> String {
        format!("process {index} ({})", self.text)
    }
}

/// Reads a hostfile. Addresses that are not on the loopback are refused unless `insecure`.
pub fn read(path: &Path, insecure: bool) -> Result<Vec<Host>, Failure> {
    let mut text = String::new();
    let read =
        File::open(path).and_then(|file| file.take(FILE_BYTES_MAX + 1).read_to_string(&mut text));
    read.map_err(|error| {
        Failure::usage(format!("cannot read the hostfile {}: {error}", path.display()))
            .detail("argument: --hostfile")
    })?;
    if text.len() as u64 > FILE_BYTES_MAX {
        return Err(wrong(path, 1, "the file is too large; allowed: 64 KiB".to_owned()));
    }
    let hosts = parse(path, &text)?;
    let hosts: Vec<Host> =
        hosts.into_iter().map(|host| resolve(path, host)).collect::<Result<_, _>>()?;
    let outside = |host: &&Host| host.addresses.iter().any(|address| !address.ip().is_loopback());
    match hosts.iter().find(outside) {
        Some(host) if !insecure => Err(wrong(
            path,
            host.line,
            format!("`{}` is not on the loopback; allowed: 127.0.0.1, ::1, localhost", host.text),
        )
        .hint(
            "processes do not ask each other for a password; where the network is yours alone, set \
             engine.cluster_insecure: true",
        )),
        _ => Ok(hosts),
    }
}

fn wrong(path: &Path, line: usize, what: String) -> Failure {
    Failure::usage(what).detail(format!("{}:{line}", path.display())).detail("argument: --hostfile")
}

fn parse(path: &Path, text: &str) -> Result<Vec<Host>, Failure> {
    let mut hosts: Vec<Host> = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let entry = line.split('#').next().unwrap_or_default().trim();
        if entry.is_empty() {
            continue;
        }
        let line = index + 1;
        if let Some(what) = mistake(entry) {
            return Err(wrong(path, line, format!("`{entry}` {what}")));
        }
        if let Some(before) = hosts.iter().find(|host| host.text == entry) {
            let what = format!("`{entry}` is in line {} already; allowed: each once", before.line);
            return Err(wrong(path, line, what));
        }
        if hosts.len() == PROCESSES_MAX {
            return Err(wrong(path, line, format!("too many; allowed: {PROCESSES_MAX} processes")));
        }
        hosts.push(Host { text: entry.to_owned(), line, addresses: Vec::new() });
    }
    if hosts.is_empty() {
        return Err(wrong(path, 1, "the file names no process; allowed: host:port lines".into()));
    }
    Ok(hosts)
}

/// What is wrong with an entry, if anything is.
fn mistake(entry: &str) -> Option<String> {
    let allowed = "allowed: host:port, such as 127.0.0.1:2101 or [::1]:2101";
    if entry.parse::<SocketAddr>().is_ok_and(|address| address.port() != 0) {
        return None;
    }
    let Some((host, port)) = entry.rsplit_once(':') else {
        return Some(format!("has no port; {allowed}"));
    };
    let name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
    if host.is_empty() || !host.chars().all(name) {
        let numeric = entry.parse::<SocketAddr>().is_ok();
        return Some(if numeric {
            "has port 0; allowed: 1 to 65535".to_owned()
        } else {
            format!("has no host that can be read; {allowed}")
        });
    }
    match port.parse::<u16>() {
        Ok(0) | Err(_) => Some(format!("has port `{port}`; allowed: 1 to 65535")),
        Ok(_) => None,
    }
}

fn resolve(path: &Path, mut host: Host) -> Result<Host, Failure> {
    let fail = |reason: String| {
        Failure::new(ExitCode::ClusterNotFormed, format!("cannot find `{}`: {reason}", host.text))
            .detail(format!("{}:{}", path.display(), host.line))
    };
    let found = host.text.to_socket_addrs().map_err(|error| fail(error.to_string()))?;
    let addresses: Vec<SocketAddr> = found.collect();
    if addresses.is_empty() {
        return Err(fail("the name has no address".into()));
    }
    host.addresses = addresses;
    Ok(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<Vec<String>, String> {
        let hosts = parse(Path::new("hosts"), text).map_err(|failure| failure.to_string())?;
        Ok(hosts.into_iter().map(|host| format!("{} {}", host.line, host.text)).collect())
    }

    #[test]
    fn lines_are_processes() {
        let text = "# two\n127.0.0.1:2101\n\n  [::1]:2102   # here\nnode-3.example:2103\r\n";
        let hosts = ["2 127.0.0.1:2101", "4 [::1]:2102", "5 node-3.example:2103"];
        assert_eq!(parsed(text), Ok(hosts.map(str::to_owned).to_vec()));
    }

    #[test]
    fn a_wrong_line_is_named_with_its_value_and_what_is_allowed() {
        for (text, line, what) in [
            ("", 1, "names no process"),
            ("127.0.0.1", 1, "`127.0.0.1` has no port; allowed: host:port"),
            ("a:1\n127.0.0.1:0", 2, "has port `0`; allowed: 1 to 65535"),
            ("[::1]:0", 1, "has port 0"),
            ("host:99999", 1, "has port `99999`"),
            ("host:", 1, "has port ``"),
            (":2101", 1, "no host"),
            ("::1:2101", 1, "no host"),
            ("a b:1", 1, "no host"),
            ("a:1\nb:2\na:1", 3, "is in line 1 already"),
        ] {
            let said = parsed(text).unwrap_err();
            assert!(said.contains(what) && said.contains(&format!("hosts:{line}")), "{said}");
        }
        let many: String = (1..=65).map(|port| format!("a:{port}\n")).collect();
        assert!(parsed(&many).unwrap_err().contains("allowed: 64 processes"));
    }

    #[test]
    fn only_the_loopback_without_a_word() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("hosts");
        std::fs::write(&path, "127.0.0.1:2101\n192.0.2.7:2102\n").unwrap();
        let said = read(&path, false).unwrap_err().to_string();
        assert!(
            said.contains("192.0.2.7:2102") && said.contains("engine.cluster_insecure"),
            "{said}"
        );
        assert_eq!(read(&path, true).unwrap().len(), 2);
        std::fs::write(&path, "127.0.0.1:2101\n[::1]:2102\nlocalhost:2103\n").unwrap();
        assert_eq!(read(&path, false).unwrap().len(), 3);
        assert_eq!(
            read(&folder.path().join("none"), false).unwrap_err().exit_code,
            ExitCode::Usage
        );
    }
}
