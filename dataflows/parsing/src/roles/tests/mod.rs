//! Tests of the whole: samples of the rule files, lines with exact results, hard cases, laws.

mod build;
mod events;
mod golden;
mod hard;
mod laws;
mod lines;
mod samples;
