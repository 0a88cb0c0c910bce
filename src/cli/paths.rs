//! PATH arguments to files: globs, folders, `-`; sorted, each file once, binary files left out.

use crate::failure::Failure;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// Bytes that are looked at to tell text from other files.
const PROBE_BYTES: u64 = 8192;
/// Deepest folder below an argument.
const DEPTH_MAX: usize = 64;
/// Most files of one command.
const FILES_MAX: usize = 1_000_000;

/// How the files that `analyze` unpacks begin: gzip, zstd, bzip2, xz.
const PACKED: [&[u8]; 4] = [b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"BZh", b"\xfd7zXZ\0"];
/// Byte order marks of UTF-16, whose text is full of NUL bytes.
const UTF16: [&[u8]; 2] = [b"\xff\xfe", b"\xfe\xff"];

/// What the arguments name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inputs {
    /// Whether standard input is one of them.
    pub stdin: bool,
    /// The files, sorted by their resolved path.
    pub files: Vec<InputFile>,
    /// What was left out and why.
    pub warnings: Vec<String>,
}

/// One file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InputFile {
    /// As it was named, for people.
    pub named: PathBuf,
    /// Without links, for opening.
    pub resolved: PathBuf,
    /// Its size.
    pub bytes: u64,
}

impl Inputs {
    /// Size of all files; `None` when standard input is among them.
    pub fn bytes(&self) -> Option<u64> {
        (!self.stdin).then(|| self.files.iter().map(|file| file.bytes).sum())
    }
}

/// Finds the files. A path that is not there is a failure; one of many that cannot be read is a
/// warning, unless nothing is left.
pub fn expand(paths: &[PathBuf]) -> Result<Inputs, Failure> {
    let mut found = Found::default();
    for path in paths {
        if path.as_os_str() == "-" {
            found.stdin = true;
        } else {
            found.argument(path)?;
        }
    }
    let (stdin, mut warnings) = (found.stdin, found.warnings);
    let mut files = Vec::with_capacity(found.files.len());
    for (resolved, (named, bytes)) in found.files {
        match probe(&resolved) {
            Ok(true) => files.push(InputFile { named, resolved, bytes }),
            Ok(false) => warnings.push(format!("{}: binary, left out", named.display())),
            Err(error) => warnings.push(cannot_read(&named, &error)),
        }
    }
    if files.is_empty() && !stdin {
        let failure = Failure::usage("there is nothing to read");
        return Err(warnings.into_iter().take(10).fold(failure, Failure::detail));
    }
    Ok(Inputs { stdin, files, warnings })
}

#[derive(Default)]
struct Found {
    stdin: bool,
    /// By resolved path, so that each file is read once, in an order that is always the same.
    files: BTreeMap<PathBuf, (PathBuf, u64)>,
    warnings: Vec<String>,
}

impl Found {
    fn argument(&mut self, path: &Path) -> Result<(), Failure> {
        match fs::metadata(path) {
            Ok(_) => self.path(path, 0),
            Err(error) => match path.to_str().filter(|text| text.contains(['*', '?', '['])) {
                Some(pattern) => self.glob(pattern),
                None => Err(Failure::usage(format!("cannot read {}: {error}", path.display()))),
            },
        }
    }

    fn glob(&mut self, pattern: &str) -> Result<(), Failure> {
        let wrong = |error: glob::PatternError| {
            Failure::usage(format!("{pattern} is not a glob: {}", error.msg))
        };
        let mut any = false;
        for entry in glob::glob(pattern).map_err(wrong)? {
            match entry {
                Ok(path) => {
                    any = true;
                    // A folder that `**` finds has its files found by it too.
                    if !(pattern.contains("**") && path.is_dir()) {
                        self.path(&path, 0)?;
                    }
                }
                Err(error) => self.warnings.push(cannot_read(error.path(), error.error())),
            }
        }
        if !any {
            self.warnings.push(format!("{pattern}: no file fits"));
        }
        Ok(())
    }

    fn path(&mut self, path: &Path, depth: usize) -> Result<(), Failure> {
        let meta = match fs::metadata(path) {
            Ok(meta) => meta,
            Err(error) => {
                self.warnings.push(cannot_read(path, &error));
                return Ok(());
            }
        };
        if meta.is_dir() {
            return self.folder(path, depth);
        }
        if !meta.is_file() {
            let message = format!("{}: not a file, left out", path.display());
            self.warnings.push(message);
            return Ok(());
        }
        match fs::canonicalize(path) {
            Ok(resolved) => {
                self.files.entry(resolved).or_insert_with(|| (path.to_owned(), meta.len()));
            }
            Err(error) => self.warnings.push(cannot_read(path, &error)),
        }
        match self.files.len() > FILES_MAX {
            true => Err(Failure::usage(format!("more than {FILES_MAX} files are named"))),
            false => Ok(()),
        }
    }

