//! Unpacks a body piece by piece as it arrives, and stops at the first byte too many.
//!
//! gzip (of several members too), deflate (with zlib's frame, and bare as some clients send it) or
//! nothing. What comes out is bounded and takes room as it grows, so a small body that would unpack
//! to a large one ends early.

use super::{Refusal, Room};
use flate2::write::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};
use std::io::{self, Write};

/// Room is taken in steps of so many bytes, later of half of what there is.
const STEP: usize = 64 * 1024;

/// How a body is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packing {
    /// Not at all.
    None,
    /// gzip.
    Gzip,
    /// deflate, framed or bare.
    Deflate,
}

impl Packing {
    /// By the name of a content encoding; the empty name is `identity`.
    pub fn named(name: &str) -> Result<Packing, Refusal> {
        let name = name.trim();
        match name.to_ascii_lowercase().as_str() {
            "" | "identity" => Ok(Packing::None),
            "gzip" | "x-gzip" => Ok(Packing::Gzip),
            "deflate" => Ok(Packing::Deflate),
            _ => Err(Refusal::Encoding(name.chars().take(64).collect())),
        }
    }
}

/// What has been unpacked, with its bound.
pub struct Sink<'r> {
    bytes: Vec<u8>,
    max: usize,
    room: &'r mut Room,
    reserved: usize,
    refused: Option<Refusal>,
}

impl<'r> Sink<'r> {
    pub fn new(max: usize, room: &'r mut Room) -> Sink<'r> {
        Sink { bytes: Vec::new(), max, room, reserved: 0, refused: None }
    }

    fn room_for(&mut self, more: usize) -> Result<(), Refusal> {
        let wanted = self.bytes.len() + more;
        if wanted > self.max {
            return Err(Refusal::TooLarge(self.max, " when it is unpacked"));
        }
        if wanted > self.reserved {
            // What is counted is what is allocated.
            let half = self.reserved + self.reserved / 2;
            let reserved = wanted.max(half).next_multiple_of(STEP).min(self.max);
            self.room.grow(reserved - self.reserved)?;
            self.reserved = reserved;
            self.bytes.reserve_exact(reserved - self.bytes.len());
        }
        Ok(())
    }
}

impl Write for Sink<'_> {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        if let Err(refusal) = self.room_for(piece.len()) {
            self.refused = Some(refusal);
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.bytes.extend_from_slice(piece);
        Ok(piece.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A body under way.
pub enum Unpack<'r> {
    Plain(Sink<'r>),
    Gzip(Box<MultiGzDecoder<Sink<'r>>>),
    /// Which of the two deflates it is shows its first byte.
    Undecided(Sink<'r>),
    Zlib(Box<ZlibDecoder<Sink<'r>>>),
    Deflate(Box<DeflateDecoder<Sink<'r>>>),
    /// An error was returned.
    Failed,
}

impl<'r> Unpack<'r> {
    pub fn new(packing: Packing, sink: Sink<'r>) -> Unpack<'r> {
        match packing {
            Packing::None => Unpack::Plain(sink),
            Packing::Gzip => Unpack::Gzip(Box::new(MultiGzDecoder::new(sink))),
            Packing::Deflate => Unpack::Undecided(sink),
        }
    }

    /// Takes the next piece.
    pub fn push(&mut self, piece: &[u8]) -> Result<(), Refusal> {
        let Some(first) = piece.first() else { return Ok(()) };
        if matches!(self, Unpack::Undecided(_))
            && let Unpack::Undecided(sink) = std::mem::replace(self, Unpack::Failed)
        {
            // zlib's frame begins with method 8 and a window of at most 32 KiB.
            *self = match first & 0x8f {
                0x08 => Unpack::Zlib(Box::new(ZlibDecoder::new(sink))),
                _ => Unpack::Deflate(Box::new(DeflateDecoder::new(sink))),
            };
        }
        let written = match self {
            Unpack::Plain(sink) | Unpack::Undecided(sink) => sink.write_all(piece),
            Unpack::Gzip(decoder) => decoder.write_all(piece),
            Unpack::Zlib(decoder) => decoder.write_all(piece),
            Unpack::Deflate(decoder) => decoder.write_all(piece),
            Unpack::Failed => return Err(broken()),
        };
        written.map_err(|_| self.refusal())
    }

    /// The whole body.
    pub fn finish(self) -> Result<Vec<u8>, Refusal> {
        let ended = match self {
            Unpack::Plain(sink) | Unpack::Undecided(sink) => return Ok(sink.bytes),
            // A decoder that is finished before its end says so here; what it could still give is
            // bounded like the rest.
            Unpack::Gzip(mut decoder) => match decoder.try_finish() {
                Ok(()) => return decoder.finish().map(|sink| sink.bytes).map_err(|_| broken()),
                Err(_) => decoder.get_mut().refused.take(),
            },
            Unpack::Zlib(mut decoder) => match decoder.try_finish() {
                Ok(()) => return decoder.finish().map(|sink| sink.bytes).map_err(|_| broken()),
                Err(_) => decoder.get_mut().refused.take(),
            },
            Unpack::Deflate(mut decoder) => match decoder.try_finish() {
                Ok(()) => return decoder.finish().map(|sink| sink.bytes).map_err(|_| broken()),
                Err(_) => decoder.get_mut().refused.take(),
            },
            Unpack::Failed => None,
        };
        Err(ended.unwrap_or_else(broken))
    }

    /// Why writing failed: the bound, the room, or the body itself.
    fn refusal(&mut self) -> Refusal {
        let sink = match self {
            Unpack::Plain(sink) | Unpack::Undecided(sink) => sink,
            Unpack::Gzip(decoder) => decoder.get_mut(),
            Unpack::Zlib(decoder) => decoder.get_mut(),
            Unpack::Deflate(decoder) => decoder.get_mut(),
            Unpack::Failed => return broken(),
        };
        let refusal = sink.refused.take().unwrap_or_else(broken);
        *self = Unpack::Failed;
        refusal
    }
}

fn broken() -> Refusal {
    Refusal::Malformed("the body is not packed as its content encoding says".to_owned())
}
