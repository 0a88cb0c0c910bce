//! Networks in CIDR notation, of both families; an IPv4 address mapped into IPv6 is the IPv4
//! address.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A network: an address and how many of its bits count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Net {
    address: IpAddr,
    bits: u8,
}

impl Net {
    /// Reads `address/bits`, or an address alone for itself. Bits behind the prefix are ignored.
    pub fn parse(text: &str) -> Option<Net> {
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().ok()?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let bits = match bits {
            Some(bits) if bits.bytes().all(|b| b.is_ascii_digit()) => bits.parse().ok()?,
            Some(_) => return None,
            None => most,
        };
        (bits <= most).then_some(Net { address, bits })
    }

    /// Whether an address is in it.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(net), IpAddr::V4(address)) => {
                let shift = 32 - u32::from(self.bits);
                let cut = |ip: Ipv4Addr| u32::from(ip).checked_shr(shift).unwrap_or(0);
                cut(net) == cut(address)
            }
            (IpAddr::V6(net), _) => {
                let address = match address {
                    IpAddr::V4(address) => address.to_ipv6_mapped(),
                    IpAddr::V6(address) => address,
                };
                let shift = 128 - u32::from(self.bits);
                let cut = |ip: Ipv6Addr| u128::from(ip).checked_shr(shift).unwrap_or(0);
                let mapped = address.to_ipv4_mapped().is_some();
                // `::/0` means the other family, not every IPv4 address.
                cut(net) == cut(address) && (!mapped || net.to_ipv4_mapped().is_some())
            }
            (IpAddr::V4(_), IpAddr::V6(_)) => false,
        }
    }

    /// An address in it: as written, or its last.
    pub fn example(&self, last: bool) -> IpAddr {
        let host = |most: u32| u128::MAX.checked_shr(128 - most + u32::from(self.bits));
        match (last, self.address) {
            (false, address) => address,
            (true, IpAddr::V4(net)) => {
                IpAddr::V4((u32::from(net) | host(32).unwrap_or(0) as u32).into())
            }
            (true, IpAddr::V6(net)) => {
                IpAddr::V6((u128::from(net) | host(128).unwrap_or(0)).into())
            }
        }
    }
}

impl fmt::Display for Net {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.bits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_families() {
        for (net, inside, outside) in [
            ("10.0.0.0/8", "10.255.0.1", "11.0.0.1"),
            ("192.168.0.0/16", "::ffff:192.168.3.4", "192.169.0.1"),
            ("127.0.0.1", "127.0.0.1", "127.0.0.2"),
            ("fe80::/10", "fe80::1", "fec0::1"),
            ("::1/128", "::1", "::2"),
            ("0.0.0.0/0", "8.8.8.8", "2001:db8::1"),
            ("::/0", "2001:db8::1", "8.8.8.8"),
            ("10.1.2.3/8", "10.9.9.9", "fe80::1"),
        ] {
            let parsed = Net::parse(net).unwrap();
            assert!(parsed.contains(inside.parse().unwrap()), "{net} {inside}");
            assert!(!parsed.contains(outside.parse().unwrap()), "{net} {outside}");
            assert!(parsed.contains(parsed.example(false)), "{net}");
            assert!(parsed.contains(parsed.example(true)), "{net}");
        }
        let last = |net: &str| Net::parse(net).unwrap().example(true).to_string();
        assert_eq!(last("10.0.0.0/8"), "10.255.255.255");
        assert_eq!(last("10.0.0.7"), "10.0.0.7");
        assert_eq!(last("2001:db8::/112"), "2001:db8::ffff");
        for wrong in ["10.0.0.0/33", "fe80::/129", "10.0.0/8", "x", "", "10.0.0.0/+8", "10.0.0.0/"]
        {
            assert_eq!(Net::parse(wrong), None, "{wrong}");
        }
    }
}
