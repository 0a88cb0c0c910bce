//! Bodies within limits; requests that are taken completely or not at all, and never twice.

use super::super::testing::{Engine, Got, START, at, door, until};
use super::*;
use crate::runtime::clock::{Clock, ManualClock};
use axum::body::Body;
use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
use seerflow_model::record::{Flags, ReceiverKind};
use seerflow_model::time::{MILLISECOND, TICK};
use seerflow_pipeline::flow::Flow;
use std::io::Write;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering::Acquire;

const KIND: ReceiverKind = ReceiverKind::OtlpHttp;

fn packed(how: &str, content: &[u8]) -> Vec<u8> {
    let level = Compression::default();
    match how {
        "gzip" => {
            let mut encoder = GzEncoder::new(Vec::new(), level);
            encoder.write_all(content).unwrap();
            encoder.finish().unwrap()
        }
        "zlib" => {
            let mut encoder = ZlibEncoder::new(Vec::new(), level);
            encoder.write_all(content).unwrap();
            encoder.finish().unwrap()
        }
        "raw" => {
            let mut encoder = DeflateEncoder::new(Vec::new(), level);
            encoder.write_all(content).unwrap();
            encoder.finish().unwrap()
        }
        _ => content.to_vec(),
    }
}

fn limits() -> Limits {
    Limits {
        wire_max: 1_000,
        body_max: 200_000,
        receive_timeout: Duration::from_millis(300),
        ..Limits::default()
    }
}

async fn read(bytes: Vec<u8>, encoding: &str, framing: Framing) -> Result<Vec<u8>, Refusal> {
    let budget = budget::Budget::new(1 << 20, 4);
    let mut room = budget.enter().unwrap();
    let read = body::read(Body::from(bytes), encoding, framing, &limits(), &mut room).await;
    if let Ok(content) = &read {
        assert!(room.bytes() >= content.len());
    }
    read
}

#[tokio::test]
async fn bodies_are_unpacked_whatever_the_packing() {
    let content = b"a log line\n".repeat(1_000);
    for (how, encoding) in
        [("gzip", "gzip"), ("gzip", "x-GZip"), ("zlib", "deflate"), ("raw", "deflate")]
    {
        let body = packed(how, &content);
        assert_eq!(read(body, encoding, Framing::Bare).await.unwrap(), content, "{how}");
    }
    assert_eq!(read(b"x".to_vec(), "identity", Framing::Bare).await.unwrap(), b"x");
    assert_eq!(read(Vec::new(), "", Framing::Bare).await.unwrap(), b"");
    let two = [packed("gzip", b"one "), packed("gzip", b"two")].concat();
    assert_eq!(read(two, "gzip", Framing::Bare).await.unwrap(), b"one two");
}

#[tokio::test]
async fn what_is_too_large_or_not_what_it_says_is_refused() {
    let bare = |bytes, encoding| read(bytes, encoding, Framing::Bare);
    assert_eq!(bare(vec![b'x'; 1_001], "").await, Err(Refusal::TooLarge(1_000, "")));
    let bomb = packed("gzip", &vec![0; 500_000]);
    assert!(bomb.len() < 1_000);
    let Err(refusal) = bare(bomb, "gzip").await else { panic!("a bomb") };
    assert_eq!(refusal.status(), 413);
    let whole = packed("gzip", b"hello hello hello");
    for cut in 1..whole.len() {
        let cut = bare(whole[..cut].to_vec(), "gzip").await;
        assert_eq!(cut.map_err(|r| r.status().as_u16()), Err(400));
    }
    for (encoding, status) in [("br", 415), ("gzip, gzip", 415), ("gzip", 400), ("deflate", 400)] {
        let refused = bare(b"plain text".to_vec(), encoding).await;
        assert_eq!(refused.map_err(|r| r.status().as_u16()), Err(status), "{encoding}");
    }
}

