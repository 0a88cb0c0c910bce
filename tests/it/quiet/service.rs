//! A service that people use: lines of several kinds with words, numbers and addresses in them,
//! and an order that each user keeps to. Names and wording are made anew for each seed.
//!
//! How many lines a minute has is drawn from a known law; which user writes each is drawn evenly;
//! what the user does next depends on the last step alone. So the stream is stationary, but for the
//! hour of the day where its law has one.

use super::streams::{BEGIN, MINUTE};
use super::truth::Shape;
use crate::support::rng::Rng;
use seerflow_model::Ns;
use seerflow_model::time::{self, MILLISECOND};

/// Kinds of lines: the steps of a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Open,
    View,
    Order,
    Pay,
    Link,
    Close,
    /// One of several notices, each rarer than the one before.
    Notice(u8),
}

/// Different notices, and how often one stands after a view.
const NOTICES: u8 = 12;
const NOTICED: f64 = 0.08;

/// Where a step may lead, with weights.
const fn next(step: Step) -> &'static [(Step, u64)] {
    match step {
        Step::Close => &[(Step::Open, 1)],
        Step::Open => &[(Step::View, 9), (Step::Link, 1)],
        Step::View => &[(Step::View, 9), (Step::Order, 4), (Step::Link, 3), (Step::Close, 4)],
        Step::Order => &[(Step::Pay, 1)],
        Step::Pay => &[(Step::View, 6), (Step::Close, 4)],
        Step::Link | Step::Notice(_) => &[(Step::View, 1)],
    }
}

/// What is put into a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Three times as many lines, for ten minutes.
    Rate,
    /// A usual line at a level that was never seen.
    Severity,
    /// A value that was never seen where there are few.
    Value,
    /// A value ten times as long as usual.
    Length,
    /// A step that never follows the one before it.
    Order,
    /// Nothing at all, for twelve minutes.
    Silence,
}

impl Kind {
    /// All of them.
    pub const ALL: [Kind; 6] =
        [Kind::Rate, Kind::Severity, Kind::Value, Kind::Length, Kind::Order, Kind::Silence];

    /// How long it lasts, minutes.
    pub fn minutes(self) -> u64 {
        match self {
            Kind::Rate => 10,
            Kind::Silence => 12,
            _ => 1,
        }
    }
}

/// Something that was put into a stream.
#[derive(Clone, Copy, Debug)]
pub struct Odd {
    /// What.
    pub kind: Kind,
    /// Its first minute.
    pub from: u64,
}

impl Odd {
    /// When a single odd line is written.
    pub fn at(&self) -> Ns {
        BEGIN + self.from * MINUTE + MINUTE / 2 + 7 * MILLISECOND
    }
}

/// A stream of lines.
#[derive(Clone, Copy, Debug)]
pub struct Service {
    /// How many lines a minute has.
    pub shape: Shape,
    /// Lines per second.
    pub per_second: f64,
    /// Users; with none, lines name nobody.
    pub users: u64,
    /// Its length.
    pub minutes: u64,
    /// Another seed, another stream.
    pub seed: u64,
}

/// A name of three to four syllables.
fn name(rng: &mut Rng) -> String {
    const FIRST: [char; 12] = ['b', 'd', 'f', 'g', 'k', 'l', 'm', 'n', 'p', 'r', 's', 't'];
    const SECOND: [char; 5] = ['a', 'e', 'i', 'o', 'u'];
    let syllables = 3 + rng.below(2);
    (0..syllables).flat_map(|_| [*rng.pick(&FIRST), *rng.pick(&SECOND)]).collect()
}

fn names(rng: &mut Rng, count: u64) -> Vec<String> {
    (0..count).map(|_| name(rng)).collect()
}

/// A standard normal, by twelve uniforms.
fn normal(rng: &mut Rng) -> f64 {
    (0..12).map(|_| rng.unit()).sum::<f64>() - 6.0
}

/// One of a few, the first ones more often.
fn often<'a>(rng: &mut Rng, of: &'a [String]) -> &'a str {
    let part = rng.unit();
    &of[(part * part * of.len() as f64) as usize]
}

/// What is the same all along.
struct World {
    words: Vec<String>,
    users: Vec<String>,
    zones: Vec<String>,
    pages: Vec<String>,
    /// Where each user stands.
    steps: Vec<Step>,
    /// Of nobody.
    step: Step,
}

impl World {
    fn new(service: &Service, rng: &mut Rng) -> World {
        let users = (0..service.users).map(|n| format!("{}{n}", name(rng))).collect();
        World {
            words: names(rng, 12 + 3 * u64::from(NOTICES)),
            users,
            zones: names(rng, 4),
            pages: names(rng, 30),
            steps: vec![Step::Close; service.users as usize],
            step: Step::Close,
        }
    }

    /// The next step of a user, or of nobody.
    fn walk(&mut self, user: Option<usize>, rng: &mut Rng) -> Step {
        let step = match user {
            Some(user) => &mut self.steps[user],
            None => &mut self.step,
        };
        if *step == Step::View && rng.chance(NOTICED) {
            let mut notice = 0;
            while notice + 1 < NOTICES && rng.chance(0.7) {
                notice += 1;
            }
            *step = Step::Notice(notice);
            return *step;
        }
        let ways = next(*step);
        let mut left = rng.below(ways.iter().map(|way| way.1).sum());
        for (to, weight) in ways {
            if left < *weight {
                *step = *to;
                break;
            }
            left -= weight;
        }
        *step
    }

