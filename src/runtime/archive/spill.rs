//! Unpacking a file whose chunks are wanted out of its order, within a bound.

use super::open;
use super::problem::Problem;
use super::scan::FileScan;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

/// What may still be unpacked.
#[derive(Debug)]
pub struct Budget {
    /// Bytes left.
    pub left: u64,
    /// Bytes used.
    pub used: u64,
}

/// Unpacks a file to a temporary one without a name. `None`: the budget does not allow it.
pub fn unpack(
    file: &FileScan,
    dir: &Path,
    budget: &mut Budget,
    on_disk: &Arc<AtomicU64>,
) -> Result<Option<Arc<File>>, Problem> {
    if file.bytes > budget.left {
        return Ok(None);
    }
    let (_, text) = open::open(&file.path, on_disk)?;
    let copy = |mut text: io::Take<open::Text>| -> io::Result<File> {
        let mut out = tempfile::tempfile_in(dir)?;
        let mut block = vec![0; 256 * 1024];
        loop {
            // A damaged end was reported by the scan; what is before it is wanted.
            let Ok(n @ 1..) = text.read(&mut block) else { return Ok(out) };
            out.write_all(&block[..n])?;
        }
    };
    match copy(text.take(file.bytes)) {
        Ok(out) => {
            budget.left -= file.bytes;
            budget.used += file.bytes;
            Ok(Some(Arc::new(out)))
        }
        Err(error) => Err(Problem::Spill { path: file.path.clone(), reason: error.to_string() }),
    }
}
