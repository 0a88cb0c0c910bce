//! Text into records, the same from any record start on.
//!
//! Both passes go through this splitter. It looks at each line once and asks the time finder at
//! most once for it, so the finder's state at the start of a record, which a chunk keeps, gives
//! the same records and times again. Cost: one `memchr` and one `find` per line, no allocation.
//!
//! A line continues the record before it by its beginning ([`continues`]) or because it has
//! no time where the lines of its file have one; a joined record has at most 500 lines and 64 KiB.

use memchr::memchr;
use seerflow_model::record::Flags;
use seerflow_parsing::time::{Finder, FinderState, TimeHit, Zone};

/// Lines of a joined record.
const JOIN_LINES: u32 = 500;
/// Bytes of a joined record.
const JOIN_BYTES: usize = 64 * 1024;

/// What resumes a splitter at the start of a record.
#[derive(Clone, Copy, Debug)]
pub struct SplitState {
    finder: FinderState,
    lines: Tally,
}

/// How many lines had a time: whether one without continues a record.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    with: u32,
    without: u32,
}

impl Tally {
    #[inline]
    fn count(&mut self, found: bool) {
        let side = if found { &mut self.with } else { &mut self.without };
        *side += 1;
        if *side == 1 << 16 {
            self.with /= 2;
            self.without /= 2;
        }
    }

    /// One in eight lines is enough: a record may have many lines.
    #[inline]
    fn timed(self) -> bool {
        self.with > 0 && self.with >= self.without / 8
    }
}

/// A record at the front of the buffer.
#[derive(Debug)]
pub struct Split {
    /// Its length without the line end.
    pub len: usize,
    /// Where the next line begins.
    pub next: usize,
    /// The time in it, relative to its start.
    pub hit: Option<TimeHit>,
    /// `MULTILINE` and `CUT`.
    pub flags: Flags,
    /// The state before it, when [`Splitter::snapshot`] was set in time.
    pub state: Option<Box<SplitState>>,
}

/// What a look at the buffer gave.
#[derive(Debug)]
pub enum Step {
    /// A record.
    Record(Split),
    /// So many bytes belong to no record.
    Skip(usize),
    /// More bytes are needed.
    More,
    /// Nothing is left.
    End,
}

struct Begun {
    hit: Option<TimeHit>,
    end: usize,
    next: usize,
    lines: u32,
    cut: bool,
    state: Option<Box<SplitState>>,
}

struct Line {
    end: usize,
    next: usize,
    cut: bool,
}

/// See the module head.
pub struct Splitter {
    finder: Finder,
    tally: Tally,
    join: bool,
    line_max: usize,
    begun: Option<Begun>,
    /// The rest of an overlong line is passed over.
    passing: bool,
    /// Whether the state before each record is to be kept.
    pub snapshot: bool,
}

impl Splitter {
    /// At the start of a file.
    pub fn new(finder: Finder, join: bool, line_max: usize) -> Splitter {
        Splitter {
            finder,
            tally: Tally::default(),
            join,
            line_max: line_max.max(1),
            begun: None,
            passing: false,
            snapshot: false,
        }
    }

    /// At the start of a record, from the state before it.
    pub fn resume(zone: Zone, state: &SplitState, join: bool, line_max: usize) -> Splitter {
        let finder = Finder::resume(zone, state.finder);
        Splitter { tally: state.lines, ..Splitter::new(finder, join, line_max) }
    }

    /// The finder, for what it learnt.
    pub fn finder(&self) -> &Finder {
        &self.finder
    }

    /// The state now; only at the start of a record.
    pub fn state(&self) -> SplitState {
        SplitState { finder: self.finder.state(), lines: self.tally }
    }

    /// Looks at `buf`, which begins where the last step left off. `last`: nothing follows `buf`.
    pub fn step(&mut self, buf: &[u8], last: bool) -> Step {
        if self.passing {
            return self.pass_over(buf, last);
        }
        if self.begun.is_none() {
            let Some(line) = self.line(buf, last) else {
                return if last { Step::End } else { Step::More };
            };
            if blank(&buf[..line.end]) && !line.cut {
                return Step::Skip(line.next);
            }
            let state = self.snapshot.then(|| Box::new(self.state()));
            let hit = self.find(&buf[..line.end]);
            self.begun = Some(Begun::new(line, hit, state));
        }
        self.finish(buf, last)
    }

