//! Entities: found by their value, and what is near to one.
//!
//! Every part has a dictionary of its entities, so searching reads no event. A part whose
//! dictionary has no match costs its dictionary; else its rows are counted too. What is related
//! to an entity is read from its newest events, whose edges say who took part with whom.

use super::ast::{Node, Term};
use super::budget::Budget;
use super::fold::fold;
use super::{Aliases, EventQuery, FindError, LIMIT_MAX, Order, events};
use crate::store::events::{Part, Result as StoreResult, Snapshot, Who};
use hashbrown::{HashMap, HashSet};
use seerflow_model::{EntityType, Ns, Relation, entity};
use seerflow_parsing::parser::Parser;
use std::collections::BTreeMap;
use uuid::Uuid;

/// Most entities of one answer.
pub const ENTITIES_MAX: usize = 1_000;
/// Entities that are held while searching; beyond that the answer says that it is not all.
const HELD_MAX: usize = 100_000;
/// The newest events from which what is related is read.
pub const RELATED_EVENTS: usize = LIMIT_MAX;

/// An entity with what its events say of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntityFound {
    /// Its id.
    pub uuid: Uuid,
    /// Its type.
    pub kind: EntityType,
    /// Its canonical value.
    pub value: String,
    /// Events that name it.
    pub events: u64,
    /// The time of the oldest.
    pub first_seen: Ns,
    /// The time of the newest.
    pub last_seen: Ns,
}

/// Entities that were found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EntitiesFound {
    /// Those whose value is what was looked for first, then those that begin with it, then the
    /// others; those with more events first.
    pub items: Vec<EntityFound>,
    /// How many there are.
    pub total: usize,
    /// Whether there are more than were held.
    pub is_lower_bound: bool,
    /// Parts that are damaged and were left out.
    pub damaged: usize,
}

/// Another entity in events of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Related {
    /// Its id.
    pub uuid: Uuid,
    /// Its type.
    pub kind: EntityType,
    /// Its canonical value.
    pub value: String,
    /// What the edge says.
    pub relation: Relation,
    /// Whether the edge leaves the entity that was asked about.
    pub outgoing: bool,
    /// Events that say so.
    pub events: u64,
    /// The time of the newest of them.
    pub last_seen: Ns,
}

/// Puts in the place of each entity id its type and value; an id that no event has fits nothing.
pub(super) fn resolve(snapshot: &Snapshot, node: Node) -> StoreResult<Node> {
    let each = |nodes: Vec<Node>| -> StoreResult<Vec<Node>> {
        nodes.into_iter().map(|node| resolve(snapshot, node)).collect()
    };
    Ok(match node {
        Node::Is(Term::EntityId(id)) => match named(snapshot, id)? {
            Some((kind, value)) => Node::Is(Term::Entity(kind, value)),
            None => Node::Or(Vec::new()),
        },
        Node::And(nodes) => Node::And(each(nodes)?),
        Node::Or(nodes) => Node::Or(each(nodes)?),
        Node::Not(node) => Node::Not(Box::new(resolve(snapshot, *node)?)),
        node => node,
    })
}

/// Type and value of an entity by its id, newest parts first.
pub fn named(snapshot: &Snapshot, id: Uuid) -> StoreResult<Option<(EntityType, String)>> {
    let mut known: HashSet<u64> = HashSet::new();
    for part in snapshot.parts().iter().rev() {
        let entities = part.may_name(id).and_then(|may| match may {
            true => part.entities().map(Some),
            false => Ok(None),
        });
        let entities = match entities {
            Ok(None) => continue,
            Err(error) if error.is_damage() => continue,
            entities => entities?,
        };
        for entity in entities.iter().flat_map(|entities| entities.iter()) {
            if known.insert(entity.key) && entity::uuid(entity.kind, &entity.value) == id {
                return Ok(Some((entity.kind, entity.value.to_string())));
            }
        }
    }
    Ok(None)
}

/// Entities whose value holds a text, case apart, or whose id it is; of some types only, when any
/// are given.
pub fn search(
    snapshot: &Snapshot,
    text: &str,
    kinds: &[EntityType],
    limit: usize,
) -> Result<EntitiesFound, FindError> {
    if !(1..=ENTITIES_MAX).contains(&limit) {
        return Err(FindError::Limit(limit));
    }
    let (wanted, id) = (fold(text.trim()).into_owned(), text.trim().parse::<Uuid>().ok());
    let of_kind = |kind| kinds.is_empty() || kinds.contains(&kind);
    let fits = |entity: &crate::store::events::Entity| {
        of_kind(entity.kind)
            && match id {
                Some(id) => entity::uuid(entity.kind, &entity.value) == id,
                None => fold(&entity.value).contains(&wanted),
            }
    };
    let mut found = EntitiesFound::default();
    let mut held: HashMap<u64, EntityFound> = HashMap::new();
    let budget = Budget::default();
    for part in snapshot.parts().iter().rev().filter(|part| part.rows() > 0) {
        if budget.is_spent() {
            found.is_lower_bound = true;
            break;
        }
        match seen_in(part, fits) {
            Ok(seen) => {
                seen.into_iter().for_each(|one| found.is_lower_bound |= !join(&mut held, one))
            }
            Err(error) if error.is_damage() => found.damaged += 1,
            Err(error) => return Err(error.into()),
        }
    }
    found.total = held.len();
    found.items = held.into_values().collect();
    let rank = |one: &EntityFound| {
        let value = fold(&one.value);
        let near = if value == wanted { 0 } else { 2 - u8::from(value.starts_with(&wanted)) };
        (near, std::cmp::Reverse(one.events))
    };
    found.items.sort_by_cached_key(|one| (rank(one), one.kind, one.value.clone()));
    found.items.truncate(limit);
    Ok(found)
}

