//! Quiet streams of lines whose rates are known exactly, with or without anomalies in them.
//!
//! Each host writes one kind of line; how many a minute is drawn from a distribution that is known.
//! So the source and the template are sums of independent hosts, and the truth about every series
//! is known too (of some shapes only about each host by itself).

use super::truth::Shape;
use crate::support::rng::Rng;
use seerflow_model::Ns;
use seerflow_model::time::{self, MILLISECOND, SECOND};

/// When the log begins: 2026-03-10T08:00:00Z.
pub const BEGIN: Ns = 1_773_129_600 * SECOND;
/// A bucket of counts.
pub const MINUTE: Ns = 60 * SECOND;
/// Words of the one slot of the line.
const ZONES: [&str; 4] = ["amber", "blue", "green", "red"];

/// A stream.
#[derive(Clone, Copy, Debug)]
pub struct Stream {
    /// Its shape.
    pub shape: Shape,
    /// Events per second over all hosts.
    pub per_second: f64,
    /// Hosts, which share them alike.
    pub hosts: u64,
    /// Its length.
    pub minutes: u64,
    /// Another seed, another stream.
    pub seed: u64,
}

/// What was injected, and from which minute to which.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Odd {
    /// Ten times the lines of a minute.
    Burst,
    /// Three times the rate for ten minutes.
    Rate,
    /// A value that was never seen.
    Value,
}

/// An anomaly of one host.
#[derive(Clone, Copy, Debug)]
pub struct Injected {
    /// What.
    pub odd: Odd,
    /// Its host.
    pub host: u64,
    /// Its first minute.
    pub from: u64,
    /// The minute after its last.
    pub to: u64,
}

/// Name of a host.
pub fn host(index: u64) -> String {
    format!("node-{index:03}")
}

/// A value that is there once.
pub fn value(injected: &Injected) -> String {
    format!("violet-{}", letters(injected.from))
}

/// A number without digits, so that it stays a word.
fn letters(mut n: u64) -> String {
    let mut text = String::new();
    while text.is_empty() || n > 0 {
        text.push(char::from(b'a' + (n % 26) as u8));
        n /= 26;
    }
    text
}

impl Stream {
    /// Mean of what a host writes in a minute.
    pub fn mean(&self, minute: u64) -> f64 {
        self.shape.mean(self.per_second * 60.0 / self.hosts as f64, minute)
    }

    /// Anomalies from minute `from` on, about one in `apart` minutes.
    pub fn anomalies(&self, from: u64, apart: u64) -> Vec<Injected> {
        let mut rng = Rng::new(self.seed ^ 0x0dd);
        let mut all = Vec::new();
        let mut at = from;
        loop {
            at += apart * 4 / 5 + rng.below(apart * 2 / 5);
            let busy = self.mean(at) >= 5.0;
            let odd = match rng.below(3) {
                0 => Odd::Value,
                1 if busy => Odd::Rate,
                _ => Odd::Burst,
            };
            let to = at + if odd == Odd::Rate { 10 } else { 1 };
            if to + 1 >= self.minutes {
                return all;
            }
            all.push(Injected { odd, host: rng.below(self.hosts), from: at, to });
            at = to;
        }
    }

    /// The lines of all minutes, in the order of time.
    pub fn lines(self, injected: Vec<Injected>) -> impl Iterator<Item = Vec<(Ns, String)>> {
        let mut rng = Rng::new(self.seed);
        (0..self.minutes).map(move |minute| {
            let now: Vec<Injected> =
                injected.iter().filter(|i| (i.from..i.to).contains(&minute)).copied().collect();
            self.minute(minute, &now, &mut rng)
        })
    }

    fn minute(&self, minute: u64, now: &[Injected], rng: &mut Rng) -> Vec<(Ns, String)> {
        let begin = BEGIN + minute * MINUTE;
        let mean = self.mean(minute);
        let mut lines = Vec::new();
        for index in 0..self.hosts {
            let drawn = self.shape.draw(rng, mean);
            let odd = now.iter().find(|injected| injected.host == index);
            let count = match odd.map(|injected| injected.odd) {
                Some(Odd::Burst) => (10 * drawn).max((10.0 * mean.max(1.0)) as u64),
                Some(Odd::Rate) => 3 * drawn,
                Some(Odd::Value) => drawn.max(1),
                None => drawn,
            };
            for n in 0..count {
                let at = begin + rng.below(MINUTE / MILLISECOND) * MILLISECOND;
                let zone = match odd {
                    Some(injected) if n == 0 && injected.odd == Odd::Value => value(injected),
                    _ => (*rng.pick(&ZONES)).to_owned(),
                };
                let (stamp, host) = (time::rfc3339(at), host(index));
                let line = format!("{stamp} {host} web[812]: request in zone {zone} was served");
                lines.push((at, line));
            }
        }
        lines.sort();
        lines
    }
}
