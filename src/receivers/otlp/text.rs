//! A walk over a text that is known to be JSON.
//!
//! The whole body is checked first by serde_json, which builds nothing of it; after that members
//! can be looked at in any order and as often as wanted, without a tree. On a text that is not JSON
//! the walk ends early and never panics.

use super::Trouble;
use std::borrow::Cow;

/// A position in a text that is JSON.
#[derive(Clone, Copy, Debug)]
pub struct Json<'a> {
    text: &'a str,
    at: usize,
}

/// A kind of value was expected and another one is there.
const KIND: Trouble = Trouble::Malformed("a field has a value of a kind that it cannot have");

impl<'a> Json<'a> {
    /// Checks a body and stands at its value.
    pub fn check(body: &'a [u8]) -> Result<Json<'a>, Trouble> {
        let text = std::str::from_utf8(body).map_err(|_| Trouble::Malformed("no UTF-8"))?;
        serde_json::from_str::<serde::de::IgnoredAny>(text)
            .map_err(|_| Trouble::Malformed("the body is no JSON"))?;
        let mut json = Json { text, at: 0 };
        json.blanks();
        Ok(json)
    }

    fn byte(&self) -> u8 {
        self.text.as_bytes().get(self.at).copied().unwrap_or(0)
    }

    fn blanks(&mut self) {
        while matches!(self.byte(), b' ' | b'\t' | b'\n' | b'\r') {
            self.at += 1;
        }
    }

    /// Whether the value here is null.
    pub fn is_null(&self) -> bool {
        self.byte() == b'n'
    }

    /// Whether the value here is an object without members.
    pub fn is_empty(mut self) -> bool {
        self.enter(b'{').is_ok() && self.byte() == b'}'
    }

    /// Calls `each` for every member of the object here, with its name and a position at its value,
    /// and stands behind the object. A value that `each` did not read is passed over. Null is an
    /// object without members.
    pub fn members(
        &mut self,
        mut each: impl FnMut(&str, &mut Json<'a>) -> Result<(), Trouble>,
    ) -> Result<(), Trouble> {
        if self.is_null() {
            self.skip();
            return Ok(());
        }
        self.enter(b'{')?;
        while self.byte() == b'"' {
            let name = self.take_string()?;
            self.blanks();
            self.at += 1;
            self.blanks();
            let start = self.at;
            each(&name, self)?;
            self.leave(start);
        }
        self.at += 1;
        Ok(())
    }

    /// The same for every element of the array here.
    pub fn elements(
        &mut self,
        mut each: impl FnMut(&mut Json<'a>) -> Result<(), Trouble>,
    ) -> Result<(), Trouble> {
        if self.is_null() {
            self.skip();
            return Ok(());
        }
        self.enter(b'[')?;
        while !matches!(self.byte(), b']' | 0) {
            let start = self.at;
            each(self)?;
            self.leave(start);
        }
        self.at += 1;
        Ok(())
    }

    fn enter(&mut self, open: u8) -> Result<(), Trouble> {
        if self.byte() != open {
            return Err(KIND);
        }
        self.at += 1;
        self.blanks();
        Ok(())
    }

    /// Passes over the value that began at `start`, unless that was done, and the comma behind it.
    fn leave(&mut self, start: usize) {
        if self.at == start {
            self.skip();
        }
        self.blanks();
        if self.byte() == b',' {
            self.at += 1;
            self.blanks();
        }
    }

    fn skip(&mut self) {
        let bytes = self.text.as_bytes();
        let mut depth = 0usize;
        while let Some(byte) = bytes.get(self.at) {
            match byte {
                b'"' => self.at = string_end(bytes, self.at + 1) + 1,
                b'{' | b'[' => {
                    depth += 1;
                    self.at += 1;
                }
                b'}' | b']' if depth == 0 => return,
                b'}' | b']' => {
                    depth -= 1;
                    self.at += 1;
                }
                b',' | b' ' | b'\t' | b'\n' | b'\r' if depth == 0 => return,
                _ => {
                    self.at += 1;
                    continue;
                }
            }
            if depth == 0 {
                return;
            }
        }
    }

    fn take_string(&mut self) -> Result<Cow<'a, str>, Trouble> {
        if self.byte() != b'"' {
            return Err(KIND);
        }
        let end = string_end(self.text.as_bytes(), self.at + 1);
        let inner = self.text.get(self.at + 1..end).ok_or(KIND)?;
        let whole = self.text.get(self.at..=end).ok_or(KIND)?;
        self.at = end + 1;
        if !inner.contains('\\') {
            return Ok(Cow::Borrowed(inner));
        }
        // Half of a pair alone has no meaning as text.
        match serde_json::from_str::<String>(whole) {
            Ok(text) => Ok(Cow::Owned(text)),
            Err(_) => Ok(Cow::Borrowed(inner)),
        }
    }

    /// The string here; null is the empty one.
    pub fn string(&mut self) -> Result<Cow<'a, str>, Trouble> {
        if self.is_null() {
            self.skip();
            return Ok(Cow::Borrowed(""));
        }
        self.take_string()
    }

    /// The number here, also one in quotes, as text; empty for null.
    pub fn number(&mut self) -> Result<Cow<'a, str>, Trouble> {
        match self.byte() {
            b'"' => self.take_string(),
            b'-' | b'0'..=b'9' => {
                let start = self.at;
                self.skip();
                Ok(Cow::Borrowed(self.text.get(start..self.at).unwrap_or_default()))
            }
            b'n' => {
                self.skip();
                Ok(Cow::Borrowed(""))
            }
            _ => Err(KIND),
        }
    }

    /// An integer without a sign, as number or string; null is 0.
    pub fn unsigned(&mut self) -> Result<u64, Trouble> {
        let text = self.number()?;
        if text.is_empty() { Ok(0) } else { text.parse().map_err(|_| KIND) }
    }

    /// An integer, as number or string; one with a fraction or exponent that is whole is one too.
    pub fn signed(&mut self) -> Result<i64, Trouble> {
        let text = self.number()?;
        if text.is_empty() {
            return Ok(0);
        }
        text.parse().or_else(|_| {
            let value: f64 = text.parse().map_err(|_| KIND)?;
            let exact = value.fract() == 0.0 && value.abs() < 9.0e18;
            if exact { Ok(value as i64) } else { Err(KIND) }
        })
    }

    /// A floating-point number, as number or string, `NaN` and `Infinity` too.
    pub fn double(&mut self) -> Result<f64, Trouble> {
        let text = self.number()?;
        match &*text {
            "" => Ok(0.0),
            "NaN" => Ok(f64::NAN),
            "Infinity" => Ok(f64::INFINITY),
            "-Infinity" => Ok(f64::NEG_INFINITY),
            text if text.bytes().all(|b| !b.is_ascii_alphabetic() || matches!(b, b'e' | b'E')) => {
                text.parse().map_err(|_| KIND)
            }
            _ => Err(KIND),
        }
    }

    /// A truth value; null is false.
    pub fn bool(&mut self) -> Result<bool, Trouble> {
        match self.byte() {
            b't' => Ok(true),
            b'f' | b'n' => Ok(false),
            _ => Err(KIND),
        }
    }
}

/// Position of the quote that ends the string whose content begins at `at`.
fn string_end(bytes: &[u8], mut at: usize) -> usize {
    loop {
        let rest = bytes.get(at..).unwrap_or_default();
        let Some(found) = memchr::memchr2(b'"', b'\\', rest) else { return bytes.len() };
        at += found;
        if bytes[at] == b'"' {
            return at;
        }
        at += 2;
    }
}
