//! Values that begin like a core and reach beyond it: over delimiters, even over blanks.

use super::class::{self, DIGIT, DOT, HEX, START, byte};
use super::lexer::Lexer;
use super::{net, path, time, value};
use seerflow_model::ParamKind;

impl Lexer<'_, '_> {
    /// Values that begin with a digit and may hold delimiters.
    pub(super) fn digit_first(
        &mut self,
        start: usize,
        end: usize,
        class: u8,
        next: u8,
    ) -> Option<usize> {
        let text = self.text;
        if class & DOT != 0
            && let Some(end) = net::ipv4(text, start)
        {
            return Some(self.address(ParamKind::Ip, start, start, end));
        }
        if let Some(end) = time::time(text, start) {
            return Some(self.masked(ParamKind::Time, start, end));
        }
        if next == b':'
            && class & !(DIGIT | HEX) == 0
            && let Some((kind, end)) = net::colons(text, start)
        {
            return Some(self.masked(kind, start, end));
        }
        if next == b',' && class == DIGIT && end - start <= 3 {
            return thousands(text, end).map(|end| self.masked(ParamKind::Number, start, end));
        }
        if next == b'/' && matches!(text[end - 1], b'b' | b'B' | b's') {
            // A rate: `10MB/s`.
            let rate = matches!(byte(text, end + 1), b's') && class::at(text, end + 2) & START == 0;
            let number = matches!(
                value::kind(&text[start..end], class),
                Some(ParamKind::Number | ParamKind::Size | ParamKind::Duration)
            );
            return (rate && number).then(|| self.masked(ParamKind::Number, start, end + 2));
        }
        None
    }

    /// Values that begin with a letter and may hold delimiters or blanks.
    pub(super) fn letter_first(
        &mut self,
        start: usize,
        end: usize,
        class: u8,
        next: u8,
    ) -> Option<usize> {
        let text = self.text;
        match next {
            b':' => {
                if let Some(end) = path::url(text, end) {
                    return Some(self.masked(ParamKind::Url, start, end));
                }
                if end == start + 1
                    && let Some(end) = path::windows(text, start)
                {
                    return Some(self.masked(ParamKind::Path, start, end));
                }
                if class & !(DIGIT | HEX) == 0
                    && let Some((kind, end)) = net::colons(text, start)
                {
                    return Some(self.masked(kind, start, end));
                }
            }
            b'/' => {
                // `name/10.0.0.1:80` as Java prints an address with its name.
                if class::at(text, end + 1) & DIGIT != 0
                    && let Some(address) = net::ipv4(text, end + 1)
                {
                    return Some(self.address(ParamKind::Ip, start, end + 1, address));
                }
                if let Some(end) = path::product(text, end) {
                    return Some(self.masked(ParamKind::Id, start, end));
                }
                let end = path::relative(text, start, end)?;
                return Some(self.masked(ParamKind::Path, start, end));
            }
            b' ' | b',' if (3..=9).contains(&(end - start)) && text[start].is_ascii_uppercase() => {
                let end = time::time(text, start)?;
                return Some(self.masked(ParamKind::Time, start, end));
            }
            _ => {}
        }
        None
    }
}

/// `1,234,567.8`: the end, when groups of three follow at `comma`.
fn thousands(text: &[u8], comma: usize) -> Option<usize> {
    let mut end = comma;
    while byte(text, end) == b',' && class::digits(text, end + 1) == end + 4 {
        end += 4;
    }
    if byte(text, end) == b'.' && byte(text, end + 1).is_ascii_digit() {
        end = class::digits(text, end + 1);
    }
    (end > comma && class::at(text, end) & START == 0).then_some(end)
}
