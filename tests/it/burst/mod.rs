//! More than the engine takes, pushed through every door that acknowledges: webhooks, OTLP over
//! HTTP (JSON and protobuf) and OTLP over gRPC, all at once.
//!
//! Each sender has a program of its own and numbers its records; it always has a request ready, so
//! that what is offered is bounded by the senders and not by the engine. A sender honours what it is
//! told (429 with `Retry-After`, `RESOURCE_EXHAUSTED` with `RetryInfo`), and loses answers on purpose:
//! it goes away after the whole request is sent, or when the answer is there but not read, and sends
//! the same bytes again. When the time is over, a request that was refused is given up and must not
//! be found; one whose fate is not known is sent until it is acknowledged.
//!
//! Then what was acknowledged is held against the ledger, the templates and the stored events: the
//! totals of every sender, and each record of some of them by its number.

mod found;
mod http;
mod request;
mod rpc;

use crate::daemon::{Daemon, full, wait, wait_for};
use crate::support::program::peak;
use http::Http;
use request::Door;
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

/// Resident memory that the program may reach: what the requests of three doors may hold (64 MiB
/// each), what the engine may hold (64 MiB), the queue, connections, the store and the program.
const PEAK_MIB: u64 = 768;
/// How many times its own rate the engine is offered, in the long form.
const TIMES: f64 = 10.0;
/// Every so many requests of a sender one answer is lost.
const LOSE_EVERY: u64 = 4;
/// How long all that was acknowledged may take to pass.
const DRAIN: Duration = Duration::from_secs(600);

/// How much is pushed.
#[derive(Clone, Copy)]
struct Form {
    seconds: u64,
    /// Senders of each door.
    senders: u64,
    /// Records of a request.
    records: u64,
    /// Bytes that stand beside the message of a record.
    pad: usize,
}

const SHORT: Form = Form { seconds: 3, senders: 300, records: 100, pad: 1_500 };
const LONG: Form = Form { seconds: 60, senders: 300, records: 1_000, pad: 200 };

/// What a sender did.
#[derive(Default)]
struct Tally {
    /// Requests that were acknowledged: always the first ones.
    taken: AtomicU64,
    /// Requests sent, again or not.
    offered: AtomicU64,
    /// Times it was told to come back.
    told: AtomicU64,
    /// Answers that were lost on purpose.
    lost: AtomicU64,
    /// Of these, answers that were there and said that the request was taken.
    heard: AtomicU64,
    /// Connections that ended without an answer.
    broken: AtomicU64,
}

/// All senders.
struct Crowd {
    form: Form,
    over: AtomicBool,
    tallies: Vec<(Door, Tally)>,
}

/// How an answer is lost.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Loss {
    /// The sender is gone before there is one.
    Early,
    /// It is there, but nobody reads it.
    Unread,
}

impl Crowd {
    fn new(form: Form) -> Arc<Crowd> {
        let tallies = Door::ALL
            .iter()
            .flat_map(|door| (0..form.senders).map(|_| (*door, Tally::default())))
            .collect();
        Arc::new(Crowd { form, over: AtomicBool::new(false), tallies })
    }

    /// Whether and how the answer of a sender's request is lost.
    fn loss(&self, sender: usize, batch: u64) -> Option<Loss> {
        let turn = sender as u64 + batch;
        turn.is_multiple_of(LOSE_EVERY).then(|| match (turn / LOSE_EVERY).is_multiple_of(2) {
            true => Loss::Unread,
            false => Loss::Early,
        })
    }

    /// Sum over the senders of a door.
    fn sum(&self, door: Door, of: impl Fn(&Tally) -> &AtomicU64) -> u64 {
        let own = self.tallies.iter().filter(|(other, _)| *other == door);
        own.map(|(_, tally)| of(tally).load(Relaxed)).sum()
    }

    /// Records in the requests that all senders sent, again or not.
    fn offered(&self) -> u64 {
        Door::ALL.iter().map(|door| self.sum(*door, |t| &t.offered)).sum::<u64>()
            * self.form.records
    }

    /// Records of a door that were acknowledged.
    fn acknowledged(&self, door: Door) -> u64 {
        self.sum(door, |tally| &tally.taken) * self.form.records
    }
}

