//! Events out of the store and into another: rows of NDJSON, and CSV for spreadsheets.
//!
//! A row of NDJSON is what the API shows of an event plus `record`: the bytes of the record, how its source is
//! read, its stamps. What else the row shows follows from these, so only `record`, the template and the
//! probability are read back, and the event that comes in is equal to the one that went out, id included.
//! Cost: one pass over the event and its text each way.

mod export;
mod importer;
mod row;

pub use export::{CSV_HEAD, csv_line, ndjson_line};
pub use importer::{ImportError, Imported, Importer};
pub use row::{Problem, Row};

#[cfg(test)]
mod tests;
