//! The pass over a message: cores, masked values and the skeleton between them.
//!
//! Linear: what a recogniser reads ahead is bounded or consumed. Every span begins and ends on a
//! character boundary, because bytes outside ASCII never end a core.

use super::class::{ALPHA, AT, ATOM, CLASS, DIGIT, DOT, HEX, SOFT, SPACE, START, byte};
use super::{MAX_BYTES, MAX_LIST, MAX_PARAMS, MAX_TOKENS, code, is_literal, net, place, value};
use seerflow_model::{Param, ParamKind, Span};

/// What one pass finds; reused from message to message.
#[derive(Clone, Debug, Default)]
pub struct Scan {
    /// A hash per core: [`code`] of its type when it was masked, else of its text.
    pub tokens: Vec<u64>,
    /// Where each core stands in the message.
    pub cores: Vec<Span>,
    /// Masked values.
    pub params: Vec<Param>,
    /// Hash of what stands between the cores.
    pub skeleton: u64,
}

/// Finds the cores of a message.
pub fn scan(message: &str, out: &mut Scan) {
    out.tokens.clear();
    out.cores.clear();
    out.params.clear();
    out.skeleton = 0;
    let end = if message.len() > MAX_BYTES { cut(message) } else { message.len() };
    let mut lexer =
        Lexer { text: &message.as_bytes()[..end], out, blank: false, begun: false, joint: 0 };
    let mut i = 0;
    while i < end {
        if lexer.full() {
            break;
        }
        i = lexer.step(i);
    }
    let rest = &message[i..];
    let whole = rest.trim_matches(blank);
    if !whole.is_empty() {
        let start = i + (rest.len() - rest.trim_start_matches(blank).len());
        lexer.blank |= start > i;
        lexer.masked(ParamKind::Any, start, start + whole.len());
    }
}

/// Whether a character only separates.
pub fn blank(c: char) -> bool {
    u32::from(c) <= 32 || c == '\x7f'
}

/// Where a long message is cut: at the last blank of what is read, if there is one nearby.
fn cut(message: &str) -> usize {
    let mut end = MAX_BYTES;
    while !message.is_char_boundary(end) {
        end -= 1;
    }
    let tail = &message.as_bytes()[end - 1024..end];
    let blank = tail.iter().rposition(|b| CLASS[usize::from(*b)] & SPACE != 0);
    blank.map_or(end, |i| end - 1024 + i)
}

/// The state of one pass.
pub(super) struct Lexer<'a, 'b> {
    pub(super) text: &'a [u8],
    out: &'b mut Scan,
    /// White space was passed since the last thing woven into the skeleton.
    blank: bool,
    /// Something was.
    begun: bool,
    /// The skeleton up to and with the last masked token: a list goes back to it.
    joint: u64,
}

impl Lexer<'_, '_> {
    /// Whether what is left must become one wildcard.
    fn full(&self) -> bool {
        self.out.tokens.len() >= MAX_TOKENS - 1 || self.out.params.len() > MAX_PARAMS - 3
    }

    /// Takes what stands at `i` and says where it ends.
    #[inline]
    fn step(&mut self, i: usize) -> usize {
        let class = CLASS[usize::from(self.text[i])];
        if class & START != 0 {
            return self.core(i);
        }
        if class & SPACE != 0 {
            self.blank = true;
            return i + 1;
        }
        self.special(i)
    }

    /// A run of atom bytes, and what may reach beyond it.
    pub(super) fn core(&mut self, start: usize) -> usize {
        let text = self.text;
        let (mut end, mut class) = run(text, start);
        let next = byte(text, end);
        if class & DIGIT != 0
            && (matches!(next, b'/' | b'=') || class & SOFT != 0)
            && let Some(end) = value::base64(text, start)
        {
            return self.masked(ParamKind::Base64, start, end);
        }
        if class & !(HEX | ALPHA) == 0
            && !matches!(next, b':' | b'/' | b' ' | b',')
            && value::plain(&text[start..end], class)
        {
            return self.literal(start, end);
        }
        if text[start].is_ascii_digit() {
            if let Some(end) = self.digit_first(start, end, class, next) {
                return end;
            }
        } else if let Some(end) = self.letter_first(start, end, class, next) {
            return end;
        }
        if class & (SOFT | DOT | AT) != 0 {
            let full = end;
            while end > start + 1 && CLASS[usize::from(text[end - 1])] & (SOFT | DOT | AT) != 0 {
                if text[end - 1] == b'%' && text[end - 2].is_ascii_digit() {
                    break;
                }
                end -= 1;
            }
            if end < full {
                class = union(&text[start..end]);
            }
        }
        if value::plain(&text[start..end], class) {
            return self.literal(start, end);
        }
        match value::kind(&text[start..end], class) {
            Some(kind @ (ParamKind::Domain | ParamKind::Ip)) => {
                self.address(kind, start, start, end)
            }
            Some(kind) => self.masked(kind, start, end),
            None => self.literal(start, end),
        }
    }

