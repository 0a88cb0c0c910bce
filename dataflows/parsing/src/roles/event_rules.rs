//! Rules for records that come as fields: which one fits an event, and whom its fields name.
//!
//! A rule is found by the format of the event and the values of the field that its `when` names
//! first, through a table; then the rest of `when` is tested. Of several rules that fit the first
//! in the order of the files wins. An event with such a rule is not read in any other way: the
//! rule knows which of many names play a part. Cost: a look through the fields for each field that
//! a rule of the format is found by, and for each field of the rule.

use super::collect::Found;
use super::event_values::Given;
use super::file::HostRole;
use super::index::Origin;
use hashbrown::HashMap;
use seerflow_model::{Activity, Event, Format, Outcome};
use smallvec::SmallVec;

/// Longest value that is looked up.
const VALUE_MAX: usize = 128;

/// A field, and what one of its values must be: one of these.
pub(super) type Tests = (Box<str>, Box<[Test]>);

/// Rules by a value in lower case.
type ByValue = HashMap<Box<[u8]>, Vec<u16>>;

/// One compiled rule.
#[derive(Clone, Debug)]
pub(super) struct EventRule {
    pub(super) when: Box<[Tests]>,
    pub(super) failure: Box<[Tests]>,
    pub(super) map: Box<[Given]>,
    pub(super) activity: Activity,
    pub(super) outcome: Outcome,
    pub(super) host: HostRole,
    pub(super) origin: Origin,
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
    formats: Vec<(Format, Scope)>,
}

/// The rules of one format.
#[derive(Clone, Debug, Default)]
struct Scope {
    /// A field, and the rules whose first test it meets by each of its values in lower case.
    keyed: Vec<(Box<str>, ByValue)>,
    /// Rules that are found by no value.
    others: Vec<u16>,
}

impl EventRules {
    /// Adds a rule for formats. Beyond 65,536 rules nothing is added.
    pub(super) fn add(&mut self, formats: &[Format], rule: EventRule) {
        let Ok(id) = u16::try_from(self.rules.len()) else { return };
        for format in formats {
            let at = self.formats.iter().position(|(known, _)| known == format);
            let at = at.unwrap_or_else(|| {
                self.formats.push((*format, Scope::default()));
                self.formats.len() - 1
            });
            self.formats[at].1.add(id, &rule);
        }
        self.rules.push(rule);
    }

    /// The rule that fits an event.
    pub(super) fn find(&self, event: &Event) -> Option<&EventRule> {
        let (_, scope) = self.formats.iter().find(|(format, _)| *format == event.format)?;
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
            if let Some(value) = given.read(event) {
                found.add(&event.text, given.role, value);
            }
        }
    }
}

fn meets(event: &Event, (name, tests): &Tests) -> bool {
    all(event, name).any(|value| tests.iter().any(|test| test.fits(value)))
}

/// The values of all fields with a name.
fn all<'a>(event: &'a Event, name: &'a str) -> impl Iterator<Item = &'a str> {
    event.fields.iter().filter(move |f| event.get(f.name) == name).map(|f| event.get(f.value))
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
}
