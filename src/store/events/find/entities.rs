//! Entities: found by their value, and what is near to one.

use super::ast::{Node, Term};
use crate::store::events::{Result, Snapshot};
use hashbrown::HashSet;
use seerflow_model::{EntityType, entity};
use uuid::Uuid;

/// Puts in the place of each entity id its type and value; an id that no event has fits nothing.
pub(super) fn resolve(snapshot: &Snapshot, node: Node) -> Result<Node> {
    let each = |nodes: Vec<Node>| -> Result<Vec<Node>> {
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
pub fn named(snapshot: &Snapshot, id: Uuid) -> Result<Option<(EntityType, String)>> {
    let mut known: HashSet<u64> = HashSet::new();
    for part in snapshot.parts().iter().rev() {
        let who = match part.who() {
            Err(error) if error.is_damage() => continue,
            who => who?,
        };
        for entity in who.entities.iter() {
            if known.insert(entity.key) && entity::uuid(entity.kind, &entity.value) == id {
                return Ok(Some((entity.kind, entity.value.to_string())));
            }
        }
    }
    Ok(None)
}
