//! What a document of a rule file is: a detection rule, a correlation or a filter.

use super::correlation::{self, Correlation};
use super::detection::{self, Detection};
use super::short;
use super::value::Placeholders;
use crate::fault::{Fault, Place, Problem};
use crate::head::{Header, LogSource};
use crate::yaml::{self, Node};
use std::sync::Arc;

/// A detection rule.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// Its head.
    pub header: Header,
    /// File it was read from.
    pub file: Arc<str>,
    /// Where it begins.
    pub place: Place,
    /// What it detects.
    pub detection: Detection,
}

/// Conditions that are added to other rules.
#[derive(Clone, Debug, PartialEq)]
pub struct Filter {
    /// Its head.
    pub header: Header,
    /// File it was read from.
    pub file: Arc<str>,
    /// Where it begins.
    pub place: Place,
    /// Ids or names of the rules it is for; `None` is every rule of its logsource.
    pub rules: Option<Vec<String>>,
    /// What must hold as well.
    pub detection: Detection,
}

/// A document.
#[derive(Clone, Debug, PartialEq)]
pub enum Document {
    /// A detection rule.
    Rule(Rule),
    /// A correlation rule, and where it begins.
    Correlation(Correlation, Place),
    /// A filter.
    Filter(Filter),
}

/// Reads all documents of a file. What is wrong with one does not touch the others; what is no
/// YAML has no documents at all.
pub fn read(
    file: &Arc<str>,
    text: &str,
    placeholders: &Placeholders,
    problems: &mut Vec<Problem>,
) -> Vec<Document> {
    let documents = match yaml::documents(text) {
        Ok(documents) => documents,
        Err(fault) => {
            problems.push(Problem { file: file.clone(), rule: None, fault });
            return Vec::new();
        }
    };
    if documents.is_empty() {
        let fault = Fault::new(Place { line: 1, column: 1 }, "the file has no rules");
        problems.push(Problem { file: file.clone(), rule: None, fault });
    }
    let mut out = Vec::with_capacity(documents.len());
    for node in &documents {
        let read = match short::is(node) {
            true => short::read(node, file, placeholders),
            false => document(node, file, placeholders).map(|document| vec![document]),
        };
        match read {
            Ok(documents) => out.extend(documents),
            Err(fault) => {
                let rule =
                    ["title", "name", "id"].iter().find_map(|key| node.get(key)?.text("").ok());
                problems.push(Problem { file: file.clone(), rule, fault });
            }
        }
    }
    out
}

fn document(node: &Node, file: &Arc<str>, placeholders: &Placeholders) -> Result<Document, Fault> {
    node.map("a rule")?;
    let place = node.place;
    if node.get("action").is_some() {
        let message = "`action` is not part of Sigma 2; write each rule in full";
        return Err(node.need("action", "")?.fault(message));
    }
    if node.get("correlation").is_some() {
        return Ok(Document::Correlation(correlation::read(node)?, place));
    }
    let mut header = Header::read(node)?;
    header.logsource = LogSource::read(node.need("logsource", "the rule")?)?;
    let file = file.clone();
    let Some(filter) = node.get("filter") else {
        let found = node.need("detection", "the rule")?;
        let detection = detection::read(found, "detection", placeholders)?;
        return Ok(Document::Rule(Rule { header, file, place, detection }));
    };
    let named = filter.need("rules", "`filter`")?;
    let rules = named.texts("`rules`")?;
    let any = matches!(&rules[..], [word] if word == "any");
    if rules.is_empty() {
        return Err(named.fault("`rules` names no rule; `any` means all of the logsource"));
    }
    let detection = detection::read(filter, "filter", placeholders)?;
    Ok(Document::Filter(Filter { header, file, place, rules: (!any).then_some(rules), detection }))
}
