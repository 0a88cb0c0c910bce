//! Whether a correlation can match at all: nothing that cannot is called ok.
//!
//! Numbers are tried out: a condition of bounds holds somewhere if it holds at a bound, next to
//! one, or at an end of what can be measured. Expressions over rules are tried out with every set
//! of up to [`RULES_TRIED_MAX`] rules that can match.

use super::fixed::{Fixed, Ratio};
use super::law::{Law, Test};
use crate::engine::set::{Correlated, Part, RuleSet, State};
use crate::read::correlation::{Kind, Trigger};

/// Rules whose sets are all tried.
const RULES_TRIED_MAX: usize = 12;
/// Parts of an expression that are looked at; beyond it, it is taken to hold somewhere.
const WORK_MAX: usize = 200_000;

/// Marks correlations that cannot match.
pub(crate) fn judge(set: &mut RuleSet) {
    for number in 0..set.correlations().len() {
        if set.correlations()[number].state != State::Ok {
            continue;
        }
        let why = match Law::new(&set.correlations()[number].rule, 0, 0) {
            Err(why) => Some(State::Unreachable(why)),
            Ok(law) => why(set, &set.correlations()[number], &law),
        };
        if let Some(state) = why {
            set.mark(number, state);
        }
    }
}

/// Why it cannot match, if it cannot.
fn why(set: &RuleSet, correlated: &Correlated, law: &Law) -> Option<State> {
    let idle: Vec<Option<&State>> = correlated.parts.iter().map(|part| idle(set, *part)).collect();
    let can = |slot: usize| idle.get(slot).is_some_and(Option::is_none);
    let rules = 0..idle.len();
    let enough = match (&law.test, law.kind) {
        (_, Kind::TemporalOrdered) if !law.numbered() => {
            law.steps.iter().all(|step| step.iter().any(|slot| can(usize::from(*slot))))
        }
        (Test::Every, _) => rules.clone().all(can),
        _ => rules.clone().any(can),
    };
    if !enough {
        let names = rules.filter(|slot| !can(*slot));
        let names: Vec<_> = names.map(|slot| correlated.rule.rules[slot].as_str()).collect();
        let message = format!("what it needs cannot match: {}", names.join(", "));
        let off = idle.iter().flatten().all(|state| matches!(state, State::Disabled(_)));
        return Some(if off { State::Disabled(message) } else { State::Unreachable(message) });
    }
    let possible = match &law.test {
        Test::Bounds(bounds) => {
            let (least, most) = range(correlated, law, idle.iter().filter(|s| s.is_none()).count());
            let whole = most.is_some() || matches!(law.kind, Kind::EventCount | Kind::ValueCount);
            let near = |bound: Fixed| match whole {
                true => [bound, bound.next_whole(false), bound.next_whole(true)],
                false => [bound, bound.next(false), bound.next(true)],
            };
            let tried = bounds.iter().flat_map(|(_, bound)| near(*bound));
            let inside = |number: &Fixed| {
                least.is_none_or(|least| *number >= least)
                    && most.is_none_or(|most| *number <= most)
                    && (!whole || number.0.rem_euclid(1 << 32) == 0)
            };
            let tried = tried.chain(least).chain(most).filter(inside);
            tried.into_iter().any(|number| Ratio::plain(number).meets(bounds))
        }
        Test::Rules(logic) if law.kind == Kind::Temporal => {
            let able: Vec<usize> = (0..idle.len()).filter(|slot| can(*slot)).collect();
            let sets = 1u32..1 << able.len().min(RULES_TRIED_MAX);
            let has = |chosen: u32, slot: usize| {
                able.iter().position(|other| *other == slot).is_some_and(|at| chosen >> at & 1 == 1)
            };
            let work = logic.size() << able.len().min(RULES_TRIED_MAX);
            able.len() > RULES_TRIED_MAX
                || work > WORK_MAX
                || sets.into_iter().any(|chosen| logic.holds(&|slot| has(chosen, slot)))
        }
        Test::Rules(_) | Test::Every => true,
    };
    (!possible)
        .then(|| State::Unreachable(format!("no events have what it asks for: {}", law.summary)))
}

