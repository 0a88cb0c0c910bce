//! Reads the body of a request within its limits: bytes as sent, bytes unpacked, time, room.
//!
//! A body of gRPC has a head of five bytes (packed or not, length) and exactly one message.

use super::unpack::{Packing, Sink, Unpack};
use super::{Limits, Refusal, Room};
use axum::body::Body;
use http_body_util::BodyExt;

/// Bytes before a message of gRPC.
const HEAD: usize = 5;

/// What stands around the content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// Nothing: the body is the content.
    Bare,
    /// The head of a gRPC message.
    Grpc,
}

/// Reads and unpacks a body. `encoding`: the value of `content-encoding` or `grpc-encoding`, empty
/// when there is none. The bytes that are returned are held in `room`.
pub async fn read(
    body: Body,
    encoding: &str,
    framing: Framing,
    limits: &Limits,
    room: &mut Room,
) -> Result<Vec<u8>, Refusal> {
    let packing = Packing::named(encoding)?;
    let head = if framing == Framing::Grpc { HEAD } else { 0 };
    let wire_max = limits.wire_max.saturating_add(head);
    if axum::body::HttpBody::size_hint(&body).lower() > wire_max as u64 {
        return Err(Refusal::TooLarge(limits.wire_max, ""));
    }
    let reading = pieces(body, packing, framing, limits, room);
    match tokio::time::timeout(limits.receive_timeout, reading).await {
        Ok(read) => read,
        Err(_) => Err(Refusal::Slow),
    }
}

async fn pieces(
    mut body: Body,
    packing: Packing,
    framing: Framing,
    limits: &Limits,
    room: &mut Room,
) -> Result<Vec<u8>, Refusal> {
    let sink = Sink::new(limits.body_max, room);
    let mut head = Head::default();
    let mut sink = Some(sink);
    let mut unpack = match framing {
        Framing::Bare => sink.take().map(|sink| Unpack::new(packing, sink)),
        Framing::Grpc => None,
    };
    let mut wire = 0usize;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| Refusal::Malformed("the body broke off".to_owned()))?;
        let Ok(data) = frame.into_data() else { continue };
        let mut piece = &data[..];
        if unpack.is_none() {
            piece = head.take(piece);
            let Some((packed, length)) = head.read() else { continue };
            if length > limits.wire_max {
                return Err(Refusal::TooLarge(limits.wire_max, ""));
            }
            let packing = match packed {
                0 => Packing::None,
                1 if packing != Packing::None => packing,
                _ => return Err(Refusal::Encoding("not named by grpc-encoding".to_owned())),
            };
            unpack = sink.take().map(|sink| Unpack::new(packing, sink));
        }
        wire += piece.len();
        if wire > limits.wire_max {
            return Err(Refusal::TooLarge(limits.wire_max, ""));
        }
        if let Some(unpack) = &mut unpack {
            unpack.push(piece)?;
        }
    }
    let cut = || Refusal::Malformed("the body is not one whole message".to_owned());
    let unpack = unpack.ok_or_else(cut)?;
    if framing == Framing::Grpc && head.read().is_none_or(|(_, length)| length != wire) {
        return Err(cut());
    }
    unpack.finish()
}

/// The first five bytes of a message of gRPC.
#[derive(Default)]
struct Head {
    bytes: [u8; HEAD],
    len: usize,
}

impl Head {
    /// Takes what is missing from the front of a piece; gives the rest.
    fn take<'p>(&mut self, piece: &'p [u8]) -> &'p [u8] {
        let n = piece.len().min(HEAD - self.len);
        self.bytes[self.len..self.len + n].copy_from_slice(&piece[..n]);
        self.len += n;
        &piece[n..]
    }

    /// Whether the message is packed, and its length.
    fn read(&self) -> Option<(u8, usize)> {
        let [packed, a, b, c, d] = self.bytes;
        (self.len == HEAD).then(|| (packed, u32::from_be_bytes([a, b, c, d]) as usize))
    }
}
