//! Masking: what varies in a message is lifted out as a typed parameter, what is left identifies
//! its template.
//!
//! One hand-written pass, no regular expression, no allocation but for the result. A message is
//! read as *cores* in a *skeleton*. A core is a maximal run of letters, digits and `- _ . + @ % $
//! ~`, or one masked value, which may hold delimiters and even blanks (a URL, a date). The skeleton
//! is all the rest: delimiters and single blanks. One token per core: so `user=root,` has the
//! cores `user` and `root`, and when the second varies the template is `user=<*>,`, and two
//! messages whose brackets or commas differ are never one template.
//!
//! Rules know nothing of any product: a core is a value by its shape alone (`value`, `net`,
//! `path`, `time`), or by its place: quoted text of several words after `key=` or `"key":` is one
//! value, and a word there is *soft* ([`is_soft`]).
//!
//! Invariants: at most [`MAX_TOKENS`] tokens and [`MAX_PARAMS`] parameters from at most
//! [`MAX_BYTES`] bytes, the rest is one trailing wildcard; of
//! a list of values the first [`MAX_LIST`] are parameters; spans lie on character boundaries;
//! masking the rendered text again gives the same tokens. Cost: see `examples/assign.rs --bench`.

mod class;
mod lexer;
mod net;
mod path;
mod place;
mod reach;
mod special;
mod time;
mod value;

pub use lexer::{Scan, scan};

use seerflow_model::{Event, Param, ParamKind, Span, hash};

/// Tokens considered per message, the trailing wildcard included.
pub const MAX_TOKENS: usize = 128;
/// Parameters kept per message.
pub const MAX_PARAMS: usize = 64;
/// Parameters kept of one list of values.
pub const MAX_LIST: usize = 16;
/// Bytes considered per message.
pub const MAX_BYTES: usize = 8192;
/// Literal cores at the front that tell leaves apart.
pub const PREFIX: usize = 2;

const KINDS: [(ParamKind, &str); 16] = [
    (ParamKind::Any, "*"),
    (ParamKind::Number, "Number"),
    (ParamKind::Hex, "Hex"),
    (ParamKind::Ip, "Ip"),
    (ParamKind::Mac, "Mac"),
    (ParamKind::Uuid, "Uuid"),
    (ParamKind::Path, "Path"),
    (ParamKind::Url, "Url"),
    (ParamKind::Email, "Email"),
    (ParamKind::Domain, "Domain"),
    (ParamKind::Time, "Time"),
    (ParamKind::Quoted, "Quoted"),
    (ParamKind::Id, "Id"),
    (ParamKind::Duration, "Duration"),
    (ParamKind::Size, "Size"),
    (ParamKind::Base64, "Base64"),
];

/// The token of a masked value; literals have the highest bit set.
#[inline]
pub const fn code(kind: ParamKind) -> u64 {
    kind as u64
}

/// Whether a token stands for literal text.
#[inline]
pub const fn is_literal(token: u64) -> bool {
    token >> 63 == 1
}

/// Whether a token is a word in the place of a value (`tty=ssh`, `"state":"up"`): it stays in the
/// text until it varies, but says nothing about which statement the message makes.
#[inline]
pub const fn is_soft(token: u64) -> bool {
    token >> 62 == 0b11
}

/// The token of literal text.
#[inline]
pub(crate) fn literal(text: &[u8], soft: bool) -> u64 {
    hash::bytes(text) & (u64::MAX >> 2) | 1 << 63 | (soft as u64) << 62
}

/// The type of a token that is no literal.
pub fn kind_of(token: u64) -> Option<ParamKind> {
    KINDS.get(usize::try_from(token).ok()?).map(|(kind, _)| *kind)
}

/// How a type is written in typed text: `Number` in `<Number>`.
pub fn name(kind: ParamKind) -> &'static str {
    KINDS[kind as usize].1
}

