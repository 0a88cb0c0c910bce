//! A connection to the HTTP face of the running program.
//!
//! One connection, one request at a time, no redirects, nothing but the address that was given. Times and the
//! size of an answer are bounded; a 429 is waited out as long as the program asks, up to [`PATIENCE`]. An answer
//! that is a stream is handed on as it comes.

use crate::api::Opener;
use crate::failure::{ExitCode, Failure};
use http::{HeaderValue, Method, Request, StatusCode, header};
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;

/// How long connecting may take.
const CONNECT: Duration = Duration::from_secs(5);
/// How long the program may take to begin an answer.
const ANSWER: Duration = Duration::from_secs(60);
/// How long a stream may stand still.
const STILL: Duration = Duration::from_secs(60);
/// Longest answer that is held whole, in bytes.
const ANSWER_MAX: usize = 64 << 20;
/// How long a program that is busy is asked again.
const PATIENCE: Duration = Duration::from_secs(120);
/// Longest wait between two tries.
const WAIT_MAX: u64 = 10;

/// Who is asked.
#[derive(Clone, Debug)]
enum Target {
    /// The running program.
    Running(SocketAddr),
    /// This process.
    Inside(Opener),
}

/// A connection.
pub struct Client {
    target: Target,
    runtime: Runtime,
    sender: Option<SendRequest<Full<Bytes>>>,
    timeout: Duration,
}

/// What the program answered.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Its status.
    pub status: StatusCode,
    /// Its body.
    pub body: Vec<u8>,
}

impl Answer {
    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    /// What the program says was wrong.
    pub fn detail(&self) -> String {
        match &self.json()["detail"] {
            Value::String(text) => text.clone(),
            Value::Null => format!("status {}", self.status.as_u16()),
            other => other.to_string(),
        }
    }
}

impl Client {
    /// Connects to the program at an address.
    pub fn connect(address: SocketAddr) -> Result<Client, Failure> {
        Client::with_timeout(address, ANSWER)
    }

