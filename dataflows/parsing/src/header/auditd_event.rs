//! What follows from all records of an audit event: fields that are added, message, outcome,
//! level.
//!
//! Cost: a look through the fields for each name that is asked for.

use super::auditd::Seen;
use super::auditd_names::syscall;
use super::draft::{Draft, Line};
use super::object::text;
use super::structured::{any, append, value};
use seerflow_model::{Outcome, Severity};

/// Adds what follows from the fields.
pub(super) fn complete(draft: &mut Draft, line: Line<'_>, seen: &Seen) {
    if value(draft, line, "SYSCALL").is_empty() {
        let (arch, call) = (text(draft, line, seen.arch), text(draft, line, seen.call));
        if let Some(name) = syscall(arch, call) {
            let name = draft.add(name);
            draft.named("SYSCALL", name);
        }
    }
    // The user whose id is 0 has this name on every system.
    for (id, name) in [("auid", "AUID"), ("uid", "UID")] {
        let zero = text(draft, line, value(draft, line, id)) == "0";
        if zero && value(draft, line, name).is_empty() {
            let root = draft.add("root");
            draft.named(name, root);
        }
    }
    if !seen.args.is_empty() {
        let start = draft.tail_end();
        for (i, (arg, goes_on)) in seen.args.iter().enumerate() {
            append(draft, line, if i == 0 || *goes_on { "" } else { " " }, *arg);
        }
        let command = draft.since(start);
        draft.named("CommandLine", command);
        let [image, folder] = ["exe", "cwd"].map(|name| value(draft, line, name));
        draft.named("Image", image);
        draft.named("CurrentDirectory", folder);
    }
    draft.program = draft.add("auditd");
}

/// Message, outcome and severity.
pub(super) fn summarise(draft: &mut Draft, line: Line<'_>, seen: &Seen) {
    let get = |names: &[&str]| any(draft, line, names);
    let call = match (seen.permission.is_empty(), get(&["SYSCALL", "syscall", "op", "operation"])) {
        (false, _) => seen.permission,
        (true, call) => call,
    };
    let said = match seen.decision.is_empty() {
        true => get(&["success", "res", "result", "apparmor"]),
        false => seen.decision,
    };
    let kind = seen.kind;
    let [exe, unit, comm] = ["exe", "unit", "comm"].map(|name| get(&[name]));
    let anomaly = text(draft, line, kind).starts_with("ANOM_");
    let (word, outcome) = match text(draft, line, said).to_ascii_lowercase().as_str() {
        "yes" | "success" | "1" | "granted" | "allowed" => (" success", Outcome::Success),
        "no" | "failed" | "0" | "fail" | "failure" => (" failed", Outcome::Failure),
        "denied" => (" denied", Outcome::Failure),
        _ => ("", Outcome::Unknown),
    };
    let level = match (anomaly || word == " denied", outcome) {
        (true, _) => Severity::Warning,
        (false, Outcome::Failure) => Severity::Notice,
        (false, _) => Severity::Informational,
    };
    let start = draft.tail_end();
    append(draft, line, "", kind);
    append(draft, line, " ", call);
    draft.tail.push_str(word);
    match (unit.is_empty(), exe.is_empty()) {
        (false, _) => append(draft, line, " unit=", unit),
        (true, false) => append(draft, line, " exe=", exe),
        (true, true) => append(draft, line, " comm=", comm),
    }
    draft.message = draft.since(start);
    if draft.message.is_empty() {
        draft.message = line.span(0, line.text.len());
    }
    draft.outcome = outcome;
    draft.severity = draft.severity.max(Some(level));
}
