//! Both syslog receivers through real sockets into a fake engine.

use super::super::counters::ReceiverCounters;
use super::super::dedup::Dedup;
use super::super::settings::{SourceKey, SourceRules, SourceSettings};
use super::super::testing::{Engine, START, at, door, until};
use super::{tcp, udp};
use crate::runtime::clock::{Clock, ManualClock};
use seerflow_model::record::Flags;
use seerflow_model::time::{Ns, SECOND, TICK};
use seerflow_parsing::time::Zone;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

struct Running {
    address: SocketAddr,
    engine: Engine,
    counters: Arc<ReceiverCounters>,
    stop: CancellationToken,
    task: JoinHandle<io::Result<()>>,
    hand: ManualClock,
}

impl Running {
    async fn tcp(options: tcp::TcpOptions, workers: usize, capacity: usize) -> Running {
        let (clock, hand) = Clock::manual(START);
        let (door, engine) = door(&clock, workers, capacity);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (counters, stop) = (door.counters.clone(), door.stop.clone());
        let task = tokio::spawn(tcp::run(listener, options, door));
        Running { address, engine, counters, stop, task, hand }
    }

    async fn udp(options: udp::UdpOptions, workers: usize, capacity: usize) -> Running {
        let (clock, hand) = Clock::manual(START);
        let (door, engine) = door(&clock, workers, capacity);
        let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        let address = socket.local_addr().unwrap();
        let (counters, stop) = (door.counters.clone(), door.stop.clone());
        let task = tokio::spawn(udp::run(socket, options, door));
        Running { address, engine, counters, stop, task, hand }
    }

    /// Both doors behind one entry of `sources[]` with `dedup_seconds`.
    async fn relays() -> (Running, Running) {
        let (clock, hand) = Clock::manual(START);
        let rules = Arc::new(Once(Arc::new(Dedup::new(5 * SECOND))));
        let (mut first, engine) = door(&clock, 1, 64);
        first.rules = rules.clone();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (counters, stop) = (first.counters.clone(), first.stop.clone());
        let task = tokio::spawn(tcp::run(listener, tcp::TcpOptions::default(), first));
        let tcp = Running { address, engine, counters, stop, task, hand };
        let (clock, hand) = Clock::manual(START);
        let (mut second, engine) = door(&clock, 1, 64);
        second.rules = rules;
        let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        let address = socket.local_addr().unwrap();
        let (counters, stop) = (second.counters.clone(), second.stop.clone());
        let task = tokio::spawn(udp::run(socket, udp::UdpOptions::default(), second));
        (tcp, Running { address, engine, counters, stop, task, hand })
    }

    async fn send(&self, bytes: &[u8]) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        stream
    }

    async fn drained(&mut self, records: u64) {
        let engine = &mut self.engine;
        until("records", || {
            engine.drain();
            engine.count >= records
        })
        .await;
        assert_eq!(self.engine.count, records);
    }

    /// Stops the receiver; everything that was accepted is in the ledger.
    async fn end(mut self) -> Engine {
        self.stop.cancel();
        while !self.task.is_finished() {
            self.engine.drain();
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        self.task.await.unwrap().unwrap();
        self.engine.drain();
        self.engine.ledger(&self.counters);
        assert!(self.engine.closed());
        self.engine
    }
}

/// Rules under which no source keeps what another one kept.
struct Once(Arc<Dedup>);

impl SourceRules for Once {
    fn settle(&self, key: &SourceKey<'_>) -> SourceSettings {
        SourceSettings {
            zone: Zone::Utc,
            dedup: Some(self.0.clone()),
            ..SourceSettings::defaults(key)
        }
    }
}

#[tokio::test]
async fn what_two_relays_send_is_kept_once() {
    let (mut tcp, mut udp) = Running::relays().await;
    let line = |n: u64| format!("<13>1 {} h app 1 - - line {n}", at(n));
    let lines: String = (0..600).map(|n| line(n / 2) + "\n").collect();
    drop(tcp.send(lines.as_bytes()).await);
    tcp.drained(300).await;
    let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    for text in [line(0), line(299), line(299), line(298), "new".to_owned(), "new".to_owned()] {
        socket.send_to(text.as_bytes(), udp.address).unwrap();
    }
    let counters = udp.counters.clone();
    let count = |counter: &std::sync::atomic::AtomicU64| counter.load(Ordering::Relaxed);
    until("all datagrams", || {
        udp.engine.drain();
        count(&counters.accepted) == 6
    })
    .await;
    assert_eq!(count(&tcp.counters.duplicate), 300);
    let mut engine = udp.end().await;
    assert_eq!(engine.texts(), ["new"]);
    assert_eq!(count(&counters.duplicate), 5);
    let mut engine = tcp.end().await;
    let texts = engine.texts();
    assert!((0..300).all(|n| texts[n as usize] == line(n)));
}

