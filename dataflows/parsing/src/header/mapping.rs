//! `sources[].field_mapping`: fields under the names that a person gave them.
//!
//! A mapped field becomes a part of the header, or takes the name by which the table of names
//! knows it; so a column `ClientIP` that is `src_ip` gives the source address.

use super::draft::{Draft, Line};
use super::{level, object};
use seerflow_model::meaning::Meaning;
use seerflow_model::{Format, Severity};

/// Whether fields of this format can be mapped.
pub(super) const fn maps(format: Format) -> bool {
    matches!(
        format,
        Format::Json | Format::Logfmt | Format::Csv | Format::Tsv | Format::W3c | Format::Otlp
    )
}

/// Gives fields their meaning.
pub(super) fn apply(draft: &mut Draft, line: Line<'_>, mapping: &[(Meaning, String)]) {
    for (meaning, name) in mapping {
        let wanted = |f: &seerflow_model::Field| {
            object::text(draft, line, f.name).eq_ignore_ascii_case(name)
        };
        let Some(at) = draft.fields.iter().position(wanted) else { continue };
        let value = draft.fields[at].value;
        match meaning {
            Meaning::Message => {
                draft.message = value;
                draft.fields.remove(at);
                continue;
            }
            Meaning::Time => {
                draft.fields.remove(at);
                continue;
            }
            Meaning::Severity => {
                let text = object::text(draft, line, value).trim();
                let graded = match text.parse::<u8>() {
                    Ok(number) => Some(Severity::from_syslog(number)).filter(|_| number < 8),
                    Err(_) => Severity::from_word(text.as_bytes()),
                };
                let letter = || match text.as_bytes() {
                    [c] => level::letter(*c),
                    _ => None,
                };
                draft.severity = graded.or_else(letter).or(draft.severity);
            }
            Meaning::Host => draft.host = value,
            Meaning::Program => draft.program = value,
            Meaning::Pid => draft.pid = value,
            Meaning::Msgid => draft.msgid = value,
            Meaning::TraceId => draft.trace_id = value,
            Meaning::SpanId => draft.span_id = value,
            _ => {}
        }
        let name = draft.add(meaning.field());
        draft.fields[at].name = name;
    }
}
