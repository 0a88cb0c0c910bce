//! The store as a whole: what was kept is there, once, whatever happens in between.

use super::footer::Origin;
use super::manifest::{Manifest, parse_name};
use super::needle::Needle;
use super::part::Snapshot;
use super::store::{EventStore, Options, Retention};
use super::support::{event, line, parser, source};
use crate::runtime::clock::{Clock, ManualClock};
use seerflow_model::Event;
use seerflow_model::time::SECOND;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

const NOW: u64 = 1_800_000_000 * SECOND;

fn options() -> Options {
    let retention =
        Retention { max_age: None, max_bytes: None, max_disk_share: 1.0, disk_full: 1.0 };
    Options { background: false, retention, ..Options::default() }
}

/// A directory, in memory where there is one: what is synced here need not survive.
fn temporary() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

fn clock() -> (Clock, ManualClock) {
    Clock::manual(NOW)
}

fn open(dir: &Path) -> (Arc<EventStore>, super::Opened) {
    EventStore::open(dir, options(), clock().0).unwrap()
}

/// Events with numbers, of the source with number `n % 3`.
fn events(numbers: impl IntoIterator<Item = u64>) -> Vec<Event> {
    let mut parser = parser();
    let sources: Vec<_> = (1..4).map(source).collect();
    numbers
        .into_iter()
        .map(|n| event(&mut parser, &sources[n as usize % 3], n, NOW + n * 1000, &line(n)))
        .collect()
}

fn keep(store: &EventStore, worker: u16, events: &[Event]) -> usize {
    let mut writer = store.writer(worker, Origin::Live).unwrap();
    let new = events.iter().filter(|event| writer.store(event, 7, "text", 0.5)).count();
    writer.show();
    new
}

/// All records of a snapshot, by source and position; none may be there twice.
fn records(snapshot: &Snapshot) -> BTreeMap<(u64, u64), Vec<u8>> {
    let mut all = BTreeMap::new();
    for part in snapshot.parts() {
        for row in 0..part.rows() {
            let row = part.row(row).unwrap();
            let key = (row.source.id, row.meta.seq);
            assert_eq!(all.insert(key, row.bytes()), None, "{key:?} is there twice");
        }
    }
    all
}

fn wanted(events: &[Event]) -> BTreeMap<(u64, u64), Vec<u8>> {
    let bytes = |event: &Event| [event.raw(), event.end.bytes()].concat();
    events.iter().map(|event| ((event.source.id, event.seq), bytes(event))).collect()
}

fn files(dir: &Path) -> Vec<PathBuf> {
    let mut files: Vec<_> = std::fs::read_dir(dir).unwrap().map(|e| e.unwrap().path()).collect();
    files.sort();
    files
}

fn segments(dir: &Path) -> Vec<PathBuf> {
    files(dir).into_iter().filter(|path| parse_name(path).is_some()).collect()
}

fn copy(from: &Path, to: &Path) {
    for file in files(to) {
        std::fs::remove_file(file).unwrap();
    }
    for file in files(from) {
        std::fs::copy(&file, to.join(file.file_name().unwrap())).unwrap();
    }
}

#[test]
fn events_are_seen_when_they_are_shown_and_after_reopening() {
    let dir = temporary();
    let all = events(0..40);
    let (store, opened) = open(dir.path());
    assert_eq!(opened, super::Opened::default());
    let mut writer = store.writer(0, Origin::Live).unwrap();
    for event in &all {
        assert!(writer.store(event, 7, "text", 1.0));
    }
    assert_eq!(store.snapshot().events(), 0);
    writer.show();
    let snapshot = store.snapshot();
    assert_eq!(records(&snapshot), wanted(&all));
    store.seal();
    assert_eq!(records(&store.snapshot()), wanted(&all));
    assert!(store.snapshot().parts().iter().all(|part| part.is_sealed()));
    store.close();
    // What was taken before stays readable.
    assert_eq!(records(&snapshot), wanted(&all));
    assert_eq!(store.stats().events, 40);
    let (store, opened) = open(dir.path());
    assert_eq!((opened.segments, opened.events, opened.rebuilt), (1, 40, 0));
    assert_eq!(records(&store.snapshot()), wanted(&all));
    let stats = store.stats();
    assert_eq!((stats.events, stats.segments, stats.lost), (40, 1, 0));
    use std::os::unix::fs::MetadataExt;
    for file in files(dir.path()) {
        assert_eq!(file.metadata().unwrap().mode() & 0o777, 0o600, "{file:?}");
    }
}

