//! Which source the content of a file belongs to.

use super::*;

/// Bytes of a file in which its header is looked for.
const HEAD_BYTES: usize = 16 * 1024;
/// Copying a log for its rotation does not take longer.
const COPY_TAKES_MAX: Ns = 60 * SECOND;

impl Tailer {
    /// Decides what files are that were not read yet.
    pub(super) fn decide(&mut self, now: Ns) {
        let first = std::mem::replace(&mut self.first, false);
        for i in 0..self.open.len() {
            self.decide_one(i, first, now);
        }
    }

    pub(super) fn decide_one(&mut self, i: usize, first: bool, now: Ns) {
        if self.open[i].content == Content::Unknown
            && self.open[i].rest.is_empty()
            && let Err(error) = self.classify(i, first, now)
        {
            self.failed(i, &error);
        }
    }

    /// Whether its content is that of a file which is read.
    fn copies_another(&self, i: usize) -> io::Result<bool> {
        for (j, other) in self.open.iter().enumerate() {
            let read = j != i && other.content == Content::Own;
            if read && other.mark.copied_by(&other.file, &self.open[i].file)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Is it a copy, one that is known from before, or new?
    pub(super) fn classify(&mut self, i: usize, first: bool, now: Ns) -> io::Result<()> {
        let file = &self.open[i].file;
        let mark = Mark::at(file, 0)?;
        if mark.is_empty() {
            return Ok(());
        }
        if first && self.options.start == FileStart::End {
            let end = file.metadata()?.len();
            let inside_line = end > 0 && {
                let mut last = [0];
                file.read_at(&mut last, end - 1)? == 1 && last != *b"\n"
            };
            let utf16 = Utf16::sniff(mark.head());
            let begin = Some(Begin { inside_line: inside_line && utf16.is_none(), utf16 });
            let mark = Mark::at(file, end)?;
            self.begin(i, mark, None, begin, now);
            return Ok(());
        }
        // What goes on growing beside the other for long is no copy but a twin of its own.
        let since = self.open[i].copy_since.unwrap_or(now);
        if now.saturating_sub(since) < COPY_TAKES_MAX && self.copies_another(i)? {
            let open = &mut self.open[i];
            (open.content, open.at_end, open.copy_since) = (Content::Copy, true, Some(since));
            return Ok(());
        }
        let mut found = None;
        for (k, known) in self.known.iter().enumerate().rev() {
            if known.mark.offset > 0 && known.mark.continued_by(file)? {
                found = Some(k);
                break;
            }
        }
        match found.and_then(|k| self.known.remove(k)) {
            Some(known) => {
                let begin = Begin { inside_line: false, utf16: Utf16::sniff(mark.head()) };
                self.begin(i, known.mark, known.source, Some(begin), now);
            }
            None => self.begin(i, mark, None, None, now),
        }
        Ok(())
    }

    /// Begins to read a file at its mark.
    pub(super) fn begin(
        &mut self,
        i: usize,
        mark: Mark,
        source: Option<(Arc<SourceInfo>, u64)>,
        begin: Option<Begin>,
        now: Ns,
    ) {
        self.open[i].mark = mark;
        self.open[i].content = Content::Own;
        self.open[i].at_end = false;
        if self.open[i].live.is_some() {
            // The same source goes on with another content.
            return;
        }
        let path = self.open[i].path.clone();
        let modified = self.open[i]
            .file
            .metadata()
            .map_or(0, |meta| u64::try_from(meta.mtime()).unwrap_or(0).saturating_mul(SECOND));
        let head = head_of(&self.open[i].file);
        let key = SourceKey {
            receiver: ReceiverKind::File,
            listener: "file",
            peer: None,
            path: Some(&path),
            head: Some(&head),
            modified: Some(modified),
            now,
        };
        let settings = self.door.rules.settle(&key);
        let promise = self.promises.register(settings.lateness);
        let stamper = Stamper::new(StampOptions {
            lateness: settings.lateness,
            max_future: settings.max_future,
            kind: Kind::File,
            start_promise: promise.start(),
        });
        let (info, seq) = source.unwrap_or_else(|| {
            self.number += 1;
            let head = hash::bytes(self.open[i].mark.head());
            let head = settings.redact.as_ref().map_or(head, |all| all.identifier(head));
            let file = hash::pair(self.number, head);
            let id = hash::pair(self.door.node, file);
            (Arc::new(settings.info(id, path.display().to_string(), &key)), self.door.first_seq)
        });
        let source = QueuedSource::new(info, stamper, seq);
        let text = TextSource::new(source, settings, self.options.line_max, begin);
        self.open[i].live = Some(Box::new(Live { text, promise }));
    }
}

/// How a file begins, for its header; nothing when it cannot be read.
fn head_of(file: &File) -> Vec<u8> {
    let mut head = vec![0; HEAD_BYTES];
    let mut filled = 0;
    while filled < head.len() {
        match file.read_at(&mut head[filled..], filled as u64) {
            Ok(0) => break,
            Ok(n) => filled += n,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => break,
        }
    }
    head.truncate(filled);
    decode_utf16(&head).unwrap_or(head)
}
