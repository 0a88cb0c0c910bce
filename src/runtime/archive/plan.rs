//! The plan: all files scanned, all chunks in order.

use super::files::{Scanned, options_of, reading, scan_all, unique};
use super::open::Compression;
use super::options::{FileOptions, ScanOptions};
use super::order::{Placed, arrange};
use super::problem::{Notice, Problem};
use super::progress::Progress;
use super::read::Window;
use super::scan::{FileScan, Reading};
use super::spill::{self, Budget};
use super::summary::{OnePassFile, PlannedChunk, ScanProgress, Summary, YearUsed};
use seerflow_model::hash;
use seerflow_model::record::{ReceiverKind, SourceInfo};
use seerflow_model::time::Ns;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

/// Compressed files that are read through their decoders at a time; more are unpacked.
pub const DECODERS: usize = 16;

/// How a file's chunks are reached in the second pass.
pub(super) enum Access {
    /// At their place in the file.
    Direct,
    /// At their place in an unpacked copy.
    Unpacked(Arc<File>),
    /// Through the decoder, in order.
    Decoder,
}

/// A file of the plan.
pub(super) struct Planned {
    pub scan: FileScan,
    pub access: Access,
    pub source: Arc<SourceInfo>,
    pub reading: Arc<Reading>,
}

/// All files scanned, all chunks in order: see the module head of [`super`].
pub struct Plan {
    pub(super) files: Vec<Planned>,
    pub(super) order: Vec<Placed>,
    pub(super) window: Window,
    pub(super) progress: Arc<Progress>,
    one_pass: Vec<OnePassFile>,
    notices: Vec<Notice>,
    problems: Vec<Problem>,
    open_chunks: usize,
    unpacked: u64,
}

impl Plan {
    /// Scans files (see [`super::paths::expand`] for folders and patterns). A file that cannot be
    /// read is a problem of the plan; the others are planned. The same file is read once however
    /// often it is named. `progress` is called now and then, from any thread.
    pub fn scan(
        paths: &[PathBuf],
        options: &ScanOptions,
        progress: &(dyn Fn(ScanProgress) + Sync),
    ) -> Plan {
        let paths = unique(paths);
        let on_disk = Arc::new(AtomicU64::new(0));
        let scanned = scan_all(&paths, options, &on_disk, progress);
        let mut plan = Plan {
            files: Vec::new(),
            order: Vec::new(),
            window: Window::ALL,
            progress: Arc::default(),
            one_pass: Vec::new(),
            notices: Vec::new(),
            problems: Vec::new(),
            open_chunks: options.open_chunks,
            unpacked: 0,
        };
        plan.take(scanned, options);
        plan.clip(options.since, options.until);
        plan.unpack(options, &on_disk);
        plan
    }

    /// Leaves out records before `since` and from `until` on; for times that are counted back from
    /// [`Plan::newest`]. Replaces an earlier window.
    pub fn clip(&mut self, since: Option<Ns>, until: Option<Ns>) {
        self.window = Window { since: since.unwrap_or(0), until: until.unwrap_or(Ns::MAX).max(1) };
        let chunks: Vec<&[_]> = self.files.iter().map(|f| &f.scan.chunks[..]).collect();
        self.order = arrange(&chunks, self.window, self.open_chunks);
    }

    /// The greatest effective time of all: E is one millisecond later. Where the logs go on behind
    /// the window it is the window's last instant, so it does not depend on where chunks are cut.
    pub fn newest(&self) -> Option<Ns> {
        let promised = self.order.iter().map(|place| place.promise);
        let chunks = self.files.iter().flat_map(|file| &file.scan.chunks);
        let one_pass = self.one_pass.iter().map(|file| file.newest);
        let newest = chunks.map(|chunk| chunk.greatest).chain(one_pass).chain(promised).max();
        newest.map(|newest| newest.min(self.window.until - 1))
    }

    /// The least effective time of the plan; at the edge of a window, the window's.
    pub fn oldest(&self) -> Option<Ns> {
        self.order.first().map(|place| place.promise)
    }

    /// What is read of the logs.
    pub fn window(&self) -> Window {
        self.window
    }

