//! Gives counts and findings of a merged template to the one that stands for it.
//!
//! A count belongs to a bucket, so the aliases that were in force when the bucket began rule it: all
//! parts of one bucket are treated alike, however they were cut. The series that loses its events
//! is told so and ends without a word; the one that gains events of a template with a life of its
//! own learns its level anew.

use crate::combine::representative;
use crate::counts::{Moved, Subject};
use crate::folds::leaves::LeafOut;
use crate::folds::merges::AliasTable;
use crate::rec::Rec;
use crate::table::Tables;
use seerflow_model::Ns;
use seerflow_model::hash::group;

/// See the module head.
#[derive(Clone, Copy, Debug)]
pub struct Resolve {
    /// Bucket length.
    pub bucket: Ns,
}

/// What stands for a template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Root {
    template: u64,
    /// When a template with a life of its own last came to it on this way.
    lived: Option<Ns>,
}

impl Resolve {
    /// Passes one record on.
    pub fn resolve(
        &self,
        tables: &Tables<AliasTable>,
        rec: Rec<LeafOut>,
        out: &mut Vec<Rec<LeafOut>>,
    ) {
        let Rec { order, key, data } = rec;
        match data {
            LeafOut::Series(mut sum) => {
                let began = sum.bucket.saturating_mul(self.bucket);
                let namespace = sum.value.lead.event.namespace;
                let subject = sum.value.lead.subject;
                let root = match subject.template() {
                    0 => None,
                    template => find(tables, namespace, template, began),
                };
                if let Some(root) = root {
                    let mut gone = sum.clone();
                    (gone.value.n, gone.value.moved) = (0, Moved::Away);
                    out.push(Rec { order, key, data: LeafOut::Series(gone) });
                    let to = subject.with_template(root.template);
                    sum.value.lead.subject = to;
                    sum.value.moved = root.lived.map_or(Moved::No, Moved::Into);
                    sum.key = to.key();
                    let key = representative(group(sum.key));
                    out.push(Rec { order, key, data: LeafOut::Series(sum) });
                } else {
                    out.push(Rec { order, key, data: LeafOut::Series(sum) });
                }
            }
            LeafOut::Finding(mut finding) => {
                // Until now its key is its namespace.
                if let Some(root) = find(tables, key, finding.template, order.effective) {
                    finding.template = root.template;
                }
                out.push(Rec { order, key, data: LeafOut::Finding(finding) });
            }
            LeafOut::Moment(mut moment) => {
                // Its key is its namespace, too.
                let template = moment.template();
                if let Some(root) = find(tables, key, template, order.effective) {
                    moment.lead.subject = Subject::Template(root.template);
                }
                out.push(Rec { order, key, data: LeafOut::Moment(moment) });
            }
            other => out.push(Rec { order, key, data: other }),
        }
    }
}

/// The template that stands for another at a time, if it is another.
fn find(tables: &Tables<AliasTable>, namespace: u64, template: u64, at: Ns) -> Option<Root> {
    let table = tables.get(&namespace)?;
    let mut root = Root { template, lived: None };
    while let Ok(index) = table.binary_search_by_key(&root.template, |alias| alias.from) {
        let alias = table[index];
        if alias.since > at {
            break;
        }
        root.template = alias.to;
        root.lived = root.lived.max(alias.lived.then_some(alias.since));
    }
    (root.template != template).then_some(root)
}

impl Subject {
    /// The same, of another template.
    fn with_template(self, template: u64) -> Subject {
        match self {
            Subject::Template(_) => Subject::Template(template),
            Subject::Entity(_, key, index) => Subject::Entity(template, key, index),
            other => other,
        }
    }
}
