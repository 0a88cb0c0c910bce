//! Writes authentication, process, flow and name records of a network with a red team in it.
//!
//! `cargo run --release --example lanl -- DIR [--seed 1] [--days 1] [--rows 200000] [--people 300]
//! [--attacks 12] [--gzip]`; see `seerflow::bench::lanl`. Equal arguments give equal bytes.

use seerflow::bench::lanl::{LanlOptions, write};
use std::path::PathBuf;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut options = LanlOptions::default();
    let mut folder = None;
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or_else(|| format!("{argument} needs a value"));
        match argument.as_str() {
            "--seed" => options.seed = value()?.parse()?,
            "--days" => options.days = value()?.parse()?,
            "--rows" => options.rows_per_day = value()?.parse()?,
            "--people" => options.people = value()?.parse()?,
            "--attacks" => options.attacks = value()?.parse()?,
            "--gzip" => options.gzip = true,
            _ if argument.starts_with('-') => return Err(format!("what is {argument}?").into()),
            _ => folder = Some(PathBuf::from(argument)),
        }
    }
    let folder = folder.ok_or("say where to: a folder")?;
    std::fs::create_dir_all(&folder)?;
    let written = write(&options, &folder)?;
    let [auth, process, flows, names, red] = written.rows;
    println!(
        "auth {auth}, proc {process}, flows {flows}, dns {names}, redteam {red}; {} of them hostile",
        written.hostile
    );
    Ok(())
}
