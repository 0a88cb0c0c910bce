//! Opens an archive: what it is, its identity, and its text as one stream.
//!
//! The compression is told by magic bytes, never by the name. Whatever is below, the stream is
//! read in full blocks of 64 KiB, so both passes ask a decoder for exactly the same and get the
//! same bytes even out of a damaged file.

use super::problem::Problem;
use seerflow_model::hash;
use seerflow_model::time::{self, Ns};
use seerflow_parsing::lines::{Utf16, Utf16Decoder};
use std::fs::{File, Metadata};
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Bytes asked of a decoder at a time.
const BLOCK: usize = 64 * 1024;
/// Bytes of the text that make the identity of a file.
const IDENTITY: usize = 4096;
/// What an xz decoder may allocate.
const XZ_MEMORY: u64 = 256 << 20;

/// How a file is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    /// Not at all.
    None,
    /// gzip, of one or more members.
    Gzip,
    /// Zstandard, of one or more frames.
    Zstd,
    /// bzip2, of one or more streams.
    Bzip2,
    /// xz, of one or more streams.
    Xz,
}

impl Compression {
    /// By the first bytes of a file.
    pub fn detect(head: &[u8]) -> Compression {
        match head {
            [0x1f, 0x8b, 8, ..] => Compression::Gzip,
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Compression::Zstd,
            [b'B', b'Z', b'h', b'1'..=b'9', 0x31, 0x41, 0x59, 0x26, 0x53, 0x59, ..]
            | [b'B', b'Z', b'h', b'1'..=b'9', 0x17, 0x72, 0x45, 0x38, 0x50, 0x90, ..] => {
                Compression::Bzip2
            }
            [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Compression::Xz,
            _ => Compression::None,
        }
    }
}

/// What opening a file tells.
#[derive(Clone, Copy, Debug)]
pub struct Opened {
    /// How it is compressed.
    pub compression: Compression,
    /// Its bytes on disk are its text: chunks can be read at their place.
    pub direct: bool,
    /// Hash of the first 4 KiB after decompression.
    pub identity: u64,
    /// Size and modification time.
    pub state: DiskState,
}

/// What tells that a file changed between two passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DiskState {
    /// Bytes on disk.
    pub size: u64,
    /// Modification time.
    pub modified: Ns,
    inode: u64,
}

impl DiskState {
    /// Of an open file.
    pub fn of(meta: &Metadata) -> DiskState {
        let modified =
            i128::from(meta.mtime()) * i128::from(time::SECOND) + i128::from(meta.mtime_nsec());
        DiskState { size: meta.len(), modified: time::clamp(modified), inode: meta.ino() }
    }
}

/// The text of a file from its beginning: decompressed, and UTF-8 where it was UTF-16.
pub struct Text {
    blocks: Blocks,
    utf16: Option<Decoding>,
}

struct Decoding {
    decoder: Utf16Decoder,
    raw: Vec<u8>,
    ready: Vec<u8>,
    pos: usize,
}

impl Read for Text {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let Some(decoding) = &mut self.utf16 else { return self.blocks.read(out) };
        while decoding.pos == decoding.ready.len() {
            decoding.ready.clear();
            decoding.pos = 0;
            match self.blocks.read(&mut decoding.raw)? {
                0 => {
                    decoding.decoder.finish(&mut decoding.ready);
                    if decoding.ready.is_empty() {
                        return Ok(0);
                    }
                }
                n => decoding.decoder.push(&decoding.raw[..n], &mut decoding.ready),
            }
        }
        let n = out.len().min(decoding.ready.len() - decoding.pos);
        out[..n].copy_from_slice(&decoding.ready[decoding.pos..decoding.pos + n]);
        decoding.pos += n;
        Ok(n)
    }
}

