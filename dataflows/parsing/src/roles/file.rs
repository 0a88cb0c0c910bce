//! The files of role rules: their shape, and errors that name file and line.
//!
//! `rules/roles/README.md` describes the format for those who write such files.

use super::event_file::EventEntry;
use super::index::{Index, Rule, Scope};
use super::names::Names;
use super::pattern::Pattern;
use seerflow_model::{Activity, Outcome, Role};
use serde::Deserialize;
use serde_saphyr::Spanned;
use std::collections::BTreeMap;

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
    pub(super) events: Vec<EventEntry>,
    #[serde(default)]
    fields: BTreeMap<String, Vec<Spanned<String>>>,
    #[serde(default)]
    wrappers: Vec<String>,
    /// Lines and what must come out; read by the tests.
    #[serde(default)]
    #[cfg_attr(not(test), allow(dead_code, reason = "samples are run by the tests"))]
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
#[cfg_attr(not(test), allow(dead_code, reason = "samples are run by the tests"))]
pub(super) struct Sample {
    pub(super) line: Spanned<String>,
    #[serde(default)]
    pub(super) program: Option<String>,
    #[serde(default)]
    pub(super) gives: String,
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

    /// The program of samples that name none.
    #[cfg(test)]
    pub(super) fn first_program(&self) -> String {
        let module = |m: &String| format!("app({m})");
        self.programs.first().cloned().or(self.modules.first().map(module)).unwrap_or_default()
    }

    /// Adds what the file says to the index and the table of names.
    pub(super) fn install(
        &self,
        file: &str,
        index: &mut Index,
        names: &mut Names,
    ) -> Result<(), RoleError> {
        let at = |place: &Spanned<String>, message| RoleError {
            file: file.to_owned(),
            line: place.referenced.line(),
            message,
        };
        for (meaning, list) in &self.fields {
            for name in list {
                names.add(&name.value, meaning).map_err(|message| at(name, message))?;
            }
        }
        self.wrappers.iter().for_each(|wrapper| names.add_wrapper(wrapper));
        for entry in &self.rules {
            let keys = entry.keys(at)?;
            for pattern in &entry.patterns {
                for (scopes, prefix) in self.places() {
                    let text = format!("{prefix}{}", pattern.value);
                    let compiled =
                        Pattern::compile(&text).map_err(|message| at(pattern, message))?;
                    index.add(
                        &scopes,
                        Rule {
                            pattern: compiled,
                            activity: entry.activity,
                            outcome: entry.outcome,
                            host: entry.host,
                            keys: keys.clone(),
                        },
                    );
                }
            }
        }
        Ok(())
    }

    /// Where patterns apply: scopes, and what must stand before the pattern there.
    fn places(&self) -> Vec<(Vec<Scope>, &str)> {
        let programs: Vec<_> = self.programs.iter().map(|p| Scope::Program(p.clone())).collect();
        let modules: Vec<_> = self.modules.iter().map(|m| Scope::Module(m.clone())).collect();
        let mut places = vec![(programs.iter().cloned().chain(modules).collect(), "")];
        places.extend(self.prefixes.iter().map(|p| (programs.clone(), p.value.as_str())));
        places.extend(self.anywhere.iter().map(|p| (vec![Scope::Any], p.value.as_str())));
        places
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
