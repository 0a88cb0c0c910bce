//! What each stage costs, alone and on one thread: `cargo bench -p seerflow --bench stages`.
//!
//! All stages work on the same generated lines; times are per so many of them (see the
//! throughput). `seerflow bench` has what they cost together.

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use seerflow::bench::generate::{self, GenerateOptions};
use seerflow::runtime::archive::{Plan, ScanOptions};
use seerflow_detection::calibrate::{CalibrationConfig, Calibrator, ScoreHistogram};
use seerflow_detection::novelty::{NoveltyConfig, Slots};
use seerflow_detection::volume::{Series, SeriesKind, VolumeConfig};
use seerflow_model::record::{ReceiverKind, RecordBatch, RecordMeta, SourceInfo};
use seerflow_model::{Event, ParamKind, hash};
use seerflow_parsing::header::Reader;
use seerflow_parsing::lines::{self, Splitter};
use seerflow_parsing::mask::Masker;
use seerflow_parsing::roles::RoleSet;
use seerflow_parsing::template::Miner;
use seerflow_parsing::time::{Finder, YearPolicy, Zone};
use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

/// That of the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Lines that every stage works on.
const LINES: u64 = 10_000;

fn text() -> Vec<u8> {
    let mut text = Vec::new();
    let options = GenerateOptions { events: LINES, ..GenerateOptions::default() };
    generate::write(&options, &mut text).expect("writing to memory does not fail");
    text
}

fn finder() -> Finder {
    Finder::new(Zone::Utc, YearPolicy::Fixed(2026))
}

fn batch(text: &[u8]) -> RecordBatch {
    let found = lines::records(text, lines::Options::default(), finder());
    let meta = |(seq, record): (usize, &lines::Piece)| RecordMeta {
        effective: record.time.map_or(0, |time| time.ns),
        ..record.meta(seq as u64)
    };
    RecordBatch {
        source: Arc::new(SourceInfo::plain(1, "bench", ReceiverKind::File, "file")),
        observed: 0,
        records: found.records.iter().enumerate().map(meta).collect(),
        bytes: found.bytes,
    }
}

fn events(batch: &RecordBatch) -> Vec<Event> {
    let mut reader = Reader::new();
    batch.records.iter().map(|meta| reader.read(batch, meta)).collect()
}

fn masked(batch: &RecordBatch) -> Vec<Event> {
    let mut masker = Masker::new();
    let mut events = events(batch);
    events.iter_mut().for_each(|event| masker.mask(event));
    events
}

fn reading(c: &mut Criterion) {
    let text = text();
    let batch = batch(&text);
    let mut group = c.benchmark_group("read");
    group.throughput(Throughput::Elements(LINES));
    group.bench_function("split and find time", |b| {
        b.iter(|| {
            let (mut splitter, mut finder, mut found) = (Splitter::new(1 << 20, 0), finder(), 0);
            splitter.push(&text, |line| found += usize::from(finder.find(line.bytes).is_some()));
            found
        });
    });
    group.bench_function("records", |b| {
        b.iter(|| lines::records(&text, lines::Options::default(), finder()).records.len());
    });
    group.bench_function("header", |b| b.iter(|| events(&batch).len()));
    group.finish();
}

fn parsing(c: &mut Criterion) {
    let batch = batch(&text());
    let (events, masked) = (events(&batch), masked(&batch));
    let mut group = c.benchmark_group("parse");
    group.throughput(Throughput::Elements(LINES));
    group.bench_function("mask", |b| {
        let mut masker = Masker::new();
        let mask = |mut events: Vec<Event>| {
            events.iter_mut().for_each(|event| masker.mask(event));
            events
        };
        b.iter_batched(|| events.clone(), mask, BatchSize::LargeInput);
    });
    group.bench_function("roles", |b| {
        let mut roles = RoleSet::bundled();
        let apply = |mut events: Vec<Event>| {
            events.iter_mut().for_each(|event| roles.apply(event));
            events
        };
        b.iter_batched(|| masked.clone(), apply, BatchSize::LargeInput);
    });
    group.bench_function("assign templates", |b| {
        let mut miner = Miner::new();
        b.iter(|| masked.iter().filter(|event| miner.assign(event).founded).count());
    });
    group.finish();
}

fn detecting(c: &mut Criterion) {
    let mut group = c.benchmark_group("detect");
    group.throughput(Throughput::Elements(LINES));
    group.bench_function("close a series", |b| {
        let (config, mut series, mut bucket) =
            (VolumeConfig::default(), Series::new(SeriesKind::Template), 0);
        b.iter(|| {
            for _ in 0..LINES {
                bucket += 1;
                black_box(series.close(&config, bucket, 40 + hash::mix(bucket) % 21));
            }
        });
    });
    group.bench_function("observe a slot", |b| {
        let (config, mut slots, mut n) = (NoveltyConfig::default(), Slots::default(), 0);
        b.iter(|| {
            for _ in 0..LINES {
                n += 1;
                let value = hash::mix(hash::mix(n) % 200);
                black_box(slots.observe(&config, 0, ParamKind::Any, value));
            }
        });
    });
    group.bench_function("count scores, close a quantum", |b| {
        let (config, mut calibrator) = (CalibrationConfig::default(), Calibrator::default());
        b.iter(|| {
            let mut scores = ScoreHistogram::default();
            for n in 0..LINES {
                let share = (hash::mix(n) >> 11) as f64 / (1u64 << 53) as f64;
                scores.add(-share.max(1e-9).ln(), -(1.0 - share).max(1e-9).ln(), 1);
            }
            calibrator.absorb(&scores);
            black_box(calibrator.close_quantum(&config))
        });
    });
    group.finish();
}

fn scanning(c: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let options = GenerateOptions { events: LINES, ..GenerateOptions::default() };
    let files = generate::write_files(&options, folder.path()).expect("it can be written to");
    let mut group = c.benchmark_group("archive");
    group.throughput(Throughput::Elements(LINES));
    group.bench_function("scan", |b| {
        b.iter(|| Plan::scan(&files, &ScanOptions::default(), &|_| {}).summary().records);
    });
    group.finish();
}

fn config() -> Criterion {
    Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1))
}

criterion_group! {
    name = stages;
    config = config();
    targets = reading, parsing, detecting, scanning
}
criterion_main!(stages);
