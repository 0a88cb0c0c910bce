//! A block says of its rows what the rows said.

use super::needle::Needle;
use super::part::Part;
use super::rows::Rows;
use super::support::{block, event, line, parser, rows, sealed, source};
use proptest::prelude::*;
use seerflow_model::Event;

/// All columns of two parts are the same.
fn same(one: &Part, other: &Part) {
    assert_eq!(one.rows(), other.rows());
    assert_eq!(one.span(), other.span());
    assert_eq!(one.severities(), other.severities());
    assert_eq!(one.times().unwrap(), other.times().unwrap());
    assert_eq!(one.seqs().unwrap(), other.seqs().unwrap());
    assert_eq!(one.severity().unwrap(), other.severity().unwrap());
    assert_eq!(one.formats().unwrap(), other.formats().unwrap());
    assert_eq!(one.flags().unwrap(), other.flags().unwrap());
    assert_eq!(one.probabilities().unwrap(), other.probabilities().unwrap());
    let (a, b) = (one.who().unwrap(), other.who().unwrap());
    for row in 0..one.rows() {
        assert_eq!(one.sources().unwrap().get(row), other.sources().unwrap().get(row));
        assert_eq!(one.templates().unwrap().get(row), other.templates().unwrap().get(row));
        assert_eq!(one.hosts().unwrap().get(row), other.hosts().unwrap().get(row));
        assert_eq!(one.programs().unwrap().get(row), other.programs().unwrap().get(row));
        assert!(a.of(row).eq(b.of(row)));
    }
}

fn events_of(part: &Part) -> Vec<Event> {
    let mut parser = parser();
    (0..part.rows()).map(|row| part.event(row, &mut parser).unwrap()).collect()
}

#[test]
fn events_come_back_as_they_were() {
    let (kept, events) = rows(0..2000);
    let sealed = sealed(&kept);
    let open = Part::of(kept);
    same(&open, &sealed);
    assert!(sealed.is_sealed() && !open.is_sealed());
    assert_eq!(events_of(&sealed), events);
    assert_eq!(events_of(&open), events);
    let written: Vec<u8> = events.iter().flat_map(|e| [e.raw(), e.end.bytes()].concat()).collect();
    let read: Vec<u8> = (0..2000).flat_map(|row| sealed.row(row).unwrap().bytes()).collect();
    assert_eq!(written, read);
    for (row, event) in events.iter().enumerate() {
        let key = (event.about(), event.source.id, event.seq);
        assert_eq!(sealed.key(row as u32).unwrap(), key);
    }
    assert!(sealed.row(2000).is_err() && open.row(2000).is_err());
}

#[test]
fn entities_lead_to_their_rows() {
    let (kept, events) = rows(0..500);
    let part = sealed(&kept);
    let mut seen = 0;
    for entity in part.who().unwrap().entities.iter() {
        let wanted: Vec<u32> = (0u32..)
            .zip(&events)
            .filter(|(_, event)| event.entities.iter().any(|e| e.key == entity.key))
            .map(|(row, _)| row)
            .collect();
        assert_eq!(part.entity_rows(entity.key).unwrap(), wanted);
        seen += wanted.len();
    }
    assert!(seen > 500);
    let unknown = (0..1000).filter(|key| part.may_hold_entity(*key).unwrap()).count();
    assert!(unknown < 50);
}

/// What a search finds is what looking into every event finds.
fn finds(parts: &[Part], events: &[Event], needle: &Needle) {
    let wanted: Vec<u32> = (0u32..)
        .zip(events)
        .filter(|(_, event)| needle.is_in_event(event))
        .map(|(row, _)| row)
        .collect();
    for part in parts {
        let hits = part.rows_with(needle).unwrap();
        assert!(wanted.is_empty() || part.may_hold(needle).unwrap(), "{needle:?}");
        let maybe = hits.maybe.iter().filter(|row| needle.is_in_event(&events[*row as usize]));
        let mut found: Vec<u32> = hits.sure.iter().chain(maybe).collect();
        found.sort_unstable();
        assert_eq!(found, wanted, "{needle:?} in a part that is {}", part.is_sealed());
    }
}

#[test]
fn needles_are_found_where_they_are() {
    let (kept, events) = rows(0..1500);
    let parts = [sealed(&kept), Part::of(kept)];
    for text in [
        "failed",
        "Failed password",
        "for root",
        "root from",
        "from 203.0.113.7",
        "203.0.113",
        "10",
        "ärger",
        "ÄRGER",
        "port",
        "ssh2",
        "änswer",
        "slow änswer",
        "u00e4nswer",
        "name",
        "host.name",
        "api-2",
        "\u{11}",
        "second line 5",
        "line",
        "xff",
        "xffa",
        "end",
        "2001:db8::1",
        "db8",
        "SRC=",
        "took",
        "user=bob took",
        "%)",
        "(",
        "no such words",
        "192.0.2.7",
        "lib/bob",
        "] :",
        "web-1 app",
    ] {
        finds(&parts, &events, &Needle::phrase(text).unwrap());
        finds(&parts, &events, &Needle::prefix(text).unwrap());
    }
    // Words of the records themselves.
    for event in events.iter().step_by(37) {
        let words: Vec<&str> = event.record().split_whitespace().collect();
        for pair in words.windows(2) {
            finds(&parts, &events, &Needle::phrase(&pair.join(" ")).unwrap());
        }
    }
}

