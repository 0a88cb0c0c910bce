//! The user's folder of role rules: `detection.roles_dir`.
//!
//! Every `*.yaml` and `*.yml` file of the folder, in the order of their names, comes before the
//! built-in files; one with the name of a built-in file stands in its place. What is wrong is told
//! with file and line before anything starts. Bounds: [`FILES_MAX`] files of [`FILE_BYTES_MAX`].

use super::option::bytes_text;
use crate::failure::Failure;
use seerflow_parsing::roles::RoleSet;
use std::io::Read;
use std::path::Path;

/// Most files of a folder.
const FILES_MAX: usize = 256;
/// Largest file.
const FILE_BYTES_MAX: u64 = 1 << 20;
/// The key that names the folder, for messages.
const KEY: &str = "key: detection.roles_dir";

/// Reads and compiles the rules of a folder together with the built-in ones.
pub fn read(folder: &Path) -> Result<RoleSet, Failure> {
    let own = files(folder)?;
    RoleSet::with_own(&own).map_err(|error| {
        Failure::usage("a role rule has a mistake")
            .detail(format!("{}/{error}", folder.display()))
            .detail(KEY)
            .hint("rules/roles/README.md of the source describes these files")
    })
}

/// Name and text of each file, by name.
fn files(folder: &Path) -> Result<Vec<(String, String)>, Failure> {
    let refuse = |path: &Path, reason: &dyn std::fmt::Display| {
        Failure::usage(format!("cannot read {}: {reason}", path.display())).detail(KEY)
    };
    let entries = std::fs::read_dir(folder).map_err(|error| refuse(folder, &error))?;
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry.map_err(|error| refuse(folder, &error))?;
        let Ok(name) = entry.file_name().into_string() else { continue };
        let rules = name.ends_with(".yaml") || name.ends_with(".yml");
        if rules && !name.starts_with('.') {
            names.push(name);
        }
    }
    if names.len() > FILES_MAX {
        let reason = format!("it holds {} files; at most {FILES_MAX} are read", names.len());
        return Err(refuse(folder, &reason));
    }
    names.sort();
    let read = |name: String| {
        let path = folder.join(&name);
        let text = text(&path).map_err(|reason| refuse(&path, &reason))?;
        Ok((name, text))
    };
    names.into_iter().map(read).collect()
}

fn text(path: &Path) -> Result<String, String> {
    let file = std::fs::File::open(path).map_err(|error| error.to_string())?;
    let mut bytes = Vec::new();
    file.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    if bytes.len() as u64 > FILE_BYTES_MAX {
        return Err(format!("it is larger than {}", bytes_text(FILE_BYTES_MAX)));
    }
    String::from_utf8(bytes)
        .map_err(|error| format!("byte {} is not UTF-8", error.utf8_error().valid_up_to() + 1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::ExitCode;

    fn folder(files: &[(&str, &[u8])]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        folder
    }

    fn refused(files: &[(&str, &[u8])]) -> String {
        let failure = read(folder(files).path()).unwrap_err();
        assert_eq!(failure.exit_code, ExitCode::Usage);
        assert!(failure.detail.contains(&KEY.to_owned()), "{failure}");
        failure.to_string()
    }

    #[test]
    fn mistakes_are_told_with_file_and_line() {
        let bad = b"programs: [app]\nrules:\n  - match: ['{actor:cat} came']\n";
        let text = refused(&[("a.yaml", b"programs: [x]\n"), ("b.yml", bad)]);
        assert!(text.contains("/b.yml:3: `{actor:cat}` is no role:type"), "{text}");
        let text = refused(&[("c.yaml", b"programs: [x]\nprogrammes: [y]\n")]);
        assert!(text.contains("/c.yaml:2: ") && text.contains("programmes"), "{text}");
        assert!(refused(&[("d.yaml", b"\xff")]).contains("d.yaml: byte 1 is not UTF-8"));
        let large = vec![b'#'; 1 << 21];
        assert!(refused(&[("e.yaml", &large)]).contains("larger than"));
        let missing = read(Path::new("/nonexistent/roles")).unwrap_err();
        assert!(missing.to_string().contains("cannot read /nonexistent/roles"), "{missing}");
    }

    #[test]
    fn other_files_are_passed_over() {
        let files: [(&str, &[u8]); 3] =
            [("README.md", b"{{{"), (".x.yaml", b"{{{"), ("a.yaml", b"programs: [x]\n")];
        read(folder(&files).path()).unwrap();
        read(folder(&[]).path()).unwrap();
    }
}
