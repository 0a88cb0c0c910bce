//! The request context that services of OpenStack put before a message, `[req-<uuid> <user>
//! <project> …]`; the header reader keeps it as the field `context`. The user is an id, or `-` when
//! nobody asked.
//!
//! It says who acts, whatever the message says. Cost: a look at the names of a few fields.

use super::forms::is_name_end;
use super::value::Value;
use seerflow_model::{EntityType, Event, Span};

/// Longest user id.
const USER_MAX: usize = 64;
/// Length of a UUID.
const UUID: usize = 36;

/// Most fields looked at: a header gives few, and gives the context early.
const FIELDS_MAX: usize = 8;

/// The acting user of an event.
pub(super) fn user(event: &Event) -> Option<Value> {
    let mut fields = event.fields.iter().take(FIELDS_MAX);
    let context = fields.find(|field| event.get(field.name) == "context")?.value;
    user_in(event.text.get(..context.end())?, context.start as usize)
}

/// The user of the context that begins at `start` of `text`.
fn user_in(text: &str, start: usize) -> Option<Value> {
    let bytes = text.as_bytes();
    let id = start + "req-".len();
    if !bytes.get(start..)?.starts_with(b"req-") {
        return None;
    }
    let uuid = bytes.get(id..id + UUID)?.iter().enumerate().all(|(i, b)| match i {
        8 | 13 | 18 | 23 => *b == b'-',
        _ => b.is_ascii_hexdigit(),
    });
    let from = id + UUID + 1;
    let length = bytes.get(from..)?.iter().take(USER_MAX).take_while(|b| !is_name_end(**b)).count();
    // Ids begin with a letter or digit; `-` is nobody.
    let named = bytes[from..from + length].first().is_some_and(u8::is_ascii_alphanumeric);
    let fits = uuid && bytes[from - 1] == b' ' && named && bytes.get(from + length) == Some(&b' ');
    let ascii = bytes[from..from + length].is_ascii();
    (fits && ascii).then(|| Value {
        kind: EntityType::User,
        value: Span::new(from, from + length),
        domain: Span::NONE,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contexts() {
        let id = "01234567-89ab-cdef-0123-456789abcdef";
        for (tail, expected) in [
            (" 0a1b p - - -] x", Some("0a1b")),
            (" alice proj default default] x", Some("alice")),
            (" - - - - -] x", None),
            ("] x", None),
            ("", None),
            (" alice", None),
            (" ü p - - -] x", None),
        ] {
            let text = format!("[req-{id}{tail}");
            let got = user_in(&text, 1).map(|user| user.value.of(&text));
            assert_eq!(got, expected, "{text}");
            assert_eq!(user_in(&text, 0), None);
        }
        assert_eq!(user_in("[req-1 alice p - - -] x", 1), None);
        assert_eq!(user_in("[req-", 1), None);
    }
}
