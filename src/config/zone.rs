//! Time zones as people write them.

use jiff::tz::{Offset, TimeZone};

/// A zone by its IANA name, `local`, or an offset such as `+02:00`.
pub fn parse(text: &str) -> Result<TimeZone, String> {
    if text.eq_ignore_ascii_case("local") {
        return Ok(TimeZone::system());
    }
    if text.eq_ignore_ascii_case("utc") || text == "Z" {
        return Ok(TimeZone::UTC);
    }
    if let Some(offset) = offset(text) {
        return Ok(TimeZone::fixed(offset));
    }
    TimeZone::get(text).map_err(|_| {
        format!("is \"{text}\"; allowed: UTC, local, an offset such as +02:00, or a name such as Europe/Berlin")
    })
}

fn offset(text: &str) -> Option<Offset> {
    let sign = match text.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let digits: String = text[1..].chars().filter(|c| *c != ':').collect();
    if digits.len() != 4 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let (hours, minutes) = (digits[..2].parse::<i32>().ok()?, digits[2..].parse::<i32>().ok()?);
    (hours <= 18 && minutes < 60)
        .then(|| Offset::from_seconds(sign * (hours * 3600 + minutes * 60)).ok())
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_names_and_offsets() {
        let seconds = |text: &str| {
            let zone = parse(text).unwrap();
            zone.to_offset(jiff::Timestamp::UNIX_EPOCH).seconds()
        };
        assert_eq!(seconds("+02:00"), 7200);
        assert_eq!(seconds("-0530"), -19_800);
        assert_eq!(seconds("utc"), 0);
        assert_eq!(seconds("Asia/Kolkata"), 19_800);
        for wrong in ["+2", "+99:00", "nowhere", ""] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