    /// An address or name with what belongs to it: a port, the length of a prefix.
    pub(super) fn address(
        &mut self,
        kind: ParamKind,
        from: usize,
        start: usize,
        end: usize,
    ) -> usize {
        let port = net::port(self.text, end);
        let all = port.or_else(|| {
            (kind == ParamKind::Ip).then(|| net::prefix_length(self.text, end)).flatten()
        });
        self.value(kind, from, all.unwrap_or(end));
        self.param(kind, start, end);
        if let Some(port) = port {
            self.param(ParamKind::Number, end + 1, port);
        }
        all.unwrap_or(end)
    }

    #[inline]
    fn literal(&mut self, start: usize, end: usize) -> usize {
        let soft = self.key().is_some_and(|key| place::of_value(self.text, start, key));
        self.token(super::literal(&self.text[start..end], soft), start, end);
        end
    }

    /// The core that was read last.
    #[inline]
    pub(super) fn key(&self) -> Option<place::Key> {
        let (core, token) = (self.out.cores.last()?, self.out.tokens.last()?);
        Some(place::Key { end: core.end(), literal: is_literal(*token) })
    }

    pub(super) fn masked(&mut self, kind: ParamKind, start: usize, end: usize) -> usize {
        self.value(kind, start, end);
        self.param(kind, start, end);
        end
    }

    /// The token of a masked value. A list of values of one kind is one value, however long:
    /// it grows the token before it. Numbers side by side, or with `, ` between them as in prose,
    /// are rather columns.
    pub(super) fn value(&mut self, kind: ParamKind, start: usize, end: usize) {
        if let (Some(token), Some(core)) = (self.out.tokens.last(), self.out.cores.last_mut())
            && *token == code(kind)
            && kind != ParamKind::Any
        {
            let between = &self.text[core.end()..start];
            let column = matches!(
                kind,
                ParamKind::Number | ParamKind::Time | ParamKind::Duration | ParamKind::Size
            );
            let (comma, blanks) = match between {
                [b',' | b';', blanks @ ..] => (true, blanks),
                blanks => (false, blanks),
            };
            let blank = blanks.iter().all(|b| CLASS[usize::from(*b)] & SPACE != 0);
            let tight = blanks.is_empty();
            if blank && if tight { comma } else { !column } {
                core.len = (end - core.start as usize) as u32;
                self.blank = false;
                self.out.skeleton = self.joint;
                return;
            }
        }
        self.token(code(kind), start, end);
        self.joint = self.out.skeleton;
    }

    #[inline]
    fn token(&mut self, token: u64, start: usize, end: usize) {
        self.weave(0x1ff);
        self.out.tokens.push(token);
        self.out.cores.push(Span::new(start, end));
    }

    pub(super) fn param(&mut self, kind: ParamKind, start: usize, end: usize) {
        let token = (self.out.tokens.len() - 1) as u16;
        let list = self.out.params.len().checked_sub(MAX_LIST).map(|i| self.out.params[i].token);
        if list != Some(token) {
            self.out.params.push(Param { kind, token, value: Span::new(start, end) });
        }
    }

    pub(super) fn delimiter(&mut self, i: usize) -> usize {
        self.weave(u64::from(self.text[i]));
        i + 1
    }

    /// Adds to the skeleton; a run of blanks counts once, at the ends not at all.
    #[inline]
    fn weave(&mut self, item: u64) {
        let item = item | u64::from(self.blank && self.begun) << 9;
        self.blank = false;
        self.begun = true;
        let h = (self.out.skeleton ^ item).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        self.out.skeleton = h ^ (h >> 29);
    }
}

/// The end of a run of atom bytes and the union of their classes; an apostrophe between two
/// letters belongs to it.
#[inline]
fn run(text: &[u8], start: usize) -> (usize, u8) {
    let (mut end, mut union) = (start, 0);
    while end < text.len() {
        let class = CLASS[usize::from(text[end])];
        if class & ATOM == 0 {
            let inner = text[end] == b'\''
                && end > start
                && text[end - 1].is_ascii_alphabetic()
                && byte(text, end + 1).is_ascii_alphabetic();
            if !inner {
                break;
            }
        }
        union |= class;
        end += 1;
    }
    (end, union)
}

fn union(bytes: &[u8]) -> u8 {
    bytes.iter().fold(0, |all, b| all | CLASS[usize::from(*b)])
}
