//! Search identifiers and conditions, as one expression over numbered tests.
//!
//! A mapping is the conjunction of its items, a list the disjunction of its mappings or keywords,
//! the values of an item a disjunction unless `all` makes it a conjunction.

use super::condition::{self, Condition};
use super::modifier;
use super::value::{self, Manner, Placeholders, Stop};
use super::want::want;
use crate::fault::{Fault, Place};
use crate::pattern::Pattern;
use crate::test::{Expr, FieldName, Test, Want};
use crate::yaml::{Node, Yaml};
use std::sync::Arc;

/// Most search identifiers of a rule.
const NAMES_MAX: usize = 1_000;
/// Most nodes of the expression of a rule, search identifiers put in for their names.
pub const EXPR_SIZE_MAX: usize = 100_000;

/// A test and where it comes from.
#[derive(Clone, Debug, PartialEq)]
pub struct Origin {
    /// The test.
    pub test: Test,
    /// Search identifier.
    pub selection: Arc<str>,
    /// Where its value stands.
    pub place: Place,
}

/// What a rule detects.
#[derive(Clone, Debug, PartialEq)]
pub struct Detection {
    /// Its tests.
    pub tests: Vec<Origin>,
    /// When it matches.
    pub expr: Expr,
    /// Search identifiers that no condition uses.
    pub unused: Vec<String>,
    /// Placeholders without values; such a rule must not match at all.
    pub missing: Vec<String>,
}

impl Detection {
    /// Asks for another detection as well.
    pub fn and(&mut self, other: &Detection) {
        let offset = self.tests.len() as u32;
        self.tests.extend(other.tests.iter().cloned());
        self.missing.extend(other.missing.iter().cloned());
        let more = other.expr.replaced(&|test| Expr::Test(test + offset));
        let own = std::mem::replace(&mut self.expr, Expr::And(Vec::new()));
        self.expr = Expr::And(vec![own, more]);
    }
}

/// Keys of a filter that are no search identifiers.
const NO_NAMES: [&str; 3] = ["condition", "timeframe", "rules"];

/// Reads the mapping under `detection` or `filter`.
pub fn read(node: &Node, what: &str, placeholders: &Placeholders) -> Result<Detection, Fault> {
    let entries = node.map(&format!("`{what}`"))?;
    let mut reader =
        Reader { tests: Vec::new(), selection: "".into(), missing: Vec::new(), placeholders };
    let mut names: Vec<(String, Expr)> = Vec::new();
    for (key, value) in entries {
        let other = match what {
            "filter" => NO_NAMES.contains(&&*key.text),
            _ => NO_NAMES[..2].contains(&&*key.text),
        };
        if key.text == "timeframe" {
            let message = "`timeframe` is not part of Sigma 2; write a correlation rule";
            return Err(Fault::new(key.place, message));
        }
        if other {
            continue;
        }
        if names.len() >= NAMES_MAX {
            return Err(value.fault(format!("more than {NAMES_MAX} search identifiers")));
        }
        reader.selection = key.text.as_str().into();
        names.push((key.text.clone(), reader.search(value)?));
    }
    let condition = node.need("condition", &format!("`{what}`"))?;
    let mut used = vec![false; names.len()];
    let expr = conditions(condition, &names, &mut used)?;
    if expr.size() > EXPR_SIZE_MAX {
        let message = format!("the condition puts together more than {EXPR_SIZE_MAX} parts");
        return Err(condition.fault(message));
    }
    let unused = names.into_iter().zip(used).filter(|(_, used)| !used);
    let unused = unused.map(|((name, _), _)| name).collect();
    Ok(Detection { tests: reader.tests, expr, unused, missing: reader.missing })
}

/// One condition or a list of them, any of which suffices.
fn conditions(node: &Node, names: &[(String, Expr)], used: &mut [bool]) -> Result<Expr, Fault> {
    let one = |node: &Node, used: &mut [bool]| {
        let condition = condition::parse(&node.text("`condition`")?, node)?;
        resolve(&condition, node, names, used)
    };
    match &node.value {
        Yaml::List(items) if !items.is_empty() => {
            let all = items.iter().map(|item| one(item, used)).collect::<Result<_, _>>()?;
            Ok(Expr::any(all))
        }
        Yaml::List(_) => Err(node.fault("`condition` is an empty list")),
        _ => one(node, used),
    }
}

fn resolve(
    condition: &Condition,
    node: &Node,
    names: &[(String, Expr)],
    used: &mut [bool],
) -> Result<Expr, Fault> {
    let mut each = |items: &[Condition]| {
        items.iter().map(|item| resolve(item, node, names, used)).collect::<Result<Vec<_>, _>>()
    };
    Ok(match condition {
        Condition::And(items) => Expr::all(each(items)?),
        Condition::Or(items) => Expr::any(each(items)?),
        Condition::Not(inner) => resolve(inner, node, names, used)?.negated(),
        Condition::Name(name) => {
            let Some(at) = names.iter().position(|(known, _)| known == name) else {
                let known: Vec<_> = names.iter().map(|(name, _)| name.as_str()).collect();
                let message = format!("`{name}` is no search identifier: {}", known.join(", "));
                return Err(node.fault(message));
            };
            used[at] = true;
            names[at].1.clone()
        }
        Condition::Of { all, pattern } => {
            let mut found = Vec::new();
            for (at, (name, expr)) in names.iter().enumerate() {
                if condition::means(pattern.as_deref(), name) {
                    used[at] = true;
                    found.push(expr.clone());
                }
            }
            match (found.is_empty(), all) {
                (true, _) => {
                    let pattern = pattern.as_deref().unwrap_or("them");
                    return Err(node.fault(format!("`of {pattern}` means no search identifier")));
                }
                (_, true) => Expr::all(found),
                (_, false) => Expr::any(found),
            }
        }
    })
}