#[test]
fn what_was_stored_before_is_not_stored_again() {
    let dir = temporary();
    let all = events(0..300);
    keep(&open(dir.path()).0, 0, &all[..200]);
    let (store, _) = open(dir.path());
    assert_eq!(keep(&store, 1, &all), 100);
    assert_eq!(store.stats().already_stored, 200);
    drop(store);
    let (store, _) = open(dir.path());
    assert_eq!(keep(&store, 2, &all), 0);
    assert_eq!(records(&store.snapshot()), wanted(&all));
}

#[test]
fn rows_that_wait_are_written_by_the_clock() {
    let dir = temporary();
    let (clock, hand) = clock();
    let (store, _) = EventStore::open(dir.path(), options(), clock).unwrap();
    keep(&store, 0, &events(0..10));
    assert_eq!(store.stats().blocks, 0);
    let until = |what: &dyn Fn() -> bool| {
        (0..200).any(|_| {
            std::thread::sleep(std::time::Duration::from_millis(50));
            what()
        })
    };
    hand.advance(5 * SECOND);
    assert!(until(&|| store.stats().blocks == 1));
    assert_eq!(store.stats().segments, 0);
    hand.advance(300 * SECOND);
    assert!(until(&|| store.stats().segments == 1));
    assert_eq!(store.snapshot().events(), 10);
}

#[test]
fn merged_segments_hold_what_they_held_apart() {
    let dir = temporary();
    let all = events(0..480);
    let (store, _) = open(dir.path());
    for chunk in all.chunks(30) {
        keep(&store, 0, chunk);
        store.seal();
    }
    let before = store.snapshot();
    assert_eq!((store.stats().segments, segments(dir.path()).len()), (16, 16));
    while store.merge().unwrap() {}
    assert_eq!((store.stats().segments, segments(dir.path()).len()), (2, 2));
    assert_eq!(records(&store.snapshot()), wanted(&all));
    assert_eq!(records(&before), wanted(&all));
    let mut parser = parser();
    let after = store.snapshot();
    let read: Vec<Event> = (after.parts().iter())
        .flat_map(|part| {
            (0..part.rows()).map(|row| part.event(row, &mut parser).unwrap()).collect::<Vec<_>>()
        })
        .collect();
    assert_eq!(read, all);
    for text in ["failed password", "änswer", "api-1", "192.0.2.7", "bob", "203.0.113", "xfe"] {
        let needle = Needle::phrase(text).unwrap();
        let find = |snapshot: &Snapshot| -> Vec<usize> {
            let mut at = 0;
            let mut found = Vec::new();
            for part in snapshot.parts() {
                let hits = part.rows_with(&needle).unwrap();
                let may = part.may_hold(&needle).unwrap();
                for row in 0..part.rows() {
                    let event = &all[at];
                    let hit = hits.sure.contains(row)
                        || hits.maybe.contains(row) && needle.is_in_event(event);
                    assert!(may || !hit);
                    found.extend(hit.then_some(at));
                    at += 1;
                }
            }
            found
        };
        assert_eq!(find(&after), find(&before), "{text}");
        assert!(!find(&after).is_empty(), "{text}");
    }
    let key = all[0].entities[0].key;
    let rows = |snapshot: &Snapshot| -> usize {
        snapshot.parts().iter().map(|part| part.entity_rows(key).unwrap().len()).sum()
    };
    assert_eq!(rows(&after), rows(&before));
    drop(store);
    let (store, opened) = open(dir.path());
    assert_eq!((opened.segments, opened.leftovers, opened.missing), (2, 0, 0));
    assert_eq!(records(&store.snapshot()), wanted(&all));
    assert_eq!(keep(&store, 3, &all), 0);
}

#[test]
fn a_crash_of_a_merge_loses_and_doubles_nothing() {
    let (dir, old) = (temporary(), temporary());
    let all = events(0..160);
    let (store, _) = open(dir.path());
    for chunk in all.chunks(20) {
        keep(&store, 0, chunk);
        store.seal();
    }
    store.close();
    copy(dir.path(), old.path());
    assert!(store.merge().unwrap());
    let merged = segments(dir.path());
    assert_eq!(merged.len(), 1);
    let merged_name = merged[0].file_name().unwrap();
    let again = temporary();
    let check = |what: &str, leftovers: u64, prepare: &dyn Fn(&Path)| {
        copy(old.path(), again.path());
        prepare(again.path());
        for round in 0..2 {
            let (store, opened) = open(again.path());
            assert_eq!(records(&store.snapshot()), wanted(&all), "{what}");
            let left = if round == 0 { leftovers } else { 0 };
            assert_eq!((opened.leftovers, opened.missing), (left, 0), "{what}");
        }
    };
    let bytes = std::fs::read(&merged[0]).unwrap();
    check("half written", 1, &|dir| {
        let half = dir.join(merged_name).with_extension("tmp");
        std::fs::write(half, &bytes[..bytes.len() / 2]).unwrap();
    });
    check("renamed", 1, &|dir| std::fs::write(dir.join(merged_name), &bytes).unwrap());
    check("renamed, and no manifest", 8, &|dir| {
        std::fs::write(dir.join(merged_name), &bytes).unwrap();
        std::fs::remove_file(dir.join("manifest")).unwrap();
    });
    check("listed, and none removed", 8, &|to| {
        std::fs::write(to.join(merged_name), &bytes).unwrap();
        std::fs::copy(dir.path().join("manifest"), to.join("manifest")).unwrap();
    });
    check("listed, and some removed", 5, &|to| {
        std::fs::write(to.join(merged_name), &bytes).unwrap();
        std::fs::copy(dir.path().join("manifest"), to.join("manifest")).unwrap();
        segments(to)[..3].iter().for_each(|file| std::fs::remove_file(file).unwrap());
    });
    check("a new manifest half written", 1, &|dir| {
        std::fs::write(dir.join("manifest.tmp"), b"{\"version\":1,").unwrap();
    });
    check("a damaged manifest", 0, &|dir| std::fs::write(dir.join("manifest"), b"{}").unwrap());
}

