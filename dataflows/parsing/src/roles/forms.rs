//! Forms of values: what a hash, a hardware address, a path of Windows, a container's id look like.
//!
//! Cost: a look at the value's bytes.

use seerflow_model::entity::{self, EntityType};

/// Whether a path begins as those of Windows do: `C:\x`, `C:/x`, `\\server\share`, `\Device\x`.
pub(super) fn windows(text: &str) -> bool {
    match text.as_bytes() {
        [drive, b':', b'\\' | b'/', _, ..] => drive.is_ascii_alphabetic(),
        [b'\\', b'\\', rest @ ..] => rest.contains(&b'\\') && rest[0] != b'\\',
        [b'\\', rest @ ..] => rest.starts_with(b"Device\\") || rest.starts_with(b"??\\"),
        _ => false,
    }
}

/// The digits of a hash, perhaps with the name of the algorithm before them.
pub(super) fn hash(text: &str) -> bool {
    entity::canonical(EntityType::Hash, text, "").is_some()
}

/// A hardware address in any of its spellings.
pub(super) fn mac(text: &str) -> bool {
    text.len() <= 17 && entity::canonical(EntityType::Mac, text, "").is_some()
}

/// Whether all digits are zero (nobody) or all are `f` (everybody).
pub(super) fn nobodys_mac(text: &str) -> bool {
    let only = |digits: &[u8]| text.bytes().all(|b| digits.contains(&b) || b"-:.".contains(&b));
    only(b"0") || only(b"fF")
}

/// Whether a URL is the id of a container: `docker://4bf92f3577b3…`.
pub(super) fn names_a_container(text: &str) -> bool {
    let id =
        |text: &str| matches!(text.len(), 12 | 64) && text.bytes().all(|b| b.is_ascii_hexdigit());
    text.split_once("://").is_some_and(|(scheme, rest)| {
        matches!(scheme, "docker" | "containerd" | "cri-o" | "podman") && id(rest)
    })
}

/// Whether a name, id or identity in free text ends before this byte.
pub(super) fn is_name_end(b: u8) -> bool {
    b <= b' '
        || matches!(
            b,
            b'"' | b'\''
                | b'`'
                | b'('
                | b')'
                | b'['
                | b']'
                | b'{'
                | b'}'
                | b'<'
                | b'>'
                | b','
                | b';'
                | b'|'
                | 0x7f
        )
}
