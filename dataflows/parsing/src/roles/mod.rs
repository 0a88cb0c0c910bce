//! Who and what an event speaks of: entities with roles, edges, activity and outcome.
//!
//! All of it comes from the record alone, so it is the same in any order and on any worker. In
//! this order: the *role rule* whose pattern fits the message (`rules/roles/*.yaml`, looked up by
//! program and leading words); structured fields by their names; where no rule fits, a general
//! reading of the message (`general`); at last the header's host and process.
//!
//! Invariants: at most 16 entities and 32 edges; no two entities with the same type, key and role;
//! every span lies in the event's text; every key is that of the canonical value. Only the first
//! 32 KiB of a message and 256 fields are looked at. Cost: about half a microsecond an event, two
//! allocations, no regular expression.

mod address;
mod bundled;
mod collect;
mod context;
mod edges;
mod event_file;
mod event_rules;
mod event_values;
mod file;
mod forms;
mod general;
mod hole;
mod hosts;
mod index;
mod keys;
mod names;
mod pairs;
mod pattern;
mod principals;
mod requests;
mod sample;
mod table;
#[cfg(test)]
mod tests;
mod users;
mod value;

pub use file::RoleError;
pub use index::Origin;

use bundled::BUNDLED;
use collect::Found;
use edges::EDGES_MAX;
use event_rules::EventRules;
use file::RoleFile;
use hole::{Capture, Captures};
use index::{Index, Rule};
use names::Names;
use seerflow_model::{Activity, EdgeRef, EntityType, Event, Outcome, Role, Span};
use smallvec::SmallVec;
use std::sync::Arc;
use value::{Read, Trust, Value, ValueType};

/// How much of a message is looked at, in bytes.
pub const MESSAGE_MAX: usize = 32 * 1024;
/// How many structured fields are looked at.
pub const FIELDS_MAX: usize = 256;

/// Role rules, compiled, with the buffers of one worker. Clones share the rules.
#[derive(Clone, Debug)]
pub struct RoleSet {
    rules: Arc<Compiled>,
    found: Found,
    captures: Captures,
    edges: SmallVec<[EdgeRef; EDGES_MAX]>,
}

#[derive(Debug)]
struct Compiled {
    index: Index,
    events: EventRules,
    names: Names,
    general: general::General,
}

impl RoleSet {
    /// The rules that are compiled in.
    ///
    /// # Panics
    /// Never: a test reads the same texts.
    pub fn bundled() -> RoleSet {
        RoleSet::from_files(BUNDLED).expect("the bundled files are part of this build and tested")
    }

    /// The rules that are compiled in and a user's own files, given as (name, text): his come
    /// first, in the order given, and one with the name of a compiled-in file stands in its place.
    /// The samples of his files must give what they state.
    pub fn with_own(own: &[(String, String)]) -> Result<RoleSet, RoleError> {
        let replaced = |name: &str| own.iter().any(|(own, _)| own == name);
        let bundled = BUNDLED.into_iter().filter(|(name, _)| !replaced(name));
        let files = own.iter().map(|(name, text)| (name.as_str(), text.as_str()));
        let mut roles = RoleSet::from_files(files.chain(bundled))?;
        for (name, text) in own {
            sample::check(&mut roles, name, &RoleFile::parse(name, text)?)?;
        }
        Ok(roles)
    }

    /// Reads files given as (name, text). Earlier files win where two patterns fit.
    pub fn from_files<'a>(
        files: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<RoleSet, RoleError> {
        let mut names = Names::default();
        let (mut blocks, mut read) = (Vec::new(), Vec::new());
        let mut events = EventRules::default();
        for (file, text) in files {
            let parsed = RoleFile::parse(file, text)?;
            let formats = event_file::formats(file, &parsed.formats)?;
            for entry in &parsed.events {
                events.add(&formats, entry.value.compile(file, entry.referenced.line())?);
            }
            blocks.push(parsed.compile(file, &mut names)?);
            read.push(file);
        }
        let index = Index::new(blocks).map_err(|block| RoleError {
            file: read.get(block).copied().unwrap_or_default().to_owned(),
            line: 0,
            message: format!("with this file there are more than {} patterns", 1u32 << 16),
        })?;
        Ok(RoleSet {
            rules: Arc::new(Compiled { index, events, names, general: general::General::new() }),
            found: Found::default(),
            captures: Captures::new(),
            edges: SmallVec::new(),
        })
    }

    /// Fills entities, edges, activity and outcome from what the event already holds: text,
    /// header spans, fields and typed parameters.
    pub fn apply(&mut self, event: &mut Event) {
        let rules = Arc::clone(&self.rules);
        let host = header_host(event);
        self.found.start(host.map_or(Span::NONE, |host| host.value));
        if let Some(rule) = rules.events.find(event) {
            rule.read(event, &mut self.found);
            event.outcome = rule.judge(event);
            event.activity = rule.activity;
            return self.finish(event, host, rule.host.role());
        }
        let (start, end) = message(event);
        let rule = rules.index.find(event.program(), &event.text[..end], start, &mut self.captures);
        let (mut activity, mut outcome) = (event.activity, event.outcome);
        let mut host_role = Role::Target;
        if let Some((rule, pattern_end)) = rule {
            (activity, host_role) = (rule.activity, rule.host.role());
            outcome = self.rule(rule, &event.text, pattern_end, end);
        }
        self.fields(&rules.names, event);
        // Where the format says what is reported, the message only repeats the fields.
        if rule.is_none() && event.activity == Activity::Other {
            rules.general.read(&rules.names, event, (start, end), &mut self.found);
        }
        (event.activity, event.outcome) = (activity, outcome);
        self.finish(event, host, host_role);
    }

