//! What the tests of the store share: events of made-up lines, and blocks of them.

use super::block::Block;
use super::cache::Cache;
use super::data::Data;
use super::encode;
use super::head::{FIXED, Head};
use super::part::Part;
use super::rows::Rows;
use seerflow_model::record::{ReceiverKind, RecordMeta};
use seerflow_model::{Event, Flags, LineEnd, Ns, RecordBatch, SourceInfo};
use seerflow_parsing::parser::Parser;
use seerflow_parsing::roles::RoleSet;
use std::io::Write;
use std::sync::Arc;

/// A parser as the program has one.
pub(super) fn parser() -> Parser {
    Parser::new(RoleSet::bundled(), None)
}

/// A source with a number.
pub(super) fn source(id: u64) -> Arc<SourceInfo> {
    let mut source =
        SourceInfo::plain(id, &format!("/var/log/{id}.log"), ReceiverKind::File, "file");
    source.peer = (id % 3 == 2).then(|| "192.0.2.7".to_owned());
    Arc::new(source)
}

/// An event of a record.
pub(super) fn event(
    parser: &mut Parser,
    source: &Arc<SourceInfo>,
    seq: u64,
    at: Ns,
    raw: &[u8],
) -> Event {
    let meta = RecordMeta {
        start: 0,
        len: raw.len() as u32,
        seq,
        event_time: (seq % 5 != 4).then_some(at.saturating_sub(seq % 7 / 6)),
        effective: at,
        time_start: 0,
        time_len: if raw.starts_with(b"Mar ") { 15 } else { 0 },
        flags: if seq.is_multiple_of(11) { Flags::LATE } else { Flags::default() },
        end: LineEnd::ALL[seq as usize % 4],
    };
    let batch = RecordBatch {
        source: Arc::clone(source),
        observed: at + seq / 3 * 1000,
        bytes: raw.to_vec(),
        records: vec![meta],
    };
    parser.parse(&batch, &meta)
}

/// Lines of several kinds; the same number, the same line.
pub(super) fn line(n: u64) -> Vec<u8> {
    let r = seerflow_model::hash::mix(n);
    let user = ["root", "admin", "Ärger", "bob"][r as usize % 4];
    let at = format!(
        "Mar {:2} {:02}:{:02}:{:02}",
        1 + n / 86_400 % 28,
        n / 3600 % 24,
        n / 60 % 60,
        n % 60
    );
    match n % 8 {
        0 | 1 => format!(
            "{at} web-{} sshd[{}]: Failed password for {user} from 203.0.113.{} port {} ssh2",
            r % 3, r % 30_000, r >> 8 & 255, r % 60_000
        ).into_bytes(),
        2 => format!("{at} db-1 cron[{}]: (root) CMD (run-parts /etc/cron.hourly/{})", r % 9999, r % 5).into_bytes(),
        3 => format!("{{\"time\":\"2026-03-01T00:00:{:02}Z\",\"level\":\"warn\",\"msg\":\"slow \\u00e4nswer {} \",\"host\":{{\"name\":\"api-{}\"}}}}", n % 60, r % 100, r % 4).into_bytes(),
        4 => format!("{at} fw kernel: DROP IN=eth0 SRC=2001:db8::{:x} DST=198.51.100.{} LEN={}", r % 65_535, r >> 9 & 255, r % 1500).into_bytes(),
        5 => format!("odd {} \x11 {}\nsecond line {}", n, r % 7, user).into_bytes(),
        6 => [format!("{at} web-1 app: bytes ").as_bytes(), &[0xff, b'a', (r % 256) as u8, 0xfe], b" end"].concat(),
        _ => format!("{at} web-1 app[77]: user={user} took {}ms for /var/lib/{user}/{:x} ({}%)", r % 500, r >> 40, r % 100).into_bytes(),
    }
}

/// Rows of some of those lines.
pub(super) fn rows(numbers: impl IntoIterator<Item = u64>) -> (Rows, Vec<Event>) {
    let mut parser = parser();
    let sources: Vec<_> = (1..4).map(source).collect();
    let (mut rows, mut events) = (Rows::default(), Vec::new());
    for n in numbers {
        let at = 1_770_000_000_000_000_000 + n * 250_000_000;
        let event = event(&mut parser, &sources[n as usize % 3], n / 3, at, &line(n));
        let p = if n.is_multiple_of(10) { 10f64.powi(-(n as i32 % 30)) } else { 1.0 };
        rows.keep(&event, event.leaf ^ 5, &format!("template of {}", event.leaf), p);
        events.push(event);
    }
    (rows, events)
}

/// A block of rows in a file that is gone when the block is.
pub(super) fn sealed(rows: &Rows) -> Part {
    Part::sealed(Arc::new(block(rows)))
}

pub(super) fn block(rows: &Rows) -> Block {
    let bytes = encode::block(rows, 7, 1).unwrap();
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(&bytes).unwrap();
    let len = Head::len_of(&bytes[..FIXED]).unwrap();
    let head = Head::decode(&bytes[..len]).unwrap();
    assert_eq!(head.len as usize, bytes.len());
    let data = Data::new("test".as_ref(), file);
    Block::new(Arc::new(data), 0, head, Arc::new(Cache::new(64 << 20)))
}
