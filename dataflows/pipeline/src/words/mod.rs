//! Evidence in words: every number in a sentence is one that was measured.

mod event;
mod kinds;
mod pattern;
pub mod risk;
pub mod rule;

pub use event::odd_event;
pub use kinds::odd_kind;
pub use pattern::{odd_session, pattern};

use crate::counts::{Lead, Subject};
use crate::folds::series::{Score, Shift};
use seerflow_detection::calibrate::Side;
use seerflow_detection::novelty::NewValue;
use seerflow_detection::silence::Silence;
use seerflow_detection::volume::{ByOthers, Raw};
use seerflow_model::entity::EntityRef;
use seerflow_model::evidence::{Brief, Channel, EntityOut, Evidence};
use seerflow_model::time::{Ns, SECOND};
use seerflow_model::{Event, Severity, text};

/// Longest template or value quoted in a title or sentence, in bytes.
const QUOTE_MAX: usize = 120;
/// Entities shown of one event.
const ENTITIES_MAX: usize = 8;

fn quote(value: &str) -> String {
    format!("\"{}\"", text::neutral(&text::shorten(value, QUOTE_MAX)))
}

/// `sshd on web-1`, `sshd`, `web-1`, or the source when neither is known.
fn place(event: &Event) -> String {
    match (event.program(), event.host()) {
        ("", "") => text::neutral(&event.source.name).into_owned(),
        (program, "") => text::neutral(program).into_owned(),
        ("", host) => text::neutral(host).into_owned(),
        (program, host) => format!("{} on {}", text::neutral(program), text::neutral(host)),
    }
}

/// Entities of an event, `first` in front.
fn entities(event: &Event, first: Option<&EntityRef>) -> Vec<EntityOut> {
    let primary = first.or_else(|| event.primary());
    let mut all: Vec<EntityOut> = Vec::new();
    for entity in primary.into_iter().chain(event.entities.iter()) {
        let canonical = event.canonical(entity);
        let out = EntityOut::new(entity.kind, &canonical, entity.role);
        if !canonical.is_empty() && !all.contains(&out) && all.len() < ENTITIES_MAX {
            all.push(out);
        }
    }
    all
}

fn primary_of(event: &Event) -> String {
    event.primary().map(|entity| event.canonical(entity)).unwrap_or_default()
}

/// Evidence about one event.
fn of_event(lead: &Lead, effective: Ns, kind: &str, rule: &str, probability: f64) -> Evidence {
    let event = &lead.event;
    Evidence {
        channel: Channel::Content,
        kind: kind.to_owned(),
        rule: rule.to_owned(),
        episode: String::new(),
        effective,
        about: event.about(),
        probability,
        text: String::new(),
        values: Vec::new(),
        severity: event.severity.max(Severity::Notice),
        title: String::new(),
        source_type: event.source.source_type.clone(),
        entities: entities(event, None),
        events: vec![Brief::of(event)],
        event_count: 1,
    }
}

/// A template that was never seen before.
pub fn new_template(lead: &Lead, effective: Ns, probability: f64, known: u64) -> Evidence {
    let event = &lead.event;
    let mut evidence = of_event(lead, effective, "new-template", "never-seen-message", probability);
    evidence.episode = format!("{}/{}", event.program(), event.host());
    evidence.title = format!("never-seen message from {}", place(event));
    evidence.text = format!(
        "from {}, never seen in {known} events before: {} (p = {probability:.1e}), about {}",
        place(event),
        quote(event.message()),
        seerflow_model::time::rfc3339(event.about()),
    );
    evidence.values = vec![("events_before".to_owned(), known as f64)];
    evidence
}

/// A value that its template never carried there before.
pub fn new_value(lead: &Lead, effective: Ns, value: &str, new: &NewValue) -> Evidence {
    let event = &lead.event;
    let mut evidence = of_event(lead, effective, "new-value", "never-seen-value", new.probability);
    evidence.episode = format!("{}/{}", lead.subject.template(), primary_of(event));
    evidence.title = format!("never-seen value {} from {}", quote(value), place(event));
    evidence.text = format!(
        "{} was never seen in {} from {} in {} such messages, which carried {} values (p = {:.1e})",
        quote(value),
        quote(&lead.template),
        place(event),
        new.observed,
        new.distinct,
        new.probability,
    );
    evidence.values = vec![
        ("observed".to_owned(), f64::from(new.observed)),
        ("distinct".to_owned(), f64::from(new.distinct)),
    ];
    evidence
}

