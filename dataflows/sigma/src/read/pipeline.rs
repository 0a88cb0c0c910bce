//! Processing pipelines: a user's own words for fields and logsources.
//!
//! A pipeline changes rules while they are loaded: fields get the names that the user's events
//! have, logsources those of the receiver, placeholders their values. The form is that of the
//! common Sigma tools, of which this is understood: `field_name_mapping` (one name or several),
//! `field_name_prefix`, `field_name_suffix`, `change_logsource`, `add_condition` and
//! `value_placeholders` with `vars`; each for rules chosen by `rule_conditions` of type
//! `logsource`, and fields chosen by `include_fields` and `exclude_fields`. Anything else is an
//! error.

use super::detection::{self, Detection, EXPR_SIZE_MAX, Origin};
use super::rule::Rule;
use super::value::Placeholders;
use crate::fault::{Fault, Place, Problem};
use crate::test::{Expr, FieldName, Test, Want};
use crate::yaml::{self, Key, Node, Yaml};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Most names that a field may get.
const NAMES_MAX: usize = 64;

/// A pipeline.
#[derive(Clone, Debug, PartialEq)]
pub struct Pipeline {
    /// What it is called.
    pub name: String,
    /// Lower ones come first.
    pub priority: i64,
    /// Values for placeholders.
    pub placeholders: Placeholders,
    steps: Vec<Step>,
}

#[derive(Clone, Debug, PartialEq)]
struct Step {
    rules: Vec<Wanted>,
    any_rule: bool,
    not_rule: bool,
    include: Option<Vec<String>>,
    exclude: Vec<String>,
    change: Change,
}

/// Category, product and service that a rule must have.
type Wanted = [Option<String>; 3];

#[derive(Clone, Debug, PartialEq)]
enum Change {
    Names(BTreeMap<String, Vec<String>>),
    Affix { before: String, behind: String },
    Logsource(Wanted),
    Condition(Box<Detection>),
    Nothing,
}

/// Keys of a transformation that are not its own.
const COMMON_KEYS: [&str; 6] =
    ["id", "type", "rule_conditions", "rule_cond_op", "rule_cond_not", "field_name_conditions"];

impl Pipeline {
    /// Reads a file with one pipeline.
    pub fn read(file: &Arc<str>, text: &str) -> Result<Pipeline, Problem> {
        let read = || {
            let documents = yaml::documents(text)?;
            match &documents[..] {
                [one] => pipeline(one),
                _ => Err(Fault::new(Place::default(), "the file must have one pipeline")),
            }
        };
        read().map_err(|fault| Problem { file: file.clone(), rule: None, fault })
    }

    /// Changes a rule.
    pub(crate) fn apply(&self, rule: &mut Rule) {
        for step in &self.steps {
            // A rule that has become too large is refused when it is compiled.
            if !step.is_for(rule) || rule.detection.expr.size() > EXPR_SIZE_MAX {
                continue;
            }
            match &step.change {
                Change::Nothing => {}
                Change::Logsource(wanted) => {
                    let source = &mut rule.header.logsource;
                    let [category, product, service] = wanted.clone();
                    (source.category, source.product, source.service) =
                        (category, product, service);
                }
                Change::Condition(detection) => rule.detection.and(detection),
                Change::Names(names) => step.rename(&mut rule.detection, &|field| {
                    names.get(field).cloned().unwrap_or_else(|| vec![field.to_owned()])
                }),
                Change::Affix { before, behind } => {
                    step.rename(&mut rule.detection, &|field| {
                        vec![format!("{before}{field}{behind}")]
                    });
                }
            }
        }
    }
}

impl Step {
    fn is_for(&self, rule: &Rule) -> bool {
        let source = &rule.header.logsource;
        let has = [&source.category, &source.product, &source.service];
        let meets = |wanted: &Wanted| {
            wanted.iter().zip(has).all(|(wanted, has)| match (wanted, has) {
                (None, _) => true,
                (Some(wanted), Some(has)) => wanted.eq_ignore_ascii_case(has),
                (Some(_), None) => false,
            })
        };
        let met = match self.any_rule {
            _ if self.rules.is_empty() => return true,
            true => self.rules.iter().any(meets),
            false => self.rules.iter().all(meets),
        };
        met != self.not_rule
    }

