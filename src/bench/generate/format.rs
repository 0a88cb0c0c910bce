//! The formats that generated lines come in, and their times.

use super::entities::Actors;
use super::templates::number;
use seerflow_model::Severity;
use seerflow_model::time::{Ns, SECOND};

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];

/// How a line is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LineFormat {
    /// RFC 3164 as files have it, without a priority.
    Rfc3164Bare,
    /// RFC 5424 with structured data.
    Rfc5424Data,
    /// A JSON object.
    Json,
    /// RFC 3164 with a priority.
    Rfc3164,
    /// An ISO 8601 time, a level, the program and the message.
    Iso,
    /// RFC 5424 without structured data.
    Rfc5424,
    /// Kubernetes CRI.
    Cri,
    /// A time as of `ctime` in brackets.
    Ctime,
    /// Docker's json-file.
    Docker,
}

impl LineFormat {
    /// All of them.
    pub const ALL: [LineFormat; 9] = [
        LineFormat::Rfc3164Bare,
        LineFormat::Rfc5424Data,
        LineFormat::Json,
        LineFormat::Rfc3164,
        LineFormat::Iso,
        LineFormat::Rfc5424,
        LineFormat::Cri,
        LineFormat::Ctime,
        LineFormat::Docker,
    ];

    /// A name, also of files.
    pub const fn name(self) -> &'static str {
        match self {
            LineFormat::Rfc3164Bare => "rfc3164-bare",
            LineFormat::Rfc5424Data => "rfc5424-data",
            LineFormat::Json => "json",
            LineFormat::Rfc3164 => "rfc3164",
            LineFormat::Iso => "iso",
            LineFormat::Rfc5424 => "rfc5424",
            LineFormat::Cri => "cri",
            LineFormat::Ctime => "ctime",
            LineFormat::Docker => "docker",
        }
    }
}

/// What stands around a message.
#[derive(Clone, Copy, Debug)]
pub struct Header<'a> {
    /// Host and process; the user of structured data.
    pub actors: Actors<'a>,
    /// Program.
    pub program: &'a str,
    /// How bad it is.
    pub severity: Severity,
    /// Nanoseconds within the second.
    pub nanos: u64,
}

impl Header<'_> {
    fn level(&self) -> &'static str {
        match self.severity {
            Severity::Trace => "DEBUG",
            Severity::Informational | Severity::Notice => "INFO",
            Severity::Warning => "WARN",
            Severity::Error | Severity::Critical | Severity::Fatal => "ERROR",
        }
    }

    /// Facility daemon.
    fn priority(&self) -> u64 {
        24 + match self.severity {
            Severity::Trace => 7,
            Severity::Informational => 6,
            Severity::Notice => 5,
            Severity::Warning => 4,
            Severity::Error | Severity::Critical | Severity::Fatal => 3,
        }
    }
}

/// One second, written in the ways that the formats need.
#[derive(Clone, Debug)]
pub struct SecondText {
    second: u64,
    iso: Vec<u8>,
    syslog: Vec<u8>,
    year: Vec<u8>,
    day: &'static str,
}

impl SecondText {
    /// Of the second that holds `at`.
    pub fn new(at: Ns) -> SecondText {
        let (iso, syslog, year) = (Vec::new(), Vec::new(), Vec::new());
        let mut text = SecondText { second: 0, iso, syslog, year, day: DAYS[0] };
        text.write(at / SECOND);
        text
    }

    /// Moves to the second that holds `at`.
    #[inline]
    pub fn set(&mut self, at: Ns) {
        if at / SECOND != self.second {
            self.write(at / SECOND);
        }
    }

