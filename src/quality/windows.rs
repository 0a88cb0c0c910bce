//! The scoring rules of the Numenta Anomaly Benchmark (Lavin, Ahmad 2015), for detections that are
//! given row by row.
//!
//! The first 15 % of a series, at most 750 rows, are not scored. A window counts once, by its
//! earliest detection: σ at the detection's relative place, from 1 at its left edge to 0 just
//! right of it; a window without one costs the weight of a miss. A detection outside costs between
//! 0 and 1 times the weight of a false one, by its distance past the last window in widths of
//! that window, and 1 before any window. The score is 100 when each window is found at once and
//! nothing else, 0 when nothing is detected at all.

use seerflow_model::Ns;
use seerflow_model::time::DAY;
use serde::Serialize;

/// Share of the rows by which a detector may settle.
const SETTLING: f64 = 0.15;
/// Most rows for that.
const SETTLING_ROWS: usize = 750;

/// What hits, misses and false detections are worth.
#[derive(Clone, Copy, Debug)]
pub struct Profile {
    hit: f64,
    miss: f64,
    wrong: f64,
}

/// Hits and misses count alike.
pub const STANDARD: Profile = Profile { hit: 1.0, miss: 1.0, wrong: 0.11 };
/// False detections count twice.
pub const LOW_FALSE_POSITIVES: Profile = Profile { wrong: 0.22, ..STANDARD };
/// Misses count twice.
pub const LOW_FALSE_NEGATIVES: Profile = Profile { miss: 2.0, ..STANDARD };

/// A series with its windows as rows, and the rows that were detected.
#[derive(Clone, Debug, Default)]
pub struct Judged {
    /// When each row was.
    pub times: Vec<Ns>,
    /// First and last row of each window.
    pub windows: Vec<(usize, usize)>,
    /// Detected rows, ascending, each once.
    pub detected: Vec<usize>,
}

/// What detections are worth.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Scores {
    /// Standard profile.
    pub standard: f64,
    /// False detections cost twice.
    pub low_fp: f64,
    /// Misses cost twice.
    pub low_fn: f64,
    /// Windows that count.
    pub windows: usize,
    /// Windows with a detection.
    pub windows_found: usize,
    /// Detected rows outside of windows.
    pub false_points: usize,
    /// The same per day and series.
    pub false_points_a_day: f64,
    /// Median time from the beginning of a window to its first detection, hours.
    pub median_delay_hours: Option<f64>,
}

/// Windows as rows: from the first row at or after their beginning to the last one at or before
/// their end.
pub fn rows_of(times: &[Ns], windows: &[(Ns, Ns)]) -> Vec<(usize, usize)> {
    let rows = |(from, to): &(Ns, Ns)| {
        let first = times.iter().position(|time| time >= from)?;
        // The first row of the last moment, where several share it.
        let last = times.iter().position(|time| time == to);
        let last = last.or_else(|| times.iter().rposition(|time| time <= to))?;
        (first <= last).then_some((first, last))
    };
    windows.iter().filter_map(rows).collect()
}

fn settled(rows: usize) -> usize {
    ((SETTLING * rows as f64) as usize).min(SETTLING_ROWS)
}

fn sigmoid(x: f64) -> f64 {
    if x > 3.0 { -1.0 } else { 2.0 / (1.0 + (5.0 * x).exp()) - 1.0 }
}

impl Judged {
    /// What a detection in a window is worth: 1 at its left edge.
    fn inside(&self, at: usize, (from, to): (usize, usize)) -> f64 {
        let place = -((to - at + 1) as f64) / (to - from + 1) as f64;
        sigmoid(place) / sigmoid(-1.0)
    }

    /// What a detection outside is worth, between −1 and 0.
    fn outside(&self, at: usize) -> f64 {
        match self.windows.iter().rev().find(|(_, to)| *to < at) {
            Some((from, to)) => sigmoid((at - to) as f64 / (to - from).max(1) as f64),
            None => -1.0,
        }
    }

    fn window_of(&self, at: usize) -> Option<usize> {
        self.windows.iter().position(|(from, to)| (*from..=*to).contains(&at))
    }
}