/// A store with one segment of one block: its file.
fn one_file(dir: &Path, events: &[Event]) -> PathBuf {
    keep(&open(dir).0, 0, events);
    segments(dir)[0].clone()
}

#[test]
fn a_torn_end_is_cut_at_every_byte() {
    let dir = temporary();
    let all = events(0..9);
    let file = one_file(dir.path(), &all);
    let whole = std::fs::read(&file).unwrap();
    for len in 0..whole.len() {
        std::fs::write(&file, &whole[..len]).unwrap();
        let (store, opened) = open(dir.path());
        let found = records(&store.snapshot());
        assert!(found.is_empty() || found == wanted(&all), "cut at {len}");
        let complete = opened.events == 9;
        assert!(complete || opened.cut_bytes > 0 || len <= 17, "cut at {len}");
        assert!(opened.problems.is_empty());
        // What was cut can be stored again, and once only.
        if len.is_multiple_of(16) {
            assert_eq!(keep(&store, 0, &all) == 0, complete);
            drop(store);
            assert_eq!(records(&open(dir.path()).0.snapshot()), wanted(&all), "cut at {len}");
        }
        for file in files(dir.path()) {
            std::fs::remove_file(file).unwrap();
        }
    }
}

#[test]
fn a_flipped_byte_is_told_and_never_believed() {
    let (dir, old) = (temporary(), temporary());
    let all = events(0..9);
    one_file(old.path(), &all);
    copy(old.path(), dir.path());
    let file = segments(dir.path())[0].clone();
    let whole = std::fs::read(&file).unwrap();
    let (mut harmless, mut told) = (0, 0);
    for at in 0..whole.len() {
        copy(old.path(), dir.path());
        let mut bad = whole.clone();
        bad[at] ^= 1 << (at % 8);
        std::fs::write(&file, &bad).unwrap();
        let (store, opened) = open(dir.path());
        let (mut wrong, mut read) = (0, 0);
        for part in store.snapshot().parts() {
            let _ = part.who();
            let _ = part.may_hold_entity(1);
            let (templates, hosts, programs) = (part.templates(), part.hosts(), part.programs());
            wrong += u64::from(templates.is_err() || hosts.is_err() || programs.is_err());
            for row in 0..part.rows() {
                match part.row(row) {
                    Ok(row) => {
                        let event = all
                            .iter()
                            .find(|e| (e.source.id, e.seq) == (row.source.id, row.meta.seq));
                        assert_eq!(event.map(Event::raw), Some(&*row.raw), "byte {at}");
                        read += 1;
                    }
                    Err(error) => {
                        assert!(error.is_damage());
                        wrong += 1;
                    }
                }
            }
        }
        let damage = opened.rebuilt + opened.cut_bytes + opened.set_aside + store.stats().set_aside;
        assert!(read == 9 || damage > 0, "byte {at}");
        assert!(wrong == 0 || store.snapshot().events() == 0, "byte {at}");
        harmless += u64::from(damage == 0);
        told += u64::from(damage > 0);
    }
    // The copy of the block's head, the head of the file and the positions are not needed.
    assert!(told > harmless, "{told} told, {harmless} without effect");
}

