//! Reads an ExportLogsServiceRequest in protocol buffers and writes its records as lines.
//!
//! Each message is gone through twice, first for what stands alone, then for what is repeated, so
//! that fields may come in any order and nothing is kept. Text that is no UTF-8 is shown as `\xNN`.
//! What records of one scope have in common is written once and copied.

use super::super::push::{Records, Refusal, Room};
use super::Trouble;
use super::line::{DEPTH_MAX, Line, Scalars};
use super::wire::{Message, Value};
use seerflow_model::text::decode;
use std::borrow::Cow;

/// Adds the records of a request.
pub fn read(request: &[u8], records: &mut Records, room: &mut Room) -> Result<(), Refusal> {
    let mut reader = Reader::default();
    let mut message = Message::new(request);
    while let Some((number, value)) = message.next().map_err(refusal)? {
        if number == 1 {
            reader.resource_logs(value.bytes(), records, room)?;
        }
    }
    Ok(())
}

fn refusal(trouble: Trouble) -> Refusal {
    Refusal::Malformed(match trouble {
        Trouble::Malformed(why) => why.to_owned(),
        Trouble::Beyond => "the request is beyond a limit".to_owned(),
    })
}

/// What the lines of a resource and of a scope have in common: a member each, written once.
#[derive(Default)]
struct Reader {
    resource: Vec<u8>,
    scope: Vec<u8>,
}

/// What is too long for a line refuses the records that it belongs to.
fn fits(written: Result<(), Trouble>) -> Result<bool, Refusal> {
    match written {
        Ok(()) => Ok(true),
        Err(Trouble::Beyond) => Ok(false),
        Err(trouble) => Err(refusal(trouble)),
    }
}

impl Reader {
    /// ResourceLogs: resource 1, scope_logs 2, schema_url 3.
    fn resource_logs(
        &mut self,
        bytes: &[u8],
        records: &mut Records,
        room: &mut Room,
    ) -> Result<(), Refusal> {
        let (mut resource, mut schema) = (&b""[..], &b""[..]);
        let mut message = Message::new(bytes);
        while let Some((number, value)) = message.next().map_err(refusal)? {
            match number {
                1 => resource = value.bytes(),
                3 => schema = value.bytes(),
                _ => {}
            }
        }
        self.resource.clear();
        let mut line = Line::new(&mut self.resource, records.record_max());
        let fits = fits(resource_part(&mut line, resource, schema))?;
        let mut message = Message::new(bytes);
        while let Some((number, value)) = message.next().map_err(refusal)? {
            if number == 2 {
                self.scope_logs(fits, value.bytes(), records, room)?;
            }
        }
        Ok(())
    }

    /// ScopeLogs: scope 1, log_records 2, schema_url 3.
    fn scope_logs(
        &mut self,
        resource_fits: bool,
        bytes: &[u8],
        records: &mut Records,
        room: &mut Room,
    ) -> Result<(), Refusal> {
        let (mut scope, mut schema) = (&b""[..], &b""[..]);
        let mut message = Message::new(bytes);
        while let Some((number, value)) = message.next().map_err(refusal)? {
            match number {
                1 => scope = value.bytes(),
                3 => schema = value.bytes(),
                _ => {}
            }
        }
        self.scope.clear();
        let mut line = Line::new(&mut self.scope, records.record_max());
        let fits = resource_fits & fits(scope_part(&mut line, scope, schema))?;
        let mut message = Message::new(bytes);
        while let Some((number, value)) = message.next().map_err(refusal)? {
            if number != 2 {
                continue;
            }
            if !fits || records.is_full() {
                records.refuse();
                continue;
            }
            let (mut trouble, max) = (None, records.next_max());
            records.add(room, |out| {
                let start = out.len();
                let mut line = Line::new(out, max);
                let parts = [&self.resource[..], &self.scope];
                if let Err(found) = log_record(&mut line, value.bytes(), parts) {
                    trouble = Some(found);
                    out.truncate(start);
                }
            })?;
            if let Some(trouble @ Trouble::Malformed(_)) = trouble {
                return Err(refusal(trouble));
            }
        }
        Ok(())
    }
}

/// The member `resource`, with the comma before it; nothing when nothing is known.
fn resource_part(line: &mut Line<'_>, resource: &[u8], schema: &[u8]) -> Result<(), Trouble> {
    if resource.is_empty() && schema.is_empty() {
        return Ok(());
    }
    line.raw(b"");
    line.name("resource");
    line.open(b'{');
    attributes(line, resource, 1)?;
    let mut message = Message::new(resource);
    while let Some((number, value)) = message.next()? {
        if number == 2 && value.number() > 0 {
            line.name("droppedAttributesCount");
            line.int((value.number() as u32).into());
        }
    }
    texts(line, &[("schemaUrl", schema)])?;
    line.close(b'}');
    line.check()
}