    fn folder(&mut self, path: &Path, depth: usize) -> Result<(), Failure> {
        if depth > DEPTH_MAX {
            self.warnings.push(format!("{}: too deep, left out", path.display()));
            return Ok(());
        }
        let entries = match fs::read_dir(path) {
            Ok(entries) => entries,
            Err(error) => {
                self.warnings.push(cannot_read(path, &error));
                return Ok(());
            }
        };
        let mut inner: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
        inner.sort();
        for path in inner {
            // A link to a folder may lead back up: only named ones are followed.
            let linked_folder = path.is_symlink() && path.is_dir();
            if !linked_folder {
                self.path(&path, depth + 1)?;
            }
        }
        Ok(())
    }
}

/// Whether a file looks like text or like something that is unpacked to text.
fn probe(path: &Path) -> io::Result<bool> {
    let mut head = Vec::new();
    File::open(path)?.take(PROBE_BYTES).read_to_end(&mut head)?;
    let known = PACKED.iter().chain(&UTF16).any(|magic| head.starts_with(magic));
    Ok(known || !head.contains(&0))
}

fn cannot_read(path: &Path, error: &io::Error) -> String {
    format!("{}: cannot be read: {error}", path.display())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    fn folder(files: &[(&str, &[u8])]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for (name, bytes) in files {
            let path = dir.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
        dir
    }

    fn names(dir: &Path, inputs: &Inputs) -> Vec<String> {
        let root = fs::canonicalize(dir).unwrap();
        let name =
            |file: &InputFile| file.resolved.strip_prefix(&root).unwrap().display().to_string();
        inputs.files.iter().map(name).collect()
    }

    #[test]
    fn folders_globs_and_files_once_and_sorted() {
        let dir = folder(&[
            ("b.log", b"22"),
            ("a.log", b"1"),
            ("sub/deep/c.log", b"333"),
            ("x.txt", b""),
        ]);
        symlink(dir.path().join("a.log"), dir.path().join("z.log")).unwrap();
        symlink(dir.path(), dir.path().join("sub/loop")).unwrap();
        let all = expand(&[dir.path().to_owned(), dir.path().join("b.log")]).unwrap();
        assert_eq!(names(dir.path(), &all), ["a.log", "b.log", "sub/deep/c.log", "x.txt"]);
        assert_eq!((all.bytes(), all.warnings.len()), (Some(6), 0));
        let logs = expand(&[dir.path().join("*.log")]).unwrap();
        assert_eq!(names(dir.path(), &logs), ["a.log", "b.log"]);
        let deep = expand(&[dir.path().join("**/c.log"), "-".into()]).unwrap();
        assert_eq!(names(dir.path(), &deep), ["sub/deep/c.log"]);
        assert!(deep.stdin && deep.bytes().is_none());
    }

    #[test]
    fn binary_files_are_left_out_and_packed_ones_are_not() {
        let dir = folder(&[
            ("a.log", b"text"),
            ("b.bin", b"\x7fELF\0\0"),
            ("c.gz", b"\x1f\x8b\x08\0\0\0"),
            ("d.zst", b"\x28\xb5\x2f\xfd\0"),
            ("e.xz", b"\xfd7zXZ\0\0"),
            ("f.txt", b"\xff\xfea\0b\0"),
        ]);
        let inputs = expand(&[dir.path().to_owned()]).unwrap();
        assert_eq!(names(dir.path(), &inputs), ["a.log", "c.gz", "d.zst", "e.xz", "f.txt"]);
        assert!(inputs.warnings[0].ends_with("b.bin: binary, left out"), "{:?}", inputs.warnings);
    }

    #[test]
    fn nothing_to_read_is_a_failure_that_says_why() {
        let dir = folder(&[("b.bin", b"\0")]);
        let failure = expand(&[dir.path().join("none.log")]).unwrap_err();
        assert!(failure.primary.contains("none.log: No such file"), "{failure}");
        let failure = expand(&[dir.path().join("*.log")]).unwrap_err();
        assert!(failure.detail[0].ends_with("*.log: no file fits"), "{failure}");
        let failure = expand(&[dir.path().join("b.bin")]).unwrap_err();
        assert!(failure.detail[0].ends_with("binary, left out"), "{failure}");
        assert_eq!(failure.exit_code, crate::ExitCode::Usage);
        let pipe = expand(&[PathBuf::from("/dev/null")]).unwrap_err();
        assert!(pipe.detail[0].contains("not a file"), "{pipe}");
    }

    #[test]
    fn a_name_with_wildcards_that_is_there_is_a_file() {
        let dir = folder(&[("a[1].log", b"x")]);
        let inputs = expand(&[dir.path().join("a[1].log")]).unwrap();
        assert_eq!(names(dir.path(), &inputs), ["a[1].log"]);
    }
}
