//! A record as skeleton and values: what lines of one kind share, and what changes.
//!
//! Values are the tokens that hold a digit and the places that the mask found; the rest of the
//! record, with [`HOLE`] where a value stood, is its skeleton. A *token* is a run of letters,
//! digits and non-ASCII bytes, joined by single bytes of `words::JOINERS`. A value is always made
//! of whole tokens, so a word or pair of words never lies half in a value: what filters and
//! searches say of values and skeletons apart holds for the record. A value has at least one
//! letter, digit or non-ASCII byte, and no line end.
//!
//! Cost: one pass over the record, about a nanosecond a byte.

use super::words::JOINERS;

/// Stands in a skeleton for a value. A record that holds this byte has no skeleton.
pub(super) const HOLE: u8 = 0x11;
/// Ends a value.
pub(super) const END: u8 = b'\n';
/// Most values of a record that has a skeleton.
const VALUES_MAX: usize = 512;

const WORD: u8 = 1;
const JOINER: u8 = 2;
const DIGIT: u8 = 4;

/// What each byte is.
static KINDS: [u8; 256] = {
    let mut kinds = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let b = byte as u8;
        if b.is_ascii_digit() {
            kinds[byte] = WORD | DIGIT;
        } else if b.is_ascii_alphabetic() || b >= 0x80 {
            kinds[byte] = WORD;
        }
        byte += 1;
    }
    let mut at = 0;
    while at < JOINERS.len() {
        kinds[JOINERS[at] as usize] = JOINER;
        at += 1;
    }
    kinds
};

#[inline]
fn kind(byte: Option<&u8>) -> u8 {
    byte.map_or(0, |byte| KINDS[usize::from(*byte)])
}

/// The token that begins at a word byte: its end, and whether it holds a digit.
#[inline]
fn token(record: &[u8], start: usize) -> (usize, bool) {
    let (mut at, mut kinds) = (start, 0);
    loop {
        let here = kind(record.get(at));
        if here & WORD != 0 || here == JOINER && kind(record.get(at + 1)) & WORD != 0 {
            kinds |= here;
            at += 1;
        } else {
            return (at, kinds & DIGIT != 0);
        }
    }
}

/// Finds the values of a record; `spans` are the places that the mask found, ascending. `false`
/// when the record has no skeleton.
pub(super) fn values(record: &[u8], spans: &[(u32, u32)], out: &mut Vec<(u32, u32)>) -> bool {
    let first = out.len();
    let mut spans = spans.iter().copied().peekable();
    let mut at = 0;
    while at < record.len() {
        let here = kind(record.get(at));
        if here & WORD == 0 {
            if record[at] == HOLE {
                return false;
            }
            at += 1;
            continue;
        }
        let (end, digit) = token(record, at);
        while spans.next_if(|span| span.1 as usize <= at).is_some() {}
        let mut region = (at, end);
        let mut is_value = digit;
        // A place of the mask that touches this token makes it a value, and all between.
        while let Some(span) = spans.next_if(|span| (span.0 as usize) < region.1) {
            is_value = true;
            region.0 = region.0.min(span.0 as usize);
            region.1 = whole(record, region.1.max((span.1 as usize).min(record.len())));
        }
        if is_value && !push(record, region, first, out) {
            return false;
        }
        at = region.1;
    }
    true
}

/// The end of the token in which a value would end.
fn whole(record: &[u8], end: usize) -> usize {
    let before = end.checked_sub(1).map_or(0, |last| kind(record.get(last)));
    let (here, next) = (kind(record.get(end)), kind(record.get(end + 1)));
    let goes_on = before & WORD != 0 && (here & WORD != 0 || here == JOINER && next & WORD != 0)
        || before == JOINER && here & WORD != 0;
    if goes_on { token(record, end).0 } else { end }
}

fn push(
    record: &[u8],
    (start, end): (usize, usize),
    first: usize,
    out: &mut Vec<(u32, u32)>,
) -> bool {
    // A place of the mask may begin before what was already taken.
    let start = match out.get(first..).and_then(<[_]>::last) {
        Some(last) => start.max(last.1 as usize),
        None => start,
    };
    let Some(value) = record.get(start..end) else { return false };
    if memchr::memchr2(HOLE, END, value).is_some() || out.len() - first >= VALUES_MAX {
        return false;
    }
    out.push((start as u32, end as u32));
    true
}

/// The skeleton of a record whose values stand there.
pub(super) fn skeleton(record: &[u8], values: &[(u32, u32)], out: &mut Vec<u8>) {
    out.clear();
    let mut at = 0;
    for (start, end) in values {
        out.extend_from_slice(record.get(at..*start as usize).unwrap_or_default());
        out.push(HOLE);
        at = *end as usize;
    }
    out.extend_from_slice(record.get(at..).unwrap_or_default());
}

