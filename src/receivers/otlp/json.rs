//! Reads an ExportLogsServiceRequest in OTLP/JSON and writes its records as lines.
//!
//! As OTLP defines it: names in lowerCamelCase, ids in hexadecimal, enumerations as numbers (their
//! names are understood too), 64-bit integers as strings or numbers, names that are not known passed
//! over, null as if it were not there. A field of a wrong kind makes the request malformed.

use super::super::push::{Records, Refusal, Room};
use super::Trouble;
use super::line::{DEPTH_MAX, Line, Scalars};
use super::proto::severity;
use super::text::Json;
use base64::Engine;
use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use std::borrow::Cow;

/// Adds the records of a request.
pub fn read(body: &[u8], records: &mut Records, room: &mut Room) -> Result<(), Refusal> {
    let mut reader = Reader { records, room, full: None, parts: Default::default() };
    let walked = Json::check(body).and_then(|request| reader.request(request));
    match (reader.full, walked) {
        (Some(refusal), _) => Err(refusal),
        (None, Ok(())) => Ok(()),
        (None, Err(Trouble::Malformed(why))) => Err(Refusal::Malformed(why.to_owned())),
        (None, Err(Trouble::Beyond)) => {
            Err(Refusal::Malformed("the request is beyond a limit".to_owned()))
        }
    }
}

struct Reader<'r> {
    records: &'r mut Records,
    room: &'r mut Room,
    /// Why a walk was broken off that met nothing wrong.
    full: Option<Refusal>,
    /// What the lines of a resource and of a scope have in common: a member each, written once.
    parts: [Vec<u8>; 2],
}

