//! Asks both engines about generated rules and events, and shows where they disagree.
//!
//! Rules are loaded several at a time, so that the indexes are put to the test as well. A
//! disagreement is looked at with its rule alone and made small; one that is only there in company
//! is reported as such. Half of the rules are `wild`: they have what is known to be read
//! differently. About the others the engines must agree entirely.

use crate::engines::{Ours, Theirs};
use crate::generate;
use crate::known::{KNOWN, class};
use crate::near;
use crate::random::Random;
use crate::rule::Rule;
use crate::shrink::{Pair, shrink};
use std::collections::BTreeMap;
use std::process::ExitCode;

/// Rules of a set.
const RULES: usize = 8;
/// Events for a set.
const EVENTS: usize = 24;
/// Disagreements of one class that are made small and counted one by one.
const SHOWN_MAX: usize = 3;

/// What was found.
#[derive(Default)]
struct Report {
    pairs: u64,
    matches: u64,
    disagreements: u64,
    refused: BTreeMap<String, u64>,
    known: BTreeMap<&'static str, (u64, u64)>,
    unknown: u64,
    tame: u64,
    crowds: u64,
    wrongly_unreachable: u64,
    shown: BTreeMap<String, usize>,
}

/// Compares so many pairs of rules and events.
pub fn run(pairs: u64, seed: u64) -> ExitCode {
    let mut random = Random::new(seed);
    let mut report = Report::default();
    while report.pairs < pairs {
        let wild = random.percent(50);
        set(&mut random, wild, &mut report);
    }
    report.show();
    let wrong = report.unknown + report.crowds + report.wrongly_unreachable;
    ExitCode::from(u8::from(wrong > 0))
}

/// One set of rules, and events near each.
fn set(random: &mut Random, wild: bool, report: &mut Report) {
    let mut rules: Vec<Rule> = Vec::new();
    let mut text = String::new();
    while rules.len() < RULES {
        let rule = generate::rule(random, wild);
        let title = format!("r{}", rules.len());
        match accepted(&rule.text(&title)) {
            Err(reason) => *report.refused.entry(reason).or_default() += 1,
            Ok(()) => {
                text.push_str("---\n");
                text.push_str(&rule.text(&title));
                rules.push(rule);
            }
        }
    }
    let (Ok(mut ours), Ok(mut theirs)) = (Ours::new(&text), Theirs::new(&text)) else {
        println!("not loaded together, but alone:\n{text}");
        report.crowds += 1;
        return;
    };
    let unreachable = ours.unreachable();
    for n in 0..EVENTS {
        let event = near::event(random, &rules[n % RULES], wild);
        let (mine, other) = (ours.ask(&event), theirs.ask(&event));
        report.pairs += RULES as u64;
        report.matches += mine.len() as u64;
        for title in mine.intersection(&unreachable) {
            report.wrongly_unreachable += 1;
            println!("called unreachable, but matches {event}: {title} of\n{text}");
        }
        for title in mine.symmetric_difference(&other) {
            report.disagreements += 1;
            let number: usize = title[1..].parse().unwrap_or_default();
            let pair = Pair { rule: rules[number].clone(), event: event.clone() };
            judge(pair, mine.contains(title), wild, report, &text);
        }
    }
}

/// Whether both engines take a rule; the error is who refuses it and why, in short.
fn accepted(text: &str) -> Result<(), String> {
    let short = |who: &str, message: String| {
        let plain = |word: &&str| !word.starts_with('`') && !word.contains(':');
        let words: Vec<_> = message.split_whitespace().filter(plain).take(9).collect();
        format!("{who}: {}", words.join(" "))
    };
    match (Ours::new(text), Theirs::new(text)) {
        (Ok(_), Ok(_)) => Ok(()),
        (Err(_), Err(_)) => Err("both".into()),
        (Err(message), Ok(_)) => Err(short("ours", message)),
        (Ok(_), Err(message)) => Err(short("theirs", message)),
    }
}

/// What both say about one rule and an event; nothing when one refuses the rule.
fn answers(pair: &Pair) -> Option<(bool, bool)> {
    let text = pair.rule.text("r");
    let (mut ours, mut theirs) = (Ours::new(&text).ok()?, Theirs::new(&text).ok()?);
    Some((!ours.ask(&pair.event).is_empty(), !theirs.ask(&pair.event).is_empty()))
}

fn judge(pair: Pair, mine: bool, wild: bool, report: &mut Report, set: &str) {
    if answers(&pair) != Some((mine, !mine)) {
        report.crowds += 1;
        println!("only in company: {}\n{}{set}", pair.event, pair.rule.text("r"));
        return;
    }
    let small = shrink(pair, |pair| answers(pair).is_some_and(|(a, b)| a != b));
    let mine = answers(&small).is_some_and(|(mine, _)| mine);
    let name = match class(&small) {
        Some(known) => {
            let count = report.known.entry(known.name).or_default();
            *(if mine { &mut count.0 } else { &mut count.1 }) += 1;
            if wild {
                return;
            }
            report.tame += 1;
            known.name.to_owned()
        }
        None => {
            report.unknown += 1;
            let modifiers = small.rule.items().flat_map(|item| item.modifiers.clone());
            format!("{:?}", modifiers.collect::<Vec<_>>())
        }
    };
    let shown = report.shown.entry(name.clone()).or_default();
    *shown += 1;
    if *shown <= SHOWN_MAX {
        let says = |matches: bool| if matches { "matches" } else { "does not match" };
        println!("{name}\n{}event: {}", small.rule.text("r"), small.event);
        println!("ours {}, rsigma {}\n", says(mine), says(!mine));
    }
}

impl Report {
    fn show(&self) {
        println!(
            "{} pairs, {} matches, {} disagreements",
            self.pairs, self.matches, self.disagreements
        );
        println!("rules that were not compared, because of who refused them:");
        for (reason, count) in &self.refused {
            println!("  {count:>7}  {reason}");
        }
        println!("known disagreements (ours alone matches, rsigma alone matches):");
        for known in KNOWN {
            let (mine, other) = self.known.get(known.name).copied().unwrap_or_default();
            println!("  {mine:>7} {other:>7}  {}: {}", known.name, known.why);
        }
        println!(
            "{} unknown, {} known ones of rules that should have none, {} only in company, {} wrongly \
             unreachable",
            self.unknown, self.tame, self.crowds, self.wrongly_unreachable
        );
    }
}
