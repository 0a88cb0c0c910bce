//! Alerts during an attack: how many are false, which phases of the attack are found, how long the
//! first one takes. The same measures for the simplest detector that there is: the first time that a
//! host shows a kind of alert.
//!
//! The first day is for learning: what is raised in it does not count as false, and rates are per
//! day after it.

use seerflow_model::Ns;
use seerflow_model::time::DAY;
use serde::Serialize;
use std::collections::{BTreeSet, HashSet};
use std::hash::Hash;

/// Something that was raised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alarm {
    /// When.
    pub time: Ns,
    /// The phases whose rows it shows; none of a false one.
    pub phases: BTreeSet<usize>,
    /// The phases with rows of its host in the time that it is about.
    pub around: BTreeSet<usize>,
}

/// What happened on a site.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Truth {
    /// First and last row.
    pub span: (Ns, Ns),
    /// Each phase with its first row.
    pub phases: Vec<(String, Ns)>,
}

/// What alarms are worth.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Scores {
    /// All that were raised.
    pub raised: usize,
    /// Those raised on the first day.
    pub first_day: usize,
    /// False ones after it.
    pub false_alarms: usize,
    /// The same per day.
    pub false_a_day: f64,
    /// Phases of which an alarm shows a row.
    pub phases_found: usize,
    /// Phases with rows of the host of an alarm in the time that it is about.
    pub phases_around: usize,
    /// All phases.
    pub phases: usize,
    /// From the first row of the attack to the first alarm that shows one, hours.
    pub hours_to_first: Option<f64>,
    /// Each phase that was found, with the hours from its first row to the first alarm that shows
    /// one of its rows.
    pub found: Vec<(String, f64)>,
}

/// Scores the alarms of one site.
pub fn score(truth: &Truth, alarms: &[Alarm]) -> Scores {
    let (first, last) = truth.span;
    let learnt = first.saturating_add(DAY);
    let hours = |from: Ns, to: Ns| (to as f64 - from as f64).max(0.0) / 3.6e12;
    let when = |phase: usize| {
        alarms.iter().filter(|alarm| alarm.phases.contains(&phase)).map(|alarm| alarm.time).min()
    };
    let begun = truth.phases.iter().map(|(_, first)| *first).min();
    let told = alarms.iter().filter(|alarm| !alarm.phases.is_empty()).map(|alarm| alarm.time).min();
    let later = alarms.iter().filter(|alarm| alarm.time >= learnt);
    let false_alarms = later.filter(|alarm| alarm.phases.is_empty()).count();
    let days = last.saturating_sub(learnt) as f64 / DAY as f64;
    let found: Vec<(String, f64)> = (0..truth.phases.len())
        .filter_map(|phase| {
            let (name, first) = &truth.phases[phase];
            Some((name.clone(), hours(*first, when(phase)?)))
        })
        .collect();
    let around: BTreeSet<usize> = alarms.iter().flat_map(|alarm| &alarm.around).copied().collect();
    Scores {
        raised: alarms.len(),
        first_day: alarms.iter().filter(|alarm| alarm.time < learnt).count(),
        false_alarms,
        false_a_day: if days > 0.0 { false_alarms as f64 / days } else { 0.0 },
        phases_found: found.len(),
        phases_around: around.len(),
        phases: truth.phases.len(),
        hours_to_first: begun.zip(told).map(|(begun, told)| hours(begun, told)),
        found,
    }
}

/// The simplest detector: after the first day, the first row of each key. Rows are sorted by time;
/// each has its key and the phase to which it belongs.
pub fn first_seen<K: Eq + Hash + Clone>(rows: &[(Ns, K, Option<usize>)]) -> Vec<Alarm> {
    let Some((first, ..)) = rows.first() else { return Vec::new() };
    let learnt = first.saturating_add(DAY);
    let mut known = HashSet::new();
    let mut alarms = Vec::new();
    for (time, key, phase) in rows {
        if known.insert(key.clone()) && *time >= learnt {
            let phases: BTreeSet<usize> = phase.iter().copied().collect();
            alarms.push(Alarm { time: *time, around: phases.clone(), phases });
        }
    }
    alarms
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Ns = DAY / 24;

    fn truth() -> Truth {
        let phases = vec![("scan".to_owned(), 2 * DAY), ("steal".to_owned(), 2 * DAY + HOUR)];
        Truth { span: (0, 3 * DAY), phases }
    }

    fn alarm(time: Ns, phases: &[usize]) -> Alarm {
        let phases: BTreeSet<usize> = phases.iter().copied().collect();
        Alarm { time, around: phases.clone(), phases }
    }

    #[test]
    fn by_hand() {
        let alarms = [
            alarm(HOUR, &[]),
            alarm(DAY, &[]),
            alarm(DAY + HOUR, &[]),
            alarm(2 * DAY, &[]),
            alarm(2 * DAY + 3 * HOUR, &[1]),
            alarm(2 * DAY + 4 * HOUR, &[1]),
        ];
        let scores = score(&truth(), &alarms);
        assert_eq!((scores.raised, scores.first_day, scores.false_alarms), (6, 1, 3));
        assert_eq!(scores.false_a_day, 1.5);
        assert_eq!((scores.phases_found, scores.phases), (1, 2));
        assert_eq!(scores.hours_to_first, Some(3.0));
        assert_eq!(scores.found, vec![("steal".to_owned(), 2.0)]);
        let wide = Alarm { around: BTreeSet::from([0, 1]), ..alarm(2 * DAY, &[1]) };
        let wide = score(&truth(), &[wide]);
        assert_eq!((wide.phases_found, wide.phases_around), (1, 2));
        let nothing = score(&truth(), &[]);
        assert_eq!((nothing.phases_found, nothing.hours_to_first), (0, None));
    }

    #[test]
    fn first_seen_raises_each_key_once_after_a_day() {
        let rows = [
            (0, "a", None),
            (HOUR, "b", None),
            (DAY, "b", None),
            (DAY, "c", None),
            (2 * DAY, "d", Some(0)),
            (2 * DAY, "d", Some(0)),
        ];
        let expected = vec![alarm(DAY, &[]), alarm(2 * DAY, &[0])];
        assert_eq!(first_seen(&rows), expected);
        assert_eq!(first_seen::<u8>(&[]), vec![]);
    }
}
