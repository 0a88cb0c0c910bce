//! Lines become records: each with its place, its time and what became of it.

use super::array::Nesting;
use super::partial::Whole;
use super::rules::{Audit, JOIN_BYTES, JOIN_LINES, Joining, Stamp, Trust};
use crate::redact::{Columns, Redacting, Safe, State};
use crate::time::{Finder, FinderState, TimeHit, priority};
use seerflow_model::record::{Flags, LineEnd, RecordMeta};
use seerflow_model::time::Ns;
use serde::{Deserialize, Serialize};

/// One record in [`Records`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece {
    /// First byte in the buffer.
    pub start: u32,
    /// Length in bytes.
    pub len: u32,
    /// Its time, relative to its first byte.
    pub time: Option<TimeHit>,
    /// [`Flags::CUT`] and [`Flags::MULTILINE`].
    pub flags: Flags,
    /// Position of its first byte in the stream.
    pub from: u64,
    /// Position after its last line end in the stream.
    pub to: u64,
    /// Number (from 0) of its first line in the stream; blank lines count.
    pub line: u64,
    /// How many lines it was written as.
    pub lines: u32,
    /// How the last of them ended.
    pub line_end: LineEnd,
}

impl Piece {
    /// What a batch says of it, as record `seq` of its source; it has no stamp yet.
    pub fn meta(&self, seq: u64) -> RecordMeta {
        RecordMeta {
            start: self.start,
            len: self.len,
            seq,
            event_time: self.time.map(|time| time.ns),
            effective: 0,
            time_start: self.time.map_or(0, |time| time.start),
            time_len: self.time.map_or(0, |time| time.len),
            flags: self.flags,
            end: self.line_end,
        }
    }
}

/// Records that share a buffer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Records {
    /// Their bytes; lines of one record are joined with the line end that stood between them.
    pub bytes: Vec<u8>,
    /// The records, in the order in which they ended.
    pub records: Vec<Piece>,
}

impl Records {
    /// The bytes of one record.
    pub fn bytes_of(&self, piece: &Piece) -> &[u8] {
        &self.bytes[piece.start as usize..(piece.start + piece.len) as usize]
    }
}

/// What a joiner knows between two records; with it a reader starts in the middle of a file and
/// makes the same records with the same times.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinesState {
    /// Where the times stand.
    pub finder: FinderState,
    /// Whether the lines have times.
    pub trust: Trust,
    /// Number of the next line.
    pub line: u64,
    /// Where the next line begins in a file that is one array.
    #[serde(default)]
    pub nesting: Nesting,
    /// Whether a private key is under way that is redacted.
    #[serde(default)]
    pub redact: State,
}

impl LinesState {
    /// What is known before the first line.
    pub fn first(finder: &Finder) -> LinesState {
        let (trust, redact) = (Trust::default(), State::default());
        LinesState { finder: finder.state(), trust, line: 0, nesting: Nesting::None, redact }
    }
}

/// What was counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Lines read.
    pub lines: u64,
    /// Lines with nothing but white space: they make no record.
    pub blank: u64,
    /// Records that lost bytes beyond a limit.
    pub cut: u64,
    /// Bytes lost so.
    pub skipped_bytes: u64,
}

/// Joins the lines of one source to records.
#[derive(Clone, Debug)]
pub struct Joiner {
    /// How lines are joined (`sources[].multiline`).
    joining: Joining,
    finder: Finder,
    trust: Trust,
    open: Option<Open>,
    text: Vec<u8>,
    /// What stands behind its last line: a line end, and blank lines with theirs.
    gap: Vec<u8>,
    audit: Audit,
    redact: Option<Redacting>,
    columns: Option<Columns>,
    pub(super) counts: Counts,
}

#[derive(Clone, Debug)]
struct Open {
    piece: Piece,
    /// Blank lines since its last line: part of it only if it goes on.
    blanks: u32,
    before: LinesState,
    at: Ns,
    /// Where the stamp of an audit record stands in its first line.
    audit: Option<Stamp>,
}

