//! What goes wrong in an hour: an error burst, a flood of failed logins, a never-seen message and
//! a host that goes silent.

use super::dice::Dice;
use super::traffic::{self, Line, MINUTE};
use super::words;
use super::world::{Pace, Template, World, address};
use seerflow_model::time::{Ns, SECOND};

/// What went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// One program on one host writes many times its usual lines, of one message.
    Burst,
    /// One address fails to log in again and again.
    Flood,
    /// A message that was never written before.
    Unheard,
    /// A host says nothing any more.
    Silence,
}

/// One incident, and whom an alert about it must name.
#[derive(Clone, Debug)]
pub struct Incident {
    /// What.
    pub kind: Kind,
    /// First line (of a silence: the first moment without any).
    pub from: Ns,
    /// Last line (of a silence: the same moment).
    pub until: Ns,
    /// Index of its host.
    pub host: usize,
    /// Its program, empty for a silence.
    pub program: String,
    /// Users in it, any of which may be named.
    pub users: Vec<String>,
    /// Where it comes from.
    pub address: Option<String>,
    /// In words, for whoever reads why it was missed.
    pub about: String,
    /// Its lines.
    pub lines: Vec<Line>,
}

/// The four incidents of an hour that begins at `start`.
pub fn hour(world: &World, start: Ns) -> Vec<Incident> {
    let dice = &mut Dice::new(world.seed, 2);
    let mut slots = [4, 15, 26];
    dice.shuffle(&mut slots);
    let mut at = |slot: usize| start + slot as Ns * MINUTE + dice.next() % (5 * MINUTE);
    let times = [at(slots[0]), at(slots[1]), at(slots[2]), at(36)];
    vec![
        burst(world, times[0], dice),
        flood(world, times[1], dice),
        unheard(world, times[2], dice),
        silence(world, times[3], dice),
    ]
}

fn burst(world: &World, from: Ns, dice: &mut Dice) -> Incident {
    let known = dice.chance(0.5);
    let program = world.templates[world.trouble].program;
    let mut hosts = world.runs_on[program].clone();
    dice.shuffle(&mut hosts);
    hosts.sort_by_key(|&host| world.usual(host, program) < 3.0);
    let host = hosts[0];
    let usual = world.usual(host, program);
    let factor = dice.between(10.0, 40.0);
    let seconds = dice.whole(60, 180);
    let count = (usual * factor * seconds as f64 / 60.0).clamp(30.0, 6_000.0) as usize;
    let fresh = words::trouble(dice, world.says_error);
    let template = &world.templates[world.trouble];
    let parts = if known { template.parts.clone() } else { fresh };
    let template = Template { parts, ..template.clone() };
    let lines = spread(world, &template, host, from, seconds, count, dice, |_, _| {});
    let what = if known { "known" } else { "new" };
    let about = format!("{count} lines in {seconds} s, usually {usual:.1} a minute, {what}");
    incident(Kind::Burst, world, host, lines, about)
}

fn flood(world: &World, from: Ns, dice: &mut Dice) -> Incident {
    let template = world.templates[world.login].clone();
    let host = dice.pick(&world.runs_on[template.program]);
    let source = if dice.chance(0.3) { dice.pick(&world.outside) } else { address(dice, "192.0") };
    let mut users: Vec<String> = world.users.clone();
    users.extend(["root", "admin", "test", "deploy"].map(str::to_owned));
    dice.shuffle(&mut users);
    users.truncate(if dice.chance(0.5) { 1 } else { dice.whole(2, 8) });
    let (count, seconds) = (dice.whole(60, 300), dice.whole(120, 300));
    let lines = spread(world, &template, host, from, seconds, count, dice, |parts, dice| {
        for part in parts.iter_mut() {
            match part {
                words::Part::User | words::Part::Stranger => {
                    *part = words::Part::Text(dice.pick(&users));
                }
                words::Part::Outside => *part = words::Part::Text(source.clone()),
                _ => {}
            }
        }
    });
    let about = format!("{count} attempts in {seconds} s on {} users", users.len());
    let incident = incident(Kind::Flood, world, host, lines, about);
    Incident { users, address: Some(source), ..incident }
}

fn unheard(world: &World, from: Ns, dice: &mut Dice) -> Incident {
    let (user, source) = (dice.pick(&world.users), dice.pick(&world.addresses));
    let mut parts = words::unheard(dice);
    let (mut users, mut address) = (Vec::new(), None);
    for part in &mut parts {
        match part {
            words::Part::User => {
                users.push(user.clone());
                *part = words::Part::Text(user.clone());
            }
            words::Part::Address => {
                address = Some(source.clone());
                *part = words::Part::Text(source.clone());
            }
            _ => {}
        }
    }
    let new_program = dice.chance(0.3);
    let program = dice.below(world.programs.len());
    let host = dice.pick(&world.runs_on[program]);
    let template =
        Template { program, severity: dice.pick(&[2, 4, 5, 6]), parts, pace: Pace::Steady(0.0) };
    let mut lines = spread(world, &template, host, from, 1, 1, dice, |_, _| {});
    if new_program {
        lines[0].program = format!("{}d", dice.pick(&["watch", "guard", "probe", "relay"]));
    }
    let about = lines[0].message.clone();
    let incident = incident(Kind::Unheard, world, host, lines, about);
    Incident { users, address, ..incident }
}

fn silence(world: &World, from: Ns, dice: &mut Dice) -> Incident {
    let mut hosts: Vec<usize> = (0..world.hosts.len()).collect();
    dice.shuffle(&mut hosts);
    // Regular: a line every ten seconds or more.
    hosts.sort_by_key(|&host| world.usual_of_host(host) < 6.0);
    let about = format!("{:.1} lines a minute", world.usual_of_host(hosts[0]));
    Incident {
        kind: Kind::Silence,
        from,
        until: from,
        host: hosts[0],
        program: String::new(),
        users: Vec::new(),
        address: None,
        about,
        lines: Vec::new(),
    }
}

fn incident(kind: Kind, world: &World, host: usize, lines: Vec<Line>, about: String) -> Incident {
    let first = &lines[0];
    let about = format!("{about}: {} {}: {}", world.hosts[host].name, first.program, first.message);
    Incident {
        kind,
        from: first.stamp,
        until: lines.last().unwrap().stamp,
        host,
        program: first.program.clone(),
        users: Vec::new(),
        address: None,
        about,
        lines,
    }
}

#[allow(clippy::too_many_arguments, reason = "the parts of a burst")]
fn spread(
    world: &World,
    template: &Template,
    host: usize,
    from: Ns,
    seconds: usize,
    count: usize,
    dice: &mut Dice,
    change: impl Fn(&mut Vec<words::Part>, &mut Dice),
) -> Vec<Line> {
    let mut times: Vec<Ns> =
        (0..count).map(|_| from + dice.next() % (seconds as Ns * SECOND)).collect();
    times.sort_unstable();
    let write = |at: Ns| {
        let mut parts = template.parts.clone();
        change(&mut parts, dice);
        let message = traffic::wording(world, &parts, dice);
        let program = world.programs[template.program].clone();
        Line { at, stamp: at, host, program, severity: template.severity, message }
    };
    times.into_iter().map(write).collect()
}
