//! What is counted per series and bucket, and what names a series.

use crate::combine::Merge;
use seerflow_model::{EntityType, Event, Ns, Role, hash};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What a series counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Subject {
    /// Events of a source.
    Source(u64),
    /// Events on a host, by entity key.
    Host(u64),
    /// Events of a template.
    Template(u64),
    /// Events of a template that name an entity; the last is its index in the lead's entities.
    Entity(u64, u64, u8),
}

impl Subject {
    /// Key of the series.
    pub fn key(self) -> u64 {
        match self {
            Subject::Source(id) => hash::pair(1, id),
            Subject::Host(key) => hash::pair(2, key),
            Subject::Template(id) => hash::pair(3, id),
            Subject::Entity(template, key, _) => hash::pair(hash::pair(4, template), key),
        }
    }

    /// Entity it is about, by key, 0 when it is not about one.
    pub fn entity(self) -> u64 {
        match self {
            Subject::Host(key) | Subject::Entity(_, key, _) => key,
            Subject::Source(_) | Subject::Template(_) => 0,
        }
    }

    /// Template it is about, 0 when it is not about one.
    pub fn template(self) -> u64 {
        match self {
            Subject::Template(id) | Subject::Entity(id, _, _) => id,
            Subject::Source(_) | Subject::Host(_) => 0,
        }
    }
}

/// The first event of a count, which names and shows what was counted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Lead {
    /// The event.
    pub event: Arc<Event>,
    /// Text of its template at that time.
    pub template: Arc<str>,
    /// What the series counts.
    pub subject: Subject,
}

impl Lead {
    /// Type of the entity of which it counts the events of a template, if it does.
    pub fn class(&self) -> Option<EntityType> {
        let Subject::Entity(_, _, index) = self.subject else { return None };
        self.event.entities.get(usize::from(index)).map(|entity| entity.kind)
    }

    /// Host on which its event happened, by key; 0 when it names none.
    pub fn host(&self) -> u64 {
        let mut entities = self.event.entities.iter();
        let host = entities.find(|e| e.kind == EntityType::Host && e.role == Role::Target);
        host.map_or(0, |host| host.key)
    }
}

/// Events of one series in one bucket.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Count {
    /// How many.
    pub n: u64,
    /// The first in the total order.
    pub lead: Lead,
    /// Whether the series changes with the template that it counts.
    pub moved: Moved,
}

/// What becomes of a series whose template was merged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Moved {
    /// Nothing.
    #[default]
    No,
    /// From this time on it counts the events of another template, too.
    Into(Ns),
    /// Its events are counted elsewhere: it ends.
    Away,
}

impl Count {
    /// One event.
    pub fn one(lead: Lead) -> Count {
        Count { n: 1, lead, moved: Moved::No }
    }

    /// One more event of the same series. Within a worker events come in order, so the lead stays.
    #[inline]
    pub fn one_more(&mut self, event: &Arc<Event>) {
        debug_assert!(self.lead.event.order() <= event.order());
        self.n += 1;
    }
}

impl Merge for Count {
    fn merge(&mut self, other: Count) {
        self.n += other.n;
        self.moved = self.moved.max(other.moved);
        if other.lead.event.order() < self.lead.event.order() {
            self.lead = other.lead;
        }
    }
}
