//! The fixed features of an event.
//!
//! Seven are scaled by their own quantiles: length, parameters and how many of them are numbers,
//! entities, the time since the event before, the rarity of the template and of the severity.
//! The others lie in [0, 1] by nature: the severity itself, hour and day as points on circles, and
//! six signs of the template's hash, by which templates differ in directions of their own.

use super::cuts::{FEATURES_MAX, Point};
use super::scale::Scale;
use seerflow_model::hash::mix;
use serde::{Deserialize, Serialize};

/// Features scaled by quantiles; they come first.
pub const SCALED: usize = 7;
/// Features that are cut anywhere: these and the severity.
pub(super) const WIDE: usize = SCALED + 1;
/// Hashed signs of a template.
const SIGNS: usize = 6;
/// Features in use.
pub const FEATURES: usize = SCALED + 5 + SIGNS;
/// Severities told apart.
pub const SEVERITIES: usize = 8;
const _: () = assert!(FEATURES <= FEATURES_MAX);

/// A feature by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Feature {
    /// Length of the message.
    Length,
    /// Number of parameters.
    Parameters,
    /// Number of parameters that are numbers.
    Numbers,
    /// Number of entities.
    Entities,
    /// Time since the event before.
    Gap,
    /// How rare the template is.
    TemplateRarity,
    /// How rare the severity is.
    SeverityRarity,
}

const NAMES: [Feature; SCALED] = [
    Feature::Length,
    Feature::Parameters,
    Feature::Numbers,
    Feature::Entities,
    Feature::Gap,
    Feature::TemplateRarity,
    Feature::SeverityRarity,
];

/// What is known of an event, small and of fixed size.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Observation {
    /// Length of the message, bytes.
    pub bytes: u32,
    /// Parameters.
    pub parameters: u16,
    /// Parameters that are numbers.
    pub numbers: u16,
    /// Entities.
    pub entities: u16,
    /// Severity, 0 to 7; greater ones count as 7.
    pub severity: u8,
    /// Time since the event before it of the same key, ns.
    pub gap_ns: u64,
    /// Template.
    pub template: u64,
    /// Events of this template seen before it, of all seen.
    pub template_seen: (u64, u64),
    /// Seconds since the week began, by the clock of the log.
    pub week_seconds: u32,
}

impl Observation {
    /// Index of the severity.
    pub(super) fn severity_index(&self) -> usize {
        usize::from(self.severity).min(SEVERITIES - 1)
    }

    /// The features that are scaled by quantiles, as they are.
    pub(super) fn raw(&self, severities: &[u32; SEVERITIES]) -> [f64; SCALED] {
        let total: u64 = severities.iter().map(|&count| u64::from(count)).sum();
        let severity = u64::from(severities[self.severity_index()]);
        [
            logarithm(f64::from(self.bytes)),
            f64::from(self.parameters),
            f64::from(self.numbers),
            f64::from(self.entities),
            logarithm(self.gap_ns as f64),
            rarity(self.template_seen.0, self.template_seen.1),
            rarity(severity, total),
        ]
    }

    /// The point in the unit cube.
    pub(super) fn point(&self, scales: &[Scale; SCALED], raw: &[f64; SCALED]) -> Point {
        let mut point = [0.5; FEATURES_MAX];
        for (place, (scale, &value)) in point.iter_mut().zip(scales.iter().zip(raw)) {
            *place = scale.place(value);
        }
        let rest = &mut point[SCALED..];
        rest[0] = (self.severity_index() as f32 + 0.5) / SEVERITIES as f32;
        let (day, week) = (86_400, 7 * 86_400);
        (rest[1], rest[2]) = circle(self.week_seconds % day, day);
        (rest[3], rest[4]) = circle(self.week_seconds % week, week);
        let signs = mix(self.template);
        for (bit, place) in rest[5..5 + SIGNS].iter_mut().enumerate() {
            *place = if signs >> bit & 1 == 1 { 0.75 } else { 0.25 };
        }
        point
    }
}

/// log₂(1 + x) by the bits of the number: within 0.09 of it, monotone, and a fraction of the cost.
fn logarithm(x: f64) -> f64 {
    let bits = (1.0 + x.max(0.0)).to_bits();
    let exponent = (bits >> 52) as f64 - 1023.0;
    exponent + (bits & ((1 << 52) - 1)) as f64 / (1u64 << 52) as f64
}

/// How many bits the share of what was seen before is worth.
fn rarity(seen: u64, of: u64) -> f64 {
    logarithm(of as f64) - logarithm(seen as f64)
}

/// A place on a circle, within the middle of the unit square; the circle is made of straight
/// lines, which trees cannot tell from a round one.
fn circle(part: u32, of: u32) -> (f32, f32) {
    let wave = |turn: f32| 1.0 - 4.0 * (turn - libm::floorf(turn) - 0.5).abs();
    let turn = part as f32 / of as f32;
    (0.5 + 0.3 * wave(turn), 0.5 + 0.3 * wave(turn + 0.25))
}

/// The scaled feature that lies furthest from the middle.
pub(super) fn strangest(point: &Point) -> (Feature, f32) {
    let mut strangest = (NAMES[0], point[0]);
    for (name, &place) in NAMES.into_iter().zip(point) {
        if (place - 0.5).abs() > (strangest.1 - 0.5).abs() {
            strangest = (name, place);
        }
    }
    strangest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logarithms_are_near_and_monotone() {
        let mut last = -1.0;
        for n in 0..200_000u32 {
            let x = f64::from(n) * 1.37;
            let got = logarithm(x);
            assert!(got >= last && (got - libm::log2(1.0 + x)).abs() < 0.09, "{x}");
            last = got;
        }
    }

    #[test]
    fn every_place_lies_in_the_unit_and_hours_in_their_order() {
        let scales: [Scale; SCALED] = Default::default();
        let at = |week_seconds| {
            let observation = Observation { week_seconds, severity: 200, ..Default::default() };
            observation.point(&scales, &observation.raw(&[0; SEVERITIES]))
        };
        for seconds in (0..604_800).step_by(977) {
            let (here, later) = (at(seconds), at(seconds + 60));
            assert!(here.iter().all(|place| (0.0..=1.0).contains(place)));
            for feature in SCALED..SCALED + 5 {
                assert!((here[feature] - later[feature]).abs() < 0.01, "no leap at midnight");
            }
        }
        assert!(at(0)[SCALED + 1] != at(12 * 3600)[SCALED + 1]);
    }
}
