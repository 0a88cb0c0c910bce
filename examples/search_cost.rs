//! What searching costs: CPU and wall time of questions about many events, and memory.
//!
//! `cargo run --release --example search_cost -- [EVENTS] [DIR]`; 5 M events when nothing is
//! said. With DIR a store that is there is used and a new one is kept. Each figure is the best of
//! seven, and the first with an empty cache is shown too.

use rustix::time::{ClockId, clock_gettime};
use seerflow::runtime::clock::Clock;
use seerflow::store::events::find::{self, By, EventQuery, NoAliases, Page};
use seerflow::store::events::{EventStore, Options, Origin, Retention};
use seerflow_model::record::{ReceiverKind, RecordMeta};
use seerflow_model::time::SECOND;
use seerflow_model::{EntityType, Flags, LineEnd, Ns, RecordBatch, SourceInfo, entity, hash};
use seerflow_parsing::parser::Parser;
use seerflow_parsing::roles::RoleSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

const START: Ns = 1_770_000_000 * SECOND;
/// Events per second of log: 5 M are a day.
const RATE: u64 = 58;

fn cpu() -> f64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

fn line(n: u64, total: u64) -> String {
    let r = hash::mix(n);
    let (host, pid, port) = (r % 50, r >> 8 & 0x7fff, 1024 + (r >> 24) % 60_000);
    let (a, b) = (r >> 40 & 255, r >> 48 & 255);
    let user = if n == total / 3 { "needle-user".into() } else { format!("u{}", r % 997) };
    match n % 6 {
        _ if n == total / 3 => format!(
            "Mar  4 10:00:00 web-1 sshd[{pid}]: Failed password for {user} from 192.0.2.250 port {port} ssh2"
        ),
        0 => format!(
            "Mar  4 10:00:00 web-{host} sshd[{pid}]: Failed password for root from 10.{a}.{b}.7 port {port} ssh2"
        ),
        1 => format!(
            "Mar  4 10:00:00 web-{host} sshd[{pid}]: Accepted publickey for {user} from 10.1.{a}.{b} port {port} ssh2"
        ),
        2 => format!(
            "Mar  4 10:00:00 fw-{} kernel: DROP IN=eth0 SRC=10.{a}.{b}.9 DST=10.0.0.{a} LEN={} PROTO=TCP",
            host % 3,
            r % 1500
        ),
        3 => format!(
            "Mar  4 10:00:00 db-{} postgres[{pid}]: duration: {}.{:03} ms statement: select {}",
            host % 5,
            r % 900,
            r % 997,
            r % 31
        ),
        4 => format!(
            "10.{a}.{b}.3 - - [04/Mar/2026:10:00:00 +0000] \"GET /item/{} HTTP/1.1\" {} {}",
            r % 5000,
            if r.is_multiple_of(40) { 500 } else { 200 },
            r % 90_000
        ),
        _ => format!(
            "Mar  4 10:00:00 app-{host} worker[{pid}]: job {:x} of queue q{} done in {}ms",
            r >> 20,
            r % 9,
            r % 5000
        ),
    }
}

fn fill(dir: &Path, events: u64) -> Result<(), Box<dyn std::error::Error>> {
    let (store, _) = EventStore::open(dir, options(), Clock::system())?;
    let mut writer = store.writer(0, Origin::Live)?;
    let sources: Vec<_> = (0..4)
        .map(|id| {
            Arc::new(SourceInfo::plain(
                id,
                &format!("/var/log/{id}.log"),
                ReceiverKind::File,
                "file",
            ))
        })
        .collect();
    let mut parser = Parser::new(RoleSet::bundled(), None);
    let started = Instant::now();
    for n in 0..events {
        let raw = line(n, events).into_bytes();
        // Where the edge would have found the time.
        let (start, len) = match raw.iter().position(|b| *b == b'[').filter(|_| n % 6 == 4) {
            Some(at) => (at as u32 + 1, 26),
            None => (0, 15),
        };
        let at = START + n * SECOND / RATE;
        let meta = RecordMeta {
            start: 0,
            len: raw.len() as u32,
            seq: n / 4,
            event_time: Some(at),
            effective: at,
            time_start: start,
            time_len: len,
            flags: Flags::default(),
            end: LineEnd::Lf,
        };
        let batch = RecordBatch {
            source: Arc::clone(&sources[n as usize % 4]),
            observed: at,
            bytes: raw,
            records: Vec::new(),
        };
        let event = parser.parse(&batch, &meta);
        let p = if n.is_multiple_of(1000) { 1e-4 } else { 1.0 };
        writer.store(&event, event.leaf, "a template", p);
        if n.is_multiple_of(1000) {
            writer.show();
        }
    }
    writer.show();
    store.seal();
    while store.merge()? {}
    println!("filled in {:.1} s: {:?}", started.elapsed().as_secs_f64(), store.stats());
    Ok(())
}

