//! Where `syslog_loose` and this reader part: one table, with the words of the RFCs.
//!
//! A proptest writes lines that keep to an RFC and lines with a few random edits, and reads each
//! with both. A checker written straight from the RFC's grammar says whether a line conforms, or
//! which rule it breaks first. On a conforming line every part must be equal but where an entry of
//! the table holds; on a broken one they may differ only if the broken rule has an entry. Every
//! entry has a line that shows it, so that none outlives its reason.

use super::tests::batch;
use super::*;
use proptest::prelude::*;
use seerflow_model::{ReceiverKind, SourceInfo};
use std::fmt::Write;

/// The parts of a line, in the order in which they are compared.
const PARTS: [&str; 8] = ["priority", "time", "host", "program", "pid", "msgid", "data", "message"];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rfc {
    R5424,
    R3164,
}
use Rfc::{R3164, R5424};

/// A reason to differ.
struct Entry {
    rfc: Rfc,
    /// The rule that is broken, or `""` for lines that conform.
    rule: &'static str,
    /// The RFC's words.
    words: &'static str,
    /// What is done here, and there.
    here: &'static str,
    there: &'static str,
    /// Parts that may differ on conforming lines; on broken ones all may.
    parts: &'static [&'static str],
    /// On conforming lines: when.
    holds: fn(&str) -> bool,
    /// A line that shows it.
    line: &'static str,
}

const fn broken(
    rfc: Rfc,
    rule: &'static str,
    words: &'static str,
    (here, there): (&'static str, &'static str),
    line: &'static str,
) -> Entry {
    Entry { rfc, rule, words, here, there, parts: &PARTS, holds: |_| true, line }
}

const fn lawful(
    rfc: Rfc,
    words: &'static str,
    (here, there): (&'static str, &'static str),
    (parts, holds): (&'static [&'static str], fn(&str) -> bool),
    line: &'static str,
) -> Entry {
    Entry { rfc, rule: "", words, here, there, parts, holds, line }
}

/// What follows the header of an RFC 5424 line that conforms: structured data and message.
fn tail_5424(line: &str) -> &str {
    line.splitn(7, ' ').nth(6).unwrap_or_default()
}

/// The message of an RFC 5424 line that conforms.
fn message_5424(line: &str) -> &str {
    let tail = tail_5424(line);
    tail.get(data_length(tail).unwrap_or(0) + 1..).unwrap_or_default()
}

fn word(line: &str, n: usize) -> &str {
    line.split(' ').nth(n).unwrap_or_default()
}

/// The host of an RFC 3164 line that conforms.
fn host_3164(line: &str) -> &str {
    let rest = line.split_once('>').map_or("", |(_, rest)| rest).get(16..).unwrap_or_default();
    word(rest, 0)
}

/// What follows the host of an RFC 3164 line that conforms.
fn message_3164(line: &str) -> &str {
    let rest = line.split_once('>').map_or("", |(_, rest)| rest).get(16..).unwrap_or_default();
    rest.split_once(' ').map_or("", |(_, message)| message)
}

/// `name: ` or `name[12]: `, where both readers see a tag.
fn plainly_tagged(message: &str) -> bool {
    let name = |c: char| c.is_ascii_alphanumeric() || "/._-()".contains(c);
    let rest = message.trim_start_matches(name);
    let named = message[..message.len() - rest.len()].contains(|c: char| c.is_ascii_alphabetic());
    let rest = match rest.strip_prefix('[') {
        Some(inside) => {
            let pid = inside.find(|c: char| !c.is_ascii_digit()).unwrap_or(0);
            inside[pid..].strip_prefix(']').filter(|_| pid > 0)
        }
        None => Some(rest),
    };
    named && rest.is_some_and(|rest| rest == ":" || rest.starts_with(": "))
}

fn holds_data(message: &str) -> bool {
    message.split_once(':').is_some_and(|(_, rest)| rest.trim_start().starts_with(['[', '-']))
}

