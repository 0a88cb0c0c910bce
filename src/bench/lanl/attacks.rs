//! What the red team does: guesses a password until it finds it, tries a few passwords at many
//! accounts, spreads from machine to machine, and talks to the outside, by beats or in bulk.
//!
//! How many, how fast, from where and how regular is drawn for each attack. What it did stands in
//! `redteam.txt`: of each account, source and destination the first time, every ten minutes while
//! it goes on, and the last time.

use super::chance::Chance;
use super::people::client_port;
use super::rows::{ANSWER, Flow, How, Rows, TGT, TICKET};
use super::world::{Computer, Person, World};
use std::collections::HashMap;

const HOUR: f64 = 3_600.0;
/// While an attack goes on, a row of it is marked again after so many seconds.
const MARK_AGAIN: f64 = 600.0;
/// Programs that nobody else has begin here.
const TOOLS: u64 = 20_000;

/// Attacks of all kinds, each at a time of its own.
pub(super) fn all(world: &World, number: usize, end: f64, chance: &mut Chance, rows: &mut Rows) {
    let kinds = ["brute_force", "spray", "lateral", "outside"];
    let victims = chance.some(&world.people, number);
    for (at, victim) in victims.iter().enumerate() {
        let scenario = format!("{}_{}", kinds[at % kinds.len()], at / kinds.len() + 1);
        let start = chance.between(HOUR, (end - 4.0 * HOUR).max(2.0 * HOUR));
        let mut red =
            Red { world, victim, scenario, stranger: 9_000 + at as u64, marks: Marks::default() };
        rows.red = true;
        match at % kinds.len() {
            0 => red.guess(start, chance, rows),
            1 => red.spray(start, chance, rows),
            2 => red.spread(start, chance, rows),
            _ => red.outside(at / kinds.len(), start, chance, rows),
        }
        red.marks.write(&red.scenario, rows);
        rows.red = false;
    }
}

/// Who did what from where to where: times of it.
#[derive(Default)]
struct Marks(HashMap<(String, Computer, Computer), Vec<f64>>);

impl Marks {
    fn add(&mut self, time: f64, user: &str, from: Computer, to: Computer) {
        self.0.entry((user.to_owned(), from, to)).or_default().push(time);
    }

    fn write(&self, scenario: &str, rows: &mut Rows) {
        let mut all: Vec<_> = self.0.iter().collect();
        all.sort_by(|(a, x), (b, y)| x[0].total_cmp(&y[0]).then(a.0.cmp(&b.0)));
        for ((user, from, to), times) in all {
            let mut marked = f64::MIN;
            for (at, time) in times.iter().enumerate() {
                let last = at + 1 == times.len();
                if *time - marked >= MARK_AGAIN || (last && *time - marked >= 1.0) {
                    rows.redteam(*time, user, *from, *to, scenario);
                    marked = *time;
                }
            }
        }
    }
}

struct Red<'a> {
    world: &'a World,
    victim: &'a Person,
    scenario: String,
    stranger: u64,
    marks: Marks,
}

