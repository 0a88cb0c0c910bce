//! A generated installation: four sources of different formats, and incidents staged in them.
//!
//! Every source is monotone. The incidents are spread evenly over the second half, each of another
//! kind; the first half is quiet, so that detectors can learn.

use super::rng::Rng;
use seerflow_model::Ns;
use seerflow_model::time::SECOND;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// When the log begins: 2026-03-10T08:00:00Z.
pub const BEGIN: Ns = 1_773_129_600 * SECOND;
/// Incidents that are staged.
pub const INCIDENTS: u64 = 12;

/// A line with the time that it carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Its time, as precise as the format.
    pub at: Ns,
    /// The text.
    pub text: String,
}

/// What is generated.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// Another seed, another log.
    pub seed: u64,
    /// Its length.
    pub minutes: u64,
    /// How busy it is; 1.0 is about 3 lines a second over all sources.
    pub busy: f64,
    /// Users, addresses and jobs that ordinary lines speak of.
    pub entities: u64,
}

/// Names and lines of the sources.
pub type Sources = Vec<(&'static str, Vec<Line>)>;

struct World {
    rng: Rng,
    shape: Shape,
    auth: Vec<Line>,
    app: Vec<Line>,
    web: Vec<Line>,
    net: Vec<Line>,
}

/// Generates all sources.
pub fn generate(shape: Shape) -> Sources {
    let mut world = World {
        rng: Rng::new(shape.seed),
        shape,
        auth: Vec::new(),
        app: Vec::new(),
        web: Vec::new(),
        net: Vec::new(),
    };
    for second in 0..shape.minutes * 60 {
        world.ordinary(second);
        world.staged(second);
    }
    let mut sources = vec![
        ("auth.log", world.auth),
        ("app.log", world.app),
        ("web.json", world.web),
        ("net.log", world.net),
    ];
    for (_, lines) in &mut sources {
        lines.sort_by_key(|line| line.at);
    }
    sources
}

/// Writes the sources into a folder.
pub fn write(folder: &Path, sources: &Sources) -> Vec<PathBuf> {
    sources
        .iter()
        .map(|(name, lines)| {
            let path = folder.join(name);
            std::fs::write(&path, text(lines)).unwrap();
            path
        })
        .collect()
}

/// Lines as a file holds them.
pub fn text(lines: &[Line]) -> String {
    lines.iter().fold(String::new(), |mut text, line| {
        let _ = writeln!(text, "{}", line.text);
        text
    })
}

fn civil(at: Ns) -> jiff::Zoned {
    jiff::Timestamp::from_nanosecond(i128::from(at)).unwrap().to_zoned(jiff::tz::TimeZone::UTC)
}

impl World {
    fn second(&mut self, second: u64) -> Ns {
        BEGIN + second * SECOND
    }

    fn milli(&mut self, second: u64) -> Ns {
        BEGIN + second * SECOND + self.rng.below(1000) * 1_000_000
    }

    /// RFC 3164, no year.
    fn auth(&mut self, second: u64, host: &str, rest: &str) {
        let at = self.second(second);
        let text = format!("{} {host} {rest}", civil(at).strftime("%b %e %H:%M:%S"));
        self.auth.push(Line { at, text });
    }

    /// ISO 8601 with a level.
    fn app(&mut self, second: u64, rest: &str) {
        let at = self.milli(second);
        let text = format!("{}Z {rest}", civil(at).strftime("%Y-%m-%dT%H:%M:%S%.3f"));
        self.app.push(Line { at, text });
    }

    /// JSON lines.
    fn web(&mut self, second: u64, client: &str, path: &str, status: u64) {
        let at = self.milli(second);
        let time = civil(at).strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string();
        let level = if status >= 500 { "error" } else { "info" };
        let text = format!(
            r#"{{"time":"{time}","level":"{level}","host":"web-1","service":"shop","client_ip":"{client}","message":"GET {path} answered {status}"}}"#
        );
        self.web.push(Line { at, text });
    }

    /// RFC 5424.
    fn net(&mut self, second: u64, host: &str, rest: &str) {
        let at = self.milli(second);
        let time = civil(at).strftime("%Y-%m-%dT%H:%M:%S%.3fZ");
        self.net.push(Line { at, text: format!("<134>1 {time} {host} {rest}") });
    }

    fn address(&mut self) -> String {
        let n = self.rng.below(self.shape.entities.max(2));
        format!("10.{}.{}.{}", n >> 16 & 255, n >> 8 & 255, 1 + n % 250)
    }

    fn ordinary(&mut self, second: u64) {
        let busy = self.shape.busy;
        for _ in 0..self.rng.poisson(0.5 * busy) {
            let (from, user) = (self.address(), self.rng.below(self.shape.entities.max(2)));
            let (pid, port) = (1000 + self.rng.below(9000), 1024 + self.rng.below(60_000));
            let host = *self.rng.pick(&["gate-1", "gate-2"]);
            self.auth(
                second,
                host,
                &format!(
                    "sshd[{pid}]: Accepted publickey for user{user} from {from} port {port} ssh2"
                ),
            );
        }
        for _ in 0..self.rng.poisson(1.0 * busy) {
            let (ms, job) = (self.rng.below(900), self.rng.below(self.shape.entities.max(2)));
            let line = match self.rng.below(3) {
                0 if !self.during(second, 6) => {
                    format!("INFO health check of db-1 passed in {ms} ms")
                }
                1 => format!("INFO job {job} finished after {ms} ms"),
                _ => format!("DEBUG cache refreshed, {ms} entries"),
            };
            self.app(second, &line);
        }
        let web = if self.during(second, 8) { 3.0 } else { 1.0 };
        for _ in 0..self.rng.poisson(web * busy) {
            let (client, page) = (self.address(), self.rng.below(40));
            self.web(second, &client, &format!("/items/{page}"), 200);
        }
        for host in ["router-1", "router-2"] {
            if host == "router-2" && self.during(second, 4) {
                continue;
            }
            for _ in 0..self.rng.poisson(0.25 * busy) {
                let (client, took) = (self.address(), self.rng.below(50));
                self.net(
                    second,
                    host,
                    &format!("dhcpd 311 - - lease of {client} renewed in {took} ms"),
                );
            }
        }
    }

    /// Whether `second` lies in the `number`-th incident (from 1); each lasts four minutes.
    fn during(&self, second: u64, number: u64) -> bool {
        let half = self.shape.minutes * 30;
        let begin = half + (number - 1) * half / INCIDENTS;
        (begin..begin + 240).contains(&second)
    }

    fn staged(&mut self, second: u64) {
        let Some(number) = (1..=INCIDENTS).find(|n| self.during(second, *n)) else { return };
        let begun = number > 0 && !(second > 0 && self.during(second - 1, number));
        let noise = self.rng.below(1000);
        match number {
            1 => self.app(second, &format!("ERROR connection to db-1 lost, retry {noise}")),
            2 => {
                for _ in 0..2 {
                    let port = 1024 + self.rng.below(60_000);
                    self.auth(
                        second,
                        "gate-1",
                        &format!("sshd[777]: Failed password for invalid user admin from 203.0.113.9 port {port} ssh2"),
                    );
                }
            }
            3 if begun => self.app(second, "FATAL file system of /var/lib/db is read-only now"),
            5 if begun => {
                let line =
                    "sshd[4242]: Accepted publickey for mallory from 198.51.100.7 port 4711 ssh2";
                self.auth(second, "gate-2", line);
            }
            7 => self.web(second, "198.51.100.23", "/admin", 500),
            9 => self.net(
                second,
                "router-1",
                &format!("kernel 1 - - oom-killer: process {noise} (java) was killed"),
            ),
            10 => {
                self.auth(
                    second,
                    "gate-2",
                    "systemd[1]: shop.service: main process exited, status=1",
                );
                self.auth(second, "gate-2", "systemd[1]: shop.service: scheduled restart job");
            }
            11 => {
                let port = self.rng.below(65_536);
                self.net(
                    second,
                    "router-1",
                    &format!("fw 9 - - DROP tcp from 192.0.2.66 to 10.0.0.5 port {port}"),
                );
            }
            12 => {
                for _ in 0..3 {
                    self.app(second, &format!("WARN queue of worker {} is full", noise % 8));
                }
            }
            _ => {}
        }
    }
}
