//! A file that blocks are read from.

use super::error::{Result, StoreError};
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

static NEXT: AtomicU64 = AtomicU64::new(1);

/// A file that blocks are read from.
#[derive(Debug)]
pub(super) struct Data {
    path: PathBuf,
    file: File,
    /// Its number in this process: what the cache knows it by.
    number: u64,
}

impl Data {
    pub(super) fn new(path: &Path, file: File) -> Data {
        Data { path: path.to_owned(), file, number: NEXT.fetch_add(1, Ordering::Relaxed) }
    }

    pub(super) fn open(path: &Path) -> Result<Data> {
        let file = File::open(path).map_err(StoreError::io("opening", path))?;
        Ok(Data::new(path, file))
    }

    /// Its number in this process.
    pub(super) fn number(&self) -> u64 {
        self.number
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn len(&self) -> Result<u64> {
        Ok(self.file.metadata().map_err(StoreError::io("reading", &self.path))?.len())
    }

    pub(super) fn read(&self, offset: u64, len: usize) -> Result<Vec<u8>> {
        let mut bytes = vec![0; len];
        self.file.read_exact_at(&mut bytes, offset).map_err(|error| {
            if error.kind() == std::io::ErrorKind::UnexpectedEof {
                self.damaged(offset, "the file ends before")
            } else {
                StoreError::io("reading", &self.path)(error)
            }
        })?;
        Ok(bytes)
    }

    pub(super) fn damaged(&self, offset: u64, what: &'static str) -> StoreError {
        StoreError::Damaged { path: self.path.clone(), offset, what }
    }
}
