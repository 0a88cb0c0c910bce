//! How fast both engines are, on the same rules and the same events, in one run and on one thread.
//!
//! Events are parsed as the program does; ours takes them as they are, rsigma as JSON with the names that
//! rules use, which is made beforehand. It is measured twice: with all rules, narrowed to
//! the event's logsource as it does itself, and with engines that have only the rules of the
//! event's logsources, as ours has. Figures are CPU time (user and system) of the whole process,
//! the best of several rounds. Both must find the same rules, in all events of the files.

use crate::files;
use rsigma_eval::{Engine, JsonEvent};
use rsigma_parser::{LogSource, parse_sigma_yaml};
use rustix::time::{ClockId, clock_gettime};
use seerflow_model::Event;
use seerflow_sigma::{
    Datum, Fields, LogSourceRef, Matcher, Options, RuleSet, State, load, taxonomy,
};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::Arc;

/// Rounds, of which the best counts.
const ROUNDS: usize = 5;
/// CPU time of one round, in seconds, at least.
const ROUND_SECONDS: f64 = 0.7;

fn cpu() -> f64 {
    let now = clock_gettime(ClockId::ProcessCPUTime);
    now.tv_sec as f64 + now.tv_nsec as f64 / 1e9
}

/// Runs it: a folder of rules, files of JSON lines of Windows, files of lines of syslog.
pub fn run(rules: &str, windows: &[&str], lines: &[&str]) -> ExitCode {
    let texts = files::rules(rules);
    let (set, theirs) = (ours(&texts), collection(&texts));
    let read = |path: &&str| std::fs::read_to_string(path).unwrap_or_default();
    let syslog: String = lines.iter().map(read).collect();
    let json: String = windows.iter().map(|path| files::json_lines(&read(path))).collect();
    let starts = |event: &Event| {
        let mut sources = Vec::new();
        taxonomy::logsources(event, &mut sources);
        sources.iter().any(|source| source.category == "process_creation")
    };
    let events = files::events(&json);
    let started: Vec<Event> = events.iter().filter(|event| starts(event)).cloned().collect();
    let mut all = Engine::new();
    let begun = cpu();
    if let Err(error) = all.add_collection(&theirs) {
        eprintln!("rsigma: {error}");
        return ExitCode::from(2);
    }
    println!("rsigma: rules compiled in {:.2} s of CPU\n", cpu() - begun);
    for (name, events) in
        [("Linux syslog", files::events(&syslog)), ("Windows process creation", started)]
    {
        if events.is_empty() {
            eprintln!("{name}: no events");
            return ExitCode::from(2);
        }
        mix(name, &events, &set, &all);
    }
    let differ =
        disagreements(&events, &set, &all) + disagreements(&files::events(&syslog), &set, &all);
    ExitCode::from(u8::from(differ > 0))
}

fn ours(texts: &[(Arc<str>, String)]) -> Arc<RuleSet> {
    let mut best = f64::MAX;
    let mut set = None;
    for _ in 0..3 {
        let begun = cpu();
        let files = texts.iter().map(|(name, text)| (name.clone(), text.as_str()));
        let loaded = load(files, &Options::default());
        best = best.min(cpu() - begun);
        for problem in &loaded.problems {
            println!("ours: {problem}");
        }
        set = Some(Arc::new(loaded.set));
    }
    let set = set.unwrap_or_default();
    let count =
        |wanted: fn(&State) -> bool| set.rules().iter().filter(|rule| wanted(&rule.state)).count();
    println!(
        "ours: {} rules read and compiled in {best:.2} s of CPU: {} ok, {} disabled, {} unreachable",
        set.rules().len(),
        count(|state| matches!(state, State::Ok)),
        count(|state| matches!(state, State::Disabled(_))),
        count(|state| matches!(state, State::Unreachable(_))),
    );
    set
}

