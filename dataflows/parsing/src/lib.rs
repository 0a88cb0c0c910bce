//! From bytes to fields: lines, times, headers, masking, templates, entities and roles.

pub mod mask;
pub mod parser;
pub mod roles;
pub mod template;
