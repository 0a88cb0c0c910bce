//! The laws of time and order, on a toy fold against a stupid oracle.

mod facts;
mod gone;
mod lane;
mod laws;
mod risk;
mod toy;
