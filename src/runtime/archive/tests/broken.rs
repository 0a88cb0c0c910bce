//! Damaged, foreign and vanishing files: named errors, and the rest goes on.

use super::super::{Notice, paths};
use super::*;
use std::os::unix::fs::PermissionsExt;

fn text(records: u64) -> Vec<u8> {
    let line = |i| format!("{} host app: message {i}\n", rfc3339(BASE + i * SECOND));
    (0..records).map(line).collect::<String>().into_bytes()
}

#[test]
fn a_file_that_is_cut_short_gives_what_is_there() {
    for packing in [Packing::Gzip, Packing::Zstd, Packing::Bzip2, Packing::Xz] {
        let dir = tempfile::tempdir().unwrap();
        // Hardly compressible, so that a part of it is a part of the text.
        let mut state = 1u64;
        let text: String = (0..20_000u64)
            .map(|i| {
                state = seerflow_model::hash::mix(state);
                format!("{} host app: {state:x}\n", rfc3339(BASE + i * SECOND))
            })
            .collect();
        let whole = pack(text.as_bytes(), packing);
        let path = write(dir.path(), "cut", &whole[..whole.len() / 2], BASE);
        let good = write(dir.path(), "good", b"2026-03-24T00:00:00Z fine\n", BASE);
        let plan = scan(&[path.clone(), good], &small(dir.path(), 10_000));
        let named: Vec<String> = plan.problems().iter().map(|p| p.to_string()).collect();
        assert!(named.len() == 1 && named[0].contains("damaged or cut short"), "{named:?}");
        assert!(named[0].contains(&*path.to_string_lossy()), "{named:?}");
        let records = plan.summary().records;
        let ran = run(plan, 2);
        assert_eq!(ran.records.len() as u64, records);
        let files = by_file(&ran.records);
        assert_eq!(files["good"].len(), 1);
        if packing != Packing::Bzip2 {
            assert!(files["cut"].len() > 1000, "{packing:?}");
        }
        assert_eq!(ran.progress.changed.load(Ordering::Relaxed), 0, "{packing:?}");
    }
}

#[test]
fn damage_in_the_middle_is_no_panic() {
    for packing in [Packing::Gzip, Packing::Zstd, Packing::Bzip2, Packing::Xz] {
        let dir = tempfile::tempdir().unwrap();
        let mut bytes = pack(&text(5000), packing);
        let at = bytes.len() / 2;
        for byte in &mut bytes[at..at + 20] {
            *byte ^= 0x5a;
        }
        let path = write(dir.path(), "hurt", &bytes, BASE);
        let plan = scan(&[path], &small(dir.path(), 5_000));
        assert_eq!(plan.problems().len(), 1, "{packing:?}");
        let records = plan.summary().records;
        assert_eq!(run(plan, 2).records.len() as u64, records);
    }
}

#[test]
fn what_is_no_file_is_named_and_the_rest_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let good = write(dir.path(), "good", &text(10), BASE);
    let empty = write(dir.path(), "empty", b"", BASE);
    let folder = dir.path().join("folder");
    fs::create_dir(&folder).unwrap();
    let gone = dir.path().join("gone\x1b[31m");
    let pipe = dir.path().join("pipe");
    rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, rustix::fs::Mode::RUSR).unwrap();
    let plan = scan(&[good, empty.clone(), folder, gone, pipe], &small(dir.path(), 100));
    let problems = plan.problems();
    assert_eq!(problems.len(), 3);
    assert!(problems.iter().any(|p| matches!(p, Problem::NotAFile { directory: true, .. })));
    assert!(problems.iter().any(|p| matches!(p, Problem::NotAFile { directory: false, .. })));
    assert!(problems.iter().all(|p| !p.to_string().contains('\x1b')));
    assert!(plan.notices().contains(&Notice::Empty { path: empty }));
    assert_eq!(run(plan, 2).records.len(), 10);
}

#[test]
fn a_refused_file_names_the_group_that_may() {
    let dir = tempfile::tempdir().unwrap();
    let path = write(dir.path(), "secret", &text(10), BASE);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o040)).unwrap();
    let refused = std::io::Error::from(std::io::ErrorKind::PermissionDenied);
    let said = Problem::unreadable(&path, &refused).to_string();
    assert!(said.contains("permission denied (mode 0040, group "), "{said}");
    // Whoever may read everything sees no refusal.
    let plan = scan(std::slice::from_ref(&path), &small(dir.path(), 100));
    assert_eq!(plan.problems().len() + plan.summary().files, 1);
}

#[test]
fn a_file_that_changes_between_the_passes_is_named_once() {
    let dir = tempfile::tempdir().unwrap();
    let shorter = write(dir.path(), "shorter", &text(1000), BASE);
    let other = write(dir.path(), "other", &text(1000), BASE);
    let gone = write(dir.path(), "gone", &text(1000), BASE);
    let packed = write(dir.path(), "packed", &pack(&text(1000), Packing::Gzip), BASE);
    let paths = [shorter.clone(), other.clone(), gone.clone(), packed.clone()];
    let plan = scan(&paths, &small(dir.path(), 1000));
    write(dir.path(), "shorter", &text(500), BASE + SECOND);
    write(dir.path(), "other", &b"nothing as it was \xff\n".repeat(5000), BASE);
    write(dir.path(), "packed", &pack(&text(300), Packing::Gzip), BASE);
    fs::remove_file(&gone).unwrap();
    let ran = run(plan, 3);
    assert_eq!(ran.progress.changed.load(Ordering::Relaxed), 3);
    let problems = ran.problems();
    for path in [shorter, other, packed] {
        assert!(problems.contains(&Problem::Changed { path }));
    }
    assert!(
        problems.iter().any(|p| matches!(p, Problem::Unreadable { path, .. } if *path == gone))
    );
    let files = by_file(&ran.records);
    assert_eq!(files["shorter"].len(), 500);
    assert_eq!(files["packed"].len(), 300);
}

#[test]
fn folders_and_patterns_give_their_files_once() {
    let dir = tempfile::tempdir().unwrap();
    let inner = dir.path().join("inner");
    fs::create_dir(&inner).unwrap();
    let a = write(dir.path(), "a.log", b"", BASE);
    let b = write(&inner, "b.log", b"", BASE);
    write(&inner, ".hidden", b"", BASE);
    std::os::unix::fs::symlink(dir.path(), inner.join("up")).unwrap();
    let (files, problems) = paths::expand(&[dir.path().to_owned(), dir.path().join("*.log")]);
    assert_eq!((files, problems), (vec![a, b], vec![]));
    let missing = dir.path().join("*.nothing");
    let (files, problems) = paths::expand(std::slice::from_ref(&missing));
    assert_eq!((files, problems), (vec![], vec![Problem::NoMatch { path: missing }]));
}
