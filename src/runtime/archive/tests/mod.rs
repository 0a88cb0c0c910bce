//! The whole way of an archive: files on a disk, scanned, planned, run, collected.

mod broken;
mod cases;
mod oracle;
mod piped;

use super::{ChunkSize, Plan, Problem, Progress, ScanOptions};
use seerflow_model::record::{Flags, ReceiverKind, RecordBatch, SourceInfo};
use seerflow_model::time::Ns;
use seerflow_pipeline::feed::{Load, Port, PortState, lanes};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, SystemTime};

/// 2026-03-24T00:00:00Z.
pub const BASE: Ns = 1_774_310_400 * SECOND;
pub const SECOND: Ns = 1_000_000_000;
pub const HOUR: Ns = 3600 * SECOND;
pub const DAY: Ns = 24 * HOUR;

/// A record as it came out.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Got {
    pub effective: Ns,
    pub source: String,
    pub seq: u64,
    pub event: Option<Ns>,
    pub flags: u16,
    pub text: Vec<u8>,
}

impl Got {
    pub fn has(&self, flag: Flags) -> bool {
        Flags(self.flags).has(flag)
    }
}

pub struct Ran {
    pub records: Vec<Got>,
    pub progress: Arc<Progress>,
    pub state: Arc<PortState>,
    /// Records of each lane.
    pub shares: Vec<usize>,
}

impl Ran {
    pub fn problems(&self) -> Vec<Problem> {
        self.progress.problems()
    }
}

/// Runs a plan as workers would, and checks every law of its elements.
pub fn run(plan: Plan, workers: usize) -> Ran {
    let (senders, receivers) = lanes(workers, 3);
    let state = Arc::new(PortState::default());
    let newest = plan.newest().unwrap_or(0);
    let running = plan
        .run(Port::new(7, senders, state.clone()), crate::runtime::archive::Share::whole(workers))
        .unwrap();
    let progress = running.progress.clone();
    let lanes: Vec<_> = receivers
        .into_iter()
        .map(|lane| std::thread::spawn(move || drain(lane.rx.into_iter())))
        .collect();
    running.join().unwrap();
    let mut ran = Ran { records: Vec::new(), progress, state, shares: Vec::new() };
    for lane in lanes {
        let records = lane.join().unwrap();
        ran.shares.push(records.len());
        ran.records.extend(records);
    }
    assert!(ran.state.closed());
    assert!(ran.state.promise() <= newest + 1_000_000);
    assert!(ran.state.promise() + 100_000_000 > newest);
    let accepted = ran.state.accepted.load(Ordering::Relaxed);
    assert_eq!(accepted, ran.records.len() as u64);
    assert_eq!(ran.progress.records.load(Ordering::Relaxed), accepted);
    ran.records.sort();
    let greatest = ran.records.last().map_or(0, |last| last.effective);
    assert!(greatest <= newest, "{greatest} > {newest}");
    ran
}

fn drain(elements: impl Iterator<Item = seerflow_pipeline::feed::Feed>) -> Vec<Got> {
    let (mut records, mut floor) = (Vec::new(), 0);
    for feed in elements {
        assert!(feed.floor >= floor, "the floor of a lane goes back");
        floor = feed.floor;
        let Load::Work(work) = feed.load else { panic!("a batch") };
        let batches: Vec<RecordBatch> = work();
        for batch in batches {
            let place = |r: &seerflow_model::record::RecordMeta| (r.effective, r.seq);
            assert!(batch.records.is_sorted_by_key(place));
            for meta in &batch.records {
                assert!(meta.effective >= floor, "below the floor");
                if let Some(time) = meta.event_time {
                    let text = batch.bytes_of(meta);
                    let (start, len) = (meta.time_start as usize, meta.time_len as usize);
                    assert!(len > 0 && start + len <= text.len(), "{time}");
                }
                records.push(Got {
                    effective: meta.effective,
                    source: batch.source.name.clone(),
                    seq: meta.seq,
                    event: meta.event_time,
                    flags: meta.flags.0,
                    text: batch.bytes_of(meta).to_vec(),
                });
            }
        }
    }
    records
}

