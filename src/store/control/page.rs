//! Pages of a list: by number, or from where the last page ended.
//!
//! A cursor names the last item that was given, so that nothing is given twice and nothing left
//! out while new items come in before it. To the reader it is opaque.

use super::{Result, StateError};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use seerflow_model::Ns;

/// Most items on a page.
pub const LIMIT_MAX: usize = 1_000;
/// Up to so many items a total is exact.
pub const TOTAL_MAX: u64 = 100_000;
/// Longest cursor.
const CURSOR_MAX: usize = 1_024;

/// Where a page begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// By number, from 1.
    Page(usize),
    /// After what a page before it ended with.
    Cursor(String),
}

/// Which page, and how many items it has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageRequest {
    /// Where it begins.
    pub place: Place,
    /// Items on it, 1 to [`LIMIT_MAX`].
    pub limit: usize,
}

/// A page of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paged<T> {
    /// Its items.
    pub items: Vec<T>,
    /// How many items all pages have together.
    pub total: u64,
    /// Whether there are more than `total`.
    pub total_is_lower_bound: bool,
    /// Where the next page begins; `None` when this is the last.
    pub next_cursor: Option<String>,
    /// Whether there is a next page.
    pub has_next: bool,
}

impl PageRequest {
    /// A page by number.
    pub fn page(page: usize, limit: usize) -> PageRequest {
        PageRequest { place: Place::Page(page), limit }
    }

    /// The page after a cursor.
    pub fn after(cursor: &str, limit: usize) -> PageRequest {
        PageRequest { place: Place::Cursor(cursor.to_owned()), limit }
    }

    /// Items to pass over, the least key of what is wanted, and the limit.
    pub(super) fn resolve(&self) -> Result<Resolved> {
        if !(1..=LIMIT_MAX).contains(&self.limit) {
            let text = format!("limit is {}; allowed: 1 to {LIMIT_MAX}", self.limit);
            return Err(StateError::Invalid(text));
        }
        match &self.place {
            Place::Page(0) => Err(StateError::Invalid("page is 0; pages count from 1".into())),
            Place::Page(page) => {
                let skip = (page - 1).saturating_mul(self.limit);
                Ok(Resolved { skip, after: None, limit: self.limit })
            }
            Place::Cursor(cursor) => {
                Ok(Resolved { skip: 0, after: Some(read(cursor)?), limit: self.limit })
            }
        }
    }
}

/// A request, understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Resolved {
    /// Items to pass over.
    pub skip: usize,
    /// Time and id of the last item that was given.
    pub after: Option<(Ns, String)>,
    /// Items on the page.
    pub limit: usize,
}

/// The cursor of an item.
pub(super) fn cursor(at: Ns, id: &str) -> String {
    BASE64.encode(format!("{at}.{id}"))
}

fn read(cursor: &str) -> Result<(Ns, String)> {
    let parse = || {
        let bytes = BASE64.decode(cursor).ok()?;
        let text = String::from_utf8(bytes).ok()?;
        let (at, id) = text.split_once('.')?;
        Some((at.parse().ok()?, id.to_owned()))
    };
    let known = if cursor.len() <= CURSOR_MAX { parse() } else { None };
    known.ok_or_else(|| StateError::Invalid("cursor is none that a page ended with".into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_asked() {
        let skip = |page, limit| PageRequest::page(page, limit).resolve().map(|r| r.skip).ok();
        assert_eq!(skip(1, 50), Some(0));
        assert_eq!(skip(3, 50), Some(100));
        assert_eq!(skip(usize::MAX, 1_000), Some(usize::MAX));
        assert_eq!((skip(0, 1), skip(1, 0), skip(1, 1_001)), (None, None, None));
    }

    #[test]
    fn cursors_come_back_and_others_are_refused() {
        for id in ["a", "", "with.dots", "ü\0"] {
            let resolved = PageRequest::after(&cursor(u64::MAX, id), 1).resolve().unwrap();
            assert_eq!(resolved.after, Some((u64::MAX, id.to_owned())));
        }
        let long = cursor(1, &"x".repeat(CURSOR_MAX));
        for bad in ["", "!", "AAAA", "MQ", &long, "\0", &BASE64.encode("-1.x")] {
            assert!(PageRequest::after(bad, 1).resolve().unwrap_err().is_invalid(), "{bad}");
        }
    }
}
