//! Operators and the dataflow page: the only crate that knows timely.

mod assembly;
pub mod cluster;
pub mod combine;
pub mod counts;
pub mod decide;
pub mod engine;
pub mod env;
pub mod feed;
pub mod finding;
pub mod flow;
pub mod folds;
pub mod held;
pub mod keyed;
pub mod notes;
pub mod page;
pub mod parse;
pub mod ports;
pub mod profile;
pub mod rec;
pub mod resolve;
pub mod settings;
pub mod sink;
pub mod source;
pub mod split;
pub mod table;
pub mod views;
pub mod words;
