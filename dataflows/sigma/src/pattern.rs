//! Text with wildcards, as rules write it.
//!
//! A pattern is a list of pieces: literal text, `*`, `?`, and the dash of `windash`, which stands
//! for any of the five characters with which Windows programs take their options. One piece for
//! all five keeps a value with n dashes one pattern instead of 5ⁿ.
//!
//! Escapes follow the specification: `\*`, `\?` and `\\` are the plain character, any other
//! backslash is plain itself.

use std::fmt;

/// What the dash of `windash` may be.
pub const DASHES: [char; 5] = ['-', '/', '\u{2013}', '\u{2014}', '\u{2015}'];

/// A part of a pattern.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Piece {
    /// Text.
    Lit(Box<str>),
    /// Any text, also none.
    Many,
    /// One character.
    One,
    /// Any of [`DASHES`].
    Dash,
    /// A placeholder that `expand` has to fill.
    Hole(Box<str>),
}

/// A whole pattern; matches a whole value.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pattern(Vec<Piece>);

impl Pattern {
    /// Literal text.
    pub fn plain(text: &str) -> Pattern {
        Pattern::from_pieces([Piece::Lit(text.into())])
    }

    /// Reads text with wildcards and escapes; with `holes` also `%name%`.
    pub fn parse(text: &str, holes: bool) -> Pattern {
        let mut out = Builder::default();
        let mut rest = text.chars();
        while let Some(c) = rest.next() {
            match c {
                '\\' => match rest.as_str().chars().next() {
                    Some(next @ ('*' | '?' | '\\')) => {
                        out.plain.push(next);
                        rest.next();
                    }
                    Some('%') if holes => {
                        out.plain.push('%');
                        rest.next();
                    }
                    _ => out.plain.push('\\'),
                },
                '*' => out.piece(Piece::Many),
                '?' => out.piece(Piece::One),
                '%' if holes => match hole(rest.as_str()) {
                    Some(name) => {
                        out.piece(Piece::Hole(name.into()));
                        rest = rest.as_str()[name.len() + 1..].chars();
                    }
                    None => out.plain.push('%'),
                },
                c => out.plain.push(c),
            }
        }
        Pattern(out.finish())
    }

    /// Joins neighbouring literals and neighbouring `*`.
    pub fn from_pieces(pieces: impl IntoIterator<Item = Piece>) -> Pattern {
        let mut out = Builder::default();
        for piece in pieces {
            match piece {
                Piece::Lit(text) => out.plain.push_str(&text),
                other => out.piece(other),
            }
        }
        Pattern(out.finish())
    }

    /// The pieces.
    pub fn pieces(&self) -> &[Piece] {
        &self.0
    }

    /// The text, when there is nothing but text.
    pub fn as_plain(&self) -> Option<&str> {
        match &self.0[..] {
            [] => Some(""),
            [Piece::Lit(text)] => Some(text),
            _ => None,
        }
    }

    /// With `*` before and behind it.
    pub fn wrapped(&self, before: bool, behind: bool) -> Pattern {
        let star = |there: bool| there.then_some(Piece::Many);
        let pieces = star(before).into_iter().chain(self.0.iter().cloned()).chain(star(behind));
        Pattern::from_pieces(pieces)
    }

    /// Dashes of all five kinds that begin an option replaced by the dash of `windash`: those with
    /// no word character before and one behind them.
    pub fn windash(&self) -> Pattern {
        let word = |c: char| c.is_alphanumeric() || c == '_';
        let mut out = Builder::default();
        for piece in &self.0 {
            let Piece::Lit(text) = piece else {
                out.piece(piece.clone());
                continue;
            };
            let mut before = None;
            let mut rest = text.chars();
            while let Some(c) = rest.next() {
                let starts = !before.is_some_and(word) && rest.clone().next().is_some_and(word);
                match c {
                    c if starts && DASHES.contains(&c) => out.piece(Piece::Dash),
                    c => out.plain.push(c),
                }
                before = Some(c);
            }
        }
        Pattern(out.finish())
    }

    /// Every literal changed; other pieces as they are.
    pub fn map_text(&self, change: impl Fn(&str) -> String) -> Pattern {
        Pattern::from_pieces(self.0.iter().map(|piece| match piece {
            Piece::Lit(text) => Piece::Lit(change(text).into()),
            other => other.clone(),
        }))
    }

    /// Whether it matches any value.
    pub fn is_anything(&self) -> bool {
        matches!(self.0[..], [Piece::Many])
    }
}

/// As a rule would write it.
impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for piece in &self.0 {
            match piece {
                Piece::Lit(text) => {
                    for c in text.chars() {
                        match c {
                            '*' | '?' => write!(f, "\\{c}")?,
                            c => write!(f, "{c}")?,
                        }
                    }
                }
                Piece::Many => f.write_str("*")?,
                Piece::One => f.write_str("?")?,
                Piece::Dash => f.write_str("-")?,
                Piece::Hole(name) => write!(f, "%{name}%")?,
            }
        }
        Ok(())
    }
}