/// All of it.
#[rustfmt::skip]
const TABLE: &[Entry] = &[
    lawful(R5424, "§6.4: UTF-8 \"MUST start with the Unicode byte order mask (BOM)\"",
        ("the mark is no part of the message", "it is the first character of it"),
        (&["message"], |line| message_5424(line).starts_with('\u{feff}')),
        "<34>1 2026-03-04T10:00:00Z h a 1 m - \u{feff}x"),
    lawful(R5424, "§6: \"SYSLOG-MSG = HEADER SP STRUCTURED-DATA [SP MSG]\"",
        ("after that one SP all is message", "blanks at both ends of the line and before MSG go"),
        (&["message"], |line| {
            let message = message_5424(line);
            message.trim() != message
        }),
        "<34>1 2026-03-04T10:00:00Z h a 1 m -   x "),
    lawful(R5424, "§6: \"PROCID = NILVALUE / 1*128PRINTUSASCII\"",
        ("text", "a number where it can be one, so `007` is 7"),
        (&["pid"], |line| word(line, 4).trim_start_matches('+').parse::<i32>().is_ok()),
        "<34>1 2026-03-04T10:00:00Z h a 007 m - x"),
    lawful(R5424, "§6.3.3: before another character \"the backslash MUST be treated as a regular backslash\"",
        ("so `\\n` is two characters", "`\\n` is a line end"),
        (&["data"], |line| tail_5424(line).contains("\\n")),
        "<34>1 2026-03-04T10:00:00Z h a 1 m [a b=\"x\\ny\"] x"),
    lawful(R5424, "§6: \"HOSTNAME = NILVALUE / 1*255PRINTUSASCII\"",
        ("a colon may end it, as in `fe80::`, or be a part", "the line is refused"),
        (&PARTS, |line| word(line, 2).ends_with(':') || (3..6).any(|n| word(line, n) == ":")),
        "<34>1 2026-03-04T10:00:00Z fe80:: a 1 m - x"),
    broken(R5424, "PRI", "§6: \"PRIVAL = 1*3DIGIT ; range 0 .. 191\"; §6.2.1: no zeros lead",
        ("at most three digits up to 191; zeros may lead", "any number; what is no facility is left out"),
        "<192>1 2026-03-04T10:00:00Z h a 1 m - x"),
    broken(R5424, "VERSION", "§6: \"VERSION = NONZERO-DIGIT 0*2DIGIT\"; §6.2.2: this RFC is version 1",
        ("only 1", "any number"),
        "<34>2 2026-03-04T10:00:00Z h a 1 m - x"),
    broken(R5424, "SP", "§6: \"HEADER = PRI VERSION SP TIMESTAMP SP HOSTNAME SP APP-NAME\" …",
        ("one blank: two are an empty part, and the line is malformed", "any white space"),
        "<34>1 2026-03-04T10:00:00Z  h a 1 m - x"),
    broken(R5424, "TIMESTAMP", "§6.2.3: \"a formalized timestamp derived from [RFC3339]\"",
        ("anything that begins with a digit; it gives a time if it is one", "a line without a good one is refused"),
        "<34>1 2026-13-04T10:00:00Z h a 1 m - x"),
    broken(R5424, "HOSTNAME", "§6: \"HOSTNAME = NILVALUE / 1*255PRINTUSASCII\"",
        ("any text up to a blank", "any text up to white space, but not with a colon at its end"),
        "<34>1 2026-03-04T10:00:00Z h\u{a0}i a 1 m - x"),
    broken(R5424, "APP-NAME", "§6: \"APP-NAME = NILVALUE / 1*48PRINTUSASCII\"",
        ("any text up to a blank", "any text up to white space"),
        "<34>1 2026-03-04T10:00:00Z h a\tb 1 m - x"),
    broken(R5424, "PROCID", "§6: \"PROCID = NILVALUE / 1*128PRINTUSASCII\"",
        ("any text up to a blank", "any text up to white space"),
        "<34>1 2026-03-04T10:00:00Z h a 1\t2 m - x"),
    broken(R5424, "MSGID", "§6: \"MSGID = NILVALUE / 1*32PRINTUSASCII\"",
        ("any text up to a blank", "any text up to white space"),
        "<34>1 2026-03-04T10:00:00Z h a 1 m\tn - x"),
    broken(R5424, "STRUCTURED-DATA", "§6: \"STRUCTURED-DATA = NILVALUE / 1*SD-ELEMENT\"",
        ("blanks may part parameters, an unescaped `]` may stand in a value; else the line is malformed",
         "a blank may follow `=`, names may hold blanks; else the line is refused"),
        "<34>1 2026-03-04T10:00:00Z h a 1 m [a b= \"c\"] x"),
    broken(R5424, "MSG", "§6: \"SYSLOG-MSG = HEADER SP STRUCTURED-DATA [SP MSG]\"",
        ("without the SP the line is malformed", "the SP may be missing"),
        "<34>1 2026-03-04T10:00:00Z h a 1 m -x"),

    lawful(R3164, "§4.1.3: \"Any non-alphanumeric character will terminate the TAG field\"",
        ("a word is a tag only before `:` or `[pid]`, so that a sentence keeps its first word",
         "the first word is the tag, whatever follows"),
        (&["host", "program", "pid", "data", "message"], |line| !plainly_tagged(message_3164(line))),
        "<13>Feb  5 17:32:18 10.0.0.99 Use the tool"),
    lawful(R3164, "§4.1.3: \"The CONTENT contains the details of the message.\"",
        ("all of it is message", "a bracket or dash at its head is read as structured data of RFC 5424"),
        (&["data", "message"], |line| holds_data(message_3164(line))),
        "<13>Feb  5 17:32:18 h app: [a b=\"c\"] x"),
    lawful(R3164, "§4.1.3: \"This has traditionally been a freeform message\"",
        ("blanks at its end are kept", "blanks at the ends of the line go"),
        (&["message"], |line| line.trim_end() != line),
        "<13>Feb  5 17:32:18 h app: x "),
    lawful(R3164, "§5.3: \"The format of\" TAG[pid]: \"- without the quote marks - is common\"",
        ("text", "a number where it can be one, so `007` is 7"),
        (&["pid"], |line| message_3164(line).contains("[0")),
        "<13>Feb  5 17:32:18 h app[007]: x"),
    lawful(R3164, "§4.1.2: of IPv6 \"any valid representation used in RFC 2373 [6] MAY be used\"",
        ("so a colon may end it", "a colon at its end begins the message"),
        (&["host", "program", "pid", "data", "message"], |line| host_3164(line).ends_with(':')),
        "<13>Feb  5 17:32:18 fe80:: app: x"),
    broken(R3164, "PRI", "§4.1.1: \"The PRI part MUST have three, four, or five characters\"",
        ("without a good one the line is malformed", "any number; what is no facility is left out"),
        "<192>Feb  5 17:32:18 h app: x"),
    broken(R3164, "TIMESTAMP", "§4.1.2: \"is the local time and is in the format of\" Mmm dd hh:mm:ss",
        ("any time, or none: the receiver's then", "without one the line is refused"),
        "<13>h app: x"),
    broken(R3164, "HOSTNAME", "§4.1.2: only a name or an address; \"MUST NOT contain any embedded spaces\"",
        ("what is no name, address or path is message", "any word"),
        "<13>Feb  5 17:32:18 h! app: x"),
    broken(R3164, "SP", "§4.1.2: \"A single space character MUST also follow the HOSTNAME field.\"",
        ("more blanks are passed over", "more than one begin the message"),
        "<13>Feb  5 17:32:18 h  app: x"),
    broken(R3164, "TAG", "§4.1.3: \"a string of ABNF alphanumeric characters that MUST NOT exceed 32 characters\"",
        ("up to 128 characters without blanks, with a letter", "any word"),
        "<13>Feb  5 17:32:18 h (x) y"),
];

