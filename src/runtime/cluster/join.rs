//! How the processes of a cluster find each other, in any order of their starts.
//!
//! One thread looks at everything in turn and waits for nothing but a short pause, so a connection that
//! says nothing, or garbage, or the wrong index costs the others nothing: it is closed, with a word of
//! warning. A process that does belong but differs ends the attempt at once.

use super::hello::{Hello, LENGTH};
use super::{Member, not_formed};
use crate::cli::output;
use crate::failure::Failure;
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

/// A connection must have shown what it is after so long.
const HELLO_TIME: Duration = Duration::from_secs(5);
/// Connections that have not; beyond it the oldest goes.
const GUESTS_MAX: usize = 64;
/// One attempt to connect.
const DIAL_TIME: Duration = Duration::from_millis(500);
/// Pause between two attempts to reach a process, and between two looks.
const AGAIN: Duration = Duration::from_millis(200);
const PAUSE: Duration = Duration::from_millis(10);
/// Warnings about strangers that are printed.
const WARNINGS_MAX: u32 = 10;

/// A connection that has not shown yet what it is.
struct Guest {
    stream: TcpStream,
    /// The process that was dialed; `None` for one that came.
    dialed: Option<usize>,
    name: String,
    said: [u8; LENGTH],
    have: usize,
    since: Instant,
}

enum Look {
    Waits,
    Said(Hello),
    Goes(String),
}

impl Guest {
    fn new(stream: TcpStream, dialed: Option<usize>, hello: &Hello) -> io::Result<Guest> {
        let name = stream.peer_addr()?.to_string();
        stream.set_nonblocking(true)?;
        // It fits into an empty buffer, so this does not wait.
        (&stream).write_all(&hello.encode())?;
        Ok(Guest { stream, dialed, name, said: [0; LENGTH], have: 0, since: Instant::now() })
    }

    fn look(&mut self) -> Look {
        match self.stream.read(&mut self.said[self.have..]) {
            Ok(0) => Look::Goes("it closed the connection".into()),
            Ok(n) => {
                self.have += n;
                match (self.have == LENGTH, Hello::decode(&self.said)) {
                    (false, _) => Look::Waits,
                    (true, Some(hello)) => Look::Said(hello),
                    (true, None) => Look::Goes("it is no process of a cluster".into()),
                }
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Look::Waits,
            Err(error) if error.kind() != io::ErrorKind::WouldBlock => {
                Look::Goes(error.to_string())
            }
            Err(_) if self.since.elapsed() > HELLO_TIME => Look::Goes("it said nothing".into()),
            Err(_) => Look::Waits,
        }
    }
}

struct Joining<'a> {
    member: &'a Member,
    listener: Option<TcpListener>,
    guests: Vec<Guest>,
    joined: Vec<Option<TcpStream>>,
    /// For each process that is dialed: when next, and why it did not work.
    dials: Vec<(Instant, String)>,
    warnings: u32,
}

/// Connects to all others: one socket per process, `None` for this one.
pub fn join(member: &Member) -> Result<Vec<Option<TcpStream>>, Failure> {
    let own = &member.hosts[member.process];
    let last = member.process + 1 == member.hosts.len();
    let listener = if last {
        None
    } else {
        let bound = TcpListener::bind(&own.addresses[..]).and_then(|listener| {
            listener.set_nonblocking(true)?;
            Ok(listener)
        });
        Some(bound.map_err(|error| not_formed(format!("cannot listen on {}: {error}", own.text)))?)
    };
    let begun = Instant::now();
    let mut joining = Joining {
        member,
        listener,
        guests: Vec::new(),
        joined: member.hosts.iter().map(|_| None).collect(),
        dials: vec![(begun, String::new()); member.process],
        warnings: 0,
    };
    loop {
        joining.dial(begun + member.wait);
        joining.accept();
        joining.look()?;
        joining.still_there()?;
        if joining.missing().next().is_none() {
            return Ok(joining.joined);
        }
        if begun.elapsed() >= member.wait {
            return Err(joining.timed_out());
        }
        std::thread::sleep(PAUSE);
    }
}

