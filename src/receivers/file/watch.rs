//! Notifications of the kernel about directories. They only make a pass come sooner: whatever is
//! missed (no inotify, too few watches, a network file system) the next tick sees.

use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::Notify;

/// Directories watched at most.
const WATCHES_MAX: usize = 1_024;

#[derive(Default)]
struct Flags {
    dirty: AtomicBool,
    rescan: AtomicBool,
    notify: Notify,
}

/// What has been noticed since the last look.
#[derive(Clone, Copy, Debug)]
pub struct Noticed {
    /// Names may have changed: look at the directories.
    pub rescan: bool,
}

/// Watches directories.
pub struct Watch {
    watcher: Option<RecommendedWatcher>,
    flags: Arc<Flags>,
    watched: BTreeSet<PathBuf>,
}

impl Watch {
    /// Watches nothing yet.
    pub fn new() -> Watch {
        let flags = Arc::new(Flags::default());
        let shared = flags.clone();
        let handler = move |event: notify::Result<Event>| {
            let names = match event.map(|event| event.kind) {
                // Our own opening and reading is an event too.
                Ok(EventKind::Access(_)) => return,
                Ok(EventKind::Modify(kind)) => matches!(kind, notify::event::ModifyKind::Name(_)),
                _ => true,
            };
            if names {
                shared.rescan.store(true, Ordering::Release);
            }
            if !shared.dirty.swap(true, Ordering::AcqRel) || names {
                shared.notify.notify_one();
            }
        };
        let watcher = notify::recommended_watcher(handler)
            .inspect_err(|error| tracing::warn!(%error, "no notifications of files: polling"))
            .ok();
        Watch { watcher, flags, watched: BTreeSet::new() }
    }

    /// What was noticed; begins anew.
    pub fn take(&mut self) -> Noticed {
        self.flags.dirty.store(false, Ordering::Release);
        Noticed { rescan: self.flags.rescan.swap(false, Ordering::AcqRel) }
    }

    /// Returns when there is something to look at.
    pub async fn changed(&self) {
        if !self.flags.dirty.load(Ordering::Acquire) {
            self.flags.notify.notified().await;
        }
    }

    /// Watches exactly these directories. True when some were not watched before: what happened in
    /// them meanwhile was not noticed.
    pub fn set(&mut self, directories: BTreeSet<PathBuf>) -> bool {
        let Some(watcher) = &mut self.watcher else { return false };
        for old in self.watched.difference(&directories) {
            let _ = watcher.unwatch(old);
        }
        self.watched.retain(|old| directories.contains(old));
        let mut more = false;
        for new in directories {
            if self.watched.len() >= WATCHES_MAX {
                break;
            }
            if !self.watched.contains(&new)
                && watcher.watch(&new, RecursiveMode::NonRecursive).is_ok()
            {
                self.watched.insert(new);
                more = true;
            }
        }
        more
    }
}
