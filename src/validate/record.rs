//! Rows as records: JSON with the names of the Elastic Common Schema, one a line.
//!
//! So they are what any other program's records of logins and flows are: the parser reads who did
//! what to whom, and rules see typed fields. Nothing here knows a rule. What is not known stands
//! in no field. Seconds are counted from the year of the set's publication; only their differences
//! and the time of day matter.

use super::table::{Row, Table};
use seerflow_model::time::{Ns, SECOND, rfc3339};

/// What second 0 is: 2015-01-01T00:00:00Z, a midnight.
pub const EPOCH_SECONDS: u64 = 1_420_070_400;

/// The time of a second of the folder.
pub fn time_of(second: u64) -> Ns {
    (EPOCH_SECONDS + second) * SECOND
}

/// The second of a time, counted as in the folder.
pub fn second_of(time: Ns) -> u64 {
    (time / SECOND).saturating_sub(EPOCH_SECONDS)
}

/// Numbers that Windows gives to types of logons.
const LOGONS: [(&str, &str); 13] = [
    ("Interactive", "2"),
    ("Network", "3"),
    ("Batch", "4"),
    ("Service", "5"),
    ("Proxy", "6"),
    ("Unlock", "7"),
    ("NetworkCleartext", "8"),
    ("NewCredentials", "9"),
    ("RemoteInteractive", "10"),
    ("CachedInteractive", "11"),
    ("CachedRemoteInteractive", "12"),
    ("CachedUnlock", "13"),
    ("System", "0"),
];

/// Appends the record of a row, with its line end.
pub fn write(table: Table, row: &Row, out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"@timestamp\":\"");
    out.extend_from_slice(rfc3339(time_of(row.second)).as_bytes());
    out.push(b'"');
    match table {
        Table::Auth => auth(row, out),
        Table::Proc => process(row, out),
        Table::Flows => flow(row, out),
        Table::Dns => {
            text("event.category", "network", out);
            text("source.domain", row.cell(1), out);
            text("dns.question.name", row.cell(2), out);
            text("message", "name resolved", out);
        }
        // The truth goes no further.
        Table::Redteam => {}
    }
    out.extend_from_slice(b"}\n");
}

/// A field, when there is something in it.
fn text(name: &str, value: &str, out: &mut Vec<u8>) {
    if value.is_empty() {
        return;
    }
    out.extend_from_slice(b",\"");
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\":");
    // A string always has a JSON form, and memory takes it.
    let _ = serde_json::to_writer(out, value);
}

/// A field that is a number, when it is one.
fn number(name: &str, value: &str, out: &mut Vec<u8>) {
    if value.parse::<u64>().is_ok() {
        out.extend_from_slice(format!(",\"{name}\":{value}").as_bytes());
    }
}

/// Name and domain of an account, under these names.
fn account(cell: &str, names: [&str; 2], out: &mut Vec<u8>) {
    let (name, domain) = cell.split_once('@').unwrap_or((cell, ""));
    text(names[0], name, out);
    text(names[1], domain, out);
}

fn auth(row: &Row, out: &mut Vec<u8>) {
    let (package, logon, step) = (row.cell(5), row.cell(6), row.cell(7));
    // A ticket that grants tickets is given for a password; one for a service is only used.
    let kind = match step {
        "LogOn" | "TGT" | "ScreenUnlock" => "start",
        "LogOff" => "end",
        _ => "info",
    };
    let outcome = match row.cell(8) {
        "Success" => "success",
        "Fail" | "Failure" => "failure",
        _ => "unknown",
    };
    text("event.category", "authentication", out);
    text("event.type", kind, out);
    text("event.action", step, out);
    text("event.outcome", outcome, out);
    account(row.cell(1), ["user.name", "user.domain"], out);
    if row.cell(2) != row.cell(1) {
        account(row.cell(2), ["user.target.name", "user.target.domain"], out);
    }
    text("source.domain", row.cell(3), out);
    text("host.name", row.cell(4), out);
    text("AuthenticationPackageName", package, out);
    text("winlog.logon.type", logon, out);
    let number = LOGONS.iter().find(|(name, _)| *name == logon);
    text("LogonType", number.map_or("", |(_, number)| number), out);
    text("message", &words(&[package, logon, step, outcome]), out);
}

fn process(row: &Row, out: &mut Vec<u8>) {
    let kind = if row.cell(4).eq_ignore_ascii_case("start") { "start" } else { "end" };
    text("event.category", "process", out);
    text("event.type", kind, out);
    account(row.cell(1), ["user.name", "user.domain"], out);
    text("host.name", row.cell(2), out);
    text("process.name", row.cell(3), out);
    text("message", &words(&["process", kind]), out);
}

fn flow(row: &Row, out: &mut Vec<u8>) {
    text("event.category", "network", out);
    text("event.type", "connection", out);
    // In nanoseconds, as the schema has it.
    number("event.duration", &format!("{}000000000", row.cell(1)), out);
    text("source.domain", row.cell(2), out);
    text("source.port", row.cell(3), out);
    text("destination.domain", row.cell(4), out);
    text("destination.port", row.cell(5), out);
    text("network.iana_number", row.cell(6), out);
    number("source.packets", row.cell(7), out);
    number("source.bytes", row.cell(8), out);
    text("message", "flow", out);
}

/// What is known of these, with blanks between.
fn words(parts: &[&str]) -> String {
    let known: Vec<_> = parts.iter().filter(|part| !part.is_empty()).copied().collect();
    known.join(" ")
}
