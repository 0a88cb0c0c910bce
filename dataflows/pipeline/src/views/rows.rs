//! Templates as readers see them: rows of the leaves, with those that were merged as one.

use seerflow_model::Ns;
use seerflow_parsing::template::TemplateInfo;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A template as readers see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TemplateRow {
    /// Template id.
    pub id: u64,
    /// Text with `<*>` for every wildcard.
    pub text: String,
    /// Source type of its namespace.
    pub source_type: String,
    /// Program of its namespace.
    pub program: String,
    /// Events.
    pub count: u64,
    /// First effective time.
    pub first_seen: Ns,
    /// Last effective time.
    pub last_seen: Ns,
    /// The first message.
    pub example: String,
}

impl TemplateRow {
    /// From what a leaf knows, and the namespace it belongs to.
    pub fn new(info: TemplateInfo, source_type: &str, program: &str) -> TemplateRow {
        TemplateRow {
            id: info.id,
            text: info.text,
            source_type: source_type.to_owned(),
            program: program.to_owned(),
            count: info.count,
            first_seen: info.first_seen_ns,
            last_seen: info.last_seen_ns,
            example: info.example,
        }
    }
}

impl TemplateRow {
    /// Takes over the events of another row; the example is the earliest.
    fn add(&mut self, other: TemplateRow) {
        if (other.first_seen, &other.example) < (self.first_seen, &self.example) {
            self.example = other.example;
        }
        self.count += other.count;
        self.first_seen = self.first_seen.min(other.first_seen);
        self.last_seen = self.last_seen.max(other.last_seen);
    }
}

/// Templates that became part of others, and what stands for them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Merged {
    /// The younger template and the older one.
    pub aliases: BTreeMap<u64, u64>,
    /// Texts of those that stand for others.
    pub texts: BTreeMap<u64, String>,
    /// Templates that found no room in the merge step.
    pub refused: u64,
}

impl Merged {
    /// The template that stands for another.
    pub fn resolve(&self, id: u64) -> u64 {
        let mut at = id;
        while let Some(to) = self.aliases.get(&at) {
            at = *to;
        }
        at
    }

    /// Joins the rows of templates that are one: counts are sums, the text is the common one.
    pub fn join(&self, rows: Vec<TemplateRow>) -> Vec<TemplateRow> {
        let mut joined: BTreeMap<u64, TemplateRow> = BTreeMap::new();
        for mut row in rows {
            let root = self.resolve(row.id);
            if let Some(text) = self.texts.get(&root) {
                row.text.clone_from(text);
            }
            match joined.get_mut(&root) {
                Some(have) => have.add(row),
                None => {
                    joined.insert(root, TemplateRow { id: root, ..row });
                }
            }
        }
        joined.into_values().collect()
    }
}
