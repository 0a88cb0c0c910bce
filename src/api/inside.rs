//! The API inside a process: connections that no other program can open.
//!
//! A command that finds nobody using the data directory answers itself, over the same routes; what
//! it asks goes through memory and not through a socket that others on the machine could reach.

use axum::serve::Listener;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use tokio::io::{DuplexStream, duplex};
use tokio::sync::mpsc;

/// Bytes that may be on their way on one connection.
const BUFFER: usize = 256 << 10;

/// Opens connections.
#[derive(Clone, Debug)]
pub struct Opener(mpsc::Sender<DuplexStream>);

impl Opener {
    /// A new connection; `None` when nobody serves any more.
    pub async fn open(&self) -> Option<DuplexStream> {
        let (ours, theirs) = duplex(BUFFER);
        self.0.send(theirs).await.ok().map(|()| ours)
    }
}

/// Takes them.
#[derive(Debug)]
pub struct Inside(mpsc::Receiver<DuplexStream>);

/// Both ends.
pub fn inside() -> (Opener, Inside) {
    let (send, receive) = mpsc::channel(1);
    (Opener(send), Inside(receive))
}

impl Listener for Inside {
    type Io = DuplexStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (DuplexStream, SocketAddr) {
        match self.0.recv().await {
            Some(stream) => (stream, SocketAddr::from((Ipv4Addr::LOCALHOST, 0))),
            // Nobody can open one any more; whoever serves is about to be stopped.
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))
    }
}
