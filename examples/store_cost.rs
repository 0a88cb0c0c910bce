//! What the event store costs: CPU time per event to store, bytes per event on disk, time to read
//! and to open, memory.
//!
//! `cargo run --release --example store_cost -- [--trickle] [FILE…]`; without files, on lines it
//! makes. Several files are read side by side, as many lines of each, as the dataflow would order
//! them. CPU time is that of the process; what parsing took on its own thread is taken away. With
//! `--trickle` the lines come at ten a second, by a clock that is moved, for as many days as there
//! are lines: what small blocks and their merging cost.

use seerflow::bench::generate::{self, GenerateOptions};
use seerflow::runtime::clock::Clock;
use seerflow::store::events::{EventStore, Needle, Options, Origin};
use seerflow_model::record::{ReceiverKind, RecordBatch, RecordMeta, SourceInfo};
use seerflow_model::{Event, LineEnd, hash};
use seerflow_parsing::lines::{self, Piece};
use seerflow_parsing::parser::Parser;
use seerflow_parsing::roles::RoleSet;
use seerflow_parsing::template::Miner;
use seerflow_parsing::time::{Finder, YearPolicy, Zone};
use std::fs::File;
use std::io::{BufRead, BufReader, Error, Result};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

/// That of the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Lines of each file at a time.
const LINES: usize = 10_000;

fn cpu(clock: rustix::time::ClockId) -> f64 {
    let time = rustix::time::clock_gettime(clock);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

fn process() -> f64 {
    cpu(rustix::time::ClockId::ProcessCPUTime)
}

fn thread() -> f64 {
    cpu(rustix::time::ClockId::ThreadCPUTime)
}

/// Resident memory in MiB, now and at its greatest.
fn memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let of = |key: &str| {
        let line = status.lines().find(|line| line.starts_with(key)).unwrap_or_default();
        let kib = line.split_whitespace().nth(1).and_then(|n| n.parse::<u64>().ok());
        kib.unwrap_or_default() / 1024
    };
    format!("RSS {} MiB, at most {} MiB", of("VmRSS"), of("VmHWM"))
}

/// A file that is read some lines at a time.
struct Input {
    lines: BufReader<File>,
    source: Arc<SourceInfo>,
    seq: u64,
    last: u64,
    year: YearPolicy,
}

impl Input {
    fn open(path: &Path) -> Result<Input> {
        let file = File::open(path)?;
        let at = file.metadata()?.modified()?.duration_since(std::time::UNIX_EPOCH);
        let observed = at.map_err(Error::other)?.as_nanos() as u64;
        let name = path.display().to_string();
        let source = SourceInfo::plain(hash::text(&name), &name, ReceiverKind::Archive, "file");
        Ok(Input {
            lines: BufReader::new(file),
            source: Arc::new(source),
            seq: 0,
            last: observed,
            year: YearPolicy::NotAfter(observed),
        })
    }

    fn events(&mut self, parser: &mut Parser, out: &mut Vec<Event>) -> Result<u64> {
        let mut bytes = Vec::new();
        for _ in 0..LINES {
            if self.lines.read_until(b'\n', &mut bytes)? == 0 {
                break;
            }
        }
        let finder = Finder::new(Zone::Utc, self.year);
        let found = lines::records(&bytes, lines::Options::default(), finder);
        let batch = RecordBatch {
            source: Arc::clone(&self.source),
            observed: 1_800_000_000_000_000_000,
            records: found.records.iter().map(|piece| self.meta(piece)).collect(),
            bytes: found.bytes,
        };
        out.extend(batch.records.iter().map(|meta| parser.parse(&batch, meta)));
        Ok(bytes.len() as u64)
    }

