//! From record to event: header, then masks, then roles.
//!
//! What a record says does not depend on other records: the result of this is a function of the
//! record alone, whatever is in the caches.

use crate::mask::Masker;
use crate::roles::RoleSet;
use seerflow_model::record::{RecordBatch, RecordMeta};
use seerflow_model::{Event, Flags, Span};

/// Reads records; one per worker.
pub struct Parser {
    masker: Masker,
    roles: RoleSet,
    own_pid: Option<String>,
}

impl Parser {
    /// With the given rules. `own_pid`: lines of program `seerflow` with this pid are our own and
    /// never alert.
    pub fn new(roles: RoleSet, own_pid: Option<u32>) -> Parser {
        Parser { masker: Masker::new(), roles, own_pid: own_pid.map(|pid| pid.to_string()) }
    }

    /// Reads one record.
    pub fn parse(&mut self, batch: &RecordBatch, meta: &RecordMeta) -> Event {
        let text = String::from_utf8_lossy(batch.bytes_of(meta)).into_owned();
        let mut event = Event::empty(batch.source.clone());
        event.seq = meta.seq;
        event.event_time = meta.event_time;
        event.observed_time = batch.observed;
        event.effective_time = meta.effective;
        event.flags = meta.flags;
        event.record_len = text.len() as u32;
        event.message = Span::new((meta.time_start + meta.time_len) as usize, text.len());
        event.text = text.into();
        self.masker.mask(&mut event);
        self.roles.apply(&mut event);
        if self.is_own(&event) {
            event.flags.set(Flags::OWN);
        }
        event
    }

    fn is_own(&self, event: &Event) -> bool {
        self.own_pid
            .as_deref()
            .is_some_and(|pid| event.program() == "seerflow" && event.get(event.pid) == pid)
    }
}
