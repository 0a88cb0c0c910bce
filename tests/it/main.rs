//! Tests of the program as a whole.

mod api;
mod daemon;
mod hostile;
mod load;
mod walkthrough;
