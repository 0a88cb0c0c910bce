//! CloudTrail: who called which AWS service, one record.
//!
//! The message is `service action` and, for a call that failed, its error: `s3 GetObject
//! AccessDenied`. So calls of one kind are one template, whatever their parameters, which stay
//! fields under their own names. A record names no machine, so there is no host.

use super::draft::{Draft, Line};
use super::object::text;
use super::structured::{append, value};
use seerflow_model::{Outcome, Severity};

/// Reads the fields of one record.
pub(super) fn read(draft: &mut Draft, line: Line<'_>) {
    let mut service = value(draft, line, "eventSource");
    let name = text(draft, line, service);
    service.len = name.strip_suffix(".amazonaws.com").unwrap_or(name).len() as u32;
    let mut error = value(draft, line, "errorCode");
    let said = value(draft, line, "errorMessage");
    let answer = value(draft, line, "responseElements.ConsoleLogin");
    let refused = text(draft, line, answer).eq_ignore_ascii_case("failure");
    if refused {
        error = answer;
    }
    let failed = !error.is_empty() || !said.is_empty();
    let mut action = value(draft, line, "eventName");
    action.len = unversioned(text(draft, line, action)) as u32;
    let start = draft.tail_end();
    append(draft, line, "", service);
    append(draft, line, " ", action);
    append(draft, line, " ", error);
    draft.message = draft.since(start);
    draft.program = service;
    draft.severity = Some(if failed { Severity::Warning } else { Severity::Informational });
    draft.outcome = if failed { Outcome::Failure } else { Outcome::Success };
}

/// The length of an action without the version of its interface: `ListFunctions20150331`,
/// `UpdateFunctionCode20150331v2`. Its digits would be taken for a value.
fn unversioned(action: &str) -> usize {
    let rest = match action.rsplit_once('v') {
        Some((rest, digit)) if digit.len() == 1 && digit.as_bytes()[0].is_ascii_digit() => rest,
        _ => action,
    };
    let name = rest.trim_end_matches(|c: char| c.is_ascii_digit());
    if rest.len() - name.len() == 8 { name.len() } else { action.len() }
}

#[cfg(test)]
mod tests {
    use super::unversioned;

    #[test]
    fn versions_of_actions() {
        for (action, expected) in [
            ("UpdateFunctionCode20150331v2", "UpdateFunctionCode"),
            ("ListFunctions20150331", "ListFunctions"),
            ("GetObject", "GetObject"),
            ("ListObjectsV2", "ListObjectsV2"),
            ("Movev2", "Movev2"),
            ("", ""),
        ] {
            assert_eq!(&action[..unversioned(action)], expected);
        }
    }
}