    /// Gives fields other names; of several names any may have the value, and none may for "has
    /// no value".
    fn rename(&self, detection: &mut Detection, names: &dyn Fn(&str) -> Vec<String>) {
        let chosen = |field: &str| {
            let included = self.include.as_ref().is_none_or(|all| all.iter().any(|f| f == field));
            !field.is_empty() && included && !self.exclude.iter().any(|f| f == field)
        };
        let of = |field: &FieldName| match chosen(field) {
            true => names(field).iter().map(|name| name.as_str().into()).collect(),
            false => vec![field.clone()],
        };
        let mut tests: Vec<Origin> = Vec::new();
        let mut places: Vec<Expr> = Vec::new();
        for origin in &detection.tests {
            let wants: Vec<Want> = match &origin.test.want {
                Want::Reference { other, how, cased } => of(other)
                    .into_iter()
                    .map(|other| Want::Reference { other, how: *how, cased: *cased })
                    .collect(),
                want => vec![want.clone()],
            };
            let mut all = Vec::new();
            for field in of(&origin.test.field) {
                for want in &wants {
                    let test = Test { field: field.clone(), want: want.clone() };
                    all.push(Expr::Test(tests.len() as u32));
                    tests.push(Origin { test, ..origin.clone() });
                }
            }
            places.push(match origin.test.want {
                Want::Null => Expr::all(all),
                _ => Expr::any(all),
            });
        }
        detection.expr = detection.expr.replaced(&|id| places[id as usize].clone());
        detection.tests = tests;
    }
}

fn pipeline(node: &Node) -> Result<Pipeline, Fault> {
    const KEYS: [&str; 5] = ["name", "priority", "vars", "transformations", "allowed_backends"];
    only(node, "the pipeline", &KEYS)?;
    let name = node.get("name").map(|name| name.text("`name`")).transpose()?.unwrap_or_default();
    let priority = match node.get("priority").map(|node| (node, &node.value)) {
        None => 0,
        Some((_, Yaml::Int(priority))) => *priority,
        Some((node, _)) => return Err(node.fault("`priority` must be a whole number")),
    };
    let mut vars = Placeholders::new();
    for (key, value) in node.get("vars").map_or(Ok(&[][..]), |vars| vars.map("`vars`"))? {
        vars.insert(key.text.clone(), value.texts("a value")?);
    }
    let list = node.need("transformations", "the pipeline")?;
    let Yaml::List(items) = &list.value else {
        return Err(list.fault("`transformations` must be a list"));
    };
    let mut placeholders = Placeholders::new();
    let mut steps = Vec::with_capacity(items.len());
    for item in items {
        steps.push(step(item, &vars, &mut placeholders)?);
    }
    Ok(Pipeline { name, priority, placeholders, steps })
}

/// That a mapping has no other keys.
fn only(node: &Node, what: &str, keys: &[&str]) -> Result<(), Fault> {
    let unknown = node.map(what)?.iter().find(|(key, _)| !keys.contains(&&*key.text));
    match unknown {
        None => Ok(()),
        Some((key, _)) => {
            let message = format!("`{}` is not supported in {what}: {}", key.text, keys.join(", "));
            Err(Fault::new(key.place, message))
        }
    }
}

fn step(node: &Node, vars: &Placeholders, out: &mut Placeholders) -> Result<Step, Fault> {
    let kind = node.need("type", "a transformation")?;
    let word = kind.text("`type`")?;
    let own: &[&str] = match word.as_str() {
        "field_name_mapping" => &["mapping"],
        "field_name_prefix" => &["prefix"],
        "field_name_suffix" => &["suffix"],
        "change_logsource" => &["category", "product", "service"],
        "add_condition" => &["conditions", "negated"],
        "value_placeholders" => &["include", "exclude"],
        _ => {
            let message = format!(
                "the transformation `{word}` is not supported: field_name_mapping, \
                 field_name_prefix, field_name_suffix, change_logsource, add_condition, \
                 value_placeholders"
            );
            return Err(kind.fault(message));
        }
    };
    only(node, &format!("`{word}`"), &[&COMMON_KEYS[..], own].concat())?;
    let change = change(node, &word, vars, out)?;
    let mut step = Step {
        rules: Vec::new(),
        any_rule: word_of(node, "rule_cond_op", &["and", "or"])? == Some("or"),
        not_rule: flag(node, "rule_cond_not")?,
        include: None,
        exclude: Vec::new(),
        change,
    };
    for item in list(node, "rule_conditions")? {
        only(item, "`rule_conditions`", &["type", "category", "product", "service"])?;
        word_of(item, "type", &["logsource"])?;
        step.rules.push(wanted(item)?);
    }
    for item in list(node, "field_name_conditions")? {
        only(item, "`field_name_conditions`", &["type", "fields"])?;
        let fields = item.need("fields", "the condition")?.texts("`fields`")?;
        match word_of(item, "type", &["include_fields", "exclude_fields"])? {
            Some("include_fields") => step.include = Some(fields),
            _ => step.exclude = fields,
        }
    }
    Ok(step)
}

