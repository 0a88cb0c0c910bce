//! The search over a store on disk: sealed, merged, opened again, written to meanwhile, damaged.

use super::super::{EventQuery, NoAliases, Order, Place, events, parse};
use super::oracle::{WORDS, keys, naive, paged, stored};
use super::support::{Stored, parser};
use crate::runtime::clock::Clock;
use crate::store::events::{EventStore, Options, Origin, Retention, Snapshot, Writer};
use std::path::Path;
use std::sync::Arc;

fn open(dir: &Path) -> Arc<EventStore> {
    let retention =
        Retention { max_age: None, max_bytes: None, max_disk_share: 1.0, disk_full: 1.0 };
    let options = Options { background: false, retention, ..Options::default() };
    EventStore::open(dir, options, Clock::system()).unwrap().0
}

fn keep(writer: &mut Writer, all: &[Stored]) {
    for stored in all {
        writer.store(&stored.event, stored.template, "a template", stored.probability);
    }
    writer.show();
}

/// Events of every kind, with times that run back and forth.
fn many(count: u32) -> Vec<Stored> {
    let kinds: Vec<_> = (0..u64::from(count))
        .map(|n| {
            let r = seerflow_model::hash::mix(n);
            let byte = |at: u32| (r >> (8 * at)) as u8;
            (byte(0) % 8, byte(1), byte(2), 1 + byte(3) % 5, byte(4) % 40, byte(5) % 4)
        })
        .collect();
    stored(&kinds)
}

fn check(snapshot: &Snapshot, all: &[Stored]) -> usize {
    let mut fit = 0;
    for words in WORDS {
        for order in [Order::Newest, Order::Oldest] {
            let q = parse(words).unwrap();
            let query = EventQuery { q, order, limit: 100, ..EventQuery::default() };
            let wanted = naive(all, &query);
            let found: Vec<_> =
                paged(snapshot, &query).iter().flat_map(|page| keys(&page.items)).collect();
            assert_eq!(found, wanted, "{words}");
            fit += usize::from(!wanted.is_empty());
        }
    }
    fit
}

#[test]
fn sealed_merged_and_opened_again_it_finds_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let all = many(400);
    let store = open(dir.path());
    let mut writers = [0, 1].map(|worker| store.writer(worker, Origin::Live).unwrap());
    for (at, chunk) in all.chunks(25).enumerate() {
        keep(&mut writers[at % 2], chunk);
        if at < 14 {
            store.seal();
        }
    }
    // Words that fit nothing would prove nothing.
    let fit = check(&store.snapshot(), &all);
    assert!(fit > WORDS.len(), "{fit}");
    let before = store.snapshot();
    store.seal();
    while store.merge().unwrap() {}
    check(&store.snapshot(), &all);
    check(&before, &all);
    drop((writers, store));
    let store = open(dir.path());
    assert_eq!(store.snapshot().events(), 400);
    check(&store.snapshot(), &all);
}

#[test]
fn pages_stay_while_others_write() {
    let dir = tempfile::tempdir().unwrap();
    let all = many(1_500);
    let store = open(dir.path());
    let mut writer = store.writer(0, Origin::Live).unwrap();
    let (first, later) = all.split_at(1_000);
    keep(&mut writer, first);
    let mut later = later.chunks(40);
    let mut query = EventQuery { limit: 100, ..EventQuery::default() };
    let wanted = naive(first, &query);
    let (mut found, mut totals) = (Vec::new(), Vec::new());
    loop {
        // Every page sees a newer store: more events at every time, some blocks, some merged.
        let page = events(&store.snapshot(), &query, &mut parser(), &NoAliases).unwrap();
        found.extend(keys(&page.items));
        totals.push(page.total.unwrap().events);
        let Some(cursor) = page.next else { break };
        query.place = Place::After(cursor);
        if let Some(chunk) = later.next() {
            keep(&mut writer, chunk);
            store.seal();
            store.merge().unwrap();
        }
    }
    let mut once = found.clone();
    once.sort_unstable();
    once.dedup();
    assert_eq!(once.len(), found.len(), "none comes twice");
    assert!(wanted.iter().all(|key| once.binary_search(key).is_ok()), "none is missing");
    assert!(found.len() > 1_000, "new ones behind the cursor come too");
    assert!(totals.iter().all(|total| *total == 1_000), "{totals:?}");
}

#[test]
fn a_damaged_part_is_left_out_and_told() {
    let dir = tempfile::tempdir().unwrap();
    let all = many(200);
    let store = open(dir.path());
    let mut writer = store.writer(0, Origin::Live).unwrap();
    for chunk in all.chunks(100) {
        keep(&mut writer, chunk);
        store.seal();
    }
    drop((writer, store));
    let files: Vec<_> =
        std::fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
    let segment = |path: &&std::path::PathBuf| path.extension().is_some_and(|ext| ext == "seg");
    let first = files.iter().filter(segment).min().unwrap();
    let sound = std::fs::read(first).unwrap();
    let query = EventQuery { limit: 1_000, ..EventQuery::default() };
    let (whole, second) = (naive(&all, &query), naive(&all[100..], &query));
    let mut told = 0;
    for at in (64..sound.len()).step_by(97) {
        let dir = tempfile::tempdir().unwrap();
        for file in files.iter().filter(|file| file.is_file()) {
            std::fs::copy(file, dir.path().join(file.file_name().unwrap())).unwrap();
        }
        let mut bad = sound.clone();
        bad[at] ^= 0x10;
        std::fs::write(dir.path().join(first.file_name().unwrap()), &bad).unwrap();
        let store = open(dir.path());
        let page = events(&store.snapshot(), &query, &mut parser(), &NoAliases).unwrap();
        let found = keys(&page.items);
        assert!(found == whole || found == second, "byte {at}: {} found", found.len());
        assert_eq!(page.total.unwrap().events, found.len() as u64, "byte {at}");
        told += page.damaged;
    }
    assert!(told > 0, "some damage shows only when a column is read");
}