impl Joiner {
    /// A joiner at the beginning of a source.
    pub fn new(joining: Joining, finder: Finder, trust: Trust) -> Joiner {
        Joiner {
            joining,
            finder,
            trust,
            open: None,
            text: Vec::new(),
            gap: Vec::new(),
            audit: Audit::new(),
            redact: None,
            columns: None,
            counts: Counts::default(),
        }
    }

    /// Redacts lines before it looks at them, and the records of a table when they are complete.
    #[must_use]
    pub fn redacting(self, redact: Option<Redacting>) -> Joiner {
        let Some(redact) = redact else { return self };
        if !self.joining.is_table() {
            return Joiner { redact: Some(redact), ..self };
        }
        let layout = self.joining.layout();
        let columns = layout.and_then(|layout| Columns::of(redact.redactor(), layout));
        Joiner { redact: Some(redact.of_rows()), columns, ..self }
    }

    /// Takes one line; records that end with it go to `out`.
    pub fn push(&mut self, whole: Whole<'_>, now: Ns, out: &mut Records) {
        if self.joining.is_table() {
            return self.row(whole, now, out);
        }
        // Taken out for the time of the call, because the line lies in its buffer.
        match self.redact.take() {
            Some(mut redact) => {
                let before = redact.state();
                let Safe { bytes, cut } = redact.line(whole.bytes);
                self.take(Whole { bytes, cut: whole.cut || cut, ..whole }, before, now, out);
                self.redact = Some(redact);
            }
            None => self.take(whole, State::default(), now, out),
        }
    }

    /// One line, redacted; `before` is what the redactor knew before it.
    fn take(&mut self, whole: Whole<'_>, before: State, now: Ns, out: &mut Records) {
        let Some(line) = self.text_of(&whole) else { return };
        let located = self.joining.locate(line);
        let has_time = located.is_some_and(|l| self.joining.heads(line, l.start as usize))
            || (line[0] == b'<' && priority(line, 0).is_some());
        let trusted = self.trust.has_times();
        let audit = match (&self.joining, located) {
            (Joining::Auto, Some(time)) => self.audit.stamp(line, time.start as usize),
            _ => None,
        };
        let same = audit.is_some_and(|stamp| self.is_same_audit(line, stamp));
        if (same || self.joining.continues(line, has_time, trusted)) && self.fits(line) {
            self.extend(line, &whole, now);
        } else {
            self.close(out);
            let before = self.known(&whole, before);
            let time = located.map(|l| self.finder.settle(&l));
            self.begin(line, &whole, time, (before, audit), now);
        }
        self.trust.learn(line, has_time);
        let complete = audit.is_some_and(|stamp| Audit::ends(line, stamp));
        if complete || matches!(self.joining, Joining::Off) {
            self.close(out);
        }
    }

