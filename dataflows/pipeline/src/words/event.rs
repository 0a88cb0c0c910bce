//! One event in words: which channel finds it unusual, and what every channel says.

use super::{of_event, place, primary_of, quote};
use crate::detector::Detector;
use crate::judge::driver;
use crate::moment::Moment;
use seerflow_detection::combine::Combined;
use seerflow_detection::halfspace::{ContentScore, Feature};
use seerflow_detection::sequence::Loss;
use seerflow_detection::values::{Aspect, ValueScore};
use seerflow_model::{Evidence, Ns};
use std::fmt::Write;

/// Evidence of an event that the channels together find unusual.
pub fn odd_event(
    moment: &Moment,
    channels: &[(Detector, Option<f64>)],
    combined: &Combined,
    effective: Ns,
) -> Evidence {
    let event = moment.event();
    let detector = driver(channels, combined);
    let kind = match detector {
        Detector::Values => "odd-value",
        Detector::Order => "odd-order",
        _ => "odd-content",
    };
    let mut evidence = of_event(&moment.lead, effective, kind, kind, combined.p);
    evidence.channel = detector.channel();
    evidence.episode = format!("{:016x}/{}", moment.template(), primary_of(event));
    let what = match detector {
        Detector::Values => value(moment, &mut evidence),
        Detector::Order => moment.order.as_ref().map(|loss| order(loss, &mut evidence)),
        _ => moment.content.as_ref().map(|score| content(moment, score, &mut evidence)),
    }
    .unwrap_or_default();
    evidence.title = format!("{} from {}", title(detector), place(event));
    evidence.text = format!("{}: {what}", quote(&moment.lead.template));
    let _ = write!(evidence.text, " (p = {:.1e}", combined.p);
    for (at, (detector, p)) in channels.iter().enumerate() {
        let name = detector.name();
        match p {
            Some(p) => {
                let _ = write!(evidence.text, "; {name} {p:.1e}");
                evidence.values.push((format!("p_{}", name.replace('-', "_")), *p));
                let share = combined.parts.get(at).map_or(0.0, |part| part.share);
                evidence.values.push((format!("share_{}", name.replace('-', "_")), share));
            }
            None => {
                let _ = write!(evidence.text, "; {name} not known yet");
            }
        }
    }
    evidence.text.push(')');
    evidence
}

fn title(detector: Detector) -> &'static str {
    match detector {
        Detector::Values => "unusual value",
        Detector::Order => "unusual order of events",
        _ => "unusual event",
    }
}

/// What is odd about the least usual value.
fn value(moment: &Moment, evidence: &mut Evidence) -> Option<String> {
    let odd = moment.value.as_ref()?;
    let score = &odd.score;
    let text = quote(&odd.text);
    evidence.values.push(("observed".to_owned(), score.observed as f64));
    evidence.values.push(("seen_before".to_owned(), f64::from(score.seen)));
    Some(match score.aspect {
        Aspect::Identity if score.seen == 0 => {
            format!("{text} was not seen there in {} values before", score.observed)
        }
        Aspect::Identity => {
            format!("{text} came {} times in {} values before", score.seen, score.observed)
        }
        Aspect::Length => {
            format!("{text} is of a length that is rare among {} values before", score.observed)
        }
        Aspect::Number => {
            format!("{text} lies outside of what {} values before were like", score.observed)
        }
        Aspect::Course | Aspect::Level | Aspect::Unrest | Aspect::Frozen => {
            course(&text, score, evidence)
        }
        Aspect::Characters => {
            format!("{text} is made of other characters than {} values before", score.observed)
        }
    })
}

/// How a number lies to those before it.
fn course(text: &str, score: &ValueScore, evidence: &mut Evidence) -> String {
    let known = [
        ("expected", score.expected),
        ("deviation", score.deviation),
        ("previous", score.previous),
    ];
    for (name, number) in known {
        evidence.values.extend(number.map(|number| (name.to_owned(), number)));
    }
    let expected = score.expected.map(|number| format!("{number:.4}"));
    let expected = expected.unwrap_or_else(|| "something else".to_owned());
    match score.aspect {
        Aspect::Level => format!("{text} came where {expected} is usual: the level has shifted"),
        Aspect::Frozen => {
            format!("{text} has come again and again, longer than numbers there stay the same")
        }
        Aspect::Unrest => {
            format!("{text} came where {expected} is usual: odd numbers have become frequent")
        }
        _ => format!("{text} came where {expected} was to be expected"),
    }
}

/// What came after what.
fn order(loss: &Loss, evidence: &mut Evidence) -> String {
    let Loss { peers, .. } = loss;
    evidence.values.push(("came_so".to_owned(), f64::from(peers.seen)));
    evidence.values.push(("came_at_all".to_owned(), f64::from(peers.context)));
    format!(
        "after what came before it, it followed {} times of {} (its chance is {:.1e})",
        peers.seen, peers.context, peers.p
    )
}

/// What is unusual about the event as a whole.
fn content(moment: &Moment, score: &ContentScore, evidence: &mut Evidence) -> String {
    let (feature, at) = score.strangest;
    let observation = moment.observation();
    let (name, number) = match feature {
        Feature::Length => ("length in bytes", f64::from(observation.bytes)),
        Feature::Parameters => ("number of values", f64::from(observation.parameters)),
        Feature::Numbers => ("number of numbers", f64::from(observation.numbers)),
        Feature::Entities => ("number of entities", f64::from(observation.entities)),
        Feature::Gap => ("distance to the line before it", f64::from(at)),
        Feature::TemplateRarity => ("rarity", f64::from(at)),
        Feature::SeverityRarity => ("severity", f64::from(observation.severity)),
    };
    evidence.values.push(("sparseness_nats".to_owned(), score.sparseness));
    evidence.values.push(("place".to_owned(), f64::from(at)));
    let number = match feature {
        Feature::Gap | Feature::TemplateRarity => String::new(),
        _ => format!(" ({number})"),
    };
    let side = if at > 0.5 { "high" } else { "low" };
    format!("few events of its program are like it; its {name}{number} is unusually {side}")
}
