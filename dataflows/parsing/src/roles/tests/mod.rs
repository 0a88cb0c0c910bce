//! Tests of the whole: samples of the rule files, lines with exact results, hard cases, laws.

mod build;
mod golden;
mod hard;
mod hostile;
mod laws;
mod lines;
mod samples;
mod table;
