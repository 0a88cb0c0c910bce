//! Text of canonical values: trimming, Unicode NFC, lower case.
//!
//! Each function gives back the slice it was given when nothing has to change, which is the usual
//! case and costs one pass without allocation.

use std::borrow::Cow;
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

/// NFC.
pub(super) fn nfc(value: &str) -> Cow<'_, str> {
    if value.is_ascii() {
        return value.into();
    }
    match is_nfc_quick(value.chars()) {
        IsNormalized::Yes => value.into(),
        _ => value.nfc().collect::<String>().into(),
    }
}

/// Lower case, then NFC.
pub(super) fn lower_nfc(value: &str) -> Cow<'_, str> {
    if value.is_ascii() {
        return lower_ascii(value);
    }
    let lower = value.to_lowercase();
    match is_nfc_quick(lower.chars()) {
        IsNormalized::Yes if lower == value => value.into(),
        IsNormalized::Yes => lower.into(),
        _ => lower.nfc().collect::<String>().into(),
    }
}

/// ASCII lower case; other characters stay.
pub(super) fn lower_ascii(value: &str) -> Cow<'_, str> {
    match value.bytes().any(|b| b.is_ascii_uppercase()) {
        true => value.to_ascii_lowercase().into(),
        false => value.into(),
    }
}

/// Takes `prefix` off, in any case of its letters.
pub(super) fn strip<'a>(value: &'a str, prefix: &str) -> Option<&'a str> {
    let head = value.as_bytes().get(..prefix.len())?;
    // The prefix is ASCII, so what follows begins at a character.
    head.eq_ignore_ascii_case(prefix.as_bytes()).then(|| &value[prefix.len()..])
}
