//! What a rule asks of one field, before it is compiled.
//!
//! A [`Test`] is a value: equal tests of different rules are one predicate of the compiled set.

use crate::net::Net;
use crate::number::{Number, Relation};
use crate::pattern::Pattern;
use std::fmt;
use std::sync::Arc;

/// A field by name; the empty name is "anywhere in the event" (keywords).
pub type FieldName = Arc<str>;

/// A question that an event answers with yes or no.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Test {
    /// Which field is asked.
    pub field: FieldName,
    /// What is asked of it.
    pub want: Want,
}

/// What is asked of the values of a field; any of several values suffices.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Want {
    /// One of these patterns fits.
    Text {
        /// The patterns, never none.
        patterns: Vec<Pattern>,
        /// Whether upper and lower case differ.
        cased: bool,
    },
    /// Text in which this expression is found.
    Regex {
        /// The expression.
        source: Arc<str>,
        /// Case, lines and dots.
        flags: RegexFlags,
    },
    /// A number that stands like this to another; numeric text counts.
    Number(Relation, Number),
    /// True or false, also as text.
    Bool(bool),
    /// The field is not there, or has no value.
    Null,
    /// The field is there, perhaps without a value.
    Exists,
    /// An address in one of these networks.
    Cidr(Vec<Net>),
    /// Text that stands like this to the text of another field.
    Reference {
        /// The other field.
        other: FieldName,
        /// How.
        how: Affix,
        /// Whether upper and lower case differ.
        cased: bool,
    },
    /// A part of a time.
    Time(TimePart, Relation, Number),
}

/// Flags of a regular expression.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct RegexFlags {
    /// `i`: upper and lower case are one.
    pub insensitive: bool,
    /// `m`: `^` and `$` are the ends of lines.
    pub lines: bool,
    /// `s`: the dot matches line ends.
    pub dot_all: bool,
}

/// Where in a text another must stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Affix {
    /// It is the whole text.
    #[default]
    Whole,
    /// Anywhere.
    Inside,
    /// At the start.
    Start,
    /// At the end.
    End,
}

/// A part of a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TimePart {
    /// 0 to 59.
    Minute,
    /// 0 to 23.
    Hour,
    /// 1 to 31.
    Day,
    /// ISO week, 1 to 53.
    Week,
    /// 1 to 12.
    Month,
    /// The year.
    Year,
}

impl TimePart {
    /// The modifier.
    pub fn name(self) -> &'static str {
        match self {
            TimePart::Minute => "minute",
            TimePart::Hour => "hour",
            TimePart::Day => "day",
            TimePart::Week => "week",
            TimePart::Month => "month",
            TimePart::Year => "year",
        }
    }
}

impl fmt::Display for Test {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.field[..] {
            "" => f.write_str("any value")?,
            name => f.write_str(name)?,
        }
        match &self.want {
            Want::Text { patterns, cased } => {
                f.write_str(if *cased { " is exactly " } else { " is " })?;
                for (i, pattern) in patterns.iter().enumerate() {
                    write!(f, "{}`{pattern}`", if i == 0 { "" } else { " or " })?;
                }
                Ok(())
            }
            Want::Regex { source, .. } => write!(f, " fits /{source}/"),
            Want::Number(relation, number) => write!(f, " {} {number}", relation.name()),
            Want::Bool(value) => write!(f, " is {value}"),
            Want::Null => f.write_str(" has no value"),
            Want::Exists => f.write_str(" exists"),
            Want::Cidr(nets) => {
                f.write_str(" is in ")?;
                for (i, net) in nets.iter().enumerate() {
                    write!(f, "{}{net}", if i == 0 { "" } else { " or " })?;
                }
                Ok(())
            }
            Want::Reference { other, how, .. } => {
                let how = match how {
                    Affix::Whole => "is",
                    Affix::Inside => "contains",
                    Affix::Start => "starts with",
                    Affix::End => "ends with",
                };
                write!(f, " {how} the value of {other}")
            }
            Want::Time(part, relation, number) => {
                write!(f, " has {} {} {number}", part.name(), relation.name())
            }
        }
    }
}

/// A condition over numbered tests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expr {
    /// A test, by its place in the rule's list.
    Test(u32),
    /// All of these; none is true.
    And(Vec<Expr>),
    /// Any of these; none is false.
    Or(Vec<Expr>),
    /// Not this.
    Not(Box<Expr>),
}

impl Expr {
    /// Negated.
    pub fn negated(self) -> Expr {
        match self {
            Expr::Not(inner) => *inner,
            other => Expr::Not(Box::new(other)),
        }
    }

    /// All of these, without a wrapper around one.
    pub fn all(mut items: Vec<Expr>) -> Expr {
        match items.len() {
            1 => items.remove(0),
            _ => Expr::And(items),
        }
    }

    /// Any of these, without a wrapper around one.
    pub fn any(mut items: Vec<Expr>) -> Expr {
        match items.len() {
            1 => items.remove(0),
            _ => Expr::Or(items),
        }
    }

    /// The same with `not` only before tests.
    pub fn normal(&self) -> Expr {
        self.pushed(false)
    }

    fn pushed(&self, negate: bool) -> Expr {
        let all = |items: &[Expr]| items.iter().map(|item| item.pushed(negate)).collect();
        match (self, negate) {
            (Expr::Test(id), false) => Expr::Test(*id),
            (Expr::Test(id), true) => Expr::Not(Box::new(Expr::Test(*id))),
            (Expr::Not(inner), _) => inner.pushed(!negate),
            (Expr::And(items), false) | (Expr::Or(items), true) => Expr::And(all(items)),
            (Expr::Or(items), false) | (Expr::And(items), true) => Expr::Or(all(items)),
        }
    }

    /// Every test put in for its number.
    pub fn replaced(&self, change: &impl Fn(u32) -> Expr) -> Expr {
        let all = |items: &[Expr]| items.iter().map(|item| item.replaced(change)).collect();
        match self {
            Expr::Test(id) => change(*id),
            Expr::And(items) => Expr::And(all(items)),
            Expr::Or(items) => Expr::Or(all(items)),
            Expr::Not(inner) => Expr::Not(Box::new(inner.replaced(change))),
        }
    }

    /// Its value, when `test` answers for the tests.
    pub fn holds(&self, test: &mut impl FnMut(u32) -> bool) -> bool {
        match self {
            Expr::Test(id) => test(*id),
            Expr::And(items) => items.iter().all(|item| item.holds(test)),
            Expr::Or(items) => items.iter().any(|item| item.holds(test)),
            Expr::Not(inner) => !inner.holds(test),
        }
    }

    /// How many nodes it has.
    pub fn size(&self) -> usize {
        match self {
            Expr::Test(_) => 1,
            Expr::And(items) | Expr::Or(items) => 1 + items.iter().map(Expr::size).sum::<usize>(),
            Expr::Not(inner) => 1 + inner.size(),
        }
    }
}
