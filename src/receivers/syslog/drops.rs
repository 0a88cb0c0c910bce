//! Datagrams that the kernel dropped because a socket's buffer was full.
//!
//! The kernel's counter of drops of a socket is given with each datagram when `SO_RXQ_OVFL` is
//! set, and is the last column of `/proc/net/udp` and `udp6`. The former needs a socket option and
//! a control message that no safe interface offers; the latter is the same number, found by the
//! socket's inode, and also seen when no further datagram comes. It is read at most once a second
//! and only after traffic.

use std::os::fd::AsFd;

/// The drops of one socket.
pub struct KernelDrops {
    inode: u64,
    table: &'static str,
    seen: u64,
}

const TABLES: [&str; 2] = ["/proc/self/net/udp", "/proc/self/net/udp6"];

/// How often the table is read when a row is missing from it.
const READS_MAX: u32 = 8;

impl KernelDrops {
    /// Begins to count for this socket; `None` when the system does not tell.
    pub fn of(socket: impl AsFd) -> Option<KernelDrops> {
        let inode = rustix::fs::fstat(socket).ok()?.st_ino;
        TABLES.into_iter().find_map(|table| {
            let seen = drops(&std::fs::read_to_string(table).ok()?, inode)?;
            Some(KernelDrops { inode, table, seen })
        })
    }

    /// Drops since the last call. The table is not read in one piece: while sockets come and go, a
    /// row may be missing from it, so it is read again.
    pub fn more(&mut self) -> u64 {
        let table = self.table;
        let read = || drops(&std::fs::read_to_string(table).ok()?, self.inode);
        let Some(now) = (0..READS_MAX).find_map(|_| read()) else { return 0 };
        // The kernel counts in 32 bits.
        let more = (now as u32).wrapping_sub(self.seen as u32);
        self.seen = now;
        u64::from(more)
    }
}

/// The drops column of the row with this inode.
fn drops(table: &str, inode: u64) -> Option<u64> {
    table.lines().skip(1).find_map(|row| {
        let mut columns = row.split_ascii_whitespace();
        let own = columns.nth(9)?.parse::<u64>().ok()?;
        (own == inode).then(|| columns.nth(2)?.parse().ok())?
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::UdpSocket;

    #[test]
    fn reads_the_row_of_an_inode() {
        let table = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   \
                     uid  timeout inode ref pointer drops\n\
                     12: 0100007F:158A 00000000:0000 07 00000000:00000000 00:00000000 00000000 \
                     0 0 4242 2 0000000000000000 17\n";
        assert_eq!(drops(table, 4242), Some(17));
        assert_eq!(drops(table, 1), None);
    }

    #[test]
    fn counts_what_overflows_a_real_socket() {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket2::SockRef::from(&socket).set_recv_buffer_size(4096).unwrap();
        let mut drops = KernelDrops::of(&socket).expect("/proc/net/udp names the socket");
        assert_eq!(drops.more(), 0);
        let sender = UdpSocket::bind("127.0.0.1:0").unwrap();
        for _ in 0..100 {
            sender.send_to(&[b'x'; 1000], socket.local_addr().unwrap()).unwrap();
        }
        socket.set_nonblocking(true).unwrap();
        let mut buffer = [0; 2000];
        let received = std::iter::from_fn(|| socket.recv(&mut buffer).ok()).count() as u64;
        assert_eq!(received + drops.more(), 100);
        assert_eq!(drops.more(), 0);
    }
}
