//! Tailed files: every line once, through rotation, truncation, replacement and bursts.
//!
//! A pass ([`tailer`]) looks at all open files and, when the directories may have changed, at what
//! the patterns match; it reads every file to its end, stamps and sends. Passes run on a blocking
//! thread, woken by inotify and in any case every tick, so nothing depends on notifications. When
//! the engine is full a pass keeps its batch and reads no further, but goes on following
//! rotations.

pub mod explain;
mod head;
mod open;
pub mod paths;
mod tailer;
mod watch;

#[cfg(test)]
mod tests;

use super::Door;
use paths::{PathError, Paths};
use seerflow_model::time::{Ns, SECOND};
use std::path::PathBuf;
use std::time::Duration;
use tailer::Tailer;
use watch::Watch;

/// Where a file that is there at first start is read from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FileStart {
    /// Its end: only what comes from now on.
    #[default]
    End,
    /// Its beginning.
    Beginning,
}

/// What is tailed, and how far.
#[derive(Clone, Debug)]
pub struct FileOptions {
    /// Globs; `**` spans directories.
    pub patterns: Vec<String>,
    /// Only files below these, symlinks resolved. Empty: below the fixed part of each pattern.
    pub roots: Vec<PathBuf>,
    /// For files that are there at first start; files that appear later are read from their
    /// beginning.
    pub start: FileStart,
    /// Bytes of a line.
    pub line_max: usize,
    /// Files open at a time.
    pub files_max: usize,
    /// How long a file that was rotated away is read on after it last grew.
    pub grace: Ns,
}

impl Default for FileOptions {
    fn default() -> FileOptions {
        FileOptions {
            patterns: Vec::new(),
            roots: Vec::new(),
            start: FileStart::End,
            line_max: 1 << 20,
            files_max: 1_000,
            grace: 5 * SECOND,
        }
    }
}

/// Between two looks at the directories without a notification.
const RESCAN: Ns = SECOND;
/// Between two passes under a stream of notifications.
const PAUSE: Duration = Duration::from_millis(10);
/// Before a full engine is tried again.
const RETRY: Duration = Duration::from_millis(2);

/// Checks patterns and roots without opening a file.
pub fn check(options: &FileOptions) -> Result<(), PathError> {
    Paths::new(&options.patterns, &options.roots).map(drop)
}

/// Tails until it is stopped. Opens the door's gate once all files have been read to their end.
pub async fn run(options: FileOptions, door: Door) -> Result<(), PathError> {
    let paths = Paths::new(&options.patterns, &options.roots)?;
    let (promises, end) = door.promises();
    let (stop, clock, gate) = (door.stop.clone(), door.clock.clone(), door.gate.clone());
    let pulse = door.pulse.clone();
    let mut watch = Watch::new();
    let mut tailer = Tailer::new(options, paths, promises, door);
    let mut scanned: Option<Ns> = None;
    loop {
        let now = clock.now();
        let mut dirty = watch.take();
        dirty.rescan |= scanned.is_none_or(|at| now.saturating_sub(at) >= RESCAN || now < at);
        if dirty.rescan {
            scanned = Some(now);
        }
        let stopping = stop.is_cancelled();
        // A panic in a pass is a bug; the files are lost with it, so the receiver ends.
        let passed = tokio::task::spawn_blocking(move || {
            let outcome = tailer.pass(dirty.rescan, stopping);
            (tailer, outcome)
        });
        let Ok((back, outcome)) = passed.await else {
            end.cancel();
            return Ok(());
        };
        tailer = back;
        if outcome.gone || (stopping && !outcome.full) {
            break;
        }
        if outcome.at_end {
            gate.open();
        }
        if dirty.rescan && watch.set(tailer.directories()) {
            scanned = None;
            continue;
        }
        if outcome.full {
            tokio::time::sleep(RETRY).await;
        }
        if outcome.full || outcome.more {
            continue;
        }
        tokio::select! {
            () = stop.cancelled() => {}
            () = pulse.tick_after(now) => {}
            () = watch.changed() => tokio::time::sleep(PAUSE).await,
            () = clock.sleep_until(outcome.due.unwrap_or(Ns::MAX)), if outcome.due.is_some() => {}
        }
    }
    end.cancel();
    tailer.close();
    Ok(())
}