fn collection(texts: &[(Arc<str>, String)]) -> rsigma_parser::SigmaCollection {
    let begun = cpu();
    let mut out = rsigma_parser::SigmaCollection::new();
    for (name, text) in texts {
        match parse_sigma_yaml(text) {
            Ok(one) => {
                one.errors.iter().for_each(|error| println!("rsigma: {name}: {error}"));
                out.rules.extend(one.rules);
            }
            Err(error) => println!("rsigma: {name}: {error}"),
        }
    }
    println!("rsigma: {} rules read in {:.2} s of CPU", out.rules.len(), cpu() - begun);
    out
}

/// The best CPU time per event of several rounds, in seconds, and the matches per event.
fn best(events: usize, mut all: impl FnMut() -> usize) -> (f64, f64) {
    let (mut best, mut matches) = (f64::MAX, 0.0);
    for _ in 0..ROUNDS {
        let (begun, mut times, mut found) = (cpu(), 0usize, 0usize);
        while cpu() - begun < ROUND_SECONDS {
            found += all();
            times += 1;
        }
        let count = (times * events) as f64;
        best = best.min((cpu() - begun) / count);
        matches = found as f64 / count;
    }
    (best, matches)
}

fn mix(name: &str, events: &[Event], set: &Arc<RuleSet>, everything: &Engine) {
    let bytes: usize = events.iter().map(|event| event.text.len()).sum();
    println!("{name}: {} events of {} bytes", events.len(), bytes / events.len());
    let show = |who: &str, (seconds, matches): (f64, f64)| {
        println!(
            "  {who:34} {:>9.0} events per CPU second, {:>7.2} µs each, {matches:.3} matches each",
            1.0 / seconds,
            seconds * 1e6
        );
    };
    let mut matcher = Matcher::new(set.clone());
    let mut sources: Vec<LogSourceRef<'static>> = Vec::new();
    let asked = matcher.asked();
    let mut rounds = 0;
    let mine = best(events.len(), || {
        rounds += 1;
        let one = |event: &Event| {
            taxonomy::logsources(event, &mut sources);
            matcher.matches(&sources, event).len()
        };
        events.iter().map(one).sum()
    });
    show("ours", mine);
    let asked = (matcher.asked() - asked) as f64 / (rounds * events.len()) as f64;
    println!("  {:34} {asked:.1} rules asked each", "");
    let values: Vec<Value> = events.iter().map(flat).collect();
    let (engines, places) = narrow(events, everything);
    let firsts: Vec<LogSource> = events.iter().map(first).collect();
    let theirs = best(events.len(), || {
        let each = values.iter().zip(&places);
        each.map(|(value, place)| engines[*place].evaluate(&JsonEvent::borrow(value)).len()).sum()
    });
    show("rsigma, rules of the logsources", theirs);
    let scoped = best(events.len(), || {
        let each = values.iter().zip(&firsts);
        let ask = |(value, source): (&Value, &LogSource)| {
            everything.evaluate_with_logsource(&JsonEvent::borrow(value), source).len()
        };
        each.map(ask).sum()
    });
    show("rsigma, all rules, one logsource", scoped);
    println!("  ours : rsigma = {:.1}\n", theirs.0 / mine.0);
}

/// Engines with the rules of a set of logsources, and of each event which is its own.
fn narrow(events: &[Event], everything: &Engine) -> (Vec<Engine>, Vec<usize>) {
    let mut engines = Vec::new();
    let mut known: BTreeMap<Vec<[&str; 3]>, usize> = BTreeMap::new();
    let mut sources = Vec::new();
    let mut places = Vec::new();
    for event in events {
        taxonomy::logsources(event, &mut sources);
        let key: Vec<_> = sources.iter().map(|s| [s.category, s.product, s.service]).collect();
        let place = *known.entry(key).or_insert_with(|| {
            engines.push(narrowed(everything, &sources));
            engines.len() - 1
        });
        places.push(place);
    }
    (engines, places)
}