#[derive(Default)]
struct Builder {
    pieces: Vec<Piece>,
    plain: String,
}

impl Builder {
    fn piece(&mut self, piece: Piece) {
        self.flush();
        if !(piece == Piece::Many && self.pieces.last() == Some(&Piece::Many)) {
            self.pieces.push(piece);
        }
    }

    fn flush(&mut self) {
        if !self.plain.is_empty() {
            self.pieces.push(Piece::Lit(std::mem::take(&mut self.plain).into()));
        }
    }

    fn finish(mut self) -> Vec<Piece> {
        self.flush();
        self.pieces
    }
}

/// The name at the start of `name%…`.
fn hole(text: &str) -> Option<&str> {
    let (name, _) = text.split_once('%')?;
    let fits = |c: char| c.is_alphanumeric() || "_-.".contains(c);
    (!name.is_empty() && name.chars().all(fits)).then_some(name)
}

/// Folds case as rules compare it: the lower case of each character by itself, so that it does
/// not hang on its neighbours, a part of a text folds like the whole, and `?` remains one character
/// (only that of `\u{130}` has two, of which the second is a mark).
pub fn fold_into(text: &str, out: &mut String) {
    let start = out.len();
    if text.is_ascii() {
        out.push_str(text);
        if let Some(tail) = out.get_mut(start..) {
            tail.make_ascii_lowercase();
        }
    } else {
        out.extend(text.chars().map(|c| c.to_lowercase().next().unwrap_or(c)));
    }
}

/// [`fold_into`] a new string.
pub fn fold(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    fold_into(text, &mut out);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lit(text: &str) -> Piece {
        Piece::Lit(text.into())
    }

    #[test]
    fn escapes_of_the_specification() {
        for (text, expected) in [
            (r"C:\Windows\a", vec![lit(r"C:\Windows\a")]),
            (r"C:\\Windows", vec![lit(r"C:\Windows")]),
            (r"\*", vec![lit("*")]),
            (r"\?", vec![lit("?")]),
            (r"\\*", vec![lit(r"\"), Piece::Many]),
            (r"\\\*", vec![lit(r"\*")]),
            (r"\\\", vec![lit(r"\\")]),
            (r"\\\\", vec![lit(r"\\")]),
            (r"\\\\host", vec![lit(r"\\host")]),
            (r"end\", vec![lit(r"end\")]),
            ("a**b?", vec![lit("a"), Piece::Many, lit("b"), Piece::One]),
            ("", vec![]),
            ("%x%", vec![lit("%x%")]),
        ] {
            assert_eq!(Pattern::parse(text, false).pieces(), expected, "{text}");
        }
    }

    #[test]
    fn placeholders() {
        let hole = |name: &str| Piece::Hole(name.into());
        for (text, expected) in [
            ("%x%", vec![hole("x")]),
            (r"\%plain%name%", vec![lit("%plain"), hole("name")]),
            ("100% of %a-b%c", vec![lit("100% of "), hole("a-b"), lit("c")]),
            ("%%", vec![lit("%%")]),
            ("50%", vec![lit("50%")]),
        ] {
            assert_eq!(Pattern::parse(text, true).pieces(), expected, "{text}");
        }
    }

    #[test]
    fn windash_takes_only_what_begins_an_option() {
        for (text, expected) in [
            ("-enc", vec![Piece::Dash, lit("enc")]),
            (" /c", vec![lit(" "), Piece::Dash, lit("c")]),
            ("a-b", vec![lit("a-b")]),
            ("--x", vec![lit("-"), Piece::Dash, lit("x")]),
            ("- x", vec![lit("- x")]),
            ("\u{2013}x", vec![Piece::Dash, lit("x")]),
            ("a b-", vec![lit("a b-")]),
        ] {
            assert_eq!(Pattern::parse(text, false).windash().pieces(), expected, "{text}");
        }
    }

    #[test]
    fn folding_does_not_hang_on_neighbours() {
        for text in ["ΟΔΥΣΣΕΥΣ", "İstanbul", "Straße", "C:\\WINDOWS"] {
            let parts: String = text.chars().map(|c| fold(&c.to_string())).collect();
            assert_eq!(fold(text), parts);
        }
        assert_eq!(fold("AbC\u{dc}"), "abc\u{fc}");
        assert_eq!(fold("\u{130}").chars().count(), 1);
    }

    #[test]
    fn shown_as_written() {
        for text in [r"*\cmd.exe", "a?b*", r"\*x"] {
            assert_eq!(Pattern::parse(text, false).to_string(), text);
        }
    }
}
