//! One path: who may post to it, how its bodies are taken apart, and which sources it has.
//!
//! A record that names its source (`field_mapping.source`) belongs to a source of that name; each
//! name of a path is an entrance of its own, [`SOURCES_MAX`] of them. Records of a name beyond the
//! bound, without a name, or with one that is too long belong to the path itself and are counted
//! where there was a name.

use super::super::counters::ReceiverCounters;
use super::super::push::{Entrance, Intake, Records, Refusal, Room};
use super::auth::Guard;
use super::body::{self, Media};
use super::{Place, scan};
use crate::config::WebhookEntry;
use seerflow_model::meaning::Meaning;
use seerflow_model::record::ReceiverKind;
use seerflow_parsing::fields;
use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Names of sources that one path keeps apart.
const SOURCES_MAX: usize = 1_000;
/// Longest name of a source.
const NAME_MAX: usize = 128;

/// See the module head.
pub struct Hook {
    /// Who may post.
    pub guard: Guard,
    path: String,
    listener: String,
    items: String,
    /// The field that holds the name of a record's source.
    source: Option<String>,
    own: Arc<Entrance>,
    named: Mutex<HashMap<String, Arc<Entrance>>>,
}

/// The records of one request, by the entrance they come in by.
pub type Parts = Vec<(Arc<Entrance>, Records)>;

impl Hook {
    /// The path of an entry, at a listener.
    pub fn new(entry: &WebhookEntry, listener: &str, intake: &Intake) -> Hook {
        let mapped = entry.field_mapping.iter().find(|(meaning, _)| *meaning == Meaning::Source);
        let place = Place { listener, path: &entry.path, source: "" };
        Hook {
            guard: Guard::new(entry),
            path: entry.path.clone(),
            listener: listener.to_owned(),
            items: entry.items.clone(),
            source: mapped.map(|(_, field)| field.clone()),
            own: intake.entrance(ReceiverKind::Webhook, place.join(), None),
            named: Mutex::default(),
        }
    }

    /// The entrance of the path itself.
    pub fn entrance(&self) -> &Arc<Entrance> {
        &self.own
    }

    /// Takes a body apart: all its records, or why it is refused as a whole.
    pub fn read(
        &self,
        content_type: &str,
        body: &[u8],
        intake: &Intake,
        room: &mut Room,
    ) -> Result<Parts, Refusal> {
        let media = Media::of(content_type, body)?;
        let mut parts: Parts = Vec::new();
        // Where the records of an entrance are, by its address.
        let mut places: HashMap<u64, usize> = HashMap::new();
        body::records(media, body, &self.items, &mut |record| {
            let entrance = self.entrance_of(record, intake);
            let at = *places.entry(entrance.id).or_insert_with(|| {
                parts.push((entrance, Records::new(&intake.limits)));
                parts.len() - 1
            });
            let kept = parts[at].1.add(room, |out| scan::one_line(record, out))?;
            if kept { Ok(()) } else { Err(too_large(record.len(), intake)) }
        })?;
        Ok(parts)
    }

    /// The entrance of a record.
    fn entrance_of(&self, record: &[u8], intake: &Intake) -> Arc<Entrance> {
        let Some(field) = &self.source else { return self.own.clone() };
        let Some(name) = fields::text(record, field) else { return self.own.clone() };
        let Some(name) = usable(name) else { return self.unnamed(intake) };
        // A panic elsewhere leaves a map of entrances that all work.
        let mut named = self.named.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(entrance) = named.get(&*name) {
            return entrance.clone();
        }
        if named.len() >= SOURCES_MAX {
            return self.unnamed(intake);
        }
        let place = Place { listener: &self.listener, path: &self.path, source: &name };
        let entrance = intake.entrance(ReceiverKind::Webhook, place.join(), None);
        named.insert(name.into_owned(), entrance.clone());
        entrance
    }

    fn unnamed(&self, intake: &Intake) -> Arc<Entrance> {
        ReceiverCounters::add(&intake.door.counters.unnamed_source, 1);
        self.own.clone()
    }
}

/// A name without control characters, blanks around it cut; empty ones are none.
fn usable(name: Cow<'_, str>) -> Option<Cow<'_, str>> {
    let fits = name.len() <= NAME_MAX && !name.chars().any(char::is_control);
    match (fits, name.trim()) {
        (false, _) | (_, "") => None,
        (true, trimmed) if trimmed.len() == name.len() => Some(name),
        (true, trimmed) => Some(Cow::Owned(trimmed.to_owned())),
    }
}

fn too_large(len: usize, intake: &Intake) -> Refusal {
    let limits = &intake.limits;
    if len > limits.record_max {
        Refusal::TooLarge(limits.record_max, " in one record")
    } else {
        Refusal::TooLarge(limits.records_max, " when it is taken apart")
    }
}
