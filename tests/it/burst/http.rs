//! A sender over HTTP/1.1: one connection that is kept, bytes made by hand.

use super::request::{Door, http};
use super::{Crowd, Loss, Tally};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// How long an answer may take: a request that is taken waits for room in the engine.
const ANSWER: Duration = Duration::from_secs(300);
/// How long a sender waits that was not told how long: its connection broke.
const PAUSE: Duration = Duration::from_millis(200);
/// How an answer begins that acknowledges.
const OK: &[u8] = b"HTTP/1.1 200";

/// See the module head.
pub struct Http<'c> {
    crowd: &'c Crowd,
    sender: usize,
    address: SocketAddr,
    stream: Option<TcpStream>,
}

/// What a sender looks at in an answer.
struct Answer {
    status: u16,
    head: String,
    body: String,
}

impl Http<'_> {
    pub fn new(crowd: &Crowd, sender: usize, address: SocketAddr) -> Http<'_> {
        Http { crowd, sender, address, stream: None }
    }

    fn tally(&self) -> &Tally {
        &self.crowd.tallies[self.sender].1
    }

    fn count(&self, what: impl Fn(&Tally) -> &AtomicU64) {
        what(self.tally()).fetch_add(1, Relaxed);
    }

    /// Sends one request after another until the time is over.
    pub fn run(mut self) {
        for batch in 0.. {
            if self.crowd.over.load(Relaxed) || !self.deliver(batch) {
                return;
            }
            self.count(|tally| &tally.taken);
        }
    }

    /// Sends a request until it is acknowledged; gives it up only when the time is over and nothing
    /// of it can have been taken.
    fn deliver(&mut self, batch: u64) -> bool {
        let door = self.crowd.tallies[self.sender].0;
        let request = http(door, self.sender, batch, self.crowd.form);
        let loss = self.crowd.loss(self.sender, batch);
        let mut unsure = loss.is_some();
        if let Some(loss) = loss {
            self.lose(&request, loss);
        }
        loop {
            let Some(answer) = self.send(&request).and_then(|()| self.answer()) else {
                // Perhaps it was taken.
                (unsure, self.stream) = (true, None);
                self.count(|tally| &tally.broken);
                std::thread::sleep(PAUSE);
                continue;
            };
            match answer.status {
                200 => {
                    let expected = match door {
                        Door::Webhook => format!("{{\"accepted\":{}}}", self.crowd.form.records),
                        _ if self.sender.is_multiple_of(2) => "{}".to_owned(),
                        _ => String::new(),
                    };
                    assert_eq!(answer.body, expected, "not all were taken");
                    return true;
                }
                429 => {
                    self.count(|tally| &tally.told);
                    let (_, after) = answer.head.split_once("retry-after: ").unwrap();
                    if self.crowd.over.load(Relaxed) && !unsure {
                        return false;
                    }
                    let seconds = after.lines().next().unwrap().parse().unwrap();
                    std::thread::sleep(Duration::from_secs(seconds));
                }
                status => panic!("status {status}: {} {}", answer.head, answer.body),
            }
        }
    }

    /// Sends the whole request and does not read the answer.
    fn lose(&mut self, request: &[u8], loss: Loss) {
        let sent = self.send(request).is_some();
        let Some(stream) = self.stream.take() else { return };
        let mut start = [0; OK.len()];
        let waits = sent && loss == Loss::Unread;
        if waits && matches!(stream.peek(&mut start), Ok(n) if n == OK.len()) && start == OK {
            self.count(|tally| &tally.heard);
        }
        self.count(|tally| &tally.lost);
    }

    /// Sends a request as a whole, over the connection there is if there is one. A server that
    /// refuses may answer before it has read all: that is no failure, there is an answer to read.
    fn send(&mut self, request: &[u8]) -> Option<()> {
        self.count(|tally| &tally.offered);
        if self.stream.is_none() {
            let stream = TcpStream::connect(self.address).ok()?;
            stream.set_read_timeout(Some(ANSWER)).unwrap();
            stream.set_write_timeout(Some(ANSWER)).unwrap();
            stream.set_nodelay(true).unwrap();
            self.stream = Some(stream);
        }
        let _ = self.stream.as_mut()?.write_all(request);
        Some(())
    }

    fn answer(&mut self) -> Option<Answer> {
        let stream = self.stream.as_mut()?;
        let (mut bytes, mut chunk) = (Vec::new(), [0; 1024]);
        loop {
            match stream.read(&mut chunk) {
                Ok(0) | Err(_) => return None,
                Ok(n) => bytes.extend_from_slice(&chunk[..n]),
            }
            let text = String::from_utf8_lossy(&bytes);
            let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
            let head = head.to_lowercase();
            let length = head.split("content-length: ").nth(1)?.lines().next()?;
            if body.len() < length.parse::<usize>().ok()? {
                continue;
            }
            let (status, body) = (head.split(' ').nth(1)?.parse().ok()?, body.to_owned());
            // A refused request may be unread in part: the connection ends with it.
            if status != 200 || head.contains("connection: close") {
                self.stream = None;
            }
            return Some(Answer { status, head, body });
        }
    }
}
