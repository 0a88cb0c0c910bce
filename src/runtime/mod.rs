//! What keeps the engine going beside the dataflow: archives, the clock and the stamps of the edge.

pub mod aliases;
pub mod archive;
pub mod batch;
pub mod clock;
pub mod cluster;
pub mod dictionary;
pub mod facts;
pub mod guidance;
pub mod live;
pub mod models;
pub mod rulechange;
pub mod rulekeeper;
pub mod rules;
pub mod setup;
pub mod stamp;
