//! Seerflow.