fn kind_of_name(name: &[u8]) -> Option<ParamKind> {
    KINDS.iter().find(|(_, n)| n.as_bytes() == name).map(|(kind, _)| *kind)
}

/// The leaf of the template tree that a message belongs to: no two leaves ever need each other.
///
/// It covers the namespace, the number of tokens, what stands between them, and the first
/// [`PREFIX`] literals with their places.
pub fn leaf(namespace: u64, tokens: &[u64], skeleton: u64) -> u64 {
    let mut leaf = hash::pair(namespace, skeleton ^ tokens.len() as u64);
    let literals = tokens.iter().enumerate().filter(|(_, t)| is_literal(**t) && !is_soft(**t));
    for (place, token) in literals.take(PREFIX) {
        leaf = hash::pair(leaf, token.wrapping_add(place as u64));
    }
    leaf
}

/// A namespace: templates of two namespaces never mix.
pub fn namespace(source_type: &str, program: &str) -> u64 {
    hash::pair(hash::text(source_type), hash::text(program))
}

/// Masks messages of events; keeps its buffers.
#[derive(Clone, Debug, Default)]
pub struct Masker {
    scan: Scan,
}

impl Masker {
    /// A masker with nothing read yet.
    pub fn new() -> Masker {
        Masker::default()
    }

    /// Fills `namespace`, `tokens`, `params` and `leaf` from source type, program and message.
    pub fn mask(&mut self, event: &mut Event) {
        scan(event.message(), &mut self.scan);
        let offset = event.message.start;
        for param in &mut self.scan.params {
            param.value.start += offset;
        }
        event.namespace = namespace(&event.source.source_type, event.program());
        event.leaf = leaf(event.namespace, &self.scan.tokens, self.scan.skeleton);
        event.tokens = self.scan.tokens.as_slice().into();
        event.params = self.scan.params.as_slice().into();
    }
}

/// A message, masked, with all that rendering needs.
#[derive(Clone, Debug)]
pub struct Masked<'a> {
    /// The message.
    pub message: &'a str,
    /// Tokens, cores, parameters (their spans lie in `message`) and skeleton.
    pub scan: Scan,
}

/// Masks a text on its own.
pub fn mask_text(message: &str) -> Masked<'_> {
    let mut scan = Scan::default();
    lexer::scan(message, &mut scan);
    Masked { message, scan }
}

impl Masked<'_> {
    /// The text with each masked value replaced by its type (`<Number>`), blanks made single.
    pub fn render(&self) -> String {
        self.render_with(|_| {})
    }

    /// As [`Masked::render`]; `core` is told where each core lies in the result.
    pub(crate) fn render_with(&self, mut core: impl FnMut(Span)) -> String {
        let mut out = String::with_capacity(self.message.len().min(MAX_BYTES) + 16);
        let mut done = 0;
        for (token, span) in self.scan.tokens.iter().zip(&self.scan.cores) {
            between(&self.message[done..span.start as usize], &mut out);
            let start = out.len();
            match kind_of(*token) {
                Some(kind) => {
                    out.push('<');
                    out.push_str(name(kind));
                    out.push('>');
                }
                None => out.push_str(span.of(self.message)),
            }
            core(Span::new(start, out.len()));
            done = span.end();
        }
        between(&self.message[done..], &mut out);
        out.truncate(out.trim_end_matches(' ').len());
        out
    }

    /// The typed values.
    pub fn params(&self) -> impl Iterator<Item = (ParamKind, &str)> {
        self.scan.params.iter().map(|p: &Param| (p.kind, p.value.of(self.message)))
    }
}

/// Appends what stands between two cores, with runs of blanks made single.
fn between(text: &str, out: &mut String) {
    for c in text.chars() {
        if lexer::blank(c) {
            if !out.is_empty() && !out.ends_with(' ') {
                out.push(' ');
            }
        } else {
            out.push(c);
        }
    }
}

#[cfg(test)]
mod tests;
