//! Conditions: `selection and not 1 of filter_*`.
//!
//! Binding, from least to most: `or`, `and`, `not`, `x of pattern`, parentheses. Words are read in
//! any case, names exactly. The old aggregations behind a pipe are an error that names what has
//! taken their place.

use crate::fault::Fault;
use crate::yaml::Node;

/// Deepest nesting.
const DEPTH_MAX: usize = 64;
/// Longest condition, in bytes.
const BYTES_MAX: usize = 16 << 10;

/// A condition, over names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// A name as it is.
    Name(String),
    /// `1 of` (or `any of`) and `all of`, with a pattern of names; `None` is `them`.
    Of {
        /// Whether all must hold.
        all: bool,
        /// Names with `*`.
        pattern: Option<String>,
    },
    /// All of these.
    And(Vec<Condition>),
    /// Any of these.
    Or(Vec<Condition>),
    /// Not this.
    Not(Box<Condition>),
}

/// Reads one condition.
pub fn parse(text: &str, node: &Node) -> Result<Condition, Fault> {
    if text.len() > BYTES_MAX {
        return Err(node.fault(format!("the condition is longer than {BYTES_MAX} bytes")));
    }
    if text.contains('|') {
        let message = "aggregations behind `|` are not part of Sigma 2; write a correlation rule";
        return Err(node.fault(message));
    }
    let tokens = tokens(text);
    let mut reader = Reader { tokens: &tokens, at: 0, node };
    let condition = reader.or(0)?;
    match reader.peek() {
        None => Ok(condition),
        Some(token) => {
            let token = token.to_owned();
            Err(reader.fault(format!("`{token}` is one too many in the condition")))
        }
    }
}

/// Whether a name is what a pattern with `*` means. Names that begin with `_` are meant only by
/// patterns that do, too.
pub fn means(pattern: Option<&str>, name: &str) -> bool {
    let pattern = pattern.unwrap_or("*");
    if name.starts_with('_') && !pattern.starts_with('_') {
        return false;
    }
    let Some((first, rest)) = pattern.split_once('*') else { return pattern == name };
    let Some(mut name) = name.strip_prefix(first) else { return false };
    let mut parts = rest.split('*').peekable();
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return name.ends_with(part);
        }
        match name.split_once(part) {
            Some((_, behind)) => name = behind,
            None => return false,
        }
    }
    true
}

fn tokens(text: &str) -> Vec<&str> {
    let mut out = Vec::new();
    for word in text.split_whitespace() {
        let mut rest = word;
        while let Some(at) = rest.find(['(', ')']) {
            if at > 0 {
                out.push(&rest[..at]);
            }
            out.push(&rest[at..at + 1]);
            rest = &rest[at + 1..];
        }
        if !rest.is_empty() {
            out.push(rest);
        }
    }
    out
}

struct Reader<'a> {
    tokens: &'a [&'a str],
    at: usize,
    node: &'a Node,
}