    /// The header's part, the edges, and what was found into the event.
    fn finish(&mut self, event: &mut Event, host: Option<Value>, host_role: Role) {
        let ran_on = self.header(event, host, host_role);
        edges::connect(&self.found.entities, event.activity, ran_on, &mut self.edges);
        event.entities = self.found.entities.as_slice().into();
        event.edges = self.edges.as_slice().into();
    }

    /// The pattern that fits an event, for people who ask; [`RoleSet::apply`] goes by the same one.
    pub fn fitting(&mut self, event: &Event) -> Option<&Origin> {
        if let Some(rule) = self.rules.events.find(event) {
            return Some(&rule.origin);
        }
        let (start, end) = message(event);
        let text = &event.text[..end];
        let (rule, _) = self.rules.index.find(event.program(), text, start, &mut self.captures)?;
        Some(&rule.origin)
    }

    /// What a rule that fits gives: its captures, then its keys in the rest of the message.
    fn rule(&mut self, rule: &Rule, text: &str, from: usize, end: usize) -> Outcome {
        let mut outcome = rule.outcome;
        for capture in &self.captures {
            match *capture {
                Capture::Entity(role, value) => self.found.add(text, role, value),
                Capture::Status(status) if status >= 400 => outcome = Outcome::Failure,
                Capture::Status(_) => outcome = Outcome::Success,
            }
        }
        if rule.keys.is_empty() {
            return outcome;
        }
        let mut seen = 0u64;
        pairs::each(&text[..end], from, |key, from, to| {
            let Some(at) = rule.keys.iter().position(|(name, _)| **name == *key) else { return };
            let (_, (role, kind)) = rule.keys[at];
            // The first of two equal keys counts: what follows may be a user's own words.
            let bit = 1u64 << (at % 64);
            if seen & bit == 0
                && let Read::Some(value) = value::read(kind, text, from, to, Trust::Field)
            {
                self.found.add(text, role, value);
            }
            seen |= bit;
        });
        outcome
    }

    fn fields(&mut self, names: &Names, event: &Event) {
        let text = &*event.text;
        let (mut user_domain, mut namespace) = (Span::NONE, Span::NONE);
        for field in event.fields.iter().take(FIELDS_MAX).filter(|f| !f.value.is_empty()) {
            let Some((role, kind)) = names.get(event.get(field.name)) else { continue };
            let (from, to) = (field.value.start as usize, field.value.end());
            if text.get(from..to).is_none() {
                continue;
            }
            match value::read(kind, text, from, to, Trust::Field) {
                Read::Some(value) if kind == ValueType::UserDomain => user_domain = value.value,
                Read::Some(value) if kind == ValueType::Namespace => namespace = value.value,
                Read::Some(value) => self.found.add(text, role, value),
                Read::Nothing | Read::Wrong => {}
            }
        }
        if !user_domain.is_empty() {
            self.found.set_user_domain(text, user_domain);
        }
        if !namespace.is_empty() {
            self.found.set_namespace(text, namespace);
        }
    }

    /// The header's host and process; gives their indexes when both are there.
    fn header(&mut self, event: &Event, host: Option<Value>, role: Role) -> Option<(usize, usize)> {
        let host = self.found.push(&event.text, role, host?)?;
        let (from, to) = (event.program.start as usize, event.program.end());
        event.text.get(from..to)?;
        let process = ValueType::Of(EntityType::Process);
        let Read::Some(value) = value::read(process, &event.text, from, to, Trust::Field) else {
            return None;
        };
        Some((self.found.push(&event.text, Role::Object, value)?, host))
    }
}

/// The host in the header, if it can be one.
fn header_host(event: &Event) -> Option<Value> {
    let (from, to) = (event.host.start as usize, event.host.end());
    event.text.get(from..to)?;
    match value::read(ValueType::Address, &event.text, from, to, Trust::Field) {
        Read::Some(value) => Some(value),
        Read::Nothing | Read::Wrong => None,
    }
}

/// The range of the message that is looked at: without leading white space, without the words by
/// which rsyslog folds equal messages, cut at [`MESSAGE_MAX`].
fn message(event: &Event) -> (usize, usize) {
    let (start, end) = (event.message.start as usize, event.message.end());
    if event.text.get(start..end).is_none() {
        return (0, 0);
    }
    let mut end = end.min(start + MESSAGE_MAX);
    while !event.text.is_char_boundary(end) {
        end -= 1;
    }
    let whole = &event.text[start..end];
    let mut rest = whole.trim_ascii_start();
    if let Some(folded) = rest.strip_prefix("message repeated ")
        && let Some((_, inner)) = folded.split_once(" times: [")
    {
        rest = inner.trim_ascii_start();
        let start = end - rest.len();
        return (start, start + rest.strip_suffix(']').unwrap_or(rest).len());
    }
    (end - rest.len(), end)
}
