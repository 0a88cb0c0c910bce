//! The rules that are compiled in.
//!
//! The list of files is generated (`SEERFLOW_BLESS=1` and the tests of this module write it anew)
//! and held against the folder by a test, so that no rule is forgotten.

#[rustfmt::skip]
mod list;

use seerflow_sigma::{Loaded, Options, load};
use std::sync::Arc;

/// What the names of bundled files begin with, where rules of several origins are told apart.
pub const PREFIX: &str = "bundled/";

/// Name and text of each file, in the order of their names.
pub fn files() -> impl Iterator<Item = (Arc<str>, &'static str)> {
    list::FILES.iter().map(|(name, text)| (format!("{PREFIX}{name}").into(), *text))
}

/// Loads them, and nothing else.
pub fn load_all(options: &Options) -> Loaded {
    load(files(), options)
}
