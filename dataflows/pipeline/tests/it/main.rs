//! The laws of time and order, on a toy fold against a stupid oracle.

mod facts;
mod lane;
mod laws;
mod risk;
mod toy;