/// Length of structured data that conforms.
fn data_length(tail: &str) -> Option<usize> {
    let name = |text: &str| {
        text.bytes()
            .take(32)
            .take_while(|c| c.is_ascii_graphic() && !matches!(c, b'=' | b']' | b'"'))
            .count()
    };
    if tail.starts_with('-') {
        return Some(1);
    }
    let mut at = 0;
    while tail[at..].starts_with('[') {
        at += 1;
        let id = name(&tail[at..]);
        at += id;
        if id == 0 {
            return None;
        }
        while tail[at..].starts_with(' ') {
            let length = name(&tail[at + 1..]);
            at += 1 + length;
            if length == 0 || !tail[at..].starts_with("=\"") {
                return None;
            }
            at += 2;
            loop {
                match *tail.as_bytes().get(at)? {
                    b'"' => break,
                    b']' => return None,
                    b'\\' if matches!(tail.as_bytes().get(at + 1), Some(b'"' | b'\\' | b']')) => {
                        at += 2
                    }
                    _ => at += 1,
                }
            }
            at += 1;
        }
        if !tail[at..].starts_with(']') {
            return None;
        }
        at += 1;
    }
    (at > 0).then_some(at)
}

/// `<0>` … `<191>`; what follows.
fn after_priority(line: &str) -> Option<&str> {
    let (digits, rest) = line.strip_prefix('<')?.split_once('>')?;
    let sound = digits.len() <= 3 && digits.bytes().all(|c| c.is_ascii_digit());
    let value: u32 = digits.parse().ok()?;
    (sound && value <= 191 && digits == value.to_string()).then_some(rest)
}

