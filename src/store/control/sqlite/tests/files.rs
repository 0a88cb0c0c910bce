//! The file: who may read it, what is refused, what a crash leaves.

use super::*;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};
use std::sync::atomic::AtomicBool;

fn path(dir: &TempDir) -> PathBuf {
    dir.path().join("seerflow.db")
}

/// Why a file is refused; it must be the same afterwards.
fn refused(path: &Path) -> StateError {
    let before = std::fs::read(path).unwrap();
    let error = SqliteStore::open(path).map(|_| ()).unwrap_err();
    assert_eq!(std::fs::read(path).unwrap(), before, "{error}");
    error
}

#[test]
fn only_the_owner_may_read_it() {
    let (dir, store) = store();
    store.put_alerts(&[write(alert("a"))], 1).unwrap();
    for entry in std::fs::read_dir(dir.path()).unwrap() {
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{:?}", entry.file_name());
    }
    let info = store.info().unwrap();
    assert_eq!((info.backend, info.schema), ("sqlite", schema::VERSION));
    assert!(info.bytes > 0);
}

#[test]
fn what_was_committed_is_there_after_reopening() {
    let (dir, store) = store();
    store.put_alerts(&[write(alert("a"))], 1).unwrap();
    let pragma = |name: &str| {
        let db = store.writer.lock().unwrap();
        db.pragma_query_value(None, name, |row| row.get::<_, i64>(0)).unwrap()
    };
    assert_eq!((pragma("synchronous"), pragma("foreign_keys")), (2, 1));
    drop(store);
    let again = SqliteStore::open(&path(&dir)).unwrap();
    assert!(again.alert("a").unwrap().is_some());
}

#[test]
fn every_older_schema_is_brought_up_to_date() {
    for version in 0..=schema::VERSION {
        let dir = tempfile::tempdir().unwrap();
        let mut db = Connection::open(path(&dir)).unwrap();
        schema::of_version(&mut db, version);
        let old = json(&alert("old"));
        if version > 0 {
            db.execute(
                "INSERT INTO alerts (alert_id, revision, status, alert_type, lens, rule_name,
                   rule_id, severity, start_ns, last_ns, stored_ns)
                 VALUES ('old', 0, 'open', 'ml', 'operations', 'x', 'y', 4, 5, 6, 7)",
                [],
            )
            .unwrap();
            db.execute(
                "INSERT INTO alert_revisions (n, revision, stored_ns, json) VALUES (1, 0, 7, ?1)",
                [&old],
            )
            .unwrap();
        }
        drop(db);
        let store = SqliteStore::open(&path(&dir)).unwrap();
        let found = store.alert("old").unwrap().map(|stored| json(&stored.alert));
        assert_eq!(found, (version > 0).then_some(old), "version {version}");
        store.put_alerts(&[write(alert("new"))], 1).unwrap();
        store.reset_templates("cli", 1).unwrap();
        drop(store);
        let db = Connection::open(path(&dir)).unwrap();
        let now = schema::inspect(&db, &path(&dir)).unwrap();
        assert_eq!(now, schema::VERSION);
    }
}

#[test]
fn a_newer_schema_is_refused() {
    let (dir, store) = store();
    drop(store);
    let db = Connection::open(path(&dir)).unwrap();
    db.pragma_update(None, "user_version", schema::VERSION + 1).unwrap();
    drop(db);
    let error = refused(&path(&dir));
    assert!(matches!(error, StateError::Newer { .. }), "{error:?}");
    assert_eq!(crate::Failure::from(error).exit_code.code(), 74);
}

#[test]
fn files_that_are_not_ours_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let foreign = dir.path().join("foreign.db");
    let db = Connection::open(&foreign).unwrap();
    db.execute_batch("CREATE TABLE letters (text TEXT); PRAGMA user_version = 1;").unwrap();
    drop(db);
    assert!(matches!(refused(&foreign), StateError::Foreign { .. }));
    let text = dir.path().join("notes.txt");
    std::fs::write(&text, "not a database at all\n".repeat(400)).unwrap();
    assert!(matches!(refused(&text), StateError::Damaged { .. }));
    let missing = dir.path().join("no/such/folder.db");
    assert!(matches!(SqliteStore::open(&missing), Err(StateError::Open { .. })));
    assert!(matches!(SqliteStore::open(dir.path()), Err(StateError::Open { .. })));
}

#[test]
fn a_damaged_file_is_refused_and_left_alone() {
    let (dir, store) = store();
    let many: Vec<_> = (0..200).map(|n| write(alert(&n.to_string()))).collect();
    store.put_alerts(&many, 1).unwrap();
    drop(store);
    let path = path(&dir);
    let whole = std::fs::read(&path).unwrap();
    let page = 4096;
    // The schema itself, and the pages of its tables.
    let mut found = 0;
    for at in (0..whole.len() / page).map(|n| n * page) {
        let mut bytes = whole.clone();
        let from = if at == 0 { 100 } else { at };
        bytes[from..from + 64].fill(0xff);
        std::fs::write(&path, &bytes).unwrap();
        match SqliteStore::open(&path) {
            Err(StateError::Damaged { .. }) => {
                found += 1;
                refused(&path);
            }
            Err(error) => panic!("page {}: {error:?}", at / page),
            // What is only text in a cell cannot be told from other text.
            Ok(store) => drop(store.alerts(&AlertQuery::default(), &PageRequest::page(1, 1000))),
        }
    }
    assert!(found > whole.len() / page / 2, "{found} of {}", whole.len() / page);
    std::fs::write(&path, &whole[..whole.len() / 2]).unwrap();
    assert!(matches!(refused(&path), StateError::Damaged { .. }));
}