pub fn scan(paths: &[PathBuf], options: &ScanOptions) -> Plan {
    Plan::scan(paths, options, &|_| {})
}

/// Options with chunks so small that a few lines make many.
pub fn small(dir: &Path, bytes: u64) -> ScanOptions {
    ScanOptions {
        chunk: ChunkSize { bytes, records: 1 << 20, patience: 1 << 20 },
        spill_dir: dir.to_owned(),
        open_chunks: usize::MAX,
        ..ScanOptions::default()
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packing {
    Plain,
    Gzip,
    GzipMembers,
    Zstd,
    ZstdFrames,
    Bzip2,
    Xz,
    Utf16,
    Utf8Mark,
}

pub const PACKINGS: [Packing; 9] = [
    Packing::Plain,
    Packing::Gzip,
    Packing::GzipMembers,
    Packing::Zstd,
    Packing::ZstdFrames,
    Packing::Bzip2,
    Packing::Xz,
    Packing::Utf16,
    Packing::Utf8Mark,
];

pub fn pack(text: &[u8], packing: Packing) -> Vec<u8> {
    let half = text.len() / 2;
    let gzip = |part: &[u8]| {
        let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        out.write_all(part).unwrap();
        out.finish().unwrap()
    };
    match packing {
        Packing::Plain => text.to_vec(),
        Packing::Gzip => gzip(text),
        Packing::GzipMembers => [gzip(&text[..half]), gzip(&text[half..])].concat(),
        Packing::Zstd => zstd::encode_all(text, 1).unwrap(),
        Packing::ZstdFrames => [
            zstd::encode_all(&text[..half], 1).unwrap(),
            zstd::encode_all(&text[half..], 1).unwrap(),
        ]
        .concat(),
        Packing::Bzip2 => {
            let mut out = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
            out.write_all(text).unwrap();
            out.finish().unwrap()
        }
        Packing::Xz => {
            let mut out = liblzma::write::XzEncoder::new(Vec::new(), 0);
            out.write_all(text).unwrap();
            out.finish().unwrap()
        }
        Packing::Utf16 => {
            let text = String::from_utf8_lossy(text).into_owned();
            let units = std::iter::once(0xfeff).chain(text.encode_utf16());
            units.flat_map(u16::to_le_bytes).collect()
        }
        Packing::Utf8Mark => [b"\xef\xbb\xbf", text].concat(),
    }
}

/// Writes a file with a modification time.
pub fn write(dir: &Path, name: &str, bytes: &[u8], modified: Ns) -> PathBuf {
    let path = dir.join(name);
    fs::write(&path, bytes).unwrap();
    let modified = SystemTime::UNIX_EPOCH + Duration::from_nanos(modified);
    File::options().write(true).open(&path).unwrap().set_modified(modified).unwrap();
    path
}

pub fn rfc3339(time: Ns) -> String {
    seerflow_model::time::rfc3339(time)
}

/// As syslog writes it, without a year.
pub fn yearless(time: Ns) -> String {
    let time = jiff::Timestamp::from_second((time / SECOND) as i64).unwrap();
    time.to_zoned(jiff::tz::TimeZone::UTC).strftime("%b %e %H:%M:%S").to_string()
}

/// Records by file name.
pub fn by_file(records: &[Got]) -> BTreeMap<String, Vec<Got>> {
    let mut files: BTreeMap<String, Vec<Got>> = BTreeMap::new();
    for record in records {
        let name = Path::new(&record.source).file_name().unwrap().to_string_lossy().into_owned();
        files.entry(name).or_default().push(record.clone());
    }
    for records in files.values_mut() {
        records.sort_by_key(|record| record.seq);
    }
    files
}
