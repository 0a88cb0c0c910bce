//! Whole lines of web servers and devices, from bytes to entities.

use super::build::{edges, shown};
use crate::parser::Parser;
use crate::roles::RoleSet;
use crate::time::{Finder, YearPolicy, Zone};
use seerflow_model::record::{Flags, RecordBatch, RecordMeta};
use seerflow_model::{ReceiverKind, SourceInfo};
use std::sync::Arc;

/// Line; entities with roles; edges.
const LINES: &[(&str, &str, &str)] = &[
    (
        r#"203.0.113.9 - bob [10/Oct/2000:13:55:36 -0700] "GET /private/report.html?id=7 HTTP/1.0" 401 2326 "-" "curl/8.0""#,
        "web_request failure; src ip 203.0.113.9; actor user bob; object url /private/report.html",
        "bob authenticated_from 203.0.113.9; bob accessed /private/report.html",
    ),
    (
        r#"www.example.org:443 2001:db8::7 - - [10/Oct/2000:13:55:36 -0700] "GET /x?next=198.51.100.1&user=root HTTP/1.1" 200 5 "-" "Mozilla/5.0 (1.2.3.4)""#,
        "web_request success; object domain www.example.org; src ip 2001:0db8:0000:0000:0000:0000:0000:0007; object url /x",
        "",
    ),
    (
        r#"<190>Mar 24 19:00:00 web-01 nginx: 203.0.113.9 - - [24/Mar/2026:19:00:00 +0000] "\x16\x03 10.0.0.1 user=root" 400 150 "-" "-""#,
        "web_request failure; src ip 203.0.113.9; target host web-01; object process web-01/nginx",
        "203.0.113.9 reached_host web-01; web-01/nginx ran_on web-01",
    ),
    (
        r#"Feb  6 12:12:56 lb-1 haproxy[1]: [2001:db8::7]:33313 [06/Feb/2009:12:12:51.443] db-in db/db2 1/0/+2500 212 -- 4/3/2/1/0 0/0"#,
        "network_connection success; src ip 2001:0db8:0000:0000:0000:0000:0000:0007; target host lb-1; object process lb-1/haproxy",
        "2001:0db8:0000:0000:0000:0000:0000:0007 reached_host lb-1; lb-1/haproxy ran_on lb-1",
    ),
    (
        "1286536309.450    921 192.0.2.68 TCP_MISS/200 507 GET http://www.example.org/a bob DIRECT/203.0.113.9 text/html",
        "web_request success; src ip 192.0.2.68; object url http://www.example.org/a; actor user bob; dst ip 203.0.113.9",
        "192.0.2.68 connected_to 203.0.113.9; bob authenticated_from 192.0.2.68; bob accessed http://www.example.org/a",
    ),
    (
        r#"time=2026-03-04T10:00:00Z level=warn msg="login denied" user="Eve" client_ip=203.0.113.9:5050"#,
        "other unknown; actor user eve; src ip 203.0.113.9",
        "eve authenticated_from 203.0.113.9",
    ),
    (
        "CEF:0|Example|Vault|2|login|Failed login|High|src=203.0.113.9 suser=CORP\\\\eve shost=ws-7 duser=root dhost=db-1 dst=192.0.2.1 fname=/tmp/ab.txt request=http://www.example.org/x fileHash=44d88612fea8a8f36de82e1278abb02f outcome=failure",
        "other failure; src ip 203.0.113.9; actor user corp:eve; src host ws-7; target user root; dst host db-1; dst ip 192.0.2.1; object file /tmp/ab.txt; object url http://www.example.org/x; object hash 44d88612fea8a8f36de82e1278abb02f",
        "",
    ),
    (
        "LEEF:2.0|Example|Sensor|4.0|41|^|src=192.0.2.1^dst=203.0.113.9^usrName=bob^sev=9",
        "other unknown; src ip 192.0.2.1; dst ip 203.0.113.9; actor user bob",
        "192.0.2.1 connected_to 203.0.113.9; bob authenticated_from 192.0.2.1",
    ),
];

#[test]
fn entities_come_from_fields() {
    let mut parser = Parser::new(RoleSet::bundled(), None);
    let source = Arc::new(SourceInfo::plain(1, "t", ReceiverKind::File, "file"));
    let mut wrong = String::new();
    for (line, entities, relations) in LINES {
        let hit = Finder::new(Zone::Utc, YearPolicy::Fixed(2026)).find(line.as_bytes());
        let meta = RecordMeta {
            start: 0,
            len: line.len() as u32,
            seq: 0,
            event_time: hit.map(|h| h.ns),
            effective: 1,
            time_start: hit.map_or(0, |h| h.start),
            time_len: hit.map_or(0, |h| h.len),
            flags: Flags::default(),
            end: Default::default(),
        };
        let bytes = line.as_bytes().to_vec();
        let batch = RecordBatch { source: source.clone(), observed: 1, bytes, records: vec![meta] };
        let event = parser.parse(&batch, &meta);
        let got = (shown(&event), edges(&event));
        let related = relations.is_empty() || got.1 == *relations;
        if got.0 != *entities || !related {
            wrong += &format!("{line}\n  {}\n  {}\n", got.0, got.1);
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}
