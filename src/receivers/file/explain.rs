//! Why a file cannot be read, and who may: the words for a person.

use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// Names the file, its mode and the group that may read it.
pub fn unreadable(path: &Path, error: &io::Error) -> String {
    let shown = path.display();
    if error.kind() != io::ErrorKind::PermissionDenied {
        return format!("cannot read {shown}: {error}");
    }
    let Ok(meta) = std::fs::metadata(path) else {
        return format!("cannot read {shown}: permission denied for one of its directories");
    };
    let mode = meta.mode() & 0o7777;
    let group = group_name(&std::fs::read_to_string("/etc/group").unwrap_or_default(), meta.gid())
        .unwrap_or_else(|| meta.gid().to_string());
    if mode & 0o040 != 0 {
        format!(
            "cannot read {shown}: permission denied (mode {mode:04o}); members of group {group} \
             may read it: add the user of seerflow to that group (usermod -aG {group} USER)"
        )
    } else {
        format!(
            "cannot read {shown}: permission denied (mode {mode:04o}); its group {group} may not \
             read it either: allow it (chmod g+r) and add the user of seerflow to that group"
        )
    }
}

/// The name of a group in the text of `/etc/group`.
fn group_name(groups: &str, gid: u32) -> Option<String> {
    groups.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        let id = fields.nth(1)?.parse::<u32>().ok()?;
        (id == gid).then(|| name.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn names_file_and_group() {
        assert_eq!(group_name("root:x:0:\nadm:x:4:syslog\n", 4).as_deref(), Some("adm"));
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("secret.log");
        std::fs::write(&path, "x").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
        let denied = io::Error::from(io::ErrorKind::PermissionDenied);
        let text = unreadable(&path, &denied);
        assert!(text.contains("secret.log") && text.contains("0640"), "{text}");
        assert!(text.contains("members of group "), "{text}");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        assert!(unreadable(&path, &denied).contains("may not read it either"));
        let missing = io::Error::from(io::ErrorKind::NotFound);
        assert!(unreadable(&path, &missing).contains("secret.log"));
    }
}