/// RFC 3339 as RFC 5424 narrows it.
fn is_timestamp(text: &str) -> bool {
    let b = text.as_bytes();
    let shape = b"0000-00-00T00:00:00";
    let head = b.len() > shape.len()
        && shape.iter().zip(b).all(|(s, c)| if *s == b'0' { c.is_ascii_digit() } else { s == c });
    let rest = if head { &text[shape.len()..] } else { return text == "-" };
    let rest = match rest.strip_prefix('.') {
        Some(fraction) => {
            let digits = fraction.bytes().take_while(u8::is_ascii_digit).count();
            if !(1..=6).contains(&digits) {
                return false;
            }
            &fraction[digits..]
        }
        None => rest,
    };
    let zone = rest == "Z" || rest.len() == 6 && rest.as_bytes()[3] == b':' && text.is_ascii();
    let year = (1970..=2261).contains(&text[..4].parse().unwrap_or(0));
    // A leap second cannot be told from a second that does not exist.
    zone && year && &text[17..19] < "60" && text.parse::<jiff::Timestamp>().is_ok()
}

/// The first rule of RFC 5424 that a line breaks.
fn rule_5424(line: &str) -> Option<&'static str> {
    let Some(rest) = after_priority(line) else { return Some("PRI") };
    let Some(rest) = rest.strip_prefix("1 ") else {
        let version = rest.trim_start_matches(|c: char| c.is_ascii_digit());
        return Some(if rest.starts_with('1') && !version.starts_with(' ') {
            "SP"
        } else {
            "VERSION"
        });
    };
    let mut rest = rest;
    for (name, most) in
        [("TIMESTAMP", 64), ("HOSTNAME", 255), ("APP-NAME", 48), ("PROCID", 128), ("MSGID", 32)]
    {
        let Some((part, after)) = rest.split_once(' ') else { return Some("SP") };
        if part.is_empty() {
            return Some("SP");
        }
        let graphic = part.bytes().all(|c| c.is_ascii_graphic()) && part.len() <= most;
        if !graphic || name == "TIMESTAMP" && !is_timestamp(part) {
            return Some(name);
        }
        rest = after;
    }
    let Some(length) = data_length(rest) else { return Some("STRUCTURED-DATA") };
    (length < rest.len() && !rest[length..].starts_with(' ')).then_some("MSG")
}

