//! The chain as the engine wires it: one peer group of series, a calibrator, a table one quantum
//! later. Empty buckets are closed only when the series asks for it.

use crate::streams::{Rng, Shape};
use seerflow_detection::*;

/// One peer group on a simulated stream.
pub struct Chain {
    pub volume: VolumeConfig,
    pub calibration: CalibrationConfig,
    pub series: Vec<Series>,
    /// Mean per bucket of each series.
    pub means: Vec<f64>,
    pub shape: Shape,
    pub calibrator: Calibrator,
    pub table: Option<Table>,
    pub rng: Rng,
}

/// A decision the engine would make.
#[derive(Clone, Copy, Debug)]
pub struct Decision {
    pub series: usize,
    pub side: Side,
    pub p: f64,
}

impl Chain {
    /// `entities` series that share `per_second` events; the busiest has about 20 times as many
    /// as the quietest of a thousand.
    pub fn new(
        shape: Shape,
        kind: SeriesKind,
        per_second: f64,
        entities: usize,
        seed: u64,
    ) -> Chain {
        let weights: Vec<f64> = (0..entities).map(|i| 1.0 / (1.0 + i as f64).sqrt()).collect();
        let sum: f64 = weights.iter().sum();
        Chain {
            volume: VolumeConfig::default(),
            calibration: CalibrationConfig::default(),
            series: (0..entities).map(|_| Series::new(kind)).collect(),
            means: weights.iter().map(|w| per_second * 60.0 * w / sum).collect(),
            shape,
            calibrator: Calibrator::default(),
            table: None,
            rng: Rng(seed.wrapping_mul(0x1234_5677).wrapping_add(entities as u64)),
        }
    }

    pub fn calibrated(&self) -> bool {
        self.table.as_ref().is_some_and(Table::calibrated)
    }

    /// Closes one bucket of all series; `inject` may change the counts.
    pub fn step(
        &mut self,
        bucket: u64,
        mut inject: impl FnMut(usize, u64) -> u64,
        mut decide: impl FnMut(Decision),
    ) {
        let mut partial = ScoreHistogram::default();
        for index in 0..self.series.len() {
            let drawn = self.shape.draw(&mut self.rng, self.means[index], bucket);
            let count = inject(index, drawn);
            let series = &mut self.series[index];
            if count == 0 && series.next_due(&self.volume) != Some(bucket) {
                continue;
            }
            let Some(raw) = series.close(&self.volume, bucket, count) else {
                partial.add_warming();
                continue;
            };
            partial.add_raw(&raw);
            if let Some(table) = &self.table
                && let Some((p, side)) = table.two_sided(raw.upper, raw.lower)
            {
                decide(Decision { series: index, side, p });
            }
        }
        self.calibrator.absorb(&partial);
        if let Some(table) = self.calibrator.close_quantum(&self.calibration) {
            self.table = Some(table);
        }
    }

    /// Expected decisions in one bucket, by the truth.
    pub fn attainable(&self, level: f64, bucket: u64) -> f64 {
        self.means.iter().map(|&mean| self.shape.attainable(level, mean, bucket)).sum()
    }
}

/// Seeds and days, more of both with `SEERFLOW_FULL=1`.
pub fn effort(short: u64, full: u64) -> u64 {
    if std::env::var_os("SEERFLOW_FULL").is_some() { full } else { short }
}