/// Pushes until the time is over and every sender knows what became of its requests. Records per
/// second that were offered, and for how many seconds.
fn push(crowd: &Arc<Crowd>, daemon: &Daemon) -> (f64, f64) {
    let begun = Instant::now();
    let rpc = rpc::start(crowd, Door::Grpc.address(daemon));
    let threads: Vec<_> = (0..crowd.tallies.len())
        .filter(|sender| crowd.tallies[*sender].0 != Door::Grpc)
        .map(|sender| {
            let address = crowd.tallies[sender].0.address(daemon);
            let crowd = crowd.clone();
            std::thread::Builder::new()
                .stack_size(256 << 10)
                .spawn(move || Http::new(&crowd, sender, address).run())
                .unwrap()
        })
        .collect();
    std::thread::sleep(Duration::from_secs(crowd.form.seconds).saturating_sub(begun.elapsed()));
    // A program that was not optimised reads requests slowly, too.
    wait("every door is full", || Door::ALL.iter().all(|door| crowd.sum(*door, |t| &t.told) > 0));
    let seconds = begun.elapsed().as_secs_f64();
    let offered = crowd.offered() as f64 / seconds;
    crowd.over.store(true, Relaxed);
    for thread in threads {
        thread.join().unwrap();
    }
    rpc.join().unwrap();
    (offered, seconds)
}

/// Waits until nothing of a door is under way any more; its row of the ledger.
fn settled(daemon: &Daemon, door: Door) -> Value {
    let mut row = Value::Null;
    wait_for("all are processed", DRAIN, || {
        row = daemon.ledger(door.receiver());
        row["held"] == json!(0) && row["in_flight"] == json!(0)
    });
    row
}

#[test]
fn a_burst_loses_nothing_and_doubles_nothing() {
    let form = if full() { LONG } else { SHORT };
    let yaml = "dashboard_port: 0\nstorage: {data_dir: '{dir}/data'}\nreceivers: {syslog_enabled: false, \
                otlp_grpc_port: 0, otlp_http_port: 0, webhook_port: 0, webhooks: [{path: /burst}]}\n\
                engine: {workers: 1, max_held_bytes: 64 MiB}\n";
    let daemon = Daemon::start(yaml);
    let crowd = Crowd::new(form);
    let begun = Instant::now();
    let (offered, seconds) = push(&crowd, &daemon);
    let acknowledged: u64 = Door::ALL.iter().map(|door| crowd.acknowledged(*door)).sum();
    let rows: Vec<Value> = Door::ALL.iter().map(|door| settled(&daemon, *door)).collect();
    // The senders that waited to be told took some of it: the engine's own rate is not less.
    let own = acknowledged as f64 / begun.elapsed().as_secs_f64();
    let peak = peak(daemon.pid()).unwrap() >> 20;
    println!(
        "{acknowledged} records acknowledged and processed in {:.1} s ({own:.0}/s); for {seconds:.0} s \
         {offered:.0}/s were offered, {:.1} times as many; {peak} MiB at most",
        begun.elapsed().as_secs_f64(),
        offered / own
    );
    for (door, row) in Door::ALL.into_iter().zip(rows) {
        let name = door.receiver();
        let repeated = daemon.counter(&format!("{name}_repeated_request"));
        let sum = |of: fn(&Tally) -> &AtomicU64| crowd.sum(door, of);
        let (told, lost, heard) = (sum(|t| &t.told), sum(|t| &t.lost), sum(|t| &t.heard));
        println!(
            "{name}: {} acknowledged, told to come back {told} times, {lost} answers lost \
             ({heard} of taken requests), {repeated} requests known again, {} connections broken",
            crowd.acknowledged(door),
            sum(|t| &t.broken)
        );
        let expected = json!(crowd.acknowledged(door));
        assert_eq!((&row["accepted"], &row["processed"]), (&expected, &expected), "{row}");
        assert_eq!(row["balanced"], json!(true), "{row}");
        assert!(told > 0, "{name}: the burst was no burst");
        assert!(heard > 0 && repeated >= heard, "{name}: {repeated} of {heard}");
    }
    wait("each sender's records are counted", || {
        found::by_program(&daemon) == found::expected(&crowd)
    });
    found::stored(&daemon, &crowd);
    assert!(peak < PEAK_MIB, "{peak} MiB");
    assert!(!full() || offered >= TIMES * own, "{offered:.0} is no burst for {own:.0}");
    assert_eq!(daemon.stop().status.code(), Some(0));
}
