//! Authentication, process, flow and name records of a network with a red team in it, by seed, in
//! the columns of the set "Comprehensive, Multi-Source Cyber-Security Events" (Los Alamos National
//! Laboratory): `auth.txt`, `proc.txt`, `flows.txt`, `dns.txt`, `redteam.txt`.
//!
//! What people and machines of such a network do by day and night is in [`people`] and
//! [`machines`], what the red team does in [`attacks`]. Everything is drawn from one seed and from
//! ranges that are said where they are drawn; nothing here is taken from a rule or a detector, and
//! none of them may take anything from here. `redteam.txt` has a fifth column that the set does not
//! have: the scenario that the row belongs to.
//!
//! Rows are kept until they are sorted by time: about 100 bytes a row.

mod attacks;
mod chance;
mod machines;
mod people;
mod rows;
#[cfg(test)]
mod tests;
mod world;

use chance::Chance;
use flate2::Compression;
use flate2::write::GzEncoder;
use rows::{Rows, Table};
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;
use world::World;

/// Seconds of a day.
const DAY: f64 = 86_400.0;

/// What is made.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LanlOptions {
    /// Everything is drawn from it.
    pub seed: u64,
    /// Days, at least one.
    pub days: u32,
    /// Rows of an ordinary day, all tables together, without those of the red team.
    pub rows_per_day: u64,
    /// People who work there; the rest of the network goes by their number.
    pub people: usize,
    /// Attacks: one kind after the other, over all days.
    pub attacks: usize,
    /// Files are compressed, with `.gz` behind their names.
    pub gzip: bool,
}

impl Default for LanlOptions {
    fn default() -> LanlOptions {
        LanlOptions {
            seed: 1,
            days: 1,
            rows_per_day: 200_000,
            people: 300,
            attacks: 12,
            gzip: false,
        }
    }
}

/// How many rows each table got.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// Rows of `auth`, `proc`, `flows`, `dns` and `redteam`.
    pub rows: [u64; 5],
    /// Rows of the first four that the red team made.
    pub hostile: u64,
}

/// Writes the tables to a folder that is there.
pub fn write(options: &LanlOptions, folder: &Path) -> io::Result<Written> {
    let rows = make(options);
    let mut written = Written { hostile: rows.hostile, ..Written::default() };
    for (at, table) in Table::ALL.into_iter().enumerate() {
        let name = format!("{}.txt", table.name());
        let lines = rows.of(table);
        written.rows[at] = lines.len() as u64;
        if options.gzip {
            let file = File::create(folder.join(name + ".gz"))?;
            let mut out = GzEncoder::new(BufWriter::new(file), Compression::fast());
            put(&lines, &mut out)?;
            out.finish()?.flush()?;
        } else {
            let mut out = BufWriter::new(File::create(folder.join(name))?);
            put(&lines, &mut out)?;
            out.flush()?;
        }
    }
    Ok(written)
}

fn put(lines: &[&str], out: &mut impl Write) -> io::Result<()> {
    lines.iter().try_for_each(|line| writeln!(out, "{line}"))
}

fn make(options: &LanlOptions) -> Rows {
    let options = LanlOptions { days: options.days.max(1), ..*options };
    let world = World::new(options.seed, options.people);
    let end = f64::from(options.days) * DAY;
    let mut rows = Rows::new(end);
    for day in 0..options.days {
        let mut chance = Chance::new(options.seed, 1_000 + u64::from(day));
        let (start, before) = (f64::from(day) * DAY, rows.len());
        machines::day(&world, start, &mut chance, &mut rows);
        people::day(&world, start, &mut chance, &mut rows);
        let made = (rows.len() - before) as u64;
        let rest = options.rows_per_day.saturating_sub(made);
        people::background(&world, start, rest, &mut chance, &mut rows);
    }
    let mut chance = Chance::new(options.seed, 1);
    attacks::all(&world, options.attacks, end, &mut chance, &mut rows);
    rows.sort();
    rows
}
