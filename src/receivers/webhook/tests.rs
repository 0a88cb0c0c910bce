//! The door over real sockets, with a fake engine behind it.

use super::super::settings::{SourceKey, SourceRules, SourceSettings};
use super::super::testing::{Engine, START, at, door, until};
use super::*;
use crate::config::{Config, Environment, parse};
use crate::receivers::counters::ReceiverCounters;
use crate::runtime::clock::Clock;
use crate::runtime::rules::{Given, Rules};
use seerflow_parsing::redact::Key;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

const CONFIG: &str = "receivers:
  webhooks:
  - {path: /open, source_id: shop, field_mapping: {message: what, time: at, source: till}}
  - {path: /token, auth_header: Authorization, auth_token: s3cret}
  - {path: /signed, mapping: github, hmac: {secret: \"It's a Secret to Everybody\"}}
  - {path: /alerts, mapping: alertmanager}
sources:
- {name: twice, match: {receiver: webhook, path: /alerts}, dedup_seconds: 60, source_type: alerts}
- {name: hidden, match: {receiver: webhook, path: /token}, redact: [email]}
";

struct Rig {
    engine: Engine,
    address: SocketAddr,
    counters: Arc<ReceiverCounters>,
    stop: tokio_util::sync::CancellationToken,
    task: JoinHandle<io::Result<()>>,
}

/// The rules of a configuration, which the fake engine remembers sources by.
struct Told(Rules);

impl SourceRules for Told {
    fn settle(&self, key: &SourceKey<'_>) -> SourceSettings {
        self.0.settle(key)
    }
}

async fn rig(limits: Limits, lanes: (usize, usize)) -> Rig {
    let (config, _): (Config, _) = parse(CONFIG, "f", &Environment::default()).unwrap();
    let (clock, _) = Clock::manual(START);
    let (mut door, engine) = door(&clock, lanes.0, lanes.1);
    let key = Key::new(b"a key that is long enough for tests");
    door.rules = Arc::new(Told(Rules::new(&config, Given::default(), &key)));
    let (counters, stop) = (door.counters.clone(), door.stop.clone());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let options = WebhookOptions { entries: config.webhooks.clone(), limits };
    let task = tokio::spawn(run(listener, options, door));
    Rig { engine, address, counters, stop, task }
}

/// Status, headers and body of the answer to a request.
async fn send(address: SocketAddr, head: &str, body: &[u8]) -> (u16, String, String) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let length = format!("Content-Length: {}\r\n", body.len());
    let head = format!("{head}\r\nHost: x\r\nConnection: close\r\n{length}\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    // One that is refused early may be closed before its body is through.
    let _ = stream.write_all(body).await;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    let answer = String::from_utf8(answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or(0);
    (status, head.to_lowercase(), body.to_owned())
}

async fn post(rig: &Rig, path: &str, more: &str, body: impl AsRef<[u8]>) -> (u16, String) {
    let head = format!("POST {path} HTTP/1.1\r\nContent-Type: application/json{more}");
    let (status, _, body) = send(rig.address, &head, body.as_ref()).await;
    (status, body)
}

async fn ends(mut rig: Rig) {
    rig.stop.cancel();
    let (engine, task) = (&mut rig.engine, &rig.task);
    until("the end", || {
        engine.drain();
        task.is_finished()
    })
    .await;
    rig.engine.drain();
    assert!(rig.engine.closed());
    rig.engine.ledger(&rig.counters);
}

fn accepted(n: u64) -> (u16, String) {
    (200, format!("{{\"accepted\":{n}}}"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn records_come_in_whole_and_by_their_source() {
    let mut rig = rig(Limits::default(), (2, 64)).await;
    let one = format!("{{\"what\":\"paid\",\"at\":\"{}\"}}", at(0));
    assert_eq!(post(&rig, "/open", "", &one).await, accepted(1));
    let many = format!(
        "[\n {{\"till\":\"till 7\",\"at\":\"{}\"}},\n {{\"till\":\"till 8\",\"n\":1}}, {{\"till\":\"till 7\",\"n\":2}}]",
        at(1)
    );
    assert_eq!(post(&rig, "/open?x=1", "", &many).await, accepted(3));
    assert_eq!(post(&rig, "/open", "", "[]").await, accepted(0));
    until("four records", || {
        rig.engine.drain();
        rig.engine.got.len() == 4
    })
    .await;
    let mut texts = rig.engine.texts();
    texts.sort();
    let till = format!("{{\"till\":\"till 7\",\"at\":\"{}\"}}", at(1));
    assert_eq!(texts, [&*till, r#"{"till":"till 7","n":2}"#, r#"{"till":"till 8","n":1}"#, &one]);
    let got = |part: &str| rig.engine.got.iter().find(|g| g.text.contains(part)).unwrap().clone();
    assert_eq!(got("\"n\":2").source, got(&at(1)).source);
    assert_ne!(got("\"n\":1").source, got("\"n\":2").source);
    assert_ne!(got("paid").source, got("\"n\":1").source);
    assert_eq!((got("paid").time, got(&at(1)).time), (Some(START), Some(START + 1_000_000_000)));
    ends(rig).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_may_not_post_learns_nothing() {
    let rig = rig(Limits::default(), (1, 64)).await;
    let body = "{\"user\":\"bob@example.com\"}";
    let none = post(&rig, "/token", "", body).await;
    let wrong = post(&rig, "/token", "\r\nAuthorization: Bearer wrong", body).await;
    assert_eq!((none.0, &none), (401, &wrong));
    let signed = |signature: &str| format!("\r\nX-Hub-Signature-256: sha256={signature}");
    let unsigned = post(&rig, "/signed", "", body).await;
    let forged = post(&rig, "/signed", &signed(&"0".repeat(64)), body).await;
    assert_eq!((unsigned.0, &unsigned.1, &unsigned), (401, &none.1, &forged));
    let right = "\r\nAuthorization: Bearer s3cret";
    assert_eq!(post(&rig, "/token", right, body).await, accepted(1));
    // By openssl dgst -sha256 -hmac, over `{"zen":"x"}`.
    let zen = "{\"zen\":\"x\"}";
    let right = signed(&signature(zen.as_bytes()));
    assert_eq!(post(&rig, "/signed", &right, zen).await, accepted(1));
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    io::Write::write_all(&mut packed, zen.as_bytes()).unwrap();
    let packed = packed.finish().unwrap();
    let right = format!("\r\nContent-Encoding: gzip{}", signed(&signature(&packed)));
    assert_eq!(
        post(&rig, "/signed", &right, &packed).await,
        accepted(1),
        "what was sent is signed"
    );
    let inside = format!("\r\nContent-Encoding: gzip{}", signed(&signature(zen.as_bytes())));
    assert_eq!(post(&rig, "/signed", &inside, &packed).await.0, 401);
    assert_eq!(post(&rig, "/open", "\r\nOrigin: http://evil.example", "{}").await.0, 403);
    let mut rig = rig;
    until("three records", || {
        rig.engine.drain();
        rig.engine.got.len() == 3
    })
    .await;
    let texts = rig.engine.texts().join("");
    assert!(!texts.contains("bob@") && texts.contains("<email:"), "{texts}");
    ends(rig).await;
}

fn signature(body: &[u8]) -> String {
    use hmac::{KeyInit, Mac};
    let secret = b"It's a Secret to Everybody";
    let mut mac = hmac::Hmac::<sha2::Sha256>::new_from_slice(secret).unwrap();
    mac.update(body);
    mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_taken_leaves_nothing_behind() {
    let limits =
        Limits { wire_max: 2_000, body_max: 4_000, record_max: 1_000, ..Limits::default() };
    let rig = rig(limits, (1, 64)).await;
    let get = send(rig.address, "GET /open HTTP/1.1", b"").await;
    assert!(get.0 == 405 && get.1.contains("allow: post"), "{get:?}");
    let plain = "POST /open HTTP/1.1\r\nContent-Type: text/plain";
    assert_eq!(send(rig.address, plain, b"hello").await.0, 415);
    let brotli = "\r\nContent-Encoding: br";
    let long = format!("{{\"a\":\"{}\"}}", "x".repeat(1_100));
    for (path, more, body, status) in [
        ("/none", "", "{}", 404),
        ("/open/", "", "{}", 404),
        ("/open", "", "", 400),
        ("/open", "", "{\"a\":1", 400),
        ("/open", "", "[{\"good\":1},{\"bad\":}]", 400),
        ("/open", "", "[{\"good\":1},7]", 400),
        ("/open", brotli, "{}", 415),
        ("/open", "", &long, 413),
        ("/open", "", &format!("[{{}},{long}]"), 413),
        ("/open", "", &" ".repeat(2_001), 413),
        ("/open", "", &("[".repeat(100) + &"]".repeat(100)), 400),
    ] {
        let answer = post(&rig, path, more, body).await;
        assert_eq!(answer.0, status, "{path} {body}: {}", answer.1);
        assert!(answer.1.contains("\"detail\""), "{}", answer.1);
    }
    assert_eq!(rig.counters.refused_request.load(std::sync::atomic::Ordering::Relaxed), 13);
    assert_eq!(rig.counters.accepted.load(std::sync::atomic::Ordering::Relaxed), 0);
    assert_eq!(post(&rig, "/open", "", "{\"fine\":1}").await, accepted(1));
    ends(rig).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_sent_twice_is_taken_once() {
    let mut rig = rig(Limits::default(), (1, 64)).await;
    let id = "\r\nIdempotency-Key: 7";
    for _ in 0..3 {
        assert_eq!(post(&rig, "/open", id, "{\"a\":1}").await, accepted(1));
    }
    // Another body, and another name, are other requests; without a name each is one.
    assert_eq!(post(&rig, "/open", id, "{\"a\":2}").await, accepted(1));
    assert_eq!(post(&rig, "/open", "\r\nWebhook-Id: 8", "{\"a\":1}").await, accepted(1));
    for _ in 0..2 {
        assert_eq!(post(&rig, "/open", "", "{\"a\":3}").await, accepted(1));
    }
    // Alertmanager sends an alert again until it is over.
    let alert = |name: &str, status: &str| {
        format!(
            "{{\"status\":\"{status}\",\"labels\":{{\"alertname\":\"{name}\"}},\"startsAt\":\"{}\"}}",
            at(0)
        )
    };
    let both = format!("{{\"alerts\":[{},{}]}}", alert("A", "firing"), alert("B", "firing"));
    assert_eq!(post(&rig, "/alerts", "", &both).await, accepted(2));
    assert_eq!(post(&rig, "/alerts", "", &both).await, accepted(2));
    let over = format!("{{\"alerts\":[{},{}]}}", alert("A", "resolved"), alert("B", "firing"));
    assert_eq!(post(&rig, "/alerts", "", &over).await, accepted(2));
    until("eight records", || {
        rig.engine.drain();
        rig.engine.got.len() == 8
    })
    .await;
    let count = |part: &str| rig.engine.got.iter().filter(|g| g.text.contains(part)).count();
    assert_eq!((count("\"a\":1}"), count("\"a\":2}"), count("\"a\":3}")), (2, 1, 2));
    assert_eq!((count("firing"), count("resolved")), (2, 1));
    assert_eq!(rig.counters.duplicate.load(std::sync::atomic::Ordering::Relaxed), 3);
    ends(rig).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_engine_tells_senders_to_come_back() {
    let limits = Limits { held_max: 256 << 10, requests_max: 4, ..Limits::default() };
    let mut rig = rig(limits, (1, 1)).await;
    let address = rig.address;
    let client = |n: u64| async move {
        let head = "POST /open HTTP/1.1\r\nContent-Type: application/json";
        let body = format!("{{\"n\":{n},\"x\":\"{}\"}}", "y".repeat(500));
        let mut tries = 0;
        loop {
            match send(address, head, body.as_bytes()).await {
                (200, _, answer) => break assert_eq!(answer, "{\"accepted\":1}"),
                (429, head, _) => assert!(head.contains("retry-after: 1"), "{head}"),
                other => panic!("{other:?}"),
            }
            tries += 1;
            tokio::time::sleep(Duration::from_millis(5 + n % 7)).await;
        }
        tries
    };
    let clients: Vec<_> = (0..60).map(|n| tokio::spawn(client(n))).collect();
    let told = rig.counters.clone();
    until("some are told to wait", || {
        told.told_to_wait.load(std::sync::atomic::Ordering::Relaxed) > 20
    })
    .await;
    until("all are through", || {
        rig.engine.drain();
        clients.iter().all(JoinHandle::is_finished)
    })
    .await;
    let mut tries = 0;
    for client in clients {
        tries += client.await.unwrap();
    }
    assert!(tries > 20);
    rig.engine.drain();
    let mut numbers: Vec<String> =
        rig.engine.got.iter().map(|got| got.text.split(',').next().unwrap().to_owned()).collect();
    numbers.sort();
    numbers.dedup();
    assert_eq!((numbers.len(), rig.engine.got.len()), (60, 60), "each once");
    ends(rig).await;
}
