//! What an archive costs before it is parsed: CPU time per line of both passes, on one thread.
//!
//! `cargo run --release --example archive_cost -- [FILE…]`; without files, on lines it makes.

use rustix::time::{ClockId, clock_gettime};
use seerflow::runtime::archive::{Plan, ScanOptions, Share};
use seerflow_pipeline::feed::{Load, Port, PortState, lanes};
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

fn cpu() -> f64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

fn main() -> std::io::Result<()> {
    let mut paths: Vec<PathBuf> = std::env::args().skip(1).map(PathBuf::from).collect();
    let made = tempfile::NamedTempFile::new()?;
    if paths.is_empty() {
        let mut out = std::io::BufWriter::new(made.as_file());
        for i in 0..1_000_000u32 {
            let (hour, minute, second) = (i / 360_000 % 24, i / 6000 % 60, i / 100 % 60);
            writeln!(
                out,
                "Mar 24 {hour:02}:{minute:02}:{second:02} host-{} sshd[{}]: Failed password for \
                 invalid user admin from 203.0.113.{} port {} ssh2",
                i % 7,
                i % 30_000,
                i % 250,
                i % 60_000
            )?;
        }
        out.flush()?;
        paths.push(made.path().to_owned());
    }
    let start = cpu();
    let plan = Plan::scan(&paths, &ScanOptions::default(), &|_| {});
    let scanned = cpu();
    let summary = plan.summary();
    for problem in plan.problems() {
        eprintln!("{problem}");
    }
    let (senders, mut receivers) = lanes(1, 4);
    let running =
        plan.run(Port::new(0, senders, Arc::new(PortState::default())), Share::whole(1))?;
    let Some(lane) = receivers.pop() else { return Ok(()) };
    let (mut records, read_from) = (0usize, cpu());
    for feed in lane.rx.into_iter() {
        if let Load::Work(work) = feed.load {
            records += work().iter().map(|batch| batch.records.len()).sum::<usize>();
        }
    }
    let read = cpu() - read_from;
    let _ = running.join();
    println!(
        "{} files, {} chunks, {} records ({} not believed), {} MiB: \
         scan {:.0} ns, read {:.0} ns per record",
        summary.files,
        summary.chunks,
        records,
        summary.skewed,
        summary.bytes >> 20,
        (scanned - start) * 1e9 / records.max(1) as f64,
        read * 1e9 / records.max(1) as f64,
    );
    Ok(())
}