/// What a transformation does; values for placeholders go to `out`.
fn change(
    node: &Node,
    word: &str,
    vars: &Placeholders,
    out: &mut Placeholders,
) -> Result<Change, Fault> {
    let text = |key: &str| match node.get(key) {
        Some(value) => value.text(&format!("`{key}`")),
        None => Ok(String::new()),
    };
    Ok(match word {
        "field_name_mapping" => {
            let mut names = BTreeMap::new();
            let mapping = node.need("mapping", "the transformation")?;
            for (from, to) in mapping.map("`mapping`")? {
                let to = to.texts("a name").and_then(|names| match names.len() {
                    0 => Err(to.fault("a field needs a name")),
                    1..=NAMES_MAX => Ok(names),
                    _ => Err(to.fault(format!("more than {NAMES_MAX} names for one field"))),
                })?;
                names.insert(from.text.clone(), to);
            }
            Change::Names(names)
        }
        "field_name_prefix" => Change::Affix { before: text("prefix")?, behind: String::new() },
        "field_name_suffix" => Change::Affix { before: String::new(), behind: text("suffix")? },
        "change_logsource" => Change::Logsource(wanted(node)?),
        "add_condition" => Change::Condition(Box::new(condition(node)?)),
        _ => {
            let (include, exclude) = (texts(node, "include")?, texts(node, "exclude")?);
            let chosen = |name: &String| {
                include.as_ref().is_none_or(|all| all.contains(name))
                    && !exclude.as_ref().is_some_and(|all| all.contains(name))
            };
            out.extend(
                vars.iter().filter(|(name, _)| chosen(name)).map(|(k, v)| (k.clone(), v.clone())),
            );
            Change::Nothing
        }
    })
}

fn list<'n>(node: &'n Node, key: &str) -> Result<&'n [Node], Fault> {
    match node.get(key).map(|node| (node, &node.value)) {
        None => Ok(&[]),
        Some((_, Yaml::List(items))) => Ok(items),
        Some((node, _)) => Err(node.fault(format!("`{key}` must be a list"))),
    }
}

fn texts(node: &Node, key: &str) -> Result<Option<Vec<String>>, Fault> {
    node.get(key).map(|node| node.texts(&format!("`{key}`"))).transpose()
}

fn flag(node: &Node, key: &str) -> Result<bool, Fault> {
    match node.get(key).map(|node| (node, &node.value)) {
        None => Ok(false),
        Some((_, Yaml::Bool(value))) => Ok(*value),
        Some((node, _)) => Err(node.fault(format!("`{key}` must be true or false"))),
    }
}

/// One of a few words, or nothing.
fn word_of<'w>(node: &Node, key: &str, words: &[&'w str]) -> Result<Option<&'w str>, Fault> {
    let Some(node) = node.get(key) else { return Ok(None) };
    let text = node.text(&format!("`{key}`"))?;
    match words.iter().find(|word| **word == text) {
        Some(word) => Ok(Some(word)),
        None => {
            let message = format!("`{text}` is not supported here: {}", words.join(", "));
            Err(node.fault(message))
        }
    }
}

fn wanted(node: &Node) -> Result<Wanted, Fault> {
    let part = |key: &str| node.get(key).map(|node| node.text(&format!("`{key}`"))).transpose();
    let wanted = [part("category")?, part("product")?, part("service")?];
    match wanted.iter().all(Option::is_none) {
        true => Err(node.fault("category, product or service must be given")),
        false => Ok(wanted),
    }
}

