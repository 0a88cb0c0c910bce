//! The whole way from bytes to records, at once or as they come.

use super::join::{Counts, Joiner, LinesState, Records};
use super::partial::Partials;
use super::rules::Joining;
use super::split::Splitter;
use crate::redact::{Redacting, Redactor};
use crate::time::{Finder, Zone};
use seerflow_model::time::{Ns, SECOND};
use std::sync::Arc;

/// A record that has not gone on for so long is complete (live sources).
pub const FLUSH_AFTER: Ns = SECOND;

/// How a source's bytes become records.
#[derive(Clone, Debug)]
pub struct Options {
    /// Longest line; the rest is skipped.
    pub line_bytes: usize,
    /// How lines become records.
    pub multiline: Joining,
    /// What is redacted in them.
    pub redact: Option<Arc<Redactor>>,
}

impl Default for Options {
    /// What holds for files.
    fn default() -> Options {
        Options { line_bytes: 1 << 20, multiline: Joining::Auto, redact: None }
    }
}

/// Makes records of the bytes of one source.
///
/// However the bytes are chunked, the records are the same; only [`Assembler::flush_due`], which a
/// live reader calls with its clock, may end a record early. Lines are redacted first, so no time is
/// ever read from what is redacted. Cost: a copy of each byte and the search for its time per line.
#[derive(Clone, Debug)]
pub struct Assembler {
    splitter: Splitter,
    partials: Partials,
    joiner: Joiner,
    /// When bytes last came.
    fed: Ns,
}

impl Assembler {
    /// At the beginning of a source.
    pub fn new(options: Options, finder: Finder) -> Assembler {
        let state = LinesState::first(&finder);
        Assembler::at(options, finder, 0, state)
    }

    /// Goes on at a position where another assembler gave its state.
    pub fn resume(options: Options, zone: Zone, position: u64, state: LinesState) -> Assembler {
        let finder = Finder::resume(zone, state.finder);
        Assembler::at(options, finder, position, state)
    }

    fn at(options: Options, finder: Finder, position: u64, state: LinesState) -> Assembler {
        let redact = options.redact.map(|redactor| Redacting::new(redactor, state.redact));
        Assembler {
            splitter: Splitter::resume(options.line_bytes, position, state.nesting),
            partials: Partials::new(options.line_bytes, state.line),
            joiner: Joiner::new(options.multiline, finder, state.trust).redacting(redact),
            fed: 0,
        }
    }

    /// Takes the next bytes; the records that are complete go to `out`.
    pub fn push(&mut self, bytes: &[u8], now: Ns, out: &mut Records) {
        self.fed = now;
        let Assembler { splitter, partials, joiner, .. } = self;
        splitter.push(bytes, |line| {
            partials.push(line, |whole| joiner.push(whole, now, out));
        });
    }

    /// Hands on what waits for more and has waited long enough. A line that has not ended waits
    /// for its end.
    pub fn flush_due(&mut self, now: Ns, out: &mut Records) {
        if self.due().is_some_and(|due| due <= now) {
            let Assembler { partials, joiner, .. } = self;
            partials.finish(|whole| joiner.push(whole, now, out));
            joiner.close(out);
        }
    }

    /// When [`Assembler::flush_due`] will have something to hand on; `None` when nothing waits.
    pub fn due(&self) -> Option<Ns> {
        let pieces = self.partials.pending().then_some(self.fed);
        self.joiner.open_since().max(pieces).map(|at| at.saturating_add(FLUSH_AFTER))
    }

    /// The source has ended: everything is handed on.
    pub fn finish(&mut self, out: &mut Records) {
        let Assembler { splitter, partials, joiner, fed } = self;
        splitter.finish(|line| partials.push(line, |whole| joiner.push(whole, *fed, out)));
        partials.finish(|whole| joiner.push(whole, *fed, out));
        joiner.close(out);
    }

    /// A position from which an assembler with this state makes all records that were not handed
    /// on yet. `None` while pieces of a cut line wait.
    pub fn resume_point(&self) -> Option<(u64, LinesState)> {
        if self.partials.pending() {
            return None;
        }
        let here = || {
            let state = self.joiner.state(self.partials.line(), self.splitter.nesting());
            (self.splitter.position(), state)
        };
        Some(self.joiner.open_at().unwrap_or_else(here))
    }

    /// What was counted so far.
    pub fn counts(&self) -> Counts {
        let skipped_bytes = self.splitter.skipped + self.partials.skipped;
        Counts { skipped_bytes, ..self.joiner.counts }
    }

    /// The finder of times, to ask what it met.
    pub fn finder(&self) -> &Finder {
        self.joiner.finder()
    }

    /// See [`Finder::anchor`].
    pub fn anchor(&mut self, now: Ns) {
        self.joiner.anchor(now);
    }
}

/// All records of bytes that are there as a whole.
pub fn records(bytes: &[u8], options: Options, finder: Finder) -> Records {
    let mut assembler = Assembler::new(options, finder);
    let mut out = Records::default();
    assembler.push(bytes, 0, &mut out);
    assembler.finish(&mut out);
    out
}
