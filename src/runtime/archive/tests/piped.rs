//! What is read once: late beyond the lateness, otherwise as if it had been scanned.

use super::super::{OnePass, PIPE_LATENESS, Window};
use super::*;
use proptest::prelude::*;
use seerflow_parsing::lines::Options;
use seerflow_parsing::time::{YearPolicy, Zone};

/// Reads a text once; checks that no record is below what was promised before it was sent.
fn once(text: &[u8], source: &str, workers: usize) -> Vec<Got> {
    let (senders, receivers) = lanes(workers, 2);
    let state = Arc::new(PortState::default());
    let mut port = Port::new(1, senders, state.clone());
    let how = OnePass {
        source: Arc::new(SourceInfo::plain(1, source, ReceiverKind::Archive, "file")),
        observed: BASE,
        zone: Zone::Utc,
        year: YearPolicy::NotAfter(BASE),
        lines: Options::default(),
        lateness: PIPE_LATENESS,
        window: Window::ALL,
    };
    let lanes: Vec<_> = receivers
        .into_iter()
        .map(|lane| {
            std::thread::spawn(move || {
                let mut records = Vec::new();
                for feed in lane.rx.into_iter() {
                    let Load::Batch(batch) = feed.load else { panic!("work") };
                    for meta in &batch.records {
                        assert!(meta.effective >= feed.floor);
                        records.push(Got {
                            effective: meta.effective,
                            source: batch.source.name.clone(),
                            seq: meta.seq,
                            event: meta.event_time,
                            flags: meta.flags.0,
                            text: batch.bytes_of(meta).to_vec(),
                        });
                    }
                }
                records
            })
        })
        .collect();
    let progress = Progress::default();
    let newest = how.read(&mut &text[..], Path::new("pipe"), &mut port, &progress).unwrap();
    drop(port);
    let mut records: Vec<Got> = lanes.into_iter().flat_map(|l| l.join().unwrap()).collect();
    records.sort();
    assert_eq!(records.last().map(|r| r.effective), newest);
    assert_eq!(state.accepted.load(Ordering::Relaxed), records.len() as u64);
    assert!(state.closed());
    records
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

    #[test]
    fn in_order_within_the_lateness_it_is_what_a_scan_gives(
        jitter in prop::collection::vec(0u64..55, 0..6000),
        far in prop::collection::vec(any::<prop::sample::Index>(), 0..3),
        workers in 1usize..4,
    ) {
        let mut times: Vec<Ns> =
            jitter.iter().enumerate().map(|(i, j)| BASE + (i as u64 + j) * SECOND).collect();
        for far in far {
            let at = far.index(times.len() + 1);
            times.insert(at, BASE + 999 * DAY);
        }
        let line = |time: &Ns| format!("{} host app: up\n", rfc3339(*time));
        let text: String = times.iter().map(line).collect();
        let dir = tempfile::tempdir().unwrap();
        let path = write(dir.path(), "log", text.as_bytes(), BASE);
        // A jump in the first record has nothing to be held against; both begin with it.
        prop_assume!(times.first().is_none_or(|first| *first < BASE + DAY));
        let scanned = run(scan(std::slice::from_ref(&path), &small(dir.path(), 5_000)), workers);
        prop_assert_eq!(once(text.as_bytes(), &path.to_string_lossy(), workers), scanned.records);
    }
}

#[test]
fn what_lies_further_back_is_late_and_nothing_is_lost() {
    let mut times: Vec<Ns> = (0..500).map(|i| BASE + i * SECOND).collect();
    times.push(BASE);
    let text: String = times.iter().map(|t| format!("{} host app: up\n", rfc3339(*t))).collect();
    let records = once(text.as_bytes(), "x", 2);
    let late: Vec<&Got> = records.iter().filter(|r| r.has(Flags::LATE)).collect();
    assert_eq!((records.len(), late.len()), (501, 1));
    assert_eq!(late[0].event, Some(BASE));
    assert_eq!(late[0].effective, BASE + 499 * SECOND - PIPE_LATENESS);
}
