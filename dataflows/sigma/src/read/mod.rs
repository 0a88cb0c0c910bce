//! From texts to rules: YAML, the head, detections with their modifiers, conditions, filters and
//! correlations.

pub mod condition;
pub mod correlation;
pub mod detection;
mod encode;
pub mod modifier;
pub mod pipeline;
pub mod rule;
mod short;
pub mod value;
mod want;

#[cfg(test)]
mod choices;
#[cfg(test)]
mod tests;
