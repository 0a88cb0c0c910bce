//! Syslog over UDP (one record per datagram) and over TCP (lines or octet counts).

mod drops;
pub mod framing;
pub mod tcp;
pub mod udp;

#[cfg(test)]
mod tests;

/// A frame or datagram that is longer is cut.
pub const FRAME_MAX: usize = 64 * 1024;
