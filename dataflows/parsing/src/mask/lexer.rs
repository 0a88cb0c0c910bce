//! The pass over a message: cores, masked values and the skeleton between them.
//!
//! Linear: what a recogniser reads ahead is bounded or consumed. Every span begins and ends on a
//! character boundary, because bytes outside ASCII never end a core.

use super::class::{self, ALPHA, AT, ATOM, CLASS, DIGIT, DOT, HEX, SOFT, SPACE, START, byte};
use super::{
    MAX_BYTES, MAX_LIST, MAX_PARAMS, MAX_TOKENS, code, kind_of_name, net, path, time, value,
};
use seerflow_model::{Param, ParamKind, Span, hash};

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
    let end = message.floor_char_boundary(MAX_BYTES);
    let tail = &message.as_bytes()[end - 1024..end];
    let blank = tail.iter().rposition(|b| CLASS[usize::from(*b)] & SPACE != 0);
    blank.map_or(end, |i| end - 1024 + i)
}

struct Lexer<'a, 'b> {
    text: &'a [u8],
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

    /// A delimiter, or a value that begins with one.
    fn special(&mut self, i: usize) -> usize {
        let text = self.text;
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

    /// A run of atom bytes, and what may reach beyond it.
    fn core(&mut self, start: usize) -> usize {
        let text = self.text;
        let (mut end, mut class) = run(text, start);
        let next = byte(text, end);
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

    /// Values that begin with a digit and may hold delimiters.
    fn digit_first(&mut self, start: usize, end: usize, class: u8, next: u8) -> Option<usize> {
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
            let number = value::kind(&text[start..end], class) == Some(ParamKind::Number);
            return (rate && number).then(|| self.masked(ParamKind::Number, start, end + 2));
        }
        None
    }

    /// Values that begin with a letter and may hold delimiters or blanks.
    fn letter_first(&mut self, start: usize, end: usize, class: u8, next: u8) -> Option<usize> {
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

    /// An address or name with what belongs to it: a port, the length of a prefix.
    fn address(&mut self, kind: ParamKind, from: usize, start: usize, end: usize) -> usize {
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
        self.token(hash::bytes(&self.text[start..end]) | 1 << 63, start, end);
        end
    }

    fn masked(&mut self, kind: ParamKind, start: usize, end: usize) -> usize {
        self.value(kind, start, end);
        self.param(kind, start, end);
        end
    }

    /// The token of a masked value. A list of values of one kind is one value, however long:
    /// it grows the token before it. Numbers side by side, or with `, ` between them as in prose,
    /// are rather columns.
    fn value(&mut self, kind: ParamKind, start: usize, end: usize) {
        if let (Some(token), Some(core)) = (self.out.tokens.last(), self.out.cores.last_mut())
            && *token == code(kind)
            && kind != ParamKind::Any
        {
            let between = &self.text[core.end()..start];
            let column = matches!(kind, ParamKind::Number | ParamKind::Time);
            let (comma, blanks) = match between {
                [b',' | b';', blanks @ ..] => (true, blanks),
                blanks => (false, blanks),
            };
            let blank = blanks.iter().all(|b| CLASS[usize::from(*b)] & SPACE != 0);
            if blank && (comma || !blanks.is_empty()) && !(column && !blanks.is_empty()) {
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

    fn param(&mut self, kind: ParamKind, start: usize, end: usize) {
        let token = (self.out.tokens.len() - 1) as u16;
        let list = self.out.params.len().checked_sub(MAX_LIST).map(|i| self.out.params[i].token);
        if list != Some(token) {
            self.out.params.push(Param { kind, token, value: Span::new(start, end) });
        }
    }

    fn delimiter(&mut self, i: usize) -> usize {
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

/// `<Number>`: a message that is masked already stays as it is.
fn placeholder(text: &[u8], at: usize) -> Option<(ParamKind, usize)> {
    let name = &text[at + 1..text.len().min(at + 10)];
    let close = name.iter().position(|b| *b == b'>')?;
    Some((kind_of_name(&name[..close])?, at + close + 2))
}
