//! The cells of one record of a table.
//!
//! Quoting is that of RFC 4180: a cell that begins with a quote ends at a quote before the next
//! delimiter or the end, and a doubled quote stands for one. A quote that never ends so is an
//! ordinary character. Cost: one search per cell.

/// Most cells of a record.
pub const CELLS_MAX: usize = 256;

/// Where a cell stands, without its quotes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cell {
    /// First byte.
    pub start: usize,
    /// One past the last.
    pub end: usize,
    /// Whether it holds doubled quotes.
    pub doubled: bool,
}

/// The cells of a record, one after the other; at most [`CELLS_MAX`], the last of which then holds
/// all that is left.
pub struct Cells<'a> {
    b: &'a [u8],
    i: usize,
    delimiter: u8,
    count: usize,
}

impl<'a> Cells<'a> {
    /// Of a record.
    pub fn new(b: &'a [u8], delimiter: u8) -> Cells<'a> {
        Cells { b, i: 0, delimiter, count: 0 }
    }
}

impl Iterator for Cells<'_> {
    type Item = Cell;

    fn next(&mut self) -> Option<Cell> {
        let (b, start) = (self.b, self.i);
        if start > b.len() {
            return None;
        }
        self.count += 1;
        if self.count == CELLS_MAX {
            self.i = b.len() + 1;
            return Some(Cell { start, end: b.len(), doubled: false });
        }
        // Words of the W3C's format are set apart by one blank and have no quotes around cells.
        if b.get(start) == Some(&b'"')
            && let Quoted::Ends { end, doubled } = quoted(b, start + 1, self.delimiter)
        {
            self.i = end + 2;
            return Some(Cell { start: start + 1, end, doubled });
        }
        let end = memchr::memchr(self.delimiter, &b[start..]).map_or(b.len(), |n| start + n);
        self.i = end + 1;
        Some(Cell { start, end, doubled: false })
    }
}

enum Quoted {
    Ends { end: usize, doubled: bool },
    Open,
    Stray,
}

/// Where a quoted cell ends whose content begins at `i`.
fn quoted(b: &[u8], mut i: usize, delimiter: u8) -> Quoted {
    let mut doubled = false;
    while let Some(found) = memchr::memchr(b'"', b.get(i..).unwrap_or_default()) {
        let quote = i + found;
        match b.get(quote + 1) {
            Some(b'"') => (i, doubled) = (quote + 2, true),
            None => return Quoted::Ends { end: quote, doubled },
            Some(c) if *c == delimiter => return Quoted::Ends { end: quote, doubled },
            Some(_) => return Quoted::Stray,
        }
    }
    Quoted::Open
}

/// Whether a record goes on in the next line: its last cell is quoted and the quote is open.
pub fn is_open(b: &[u8], delimiter: u8) -> bool {
    let mut i = 0;
    while i <= b.len() {
        if b.get(i) == Some(&b'"') {
            match quoted(b, i + 1, delimiter) {
                Quoted::Ends { end, .. } => {
                    i = end + 2;
                    continue;
                }
                Quoted::Open => return true,
                Quoted::Stray => {}
            }
        }
        match memchr::memchr(delimiter, &b[i..]) {
            Some(n) => i += n + 1,
            None => return false,
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str, delimiter: u8) -> Vec<String> {
        Cells::new(text.as_bytes(), delimiter)
            .map(|cell| text[cell.start..cell.end].replace("\"\"", "\""))
            .collect()
    }

    #[test]
    fn cells_are_found() {
        for (text, expected) in [
            ("a,b,c", "a|b|c"),
            ("", ""),
            (",", "|"),
            ("\"a,b\",\"c\"\"d\",e", "a,b|c\"d|e"),
            ("\"a\nb\",c", "a\nb|c"),
            ("\"\",x", "|x"),
            ("5\" disk,x", "5\" disk|x"),
            ("\"stray\" quote,x", "\"stray\" quote|x"),
            ("\"open,x", "\"open|x"),
            ("a,\"b\"", "a|b"),
        ] {
            assert_eq!(read(text, b',').join("|"), expected, "{text}");
        }
        assert_eq!(read("a\tb c\t\"d\te\"", b'\t').join("|"), "a|b c|d\te");
        assert_eq!(read(&",".repeat(1_000), b',').len(), CELLS_MAX);
    }

    #[test]
    fn an_open_quote_goes_on() {
        for (text, open) in [
            ("a,\"b", true),
            ("a,\"b\"", false),
            ("\"", true),
            ("\"a\"\"", true),
            ("\"a\"\"\"", false),
            ("5\" disk,x", false),
            ("\"stray\" x,\"y", true),
            ("", false),
            ("a,\"b\",\"c\nd", true),
        ] {
            assert_eq!(is_open(text.as_bytes(), b','), open, "{text}");
        }
    }

    proptest! {
        /// What is written by the rules is read back.
        #[test]
        fn written_cells_are_read(
            cells in proptest::collection::vec("[a-c,\" \n\u{e4}]{0,6}", 1..6),
        ) {
            let quote = |cell: &String| format!("\"{}\"", cell.replace('"', "\"\""));
            let text = cells.iter().map(quote).collect::<Vec<_>>().join(",");
            prop_assert!(!is_open(text.as_bytes(), b','));
            prop_assert_eq!(read(&text, b','), cells);
        }

        #[test]
        fn any_text_is_survived(text in "[a,\"\n\u{e4}]{0,40}", delimiter in prop::sample::select(vec![b',', b'"', b'a'])) {
            let mut end = 0;
            for cell in Cells::new(text.as_bytes(), delimiter) {
                prop_assert!(cell.start <= cell.end && cell.end <= text.len());
                prop_assert!(text.get(cell.start..cell.end).is_some());
                end = cell.end;
            }
            prop_assert!(end + 2 >= text.len());
            is_open(text.as_bytes(), delimiter);
        }
    }
}
