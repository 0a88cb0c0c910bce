//! What an entity does over time, in words.

use super::{of_event, place, primary_of};
use crate::folds::entities::{Pattern, PatternScore};
use crate::folds::sessions::OddSession;
use seerflow_detection::beacon::Rhythm;
use seerflow_detection::cusum::Change;
use seerflow_detection::spread::SpreadScore;
use seerflow_model::time::{MILLISECOND, SECOND};
use seerflow_model::{Brief, Channel, EntityOut, Evidence, Ns, Role, Severity, ids, text};

/// Evidence of a pattern.
pub fn pattern(score: &PatternScore, probability: f64, effective: Ns, bucket: Ns) -> Evidence {
    let kind = match &score.pattern {
        Pattern::Spread(_) => "spread",
        Pattern::Drift(..) => "drift",
        Pattern::Beacon(..) => "beacon",
    };
    let mut evidence = of_event(&score.lead, effective, kind, kind, probability);
    evidence.channel = match &score.pattern {
        Pattern::Drift(..) => Channel::Sequence,
        _ => Channel::Pattern,
    };
    evidence.about = score.began;
    evidence.severity = evidence.severity.max(Severity::Warning);
    let who = text::neutral(&primary_of(&score.lead.event)).into_owned();
    match &score.pattern {
        Pattern::Spread(spread) => tell_spread(&mut evidence, &who, spread, bucket),
        Pattern::Drift(change, _) => tell_drift(&mut evidence, &who, change),
        Pattern::Beacon(rhythm, other) => {
            let event = &score.lead.event;
            let other = event.entities.get(usize::from(*other));
            let other = other.map(|other| event.canonical(other)).unwrap_or_default();
            tell_beat(&mut evidence, &who, &text::neutral(&other), rhythm);
        }
    }
    let at = place(&score.lead.event);
    evidence.title = format!("{} at {at}", evidence.title);
    evidence
}

/// Evidence of a session that is odd altogether.
pub fn odd_session(odd: &OddSession, effective: Ns) -> Evidence {
    let (who, score) = (&odd.who, &odd.score);
    let name = text::neutral(&who.value).into_owned();
    let kind = who.kind.name();
    let why = match score.driver() {
        "counts" => format!(
            "one kind of message came {} times; it came in {} of {} sessions",
            score.odd_count.times, score.odd_count.sessions.0, score.odd_count.sessions.1
        ),
        "step" => "one step hardly ever happens".to_owned(),
        _ => "its steps, and how it ended, are unlike those of others all along".to_owned(),
    };
    let brief = Brief {
        event_id: ids::event(who.source.id, who.seq).to_string(),
        timestamp_ns: who.about,
        source: who.source.name.clone(),
        message: String::new(),
    };
    Evidence {
        channel: Channel::Sequence,
        kind: "odd-session".to_owned(),
        rule: "odd-session".to_owned(),
        episode: format!("{kind}:{}", who.value),
        effective,
        about: who.began,
        probability: odd.p,
        text: format!(
            "what {kind} {name} did in {} events is unlike what its peers do: {why} (p = {:.1e})",
            odd.events, odd.p
        ),
        values: vec![
            ("events".to_owned(), f64::from(odd.events)),
            ("mean_loss".to_owned(), score.mean),
            ("greatest_loss".to_owned(), score.step),
            ("end_loss".to_owned(), score.end),
            ("odd_count_nats".to_owned(), score.counts),
        ],
        severity: who.severity.max(Severity::Notice),
        title: format!("unusual course of events of {kind} {name}"),
        source_type: who.source.source_type.clone(),
        entities: vec![EntityOut::new(who.kind, &who.value, Role::Actor)],
        events: vec![brief],
        event_count: u64::from(odd.events),
    }
}

fn tell_spread(evidence: &mut Evidence, who: &str, spread: &SpreadScore, bucket: Ns) {
    let up = spread.upper >= spread.lower;
    let (kind, many) = if up { ("spread", "many") } else { ("narrowing", "few") };
    evidence.kind = kind.to_owned();
    evidence.episode = who.to_owned();
    evidence.title = format!("unusually {many} partners of {who}");
    evidence.text = format!(
        "{who} was seen with {:.0} others within some minutes, where about {:.1} are usual (p = {:.1e})",
        spread.distinct, spread.expected, evidence.probability
    );
    evidence.values = vec![
        ("distinct".to_owned(), spread.distinct),
        ("expected".to_owned(), spread.expected),
        ("deviation".to_owned(), spread.deviation),
        ("bucket_seconds".to_owned(), (bucket / SECOND) as f64),
    ];
}

fn tell_drift(evidence: &mut Evidence, who: &str, change: &Change) {
    evidence.episode = who.to_owned();
    evidence.title = format!("the habits of {who} have changed");
    evidence.text = format!(
        "the last {} events of {who} follow each other in unusual ways: {:.1} deviations more \
         surprising than usual (p = {:.1e})",
        change.steps, change.shift, evidence.probability
    );
    evidence.values = vec![
        ("events".to_owned(), f64::from(change.steps)),
        ("shift_deviations".to_owned(), change.shift),
    ];
}

fn tell_beat(evidence: &mut Evidence, who: &str, other: &str, rhythm: &Rhythm) {
    let period = f64::from(rhythm.period_ms) * MILLISECOND as f64 / SECOND as f64;
    evidence.episode = format!("{who}/{other}");
    evidence.title = format!("{who} speaks to {other} like a clock");
    evidence.text = format!(
        "{who} speaks to {other} every {period:.1} s: {} of the last {} gaps fit (p = {:.1e})",
        rhythm.fitting, rhythm.gaps, evidence.probability
    );
    evidence.values = vec![
        ("period_seconds".to_owned(), period),
        ("gaps".to_owned(), f64::from(rhythm.gaps)),
        ("fitting".to_owned(), f64::from(rhythm.fitting)),
        ("variation".to_owned(), rhythm.variation),
    ];
}
