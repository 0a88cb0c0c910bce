//! An event as JSON: what `parse` prints and the API returns.
//!
//! Keys of the top level are always present, null when unknown; nanoseconds are strings. The
//! parts `ecs`, `ocsf` and `logsource` say the same in the words of three common schemas; the page
//! `docs/event-model.md` has the table. Made on demand, never on the hot path.

use crate::entity::{self, EntityRef, EntityType, Role};
use crate::event::{Event, Span};
use crate::evidence::EntityOut;
use crate::record::Flags;
use crate::time;
use serde::ser::{Serialize, SerializeMap, SerializeSeq, SerializeStruct, Serializer};
use std::collections::HashSet;

/// Shows an event as JSON.
#[derive(Clone, Copy, Debug)]
pub struct EventView<'a>(pub &'a Event);

impl Serialize for EventView<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let event = self.0;
        let word = |span: Span| Some(event.get(span)).filter(|text| !text.is_empty());
        let mut map = serializer.serialize_struct("Event", 26)?;
        map.serialize_field("event_id", &event.id())?;
        map.serialize_field("timestamp_ns", &event.about().to_string())?;
        map.serialize_field("event_time_ns", &event.event_time.map(|ns| ns.to_string()))?;
        map.serialize_field("observed_ns", &event.observed_time.to_string())?;
        map.serialize_field("effective_ns", &event.effective_time.to_string())?;
        map.serialize_field("severity_id", &event.severity.id())?;
        map.serialize_field("severity_text", event.severity.name())?;
        map.serialize_field("otel_severity", &event.severity.otel())?;
        map.serialize_field("source", &event.source.name)?;
        map.serialize_field("source_type", &event.source.source_type)?;
        map.serialize_field("host", &word(event.host))?;
        map.serialize_field("program", &word(event.program))?;
        map.serialize_field("pid", &word(event.pid))?;
        map.serialize_field("msgid", &word(event.msgid))?;
        map.serialize_field("facility", &event.facility)?;
        map.serialize_field("message", event.message())?;
        map.serialize_field("format", event.format.name())?;
        map.serialize_field("tags", &Tags(event.flags))?;
        map.serialize_field("trace_id", &word(event.trace_id))?;
        map.serialize_field("span_id", &word(event.span_id))?;
        map.serialize_field("fields", &Fields(event))?;
        map.serialize_field("entities", &Entities(event))?;
        map.serialize_field("edges", &Edges(event))?;
        map.serialize_field("ecs", &Ecs(event))?;
        map.serialize_field("ocsf", &Ocsf(event))?;
        map.serialize_field("logsource", &Sigma(event))?;
        map.end()
    }
}

struct Tags(Flags);

impl Serialize for Tags {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.names())
    }
}

/// Structured fields; of equal names the first counts, as JSON objects have none twice.
struct Fields<'a>(&'a Event);

impl Serialize for Fields<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let event = self.0;
        let mut seen = HashSet::with_capacity(event.fields.len());
        let named = event.fields.iter().map(|f| (event.get(f.name), event.get(f.value)));
        serializer.collect_map(named.filter(|(name, _)| seen.insert(*name)))
    }
}

struct Entities<'a>(&'a Event);

impl Serialize for Entities<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let out = |e: &EntityRef| EntityOut::new(e.kind, &self.0.canonical(e), e.role);
        serializer.collect_seq(self.0.entities.iter().map(out))
    }
}

/// Edges between entities, by their UUIDs.
struct Edges<'a>(&'a Event);

impl Serialize for Edges<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let event = self.0;
        let uuid = |index: u8| {
            let entity = event.entities.get(usize::from(index))?;
            Some(entity::uuid(entity.kind, &event.canonical(entity)).to_string())
        };
        let mut seq = serializer.serialize_seq(Some(event.edges.len()))?;
        for edge in &event.edges {
            let ends = [("from", uuid(edge.from)), ("to", uuid(edge.to))];
            let relation = ("relation", Some(edge.relation.name().to_owned()));
            seq.serialize_element(&Pairs(&[ends[0].clone(), ends[1].clone(), relation]))?;
        }
        seq.end()
    }
}

struct Pairs<'a>(&'a [(&'static str, Option<String>)]);

impl Serialize for Pairs<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(key, value)| (*key, value)))
    }
}

/// Elastic Common Schema, with dotted names; only what is known.
struct Ecs<'a>(&'a Event);

/// Which entity fills which field: the first of that type in that role.
const ECS_ENTITIES: [(&str, Role, EntityType); 13] = [
    ("source.ip", Role::Src, EntityType::Ip),
    ("source.domain", Role::Src, EntityType::Host),
    ("destination.ip", Role::Dst, EntityType::Ip),
    ("destination.domain", Role::Dst, EntityType::Host),
    ("user.name", Role::Actor, EntityType::User),
    ("user.id", Role::Actor, EntityType::Principal),
    ("user.target.name", Role::Target, EntityType::User),
    ("file.path", Role::Object, EntityType::File),
    ("url.original", Role::Object, EntityType::Url),
    ("dns.question.name", Role::Object, EntityType::Domain),
    ("service.name", Role::Object, EntityType::Service),
    ("container.name", Role::Object, EntityType::Container),
    ("observer.name", Role::Observer, EntityType::Host),
];

