//! Log lines by seed: many templates, many entities, many formats, some lines damaged and some out
//! of order, at a given rate of the log's own time.
//!
//! Everything is drawn from one seed and invented words: no data set is behind it, and equal
//! options give equal bytes. Lines are written as they are made; nothing is kept. Cost: about
//! 0.3 µs a line.

mod entities;
mod format;
pub(super) mod random;
mod templates;
mod words;

pub use format::LineFormat;

use entities::Entities;
use format::{Header, SecondText};
use random::{Random, Zipf};
use seerflow_model::time::{MAX_NS, Ns, SECOND};
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};
use templates::{Template, templates};
use words::PROGRAMS;

/// In so many lines one is damaged.
const MALFORMED: u64 = 100;
/// In so many lines one bears an earlier time than those before it.
const DISPLACED: u64 = 50;
/// By so much at most.
const DISPLACEMENT: Ns = 2 * SECOND;
/// Bytes gathered before they are written.
const BUFFER: usize = 1 << 17;

/// What is generated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GenerateOptions {
    /// Lines.
    pub events: u64,
    /// Lines per second of the log's time, at least 1.
    pub rate: u64,
    /// Everything is drawn from it.
    pub seed: u64,
    /// Time of the first line.
    pub start: Ns,
}

impl Default for GenerateOptions {
    fn default() -> GenerateOptions {
        // The start of some day: results must not depend on the day of the measurement.
        GenerateOptions { events: 1_000_000, rate: 1_000, seed: 1, start: 1_772_409_600 * SECOND }
    }
}

/// Makes one line after the other.
pub struct Generator {
    options: GenerateOptions,
    random: Random,
    templates: Vec<Template>,
    popularity: Zipf,
    entities: Entities,
    made: u64,
    now: SecondText,
    displaced: SecondText,
}

impl Generator {
    /// At the first line.
    pub fn new(options: &GenerateOptions) -> Generator {
        let templates = templates(options.seed);
        Generator {
            options: GenerateOptions { rate: options.rate.max(1), ..*options },
            random: Random::new(options.seed, 0),
            popularity: Zipf::new(templates.len()),
            templates,
            entities: Entities::new(),
            made: 0,
            now: SecondText::new(options.start),
            displaced: SecondText::new(options.start),
        }
    }

    /// Appends the next line without its end, and says in what format it is; `None` when all are
    /// made.
    #[inline]
    pub fn line(&mut self, out: &mut Vec<u8>) -> Option<LineFormat> {
        if self.made == self.options.events {
            return None;
        }
        let at = self.time_of(self.made);
        self.made += 1;
        let (random, entities) = (&mut self.random, &self.entities);
        let (at, second) = if random.chance(1, DISPLACED) {
            let earlier = at - random.below(DISPLACEMENT).min(at - self.options.start);
            self.displaced.set(earlier);
            (earlier, &self.displaced)
        } else {
            self.now.set(at);
            (at, &self.now)
        };
        let template = &self.templates[self.popularity.draw(random)];
        let actors = entities.actors(template.program, random);
        let header = Header {
            actors,
            program: PROGRAMS[template.program],
            severity: template.severity,
            nanos: at % SECOND,
        };
        let start = out.len();
        template.format.write(second, &header, out, |out| {
            template.write(entities, &actors, random, out);
        });
        if random.chance(1, MALFORMED) {
            damage(start, random, out);
        }
        Some(template.format)
    }

    /// Time of the line with this number, before displacement.
    fn time_of(&self, number: u64) -> Ns {
        let GenerateOptions { rate, start, .. } = self.options;
        let after = u128::from(number) * u128::from(SECOND) / u128::from(rate);
        start.saturating_add(u64::try_from(after).unwrap_or(MAX_NS)).min(MAX_NS)
    }
}

/// Damages the line from `start` on, in one of the ways in which lines get damaged.
fn damage(start: usize, random: &mut Random, out: &mut Vec<u8>) {
    let length = (out.len() - start) as u64;
    let at = start + random.below(length.max(1)) as usize;
    match random.below(5) {
        0 => out.truncate(at),
        1 => drop(out.splice(start..start, *b"<1999>")),
        2 => drop(out.splice(at..at, [0, 0x1b, b'[', b'2', b'J'])),
        3 => drop(out.splice(at..at, [0xff, 0xfe, 0xc3])),
        _ => out[start..].iter_mut().take(24).for_each(|byte| {
            if byte.is_ascii_digit() {
                *byte = b'9';
            }
        }),
    }
}

/// Writes all lines, in all formats mixed, as a network receiver gets them. Returns the bytes.
pub fn write(options: &GenerateOptions, out: &mut impl Write) -> io::Result<u64> {
    let mut generator = Generator::new(options);
    let mut lines = Vec::with_capacity(BUFFER + 4_096);
    let mut bytes = 0;
    while generator.line(&mut lines).is_some() {
        lines.push(b'\n');
        if lines.len() >= BUFFER {
            out.write_all(&lines)?;
            bytes += lines.len() as u64;
            lines.clear();
        }
    }
    out.write_all(&lines)?;
    out.flush()?;
    Ok(bytes + lines.len() as u64)
}

/// Writes all lines, each format to a file of its own in `folder`, as files have them. Files are
/// modified at the time of the last line, which settles the year of times without one.
pub fn write_files(options: &GenerateOptions, folder: &Path) -> io::Result<Vec<PathBuf>> {
    let path = |format: LineFormat| folder.join(format!("{}.log", format.name()));
    let open = |format| Ok(BufWriter::with_capacity(BUFFER, File::create(path(format))?));
    let mut files = LineFormat::ALL.into_iter().map(open).collect::<io::Result<Vec<_>>>()?;
    let mut generator = Generator::new(options);
    let mut line = Vec::with_capacity(4_096);
    while let Some(format) = generator.line(&mut line) {
        line.push(b'\n');
        files[format as usize].write_all(&line)?;
        line.clear();
    }
    let last = generator.time_of(options.events.saturating_sub(1));
    for file in files {
        let file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.set_modified(UNIX_EPOCH + Duration::from_nanos(last))?;
    }
    Ok(LineFormat::ALL.into_iter().map(path).collect())
}

#[cfg(test)]
mod tests;