/// Why a part never matches.
fn idle(set: &RuleSet, part: Part) -> Option<&State> {
    let state = match part {
        Part::Rule(number) => &set.rules().get(number as usize)?.state,
        Part::Correlation(number) => &set.correlations().get(number as usize)?.state,
    };
    (*state != State::Ok).then_some(state)
}

/// The least and the greatest number that can be measured, where there is one.
fn range(correlated: &Correlated, law: &Law, rules: usize) -> (Option<Fixed>, Option<Fixed>) {
    let one = Some(Fixed::whole(1));
    match law.kind {
        Kind::EventCount => (one, None),
        Kind::ValueCount => {
            let rule = &correlated.rule;
            let Trigger::Measure { fields, .. } = &rule.trigger else { return (one, None) };
            // In a group there is one value of what it is grouped by.
            let grouped = fields.iter().all(|field| rule.group_by.contains(field));
            (one, one.filter(|_| grouped))
        }
        Kind::Temporal | Kind::TemporalOrdered => (one, Some(Fixed::whole(rules as u64))),
        Kind::IntervalVariation => (Some(Fixed::default()), None),
        Kind::ValueSum | Kind::ValueAvg | Kind::ValuePercentile | Kind::ValueMedian => (None, None),
    }
}

#[cfg(test)]
mod tests {
    use crate::{Level, Loaded, Options, State, load};

    const BASE: &str = "title: a\nname: a\nlevel: informational\nlogsource: {product: x}\n\
        detection:\n  s: {k: a}\n  condition: s\n---\n\
        title: b\nname: b\nlevel: high\nlogsource: {product: x}\n\
        detection:\n  s: {k: b}\n  condition: s\n---\n\
        title: never\nname: never\nlevel: high\nlogsource: {product: x}\n\
        detection:\n  s: {k: a}\n  t: {k: b}\n  condition: s and not s\n---\n\
        title: off\nname: off\nlevel: high\nlogsource: {product: x}\n\
        detection:\n  s: {'k|expand': '%nothing%'}\n  condition: s\n---\n";

    fn loaded(body: &str, options: &Options) -> Loaded {
        let text = format!(
            "{BASE}title: it\nlevel: high\ncorrelation:\n  timespan: 5m\n  {}\n",
            body.replace('\n', "\n  ")
        );
        load([("file.yml".into(), text.as_str())], options)
    }

    #[test]
    fn what_cannot_match_is_not_called_ok() {
        for (body, expected) in [
            ("type: event_count\nrules: [a]\ncondition: {gte: 2}", "ok"),
            ("type: event_count\nrules: [a]\ncondition: {gte: 5, lte: 3}", "no events"),
            ("type: event_count\nrules: [a]\ncondition: {gt: 5, lt: 6}", "no events"),
            ("type: event_count\nrules: [a]\ncondition: {gt: 5, lt: 7}", "ok"),
            ("type: event_count\nrules: [a]\ncondition: {eq: 0}", "no events"),
            ("type: event_count\nrules: [a]\ncondition: {eq: 2.5}", "no events"),
            ("type: event_count\nrules: [a]\ncondition: {lt: 1}", "no events"),
            ("type: event_count\nrules: [a]\ncondition: {lt: 2}", "ok"),
            ("type: value_count\nrules: [a]\ncondition: {field: f, gte: 2}", "ok"),
            (
                "type: value_count\nrules: [a]\ngroup-by: [f, g]\ncondition: {field: f, gte: 2}",
                "no events",
            ),
            ("type: value_avg\nrules: [a]\ncondition: {field: f, gt: 5, lt: 6}", "ok"),
            ("type: value_avg\nrules: [a]\ncondition: {field: f, gt: 6, lt: 5}", "no events"),
            ("type: interval_variation\nrules: [a]\ncondition: {lt: 0}", "no events"),
            ("type: temporal\nrules: [a, b]", "ok"),
            ("type: temporal\nrules: [a, b]\ncondition: {gte: 3}", "no events"),
            ("type: temporal\nrules: [a, b]\ncondition: a and not a", "no events"),
            ("type: temporal\nrules: [a, b]\ncondition: not a and not b", "no events"),
            ("type: temporal\nrules: [a, b]\ncondition: a and not b", "ok"),
            ("type: temporal\nrules: [a, never]", "what it needs cannot match: never"),
            ("type: temporal\nrules: [a, never]\ncondition: a or never", "ok"),
            ("type: temporal\nrules: [a, b, never]\ncondition: {gte: 3}", "no events"),
            ("type: event_count\nrules: [never]\ncondition: {gte: 2}", "cannot match: never"),
            ("type: temporal_ordered\nrules: [a, off]", "disabled"),
            ("type: temporal_ordered\nrules: [a, b, off]\ncondition: a and (b or off)", "ok"),
            ("type: temporal_ordered\nrules: [a, b, off]\ncondition: (a or b) and off", "disabled"),
        ] {
            let loaded = loaded(body, &Options::default());
            assert!(loaded.problems.is_empty(), "{body}: {}", loaded.problems[0]);
            let state = match &loaded.set.correlations()[0].state {
                State::Ok => "ok".to_owned(),
                State::Unreachable(why) => why.clone(),
                State::Disabled(_) => "disabled".to_owned(),
            };
            assert!(state.contains(expected), "{body}: {state}");
        }
    }

