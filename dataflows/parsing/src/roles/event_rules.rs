//! Rules for records that come as fields: which one fits an event, and whom its fields name.
//!
//! A rule is found by the format of the event and the values of the field that its `when` names
//! first, through a table; then the rest of `when` is tested. Of several rules that fit the first
//! in the order of the files wins. An event with such a rule is not read in any other way: the
//! rule knows which of many names play a part. Cost: a look through the fields for each field that
//! a rule of the format is found by, and for each field of the rule.

use super::collect::Found;
use super::file::HostRole;
use super::value::{self, Read, Trust, Value, ValueType};
use hashbrown::HashMap;
use seerflow_model::{Activity, EntityType, Event, Format, Outcome, Role, Span};
use smallvec::SmallVec;

/// Longest value that is looked up.
const VALUE_MAX: usize = 128;

/// One compiled rule.
#[derive(Clone, Debug)]
pub(super) struct EventRule {
    pub(super) when: Box<[(Box<str>, Box<[Test]>)]>,
    pub(super) failure: Box<[(Box<str>, Box<[Test]>)]>,
    pub(super) map: Box<[Given]>,
    pub(super) activity: Activity,
    pub(super) outcome: Outcome,
    pub(super) host: HostRole,
}

/// What a field gives: the first of these that holds a value.
#[derive(Clone, Debug)]
pub(super) struct Given {
    pub(super) names: Box<[Box<str>]>,
    pub(super) role: Role,
    pub(super) kind: ValueType,
    /// The field with the domain of a user; empty when there is none.
    pub(super) domain: Box<str>,
}

/// A test of one value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Test {
    /// `*`: it is there.
    There,
    /// `!x`: it is there and another.
    Not(Box<str>),
    /// `x*`.
    Begins(Box<str>),
    /// `*x`.
    Ends(Box<str>),
    /// The value itself, whatever its case.
    Is(Box<str>),
}

impl Test {
    /// By the way a rule writes it.
    pub(super) fn new(text: &str) -> Test {
        if text == "*" {
            return Test::There;
        }
        match (text.strip_prefix('!'), text.strip_suffix('*'), text.strip_prefix('*')) {
            (Some(other), _, _) => Test::Not(other.into()),
            (_, Some(start), _) => Test::Begins(start.into()),
            (_, _, Some(end)) => Test::Ends(end.into()),
            _ => Test::Is(text.into()),
        }
    }

    fn fits(&self, value: &str) -> bool {
        let part =
            |range: Option<&str>, of: &str| range.is_some_and(|v| v.eq_ignore_ascii_case(of));
        let there = !matches!(value, "" | "-");
        match self {
            Test::There => there,
            Test::Not(other) => there && !value.eq_ignore_ascii_case(other),
            Test::Begins(start) => part(value.get(..start.len()), start),
            Test::Ends(end) => {
                part(value.len().checked_sub(end.len()).and_then(|at| value.get(at..)), end)
            }
            Test::Is(whole) => value.eq_ignore_ascii_case(whole),
        }
    }
}

/// All rules, by format.
#[derive(Clone, Debug, Default)]
pub(super) struct EventRules {
    rules: Vec<EventRule>,
    formats: HashMap<Format, Scope>,
}

/// The rules of one format.
#[derive(Clone, Debug, Default)]
struct Scope {
    /// A field, and the rules whose first test it meets by each of its values in lower case.
    keyed: Vec<(Box<str>, HashMap<Box<[u8]>, Vec<u16>>)>,
    /// Rules that are found by no value.
    others: Vec<u16>,
}

impl EventRules {
    /// Adds a rule for formats. Beyond 65,536 rules nothing is added.
    pub(super) fn add(&mut self, formats: &[Format], rule: EventRule) {
        let Ok(id) = u16::try_from(self.rules.len()) else { return };
        for format in formats {
            self.formats.entry(*format).or_default().add(id, &rule);
        }
        self.rules.push(rule);
    }

