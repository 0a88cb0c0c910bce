//! Patterns by what they begin with, so that few of them are tried on a message.
//!
//! A pattern that begins with words is filed under its first byte with its first eight bytes as one
//! number; one that begins with a hole is kept apart and always tried. Candidates come in the order
//! of their ids, which is the order of the files. Cost of a look-up: one masked comparison for each
//! pattern with the same first byte, no allocation.

use super::pattern::Pattern;

/// Bytes of a pattern's beginning that are compared at once.
const HEAD: usize = 8;

/// The patterns of one scope.
#[derive(Debug)]
pub(super) struct Table {
    /// Where the patterns of each first byte begin in `led`; one more than there are bytes.
    starts: Box<[u32]>,
    /// Patterns that begin with words, by first byte and then by id.
    led: Vec<Led>,
    /// Patterns that begin with a hole, by id.
    open: Vec<Open>,
}

#[derive(Clone, Copy, Debug)]
struct Led {
    head: u64,
    mask: u64,
    id: u16,
}

#[derive(Clone, Copy, Debug)]
struct Open {
    id: u16,
    /// Whether the hole takes an address.
    address: bool,
}

impl Table {
    /// From patterns with their ids, ids rising and below 65,536.
    pub(super) fn new<'a>(patterns: impl Iterator<Item = (u16, &'a Pattern)>) -> Table {
        let (mut led, mut open) = (Vec::new(), Vec::new());
        for (id, pattern) in patterns {
            let lead = pattern.lead().as_bytes();
            match lead.first() {
                Some(first) => {
                    let (head, mask) = head(lead);
                    led.push((*first, Led { head, mask, id }));
                }
                None => open.push(Open { id, address: pattern.leads_with_address() }),
            }
        }
        led.sort_by_key(|(first, led)| (*first, led.id));
        let start = |byte: u16| led.partition_point(|(first, _)| u16::from(*first) < byte) as u32;
        let starts = (0..=256).map(start).collect();
        Table { starts, led: led.into_iter().map(|(_, led)| led).collect(), open }
    }

    /// Ids of the patterns that may fit a text, rising.
    pub(super) fn candidates<'a>(&'a self, text: &'a [u8]) -> impl Iterator<Item = u16> + 'a {
        let first = text.first().copied();
        let range = first.map_or(0..0, |first| {
            let first = usize::from(first);
            self.starts[first] as usize..self.starts[first + 1] as usize
        });
        let (found, _) = head(text);
        let mut led = self.led[range]
            .iter()
            .filter(move |led| found & led.mask == led.head)
            .map(|led| led.id)
            .peekable();
        let address = first.is_some_and(|b| b.is_ascii_hexdigit() || b == b':' || b == b'[');
        let mut open = self
            .open
            .iter()
            .filter(move |open| address || !open.address)
            .map(|open| open.id)
            .peekable();
        std::iter::from_fn(move || match (led.peek(), open.peek()) {
            (Some(a), Some(b)) if b < a => open.next(),
            (Some(_), _) => led.next(),
            (None, _) => open.next(),
        })
    }
}

/// The first bytes as a number, and a mask of those that are there.
fn head(text: &[u8]) -> (u64, u64) {
    let len = text.len().min(HEAD);
    let mut bytes = [0u8; HEAD];
    bytes[..len].copy_from_slice(&text[..len]);
    let mask = if len == HEAD { u64::MAX } else { (1u64 << (8 * len)) - 1 };
    (u64::from_le_bytes(bytes), mask)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Every pattern whose literal beginning is that of the text, in order.
    fn oracle(patterns: &[Pattern], text: &str) -> Vec<u16> {
        let fits = |p: &Pattern| text.starts_with(p.lead());
        (0..).zip(patterns).filter(|(_, p)| fits(p)).map(|(id, _)| id).collect()
    }

    proptest! {
        #[test]
        fn candidates_miss_nothing_and_keep_the_order(
            patterns in prop::collection::vec("[ab]{0,10}(\\{x\\})?[ab]", 1..20),
            text in "[ab]{0,12}",
        ) {
            let patterns: Vec<_> = patterns.iter().map(|p| Pattern::compile(p).unwrap()).collect();
            let table = Table::new((0..).zip(&patterns));
            let found: Vec<u16> = table.candidates(text.as_bytes()).collect();
            prop_assert!(found.is_sorted());
            for id in oracle(&patterns, &text) {
                prop_assert!(found.contains(&id), "{id} of {found:?}");
            }
            // What is tried in vain agrees in its first eight bytes.
            for id in found {
                let lead = patterns[usize::from(id)].lead();
                let head = &lead[..lead.len().min(HEAD)];
                prop_assert!(text.starts_with(head), "{head} {text}");
            }
        }
    }

    #[test]
    fn addresses_are_tried_only_where_one_may_begin() {
        let patterns =
            [Pattern::compile("{src:ip} x").unwrap(), Pattern::compile("{n} x").unwrap()];
        let table = Table::new((0..).zip(&patterns));
        let found = |text: &str| table.candidates(text.as_bytes()).collect::<Vec<_>>();
        assert_eq!(found("1.2.3.4 x"), [0, 1]);
        assert_eq!(found("host x"), [1]);
        assert_eq!(found(""), [1]);
    }
}
