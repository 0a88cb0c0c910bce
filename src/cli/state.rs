//! The state store, as commands reach it: in the running program or at rest.

use super::remote::{self, Client, Place};
use crate::config::Config;
use crate::config::data_dir::DataDir;
use crate::failure::Failure;
use crate::store::control::{SqliteStore, StateStore};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Name of the database in the data directory.
const FILE: &str = "seerflow.db";

/// Where the database is: `storage.sqlite_path`, else in the data directory.
pub fn path(config: &Config, data_dir: &Path) -> PathBuf {
    config.storage.sqlite_path.clone().unwrap_or_else(|| data_dir.join(FILE))
}

/// Opens the store of a data directory that this process has locked.
pub fn open(config: &Config, data: &DataDir) -> Result<Arc<dyn StateStore>, Failure> {
    let store = SqliteStore::open(&path(config, data.path()))?;
    Ok(Arc::new(store))
}

/// Where the state is that a command speaks of.
pub enum Reach {
    /// A running program has it.
    Running(Client),
    /// It is ours while this lives.
    Resting(DataDir, Arc<dyn StateStore>),
}

/// The running program that has the data directory, or the store in it.
pub fn reach(data_dir: Option<&Path>, config: &Config) -> Result<Reach, Failure> {
    match remote::place(data_dir, config)? {
        Place::Running(client) => Ok(Reach::Running(client)),
        Place::Resting(data) => {
            let store = open(config, &data)?;
            Ok(Reach::Resting(data, store))
        }
    }
}

/// All pages of a list of the running program, those that are over too when `past` says so.
pub fn listed<T>(
    client: &mut Client,
    path: &str,
    past: bool,
    read: impl Fn(Value) -> Result<T, Failure>,
) -> Result<Vec<T>, Failure> {
    let mut all = Vec::new();
    for page in 1.. {
        let answer = client.get(&format!("{path}?past={past}&page={page}&limit=1000"))?;
        let items = answer["items"].as_array().cloned().unwrap_or_default();
        all.extend(items.into_iter().map(&read).collect::<Result<Vec<_>, _>>()?);
        if answer["has_next"] != Value::Bool(true) {
            break;
        }
    }
    Ok(all)
}

/// Whether a text may be an id: it is of these characters; others would be another path.
pub fn is_id(text: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
    !text.is_empty() && text.bytes().all(plain)
}

/// Who changes something at rest, as far as the system says.
pub fn who() -> String {
    let name = ["USER", "LOGNAME"].iter().find_map(|name| {
        let value = std::env::var(name).ok()?;
        let fits = !value.trim().is_empty() && value.len() <= 64;
        fits.then_some(value)
    });
    name.unwrap_or_else(|| "cli".into())
}