/// One entity with all that its events say; `None` when no event names it.
pub fn entity(snapshot: &Snapshot, id: Uuid) -> Result<Option<EntityFound>, FindError> {
    let Some((kind, value)) = named(snapshot, id)? else { return Ok(None) };
    let key = entity::key(kind, &value);
    let mut held = HashMap::new();
    for part in snapshot.parts().iter().filter(|part| part.rows() > 0) {
        let seen = part.may_hold_entity(key).and_then(|may| {
            if may { seen_in(part, |entity| entity.key == key) } else { Ok(Vec::new()) }
        });
        match seen {
            Ok(seen) => seen.into_iter().for_each(|one| {
                join(&mut held, one);
            }),
            Err(error) if error.is_damage() => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(held.remove(&key))
}

/// What is related to an entity, by the edges of its newest events: the most events first.
pub fn related(
    snapshot: &Snapshot,
    query: &EventQuery,
    id: Uuid,
    parser: &mut Parser,
    aliases: &dyn Aliases,
) -> Result<Vec<Related>, FindError> {
    let query = EventQuery {
        entity: Some(id),
        order: Order::Newest,
        limit: RELATED_EVENTS,
        count: false,
        ..query.clone()
    };
    let page = events(snapshot, &query, parser, aliases)?;
    let mut all: BTreeMap<(Uuid, Relation, bool), Related> = BTreeMap::new();
    for found in &page.items {
        let event = &found.event;
        let ends: Vec<(EntityType, String, Uuid)> = event
            .entities
            .iter()
            .map(|e| (e.kind, event.canonical(e)))
            .map(|(kind, value)| (kind, value.clone(), entity::uuid(kind, &value)))
            .collect();
        let mut said = HashSet::new();
        for edge in &event.edges {
            let (from, to) = (ends.get(usize::from(edge.from)), ends.get(usize::from(edge.to)));
            let (Some(from), Some(to)) = (from, to) else { continue };
            let (other, outgoing) = match (from.2 == id, to.2 == id) {
                (true, false) => (to, true),
                (false, true) => (from, false),
                _ => continue,
            };
            // An event that says it twice says it once.
            if !said.insert((other.2, edge.relation, outgoing)) {
                continue;
            }
            let related =
                all.entry((other.2, edge.relation, outgoing)).or_insert_with(|| Related {
                    uuid: other.2,
                    kind: other.0,
                    value: other.1.clone(),
                    relation: edge.relation,
                    outgoing,
                    events: 0,
                    last_seen: 0,
                });
            related.events += 1;
            related.last_seen = related.last_seen.max(event.about());
        }
    }
    let mut all: Vec<Related> = all.into_values().collect();
    all.sort_by(|a, b| b.events.cmp(&a.events).then_with(|| a.value.cmp(&b.value)));
    Ok(all)
}

/// Adds what a part says; `false` when there is no room for another entity.
fn join(held: &mut HashMap<u64, EntityFound>, (key, one): (u64, EntityFound)) -> bool {
    if let Some(known) = held.get_mut(&key) {
        known.events += one.events;
        known.first_seen = known.first_seen.min(one.first_seen);
        known.last_seen = known.last_seen.max(one.last_seen);
        return true;
    }
    let room = held.len() < HELD_MAX;
    if room {
        held.insert(key, one);
    }
    room
}

/// The entities of a part that fit, with what its rows say of them.
fn seen_in(
    part: &Part,
    fits: impl Fn(&crate::store::events::Entity) -> bool,
) -> StoreResult<Vec<(u64, EntityFound)>> {
    let fits: Vec<bool> = part.entities()?.iter().map(fits).collect();
    if !fits.contains(&true) {
        return Ok(Vec::new());
    }
    let Who { entities, lists, codes } = part.who()?;
    let times = part.times()?;
    // Events, first and last time of each list, then of each entity in it.
    let none = (0u64, Ns::MAX, 0);
    let mut by_list = vec![none; lists.len()];
    for (code, time) in codes.iter().zip(times.iter()) {
        if let Some(seen) = by_list.get_mut(*code as usize) {
            *seen = (seen.0 + 1, seen.1.min(*time), seen.2.max(*time));
        }
    }
    let mut by_entity = vec![none; entities.len()];
    for (list, seen) in lists.iter().zip(&by_list) {
        for at in list.iter() {
            if let Some(sum) = by_entity.get_mut(*at as usize) {
                *sum = (sum.0 + seen.0, sum.1.min(seen.1), sum.2.max(seen.2));
            }
        }
    }
    let seen = entities.iter().zip(&by_entity).zip(&fits);
    let seen = seen.filter(|((_, (events, ..)), fits)| **fits && *events > 0);
    let found = seen.map(|((entity, (events, first, last)), _)| {
        let found = EntityFound {
            uuid: entity::uuid(entity.kind, &entity.value),
            kind: entity.kind,
            value: entity.value.to_string(),
            events: *events,
            first_seen: *first,
            last_seen: *last,
        };
        (entity.key, found)
    });
    Ok(found.collect())
}
