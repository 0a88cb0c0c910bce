//! The table: why the two readers differ, with the words of RFC 5424 and RFC 3164.

use super::PARTS;
use super::grammar::data_length;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rfc {
    R5424,
    R3164,
}
pub(super) use Rfc::{R3164, R5424};

/// A reason to differ.
pub(super) struct Entry {
    pub(super) rfc: Rfc,
    /// The rule that is broken, or `""` for lines that conform.
    pub(super) rule: &'static str,
    /// The RFC's words.
    pub(super) words: &'static str,
    /// What is done here, and there.
    pub(super) here: &'static str,
    pub(super) there: &'static str,
    /// Parts that may differ on conforming lines; on broken ones all may.
    pub(super) parts: &'static [&'static str],
    /// On conforming lines: when.
    pub(super) holds: fn(&str) -> bool,
    /// A line that shows it.
    pub(super) line: &'static str,
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
pub(super) const TABLE: &[Entry] = &[
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
