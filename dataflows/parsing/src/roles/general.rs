//! Reading a message that no rule knows: `key=value` pairs with well-known names, `for user x`,
//! `DOMAIN\user`, principals, and typed parameters by the words before them.
//!
//! It would rather miss an entity than invent one: versions, clock times, scope operators of
//! programming languages, package names and escapes give nothing. Cost: four searches over the
//! message, and a few bytes before each parameter.

use super::address::ipv6;
use super::collect::Found;
use super::context::Before;
use super::hosts::{self, Dotted};
use super::names::Names;
use super::value::{self, Read, Trust, Value, ValueType};
use super::{forms, pairs, principals, requests, users};
use aho_corasick::AhoCorasick;
use memchr::memmem;
use seerflow_model::{EntityType, Event, Param, ParamKind, Role, Span};

/// Most parameters looked at.
const PARAMS_MAX: usize = 64;
/// How far before an address words about versions are looked for, in bytes.
const VERSION_REACH: usize = 64;

/// The compiled searches.
#[derive(Debug)]
pub(super) struct General {
    user: memmem::Finder<'static>,
    arn: memmem::Finder<'static>,
    versions: AhoCorasick,
}

impl General {
    pub(super) fn new() -> General {
        let words = ["version", "upgrad", "downgrad", "firmware"];
        let versions = AhoCorasick::builder().ascii_case_insensitive(true).build(words);
        General {
            user: memmem::Finder::new("ser"),
            arn: memmem::Finder::new("arn:"),
            versions: versions.expect("four short words are within every limit of the builder"),
        }
    }

    /// Adds what the message `event.text[start..end]` names.
    pub(super) fn read(
        &self,
        names: &Names,
        event: &Event,
        (start, end): (usize, usize),
        found: &mut Found,
    ) {
        let text = &event.text[..end];
        let full = &*event.text;
        if let Some(user) = requests::user(event) {
            found.add(full, Role::Actor, user);
        }
        pairs::each(text, start, |key, from, to| {
            if let Some((role, kind)) = names.get(key)
                && let Read::Some(value) = value::read(kind, text, from, to, Trust::Field)
                && !matches!(kind, ValueType::UserDomain | ValueType::Namespace)
            {
                found.add(full, role, value);
            }
        });
        users::named(&self.user, text, start, |role, value| found.add(full, role, value));
        users::with_domain(text, start, |value| found.add(full, Role::Actor, value));
        principals::named(&self.arn, text, start, |role, value| found.add(full, role, value));
        for param in event.params.iter().take(PARAMS_MAX) {
            let (from, to) = (param.value.start as usize, param.value.end());
            if from >= start && to <= end && text.get(from..to).is_some() && from < to {
                self.param(text, start, param, |role, value| found.add(full, role, value));
            }
        }
        hosts::in_thread(event, |from, to| {
            let value = Span::new(from, to);
            let value = Value { kind: EntityType::Ip, value, domain: Span::NONE };
            found.add(full, Role::Object, value);
        });
    }

    fn param(&self, text: &str, start: usize, param: &Param, mut add: impl FnMut(Role, Value)) {
        let (from, to) = (param.value.start as usize, param.value.end());
        let read = |kind| match value::read(kind, text, from, to, Trust::Field) {
            Read::Some(value) => Some(value),
            Read::Nothing | Read::Wrong => None,
        };
        let of = |kind| read(ValueType::Of(kind));
        let before = || Before::new(text.as_bytes(), start, from);
        match param.kind {
            ParamKind::Ip => {
                if let Some(value) = of(EntityType::Ip)
                    && self.is_address(text, start, param.value, value.value)
                {
                    self.address(text, start, value, &before(), &mut add);
                }
            }
            ParamKind::Email => self.email(text, &before(), of(EntityType::Email), &mut add),
            ParamKind::Mac => of(EntityType::Mac).into_iter().for_each(|v| add(Role::Object, v)),
            ParamKind::Url => {
                let kind = if forms::names_a_container(&text[from..to]) {
                    EntityType::Container
                } else {
                    EntityType::Url
                };
                of(kind).into_iter().for_each(|value| add(Role::Object, value));
            }
            ParamKind::Path => {
                if let Some(value) = path(text, from, to, &before()) {
                    add(Role::Object, value);
                }
            }
            ParamKind::Domain => {
                let before = before();
                let kind = match hosts::dotted(text, param.value, &before) {
                    Dotted::Host => ValueType::Address,
                    Dotted::Domain => ValueType::Of(EntityType::Domain),
                    Dotted::Other => return,
                };
                read(kind).into_iter().for_each(|value| add(before.place().role(), value));
            }
            ParamKind::Hex if before().names_a_hash() => {
                of(EntityType::Hash).into_iter().for_each(|value| add(Role::Object, value));
            }
            _ => {}
        }
    }

