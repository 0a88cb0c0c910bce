//! Quiet streams of lines whose rates are known exactly, with or without anomalies in them.
//!
//! Each host writes one kind of line; how many a minute is drawn from a distribution that is known.
//! So the source and the template are sums of independent hosts, and the truth about every series
//! is known too (of zero-inflated hosts only about each by itself).

use crate::support::rng::Rng;
use seerflow_model::Ns;
use seerflow_model::time::{self, MILLISECOND, SECOND};

/// When the log begins: 2026-03-10T08:00:00Z.
pub const BEGIN: Ns = 1_773_129_600 * SECOND;
/// A bucket of counts.
pub const MINUTE: Ns = 60 * SECOND;
/// Words of the one slot of the line.
const ZONES: [&str; 4] = ["amber", "blue", "green", "red"];

/// The shape of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// The same rate at any time.
    Poisson,
    /// A day's sine of 50 %.
    Seasonal,
    /// Nothing in 60 % of the minutes, else 2.5 times the rate.
    ZeroInflated,
}

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
    /// Mean of what a host writes in a minute when it writes, and the chance that it does not.
    pub fn truth(&self, minute: u64) -> (f64, f64) {
        let mean = self.per_second * 60.0 / self.hosts as f64;
        let part = (minute + 480) % 1440;
        let sine = (part as f64 / 1440.0 * std::f64::consts::TAU).sin();
        match self.shape {
            Shape::Poisson => (mean, 0.0),
            Shape::Seasonal => (mean * (1.0 + 0.5 * sine), 0.0),
            Shape::ZeroInflated => (mean / 0.4, 0.6),
        }
    }

    /// Anomalies from minute `from` on, about one in `apart` minutes.
    pub fn anomalies(&self, from: u64, apart: u64) -> Vec<Injected> {
        let mut rng = Rng::new(self.seed ^ 0x0dd);
        let mut all = Vec::new();
        let mut at = from;
        loop {
            at += apart * 4 / 5 + rng.below(apart * 2 / 5);
            let busy = self.truth(at).0 >= 5.0;
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
        let (mean, zeros) = self.truth(minute);
        let mut lines = Vec::new();
        for index in 0..self.hosts {
            let drawn = if rng.chance(zeros) { 0 } else { poisson(rng, mean) };
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

/// Poisson in pieces, so that no exponential becomes too small.
fn poisson(rng: &mut Rng, mean: f64) -> u64 {
    let pieces = (mean / 20.0).ceil().max(1.0);
    (0..pieces as u64).map(|_| rng.poisson(mean / pieces)).sum()
}

/// The greatest level ≤ `level` that a two-sided test of a count can have when the truth is known:
/// zero with chance `zeros`, else Poisson.
pub fn attainable(level: f64, mean: f64, zeros: f64) -> f64 {
    let mut probability = (-mean).exp();
    let mut below = 0.0;
    let (mut lower, mut upper) = (0.0, 1.0);
    let mut x = 0.0;
    // By simple sums: first the lower tail, then the first count whose upper tail is small enough.
    while upper > level / 2.0 {
        below += probability;
        let at_most = zeros + (1.0 - zeros) * below;
        if at_most <= level / 2.0 {
            lower = at_most;
        }
        x += 1.0;
        probability *= mean / x;
        upper = (1.0 - zeros) * rest(mean, x, probability);
    }
    lower + upper
}

/// P(X ≥ x), given P(X = x).
fn rest(mean: f64, mut x: f64, mut probability: f64) -> f64 {
    let mut sum = 0.0;
    while probability > 1e-3 * sum * f64::EPSILON || x < mean {
        sum += probability;
        x += 1.0;
        probability *= mean / x;
    }
    sum
}

#[test]
fn attainable_levels_are_those_of_the_steps() {
    // Poisson(0.1): P(≥2) = .00468, P(≥3) = .000155. Poisson(6): P(0) = .0025, P(≥14) = .0036.
    for (level, mean, want) in
        [(1e-2, 0.1, 0.004_68), (1e-3, 0.1, 0.000_155), (1e-2, 6.0, 0.002_48 + 0.003_63)]
    {
        let got = attainable(level, mean, 0.0);
        assert!((got - want).abs() < 0.02 * want, "{level} {mean}: {got}");
    }
    let dense = attainable(1e-3, 600.0, 0.0);
    assert!((0.000_85..=0.001).contains(&dense), "{dense}");
    assert!(attainable(1e-2, 15.0, 0.6) < 5e-3, "no lower side");
}
