//! The words of a query: from characters to tokens with their columns.
//!
//! A word ends at white space or at a parenthesis that it did not open itself, so
//! `sshd(pam_unix)` is one word. A backslash takes the meaning from a character that has one and
//! is itself before any other, so `CORP\bob` needs no care. What stands before the first `:` is
//! the name of a field where it can be one; what is plainly an address, a URL, a path or `a::b`
//! is a word.
//!
//! Cost: one pass over at most [`LENGTH_MAX`] bytes.

use super::ast::Compare;

/// Longest query, in bytes.
pub const LENGTH_MAX: usize = 4_096;

/// Why a query cannot be asked, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("column {column}: {message}")]
pub struct QueryError {
    /// Character of the query, from 1.
    pub column: usize,
    /// What was found and what is allowed.
    pub message: String,
}

impl QueryError {
    pub(super) fn new(column: usize, message: impl Into<String>) -> QueryError {
        QueryError { column, message: message.into() }
    }
}

/// What was written, short enough for a message.
pub(super) fn shown(text: &str) -> String {
    let short: String = text.chars().take(40).collect();
    let dots = if short.len() < text.len() { "…" } else { "" };
    format!("{:?}{dots}", short)
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Open,
    Close,
    And,
    Or,
    Not,
    Word(Word),
}

/// A word, phrase, or `field:value`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Word {
    pub field: Option<String>,
    pub compare: Option<Compare>,
    pub text: String,
    /// Whether `*` follows.
    pub star: bool,
    pub quoted: bool,
    /// Where the value begins.
    pub value_column: usize,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Token {
    pub column: usize,
    pub kind: Kind,
}

/// A character as written: what it is, and whether a backslash took its meaning.
type Char = (char, bool);

pub(super) struct Lexer {
    chars: Vec<char>,
    at: usize,
}

/// All tokens of a query.
pub(super) fn tokens(text: &str) -> Result<Vec<Token>, QueryError> {
    if text.len() > LENGTH_MAX {
        let message =
            format!("the query has {} bytes; at most {LENGTH_MAX} are allowed", text.len());
        return Err(QueryError::new(1, message));
    }
    let mut lexer = Lexer { chars: text.chars().collect(), at: 0 };
    let mut tokens = Vec::new();
    while let Some(token) = lexer.token()? {
        tokens.push(token);
    }
    Ok(tokens)
}

/// Characters that have a meaning somewhere, which a backslash takes.
fn has_meaning(c: char) -> bool {
    matches!(c, '"' | '\\' | '*' | ':' | '(' | ')' | '-' | '<' | '>' | '=') || c.is_whitespace()
}

impl Lexer {
    fn peek(&self, ahead: usize) -> Option<char> {
        self.chars.get(self.at + ahead).copied()
    }

    fn column(&self) -> usize {
        self.at + 1
    }

    fn token(&mut self) -> Result<Option<Token>, QueryError> {
        while self.peek(0).is_some_and(char::is_whitespace) {
            self.at += 1;
        }
        let column = self.column();
        let Some(first) = self.peek(0) else { return Ok(None) };
        let kind = match first {
            '(' => Kind::Open,
            ')' => Kind::Close,
            '-' if self.peek(1).is_some_and(|c| !c.is_whitespace() && c != ')') => Kind::Not,
            _ => return self.word(column).map(|kind| Some(Token { column, kind })),
        };
        self.at += 1;
        Ok(Some(Token { column, kind }))
    }

    fn word(&mut self, column: usize) -> Result<Kind, QueryError> {
        if self.peek(0) == Some('"') {
            let (text, star) = self.quoted()?;
            let word = Word { text, star, quoted: true, value_column: column, ..Word::default() };
            return Ok(Kind::Word(word));
        }
        let start = self.at;
        let chars = self.bare();
        if chars.iter().all(|(_, escaped)| !escaped) {
            let text: String = chars.iter().map(|(c, _)| c).collect();
            match text.as_str() {
                "AND" => return Ok(Kind::And),
                "OR" => return Ok(Kind::Or),
                "NOT" => return Ok(Kind::Not),
                _ => {}
            }
        }
        let Some(colon) = field_end(&chars) else {
            let (text, star) = starred(&chars, column)?;
            let word = Word { text, star, value_column: column, ..Word::default() };
            return Ok(Kind::Word(word));
        };
        let field: String = chars[..colon].iter().map(|(c, _)| c).collect();
        self.at =
            start + chars[..colon].iter().map(|(_, e)| 1 + usize::from(*e)).sum::<usize>() + 1;
        let compare = self.compare();
        let value_column = self.column();
        let (quoted, (text, star)) = match self.peek(0) {
            Some('"') => (true, self.quoted()?),
            _ => (false, starred(&self.bare(), value_column)?),
        };
        if text.is_empty() && !star && !quoted {
            let message = format!(
                "a value is expected after `{field}:`; the word itself is \"{field}:\" in quotes"
            );
            return Err(QueryError::new(value_column, message));
        }
        let field = Some(field);
        Ok(Kind::Word(Word { field, compare, text, star, quoted, value_column }))
    }

