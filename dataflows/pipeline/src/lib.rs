//! Operators and the dataflow page: the only crate that knows timely.

pub mod feed;