/// Prints where the engines find other rules, and says how often. Left out are two classes that
/// are understood: rules with a placeholder without values, which ours disables ("must reject the
/// rule"), and several keywords of which each stands in a value of its own.
fn disagreements(events: &[Event], set: &Arc<RuleSet>, everything: &Engine) -> usize {
    let (engines, places) = narrow(events, everything);
    let mut matches = 0;
    let mut matcher = Matcher::new(set.clone());
    let mut sources = Vec::new();
    let mut counts: BTreeMap<(String, bool), usize> = BTreeMap::new();
    for (event, place) in events.iter().zip(&places) {
        taxonomy::logsources(event, &mut sources);
        let title = |number: &u32| set.rules()[*number as usize].rule.header.title.clone();
        let mine: Vec<_> = matcher.matches(&sources, event).iter().map(title).collect();
        matches += mine.len();
        let value = flat(event);
        let theirs = engines[*place].evaluate(&JsonEvent::borrow(&value)).into_iter();
        let theirs: Vec<_> = theirs.map(|result| result.header.rule_title).collect();
        let rule = |title: &String| set.rules().iter().find(|r| r.rule.header.title == *title);
        let disabled = |title: &String| {
            rule(title).is_some_and(|rule| matches!(rule.state, State::Disabled(_)))
        };
        let keywords = |title: &String| {
            let tests = rule(title).into_iter().flat_map(|rule| &rule.rule.detection.tests);
            tests.filter(|origin| origin.test.field.is_empty()).count() > 1
        };
        let theirs: Vec<_> = theirs.into_iter().filter(|title| !disabled(title)).collect();
        for title in mine.iter().filter(|title| !theirs.contains(title) && !keywords(title)) {
            *counts.entry((title.clone(), true)).or_default() += 1;
        }
        for title in theirs.iter().filter(|title| !mine.contains(title)) {
            *counts.entry((title.clone(), false)).or_default() += 1;
        }
    }
    for ((title, ours), count) in &counts {
        let who = if *ours { "ours" } else { "rsigma" };
        println!("{who} alone, {count} events: {title}");
    }
    let differ = counts.values().sum();
    println!("{} events, {matches} matches, {differ} disagreements", events.len());
    differ
}

/// The rules for an event of these logsources.
fn narrowed(everything: &Engine, sources: &[LogSourceRef<'static>]) -> Engine {
    let part = |wanted: &Option<String>, has: &str| {
        wanted.as_deref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(has))
    };
    let meant = |source: &LogSource| {
        sources.iter().any(|has| {
            part(&source.category, has.category)
                && part(&source.product, has.product)
                && part(&source.service, has.service)
        })
    };
    let mut engine = Engine::new();
    let rules = everything.rules().iter().filter(|rule| meant(&rule.logsource));
    engine.extend_compiled_rules(rules.cloned());
    engine
}

fn first(event: &Event) -> LogSource {
    let mut sources = Vec::new();
    taxonomy::logsources(event, &mut sources);
    let some = |part: &str| (!part.is_empty()).then(|| part.to_owned());
    let source = sources.first().copied().unwrap_or_default();
    LogSource {
        category: some(source.category),
        product: some(source.product),
        service: some(source.service),
        ..LogSource::default()
    }
}

/// An event as JSON with the names that rules use; of several names the first.
fn flat(event: &Event) -> Value {
    let table = taxonomy::FIELDS.iter().chain(taxonomy::WINDOWS);
    let table: BTreeMap<_, _> = table.map(|(own, sigma)| (*own, sigma[0])).collect();
    let mut out = Map::new();
    event.each(&mut |name, datum, _| {
        let name = table.get(name).copied().unwrap_or(name);
        if name.starts_with('@') {
            return;
        }
        let value = match datum {
            Datum::Text(text) => json!(text),
            Datum::Int(number) => json!(number),
            Datum::Real(number) => json!(number),
            Datum::Bool(value) => json!(value),
            Datum::Null => Value::Null,
        };
        out.entry(name).or_insert(value);
    });
    Value::Object(out)
}