/// The first rule of RFC 3164 that a line breaks.
fn rule_3164(line: &str) -> Option<&'static str> {
    const MONTHS: &str = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec ";
    let Some(rest) = after_priority(line) else { return Some("PRI") };
    let b = rest.as_bytes();
    let shape = b"Mmm dd 00:00:00 ";
    let digits = |at: usize| b[at].is_ascii_digit() && b[at + 1].is_ascii_digit();
    let fits = b.len() > shape.len()
        && rest.is_char_boundary(4)
        && MONTHS.contains(&rest[..4])
        && (digits(4) && b[4] != b'0' || b[4] == b' ' && b[5].is_ascii_digit())
        && [6, 15].iter().all(|at| b[*at] == b' ')
        && [7, 10, 13].iter().all(|at| digits(*at))
        && b[9] == b':'
        && b[12] == b':'
        && &rest[7..9] < "24"
        && b[10] < b'6'
        && b[13] < b'6';
    let day = |text: &str| {
        let month = MONTHS.find(&text[..4]).unwrap_or(0) / 4 + 1;
        let day: i8 = text[4..6].trim().parse().unwrap_or(0);
        jiff::civil::Date::new(2026, month as i8, day).is_ok()
    };
    if !fits || !day(rest) {
        return Some("TIMESTAMP");
    }
    let Some((host, message)) = rest[16..].split_once(' ') else { return Some("HOSTNAME") };
    let named = |c: u8| c.is_ascii_alphanumeric() || b".:-".contains(&c);
    if host.is_empty() {
        return Some("SP");
    }
    if !host.bytes().all(named) || !host.bytes().any(|c| c.is_ascii_alphanumeric()) {
        return Some("HOSTNAME");
    }
    if message.starts_with(' ') {
        return Some("SP");
    }
    let tag = message.bytes().take_while(u8::is_ascii_alphanumeric).count();
    let visible = message.bytes().all(|c| c == b' ' || c.is_ascii_graphic());
    (tag == 0 || tag > 32 || !visible).then_some("TAG")
}

/// What a reader made of a line; `None` when it refused it.
type Read = Option<[String; 8]>;

fn here(line: &str, rfc: Rfc) -> Read {
    let mut source = SourceInfo::plain(1, "t", ReceiverKind::SyslogTcp, "syslog");
    source.format = if rfc == R5424 { "rfc5424" } else { "rfc3164" }.to_owned();
    let (batch, meta) = batch(line.as_bytes(), source);
    let event = read(&batch, &meta);
    if event.flags.has(Flags::MALFORMED) {
        return None;
    }
    let mut data = String::new();
    for field in &event.fields {
        let _ = write!(data, "{}={:?} ", event.get(field.name), event.get(field.value));
    }
    Some([
        event.facility.map(|f| format!("{f} {}", event.severity)).unwrap_or_default(),
        event.event_time.map(|t| t.to_string()).unwrap_or_default(),
        event.host().to_owned(),
        event.program().to_owned(),
        event.get(event.pid).to_owned(),
        event.get(event.msgid).to_owned(),
        data,
        event.message().to_owned(),
    ])
}

