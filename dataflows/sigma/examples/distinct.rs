//! What a million different values in one timespan cost: `distinct [VALUES]`.
//!
//! Every event of a `value_count` rule brings a value that was never seen, so that at every moment
//! of the second half as many values are remembered as fit into the timespan, each event adding one
//! and letting one go. Prints, for parts of the run, the CPU time per event and the memory of the
//! process: where the cost is constant the lines do not differ. The whole way is run, with
//! look-up, keys and timers.

mod common;

use seerflow_model::time::MILLISECOND;
use seerflow_sigma::correlate::Replay;
use seerflow_sigma::{Field, Options, load};
use std::fmt::Write;

/// Parts that are measured one by one.
const PARTS: u64 = 12;

fn main() {
    let wanted = std::env::args().nth(1).and_then(|text| text.parse().ok());
    let values: u64 = wanted.unwrap_or(1_000_000);
    let text = format!(
        "title: a\nname: a\nlogsource: {{product: x}}\ndetection: {{s: {{k: a}}, condition: s}}\n---\n\
         title: t\ncorrelation:\n  type: value_count\n  rules: [a]\n  group-by: [g]\n  timespan: \
         {values}s\n  condition: {{field: v, gte: {values}}}\n"
    );
    let loaded = load([("t".into(), text.as_str())], &Options::default());
    assert!(loaded.problems.is_empty(), "{}", loaded.problems[0]);
    let set = loaded.set;
    let group = set.field("g");
    let mut replay = Replay::new(set.plan().clone());
    let mut out = Vec::new();
    let mut value = String::new();
    let part = (values * 3).div_ceil(PARTS).max(1);
    println!("{values} values in the timespan; {} KiB before", memory());
    let mut matches = 0;
    for number in 0..PARTS {
        let begun = common::cpu_seconds();
        for n in number * part..(number + 1) * part {
            value.clear();
            let _ = write!(value, "value-{n}");
            let look = |field: Field| match Some(field) == group {
                true => Some("one"),
                false => Some(value.as_str()),
            };
            replay.event((n + 1) * 1_000 * MILLISECOND, &[0], look, &(), &mut out);
        }
        matches += out.drain(..).count();
        println!(
            "events {:>9} to {:>9}: {:.2} µs each, {} KiB",
            number * part,
            (number + 1) * part,
            (common::cpu_seconds() - begun) / part as f64 * 1e6,
            memory()
        );
    }
    // All the values leave at once; what is kept for them goes with them.
    let last = (PARTS * part + 2 * values) * 1_000 * MILLISECOND;
    let begun = common::cpu_seconds();
    replay.event(last, &[0], |_| Some("one"), &(), &mut out);
    println!("one event when all have left: {:.0} ms", (common::cpu_seconds() - begun) * 1e3);
    println!("{matches} matches begun or grown, {} KiB at the end", memory());
}

/// Resident memory, in KiB; 0 where the system does not say.
fn memory() -> u64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let number = line.and_then(|line| line.trim().split(' ').next()?.parse().ok());
    number.unwrap_or_default()
}
