//! Writes one LogRecord with its resource and scope as one line of JSON: the raw record.
//!
//! ```json
//! {"logRecord":{"timeUnixNano":"1","severityNumber":17,"body":"text","attributes":{"k":"v"}},"resource":{"attributes":{"service.name":"x"}},"scope":{"name":"y"}}
//! ```
//!
//! Names are those of OTLP/JSON and ids are hexadecimal, but values stand bare and attributes are
//! an object: so what a source redacts by the name of a field is found, and a line is half as long.
//! Bytes are base64; numbers that JSON lacks (NaN) are strings; what is not set is left out. The
//! time comes first, where the edge finds it at once. One record has one spelling, whatever the
//! encoding it came in.
//!
//! A [`Line`] never grows beyond its limit by more than one escaped string of that length.

use super::Trouble;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::io::Write;

/// Arrays and maps in each other; what is deeper is refused.
pub const DEPTH_MAX: usize = 32;

/// The scalars of a LogRecord, as both encodings give them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scalars<'a> {
    /// When it happened; 0 when that is not known.
    pub time: u64,
    /// When it was seen; 0 when that is not known.
    pub observed: u64,
    /// 1–24; 0 when it is not set.
    pub severity: u32,
    /// The word for it.
    pub severity_text: &'a str,
    /// What kind of event it is.
    pub event_name: &'a str,
    /// Attributes that were left out.
    pub dropped: u32,
    /// Trace flags.
    pub flags: u32,
    /// Sixteen bytes, else it is none.
    pub trace_id: &'a [u8],
    /// Eight bytes, else it is none.
    pub span_id: &'a [u8],
}

/// A line under construction at the end of a buffer.
pub struct Line<'o> {
    out: &'o mut Vec<u8>,
    /// The buffer must not become longer.
    limit: usize,
    /// Whether a comma is due before the next member.
    comma: bool,
}