/// Puts the values back; also says where they stand.
pub(super) fn fill<'a>(
    skeleton: &[u8],
    mut values: impl Iterator<Item = &'a [u8]>,
    out: &mut Vec<u8>,
    places: &mut Vec<(u32, u32)>,
) -> Option<()> {
    let from = out.len();
    let mut rest = skeleton;
    while let Some(at) = memchr::memchr(HOLE, rest) {
        out.extend_from_slice(rest.get(..at)?);
        let start = out.len() - from;
        out.extend_from_slice(values.next()?);
        places.push((start as u32, (out.len() - from) as u32));
        rest = rest.get(at + 1..)?;
    }
    out.extend_from_slice(rest);
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::events::words;
    use proptest::prelude::*;

    type Places = Vec<(u32, u32)>;

    fn split(record: &[u8], spans: &[(u32, u32)]) -> Option<(Vec<u8>, Places)> {
        let mut places = Vec::new();
        let mut text = Vec::new();
        values(record, spans, &mut places).then(|| {
            skeleton(record, &places, &mut text);
            (text, places)
        })
    }

    fn shown(record: &str, spans: &[(u32, u32)]) -> String {
        let (text, _) = split(record.as_bytes(), spans).unwrap();
        String::from_utf8(text).unwrap().replace('\x11', "<>")
    }

    #[test]
    fn values_are_whole_tokens() {
        let line = "Dec 10 06:55:46 web-1 sshd[24200]: Failed password for root from 10.0.0.9: x";
        assert_eq!(shown(line, &[]), "Dec <> <> <> sshd[<>]: Failed password for root from <>: x");
        // The mask's place of `root`, of a part of it, and one from a blank to a quote.
        assert_eq!(shown("for root from", &[(4, 8)]), "for <> from");
        assert_eq!(shown("for root from", &[(5, 6)]), "for <> from");
        assert_eq!(shown("for a.b-c from", &[(6, 7)]), "for <> from");
        assert_eq!(shown("x \"ab cd\" y", &[(2, 9)]), "x <> y");
        assert_eq!(shown("x \"ab cd\" y", &[(2, 6)]), "x <>cd\" y");
        assert_eq!(shown("a ... b", &[(2, 5)]), "a ... b");
        assert!(split(b"a \x11", &[]).is_none());
    }

    proptest! {
        #[test]
        fn records_come_back(
            record in prop::collection::vec(
                prop_oneof![Just(b'a'), Just(b'1'), Just(b'.'), Just(b' '), Just(b'"'), Just(b'\n'),
                    Just(0xc3), any::<u8>()], 0..60),
            mut spans in prop::collection::vec((0u32..60, 1u32..12), 0..6),
        ) {
            spans.sort_unstable();
            let spans: Vec<(u32, u32)> = spans.iter().map(|(at, len)| (*at, at + len)).collect();
            if let Some((text, places)) = split(&record, &spans) {
                let parts = places.iter().map(|(s, e)| &record[*s as usize..*e as usize]);
                let (mut out, mut again) = (Vec::new(), Vec::new());
                fill(&text, parts, &mut out, &mut again).unwrap();
                prop_assert_eq!(&out, &record);
                prop_assert_eq!(again, places);
            }
        }

        #[test]
        fn every_word_and_pair_lies_in_the_skeleton_or_in_a_value(
            record in "[ab1é…. :\"-]{0,40}", mut spans in prop::collection::vec((0u32..40, 1u32..9), 0..4),
        ) {
            spans.sort_unstable();
            let boundary = |at: &u32| record.is_char_boundary(*at as usize);
            let spans: Vec<(u32, u32)> = spans.iter().map(|(at, len)| (*at, at + len))
                .filter(|(start, end)| boundary(start) && boundary(end)).collect();
            if let Some((text, places)) = split(record.as_bytes(), &spans) {
                let mut found = Vec::new();
                words::hashes(std::str::from_utf8(&text).unwrap(), |h| found.push(h));
                for (start, end) in places {
                    let value = &record[start as usize..end as usize];
                    prop_assert!(value.bytes().any(|b| b.is_ascii_alphanumeric() || b >= 0x80));
                    words::hashes(value, |h| found.push(h));
                }
                let mut wanted = Vec::new();
                words::hashes(&record, |h| wanted.push(h));
                for h in wanted {
                    prop_assert!(found.contains(&h), "{record:?} {spans:?}");
                }
            }
        }
    }
}