    /// What went wrong in the scan; what goes wrong later is in [`Plan::progress`].
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// What a person should know.
    pub fn notices(&self) -> &[Notice] {
        &self.notices
    }

    /// Files that need a port of their own.
    pub fn one_pass(&self) -> &[OnePassFile] {
        &self.one_pass
    }

    /// Counters of the second pass.
    pub fn progress(&self) -> Arc<Progress> {
        self.progress.clone()
    }

    /// The chunks in the order in which they are opened.
    pub fn chunks(&self) -> impl Iterator<Item = PlannedChunk> {
        self.order.iter().map(|place| {
            let chunk = self.chunk_of(place);
            PlannedChunk {
                path: self.files[place.file as usize].scan.path.clone(),
                number: place.chunk,
                records: chunk.records,
                least: chunk.least,
                greatest: chunk.greatest,
                floor: place.floor,
                promise: place.promise,
            }
        })
    }

    /// Sources of the planned files, in the order of their paths.
    pub fn sources(&self) -> impl Iterator<Item = &Arc<SourceInfo>> {
        self.files.iter().map(|file| &file.source)
    }

    /// The plan in figures.
    pub fn summary(&self) -> Summary {
        let mut summary = Summary {
            files: self.files.len() + self.one_pass.len(),
            chunks: self.order.len(),
            unpacked: self.unpacked,
            one_pass: self.one_pass.len(),
            ..Summary::default()
        };
        for place in &self.order {
            let chunk = self.chunk_of(place);
            summary.bytes += chunk.end - chunk.start;
            summary.records += u64::from(chunk.records);
            summary.skewed += u64::from(chunk.skewed);
            summary.crowded_chunks += usize::from(chunk.least < place.floor);
        }
        for file in &self.files {
            summary.compressed += usize::from(file.scan.opened.compression != Compression::None);
            summary.cut += file.scan.cut;
            summary.zoneless += usize::from(file.scan.zoneless);
            if let Some(year) = file.scan.year {
                summary.years.push(YearUsed { path: file.scan.path.clone(), year });
            }
        }
        summary
    }

    /// Digest of everything that the second pass goes by: plans with the same digest read the same
    /// records of the same sources in the same order.
    pub fn digest(&self) -> u64 {
        let mut digest = hash::pair(self.window.since, self.window.until);
        let mut add = |number: u64| digest = hash::pair(digest, number);
        for file in &self.files {
            add(hash::text(&format!("{:?}", file.source)));
            add(file.scan.bytes);
        }
        for place in &self.order {
            let chunk = self.chunk_of(place);
            let place = [u64::from(place.file), place.floor, place.promise];
            let reach = [chunk.start, chunk.end, u64::from(chunk.records)];
            place.into_iter().chain(reach).for_each(&mut add);
            [chunk.least, chunk.greatest].into_iter().for_each(&mut add);
        }
        for file in &self.one_pass {
            add(hash::text(&format!("{:?} {:?}", file.source, file.year)));
            add(file.newest);
        }
        digest
    }

    fn chunk_of(&self, place: &Placed) -> &super::cut::Chunk {
        &self.files[place.file as usize].scan.chunks[place.chunk as usize]
    }

    /// Takes the scanned files in, in the order of their paths.
    fn take(&mut self, scanned: Vec<Scanned>, options: &ScanOptions) {
        let mut ordinals: BTreeMap<u64, u64> = BTreeMap::new();
        let mut zoneless: Option<(usize, PathBuf, String)> = None;
        for Scanned { result, options: file_options } in scanned {
            let mut scan = match result {
                Ok(scan) => scan,
                Err(problem) => {
                    self.problems.push(problem);
                    continue;
                }
            };
            self.problems.extend(scan.damaged.take());
            self.note(&scan);
            if scan.zoneless {
                let zone = file_options.zone.name();
                zoneless.get_or_insert_with(|| (0, scan.path.clone(), zone)).0 += 1;
            }
            let ordinal = ordinals.entry(scan.opened.identity).or_default();
            let source = Arc::new(source(&scan, *ordinal, &file_options));
            *ordinal += 1;
            let reading = Arc::new(reading(&file_options, options));
            let access = if scan.opened.direct { Access::Direct } else { Access::Decoder };
            self.files.push(Planned { scan, access, source, reading });
        }
        if let Some((files, first, zone)) = zoneless {
            self.notices.push(Notice::Zoneless { files, first, zone });
        }
    }

