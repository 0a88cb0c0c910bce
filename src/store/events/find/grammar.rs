//! The grammar of a query: how words are joined.
//!
//! ```text
//! query   = [ or ]
//! or      = and { "OR" and }
//! and     = not { [ "AND" ] not }
//! not     = { "NOT" | "-" } primary
//! primary = "(" or ")" | word | field ":" [ ">" | ">=" | "<" | "<=" ] word
//! word    = text [ "*" ] | "\"" text "\"" [ "*" ]
//! ```
//!
//! Depth and number of terms are bounded, so that neither reading nor answering can be made long
//! by writing.

use super::ast::Node;
use super::lex::{Kind, QueryError, Token, shown, tokens};
use super::names;

/// Most parentheses and negations inside each other.
pub const DEPTH_MAX: usize = 32;
/// Most words of a query.
pub const TERMS_MAX: usize = 64;

/// Reads a query; an empty one asks for every event.
pub fn parse(text: &str) -> Result<Node, QueryError> {
    let tokens = tokens(text)?;
    let end = text.chars().count() + 1;
    if tokens.is_empty() {
        return Ok(Node::All);
    }
    let mut reader = Reader { tokens, at: 0, depth: 0, terms: 0, end };
    let node = reader.or()?;
    match reader.peek() {
        None => Ok(node),
        Some(token) => {
            let message = "found `)` without `(` before it; a word, AND, OR or the end is expected";
            Err(QueryError::new(token.column, message))
        }
    }
}

struct Reader {
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
    terms: usize,
    /// The column behind the last character.
    end: usize,
}

impl Reader {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn takes(&mut self, kind: &Kind) -> bool {
        let found = self.peek().is_some_and(|token| token.kind == *kind);
        self.at += usize::from(found);
        found
    }

    fn or(&mut self) -> Result<Node, QueryError> {
        let mut nodes = vec![self.and()?];
        while self.takes(&Kind::Or) {
            nodes.push(self.and()?);
        }
        Ok(join(nodes, Node::Or))
    }

    fn and(&mut self) -> Result<Node, QueryError> {
        let mut nodes = vec![self.not()?];
        loop {
            let said = self.takes(&Kind::And);
            match self.peek().map(|token| &token.kind) {
                Some(Kind::Open | Kind::Not | Kind::Word(_)) => nodes.push(self.not()?),
                _ if said => nodes.push(self.not()?),
                _ => return Ok(join(nodes, Node::And)),
            }
        }
    }

    fn not(&mut self) -> Result<Node, QueryError> {
        self.deeper()?;
        let node =
            if self.takes(&Kind::Not) { Node::Not(Box::new(self.not()?)) } else { self.primary()? };
        self.depth -= 1;
        Ok(node)
    }

    fn deeper(&mut self) -> Result<(), QueryError> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            let column = self.peek().map_or(self.end, |token| token.column);
            let message =
                format!("more than {DEPTH_MAX} parentheses and negations inside each other");
            return Err(QueryError::new(column, message));
        }
        Ok(())
    }

    fn primary(&mut self) -> Result<Node, QueryError> {
        let Some(token) = self.peek().cloned() else {
            return Err(QueryError::new(
                self.end,
                "found the end; a word, field:value or `(` is expected",
            ));
        };
        self.at += 1;
        let found = match token.kind {
            Kind::Word(word) => {
                self.terms += 1;
                if self.terms > TERMS_MAX {
                    let message =
                        format!("more than {TERMS_MAX} words; at most so many are allowed");
                    return Err(QueryError::new(token.column, message));
                }
                return names::term(&word, token.column);
            }
            Kind::Open => {
                let node = self.or()?;
                if self.takes(&Kind::Close) {
                    return Ok(node);
                }
                return Err(QueryError::new(
                    token.column,
                    "the parenthesis that begins here does not end",
                ));
            }
            Kind::Close => ")",
            Kind::And => "AND",
            Kind::Or => "OR",
            Kind::Not => "NOT",
        };
        let message = format!(
            "found {}; a word, field:value or `(` is expected (the word itself in quotes)",
            shown(found)
        );
        Err(QueryError::new(token.column, message))
    }
}

fn join(mut nodes: Vec<Node>, with: fn(Vec<Node>) -> Node) -> Node {
    match nodes.len() {
        1 => nodes.remove(0),
        _ => with(nodes),
    }
}
