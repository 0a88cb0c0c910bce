//! Records out of the bytes of a file or pipe, however they are chunked.

use memchr::memchr;
use seerflow_model::record::Flags;
use seerflow_model::time::Ns;

/// Splits a stream into records.
pub struct Records {
    limit: usize,
    carry: Vec<u8>,
    skipping: bool,
    /// The first line is only the end of one.
    skip_first: bool,
}

impl Records {
    /// A stream from its beginning, or (`skip_first`) from the middle of a line.
    pub fn new(limit: usize, _multiline: bool, skip_first: bool) -> Records {
        Records { limit, carry: Vec::new(), skipping: false, skip_first }
    }

    /// Takes the next bytes.
    pub fn push(&mut self, mut bytes: &[u8], _now: Ns, each: &mut impl FnMut(&[u8], Flags)) {
        while let Some(end) = memchr(b'\n', bytes) {
            self.hold(&bytes[..end]);
            self.close(each);
            bytes = &bytes[end + 1..];
        }
        self.hold(bytes);
    }

    /// Hands on what has waited long enough.
    pub fn flush_due(&mut self, _now: Ns, _each: &mut impl FnMut(&[u8], Flags)) {}

    /// Hands on all that is left.
    pub fn finish(&mut self, each: &mut impl FnMut(&[u8], Flags)) {
        if !self.carry.is_empty() {
            self.close(each);
        }
    }

    /// Whether complete lines wait for what follows them.
    pub fn waiting(&self) -> bool {
        false
    }

    fn hold(&mut self, bytes: &[u8]) {
        let room = (self.limit + 1).saturating_sub(self.carry.len()).min(bytes.len());
        self.carry.extend_from_slice(&bytes[..room]);
        self.skipping |= room < bytes.len();
    }

    fn close(&mut self, each: &mut impl FnMut(&[u8], Flags)) {
        let mut line = &self.carry[..];
        let mut flags = Flags::default();
        line = line.strip_suffix(b"\r").unwrap_or(line);
        if self.skipping || line.len() > self.limit {
            flags.set(Flags::CUT);
            line = &line[..line.len().min(self.limit)];
        }
        if !line.is_empty() && !std::mem::take(&mut self.skip_first) {
            each(line, flags);
        }
        self.carry.clear();
        self.skipping = false;
    }
}
