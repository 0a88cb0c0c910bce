//! What a receiver counts. Relaxed atomics: they are read for people and for the ledger only.

use seerflow_model::time::{Ns, SECOND};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

macro_rules! counters {
    ($($(#[$doc:meta])+ $name:ident),+ $(,)?) => {
        /// Counters of one receiver.
        #[derive(Debug, Default)]
        pub struct ReceiverCounters {
            $($(#[$doc])+ pub $name: AtomicU64,)+
            warned: AtomicU64,
        }

        impl ReceiverCounters {
            /// Names and values, in a fixed order.
            pub fn snapshot(&self) -> Vec<(&'static str, u64)> {
                vec![$((stringify!($name), self.$name.load(Relaxed))),+]
            }
        }
    };
}

counters! {
    /// Records taken at the door, dropped ones included: the left side of the ledger.
    accepted,
    /// Bytes read.
    bytes,
    /// Records dropped because the engine had no room (UDP only). In the ledger.
    queue_full,
    /// Records dropped because the engine was gone. In the ledger.
    stopped,
    /// Records dropped because the same one was there before (`sources[].dedup_seconds`). In the
    /// ledger.
    duplicate,
    /// Records whose source could not be kept apart: its name is no name, or there are too many.
    unnamed_source,
    /// Datagrams that the kernel dropped before we saw them. Beside the ledger.
    kernel,
    /// Records longer than the limit, cut.
    cut,
    /// Frames whose octet count cannot be, or bytes between frames.
    malformed_frame,
    /// Batches of senders whose clock is far ahead that had to wait: the engine held too much.
    waited_ahead,
    /// Batches of pushed requests that had to wait because the engine held all that it may.
    waited_held,
    /// Connections open now.
    connections,
    /// Connections refused because there were too many.
    refused_connection,
    /// Connections closed because nothing came.
    idle_closed,
    /// Peers forgotten because there were too many.
    peers_evicted,
    /// Files that could not be read.
    unreadable,
    /// Paths refused because they are outside the allowed roots.
    refused_path,
    /// Files beyond the limit of files.
    too_many_files,
    /// Files that were rotated, truncated or replaced.
    rotated,
    /// Truncated files whose rest was not found.
    rest_lost,
    /// Errors of reading.
    read_errors,
    /// Requests told to come back because there was no room or the receiver stopped.
    told_to_wait,
    /// Requests refused: malformed, too large, not understood, not authorised.
    refused_request,
    /// Requests that had been taken before, answered again and not taken again.
    repeated_request,
    /// Records of requests that were refused: too long, or too many in one request. Beside the ledger.
    refused_record,
}

/// Between two warnings that the queue is nearly full.
const WARN_EVERY: Ns = 60 * SECOND;

impl ReceiverCounters {
    /// Adds to a counter.
    #[inline]
    pub fn add(counter: &AtomicU64, n: u64) {
        counter.fetch_add(n, Relaxed);
    }

    /// Records dropped at the door: what the ledger adds to `processed`.
    pub fn dropped(&self) -> u64 {
        self.queue_full.load(Relaxed) + self.stopped.load(Relaxed) + self.duplicate.load(Relaxed)
    }

    /// Warns when the way into the engine is filled to 80 %, at most once a minute.
    pub fn watch_fill(&self, name: &str, (used, room): (usize, usize), now: Ns) -> bool {
        if used * 5 < room * 4 || room == 0 {
            return false;
        }
        let last = self.warned.load(Relaxed);
        if (last != 0 && now.saturating_sub(last) < WARN_EVERY)
            || self.warned.compare_exchange(last, now.max(1), Relaxed, Relaxed).is_err()
        {
            return false;
        }
        tracing::warn!(receiver = name, used, room, "queue into the engine is nearly full");
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_warning_a_minute_at_eighty_percent() {
        let counters = ReceiverCounters::default();
        assert!(!counters.watch_fill("x", (79, 100), SECOND));
        assert!(counters.watch_fill("x", (80, 100), SECOND));
        assert!(!counters.watch_fill("x", (100, 100), 60 * SECOND));
        assert!(counters.watch_fill("x", (100, 100), 61 * SECOND));
    }

    #[test]
    fn the_ledger_side_of_drops_leaves_the_kernel_out() {
        let counters = ReceiverCounters::default();
        ReceiverCounters::add(&counters.kernel, 7);
        ReceiverCounters::add(&counters.queue_full, 2);
        ReceiverCounters::add(&counters.stopped, 1);
        assert_eq!(counters.dropped(), 3);
        assert!(counters.snapshot().contains(&("kernel", 7)));
    }
}
