//! Time as nanoseconds since 1970 UTC, the tick of the engine, and how people read it.

use jiff::{Timestamp, tz::TimeZone};

/// Nanoseconds since 1970-01-01T00:00:00Z, in `[0, MAX_NS]`.
pub type Ns = u64;

/// Greatest time that is represented: 2262-04-11T23:47:16.854775807Z.
pub const MAX_NS: Ns = i64::MAX as u64;
/// Nanoseconds in a second.
pub const SECOND: Ns = 1_000_000_000;
/// Nanoseconds in a millisecond.
pub const MILLISECOND: Ns = 1_000_000;
/// Promises, capabilities and cuts are multiples of the tick (100 ms).
pub const TICK: Ns = 100 * MILLISECOND;
/// The quantum of tables: 60 s of effective time.
pub const QUANTUM: Ns = 60 * SECOND;
/// One UTC day.
pub const DAY: Ns = 86_400 * SECOND;

/// Clamps a wide value into the represented range.
#[inline]
pub fn clamp(ns: i128) -> Ns {
    ns.clamp(0, i128::from(MAX_NS)) as Ns
}

/// Rounds down to the tick.
#[inline]
pub const fn floor_tick(ns: Ns) -> Ns {
    ns - ns % TICK
}

/// The dataflow timestamp (milliseconds) of the tick that holds `ns`.
#[inline]
pub const fn tick_ms(ns: Ns) -> u64 {
    floor_tick(ns) / MILLISECOND
}

/// RFC 3339 in UTC, with as many digits of the second as there are: `2026-03-24T19:01:00Z`.
pub fn rfc3339(ns: Ns) -> String {
    timestamp(ns).to_string()
}

/// RFC 3339 in the machine's own zone with its offset.
pub fn rfc3339_local(ns: Ns) -> String {
    let zoned = timestamp(ns).to_zoned(TimeZone::system());
    zoned.strftime("%Y-%m-%dT%H:%M:%S%.f%:z").to_string()
}

fn timestamp(ns: Ns) -> Timestamp {
    let ns = ns.min(MAX_NS);
    Timestamp::new((ns / SECOND) as i64, (ns % SECOND) as i32).unwrap_or(Timestamp::UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clamps_and_prints() {
        assert_eq!(clamp(-5), 0);
        assert_eq!(clamp(i128::MAX), MAX_NS);
        assert_eq!(rfc3339(1_774_378_860 * SECOND), "2026-03-24T19:01:00Z");
        assert_eq!(rfc3339(MAX_NS), "2262-04-11T23:47:16.854775807Z");
        assert_eq!(tick_ms(199 * MILLISECOND), 100);
    }
}
