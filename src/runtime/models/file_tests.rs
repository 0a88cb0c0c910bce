use super::*;
use proptest::prelude::*;
use std::os::unix::fs::MetadataExt;

fn meaning() -> Meaning {
    Meaning {
        version: "1".into(),
        build: "0123".into(),
        bucket_seconds: 60,
        session_idle_seconds: 1800,
        redact: "0".into(),
    }
}

/// Two operators with a key each, and a table.
fn models() -> Models {
    let number = u64::to_le_bytes;
    // One row: key, no timer, last tick, settled, and where it stands.
    let way = |key: u64| {
        let state = [1, 1, 2, 3, 3].map(number).concat();
        [&number(1)[..], &number(key), &[0], &number(5), &[1], &state].concat()
    };
    let part = |key: u64| (("walks".to_owned(), seerflow_model::hash::group(key)), way(key));
    let mut state = Snapshot::from([part(1), part(2)]);
    state.insert(("judge".to_owned(), 0), number(0).to_vec());
    Models { state, until: 1_700_000_000_000_000_000, events: 42 }
}

fn saved(dir: &Path) -> Vec<u8> {
    Target::open(dir).unwrap().save(meaning(), &models()).unwrap();
    fs::read(dir.join(NAME)).unwrap()
}

#[test]
fn what_is_saved_is_read() {
    let base = tempfile::tempdir().unwrap();
    let dir = base.path().join("new/models");
    let bytes = saved(&dir);
    let mode = |path: &Path| fs::metadata(path).unwrap().mode() & 0o777;
    assert_eq!((mode(&dir), mode(&dir.join(NAME))), (0o700, 0o600));
    let back = read(&dir, &meaning()).unwrap();
    let own = models();
    assert_eq!((back.until, back.events), (own.until, own.events));
    assert_eq!(back.state, own.state);
    assert_eq!(saved(&dir), bytes, "saved over the old ones");
    assert_eq!(fs::read_dir(&dir).unwrap().count(), 1, "nothing else is left");
    drop(Target::open(&dir).unwrap());
    assert_eq!(fs::read(dir.join(NAME)).unwrap(), bytes, "a run that fails leaves them alone");
    assert_eq!(fs::read_dir(&dir).unwrap().count(), 1);
}

#[test]
fn a_directory_of_others_is_left_alone() {
    let base = tempfile::tempdir().unwrap();
    fs::write(base.path().join("letter"), "x").unwrap();
    let failure = Target::open(base.path()).unwrap_err();
    assert_eq!(failure.exit_code, ExitCode::Usage);
    assert_eq!(fs::read_dir(base.path()).unwrap().count(), 1);
    let failure = Target::open(&base.path().join("letter")).unwrap_err();
    assert!(failure.detail[0].contains("not a directory"), "{failure}");
    let failure = Target::open(&base.path().join("letter/models")).unwrap_err();
    assert_eq!(failure.exit_code, ExitCode::Storage);
    for dir in [base.path().to_owned(), base.path().join("letter"), base.path().join("none")] {
        let failure = read(&dir, &meaning()).unwrap_err();
        assert_eq!(failure.exit_code, ExitCode::Usage, "{failure}");
        assert!(failure.primary.contains("there are no models"), "{failure}");
    }
}

#[test]
fn other_meanings_are_refused_by_name() {
    let base = tempfile::tempdir().unwrap();
    let dir = base.path().join("m");
    saved(&dir);
    for (own, part) in [
        (
            Meaning { build: "0124".into(), ..meaning() },
            "another build: 1 (0123), this is 1 (0124)",
        ),
        (Meaning { bucket_seconds: 10, ..meaning() }, "detection.bucket_seconds was 60 there"),
        (
            Meaning { session_idle_seconds: 9, ..meaning() },
            "detection.session_idle_seconds was 1800 there and is 9 here",
        ),
        (Meaning { redact: "1".into(), ..meaning() }, "redacted with another key"),
    ] {
        let failure = read(&dir, &own).unwrap_err();
        assert_eq!(failure.exit_code, ExitCode::Usage);
        assert!(failure.detail[0].contains(part), "{failure}");
    }
}

#[test]
fn every_flipped_byte_and_every_cut_is_found() {
    let base = tempfile::tempdir().unwrap();
    let dir = base.path().join("m");
    let bytes = saved(&dir);
    let path = dir.join(NAME);
    for at in 0..bytes.len() {
        let mut other = bytes.clone();
        other[at] ^= 0x10;
        let failure = decode(&other, &meaning(), &path).unwrap_err();
        let code = if at < 8 { ExitCode::Usage } else { ExitCode::Storage };
        assert_eq!(failure.exit_code, code, "byte {at}: {failure}");
        let failure = decode(&bytes[..at], &meaning(), &path).unwrap_err();
        let code = if at == 0 { ExitCode::Storage } else { failure.exit_code };
        assert_eq!(code, ExitCode::Storage, "{at} bytes: {failure}");
    }
    let mut longer = bytes.clone();
    longer.push(0);
    assert!(decode(&longer, &meaning(), &path).is_err());
}

/// Parts that are whole by their checksums and still not what they say.
#[test]
fn what_an_operator_cannot_read_is_refused() {
    let base = tempfile::tempdir().unwrap();
    let dir = base.path().join("m");
    for (name, state, part) in [
        ("walks", vec![0xff; 64], "the state of walks"),
        ("walks", Vec::new(), "the state of walks"),
        ("nobody", vec![0; 8], "nothing here is called so"),
    ] {
        let state = Snapshot::from([((name.to_owned(), 3), state)]);
        let models = Models { state, until: 1, events: 1 };
        Target::open(&dir).unwrap().save(meaning(), &models).unwrap();
        let failure = read(&dir, &meaning()).unwrap_err();
        assert_eq!(failure.exit_code, ExitCode::Storage);
        assert!(failure.detail[0].contains(part), "{failure}");
    }
}

/// A head with true checksums that says anything of its parts.
fn forged(head: &Head, parts: &[u8]) -> Vec<u8> {
    let head = serde_json::to_vec(head).unwrap();
    let mut bytes = MAGIC.to_vec();
    bytes.extend_from_slice(&(head.len() as u32).to_le_bytes());
    bytes.extend_from_slice(&head);
    bytes.extend_from_slice(&crc32fast::hash(&bytes).to_le_bytes());
    bytes.extend_from_slice(parts);
    bytes.extend_from_slice(&crc32fast::hash(parts).to_le_bytes());
    bytes
}

proptest! {
    /// Whatever the parts are, reading them ends, with no more than the head allows.
    #[test]
    fn no_bytes_break_it(
        plain in prop::collection::vec(any::<u8>(), 0..300),
        parts in 0u64..5,
        bytes in prop::sample::select(vec![0, 10, 200, 1 << 40, u64::MAX]),
        coded in any::<bool>(),
    ) {
        let head = Head { meaning: meaning(), until_ns: 1, events: 1, parts, bytes };
        let payload =
            if coded { zstd::encode_all(&plain[..], 1).unwrap() } else { plain.clone() };
        let result = decode(&forged(&head, &payload), &meaning(), Path::new("x"));
        if let Err(failure) = result {
            prop_assert_eq!(failure.exit_code, ExitCode::Storage);
        }
        let _ = decode(&plain, &meaning(), Path::new("x"));
    }
}