/// Opens a file for reading from its beginning. `on_disk` counts the bytes read from the disk.
pub fn open(path: &Path, on_disk: &Arc<AtomicU64>) -> Result<(Opened, Text), Problem> {
    let fail = |error: io::Error| Problem::unreadable(path, &error);
    // Looked at before it is opened: opening a pipe would wait for its writer.
    let kind = std::fs::metadata(path).map_err(fail)?;
    if !kind.is_file() {
        return Err(Problem::NotAFile { path: path.to_owned(), directory: kind.is_dir() });
    }
    let mut file = File::open(path).map_err(fail)?;
    let state = DiskState::of(&file.metadata().map_err(fail)?);
    let mut magic = [0u8; 10];
    let known = read_full(&mut file, &mut magic).map_err(fail)?;
    file.seek(SeekFrom::Start(0)).map_err(fail)?;
    let compression = Compression::detect(&magic[..known]);
    let raw = Counted { file, on_disk: on_disk.clone() };
    let mut blocks = Blocks::new(decoder(compression, raw).map_err(fail)?);
    blocks.fill();
    let head = blocks.rest();
    let identity = hash::bytes(&head[..head.len().min(IDENTITY)]);
    let utf16 = Utf16::sniff(head).map(|order| Decoding {
        decoder: Utf16Decoder::new(order),
        raw: vec![0; BLOCK],
        ready: Vec::new(),
        pos: 0,
    });
    if utf16.is_none() && binary(head) {
        return Err(Problem::Binary { path: path.to_owned() });
    }
    let direct = compression == Compression::None && utf16.is_none();
    Ok((Opened { compression, direct, identity, state }, Text { blocks, utf16 }))
}

/// Whether a text begins like a data base, a journal or a program: a tenth of its first 8 KiB are
/// NUL. A log that a crash has padded with some is still a log.
fn binary(head: &[u8]) -> bool {
    let head = &head[..head.len().min(8 * 1024)];
    head.iter().filter(|byte| **byte == 0).count() * 10 > head.len()
}

fn decoder(compression: Compression, raw: Counted) -> io::Result<Box<dyn Read + Send>> {
    Ok(match compression {
        Compression::None => Box::new(raw),
        Compression::Gzip => {
            Box::new(flate2::bufread::MultiGzDecoder::new(BufReader::with_capacity(BLOCK, raw)))
        }
        Compression::Zstd => Box::new(zstd::stream::read::Decoder::new(raw)?),
        Compression::Bzip2 => {
            Box::new(bzip2::bufread::MultiBzDecoder::new(BufReader::with_capacity(BLOCK, raw)))
        }
        Compression::Xz => {
            let stream = liblzma::stream::Stream::new_stream_decoder(
                XZ_MEMORY,
                liblzma::stream::CONCATENATED,
            )
            .map_err(io::Error::other)?;
            let raw = BufReader::with_capacity(BLOCK, raw);
            Box::new(liblzma::bufread::XzDecoder::new_stream(raw, stream))
        }
    })
}

/// Reads until `out` is full or the input ends.
pub fn read_full(input: &mut impl Read, out: &mut [u8]) -> io::Result<usize> {
    let mut len = 0;
    while len < out.len() {
        match input.read(&mut out[len..]) {
            Ok(0) => break,
            Ok(n) => len += n,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(len)
}

struct Counted {
    file: File,
    on_disk: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let n = self.file.read(out)?;
        self.on_disk.fetch_add(n as u64, Ordering::Relaxed);
        Ok(n)
    }
}

/// Full blocks of a reader; an error is kept until what came before it is read.
struct Blocks {
    inner: Box<dyn Read + Send>,
    block: Vec<u8>,
    pos: usize,
    end: usize,
    failed: Option<io::Error>,
}

impl Blocks {
    fn new(inner: Box<dyn Read + Send>) -> Blocks {
        Blocks { inner, block: vec![0; BLOCK], pos: 0, end: 0, failed: None }
    }

    fn rest(&self) -> &[u8] {
        &self.block[self.pos..self.end]
    }

    fn fill(&mut self) {
        (self.pos, self.end) = (0, 0);
        while self.end < BLOCK && self.failed.is_none() {
            match self.inner.read(&mut self.block[self.end..]) {
                Ok(0) => break,
                Ok(n) => self.end += n,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => self.failed = Some(error),
            }
        }
    }
}

impl Read for Blocks {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.pos == self.end {
            if let Some(error) = self.failed.take() {
                // Asked again, a damaged stream ends.
                self.inner = Box::new(io::empty());
                return Err(error);
            }
            self.fill();
            if self.pos == self.end && self.failed.is_some() {
                return self.read(out);
            }
        }
        let n = out.len().min(self.end - self.pos);
        out[..n].copy_from_slice(&self.block[self.pos..self.pos + n]);
        self.pos += n;
        Ok(n)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_that_begins_like_a_magic_is_text() {
        assert_eq!(Compression::detect(b"BZhello world"), Compression::None);
        assert_eq!(Compression::detect(b"BZh91AY&SYxx"), Compression::Bzip2);
        assert_eq!(Compression::detect(b"\x1f"), Compression::None);
    }
}
