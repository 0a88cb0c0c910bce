//! What keeps the engine going beside the dataflow: the clock and the stamps of the edge.

pub mod clock;
pub mod stamp;