    /// The rule that fits an event.
    pub(super) fn find(&self, event: &Event) -> Option<&EventRule> {
        let scope = self.formats.get(&event.format)?;
        let mut best: Option<u16> = None;
        let mut take = |ids: &[u16]| {
            for id in ids.iter().take_while(|id| best.is_none_or(|best| **id < best)) {
                if self.rules[usize::from(*id)].fits(event) {
                    best = Some(*id);
                    return;
                }
            }
        };
        for (name, values) in &scope.keyed {
            for value in all(event, name).filter(|value| value.len() <= VALUE_MAX) {
                let mut lower: SmallVec<[u8; VALUE_MAX]> = value.as_bytes().into();
                lower.make_ascii_lowercase();
                take(values.get(&lower[..]).map_or(&[][..], Vec::as_slice));
            }
        }
        take(&scope.others);
        best.map(|id| &self.rules[usize::from(id)])
    }
}

impl Scope {
    fn add(&mut self, id: u16, rule: &EventRule) {
        let first = rule.when.first().filter(|(_, tests)| {
            tests.iter().all(|test| matches!(test, Test::Is(value) if value.len() <= VALUE_MAX))
        });
        let Some((name, tests)) = first else {
            self.others.push(id);
            return;
        };
        let at = self.keyed.iter().position(|(known, _)| known == name).unwrap_or_else(|| {
            self.keyed.push((name.clone(), HashMap::new()));
            self.keyed.len() - 1
        });
        for test in tests {
            let Test::Is(value) = test else { continue };
            let lower = value.to_ascii_lowercase().into_bytes().into_boxed_slice();
            self.keyed[at].1.entry(lower).or_default().push(id);
        }
    }
}

impl EventRule {
    fn fits(&self, event: &Event) -> bool {
        self.when.iter().all(|test| meets(event, test))
    }

    /// How it went: failed when the rule can tell by a field or the record said so, else what the
    /// rule says, else what the record said.
    pub(super) fn judge(&self, event: &Event) -> Outcome {
        let failed = self.failure.iter().any(|test| meets(event, test));
        match (failed || event.outcome == Outcome::Failure, self.outcome) {
            (true, _) => Outcome::Failure,
            (false, Outcome::Unknown) => event.outcome,
            (false, said) => said,
        }
    }

    /// Adds whom and what the fields name.
    pub(super) fn read(&self, event: &Event, found: &mut Found) {
        for given in &self.map {
            let read = given.names.iter().find_map(|name| given.value(event, span(event, name)?));
            if let Some(value) = read {
                found.add(&event.text, given.role, value);
            }
        }
    }
}

impl Given {
    fn value(&self, event: &Event, span: Span) -> Option<Value> {
        let (from, to) = (span.start as usize, span.end());
        let text = event.text.get(from..to)?;
        let user = self.kind == ValueType::Of(EntityType::User);
        let (from, to) = match self.kind {
            ValueType::Of(EntityType::Hash) => digest(text, from)?,
            ValueType::Of(EntityType::User) => common_name(text, from),
            _ => (from, to),
        };
        let Read::Some(mut value) = value::read(self.kind, &event.text, from, to, Trust::Field)
        else {
            return None;
        };
        if !user {
            // What every machine calls itself says nothing of which.
            let itself = event.get(value.value).eq_ignore_ascii_case("localhost");
            return (!itself).then_some(value);
        }
        if value.domain.is_empty() {
            let domain = self::span(event, &self.domain).unwrap_or_default();
            let (from, to) = (domain.start as usize, domain.end());
            if let Read::Some(read) =
                value::read(ValueType::UserDomain, &event.text, from, to, Trust::Field)
            {
                value.domain = read.value;
            }
        }
        let name = event.get(value.value);
        if name.starts_with('(') {
            // `(invalid user)`: a program says that it knows none.
            return None;
        }
        if name.bytes().all(|b| b.is_ascii_digit()) {
            // A number is another user on every machine.
            value.domain = event.host;
            return (!event.host.is_empty()).then_some(value);
        }
        (!of_the_system(event, value)).then_some(value)
    }
}

