//! Where a finding is, in the words in which people mark places.

use crate::finding::Level;
use seerflow_detection::marks::Place;
use seerflow_model::text::shorten;
use seerflow_model::{EntityType, Event};

/// Longest template that is compared, in bytes.
const TEMPLATE_MAX: usize = 1_024;

/// The place of what `event` and its template show. What is of a whole host has no program, and what
/// is of a whole source no host.
pub fn place(event: &Event, template: &str, level: Level) -> Place {
    let source = &event.source;
    let sources = [Some(&source.name), Some(&source.source_type), source.entry.as_ref()];
    let mut place =
        Place { sources: sources.into_iter().flatten().cloned().collect(), ..Place::default() };
    if level == Level::Source {
        return place;
    }
    place.host = event.host().to_owned();
    if level == Level::Host {
        return place;
    }
    place.program = event.program().to_owned();
    place.template = shorten(template, TEMPLATE_MAX).into_owned();
    let services = event.entities.iter().filter(|entity| entity.kind == EntityType::Service);
    place.services = services.map(|entity| event.canonical(entity)).collect();
    place
}
