//! `${VAR}` and `${VAR:-default}` in any value.
//!
//! A variable without a default must be set; an empty value counts as set. `$${` stands for a
//! literal `${`. What a variable holds is a value, never YAML: it cannot add keys.

use super::document::{Node, Yaml};
use super::problem::Problem;

/// Longest text a substitution may give.
const TEXT_BYTES_MAX: usize = 1 << 20;

/// Substitutes in the whole tree; problems are added to the list.
pub fn tree(node: &mut Node, var: &dyn Fn(&str) -> Option<String>, problems: &mut Vec<Problem>) {
    visit(node, "", var, problems);
}

fn visit(
    node: &mut Node,
    path: &str,
    var: &dyn Fn(&str) -> Option<String>,
    problems: &mut Vec<Problem>,
) {
    match &mut node.value {
        Yaml::Text(text) => match substitute(text, var) {
            Ok(Some(replaced)) => {
                node.value = Yaml::Text(replaced);
                node.substituted = true;
            }
            Ok(None) => {}
            Err(message) => {
                problems.push(Problem::new(Some(node.mark), path, message));
                // Not set, so that the checks after this one say nothing more about it.
                node.value = Yaml::Null;
            }
        },
        Yaml::List(items) => {
            for (index, item) in items.iter_mut().enumerate() {
                visit(item, &format!("{path}[{index}]"), var, problems);
            }
        }
        Yaml::Map(entries) => {
            for (name, value) in entries {
                let path = if path.is_empty() {
                    name.text.clone()
                } else {
                    format!("{path}.{}", name.text)
                };
                visit(value, &path, var, problems);
            }
        }
        _ => {}
    }
}

/// The text with its variables replaced; `None` when there are none.
fn substitute(text: &str, var: &dyn Fn(&str) -> Option<String>) -> Result<Option<String>, String> {
    if !text.contains("${") {
        return Ok(None);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let mut any = false;
    while let Some(start) = rest.find("${") {
        out.push_str(&rest[..start]);
        let inner = &rest[start + 2..];
        if rest[..start].ends_with('$') {
            out.push('{');
            rest = inner;
            any = true;
            continue;
        }
        let end = inner
            .find('}')
            .ok_or("has `${` without `}`; write `$${` for a literal `${`".to_owned())?;
        out.push_str(&resolve(&inner[..end], var)?);
        rest = &inner[end + 1..];
        any = true;
        if out.len() > TEXT_BYTES_MAX {
            return Err(format!("is longer than {TEXT_BYTES_MAX} bytes after substitution"));
        }
    }
    out.push_str(rest);
    Ok(any.then_some(out))
}

fn resolve(inner: &str, var: &dyn Fn(&str) -> Option<String>) -> Result<String, String> {
    let (name, default) = match inner.split_once(":-") {
        Some((name, default)) => (name, Some(default)),
        None => (inner, None),
    };
    let valid = name
        .bytes()
        .enumerate()
        .all(|(i, b)| b == b'_' || b.is_ascii_alphabetic() || (i > 0 && b.is_ascii_digit()));
    if name.is_empty() || !valid {
        return Err(format!(
            "`${{{inner}}}` does not name a variable; allowed are letters, digits and `_`"
        ));
    }
    match (var(name), default) {
        (Some(value), _) => Ok(value),
        (None, Some(default)) => Ok(default.to_owned()),
        (None, None) => Err(format!(
            "environment variable {name} is not set; set it or write `${{{name}:-default}}`"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str) -> Result<Option<String>, String> {
        substitute(text, &|name| match name {
            "A" => Some("1".to_owned()),
            "EMPTY" => Some(String::new()),
            _ => None,
        })
    }

    #[test]
    fn substitutes() {
        for (text, expected) in [
            ("${A}", "1"),
            ("x${A}y${A}", "x1y1"),
            ("${B:-two}", "two"),
            ("${B:-}", ""),
            ("${A:-two}", "1"),
            ("${EMPTY:-two}", ""),
            ("$${A}", "${A}"),
            ("a$b ${B:-a:-b}", "a$b a:-b"),
        ] {
            assert_eq!(check(text).as_ref().map(Option::as_deref), Ok(Some(expected)), "{text}");
        }
        assert_eq!(check("plain $ {x}"), Ok(None));
    }

    #[test]
    fn says_what_is_wrong() {
        assert!(check("${B}").unwrap_err().contains("environment variable B is not set"));
        assert!(check("${A").unwrap_err().contains("without `}`"));
        assert!(check("${}").unwrap_err().contains("does not name a variable"));
        assert!(check("${1A}").unwrap_err().contains("does not name a variable"));
    }
}
