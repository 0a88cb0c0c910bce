//! Whom and what generated lines speak of: 20,000 entities, the popular ones far more often.

use super::random::{Random, Zipf};
use super::words::{FAMILY, GIVEN, NOUNS, ROLES, ROOTS, SITES, STATES, SUFFIXES};
use seerflow_model::hash;

/// Users.
const USERS: usize = 5_000;
/// Addresses.
const IPS: usize = 8_000;
/// Hosts.
const HOSTS: usize = 1_000;
/// Paths.
const PATHS: usize = 4_000;
/// Services.
const SERVICES: usize = 2_000;

/// Values of one type, as text.
#[derive(Clone, Debug)]
pub struct Values {
    values: Vec<Box<[u8]>>,
    zipf: Zipf,
}

impl Values {
    fn new(count: usize, make: impl Fn(usize) -> String) -> Values {
        let values = (0..count).map(|i| make(i).into_bytes().into_boxed_slice()).collect();
        Values { values, zipf: Zipf::new(count) }
    }

    /// Draws one.
    #[inline]
    pub fn draw(&self, random: &mut Random) -> &[u8] {
        &self.values[self.zipf.draw(random)]
    }

    /// One by number, whatever the number.
    #[inline]
    pub fn at(&self, number: usize) -> &[u8] {
        &self.values[number % self.values.len()]
    }

    /// How many there are.
    #[cfg(test)]
    pub fn distinct(&self) -> usize {
        self.values.iter().collect::<std::collections::BTreeSet<_>>().len()
    }
}

/// All entities.
#[derive(Clone, Debug)]
pub struct Entities {
    /// `vera.nowak3`.
    pub users: Values,
    /// Of 10.0.0.0/8 and of the network for benchmarks, 198.18.0.0/15.
    pub ips: Values,
    /// `web-fra-07`.
    pub hosts: Values,
    /// `/srv/data/queue/stale-17.json`.
    pub paths: Values,
    /// `mirror-pending@4.service`.
    pub services: Values,
}

/// Who is at work in one line: people come from a few addresses, programs run on a few hosts.
#[derive(Clone, Copy, Debug)]
pub struct Actors<'a> {
    /// A user.
    pub user: &'a [u8],
    /// The address they come from.
    pub ip: &'a [u8],
    /// Where the program runs.
    pub host: &'a [u8],
    /// Its process there.
    pub pid: u64,
}

/// In so many lines a user comes from just anywhere.
const ROAMS: u64 = 50;
/// Addresses that a user mostly comes from.
const HOME: u64 = 3;
/// Hosts that a program runs on.
const SPREAD: u64 = 25;

impl Entities {
    /// Draws who is at work for the program with this number.
    #[inline]
    pub fn actors(&self, program: usize, random: &mut Random) -> Actors<'_> {
        let user = self.users.zipf.draw(random);
        let ip = match random.chance(1, ROAMS) {
            true => self.ips.draw(random),
            false => self.ips.at(user * 17 + random.below(HOME) as usize),
        };
        let host = program * SPREAD as usize + random.below(SPREAD) as usize;
        Actors {
            user: self.users.at(user),
            ip,
            host: self.hosts.at(host),
            pid: 300 + hash::mix(host as u64) % 32_000,
        }
    }

    /// All of them; the same for every seed, in another order of popularity only by chance.
    pub fn new() -> Entities {
        Entities {
            users: Values::new(USERS, user),
            ips: Values::new(IPS, ip),
            hosts: Values::new(HOSTS, host),
            paths: Values::new(PATHS, path),
            services: Values::new(SERVICES, service),
        }
    }
}

fn user(i: usize) -> String {
    let (given, rest) = (GIVEN[i % GIVEN.len()], i / GIVEN.len());
    let (family, rest) = (FAMILY[rest % FAMILY.len()], rest / FAMILY.len());
    match rest {
        0 => format!("{given}.{family}"),
        n => format!("{given}.{family}{n}"),
    }
}

fn ip(i: usize) -> String {
    let (high, low) = (i / 2 / 250, i / 2 % 250 + 1);
    if i.is_multiple_of(2) {
        format!("10.{}.{high}.{low}", i % 7)
    } else {
        format!("198.18.{high}.{low}")
    }
}

fn host(i: usize) -> String {
    let (role, rest) = (ROLES[i % ROLES.len()], i / ROLES.len());
    format!("{role}-{}-{:02}", SITES[rest % SITES.len()], rest / SITES.len() + 1)
}

fn path(i: usize) -> String {
    let (root, rest) = (ROOTS[i % ROOTS.len()], i / ROOTS.len());
    let (noun, rest) = (NOUNS[rest % NOUNS.len()], rest / NOUNS.len());
    let (state, n) = (STATES[rest % STATES.len()], rest / STATES.len());
    format!("{root}/{noun}/{state}-{n}{}", SUFFIXES[i / 3 % SUFFIXES.len()])
}

fn service(i: usize) -> String {
    let (noun, rest) = (NOUNS[i % NOUNS.len()], i / NOUNS.len());
    format!("{noun}-{}@{}.service", STATES[rest % STATES.len()], rest / STATES.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_twenty_thousand() {
        let all = Entities::new();
        let kinds = [&all.users, &all.ips, &all.hosts, &all.paths, &all.services];
        let distinct: Vec<usize> = kinds.iter().map(|kind| kind.distinct()).collect();
        assert_eq!(distinct, [USERS, IPS, HOSTS, PATHS, SERVICES]);
        assert_eq!(distinct.iter().sum::<usize>(), 20_000);
    }
}
