//! From bytes to records: line ends, joined lines, pieces of container lines, UTF-16.
//!
//! [`Splitter`] finds the line ends, [`Partials`] puts together what container runtimes cut,
//! [`Joiner`] joins the lines of one record and finds its time; [`Assembler`] is all three in a
//! row. There is one code path for an archive that is there as a whole and for a file that grows,
//! so the same bytes give the same records however they come.
//!
//! Bounds: a line, and what is put together of pieces, at most [`Options::line_bytes`]; a record
//! of several lines at most [`JOIN_LINES`] and [`JOIN_BYTES`], the line after that begins a new
//! one. Blank lines make no record; between lines of one record they are kept. The records of one
//! event of the Linux audit system are joined by their stamp, and the elements of a file that is
//! `{"Records":[…]}` are lines of their own.

mod array;
mod assemble;
mod join;
mod partial;
mod rules;
mod split;
mod utf16;

pub use array::Nesting;
pub use assemble::{Assembler, FLUSH_AFTER, Options, records};
pub use join::{Counts, Joiner, LinesState, Piece, Records};
pub use partial::{Partials, Whole};
pub use rules::{JOIN_BYTES, JOIN_LINES, Joining, Trust, continues, continues_by_shape};
pub use split::{Line, Splitter};
pub use utf16::{Utf16, Utf16Decoder, decode_utf16};

#[cfg(test)]
mod tests;
