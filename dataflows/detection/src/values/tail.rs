//! How rare a distance is among all that were seen: counts in bins of constant relative width.
//!
//! Distances come in units of what is usual, so that thirteen octaves from a half on are all
//! there is to know: nearer ones are only counted, farther ones are one bin. Beyond everything
//! seen the tail is taken to fall exponentially at the pace of its last twentieth. When a bin is
//! full all are halved, so old habits fade. Cost: a logarithm and a pass over 64 counts; at most
//! 160 bytes.

use serde::{Deserialize, Serialize};

/// Bins an octave.
const PER_OCTAVE: f64 = 5.0;
/// Bins.
const BINS: usize = 64;
/// The least distance that has a bin.
const LEAST: f64 = 0.5;
/// The tail by which what lies beyond everything seen is judged begins here …
const TAIL: f64 = 0.05;
/// … but holds at least so many.
const TAIL_MIN: f64 = 5.0;
/// Least width by which an excess is measured.
const WIDTH_MIN: f64 = 0.5;
/// Distances before anything is said about what lies beyond them.
const BEYOND_FROM: f64 = 20.0;
/// Nats that being beyond everything seen can add.
const BEYOND_MAX: f64 = 60.0;
/// Looks at which everything is halved.
const HALVE_AT: u32 = 1 << 20;

/// Counts of distances, and of looks at which there may have been one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Tail {
    looks: u32,
    counts: Vec<u16>,
}

fn bin(distance: f64) -> Option<usize> {
    let at = libm::log2(distance / LEAST) * PER_OCTAVE;
    (at >= 0.0).then(|| (at as usize).min(BINS - 1))
}

fn edge(bin: usize) -> f64 {
    LEAST * libm::exp2(bin as f64 / PER_OCTAVE)
}

impl Tail {
    /// Counts a look.
    pub(super) fn look(&mut self) {
        self.looks += 1;
        if self.looks >= HALVE_AT {
            self.halve();
        }
    }

    /// Counts a distance. What is no number is none.
    pub(super) fn add(&mut self, distance: f64) {
        let Some(at) = bin(distance) else { return };
        if self.counts.is_empty() {
            self.counts = vec![0; BINS];
        }
        self.counts[at] += 1;
        if self.counts[at] == u16::MAX {
            self.halve();
        }
    }

    fn halve(&mut self) {
        self.looks /= 2;
        self.counts.iter_mut().for_each(|count| *count /= 2);
    }

    /// −ln of the share of looks at which there was a distance at least as great.
    pub(super) fn nats(&self, distance: f64) -> f64 {
        let distance = distance.min(edge(BINS));
        let Some(at) = bin(distance) else { return 0.0 };
        let count = |at: usize| self.counts.get(at).map_or(0.0, |&count| f64::from(count));
        let beyond: f64 = (at + 1..BINS).map(count).sum();
        let into = (distance - edge(at)) / (edge(at + 1) - edge(at));
        let seen = beyond + count(at) * (1.0 - into.clamp(0.0, 1.0));
        let nats = -libm::log(((seen + 1.0) / (f64::from(self.looks) + 1.0)).min(1.0));
        if beyond > 0.0 { nats } else { nats + self.beyond(distance) }
    }

    /// Nats for lying beyond everything seen.
    fn beyond(&self, distance: f64) -> f64 {
        let all: f64 = self.counts.iter().map(|&count| f64::from(count)).sum();
        if all < BEYOND_FROM {
            return 0.0;
        }
        let wanted = (TAIL * all).max(TAIL_MIN);
        let (mut seen, mut sum, mut start, mut last) = (0.0f64, 0.0, LEAST, LEAST);
        for (at, &count) in self.counts.iter().enumerate().rev().filter(|entry| *entry.1 > 0) {
            if seen >= wanted {
                break;
            }
            last = f64::max(last, edge(at + 1));
            start = edge(at);
            let part = f64::from(count).min(wanted - seen);
            seen += part;
            sum += part * start;
        }
        let width = if seen > 0.0 { sum / seen - start } else { 0.0 };
        ((distance - last) / width.max(WIDTH_MIN)).clamp(0.0, BEYOND_MAX)
    }

    pub(super) fn heap_bytes(&self) -> usize {
        self.counts.capacity() * size_of::<u16>()
    }
}

/// A run is over when the statistic is back at so much of its greatest.
const RUN_OVER: f64 = 0.3;

/// Runs of a statistic above zero: each has one greatest value and is one test, however often it
/// is looked at.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Runs {
    tail: Tail,
    greatest: f64,
}

impl Runs {
    /// Takes the next value of the statistic. Nats when the run has never been as far out, else 0.
    pub(super) fn step(&mut self, distance: f64) -> f64 {
        self.tail.look();
        if distance > self.greatest {
            self.greatest = distance;
            return self.tail.nats(distance);
        }
        if self.greatest > 0.0 && distance <= RUN_OVER * self.greatest {
            self.tail.add(self.greatest);
            self.greatest = 0.0;
        }
        0.0
    }

    pub(super) fn heap_bytes(&self) -> usize {
        self.tail.heap_bytes()
    }
}