impl Serialize for Ecs<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let event = self.0;
        let (category, kind, action) = event.activity.ecs();
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("@timestamp", &time::rfc3339(event.about()))?;
        if !category.is_empty() {
            map.serialize_entry("event.category", &[category])?;
        }
        map.serialize_entry("event.type", &[kind])?;
        if !action.is_empty() {
            map.serialize_entry("event.action", action)?;
        }
        map.serialize_entry("event.outcome", event.outcome.name())?;
        map.serialize_entry("event.severity", &event.severity.id())?;
        map.serialize_entry("log.level", &event.severity.name().to_ascii_lowercase())?;
        if let Some(facility) = event.facility {
            map.serialize_entry("log.syslog.facility.code", &facility)?;
        }
        for (name, span) in
            [("host.name", event.host), ("trace.id", event.trace_id), ("span.id", event.span_id)]
        {
            if !span.is_empty() {
                map.serialize_entry(name, event.get(span))?;
            }
        }
        if let Some(program) = event.program().split('(').next().filter(|p| !p.is_empty()) {
            map.serialize_entry("process.name", program)?;
        }
        if let Ok(pid) = event.get(event.pid).parse::<u32>() {
            map.serialize_entry("process.pid", &pid)?;
        }
        for (name, role, kind) in ECS_ENTITIES {
            let Some(e) = event.entities.iter().find(|e| e.role == role && e.kind == kind) else {
                continue;
            };
            map.serialize_entry(name, event.get(e.value))?;
            if kind == EntityType::User && !e.domain.is_empty() {
                let domain = name.replace("name", "domain");
                map.serialize_entry(&domain, event.get(e.domain))?;
            }
        }
        map.end()
    }
}

/// Open Cybersecurity Schema Framework: classification and the base numbers.
struct Ocsf<'a>(&'a Event);

impl Serialize for Ocsf<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (category, class, activity) = self.0.activity.ocsf();
        let mut map = serializer.serialize_struct("Ocsf", 7)?;
        map.serialize_field("category_uid", &category)?;
        map.serialize_field("class_uid", &class)?;
        map.serialize_field("activity_id", &activity)?;
        map.serialize_field("type_uid", &(class * 100 + activity))?;
        map.serialize_field("severity_id", &self.0.severity.ocsf())?;
        map.serialize_field("status_id", &self.0.outcome.ocsf())?;
        map.serialize_field("time", &(self.0.about() / time::MILLISECOND))?;
        map.end()
    }
}

/// Sigma's logsource; null where a part is not set.
struct Sigma<'a>(&'a Event);

impl Serialize for Sigma<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let source = self.0.log_source();
        let set = |text: &'static str| Some(text).filter(|text| !text.is_empty());
        let mut map = serializer.serialize_struct("LogSource", 3)?;
        map.serialize_field("category", &set(source.category))?;
        map.serialize_field("product", &set(source.product))?;
        map.serialize_field("service", &set(source.service))?;
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Field;
    use crate::record::{ReceiverKind, SourceInfo};
    use std::sync::Arc;

    #[test]
    fn an_empty_event_has_every_key() {
        let source = SourceInfo::plain(1, "s", ReceiverKind::Stdin, "stdin");
        let json = serde_json::to_value(EventView(&Event::empty(Arc::new(source)))).unwrap();
        assert_eq!(json.as_object().unwrap().len(), 26);
        assert_eq!(json["timestamp_ns"], "0");
        assert!(json["host"].is_null() && json["event_time_ns"].is_null());
        assert!(json["logsource"]["service"].is_null());
        assert_eq!(json["ecs"]["event.outcome"], "unknown");
        assert_eq!(json["ocsf"]["type_uid"], 0);
    }

    #[test]
    fn fields_once_and_bad_spans_are_empty() {
        let source = SourceInfo::plain(1, "s", ReceiverKind::Stdin, "stdin");
        let mut event = Event::empty(Arc::new(source));
        event.text = "ab\u{fc}".into();
        let (name, value) = (Span::new(0, 1), Span::new(1, 2));
        let beyond = Field { name: Span::new(1, 2), value: Span::new(3, 99) };
        event.fields = [Field { name, value }, Field { name, value: name }, beyond].into();
        event.flags = Flags::LATE | Flags::CUT;
        let json = serde_json::to_value(EventView(&event)).unwrap();
        assert_eq!(json["fields"], serde_json::json!({"a": "b", "b": ""}));
        assert_eq!(json["tags"], serde_json::json!(["late", "cut"]));
    }
}
