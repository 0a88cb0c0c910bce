//! Application logs: which of their formats a line has, and the way to its reader.
//!
//! Most loggers are read by one grammar ([`super::stamped`], [`super::leveled`]). A format has a
//! reader of its own only where the order or the marks of its parts are like no other's: there the
//! product is certain, and its name becomes the program unless the line names one. What a reader
//! does not take is left as it was found.

use super::draft::{Draft, Line, Place};
use super::{apache, leveled, mysql, nginx, postgres, redis, stamped};
use crate::time::at;
use seerflow_model::Format;

/// The format of a line with a time at its head, or in a place that only one format has.
pub(super) fn sniff(line: Line<'_>, time: (usize, usize)) -> Option<Format> {
    let b = line.bytes();
    Some(match time.0 {
        0 if at(b, 4) == b'/' && nginx::opens(b, time.1) => Format::NginxError,
        0 if mysql::opens(b, time) => Format::Mysql,
        0 if postgres::opens(line, time.1) => Format::Postgres,
        1 if at(b, 0) == b'[' && apache::opens(b, time.1) => Format::ApacheError,
        1 if b[0].is_ascii_uppercase() && at(b, 5) == b' ' => Format::Glog,
        _ if redis::opens(b, time) => Format::Redis,
        _ if mysql::opens_slow(b) => Format::MysqlSlow,
        _ => return None,
    })
}

/// Whether a line is of a format that needs no time of its own at its head.
pub(super) fn is_leveled(line: Line<'_>, headed: bool) -> bool {
    let b = line.bytes();
    if headed { leveled::is_named(b) } else { leveled::may_open(b) }
}

/// Reads a line in one of these formats; `false` when it does not keep to it.
pub(super) fn read(draft: &mut Draft, line: Line<'_>, place: Place, format: Format) -> bool {
    let before = Before::of(draft);
    let read = match (format, place) {
        (Format::Leveled, _) => leveled::read(draft, line),
        (_, None) => false,
        (Format::Glog, Some(time)) => time.0 == 1 && stamped::read(draft, line, time),
        (Format::NginxError, Some(time)) => nginx::read(draft, line, time.1),
        (Format::ApacheError, Some(time)) => apache::read(draft, line, time.1),
        (Format::Mysql, Some(time)) => mysql::read(draft, line, time),
        (Format::MysqlSlow, Some(time)) => mysql::read_slow(draft, line, time),
        (Format::Postgres, Some(time)) => postgres::read(draft, line, time.1),
        (Format::Redis, Some(time)) => redis::read(draft, line, time),
        _ => false,
    };
    if !read {
        before.put(draft);
    }
    read
}

/// What a draft held before a reader that gave up.
struct Before {
    kept: Draft,
    fields: usize,
    tail: usize,
}

impl Before {
    fn of(draft: &Draft) -> Before {
        let (fields, tail) = (draft.fields.len(), draft.tail.len());
        // Without its buffers: they stay where they are and are cut back.
        Before { kept: draft.spans(), fields, tail }
    }

    fn put(self, draft: &mut Draft) {
        let (mut fields, mut tail) =
            (std::mem::take(&mut draft.fields), std::mem::take(&mut draft.tail));
        fields.truncate(self.fields);
        tail.truncate(self.tail);
        *draft = Draft { fields, tail, ..self.kept };
    }
}
