//! The data directory: where it is, that it is ours alone, and that one process uses it.
//!
//! It is made with mode 0700. A directory that is there already is taken when it is empty or was
//! used by Seerflow before, never otherwise: `--data-dir /tmp` must not close `/tmp` to others.

use super::{Config, Environment};
use crate::failure::{ExitCode, Failure};
use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// Held locked while a process uses the directory; also marks it as ours.
const LOCK: &str = "seerflow.lock";
/// Holds the identity of this node.
const NODE: &str = "node-id";
/// Mode of the directory.
const DIR_MODE: u32 = 0o700;
/// Mode of files in it.
pub const FILE_MODE: u32 = 0o600;

/// A data directory that this process alone uses, for as long as this lives.
#[derive(Debug)]
pub struct DataDir {
    /// Where it is.
    pub path: PathBuf,
    lock: File,
}

/// Whether a process uses a data directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Running {
    /// Nobody does.
    No,
    /// One that answers there.
    At(SocketAddr),
}

impl DataDir {
    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Says in the lock where this process answers, so that commands find it.
    pub fn answers_at(&self, address: SocketAddr) -> io::Result<()> {
        self.lock.set_len(0)?;
        std::os::unix::fs::FileExt::write_all_at(&self.lock, format!("{address}\n").as_bytes(), 0)
    }

    /// The identity of this node: made once, kept in the directory, part of the ids of sources.
    pub fn node_id(&self) -> Result<u64, Failure> {
        let path = self.path.join(NODE);
        let fail = |reason: String| {
            Failure::new(ExitCode::DataDir, format!("cannot use {}", path.display())).detail(reason)
        };
        match fs::read_to_string(&path) {
            Ok(text) => u64::from_str_radix(text.trim(), 16)
                .map_err(|_| fail("it does not hold the id of a node; remove it".into())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let meta = fs::metadata(&self.path).map_err(|error| fail(error.to_string()))?;
                let now = crate::runtime::clock::Clock::system().now();
                let seed = format!("{now} {} {}", std::process::id(), meta.ino());
                let id = seerflow_model::hash::text(&seed);
                let written = OpenOptions::new()
                    .write(true)
                    .create_new(true)
                    .mode(FILE_MODE)
                    .open(&path)
                    .and_then(|mut file| {
                        io::Write::write_all(&mut file, format!("{id:016x}\n").as_bytes())
                    });
                written.map(|()| id).map_err(|error| fail(error.to_string()))
            }
            Err(error) => Err(fail(error.to_string())),
        }
    }
}

/// Where the data directory is: `--data-dir`, `storage.data_dir`, `$SEERFLOW_DATA_DIR`,
/// `$XDG_DATA_HOME/seerflow`, `~/.local/share/seerflow`.
pub fn locate(
    argument: Option<&Path>,
    config: &Config,
    environment: &Environment,
) -> Result<PathBuf, Failure> {
    if let Some(path) = argument.or(config.storage.data_dir.as_deref()) {
        return Ok(path.to_owned());
    }
    if let Some(path) = environment.filled("SEERFLOW_DATA_DIR") {
        return Ok(path.into());
    }
    // The XDG rules: a relative path is to be passed over.
    let absolute = |name| environment.filled(name).map(Path::new).filter(|path| path.is_absolute());
    if let Some(path) = absolute("XDG_DATA_HOME") {
        return Ok(path.join("seerflow"));
    }
    match absolute("HOME") {
        Some(home) => Ok(home.join(".local/share/seerflow")),
        None => Err(Failure::new(ExitCode::DataDir, "there is no place for the data directory")
            .detail("$HOME is not set")
            .hint("name one with --data-dir, storage.data_dir or $SEERFLOW_DATA_DIR")),
    }
}

/// Makes the directory ready and takes its lock.
pub fn open(path: &Path) -> Result<DataDir, Failure> {
    let lock = ready(path)?;
    match lock.try_lock() {
        Ok(()) => {
            // What a process wrote that is gone.
            lock.set_len(0).map_err(|error| unusable(path, error.to_string()))?;
            Ok(DataDir { path: path.to_owned(), lock })
        }
        Err(fs::TryLockError::WouldBlock) => {
            Err(unusable(path, "another Seerflow process uses it".into()))
        }
        Err(fs::TryLockError::Error(error)) => {
            Err(unusable(path, format!("it cannot be locked: {error}")))
        }
    }
}

/// Whether a process uses the directory, and where it answers.
pub fn running(path: &Path) -> Result<Running, Failure> {
    let lock_path = path.join(LOCK);
    let lock = match File::open(&lock_path) {
        Ok(lock) => lock,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Running::No),
        Err(error) => return Err(unusable(path, format!("{}: {error}", lock_path.display()))),
    };
    match lock.try_lock_shared() {
        Ok(()) => return Ok(Running::No),
        Err(fs::TryLockError::WouldBlock) => {}
        Err(fs::TryLockError::Error(error)) => {
            return Err(unusable(path, format!("it cannot be locked: {error}")));
        }
    }
    let mut text = String::new();
    // An address is short; a file of others is not read to its end.
    let read = io::Read::read_to_string(&mut io::Read::take(&lock, 128), &mut text);
    let address = read.ok().and_then(|_| text.trim().parse::<SocketAddr>().ok());
    let Some(mut address) = address else {
        return Err(unusable(path, "a Seerflow process uses it that answers nobody".into())
            .hint("wait until it has ended, or name another directory"));
    };
    if address.ip().is_unspecified() {
        address.set_ip(match address {
            SocketAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            SocketAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        });
    }
    Ok(Running::At(address))
}

