//! Who is there: people with their machines, servers, accounts of services, the world outside.
//!
//! Names say nothing of what they name: a server is called like a desktop, an account of a service
//! like that of a person, and what is outside like what is inside, as in the set.

use super::chance::Chance;
use std::fmt;

/// Names of computers are drawn from so many.
const COMPUTERS: u64 = 30_011;
/// Names of users from so many.
const USERS: u64 = 13_001;

/// A computer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Computer(u64);

impl fmt::Display for Computer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "C{}", self.0)
    }
}

impl Computer {
    /// The account of the computer itself.
    pub(super) fn account(self) -> String {
        format!("{self}$@DOM1")
    }
}

/// Somebody who works there.
#[derive(Clone, Debug)]
pub(super) struct Person {
    pub(super) account: String,
    pub(super) desk: Computer,
    /// Servers that the work needs, the most used first.
    pub(super) servers: Vec<Computer>,
    /// When work begins, in seconds of the day.
    pub(super) begins: f64,
    /// How long it lasts.
    pub(super) lasts: f64,
}

/// The network.
pub(super) struct World {
    pub(super) people: Vec<Person>,
    /// Some of the people look after the machines.
    pub(super) administrators: usize,
    pub(super) servers: Vec<Computer>,
    pub(super) controllers: Vec<Computer>,
    /// Where administrators go first.
    pub(super) jump: Computer,
    pub(super) backup: Computer,
    pub(super) monitor: Computer,
    pub(super) scanner: Computer,
    pub(super) updates: Computer,
    /// Whether the backup is copied to another site.
    pub(super) second_site: bool,
    /// Accounts of services with where they run and where they go.
    pub(super) services: Vec<Service>,
    /// Machines that many talk to, the most popular first.
    pub(super) outside: Vec<Computer>,
    /// Where hardly anybody goes: names of their own, so many as were never used.
    rare: u64,
    step: u64,
    offset: u64,
    next_user: u64,
}

/// An account that a program uses.
#[derive(Clone, Debug)]
pub(super) struct Service {
    pub(super) account: String,
    pub(super) runs_on: Computer,
    pub(super) goes_to: Vec<Computer>,
    /// Seconds between two runs.
    pub(super) every: f64,
}

impl World {
    pub(super) fn new(seed: u64, people: usize) -> World {
        let mut chance = Chance::new(seed, 2);
        let people = people.max(20);
        let (step, offset) = (chance.whole(1, COMPUTERS - 1), chance.whole(0, COMPUTERS - 1));
        let name = move |at: u64| Computer(1 + (at * step + offset) % COMPUTERS);
        let user =
            move |at: u64| format!("U{}@DOM1", 1 + (at * (step % USERS).max(1) + offset) % USERS);
        let servers: Vec<Computer> = (0..(people / 8).max(8) as u64).map(name).collect();
        let outside: Vec<Computer> = (1_000..1_400).map(name).collect();
        let single = |at: u64| name(500 + at);
        let workers = (0..people as u64).map(|at| {
            let number = chance.whole(3, 9) as usize;
            Person {
                account: user(at),
                desk: name(2_000 + at),
                servers: chance.some(&servers, number),
                begins: chance.about(8.2 * 3_600.0, 2_400.0),
                lasts: chance.about(8.8 * 3_600.0, 2_700.0),
            }
        });
        let workers: Vec<Person> = workers.collect();
        let mut services = Vec::new();
        for at in 0..(people / 12).max(6) as u64 {
            let number = chance.magnitude(1.0, 8.0) as usize;
            services.push(Service {
                account: user(5_000 + at),
                runs_on: *chance.pick(&servers),
                goes_to: chance.some(&servers, number),
                every: chance.magnitude(120.0, 7_200.0),
            });
        }
        World {
            people: workers,
            administrators: (people / 50).max(2),
            controllers: vec![single(1), single(2), single(3)],
            jump: single(4),
            backup: single(5),
            monitor: single(6),
            scanner: single(7),
            updates: single(8),
            second_site: chance.happens(0.5),
            servers,
            services,
            outside,
            rare: 20_000,
            step,
            offset,
            next_user: 9_000,
        }
    }

    /// A machine that nobody has spoken to yet.
    pub(super) fn stranger(&self, number: u64) -> Computer {
        Computer(1 + ((self.rare + number) * self.step + self.offset) % COMPUTERS)
    }

    /// The name of an account that does not exist.
    pub(super) fn nobody(&self, number: u64) -> String {
        let at = (self.next_user + number) * (self.step % USERS).max(1) + self.offset;
        format!("U{}@DOM1", 1 + at % USERS)
    }

    /// Where most of what administrators do is done.
    pub(super) fn administrators(&self) -> &[Person] {
        &self.people[..self.administrators.min(self.people.len())]
    }

    /// Desks, for those who go over all of them.
    pub(super) fn desks(&self) -> Vec<Computer> {
        self.people.iter().map(|person| person.desk).collect()
    }
}
