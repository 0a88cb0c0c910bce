//! Records of files one after the other, for the commands that show what is read from each.

use crate::failure::Failure;
use crate::runtime::archive::{self, FileOptions};
use crate::runtime::clock::Clock;
use crate::runtime::rules::Rules;
use seerflow_model::hash;
use seerflow_model::record::{ReceiverKind, RecordBatch, RecordMeta, SourceInfo};
use seerflow_parsing::lines::{Assembler, Options, Records};
use seerflow_parsing::time::{Finder, YearPolicy};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Bytes read at a time.
const BLOCK: usize = 256 * 1024;

/// Reads one file (or standard input) to its end; `each` gets batches and the 0-based line that
/// each record begins at. Gives the number of lines.
pub fn read(
    path: &Path,
    rules: &Rules,
    line_bytes: usize,
    each: &mut dyn FnMut(&RecordBatch, &[u64]) -> std::io::Result<()>,
) -> Result<u64, Failure> {
    let stdin = path.as_os_str() == "-";
    let mut how = rules.of_archive(path);
    let (identity, modified, mut text): (u64, u64, Box<dyn Read>) = if stdin {
        (hash::bytes(b"-"), Clock::system().now(), Box::new(std::io::stdin().lock()))
    } else {
        let file =
            archive::open_text(path).map_err(|problem| Failure::usage(problem.to_string()))?;
        (file.identity, file.modified, file.text)
    };
    let year =
        how.year.map_or(YearPolicy::NotAfter(modified), |year| YearPolicy::Fixed(i32::from(year)));
    let mut info = source(path, identity, &how, stdin);
    let cannot = |error: std::io::Error| Failure::usage(format!("{}: {error}", path.display()));
    text = archive::with_header(text, &mut how.multiline, how.redact.as_ref(), &mut info)
        .map_err(cannot)?;
    let (multiline, redact) = (how.multiline.clone(), how.redact.clone());
    let options = Options { line_bytes, multiline, redact };
    let mut assembler = Assembler::new(options, Finder::new(how.zone.clone(), year));
    let mut batches = Batches { source: info, observed: modified, seq: 0, last: 0 };
    let mut buffer = vec![0; BLOCK];
    let mut records = Records::default();
    loop {
        let n = text.read(&mut buffer).map_err(cannot)?;
        if n == 0 {
            assembler.finish(&mut records);
        } else {
            assembler.push(&buffer[..n], 0, &mut records);
        }
        let (batch, lines) = batches.take(&mut records);
        if !batch.records.is_empty()
            && let Err(error) = each(&batch, &lines)
        {
            return crate::cli::output::finish(Err(error), crate::ExitCode::Fine).map(|_| 0);
        }
        if n == 0 {
            return Ok(assembler.resume_point().map_or(0, |(_, state)| state.line));
        }
    }
}

/// Reads several files one after the other.
pub fn read_all(
    paths: &[PathBuf],
    rules: &Rules,
    line_bytes: usize,
    each: &mut dyn FnMut(&RecordBatch, &[u64]) -> std::io::Result<()>,
) -> Result<(), Failure> {
    paths.iter().try_for_each(|path| read(path, rules, line_bytes, each).map(drop))
}

fn source(path: &Path, identity: u64, how: &FileOptions, stdin: bool) -> Arc<SourceInfo> {
    let kind = if stdin { ReceiverKind::Stdin } else { ReceiverKind::Archive };
    let id = hash::pair(how.identity(identity), 0);
    let mut source = SourceInfo::plain(id, &path.to_string_lossy(), kind, &how.source_type);
    source.format = how.format.clone();
    source.entry = how.entry.clone();
    if let Some(layout) = how.multiline.layout() {
        layout.describe(&mut source);
    }
    Arc::new(source)
}

struct Batches {
    source: Arc<SourceInfo>,
    observed: u64,
    seq: u64,
    last: u64,
}

impl Batches {
    fn take(&mut self, records: &mut Records) -> (RecordBatch, Vec<u64>) {
        let Records { bytes, records } = std::mem::take(records);
        let mut batch = RecordBatch {
            source: self.source.clone(),
            observed: self.observed,
            bytes,
            records: Vec::with_capacity(records.len()),
        };
        let mut lines = Vec::with_capacity(records.len());
        for piece in &records {
            let time = piece.time.as_ref();
            self.last = time.map_or(self.last, |hit| hit.ns);
            batch.records.push(RecordMeta {
                start: piece.start,
                len: piece.len,
                seq: self.seq,
                event_time: time.map(|hit| hit.ns),
                effective: self.last,
                time_start: time.map_or(0, |hit| hit.start),
                time_len: time.map_or(0, |hit| hit.len),
                flags: piece.flags,
                end: piece.line_end,
            });
            lines.push(piece.line);
            self.seq += 1;
        }
        (batch, lines)
    }
}