#[tokio::test]
async fn a_message_of_grpc_is_whole_and_alone() {
    let framed = |packed: u8, length: u32, content: &[u8]| {
        [&[packed][..], &length.to_be_bytes(), content].concat()
    };
    let grpc = |bytes, encoding| read(bytes, encoding, Framing::Grpc);
    assert_eq!(grpc(framed(0, 3, b"abc"), "").await.unwrap(), b"abc");
    assert_eq!(grpc(framed(0, 0, b""), "gzip").await.unwrap(), b"");
    let gzip = packed("gzip", b"abcabc");
    let length = gzip.len() as u32;
    assert_eq!(grpc(framed(1, length, &gzip), "gzip").await.unwrap(), b"abcabc");
    let status = |refused: Result<Vec<u8>, Refusal>| refused.unwrap_err().status().as_u16();
    for (bytes, encoding, expected) in [
        (framed(1, length, &gzip), "", 415),
        (framed(2, 3, b"abc"), "gzip", 415),
        (framed(0, 4, b"abc"), "", 400),
        (framed(0, 2, b"abc"), "", 400),
        (framed(0, 1_001, b"abc"), "", 413),
        (b"\0\0\0".to_vec(), "", 400),
        (Vec::new(), "", 400),
    ] {
        assert_eq!(status(grpc(bytes, encoding).await), expected);
    }
}

#[tokio::test]
async fn a_body_without_room_takes_none() {
    let budget = budget::Budget::new(70_000, 1);
    let mut room = budget.enter().unwrap();
    let body = Body::from(packed("gzip", &vec![b'a'; 150_000]));
    let read = body::read(body, "gzip", Framing::Bare, &limits(), &mut room).await;
    assert_eq!(read, Err(Refusal::Full));
    drop(room);
    assert_eq!(budget.held(), (0, 0));
}

/// A door with an intake, a sender and the engine behind it.
struct Rig {
    intake: Arc<Intake>,
    entrance: Arc<Entrance>,
    engine: Engine,
    hand: ManualClock,
}

impl Rig {
    fn new(lanes: usize, limits: Limits) -> Rig {
        Rig::holding(lanes, limits, Flow::new(1, u64::MAX).into())
    }

    /// Before an engine that holds what `flow` says.
    fn holding(lanes: usize, limits: Limits, flow: Arc<Flow>) -> Rig {
        let (clock, hand) = Clock::manual(START);
        let (mut door, engine) = door(&clock, 1, lanes);
        door.flow = flow;
        let intake = Intake::open(door, limits);
        let entrance = intake.entrance(KIND, "here".to_owned(), None);
        Rig { intake, entrance, engine, hand }
    }

    fn request(&self, ip: &str, lines: &[String]) -> Result<Offer, Refusal> {
        let ip: IpAddr = ip.parse().unwrap();
        let mut room = self.intake.enter()?;
        let mut records = Records::new(&self.intake.limits);
        for line in lines {
            records.add(&mut room, |out| out.extend_from_slice(line.as_bytes()))?;
        }
        let content = lines.concat();
        let digest = self.intake.digest(&self.entrance, ip, content.as_bytes());
        Ok(Offer { ip, digest, read: content.len(), records, room })
    }

    async fn send(&self, ip: &str, lines: &[String]) -> Result<Taken, Refusal> {
        self.intake.offer(&self.entrance, self.request(ip, lines)?).await
    }

    fn spawn(
        &self,
        ip: &str,
        lines: Vec<String>,
    ) -> tokio::task::JoinHandle<Result<Taken, Refusal>> {
        let (intake, entrance) = (self.intake.clone(), self.entrance.clone());
        let offer = self.request(ip, &lines).unwrap();
        tokio::spawn(async move { intake.offer(&entrance, offer).await })
    }
}

fn lines(from: usize, n: usize) -> Vec<String> {
    (from..from + n).map(|i| format!("{} app: line {i}", at(i as u64 / 1_000))).collect()
}

