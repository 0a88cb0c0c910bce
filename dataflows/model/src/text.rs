//! Showing hostile text: control characters and terminal escapes never reach a terminal.

use std::fmt::Write;

/// Neutralises text for one line of output: C0, DEL, C1, line and paragraph separators and the
/// bidirectional overrides become `\n`, `\t`, `\u{…}`; everything else is kept.
///
/// Cost: one pass; borrows when there is nothing to do.
pub fn neutral(text: &str) -> std::borrow::Cow<'_, str> {
    if !text.chars().any(hostile) {
        return text.into();
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if hostile(c) => {
                let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.into()
}

/// Neutralises a JSON document for a terminal: what JSON lets stand as it is (DEL, C1, separators,
/// bidirectional overrides) is escaped as `\uNNNN`. Such characters occur inside strings only, so
/// the document says the same as before.
pub fn neutral_json(json: &str) -> std::borrow::Cow<'_, str> {
    let told = |c: char| c >= '\u{7f}' && hostile(c);
    if !json.chars().any(told) {
        return json.into();
    }
    let mut out = String::with_capacity(json.len() + 16);
    for c in json.chars() {
        if told(c) {
            let _ = write!(out, "\\u{:04x}", u32::from(c));
        } else {
            out.push(c);
        }
    }
    out.into()
}

fn hostile(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{200e}' | '\u{200f}' | '\u{61c}')
        || ('\u{202a}'..='\u{202e}').contains(&c)
        || ('\u{2066}'..='\u{2069}').contains(&c)
}

/// Decodes bytes: valid UTF-8 is kept, every other byte becomes `\xNN`.
pub fn decode(bytes: &[u8]) -> std::borrow::Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.into(),
        Err(_) => {
            let mut out = String::with_capacity(bytes.len() + 16);
            for chunk in bytes.utf8_chunks() {
                out.push_str(chunk.valid());
                for byte in chunk.invalid() {
                    let _ = write!(out, "\\x{byte:02x}");
                }
            }
            out.into()
        }
    }
}

/// Cuts at a character boundary, to at most `max` bytes, with `…` when something was cut.
pub fn shorten(text: &str, max: usize) -> std::borrow::Cow<'_, str> {
    if text.len() <= max {
        return text.into();
    }
    let mut end = max.saturating_sub('…'.len_utf8());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}…", &text[..end]).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_says_the_same_and_steers_nothing() {
        let text = "a\u{9b}31m \u{7f} \u{202e}\u{2028} é ok\n";
        let json = format!("[\"{}\"]\n", text.replace('\n', "\\n"));
        let shown = neutral_json(&json);
        assert_eq!(shown, "[\"a\\u009b31m \\u007f \\u202e\\u2028 é ok\\n\"]\n");
        assert!(matches!(neutral_json("[1]\n"), std::borrow::Cow::Borrowed(_)));
    }

    #[test]
    fn escapes_do_not_reach_the_terminal() {
        assert_eq!(neutral("plain ü"), "plain ü");
        assert_eq!(neutral("\x1b[31mred\u{9b}x\n"), "\\u{1b}[31mred\\u{9b}x\\n");
        assert_eq!(neutral("a\u{202e}b"), "a\\u{202e}b");
    }

    #[test]
    fn invalid_bytes_are_kept_visible() {
        assert_eq!(decode(b"ok \xff\xfe end"), "ok \\xff\\xfe end");
        assert_eq!(decode("grün".as_bytes()), "grün");
    }

    #[test]
    fn shortening_keeps_characters_whole() {
        assert_eq!(shorten("abc", 3), "abc");
        assert_eq!(shorten("grüße", 6), "gr…");
        assert_eq!(shorten("abcdefgh", 6), "abc…");
    }
}