/// Scores all series together.
pub fn score(all: &[Judged]) -> Scores {
    let (mut windows, mut hits, mut wrong) = (0, Vec::new(), 0.0);
    let (mut false_points, mut delays, mut span) = (0, Vec::new(), 0);
    for series in all {
        let from = settled(series.times.len());
        let counts = |at: usize| series.windows[at].1 >= from;
        windows += (0..series.windows.len()).filter(|at| counts(*at)).count();
        let mut first = vec![None; series.windows.len()];
        for at in series.detected.iter().copied().filter(|at| *at >= from) {
            match series.window_of(at) {
                Some(window) => {
                    first[window].get_or_insert(at);
                }
                None => {
                    false_points += 1;
                    wrong += series.outside(at);
                }
            }
        }
        for (window, at) in first.iter().enumerate() {
            let Some(at) = *at else { continue };
            hits.push(series.inside(at, series.windows[window]));
            let waited = series.times[at].saturating_sub(series.times[series.windows[window].0]);
            delays.push(waited as f64 / 3.6e12);
        }
        let ends = series.times.first().zip(series.times.last());
        span += ends.map_or(0, |(first, last)| last.saturating_sub(*first));
    }
    let scored = |Profile { hit, miss, wrong: cost }: Profile| {
        let missed = (windows - hits.len()) as f64;
        let raw = hit * hits.iter().sum::<f64>() - miss * missed + cost * wrong;
        let (null, perfect) = (-miss * windows as f64, hit * windows as f64);
        if windows == 0 { 0.0 } else { 100.0 * (raw - null) / (perfect - null) }
    };
    let days = span as f64 / DAY as f64 * (1.0 - SETTLING);
    Scores {
        standard: scored(STANDARD),
        low_fp: scored(LOW_FALSE_POSITIVES),
        low_fn: scored(LOW_FALSE_NEGATIVES),
        windows,
        windows_found: hits.len(),
        false_points,
        false_points_a_day: if days > 0.0 { false_points as f64 / days } else { 0.0 },
        median_delay_hours: median(delays),
    }
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => None,
        n if n % 2 == 1 => Some(values[middle]),
        _ => Some(f64::midpoint(values[middle - 1], values[middle])),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use seerflow_model::time::SECOND;

    const HOUR: Ns = 3600 * SECOND;

    fn judged(detected: &[usize]) -> Judged {
        Judged {
            times: (0..1_000).map(|n| n * HOUR).collect(),
            windows: vec![(100, 120), (400, 450), (800, 820)],
            detected: detected.to_vec(),
        }
    }

    #[test]
    fn nothing_is_0_and_everything_at_once_is_100() {
        let nothing = score(&[judged(&[])]);
        // The first window lies where detectors settle.
        assert_eq!((nothing.windows, nothing.standard, nothing.low_fn), (2, 0.0, 0.0));
        assert_eq!(nothing.median_delay_hours, None);
        let all = score(&[judged(&[110, 400, 401, 450, 800])]);
        assert!((all.standard - 100.0).abs() < 1e-9, "{all:?}");
        assert_eq!((all.windows_found, all.false_points), (2, 0));
        assert_eq!(all.median_delay_hours, Some(0.0));
        assert_eq!(score(&[]), Scores::default());
    }

    #[test]
    fn by_hand() {
        // Half of a window late: σ(−26/51) / σ(−1).
        let late = score(&[judged(&[425])]);
        let worth = (2.0 / (1.0 + (-5.0f64 * 26.0 / 51.0).exp()) - 1.0)
            / (2.0 / (1.0 + (-5.0f64).exp()) - 1.0);
        assert!((late.standard - 100.0 * (worth + 1.0) / 4.0).abs() < 1e-9);
        assert_eq!(late.median_delay_hours, Some(25.0));
        // Before any window but the settling: a whole false detection; far behind one too.
        let wrong = score(&[Judged { windows: vec![(400, 450)], ..judged(&[200, 999]) }]);
        assert!((wrong.standard + 100.0 * 0.22 / 2.0).abs() < 1e-9, "{wrong:?}");
        assert!((wrong.low_fp + 100.0 * 0.44 / 2.0).abs() < 1e-9);
        assert!((wrong.low_fn + 100.0 * 0.22 / 3.0).abs() < 1e-9);
        assert_eq!(wrong.false_points, 2);
        // Close behind a window it costs little.
        let close = score(&[judged(&[451])]);
        assert!(close.standard < 0.0 && close.standard > -0.5, "{close:?}");
    }

    #[test]
    fn windows_become_rows() {
        let times: Vec<Ns> = [0, 10, 10, 20, 30, 40].into();
        for (window, rows) in [
            ((10, 30), vec![(1, 4)]),
            ((5, 10), vec![(1, 1)]),
            ((15, 35), vec![(3, 4)]),
            ((41, 50), vec![]),
            ((11, 19), vec![]),
        ] {
            assert_eq!(rows_of(&times, &[window]), rows, "{window:?}");
        }
    }

    /// Series, windows and detections by a small generator; the figures are those of an independent
    /// implementation of the rules, which gives the published scores of ten detectors.
    #[test]
    fn as_another_implementation_scores() {
        let mut state = 12_345u64;
        let mut next = |n: u64| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % n
        };
        let mut all = Vec::new();
        for (rows, step) in [(1_000, 300), (400, 3_600), (6_000, 60)] {
            let mut at = 0;
            let times: Vec<Ns> = (0..rows)
                .map(|_| {
                    let now = at;
                    at += step * (1 + next(3)) * SECOND;
                    now
                })
                .collect();
            let mut windows: Vec<(usize, usize)> = (0..3)
                .map(|_| {
                    let from = next(rows - 60) as usize;
                    (from, from + 20 + next(30) as usize)
                })
                .collect();
            windows.sort_unstable();
            let mut detected: Vec<usize> = (0..12).map(|_| next(rows) as usize).collect();
            detected.sort_unstable();
            detected.dedup();
            all.push(Judged { times, windows, detected });
        }
        let scores = score(&all);
        let near = |a: f64, b: f64, within: f64| assert!((a - b).abs() <= within, "{scores:?}");
        near(scores.standard, 25.29, 0.005);
        near(scores.low_fp, 10.06, 0.005);
        near(scores.low_fn, 31.68, 0.005);
        near(scores.false_points_a_day, 0.663, 0.0005);
        near(scores.median_delay_hours.unwrap(), 19.83, 0.005);
        assert_eq!((scores.windows, scores.windows_found, scores.false_points), (9, 4, 27));
    }
}