#[tokio::test]
async fn a_request_is_answered_when_all_of_it_is_in() {
    let mut rig = Rig::new(1, Limits::default());
    // Three batches and one lane of one: the answer has to wait for the engine.
    let waiting = rig.spawn("10.0.0.1", lines(0, 1_200));
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(!waiting.is_finished());
    while !waiting.is_finished() {
        rig.engine.drain();
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let taken = waiting.await.unwrap().unwrap();
    assert_eq!(taken, Taken { accepted: 1_200, refused: 0, repeated: false });
    rig.engine.drain();
    assert_eq!(rig.engine.texts(), lines(0, 1_200));
    assert_eq!(rig.intake.held(), (0, 0));
    rig.engine.ledger(&rig.intake.door.counters);
}

#[tokio::test]
async fn one_that_comes_again_is_answered_and_not_taken() {
    let mut rig = Rig::new(1, Limits::default());
    let first = rig.spawn("10.0.0.1", lines(0, 600));
    // Its sender lost patience and asks again while it is still being taken.
    tokio::time::sleep(Duration::from_millis(20)).await;
    let again = rig.spawn("10.0.0.1", lines(0, 600));
    tokio::time::sleep(Duration::from_millis(20)).await;
    first.abort();
    while !again.is_finished() {
        rig.engine.drain();
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let taken = Taken { accepted: 600, refused: 0, repeated: true };
    assert_eq!(again.await.unwrap(), Ok(taken));
    assert_eq!(rig.send("10.0.0.1", &lines(0, 600)).await, Ok(taken));
    rig.engine.drain();
    assert_eq!(rig.engine.got.len(), 600);
    let counters = &rig.intake.door.counters;
    assert_eq!(counters.repeated_request.load(Acquire), 2);
    rig.engine.ledger(counters);
    // Another sender's, and the same after ten minutes, are new.
    let mut others = Vec::new();
    others.push(rig.spawn("10.0.0.2", lines(0, 1)));
    rig.hand.advance(601 * SECOND);
    others.push(rig.spawn("10.0.0.1", lines(0, 600)));
    while !others.iter().all(|other| other.is_finished()) {
        rig.engine.drain();
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    for other in others {
        assert!(!other.await.unwrap().unwrap().repeated);
    }
}

#[tokio::test]
async fn without_room_nothing_is_taken_and_the_same_may_come_again() {
    let held_max = 256 * 1024;
    let mut rig = Rig::new(1, Limits { held_max, requests_max: 3, ..Limits::default() });
    let long = |n: usize| vec!["x".repeat(60_000); n];
    let one = rig.spawn("10.0.0.1", [lines(0, 600), long(1)].concat());
    tokio::time::sleep(Duration::from_millis(20)).await;
    assert_eq!(rig.intake.held().1, 1);
    // A second request of a sender that holds half already, and one larger than all room.
    assert_eq!(rig.send("10.0.0.1", &long(2)).await, Err(Refusal::Full));
    assert_eq!(rig.send("10.0.0.3", &long(4)).await, Err(Refusal::Full));
    let two = rig.spawn("10.0.0.2", lines(0, 1));
    let three = rig.spawn("10.0.0.3", lines(0, 1));
    until("three are under way", || rig.intake.held().1 == 3).await;
    assert_eq!(rig.send("10.0.0.4", &lines(0, 1)).await, Err(Refusal::Full));
    while ![&one, &two, &three].iter().all(|task| task.is_finished()) {
        rig.engine.drain();
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let again = rig.spawn("10.0.0.1", long(2));
    until("it was taken", || again.is_finished()).await;
    assert!(!again.await.unwrap().unwrap().repeated, "it had been refused");
    rig.engine.drain();
    assert_eq!(rig.engine.count, 605);
    assert_eq!(rig.intake.held(), (0, 0));
    rig.engine.ledger(&rig.intake.door.counters);
}

#[tokio::test]
async fn records_too_long_or_too_many_are_refused_alone() {
    let limits = Limits { record_max: 100, records_max: 1_000, ..Limits::default() };
    let mut rig = Rig::new(8, limits);
    let mut request = vec!["a".repeat(101), String::new()];
    request.extend((0..20).map(|i| format!("{:090}", i)));
    let taken = rig.send("10.0.0.1", &request).await.unwrap();
    // 98 bytes each with what they cost beside: ten fit into a thousand.
    assert_eq!(taken, Taken { accepted: 10, refused: 12, repeated: false });
    assert_eq!(rig.intake.door.counters.refused_record.load(Acquire), 12);
    rig.engine.drain();
    assert_eq!(rig.engine.got.len(), 10);
}

#[tokio::test]
async fn what_is_being_taken_at_the_end_is_taken() {
    let mut rig = Rig::new(1, Limits::default());
    let waiting = rig.spawn("10.0.0.1", lines(0, 2_400));
    until("it has begun", || rig.engine.drain() > 0).await;
    rig.intake.door.stop.cancel();
    assert_eq!(rig.send("10.0.0.1", &lines(0, 1)).await, Err(Refusal::Stopping));
    let closing = tokio::spawn({
        let intake = rig.intake.clone();
        async move { intake.close().await }
    });
    tokio::time::sleep(Duration::from_millis(20)).await;
    assert!(!rig.engine.closed());
    until("it is closed", || {
        rig.engine.drain();
        rig.engine.closed()
    })
    .await;
    assert!(waiting.await.unwrap().is_ok() && closing.await.is_ok());
    rig.engine.drain();
    assert_eq!(rig.engine.count, 2_400);
    rig.engine.ledger(&rig.intake.door.counters);
}

#[tokio::test]
async fn a_sender_that_waits_for_the_engine_does_not_become_late() {
    let mut rig = Rig::new(1, Limits::default());
    rig.send("10.0.0.1", &lines(0, 1)).await.unwrap();
    let waiting = rig.spawn("10.0.0.1", lines(1, 1_200));
    tokio::time::sleep(Duration::from_millis(20)).await;
    for _ in 0..60 {
        rig.hand.advance(SECOND);
        tokio::task::yield_now().await;
    }
    until("it was taken", || {
        rig.engine.drain();
        waiting.is_finished()
    })
    .await;
    let late = Flags::LATE;
    assert_eq!(rig.engine.got.iter().filter(|got| got.flags.has(late)).count(), 0);
    // With nothing under way the clock promises again, and what is older than that is late.
    rig.hand.advance(60 * SECOND);
    let now = START + 120 * SECOND;
    until("the clock promises", || {
        rig.engine.drain();
        rig.engine.promise() > now - 20 * SECOND
    })
    .await;
    rig.send("10.0.0.1", &lines(2_000, 1)).await.unwrap();
    rig.engine.drain();
    assert!(rig.engine.got.last().unwrap().flags.has(late));
}

#[tokio::test]
async fn while_all_is_held_batches_wait_and_let_go_what_is_held() {
    let flow = Arc::new(Flow::new(1, 100));
    let mut rig = Rig::holding(8, Limits::default(), flow.clone());
    // One that is silent from then on: by its lateness the clock would promise ten seconds less.
    rig.send("10.0.0.1", &lines(0, 1)).await.unwrap();
    rig.engine.drain();
    rig.hand.advance(20 * SECOND);
    flow.promise(0, rig.engine.promise() / MILLISECOND);
    flow.hold(101);
    let waiting = rig.spawn("10.0.0.2", lines(20_000, 600));
    let waited = |rig: &Rig| rig.intake.door.counters.waited_held.load(Acquire);
    until("it waits", || waited(&rig) == 1).await;
    let moved = |rig: &Rig| {
        let promise = rig.engine.promise();
        flow.promise(0, promise / MILLISECOND);
        promise.saturating_sub(START)
    };
    until("the silent one is pressed on", || moved(&rig) == 19 * SECOND).await;
    assert_eq!((rig.engine.drain(), waiting.is_finished()), (0, false));
    rig.hand.advance(5 * SECOND);
    until("they are next", || {
        assert!(moved(&rig) <= 20 * SECOND || rig.engine.waits(), "promised away");
        waiting.is_finished()
    })
    .await;
    assert!(!waiting.await.unwrap().unwrap().repeated);
    assert_eq!(rig.engine.drain(), 600);
    // The second batch would have made the engine hold more of what it cannot let go.
    let crowded = |got: &&Got| got.flags == Flags::CROWDED;
    assert_eq!(rig.engine.got.iter().filter(crowded).count(), 88);
    assert!(
        rig.engine
            .got
            .iter()
            .filter(crowded)
            .all(|got| got.effective == START + 20 * SECOND + TICK)
    );
    rig.engine.ledger(&rig.intake.door.counters);
}

#[tokio::test]
async fn a_silent_sender_gives_its_promise_up() {
    let mut rig = Rig::new(8, Limits::default());
    rig.send("10.0.0.1", &lines(0, 1)).await.unwrap();
    rig.engine.drain();
    // With a sender the receiver promises by its lateness, without one by the door's.
    rig.hand.advance(30 * SECOND);
    until("the sender's lateness", || rig.engine.promise() > START).await;
    assert!(rig.engine.promise() <= START + 20 * SECOND);
    for _ in 0..80 {
        rig.hand.advance(10 * SECOND);
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    let now = START + 830 * SECOND;
    until("the door's lateness", || rig.engine.promise() >= now - 3 * SECOND).await;
    rig.send("10.0.0.1", &lines(900_000, 1)).await.unwrap();
    rig.engine.drain();
    assert_eq!(rig.engine.got.len(), 2);
}
