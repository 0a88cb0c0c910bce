//! Part three: sessions. Each event of a session becomes a row of a table whose `user` is the
//! session and whose message is made of words that only this kind of event has, so that it is one
//! template. Times are a second apart; the normal sessions for training come first.
//!
//! A session is judged by the least probability of its events and of itself as a whole, and called
//! anomalous when that is below [`ALARM_BELOW`].

use super::Options;
use super::layout::SessionSet;
use super::least::Least;
use super::ranking::{self, Judged};
use super::run::{self, storage};
use super::stream::{COLUMNS, Stream};
use crate::failure::Failure;
use serde::Serialize;
use std::sync::Arc;

/// A session with an event of less probability is called anomalous.
pub const ALARM_BELOW: f64 = 1e-3;

/// Scores of one set.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SetScores {
    /// What it is called.
    pub name: String,
    /// Normal sessions that were learnt from.
    pub trained: u64,
    /// Normal sessions that were judged.
    pub normal: u64,
    /// Anomalous ones.
    pub anomalous: u64,
    /// Sessions repeated between them.
    pub fillers: u64,
    /// Sessions without any event that had a probability; they count as normal.
    pub unjudged: usize,
    /// What the scores are worth; none when no event had a probability.
    pub scores: Option<ranking::Scores>,
    /// What each channel by itself is worth.
    pub channels: Vec<ChannelScores>,
}

/// One channel alone, by the same rule.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ChannelScores {
    /// Its name.
    pub channel: &'static str,
    /// Area under the ROC curve.
    pub auc: f64,
    /// Share of anomalous sessions that it finds.
    pub recall: f64,
    /// Share of normal ones that it takes for anomalous.
    pub fpr: f64,
}

/// Measures every set.
pub fn measure(all: &[SessionSet], options: &Options) -> Result<Vec<SetScores>, Failure> {
    all.iter().map(|set| one(set, options)).collect()
}

fn one(set: &SessionSet, options: &Options) -> Result<SetScores, Failure> {
    let file = tempfile::Builder::new().suffix(".csv").tempfile().map_err(|e| storage(&e))?;
    let mut stream = Stream::new(file.as_file())?;
    let trained = stream.train(&set.train)?;
    let share = options.anomalous_share;
    let (normal, anomalous, fillers) = stream.judge(set, trained, share)?;
    let Stream { places, labels, .. } = stream.end(set)?;
    let watch = Arc::new(Least::new(places));
    run::analyze(file.path(), &COLUMNS, options.workers, Some(watch.clone()))?;
    let least = watch.all();
    let unjudged = least.iter().filter(|p| p.is_none()).count();
    let scores = (unjudged < least.len()).then(|| score(&least, &labels, share));
    let of = |(channel, least): (&'static str, Vec<Option<f64>>)| {
        let ranking::Scores { auc, fixed, fpr, .. } = score(&least, &labels, share);
        ChannelScores { channel, auc, recall: fixed.recall, fpr }
    };
    let channels = watch.by_channel().into_iter().map(of).collect();
    let name = set.name.clone();
    Ok(SetScores { name, trained, normal, anomalous, fillers, unjudged, scores, channels })
}

/// Scores by least probabilities; a session without any is the most normal.
fn score(least: &[Option<f64>], labels: &[bool], share: f64) -> ranking::Scores {
    let judged: Vec<Judged> = least
        .iter()
        .zip(labels)
        .map(|(p, anomalous)| Judged { score: p.map_or(0.0, surprise), anomalous: *anomalous })
        .collect();
    ranking::score(&judged, surprise(ALARM_BELOW).next_up(), share)
}

/// −ln p: higher is more anomalous.
fn surprise(probability: f64) -> f64 {
    -probability.max(f64::MIN_POSITIVE).ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rule_is_below_the_level() {
        assert!(surprise(0.0) > surprise(1e-300) && surprise(1e-4) > surprise(1e-3));
        let least = [Some(1e-3), Some(0.9e-3), None, Some(1e-9)];
        let scores = score(&least, &[false, true, false, true], 0.5);
        assert_eq!((scores.auc, scores.fixed.recall, scores.fpr), (1.0, 1.0, 0.0));
    }
}
