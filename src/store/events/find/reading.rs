//! A part while a question looks at it: its columns, each fetched when it is first needed.

use super::fits::{self, fits};
use super::query::Key;
use super::{Found, ast::Node};
use crate::store::events::{Coded, Part, Result, StoreError, Template};
use seerflow_model::{Ns, SourceInfo};
use seerflow_parsing::parser::Parser;
use std::sync::Arc;

/// See the module head.
pub(super) struct Reading<'a> {
    pub(super) part: &'a Part,
    times: Option<Arc<[Ns]>>,
    seqs: Option<Arc<[u64]>>,
    sources: Option<Coded<Arc<SourceInfo>>>,
    templates: Option<Coded<Template>>,
    probabilities: Option<Arc<[(u32, f64)]>>,
}

/// The value in a slot, fetched when there is none yet.
fn fetched<T>(slot: &mut Option<T>, fetch: impl FnOnce() -> Result<T>) -> Result<&T> {
    if slot.is_none() {
        *slot = Some(fetch()?);
    }
    slot.as_ref().ok_or_else(|| StoreError::Stopped("a column was not fetched".into()))
}

impl<'a> Reading<'a> {
    pub(super) fn new(part: &'a Part) -> Reading<'a> {
        Reading {
            part,
            times: None,
            seqs: None,
            sources: None,
            templates: None,
            probabilities: None,
        }
    }

    fn none(&self, row: u32) -> StoreError {
        StoreError::NoSuchRow { row, rows: self.part.rows() }
    }

    pub(super) fn times(&mut self) -> Result<&Arc<[Ns]>> {
        fetched(&mut self.times, || self.part.times())
    }

    pub(super) fn time(&mut self, row: u32) -> Result<Ns> {
        let none = self.none(row);
        self.times()?.get(row as usize).copied().ok_or(none)
    }

    pub(super) fn source(&mut self, row: u32) -> Result<u64> {
        let none = self.none(row);
        let sources = fetched(&mut self.sources, || self.part.sources())?;
        sources.get(row).map(|source| source.id).ok_or(none)
    }

    pub(super) fn seq(&mut self, row: u32) -> Result<u64> {
        let none = self.none(row);
        let seqs = fetched(&mut self.seqs, || self.part.seqs())?;
        seqs.get(row as usize).copied().ok_or(none)
    }

    pub(super) fn key(&mut self, row: u32) -> Result<Key> {
        Ok((self.time(row)?, self.source(row)?, self.seq(row)?))
    }

    fn template(&mut self, row: u32) -> Result<&Template> {
        let none = self.none(row);
        let templates = fetched(&mut self.templates, || self.part.templates())?;
        templates.get(row).ok_or(none)
    }

    fn probability(&mut self, row: u32) -> Result<f64> {
        let unusual = fetched(&mut self.probabilities, || self.part.probabilities())?;
        let at = unusual.binary_search_by_key(&row, |(row, _)| *row);
        Ok(at.ok().and_then(|at| unusual.get(at)).map_or(1.0, |(_, p)| *p))
    }

    /// Whether the event of a row fits, decided on the event itself.
    pub(super) fn row_fits(&mut self, node: &Node, row: u32, parser: &mut Parser) -> Result<bool> {
        let event = self.part.event(row, parser)?;
        let (template, probability) = (self.template(row)?.id, self.probability(row)?);
        Ok(fits(node, fits::Row { event: &event, template, probability }))
    }

    /// The event of a row with what is known besides.
    pub(super) fn found(&mut self, row: u32, parser: &mut Parser) -> Result<Found> {
        let event = self.part.event(row, parser)?;
        let probability = self.probability(row)?;
        let template = self.template(row)?.clone();
        Ok(Found { event, template: template.id, text: template.text, probability })
    }
}
