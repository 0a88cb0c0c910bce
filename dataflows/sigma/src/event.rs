//! Events of the model as the matcher sees them.
//!
//! Fields come under their own names, the head and the entities under names with `@` that only
//! the taxonomy knows. Keywords look at the message, at every field and at program and host. What
//! rules call a command line is taken out of the lines of sudo and cron; a web request is given
//! as one target, path and query together. Cost: one look-up per value.

use crate::engine::fields::{Datum, Fields, Sink};
use crate::taxonomy::{self, ENTITIES, Mapping};
use seerflow_model::event::Format;
use seerflow_model::{Event, Outcome};

impl Fields for Event {
    fn mapping(&self) -> Mapping {
        match self.format {
            Format::Windows | Format::Cloudtrail | Format::KubeAudit => Mapping::Plain,
            _ => Mapping::Model,
        }
    }

    fn each(&self, take: Sink<'_>) {
        for field in &self.fields {
            take(self.get(field.name), Datum::Text(self.get(field.value)), true);
        }
        let head = [
            ("@message", self.message, true),
            ("@program", self.program, true),
            ("@host", self.host, true),
            ("@pid", self.pid, false),
        ];
        for (name, span, keyword) in head {
            if !span.is_empty() {
                take(name, Datum::Text(self.get(span)), keyword);
            }
        }
        if self.mapping() == Mapping::Plain {
            return;
        }
        if let Some(facility) = self.facility {
            take("@facility", Datum::Int(i64::from(facility)), false);
        }
        take("@severity", Datum::Text(self.severity.name()), false);
        if self.outcome != Outcome::Unknown {
            take("@outcome", Datum::Text(self.outcome.name()), false);
        }
        for entity in &self.entities {
            let known = ENTITIES
                .iter()
                .find(|(role, kind, _)| *role == entity.role && *kind == entity.kind);
            if let Some((_, _, name)) = known {
                take(name, Datum::Text(self.get(entity.value)), false);
            }
        }
        if matches!(self.format, Format::Access | Format::Haproxy | Format::Squid | Format::W3c) {
            request(self, take);
        }
        if let Some(command) = taxonomy::command(self) {
            commands(self, command, take);
        }
    }
}

/// Target and path of a web request.
fn request(event: &Event, take: Sink<'_>) {
    let field = |name: &str| {
        let found = event.fields.iter().find(|field| event.get(field.name) == name);
        found.map(|field| event.get(field.value))
    };
    let Some(target) = field("url.original").or_else(|| field("url.path")) else { return };
    let path = target.split(['?', '#']).next().unwrap_or_default();
    take("@path", Datum::Text(path), false);
    match field("url.query").filter(|query| !query.is_empty() && path.len() == target.len()) {
        Some(query) => take("@request", Datum::Text(&format!("{target}?{query}")), false),
        None => take("@request", Datum::Text(target), false),
    }
}

/// What sudo and cron say of a command.
fn commands(event: &Event, command: &str, take: Sink<'_>) {
    take("@command", Datum::Text(command), false);
    let image = command.split(' ').next().unwrap_or_default();
    take("@image", Datum::Text(image), false);
    let before = event.message().split(" ; COMMAND=").next().unwrap_or_default();
    for (key, name) in [("PWD=", "@directory"), ("TTY=", "@terminal")] {
        let value = before.split(" ; ").find_map(|part| {
            part.strip_prefix(key).or_else(|| part.split_once(" : ")?.1.strip_prefix(key))
        });
        if let Some(value) = value {
            take(name, Datum::Text(value), false);
        }
    }
}
