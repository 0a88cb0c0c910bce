//! Placeholder head.
pub mod roles;
