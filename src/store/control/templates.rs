//! The dictionary of templates, for whoever reads stored events when the program does not run.

use seerflow_model::Ns;
use seerflow_pipeline::views::TemplateRow;
use std::collections::BTreeMap;

/// Longest text and longest example of a template that are kept, in bytes.
pub const TEXT_MAX: usize = 16 << 10;
/// Most templates that are kept; more are not taken up, see [`TemplateBatch`].
pub const TEMPLATES_MAX: u64 = 1_000_000;

/// What one run of the engine says of its templates.
///
/// Counts are those since the beginning of the run, not since the last batch: putting a batch again
/// changes nothing, and a template's count is the sum over runs. The runs of a daemon are named
/// `live:…`; earlier ones become one when a new one begins. The run of an archive is named by what
/// was read, so that reading it again counts once.
///
/// A template that became part of another gives its counts to that one and is known by its id only;
/// when a later batch has it as a row again, it stands for itself again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TemplateBatch {
    /// Name of the run, at most [`RUN_MAX`] bytes.
    pub run: String,
    /// Templates, each once.
    pub rows: Vec<TemplateRow>,
    /// Templates that became part of another: from, to. None of the former is among the rows.
    pub aliases: BTreeMap<u64, u64>,
}

/// Longest name of a run, in bytes.
pub const RUN_MAX: usize = 128;

/// A template that is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredTemplate {
    /// Id, text, namespace, count over all runs, first and last time.
    pub row: TemplateRow,
    /// When it was last changed.
    pub updated: Ns,
}

/// Which templates are wanted. What is empty or `None` fits all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TemplateQuery {
    /// Part of the text, in any case for ASCII letters.
    pub text: Option<String>,
    /// Source type.
    pub source_type: Option<String>,
    /// Program.
    pub program: Option<String>,
    /// At least so many events.
    pub min_count: Option<u64>,
}