#[test]
fn the_filter_says_no_to_most() {
    let (kept, _) = rows(0..3000);
    let part = sealed(&kept);
    let wrong = (0..1000u64)
        .map(|n| Needle::phrase(&format!("zq{n}x")).unwrap())
        .filter(|needle| part.may_hold(needle).unwrap())
        .count();
    // Four kinds of words are asked for, each wrong in 0.8 % of all cases.
    assert!(wrong < 60, "{wrong}");
    assert!(part.may_hold_value("10.1.2.3").is_ok());
}

#[test]
fn a_flipped_byte_is_told_or_without_effect() {
    let (kept, events) = rows(0..40);
    let bytes = super::encode::block(&kept, 7, 1).unwrap();
    for at in (0..bytes.len()).step_by(3) {
        let mut bad = bytes.clone();
        bad[at] ^= 0x20;
        let Some(head) = super::head::Head::len_of(&bad[..12])
            .and_then(|len| super::head::Head::decode(bad.get(..len)?))
        else {
            continue;
        };
        let file = tempfile::tempfile().unwrap();
        std::os::unix::fs::FileExt::write_all_at(&file, &bad, 0).unwrap();
        let data = super::data::Data::new("test".as_ref(), file);
        let cache = super::cache::Cache::new(1 << 20);
        let block = super::block::Block::new(data.into(), 0, head, cache.into());
        assert!(block.check().is_err() && block.is_damaged(), "byte {at}");
        let part = Part::sealed(block.into());
        for (row, event) in events.iter().enumerate() {
            if let Ok(read) = part.row(row as u32) {
                assert_eq!(read.raw, event.raw());
                assert_eq!(read.meta.seq, event.seq);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn any_records_come_back(
        records in prop::collection::vec(
            prop_oneof![
                prop::collection::vec(any::<u8>(), 0..80),
                "[a-z0-9 .:/=\"\\n]{0,60}".prop_map(String::into_bytes),
                (0u64..64).prop_map(line),
                (0usize..65_536, any::<u8>()).prop_map(|(len, byte)| vec![byte; len]),
            ], 1..40),
        times in prop::collection::vec(0u64..=seerflow_model::time::MAX_NS - 1_000_000, 40),
        seqs in prop::collection::vec(any::<u64>(), 40),
    ) {
        let mut parser = parser();
        let mut kept = Rows::default();
        let mut events = Vec::new();
        for (n, raw) in records.iter().enumerate() {
            let seq = if n % 2 == 0 { seqs[n] / 2 } else { n as u64 };
            let event = event(&mut parser, &source(n as u64 % 3), seq % 1000, times[n], raw);
            let event = Event { seq, ..event };
            kept.keep(&event, event.leaf, "text", 1.0);
            events.push(event);
        }
        let part = sealed(&kept);
        prop_assert_eq!(block(&kept).check().ok(), Some(()));
        let open = Part::of(kept);
        same(&open, &part);
        for (row, event) in events.iter().enumerate() {
            let read = part.row(row as u32).unwrap();
            prop_assert_eq!(&read.raw, event.raw());
            prop_assert_eq!(read.meta.seq, event.seq);
            prop_assert_eq!(read.meta.end, event.end);
            prop_assert_eq!(read.observed, event.observed_time);
            prop_assert_eq!(&part.event(row as u32, &mut parser).unwrap(), event);
        }
    }

    #[test]
    fn any_needle_is_found(
        records in prop::collection::vec("[ab1é. :=\"\\x11…-]{0,24}", 1..30), from in 0usize..20,
        len in 1usize..10, prefix: bool,
    ) {
        let mut parser = parser();
        let mut kept = Rows::default();
        let mut events = Vec::new();
        for (n, raw) in records.iter().enumerate() {
            let event = event(&mut parser, &source(1), n as u64, 5, raw.as_bytes());
            kept.keep(&event, event.leaf, "text", 1.0);
            events.push(event);
        }
        let text: String = records[from % records.len()].chars().skip(from % 5).take(len).collect();
        let needle = if prefix { Needle::prefix(&text) } else { Needle::phrase(&text) };
        if let Some(needle) = needle {
            finds(&[sealed(&kept), Part::of(kept)], &events, &needle);
        }
    }
}
