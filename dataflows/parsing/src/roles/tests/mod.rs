//! Tests of the whole: samples of the rule files, lines with exact results, hard cases, laws.

mod build;
mod lines;
mod samples;
