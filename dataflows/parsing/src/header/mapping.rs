//! `sources[].field_mapping`: fields under the names that a person gave them.
//!
//! A mapped field becomes a part of the header, or takes the name by which the table of names
//! knows it; so a column `ClientIP` that is `src_ip` gives the source address. What the severity
//! means is asked of the source's own words first, then of the words and numbers that everybody uses.

use super::draft::{Draft, Line};
use super::{alertmanager, level, object};
use seerflow_model::meaning::Meaning;
use seerflow_model::{Format, Severity};

/// Whether fields of this format can be mapped.
pub(super) const fn maps(format: Format) -> bool {
    use Format::{Alertmanager, Csv, Github, Json, KubeEvent, Logfmt, Otlp, Tsv, W3c};
    matches!(format, Json | Logfmt | Csv | Tsv | W3c | Otlp | Github | KubeEvent | Alertmanager)
}

/// Gives fields their meaning.
pub(super) fn apply(
    draft: &mut Draft,
    line: Line<'_>,
    mapping: &[(Meaning, String)],
    words: &[(String, Severity)],
) {
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
                let graded = grade(object::text(draft, line, value).trim(), words);
                // What is over is not as bad as it was.
                let over =
                    draft.format == Format::Alertmanager && alertmanager::is_over(draft, line);
                draft.severity = graded.filter(|_| !over).or(draft.severity);
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

/// The severity that a value means: by the source's own words, as a number, word or letter.
fn grade(text: &str, words: &[(String, Severity)]) -> Option<Severity> {
    if let Some((_, severity)) = words.iter().find(|(word, _)| word.eq_ignore_ascii_case(text)) {
        return Some(*severity);
    }
    match text.parse::<u8>() {
        Ok(number) => object::numbered(number),
        Err(_) => Severity::from_word(text.as_bytes()).or(match text.as_bytes() {
            [c] => level::letter(*c),
            _ => None,
        }),
    }
}
