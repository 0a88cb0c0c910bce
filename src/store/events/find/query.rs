//! What is asked of the events: a time range, filters, a query in words, an order and a page.

use super::ast::{Compare, Node, Part as Column, Term, Value};
use super::cursor::Cursor;
use super::fold::fold;
use super::grammar;
use super::lex::QueryError;
use seerflow_model::{EntityType, Ns, Severity, hash};
use uuid::Uuid;

/// Most items of a page.
pub const LIMIT_MAX: usize = 1_000;
/// The last item that `page` reaches; a cursor goes on from there.
pub const DEPTH_MAX: usize = 100_000;
/// Events that are counted exactly.
pub const TOTAL_MAX: u64 = 100_000;

/// Which of two events comes first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// The newest first.
    #[default]
    Newest,
    /// The oldest first.
    Oldest,
}

/// What events are ordered by: the time they speak of, source, position in it. No two have the
/// same.
pub type Key = (Ns, u64, u64);

impl Order {
    /// A key of which the least comes first; twice is nothing.
    pub(super) fn turn(self, (time, source, seq): Key) -> Key {
        match self {
            Order::Oldest => (time, source, seq),
            Order::Newest => (!time, !source, !seq),
        }
    }
}

/// Which items of the whole are wanted.
#[derive(Clone, Debug, PartialEq)]
pub enum Place {
    /// By number, from 1.
    Page(usize),
    /// Those behind an earlier page.
    After(Cursor),
}

impl Default for Place {
    fn default() -> Place {
        Place::Page(1)
    }
}

/// A question about events. What is not set does not limit.
#[derive(Clone, Debug, PartialEq)]
pub struct EventQuery {
    /// The first time.
    pub since: Option<Ns>,
    /// The first time that is beyond.
    pub until: Option<Ns>,
    /// Name of the source.
    pub source: Option<String>,
    /// Type of the source.
    pub source_type: Option<String>,
    /// At least so bad.
    pub min_severity: Option<Severity>,
    /// A template or one of its aliases.
    pub template: Option<u64>,
    /// An entity by id.
    pub entity: Option<Uuid>,
    /// Entities by type and canonical value, all of them.
    pub entities: Vec<(EntityType, String)>,
    /// Header host.
    pub host: Option<String>,
    /// Program.
    pub program: Option<String>,
    /// At least so unusual, 0 to 1.
    pub min_score: Option<f64>,
    /// In words, as [`grammar::parse`] reads them.
    pub q: Node,
    /// Which come first.
    pub order: Order,
    /// Items of a page, 1 to [`LIMIT_MAX`].
    pub limit: usize,
    /// Which page.
    pub place: Place,
    /// Whether all that fit are counted.
    pub count: bool,
}

impl Default for EventQuery {
    fn default() -> EventQuery {
        EventQuery {
            since: None,
            until: None,
            source: None,
            source_type: None,
            min_severity: None,
            template: None,
            entity: None,
            entities: Vec::new(),
            host: None,
            program: None,
            min_score: None,
            q: Node::All,
            order: Order::Newest,
            limit: 50,
            place: Place::default(),
            count: true,
        }
    }
}

impl EventQuery {
    /// With a query in words.
    pub fn words(q: &str) -> Result<EventQuery, QueryError> {
        Ok(EventQuery { q: grammar::parse(q)?, ..EventQuery::default() })
    }

    /// All filters and words in one.
    pub fn node(&self) -> Node {
        let text = |column, text: &Option<String>| {
            let folded = text.as_deref().map(|text| fold(text).into_owned());
            folded.map(|folded| Term::Part(column, Value::Is(folded)))
        };
        let at_least = Compare::AtLeast;
        let entities = self.entities.iter().cloned().map(|(kind, value)| Term::Entity(kind, value));
        let terms = [
            self.since.map(|ns| Term::Time(at_least, ns)),
            self.until.map(|ns| Term::Time(Compare::Less, ns)),
            self.min_severity.map(|severity| Term::Severity(at_least, severity)),
            self.template.map(Term::Template),
            text(Column::Source, &self.source),
            text(Column::SourceType, &self.source_type),
            text(Column::Host, &self.host),
            text(Column::Program, &self.program),
            self.min_score.map(|score| Term::Score(at_least, score)),
            self.entity.map(Term::EntityId),
        ];
        let terms = terms.into_iter().flatten().chain(entities);
        terms.map(Node::Is).fold(Node::All, Node::and).and(self.q.clone())
    }

    /// What a cursor is bound to: all but the page.
    pub fn digest(&self) -> u64 {
        hash::text(&format!("{:?} {:?}", self.order, self.node()))
    }
}