/// `conditions` as a detection of one search identifier.
fn condition(node: &Node) -> Result<Detection, Fault> {
    let conditions = node.need("conditions", "the transformation")?;
    let key = |text: &str| Key { place: conditions.place, text: text.to_owned() };
    let how = if flag(node, "negated")? { "not added" } else { "added" };
    let how = Node { place: conditions.place, value: Yaml::Text(how.to_owned()) };
    let entries = vec![(key("added"), conditions.clone()), (key("condition"), how)];
    let whole = Node { place: conditions.place, value: Yaml::Map(entries) };
    detection::read(&whole, "detection", &Placeholders::new())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{LogSourceRef, Matcher, Options, load};
    use serde_json::{Value, json};

    /// Whether the rule, changed by the pipeline, matches the event.
    fn matches(pipeline: &str, selection: &str, product: &str, event: &Value) -> bool {
        let pipeline = Pipeline::read(&"p.yml".into(), pipeline).unwrap();
        let options = Options { pipelines: vec![pipeline], ..Options::default() };
        let rule = format!(
            "title: t\nlogsource: {{product: x}}\ndetection: {{s: {selection}, condition: s}}\n"
        );
        let loaded = load([("t".into(), rule.as_str())], &options);
        assert!(loaded.problems.is_empty(), "{}", loaded.problems[0]);
        let mut matcher = Matcher::new(Arc::new(loaded.set));
        !matcher.matches(&[LogSourceRef { product, ..LogSourceRef::default() }], event).is_empty()
    }

    #[test]
    fn fields_get_other_names() {
        let map = "transformations:\n- {type: field_name_mapping, mapping: {A: a1, B: [b1, b2]}}\n";
        for (selection, event, expected) in [
            ("{A: 1}", json!({"a1": 1}), true),
            ("{A: 1}", json!({"A": 1}), false),
            ("{B: 1}", json!({"b2": 1}), true),
            ("{B: null}", json!({"b2": 1}), false),
            ("{B: null}", json!({}), true),
            ("{A|fieldref: B}", json!({"a1": "x", "b2": "x"}), true),
            ("{C: 1}", json!({"C": 1}), true),
            ("[foo]", json!({"m": "foo"}), true),
        ] {
            assert_eq!(matches(map, selection, "x", &event), expected, "{selection} {event}");
        }
        let prefix = "transformations:\n- type: field_name_prefix\n  prefix: win.\n  \
            field_name_conditions: [{type: exclude_fields, fields: [B]}]\n";
        assert!(matches(prefix, "{A: 1, B: 2}", "x", &json!({"win": {"A": 1}, "B": 2})));
        let suffix = "transformations:\n- type: field_name_suffix\n  suffix: .raw\n  \
            field_name_conditions: [{type: include_fields, fields: [B]}]\n";
        assert!(matches(suffix, "{A: 1, B: 2}", "x", &json!({"A": 1, "B.raw": 2})));
    }

    #[test]
    fn logsources_and_conditions_are_changed_for_chosen_rules() {
        let change = |conditions: &str| {
            format!(
                "transformations:\n- {{type: change_logsource, product: y}}\n\
                 - type: add_condition\n  conditions: {{env: prod}}\n{conditions}"
            )
        };
        let prod = json!({"a": 1, "env": "prod"});
        let test = json!({"a": 1, "env": "test"});
        let all = change("");
        assert!(matches(&all, "{a: 1}", "y", &prod) && !matches(&all, "{a: 1}", "x", &prod));
        assert!(!matches(&all, "{a: 1}", "y", &test));
        let other = change("  rule_conditions: [{type: logsource, product: z}]\n");
        assert!(matches(&other, "{a: 1}", "y", &test));
        let not =
            change("  rule_conditions: [{type: logsource, product: z}]\n  rule_cond_not: true\n");
        assert!(!matches(&not, "{a: 1}", "y", &test));
        let negated = change("  negated: true\n");
        assert!(
            matches(&negated, "{a: 1}", "y", &test) && !matches(&negated, "{a: 1}", "y", &prod)
        );
    }

    #[test]
    fn placeholders_get_values() {
        let vars =
            "vars: {admins: [root, 'adm*']}\ntransformations: [{type: value_placeholders}]\n";
        assert!(matches(vars, "{u|expand: '%admins%'}", "x", &json!({"u": "Administrator"})));
        let none = "vars: {admins: [root]}\ntransformations: []\n";
        assert!(!matches(none, "{u|expand: '%admins%'}", "x", &json!({"u": "root"})));
    }

    #[test]
    fn what_is_not_supported_is_an_error_at_its_place() {
        for (text, line, part) in [
            ("transformations: [{type: replace_string}]", 1, "`replace_string` is not supported"),
            ("name: x\n", 1, "no `transformations`"),
            ("transformations: []\nfinalizers: []", 2, "`finalizers`"),
            ("transformations:\n- type: field_name_mapping\n  mapping: {a: []}", 3, "needs a name"),
            ("transformations:\n- type: change_logsource", 2, "must be given"),
            (
                "transformations:\n- type: field_name_prefix\n  prefix: x\n  \
                 rule_conditions: [{type: tag, tag: x}]",
                4,
                "not supported",
            ),
        ] {
            let problem = Pipeline::read(&"p.yml".into(), text).unwrap_err();
            assert_eq!(problem.fault.place.line, line, "{problem}");
            assert!(problem.to_string().contains(part), "{problem}");
        }
    }
}
