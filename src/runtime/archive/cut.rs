//! Chunks of a file, and the ring that decides the stamps in them while they are cut.
//!
//! A record enters at the front and leaves the ring 64 records later, when the voters on its jump
//! are known. Memory: the ring and one [`Chunk`] per MiB. Cost: a few nanoseconds per record.

use super::judge::{NO_TIME, VOTERS, confirmed, jumps};
use super::split::SplitState;
use seerflow_model::time::Ns;

/// Where chunks are cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChunkSize {
    /// At a record start after so many bytes of text.
    pub bytes: u64,
    /// Or after so many records.
    pub records: u32,
}

impl Default for ChunkSize {
    fn default() -> ChunkSize {
        ChunkSize { bytes: 1 << 20, records: 16_384 }
    }
}

/// A piece of a file, cut at record starts.
#[derive(Clone, Debug)]
pub struct Chunk {
    /// First byte in the text.
    pub start: u64,
    /// One past its last byte. The rest of an overlong line lies between two chunks.
    pub end: u64,
    /// Sequence of its first record.
    pub first_seq: u64,
    /// How many records.
    pub records: u32,
    /// How many of them were not believed.
    pub skewed: u32,
    /// Its last record was longer than the limit.
    pub cut: bool,
    /// Splitter and finder before its first record.
    pub state: Box<SplitState>,
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
    fn new(start: u64, first_seq: u64, state: Box<SplitState>) -> Chunk {
        Chunk {
            start,
            end: start,
            first_seq,
            records: 0,
            skewed: 0,
            cut: false,
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

/// Slots of the ring; a power of two above [`VOTERS`].
const RING: usize = 128;

/// Cuts a file and decides its stamps.
pub struct Cutter {
    size: ChunkSize,
    chunks: Vec<Chunk>,
    initial: Option<Box<SplitState>>,
    ripe: bool,
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
    /// `initial`: state before the first record.
    pub fn new(size: ChunkSize, initial: SplitState) -> Cutter {
        Cutter {
            size,
            chunks: Vec::new(),
            initial: Some(Box::new(initial)),
            ripe: false,
            records: 0,
            decided: 0,
            ring: [(0, false); RING],
            deciding: 0,
            before: None,
            first: None,
            last: None,
        }
    }

    /// Whether the next record whose state is known begins a chunk.
    pub fn ripe(&self) -> bool {
        self.ripe
    }

    /// A record at `at`, of `next` bytes with its line ends.
    pub fn record(
        &mut self,
        at: u64,
        next: usize,
        time: Option<Ns>,
        cut: bool,
        state: Option<Box<SplitState>>,
    ) {
        let begins = match state {
            Some(state) if self.ripe => Some(state),
            _ => self.initial.take(),
        };
        let first = begins.is_some();
        if let Some(state) = begins {
            self.chunks.push(Chunk::new(at, self.records, state));
        }
        let Some(chunk) = self.chunks.last_mut() else { return };
        chunk.end = at + next as u64;
        chunk.records += 1;
        chunk.cut = cut;
        self.ripe = cut
            || chunk.end - chunk.start >= self.size.bytes
            || chunk.records >= self.size.records;
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

    /// The end of the file; `untimed` stands in where no record has a time.
    pub fn done(mut self, untimed: Ns) -> Cuts {
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
