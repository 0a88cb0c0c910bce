//! Gathering the entities of one event: keys, no duplicates, a bound.

use super::keys::key_of;
use super::value::{Value, ValueType};
use seerflow_model::{EntityRef, EntityType, Role, Span};
use smallvec::SmallVec;

/// Most entities of one event.
pub(super) const ENTITIES_MAX: usize = 16;
/// Places kept for the header's host and process.
const HEADER: usize = 2;

/// The entities found so far; the same buffer serves one event after the other.
#[derive(Clone, Debug, Default)]
pub(super) struct Found {
    pub(super) entities: SmallVec<[EntityRef; ENTITIES_MAX]>,
    host: Span,
}

impl Found {
    /// Begins an event on this host, which scopes its processes.
    pub(super) fn start(&mut self, host: Span) {
        self.entities.clear();
        self.host = host;
    }

    /// Adds what a rule, a field or the message names.
    pub(super) fn add(&mut self, text: &str, role: Role, value: Value) {
        if self.entities.len() < ENTITIES_MAX - HEADER {
            self.push(text, role, value);
        }
    }

    /// Adds what the header names; gives its index, also when it is there already.
    pub(super) fn push(&mut self, text: &str, role: Role, found: Value) -> Option<usize> {
        let Value { kind, value, mut domain } = found;
        if kind == EntityType::Process {
            // Without a host it is no entity: `cron` of one machine is not `cron` of another.
            if self.host.is_empty() {
                return None;
            }
            domain = self.host;
        }
        let key = key_of(kind, value.of(text), domain.of(text))?;
        let same = |e: &EntityRef| e.key == key && e.kind == kind && e.role == role;
        if let Some(index) = self.entities.iter().position(same) {
            return Some(index);
        }
        // A thing that already plays a part is not also a mere object.
        let known = |e: &EntityRef| e.key == key && e.kind == kind;
        if role == Role::Object && self.entities.iter().any(known) {
            return None;
        }
        if self.entities.len() >= ENTITIES_MAX {
            return None;
        }
        self.entities.push(EntityRef { kind, role, key, value, domain });
        Some(self.entities.len() - 1)
    }

    /// Gives the first acting user that has no domain the domain that stands in its own field.
    pub(super) fn set_user_domain(&mut self, text: &str, domain: Span) {
        let bare = |e: &&mut EntityRef| {
            e.kind == EntityType::User && e.role == Role::Actor && e.domain.is_empty()
        };
        let Some(user) = self.entities.iter_mut().find(bare) else { return };
        if let Some(key) = key_of(EntityType::User, user.value.of(text), domain.of(text)) {
            (user.key, user.domain) = (key, domain);
        }
    }

    /// Gives the pods that name no namespace the one that stands in its own field.
    pub(super) fn set_namespace(&mut self, text: &str, namespace: Span) {
        let bare = |e: &&mut EntityRef| e.kind == EntityType::Container && e.domain.is_empty();
        let entities = &mut self.entities;
        for pod in entities.iter_mut().filter(bare) {
            if let Some(key) = key_of(EntityType::Container, pod.value.of(text), namespace.of(text))
            {
                (pod.key, pod.domain) = (key, namespace);
            }
        }
        // What was told apart by its spelling may be one now.
        let mut at = 1;
        while at < entities.len() {
            let same = |e: &EntityRef| {
                (e.kind, e.key, e.role) == (entities[at].kind, entities[at].key, entities[at].role)
            };
            match entities[..at].iter().any(same) {
                true => drop(entities.remove(at)),
                false => at += 1,
            }
        }
    }
}

/// A role and a type, as rule files write them: `actor:user`.
pub(super) fn role_and_type(text: &str) -> Option<(Role, ValueType)> {
    let (role, kind) = text.split_once(':')?;
    let role = match role {
        "actor" => Role::Actor,
        "src" => Role::Src,
        "target" => Role::Target,
        "dst" => Role::Dst,
        "observer" => Role::Observer,
        "object" => Role::Object,
        _ => return None,
    };
    Some((role, ValueType::parse(kind)?))
}
