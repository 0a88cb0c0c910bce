//! Tests of the whole: samples of the rule files, lines with exact results, hard cases, laws.

mod build;
mod events;
mod facts;
mod general;
mod golden;
mod hard;
mod hostile;
mod laws;
mod lines;
mod samples;
mod table;
mod wire;