    /// A line, but for its time.
    fn line(&self, step: Step, user: Option<usize>, odd: Option<Kind>, rng: &mut Rng) -> String {
        let w = &self.words;
        let level = match (odd, step) {
            (Some(Kind::Severity), _) => "CRITICAL",
            (_, Step::Link) => "DEBUG",
            _ => "INFO",
        };
        let thread = 1 + rng.below(4);
        let zone = match odd {
            Some(Kind::Value) => format!("{}{}", name(rng), name(rng)),
            _ => often(rng, &self.zones).to_owned(),
        };
        let page = match odd {
            Some(Kind::Length) => names(rng, 11).concat(),
            _ => often(rng, &self.pages).to_owned(),
        };
        let by = user.map(|user| format!(" user={}", self.users[user])).unwrap_or_default();
        let address = user.map(|user| format!("10.3.{}.{}", user / 200, 1 + user % 200));
        let ms = (3.5 + 0.6 * normal(rng)).exp() as u64;
        let number = 100_000 + rng.below(800_000);
        let message = match step {
            Step::Open => format!("{} {} opened{by}", w[0], w[1]),
            Step::View => {
                format!("{} of {page} {}{by} in {ms} ms from zone {zone} done", w[2], w[3])
            }
            Step::Order => format!("{} {number} {} {}{by} zone {zone}", w[4], w[5], w[6]),
            Step::Pay => format!("{} for {number} {}{by} took {ms} ms", w[7], w[8]),
            Step::Link => match address {
                Some(address) => format!("connection from {address} to 10.9.0.{thread} {}", w[9]),
                None => format!("{} of batch {number} {}", w[10], w[9]),
            },
            Step::Notice(n) => {
                let w = &w[12 + 3 * usize::from(n)..];
                format!("{} {} {}{by} in {zone}", w[0], w[1], w[2])
            }
            Step::Close => format!("{} {} closed{by} after {ms} ms", w[0], w[1]),
        };
        format!("{level} [{}-{thread}] app.{}: {message}", w[11], w[11])
    }
}

impl Service {
    /// The lines of all minutes, in the order of time.
    pub fn lines(self, odd: Vec<Odd>) -> impl Iterator<Item = Vec<(Ns, String)>> {
        let mut rng = Rng::new(self.seed);
        let mut world = World::new(&self, &mut rng);
        (0..self.minutes).map(move |minute| {
            let now =
                odd.iter().find(|odd| (odd.from..odd.from + odd.kind.minutes()).contains(&minute));
            self.minute(minute, now, &mut world, &mut rng)
        })
    }

    fn minute(
        &self,
        minute: u64,
        odd: Option<&Odd>,
        world: &mut World,
        rng: &mut Rng,
    ) -> Vec<(Ns, String)> {
        let begin = BEGIN + minute * MINUTE;
        let mean = self.shape.mean(self.per_second * 60.0, minute);
        let count = match odd.map(|odd| odd.kind) {
            Some(Kind::Rate) => 3 * self.shape.draw(rng, mean),
            Some(Kind::Silence) => return Vec::new(),
            _ => self.shape.draw(rng, mean),
        };
        let mut times: Vec<(Ns, bool)> = (0..count)
            .map(|_| (begin + rng.below(MINUTE / MILLISECOND) * MILLISECOND, false))
            .collect();
        let single = odd.filter(|odd| odd.kind.minutes() == 1);
        times.extend(single.map(|odd| (odd.at(), true)));
        times.sort_unstable();
        let mut lines = Vec::with_capacity(times.len());
        for (at, is_odd) in times {
            let user = (self.users > 0).then(|| rng.below(self.users) as usize);
            let line = match single.filter(|_| is_odd) {
                Some(odd) => self.odd_line(odd.kind, world, rng),
                None => {
                    let step = world.walk(user, rng);
                    world.line(step, user, None, rng)
                }
            };
            lines.push((at, format!("{} {line}", time::rfc3339(at))));
        }
        lines
    }

    /// A line that does not belong: where it stands in the order of its user, it may stand.
    fn odd_line(&self, kind: Kind, world: &mut World, rng: &mut Rng) -> String {
        let user = (self.users > 0).then(|| rng.below(self.users) as usize);
        let may = |world: &World, wanted: &[Step]| {
            (0..world.steps.len()).find(|user| wanted.contains(&world.steps[*user]))
        };
        if kind == Kind::Order {
            // Paid by one who has left, or who has just come.
            let who = may(world, &[Step::Close, Step::Open]).or(user);
            return world.line(Step::Pay, who, None, rng);
        }
        let who = may(world, &[Step::View, Step::Open, Step::Pay]).or(user);
        if let Some(who) = who {
            world.steps[who] = Step::View;
        }
        world.line(Step::View, who, Some(kind), rng)
    }
}
