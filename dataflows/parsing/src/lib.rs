//! From bytes to fields: masking of messages and the templates they belong to.

pub mod mask;
pub mod template;