#[tokio::test]
async fn both_framings_and_the_unfinished_last_line_arrive() {
    let mut run = Running::tcp(tcp::TcpOptions::default(), 2, 8).await;
    drop(run.send(b"one\ntwo\r\n\nunfinished").await);
    run.drained(3).await;
    let time = at(2);
    let text = format!("<13>{time} abc");
    drop(run.send(format!("{} {text}8 <13>x\nyz", text.len()).as_bytes()).await);
    run.drained(5).await;
    let mut engine = run.end().await;
    assert_eq!(engine.texts(), ["one", "two", "unfinished", &text, "<13>x\nyz"]);
    let sources: Vec<_> = engine.got.iter().map(|got| (got.source, got.seq)).collect();
    assert!(sources.iter().all(|(source, _)| *source == sources[0].0), "one address, one source");
    assert_eq!(engine.got[3].effective, START + 2 * SECOND);
}

#[tokio::test]
async fn garbage_and_false_counts_do_not_stick_a_connection() {
    let mut run = Running::tcp(tcp::TcpOptions::default(), 1, 64).await;
    let stream = run.send(b"5 <1>ab999999 <13>swallows").await;
    let mut stream = stream;
    stream.write_all(&vec![b'x'; 1_000_001]).await.unwrap();
    for garbage in [&b"\xff\xfe\0\0 \n"[..], b"0 <1>\n", b"99999999999999999999999 <1>\n"] {
        stream.write_all(garbage).await.unwrap();
    }
    stream.write_all(b"<13>fine\n").await.unwrap();
    let engine = &mut run.engine;
    until("the line after the garbage", || {
        engine.drain();
        engine.got.iter().any(|got| got.text == "<13>fine" && got.flags == Flags::INHERITED)
    })
    .await;
    let cut = engine.got.iter().find(|got| got.flags.has(Flags::CUT)).unwrap();
    assert_eq!(cut.text.len(), super::FRAME_MAX);
    assert!(run.counters.cut.load(Ordering::Relaxed) >= 1);
    assert!(run.counters.malformed_frame.load(Ordering::Relaxed) >= 2);
    run.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_engine_loses_nothing_over_tcp() {
    const LINES: u64 = 200_000;
    let mut run = Running::tcp(tcp::TcpOptions::default(), 2, 2).await;
    run.engine.count_only = true;
    let address = run.address;
    let sender = tokio::spawn(async move {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let mut text = Vec::new();
        for i in 0..LINES {
            text.extend_from_slice(format!("<13>{} line {i}\n", at(i / 10_000)).as_bytes());
            if text.len() > 50_000 {
                stream.write_all(&text).await.unwrap();
                text.clear();
            }
        }
        stream.write_all(&text).await.unwrap();
    });
    // The engine takes what the lanes hold, four batches at most, and rests.
    while run.engine.count < LINES {
        run.engine.drain();
        run.hand.advance(TICK / 10);
        tokio::time::sleep(Duration::from_micros(300)).await;
    }
    sender.await.unwrap();
    let engine = run.end().await;
    assert_eq!(engine.count, LINES);
}

/// Each batch spans minutes of log, so a promise raised before its batch is in the lane is seen.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_promise_never_overtakes_a_batch_that_waits_for_room() {
    const LINES: u64 = 30_000;
    let (clock, hand) = Clock::manual(START + 2 * LINES * SECOND);
    let (mut door, mut engine) = door(&clock, 2, 1);
    door.gate = crate::runtime::stamp::Gate::closed();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let stop = door.stop.clone();
    let task = tokio::spawn(tcp::run(listener, tcp::TcpOptions::default(), door));
    let text: String = (0..LINES).map(|i| format!("<13>{} line {i}\n", at(i))).collect();
    let sender = tokio::spawn(async move {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(text.as_bytes()).await.unwrap();
        stream
    });
    while engine.count < LINES {
        hand.advance(TICK);
        tokio::time::sleep(Duration::from_millis(2)).await;
        engine.drain();
    }
    assert!(engine.got.iter().all(|got| got.flags == Flags::default()));
    until("the promise of the last stamp", || {
        hand.advance(TICK);
        engine.promise() == START + (LINES - 3) * SECOND
    })
    .await;
    drop(sender.await.unwrap());
    stop.cancel();
    task.await.unwrap().unwrap();
}

#[tokio::test]
async fn connections_beyond_the_limit_are_refused_and_idle_ones_closed() {
    let options = tcp::TcpOptions {
        connections_max: 2,
        idle_timeout: 60 * SECOND,
        ..tcp::TcpOptions::default()
    };
    let mut run = Running::tcp(options, 1, 8).await;
    let mut first = run.send(b"a\n").await;
    let _second = run.send(b"b\n").await;
    run.drained(2).await;
    let mut third = TcpStream::connect(run.address).await.unwrap();
    assert_eq!(third.read(&mut [0]).await.unwrap_or(0), 0, "closed at once");
    assert_eq!(run.counters.refused_connection.load(Ordering::Relaxed), 1);
    let counters = run.counters.clone();
    let hand = &run.hand;
    until("both closed", || {
        hand.advance(10 * SECOND);
        counters.connections.load(Ordering::Relaxed) == 0
    })
    .await;
    assert_eq!(first.read(&mut [0]).await.unwrap(), 0);
    assert_eq!(counters.idle_closed.load(Ordering::Relaxed), 2);
    let _fourth = run.send(b"c\n").await;
    run.drained(3).await;
    run.end().await;
}

