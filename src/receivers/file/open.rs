//! One open file: where we stand in it, and what is left of it elsewhere.

use super::head::Mark;
use crate::receivers::text::TextSource;
use crate::runtime::stamp::PeerPromise;
use seerflow_model::time::Ns;
use std::collections::VecDeque;
use std::fs::File;
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::PathBuf;

/// Device and inode: who a file is while it is open.
pub type Inode = (u64, u64);

/// What the content of an open file is to us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    /// Nothing of it was read: it is empty, or new.
    Unknown,
    /// A copy of a file that is read already (copytruncate): not read.
    Copy,
    /// It is read.
    Own,
}

/// A file that is read.
pub struct Live {
    /// Its records.
    pub text: TextSource,
    /// Its promise.
    pub promise: PeerPromise,
}

/// What a truncated file held and we had not read, found in its copy.
pub struct Rest {
    /// The copy; `None` when there is none, so that only the text ends here.
    pub file: Option<File>,
    /// Where to go on in it.
    pub offset: u64,
}

/// An open file.
pub struct Open {
    /// The file.
    pub file: File,
    /// Who it is.
    pub inode: Inode,
    /// The path that leads or led to it.
    pub path: PathBuf,
    /// Whether the last scan met it.
    pub linked: bool,
    /// Since when it neither has a path nor has grown.
    pub gone: Option<Ns>,
    /// What its content is to us.
    pub content: Content,
    /// Since when it is taken for a copy.
    pub copy_since: Option<Ns>,
    /// Its records, once something of it is read.
    pub live: Option<Box<Live>>,
    /// How it begins, and how far it was read.
    pub mark: Mark,
    /// What comes before its own content.
    pub rest: VecDeque<Rest>,
    /// Whether there was nothing more to read at the last look.
    pub at_end: bool,
    /// Size and modification time at the last look.
    seen: (u64, i64, i64),
}

/// How a look at a file ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// As it was.
    Same,
    /// It has grown or been touched.
    Changed,
    /// Its content was replaced.
    Truncated,
}

/// What one read gave.
pub enum Read {
    /// So many bytes, at the beginning of the buffer.
    Bytes(usize),
    /// The text ended; another one follows.
    Restart,
    /// Nothing more for now.
    End,
    /// Its content was replaced: what was read says nothing.
    Truncated,
}

impl Open {
    /// A file that was just opened.
    pub fn new(file: File, path: PathBuf) -> io::Result<Open> {
        let meta = file.metadata()?;
        Ok(Open {
            inode: (meta.dev(), meta.ino()),
            file,
            path,
            linked: true,
            gone: None,
            content: Content::Unknown,
            copy_since: None,
            live: None,
            mark: Mark::default(),
            rest: VecDeque::new(),
            at_end: false,
            seen: (u64::MAX, 0, 0),
        })
    }

    /// Looks at size and head without reading on. Cost when nothing changed: one call.
    pub fn look(&mut self) -> io::Result<Look> {
        let meta = self.file.metadata()?;
        let seen = (meta.len(), meta.mtime(), meta.mtime_nsec());
        let own = self.content == Content::Own;
        self.at_end = self.rest.is_empty() && (!own || meta.len() == self.mark.offset);
        if seen == self.seen {
            return Ok(Look::Same);
        }
        self.seen = seen;
        if meta.len() < self.mark.offset || !self.mark.verify(&self.file)? {
            return Ok(Look::Truncated);
        }
        Ok(Look::Changed)
    }

    /// Its content was replaced: it begins anew, after `rest`.
    pub fn restart(&mut self, rest: Rest) -> io::Result<()> {
        if self.live.is_some() {
            self.rest.push_back(rest);
        }
        self.content = Content::Unknown;
        self.copy_since = None;
        self.mark = Mark::at(&self.file, 0)?;
        self.seen = (u64::MAX, 0, 0);
        self.at_end = false;
        Ok(())
    }

    /// Reads on: first what is left in copies, then the file itself.
    pub fn read(&mut self, buffer: &mut [u8]) -> io::Result<Read> {
        if let Some(rest) = self.rest.front_mut() {
            let n = match &rest.file {
                Some(file) => file.read_at(buffer, rest.offset)?,
                None => 0,
            };
            rest.offset += n as u64;
            if n > 0 {
                return Ok(Read::Bytes(n));
            }
            self.rest.pop_front();
            return Ok(Read::Restart);
        }
        if self.content != Content::Own {
            self.at_end = true;
            return Ok(Read::End);
        }
        let n = self.file.read_at(buffer, self.mark.offset)?;
        if n == 0 {
            if self.file.metadata()?.len() < self.mark.offset {
                return Ok(Read::Truncated);
            }
            self.at_end = true;
            return Ok(Read::End);
        }
        // If it still begins as it did, what was read before this check is of the same content.
        if !self.mark.verify(&self.file)? {
            return Ok(Read::Truncated);
        }
        self.mark.advance(&buffer[..n]);
        Ok(Read::Bytes(n))
    }
}
