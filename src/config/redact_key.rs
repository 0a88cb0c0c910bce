//! The key of the pseudonyms that stand for what is redacted.
//!
//! `engine.redact_key` when it is set, so that several machines make the same pseudonyms; else 32
//! random bytes in the data directory, made at first use, mode 0600. Whoever has the key can find
//! out which card number a pseudonym stands for; whoever loses it gets other pseudonyms.

use super::data_dir::{self, FILE_MODE};
use super::{Config, Environment};
use crate::failure::{ExitCode, Failure};
use seerflow_parsing::redact::Key;
use std::fs::{self, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

/// Name of the file.
const FILE: &str = "redact.key";
/// Random bytes.
const BYTES: usize = 32;

/// The key of a run. `data_dir`: where it was opened; not given, where it would be. Nothing is made
/// or read while no source redacts.
pub fn find(
    config: &Config,
    data_dir: Option<&Path>,
    environment: &Environment,
) -> Result<Key, Failure> {
    if config.sources.iter().all(|entry| entry.redact.is_empty()) {
        return Ok(Key::new(&[]));
    }
    let given = config.engine.redact_key.expose();
    if !given.is_empty() {
        return Ok(Key::new(given.as_bytes()));
    }
    let located;
    let folder = match data_dir {
        Some(path) => path,
        None => {
            located = data_dir::locate(None, config, environment)?;
            &located
        }
    };
    of_folder(folder)
}

fn of_folder(folder: &Path) -> Result<Key, Failure> {
    let path = folder.join(FILE);
    let fail = |reason: String| {
        Failure::new(ExitCode::DataDir, format!("cannot use {}", path.display()))
            .detail(reason)
            .hint("it holds the key for `sources[].redact`; engine.redact_key can give another")
    };
    let text = match fs::read_to_string(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            data_dir::ready(folder)?;
            create(folder, &path).map_err(|error| fail(error.to_string()))?;
            fs::read_to_string(&path)
        }
        other => other,
    };
    let text = text.map_err(|error| fail(error.to_string()))?;
    let secret = bytes(text.trim()).ok_or_else(|| fail("it does not hold a key".into()))?;
    let meta = fs::metadata(&path).map_err(|error| fail(error.to_string()))?;
    if meta.permissions().mode() & 0o077 != 0 {
        fs::set_permissions(&path, Permissions::from_mode(FILE_MODE))
            .map_err(|error| fail(format!("others can read it: {error}")))?;
    }
    Ok(Key::new(&secret))
}

/// Writes a new key; when another process was faster, its key stays. It is whole when it gets its
/// name, so nobody reads half of it.
fn create(folder: &Path, path: &Path) -> io::Result<()> {
    let mut secret = [0; BYTES];
    getrandom::fill(&mut secret).map_err(io::Error::other)?;
    let hex: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
    let draft = folder.join(format!("{FILE}.{}", std::process::id()));
    let mut file =
        OpenOptions::new().write(true).create(true).truncate(true).mode(FILE_MODE).open(&draft)?;
    writeln!(file, "{hex}")?;
    file.sync_all()?;
    let linked = fs::hard_link(&draft, path);
    fs::remove_file(&draft)?;
    match linked {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        other => other,
    }
}

fn bytes(hex: &str) -> Option<Vec<u8>> {
    if hex.len() != 2 * BYTES || !hex.is_ascii() {
        return None;
    }
    (0..BYTES).map(|i| u8::from_str_radix(&hex[2 * i..2 * i + 2], 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::parse;

    fn config(yaml: &str) -> Config {
        parse(yaml, "f", &Environment::default()).unwrap().0
    }

    fn pseudonym(key: &Key) -> Vec<u8> {
        let mut out = Vec::new();
        key.pseudonym("card", b"4111111111111111", &mut out);
        out
    }

    #[test]
    fn is_made_once_for_us_alone() {
        let base = tempfile::tempdir().unwrap();
        let folder = base.path().join("data");
        let config = config("sources: [{redact: [card]}]");
        let environment = Environment::of(&[("SEERFLOW_DATA_DIR", folder.to_str().unwrap())]);
        let key = find(&config, None, &environment).unwrap();
        let path = folder.join(FILE);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 2, "the key and the lock");
        // A daemon takes the same directory and the same key.
        let data = data_dir::open(&folder).unwrap();
        let again = find(&config, Some(data.path()), &Environment::default()).unwrap();
        assert_eq!(pseudonym(&key), pseudonym(&again));
        fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
        find(&config, None, &environment).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        create(&folder, &path).unwrap();
        let kept = find(&config, None, &environment).unwrap();
        assert_eq!(pseudonym(&key), pseudonym(&kept), "a key is never overwritten");
        let other = base.path().join("other");
        let other = find(&config, Some(&other), &Environment::default()).unwrap();
        assert_ne!(pseudonym(&key), pseudonym(&other));
        fs::write(&path, "hunter2").unwrap();
        let failure = find(&config, None, &environment).unwrap_err().to_string();
        assert!(failure.contains("does not hold a key") && !failure.contains("hunter2"));
    }

    #[test]
    fn nothing_is_made_without_need() {
        let base = tempfile::tempdir().unwrap();
        let folder = base.path().join("data");
        find(&config(""), Some(&folder), &Environment::default()).unwrap();
        let given =
            format!("sources: [{{redact: [card]}}]\nengine: {{redact_key: {}}}", "k".repeat(32));
        let key = find(&config(&given), Some(&folder), &Environment::default()).unwrap();
        assert_eq!(pseudonym(&key), pseudonym(&Key::new("k".repeat(32).as_bytes())));
        assert!(!folder.exists());
    }
}
