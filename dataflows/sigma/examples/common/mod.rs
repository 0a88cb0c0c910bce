//! What the examples share: folders of rules, and CPU time.

use std::path::Path;
use std::sync::Arc;

#[allow(dead_code, reason = "not every example reads rules")]
/// All `.yml` and `.yaml` files of folders, with their texts, in the order of their names.
pub fn files(folders: &[String]) -> Vec<(Arc<str>, String)> {
    let mut out = Vec::new();
    for folder in folders {
        walk(Path::new(folder), &mut out);
    }
    out
}

#[allow(dead_code, reason = "not every example reads rules")]
fn walk(path: &Path, out: &mut Vec<(Arc<str>, String)>) {
    if path.is_dir() {
        let entries = std::fs::read_dir(path).into_iter().flatten().flatten();
        let mut paths: Vec<_> = entries.map(|entry| entry.path()).collect();
        paths.sort();
        paths.iter().for_each(|path| walk(path, out));
        return;
    }
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    if matches!(ending, "yml" | "yaml") {
        match std::fs::read_to_string(path) {
            Ok(text) => out.push((path.to_string_lossy().into(), text)),
            Err(error) => eprintln!("{}: {error}", path.display()),
        }
    }
}

/// CPU time of this process so far, in seconds; 0 where the system does not say.
#[allow(dead_code, reason = "not every example measures")]
pub fn cpu_seconds() -> f64 {
    let text = std::fs::read_to_string("/proc/self/schedstat").unwrap_or_default();
    let nanoseconds: Option<f64> = text.split(' ').next().and_then(|part| part.parse().ok());
    nanoseconds.unwrap_or_default() / 1e9
}
