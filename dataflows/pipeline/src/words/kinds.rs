//! Kinds of lines that an entity hardly ever writes, in words.

use super::{entities, of_event, place, quote};
use crate::counts::Lead;
use seerflow_detection::kinds::{Odd, WINDOW};
use seerflow_model::entity::EntityRef;
use seerflow_model::{Channel, Evidence, Ns, Severity, text};

/// Evidence of a kind that an entity never wrote, or hardly ever.
pub fn odd_kind(lead: &Lead, entity: &EntityRef, odd: &Odd, effective: Ns) -> Evidence {
    let event = &lead.event;
    let kind = if odd.before == 0 { "new-kind" } else { "rare-kind" };
    let mut evidence = of_event(lead, effective, kind, kind, odd.probability);
    evidence.channel = Channel::Pattern;
    evidence.entities = entities(event, Some(entity));
    let value = event.canonical(entity);
    evidence.episode = format!("{}:{value}", entity.kind.name());
    let who = format!("{} {}", entity.kind.name(), text::neutral(&text::shorten(&value, 120)));
    if odd.before == 0 {
        evidence.severity = evidence.severity.max(Severity::Warning);
        evidence.title = format!("{who} does what it never did before");
        evidence.text = format!(
            "{} is of {who}'s {} kinds of messages within {WINDOW} hours that were never seen of it \
             before, where {:.1} are usual (p = {:.1e})",
            quote(event.message()),
            odd.new,
            odd.usual,
            odd.probability
        );
    } else {
        evidence.title = format!("{} from {}, rare of {who}", quote(&lead.template), place(event));
        evidence.text = format!(
            "{} came in {} of {} hours in which {who} was seen (p = {:.1e})",
            quote(event.message()),
            odd.before,
            odd.hours,
            odd.probability
        );
    }
    evidence.values = vec![
        ("hours_before".to_owned(), f64::from(odd.before)),
        ("hours_in_use".to_owned(), f64::from(odd.hours)),
        ("new_kinds".to_owned(), f64::from(odd.new)),
        ("usual".to_owned(), odd.usual),
    ];
    evidence
}
