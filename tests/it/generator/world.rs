//! A world: hosts, programs, people and what they usually write.

use super::dice::Dice;
use super::words::{self, Part};

/// How a host sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// A datagram a line.
    Udp,
    /// A stream of lines.
    TcpLines,
    /// A stream of counted frames.
    TcpCounted,
}

/// How a host writes its headers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Header {
    /// RFC 3164: no year, whole seconds.
    Bsd,
    /// RFC 5424.
    Ietf,
}

/// A machine.
#[derive(Clone, Debug)]
pub struct Host {
    /// Its name.
    pub name: String,
    /// How it sends.
    pub transport: Transport,
    /// How it writes.
    pub header: Header,
    /// Its share of the lines.
    pub weight: f64,
}

/// When lines come.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Pace {
    /// One by one, so many a second over all hosts.
    Steady(f64),
    /// So many times a second, a cluster of up to so many lines within seconds.
    Clusters(f64, usize),
    /// On each host every so many seconds, so many lines.
    Clock(u64, usize),
}

/// A kind of message.
#[derive(Clone, Debug)]
pub struct Template {
    /// Index of its program.
    pub program: usize,
    /// Syslog severity.
    pub severity: u8,
    /// Its wording.
    pub parts: Vec<Part>,
    /// When it comes.
    pub pace: Pace,
}

/// Everything that is usual.
#[derive(Clone, Debug)]
pub struct World {
    /// The seed.
    pub seed: u64,
    /// Whether a burst is of lines with the word "error".
    pub says_error: bool,
    /// Whether each host has an address of its own or all come through one relay.
    pub relayed: bool,
    /// How unsteady rates are: standard deviation of a minute's factor.
    pub noise: f64,
    /// Machines.
    pub hosts: Vec<Host>,
    /// Names of programs; the first is `sshd`.
    pub programs: Vec<String>,
    /// On which hosts each program runs.
    pub runs_on: Vec<Vec<usize>>,
    /// Messages.
    pub templates: Vec<Template>,
    /// The template of failed logins, and its pieces.
    pub login: usize,
    /// The error-like template that may burst.
    pub trouble: usize,
    /// People.
    pub users: Vec<String>,
    /// Addresses inside.
    pub addresses: Vec<String>,
    /// Addresses outside, which knock now and then.
    pub outside: Vec<String>,
}

const PEOPLE: [&str; 24] = [
    "alice", "bob", "carol", "dave", "erin", "frank", "grace", "heidi", "ivan", "judy", "karl",
    "laura", "mallory", "nina", "oscar", "peggy", "quentin", "rupert", "sybil", "trent", "ursula",
    "victor", "wendy", "yusuf",
];
const PROGRAMS: [&str; 18] = [
    "nginx",
    "postgres",
    "app",
    "billing",
    "kubelet",
    "dockerd",
    "haproxy",
    "redis",
    "named",
    "dhcpd",
    "chronyd",
    "mailer",
    "indexer",
    "gateway",
    "scheduler",
    "collector",
    "sudo",
    "etcd",
];

/// A world of a seed.
pub fn world(seed: u64) -> World {
    let dice = &mut Dice::new(seed, 1);
    let hosts = hosts(dice);
    let login = dice.pick(&words::LOGINS);
    let programs = programs(dice, login.0);
    let runs_on = (0..programs.len())
        .map(|program| {
            let all = program < 3 || dice.chance(0.4);
            let mut on: Vec<usize> = (0..hosts.len()).filter(|_| all || dice.chance(0.5)).collect();
            if on.is_empty() {
                on.push(dice.below(hosts.len()));
            }
            on
        })
        .collect();
    let mut world = World {
        seed,
        says_error: !seed.is_multiple_of(3),
        relayed: dice.chance(0.5),
        noise: if dice.chance(0.5) { 0.0 } else { dice.between(0.1, 0.3) },
        hosts,
        programs,
        runs_on,
        templates: Vec::new(),
        login: 0,
        trouble: 0,
        users: people(dice),
        addresses: (0..dice.whole(4, 30)).map(|_| address(dice, "10.20")).collect(),
        outside: (0..dice.whole(3, 20)).map(|_| address(dice, "198.51")).collect(),
    };
    world.fill(dice, login);
    world
}

fn hosts(dice: &mut Dice) -> Vec<Host> {
    const ROLES: [&str; 8] = ["web", "db", "cache", "node", "mail", "build", "edge", "store"];
    let style = dice.below(4);
    let first = dice.below(3);
    let count = dice.whole(3, 12);
    let host = |index: usize, dice: &mut Dice| Host {
        name: match style {
            0 => format!("{}-{:02}", dice.pick(&ROLES), index + 1),
            1 => format!("{}{}.prod.example.net", dice.pick(&ROLES), index + 1),
            2 => format!("ip-10-0-{}-{}", dice.below(9), index + 10),
            _ => format!("srv{}", 100 + 7 * index),
        },
        transport: [Transport::Udp, Transport::TcpLines, Transport::TcpCounted]
            [(index + first) % 3],
        header: if dice.chance(0.5) { Header::Bsd } else { Header::Ietf },
        weight: dice.scale(0.5, 2.0),
    };
    (0..count).map(|index| host(index, dice)).collect()
}

