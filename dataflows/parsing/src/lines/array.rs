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
