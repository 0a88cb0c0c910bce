//! What a file is known by: its first up to 1,024 bytes, and the bytes before where we stand.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

/// Bytes of the fingerprint.
const HEAD: usize = 1024;
/// Bytes before the position that are compared too.
const TAIL: usize = 256;
/// A shorter common head says nothing when two files are compared.
const TELLING: usize = 64;

/// The head of a file as far as it is known, and the bytes before a position.
#[derive(Clone, Debug, Default)]
pub struct Mark {
    head: Vec<u8>,
    tail: Vec<u8>,
    /// How far the file was read.
    pub offset: u64,
}

/// Reads exactly this range, or what is there of it.
fn range(file: &File, from: u64, len: usize) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; len];
    let mut filled = 0;
    while filled < len {
        match file.read_at(&mut bytes[filled..], from + filled as u64) {
            Ok(0) => break,
            Ok(n) => filled += n,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    bytes.truncate(filled);
    Ok(bytes)
}

impl Mark {
    /// The mark of a file that was read to `offset`.
    pub fn at(file: &File, offset: u64) -> io::Result<Mark> {
        let head = range(file, 0, HEAD)?;
        let from = offset.saturating_sub(TAIL as u64);
        let tail = range(file, from, (offset - from) as usize)?;
        Ok(Mark { head, tail, offset })
    }

    /// Whether nothing is known of the file yet.
    pub fn is_empty(&self) -> bool {
        self.head.is_empty()
    }

    /// The bytes of the fingerprint.
    pub fn head(&self) -> &[u8] {
        &self.head
    }

    /// Whether the file still begins as it did; learns more of a head that was short.
    pub fn verify(&mut self, file: &File) -> io::Result<bool> {
        let now = range(file, 0, HEAD)?;
        if !now.starts_with(&self.head) {
            return Ok(false);
        }
        self.head = now;
        Ok(true)
    }

    /// Takes bytes that were read at the position into account.
    pub fn advance(&mut self, bytes: &[u8]) {
        self.offset += bytes.len() as u64;
        if bytes.len() >= TAIL {
            self.tail.clear();
            self.tail.extend_from_slice(&bytes[bytes.len() - TAIL..]);
        } else {
            self.tail.extend_from_slice(bytes);
            let excess = self.tail.len().saturating_sub(TAIL);
            self.tail.drain(..excess);
        }
    }

    /// Whether `file` begins with everything that was read up to the mark: a copy of it, or the
    /// same file met again.
    pub fn continued_by(&self, file: &File) -> io::Result<bool> {
        if self.offset == 0 || self.head.is_empty() || file.metadata()?.len() < self.offset {
            // Nothing was read: only the head can tell.
            let head = range(file, 0, self.head.len())?;
            return Ok(self.offset == 0 && head.len() >= TELLING && head == self.head);
        }
        let from = self.offset - self.tail.len() as u64;
        let known = self.head.len().min(usize::try_from(self.offset).unwrap_or(usize::MAX));
        Ok(range(file, 0, known)? == self.head[..known]
            && range(file, from, self.tail.len())? == self.tail)
    }

    /// Whether `copy` has begun as a copy of `original`, the file of this mark, and differs
    /// nowhere that is looked at.
    pub fn copied_by(&self, original: &File, copy: &File) -> io::Result<bool> {
        let head = range(copy, 0, HEAD)?;
        let common = head.len().min(self.head.len());
        if common < TELLING || head[..common] != self.head[..common] {
            return Ok(false);
        }
        let end = copy.metadata()?.len().min(original.metadata()?.len());
        let from = end.saturating_sub(TAIL as u64);
        let len = (end - from) as usize;
        Ok(range(copy, from, len)? == range(original, from, len)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::path::Path;

    fn file(dir: &Path, name: &str, text: &[u8]) -> File {
        std::fs::write(dir.join(name), text).unwrap();
        File::open(dir.join(name)).unwrap()
    }

    #[test]
    fn tells_growth_from_replacement_and_copies_from_others() {
        let dir = tempfile::tempdir().unwrap();
        let text: Vec<u8> = (0..500).flat_map(|i| format!("line {i}\n").into_bytes()).collect();
        let original = file(dir.path(), "a", &text[..700]);
        let mut mark = Mark::at(&original, 600).unwrap();
        let mut grown =
            std::fs::OpenOptions::new().append(true).open(dir.path().join("a")).unwrap();
        grown.write_all(&text[700..]).unwrap();
        assert!(mark.verify(&original).unwrap());
        assert_eq!(mark.head().len(), HEAD);
        mark.advance(&text[600..700]);
        assert_eq!((mark.offset, mark.tail.as_slice()), (700, &text[444..700]));

        assert!(mark.continued_by(&file(dir.path(), "whole", &text)).unwrap());
        assert!(!mark.continued_by(&file(dir.path(), "short", &text[..699])).unwrap());
        let mut other = text.clone();
        other[690] ^= 1;
        assert!(!mark.continued_by(&file(dir.path(), "other", &other)).unwrap());
        assert!(mark.copied_by(&original, &file(dir.path(), "part", &text[..300])).unwrap());
        assert!(!mark.copied_by(&original, &file(dir.path(), "tiny", &text[..30])).unwrap());

        let replaced = file(dir.path(), "a", b"something else\n");
        assert!(!mark.verify(&replaced).unwrap());
    }
}
