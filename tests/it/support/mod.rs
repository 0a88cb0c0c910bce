//! What the tests of the whole engine share.

pub mod cluster;
pub mod digest;
pub mod engine;
pub mod program;
pub mod rng;
pub mod schema;
pub mod world;

use std::path::PathBuf;

/// Whether the long forms are wanted.
pub fn full() -> bool {
    std::env::var_os("SEERFLOW_FULL").is_some_and(|value| value == "1")
}

/// A folder of shared data sets; says so when it is absent.
pub fn shared(folder: &str) -> Option<PathBuf> {
    let Some(root) = std::env::var_os("SEERFLOW_SHARED") else {
        eprintln!("SEERFLOW_SHARED is not set: nothing is measured on {folder}");
        return None;
    };
    let path = PathBuf::from(root).join(folder);
    assert!(path.is_dir(), "SEERFLOW_SHARED is set, but {} is no folder", path.display());
    Some(path)
}