fn programs(dice: &mut Dice, login: &str) -> Vec<String> {
    let count = dice.whole(4, 15);
    let mut others = PROGRAMS;
    dice.shuffle(&mut others);
    let mut names = vec!["sshd".to_owned(), "CRON".to_owned()];
    if !names.iter().any(|name| name == login) {
        names.push(login.to_owned());
    }
    let more = count - names.len();
    names.extend(others.iter().take(more).map(|name| (*name).to_owned()));
    names
}

fn people(dice: &mut Dice) -> Vec<String> {
    let mut names = PEOPLE;
    dice.shuffle(&mut names);
    let count = dice.whole(4, 20);
    names[..count].iter().map(|name| (*name).to_owned()).collect()
}

/// An address in a /16.
pub fn address(dice: &mut Dice, net: &str) -> String {
    format!("{net}.{}.{}", dice.whole(0, 255), dice.whole(1, 254))
}

impl World {
    /// Makes templates and gives them their rates.
    fn fill(&mut self, dice: &mut Dice, login: (&str, &[&str])) {
        let count = dice.whole(20, 120);
        for program in 0..self.programs.len() {
            for parts in words::known(&self.programs[program]) {
                self.add(program, 6, parts);
            }
        }
        while self.templates.len() + 2 < count {
            let program = self.other(dice);
            let severity = dice.pick(&[5, 6, 6, 6, 6, 7]);
            self.add(program, severity, words::ordinary(dice));
        }
        self.pace(dice);
        let program = self.programs.iter().position(|name| name == login.0).unwrap();
        self.login = self.add(program, 5, words::login(login.1));
        self.templates[self.login].pace = Pace::Steady(dice.scale(1.0 / 400.0, 1.0 / 60.0));
        let program = self.busy_program(dice);
        self.trouble = self.add(
            program,
            if self.says_error { 3 } else { dice.pick(&[4, 5, 6]) },
            words::trouble(dice, self.says_error),
        );
        self.templates[self.trouble].pace = Pace::Steady(dice.scale(1.0 / 500.0, 1.0 / 60.0));
    }

    fn add(&mut self, program: usize, severity: u8, parts: Vec<Part>) -> usize {
        self.templates.push(Template { program, severity, parts, pace: Pace::Steady(0.0) });
        self.templates.len() - 1
    }

    /// A program with wording of its own.
    fn other(&self, dice: &mut Dice) -> usize {
        loop {
            let program = dice.below(self.programs.len());
            if !["sshd", "CRON", "sudo"].contains(&self.programs[program].as_str()) {
                return program;
            }
        }
    }

    fn pace(&mut self, dice: &mut Dice) {
        let total = dice.scale(1.0, 20.0);
        let mut order: Vec<usize> = (0..self.templates.len()).collect();
        dice.shuffle(&mut order);
        let slope = dice.between(0.6, 1.3);
        let weights: Vec<f64> = (1..=order.len()).map(|rank| (rank as f64).powf(-slope)).collect();
        let sum: f64 = weights.iter().sum();
        for (&template, weight) in order.iter().zip(weights) {
            let rate = (total * weight / sum).max(1.0 / 600.0);
            let clock = self.programs[self.templates[template].program] == "CRON";
            self.templates[template].pace = if clock {
                Pace::Clock(300, dice.whole(1, 3))
            } else if rate < total / 50.0 && dice.chance(0.15) {
                let size = dice.whole(3, 25);
                Pace::Clusters((rate / size as f64 * 2.0).max(1.0 / 600.0), size)
            } else {
                Pace::Steady(rate)
            };
        }
    }

    /// A program that writes some lines every minute.
    fn busy_program(&self, dice: &mut Dice) -> usize {
        let mut order: Vec<usize> = (0..self.programs.len()).collect();
        dice.shuffle(&mut order);
        let rate = |program: usize| {
            let hosts = &self.runs_on[program];
            hosts.iter().map(|&host| self.usual(host, program)).fold(0.0, f64::max)
        };
        let busy = order.iter().copied().find(|&program| rate(program) >= 3.0);
        busy.unwrap_or_else(|| {
            order.into_iter().max_by(|&a, &b| rate(a).total_cmp(&rate(b))).unwrap()
        })
    }

    /// The share of a program's lines that a host writes.
    pub fn share(&self, host: usize, program: usize) -> f64 {
        let on = &self.runs_on[program];
        let all: f64 = on.iter().map(|&host| self.hosts[host].weight).sum();
        if on.contains(&host) { self.hosts[host].weight / all } else { 0.0 }
    }

    /// Lines a minute that a program usually writes on a host.
    pub fn usual(&self, host: usize, program: usize) -> f64 {
        let share = self.share(host, program);
        let rate = |template: &Template| match template.pace {
            Pace::Steady(rate) => 60.0 * rate * share,
            Pace::Clusters(rate, size) => 30.0 * rate * size as f64 * share,
            Pace::Clock(every, count) if share > 0.0 => 60.0 * count as f64 / every as f64,
            Pace::Clock(..) => 0.0,
        };
        self.templates.iter().filter(|t| t.program == program).map(rate).sum()
    }

    /// Lines a minute that a host usually writes.
    pub fn usual_of_host(&self, host: usize) -> f64 {
        (0..self.programs.len()).map(|program| self.usual(host, program)).sum()
    }
}
