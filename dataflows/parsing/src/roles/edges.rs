//! How the entities of one event relate: by role and type alone.
//!
//! An edge says who took part with whom, not that it worked: the event's outcome says that.

use seerflow_model::{Activity, EdgeRef, EntityRef, EntityType, Relation, Role};
use smallvec::SmallVec;

/// Most edges of one event.
pub(super) const EDGES_MAX: usize = 32;

/// Writes the edges among `entities` into `edges`, in the order of the pairs. `ran_on` is the
/// process and the host of the header. At most 16 × 16 pairs are looked at.
pub(super) fn connect(
    entities: &[EntityRef],
    activity: Activity,
    ran_on: Option<(usize, usize)>,
    edges: &mut SmallVec<[EdgeRef; EDGES_MAX]>,
) {
    edges.clear();
    for (i, from) in entities.iter().enumerate() {
        if !matches!(from.role, Role::Actor | Role::Src) {
            continue;
        }
        for (j, to) in entities.iter().enumerate() {
            if let Some(relation) = relation(from, to, activity)
                && (from.kind, from.key) != (to.kind, to.key)
                && edges.len() < EDGES_MAX - 1
            {
                edges.push(EdgeRef { from: i as u8, to: j as u8, relation });
            }
        }
    }
    if let Some((process, host)) = ran_on {
        let relation = Relation::RanOn;
        edges.push(EdgeRef { from: process as u8, to: host as u8, relation });
    }
}

fn relation(from: &EntityRef, to: &EntityRef, activity: Activity) -> Option<Relation> {
    use EntityType::{Container, File, Principal, Service, Url, User};
    let machine = |e: &EntityRef| matches!(e.kind, EntityType::Ip | EntityType::Host);
    // A cloud principal acts as a user does.
    let kind = if from.kind == Principal { User } else { from.kind };
    match (from.role, kind, to.role) {
        (Role::Actor, User, Role::Src) if machine(to) => Some(Relation::AuthenticatedFrom),
        (Role::Actor, User, Role::Target) if machine(to) => Some(Relation::LoggedInto),
        (Role::Actor, User, Role::Dst) if machine(to) && activity == Activity::Login => {
            Some(Relation::LoggedInto)
        }
        (Role::Actor, User, Role::Target) if matches!(to.kind, User | Principal) => {
            Some(Relation::ActedAs)
        }
        (Role::Actor, User, Role::Object) => {
            matches!(to.kind, File | Url | Service | Container).then_some(Relation::Accessed)
        }
        (Role::Src, _, Role::Dst) if machine(from) && machine(to) => Some(Relation::ConnectedTo),
        (Role::Src, _, Role::Target | Role::Observer) if machine(from) && machine(to) => {
            Some(Relation::ReachedHost)
        }
        _ => None,
    }
}
