//! Times as cells hold them: seconds since 1970 or their thousandths, or a date and time of day.

use seerflow_model::Ns;
use seerflow_model::time::SECOND;
use seerflow_parsing::time::{Finder, YearPolicy, Zone};

/// The moment that a cell holds and nothing else; UTC where it names no zone.
pub fn moment(cell: &str) -> Option<Ns> {
    let cell = cell.trim();
    if cell.bytes().all(|c| c.is_ascii_digit()) {
        let scale = match cell.len() {
            9 | 10 => SECOND,
            13 => SECOND / 1_000,
            16 => SECOND / 1_000_000,
            19 => 1,
            _ => return None,
        };
        return cell.parse::<u64>().ok()?.checked_mul(scale);
    }
    // What has no digits first is no time that is cheap to look for.
    cell.bytes().next().filter(u8::is_ascii_digit)?;
    let hit = Finder::new(Zone::Utc, YearPolicy::Fixed(1970)).find(cell.as_bytes())?;
    (hit.start == 0 && hit.len as usize == cell.len()).then_some(hit.ns)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_that_are_times() {
        for (cell, ns) in [
            ("1642723347", 1_642_723_347 * SECOND),
            ("1642723347123", 1_642_723_347_123_000_000),
            ("2014-04-10 07:15:00.000000", 1_397_114_100 * SECOND),
            ("2014-04-10 07:15:00", 1_397_114_100 * SECOND),
            (" 2014-04-10T07:15:00Z ", 1_397_114_100 * SECOND),
            ("2014-04-10T09:15:00+02:00", 1_397_114_100 * SECOND),
        ] {
            assert_eq!(moment(cell), Some(ns), "{cell}");
        }
        for cell in
            ["", "12", "4.5", "10.0.0.1", "2014-04-10 07:15:00 down", "notice", "99999999999"]
        {
            assert_eq!(moment(cell), None, "{cell}");
        }
    }
}