/// What a series counts, in words.
fn subject(lead: &Lead) -> String {
    let event = &lead.event;
    match lead.subject {
        Subject::Source(_) => format!("source {}", text::neutral(&event.source.name)),
        Subject::Host(_) => format!("host {}", text::neutral(event.host())),
        Subject::Template(_) => format!("{} from {}", quote(&lead.template), place(event)),
        Subject::Entity(_, _, index) => {
            let entity = event.entities.get(usize::from(index));
            let value = entity.map(|entity| event.canonical(entity)).unwrap_or_default();
            let kind = entity.map_or("", |entity| entity.kind.name());
            let value = text::neutral(&text::shorten(&value, QUOTE_MAX)).into_owned();
            format!("{} by {kind} {value} at {}", quote(&lead.template), place(event))
        }
    }
}

/// Group-by tuple of a series: template or source, and entity.
fn episode(lead: &Lead) -> String {
    let event = &lead.event;
    match lead.subject {
        Subject::Source(id) => format!("source:{id:016x}"),
        Subject::Host(key) => format!("host:{key:016x}"),
        Subject::Template(id) => format!("template:{id:016x}"),
        Subject::Entity(id, _, index) => {
            let entity = event.entities.get(usize::from(index));
            let value = entity.map(|entity| event.canonical(entity)).unwrap_or_default();
            format!("template:{id:016x}/{value}")
        }
    }
}

fn of_series(score: &Score, effective: Ns, kind: &str, rule: &str, probability: f64) -> Evidence {
    let event = &score.lead.event;
    let named = match score.lead.subject {
        Subject::Entity(_, _, index) => event.entities.get(usize::from(index)),
        Subject::Host(key) => event.entities.iter().find(|entity| entity.key == key),
        Subject::Source(_) | Subject::Template(_) => None,
    };
    // What falls silent is the host or source, not who happened to be named in its last line.
    let whole = !matches!(score.lead.subject, Subject::Source(_) | Subject::Host(_));
    let mut all = entities(event, named);
    if !whole {
        let key = named.map(|entity| event.canonical(entity)).unwrap_or_default();
        all.retain(|entity| entity.value == key);
    }
    Evidence {
        channel: Channel::Volume,
        kind: kind.to_owned(),
        rule: rule.to_owned(),
        episode: episode(&score.lead),
        effective,
        about: score.began,
        probability,
        text: String::new(),
        values: Vec::new(),
        severity: Severity::Warning,
        title: String::new(),
        source_type: score.source_type.to_string(),
        entities: all,
        events: vec![Brief::of(event)],
        event_count: score.observed,
    }
}

/// A rate that is far from the usual one.
pub fn volume(score: &Score, raw: &Raw, effective: Ns, bucket: Ns, probability: f64) -> Evidence {
    let up = raw.upper >= raw.lower;
    let (kind, rule) = if up { ("burst", "volume-burst") } else { ("drop", "volume-drop") };
    let mut evidence = of_series(score, effective, kind, rule, probability);
    evidence.severity = score.lead.event.severity.max(Severity::Warning);
    evidence.title = format!("{kind} of {}", subject(&score.lead));
    let ratio = if raw.expected > 0.0 && up {
        format!(", {:.0}×", score.observed as f64 / raw.expected)
    } else {
        String::new()
    };
    evidence.text = format!(
        "{} events in {} s where about {:.1} are usual{ratio} (p = {probability:.1e})",
        score.observed,
        bucket / SECOND,
        raw.expected,
    );
    evidence.values = vec![
        ("observed".to_owned(), score.observed as f64),
        ("expected".to_owned(), raw.expected),
        ("bucket_seconds".to_owned(), (bucket / SECOND) as f64),
    ];
    evidence
}