impl Red<'_> {
    fn try_logon(
        &mut self,
        now: f64,
        user: &str,
        [from, to]: [Computer; 2],
        how: How,
        works: bool,
        rows: &mut Rows,
    ) {
        rows.auth(now, user, from, to, how, works);
        self.marks.add(now, user, from, to);
    }

    /// One account, one machine, many passwords, then the right one and some work with it.
    fn guess(&mut self, start: f64, chance: &mut Chance, rows: &mut Rows) {
        let user = self.victim.account.clone();
        let from = if chance.happens(0.5) {
            chance.pick(&self.world.people).desk
        } else {
            self.world.stranger(self.stranger)
        };
        let to = match chance.whole(0, 3) {
            0 => self.victim.desk,
            1 => *chance.pick(&self.world.controllers),
            _ => *chance.pick(&self.world.servers),
        };
        let how = *chance.pick(&[
            ANSWER,
            How::new("Negotiate", "RemoteInteractive"),
            How::new("MICROSOFT_AUTHENTICATION_PACKAGE_V1_0", "Network"),
        ]);
        let tries = chance.magnitude(15.0, 600.0) as u64;
        let pause = chance.magnitude(0.2, 15.0).min(2.5 * HOUR / tries as f64);
        let steady = chance.happens(0.5);
        let mut now = start;
        for _ in 0..tries {
            self.try_logon(now, &user, [from, to], how, false, rows);
            now += if steady { pause * chance.between(0.8, 1.2) } else { chance.wait(pause) };
        }
        self.try_logon(now, &user, [from, to], how, true, rows);
        for _ in 0..chance.whole(1, 6) {
            now += chance.wait(60.0);
            rows.process(
                now,
                &user,
                to,
                TOOLS + chance.whole(0, 900),
                chance.magnitude(1.0, 600.0),
            );
        }
    }

    /// Many accounts, few passwords, some of which may fit.
    fn spray(&mut self, start: f64, chance: &mut Chance, rows: &mut Rows) {
        let number = chance.magnitude(15.0, 150.0) as usize;
        let mut accounts: Vec<String> = chance
            .some(&self.world.people, number)
            .into_iter()
            .map(|person| person.account)
            .collect();
        if chance.happens(0.4) {
            let unknown = 100 + 50 * self.stranger;
            accounts.extend((0..number as u64 / 4).map(|at| self.world.nobody(unknown + at)));
        }
        let from =
            if chance.happens(0.5) { self.victim.desk } else { self.world.stranger(self.stranger) };
        let (to, how) = if chance.happens(0.5) {
            (*chance.pick(&self.world.controllers), TGT)
        } else {
            (*chance.pick(&self.world.servers), ANSWER)
        };
        let rounds = chance.whole(1, 3);
        let pause = chance.magnitude(0.3, 25.0).min(2.0 * HOUR / accounts.len() as f64);
        let found = chance.whole(0, 2) as usize;
        let mut now = start;
        for round in 0..rounds {
            for (at, user) in accounts.iter().enumerate() {
                let works = round + 1 == rounds && at < found;
                self.try_logon(now, user, [from, to], how, works, rows);
                now += chance.wait(pause);
            }
            now += chance.between(600.0, 1_800.0);
        }
    }

    /// From one machine to many, from one of these to more, at times with another account.
    fn spread(&mut self, start: f64, chance: &mut Chance, rows: &mut Rows) {
        let mut user = self.victim.account.clone();
        let mut from = self.victim.desk;
        let mut all = self.world.desks();
        all.extend(&self.world.servers);
        let mut now = start;
        let pause = chance.magnitude(3.0, 120.0);
        let answers = chance.happens(0.8);
        for _ in 0..chance.whole(1, 3) {
            let number = chance.magnitude(6.0, 30.0) as usize;
            let refused = chance.between(0.0, 0.3);
            let mut reached = Vec::new();
            for to in chance.some(&all, number) {
                if to == from {
                    continue;
                }
                let works = !chance.happens(refused);
                let how = if answers { ANSWER } else { TICKET };
                self.try_logon(now, &user, [from, to], how, works, rows);
                let bytes = chance.magnitude(2e3, 5e6);
                let port = *chance.pick(&[445, 135, 5_985]);
                let flow = Flow { seconds: bytes / 1e5, port, udp: false, bytes };
                rows.flow(now, from, client_port(chance), to, flow);
                if works {
                    reached.push(to);
                    let tool = TOOLS + chance.whole(0, 900);
                    let at = now + chance.between(1.0, 20.0);
                    rows.process(at, &user, to, tool, chance.magnitude(1.0, 300.0));
                }
                now += chance.wait(pause);
            }
            if !reached.is_empty() {
                from = *chance.pick(&reached);
            }
            if chance.happens(0.5) {
                user = chance.pick(self.world.administrators()).account.clone();
            }
            now += chance.magnitude(60.0, 1_800.0);
        }
    }

    /// Beats, bulk, or both, to a machine that nobody else talks to.
    fn outside(&mut self, which: usize, start: f64, chance: &mut Chance, rows: &mut Rows) {
        let from =
            if chance.happens(0.7) { self.victim.desk } else { *chance.pick(&self.world.servers) };
        let (user, to) = (self.victim.account.clone(), self.world.stranger(self.stranger));
        let port = *chance.pick(&[443, 443, 80, 53, 8_443, 4_444]);
        let mut now = start;
        rows.name(now, from, to);
        if which % 3 != 1 {
            let every = chance.magnitude(20.0, 600.0);
            let jitter = chance.between(0.0, 0.25);
            let beats = chance.whole(25, 80).min((3.0 * HOUR / every) as u64);
            for _ in 0..beats.max(15) {
                let bytes = chance.magnitude(200.0, 3e3);
                let seconds = chance.magnitude(0.2, 3.0);
                let flow = Flow { seconds, port, udp: port == 53, bytes };
                rows.flow(now, from, client_port(chance), to, flow);
                self.marks.add(now, &user, from, to);
                now += every * chance.between(1.0 - jitter, 1.0 + jitter);
            }
        }
        if !which.is_multiple_of(3) {
            let (size, parts) = (chance.magnitude(4e8, 3e10), chance.magnitude(3.0, 150.0));
            let pause = chance.magnitude(1.0, 60.0).min(2.0 * HOUR / parts);
            for _ in 0..parts as u64 {
                let bytes = size / parts * chance.between(0.5, 1.5);
                let seconds = bytes / chance.magnitude(2e6, 5e7);
                let flow = Flow { seconds, port, udp: false, bytes };
                rows.flow(now, from, client_port(chance), to, flow);
                self.marks.add(now, &user, from, to);
                now += chance.wait(pause);
            }
        }
    }
}
