//! Samples of rule files: a line and exactly what must come out of it.
//!
//! Those of the built-in files run as tests. Those of a user's own files run when the rules are
//! read: a rule that does not say what its author meant stops the program before it starts.

use super::RoleSet;
use super::file::{RoleError, RoleFile, Sample};
use crate::mask::Masker;
use seerflow_model::record::{ReceiverKind, SourceInfo};
use seerflow_model::{EntityType, Event, Role, Span};
use std::fmt::Write;
use std::sync::Arc;

/// The host that samples are said by.
const HOST: &str = "h1";

/// Runs the samples of a file; the error is the first that does not give what it states.
pub(super) fn check(roles: &mut RoleSet, name: &str, file: &RoleFile) -> Result<(), RoleError> {
    for sample in &file.samples {
        if let Some(message) = mistake(roles, sample, &file.program_of(sample)) {
            let line = sample.line.referenced.line();
            return Err(RoleError { file: name.to_owned(), line, message });
        }
    }
    Ok(())
}

/// What is wrong with a sample, if anything is.
pub(super) fn mistake(roles: &mut RoleSet, sample: &Sample, program: &str) -> Option<String> {
    let mut event = event(program, &sample.line.value);
    roles.apply(&mut event);
    let got = given(&event);
    if got != sample.gives {
        return Some(format!("the sample gives `{got}`, not `{}`", sample.gives));
    }
    let stated = sample.edges.as_ref()?;
    let got = edges(&event);
    (got != *stated).then(|| format!("the sample has the edges {got:?}, not {stated:?}"))
}

fn event(program: &str, message: &str) -> Event {
    let source = SourceInfo::plain(0, "sample", ReceiverKind::File, "syslog");
    let mut event = Event::empty(Arc::new(source));
    let text = format!("{HOST} {program} {message}");
    event.host = Span::new(0, HOST.len());
    event.program = Span::new(HOST.len() + 1, HOST.len() + 1 + program.len());
    event.message = Span::new(HOST.len() + program.len() + 2, text.len());
    event.record_len = u32::try_from(text.len()).unwrap_or(u32::MAX);
    event.text = text.into();
    Masker::new().mask(&mut event);
    event
}

/// Activity, outcome and entities, without the header's host and process; `observer` stands for a
/// host in that part.
fn given(event: &Event) -> String {
    let activity = serde_json::to_value(event.activity).unwrap_or_default();
    let mut out = activity.as_str().unwrap_or_default().to_owned();
    let _ = write!(out, " {}", event.outcome.name());
    let program = event.program.start..event.message.start;
    for entity in &event.entities {
        let _ = match (entity.kind, entity.role) {
            (EntityType::Process, _) if program.contains(&entity.value.start) => Ok(()),
            (_, Role::Observer) if entity.value == event.host => write!(out, "; observer"),
            _ if entity.value == event.host => Ok(()),
            (kind, role) => {
                write!(out, "; {} {} {}", role.name(), kind.name(), event.canonical(entity))
            }
        };
    }
    out
}

/// All edges but the header's own, `from relation to` each.
fn edges(event: &Event) -> Vec<String> {
    let value = |index: u8| {
        event.entities.get(usize::from(index)).map(|e| event.canonical(e)).unwrap_or_default()
    };
    let own = |edge: &&seerflow_model::EdgeRef| edge.relation != seerflow_model::Relation::RanOn;
    let shown = |edge: &seerflow_model::EdgeRef| {
        format!("{} {} {}", value(edge.from), edge.relation.name(), value(edge.to))
    };
    event.edges.iter().filter(own).map(shown).collect()
}
