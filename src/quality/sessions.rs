//! Part three: sessions. Each event of a session becomes a row of a table whose `user` is the
//! session and whose message is made of words that only this kind of event has, so that it is one
//! template. Times are a second apart; the normal sessions for training come first.
//!
//! A session is judged by its probability as a whole, or by that of its rarest event where there is
//! none ([`Least`]), and called anomalous when that is below [`ALARM_BELOW`].

use super::Options;
use super::layout::SessionSet;
use super::least::Least;
use super::ranking::{self, Judged};
use super::run::{self, Budget, Watch, storage};
use super::stream::{self, COLUMNS, Draw, Stream};
use crate::failure::Failure;
use seerflow_model::{Alert, Channel};
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A session of less probability is called anomalous.
pub const ALARM_BELOW: f64 = 1e-3;

/// Scores of one set.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SetScores {
    /// What it is called.
    pub name: String,
    /// Normal sessions that were learnt from.
    pub trained: u64,
    /// Normal sessions of the set; each is judged once a draw.
    pub normal: u64,
    /// Anomalous ones.
    pub anomalous: u64,
    /// Runs, each with its part of the anomalous ones.
    pub draws: u64,
    /// Anomalous ones that were judged.
    pub anomalous_judged: usize,
    /// Sessions of which nothing was said; they count as normal.
    pub unjudged: usize,
    /// What the scores are worth; none when nothing was said of any session.
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

/// What is judged, over all draws.
#[derive(Default)]
struct Judgements {
    trained: u64,
    draws: u64,
    labels: Vec<bool>,
    least: Vec<Option<f64>>,
    by_channel: BTreeMap<&'static str, Vec<Option<f64>>>,
}

impl Judgements {
    /// Runs one draw; says how many events it had.
    fn add(&mut self, set: &SessionSet, draw: Draw, options: &Options) -> Result<u64, Failure> {
        let file = tempfile::Builder::new().suffix(".csv").tempfile().map_err(|e| storage(&e))?;
        let mut stream = Stream::new(file.as_file())?;
        self.trained = stream.train(&set.train)?;
        stream.judge(set, draw)?;
        let Stream { places, labels, events, .. } = stream.end(set)?;
        let watch = Arc::new(Least::new(places));
        let (file, workers) = (file.path(), options.workers);
        let outcome = run::analyze(file, &COLUMNS, workers, Budget::Off, Some(watch.clone()))?;
        outcome.alerts.iter().for_each(|alert| told(alert, &watch));
        let before = self.least.len();
        self.labels.extend(labels);
        self.least.extend(watch.all());
        for (channel, least) in watch.by_channel() {
            let known = self.by_channel.entry(channel).or_default();
            known.resize(before, None);
            known.extend(least);
        }
        self.draws += 1;
        Ok(events)
    }
}

/// Counts what an alert says of the events that it shows: that they are of a kind that was never
/// seen, for one, is no score that is calibrated. The alert budget rations what people are told,
/// not what is improbable, and is off. Times are made up here, so what is said of rates, levels and
/// silences does not count.
fn told(alert: &Alert, watch: &Least) {
    let event = [Channel::Content.name(), Channel::Sequence.name()];
    let of_events = alert.evidence.iter().all(|e| event.contains(&e.channel.as_str()));
    if alert.evidence.is_empty() || !of_events {
        return;
    }
    for event in &alert.events {
        if let Some(seq) = stream::record_at(event.timestamp_ns) {
            watch.judged(seq, alert.probability, &[("alerts", alert.probability)]);
        }
    }
}

fn one(set: &SessionSet, options: &Options) -> Result<SetScores, Failure> {
    let (mut normal, mut anomalous) = (0, 0);
    for slice in &set.judged {
        let (good, bad) = slice.counts()?;
        (normal, anomalous) = (normal + good, anomalous + bad);
    }
    let mut judgements = Judgements::default();
    let mut draw = Draw::first(normal, anomalous, options.anomalous_share);
    let mut events = 0;
    loop {
        events += judgements.add(set, draw, options)?;
        match draw.next(events) {
            Some(next) => draw = next,
            None => break,
        }
    }
    let Judgements { trained, draws, labels, least, by_channel } = judgements;
    let own = anomalous as f64 / (normal + anomalous) as f64;
    let score = |least: &[Option<f64>]| score(least, &labels, own, options.anomalous_share);
    let unjudged = least.iter().filter(|p| p.is_none()).count();
    let scores = (unjudged < least.len()).then(|| score(&least));
    let of = |(channel, mut least): (&'static str, Vec<Option<f64>>)| {
        least.resize(labels.len(), None);
        let ranking::Scores { auc, recall, fpr, .. } = score(&least);
        ChannelScores { channel, auc, recall, fpr }
    };
    Ok(SetScores {
        name: set.name.clone(),
        trained,
        normal,
        anomalous,
        draws,
        anomalous_judged: labels.iter().filter(|anomalous| **anomalous).count(),
        unjudged,
        scores,
        channels: by_channel.into_iter().map(of).collect(),
    })
}

/// Scores by least probabilities; a session without any is the most normal.
fn score(least: &[Option<f64>], labels: &[bool], own: f64, share: f64) -> ranking::Scores {
    let judged: Vec<Judged> = least
        .iter()
        .zip(labels)
        .map(|(p, anomalous)| Judged { score: p.map_or(0.0, surprise), anomalous: *anomalous })
        .collect();
    ranking::score(&judged, surprise(ALARM_BELOW).next_up(), own, share)
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
        let scores = score(&least, &[false, true, false, true], 0.5, 0.1);
        assert_eq!((scores.auc, scores.recall, scores.fpr), (1.0, 1.0, 0.0));
    }
}