    fn compare(&mut self) -> Option<Compare> {
        let (compare, len) = match (self.peek(0)?, self.peek(1)) {
            ('>', Some('=')) => (Compare::AtLeast, 2),
            ('<', Some('=')) => (Compare::AtMost, 2),
            ('>', _) => (Compare::Greater, 1),
            ('<', _) => (Compare::Less, 1),
            _ => return None,
        };
        self.at += len;
        Some(compare)
    }

    /// A text in quotes, and whether `*` follows it.
    fn quoted(&mut self) -> Result<(String, bool), QueryError> {
        let column = self.column();
        self.at += 1;
        let mut text = String::new();
        loop {
            match (self.peek(0), self.peek(1)) {
                (None, _) => {
                    return Err(QueryError::new(column, "the quote that begins here does not end"));
                }
                (Some('"'), _) => break,
                (Some('\\'), Some(c @ ('"' | '\\'))) => {
                    text.push(c);
                    self.at += 2;
                }
                (Some(c), _) => {
                    text.push(c);
                    self.at += 1;
                }
            }
        }
        self.at += 1;
        let star = self.peek(0) == Some('*');
        self.at += usize::from(star);
        match self.peek(0) {
            Some(c) if !c.is_whitespace() && c != ')' => {
                let message =
                    format!("a space or `)` is expected after a quoted text, found {c:?}");
                Err(QueryError::new(self.column(), message))
            }
            _ => Ok((text, star)),
        }
    }

    /// Everything up to white space, a parenthesis that is not its own, or a quote behind a field.
    fn bare(&mut self) -> Vec<Char> {
        let (mut chars, mut open) = (Vec::new(), 0);
        while let Some(c) = self.peek(0) {
            match (c, self.peek(1)) {
                ('\\', Some(next)) if has_meaning(next) => {
                    chars.push((next, true));
                    self.at += 2;
                    continue;
                }
                ('(', _) => open += 1,
                (')', _) if open == 0 => break,
                (')', _) => open -= 1,
                ('"', _) => break,
                (c, _) if c.is_whitespace() => break,
                _ => {}
            }
            chars.push((c, false));
            self.at += 1;
        }
        // A parenthesis that nobody closes is a character of the word: `a(b` looks for `a(b`.
        chars
    }
}

/// Where the name of a field ends, if the word begins with one.
fn field_end(chars: &[Char]) -> Option<usize> {
    let colon = chars.iter().position(|c| *c == (':', false))?;
    let name = &chars[..colon];
    let begins = |c: char| c.is_alphabetic() || c == '_' || c == '@';
    let goes_on = |c: char| c.is_alphanumeric() || "_.@/-".contains(c);
    if !name.first().is_some_and(|(c, escaped)| *escaped || begins(*c))
        || !name.iter().all(|(c, escaped)| *escaped || goes_on(*c))
    {
        return None;
    }
    let rest: String = chars[colon + 1..].iter().map(|(c, _)| c).collect();
    let address = chars.iter().filter(|(c, _)| *c == ':').count() > 1
        && chars.iter().all(|(c, _)| c.is_ascii_hexdigit() || *c == ':' || *c == '.');
    let drive = name.len() == 1 && rest.starts_with(['\\', '/']);
    (!address && !drive && !rest.starts_with("//") && !rest.starts_with(':')).then_some(colon)
}

/// The text without the `*` at its end.
fn starred(chars: &[Char], column: usize) -> Result<(String, bool), QueryError> {
    let (star, text) = match chars.split_last() {
        Some((('*', false), text)) => (true, text),
        _ => (false, chars),
    };
    if let Some(at) = text.iter().position(|c| *c == ('*', false)) {
        let message =
            "`*` is allowed at the end of a word only; to look for the character write `\\*`";
        return Err(QueryError::new(column + at, message));
    }
    Ok((text.iter().map(|(c, _)| c).collect(), star))
}