impl<'a> Reader<'a> {
    fn peek(&self) -> Option<&'a str> {
        self.tokens.get(self.at).copied()
    }

    fn fault(&self, message: impl Into<String>) -> Fault {
        self.node.fault(message)
    }

    /// Takes a word in any case.
    fn take(&mut self, word: &str) -> bool {
        let found = self.peek().is_some_and(|token| token.eq_ignore_ascii_case(word));
        self.at += usize::from(found);
        found
    }

    fn or(&mut self, depth: usize) -> Result<Condition, Fault> {
        let mut items = vec![self.and(depth)?];
        while self.take("or") {
            items.push(self.and(depth)?);
        }
        Ok(if items.len() == 1 { items.remove(0) } else { Condition::Or(items) })
    }

    fn and(&mut self, depth: usize) -> Result<Condition, Fault> {
        let mut items = vec![self.not(depth)?];
        while self.take("and") {
            items.push(self.not(depth)?);
        }
        Ok(if items.len() == 1 { items.remove(0) } else { Condition::And(items) })
    }

    fn not(&mut self, depth: usize) -> Result<Condition, Fault> {
        if depth > DEPTH_MAX {
            return Err(self.fault(format!("the condition is nested deeper than {DEPTH_MAX}")));
        }
        if self.take("not") {
            return Ok(Condition::Not(Box::new(self.not(depth + 1)?)));
        }
        if self.take("(") {
            let inner = self.or(depth + 1)?;
            if !self.take(")") {
                return Err(self.fault("a `)` is missing in the condition"));
            }
            return Ok(inner);
        }
        self.name()
    }

    fn name(&mut self) -> Result<Condition, Fault> {
        let Some(token) = self.peek() else {
            return Err(self.fault("the condition ends too early"));
        };
        let word = |w: &str| token.eq_ignore_ascii_case(w);
        if ["and", "or", "of", ")"].into_iter().any(word) {
            return Err(self.fault(format!("a name is missing before `{token}`")));
        }
        let of = self.tokens.get(self.at + 1).is_some_and(|next| next.eq_ignore_ascii_case("of"));
        if !of {
            self.at += 1;
            return Ok(Condition::Name(token.to_owned()));
        }
        let all = match () {
            () if word("all") => true,
            () if word("1") || word("any") => false,
            () => {
                let message = format!("`{token} of`: only `1 of`, `any of` and `all of` are known");
                return Err(self.fault(message));
            }
        };
        self.at += 2;
        let Some(pattern) = self.peek() else {
            return Err(self.fault("`of` must be followed by `them` or a name"));
        };
        self.at += 1;
        let them = pattern.eq_ignore_ascii_case("them");
        Ok(Condition::Of { all, pattern: (!them).then(|| pattern.to_owned()) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::Place;
    use crate::yaml::Yaml;

    fn node() -> Node {
        Node { place: Place::default(), value: Yaml::Null }
    }

    /// Shown with all parentheses.
    fn shown(condition: &Condition) -> String {
        let join = |items: &[Condition], word: &str| {
            format!("({})", items.iter().map(shown).collect::<Vec<_>>().join(word))
        };
        match condition {
            Condition::Name(name) => name.clone(),
            Condition::Of { all, pattern } => {
                let count = if *all { "all" } else { "1" };
                format!("{count}:{}", pattern.as_deref().unwrap_or("them"))
            }
            Condition::And(items) => join(items, "&"),
            Condition::Or(items) => join(items, "|"),
            Condition::Not(inner) => format!("!{}", shown(inner)),
        }
    }

    #[test]
    fn binding() {
        for (text, expected) in [
            ("a", "a"),
            ("a or b and not c", "(a|(b&!c))"),
            ("(a or b) and c", "((a|b)&c)"),
            ("not (a and b) or c", "(!(a&b)|c)"),
            ("a AND NOT b", "(a&!b)"),
            ("not not a", "!!a"),
            ("1 of sel* and not 1 of filter_*", "(1:sel*&!1:filter_*)"),
            ("all of them", "all:them"),
            ("any of x* or(a)", "(1:x*|a)"),
            ("a and ( b )", "(a&b)"),
        ] {
            assert_eq!(shown(&parse(text, &node()).unwrap()), expected, "{text}");
        }
    }

    #[test]
    fn wrong_conditions_say_why() {
        for (text, part) in [
            ("", "too early"),
            ("a and", "too early"),
            ("a b", "`b` is one too many"),
            ("(a", "`)` is missing"),
            ("a)", "`)` is one too many"),
            ("and a", "name is missing"),
            ("2 of a*", "only `1 of`"),
            ("1 of", "followed by"),
            ("a | count() > 5", "correlation rule"),
        ] {
            let message = parse(text, &node()).unwrap_err().message;
            assert!(message.contains(part), "{text}: {message}");
        }
        assert!(parse(&"(".repeat(10_000), &node()).is_err());
        assert!(parse(&"not ".repeat(4_000), &node()).is_err());
    }

    #[test]
    fn patterns_of_names() {
        for (pattern, name, expected) in [
            (Some("sel*"), "selection", true),
            (Some("sel*"), "a_sel", false),
            (Some("*_img"), "sel_img", true),
            (Some("s*_*g"), "sel_img", true),
            (Some("s*_*g"), "selimg", false),
            (Some("sel"), "sel", true),
            (Some("sel"), "sel1", false),
            (None, "x", true),
            (None, "_x", false),
            (Some("_*"), "_x", true),
            (Some("a*a"), "a", false),
        ] {
            assert_eq!(means(pattern, name), expected, "{pattern:?} {name}");
        }
    }
}