    fn write(&mut self, second: u64) {
        let SecondText { iso, syslog, year: years, .. } = self;
        let (days, of_day) = (second / 86_400, second % 86_400);
        let (year, month, day) = civil(days);
        let clock = [of_day / 3_600, of_day / 60 % 60, of_day % 60];
        [&mut *iso, &mut *syslog, &mut *years].into_iter().for_each(|text| text.clear());
        number(year, years);
        number(year, iso);
        iso.push(b'-');
        two(month, iso);
        iso.push(b'-');
        two(day, iso);
        iso.push(b'T');
        syslog.extend_from_slice(MONTHS[month as usize - 1].as_bytes());
        syslog.extend_from_slice(&[b' ', if day < 10 { b' ' } else { b'0' + (day / 10) as u8 }]);
        syslog.extend_from_slice(&[b'0' + (day % 10) as u8, b' ']);
        for (i, part) in clock.into_iter().enumerate() {
            for text in [&mut *iso, &mut *syslog] {
                if i > 0 {
                    text.push(b':');
                }
                two(part, text);
            }
        }
        self.day = DAYS[(days % 7) as usize];
        self.second = second;
    }
}

/// Year, month and day of a day since 1970 (proleptic Gregorian, years of 400 counted from March).
fn civil(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let (month, next) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    (year + era * 400 + next, month, day)
}

fn two(value: u64, out: &mut Vec<u8>) {
    out.extend_from_slice(&[b'0' + (value / 10 % 10) as u8, b'0' + (value % 10) as u8]);
}

fn fraction(nanos: u64, digits: u32, out: &mut Vec<u8>) {
    out.push(b'.');
    let mut unit = 100_000_000;
    for _ in 0..digits {
        out.push(b'0' + (nanos / unit % 10) as u8);
        unit /= 10;
    }
}

impl LineFormat {
    /// Writes a line, without its end. `message` writes the message.
    #[inline]
    pub fn write(
        self,
        time: &SecondText,
        header: &Header<'_>,
        out: &mut Vec<u8>,
        message: impl FnOnce(&mut Vec<u8>),
    ) {
        match self {
            LineFormat::Rfc3164 | LineFormat::Rfc3164Bare => {
                if self == LineFormat::Rfc3164 {
                    priority(header, out);
                }
                put(
                    out,
                    &[
                        &time.syslog,
                        b" ",
                        header.actors.host,
                        b" ",
                        header.program.as_bytes(),
                        b"[",
                    ],
                );
                number(header.actors.pid, out);
                out.extend_from_slice(b"]: ");
                message(out);
            }
            LineFormat::Rfc5424 | LineFormat::Rfc5424Data => {
                rfc5424(self, time, header, out, message)
            }
            LineFormat::Iso => {
                out.extend_from_slice(&time.iso);
                fraction(header.nanos, 3, out);
                put(
                    out,
                    &[b"Z ", header.level().as_bytes(), b" ", header.program.as_bytes(), b": "],
                );
                message(out);
            }
            LineFormat::Json => json(time, header, out, message),
            LineFormat::Cri => {
                out.extend_from_slice(&time.iso);
                fraction(header.nanos, 9, out);
                let stream: &[u8] = if header.level() == "ERROR" { b"stderr" } else { b"stdout" };
                put(out, &[b"Z ", stream, b" F ", header.level().as_bytes(), b" "]);
                put(out, &[header.program.as_bytes(), b": "]);
                message(out);
            }
            LineFormat::Docker => {
                put(out, &[b"{\"log\":\"", header.level().as_bytes(), b" "]);
                put(out, &[header.program.as_bytes(), b": "]);
                message(out);
                put(out, &[b"\\n\",\"stream\":\"stdout\",\"time\":\"", &time.iso]);
                fraction(header.nanos, 9, out);
                out.extend_from_slice(b"Z\"}");
            }
            LineFormat::Ctime => {
                put(out, &[b"[", time.day.as_bytes(), b" ", &time.syslog, b" ", &time.year]);
                put(out, &[b"] [", header.level().as_bytes(), b"] "]);
                message(out);
            }
        }
    }
}

