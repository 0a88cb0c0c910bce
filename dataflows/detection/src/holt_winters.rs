//! Additive Holt–Winters smoothing: level, trend and a season of slots.
//!
//! `forecast = l + b + s`, then with the residual `e` of the forecast
//! `l' = l + b + α·e`, `b' = β(l' − l) + (1 − β)·b`, `s' = s + γ·e`
//! (the usual recurrences, rearranged). The phase is a number of slots, so that a step may be
//! finer than a slot: between the middles of two slots the season is interpolated. Cost: O(1).

use serde::{Deserialize, Serialize};

/// Smoothing constants.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Smoothing {
    /// Of the level.
    pub alpha: f64,
    /// Of the trend.
    pub beta: f64,
    /// Of the season.
    pub gamma: f64,
}

/// The state of the smoother.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HoltWinters {
    /// Level.
    pub level: f64,
    /// Trend per step.
    pub trend: f64,
    /// Offset of each slot of the period.
    pub season: Box<[f64]>,
}

impl HoltWinters {
    /// Offset of the season at a phase in `[0, slots)`; slot k has its middle at k + ½.
    pub fn seasonal(&self, phase: f64) -> f64 {
        let slots = self.season.len();
        if slots == 0 {
            return 0.0;
        }
        let position = phase - 0.5 + slots as f64;
        let whole = libm::floor(position);
        let part = position - whole;
        let slot = whole as usize % slots;
        (1.0 - part) * self.season[slot] + part * self.season[(slot + 1) % slots]
    }

    /// One-step forecast.
    pub fn forecast(&self, phase: f64) -> f64 {
        self.level + self.trend + self.seasonal(phase)
    }

    /// Learns a value and gives the residual of its forecast.
    pub fn observe(&mut self, phase: f64, value: f64, by: Smoothing) -> f64 {
        let residual = value - self.forecast(phase);
        let before = self.level;
        self.level += self.trend + by.alpha * residual;
        self.trend = by.beta * (self.level - before) + (1.0 - by.beta) * self.trend;
        if !self.season.is_empty() {
            let slot = phase as usize % self.season.len();
            self.season[slot] += by.gamma * residual;
        }
        residual
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forecasts_are_those_of_the_textbook_recurrences() {
        // Additive, period 24, α = .3, β = .1, γ = .1: values and forecasts of statsmodels 0.15.0.
        let season = [
            -5.469730850766,
            5.35553957536,
            15.147117144143,
            15.407134225708,
            16.637195108093,
            19.644913740147,
            18.445573970962,
            18.893295992647,
            13.90126902464,
            17.593635361916,
            9.262732998138,
            8.070055066183,
            2.339565622032,
            -4.997244439719,
            -9.592990579358,
            -15.630987559819,
            -15.883817518789,
            -20.643546016208,
            -24.860201299945,
            -17.380412947694,
            -20.607779379146,
            -15.068054439919,
            -7.163538593754,
            -3.399724204852,
        ];
        let values = [
            94.781340195323,
            105.606610621449,
            115.398188190233,
            115.658205271798,
            116.888266154182,
            119.895984786237,
            118.696645017051,
            119.144367038737,
            114.152340070729,
            117.844706408005,
            109.513804044228,
            108.321126112272,
            102.590636668121,
            95.253826606371,
            90.658080466731,
            84.620083486271,
            84.367253527301,
            79.607525029881,
            75.390869746145,
            82.870658098396,
            79.643291666943,
            85.18301660617,
            93.087532452335,
            96.851346841238,
            97.394200534963,
            106.396317934191,
            109.38934248435,
            116.224261409701,
            116.774805704816,
            121.88057188371,
        ];
        let forecasts = [
            94.858920491492,
            105.73616971605,
            115.560245670899,
            115.838149898289,
            117.075333443957,
            120.082425921616,
            118.877054610293,
            119.315142264684,
            114.311247982793,
            117.990539962988,
            109.646110542604,
            108.439994476073,
            102.696532286805,
            95.347464434913,
            90.740328707317,
            84.69189156807,
            84.429599255495,
            79.661376738707,
            75.437160090147,
            82.910266776702,
            79.677034918913,
            85.211641762145,
            93.111716186435,
            96.871696068001,
            94.790636760532,
            106.472695488468,
            116.316735675057,
            114.367550011802,
            116.08041731614,
            119.243852000808,
        ];
        let mut smoother = HoltWinters {
            level: 100.2510710460895,
            trend: 0.07758029616829336,
            season: Box::new(season),
        };
        let by = Smoothing { alpha: 0.3, beta: 0.1, gamma: 0.1 };
        for (step, (value, want)) in values.into_iter().zip(forecasts).enumerate() {
            let phase = (step % 24) as f64 + 0.5;
            let got = smoother.forecast(phase);
            assert!((got - want).abs() < 1e-8 * want.abs(), "step {step}: {got} want {want}");
            smoother.observe(phase, value, by);
        }
    }

    #[test]
    fn the_season_is_interpolated_between_middles_of_slots() {
        let smoother = HoltWinters { level: 10.0, trend: 0.0, season: Box::new([0.0, 4.0, 8.0]) };
        assert_eq!(smoother.forecast(0.5), 10.0);
        assert_eq!(smoother.forecast(1.0), 12.0);
        assert_eq!(smoother.forecast(2.5), 18.0);
        assert_eq!(smoother.forecast(0.0), 14.0, "between the last slot and the first");
    }
}
