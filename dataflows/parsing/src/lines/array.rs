//! Files that are one JSON object around an array of records, `{"Records":[{…},{…}]}`, as
//! CloudTrail writes them: each element is a line of its own.
//!
//! Such a file is often one line of many megabytes, so it must be cut before lines are. Cutting
//! needs only the depth of braces and whether a string is open; what is inside an element is left
//! to its reader. Bounds: an element longer than a line may be ends this reading, and the rest up
//! to the line's end is an ordinary line. Cost: one pass over the bytes of such a file, a look at
//! the first byte of any other line.

use serde::{Deserialize, Serialize};

/// What such a file begins with.
pub(super) const HEAD: &[u8] = b"{\"Records\":[";

/// Where in such a file a reader stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Nesting {
    /// Not in one.
    #[default]
    None,
    /// Before an element, after one, or in one.
    Elements,
    /// Behind the array, before the end of the line.
    Tail,
}

/// How far an element was read.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Element {
    depth: u32,
    string: bool,
    escaped: bool,
}

impl Element {
    /// Reads on; gives the position after the brace that ends the element, if it lies in `bytes`.
    pub(super) fn end(&mut self, bytes: &[u8]) -> Option<usize> {
        let mut i = 0;
        while let Some(byte) = bytes.get(i) {
            i += 1;
            if self.escaped {
                self.escaped = false;
            } else if self.string {
                match byte {
                    b'\\' => self.escaped = true,
                    b'"' => self.string = false,
                    _ => {
                        let rest = &bytes[i..];
                        i += memchr::memchr2(b'"', b'\\', rest).unwrap_or(rest.len());
                    }
                }
            } else {
                match byte {
                    b'"' => self.string = true,
                    b'{' => self.depth += 1,
                    b'}' => {
                        self.depth = self.depth.saturating_sub(1);
                        if self.depth == 0 {
                            *self = Element::default();
                            return Some(i);
                        }
                    }
                    _ => {}
                }
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::super::split::Splitter;
    use proptest::prelude::*;

    type Owned = (Vec<u8>, u64, u64, bool);

    fn cut_at(bytes: &[u8], cuts: &[usize], limit: usize) -> (Vec<Owned>, u64, u64) {
        let mut cuts: Vec<usize> = cuts.iter().map(|c| c.min(&bytes.len()).to_owned()).collect();
        cuts.extend([0, bytes.len()]);
        cuts.sort_unstable();
        let mut splitter = Splitter::new(limit, 0);
        let mut lines: Vec<Owned> = Vec::new();
        for pair in cuts.windows(2) {
            splitter.push(&bytes[pair[0]..pair[1]], |l| {
                lines.push((l.bytes.to_vec(), l.start, l.end, l.cut));
            });
        }
        splitter.finish(|l| lines.push((l.bytes.to_vec(), l.start, l.end, l.cut)));
        (lines, splitter.skipped, splitter.position())
    }

    #[test]
    fn elements_of_an_array_are_lines() {
        for (text, expected) in [
            (r#"{"Records":[{"a":1},{"b":"}]\""}]}"#, vec![r#"{"a":1}"#, r#"{"b":"}]\""}"#]),
            ("{\"Records\":[\n{\"a\":\n{}} ,\r\n]\n}\nnext\n", vec!["{\"a\":\n{}}", "}", "next"]),
            ("x\n{\"Records\":[{}]}\ny", vec!["x", "{}", "y"]),
            (r#"{"Records":[]}"#, vec![]),
            ("{\"Records\":[1,{}]}\ny\n", vec!["1,{}]}", "y"]),
            ("{\"Records\":[{\"a\":\"open\ny\n", vec!["{\"a\":\"open\ny\n"]),
            ("{\"Records\":7}\n", vec!["{\"Records\":7}"]),
        ] {
            let lines = cut_at(text.as_bytes(), &[], 1000).0;
            let lines: Vec<_> = lines.iter().map(|l| String::from_utf8_lossy(&l.0)).collect();
            assert_eq!(lines, expected, "{text}");
        }
        // An element beyond the limit is an ordinary line, cut there.
        let long = format!("{{\"Records\":[{{\"a\":\"{}\"}},{{}}]}}\ny\n", "x".repeat(100));
        let (lines, skipped, _) = cut_at(long.as_bytes(), &[], 50);
        assert_eq!((lines.len(), lines[0].0.len(), lines[0].3, skipped), (2, 50, true, 63));
    }

    proptest! {
        #[test]
        fn arrays_do_not_depend_on_chunks(
            pieces in proptest::collection::vec(
                prop::sample::select(vec![
                    "{\"Records\":[", "{", "}", "\"", "\\", ",", "]", "\n", " ", "a", "{\"a\":1}",
                    "{\"Rec", "ords\":[",
                ]), 0..24),
            cuts in proptest::collection::vec(0usize..120, 0..12),
            limit in prop_oneof![12usize..20, Just(1000)],
        ) {
            let bytes = pieces.concat().into_bytes();
            let whole = cut_at(&bytes, &[], limit);
            prop_assert_eq!(&cut_at(&bytes, &cuts, limit), &whole);
            prop_assert_eq!(whole.2, bytes.len() as u64);
            prop_assert!(whole.0.iter().all(|l| l.0.len() <= limit));
        }
    }
}
