//! A rule as the generator makes it: a tree that can be written down and made smaller.

use serde_json::{Map, Value, json};

/// `field|modifiers: values`; keywords have no field.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    /// Name of the field, empty for keywords.
    pub field: String,
    /// Modifiers in their order.
    pub modifiers: Vec<&'static str>,
    /// At least one value.
    pub values: Vec<Value>,
}

impl Item {
    /// Whether it has a modifier.
    pub fn has(&self, name: &str) -> bool {
        self.modifiers.contains(&name)
    }

    /// Its key in the rule.
    pub fn key(&self) -> String {
        let parts = [self.field.as_str()];
        parts.into_iter().chain(self.modifiers.iter().copied()).collect::<Vec<_>>().join("|")
    }

    fn value(&self) -> Value {
        match &self.values[..] {
            [one] if !self.field.is_empty() => one.clone(),
            all => Value::from(all),
        }
    }
}

/// What a search identifier means.
#[derive(Clone, Debug, PartialEq)]
pub enum Search {
    /// Any of these maps.
    Maps(Vec<Vec<Item>>),
    /// Keywords.
    Words(Item),
}

/// A condition over search identifiers, by their numbers.
#[derive(Clone, Debug, PartialEq)]
pub enum Condition {
    /// A search identifier.
    Name(usize),
    /// `1 of` or `all of` a pattern or `them`.
    Of(&'static str, &'static str),
    /// All of these.
    And(Vec<Condition>),
    /// Any of these.
    Or(Vec<Condition>),
    /// Not this.
    Not(Box<Condition>),
}

/// A rule.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// Names and what they mean.
    pub searches: Vec<(&'static str, Search)>,
    /// Conditions, any of which suffices.
    pub conditions: Vec<Condition>,
}

impl Rule {
    /// All items.
    pub fn items(&self) -> impl Iterator<Item = &Item> {
        self.searches.iter().flat_map(|(_, search)| match search {
            Search::Maps(maps) => maps.iter().flatten().collect::<Vec<_>>(),
            Search::Words(item) => vec![item],
        })
    }

    /// As a document of a rule file. JSON is YAML, and both engines read the same of it.
    pub fn text(&self, title: &str) -> String {
        let mut detection = Map::new();
        for (name, search) in &self.searches {
            detection.insert((*name).into(), shown(search));
        }
        let conditions: Vec<_> = self.conditions.iter().map(|one| one.text(self)).collect();
        let condition = match &conditions[..] {
            [one] => json!(one),
            all => json!(all),
        };
        detection.insert("condition".into(), condition);
        let detection = Value::Object(detection);
        format!("title: {title}\nlogsource: {{product: test}}\ndetection: {detection}\n")
    }
}

fn shown(search: &Search) -> Value {
    let map = |items: &Vec<Item>| {
        let entries = items.iter().map(|item| (item.key(), item.value()));
        Value::Object(entries.collect())
    };
    match search {
        Search::Maps(maps) if maps.len() == 1 => map(&maps[0]),
        Search::Maps(maps) => maps.iter().map(map).collect(),
        Search::Words(item) if item.modifiers.is_empty() => item.value(),
        Search::Words(item) => json!({ item.key(): item.value() }),
    }
}

impl Condition {
    fn text(&self, rule: &Rule) -> String {
        let join = |all: &[Condition], word: &str| {
            let all: Vec<_> = all.iter().map(|one| one.text(rule)).collect();
            format!("({})", all.join(word))
        };
        match self {
            Condition::Name(number) => rule.searches[*number].0.to_owned(),
            Condition::Of(count, names) => format!("{count} of {names}"),
            Condition::And(all) => join(all, " and "),
            Condition::Or(all) => join(all, " or "),
            Condition::Not(one) => format!("not {}", one.text(rule)),
        }
    }
}
