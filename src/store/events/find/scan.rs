//! Part by part, the rows that fit: for answers that need all of them and no order.

use super::budget::Budget;
use super::plan::Plan;
use super::reading::Reading;
use super::{Aliases, FindError, Node, entities};
use crate::store::events::{Result, Snapshot};
use roaring::RoaringBitmap;
use seerflow_parsing::parser::Parser;

/// What is needed to read events again.
pub(super) struct Tools<'a> {
    pub parser: &'a mut Parser,
    pub budget: &'a mut Budget,
}

/// Gives every part with the rows that fit, judged to the last one. A part that is damaged is
/// left out: `give` is called for it not at all, or its error undoes nothing, so `give` must
/// fetch its columns before it counts. Says how many were left out.
pub(super) fn scan(
    snapshot: &Snapshot,
    node: &Node,
    aliases: &dyn Aliases,
    tools: Tools<'_>,
    mut give: impl FnMut(&mut Reading<'_>, RoaringBitmap) -> Result<()>,
) -> std::result::Result<usize, FindError> {
    let node = entities::resolve(snapshot, node.resolve(&|id| aliases.all_of(id)))?;
    let plan = Plan::new(node);
    let mut damaged = 0;
    for part in snapshot.parts().iter().filter(|part| part.rows() > 0) {
        if tools.budget.is_spent() {
            return Err(FindError::TooLong);
        }
        let mut reading = Reading::new(part);
        let mut judged = || {
            let fit = plan.on(part)?;
            let mut rows = fit.sure.clone();
            for row in fit.open() {
                tools.budget.read();
                if reading.row_fits(&plan.node, row, tools.parser)? {
                    rows.insert(row);
                }
            }
            if rows.is_empty() { Ok(()) } else { give(&mut reading, rows) }
        };
        match judged() {
            Ok(()) => {}
            Err(error) if error.is_damage() => damaged += 1,
            Err(error) => return Err(error.into()),
        }
    }
    Ok(damaged)
}
