//! Text into records, the same from any record start on.
//!
//! Both passes go through this splitter. It looks at each line once, and the time finder learns
//! only the times of lines that begin a record, each once; so its state at the start of a record,
//! which a chunk keeps, gives the same records and times again. Cost: one `memchr` and one look for
//! a time per line, no allocation.

use memchr::memchr;
use seerflow_model::record::Flags;
use seerflow_parsing::lines::{JOIN_BYTES, JOIN_LINES, Trust, continues};
use seerflow_parsing::time::{Finder, FinderState, Located, TimeHit, Zone, heads, locate};

/// What resumes a splitter at the start of a record.
#[derive(Clone, Copy, Debug)]
pub struct SplitState {
    finder: FinderState,
    trust: Trust,
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
    trust: Trust,
    join: bool,
    line_max: usize,
    begun: Option<Begun>,
    /// The rest of an overlong line is passed over.
    passing: bool,
    /// Whether the state before each record is to be kept.
    pub snapshot: bool,
    /// A last line without an end is an overlong one that was cut there.
    pub cut_end: bool,
}

impl Splitter {
    /// At the start of a file.
    pub fn new(finder: Finder, join: bool, line_max: usize) -> Splitter {
        Splitter {
            finder,
            trust: Trust::default(),
            join,
            line_max: line_max.max(1),
            begun: None,
            passing: false,
            snapshot: false,
            cut_end: false,
        }
    }

    /// At the start of a record, from the state before it.
    pub fn resume(zone: Zone, state: &SplitState, join: bool, line_max: usize) -> Splitter {
        let finder = Finder::resume(zone, state.finder);
        Splitter { trust: state.trust, ..Splitter::new(finder, join, line_max) }
    }

    /// The finder, for what it learnt.
    pub fn finder(&self) -> &Finder {
        &self.finder
    }

    /// The state now; only at the start of a record.
    pub fn state(&self) -> SplitState {
        SplitState { finder: self.finder.state(), trust: self.trust }
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
            let found = locate(&buf[..line.end]);
            self.begun = Some(self.begin(&buf[..line.end], line, found));
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
            let found = locate(text);
            let heads = found.is_some_and(|found| heads(text, found.start as usize));
            if !(may && continues(text, heads, self.trust.has_times())) {
                self.begun = Some(self.begin(text, line, found));
                return Step::Record(self.emit(begun));
            }
            self.trust.learn(text, heads);
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

    /// Begins a record with a line; only now the finder learns its time.
    fn begin(&mut self, text: &[u8], line: Line, found: Option<Located>) -> Begun {
        let state = self.snapshot.then(|| Box::new(self.state()));
        if self.join {
            let heads = found.is_some_and(|found| heads(text, found.start as usize));
            self.trust.learn(text, heads);
        }
        let hit = found.map(|found| self.finder.settle(&found));
        Begun { hit, end: line.end, next: line.next, lines: 1, cut: line.cut, state }
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
                let (end, cut) = (trimmed(buf, buf.len()), self.cut_end);
                Some(Line { end: if cut { buf.len() } else { end }, next: buf.len(), cut })
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

fn trimmed(line: &[u8], end: usize) -> usize {
    if end > 0 && line[end - 1] == b'\r' { end - 1 } else { end }
}

fn blank(line: &[u8]) -> bool {
    line.iter().all(|byte| matches!(byte, b' ' | b'\t' | b'\r'))
}