/// Run by [`a_kill_between_writes_leaves_what_was_committed`] as a process of its own.
#[test]
#[ignore = "is the child of another test"]
fn child_that_writes_until_it_is_killed() {
    let path = PathBuf::from(std::env::var("SEERFLOW_TEST_DB").unwrap());
    let store = SqliteStore::open(&path).unwrap();
    for n in 0..u32::MAX {
        let id = format!("{n}");
        let batch = [
            write(revision(&id, 1, AlertStatus::Open)),
            write(revision(&id, 2, AlertStatus::Closed)),
        ];
        store.put_alerts(&batch, u64::from(n)).unwrap();
        std::fs::write(path.with_extension("acknowledged"), id).unwrap();
    }
}

#[test]
fn a_kill_between_writes_leaves_what_was_committed() {
    let dir = tempfile::tempdir().unwrap();
    for round in 1..=3u64 {
        let db = dir.path().join(format!("{round}.db"));
        let acknowledged = db.with_extension("acknowledged");
        let name = "store::control::sqlite::tests::files::child_that_writes_until_it_is_killed";
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", name, "--ignored"])
            .env("SEERFLOW_TEST_DB", &db)
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let enough = || {
            let text = std::fs::read_to_string(&acknowledged).unwrap_or_default();
            text.parse::<u64>().is_ok_and(|n| n >= 7 * round)
        };
        for _ in 0..3_000 {
            if enough() {
                break;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        child.kill().unwrap();
        child.wait().unwrap();
        let last: usize = std::fs::read_to_string(&acknowledged).unwrap().parse().unwrap_or(0);
        let store = SqliteStore::open(&db).unwrap();
        let page = store.alerts(&AlertQuery::default(), &PageRequest::page(1, 1000)).unwrap();
        assert!(page.total as usize > last, "{} stored, {last} acknowledged", page.total);
        for stored in page.items {
            assert_eq!(stored.alert.status, AlertStatus::Closed, "half a batch");
            assert_eq!(store.alert_revisions(&stored.alert.alert_id).unwrap().len(), 2);
        }
        let words = AlertQuery { text: Some("postgres".into()), ..AlertQuery::default() };
        let found = store.alerts(&words, &PageRequest::page(1, 1)).unwrap().total;
        assert_eq!(found, page.total);
    }
}

#[test]
fn readers_see_whole_batches_while_it_is_written() {
    let (_dir, store) = store();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let readers: Vec<_> = (0..6)
            .map(|_| {
                scope.spawn(|| {
                    let mut looks = 0;
                    while !done.load(Ordering::Acquire) {
                        let request = PageRequest::page(1, 1000);
                        let page = store.alerts(&AlertQuery::default(), &request).unwrap();
                        assert_eq!(page.total % 5, 0, "half a batch");
                        assert_eq!(page.items.len() as u64, page.total);
                        looks += 1;
                    }
                    looks
                })
            })
            .collect();
        for batch in 0..40 {
            let alerts: Vec<_> = (0..5).map(|n| write(alert(&format!("{batch}-{n}")))).collect();
            store.put_alerts(&alerts, 1).unwrap();
        }
        done.store(true, Ordering::Release);
        assert!(readers.into_iter().all(|reader| reader.join().unwrap() > 0));
    });
}

#[test]
fn paging_while_writing_gives_none_twice_and_none_missing() {
    let (_dir, store) = store();
    let at = |id: String, start: u64| write(Alert { timestamp_ns: start, ..alert(&id) });
    let old: Vec<_> = (0..150).map(|n| at(format!("{n:03}"), START + n / 7)).collect();
    store.put_alerts(&old, 1).unwrap();
    let (mut seen, mut request) = (Vec::new(), PageRequest::page(1, 11));
    for round in 0.. {
        let page = store.alerts(&AlertQuery::default(), &request).unwrap();
        seen.extend(ids(&page).into_iter().map(str::to_owned));
        // New ones begin later; known ones change.
        let mut again = alert("007");
        (again.revision, again.timestamp_ns) = (round + 1, START + 1);
        let new = at(format!("new{round}"), START + 1000 + u64::from(round));
        store.put_alerts(&[new, write(again)], 2).unwrap();
        match page.next_cursor {
            Some(cursor) => request = PageRequest::after(&cursor, 11),
            None => break,
        }
    }
    seen.retain(|id| !id.starts_with("new"));
    let count = seen.len();
    seen.sort();
    seen.dedup();
    assert_eq!((count, seen.len()), (150, 150));
}
