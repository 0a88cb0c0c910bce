//! Lines into the real engine, minute by minute.

use super::streams::{BEGIN, MINUTE};
use crate::support::engine::{config, rules};
use seerflow::runtime::setup;
use seerflow_model::record::{Flags, ReceiverKind, RecordBatch, RecordMeta, SourceInfo};
use seerflow_model::{Alert, Ns};
use seerflow_pipeline::engine::{Engine, Options, Shared};
use std::sync::Arc;
use std::sync::atomic::Ordering::AcqRel;

/// The engine as the program makes it, with another risk level and budget.
pub fn options(risk_level: f64, alerts_per_day: u32) -> Options {
    let mut config = config();
    config.detection.dspot.risk_level = risk_level;
    config.detection.alerts_per_day = alerts_per_day;
    setup::engine(&config, 1, &rules(&config))
}

/// Sends lines minute by minute and ends. Gives every revision of every alert.
pub fn feed(
    options: Options,
    minutes: impl Iterator<Item = Vec<(Ns, String)>>,
) -> (Vec<Alert>, Shared) {
    let (engine, alerts) = Engine::start(options).unwrap();
    let collect = std::thread::spawn(move || alerts.into_iter().collect::<Vec<Alert>>());
    let source = Arc::new(SourceInfo::plain(7, "quiet.log", ReceiverKind::Archive, "file"));
    let mut port = engine.port(0);
    let mut seq = 0;
    for (minute, lines) in (0..).zip(minutes) {
        let mut batch = RecordBatch {
            source: source.clone(),
            observed: 0,
            bytes: Vec::new(),
            records: Vec::new(),
        };
        for (at, line) in lines {
            let time_len = line.find(' ').unwrap() as u32;
            batch.records.push(RecordMeta {
                start: batch.bytes.len() as u32,
                len: line.len() as u32,
                seq,
                event_time: Some(at),
                effective: at,
                time_start: 0,
                time_len,
                flags: Flags::default(),
                end: Default::default(),
            });
            batch.bytes.extend_from_slice(line.as_bytes());
            seq += 1;
        }
        if !batch.records.is_empty() {
            port.state.accepted.fetch_add(batch.records.len() as u64, AcqRel);
            port.send_blocking(batch).unwrap();
        }
        port.promise(BEGIN + (minute + 1) * MINUTE);
    }
    port.close();
    let shared = engine.shared.clone();
    engine.finish().unwrap();
    (collect.join().unwrap(), shared)
}