impl Reader<'_> {
    fn request(&mut self, mut request: Json<'_>) -> Result<(), Trouble> {
        request.members(|name, value| match name {
            "resourceLogs" => value.elements(|element| self.resource_logs(element)),
            _ => Ok(()),
        })
    }

    fn resource_logs(&mut self, object: &mut Json<'_>) -> Result<(), Trouble> {
        let (fits, scopes) = self.part(0, object, "resource", "scopeLogs")?;
        let Some(mut scopes) = scopes else { return Ok(()) };
        scopes.elements(|scope_logs| {
            let (scope_fits, log_records) = self.part(1, scope_logs, "scope", "logRecords")?;
            let Some(mut log_records) = log_records else { return Ok(()) };
            log_records.elements(|record| self.log_record(fits & scope_fits, record))
        })
    }

    /// Writes the part that `holder` gives its lines. Whether it fits into a line, and where the
    /// member `inside` is.
    fn part<'a>(
        &mut self,
        which: usize,
        holder: &mut Json<'a>,
        name: &str,
        inside: &str,
    ) -> Result<(bool, Option<Json<'a>>), Trouble> {
        let (mut object, mut list, mut schema) = (None, None, Cow::Borrowed(""));
        holder.members(|found, value| {
            match found {
                "schemaUrl" => schema = value.string()?,
                found if found == name => object = Some(*value).filter(|value| !value.is_null()),
                found if found == inside => list = Some(*value),
                _ => {}
            }
            Ok(())
        })?;
        let part = &mut self.parts[which];
        part.clear();
        match shared(&mut Line::new(part, self.records.record_max()), name, object, &schema) {
            Ok(()) => Ok((true, list)),
            Err(Trouble::Beyond) => Ok((false, list)),
            Err(trouble) => Err(trouble),
        }
    }

    fn log_record(&mut self, fits: bool, record: &mut Json<'_>) -> Result<(), Trouble> {
        if !fits || self.records.is_full() {
            self.records.refuse();
            return Ok(());
        }
        let begin = *record;
        let (mut trouble, max, parts) = (None, self.records.next_max(), &self.parts);
        let added = self.records.add(self.room, |out| {
            let start = out.len();
            if let Err(found) = log_record(&mut Line::new(out, max), record, parts) {
                trouble = Some(found);
                out.truncate(start);
            }
        });
        match (added, trouble) {
            (Err(refusal), _) => {
                self.full = Some(refusal);
                Err(Trouble::Beyond)
            }
            (_, Some(trouble @ Trouble::Malformed(_))) => Err(trouble),
            (_, Some(Trouble::Beyond)) => {
                // The walk stopped within the record, which is passed over from its beginning.
                *record = begin;
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

/// A member that the lines of a resource or scope share, with the comma before it; nothing when
/// nothing is known.
fn shared(
    line: &mut Line<'_>,
    name: &str,
    object: Option<Json<'_>>,
    schema: &str,
) -> Result<(), Trouble> {
    let object = object.filter(|object| !object.is_empty());
    if object.is_none() && schema.is_empty() {
        return Ok(());
    }
    let mut texts = [("name", Cow::Borrowed("")), ("version", Cow::Borrowed(""))];
    let (mut dropped, mut list) = (0, None);
    if let Some(mut object) = object {
        object.members(|member, value| {
            match member {
                "name" if name == "scope" => texts[0].1 = value.string()?,
                "version" if name == "scope" => texts[1].1 = value.string()?,
                "droppedAttributesCount" => dropped = value.unsigned()? as u32,
                "attributes" => list = Some(*value),
                _ => {}
            }
            Ok(())
        })?;
    }
    line.raw(b"");
    line.name(name);
    line.open(b'{');
    for (name, text) in texts.iter().filter(|(_, text)| !text.is_empty()) {
        line.name(name);
        line.string(text)?;
    }
    attributes(line, list)?;
    if dropped > 0 {
        line.name("droppedAttributesCount");
        line.int(dropped.into());
    }
    if !schema.is_empty() {
        line.name("schemaUrl");
        line.string(schema)?;
    }
    line.close(b'}');
    line.check()
}

fn log_record(
    line: &mut Line<'_>,
    record: &mut Json<'_>,
    parts: &[Vec<u8>; 2],
) -> Result<(), Trouble> {
    let mut scalars = Scalars::default();
    let (mut text, mut event) = (Cow::Borrowed(""), Cow::Borrowed(""));
    let (mut trace, mut span) = ([0; 16], [0; 8]);
    let (mut body, mut list) = (None, None);
    record.members(|name, value| {
        match name {
            "timeUnixNano" => scalars.time = value.unsigned()?,
            "observedTimeUnixNano" => scalars.observed = value.unsigned()?,
            "severityNumber" => scalars.severity = severity_of(&value.number()?)?,
            "severityText" => text = value.string()?,
            "eventName" => event = value.string()?,
            "droppedAttributesCount" => scalars.dropped = value.unsigned()? as u32,
            "flags" => scalars.flags = value.unsigned()? as u32,
            "traceId" => trace = id(&value.string()?)?,
            "spanId" => span = id(&value.string()?)?,
            "body" => body = Some(*value).filter(|value| !value.is_null() && !value.is_empty()),
            "attributes" => list = Some(*value),
            _ => {}
        }
        Ok(())
    })?;
    (scalars.severity_text, scalars.event_name) = (&text, &event);
    (scalars.trace_id, scalars.span_id) = (&trace, &span);
    line.open(b'{');
    line.name("logRecord");
    line.open(b'{');
    line.before_body(&scalars)?;
    if let Some(mut body) = body {
        line.name("body");
        any_value(line, &mut body, 0)?;
    }
    attributes(line, list)?;
    line.after_attributes(&scalars);
    line.close(b'}');
    parts.iter().try_for_each(|part| line.part(part))?;
    line.close(b'}');
    line.check()
}

/// A list of attributes as a member; nothing when there are none.
fn attributes(line: &mut Line<'_>, list: Option<Json<'_>>) -> Result<(), Trouble> {
    let Some(mut list) = list else { return Ok(()) };
    let mut any = false;
    list.elements(|pair| {
        if !std::mem::replace(&mut any, true) {
            line.name("attributes");
            line.open(b'{');
        }
        key_value(line, pair, 0)
    })?;
    if any {
        line.close(b'}');
    }
    Ok(())
}

fn key_value(line: &mut Line<'_>, pair: &mut Json<'_>, depth: usize) -> Result<(), Trouble> {
    let (mut key, mut value) = (Cow::Borrowed(""), None);
    pair.members(|name, found| {
        match name {
            "key" => key = found.string()?,
            "value" => value = Some(*found).filter(|found| !found.is_null()),
            _ => {}
        }
        Ok(())
    })?;
    line.key(&key)?;
    match value {
        Some(mut value) => any_value(line, &mut value, depth),
        None => {
            line.raw(b"null");
            line.check()
        }
    }
}

/// An AnyValue; the first member that is known and not null counts.
fn any_value(line: &mut Line<'_>, value: &mut Json<'_>, depth: usize) -> Result<(), Trouble> {
    if depth > DEPTH_MAX {
        return Err(Trouble::Beyond);
    }
    let mut written = false;
    value.members(|name, inner| {
        if written || inner.is_null() {
            return Ok(());
        }
        written = true;
        match name {
            "stringValue" => line.string(&inner.string()?)?,
            "boolValue" => line.raw(if inner.bool()? { b"true" } else { b"false" }),
            "intValue" => line.int(inner.signed()?),
            "doubleValue" => line.double(inner.double()?),
            "bytesValue" => line.base64(&bytes(&inner.string()?)?)?,
            "arrayValue" => {
                line.open(b'[');
                values(inner, |element| {
                    line.next();
                    any_value(line, element, depth + 1)
                })?;
                line.close(b']');
            }
            "kvlistValue" => {
                line.open(b'{');
                values(inner, |pair| key_value(line, pair, depth + 1))?;
                line.close(b'}');
            }
            _ => written = false,
        }
        line.check()
    })?;
    if !written {
        line.raw(b"null");
    }
    line.check()
}

/// The elements of the member `values` of an object.
fn values<'a>(
    object: &mut Json<'a>,
    mut each: impl FnMut(&mut Json<'a>) -> Result<(), Trouble>,
) -> Result<(), Trouble> {
    object.members(|name, list| match name {
        "values" => list.elements(&mut each),
        _ => Ok(()),
    })
}

/// A SeverityNumber as a number or by its name.
fn severity_of(text: &str) -> Result<u32, Trouble> {
    const WORDS: [&str; 6] = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"];
    if text.is_empty() {
        return Ok(0);
    }
    if let Ok(number) = text.parse::<i64>() {
        return Ok(u64::try_from(number).map_or(0, severity));
    }
    let unknown = Trouble::Malformed("severityNumber is no number and no name of one");
    let word = text.strip_prefix("SEVERITY_NUMBER_").ok_or(unknown)?;
    if word == "UNSPECIFIED" {
        return Ok(0);
    }
    let (word, step) = match word.as_bytes().last() {
        Some(digit @ b'2'..=b'4') => (&word[..word.len() - 1], u32::from(digit - b'0')),
        _ => (word, 1),
    };
    let at = WORDS.iter().position(|known| *known == word).ok_or(unknown)?;
    Ok(at as u32 * 4 + step)
}

/// An id in hexadecimal; one of another length is none, as OTLP wants it.
fn id<const N: usize>(text: &str) -> Result<[u8; N], Trouble> {
    let digits = text.as_bytes();
    let mut id = [0; N];
    let value = |byte: u8| char::from(byte).to_digit(16);
    if !digits.iter().all(|byte| value(*byte).is_some()) {
        return Err(Trouble::Malformed("an id is not hexadecimal"));
    }
    if digits.len() == 2 * N {
        for (byte, pair) in id.iter_mut().zip(digits.chunks_exact(2)) {
            let digit = |i: usize| value(pair[i]).unwrap_or(0) as u8;
            *byte = digit(0) << 4 | digit(1);
        }
    }
    Ok(id)
}

/// Bytes in base64, in either alphabet, with or without its padding.
fn bytes(text: &str) -> Result<Vec<u8>, Trouble> {
    let alphabet = if text.contains(['-', '_']) { URL_SAFE } else { STANDARD };
    let config =
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    GeneralPurpose::new(&alphabet, config)
        .decode(text)
        .map_err(|_| Trouble::Malformed("a value of bytes is not base64"))
}
