//! What a rotation leaves behind: files that took a path, that lost theirs, that were emptied.

use super::*;

impl Tailer {
    /// Looks for the rest of a file whose content was replaced.
    pub(super) fn truncated(&mut self, i: usize) {
        ReceiverCounters::add(&self.door.counters.rotated, 1);
        let offset = self.open[i].mark.offset;
        let mut file = None;
        if self.open[i].live.is_some() {
            file = self.copy_of(i);
            match &file {
                Some(copy) => self.know_copy(copy),
                None => ReceiverCounters::add(&self.door.counters.rest_lost, 1),
            }
        }
        if let Err(error) = self.open[i].restart(Rest { file, offset }) {
            self.failed(i, &error);
        }
    }

    /// The newest file of the directory that holds all that we read of this one.
    pub(super) fn copy_of(&self, i: usize) -> Option<File> {
        let open = &self.open[i];
        let directory = open.path.canonicalize().ok()?.parent()?.to_path_buf();
        let mut candidates: Vec<(i64, i64, PathBuf)> = std::fs::read_dir(directory)
            .ok()?
            .take(16 * CANDIDATES_MAX)
            .filter_map(|entry| {
                let entry = entry.ok()?;
                let meta = entry.metadata().ok()?;
                let other = (meta.dev(), meta.ino()) != open.inode;
                (meta.is_file() && other && meta.len() >= open.mark.offset)
                    .then(|| (meta.mtime(), meta.mtime_nsec(), entry.path()))
            })
            .collect();
        candidates.sort_by(|a, b| b.cmp(a));
        candidates.iter().take(CANDIDATES_MAX).find_map(|(_, _, path)| {
            let file = self.paths.open(path).ok()?;
            open.mark.continued_by(&file).ok()?.then_some(file)
        })
    }

    pub(super) fn know_copy(&mut self, copy: &File) {
        let mark = copy.metadata().and_then(|meta| Mark::at(copy, meta.len()));
        if let Ok(mark) = mark {
            self.know(Known { mark, source: None });
        }
    }

    pub(super) fn know(&mut self, known: Known) {
        if self.known.len() >= KNOWN_MAX {
            self.known.pop_front();
        }
        self.known.push_back(known);
    }

    /// Holds what the patterns match against what is open.
    pub(super) fn scan(&mut self, now: Ns) {
        let mut inodes: HashMap<Inode, usize> = HashMap::new();
        for (i, open) in self.open.iter_mut().enumerate() {
            open.linked = false;
            inodes.insert(open.inode, i);
        }
        for path in self.paths.scan() {
            let Ok(meta) = std::fs::metadata(&path) else { continue };
            if !meta.is_file() {
                continue;
            }
            if let Some(i) = inodes.get(&(meta.dev(), meta.ino())) {
                let open = &mut self.open[*i];
                if !open.linked {
                    (open.linked, open.gone, open.path) = (true, None, path);
                }
                continue;
            }
            let Some(open) = self.try_open(&path) else { continue };
            // Another file may have taken the path in between.
            if let std::collections::hash_map::Entry::Vacant(free) = inodes.entry(open.inode) {
                free.insert(self.open.len());
                self.open.push(open);
            }
        }
        for open in self.open.iter_mut().filter(|open| !open.linked && open.gone.is_none()) {
            open.gone = Some(now);
            ReceiverCounters::add(&self.door.counters.rotated, 1);
        }
    }

    pub(super) fn try_open(&mut self, path: &Path) -> Option<Open> {
        if self.open.len() >= self.options.files_max {
            if !self.complaints.contains(path) {
                ReceiverCounters::add(&self.door.counters.too_many_files, 1);
            }
            let text = format!("{} is not read: too many files are open", path.display());
            self.complain(path, &text);
            return None;
        }
        let counters = self.door.counters.clone();
        let (counter, text) = match self.paths.open(path) {
            Ok(file) => return Open::new(file, path.to_path_buf()).ok(),
            Err(OpenError::Special) => return None,
            Err(OpenError::Io(error)) if error.kind() == io::ErrorKind::NotFound => return None,
            Err(OpenError::Io(error)) => (&counters.unreadable, explain::unreadable(path, &error)),
            Err(OpenError::Outside(real)) => {
                let (path, real) = (path.display(), real.display());
                let text = format!("{path} leads to {real}, outside the allowed roots: refused");
                (&counters.refused_path, text)
            }
        };
        if !self.complaints.contains(path) {
            ReceiverCounters::add(counter, 1);
        }
        self.complain(path, &text);
        None
    }
}
