//! Samples of the bundled rules, through a real socket and the whole engine.

use seerflow::cli::daemon;
use seerflow::config::Config;
use seerflow::runtime::clock::{Clock, ManualClock};
use seerflow::runtime::live::{Live, LiveOptions, Way};
use seerflow::runtime::rules::{Given, Rules};
use seerflow::runtime::setup;
use seerflow::sigma::book::{Book, Changes, Wish};
use seerflow::sigma::samples::{self, Sample, Samples};
use seerflow_model::Ns;
use seerflow_model::time::{DAY, SECOND};
use seerflow_parsing::redact::Key;
use seerflow_pipeline::rulebook::RuleDesk;
use seerflow_sigma::Part;
use std::io::Write;
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::Ordering::Acquire;
use std::time::{Duration, Instant};

/// 2026-11-26T00:00:00Z: behind the records of all samples, and less than a day.
const CLOCK: Ns = 1_795_651_200 * SECOND;
const PATIENCE: Duration = Duration::from_secs(30);

struct Rig {
    runtime: tokio::runtime::Runtime,
    live: Option<Live>,
    hand: ManualClock,
    stream: TcpStream,
    sent: u64,
}

impl Rig {
    fn start(book: &Book) -> Rig {
        let mut runtime = tokio::runtime::Builder::new_multi_thread();
        let runtime = runtime.worker_threads(1).enable_all().build().unwrap();
        let mut config = Config::default();
        config.engine.lateness_seconds = DAY / SECOND;
        let given = Given { timezone: Some(jiff::tz::TimeZone::UTC), ..Given::default() };
        let rules = Arc::new(Rules::new(&config, given, &Key::new(b"tests")));
        let (clock, hand) = Clock::manual(CLOCK);
        let tcp = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = tcp.local_addr().unwrap();
        let options = LiveOptions {
            ways: vec![Way::Tcp(tcp, daemon::tcp(&config))],
            clock,
            rules: rules.clone(),
            node: 1,
            first_seq: 1,
            lateness: DAY,
        };
        let mut engine = setup::engine(&config, 1, &rules);
        engine.rules_desk = Arc::new(RuleDesk::new(book.set.clone()));
        let (live, _alerts) = {
            let _context = runtime.enter();
            Live::start(engine, options).unwrap()
        };
        let stream = TcpStream::connect(address).unwrap();
        let mut rig = Rig { runtime, live: Some(live), hand, stream, sent: 0 };
        // A connection counts octets once it has sent a frame of syslog that does.
        let first = "<134>1 2026-11-25T00:00:01Z web-1 first 1 - - of its connection".to_owned();
        rig.send(&[Sample { records: vec![first] }]);
        rig
    }

    fn live(&self) -> &Live {
        self.live.as_ref().unwrap()
    }

    /// Sends records and waits until the rules have been put to them.
    fn send(&mut self, samples: &[Sample]) {
        for record in samples.iter().flat_map(|sample| &sample.records) {
            write!(self.stream, "{} {record}", record.len()).unwrap();
            self.sent += 1;
        }
        let sent = self.sent;
        self.wait("records in the engine", |live| {
            let port = &live.shared.ports[0];
            port.held.load(Acquire) + port.processed.load(Acquire) == sent
                && port.in_flight.load(Acquire) == 0
        });
    }

    /// Lets all timespans pass.
    fn pass(&self) {
        self.hand.set(CLOCK + 9 * DAY);
        self.wait("the frontier", |live| live.shared.frontier() > CLOCK + 7 * DAY);
    }

    fn wait(&self, what: &str, done: impl Fn(&Live) -> bool) {
        let begin = Instant::now();
        while !done(self.live()) {
            assert!(begin.elapsed() < PATIENCE, "{what} did not come");
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    fn matches(&self, part: Part) -> u64 {
        let rules = self.live().shared.rules.current();
        let named = match part {
            Part::Rule(n) => &rules.rules[n as usize],
            Part::Correlation(n) => &rules.correlations[n as usize],
        };
        named.matches.load(Acquire)
    }
}

impl Drop for Rig {
    fn drop(&mut self) {
        if let Some(live) = self.live.take() {
            let _ = self.runtime.block_on(live.stop());
        }
    }
}

fn book() -> Book {
    Book::load(&Wish { bundled: true, ..Wish::default() }, &Changes::default()).unwrap()
}

/// The rules that are asked for, each with its samples.
fn all(book: &Book, wanted: fn(Part) -> bool) -> Vec<(Part, String, Samples)> {
    let entries = book.entries.iter().filter(|entry| wanted(entry.part));
    let of = |entry: &seerflow::sigma::book::Entry| {
        let header = book.header(entry.part).unwrap();
        let all = samples::read(&book.text(entry).unwrap()).unwrap();
        let own = all.into_iter().find(|samples| samples.are_of(header)).unwrap_or_default();
        assert!(own.matches.len() >= 3 && own.misses.len() >= 3, "{}", header.title);
        (entry.part, header.title.clone(), own)
    };
    entries.map(of).collect()
}

#[test]
fn samples_of_rules_about_one_event() {
    let book = book();
    let mut rig = Rig::start(&book);
    for (part, title, samples) in all(&book, |part| matches!(part, Part::Rule(_))) {
        let before = rig.matches(part);
        rig.send(&samples.matches);
        let matched = rig.matches(part) - before;
        assert_eq!(matched, samples.matches.len() as u64, "{title}");
        rig.send(&samples.misses);
        assert_eq!(rig.matches(part), before + matched, "{title}: a near miss");
    }
}

#[test]
fn samples_of_rules_about_several_events() {
    let book = book();
    for (part, title, samples) in all(&book, |part| matches!(part, Part::Correlation(_))) {
        for (wanted, samples) in [(true, samples.matches), (false, samples.misses)] {
            for sample in samples {
                let mut rig = Rig::start(&book);
                rig.send(std::slice::from_ref(&sample));
                rig.pass();
                let matched = rig.matches(part) > 0;
                assert_eq!(matched, wanted, "{title}: {:?} …", sample.records.first());
            }
        }
    }
}