impl<'o> Line<'o> {
    /// Appends to a buffer, at most `max` bytes.
    pub fn new(out: &'o mut Vec<u8>, max: usize) -> Line<'o> {
        let limit = out.len().saturating_add(max);
        Line { out, limit, comma: false }
    }

    /// Opens an object or array; `open` is its bracket.
    pub fn open(&mut self, open: u8) {
        self.out.push(open);
        self.comma = false;
    }

    /// Closes it.
    pub fn close(&mut self, close: u8) {
        self.out.push(close);
        self.comma = true;
    }

    /// A comma where one is due.
    pub fn next(&mut self) {
        if std::mem::replace(&mut self.comma, true) {
            self.out.push(b',');
        }
    }

    /// Appends what is JSON already.
    pub fn raw(&mut self, json: &[u8]) {
        self.out.extend_from_slice(json);
        self.comma = true;
    }

    /// Appends a part that was written before, if it fits.
    pub fn part(&mut self, part: &[u8]) -> Result<(), Trouble> {
        if part.len() > self.limit.saturating_sub(self.out.len()) {
            return Err(Trouble::Beyond);
        }
        self.raw(part);
        Ok(())
    }

    /// A name of our own, which needs no escapes.
    pub fn name(&mut self, name: &str) {
        self.next();
        self.out.push(b'"');
        self.out.extend_from_slice(name.as_bytes());
        self.out.extend_from_slice(b"\":");
    }

    /// A name that a sender chose.
    pub fn key(&mut self, name: &str) -> Result<(), Trouble> {
        self.next();
        self.string(name)?;
        self.out.push(b':');
        Ok(())
    }

    /// A string with its quotes and escapes.
    pub fn string(&mut self, text: &str) -> Result<(), Trouble> {
        if text.len() + 2 > self.limit.saturating_sub(self.out.len()) {
            return Err(Trouble::Beyond);
        }
        self.out.push(b'"');
        let bytes = text.as_bytes();
        let mut kept = 0;
        for (i, byte) in bytes.iter().enumerate() {
            if *byte >= b' ' && *byte != b'"' && *byte != b'\\' {
                continue;
            }
            self.out.extend_from_slice(&bytes[kept..i]);
            kept = i + 1;
            match byte {
                b'"' => self.out.extend_from_slice(b"\\\""),
                b'\\' => self.out.extend_from_slice(b"\\\\"),
                b'\n' => self.out.extend_from_slice(b"\\n"),
                b'\r' => self.out.extend_from_slice(b"\\r"),
                b'\t' => self.out.extend_from_slice(b"\\t"),
                _ => {
                    let digit = |n: u8| b"0123456789abcdef"[usize::from(n & 15)];
                    let (high, low) = (digit(byte >> 4), digit(*byte));
                    self.out.extend_from_slice(&[b'\\', b'u', b'0', b'0', high, low]);
                }
            }
        }
        self.out.extend_from_slice(&bytes[kept..]);
        self.out.push(b'"');
        self.comma = true;
        self.check()
    }

    /// An integer.
    pub fn int(&mut self, value: i64) {
        if value < 0 {
            self.out.push(b'-');
        }
        self.digits(value.unsigned_abs());
        self.comma = true;
    }

    fn digits(&mut self, mut value: u64) {
        let mut buffer = [0u8; 20];
        let mut at = buffer.len();
        loop {
            at -= 1;
            buffer[at] = b'0' + (value % 10) as u8;
            value /= 10;
            if value == 0 {
                break;
            }
        }
        self.out.extend_from_slice(&buffer[at..]);
    }

    /// A floating-point number; one that JSON lacks is a string.
    pub fn double(&mut self, value: f64) {
        // Writing to memory does not fail.
        let _ = match value {
            _ if value.is_nan() => self.out.write_all(b"\"NaN\""),
            f64::INFINITY => self.out.write_all(b"\"Infinity\""),
            f64::NEG_INFINITY => self.out.write_all(b"\"-Infinity\""),
            _ => write!(self.out, "{value:?}"),
        };
        self.comma = true;
    }

    /// Bytes as base64.
    pub fn base64(&mut self, bytes: &[u8]) -> Result<(), Trouble> {
        if bytes.len() > self.limit.saturating_sub(self.out.len()) {
            return Err(Trouble::Beyond);
        }
        self.string(&STANDARD.encode(bytes))
    }

    /// Bytes in hexadecimal, if there are so many and not all of them are 0.
    fn id(&mut self, name: &str, bytes: &[u8], len: usize) {
        if bytes.len() != len || bytes.iter().all(|byte| *byte == 0) {
            return;
        }
        self.name(name);
        self.out.push(b'"');
        let digit = |n: u8| b"0123456789abcdef"[usize::from(n & 15)];
        self.out.extend(bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(*byte)]));
        self.out.push(b'"');
    }

    /// An error once the line is too long.
    pub fn check(&self) -> Result<(), Trouble> {
        if self.out.len() > self.limit { Err(Trouble::Beyond) } else { Ok(()) }
    }

    /// The members of a LogRecord before its body.
    pub fn before_body(&mut self, scalars: &Scalars<'_>) -> Result<(), Trouble> {
        for (name, time) in
            [("timeUnixNano", scalars.time), ("observedTimeUnixNano", scalars.observed)]
        {
            if time > 0 {
                self.name(name);
                self.out.push(b'"');
                self.digits(time);
                self.out.push(b'"');
            }
        }
        if scalars.severity > 0 {
            self.name("severityNumber");
            self.int(scalars.severity.into());
        }
        for (name, text) in
            [("severityText", scalars.severity_text), ("eventName", scalars.event_name)]
        {
            if !text.is_empty() {
                self.name(name);
                self.string(text)?;
            }
        }
        Ok(())
    }

    /// The members of a LogRecord after its attributes.
    pub fn after_attributes(&mut self, scalars: &Scalars<'_>) {
        for (name, number) in
            [("droppedAttributesCount", scalars.dropped), ("flags", scalars.flags)]
        {
            if number > 0 {
                self.name(name);
                self.int(number.into());
            }
        }
        self.id("traceId", scalars.trace_id, 16);
        self.id("spanId", scalars.span_id, 8);
    }
}
