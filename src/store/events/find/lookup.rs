//! One event by its id.
//!
//! An id is derived from source and position and stored nowhere, so those of the rows are made
//! again: some 0.2 µs a row. A hint of the time has the parts near it looked at first.

use super::budget::Budget;
use super::reading::Reading;
use super::{FindError, Found};
use crate::store::events::{Part, Result as StoreResult, Snapshot};
use seerflow_model::{Ns, ids};
use seerflow_parsing::parser::Parser;
use uuid::Uuid;

/// The event with an id, `None` when the store has none.
pub fn event(
    snapshot: &Snapshot,
    id: Uuid,
    near: Option<Ns>,
    parser: &mut Parser,
) -> Result<Option<Found>, FindError> {
    let mut parts: Vec<&Part> = snapshot.parts().iter().rev().collect();
    if let Some(near) = near {
        parts.sort_by_key(|part| {
            let (least, greatest) = part.span();
            least.saturating_sub(near).max(near.saturating_sub(greatest))
        });
    }
    let budget = Budget::default();
    for part in parts {
        if budget.is_spent() {
            return Err(FindError::TooLong);
        }
        let found = row_of(part, id)
            .and_then(|row| row.map(|row| Reading::new(part).found(row, parser)).transpose());
        match found {
            Ok(None) => {}
            Ok(found) => return Ok(found),
            Err(error) if error.is_damage() => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(None)
}

fn row_of(part: &Part, id: Uuid) -> StoreResult<Option<u32>> {
    let (sources, seqs) = (part.sources()?, part.seqs()?);
    let is = |row: &u32| {
        let (source, seq) = (sources.get(*row), seqs.get(*row as usize));
        source.zip(seq).is_some_and(|(source, seq)| ids::event(source.id, *seq) == id)
    };
    Ok((0..part.rows()).find(is))
}
