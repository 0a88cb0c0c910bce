//! `seerflow import`: rows that `export` wrote go into the store, under the ids they had.
//!
//! What is there already is not stored again, so a second run adds nothing. Rows that cannot be read are told
//! with their lines and left out; the others go in. Nothing is detected: `analyze --persist` does that.

use super::asker::Asker;
use super::output;
use super::search_args::ImportArgs;
use crate::config::Config;
use crate::failure::{ExitCode, Failure};
use crate::runtime::archive;
use seerflow_model::text::neutral;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

/// Bytes sent at a time; a longer row goes alone.
const CHUNK: usize = 2 << 20;
/// Longest row.
const ROW_MAX: usize = 96 << 20;
/// Rows told that could not be read.
const TOLD_MAX: usize = 20;

/// Runs it.
pub fn run(args: &ImportArgs, config: &Config) -> Result<ExitCode, Failure> {
    let mut asker = Asker::of(args.data.data_dir.as_deref(), config)?;
    let mut sum = Sum::default();
    for path in &args.paths {
        let name = path.display().to_string();
        let input: Box<dyn Read> =
            if path.as_os_str() == "-" { Box::new(std::io::stdin().lock()) } else { open(path)? };
        file(&name, input, &mut asker, &mut sum)?;
    }
    output::message(&format!(
        "{} imported ({} events, {} alerts), {} there already, {} rejected",
        sum.events + sum.alerts,
        sum.events,
        sum.alerts,
        sum.known,
        sum.rejected
    ));
    Ok(if sum.rejected > 0 { ExitCode::Findings } else { ExitCode::Fine })
}

#[derive(Default)]
struct Sum {
    events: u64,
    alerts: u64,
    known: u64,
    rejected: u64,
    told: usize,
}

fn open(path: &Path) -> Result<Box<dyn Read>, Failure> {
    let file = archive::open_text(path).map_err(|problem| Failure::usage(problem.to_string()))?;
    Ok(file.text)
}

/// Sends the rows of one file.
fn file(name: &str, input: Box<dyn Read>, asker: &mut Asker, sum: &mut Sum) -> Result<(), Failure> {
    let cannot = |error: std::io::Error| Failure::usage(format!("cannot read {name}: {error}"));
    let mut input = BufReader::with_capacity(1 << 18, input);
    let (mut chunk, mut first, mut line) = (Vec::new(), 1u64, 1u64);
    loop {
        let before = chunk.len();
        let room = (ROW_MAX + 1) as u64;
        let n = (&mut input).take(room).read_until(b'\n', &mut chunk).map_err(cannot)?;
        if n > ROW_MAX {
            return Err(Failure::usage(format!(
                "{name}: line {line} is longer than {ROW_MAX} bytes"
            )));
        }
        line += u64::from(n > 0);
        if chunk.len() >= CHUNK && before > 0 && chunk.len() - before > CHUNK {
            // A long row goes alone.
            let rest = chunk.split_off(before);
            send(name, std::mem::replace(&mut chunk, rest), first, asker, sum)?;
            first = line - 1;
        }
        if chunk.len() >= CHUNK || n == 0 && !chunk.is_empty() {
            send(name, std::mem::take(&mut chunk), first, asker, sum)?;
            first = line;
        }
        if n == 0 {
            return Ok(());
        }
    }
}

fn send(
    name: &str,
    chunk: Vec<u8>,
    first: u64,
    asker: &mut Asker,
    sum: &mut Sum,
) -> Result<(), Failure> {
    let answer = asker.import(chunk)?;
    let count = |key: &str| answer[key].as_u64().unwrap_or(0);
    sum.events += count("events");
    sum.alerts += count("alerts");
    sum.known += count("already_stored");
    sum.rejected += count("rejected");
    for problem in answer["problems"].as_array().into_iter().flatten() {
        if sum.told < TOLD_MAX {
            sum.told += 1;
            let line = first + problem["line"].as_u64().unwrap_or(1) - 1;
            let detail = problem["detail"].as_str().unwrap_or_default();
            output::message(&format!("{}:{line}: {}", neutral(name), neutral(detail)));
        }
    }
    if sum.told == TOLD_MAX {
        sum.told += 1;
        output::message("more rows were rejected; they are counted");
    }
    Ok(())
}