/// A level that has shifted.
pub fn shift(
    score: &Score,
    raw: &Raw,
    shift: &Shift,
    effective: Ns,
    bucket: Ns,
    probability: f64,
) -> Evidence {
    let mut evidence = of_series(score, effective, "level-shift", "level-shift", probability);
    let change = &shift.change;
    let since = change.since.saturating_mul(bucket);
    let way = if change.side == Side::Upper { "risen" } else { "fallen" };
    evidence.channel = Channel::Pattern;
    evidence.about = since;
    evidence.severity = score.lead.event.severity.max(Severity::Warning);
    evidence.title = format!("the level of {} has {way}", subject(&score.lead));
    evidence.text = format!(
        "{} events in {} s where about {:.1} are usual: {way} by {:.1} deviations since {} (p = {probability:.1e})",
        score.observed,
        bucket / SECOND,
        raw.expected,
        change.shift.abs(),
        seerflow_model::time::rfc3339(since),
    );
    evidence.values = vec![
        ("observed".to_owned(), score.observed as f64),
        ("expected".to_owned(), raw.expected),
        ("shift_deviations".to_owned(), change.shift),
        ("buckets".to_owned(), f64::from(change.steps)),
        ("bucket_seconds".to_owned(), (bucket / SECOND) as f64),
    ];
    evidence
}

/// A series without a model of its own that accounts for what another finding noticed.
pub fn share(score: &Score, effective: Ns) -> Evidence {
    let mut evidence = of_series(score, effective, "burst", "volume-burst", 1.0);
    evidence.severity = score.lead.event.severity.max(Severity::Warning);
    evidence.title = format!("burst of {}", subject(&score.lead));
    evidence.text = format!("{} events of {}", score.observed, subject(&score.lead));
    evidence.values = vec![("observed".to_owned(), score.observed as f64)];
    evidence
}

/// A series without a model of its own that counts more than others do.
pub fn young(score: &Score, effective: Ns, bucket: Ns, by: &ByOthers) -> Evidence {
    let mut evidence = share(score, effective);
    evidence.probability = by.probability;
    evidence.text = format!(
        "{} events in {} s of {}, which is new: {} hardly ever count so many (p = {:.1e})",
        score.observed,
        bucket / SECOND,
        subject(&score.lead),
        others(score, by),
        by.probability,
    );
    evidence.values.extend([
        ("bucket_seconds".to_owned(), (bucket / SECOND) as f64),
        ("peers_weight".to_owned(), by.peers),
        ("peers_counts".to_owned(), by.seen[0] as f64),
        ("source_counts".to_owned(), by.seen[1] as f64),
    ]);
    evidence
}

/// Whom a young series was judged by: its peers where they say at least half of it, or its source.
fn others(score: &Score, by: &ByOthers) -> String {
    let what = match (score.lead.subject, score.lead.class()) {
        (Subject::Entity(..), Some(class)) if by.peers >= 0.5 => {
            format!("entities of type {}", class.name())
        }
        (Subject::Entity(..), _) => "entities".to_owned(),
        (Subject::Source(_), _) => "sources".to_owned(),
        (Subject::Host(_), _) => "hosts".to_owned(),
        (Subject::Template(_), _) => "kinds of messages".to_owned(),
    };
    format!("other {what} in logs of type {}", text::neutral(&score.source_type))
}

/// Silence of something that was regular.
pub fn silence(score: &Score, silence: &Silence, effective: Ns, bucket: Ns) -> Evidence {
    let mut evidence = of_series(score, effective, "silence", "silence", silence.probability);
    evidence.severity = Severity::Error;
    // The same for all that is found of one silence.
    evidence.about = silence.last_busy.saturating_add(1).saturating_mul(bucket);
    evidence.title = format!("{} fell silent", subject(&score.lead));
    evidence.text = format!(
        "nothing for {} s from {}, which wrote in {:.0} % of its buckets; its longest gap was {} s \
         (p = {:.1e})",
        silence.buckets * bucket / SECOND,
        subject(&score.lead),
        silence.busy * 100.0,
        silence.longest * bucket / SECOND,
        silence.probability,
    );
    evidence.values = vec![
        ("silent_seconds".to_owned(), (silence.buckets * bucket / SECOND) as f64),
        ("longest_gap_seconds".to_owned(), (silence.longest * bucket / SECOND) as f64),
        ("activity".to_owned(), silence.busy),
    ];
    evidence
}