    fn note(&mut self, scan: &FileScan) {
        let path = scan.path.clone();
        if scan.records == 0 {
            self.notices.push(Notice::Empty { path });
        } else if !scan.timed {
            self.notices.push(Notice::NoTime { path, modified: scan.opened.state.modified });
        } else if let Some(year) = scan.year {
            self.notices.push(Notice::Yearless { path, year });
        }
    }

    /// Unpacks what cannot be read through its decoder in the order of the plan.
    fn unpack(&mut self, options: &ScanOptions, on_disk: &Arc<AtomicU64>) {
        let mut budget = Budget { left: options.spill_bytes, used: 0 };
        let mut one_pass = BTreeSet::new();
        for index in 0..self.files.len() {
            let file = &self.files[index];
            if matches!(file.access, Access::Decoder)
                && !file.scan.ordered()
                && !self.unpack_one(index, options, &mut budget, on_disk)
            {
                one_pass.insert(index);
            }
        }
        for index in too_many(&self.order, &self.files) {
            if !one_pass.contains(&index) {
                // Not unpacked, its decoder begins again now and then: slower, not wrong.
                self.unpack_one(index, options, &mut budget, on_disk);
            }
        }
        self.unpacked = budget.used;
        if !one_pass.is_empty() {
            self.set_aside(&one_pass, options);
            self.clip(options.since, options.until);
        }
    }

    fn unpack_one(
        &mut self,
        index: usize,
        options: &ScanOptions,
        budget: &mut Budget,
        on_disk: &Arc<AtomicU64>,
    ) -> bool {
        let file = &mut self.files[index];
        match spill::unpack(&file.scan, &options.spill_dir, budget, on_disk) {
            Ok(Some(copy)) => {
                file.access = Access::Unpacked(copy);
                true
            }
            Ok(None) => false,
            Err(problem) => {
                self.problems.push(problem);
                false
            }
        }
    }

    /// Moves files from the plan to the list of those that are read in one pass.
    fn set_aside(&mut self, indices: &BTreeSet<usize>, options: &ScanOptions) {
        let files = std::mem::take(&mut self.files);
        for (index, file) in files.into_iter().enumerate() {
            if !indices.contains(&index) {
                self.files.push(file);
                continue;
            }
            let path = file.scan.path.clone();
            self.notices.push(Notice::OnePass { path: path.clone(), bytes: file.scan.bytes });
            self.one_pass.push(OnePassFile {
                source: file.source,
                options: options_of(&path, options),
                modified: file.scan.opened.state.modified,
                year: file.scan.year,
                newest: file.scan.chunks.iter().map(|c| c.greatest).max().unwrap_or(0),
                path,
            });
        }
    }
}

fn source(scan: &FileScan, ordinal: u64, options: &FileOptions) -> SourceInfo {
    let (id, name) =
        (hash::pair(options.identity(scan.opened.identity), ordinal), scan.path.to_string_lossy());
    let mut source = SourceInfo::plain(id, &name, ReceiverKind::Archive, &options.source_type);
    source.entry = options.entry.clone();
    source.format = options.format.clone();
    source.zone = Some(options.zone.name());
    if let Some(layout) = options.multiline.layout() {
        layout.describe(&mut source);
    }
    source
}

/// Files whose decoders would be one too many where the plan first needs them.
fn too_many(order: &[Placed], files: &[Planned]) -> Vec<usize> {
    let mut last = BTreeMap::new();
    for (at, place) in order.iter().enumerate() {
        if matches!(files[place.file as usize].access, Access::Decoder) {
            last.insert(place.file, at);
        }
    }
    let mut open = BTreeSet::new();
    let mut excess = BTreeSet::new();
    for (at, place) in order.iter().enumerate() {
        let Some(end) = last.get(&place.file) else { continue };
        if !open.contains(&place.file) && !excess.contains(&(place.file as usize)) {
            if open.len() < DECODERS {
                open.insert(place.file);
            } else {
                excess.insert(place.file as usize);
            }
        }
        if *end == at {
            open.remove(&place.file);
        }
    }
    excess.into_iter().collect()
}
