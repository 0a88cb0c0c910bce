//! The manifest: which files are segments of the store, and which numbers come next.
//!
//! A line of JSON and a line with its CRC, written to a new file, synced, renamed over the old one,
//! and the directory synced: at any moment one whole manifest is there. It can be made again from
//! the footers; what it adds is that a file which a merge has replaced, or made and not finished,
//! is known for that.

use super::codec::crc;
use super::error::{Result, StoreError};
use crate::config::data_dir::FILE_MODE;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// Its file.
const NAME: &str = "manifest";
/// What files are called that are not finished.
pub(super) const UNFINISHED: &str = "tmp";
/// What files of segments are called.
const SEGMENT: &str = "seg";
/// Most bytes of a manifest.
const BYTES_MAX: u64 = 64 << 20;
/// The form.
const VERSION: u32 = 1;

/// A segment as the manifest lists it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Listed {
    pub(super) shard: u32,
    pub(super) number: u64,
    pub(super) place: u64,
    pub(super) rows: u64,
    pub(super) bytes: u64,
}

/// See the module head.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Manifest {
    version: u32,
    /// Per shard, the number of its next segment.
    pub(super) next: BTreeMap<u32, u64>,
    pub(super) segments: Vec<Listed>,
}

impl Manifest {
    pub(super) fn new(next: BTreeMap<u32, u64>, segments: Vec<Listed>) -> Manifest {
        Manifest { version: VERSION, next, segments }
    }

    /// The manifest of a directory; `None` when there is none that can be used.
    pub(super) fn read(dir: &Path) -> Result<Option<Manifest>> {
        let path = dir.join(NAME);
        match std::fs::metadata(&path) {
            Ok(meta) if meta.len() > BYTES_MAX => return Ok(None),
            Ok(_) => {}
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(StoreError::io("reading", &path)(error)),
        }
        let bytes = std::fs::read(&path).map_err(StoreError::io("reading", &path))?;
        Ok(Manifest::decode(&bytes))
    }

    fn decode(bytes: &[u8]) -> Option<Manifest> {
        let end = bytes.iter().position(|byte| *byte == b'\n')?;
        let (json, sum) = bytes.split_at_checked(end)?;
        if sum != format!("\n{:08x}\n", crc(json)).as_bytes() {
            return None;
        }
        let manifest: Manifest = serde_json::from_slice(json).ok()?;
        (manifest.version == VERSION).then_some(manifest)
    }

    fn encode(&self) -> Vec<u8> {
        // Plain data: serialising it cannot fail.
        let mut bytes = serde_json::to_vec(self).unwrap_or_default();
        let sum = crc(&bytes);
        bytes.extend_from_slice(format!("\n{sum:08x}\n").as_bytes());
        bytes
    }

    /// Puts it in the place of the one that is there.
    pub(super) fn write(&self, dir: &Path) -> Result<()> {
        let (path, new) = (dir.join(NAME), dir.join(format!("{NAME}.{UNFINISHED}")));
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(FILE_MODE)
            .open(&new)
            .map_err(StoreError::io("creating", &new))?;
        file.write_all(&self.encode()).map_err(StoreError::io("writing", &new))?;
        file.sync_all().map_err(StoreError::io("syncing", &new))?;
        std::fs::rename(&new, &path).map_err(StoreError::io("renaming", &new))?;
        sync_dir(dir)
    }
}

/// Makes durable what was created, renamed and removed in a directory.
pub(super) fn sync_dir(dir: &Path) -> Result<()> {
    File::open(dir).and_then(|dir| dir.sync_all()).map_err(StoreError::io("syncing", dir))
}

/// The file of a segment.
pub(super) fn path_of(dir: &Path, shard: u32, number: u64) -> PathBuf {
    dir.join(format!("{shard:05}-{number:08}.{SEGMENT}"))
}

/// Shard and number of a file of ours.
pub(super) fn parse_name(path: &Path) -> Option<(u32, u64)> {
    let name = path.file_name()?.to_str()?.strip_suffix(".seg")?;
    let (shard, number) = name.split_once('-')?;
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(shard) || !digits(number) {
        return None;
    }
    let parsed = (shard.parse().ok()?, number.parse().ok()?);
    // Only names that we would give.
    (path_of("".as_ref(), parsed.0, parsed.1).to_str() == path.file_name()?.to_str())
        .then_some(parsed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_comes_back_and_no_byte_may_differ() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(Manifest::read(dir.path()).unwrap(), None);
        let listed = Listed { shard: 1, number: 2, place: 1, rows: 3, bytes: 4 };
        let manifest = Manifest::new(BTreeMap::from([(1, 3)]), vec![listed]);
        manifest.write(dir.path()).unwrap();
        manifest.write(dir.path()).unwrap();
        assert_eq!(Manifest::read(dir.path()).unwrap().as_ref(), Some(&manifest));
        let bytes = manifest.encode();
        for at in 0..bytes.len() {
            let mut bad = bytes.clone();
            bad[at] ^= 4;
            assert_eq!(Manifest::decode(&bad), None, "byte {at}");
            assert_eq!(Manifest::decode(&bytes[..at]), None);
        }
    }

    #[test]
    fn only_our_names_are_ours() {
        assert_eq!(parse_name("x/00001-00000012.seg".as_ref()), Some((1, 12)));
        let path = path_of("d".as_ref(), 16_384, 1 << 40);
        assert_eq!(parse_name(&path), Some((16_384, 1 << 40)));
        for name in ["1-12.seg", "00001-00000012.tmp", "a-b.seg", "00001-+0000012.seg", ".seg", "-"]
        {
            assert_eq!(parse_name(name.as_ref()), None, "{name}");
        }
    }
}