fn rfc5424(
    format: LineFormat,
    time: &SecondText,
    header: &Header<'_>,
    out: &mut Vec<u8>,
    message: impl FnOnce(&mut Vec<u8>),
) {
    priority(header, out);
    put(out, &[b"1 ", &time.iso]);
    fraction(header.nanos, 6, out);
    put(out, &[b"Z ", header.actors.host, b" ", header.program.as_bytes(), b" "]);
    number(header.actors.pid, out);
    if format == LineFormat::Rfc5424Data {
        put(out, &[b" EV1 [origin@32473 user=\"", header.actors.user, b"\" zone=\"a\"] "]);
    } else {
        out.extend_from_slice(b" - - ");
    }
    message(out);
}

fn json(
    time: &SecondText,
    header: &Header<'_>,
    out: &mut Vec<u8>,
    message: impl FnOnce(&mut Vec<u8>),
) {
    put(out, &[b"{\"time\":\"", &time.iso]);
    fraction(header.nanos, 3, out);
    put(
        out,
        &[b"Z\",\"level\":\"", header.level().as_bytes(), b"\",\"host\":\"", header.actors.host],
    );
    put(out, &[b"\",\"service\":\"", header.program.as_bytes(), b"\",\"pid\":"]);
    number(header.actors.pid, out);
    put(out, &[b",\"user\":\"", header.actors.user, b"\",\"message\":\""]);
    message(out);
    out.extend_from_slice(b"\"}");
}

#[inline]
fn put(out: &mut Vec<u8>, parts: &[&[u8]]) {
    for part in parts {
        out.extend_from_slice(part);
    }
}

fn priority(header: &Header<'_>, out: &mut Vec<u8>) {
    out.push(b'<');
    number(header.priority(), out);
    out.push(b'>');
}

#[cfg(test)]
mod tests {
    use super::*;
    use seerflow_model::time::{DAY, rfc3339};

    #[test]
    fn dates_are_those_of_the_calendar() {
        for day in (0..60_000).step_by(13).chain([58, 59, 60, 789, 790, 10_956, 11_016, 11_017]) {
            let at = day * DAY + 12_345 * SECOND;
            let text = SecondText::new(at);
            assert_eq!(String::from_utf8(text.iso).unwrap() + "Z", rfc3339(at));
        }
        let text = SecondText::new(1_772_409_600 * SECOND);
        assert_eq!((text.day, &text.syslog[..]), ("Mon", &b"Mar  2 00:00:00"[..]));
    }

    #[test]
    fn lines_have_the_shape_of_their_formats() {
        let header = Header {
            actors: Actors { user: b"ada", ip: b"10.0.0.1", host: b"web-1", pid: 77 },
            program: "courier",
            severity: Severity::Warning,
            nanos: 123_456_789,
        };
        let time = SecondText::new(1_772_409_600 * SECOND);
        let lines = LineFormat::ALL.map(|format| {
            let mut out = Vec::new();
            format.write(&time, &header, &mut out, |out| out.extend_from_slice(b"it is late"));
            String::from_utf8(out).unwrap()
        });
        let expected = [
            "Mar  2 00:00:00 web-1 courier[77]: it is late",
            "<28>1 2026-03-02T00:00:00.123456Z web-1 courier 77 EV1 \
             [origin@32473 user=\"ada\" zone=\"a\"] it is late",
            "{\"time\":\"2026-03-02T00:00:00.123Z\",\"level\":\"WARN\",\"host\":\"web-1\",\
             \"service\":\"courier\",\"pid\":77,\"user\":\"ada\",\"message\":\"it is late\"}",
            "<28>Mar  2 00:00:00 web-1 courier[77]: it is late",
            "2026-03-02T00:00:00.123Z WARN courier: it is late",
            "<28>1 2026-03-02T00:00:00.123456Z web-1 courier 77 - - it is late",
            "2026-03-02T00:00:00.123456789Z stdout F WARN courier: it is late",
            "[Mon Mar  2 00:00:00 2026] [WARN] it is late",
            "{\"log\":\"WARN courier: it is late\\n\",\"stream\":\"stdout\",\
             \"time\":\"2026-03-02T00:00:00.123456789Z\"}",
        ];
        assert_eq!(lines, expected);
    }
}