    /// An address, and the name before it in `name/192.0.2.1:80`.
    fn address(
        &self,
        text: &str,
        start: usize,
        ip: Value,
        before: &Before<'_>,
        add: &mut impl FnMut(Role, Value),
    ) {
        let asks = super::context::asks(&text.as_bytes()[ip.value.end()..]);
        let mut role = if asks { Role::Src } else { before.place().role() };
        let port = text.as_bytes().get(ip.value.end()) == Some(&b':');
        if port && let Some((from, to)) = hosts::before_slash(text, start, ip.value.start as usize)
        {
            // The words before the name speak of both.
            role = Before::new(text.as_bytes(), start, from).place().role();
            let host = value::read(ValueType::Address, text, from, to, Trust::Field);
            if let Read::Some(host) = host {
                add(role, host);
            }
        }
        add(role, ip);
    }

    /// Mail programs speak of addresses; elsewhere an address is how somebody logs in.
    fn email(
        &self,
        text: &str,
        before: &Before<'_>,
        email: Option<Value>,
        add: &mut impl FnMut(Role, Value),
    ) {
        let Some(email) = email else { return };
        let kind = ValueType::Of(EntityType::User);
        let (from, to) = (email.value.start as usize, email.value.end());
        if before.names_mail() && !principals::is_principal(&text[from..to]) {
            return add(Role::Object, email);
        }
        let acts = before.names_an_actor() || super::context::logs_in(&text.as_bytes()[to..]);
        if let Read::Some(user) = value::read(kind, text, from, to, Trust::Field) {
            add(if acts { Role::Actor } else { Role::Object }, user);
        }
    }

    /// Whether what looks like an address is one, by its own form and what stands around it.
    fn is_address(&self, text: &str, start: usize, whole: Span, value: Span) -> bool {
        let bytes = text.as_bytes();
        let (from, to) = (value.start as usize, value.end());
        if let Some(ip) = ipv6(value.of(text)) {
            let first = ip.segments()[0];
            let believable = ip.is_loopback()
                || ip.to_ipv4_mapped().is_some()
                || matches!(first, 0x2000..=0x3fff | 0xfc00..=0xfdff | 0xfe80..=0xfebf | 0x64)
                || ip.is_multicast();
            let joined =
                |b: Option<&u8>| b.is_some_and(|b| b.is_ascii_alphanumeric() || *b == b':');
            return believable
                && !joined(from.checked_sub(1).and_then(|i| bytes.get(i)))
                && !(whole.end() == to && joined(bytes.get(to)));
        }
        if value.of(text).starts_with("0.") || !free_after(bytes, to) {
            return false;
        }
        let before = Before::new(bytes, start, whole.start as usize);
        if before.names_a_product() || !before.is_free(bytes, whole, bytes.get(to) == Some(&b':')) {
            return false;
        }
        let mut window = from.saturating_sub(VERSION_REACH).max(start);
        while !text.is_char_boundary(window) {
            window += 1;
        }
        !self.versions.is_match(&text[window..from])
    }
}

/// A file, or the path of a request. The drive of `file:/D:/x` belongs to the file.
fn path(text: &str, from: usize, to: usize, before: &Before<'_>) -> Option<Value> {
    let kind = if before.is_http_method() { EntityType::Url } else { EntityType::File };
    let drive =
        |at: usize| matches!(text.as_bytes()[..at], [.., b'/', d, b':'] if d.is_ascii_alphabetic());
    if to - from == 2 && text[to..].starts_with(":/") && drive(to + 1) {
        return None;
    }
    let from = if drive(from) { from - 2 } else { from };
    match value::read(ValueType::Of(kind), text, from, to, Trust::Field) {
        Read::Some(value) => Some(value),
        Read::Nothing | Read::Wrong => None,
    }
}

/// Whether a dotted quad ends here: `1.2.3.4.5`, `1.2.3.4-rc1`, `1.2.3.4/24` go on.
fn free_after(bytes: &[u8], to: usize) -> bool {
    let next = |i: usize| bytes.get(to + i).copied().unwrap_or(b' ');
    match next(0) {
        b'.' => !next(1).is_ascii_alphanumeric(),
        b'-' => !next(1).is_ascii_alphabetic(),
        b'/' => !next(1).is_ascii_digit(),
        b'_' | b'+' | b'~' => false,
        other => !other.is_ascii_alphanumeric(),
    }
}