fn there(line: &str, rfc: Rfc) -> Read {
    let variant = match rfc {
        R5424 => syslog_loose::Variant::RFC5424,
        R3164 => syslog_loose::Variant::RFC3164,
    };
    let read = syslog_loose::parse_message_with_year_exact(line, |_| 2026, variant).ok()?;
    let mut data = String::new();
    for element in &read.structured_data {
        for (name, value) in element.params() {
            let _ = write!(data, "{}.{name}={value:?} ", element.id);
        }
    }
    let severity = read.severity.map(|s| Severity::from_syslog(s as u8));
    let priority = read.facility.zip(severity).map(|(f, s)| format!("{} {s}", f as u8));
    // Times without a zone are read in the machine's there, and in UTC here.
    let moment = match rfc {
        R5424 => read.timestamp.and_then(|t| t.timestamp_nanos_opt()),
        R3164 => read.timestamp.and_then(|t| t.naive_local().and_utc().timestamp_nanos_opt()),
    };
    Some([
        priority.unwrap_or_default(),
        moment.map(|t| t.to_string()).unwrap_or_default(),
        read.hostname.unwrap_or_default().to_owned(),
        read.appname.unwrap_or_default().to_owned(),
        read.procid.map(|p| p.to_string()).unwrap_or_default(),
        read.msgid.unwrap_or_default().to_owned(),
        data,
        read.msg.to_owned(),
    ])
}

/// The parts in which two readings differ.
fn differing(ours: &Read, theirs: &Read) -> Vec<&'static str> {
    match (ours, theirs) {
        (Some(ours), Some(theirs)) => {
            (0..8).filter(|i| ours[*i] != theirs[*i]).map(|i| PARTS[i]).collect()
        }
        (None, None) => Vec::new(),
        _ => PARTS.to_vec(),
    }
}

/// The parts whose difference no entry explains.
fn unexplained(line: &str, rfc: Rfc) -> Vec<&'static str> {
    let (ours, theirs) = (here(line, rfc), there(line, rfc));
    let rule = if rfc == R5424 { rule_5424(line) } else { rule_3164(line) }.unwrap_or("");
    let entries: Vec<&Entry> = TABLE
        .iter()
        .filter(|e| e.rfc == rfc && e.rule == rule && (!rule.is_empty() || (e.holds)(line)))
        .collect();
    let mut parts = differing(&ours, &theirs);
    parts.retain(|part| !entries.iter().any(|entry| entry.parts.contains(part)));
    parts
}

#[test]
fn every_entry_has_a_line_that_shows_it() {
    for entry in TABLE {
        let Entry { rfc, line, rule, words, here: ours, there: theirs, parts, .. } = entry;
        let broken = if *rfc == R5424 { rule_5424(line) } else { rule_3164(line) };
        assert_eq!(broken.unwrap_or(""), *rule, "{line}: {words}");
        assert!((entry.holds)(line), "{line}");
        let differ = differing(&here(line, *rfc), &there(line, *rfc));
        assert!(!differ.is_empty(), "both read {line} alike now: {ours}; {theirs}");
        assert!(differ.iter().all(|part| parts.contains(part)), "{line}: {differ:?}");
        for quote in words.split('"').skip(1).step_by(2) {
            assert!(quote.split(' ').count() <= 15, "{quote}");
        }
    }
}

fn line_5424() -> impl Strategy<Value = String> {
    let time = "-|20[0-9]{2}-0[1-9]-(0[1-9]|1[0-9]|2[0-8])T[01][0-9]:[0-5][0-9]:[0-5][0-9](\\.[0-9]{1,6})?(Z|[+-]0[0-9]:[0-5]0)";
    let value = "([ -!#-\\[^-~\u{e4}]|\\\\[\"\\\\\\]]){0,8}";
    let parameter = ("[!#-<>-Z^-~]{1,6}", value);
    let elements = proptest::collection::vec(
        ("[a-z]{1,8}(@[0-9]{1,4})?", proptest::collection::vec(parameter, 0..3)),
        0..3,
    );
    let head = (
        0u8..=191,
        time,
        "-|[!-~]{1,12}",
        "-|[!-~]{1,12}",
        "-|[0-9]{1,6}|[!-~]{1,8}",
        "-|[!-~]{1,8}",
    );
    let message = "|( {0,2}|\u{feff})[!-~\u{e4}]([ -~\t\u{e4}]{0,20}) {0,2}";
    (head, elements, proptest::option::of(message)).prop_map(|(head, elements, message)| {
        let (priority, time, host, app, pid, msgid) = head;
        let mut line = format!("<{priority}>1 {time} {host} {app} {pid} {msgid} ");
        if elements.is_empty() {
            line.push('-');
        }
        for (id, parameters) in elements {
            let _ = write!(line, "[{id}");
            for (name, value) in parameters {
                let _ = write!(line, " {name}=\"{value}\"");
            }
            line.push(']');
        }
        if let Some(message) = message {
            let _ = write!(line, " {message}");
        }
        line
    })
}

