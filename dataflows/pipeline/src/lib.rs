//! Operators and the dataflow page: the only crate that knows timely.

pub mod combine;
pub mod env;
pub mod feed;
pub mod flow;
pub mod held;
pub mod keyed;
pub mod rec;
pub mod source;
pub mod table;
