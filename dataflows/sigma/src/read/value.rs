//! From the values beside a field to tests: the modifiers applied, in their order.
//!
//! A value begins as text (with wildcards), number, boolean or nothing; modifiers change it, may
//! make several of one (`base64offset`, placeholders), and settle how it is asked. What does not
//! fit together is an error, never a test that cannot succeed.

use super::encode::apply;
use super::modifier::Modifier;
use crate::fault::Fault;
use crate::number::{Number, Relation};
use crate::pattern::{Pattern, Piece};
use crate::test::{Affix, RegexFlags, TimePart};
use crate::yaml::{Node, Yaml};
use std::collections::BTreeMap;

/// Most patterns that one value may become.
const EXPANSIONS_MAX: usize = 10_000;
/// Longest value of a rule, in bytes.
const VALUE_BYTES_MAX: usize = 64 << 10;

/// What stands for placeholders: a name and its values, which may have wildcards.
pub type Placeholders = BTreeMap<String, Vec<String>>;

/// A value on its way through the modifiers.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    Text(Pattern),
    Bytes(Vec<u8>),
    Number(Number),
    Bool(bool),
    Null,
}

/// How the values of an item are asked, as its modifiers say.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Manner {
    pub all: bool,
    pub cased: bool,
    pub regex: Option<RegexFlags>,
    pub cidr: bool,
    pub exists: bool,
    pub negate: bool,
    pub relation: Option<Relation>,
    pub time: Option<TimePart>,
    pub reference: bool,
    pub affix: Affix,
    pub expand: bool,
}

/// Why a value cannot be read.
pub(super) enum Stop {
    /// It is wrong.
    Wrong(Fault),
    /// A placeholder has no values.
    Missing(String),
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Stop {
        Stop::Wrong(fault)
    }
}

impl Manner {
    /// What the modifiers say together.
    pub fn of(modifiers: &[Modifier], node: &Node) -> Result<Manner, Fault> {
        let mut manner = Manner::default();
        for modifier in modifiers {
            match modifier {
                Modifier::All => manner.all = true,
                Modifier::Cased => manner.cased = true,
                Modifier::Re => manner.regex = Some(RegexFlags::default()),
                Modifier::Insensitive | Modifier::Lines | Modifier::DotAll => {
                    let Some(flags) = &mut manner.regex else {
                        return Err(node.fault("`i`, `m` and `s` may only follow `re`"));
                    };
                    match modifier {
                        Modifier::Insensitive => flags.insensitive = true,
                        Modifier::Lines => flags.lines = true,
                        _ => flags.dot_all = true,
                    }
                }
                Modifier::Cidr => manner.cidr = true,
                Modifier::Exists => manner.exists = true,
                Modifier::Compare(Relation::Neq) => manner.negate = true,
                Modifier::Compare(_) if manner.relation.is_some() => {
                    return Err(node.fault("two comparisons exclude each other"));
                }
                Modifier::Compare(relation) => manner.relation = Some(*relation),
                Modifier::FieldRef => manner.reference = true,
                Modifier::Expand => manner.expand = true,
                Modifier::Time(part) => manner.time = Some(*part),
                Modifier::Contains => manner.affix = Affix::Inside,
                Modifier::StartsWith => manner.affix = Affix::Start,
                Modifier::EndsWith => manner.affix = Affix::End,
                _ => {}
            }
        }
        manner.check(modifiers, node)?;
        Ok(manner)
    }

    fn check(&self, modifiers: &[Modifier], node: &Node) -> Result<(), Fault> {
        let number = self.relation.is_some() || self.time.is_some();
        let kinds = [self.regex.is_some(), self.cidr, self.exists, number, self.reference];
        if kinds.iter().filter(|set| **set).count() > 1 {
            let message =
                "only one of `re`, `cidr`, `exists`, `fieldref` and comparisons may stand";
            return Err(node.fault(message));
        }
        let any_kind = kinds.contains(&true);
        let changes = |m: &Modifier| {
            matches!(
                m,
                Modifier::Base64
                    | Modifier::Base64Offset
                    | Modifier::Utf16
                    | Modifier::Utf16Be
                    | Modifier::Utf16Le
                    | Modifier::Windash
            )
        };
        if any_kind && modifiers.iter().any(changes) {
            return Err(node.fault("an encoding or `windash` needs text to compare"));
        }
        if any_kind && !self.reference && self.affix != Affix::Whole {
            return Err(node.fault("`contains`, `startswith` and `endswith` need text to compare"));
        }
        if self.negate && self.relation.is_some() {
            return Err(node.fault("two comparisons exclude each other"));
        }
        if self.cased && any_kind && !self.reference {
            return Err(node.fault("`cased` needs text to compare"));
        }
        if self.expand && (self.exists || number || self.reference) {
            return Err(node.fault("`expand` needs text, an expression or a network"));
        }
        Ok(())
    }

