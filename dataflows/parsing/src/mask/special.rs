//! Values that begin with a delimiter.

use super::class::{self, ATOM, CLASS, DIGIT, HEX, SPACE, START, byte};
use super::lexer::Lexer;
use super::{kind_of_name, net, path, place};
use crate::redact::pseudonym_at;
use seerflow_model::ParamKind;

impl Lexer<'_, '_> {
    /// A delimiter, or a value that begins with one.
    pub(super) fn special(&mut self, i: usize) -> usize {
        let text = self.text;
        if matches!(text[i], b'"' | b'\'')
            && let Some(key) = self.key()
            && let Some(end) = place::quoted(text, i, key)
        {
            self.delimiter(i);
            return self.masked(ParamKind::Quoted, i + 1, end);
        }
        let before = if i == 0 { SPACE } else { class::at(text, i - 1) };
        let fresh = before & START == 0 && (i == 0 || text[i - 1] != b'>');
        let masked = match text[i] {
            b'<' => placeholder(text, i),
            b'-' | b'+' if fresh && before & ATOM == 0 && class::at(text, i + 1) & DIGIT != 0 => {
                return self.core(i);
            }
            b'/' if fresh && byte(text, i.wrapping_sub(1)) != b'<' => return self.slash(i),
            b'\\' if fresh => path::windows(text, i).map(|end| (ParamKind::Path, end)),
            b':' if fresh && byte(text, i + 1) == b':' => net::colons(text, i),
            b'[' if class::at(text, i + 1) & (DIGIT | HEX) != 0 || byte(text, i + 1) == b':' => {
                if let Some(end) = self.bracketed(i) {
                    return end;
                }
                None
            }
            open if fresh && before & ATOM == 0 && self.empty_pair(open, i) => {
                self.delimiter(i);
                self.masked(ParamKind::Any, i + 1, i + 1);
                return self.delimiter(i + 1);
            }
            _ => None,
        };
        match masked {
            Some((kind, end)) => self.masked(kind, i, end),
            None => self.delimiter(i),
        }
    }

    /// Whether `()`, `[]`, `{}`, `""` or `''` stands alone: a value that is empty this time.
    fn empty_pair(&self, open: u8, i: usize) -> bool {
        let close = match open {
            b'(' => b')',
            b'[' => b']',
            b'{' => b'}',
            b'"' | b'\'' => open,
            _ => return false,
        };
        let before = if i == 0 { b' ' } else { self.text[i - 1] };
        let alone = CLASS[usize::from(before)] & SPACE != 0 || matches!(before, b'=' | b':' | b',');
        let after = byte(self.text, i + 2);
        let ended = class::at(self.text, i + 2) & SPACE != 0
            || matches!(after, b',' | b';' | b':' | b')' | b']' | b'}') && after != close;
        alone && byte(self.text, i + 1) == close && ended
    }

    /// `[2001:db8::1]:443`
    fn bracketed(&mut self, i: usize) -> Option<usize> {
        let (kind, end) = net::colons(self.text, i + 1)?;
        if kind != ParamKind::Ip || byte(self.text, end) != b']' {
            return None;
        }
        let port = net::port(self.text, end + 1)?;
        self.value(kind, i, port);
        self.param(kind, i + 1, end);
        self.param(ParamKind::Number, end + 2, port);
        Some(port)
    }

    /// `/10.0.0.1:80` as Java prints an address without a name, or a path.
    fn slash(&mut self, i: usize) -> usize {
        if class::at(self.text, i + 1) & DIGIT != 0
            && let Some(end) = net::ipv4(self.text, i + 1)
            && byte(self.text, end) != b'/'
        {
            return self.address(ParamKind::Ip, i, i + 1, end);
        }
        match path::posix(self.text, i) {
            Some(end) => self.masked(ParamKind::Path, i, end),
            None => self.delimiter(i),
        }
    }
}

/// `<Number>`: a message that is masked already stays as it is. A pseudonym is one value.
fn placeholder(text: &[u8], at: usize) -> Option<(ParamKind, usize)> {
    if let Some(end) = pseudonym_at(text, at) {
        return Some((ParamKind::Id, end));
    }
    let name = &text[at + 1..text.len().min(at + 10)];
    let close = name.iter().position(|b| *b == b'>')?;
    Some((kind_of_name(&name[..close])?, at + close + 2))
}
