//! Prints the template of each message of a file, one JSON object a line, or measures.
//!
//!     assign FILE            {"line":1,"id":"…","template":"…"}, the final state of each template
//!     assign --bench FILE…   CPU time per message once all templates are known
//!     assign --mask FILE     the masked text of each line

#![allow(clippy::disallowed_methods, reason = "a measurement looks at the clock")]

use seerflow_model::{Event, ReceiverKind, SourceInfo, Span};
use seerflow_parsing::{mask, template::Miner};
use std::io::{BufWriter, Write};
use std::sync::Arc;
use std::time::Instant;

fn read(path: &str) -> std::io::Result<Vec<Event>> {
    let info = SourceInfo::plain(1, path, ReceiverKind::Archive, "file");
    let source = Arc::new(info);
    let text = String::from_utf8_lossy(&std::fs::read(path)?).into_owned();
    let event = |(n, line): (usize, &str)| {
        let mut event = Event::empty(source.clone());
        event.seq = n as u64;
        event.effective_time = n as u64 * 100_000_000;
        event.text = line.into();
        event.record_len = line.len() as u32;
        event.message = Span::new(0, line.len());
        event
    };
    Ok(text.lines().enumerate().map(event).collect())
}

fn assign(path: &str) -> std::io::Result<()> {
    let (mut masker, mut miner) = (mask::Masker::new(), Miner::new());
    let mut lines = Vec::new();
    for mut event in read(path)? {
        masker.mask(&mut event);
        lines.push((event.leaf, miner.assign(&event).template));
    }
    let mut out = BufWriter::new(std::io::stdout().lock());
    for (n, (leaf, id)) in lines.into_iter().enumerate() {
        let (id, text) = miner.template(leaf, id).unwrap_or((id, String::new()));
        let line = serde_json::json!({"line": n + 1, "id": format!("{id:016x}"), "template": text});
        writeln!(out, "{line}")?;
    }
    out.flush()
}

fn bench(paths: &[String]) -> std::io::Result<()> {
    let mut events = Vec::new();
    for path in paths {
        events.extend(read(path)?);
    }
    let (mut masker, mut miner) = (mask::Masker::new(), Miner::new());
    let rounds = 400;
    for round in 0..rounds {
        let start = Instant::now();
        for event in &mut events {
            masker.mask(event);
        }
        let masked = start.elapsed();
        for event in &events {
            miner.assign(event);
        }
        let all = start.elapsed();
        if round + 4 > rounds {
            let rate = |d: std::time::Duration| events.len() as f64 / d.as_secs_f64() / 1e3;
            println!("mask {:7.0} k/s   mask + assign {:7.0} k/s", rate(masked), rate(all));
        }
    }
    Ok(())
}

fn main() -> std::io::Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["--bench", _, ..] => bench(&args[1..]),
        ["--mask", path] => {
            let text = String::from_utf8_lossy(&std::fs::read(path)?).into_owned();
            for line in text.lines() {
                println!("{}", mask::mask_text(line).render());
            }
            Ok(())
        }
        [path] => assign(path),
        _ => {
            eprintln!("usage: assign FILE | --mask FILE | --bench FILE…");
            std::process::exit(2)
        }
    }
}
