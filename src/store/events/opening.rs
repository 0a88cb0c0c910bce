//! Opening a store: which files belong to it, which are leftovers, what has to be repaired.

use super::cache::Cache;
use super::error::{Result, StoreError};
use super::footer::Origin;
use super::manifest::{Manifest, UNFINISHED, parse_name, path_of};
use super::segment::Segment;
use super::shard::Shard;
use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Mode of the directory.
const DIR_MODE: u32 = 0o700;
/// Workers of one origin.
const WORKERS: u32 = 0x4000;

/// What was found when a store was opened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Opened {
    /// Segments.
    pub segments: u64,
    /// Events in them.
    pub events: u64,
    /// Files whose footer was made again, because they were being written or are damaged.
    pub rebuilt: u64,
    /// Bytes of torn ends that were cut.
    pub cut_bytes: u64,
    /// Damaged stretches that were left out.
    pub set_aside: u64,
    /// Files that a merge had replaced or not finished; they were removed.
    pub leftovers: u64,
    /// Files that should be there and are not.
    pub missing: u64,
    /// There were files but no manifest that could be used.
    pub manifest_rebuilt: bool,
    /// Files that could not be opened, with the reason.
    pub problems: Vec<String>,
}

/// The shard of a worker's events that come in a certain way.
pub(super) fn shard_of(worker: u16, origin: Origin) -> u32 {
    origin as u32 * WORKERS + u32::from(worker) % WORKERS
}

fn origin_of(shard: u32) -> Origin {
    Origin::ALL.get((shard / WORKERS) as usize).copied().unwrap_or_default()
}

type Found = BTreeMap<(u32, u64), PathBuf>;

/// Opens all segments of a directory.
pub(super) fn open(dir: &Path, cache: &Arc<Cache>) -> Result<(BTreeMap<u32, Arc<Shard>>, Opened)> {
    let make = std::fs::DirBuilder::new().recursive(true).mode(DIR_MODE).create(dir);
    make.map_err(StoreError::io("making", dir))?;
    let mut opened = Opened::default();
    let manifest = Manifest::read(dir)?;
    let mut files = list(dir, &mut opened)?;
    opened.manifest_rebuilt = manifest.is_none() && !files.is_empty();
    let known: BTreeMap<(u32, u64), u64> = manifest
        .iter()
        .flat_map(|manifest| &manifest.segments)
        .map(|listed| ((listed.shard, listed.number), listed.place))
        .collect();
    opened.missing = known.keys().filter(|key| !files.contains_key(*key)).count() as u64;
    let mut segments = Vec::new();
    // Those that the manifest lists first: they say which others they replace.
    for (key, place) in &known {
        if let Some(path) = files.remove(key)
            && let Some(mut segment) = segment(&path, key.1, cache, &mut opened)
        {
            segment.footer.place = *place;
            segments.push((key.0, segment));
        }
    }
    adopt(files, manifest.is_some(), &mut segments, cache, &mut opened)?;
    let mut shards: BTreeMap<u32, Arc<Shard>> = BTreeMap::new();
    let shard = |number: u32| Arc::new(Shard::new(number, origin_of(number)));
    for (number, next) in manifest.iter().flat_map(|manifest| &manifest.next) {
        let shard = shards.entry(*number).or_insert_with(|| shard(*number));
        let mut state = shard.lock();
        state.next = state.next.max(*next);
    }
    for (number, segment) in segments {
        opened.segments += 1;
        opened.events += segment.rows();
        let shard = shards.entry(number).or_insert_with(|| shard(number));
        let mut state = shard.lock();
        let used = segment.footer.replaces.iter().max().copied().unwrap_or(0).max(segment.number);
        state.next = state.next.max(used + 1);
        state.segments.insert(segment.footer.place, Arc::new(segment));
    }
    Ok((shards, opened))
}

/// Our files; what was not finished is removed.
fn list(dir: &Path, opened: &mut Opened) -> Result<Found> {
    let mut files = Found::new();
    let entries = std::fs::read_dir(dir).map_err(StoreError::io("listing", dir))?;
    for entry in entries {
        let path = entry.map_err(StoreError::io("listing", dir))?.path();
        if let Some(key) = parse_name(&path) {
            files.insert(key, path);
        } else if path.extension().is_some_and(|extension| extension == UNFINISHED) {
            remove(&path)?;
            opened.leftovers += 1;
        }
    }
    Ok(files)
}

/// Files that the manifest does not list: what was being written is taken in, what a merge left
/// behind is removed.
fn adopt(
    files: Found,
    listed: bool,
    segments: &mut Vec<(u32, Segment)>,
    cache: &Arc<Cache>,
    opened: &mut Opened,
) -> Result<()> {
    let mut new = Vec::new();
    for ((shard, number), path) in files {
        if let Some(segment) = segment(&path, number, cache, opened) {
            new.push((shard, segment));
        }
    }
    let replaced: BTreeSet<(u32, u64)> = segments
        .iter()
        .chain(new.iter().filter(|_| !listed))
        .flat_map(|(shard, segment)| segment.footer.replaces.iter().map(|n| (*shard, *n)))
        .collect();
    for (shard, segment) in new {
        // With a manifest, a merge that it does not know was not finished.
        let unfinished = listed && !segment.footer.replaces.is_empty();
        if unfinished || replaced.contains(&(shard, segment.number)) {
            remove(segment.path())?;
            opened.leftovers += 1;
        } else {
            segments.push((shard, segment));
        }
    }
    Ok(())
}

/// Opens one file; an empty one is removed, one that cannot be opened is told and left alone.
fn segment(path: &Path, number: u64, cache: &Arc<Cache>, opened: &mut Opened) -> Option<Segment> {
    match Segment::open(path, number, cache) {
        Ok((segment, repairs)) => {
            opened.rebuilt += u64::from(repairs.rebuilt);
            opened.cut_bytes += repairs.cut;
            opened.set_aside += repairs.set_aside;
            if segment.is_none() {
                opened.problems.extend(remove(path).err().map(|error| error.to_string()));
            }
            segment
        }
        Err(error) => {
            opened.problems.push(error.to_string());
            None
        }
    }
}

pub(super) fn remove(path: &Path) -> Result<()> {
    std::fs::remove_file(path).map_err(StoreError::io("removing", path))
}

/// The file that a merge writes before it has its name.
pub(super) fn unfinished(dir: &Path, shard: u32, number: u64) -> PathBuf {
    path_of(dir, shard, number).with_extension(UNFINISHED)
}