#[test]
fn damage_between_good_blocks_is_set_aside() {
    let dir = temporary();
    let all = events(0..60);
    let path = dir.path().join("00000-00000001.seg");
    let cache = Arc::new(super::cache::Cache::new(1 << 20));
    let mut appender =
        super::appender::Appender::create(&path, 1, Origin::Live, 5, &cache).unwrap();
    let mut ends = vec![appender.bytes];
    for chunk in all.chunks(20) {
        let mut rows = super::Rows::default();
        chunk.iter().for_each(|event| rows.keep(event, 1, "t", 1.0));
        appender.append(&rows, 5, true).unwrap();
        ends.push(appender.bytes);
    }
    drop(appender);
    let whole = std::fs::read(&path).unwrap();
    for (at, good) in [(ends[1] + 3, true), (ends[1] + 40, true), (ends[2] - 2, true), (3, false)] {
        let mut bad = whole.clone();
        bad[at as usize] ^= 0x55;
        std::fs::write(&path, &bad).unwrap();
        let (store, opened) = open(dir.path());
        let mut kept = all.clone();
        if good {
            kept.drain(20..40);
        }
        assert_eq!(records(&store.snapshot()), wanted(&kept), "byte {at}");
        assert_eq!((opened.set_aside, opened.cut_bytes, opened.rebuilt), (u64::from(good), 0, 1));
        drop(store);
        let (_, opened) = open(dir.path());
        assert_eq!((opened.rebuilt, opened.events), (0, kept.len() as u64));
        std::fs::remove_file(dir.path().join("manifest")).unwrap();
    }
    // A torn block behind two good ones.
    std::fs::write(&path, &whole[..whole.len() - 1]).unwrap();
    let (store, opened) = open(dir.path());
    assert_eq!(records(&store.snapshot()), wanted(&all[..40]));
    assert_eq!(opened.cut_bytes, ends[3] - ends[2] - 1);
}

#[test]
fn a_record_cannot_pass_for_a_block() {
    let dir = temporary();
    // A whole block as text of a record, then the block that holds it is torn.
    let (forged, _) = super::support::rows(0..3);
    let forged = super::encode::block(&forged, 7, 1).unwrap();
    let mut parser = parser();
    let bait = event(&mut parser, &source(1), 1, NOW, &forged);
    let file = one_file(dir.path(), &[bait]);
    let whole = std::fs::read(&file).unwrap();
    let at = super::head::Head::find(&whole).unwrap();
    for len in [whole.len() - 30, at + 5 + (whole.len() - at) / 2] {
        let mut bad = whole[..len].to_vec();
        bad[at + 20] ^= 1;
        std::fs::write(&file, &bad).unwrap();
        let (store, _) = open(dir.path());
        assert_eq!(store.snapshot().events(), 0);
        drop(store);
        files(dir.path()).iter().for_each(|file| std::fs::remove_file(file).unwrap());
    }
}

#[test]
fn old_segments_are_forgotten() {
    let dir = temporary();
    let (clock, hand) = clock();
    let keep_for = Retention { max_age: Some(100 * SECOND), ..options().retention };
    let options = Options { retention: keep_for, ..options() };
    let (store, _) = EventStore::open(dir.path(), options, clock.clone()).unwrap();
    let all = events(0..30);
    for chunk in all.chunks(10) {
        keep(&store, 0, chunk);
        store.seal();
        hand.advance(60 * SECOND);
    }
    let before = store.snapshot();
    assert_eq!(store.expire(clock.now()).unwrap(), 20);
    assert_eq!(records(&store.snapshot()), wanted(&all[20..]));
    assert_eq!(records(&before), wanted(&all));
    assert_eq!((store.stats().expired_age, segments(dir.path()).len()), (20, 1));
    assert_eq!(store.expire(clock.now()).unwrap(), 0);
    drop(store);
    // Numbers are not used again.
    let manifest = Manifest::read(dir.path()).unwrap().unwrap();
    assert_eq!(manifest.next.get(&0), Some(&4));
}

#[test]
fn readers_see_a_whole_prefix_while_all_is_moving() {
    let dir = temporary();
    let all = events(0..6000);
    let small = Options { segment_rows: 500, ..options() };
    let (store, _) = EventStore::open(dir.path(), small, clock().0).unwrap();
    std::thread::scope(|scope| {
        let writing = scope.spawn(|| {
            let mut writer = store.writer(0, Origin::Live).unwrap();
            for (n, event) in all.iter().enumerate() {
                writer.store(event, 7, "text", 1.0);
                writer.show();
                if n % 60 == 59 {
                    store.seal();
                }
                if n % 700 == 699 {
                    store.merge().unwrap();
                }
            }
        });
        let mut last = 0;
        while !writing.is_finished() {
            let snapshot = store.snapshot();
            let seqs: Vec<u64> =
                snapshot.parts().iter().flat_map(|part| part.seqs().unwrap().to_vec()).collect();
            assert!(seqs.len() >= last);
            assert!(seqs.iter().copied().eq(0..seqs.len() as u64));
            last = seqs.len();
        }
    });
    while store.merge().unwrap() {}
    assert_eq!(records(&store.snapshot()), wanted(&all));
    assert!(store.stats().merges > 5);
}