fn line_3164() -> impl Strategy<Value = String> {
    let month = prop::sample::select(vec!["Jan", "Feb", "Mar", "Jun", "Sep", "Oct", "Dec"]);
    let time = (month, 1u8..=28, 0u8..24, 0u8..60, 0u8..60);
    let host = "[a-zA-Z][a-z0-9-]{0,10}|[1-9][0-9]?(\\.[1-9]){3}|2001:db8(:[0-9a-f]{1,4}){6}";
    let tag = "[a-zA-Z][a-zA-Z0-9]{0,12}";
    let after =
        "(\\[[0-9]{1,6}\\])?:|[/._(-][a-z]{1,8}\\)?(\\[[0-9]{1,6}\\])?:|[!-/:-@ ][ -~]{0,6}";
    let content = "| [ -~]{0,24}";
    (0u8..=191, time, host, tag, after, content).prop_map(|(priority, time, host, tag, after, content)| {
        let (month, day, hour, minute, second) = time;
        format!("<{priority}>{month} {day:>2} {hour:02}:{minute:02}:{second:02} {host} {tag}{after}{content}")
    })
}

/// A few edits with the bytes that the grammars are made of.
fn edited(line: &str, edits: &[(prop::sample::Index, char, u8)]) -> String {
    let mut line: Vec<char> = line.chars().collect();
    for (index, c, kind) in edits {
        let i = index.index(line.len() + 1);
        match kind {
            0 => line.insert(i, *c),
            1 if i < line.len() => {
                line.remove(i);
            }
            2 if i < line.len() => line[i] = *c,
            3 => line.truncate(i),
            _ => {
                let copy: Vec<char> = line[i..].iter().take(4).copied().collect();
                line.splice(i..i, copy);
            }
        }
    }
    line.into_iter().collect()
}

fn edits() -> impl Strategy<Value = Vec<(prop::sample::Index, char, u8)>> {
    let c = prop::sample::select(" <>[]\":=\\-.\t1a\u{a0}\u{e4}".chars().collect::<Vec<_>>());
    proptest::collection::vec((any::<prop::sample::Index>(), c, 0u8..5), 1..4)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2048))]

    #[test]
    fn lines_of_rfc_5424_differ_only_by_the_table(line in line_5424(), edits in edits()) {
        prop_assert_eq!(rule_5424(&line), None, "{}", line);
        for line in [line.clone(), edited(&line, &edits)] {
            let parts = unexplained(&line, R5424);
            prop_assert!(parts.is_empty(), "{:?} of {:?}: {:?}, {:?}", parts, line, here(&line, R5424), there(&line, R5424));
        }
    }

    #[test]
    fn lines_of_rfc_3164_differ_only_by_the_table(line in line_3164(), edits in edits()) {
        prop_assert_eq!(rule_3164(&line), None, "{}", line);
        for line in [line.clone(), edited(&line, &edits)] {
            let parts = unexplained(&line, R3164);
            prop_assert!(parts.is_empty(), "{:?} of {:?}: {:?}, {:?}", parts, line, here(&line, R3164), there(&line, R3164));
        }
    }
}
