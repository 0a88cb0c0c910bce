//! What runs around the engine: clocks, stamps, archives.

pub mod archive;
