//! ATT&CK coverage: which rules speak of which techniques, tactic by tactic.
//!
//! A rule says its tactics and techniques by tags. A technique is counted under each tactic that
//! the rule names; one whose rule names none is not put anywhere, but counted in
//! [`Coverage::untold`]. Sub-techniques have cells of their own. Rules that take no part cover
//! nothing, nor do those that only correlations are made of.

use super::attack;
use super::book::Book;
use super::listing::{Row, STATES, parent};
use seerflow_model::Tactic;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// A technique under a tactic.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cell {
    /// `T1053.003`.
    pub technique: String,
    /// Titles of the rules that name both, in their order.
    pub rules: Vec<String>,
}

/// The whole of it.
#[derive(Clone, Debug, Default)]
pub struct Coverage {
    cells: BTreeMap<(Tactic, String), Cell>,
    /// Rules that name a tactic or a technique.
    pub tagged: usize,
    /// Rules that name techniques and no tactic.
    pub untold: usize,
}

impl Coverage {
    /// That of a book.
    pub fn of(book: &Book) -> Coverage {
        let mut coverage = Coverage::default();
        for row in book.entries.iter().filter_map(|entry| Row::of(book, entry)) {
            if row.state != STATES[0] || !row.alone {
                continue;
            }
            let (tactics, techniques) = (row.header.tactics(), row.header.techniques());
            coverage.tagged += usize::from(!tactics.is_empty() || !techniques.is_empty());
            coverage.untold += usize::from(tactics.is_empty() && !techniques.is_empty());
            for tactic in tactics {
                for technique in &techniques {
                    let cell = coverage.cells.entry((tactic, technique.clone())).or_default();
                    cell.technique.clone_from(technique);
                    cell.rules.push(row.header.title.clone());
                }
            }
        }
        coverage
    }

    /// All cells, by tactic in the order of the matrix and by technique.
    pub fn cells(&self) -> impl Iterator<Item = (Tactic, &Cell)> {
        self.cells.iter().map(|((tactic, _), cell)| (*tactic, cell))
    }

    /// Different techniques, sub-techniques with their technique.
    pub fn techniques(&self) -> usize {
        self.cells.keys().map(|(_, technique)| parent(technique)).collect::<BTreeSet<_>>().len()
    }

    /// Techniques that no rule names, under each tactic that they serve.
    pub fn gaps(&self) -> Vec<(Tactic, Cell)> {
        let named: BTreeSet<(Tactic, &str)> =
            self.cells.keys().map(|(tactic, technique)| (*tactic, parent(technique))).collect();
        let all = attack::techniques()
            .iter()
            .flat_map(|technique| technique.tactics.iter().map(|tactic| (*tactic, technique.id)));
        let cell = |id: &str| Cell { technique: id.to_owned(), rules: Vec::new() };
        let mut gaps: Vec<_> =
            all.filter(|at| !named.contains(at)).map(|(t, id)| (t, cell(id))).collect();
        gaps.sort_by(|a, b| (a.0, &a.1.technique).cmp(&(b.0, &b.1.technique)));
        gaps
    }

    /// Different tactics.
    pub fn tactics(&self) -> usize {
        self.cells.keys().map(|(tactic, _)| tactic).collect::<BTreeSet<_>>().len()
    }

    /// In one line.
    pub fn summary(&self) -> String {
        let untold = match self.untold {
            0 => String::new(),
            n => format!("; {n} name a technique and no tactic, and are not shown"),
        };
        format!(
            "{} rules name ATT&CK: {} of {} techniques, {} of {} tactics{untold}",
            self.tagged,
            self.techniques(),
            attack::techniques().len(),
            self.tactics(),
            Tactic::ALL.len()
        )
    }

    /// A layer for the ATT&CK Navigator: each technique with the number of its rules.
    pub fn layer(&self) -> Value {
        let most = self.cells.values().map(|cell| cell.rules.len()).max().unwrap_or(1);
        let technique = |((tactic, id), cell): (&(Tactic, String), &Cell)| {
            json!({
                "techniqueID": id,
                "tactic": tactic.slug(),
                "score": cell.rules.len(),
                "comment": cell.rules.join("\n"),
                "enabled": true,
            })
        };
        json!({
            "name": "Seerflow rules",
            "versions": {"layer": "4.5"},
            "domain": "enterprise-attack",
            "description": self.summary(),
            "techniques": self.cells.iter().map(technique).collect::<Vec<_>>(),
            "gradient": {"colors": ["#ffffff", "#66b1ff"], "minValue": 0, "maxValue": most},
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::sigma::book::{Changes, Wish};

    #[test]
    fn every_tag_of_a_rule_that_alerts_is_counted_once() {
        let text = |id: &str, tags: &str| {
            format!(
                "title: rule {id}\nid: {id}\nlogsource: {{product: linux}}\ntags: [{tags}]\n\
                 detection: {{s: {{a: '{id}'}}, condition: s}}\n"
            )
        };
        let uploads = [
            (
                "a",
                "attack.persistence, attack.privilege-escalation, attack.t1053.003, attack.t1053",
            ),
            ("b", "attack.persistence, attack.t1053.003"),
            ("c", "attack.t1110"),
            ("d", "attack.persistence, attack.t1053.003, seerflow.part"),
            ("e", "seerflow.operations"),
        ];
        let uploads = uploads.map(|(id, tags)| (id.to_owned(), text(id, tags).into())).to_vec();
        let changes = Changes { uploads, ..Changes::default() };
        let book = Book::load(&Wish::default(), &changes).unwrap();
        assert!(book.problems.is_empty(), "{:?}", book.problems);
        let coverage = Coverage::of(&book);
        let shown: Vec<_> = coverage
            .cells()
            .map(|(tactic, cell)| {
                format!("{} {} {}", tactic.slug(), cell.technique, cell.rules.len())
            })
            .collect();
        let expected = [
            "persistence T1053 1",
            "persistence T1053.003 2",
            "privilege-escalation T1053 1",
            "privilege-escalation T1053.003 1",
        ];
        assert_eq!(shown, expected);
        assert_eq!((coverage.tagged, coverage.untold), (3, 1));
        assert_eq!((coverage.techniques(), coverage.tactics()), (1, 2));
        let gaps = coverage.gaps();
        let has = |tactic, id: &str| gaps.iter().any(|(t, c)| *t == tactic && c.technique == id);
        assert!(!has(Tactic::Persistence, "T1053") && has(Tactic::Execution, "T1053"));
        assert!(has(Tactic::Impact, "T1485"));
        let layer = coverage.layer();
        assert_eq!(layer["techniques"].as_array().unwrap().len(), 4);
        assert_eq!(layer["gradient"]["maxValue"], 2);
    }

    #[test]
    fn the_bundled_rules_cover_most_tactics() {
        let book = Book::load(&Wish::of(&Config::default()), &Changes::default()).unwrap();
        let coverage = Coverage::of(&book);
        assert!(coverage.tactics() >= 10 && coverage.techniques() >= 25, "{}", coverage.summary());
        assert_eq!(coverage.untold, 0);
    }
}
