//! How good templates are: every message of a ground truth is given a template, as `templates
//! assign --message` gives it, and four measures say how many are right.

mod score;
mod truth;

pub use score::Scores;
pub use score::mean;
pub use truth::{Row, find};

use crate::failure::Failure;
use score::Judged;
use seerflow_model::{Event, ReceiverKind, SourceInfo, Span};
use seerflow_parsing::mask::Masker;
use seerflow_parsing::template::Miner;
use std::path::Path;
use std::sync::Arc;

/// Scores one system: the final state of each template against its truth.
pub fn score(name: &str, path: &Path) -> Result<Scores, Failure> {
    let truth = truth::read(name, path)?;
    Ok(score_rows(&truth.name, truth.rows))
}

/// Scores the messages of one system that are given with their truth.
pub fn score_rows(name: &str, rows: Vec<Row>) -> Scores {
    let source = Arc::new(SourceInfo::plain(1, name, ReceiverKind::Archive, "file"));
    let (mut masker, mut miner) = (Masker::new(), Miner::new());
    let mut assigned = Vec::with_capacity(rows.len());
    for (at, row) in rows.iter().enumerate() {
        let mut event = message(&row.content, &source);
        event.effective_time = at as u64;
        masker.mask(&mut event);
        assigned.push((event.leaf, miner.assign(&event).template));
    }
    let judged: Vec<Judged> = rows
        .into_iter()
        .zip(assigned)
        .map(|(row, (leaf, id))| {
            let (group, text) = miner.template(leaf, id).unwrap_or_default();
            Judged { true_group: row.group, true_text: row.template, group, text }
        })
        .collect();
    score::score(&judged)
}

/// An event that is a message from its first byte to its last.
pub fn message(text: &str, source: &Arc<SourceInfo>) -> Event {
    let mut event = Event::empty(source.clone());
    event.record_len = text.len() as u32;
    event.message = Span::new(0, text.len());
    event.text = text.into();
    event
}
