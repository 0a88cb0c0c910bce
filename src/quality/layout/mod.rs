//! The one reader of how labelled data is laid out. It goes by shape, never by name:
//!
//! * a table with a column of templates (texts with `<*>`) and a column of the messages that they
//!   fit is a ground truth of templates;
//! * a table of two columns, times and numbers, is a series; a JSON object of lists of pairs of times
//!   whose keys are paths of series holds their windows;
//! * JSON objects, one a line, with a list of events and a label of 0 or 1 are sessions;
//! * a table with times, addresses and two label columns holds the alerts of a site under attack.
//!
//! Anything else is passed over. Files may be compressed. Names only say what a row of the result
//! is called, which of two parts of one set is for training when both could be (`train`), and which
//! of two truths of one folder supersedes the other (`corrected`).
//!
//! Bounds: files as [`paths::expand`] has them, texts of [`FILE_BYTES_MAX`], of each file
//! [`HEAD_ROWS`] rows are looked at first.

mod columns;
mod pairing;
mod sessions;
mod shape;
mod site;
mod time;
mod truth;
mod windows;

pub use sessions::{Session, SessionSet, Slice};
pub use site::{Row, Site};
pub use truth::Truth;
pub use windows::Series;

use crate::failure::Failure;
use crate::runtime::archive::{open_text, paths};
use shape::Shape;
use std::io::Read;
use std::path::Path;

/// Longest text that is read of one file.
pub const FILE_BYTES_MAX: u64 = 4 << 30;
/// Longest file that is read as one JSON document.
const DOCUMENT_BYTES_MAX: u64 = 32 << 20;
/// Rows by which the shape of a table is told.
const HEAD_ROWS: usize = 2_000;
/// Bytes by which the shape of a file is told.
const HEAD_BYTES: u64 = 4 << 20;

/// What can be measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Part {
    /// Templates against a ground truth
    #[value(alias = "loghub")]
    Templates,
    /// Series of numbers with windows of anomalies
    #[value(alias = "nab")]
    Series,
    /// Sessions with a label each
    #[value(alias = "sequences")]
    Sessions,
    /// Alerts of sites with the phases of an attack
    #[value(alias = "ait_ads")]
    Incidents,
}

impl Part {
    /// All of them, in the order of the report.
    pub const ALL: [Part; 4] = [Part::Templates, Part::Series, Part::Sessions, Part::Incidents];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Part::Templates => "templates",
            Part::Series => "series",
            Part::Sessions => "sessions",
            Part::Incidents => "incidents",
        }
    }

    /// What was not found when there is none of it.
    pub fn absent(self) -> &'static str {
        match self {
            Part::Templates => "no table with templates and the messages that they fit",
            Part::Series => "no table of times and numbers with windows in a JSON file",
            Part::Sessions => "no JSON lines with a list of events and a label of 0 or 1",
            Part::Incidents => "no table with times, addresses and two columns of labels",
        }
    }
}

/// What a folder holds.
#[derive(Debug, Default)]
pub struct Layout {
    /// Ground truths of templates.
    pub truths: Vec<Truth>,
    /// Series with their windows.
    pub series: Vec<Series>,
    /// Sets of sessions.
    pub sessions: Vec<SessionSet>,
    /// Sites under attack.
    pub sites: Vec<Site>,
    /// What was left out, and why.
    pub notes: Vec<String>,
}

impl Layout {
    /// Looks through a folder.
    pub fn read(folder: &Path) -> Result<Layout, Failure> {
        if !folder.is_dir() {
            return Err(Failure::usage(format!("{} is no folder", folder.display())));
        }
        let (files, problems) = paths::expand(&[folder.to_owned()]);
        let mut layout = Layout::default();
        layout.notes.extend(problems.iter().map(ToString::to_string));
        let (mut series, mut labels, mut sessions) = (Vec::new(), Vec::new(), Vec::new());
        for path in files {
            match shape::of(&path) {
                Some(Shape::Truth(truth)) => layout.truths.push(truth),
                Some(Shape::Series) => series.push(path),
                Some(Shape::Windows(windows)) => labels.push((path, windows)),
                Some(Shape::Sessions) => sessions.push(path),
                Some(Shape::Site(columns)) => layout.sites.push(Site::new(folder, path, columns)),
                None => {}
            }
        }
        layout.truths = truth::latest(std::mem::take(&mut layout.truths));
        layout.series = windows::join(folder, series, labels, &mut layout.notes);
        layout.sessions = pairing::sets(folder, &sessions, &mut layout.notes);
        Ok(layout)
    }

    /// Whether there is nothing of a part.
    pub fn is_empty(&self, part: Part) -> bool {
        match part {
            Part::Templates => self.truths.is_empty(),
            Part::Series => self.series.is_empty(),
            Part::Sessions => self.sessions.is_empty(),
            Part::Incidents => self.sites.is_empty(),
        }
    }
}

/// Opens a file as text, decompressed and bounded.
fn open(path: &Path) -> Result<impl Read + Send + use<>, Failure> {
    let opened = open_text(path).map_err(|problem| Failure::usage(problem.to_string()))?;
    Ok(opened.text.take(FILE_BYTES_MAX))
}

/// The rows of a table, its first one included; cells are decoded as well as they can be.
fn table(text: impl Read) -> csv::Reader<impl Read> {
    csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text)
}

fn cell(record: &csv::ByteRecord, at: usize) -> std::borrow::Cow<'_, str> {
    String::from_utf8_lossy(record.get(at).unwrap_or_default())
}

/// What a file is called in the result: its path within the folder, without what compression and
/// format add.
fn name(folder: &Path, path: &Path) -> String {
    let path = path.strip_prefix(folder).unwrap_or(path).to_string_lossy().into_owned();
    let plain = [".gz", ".zst", ".bz2", ".xz"].iter().find_map(|end| path.strip_suffix(end));
    let plain = plain.unwrap_or(&path);
    let known = [".csv", ".jsonl", ".ndjson", ".json"];
    known.iter().find_map(|end| plain.strip_suffix(end)).unwrap_or(plain).to_owned()
}

/// A file cannot be read as what it looked like.
fn unreadable(path: &Path, what: impl std::fmt::Display) -> Failure {
    Failure::usage(format!("{}: {what}", path.display()))
}
