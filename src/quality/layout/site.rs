//! The alerts of a site under attack: rows with a time, a host, an address, a message and a kind,
//! and beside them the phase of the attack to which a row belongs, if any.

use super::columns::Columns;
use super::{cell, name, open, table, time, unreadable};
use crate::failure::Failure;
use seerflow_model::Ns;
use std::path::{Path, PathBuf};

/// The table of one site.
#[derive(Debug)]
pub struct Site {
    /// What it is called.
    pub name: String,
    path: PathBuf,
    columns: Columns,
}

/// A row; `phase` is no part of what the engine sees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// When.
    pub time: Ns,
    /// Which host it is about.
    pub host: String,
    /// Its address.
    pub address: String,
    /// What it says.
    pub message: String,
    /// What kind it is.
    pub kind: String,
    /// Cells that mean nothing in particular.
    pub others: Vec<String>,
    /// The phase of the attack; none for what is no attack.
    pub phase: Option<String>,
}

impl Site {
    pub(super) fn new(folder: &Path, path: PathBuf, columns: Columns) -> Site {
        Site { name: name(folder, &path), path, columns }
    }

    /// Its rows, one by one, in the order of the file.
    pub fn rows(&self) -> Result<impl Iterator<Item = Result<Row, Failure>> + '_, Failure> {
        let Columns { time, address, host, message, kind, phase, background, others, .. } =
            &self.columns;
        let read = move |(at, row): (usize, Result<csv::ByteRecord, csv::Error>)| {
            let row = row.map_err(|error| unreadable(&self.path, error))?;
            let text = |at: usize| cell(&row, at).trim().to_owned();
            let moment = time::moment(&cell(&row, *time))
                .ok_or_else(|| unreadable(&self.path, format!("row {at} has no time")))?;
            Ok(Row {
                time: moment,
                host: text(*host),
                address: text(*address),
                message: text(*message),
                kind: text(*kind),
                others: others.iter().map(|at| text(*at)).collect(),
                phase: Some(text(*phase)).filter(|phase| phase != background.trim()),
            })
        };
        Ok(table(open(&self.path)?).into_byte_records().enumerate().skip(1).map(read))
    }
}
