//! Marks: times in which change is expected, and where.
//!
//! A person says "this is a deployment of nginx on the web hosts, for half an hour". Novelty and
//! change found there and then is held: it is learnt, counted and shown, and nobody is alerted.
//! What a deployment does not explain (one that talks to many, one that speaks like a clock, an odd
//! session) is never held, and silence only under maintenance.
//!
//! A scope has patterns by field; all that are given must fit. `*` stands for any run of characters,
//! nothing else is special, and case does not count. A field of which a finding knows nothing never
//! fits: a mark of one program does not hold what is said of a whole host. Cost: a scan of the text
//! for each piece between stars; patterns have at most [`PATTERN_MAX`] bytes.

use serde::{Deserialize, Serialize};

/// Longest pattern, in bytes.
pub const PATTERN_MAX: usize = 256;

/// What is going on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum MarkKind {
    /// A new version is put into use: new messages, other rates.
    Deploy,
    /// Things are taken down and brought back: silence, too.
    Maintenance,
}

/// Kinds of evidence that speak of novelty and change.
const CHANGES: [&str; 9] = [
    "new-template",
    "new-value",
    "new-kind",
    "odd-content",
    "odd-value",
    "odd-order",
    "level-shift",
    "burst",
    "drop",
];

impl MarkKind {
    /// All kinds.
    pub const ALL: [MarkKind; 2] = [MarkKind::Deploy, MarkKind::Maintenance];

    /// The word on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            MarkKind::Deploy => "deploy",
            MarkKind::Maintenance => "maintenance",
        }
    }

    /// From the word on the wire.
    pub fn from_name(name: &str) -> Option<MarkKind> {
        MarkKind::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Whether it accounts for a kind of evidence.
    pub fn holds(self, evidence: &str) -> bool {
        CHANGES.contains(&evidence) || (self == MarkKind::Maintenance && evidence == "silence")
    }
}

/// Where something was found; empty where it is not known, or not one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The program that wrote it.
    pub program: String,
    /// The host on which it happened.
    pub host: String,
    /// Services and units that it names.
    pub services: Vec<String>,
    /// Its source: name, type, and name of its entry.
    pub sources: Vec<String>,
    /// Text of its template.
    pub template: String,
}

/// Where a mark holds; at least one field is given.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scope {
    /// Program.
    pub program: Option<String>,
    /// Host.
    pub host: Option<String>,
    /// Service or unit.
    pub service: Option<String>,
    /// Name or type of the source.
    pub source: Option<String>,
    /// Text of the template.
    pub template: Option<String>,
}

/// Why a scope is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScopeError {
    /// Nothing is given.
    #[error("a mark names a program, a host, a service, a source or a template")]
    Empty,
    /// No such field.
    #[error("{0:?} is none of program=, host=, service=, source=, template=")]
    Unknown(String),
    /// A field twice.
    #[error("{0} is given twice")]
    Twice(&'static str),
    /// Not a pattern.
    #[error("{0} is empty, has a control character or more than {PATTERN_MAX} bytes")]
    Pattern(&'static str),
}

/// Names of the fields.
const FIELDS: [&str; 5] = ["program", "host", "service", "source", "template"];

impl Scope {
    fn fields(&self) -> [(&'static str, &Option<String>); 5] {
        let all = [&self.program, &self.host, &self.service, &self.source, &self.template];
        let mut at = 0;
        FIELDS.map(|name| {
            at += 1;
            (name, all[at - 1])
        })
    }

    fn field(&mut self, name: &str) -> Option<(&'static str, &mut Option<String>)> {
        match name {
            "program" => Some((FIELDS[0], &mut self.program)),
            "host" => Some((FIELDS[1], &mut self.host)),
            "service" => Some((FIELDS[2], &mut self.service)),
            "source" => Some((FIELDS[3], &mut self.source)),
            "template" => Some((FIELDS[4], &mut self.template)),
            _ => None,
        }
    }

    /// Reads `program=nginx,host=web-*`. A comma that no name of a field follows is part of the
    /// pattern, so that a template can have some.
    pub fn parse(text: &str) -> Result<Scope, ScopeError> {
        let mut scope = Scope::default();
        let mut last: Option<&'static str> = None;
        for part in text.split(',') {
            let named = part.split_once('=').map(|(name, value)| (name.trim(), value));
            let named = named.filter(|(name, _)| FIELDS.contains(name));
            match (named, last) {
                (Some((name, value)), _) => {
                    let Some((name, field)) = scope.field(name) else { continue };
                    if field.is_some() {
                        return Err(ScopeError::Twice(name));
                    }
                    *field = Some(value.trim().to_owned());
                    last = Some(name);
                }
                (None, Some(name)) => {
                    if let Some((_, Some(field))) = scope.field(name) {
                        field.push(',');
                        field.push_str(part);
                    }
                }
                (None, None) => return Err(ScopeError::Unknown(part.chars().take(32).collect())),
            }
        }
        scope.checked()
    }

    /// With its patterns trimmed, or why it is none.
    pub fn checked(mut self) -> Result<Scope, ScopeError> {
        for name in FIELDS {
            let Some((name, Some(pattern))) = self.field(name) else { continue };
            *pattern = pattern.trim().to_owned();
            let fits = (1..=PATTERN_MAX).contains(&pattern.len());
            if !fits || pattern.chars().any(char::is_control) {
                return Err(ScopeError::Pattern(name));
            }
        }
        match self == Scope::default() {
            true => Err(ScopeError::Empty),
            false => Ok(self),
        }
    }

    /// Whether a place is in it.
    pub fn covers(&self, place: &Place) -> bool {
        let one = |pattern: &Option<String>, text: &str| {
            pattern.as_ref().is_none_or(|pattern| !text.is_empty() && fits(pattern, text))
        };
        let any = |pattern: &Option<String>, texts: &[String]| {
            pattern.is_none() || texts.iter().any(|text| one(pattern, text))
        };
        one(&self.program, &place.program)
            && one(&self.host, &place.host)
            && any(&self.service, &place.services)
            && any(&self.source, &place.sources)
            && one(&self.template, &place.template)
    }

    /// In words, as [`Scope::parse`] reads it.
    pub fn words(&self) -> String {
        let said = self.fields().into_iter();
        let said = said.filter_map(|(name, value)| Some(format!("{name}={}", value.as_ref()?)));
        said.collect::<Vec<_>>().join(",")
    }
}

/// Whether a text fits a pattern in which `*` stands for any run of characters.
pub fn fits(pattern: &str, text: &str) -> bool {
    let text = text.as_bytes();
    let pieces: Vec<&[u8]> = pattern.as_bytes().split(|b| *b == b'*').collect();
    let (first, last) = (pieces[0], pieces[pieces.len() - 1]);
    if pieces.len() == 1 {
        return text.eq_ignore_ascii_case(first);
    }
    if text.len() < first.len() + last.len()
        || !text[..first.len()].eq_ignore_ascii_case(first)
        || !text[text.len() - last.len()..].eq_ignore_ascii_case(last)
    {
        return false;
    }
    // What is found first leaves the most for the pieces after it.
    let mut rest = &text[first.len()..text.len() - last.len()];
    for piece in pieces[1..pieces.len() - 1].iter().filter(|piece| !piece.is_empty()) {
        let mut windows = rest.windows(piece.len());
        match windows.position(|window| window.eq_ignore_ascii_case(piece)) {
            Some(at) => rest = &rest[at + piece.len()..],
            None => return false,
        }
    }
    true
}

#[cfg(test)]
#[path = "marks_tests.rs"]
mod tests;
