//! From record to event: header, then masks, then roles.
//!
//! What a record says does not depend on other records: the result of this is a function of the
//! record alone, whatever is in the caches.

use crate::header::Reader;
use crate::mask::Masker;
use crate::roles::{Origin, RoleSet};
use seerflow_model::record::{RecordBatch, RecordMeta};
use seerflow_model::{Event, Flags};

/// Reads records; one per worker.
pub struct Parser {
    reader: Reader,
    masker: Masker,
    roles: RoleSet,
    own_pid: Option<String>,
}

impl Parser {
    /// With the given rules. `own_pid`: lines of program `seerflow` with this pid are our own and
    /// never alert.
    pub fn new(roles: RoleSet, own_pid: Option<u32>) -> Parser {
        let own_pid = own_pid.map(|pid| pid.to_string());
        Parser { reader: Reader::new(), masker: Masker::new(), roles, own_pid }
    }

    /// Reads one record.
    pub fn parse(&mut self, batch: &RecordBatch, meta: &RecordMeta) -> Event {
        let mut event = self.reader.read(batch, meta);
        self.masker.mask(&mut event);
        self.roles.apply(&mut event);
        if self.is_own(&event) {
            event.flags.set(Flags::OWN);
        }
        event
    }

    /// The role rule by which an event of this parser got its entities, for people who ask.
    pub fn role_rule(&mut self, event: &Event) -> Option<&Origin> {
        self.roles.fitting(event)
    }

    fn is_own(&self, event: &Event) -> bool {
        self.own_pid
            .as_deref()
            .is_some_and(|pid| event.program() == "seerflow" && event.get(event.pid) == pid)
    }
}
