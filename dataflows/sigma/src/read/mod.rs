//! From texts to rules: YAML, the head, detections with their modifiers, conditions, filters and
//! correlations.

pub mod condition;
pub mod correlation;
pub mod detection;
pub mod modifier;
pub mod pipeline;
pub mod rule;
pub mod value;

#[cfg(test)]
mod tests;
