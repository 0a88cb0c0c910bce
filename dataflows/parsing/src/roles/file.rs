//! The files of role rules: their shape, and errors that name file and line.
//!
//! `rules/roles/README.md` describes the format for those who write such files.

use super::event_file::EventEntry;
use super::index::{Block, Origin, Rule};
use super::names::Names;
use super::pattern::Pattern;
use seerflow_model::{Activity, Outcome, Role};
use serde::Deserialize;
use serde_saphyr::Spanned;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What is wrong with a file of role rules.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}: {message}")]
pub struct RoleError {
    /// Name of the file.
    pub file: String,
    /// Line, from 1; 0 when unknown.
    pub line: u64,
    /// What is wrong.
    pub message: String,
}

/// One file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RoleFile {
    #[serde(default)]
    programs: Vec<String>,
    #[serde(default)]
    modules: Vec<String>,
    #[serde(default)]
    prefixes: Vec<Spanned<String>>,
    #[serde(default)]
    anywhere: Vec<Spanned<String>>,
    #[serde(default)]
    rules: Vec<RuleEntry>,
    /// Formats of the records that `events` is for.
    #[serde(default)]
    pub(super) formats: Vec<Spanned<String>>,
    /// Rules for records that come as fields.
    #[serde(default)]
    pub(super) events: Vec<Spanned<EventEntry>>,
    #[serde(default)]
    fields: BTreeMap<String, Vec<Spanned<String>>>,
    #[serde(default)]
    wrappers: Vec<String>,
    /// Lines and what must come out.
    #[serde(default)]
    pub(super) samples: Vec<Sample>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleEntry {
    #[serde(rename = "match")]
    patterns: Vec<Spanned<String>>,
    #[serde(default)]
    activity: Activity,
    #[serde(default)]
    outcome: Outcome,
    #[serde(default)]
    host: HostRole,
    #[serde(default)]
    keys: BTreeMap<String, Spanned<String>>,
}

/// The part the header's host plays.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum HostRole {
    /// Where it happened.
    #[default]
    Target,
    /// Who reports it.
    Observer,
}

/// A line and what it must give.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Sample {
    pub(super) line: Spanned<String>,
    #[serde(default)]
    pub(super) program: Option<String>,
    #[serde(default)]
    pub(super) gives: String,
    /// `from relation to`, one each and exact when the key is there; the header's own edge from
    /// process to host is left out.
    #[serde(default)]
    pub(super) edges: Option<Vec<String>>,
}

impl HostRole {
    pub(super) const fn role(self) -> Role {
        match self {
            HostRole::Target => Role::Target,
            HostRole::Observer => Role::Observer,
        }
    }
}

impl RoleFile {
    /// Reads the text of one file.
    pub(super) fn parse(file: &str, text: &str) -> Result<RoleFile, RoleError> {
        serde_saphyr::from_str(text).map_err(|error| RoleError {
            file: file.to_owned(),
            line: error.location().map_or(0, |location| location.line()),
            message: error.without_snippet().to_string(),
        })
    }

    /// The program of a sample: its own, else the first one of the file.
    pub(super) fn program_of(&self, sample: &Sample) -> String {
        let first = || self.programs.first().cloned();
        let module = || self.modules.first().map(|module| format!("app({module})"));
        sample.program.clone().or_else(first).or_else(module).unwrap_or_default()
    }

    /// The rules of the file; what it says of names goes to `names`.
    pub(super) fn compile(&self, file: &str, names: &mut Names) -> Result<Block, RoleError> {
        let at = |place: &Spanned<String>, message| RoleError {
            file: file.to_owned(),
            line: place.referenced.line(),
            message,
        };
        names.begin_file();
        for (meaning, list) in &self.fields {
            for name in list {
                names.add(&name.value, meaning).map_err(|message| at(name, message))?;
            }
        }
        self.wrappers.iter().for_each(|wrapper| names.add_wrapper(wrapper));
        let compile = |pattern: &Spanned<String>| {
            Pattern::compile(&pattern.value).map_err(|message| at(pattern, message))
        };
        let all = |list: &[Spanned<String>]| list.iter().map(compile).collect::<Result<_, _>>();
        let mut rules = Vec::new();
        let file: Arc<str> = file.into();
        for entry in &self.rules {
            let keys = entry.keys(at)?;
            for pattern in &entry.patterns {
                let origin = Origin {
                    file: file.clone(),
                    line: pattern.referenced.line(),
                    pattern: pattern.value.as_str().into(),
                };
                rules.push(Rule {
                    pattern: compile(pattern)?,
                    activity: entry.activity,
                    outcome: entry.outcome,
                    host: entry.host,
                    keys: keys.clone(),
                    origin,
                });
            }
        }
        Ok(Block {
            programs: self.programs.clone(),
            modules: self.modules.clone(),
            prefixes: all(&self.prefixes)?,
            anywhere: all(&self.anywhere)?,
            rules,
        })
    }
}

impl RuleEntry {
    fn keys(
        &self,
        at: impl Fn(&Spanned<String>, String) -> RoleError,
    ) -> Result<super::index::Keys, RoleError> {
        self.keys
            .iter()
            .map(|(key, meaning)| {
                let read = super::collect::role_and_type(&meaning.value)
                    .ok_or_else(|| at(meaning, format!("`{}` is no role:type", meaning.value)))?;
                Ok((key.as_str().into(), read))
            })
            .collect()
    }
}
