//! The text of a file or pipe: from chunks of bytes to stamped batches.
//!
//! UTF-16 with a byte order mark is decoded, lines are joined to records, records are stamped in
//! their order. What waits (for a continuation, for confirmation) is handed on after a second.

use super::counters::ReceiverCounters;
use super::queued::QueuedSource;
use super::settings::SourceSettings;
use seerflow_model::record::{Flags, RecordBatch};
use seerflow_model::time::Ns;
use seerflow_parsing::lines::{Assembler, Options, Records, Utf16, Utf16Decoder};
use seerflow_parsing::time::Finder;

/// How a text begins.
#[derive(Clone, Copy, Debug, Default)]
pub struct Begin {
    /// In the middle of a line, whose rest is not read.
    pub inside_line: bool,
    /// In the middle of a text of this encoding.
    pub utf16: Option<Utf16>,
}

/// One text.
pub struct TextSource {
    /// Its records, on their way to a batch.
    pub source: QueuedSource,
    assembler: Assembler,
    records: Records,
    /// The first bytes, until the encoding is known.
    lead: Option<Vec<u8>>,
    decoder: Option<Utf16Decoder>,
    decoded: Vec<u8>,
    skip: bool,
}

impl TextSource {
    /// A text read from where `begin` says.
    pub fn new(
        source: QueuedSource,
        settings: SourceSettings,
        line_bytes: usize,
        begin: Option<Begin>,
    ) -> TextSource {
        let (multiline, redact) = (settings.multiline, settings.redact);
        let options = Options { line_bytes, multiline, redact };
        let finder = Finder::new(settings.zone, settings.year);
        TextSource {
            source,
            assembler: Assembler::new(options, finder),
            records: Records::default(),
            lead: begin.is_none().then(Vec::new),
            decoder: begin.and_then(|b| b.utf16).map(Utf16Decoder::new),
            decoded: Vec::new(),
            skip: begin.is_some_and(|b| b.inside_line),
        }
    }

    /// Takes the next bytes.
    pub fn feed(&mut self, bytes: &[u8], now: Ns, counters: &ReceiverCounters) {
        if let Some(lead) = &mut self.lead {
            // Both byte order marks begin with one of these; four bytes settle it.
            lead.extend_from_slice(bytes);
            if matches!(lead[..], [0xfe | 0xff] | [0xff, 0xfe] | [0xff, 0xfe, _]) {
                return;
            }
            let lead = self.lead.take().unwrap_or_default();
            self.decoder = Utf16::sniff(&lead).map(Utf16Decoder::new);
            return self.decode(&lead, now, counters);
        }
        self.decode(bytes, now, counters);
    }

    fn decode(&mut self, bytes: &[u8], now: Ns, counters: &ReceiverCounters) {
        let Some(decoder) = &mut self.decoder else { return self.text(bytes, now, counters) };
        let mut decoded = std::mem::take(&mut self.decoded);
        decoded.clear();
        decoder.push(bytes, &mut decoded);
        self.text(&decoded, now, counters);
        self.decoded = decoded;
    }

    fn text(&mut self, mut bytes: &[u8], now: Ns, counters: &ReceiverCounters) {
        if self.skip {
            let Some(end) = memchr::memchr(b'\n', bytes) else { return };
            self.skip = false;
            bytes = &bytes[end + 1..];
        }
        self.assembler.push(bytes, now, &mut self.records);
        self.pass_on(now, counters);
    }

    /// Hands on what has waited long enough.
    pub fn flush_due(&mut self, now: Ns, counters: &ReceiverCounters) {
        self.assembler.flush_due(now, &mut self.records);
        self.pass_on(now, counters);
        self.source.flush_due(now);
    }

    /// The text has ended.
    pub fn finish(&mut self, now: Ns, counters: &ReceiverCounters) {
        self.end_text(now, counters);
        self.source.finish();
    }

    /// The text has ended but another one follows in the same source.
    pub fn restart(&mut self, now: Ns, counters: &ReceiverCounters) {
        self.end_text(now, counters);
        self.lead = Some(Vec::new());
        self.decoder = None;
        self.skip = false;
    }

    fn end_text(&mut self, now: Ns, counters: &ReceiverCounters) {
        if let Some(lead) = self.lead.take() {
            self.text(&lead, now, counters);
        }
        if let Some(decoder) = &mut self.decoder {
            let mut decoded = Vec::new();
            decoder.finish(&mut decoded);
            self.text(&decoded, now, counters);
        }
        self.assembler.finish(&mut self.records);
        self.pass_on(now, counters);
    }

    /// When something that waits is due.
    pub fn due(&self) -> Option<Ns> {
        let (lines, stamps) = (self.assembler.due(), self.source.stamper.due());
        lines.into_iter().chain(stamps).min()
    }

    /// Whether complete lines or records are still here.
    pub fn holds(&self) -> bool {
        self.assembler.due().is_some() || !self.source.is_empty()
    }

    /// The next batch of stamped records.
    pub fn take(&mut self, now: Ns) -> Option<RecordBatch> {
        self.source.take(now)
    }

    fn pass_on(&mut self, now: Ns, counters: &ReceiverCounters) {
        for piece in &self.records.records {
            if piece.flags.has(Flags::CUT) {
                ReceiverCounters::add(&counters.cut, 1);
            }
            self.source.push(self.records.bytes_of(piece), piece.time, piece.flags, now);
        }
        self.records.records.clear();
        self.records.bytes.clear();
    }
}
