//! The API over a data directory that no program uses: the same routes, answered by this process.

use super::remote::Client;
use super::{events, state};
use crate::alerting::AlertBook;
use crate::api::{
    self, EngineRow, Errors, Facts, Health, LedgerRow, SourceRow, Stats, TemplateRow,
};
use crate::config::{Config, DataDir};
use crate::failure::Failure;
use crate::runtime::rulekeeper::RuleKeeper;
use crate::sigma::book::Wish;
use crate::store::control::{PageRequest, StateStore, TemplateQuery};
use crate::store::events::EventStore;
use seerflow_model::Ns;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};
use tokio::runtime::Runtime;

/// Templates read at a time.
const PAGE: usize = 1_000;

/// A directory that is answered for while this lives.
pub struct Resting {
    runtime: Option<Runtime>,
    facts: Arc<Rest>,
}

impl Resting {
    /// Opens what is in the directory; gives a connection to it, too.
    pub fn open(data: DataDir, config: &Config) -> Result<(Resting, Client), Failure> {
        let events = events::open(config, &data)?;
        let state = state::open(config, &data)?;
        let (wish, rules) = (Wish::of(config), OnceLock::new());
        let config = crate::config::shown::json(config);
        let book = AlertBook::default();
        let facts = Rest { _data: data, events, state, book, config, wish, rules };
        let facts = Arc::new(facts);
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .map_err(|error| Failure::cannot_run(format!("cannot start: {error}")))?;
        let (opener, inside) = api::inside();
        let options = api::Options {
            answer_timeout: std::time::Duration::from_secs(120),
            ..api::Options::default()
        };
        runtime.spawn(api::serve_inside(inside, facts.clone(), options));
        let client = Client::inside(opener)?;
        Ok((Resting { runtime: Some(runtime), facts }, client))
    }
}

impl Drop for Resting {
    fn drop(&mut self) {
        if let Some(events) = &self.facts.events {
            events.close();
        }
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_timeout(std::time::Duration::from_secs(5));
        }
    }
}

/// What is known when nothing runs.
struct Rest {
    _data: DataDir,
    events: Option<Arc<EventStore>>,
    state: Arc<dyn StateStore>,
    book: AlertBook,
    config: Value,
    wish: Wish,
    /// The rules, read when somebody asks.
    rules: OnceLock<Option<Arc<RuleKeeper>>>,
}

impl Facts for Rest {
    fn health(&self) -> Health {
        let components = BTreeMap::from([("engine".to_owned(), "at rest".to_owned())]);
        Health { ready: false, problems: vec!["the program does not run".into()], components }
    }

    fn stats(&self) -> Stats {
        let stored = self.events.as_ref().map_or(0, |events| events.stats().events);
        let alerts = self.state.alert_counts().unwrap_or_default();
        let page = self.state.templates(&TemplateQuery::default(), &PageRequest::page(1, 1));
        Stats {
            total_events: stored,
            total_alerts: alerts.by_severity.iter().sum(),
            templates: page.map_or(0, |page| page.total),
            ..Stats::default()
        }
    }

    fn ledger(&self) -> Vec<LedgerRow> {
        Vec::new()
    }

    fn alerts(&self) -> &AlertBook {
        &self.book
    }

    fn templates(&self) -> Vec<TemplateRow> {
        let mut rows = Vec::new();
        for page in 1.. {
            let request = PageRequest::page(page, PAGE);
            let Ok(found) = self.state.templates(&TemplateQuery::default(), &request) else {
                break;
            };
            let last = found.items.len() < PAGE;
            rows.extend(found.items.into_iter().map(|stored| stored.row.into()));
            if last {
                break;
            }
        }
        rows
    }

    fn sources(&self, _now: Ns) -> Vec<SourceRow> {
        Vec::new()
    }

    fn errors(&self) -> Errors {
        Errors::default()
    }

    fn engine(&self, _now: Ns) -> EngineRow {
        EngineRow::default()
    }

    fn config(&self) -> Value {
        self.config.clone()
    }

    fn state(&self) -> Option<Arc<dyn StateStore>> {
        Some(self.state.clone())
    }

    fn events(&self) -> Option<Arc<EventStore>> {
        self.events.clone()
    }

    fn rules(&self) -> Option<Arc<RuleKeeper>> {
        let open = || {
            let keeper = RuleKeeper::open(self.wish.clone(), None, Some(self.state.clone()));
            let said = |failure: Failure| crate::cli::output::message(&failure.to_string());
            keeper.map(Arc::new).map_err(said).ok()
        };
        self.rules.get_or_init(open).clone()
    }
}
