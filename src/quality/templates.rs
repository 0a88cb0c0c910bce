//! Part one: templates against a ground truth, as `templates eval` scores them.

use super::layout::Truth;
use crate::bench::eval;
use crate::failure::Failure;
use serde::Serialize;

/// Scores of all systems.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Templates {
    /// Each system.
    pub systems: Vec<System>,
    /// The mean of each measure over them.
    pub mean: eval::Scores,
}

/// Scores of one system.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct System {
    /// What it is called.
    pub name: String,
    /// Its scores.
    #[serde(flatten)]
    pub scores: eval::Scores,
}

/// Scores every truth.
pub fn measure(truths: &[Truth]) -> Result<Templates, Failure> {
    let mut systems = Vec::with_capacity(truths.len());
    for truth in truths {
        let scores = eval::score_rows(&truth.name, truth.rows()?);
        systems.push(System { name: truth.name.clone(), scores });
    }
    let mean = eval::mean(&systems.iter().map(|system| system.scores).collect::<Vec<_>>());
    Ok(Templates { systems, mean })
}
