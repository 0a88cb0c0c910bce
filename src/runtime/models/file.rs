//! The file of models.
//!
//! ```text
//! magic (8)  length of the head (4)  head: JSON  CRC-32 of all before it (4)
//! parts, zstd: length of the name (1)  name  group (1)  length (8)  state
//! CRC-32 of the coded parts (4)
//! ```
//!
//! Numbers are little-endian. A directory of its own, mode 0700, holds the file, mode 0600. It is
//! written under another name, synced and renamed, so a directory holds all of the old models or
//! all of the new ones. What is read may be anything: sizes are bounded before they are believed, the
//! checksums are looked at before the parts, and every part is read once by the type of its
//! operator before the engine gets any.

use super::{Meaning, Models};
use crate::config::data_dir::FILE_MODE;
use crate::failure::{ExitCode, Failure};
use seerflow_model::Ns;
use seerflow_pipeline::env::Snapshot;
use seerflow_pipeline::models::check;
use serde::{Deserialize, Serialize};
use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// Name of the file.
pub const NAME: &str = "models.seerflow";
const MAGIC: [u8; 8] = *b"SEERMDL1";
/// Largest head.
const HEAD_BYTES_MAX: u64 = 64 << 10;
/// Largest file.
const FILE_BYTES_MAX: u64 = 8 << 30;
/// Largest state, unpacked.
const STATE_BYTES_MAX: u64 = 32 << 30;
/// Most parts: 256 groups of many more operators than there are.
const PARTS_MAX: u64 = 256 * 64;
/// Fast, and about a third of the size.
const LEVEL: i32 = 1;
/// Mode of the directory.
const DIR_MODE: u32 = 0o700;

#[derive(Debug, Serialize, Deserialize)]
struct Head {
    meaning: Meaning,
    until_ns: Ns,
    events: u64,
    parts: u64,
    /// Bytes of the parts before they are coded.
    bytes: u64,
}

/// A directory that models will be written to: made ready before the work, so that one that cannot
/// be used is told at once.
#[derive(Debug)]
pub struct Target {
    dir: PathBuf,
    temporary: PathBuf,
    file: File,
    kept: bool,
}

impl Target {
    /// Makes the directory and an empty file in it.
    pub fn open(dir: &Path) -> Result<Target, Failure> {
        let fail = |error: io::Error| unwritable(dir, &error.to_string());
        if let Some(parent) = dir.parent().filter(|parent| !parent.as_os_str().is_empty()) {
            fs::create_dir_all(parent).map_err(fail)?;
        }
        match DirBuilder::new().mode(DIR_MODE).create(dir) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => own(dir)?,
            other => other.map_err(fail)?,
        }
        let temporary = dir.join(format!("{NAME}.{}.tmp", std::process::id()));
        let mut options = OpenOptions::new();
        let options = options.write(true).create(true).truncate(true).mode(FILE_MODE);
        let file = options.open(&temporary).map_err(fail)?;
        Ok(Target { dir: dir.to_owned(), temporary, file, kept: false })
    }

    /// Writes models; the size of the file.
    pub fn save(mut self, meaning: Meaning, models: &Models) -> Result<u64, Failure> {
        let result = self.write(meaning, models);
        result.map_err(|error| unwritable(&self.dir, &error.to_string()))
    }

    fn write(&mut self, meaning: Meaning, models: &Models) -> io::Result<u64> {
        let head = Head {
            meaning,
            until_ns: models.until,
            events: models.events,
            parts: models.state.len() as u64,
            bytes: models.state.iter().map(|(key, state)| part_bytes(&key.0, state)).sum(),
        };
        let head = serde_json::to_vec(&head)?;
        let mut bytes = MAGIC.to_vec();
        bytes.extend_from_slice(&(head.len() as u32).to_le_bytes());
        bytes.extend_from_slice(&head);
        bytes.extend_from_slice(&crc32fast::hash(&bytes).to_le_bytes());
        let mut coder = zstd::Encoder::new(Vec::new(), LEVEL)?;
        for ((name, group), state) in &models.state {
            coder.write_all(&[name.len() as u8])?;
            coder.write_all(name.as_bytes())?;
            coder.write_all(&[*group])?;
            coder.write_all(&(state.len() as u64).to_le_bytes())?;
            coder.write_all(state)?;
        }
        let parts = coder.finish()?;
        self.file.write_all(&bytes)?;
        self.file.write_all(&parts)?;
        self.file.write_all(&crc32fast::hash(&parts).to_le_bytes())?;
        self.file.sync_all()?;
        fs::rename(&self.temporary, self.dir.join(NAME))?;
        self.kept = true;
        File::open(&self.dir)?.sync_all()?;
        Ok((bytes.len() + parts.len() + 4) as u64)
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        if !self.kept {
            // Nothing was saved, so nothing is left behind.
            let _ = fs::remove_file(&self.temporary);
        }
    }
}

fn part_bytes(name: &str, state: &[u8]) -> u64 {
    (1 + name.len() + 1 + 8 + state.len()) as u64
}

/// Whether a directory that is there holds nothing but models; closes it to others.
fn own(dir: &Path) -> Result<(), Failure> {
    let fail = |error: io::Error| unwritable(dir, &error.to_string());
    let meta = fs::metadata(dir).map_err(fail)?;
    if !meta.is_dir() {
        return Err(foreign(dir, "it is not a directory"));
    }
    for entry in fs::read_dir(dir).map_err(fail)? {
        if !entry.map_err(fail)?.file_name().to_string_lossy().starts_with(NAME) {
            return Err(foreign(dir, "it holds files that are not models"));
        }
    }
    fs::set_permissions(dir, Permissions::from_mode(DIR_MODE)).map_err(fail)
}

