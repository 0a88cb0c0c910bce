//! Lines of a world, minute by minute, and as they stand on the wire.

use super::dice::Dice;
use super::words::Part;
use super::world::{Header, Pace, World, address};
use seerflow_model::time::{MILLISECOND, Ns, SECOND};
use std::fmt::Write as _;

/// One minute.
pub const MINUTE: Ns = 60 * SECOND;
/// How far behind its sending a line's time may be.
const JITTER: Ns = 900 * MILLISECOND;

/// A line.
#[derive(Clone, Debug)]
pub struct Line {
    /// When it is sent.
    pub at: Ns,
    /// Its own time.
    pub stamp: Ns,
    /// Index of its host.
    pub host: usize,
    /// Name of its program.
    pub program: String,
    /// Syslog severity.
    pub severity: u8,
    /// Its message.
    pub message: String,
}

/// The ordinary lines of one minute, in the order of sending.
pub fn minute(world: &World, start: Ns) -> Vec<Line> {
    let dice = &mut Dice::new(world.seed, start / SECOND);
    let factor =
        (1.0 + world.noise * (dice.unit() + dice.unit() + dice.unit() - 1.5) * 2.0).max(0.1);
    let mut lines = Vec::new();
    for index in 0..world.templates.len() {
        match world.templates[index].pace {
            Pace::Steady(rate) => {
                for _ in 0..dice.poisson(60.0 * rate * factor) {
                    let (host, at) = (host_of(world, index, dice), start + within(dice, MINUTE));
                    lines.push(line(world, index, host, at, dice));
                }
            }
            Pace::Clusters(rate, size) => {
                for _ in 0..dice.poisson(60.0 * rate) {
                    let (host, at) = (host_of(world, index, dice), start + within(dice, MINUTE));
                    for n in 0..dice.whole(1, size) as u64 {
                        let at = (at + n * 200 * MILLISECOND).min(start + MINUTE - 1);
                        lines.push(line(world, index, host, at, dice));
                    }
                }
            }
            Pace::Clock(every, count) => {
                let program = world.templates[index].program;
                for host in world.runs_on[program].iter().copied() {
                    let due = start + (every - start / SECOND % every) % every * SECOND;
                    for n in 0..count as u64 {
                        let at = due + SECOND + n * 40 * MILLISECOND;
                        if at < start + MINUTE {
                            lines.push(line(world, index, host, at, dice));
                        }
                    }
                }
            }
        }
    }
    lines.sort_by_key(|line| line.at);
    lines
}

fn within(dice: &mut Dice, length: Ns) -> Ns {
    dice.next() % length
}

fn host_of(world: &World, template: usize, dice: &mut Dice) -> usize {
    let on = &world.runs_on[world.templates[template].program];
    let weights: Vec<f64> = on.iter().map(|&host| world.hosts[host].weight).collect();
    on[dice.weighted(&weights)]
}

/// A line of a template of the world.
pub fn line(world: &World, template: usize, host: usize, at: Ns, dice: &mut Dice) -> Line {
    let template = &world.templates[template];
    let message = wording(world, &template.parts, dice);
    let program = world.programs[template.program].clone();
    let stamp = at - within(dice, JITTER);
    Line { at, stamp, host, program, severity: template.severity, message }
}

/// A message with its values.
pub fn wording(world: &World, parts: &[Part], dice: &mut Dice) -> String {
    let mut out = String::new();
    for part in parts {
        match part {
            Part::Text(text) => out.push_str(text),
            Part::User => out += &dice.pick(&world.users),
            Part::Stranger => out += dice.pick(&["admin", "test", "oracle", "guest", "pi"]),
            Part::Address => out += &dice.pick(&world.addresses),
            Part::Outside if dice.chance(0.1) => out.push_str(&address(dice, "203.0")),
            Part::Outside => out += &dice.pick(&world.outside),
            Part::Number(below) => write!(out, "{}", dice.below(*below)).unwrap(),
            Part::Hex => write!(out, "{:08x}", dice.next() as u32).unwrap(),
            Part::OneOf(words) => out += dice.pick(words),
            Part::Path => {
                let (folder, file) = (dice.below(9), dice.below(5_000));
                write!(out, "/var/lib/data/{folder}/part-{file}.bin").unwrap();
            }
        }
    }
    out
}

/// The line with its header, as its host writes it.
pub fn frame(world: &World, line: &Line) -> String {
    let host = &world.hosts[line.host];
    let facility = if line.program == "sshd" { 4 } else { 1 };
    let priority = facility * 8 + line.severity;
    let pid = 300 + line.host * 40 + line.program.len();
    let time = jiff::Timestamp::from_nanosecond(i128::from(line.stamp)).unwrap();
    let (name, program, message) = (&host.name, &line.program, &line.message);
    match host.header {
        Header::Bsd => {
            let time = time.to_zoned(jiff::tz::TimeZone::UTC).strftime("%b %e %H:%M:%S");
            format!("<{priority}>{time} {name} {program}[{pid}]: {message}")
        }
        Header::Ietf => {
            let time = time.strftime("%Y-%m-%dT%H:%M:%S%.6fZ");
            format!("<{priority}>1 {time} {name} {program} {pid} - - {message}")
        }
    }
}