    /// As [`Client::connect`]; answers have to begin within `timeout`.
    pub fn with_timeout(address: SocketAddr, timeout: Duration) -> Result<Client, Failure> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| unreachable(address, &error.to_string()))?;
        let target = Target::Running(address);
        let mut client = Client { target, runtime, sender: None, timeout };
        client.open()?;
        Ok(client)
    }

    /// Asks this process itself.
    pub fn inside(opener: Opener) -> Result<Client, Failure> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| Failure::cannot_run(format!("cannot start: {error}")))?;
        let target = Target::Inside(opener);
        let mut client = Client { target, runtime, sender: None, timeout: ANSWER };
        client.open()?;
        Ok(client)
    }

    /// The address of the program that it asks, if it is one.
    pub fn address(&self) -> Option<SocketAddr> {
        match self.target {
            Target::Running(address) => Some(address),
            Target::Inside(_) => None,
        }
    }

    fn open(&mut self) -> Result<(), Failure> {
        let target = self.target.clone();
        let sender = match &target {
            Target::Inside(opener) => self.runtime.block_on(async {
                let stream = opener.open().await.ok_or("nobody answers")?;
                shaken(stream).await
            }),
            Target::Running(address) => {
                let timeout = self.timeout.min(CONNECT);
                self.runtime.block_on(async {
                    let stream = tokio::time::timeout(timeout, TcpStream::connect(address))
                        .await
                        .map_err(|_| "it does not answer".to_owned())?
                        .map_err(|error| error.to_string())?;
                    shaken(stream).await
                })
            }
        };
        self.sender = Some(sender.map_err(|error| self.unreachable(&error))?);
        Ok(())
    }

    fn host(&self) -> String {
        match self.target {
            Target::Running(address) => address.to_string(),
            Target::Inside(_) => "localhost".to_owned(),
        }
    }

    fn unreachable(&self, what: &str) -> Failure {
        match self.target {
            Target::Running(address) => unreachable(address, what),
            Target::Inside(_) => Failure::cannot_run(format!("the data cannot be asked: {what}")),
        }
    }

    /// Asks for a path; anything but a success is a failure.
    pub fn get(&mut self, path: &str) -> Result<Value, Failure> {
        Ok(self.expect(Method::GET, path, None)?.json())
    }

    /// Sends a request with a JSON body or none; anything but a success is a failure.
    pub fn expect(
        &mut self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Answer, Failure> {
        let answer = self.send(method, path, body)?;
        match answer.status.is_success() {
            true => Ok(answer),
            false => Err(refused(&answer)),
        }
    }

    /// Sends a request with a JSON body or none.
    pub fn send(
        &mut self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Answer, Failure> {
        let body = body.map(|body| ("application/json", Bytes::from(body.to_string())));
        self.send_bytes(method, path, body)
    }

    /// Gives rows of an export to the store; says what became of them.
    pub fn import(&mut self, rows: Vec<u8>) -> Result<Value, Failure> {
        let body = Some(("application/x-ndjson", Bytes::from(rows)));
        let answer = self.send_bytes(Method::POST, "/api/v1/import", body)?;
        match answer.status.is_success() {
            true => Ok(answer.json()),
            false => Err(refused(&answer)),
        }
    }

    /// Sends a request with a body of a type.
    pub fn send_bytes(
        &mut self,
        method: Method,
        path: &str,
        body: Option<(&'static str, Bytes)>,
    ) -> Result<Answer, Failure> {
        let began = Instant::now();
        loop {
            let response = self.request(method.clone(), path, body.clone())?;
            let status = response.status();
            let wait = retry_after(&response)
                .filter(|_| status == StatusCode::TOO_MANY_REQUESTS && began.elapsed() < PATIENCE);
            let mut whole = Vec::new();
            self.collect(response, &mut |chunk| {
                whole.extend_from_slice(chunk);
                match whole.len() > ANSWER_MAX {
                    true => Err(format!("its answer is longer than {ANSWER_MAX} bytes")),
                    false => Ok(()),
                }
            })?;
            match wait {
                Some(seconds) => std::thread::sleep(Duration::from_secs(seconds)),
                None => return Ok(Answer { status, body: whole }),
            }
        }
    }

    /// Asks for a path and hands on the body as it comes.
    pub fn stream(
        &mut self,
        path: &str,
        each: &mut dyn FnMut(&[u8]) -> Result<(), String>,
    ) -> Result<(), Failure> {
        let response = self.request(Method::GET, path, None)?;
        let status = response.status();
        if status.is_success() {
            return self.collect(response, each);
        }
        let mut body = Vec::new();
        self.collect(response, &mut |chunk| {
            body.extend_from_slice(&chunk[..chunk.len().min(ANSWER_MAX - body.len())]);
            Ok(())
        })?;
        Err(refused(&Answer { status, body }))
    }

    fn request(
        &mut self,
        method: Method,
        path: &str,
        body: Option<(&'static str, Bytes)>,
    ) -> Result<hyper::Response<Incoming>, Failure> {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, self.host())
            .header(header::USER_AGENT, concat!("seerflow/", env!("CARGO_PKG_VERSION")));
        if let Some((kind, _)) = body {
            request = request.header(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        }
        let body = Full::new(body.map(|(_, bytes)| bytes).unwrap_or_default());
        let request = request.body(body).map_err(|error| self.unreachable(&error.to_string()))?;
        if self.sender.as_ref().is_none_or(SendRequest::is_closed) {
            self.open()?;
        }
        let Some(sender) = &mut self.sender else { return Err(self.unreachable("no connection")) };
        let sending = async {
            sender.ready().await.map_err(|error| error.to_string())?;
            tokio::time::timeout(self.timeout, sender.send_request(request))
                .await
                .map_err(|_| "it does not answer".to_owned())?
                .map_err(|error| error.to_string())
        };
        let sent = self.runtime.block_on(sending);
        sent.map_err(|error| self.unreachable(&error))
    }

    fn collect(
        &self,
        mut response: hyper::Response<Incoming>,
        each: &mut dyn FnMut(&[u8]) -> Result<(), String>,
    ) -> Result<(), Failure> {
        let reading = async {
            loop {
                let frame = tokio::time::timeout(STILL, response.frame());
                match frame.await.map_err(|_| "its answer stands still".to_owned())? {
                    None => return Ok(()),
                    Some(Err(error)) => return Err(error.to_string()),
                    Some(Ok(frame)) => {
                        if let Some(data) = frame.data_ref() {
                            each(data)?;
                        }
                    }
                }
            }
        };
        let read = self.runtime.block_on(reading);
        read.map_err(|error: String| self.unreachable(&error))
    }
}

/// Seconds that a busy program asks to wait.
fn retry_after(response: &hyper::Response<Incoming>) -> Option<u64> {
    let header = response.headers().get(header::RETRY_AFTER)?;
    let seconds: u64 = header.to_str().ok()?.parse().ok()?;
    Some(seconds.clamp(1, WAIT_MAX))
}

/// A connection over a stream.
async fn shaken(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
) -> Result<SendRequest<Full<Bytes>>, String> {
    let (sender, connection) =
        http1::handshake(TokioIo::new(stream)).await.map_err(|error| error.to_string())?;
    // Ends with the sender; what goes wrong is told by the request.
    tokio::spawn(connection);
    Ok(sender)
}

fn unreachable(address: SocketAddr, what: &str) -> Failure {
    Failure::cannot_run(format!("cannot ask the running program at {address}: {what}"))
        .hint("start it with `seerflow start`")
}

/// What was refused is told in the words of the answer: 4xx is a mistake of the asker.
fn refused(answer: &Answer) -> Failure {
    let detail = answer.detail();
    match answer.status.as_u16() {
        400 | 409 | 413 | 415 | 422 => Failure::usage(detail),
        404 => Failure::new(ExitCode::Findings, detail),
        status => Failure::cannot_run(format!("it cannot be answered: {detail} (status {status})")),
    }
}