    /// Counts a line; gives its text unless it is blank.
    fn text_of<'a>(&mut self, whole: &Whole<'a>) -> Option<&'a [u8]> {
        self.counts.lines += u64::from(whole.lines);
        let mut line = whole.bytes;
        if whole.start == 0 {
            line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line);
        }
        if line.trim_ascii().is_empty() {
            self.counts.blank += 1;
            if let Some(open) = &mut self.open {
                open.blanks += 1;
                if self.gap.len() <= JOIN_BYTES {
                    self.gap.extend_from_slice(whole.bytes);
                    self.gap.extend_from_slice(between(whole.line_end));
                }
            }
            return None;
        }
        Some(line)
    }

    /// Takes one line of a table. A record is redacted and its time is found when it is complete,
    /// for a quoted cell may hold line ends.
    fn row(&mut self, whole: Whole<'_>, now: Ns, out: &mut Records) {
        let Some(line) = self.text_of(&whole) else { return };
        let open = self.joining.layout().is_some_and(|layout| layout.goes_on(&self.text));
        if open && self.open.is_some() && self.fits(line) {
            return self.extend(line, &whole, now);
        }
        self.close(out);
        let before = self.state(whole.line, whole.nesting);
        self.begin(line, &whole, None, (before, None), now);
    }

    /// Whether a line is of the audit event that is open.
    fn is_same_audit(&self, line: &[u8], stamp: Stamp) -> bool {
        let first = self.open.as_ref().and_then(|open| open.audit);
        first.is_some_and(|first| Audit::same((&self.text, first), (line, stamp)))
    }

    fn fits(&self, line: &[u8]) -> bool {
        self.open.as_ref().is_some_and(|open| {
            !open.piece.flags.has(Flags::CUT)
                && open.piece.lines + open.blanks < JOIN_LINES
                && self.text.len() + self.gap.len() + line.len() <= JOIN_BYTES
        })
    }

    fn extend(&mut self, line: &[u8], whole: &Whole<'_>, now: Ns) {
        let Some(open) = &mut self.open else { return };
        self.text.append(&mut self.gap);
        self.text.extend_from_slice(line);
        open.piece.lines += open.blanks + whole.lines;
        open.piece.to = whole.end;
        open.piece.line_end = whole.line_end;
        self.gap.extend_from_slice(between(whole.line_end));
        open.piece.flags.set(Flags::MULTILINE);
        if whole.cut {
            open.piece.flags.set(Flags::CUT);
        }
        open.blanks = 0;
        open.at = now;
    }

    fn begin(
        &mut self,
        line: &[u8],
        whole: &Whole<'_>,
        time: Option<TimeHit>,
        (before, audit): (LinesState, Option<Stamp>),
        now: Ns,
    ) {
        self.text.clear();
        self.text.extend_from_slice(line);
        let piece = Piece {
            start: 0,
            len: 0,
            time,
            flags: if whole.cut { Flags::CUT } else { Flags::default() },
            from: whole.start,
            to: whole.end,
            line: whole.line,
            lines: whole.lines,
            line_end: whole.line_end,
        };
        self.gap.clear();
        self.gap.extend_from_slice(between(whole.line_end));
        self.open = Some(Open { piece, blanks: 0, before, at: now, audit });
    }

    /// Ends the record that is open.
    pub fn close(&mut self, out: &mut Records) {
        if let Some(Open { mut piece, .. }) = self.open.take() {
            if self.joining.is_table() {
                if self.redact_row() {
                    piece.flags.set(Flags::CUT);
                }
                let located = self.joining.locate(&self.text);
                piece.time = located.map(|l| self.finder.settle(&l));
            }
            piece.start = out.bytes.len() as u32;
            piece.len = self.text.len() as u32;
            self.counts.cut += u64::from(piece.flags.has(Flags::CUT));
            out.bytes.extend_from_slice(&self.text);
            out.records.push(piece);
        }
    }

    /// Redacts a record of a table; says whether it was cut.
    fn redact_row(&mut self) -> bool {
        if let Some(columns) = &mut self.columns {
            columns.redact(&mut self.text);
        }
        self.redact.as_mut().is_some_and(|redact| redact.in_place(&mut self.text))
    }

    /// When the open record got its last line.
    pub fn open_since(&self) -> Option<Ns> {
        self.open.as_ref().map(|open| open.at)
    }

    /// Where the open record began and what was known before it.
    pub(super) fn open_at(&self) -> Option<(u64, LinesState)> {
        self.open.as_ref().map(|open| (open.piece.from, open.before))
    }

    /// What is known now, if the next line has this number and begins there.
    pub(super) fn state(&self, line: u64, nesting: Nesting) -> LinesState {
        LinesState {
            finder: self.finder.state(),
            trust: self.trust,
            line,
            nesting,
            redact: self.redacted(),
        }
    }

    /// The same before a line, with what the redactor knew then.
    fn known(&self, whole: &Whole<'_>, redact: State) -> LinesState {
        LinesState { redact, ..self.state(whole.line, whole.nesting) }
    }

    /// What the redactor knows.
    fn redacted(&self) -> State {
        self.redact.as_ref().map(Redacting::state).unwrap_or_default()
    }

    /// The finder of times, to ask what it met.
    pub fn finder(&self) -> &Finder {
        &self.finder
    }

    /// See [`Finder::anchor`].
    pub fn anchor(&mut self, now: Ns) {
        self.finder.anchor(now);
    }
}

/// What stands between a line that ended so and the next one of its record.
fn between(end: LineEnd) -> &'static [u8] {
    match end {
        LineEnd::CrLf => b"\r\n",
        _ => b"\n",
    }
}