    /// Whether the text of the value is taken as it is, without wildcards.
    pub fn raw(&self) -> bool {
        (self.regex.is_some() || self.cidr || self.reference) && !self.expand
    }
}

/// A scalar of the rule as a value.
fn read(node: &Node, manner: &Manner) -> Result<Value, Fault> {
    Ok(match &node.value {
        Yaml::Text(text) if text.len() > VALUE_BYTES_MAX => {
            return Err(node.fault(format!("the value is longer than {VALUE_BYTES_MAX} bytes")));
        }
        Yaml::Text(text) if manner.raw() => Value::Text(Pattern::plain(text)),
        Yaml::Text(text) if manner.expand && (manner.regex.is_some() || manner.cidr) => {
            Value::Text(Pattern::from_pieces(holes_only(text)))
        }
        Yaml::Text(text) => Value::Text(Pattern::parse(text, manner.expand)),
        Yaml::Int(number) => Value::Number(Number::Int(*number)),
        Yaml::Float(number) => {
            let number = Number::real(*number);
            Value::Number(number.ok_or_else(|| node.fault("is not a number"))?)
        }
        Yaml::Bool(value) => Value::Bool(*value),
        Yaml::Null => Value::Null,
        Yaml::List(_) | Yaml::Map(_) => {
            return Err(node.fault(format!("a value must be one scalar, not {}", node.kind())));
        }
    })
}

/// Placeholders of an expression or network, whose other characters have a meaning of their own.
fn holes_only(text: &str) -> Vec<Piece> {
    let escaped = text.replace('\\', "\\\\").replace('*', "\\*").replace('?', "\\?");
    Pattern::parse(&escaped, true).pieces().to_vec()
}

/// The values that one scalar becomes.
pub(super) fn values(
    node: &Node,
    modifiers: &[Modifier],
    manner: &Manner,
    placeholders: &Placeholders,
) -> Result<Vec<Value>, Stop> {
    let mut values = vec![read(node, manner)?];
    if manner.expand {
        values = expand(values, placeholders, node)?;
    }
    if manner.reference {
        return Ok(values);
    }
    for modifier in modifiers {
        let mut next = Vec::with_capacity(values.len());
        for value in values {
            apply(*modifier, value, node, &mut next)?;
        }
        values = next;
    }
    if values.len() > EXPANSIONS_MAX {
        return Err(node.fault(format!("becomes more than {EXPANSIONS_MAX} patterns")).into());
    }
    for value in &mut values {
        if let Value::Bytes(bytes) = value {
            let text = std::str::from_utf8(bytes).map_err(|_| {
                node.fault("is no text after its encoding; `base64` or `base64offset` must follow")
            })?;
            *value = Value::Text(Pattern::plain(text));
        }
    }
    Ok(values)
}

fn expand(
    values: Vec<Value>,
    placeholders: &Placeholders,
    node: &Node,
) -> Result<Vec<Value>, Stop> {
    let mut out = Vec::new();
    for value in values {
        let Value::Text(pattern) = value else {
            out.push(value);
            continue;
        };
        let mut filled: Vec<Vec<Piece>> = vec![Vec::new()];
        for piece in pattern.pieces() {
            let Piece::Hole(name) = piece else {
                filled.iter_mut().for_each(|pieces| pieces.push(piece.clone()));
                continue;
            };
            let known = placeholders.get(&**name).filter(|values| !values.is_empty());
            let known = known.ok_or_else(|| Stop::Missing(name.to_string()))?;
            if filled.len().saturating_mul(known.len()) > EXPANSIONS_MAX {
                let message = format!("becomes more than {EXPANSIONS_MAX} patterns");
                return Err(node.fault(message).into());
            }
            let known: Vec<Pattern> = known.iter().map(|v| Pattern::parse(v, false)).collect();
            let with = |pieces: &Vec<Piece>| {
                let each = |value: &Pattern| [&pieces[..], value.pieces()].concat();
                known.iter().map(each).collect::<Vec<_>>()
            };
            filled = filled.iter().flat_map(with).collect();
        }
        out.extend(filled.into_iter().map(|pieces| Value::Text(Pattern::from_pieces(pieces))));
    }
    Ok(out)
}
