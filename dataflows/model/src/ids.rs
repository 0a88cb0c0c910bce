//! Identities: event, alert and rule ids as UUIDs derived from what they identify.

use uuid::Uuid;

/// Namespace of event ids.
const EVENT: Uuid = Uuid::from_u128(0x5ee2_f10a_0001_5000_8000_0000_0000_0001);
/// Namespace of alert ids.
const ALERT: Uuid = Uuid::from_u128(0x5ee2_f10a_0002_5000_8000_0000_0000_0002);
/// Namespace of rule ids of our own detectors.
const RULE: Uuid = Uuid::from_u128(0x5ee2_f10a_0003_5000_8000_0000_0000_0003);

/// Event id: UUIDv5 over (source id, sequence), big-endian.
pub fn event(source: u64, seq: u64) -> Uuid {
    let mut name = [0u8; 16];
    name[..8].copy_from_slice(&source.to_be_bytes());
    name[8..].copy_from_slice(&seq.to_be_bytes());
    Uuid::new_v5(&EVENT, &name)
}

/// Rule id of a built-in detector: UUIDv5 over its name.
pub fn rule(name: &str) -> Uuid {
    Uuid::new_v5(&RULE, name.as_bytes())
}

/// A rule's own id as a UUID; one made of it, where it is none.
pub fn rule_of(id: &str) -> Uuid {
    Uuid::parse_str(id).unwrap_or_else(|_| rule(id))
}

/// Id of a notice that an event matches a rule: UUIDv5 over (rule id, event id).
pub fn notice(rule: Uuid, event: Uuid) -> Uuid {
    let mut name = [0u8; 32];
    name[..16].copy_from_slice(rule.as_bytes());
    name[16..].copy_from_slice(event.as_bytes());
    Uuid::new_v5(&ALERT, &name)
}

/// Alert id: UUIDv5 over (kind, rule id, episode key, start).
pub fn alert(kind: &str, rule: Uuid, episode: &str, start: u64) -> Uuid {
    let mut name = Vec::with_capacity(kind.len() + episode.len() + 32);
    name.extend_from_slice(kind.as_bytes());
    name.push(0);
    name.extend_from_slice(rule.as_bytes());
    name.extend_from_slice(episode.as_bytes());
    name.push(0);
    name.extend_from_slice(&start.to_be_bytes());
    Uuid::new_v5(&ALERT, &name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_depend_on_every_part() {
        let rule_id = rule("volume-burst");
        let one = alert("ml", rule_id, "a", 1);
        assert_eq!(one, alert("ml", rule_id, "a", 1));
        for other in [
            alert("sigma", rule_id, "a", 1),
            alert("ml", rule("silence"), "a", 1),
            alert("ml", rule_id, "b", 1),
            alert("ml", rule_id, "a", 2),
        ] {
            assert_ne!(one, other);
        }
        assert_ne!(event(1, 2), event(2, 1));
    }
}
