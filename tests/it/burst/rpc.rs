//! Senders over gRPC, each with a connection of its own, all on one thread.

use super::request::{Door, logs};
use super::{Crowd, Loss};
use opentelemetry_proto::tonic::collector::logs::v1::logs_service_client::LogsServiceClient;
use prost::Message;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::thread::JoinHandle;
use std::time::Duration;
use tonic::Code;
use tonic::transport::Channel;

/// How long a sender waits for an answer that it will lose.
const GONE: Duration = Duration::from_millis(5);
/// How long a sender waits that was not told how long: its connection broke.
const PAUSE: Duration = Duration::from_millis(200);

/// The part of `google.rpc.Status` with `RetryInfo` in it.
#[derive(Clone, PartialEq, Message)]
struct Details {
    #[prost(message, repeated, tag = "3")]
    details: Vec<Any>,
}

/// `google.protobuf.Any`.
#[derive(Clone, PartialEq, Message)]
struct Any {
    #[prost(string, tag = "1")]
    type_url: String,
    #[prost(bytes = "vec", tag = "2")]
    value: Vec<u8>,
}

/// `google.rpc.RetryInfo`.
#[derive(Clone, PartialEq, Message)]
struct RetryInfo {
    #[prost(message, optional, tag = "1")]
    delay: Option<Delay>,
}

/// `google.protobuf.Duration`.
#[derive(Clone, PartialEq, Message)]
struct Delay {
    #[prost(int64, tag = "1")]
    seconds: i64,
}

/// How long a refusal says to wait.
fn told(status: &tonic::Status) -> Duration {
    let details = Details::decode(status.details()).unwrap().details;
    let any = details.iter().find(|any| any.type_url.ends_with("google.rpc.RetryInfo")).unwrap();
    let delay = RetryInfo::decode(&any.value[..]).unwrap().delay.unwrap();
    Duration::from_secs(delay.seconds as u64)
}

/// Starts all senders of the door.
pub fn start(crowd: &Arc<Crowd>, address: SocketAddr) -> JoinHandle<()> {
    let crowd = crowd.clone();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let senders: Vec<_> = (0..crowd.tallies.len())
                .filter(|sender| crowd.tallies[*sender].0 == Door::Grpc)
                .map(|sender| tokio::spawn(run(crowd.clone(), sender, address)))
                .collect();
            for sender in senders {
                sender.await.unwrap();
            }
        });
    })
}

/// Sends one request after another until the time is over.
async fn run(crowd: Arc<Crowd>, sender: usize, address: SocketAddr) {
    let url = format!("http://{address}");
    let mut client = loop {
        match LogsServiceClient::connect(url.clone()).await {
            Ok(client) => break client,
            Err(_) if crowd.over.load(Relaxed) => return,
            Err(_) => tokio::time::sleep(PAUSE).await,
        }
    };
    for batch in 0.. {
        if crowd.over.load(Relaxed) || !deliver(&crowd, sender, batch, &mut client).await {
            return;
        }
        crowd.tallies[sender].1.taken.fetch_add(1, Relaxed);
    }
}

/// As [`super::http::Http`] does.
async fn deliver(
    crowd: &Crowd,
    sender: usize,
    batch: u64,
    client: &mut LogsServiceClient<Channel>,
) -> bool {
    let tally = &crowd.tallies[sender].1;
    let request = logs(Door::Grpc, sender, batch, crowd.form);
    let loss = crowd.loss(sender, batch);
    let mut unsure = loss.is_some();
    if let Some(loss) = loss {
        tally.offered.fetch_add(1, Relaxed);
        tally.lost.fetch_add(1, Relaxed);
        let call = client.export(request.clone());
        let heard = match loss {
            Loss::Unread => call.await.is_ok(),
            // The call is given up: its stream is reset.
            Loss::Early => tokio::time::timeout(GONE, call).await.is_ok_and(|said| said.is_ok()),
        };
        tally.heard.fetch_add(u64::from(heard), Relaxed);
    }
    loop {
        tally.offered.fetch_add(1, Relaxed);
        match client.export(request.clone()).await {
            Ok(answer) => {
                let partial = answer.into_inner().partial_success;
                assert!(partial.is_none(), "not all were taken: {partial:?}");
                return true;
            }
            Err(status) if status.code() == Code::ResourceExhausted => {
                tally.told.fetch_add(1, Relaxed);
                let delay = told(&status);
                if crowd.over.load(Relaxed) && !unsure {
                    return false;
                }
                tokio::time::sleep(delay).await;
            }
            Err(status) => {
                // What OTLP says to send again, and a connection that broke, which tonic does not
                // name; perhaps it was taken.
                let again = [Code::Cancelled, Code::Unavailable, Code::Unknown];
                assert!(again.contains(&status.code()), "{status}");
                unsure = true;
                tally.broken.fetch_add(1, Relaxed);
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}
