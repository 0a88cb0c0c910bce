//! Chunks of a file, and the ring that decides the stamps in them while they are cut.
//!
//! A record enters at the front and leaves the ring 64 records later, when the voters on its jump
//! are known. Memory: the ring and one [`Chunk`] per MiB. Cost: a few nanoseconds per record.

use super::judge::{NO_TIME, VOTERS, confirmed, jumps};
use seerflow_model::time::Ns;
use seerflow_parsing::lines::LinesState;

/// Where chunks are cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChunkSize {
    /// At a record start after so many bytes of text.
    pub bytes: u64,
    /// Or after so many records.
    pub records: u32,
    /// At so many times that size, what waits for more lines is ended: else one piece of a line
    /// whose rest never comes could keep a whole file in one chunk.
    pub patience: u32,
}

impl Default for ChunkSize {
    fn default() -> ChunkSize {
        ChunkSize { bytes: 1 << 20, records: 16_384, patience: 4 }
    }
}

/// A piece of a file, cut at record starts.
#[derive(Clone, Debug)]
pub struct Chunk {
    /// First byte in the text.
    pub start: u64,
    /// One past its last byte. An overlong line lies in it as a whole.
    pub end: u64,
    /// Sequence of its first record.
    pub first_seq: u64,
    /// How many records.
    pub records: u32,
    /// How many of them were not believed.
    pub skewed: u32,
    /// What its reader must know before its first line.
    pub state: LinesState,
    /// The stamp before its first record.
    pub before: Option<Ns>,
    /// Least stamp.
    pub least: Ns,
    /// Greatest stamp.
    pub greatest: Ns,
    /// See [`super::judge::stamp`].
    pub doubted: u64,
    /// Holds records that take the stamp of the file's head.
    headless: bool,
}

impl Chunk {
    fn new(start: u64, first_seq: u64, state: LinesState) -> Chunk {
        Chunk {
            start,
            end: start,
            first_seq,
            records: 0,
            skewed: 0,
            state,
            before: None,
            least: Ns::MAX,
            greatest: 0,
            doubted: 0,
            headless: false,
        }
    }

    fn cover(&mut self, stamp: Ns) {
        self.least = self.least.min(stamp);
        self.greatest = self.greatest.max(stamp);
    }
}

/// Whether a chunk is to be cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ripeness {
    /// Not yet.
    Young,
    /// Where it can be.
    Ripe,
    /// Here: what waits for more lines is ended.
    Overdue,
}

/// Slots of the ring; a power of two above [`VOTERS`].
const RING: usize = 128;

/// Cuts a file and decides its stamps.
pub struct Cutter {
    size: ChunkSize,
    chunks: Vec<Chunk>,
    /// Begins with the next record.
    next: Option<(u64, LinesState)>,
    records: u64,
    decided: u64,
    ring: [(u64, bool); RING],
    deciding: usize,
    before: Option<Ns>,
    first: Option<Ns>,
    last: Option<Ns>,
}

/// What is known at the end of a file.
pub struct Cuts {
    /// In the order of the file.
    pub chunks: Vec<Chunk>,
    /// How many records.
    pub records: u64,
    /// The stamp of records before the first time.
    pub head: Ns,
    /// The first time in the file.
    pub first: Option<Ns>,
    /// The last one.
    pub last: Option<Ns>,
}

impl Cutter {
    /// `initial`: state before the first line.
    pub fn new(size: ChunkSize, initial: LinesState) -> Cutter {
        Cutter {
            size,
            chunks: Vec::new(),
            next: Some((0, initial)),
            records: 0,
            decided: 0,
            ring: [(0, false); RING],
            deciding: 0,
            before: None,
            first: None,
            last: None,
        }
    }

    /// The next record's time.
    pub fn record(&mut self, time: Option<Ns>) {
        let begins = self.next.take();
        let first = begins.is_some();
        if let Some((at, state)) = begins {
            self.chunks.push(Chunk::new(at, self.records, state));
        }
        if let Some(chunk) = self.chunks.last_mut() {
            chunk.records += 1;
        }
        if time.is_some() {
            self.first = self.first.or(time);
            self.last = time;
        }
        self.ring[self.records as usize % RING] = (time.unwrap_or(NO_TIME), first);
        self.records += 1;
        if self.records - self.decided > VOTERS as u64 {
            self.decide();
        }
    }

    /// How ripe the chunk is for a cut, if it went up to `at`.
    pub fn ripeness(&self, at: u64) -> Ripeness {
        match self.chunks.last() {
            Some(chunk) if self.next.is_none() => {
                let ChunkSize { bytes, records, patience } = self.size;
                let length = at - chunk.start;
                if length >= bytes.saturating_mul(patience.into())
                    || chunk.records >= records.saturating_mul(patience)
                {
                    Ripeness::Overdue
                } else if length >= bytes || chunk.records >= records {
                    Ripeness::Ripe
                } else {
                    Ripeness::Young
                }
            }
            _ => Ripeness::Young,
        }
    }

    /// Cuts at `at`: all records so far lie before it, all others behind it.
    pub fn cut(&mut self, at: u64, state: LinesState) {
        self.end(at);
        self.next = Some((at, state));
    }

    fn end(&mut self, at: u64) {
        if self.next.is_none()
            && let Some(chunk) = self.chunks.last_mut()
        {
            chunk.end = at;
        }
    }

    /// Decides the oldest record of the ring.
    fn decide(&mut self) {
        let (time, first) = self.ring[self.decided as usize % RING];
        self.decided += 1;
        if first {
            self.deciding += usize::from(self.decided > 1);
            self.chunks[self.deciding].before = self.before;
        }
        let doubted = time != NO_TIME && jumps(self.before, time) && {
            let next = (self.decided..self.records).map(|at| self.ring[at as usize % RING].0);
            !confirmed(time, next)
        };
        if time != NO_TIME && !doubted {
            self.before = Some(time);
        }
        let chunk = &mut self.chunks[self.deciding];
        chunk.doubted = chunk.doubted << 1 | u64::from(doubted);
        chunk.skewed += u32::from(doubted);
        match self.before {
            Some(stamp) => chunk.cover(stamp),
            None => chunk.headless = true,
        }
    }

    /// The end of the file, at `at`; `untimed` stands in where no record has a time.
    pub fn done(mut self, at: u64, untimed: Ns) -> Cuts {
        self.end(at);
        while self.decided < self.records {
            self.decide();
        }
        let head = self.first.unwrap_or(untimed);
        for chunk in self.chunks.iter_mut().filter(|chunk| chunk.headless) {
            chunk.cover(head);
        }
        let Cutter { chunks, records, first, last, .. } = self;
        Cuts { chunks, records, head, first, last }
    }
}
