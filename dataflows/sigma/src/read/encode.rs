//! What modifiers do to the text of a value: wildcards around it, dashes, encodings.

use super::modifier::Modifier;
use super::value::Value;
use crate::fault::Fault;
use crate::pattern::Pattern;
use crate::yaml::Node;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// Applies one modifier; most leave the text alone.
pub(super) fn apply(
    modifier: Modifier,
    value: Value,
    node: &Node,
    out: &mut Vec<Value>,
) -> Result<(), Fault> {
    let wrong = |name: &str| Err(node.fault(format!("`{name}` needs text, not {}", node.kind())));
    let (before, behind) = match modifier {
        Modifier::Contains => (true, true),
        Modifier::StartsWith => (false, true),
        Modifier::EndsWith => (true, false),
        Modifier::Windash => {
            let Value::Text(pattern) = value else { return wrong("windash") };
            out.push(Value::Text(pattern.windash()));
            return Ok(());
        }
        Modifier::Base64 => {
            out.push(Value::Text(Pattern::plain(&STANDARD.encode(bytes(&value, node)?))));
            return Ok(());
        }
        Modifier::Base64Offset => {
            let bytes = bytes(&value, node)?;
            out.extend(offsets(&bytes).map(|text| Value::Text(Pattern::plain(&text))));
            return Ok(());
        }
        Modifier::Utf16Le | Modifier::Utf16Be | Modifier::Utf16 => {
            out.push(Value::Bytes(utf16(modifier, &value, node)?));
            return Ok(());
        }
        _ => {
            out.push(value);
            return Ok(());
        }
    };
    match value {
        Value::Text(pattern) => out.push(Value::Text(pattern.wrapped(before, behind))),
        Value::Number(number) => {
            out.push(Value::Text(Pattern::plain(&number.to_string()).wrapped(before, behind)));
        }
        Value::Bytes(bytes) => {
            let text = String::from_utf8(bytes);
            let text = text.map_err(|_| node.fault("is no text after its encoding"))?;
            out.push(Value::Text(Pattern::plain(&text).wrapped(before, behind)));
        }
        Value::Bool(_) | Value::Null => return wrong("contains"),
    }
    Ok(())
}

fn bytes(value: &Value, node: &Node) -> Result<Vec<u8>, Fault> {
    match value {
        Value::Bytes(bytes) => Ok(bytes.clone()),
        Value::Number(number) => Ok(number.to_string().into_bytes()),
        Value::Text(pattern) => match pattern.as_plain() {
            Some(text) => Ok(text.as_bytes().to_vec()),
            None => Err(node.fault("a value with wildcards cannot be encoded")),
        },
        Value::Bool(_) | Value::Null => Err(node.fault("an encoding needs text")),
    }
}

fn utf16(modifier: Modifier, value: &Value, node: &Node) -> Result<Vec<u8>, Fault> {
    let plain = bytes(value, node)?;
    let text = std::str::from_utf8(&plain).map_err(|_| node.fault("is encoded twice"))?;
    let units = text.encode_utf16();
    Ok(match modifier {
        Modifier::Utf16Be => units.flat_map(u16::to_be_bytes).collect(),
        Modifier::Utf16Le => units.flat_map(u16::to_le_bytes).collect(),
        _ => [0xFF, 0xFE].into_iter().chain(units.flat_map(u16::to_le_bytes)).collect(),
    })
}

/// The three texts that base64 can make of these bytes inside a longer text: what hangs on
/// neighbouring bytes is left out.
fn offsets(bytes: &[u8]) -> impl Iterator<Item = String> {
    (0..3).filter_map(|shift| {
        let shifted = [&vec![b' '; shift][..], bytes].concat();
        let text = STANDARD.encode(&shifted);
        let start = [0, 2, 3][shift];
        let end = text.len() - [0, 3, 2][shifted.len() % 3];
        text.get(start..end).filter(|text| !text.is_empty()).map(str::to_owned)
    })
}
