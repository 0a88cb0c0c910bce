//! From a value that its modifiers have shaped to the question that is asked of a field.

use super::value::{Manner, Value};
use crate::fault::Fault;
use crate::net::Net;
use crate::number::{Number, Relation};
use crate::pattern::Pattern;
use crate::test::Want;
use crate::yaml::Node;

/// What one value asks.
pub(super) fn want(value: Value, field: &str, manner: &Manner, node: &Node) -> Result<Want, Fault> {
    let keyword = field.is_empty();
    let plain = |value: &Value, name: &str| match value {
        Value::Text(pattern) => {
            let text = pattern.as_plain().filter(|text| !text.is_empty());
            text.map(str::to_owned).ok_or_else(|| {
                node.fault(format!("`{name}` needs text that is not empty and has no wildcards"))
            })
        }
        Value::Number(number) => Ok(number.to_string()),
        _ => Err(node.fault(format!("`{name}` needs text, not {}", node.kind()))),
    };
    let needs_field = manner.cidr || manner.exists || manner.reference || manner.time.is_some();
    if keyword && (needs_field || manner.relation.is_some() || manner.negate) {
        return Err(node.fault("this modifier needs a field"));
    }
    if let Some(flags) = manner.regex {
        return Ok(Want::Regex { source: plain(&value, "re")?.into(), flags });
    }
    if manner.cidr {
        let text = plain(&value, "cidr")?;
        let net = Net::parse(&text);
        let net = net.ok_or_else(|| node.fault(format!("`{text}` is no network (CIDR)")))?;
        return Ok(Want::Cidr(vec![net]));
    }
    if manner.exists {
        return Ok(Want::Exists);
    }
    if manner.reference {
        let other = plain(&value, "fieldref")?.into();
        return Ok(Want::Reference { other, how: manner.affix, cased: manner.cased });
    }
    if manner.time.is_some() || manner.relation.is_some() {
        return compared(&value, manner, node);
    }
    Ok(match value {
        Value::Text(pattern) if keyword => {
            Want::Text { patterns: vec![pattern.wrapped(true, true)], cased: manner.cased }
        }
        Value::Text(pattern) => Want::Text { patterns: vec![pattern], cased: manner.cased },
        Value::Number(number) if keyword => {
            let pattern = Pattern::plain(&number.to_string()).wrapped(true, true);
            Want::Text { patterns: vec![pattern], cased: false }
        }
        Value::Number(number) => Want::Number(Relation::Eq, number),
        Value::Bool(_) | Value::Null if keyword => {
            return Err(node.fault(format!("a keyword must be text, not {}", node.kind())));
        }
        Value::Bool(value) => Want::Bool(value),
        Value::Null => Want::Null,
        Value::Bytes(_) => return Err(node.fault("is no text after its encoding")),
    })
}

fn compared(value: &Value, manner: &Manner, node: &Node) -> Result<Want, Fault> {
    let number = match value {
        Value::Number(number) => Some(*number),
        Value::Text(pattern) => pattern.as_plain().and_then(Number::parse),
        _ => None,
    };
    let number = number
        .ok_or_else(|| node.fault(format!("a comparison needs a number, not {}", node.kind())))?;
    let relation = manner.relation.unwrap_or(Relation::Eq);
    match manner.time {
        Some(part) => Ok(Want::Time(part, relation, number)),
        None => Ok(Want::Number(relation, number)),
    }
}
