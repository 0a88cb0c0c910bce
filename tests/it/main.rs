//! Black-box tests of the whole.

mod generator;
mod live;
