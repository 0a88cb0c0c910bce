//! How fast it is; run by hand: `cargo test --release --lib figures -- --ignored --nocapture`.

use super::*;
use crate::store::control::writer::BATCH_MAX;
use rustix::time::{ClockId, clock_gettime};

const ALERTS: usize = 50_000;

/// CPU time of this thread, in seconds.
fn cpu() -> f64 {
    let spent = clock_gettime(ClockId::ThreadCPUTime);
    spent.tv_sec as f64 + spent.tv_nsec as f64 / 1e9
}

fn timed<T>(what: &str, times: usize, mut go: impl FnMut(usize) -> T) {
    let begun = cpu();
    for n in 0..times {
        std::hint::black_box(go(n));
    }
    println!("{what}: {:.1} µs of CPU each", (cpu() - begun) * 1e6 / times as f64);
}

#[test]
#[ignore = "measures"]
fn figures() {
    let (_dir, store) = store();
    timed("an alert stored", ALERTS / BATCH_MAX, |batch| {
        let some: Vec<_> = (0..BATCH_MAX)
            .map(|n| {
                let mut one = alert(&format!("{batch:05}-{n:05}"));
                one.timestamp_ns += (batch * BATCH_MAX + n) as u64;
                one.title = format!("burst number {n} of {batch} from sshd");
                write(one)
            })
            .collect();
        store.put_alerts(&some, 1).unwrap()
    });
    println!("   (of {BATCH_MAX} in one transaction)");
    println!("{} bytes an alert", store.info().unwrap().bytes / ALERTS as u64);
    let request = PageRequest::page(1, 50);
    let text = |text: &str| AlertQuery { text: Some(text.into()), ..AlertQuery::default() };
    timed("one alert", 1_000, |n| store.alert(&format!("00001-{:05}", n % 500)).unwrap());
    let needle = text("\"number 7 of 33\"");
    timed("50 by words, rare", 100, |_| store.alerts(&needle, &request).unwrap().total);
    let common = text("sshd");
    timed("50 by words, in all", 20, |_| store.alerts(&common, &request).unwrap().total);
    let all = AlertQuery::default();
    timed("50 newest with their total", 100, |_| store.alerts(&all, &request).unwrap().total);
    timed("counts", 20, |_| store.alert_counts().unwrap().open);
}
