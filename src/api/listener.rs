//! A listener that bounds connections and how long a request may take to arrive.
//!
//! A connection holds one of a fixed number of permits. Its clock starts when it opens and again
//! whenever something is written to it, and reading fails when the clock has run out: a peer that
//! sends its request a byte at a time is cut off, one that reads a long answer slowly is not. While
//! a whole request waits for its answer ([`Owing`]) the clock stands: then it is us who are silent.
//!
//! A read takes [`READ_MAX`] bytes at most: whoever reads makes its buffer as large as what came at
//! once, for each connection, and keeps it.

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf, Take};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, Sleep};

/// Bytes that a connection gives at once.
const READ_MAX: usize = 16 * 1024;

/// See the module head.
pub struct Bounded {
    inner: TcpListener,
    permits: Arc<Semaphore>,
    timeout: Duration,
}

impl Bounded {
    pub fn new(inner: TcpListener, connections_max: usize, timeout: Duration) -> Bounded {
        Bounded { inner, permits: Arc::new(Semaphore::new(connections_max.max(1))), timeout }
    }
}

impl Listener for Bounded {
    type Io = Connection;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Connection, SocketAddr) {
        loop {
            // Waiting before accepting leaves the excess in the kernel's queue. The semaphore is
            // never closed.
            let permit = self.permits.clone().acquire_owned().await.ok();
            match self.inner.accept().await {
                Ok((stream, peer)) => {
                    let clock = Box::pin(tokio::time::sleep(self.timeout));
                    let connection = Connection {
                        stream: stream.take(0),
                        clock,
                        timeout: self.timeout,
                        owing: Owing::default(),
                        _permit: permit,
                    };
                    return (connection, peer);
                }
                Err(error) => {
                    tracing::debug!(%error, "cannot accept a connection");
                    // Out of descriptors, most likely: others must end first.
                    tokio::time::sleep(Duration::from_millis(200)).await;
                }
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.inner.local_addr()
    }
}

/// Who opened a connection.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub SocketAddr);

impl Connected<IncomingStream<'_, Bounded>> for Peer {
    fn connect_info(stream: IncomingStream<'_, Bounded>) -> Peer {
        Peer(*stream.remote_addr())
    }
}

/// Answers that are owed to a connection: requests that were read and are not answered.
#[derive(Clone, Debug, Default)]
pub struct Owing(Arc<AtomicUsize>);

impl Owing {
    /// A request was read; it is answered, or given up, when this is dropped.
    pub fn owe(&self) -> Owed {
        self.0.fetch_add(1, Ordering::AcqRel);
        Owed(self.clone())
    }

    fn any(&self) -> bool {
        self.0.load(Ordering::Acquire) > 0
    }
}

/// One answer that is owed.
#[derive(Debug)]
pub struct Owed(Owing);

impl Drop for Owed {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::AcqRel);
    }
}

/// One connection with its permit and clock.
pub struct Connection {
    stream: Take<TcpStream>,
    clock: Pin<Box<Sleep>>,
    timeout: Duration,
    owing: Owing,
    _permit: Option<OwnedSemaphorePermit>,
}

impl Connection {
    /// Who is at the other end.
    pub fn peer(&self) -> Option<SocketAddr> {
        self.stream.get_ref().peer_addr().ok()
    }

    /// What is owed to it.
    pub fn owing(&self) -> &Owing {
        &self.owing
    }

    fn restart_clock(&mut self) {
        let until = Instant::now() + self.timeout;
        self.clock.as_mut().reset(until);
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        while self.clock.as_mut().poll(cx).is_ready() {
            if !self.owing.any() {
                return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
            }
            self.restart_clock();
        }
        self.stream.set_limit(READ_MAX as u64);
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.restart_clock();
        Pin::new(self.stream.get_mut()).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(self.stream.get_mut()).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(self.stream.get_mut()).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.restart_clock();
        Pin::new(self.stream.get_mut()).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.get_ref().is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    const TIMEOUT: Duration = Duration::from_millis(60);

    async fn pair() -> (Connection, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        (Bounded::new(listener, 1, TIMEOUT).accept().await.0, client)
    }

    #[tokio::test]
    async fn who_waits_for_an_answer_is_not_silent() {
        let (mut connection, mut client) = pair().await;
        let owed = connection.owing().owe();
        let read = tokio::spawn(async move {
            let mut bytes = [0; 8];
            let first = connection.read(&mut bytes).await;
            (first, connection.read(&mut bytes).await)
        });
        tokio::time::sleep(4 * TIMEOUT).await;
        client.write_all(b"ping").await.unwrap();
        drop(owed);
        let (first, second) = read.await.unwrap();
        assert_eq!(first.unwrap(), 4);
        assert_eq!(second.unwrap_err().kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test]
    async fn a_read_gives_no_more_than_its_share() {
        let (mut connection, mut client) = pair().await;
        let sent = vec![7; 5 * READ_MAX];
        let writing = tokio::spawn(async move { client.write_all(&sent).await.unwrap() });
        let (mut buffer, mut read) = (vec![0; 4 * READ_MAX], 0);
        while read < 5 * READ_MAX {
            let n = connection.read(&mut buffer).await.unwrap();
            assert!(n > 0 && n <= READ_MAX, "{n}");
            read += n;
        }
        writing.await.unwrap();
    }
}