fn options() -> Options {
    let retention =
        Retention { max_age: None, max_bytes: None, max_disk_share: 1.0, disk_full: 1.0 };
    Options { background: false, retention, ..Options::default() }
}

fn rss_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kib| kib.parse::<u64>().ok()).unwrap_or(0) / 1024
}

fn timed(what: &str, mut ask: impl FnMut() -> String) {
    let (mut first, mut best, mut wall) = (0.0, f64::INFINITY, f64::INFINITY);
    let mut said = String::new();
    for round in 0..7 {
        let (start, clock) = (cpu(), Instant::now());
        said = ask();
        let (cpu, real) = (cpu() - start, clock.elapsed().as_secs_f64());
        if round == 0 {
            first = cpu;
        }
        best = cpu.min(best);
        wall = real.min(wall);
    }
    println!(
        "{what:<44} {:>8.2} ms first {:>8.2} ms wall {:>8.2} ms  {said}",
        best * 1e3,
        first * 1e3,
        wall * 1e3
    );
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let events: u64 = args.next().and_then(|n| n.parse().ok()).unwrap_or(5_000_000);
    let made = tempfile::tempdir()?;
    let dir = args.next().map_or_else(|| made.path().join("events"), PathBuf::from);
    if !dir.exists() {
        std::fs::create_dir_all(&dir)?;
        fill(&dir, events)?;
        println!("peak memory after filling {} MiB", rss_mib());
    }
    let opened = Instant::now();
    let (store, _) = EventStore::open(&dir, options(), Clock::system())?;
    let snapshot = store.snapshot();
    println!(
        "opened in {:.1} ms: {} events in {} parts",
        opened.elapsed().as_secs_f64() * 1e3,
        snapshot.events(),
        snapshot.parts().len()
    );
    let mut parser = Parser::new(RoleSet::bundled(), None);
    let mut page = |words: &str, limit: usize, count: bool| {
        let query = EventQuery { limit, count, ..EventQuery::words(words).expect("a query") };
        match find::events(&snapshot, &query, &mut parser, &NoAliases) {
            Ok(Page { items, total, truncated, .. }) => {
                format!("{} of {total:?}{}", items.len(), if truncated { " truncated" } else { "" })
            }
            Err(error) => error.to_string(),
        }
    };
    let rare = entity::uuid(EntityType::Ip, "192.0.2.250");
    let hot = entity::uuid(EntityType::User, "root");
    for (what, words) in [
        ("100 newest", "*"),
        ("needle", "\"needle-user\""),
        ("needle, an address", "192.0.2.250"),
        ("rare entity by value", "ip:192.0.2.250"),
        ("rare entity by id", &format!("entity:{rare}")),
        ("hot entity by value", "user:root"),
        ("hot entity by id", &format!("entity:{hot}")),
        ("hot word", "failed"),
        ("word and host", "failed host:web-7"),
        ("phrase across values", "\"password for root from 10.3.7\"*"),
        ("prefix", "10.3.7.*"),
        ("severity", "severity:>=error"),
        ("score", "score:>=0.99"),
        ("field", "http.response.status_code:500"),
        ("field compared", "http.response.status_code:>=500"),
        ("absent word", "nosuchwordatall"),
    ] {
        timed(&format!("{what}, page of 100"), || page(words, 100, false));
        timed(&format!("{what}, with total"), || page(words, 100, true));
    }
    let query = EventQuery::default();
    let mut parser = Parser::new(RoleSet::bundled(), None);
    for by in [None, Some(By::Severity), Some(By::Host), Some(By::Template)] {
        timed(&format!("histogram of all by minute, {by:?}"), || {
            let by = by.map(|by| (by, 10));
            let found =
                find::histogram(&snapshot, &query, 60 * SECOND, by, &mut parser, &NoAliases);
            found.map_or_else(
                |error| error.to_string(),
                |h| format!("{} in {}", h.total, h.counts.len()),
            )
        });
    }
    timed("entities that hold 'needle'", || {
        let found = find::search(&snapshot, "needle", &[], 50);
        found.map_or_else(|error| error.to_string(), |found| found.total.to_string())
    });
    timed("what is related to root", || {
        let found = find::related(&snapshot, &query, hot, &mut parser, &NoAliases);
        found.map_or_else(|error| error.to_string(), |found| found.len().to_string())
    });
    println!("peak memory {} MiB", rss_mib());
    Ok(())
}
