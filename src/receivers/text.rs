//! The text of a file or pipe: from chunks of bytes to stamped batches.
//!
//! UTF-16 with a byte order mark is decoded, lines are joined to records, records are stamped in
//! their order. What waits (for a continuation, for confirmation) is handed on after a second.

use super::counters::ReceiverCounters;
use super::queued::QueuedSource;
use super::settings::SourceSettings;
use seerflow_model::record::{Flags, RecordBatch, SourceInfo};
use seerflow_model::time::Ns;
use seerflow_parsing::layout::Layout;
use seerflow_parsing::lines::{
    Assembler, Joining, Options, Records, Utf16, Utf16Decoder, decode_utf16,
};
use seerflow_parsing::time::Finder;
use std::sync::Arc;

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
    /// A table whose header is still to come, and what its assembler is made of.
    header: Option<(Arc<Layout>, Options, Finder)>,
    decoder: Option<Utf16Decoder>,
    decoded: Vec<u8>,
    skip: bool,
}

impl TextSource {
    /// A text read from where `begin` says.
    pub fn new(
        mut source: QueuedSource,
        settings: SourceSettings,
        line_bytes: usize,
        begin: Option<Begin>,
    ) -> TextSource {
        source.dedup(settings.dedup);
        let (multiline, redact) = (settings.multiline, settings.redact);
        let options = Options { line_bytes, multiline, redact };
        let finder = Finder::new(settings.zone, settings.year);
        let header = match &options.multiline {
            Joining::Laid(layout) if begin.is_none() && layout.lacks_columns() => {
                Some((layout.clone(), options.clone(), finder.clone()))
            }
            _ => None,
        };
        TextSource {
            source,
            assembler: Assembler::new(options, finder),
            records: Records::default(),
            lead: begin.is_none().then(Vec::new),
            header,
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
            if self.header.as_ref().is_some_and(|(layout, _, _)| !layout.is_whole(lead)) {
                return;
            }
            let lead = self.lead.take().unwrap_or_default();
            self.decoder = Utf16::sniff(&lead).map(Utf16Decoder::new);
            self.take_header(&lead);
            return self.decode(&lead, now, counters);
        }
        self.decode(bytes, now, counters);
    }

    /// Learns the columns of a table from how its text begins.
    fn take_header(&mut self, lead: &[u8]) {
        let Some((layout, mut options, finder)) = self.header.take() else { return };
        let text = decode_utf16(lead);
        let lead = text.as_deref().unwrap_or(lead);
        let safe = options.redact.as_ref().map(|redact| redact.head(lead));
        let known = layout.with_head(safe.as_deref().unwrap_or(lead));
        let mut info = SourceInfo::clone(&self.source.info);
        known.describe(&mut info);
        self.source.info = Arc::new(info);
        options.multiline = Joining::Laid(Arc::new(known));
        self.assembler = Assembler::new(options, finder);
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
            self.take_header(&lead);
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
            let how = (piece.flags, piece.line_end);
            self.source.push(self.records.bytes_of(piece), piece.time, how, now);
        }
        self.records.records.clear();
        self.records.bytes.clear();
    }
}