fn unusable(path: &Path, reason: String) -> Failure {
    Failure::new(ExitCode::DataDir, format!("cannot use data directory {}", path.display()))
        .detail(reason)
        .hint("name another with --data-dir or storage.data_dir")
}

/// Makes the directory ready; gives the file that is locked while a process uses it.
pub fn ready(path: &Path) -> Result<File, Failure> {
    let fail = |reason: String| unusable(path, reason);
    create(path).map_err(|error| fail(error.to_string()))?;
    let meta = fs::metadata(path).map_err(|error| fail(error.to_string()))?;
    if !meta.is_dir() {
        return Err(fail("it is not a directory".into()));
    }
    let lock_path = path.join(LOCK);
    let ours = lock_path.exists() || is_empty(path).map_err(|error| fail(error.to_string()))?;
    if !ours {
        return Err(fail("it holds files that are not Seerflow's".into()));
    }
    if meta.mode() & 0o077 != 0 {
        fs::set_permissions(path, Permissions::from_mode(DIR_MODE)).map_err(|error| {
            fail(format!("its mode is {:o} and cannot be set to 700: {error}", meta.mode() & 0o777))
        })?;
    }
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(FILE_MODE)
        .open(&lock_path)
        .map_err(|error| fail(format!("{}: {error}", lock_path.display())))
}

fn create(path: &Path) -> io::Result<()> {
    // Folders on the way are made as usual; only the last one is ours alone.
    if let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        fs::create_dir_all(parent)?;
    }
    match DirBuilder::new().mode(DIR_MODE).create(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        other => other,
    }
}

fn is_empty(path: &Path) -> io::Result<bool> {
    Ok(fs::read_dir(path)?.next().is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().mode() & 0o777
    }

    #[test]
    fn the_first_that_is_named_is_used() {
        let with = |pairs: &[(&str, &str)]| {
            locate(None, &Config::default(), &Environment::of(pairs))
                .map(|p| p.display().to_string())
        };
        let home = ("HOME", "/home/u");
        assert_eq!(with(&[home]).unwrap(), "/home/u/.local/share/seerflow");
        assert_eq!(with(&[home, ("XDG_DATA_HOME", "/x")]).unwrap(), "/x/seerflow");
        assert_eq!(
            with(&[home, ("XDG_DATA_HOME", "rel")]).unwrap(),
            "/home/u/.local/share/seerflow"
        );
        assert_eq!(with(&[("XDG_DATA_HOME", "/x"), ("SEERFLOW_DATA_DIR", "/d")]).unwrap(), "/d");
        assert_eq!(with(&[]).unwrap_err().exit_code, ExitCode::DataDir);
        let mut config = Config::default();
        config.storage.data_dir = Some("/c".into());
        let environment = Environment::of(&[("SEERFLOW_DATA_DIR", "/d")]);
        assert_eq!(locate(None, &config, &environment).unwrap(), Path::new("/c"));
        let argument = Some(Path::new("/a"));
        assert_eq!(locate(argument, &config, &environment).unwrap(), Path::new("/a"));
    }

    #[test]
    fn is_made_for_us_alone_and_used_once() {
        let base = tempfile::tempdir().unwrap();
        let path = base.path().join("new/data");
        let open_dir = open(&path).unwrap();
        assert_eq!((mode(&path), mode(&path.join(LOCK))), (0o700, 0o600));
        let failure = open(&path).unwrap_err();
        assert!(failure.detail[0].contains("another Seerflow process"), "{failure}");
        assert_eq!(failure.exit_code, ExitCode::DataDir);
        drop(open_dir);
        fs::set_permissions(&path, Permissions::from_mode(0o755)).unwrap();
        fs::write(path.join("x"), "").unwrap();
        let _again = open(&path).unwrap();
        assert_eq!(mode(&path), 0o700);
    }

    #[test]
    fn the_lock_says_who_answers_where() {
        let base = tempfile::tempdir().unwrap();
        let path = base.path().join("data");
        assert_eq!(running(&path).unwrap(), Running::No);
        let held = open(&path).unwrap();
        let failure = running(&path).unwrap_err();
        assert!(failure.detail[0].contains("answers nobody"), "{failure}");
        held.answers_at("0.0.0.0:8080".parse().unwrap()).unwrap();
        held.answers_at("0.0.0.0:80".parse().unwrap()).unwrap();
        assert_eq!(running(&path).unwrap(), Running::At("127.0.0.1:80".parse().unwrap()));
        drop(held);
        assert_eq!(running(&path).unwrap(), Running::No);
        let _again = open(&path).unwrap();
        assert!(running(&path).is_err(), "what another process said is gone");
    }

    #[test]
    fn a_folder_of_others_is_left_alone() {
        let base = tempfile::tempdir().unwrap();
        let path = base.path().join("theirs");
        fs::create_dir(&path).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o755)).unwrap();
        fs::write(path.join("letter"), "").unwrap();
        assert!(open(&path).unwrap_err().detail[0].contains("not Seerflow's"));
        assert_eq!(mode(&path), 0o755);
        assert!(open(&path.join("letter")).unwrap_err().detail[0].contains("not a directory"));
    }
}