    /// Adds lines to the record that is begun until one does not belong to it.
    fn finish(&mut self, buf: &[u8], last: bool) -> Step {
        let Some(mut begun) = self.begun.take() else { return Step::More };
        while self.join && !begun.cut {
            let rest = &buf[begun.next..];
            let Some(line) = self.line(rest, last) else {
                if last {
                    break;
                }
                self.begun = Some(begun);
                return Step::More;
            };
            let text = &rest[..line.end];
            let room = begun.next + line.end <= JOIN_BYTES;
            if blank(text) && !line.cut {
                if !room {
                    break;
                }
                begun.next += line.next;
                continue;
            }
            let may = room && !line.cut && begun.lines < JOIN_LINES;
            if !(may && continues(text)) {
                let state = self.snapshot.then(|| Box::new(self.state()));
                let hit = self.find(text);
                if !(may && hit.is_none() && self.tally.timed()) {
                    self.begun = Some(Begun::new(line, hit, state));
                    return Step::Record(self.emit(begun));
                }
            }
            begun.end = begun.next + line.end;
            begun.next += line.next;
            begun.lines += 1;
        }
        Step::Record(self.emit(begun))
    }

    /// Gives the record out. A line that was looked at beyond it stays begun, its positions are
    /// relative to its own start.
    fn emit(&mut self, begun: Begun) -> Split {
        let mut flags = Flags::default();
        if begun.lines > 1 {
            flags.set(Flags::MULTILINE);
        }
        if begun.cut {
            flags.set(Flags::CUT);
            self.passing = true;
        }
        Split { len: begun.end, next: begun.next, hit: begun.hit, flags, state: begun.state }
    }

    #[inline]
    fn find(&mut self, line: &[u8]) -> Option<TimeHit> {
        let hit = self.finder.find(line);
        self.tally.count(hit.is_some());
        hit
    }

    #[inline]
    fn line(&self, buf: &[u8], last: bool) -> Option<Line> {
        let window = &buf[..buf.len().min(self.line_max + 1)];
        match memchr(b'\n', window) {
            Some(end) => Some(Line { end: trimmed(window, end), next: end + 1, cut: false }),
            None if buf.len() > self.line_max => {
                Some(Line { end: self.line_max, next: self.line_max, cut: true })
            }
            None if last && !buf.is_empty() => {
                Some(Line { end: trimmed(buf, buf.len()), next: buf.len(), cut: false })
            }
            None => None,
        }
    }

    fn pass_over(&mut self, buf: &[u8], last: bool) -> Step {
        match memchr(b'\n', buf) {
            Some(end) => {
                self.passing = false;
                Step::Skip(end + 1)
            }
            None if !buf.is_empty() => Step::Skip(buf.len()),
            None if last => Step::End,
            None => Step::More,
        }
    }
}

impl Begun {
    fn new(line: Line, hit: Option<TimeHit>, state: Option<Box<SplitState>>) -> Begun {
        Begun { hit, end: line.end, next: line.next, lines: 1, cut: line.cut, state }
    }
}

fn trimmed(line: &[u8], end: usize) -> usize {
    if end > 0 && line[end - 1] == b'\r' { end - 1 } else { end }
}

/// Whether a line belongs to the record before it by its beginning.
pub fn continues(line: &[u8]) -> bool {
    match line.first() {
        None | Some(b' ' | b'\t') => true,
        Some(b'a') => line.starts_with(b"at "),
        Some(b'C') => line.starts_with(b"Caused by:"),
        Some(b'.') => line.starts_with(b"..."),
        Some(b'T') => line.starts_with(b"Traceback"),
        Some(b'g') => line.starts_with(b"goroutine"),
        _ => false,
    }
}

fn blank(line: &[u8]) -> bool {
    line.iter().all(|byte| matches!(byte, b' ' | b'\t' | b'\r'))
}