/// Reads models whose meaning is `own`.
pub fn read(dir: &Path, own: &Meaning) -> Result<Models, Failure> {
    let path = dir.join(NAME);
    let meta = fs::metadata(&path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => no_models(dir),
        _ => Failure::new(ExitCode::Storage, format!("cannot read {}: {error}", path.display())),
    })?;
    if !meta.is_file() {
        return Err(no_models(dir));
    }
    if meta.len() > FILE_BYTES_MAX {
        return Err(damaged(&path, "it is too large"));
    }
    let bytes = File::open(&path).and_then(|file| {
        let mut bytes = Vec::new();
        file.take(FILE_BYTES_MAX).read_to_end(&mut bytes).map(|_| bytes)
    });
    let bytes = bytes.map_err(|error| {
        Failure::new(ExitCode::Storage, format!("cannot read {}: {error}", path.display()))
    })?;
    decode(&bytes, own, &path)
}

fn decode(bytes: &[u8], own: &Meaning, path: &Path) -> Result<Models, Failure> {
    if !bytes.starts_with(&MAGIC) {
        let short = bytes.len() < MAGIC.len() && MAGIC.starts_with(bytes);
        return Err(match short {
            true => damaged(path, "it is cut off"),
            false => Failure::usage(format!("{} is not a file of models", path.display())),
        });
    }
    let cut_off = || damaged(path, "it is cut off");
    let length = bytes.get(8..12).and_then(number).ok_or_else(cut_off)?;
    if length > HEAD_BYTES_MAX {
        return Err(damaged(path, "its head is too large"));
    }
    let end = 12 + length as usize;
    let crc = bytes.get(end..end + 4).and_then(number).ok_or_else(cut_off)?;
    if u64::from(crc32fast::hash(&bytes[..end])) != crc {
        return Err(damaged(path, "its head has another checksum"));
    }
    let head = serde_json::from_slice::<Head>(&bytes[12..end])
        .map_err(|error| damaged(path, &format!("its head: {error}")))?;
    let differences = own.differences(&head.meaning);
    if !differences.is_empty() {
        let failure = Failure::usage(format!("cannot use the models in {}", path.display()));
        let failure = differences.into_iter().fold(failure, Failure::detail);
        return Err(failure.hint("save them again with this program and configuration"));
    }
    let rest = &bytes[end + 4..];
    let (parts, crc) = rest.split_at_checked(rest.len().wrapping_sub(4)).ok_or_else(cut_off)?;
    if number(crc) != Some(u64::from(crc32fast::hash(parts))) {
        return Err(damaged(path, "its parts have another checksum"));
    }
    let state = unpack(parts, &head).map_err(|reason| damaged(path, &reason))?;
    check(&state).map_err(|error| damaged(path, &error.to_string()))?;
    Ok(Models { state, until: head.until_ns, events: head.events })
}

/// A number of up to 8 bytes.
fn number(bytes: &[u8]) -> Option<u64> {
    let mut wide = [0; 8];
    wide.get_mut(..bytes.len())?.copy_from_slice(bytes);
    Some(u64::from_le_bytes(wide))
}

/// Unpacks the parts; never more than the head says, nor more than is really there.
fn unpack(coded: &[u8], head: &Head) -> Result<Snapshot, String> {
    if head.bytes > STATE_BYTES_MAX || head.parts > PARTS_MAX {
        return Err("it says that it is too large".to_owned());
    }
    let said = |error: io::Error| error.to_string();
    let mut text = zstd::Decoder::with_buffer(coded).map_err(said)?.take(head.bytes);
    let mut parts = Snapshot::new();
    for _ in 0..head.parts {
        let [length] = exactly::<1>(&mut text)?;
        let mut name = vec![0; usize::from(length)];
        text.read_exact(&mut name).map_err(said)?;
        let name = String::from_utf8(name).map_err(|_| "a name is not UTF-8".to_owned())?;
        let [group] = exactly::<1>(&mut text)?;
        let length = u64::from_le_bytes(exactly(&mut text)?);
        let mut state = Vec::new();
        let read = text.by_ref().take(length).read_to_end(&mut state).map_err(said)?;
        if read as u64 != length {
            return Err("a part is cut off".to_owned());
        }
        if parts.insert((name, group), state).is_some() {
            return Err("a part is there twice".to_owned());
        }
    }
    match text.limit() {
        0 => Ok(parts),
        _ => Err("it holds less than it says".to_owned()),
    }
}

fn exactly<const N: usize>(text: &mut impl Read) -> Result<[u8; N], String> {
    let mut bytes = [0; N];
    text.read_exact(&mut bytes).map_err(|error| error.to_string())?;
    Ok(bytes)
}

fn unwritable(dir: &Path, reason: &str) -> Failure {
    Failure::new(ExitCode::Storage, format!("cannot save models in {}", dir.display()))
        .detail(reason)
}

fn foreign(dir: &Path, reason: &str) -> Failure {
    Failure::usage(format!("cannot save models in {}", dir.display()))
        .detail(reason)
        .hint("name a directory that is empty or not there yet")
}

fn no_models(dir: &Path) -> Failure {
    Failure::usage(format!("there are no models in {}", dir.display()))
        .hint("save some there: seerflow analyze PATH --save-models DIR")
}

fn damaged(path: &Path, reason: &str) -> Failure {
    Failure::new(ExitCode::Storage, format!("{} is damaged", path.display()))
        .detail(reason)
        .hint("save the models again, or start without --models")
}

#[cfg(test)]
#[path = "file_tests.rs"]
mod tests;