/// The member `scope`, likewise.
fn scope_part(line: &mut Line<'_>, scope: &[u8], schema: &[u8]) -> Result<(), Trouble> {
    if scope.is_empty() && schema.is_empty() {
        return Ok(());
    }
    let (mut name, mut version, mut dropped) = (&b""[..], &b""[..], 0);
    let mut message = Message::new(scope);
    while let Some((number, value)) = message.next()? {
        match number {
            1 => name = value.bytes(),
            2 => version = value.bytes(),
            4 => dropped = value.number() as u32,
            _ => {}
        }
    }
    line.raw(b"");
    line.name("scope");
    line.open(b'{');
    texts(line, &[("name", name), ("version", version)])?;
    attributes(line, scope, 3)?;
    if dropped > 0 {
        line.name("droppedAttributesCount");
        line.int(dropped.into());
    }
    texts(line, &[("schemaUrl", schema)])?;
    line.close(b'}');
    line.check()
}

/// Members whose values are text that is there.
fn texts(line: &mut Line<'_>, members: &[(&str, &[u8])]) -> Result<(), Trouble> {
    for (name, text) in members.iter().filter(|(_, text)| !text.is_empty()) {
        line.name(name);
        line.string(&decode(text))?;
    }
    Ok(())
}

/// LogRecord; the numbers of its fields are those of `opentelemetry/proto/logs/v1/logs.proto`.
fn log_record(line: &mut Line<'_>, bytes: &[u8], parts: [&[u8]; 2]) -> Result<(), Trouble> {
    let mut scalars = Scalars::default();
    let (mut body, mut severity_text, mut event_name) = (None, Cow::default(), Cow::default());
    let mut message = Message::new(bytes);
    while let Some((number, value)) = message.next()? {
        match number {
            1 => scalars.time = value.number(),
            2 => scalars.severity = severity(value.number()),
            3 => severity_text = decode(value.bytes()),
            5 => body = Some(value.bytes()),
            7 => scalars.dropped = value.number() as u32,
            8 => scalars.flags = value.number() as u32,
            9 => scalars.trace_id = value.bytes(),
            10 => scalars.span_id = value.bytes(),
            11 => scalars.observed = value.number(),
            12 => event_name = decode(value.bytes()),
            _ => {}
        }
    }
    (scalars.severity_text, scalars.event_name) = (&severity_text, &event_name);
    line.open(b'{');
    line.name("logRecord");
    line.open(b'{');
    line.before_body(&scalars)?;
    if let Some(body) = body.filter(|body| !body.is_empty()) {
        line.name("body");
        any_value(line, body, 0)?;
    }
    attributes(line, bytes, 6)?;
    line.after_attributes(&scalars);
    line.close(b'}');
    line.part(parts[0])?;
    line.part(parts[1])?;
    line.close(b'}');
    line.check()
}

/// A SeverityNumber; what is none is as if it were not there.
pub(super) fn severity(number: u64) -> u32 {
    if number <= 24 { number as u32 } else { 0 }
}

/// The attributes of a message, which are its field `field`, as a member; nothing when it has none.
fn attributes(line: &mut Line<'_>, bytes: &[u8], field: u32) -> Result<(), Trouble> {
    let mut message = Message::new(bytes);
    let mut any = false;
    while let Some((number, value)) = message.next()? {
        if number != field {
            continue;
        }
        if !any {
            line.name("attributes");
            line.open(b'{');
            any = true;
        }
        key_value(line, value.bytes(), 0)?;
    }
    if any {
        line.close(b'}');
    }
    Ok(())
}

/// KeyValue: key 1, value 2.
fn key_value(line: &mut Line<'_>, bytes: &[u8], depth: usize) -> Result<(), Trouble> {
    let (mut key, mut value) = (&b""[..], &b""[..]);
    let mut message = Message::new(bytes);
    while let Some((number, found)) = message.next()? {
        match number {
            1 => key = found.bytes(),
            2 => value = found.bytes(),
            _ => {}
        }
    }
    line.key(&decode(key))?;
    any_value(line, value, depth)
}

/// AnyValue: string 1, bool 2, int 3, double 4, array 5, map 6, bytes 7; the last one counts.
fn any_value(line: &mut Line<'_>, bytes: &[u8], depth: usize) -> Result<(), Trouble> {
    if depth > DEPTH_MAX {
        return Err(Trouble::Beyond);
    }
    let mut found = None;
    let mut message = Message::new(bytes);
    while let Some((number, value)) = message.next()? {
        if (1..=7).contains(&number) {
            found = Some((number, value));
        }
    }
    match found {
        Some((1, text)) => line.string(&decode(text.bytes()))?,
        Some((2, value)) => line.raw(if value.number() != 0 { b"true" } else { b"false" }),
        Some((3, value)) => line.int(value.number() as i64),
        Some((4, value)) => line.double(f64::from_bits(value.number())),
        Some((5, Value::Bytes(values))) => {
            line.open(b'[');
            let mut message = Message::new(values);
            while let Some((number, value)) = message.next()? {
                if number == 1 {
                    line.next();
                    any_value(line, value.bytes(), depth + 1)?;
                }
            }
            line.close(b']');
        }
        Some((6, Value::Bytes(pairs))) => {
            line.open(b'{');
            let mut message = Message::new(pairs);
            while let Some((number, value)) = message.next()? {
                if number == 1 {
                    key_value(line, value.bytes(), depth + 1)?;
                }
            }
            line.close(b'}');
        }
        Some((7, bytes)) => line.base64(bytes.bytes())?,
        _ => line.raw(b"null"),
    }
    line.check()
}