impl Joining<'_> {
    fn missing(&self) -> impl Iterator<Item = usize> {
        let own = self.member.process;
        (0..self.joined.len()).filter(move |peer| *peer != own && self.joined[*peer].is_none())
    }

    fn dial(&mut self, deadline: Instant) {
        for peer in 0..self.member.process {
            let under_way = self.guests.iter().any(|guest| guest.dialed == Some(peer));
            let now = Instant::now();
            if self.joined[peer].is_some() || under_way || now < self.dials[peer].0 {
                continue;
            }
            let time = DIAL_TIME.min(deadline.saturating_duration_since(now)).max(PAUSE);
            let addresses = &self.member.hosts[peer].addresses;
            let attempt = |address| TcpStream::connect_timeout(address, time);
            let mut reason = String::new();
            let stream = addresses.iter().find_map(|address| {
                attempt(address).map_err(|error| reason = error.to_string()).ok()
            });
            let guest = stream.map(|stream| Guest::new(stream, Some(peer), &self.member.hello));
            match guest {
                Some(Ok(guest)) => self.guests.push(guest),
                Some(Err(error)) => reason = error.to_string(),
                None => {}
            }
            self.dials[peer] = (Instant::now() + AGAIN, reason);
        }
    }

    fn accept(&mut self) {
        let Some(listener) = &self.listener else { return };
        // Anything else than a connection is either "none now" or the trouble of the one that came.
        for _ in 0..GUESTS_MAX {
            let Ok((stream, _)) = listener.accept() else { break };
            if let Ok(guest) = Guest::new(stream, None, &self.member.hello) {
                self.guests.push(guest);
            }
        }
        while self.guests.iter().filter(|guest| guest.dialed.is_none()).count() > GUESTS_MAX {
            if let Some(oldest) = self.guests.iter().position(|guest| guest.dialed.is_none()) {
                self.guests.remove(oldest);
            }
        }
    }

    fn look(&mut self) -> Result<(), Failure> {
        let mut rest = Vec::with_capacity(self.guests.len());
        for mut guest in std::mem::take(&mut self.guests) {
            match guest.look() {
                Look::Waits => rest.push(guest),
                Look::Goes(reason) => self.refuse(&guest, reason),
                Look::Said(hello) => self.judge(guest, &hello)?,
            }
        }
        self.guests = rest;
        Ok(())
    }

    /// Takes a process of the cluster in.
    fn judge(&mut self, guest: Guest, hello: &Hello) -> Result<(), Failure> {
        let (own, all) = (self.member.process, self.joined.len());
        let differences = self.member.hello.differences(hello);
        if !differences.is_empty() {
            let who = format!("process {} at {}", hello.process, guest.name);
            let failure = not_formed(format!("{who} does not fit this one"))
                .hint("start all processes from the same build, with the same options");
            return Err(differences.into_iter().fold(failure, Failure::detail));
        }
        let index = usize::try_from(hello.process).ok().filter(|index| match guest.dialed {
            Some(dialed) => dialed == *index,
            None => (own + 1..all).contains(index) && self.joined[*index].is_none(),
        });
        match index {
            Some(index) => self.joined[index] = Some(guest.stream),
            None => self.refuse(&guest, format!("it says to be process {}", hello.process)),
        }
        Ok(())
    }

    fn refuse(&mut self, guest: &Guest, reason: String) {
        match guest.dialed {
            Some(peer) => self.dials[peer] = (Instant::now() + AGAIN, reason),
            None if self.warnings < WARNINGS_MAX => {
                self.warnings += 1;
                output::message(&format!(
                    "warning: refused a connection from {}: {reason}",
                    guest.name
                ));
            }
            None => {}
        }
    }

    /// A process that joined and went has found that something does not fit.
    fn still_there(&self) -> Result<(), Failure> {
        for (peer, socket) in self.joined.iter().enumerate() {
            let Some(socket) = socket else { continue };
            let gone = match socket.peek(&mut [0]) {
                Ok(read) => read == 0,
                Err(error) => error.kind() != io::ErrorKind::WouldBlock,
            };
            if gone {
                return Err(super::left(peer, &self.member.hosts));
            }
        }
        Ok(())
    }

    fn timed_out(&self) -> Failure {
        let seconds = self.member.wait.as_secs();
        let failure = not_formed(format!("the cluster did not form within {seconds} s"));
        let why = |peer: usize| match self.dials.get(peer) {
            Some((_, reason)) if !reason.is_empty() => reason.clone(),
            _ => "it did not come".to_owned(),
        };
        let missing = self
            .missing()
            .map(|peer| format!("{}: {}", self.member.hosts[peer].name(peer), why(peer)));
        missing
            .fold(failure, Failure::detail)
            .hint("start every process of the hostfile; engine.cluster_wait_seconds is the limit")
    }
}
