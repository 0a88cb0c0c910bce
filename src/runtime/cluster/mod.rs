//! Several processes as one engine: who takes part, how they find each other, and what happens when
//! one is lost.
//!
//! The processes connect before the engine starts, over sockets of our own: the lower index listens,
//! the higher one dials. Each shows first what it is ([`hello`]): the number of processes and workers, the
//! build, the settings. Any difference ends all of them, because workers that differ would give results
//! that nobody can explain, or fail on what the others send. What is read is compared later
//! ([`Formed::agree`]), when the archives have been scanned. Only then are the sockets handed on.
//!
//! Invariants: a connection that says nothing or anything else than a hello delays nobody and ends
//! nothing; waiting ends after `engine.cluster_wait_seconds`. There is no secret: who reaches the port
//! while the cluster forms can end the attempt with a hello that differs, and with one that does not is
//! a peer (see SECURITY.md).

pub mod hello;
pub mod hosts;
mod join;
mod lost;

use crate::config::Config;
use crate::failure::{ExitCode, Failure};
use crate::runtime::setup;
use hello::Hello;
use hosts::Host;
use seerflow_model::hash;
use seerflow_pipeline::cluster::Cluster;
use std::fs::File;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::time::Duration;

/// Begins what is sent in [`Formed::agree`].
const AGREE: [u8; 8] = *b"seeragre";
/// A peer that does not answer for so long, though its machine should, is lost.
const SILENT: Duration = Duration::from_secs(10);

/// What takes part in a cluster.
pub struct Member {
    /// Index of this process.
    pub process: usize,
    /// All processes.
    pub hosts: Vec<Host>,
    /// How long the others are waited for.
    pub wait: Duration,
    /// What must be equal everywhere.
    pub hello: Hello,
}

/// A cluster whose processes are connected.
pub struct Formed {
    /// Index of this process.
    pub process: usize,
    hosts: Vec<Host>,
    sockets: Vec<Option<TcpStream>>,
}

impl Member {
    /// For process `process` of those in `hosts`; `command` is all that the command line says of how
    /// logs are read, `redact` tells the key of what is redacted.
    pub fn new(
        process: usize,
        hosts: Vec<Host>,
        config: &Config,
        workers: usize,
        (command, redact): (&str, u64),
    ) -> io::Result<Member> {
        let engine = &config.engine;
        let reading = format!(
            "{command} {} {} {} {}",
            config.receivers.line_bytes_max,
            engine.lateness_seconds,
            engine.max_future_seconds,
            engine.spill_bytes
        );
        let hello = Hello {
            process: process as u64,
            processes: hosts.len() as u64,
            workers: workers as u64,
            build: build()?,
            detection: hash::text(&format!("{:?}", setup::settings(config))),
            sources: hash::text(&format!("{:?}", config.sources)),
            reading: hash::text(&reading),
            redact,
        };
        Ok(Member { process, hosts, wait: Duration::from_secs(engine.cluster_wait_seconds), hello })
    }

    /// Connects to all others, or says why that did not come about.
    pub fn form(self) -> Result<Formed, Failure> {
        let sockets = join::join(&self)?;
        for socket in sockets.iter().flatten() {
            let set = prepare(socket);
            set.map_err(|error| not_formed(format!("cannot set up a connection: {error}")))?;
        }
        Ok(Formed { process: self.process, hosts: self.hosts, sockets })
    }
}

impl Formed {
    /// Number of processes.
    pub fn processes(&self) -> usize {
        self.sockets.len()
    }

    /// Compares what is read, `what`, with the others. They may still be busy finding out: there is
    /// no limit but that they live.
    pub fn agree(&mut self, digest: u64, what: &str) -> Result<(), Failure> {
        let mut said = [0; 16];
        said[..8].copy_from_slice(&AGREE);
        said[8..].copy_from_slice(&digest.to_be_bytes());
        for (peer, socket) in self.sockets.iter_mut().enumerate() {
            let Some(socket) = socket else { continue };
            // One that has left is noticed below.
            if socket.write_all(&said).is_err() {
                return Err(left(peer, &self.hosts));
            }
        }
        for (peer, socket) in self.sockets.iter_mut().enumerate() {
            let Some(socket) = socket else { continue };
            let mut answer = [0; 16];
            socket.read_exact(&mut answer).map_err(|_| left(peer, &self.hosts))?;
            if answer != said {
                return Err(not_formed(format!(
                    "{} reads other {what}",
                    self.hosts[peer].name(peer)
                ))
                .hint(format!("all processes need the same {what}, under the same paths")));
            }
        }
        Ok(())
    }

    /// Hands the connections to the engine. From now on the loss of a peer ends this process.
    pub fn into_cluster(self) -> Cluster {
        lost::halt(self.hosts);
        Cluster { process: self.process, sockets: self.sockets }
    }
}

/// The cluster did not form.
fn not_formed(primary: String) -> Failure {
    Failure::new(ExitCode::ClusterNotFormed, primary)
}

fn left(peer: usize, hosts: &[Host]) -> Failure {
    not_formed(format!("{} left before the run began", hosts[peer].name(peer)))
        .hint("its own message says why")
}

/// Small messages go at once, and a machine that vanished is noticed.
fn prepare(socket: &TcpStream) -> io::Result<()> {
    socket.set_nonblocking(false)?;
    socket.set_nodelay(true)?;
    let socket = socket2::SockRef::from(socket);
    let alive = socket2::TcpKeepalive::new()
        .with_time(SILENT / 2)
        .with_interval(SILENT / 10)
        .with_retries(5);
    socket.set_tcp_keepalive(&alive)?;
    #[cfg(target_os = "linux")]
    socket.set_tcp_user_timeout(Some(SILENT))?;
    Ok(())
}

/// Digest of the program file: processes of different builds cannot read each other's messages, nor
/// what the other has saved of its state.
pub fn build() -> io::Result<u64> {
    // On Linux this is the file that runs, also when another was put in its place.
    let linux = Path::new("/proc/self/exe");
    let path = if linux.exists() { linux.to_owned() } else { std::env::current_exe()? };
    let mut file = File::open(path)?;
    let mut piece = vec![0; 1 << 20];
    let mut digest = 0;
    loop {
        match file.read(&mut piece)? {
            0 => return Ok(digest),
            n => digest = hash::pair(digest, hash::bytes(&piece[..n])),
        }
    }
}

#[cfg(test)]
mod tests;