struct Reader<'a> {
    tests: Vec<Origin>,
    selection: Arc<str>,
    missing: Vec<String>,
    placeholders: &'a Placeholders,
}

impl Reader<'_> {
    /// The value of a search identifier.
    fn search(&mut self, node: &Node) -> Result<Expr, Fault> {
        match &node.value {
            Yaml::Map(_) => self.mapping(node),
            Yaml::List(items) if !items.is_empty() => {
                let mut all = Vec::with_capacity(items.len());
                let mut words = Vec::new();
                for item in items {
                    match &item.value {
                        Yaml::Map(_) => all.push(self.mapping(item)?),
                        Yaml::List(_) => return Err(item.fault("a list in a list")),
                        _ => words.push(item.clone()),
                    }
                }
                if !words.is_empty() {
                    let list = Node { place: node.place, value: Yaml::List(words) };
                    all.push(self.item("", &list, node.place)?);
                }
                Ok(Expr::any(all))
            }
            Yaml::List(_) => Err(node.fault("a search identifier with an empty list")),
            Yaml::Null => Err(node.fault("a search identifier without content")),
            _ => self.item("", node, node.place),
        }
    }

    fn mapping(&mut self, node: &Node) -> Result<Expr, Fault> {
        let entries = node.map("a search identifier")?;
        if entries.is_empty() {
            return Err(node.fault("a search identifier with an empty mapping"));
        }
        let item = |(key, value): &(crate::yaml::Key, Node)| self.item(&key.text, value, key.place);
        Ok(Expr::all(entries.iter().map(item).collect::<Result<_, _>>()?))
    }

    /// One `field|modifiers: values`.
    fn item(&mut self, key: &str, node: &Node, place: Place) -> Result<Expr, Fault> {
        let (field, modifiers) = modifier::split(key, place)?;
        let manner = Manner::of(&modifiers, node)?;
        let field: FieldName = field.into();
        let nodes = match &node.value {
            Yaml::List(items) if items.is_empty() => {
                return Err(node.fault("an empty list of values"));
            }
            Yaml::List(items) => &items[..],
            _ => std::slice::from_ref(node),
        };
        let mut groups: Vec<(Place, Vec<Want>)> = Vec::new();
        for node in nodes {
            match value::values(node, &modifiers, &manner, self.placeholders) {
                Ok(values) => {
                    let wants = values.into_iter().map(|v| want(v, &field, &manner, node));
                    groups.push((node.place, wants.collect::<Result<_, _>>()?));
                }
                Err(Stop::Missing(name)) => self.missing.push(name),
                Err(Stop::Wrong(fault)) => return Err(fault),
            }
        }
        let mut groups: Vec<Expr> = match manner.all {
            true => groups.into_iter().map(|(at, wants)| self.any(&field, wants, at)).collect(),
            false => {
                let at = groups.first().map_or(place, |(at, _)| *at);
                let wants = groups.into_iter().flat_map(|(_, wants)| wants).collect();
                vec![self.any(&field, wants, at)]
            }
        };
        if manner.exists && self.exists_false(node)? {
            groups = groups.into_iter().map(Expr::negated).collect();
        }
        let expr = Expr::all(groups);
        if !manner.negate {
            return Ok(expr);
        }
        // Different from all values; a field that is not there has no value that could differ.
        let there = self.test(&field, Want::Exists, place);
        Ok(Expr::And(vec![there, expr.negated()]))
    }

    fn exists_false(&self, node: &Node) -> Result<bool, Fault> {
        match &node.value {
            Yaml::Bool(value) => Ok(!value),
            Yaml::Text(text) if text.eq_ignore_ascii_case("true") => Ok(false),
            Yaml::Text(text) if text.eq_ignore_ascii_case("false") => Ok(true),
            _ => Err(node.fault(format!("`exists` needs true or false, not {}", node.kind()))),
        }
    }

    fn test(&mut self, field: &FieldName, want: Want, place: Place) -> Expr {
        let test = Test { field: field.clone(), want };
        self.tests.push(Origin { test, selection: self.selection.clone(), place });
        Expr::Test(self.tests.len() as u32 - 1)
    }

    /// Any of these; patterns and networks of one item together are one test.
    fn any(&mut self, field: &FieldName, wants: Vec<Want>, place: Place) -> Expr {
        let mut texts: Vec<Pattern> = Vec::new();
        let mut text_cased = false;
        let mut nets = Vec::new();
        let mut out = Vec::new();
        for want in wants {
            match want {
                Want::Text { patterns, cased } => {
                    text_cased = cased;
                    texts.extend(patterns);
                }
                Want::Cidr(more) => nets.extend(more),
                other => out.push(self.test(field, other, place)),
            }
        }
        if !texts.is_empty() {
            let want = Want::Text { patterns: texts, cased: text_cased };
            out.insert(0, self.test(field, want, place));
        }
        if !nets.is_empty() {
            out.push(self.test(field, Want::Cidr(nets), place));
        }
        Expr::any(out)
    }
}