    fn meta(&mut self, piece: &Piece) -> RecordMeta {
        self.last = piece.time.map_or(self.last, |time| time.ns);
        self.seq += 1;
        RecordMeta {
            start: piece.start,
            len: piece.len,
            seq: self.seq - 1,
            event_time: piece.time.map(|time| time.ns),
            effective: self.last,
            time_start: piece.time.map_or(0, |time| time.start),
            time_len: piece.time.map_or(0, |time| time.len),
            flags: piece.flags,
            end: LineEnd::Lf,
        }
    }
}

fn main() -> Result<()> {
    let mut paths: Vec<PathBuf> = std::env::args().skip(1).map(PathBuf::from).collect();
    let trickles = paths.first().is_some_and(|first| first.as_os_str() == "--trickle");
    if trickles {
        paths.remove(0);
    }
    let made = tempfile::NamedTempFile::new()?;
    if paths.is_empty() {
        let (events, rate) = if trickles { (864_000, 10) } else { (1_000_000, 1000) };
        let options = GenerateOptions { events, rate, ..GenerateOptions::default() };
        generate::write(&options, &mut made.as_file())?;
        paths.push(made.path().to_owned());
    }
    let dir = tempfile::tempdir()?;
    if trickles {
        return trickle(&paths, dir.path());
    }
    write(&paths, dir.path())?;
    read(dir.path())
}

fn open(dir: &Path) -> Result<Arc<EventStore>> {
    let options = Options { background: false, ..Options::default() };
    let opened = EventStore::open(dir, options, Clock::system());
    opened.map(|(store, _)| store).map_err(Error::other)
}

fn write(paths: &[PathBuf], dir: &Path) -> Result<()> {
    let store = open(dir)?;
    let mut writer = store.writer(0, Origin::Live).map_err(Error::other)?;
    let mut inputs = paths.iter().map(|path| Input::open(path)).collect::<Result<Vec<_>>>()?;
    let mut parser = Parser::new(RoleSet::bundled(), None);
    let mut miner = Miner::new();
    let (mut events, mut raw, mut parsing, mut keeping) = (0u64, 0u64, 0.0, 0.0);
    let from = process();
    loop {
        let start = thread();
        let mut batch = Vec::new();
        for input in &mut inputs {
            raw += input.events(&mut parser, &mut batch)?;
        }
        if batch.is_empty() {
            break;
        }
        batch.sort_by_key(Event::order);
        let templates: Vec<_> = batch
            .iter()
            .map(|event| {
                let id = miner.assign(event).template;
                let text = miner.leaf(event.leaf).and_then(|leaf| leaf.template(id));
                (id, text.map_or_else(String::new, |info| info.text))
            })
            .collect();
        let parsed = thread();
        for (n, (event, (id, text))) in (0u32..).zip(batch.iter().zip(&templates)) {
            let probability = if n % 100 == 0 { 1e-4 / f64::from(n + 1) } else { 1.0 };
            writer.store(event, *id, text, probability);
        }
        writer.show();
        events += batch.len() as u64;
        keeping += thread() - parsed;
        let free = thread();
        drop((batch, templates));
        parsing += parsed - start + (thread() - free);
    }
    store.seal();
    let stored = process() - from - parsing;
    store.close();
    let stats = store.stats();
    println!(
        "{events} events, {} MiB: parsing {:.0} ns; storing {:.0} ns ({:.0} on the worker), \
         {:.0} k events per CPU s; {:.1} of {:.1} bytes per event; {} segments, {} blocks, \
         {} waits; {}",
        raw >> 20,
        parsing * 1e9 / events as f64,
        stored * 1e9 / events as f64,
        keeping * 1e9 / events as f64,
        events as f64 / stored / 1e3,
        stats.bytes as f64 / events as f64,
        raw as f64 / events as f64,
        stats.segments,
        stats.blocks,
        stats.waits,
        memory(),
    );
    Ok(())
}

