//! A text that is read once: a pipe, `--one-pass`, or a file too large to unpack.
//!
//! Stamps come from the stamper of the edge, in the order of the text, with a lateness instead of a
//! scan: what lies further back than that is `late`. A record may wait for the 64 after it, so at
//! most that many are held back. The promise is the stamper's, but never beyond a record that is
//! stamped and not yet sent.

use super::open;
use super::problem::Problem;
use super::progress::Progress;
use super::read::Window;
use super::scan::BLOCK;
use super::summary::OnePassFile;
use crate::runtime::stamp::{Kind, Stamp, StampOptions, Stamper};
use seerflow_model::record::{RecordBatch, RecordMeta, SourceInfo};
use seerflow_model::time::{MAX_NS, MILLISECOND, Ns, SECOND};
use seerflow_parsing::lines::{Assembler, Options, Records};
use seerflow_parsing::time::{Finder, YearPolicy, Zone};
use seerflow_pipeline::feed::{Port, Stopped};
use std::collections::VecDeque;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Lateness of pipes and of what is read in one pass.
pub const PIPE_LATENESS: Ns = 60 * SECOND;
/// Records of a batch.
const BATCH: usize = 4096;

/// How a text is read once.
#[derive(Clone, Debug)]
pub struct OnePass {
    /// Its source.
    pub source: Arc<SourceInfo>,
    /// When its records reached us: for a file its modification time.
    pub observed: Ns,
    /// Zone of times without one.
    pub zone: Zone,
    /// Year of the first time without one.
    pub year: YearPolicy,
    /// How lines become records.
    pub lines: Options,
    /// How far records may be out of order.
    pub lateness: Ns,
    /// Records outside are left out.
    pub window: Window,
}

impl OnePass {
    /// For a file that a plan set aside.
    pub fn of(file: &OnePassFile, line_bytes_max: usize, lateness: Ns, window: Window) -> OnePass {
        let known = |year: i16| YearPolicy::Fixed(year.into());
        OnePass {
            source: file.source.clone(),
            observed: file.modified,
            zone: file.options.zone.clone(),
            year: file.year.map_or(YearPolicy::NotAfter(file.modified), known),
            lines: Options {
                line_bytes: line_bytes_max,
                multiline: file.options.multiline.clone(),
                redact: file.options.redact.clone(),
            },
            lateness,
            window,
        }
    }

    /// Reads a file, see [`OnePass::read`]; a damaged one as far as it goes.
    pub fn read_file(
        &self,
        path: &Path,
        port: &mut Port,
        progress: &Progress,
    ) -> Result<Option<Ns>, Stopped> {
        match open::open(path, &Arc::new(AtomicU64::new(0))) {
            Ok((_, mut text)) => self.read(&mut text, path, port, progress),
            Err(problem) => {
                progress.report(problem);
                port.close();
                Ok(None)
            }
        }
    }

    /// Reads a text to its end and closes the port, which serves it alone. Returns the greatest
    /// effective time. `name` stands in an error.
    pub fn read(
        &self,
        text: &mut dyn Read,
        name: &Path,
        port: &mut Port,
        progress: &Progress,
    ) -> Result<Option<Ns>, Stopped> {
        let mut reader = Reader::new(self, port, progress);
        let result = reader.run(text, name);
        let newest = reader.stamper.newest().map(|newest| newest.min(self.window.until - 1));
        if let Some(newest) = newest {
            port.state.saw(newest);
            port.promise((newest + MILLISECOND).min(MAX_NS));
        }
        port.close();
        result.map(|()| newest)
    }
}

struct Reader<'a> {
    how: &'a OnePass,
    port: &'a mut Port,
    progress: &'a Progress,
    lines: Assembler,
    stamper: Stamper,
    seq: u64,
    /// Batches whose records are not all stamped, and the stamps for their first records.
    waiting: VecDeque<RecordBatch>,
    stamps: Vec<Stamp>,
}

impl<'a> Reader<'a> {
    fn new(how: &'a OnePass, port: &'a mut Port, progress: &'a Progress) -> Reader<'a> {
        let stamps = StampOptions {
            lateness: how.lateness,
            max_future: 0,
            kind: Kind::Pipe,
            start_promise: port.state.promise(),
        };
        let finder = Finder::new(how.zone.clone(), how.year);
        Reader {
            how,
            port,
            progress,
            lines: Assembler::new(how.lines.clone(), finder),
            stamper: Stamper::new(stamps),
            seq: 0,
            waiting: VecDeque::new(),
            stamps: Vec::new(),
        }
    }

    fn run(&mut self, text: &mut dyn Read, name: &Path) -> Result<(), Stopped> {
        let mut block = vec![0; BLOCK];
        let (mut records, mut read) = (Records::default(), 0u64);
        loop {
            match text.read(&mut block) {
                Ok(0) => break,
                Ok(n) => {
                    read += n as u64;
                    self.progress.bytes.fetch_add(n as u64, Ordering::Relaxed);
                    self.lines.push(&block[..n], 0, &mut records);
                    self.take(&mut records);
                    self.send()?;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    let (path, reason) = (name.to_owned(), error.to_string());
                    self.progress.report(Problem::Damaged { path, after: read, reason });
                    break;
                }
            }
        }
        self.lines.finish(&mut records);
        self.take(&mut records);
        self.stamper.finish(&mut self.stamps);
        self.send()
    }

    /// Makes batches of the records and asks for their stamps.
    fn take(&mut self, records: &mut Records) {
        for some in records.records.chunks(BATCH) {
            let (Some(first), Some(last)) = (some.first(), some.last()) else { continue };
            let (from, to) = (first.start, last.start + last.len);
            let mut metas = Vec::with_capacity(some.len());
            for record in some {
                let meta = record.meta(self.seq);
                metas.push(RecordMeta { start: record.start - from, ..meta });
                self.seq += 1;
                self.stamper.stamp(meta.event_time, self.how.observed, &mut self.stamps);
            }
            self.waiting.push_back(RecordBatch {
                source: self.how.source.clone(),
                observed: self.how.observed,
                bytes: records.bytes[from as usize..to as usize].to_vec(),
                records: metas,
            });
        }
        records.bytes.clear();
        records.records.clear();
    }

    /// Sends the batches that are stamped, then promises.
    fn send(&mut self) -> Result<(), Stopped> {
        while let Some(batch) = self.waiting.front()
            && batch.records.len() <= self.stamps.len()
            && let Some(mut batch) = self.waiting.pop_front()
        {
            let stamps = self.stamps.drain(..batch.records.len());
            for (record, stamp) in batch.records.iter_mut().zip(stamps) {
                record.effective = stamp.effective;
                record.flags.set(stamp.flags);
            }
            batch.records.retain(|record| self.how.window.holds(record.effective));
            if batch.records.is_empty() {
                continue;
            }
            let count = batch.records.len() as u64;
            self.progress.records.fetch_add(count, Ordering::Relaxed);
            self.port.state.accepted.fetch_add(count, Ordering::AcqRel);
            self.port.send_blocking(batch)?;
        }
        let unsent = self.stamps.iter().map(|stamp| stamp.effective).min();
        // Beyond the window no time passes: nothing is known of it.
        let promise = self.stamper.promise().min(self.how.window.until);
        self.port.promise(promise.min(unsent.unwrap_or(Ns::MAX)));
        Ok(())
    }
}