/// The promise of the port at the clock of the test, once it has reached `least`.
async fn promise(run: &Running, least: Ns) -> Ns {
    let (engine, hand) = (&run.engine, &run.hand);
    until("the promise", || {
        hand.advance(0);
        engine.promise() >= least
    })
    .await;
    run.engine.promise()
}

#[tokio::test]
async fn the_clock_promises_for_quiet_peers_and_stamps_for_busy_ones() {
    let mut run = Running::tcp(tcp::TcpOptions::default(), 1, 8).await;
    run.hand.advance(TICK);
    assert_eq!(promise(&run, START + TICK - 3 * SECOND).await, START + TICK - 3 * SECOND);
    run.hand.advance(10 * SECOND - TICK);
    let text = format!("{} in time\n{} late\n{} not believed\nno time\n", at(9), at(3), at(1000));
    let mut stream = run.send(text.as_bytes()).await;
    run.drained(4).await;
    run.hand.advance(TICK);
    // Its stamps promise 7 s; the clock 7.1 s once it is drained.
    let reached = promise(&run, START + 7 * SECOND).await;
    assert!(reached <= START + 7 * SECOND + TICK, "{}", reached - START);
    run.hand.advance(10 * SECOND);
    promise(&run, START + 17 * SECOND).await;
    stream.write_all(format!("{} now late\n", at(9)).as_bytes()).await.unwrap();
    run.drained(5).await;
    let engine = run.end().await;
    let flags: Vec<_> = engine.got.iter().map(|got| got.flags).collect();
    let skew = Flags::CLOCK_SKEW | Flags::LATE;
    assert_eq!(flags[..3], [Flags::default(), Flags::LATE, skew]);
    assert_eq!(flags[3], Flags::INHERITED | Flags::LATE);
    assert_eq!(flags[4], Flags::LATE);
    assert!(engine.got[4].effective >= START + 17 * SECOND);
}

#[tokio::test]
async fn datagrams_become_records_of_their_sender() {
    let mut run =
        Running::udp(udp::UdpOptions { frame_max: 20, ..Default::default() }, 2, 64).await;
    let sender = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
    for text in ["one\n", "two\nlines\r\n\0", "\n", "", "longer than twenty bytes"] {
        sender.send_to(text.as_bytes(), run.address).await.unwrap();
    }
    run.drained(3).await;
    let mut engine = run.end().await;
    assert_eq!(engine.texts(), ["one", "two\nlines", "longer than twenty b"]);
    assert_eq!(engine.got[2].flags, Flags::CUT | Flags::INHERITED);
}

#[tokio::test]
async fn datagrams_that_find_no_room_are_counted() {
    let mut run = Running::udp(udp::UdpOptions::default(), 1, 1).await;
    let sender = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
    const SENT: u64 = 3_000;
    for i in 0..SENT {
        sender.send_to(format!("{i}").as_bytes(), run.address).await.unwrap();
        if i % 50 == 0 {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }
    let counters = run.counters.clone();
    until("drops", || {
        run.hand.advance(SECOND);
        counters.accepted.load(Ordering::Relaxed) + counters.kernel.load(Ordering::Relaxed) == SENT
    })
    .await;
    // The engine works again: the round that was kept arrives, and what comes after it.
    run.engine.drain();
    assert!(counters.queue_full.load(Ordering::Relaxed) > 0);
    let before = run.engine.count;
    sender.send_to(b"after", run.address).await.unwrap();
    let engine = &mut run.engine;
    until("the record after the drops", || {
        engine.drain();
        engine.got.last().is_some_and(|got| got.text == "after")
    })
    .await;
    assert!(run.engine.count > before);
    run.end().await;
}

#[tokio::test]
async fn a_drained_socket_lets_the_clock_promise_and_a_new_sender_starts_there() {
    let mut run = Running::udp(udp::UdpOptions::default(), 1, 8).await;
    run.hand.advance(100 * SECOND);
    promise(&run, START + 97 * SECOND).await;
    let sender = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
    for seconds in [50, 99] {
        sender.send_to(format!("{} x", at(seconds)).as_bytes(), run.address).await.unwrap();
    }
    run.drained(2).await;
    let engine = run.end().await;
    assert_eq!(engine.got[0].effective, START + 97 * SECOND);
    assert_eq!(engine.got[0].flags, Flags::LATE);
    assert_eq!(engine.got[1].flags, Flags::default());
}
