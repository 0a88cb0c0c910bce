//! Windows events as JSON, in the shapes that shippers give them: nested under `winlog`
//! (winlogbeat), flat (nxlog and its relatives), nested under `Event` as in the XML (evtx_dump),
//! flat with the data as XML text (collectors of Azure).
//!
//! The same event has the same fields whatever its shape: the data under its own names (`Image`,
//! `TargetUserName`), the system part as `EventID`, `Channel`, `Provider_Name`, `Computer`,
//! `EventRecordID` and so on. A name that only loses its prefix stays where it is.
//!
//! The message is the first line of the rendered text, which does not vary within most event ids;
//! where no text was shipped it is the title that Windows would have rendered, and for an id
//! without a known title `EventID n` with its digits in words, because digits alone would make all
//! ids one template. Cost: a comparison with a dozen names per field.

use super::draft::{Draft, Line};
use super::object::text;
use super::structured::{any, value};
use super::windows_names::{Name, name};
use super::windows_titles;
use seerflow_model::{Outcome, Severity, Span};

/// Longest text of event data in XML that is looked at.
const XML_MAX: usize = 64 * 1024;
/// Longest first line of a rendered text.
const TITLE_MAX: usize = 1024;

/// Reads the fields of one event.
pub(super) fn read(draft: &mut Draft, line: Line<'_>) {
    let collector = any(draft, line, &["host.name", "host.hostname"]);
    rename(draft, line);
    xml(draft, line);
    if value(draft, line, "Computer").is_empty() && !collector.is_empty() {
        draft.named("Computer", collector);
    }
    let get = |name| value(draft, line, name);
    let (host, pid) = (get("Computer"), get("Execution_ProcessID"));
    let (provider, channel) = (get("Provider_Name"), get("Channel"));
    (draft.host, draft.pid) = (host, pid);
    draft.program = if provider.is_empty() { channel } else { provider };
    grade(draft, line);
    let rendered = any(draft, line, &["Message", "message", "RenderingInfo.Message"]);
    draft.message = match first_line(text(draft, line, rendered)) {
        Some((from, to)) => Span::new(rendered.start as usize + from, rendered.start as usize + to),
        None => title(draft, line),
    };
    draft.fields.retain(|f| rendered.is_empty() || f.value != rendered);
}

/// The message of an event that was shipped without its text.
fn title(draft: &mut Draft, line: Line<'_>) -> Span {
    let [id, program] = [value(draft, line, "EventID"), draft.program];
    let (id, program) = (text(draft, line, id).to_owned(), text(draft, line, program));
    match windows_titles::title(program, &id) {
        Some(title) => draft.add(title),
        None => draft.add(&windows_titles::spelled(&id)),
    }
}

/// The range of the first line that is not blank.
fn first_line(rendered: &str) -> Option<(usize, usize)> {
    let from = rendered.len() - rendered.trim_start().len();
    let rest = &rendered[from..];
    let end = memchr::memchr2(b'\n', b'\r', rest.as_bytes()).unwrap_or(rest.len());
    let mut end = end.min(TITLE_MAX);
    while !rest.is_char_boundary(end) {
        end -= 1;
    }
    let line = rest[..end].trim_end();
    (!line.is_empty()).then(|| (from, from + line.len()))
}

fn rename(draft: &mut Draft, line: Line<'_>) {
    let (mut kept, mut called) = (0, None);
    for i in 0..draft.fields.len() {
        let mut field = draft.fields[i];
        let full = text(draft, line, field.name);
        // Some converters make a list of the data: the name of each, then its value.
        if full == "Event.EventData.Data.@Name" || full == "Event.EventData.Data.#attributes.Name" {
            called = Some(field.value);
            continue;
        }
        let data = if full == "Event.EventData.Data.#text" { called.take() } else { None };
        if let Some(data) = data {
            field.name = data;
            draft.fields[kept] = field;
            kept += 1;
            continue;
        }
        match name(full) {
            Name::From(skip) => {
                field.name.start += skip as u32;
                field.name.len -= skip as u32;
            }
            Name::To(name) => field.name = draft.add(name),
            Name::Drop => continue,
        }
        draft.fields[kept] = field;
        kept += 1;
    }
    draft.fields.truncate(kept);
}

/// Event data that a collector ships as XML text: `<Data Name="Image">C:\x.exe</Data>`.
fn xml(draft: &mut Draft, line: Line<'_>) {
    let whole = value(draft, line, "EventData");
    if !text(draft, line, whole).starts_with('<') {
        return;
    }
    let mut at = 0;
    while let Some((name, inside, after)) = next_data(text(draft, line, whole), at) {
        let part = |(from, to)| Span::new(whole.start as usize + from, whole.start as usize + to);
        draft.field(part(name), part(inside));
        at = after;
    }
    draft.fields.retain(|f| f.value != whole);
}

type Range = (usize, usize);

/// The next element at or after a position: its name, its text, and the position after it.
fn next_data(xml: &str, at: usize) -> Option<(Range, Range, usize)> {
    const OPEN: &[u8] = b"<Data Name=\"";
    let b = &xml.as_bytes()[..xml.len().min(XML_MAX)];
    let name = at + memchr::memmem::find(b.get(at..)?, OPEN)? + OPEN.len();
    let quote = name + memchr::memchr(b'"', &b[name..])?;
    let open = quote + memchr::memchr(b'>', &b[quote..])?;
    if b[open - 1] == b'/' {
        return Some(((name, quote), (open, open), open + 1));
    }
    let end = open + 1 + memchr::memchr(b'<', &b[open + 1..])?;
    Some(((name, quote), (open + 1, end), end))
}

/// Level and, for an audit that failed, outcome. An event of the audit has no level of its own,
/// but its keywords say whether what it reports was refused.
fn grade(draft: &mut Draft, line: Line<'_>) {
    let get = |name| text(draft, line, value(draft, line, name));
    let keywords = get("Keywords");
    let refused = failed_audit(keywords) || get("EventType") == "AUDIT_FAILURE";
    let passed = passed_audit(keywords) || get("EventType") == "AUDIT_SUCCESS";
    let level = match get("Level") {
        "" => word(get("log.level")).or_else(|| word(get("Severity"))),
        level => number(level).or_else(|| word(level)),
    };
    let level = level.unwrap_or(Severity::Informational);
    (draft.severity, draft.outcome) = match (refused, passed) {
        (true, _) => (Some(Severity::Warning), Outcome::Failure),
        (false, true) => (Some(level), Outcome::Success),
        (false, false) => (Some(level), Outcome::Unknown),
    };
}

/// The mask of keywords: as hexadecimal digits, as a signed number, or by name.
fn mask(keywords: &str) -> u64 {
    match keywords.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16).unwrap_or(0),
        None => keywords.parse::<i64>().map_or(0, |n| n as u64),
    }
}

fn failed_audit(keywords: &str) -> bool {
    mask(keywords) & 0x0010_0000_0000_0000 != 0 || keywords == "Audit Failure"
}

fn passed_audit(keywords: &str) -> bool {
    mask(keywords) & 0x0020_0000_0000_0000 != 0 || keywords == "Audit Success"
}

fn number(level: &str) -> Option<Severity> {
    Some(match level {
        "0" | "4" => Severity::Informational,
        "1" => Severity::Critical,
        "2" => Severity::Error,
        "3" => Severity::Warning,
        "5" => Severity::Trace,
        _ => return None,
    })
}

fn word(level: &str) -> Option<Severity> {
    Severity::from_word(level.as_bytes())
}
