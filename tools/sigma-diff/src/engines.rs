//! Both engines, asked the same.

use crate::generate::PLACEHOLDERS;
use rsigma_eval::{Engine, JsonEvent, Pipeline, parse_pipeline};
use rsigma_parser::parse_sigma_yaml;
use seerflow_sigma::{LogSourceRef, Matcher, Options, State, load};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;

/// The logsource of all generated rules.
const SOURCE: LogSourceRef<'static> = LogSourceRef { category: "", product: "test", service: "" };

/// Ours, with its rules.
pub struct Ours {
    matcher: Matcher,
}

impl Ours {
    /// Loads rules; the error says what is wrong.
    pub fn new(text: &str) -> Result<Ours, String> {
        let values = |all: &[&str]| all.iter().map(|value| (*value).to_owned()).collect();
        let placeholders = PLACEHOLDERS.map(|(name, all)| (name.to_owned(), values(all))).into();
        let options = Options { placeholders, ..Options::default() };
        let loaded = load([("rule".into(), text)], &options);
        if let Some(problem) = loaded.problems.first() {
            return Err(problem.to_string());
        }
        Ok(Ours { matcher: Matcher::new(Arc::new(loaded.set)) })
    }

    /// Titles of the rules that match.
    pub fn ask(&mut self, event: &Value) -> BTreeSet<String> {
        let found = self.matcher.matches(&[SOURCE], event).to_vec();
        let rules = self.matcher.set().rules();
        found.iter().map(|number| rules[*number as usize].rule.header.title.clone()).collect()
    }

    /// Titles of the rules of which it says that nothing can match them.
    pub fn unreachable(&self) -> BTreeSet<String> {
        let rules = self.matcher.set().rules().iter();
        let rules = rules.filter(|rule| matches!(rule.state, State::Unreachable(_)));
        rules.map(|rule| rule.rule.header.title.clone()).collect()
    }
}

/// The other one.
pub struct Theirs {
    engine: Engine,
}

impl Theirs {
    /// Loads rules; the error says what is wrong.
    pub fn new(text: &str) -> Result<Theirs, String> {
        let collection = parse_sigma_yaml(text).map_err(|error| error.to_string())?;
        if let Some(error) = collection.errors.first() {
            return Err(error.clone());
        }
        let mut engine = Engine::new_with_pipeline(pipeline()?);
        engine.add_collection(&collection).map_err(|error| error.to_string())?;
        Ok(Theirs { engine })
    }

    /// Titles of the rules that match.
    pub fn ask(&mut self, event: &Value) -> BTreeSet<String> {
        let found = self.engine.evaluate(&JsonEvent::borrow(event));
        found.into_iter().map(|result| result.header.rule_title).collect()
    }
}

/// What fills placeholders there.
fn pipeline() -> Result<Pipeline, String> {
    let vars: serde_json::Map<_, _> =
        PLACEHOLDERS.iter().map(|(name, all)| ((*name).to_owned(), json!(all))).collect();
    let text = json!({
        "name": "placeholders",
        "priority": 10,
        "vars": vars,
        "transformations": [{"id": "p", "type": "value_placeholders"}],
    });
    parse_pipeline(&text.to_string()).map_err(|error| error.to_string())
}