    #[test]
    fn what_is_wrong_names_file_line_and_rule() {
        for (body, part) in [
            ("type: event_count\nrules: [nobody]\ncondition: {gte: 2}", "nobody, which is not"),
            ("type: event_count\nrules: [a]\ncondition: {gte: 2000000}", "counts up to 1048576"),
            (
                "type: event_count\nrules: [a, b]\ngroup-by: [who]\ncondition: {gte: 2}\n\
                 aliases: {who: {a: user}}",
                "`who` says nothing of `b`",
            ),
            (
                "type: event_count\nrules: [a]\ncondition: {gte: 2}\naliases: {who: {a: user}}",
                "`who` is not used",
            ),
            ("type: temporal_ordered\nrules: [a]", "needs two steps"),
            ("type: temporal_ordered\nrules: [a, b]\ncondition: a and not b", "must be steps"),
            ("type: temporal_ordered\nrules: [a, b]\ncondition: {lte: 1}", "only `gt` and `gte`"),
        ] {
            let loaded = loaded(body, &Options::default());
            let problem = loaded.problems.first().map(ToString::to_string).unwrap_or_default();
            assert!(problem.starts_with("file.yml:34:1: "), "{problem}");
            assert!(problem.contains(part) && problem.contains("(rule `it`)"), "{problem}");
            let correlations = loaded.set.correlations();
            assert!(correlations.iter().all(|it| it.state != State::Ok), "{body}");
        }
    }

    #[test]
    fn what_a_correlation_needs_is_evaluated_and_alerts_only_through_it() {
        let options = Options { min_level: Some(Level::Medium), ..Options::default() };
        let body = |generate| format!("type: temporal\nrules: [a, b]\ngenerate: {generate}");
        let roles = |generate, options: &Options| {
            let loaded = loaded(&body(generate), options);
            let rules = loaded.set.rules().iter().take(2);
            rules.map(|rule| (rule.state == State::Ok, rule.alone)).collect::<Vec<_>>()
        };
        assert_eq!(roles(false, &options), [(true, false), (true, false)]);
        assert_eq!(roles(true, &options), [(true, false), (true, true)]);
        assert_eq!(roles(true, &Options::default()), [(true, true), (true, true)]);
        // Nothing wants it: its level keeps it out.
        let alone = loaded("type: temporal\nrules: [b, b]", &options);
        assert!(matches!(alone.set.rules()[0].state, State::Disabled(_)));
        let critical = Options { min_level: Some(Level::Critical), ..Options::default() };
        let out = loaded(&body(true), &critical);
        assert!(matches!(out.set.correlations()[0].state, State::Disabled(_)));
        assert!(matches!(out.set.rules()[1].state, State::Disabled(_)));
        assert!(out.set.plan().laws().is_empty() && !out.set.plan().wants(1));
    }
}