/// Ten lines a second, blocks by their age, segments every five minutes, merged as they come.
fn trickle(paths: &[PathBuf], dir: &Path) -> Result<()> {
    const BATCH: usize = 10;
    let (clock, hand) = Clock::manual(1_800_000_000_000_000_000);
    let options = Options { background: false, ..Options::default() };
    let (store, _) = EventStore::open(dir, options, clock).map_err(Error::other)?;
    let mut writer = store.writer(0, Origin::Live).map_err(Error::other)?;
    let mut parser = Parser::new(RoleSet::bundled(), None);
    let (mut events, mut second) = (0u64, 0u64);
    for path in paths {
        let mut input = Input::open(path)?;
        loop {
            let mut batch = Vec::new();
            input.events(&mut parser, &mut batch)?;
            if batch.is_empty() {
                break;
            }
            for ten in batch.chunks(BATCH) {
                for event in ten {
                    writer.store(event, event.leaf, "", 1.0);
                }
                writer.show();
                hand.advance(1_000_000_000);
                events += ten.len() as u64;
                second += 1;
                if second.is_multiple_of(300) {
                    store.seal();
                    while store.merge().map_err(Error::other)? {}
                }
            }
        }
    }
    store.close();
    let stats = store.stats();
    let files = std::fs::read_dir(dir)?.count();
    println!(
        "{events} events in {:.1} h: {:.1} bytes per event, {files} files, {} blocks, {} merges; \
         {:.1} CPU s in all; {}",
        second as f64 / 3600.0,
        stats.bytes as f64 / events as f64,
        stats.blocks,
        stats.merges,
        process(),
        memory(),
    );
    Ok(())
}

fn read(dir: &Path) -> Result<()> {
    let (start, wall) = (process(), Instant::now());
    let store = open(dir)?;
    println!("opened in {:.1} ms CPU, {:.1} ms", (process() - start) * 1e3, ms(wall));
    let snapshot = store.snapshot();
    let parts = snapshot.parts();
    let rows: u64 = snapshot.events();
    let timed = |what: &str, run: &mut dyn FnMut() -> u64| {
        let (start, wall) = (process(), Instant::now());
        let n = run();
        println!("{what}: {n}; {:.1} ms CPU, {:.1} ms", (process() - start) * 1e3, ms(wall));
    };
    for (what, text) in [("a needle", "qzx-7.8.9"), ("a phrase", "Failed password")] {
        let needle = Needle::phrase(text).ok_or_else(|| Error::other("no needle"))?;
        timed(&format!("{what} in all blocks"), &mut || {
            let hits = parts.iter().filter_map(|part| part.rows_with(&needle).ok());
            hits.map(|hits| hits.sure.len() + hits.maybe.len()).sum()
        });
    }
    let key = hash::mix(7);
    timed("an entity that is nowhere", &mut || {
        parts.iter().filter_map(|part| part.entity_rows(key).ok()).map(|r| r.len() as u64).sum()
    });
    timed("all times and severities", &mut || {
        let all = parts.iter().filter_map(|part| Some((part.times().ok()?, part.severity().ok()?)));
        all.map(|(times, _)| times.len() as u64).sum()
    });
    let some = |part: &&seerflow::store::events::Part| part.rows() > 0;
    let mut parser = Parser::new(RoleSet::bundled(), None);
    timed("100 events of the last part", &mut || {
        let part = parts.iter().rfind(some);
        let rows = part.map_or(0, |part| part.rows());
        let read = |row| part.and_then(|part| part.event(row, &mut parser).ok());
        (rows.saturating_sub(100)..rows).filter_map(read).count() as u64
    });
    let (start, mut bytes) = (process(), 0u64);
    for part in parts {
        for row in 0..part.rows() {
            bytes += part.raw(row).map_err(Error::other)?.len() as u64;
        }
    }
    let took = process() - start;
    println!(
        "all records read: {} MiB, {:.0} ns CPU per event, {:.0} k events per CPU s; {}",
        bytes >> 20,
        took * 1e9 / rows.max(1) as f64,
        rows as f64 / took / 1e3,
        memory(),
    );
    Ok(())
}

fn ms(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1e3
}