/// Accounts that every Windows machine has under one name: as entities they would join machines
/// that have nothing to do with each other.
fn of_the_system(event: &Event, user: Value) -> bool {
    const DOMAINS: [&str; 6] = [
        "NT AUTHORITY",
        "NT SERVICE",
        "NT VIRTUAL MACHINE",
        "IIS APPPOOL",
        "Window Manager",
        "Font Driver Host",
    ];
    const NAMES: [&str; 5] =
        ["SYSTEM", "LocalSystem", "LOCAL SERVICE", "NETWORK SERVICE", "ANONYMOUS LOGON"];
    let name = event.get(user.value);
    // A domain with a blank in it is not split off.
    let domain = match name.split_once('\\') {
        Some((domain, _)) => domain,
        None => event.get(user.domain),
    };
    event.format == Format::Windows
        && (DOMAINS.iter().any(|d| d.eq_ignore_ascii_case(domain)) || NAMES.contains(&name))
}

/// The strongest digest in `SHA1=…,MD5=…,SHA256=…`, or the whole when it is one.
fn digest(text: &str, from: usize) -> Option<(usize, usize)> {
    if !text.contains('=') {
        return Some((from, from + text.len()));
    }
    let strongest = ["SHA256=", "SHA1=", "MD5="];
    let found = strongest.iter().find_map(|name| Some(text.find(name)? + name.len()))?;
    let rest = &text[found..];
    let end = rest.find(',').unwrap_or(rest.len());
    Some((from + found, from + found + end))
}

/// The name in `CN=Ann Lee,CN=Users,DC=corp`, or the whole.
fn common_name(text: &str, from: usize) -> (usize, usize) {
    let named = text.get(..3).is_some_and(|start| start.eq_ignore_ascii_case("CN="));
    let start = if named { 3 } else { 0 };
    let end = if named { text.find(',').unwrap_or(text.len()) } else { text.len() };
    (from + start, from + end)
}

fn meets(event: &Event, (name, tests): &(Box<str>, Box<[Test]>)) -> bool {
    all(event, name).any(|value| tests.iter().any(|test| test.fits(value)))
}

/// The values of all fields with a name.
fn all<'a>(event: &'a Event, name: &'a str) -> impl Iterator<Item = &'a str> {
    event.fields.iter().filter(move |f| event.get(f.name) == name).map(|f| event.get(f.value))
}

/// The first field with a name that is not empty.
fn span(event: &Event, name: &str) -> Option<Span> {
    let named = |f: &&seerflow_model::Field| !f.value.is_empty() && event.get(f.name) == name;
    event.fields.iter().take(super::FIELDS_MAX).find(named).map(|f| f.value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_of_values() {
        for (test, value, fits) in [
            ("*", "x", true),
            ("*", "", false),
            ("*", "-", false),
            ("!0x0", "0x0", false),
            ("!0x0", "0xC000006D", true),
            ("!0x0", "", false),
            ("4*", "403", true),
            ("4*", "200", false),
            ("*$", "WEB-1$", true),
            ("*$", "", false),
            ("Security", "security", true),
            ("Security", "Securit\u{e9}", false),
            ("\u{e9}*", "x\u{e9}", false),
            ("*\u{e9}", "\u{e9}", true),
        ] {
            assert_eq!(Test::new(test).fits(value), fits, "{test} {value}");
        }
    }

    #[test]
    fn names_of_a_directory() {
        for (text, expected) in [
            ("CN=Ann Lee,CN=Users,DC=corp", "Ann Lee"),
            ("cn=x", "x"),
            ("bob", "bob"),
            ("CN", "CN"),
        ] {
            let (from, to) = common_name(text, 0);
            assert_eq!(&text[from..to], expected, "{text}");
        }
    }

    #[test]
    fn the_strongest_digest() {
        for (text, expected) in [
            ("SHA1=aa,MD5=bb,SHA256=cc,IMPHASH=dd", Some("cc")),
            ("MD5=bb,SHA1=aa", Some("aa")),
            ("MD5=bb", Some("bb")),
            ("IMPHASH=dd", None),
            ("ee", Some("ee")),
        ] {
            assert_eq!(digest(text, 0).map(|(from, to)| &text[from..to]), expected, "{text}");
        }
    }
}
