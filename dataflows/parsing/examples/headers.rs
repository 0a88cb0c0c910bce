//! Measures the text side of parsing: time per line for finding times, joining lines and reading
//! headers. With SEERFLOW_SHARED set, also how often the message of a header is the one of the
//! evaluation data there.
//!
//! `cargo run --release -p seerflow-parsing --example headers`

#![allow(clippy::disallowed_methods, reason = "a measurement looks at the clock")]

use seerflow_model::record::{Flags, RecordBatch, RecordMeta};
use seerflow_model::{ReceiverKind, SourceInfo};
use seerflow_parsing::header::Reader;
use seerflow_parsing::lines::{Options, Records, records};
use seerflow_parsing::time::{Finder, YearPolicy, Zone};
use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

const SHAPES: &[(&str, &str)] = &[
    (
        "rfc5424",
        "<134>1 2026-03-24T19:00:00.123Z web-01 nginx 812 - - GET /api/v1/orders 200 15ms from 10.0.0.7",
    ),
    (
        "rfc5424+sd",
        "<165>1 2026-03-24T19:00:00.123Z web-01 app 812 ID47 [origin ip=\"10.0.0.7\" software=\"x\"][timeQuality tzKnown=\"1\"] An application event log entry",
    ),
    (
        "rfc3164",
        "Mar 24 19:00:00 web-01 sshd[24200]: Failed password for invalid user admin from 203.0.113.9 port 4242 ssh2",
    ),
    (
        "log4j",
        "2026-03-24 19:00:00,123 INFO [main] org.example.app.Server: Created application app_1445144423722_0020",
    ),
    (
        "spring",
        "2026-03-24T19:00:00.123Z  INFO 4711 --- [shop] [           main] c.e.shop.Cart                 : added item 5",
    ),
    ("python", "2026-03-24 19:00:00,123 - app.worker - ERROR - job 5 failed after 3 attempts"),
    ("leveled", "WARNING:app.worker:job 5 failed after 3 attempts"),
    ("glog", "I0324 19:00:00.123456   12345 controller.go:123] Starting controller for shop"),
    (
        "postgres",
        "2026-03-24 19:00:00 UTC [812]: [3-1] user=bob,db=shop,app=psql,client=10.0.0.7 ERROR:  relation \"x\" does not exist",
    ),
    (
        "mysql",
        "2026-03-24T19:00:00.123456Z 12 [Warning] [MY-010068] [Server] CA certificate ca.pem is self signed.",
    ),
    ("redis", "77:M 24 Mar 2026 19:00:00.123 * Ready to accept connections"),
    (
        "apache err",
        "[Tue Mar 24 19:00:00.123456 2026] [core:error] [pid 35708:tid 43286] [client 10.0.0.7:4711] AH00037: File does not exist",
    ),
    (
        "nginx err",
        "2026/03/24 19:00:00 [error] 31#32: *5 open() \"/srv/x\" failed (2: No such file or directory), client: 10.0.0.7, server: www.example.com, request: \"GET /x?a=1 HTTP/1.1\", host: \"www.example.com\"",
    ),
    ("clf", "10.0.0.7 - bob [24/Mar/2026:19:00:00 +0000] \"GET /index.html HTTP/1.1\" 200 2326"),
    (
        "combined",
        "203.0.113.9 - - [24/Mar/2026:19:00:00 +0000] \"GET /shop/item?id=42&ref=mail HTTP/1.1\" 200 12326 \"https://www.example.org/shop\" \"Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0\"",
    ),
    (
        "syslog nginx",
        "<190>Mar 24 19:00:00 web-01 nginx: 203.0.113.9 - - [24/Mar/2026:19:00:00 +0000] \"GET /x HTTP/1.1\" 200 44 \"-\" \"curl/8.0\"",
    ),
    (
        "haproxy",
        "Mar 24 19:00:00 lb-1 haproxy[14389]: 203.0.113.7:33317 [24/Mar/2026:19:00:00.655] http-in static/srv1 10/0/30/69/109 200 2750 - - ---- 1/1/1/1/0 0/0 \"GET /index.html HTTP/1.1\"",
    ),
    (
        "logfmt",
        "time=\"2026-03-24T19:00:00Z\" level=warning caller=main.go:12 msg=\"cannot reach peer\" peer=10.0.0.7 attempt=3",
    ),
    (
        "cef",
        "<134>Mar 24 19:00:00 fw-1 CEF:0|Example|Gate|1.0|100|Port scan|7|src=203.0.113.9 dst=192.0.2.1 spt=1232 dpt=22 suser=bob act=blocked",
    ),
    (
        "file name",
        "api.log.1.2026-03-24_13:53:08 2026-03-24 19:00:00.008 25746 INFO nova.api [req-1 - -] GET /v2 200",
    ),
    (
        "json",
        "{\"level\":\"info\",\"ts\":\"2026-03-24T19:00:00.123Z\",\"logger\":\"api\",\"msg\":\"request served\",\"status\":200,\"path\":\"/x\",\"ms\":15}",
    ),
    (
        "docker",
        "{\"log\":\"2026-03-24 19:00:00 INFO main: request served\\n\",\"stream\":\"stdout\",\"time\":\"2026-03-24T19:00:00.1Z\"}",
    ),
    ("windows", WINDOWS),
    (
        "auditd",
        "type=SYSCALL msg=audit(1774378800.123:456): arch=c000003e syscall=59 success=yes exit=0 a0=558e a1=558f a2=5590 a3=1b6 items=2 ppid=290 pid=291 auid=1000 uid=0 gid=0 euid=0 tty=pts0 ses=104 comm=\"id\" exe=\"/usr/bin/id\" key=\"exec\"",
    ),
    (
        "no time",
        "a line without any time in it, as some programs write them, with words and 12 numbers",
    ),
];

/// A process that was started, as a shipper of flat records writes it; 1.5 KB.
const WINDOWS: &str = r#"{"EventTime":"2026-03-24T19:00:00.123Z","Hostname":"WS1.corp.example","Keywords":-9223372036854775808,"EventType":"INFO","SeverityValue":2,"Severity":"INFO","EventID":1,"SourceName":"Microsoft-Windows-Sysmon","ProviderGuid":"{5770385F-C22A-43E0-BF4C-06F5698FFBD9}","Version":5,"Task":1,"OpcodeValue":0,"RecordNumber":1234567,"ExecutionProcessID":2740,"ThreadID":4208,"Channel":"Microsoft-Windows-Sysmon/Operational","Domain":"NT AUTHORITY","AccountName":"SYSTEM","UserID":"S-1-5-18","AccountType":"User","Message":"Process Create:\r\nRuleName: -\r\nUtcTime: 2026-03-24 19:00:00.100\r\nProcessId: 4164\r\nImage: C:\\Windows\\System32\\whoami.exe","Category":"Process Create (rule: ProcessCreate)","Opcode":"Info","RuleName":"-","UtcTime":"2026-03-24 19:00:00.100","ProcessGuid":"{9F85CE58-5CD3-5F2B-7402-000000000400}","ProcessId":"4164","Image":"C:\\Windows\\System32\\whoami.exe","FileVersion":"10.0.17763.1","Description":"whoami - displays logged on user information","Product":"Microsoft Windows Operating System","Company":"Microsoft Corporation","OriginalFileName":"whoami.exe","CommandLine":"whoami /all","CurrentDirectory":"C:\\Users\\ann\\","User":"CORP\\ann","LogonId":"0xc61d9","IntegrityLevel":"High","Hashes":"SHA1=4C7308C2A323D850C3E5DCB88A32A1C7DF9CBE40,MD5=A9BC5F3E3C6406C3C5ABE804FBF7BC70","ParentProcessGuid":"{9F85CE58-5CD3-5F2B-7002-000000000400}","ParentImage":"C:\\Windows\\System32\\cmd.exe","ParentCommandLine":"cmd.exe"}"#;

fn main() {
    let lines = 200_000;
    println!("{:12} {:>9} {:>9} {:>9}  ns of CPU per line", "", "time", "lines", "header");
    for (name, line) in SHAPES {
        let text = format!("{line}\n").repeat(lines);
        let mut finder = Finder::new(Zone::Utc, YearPolicy::Fixed(2026));
        let find = timed(lines, || {
            for _ in 0..lines {
                black_box(finder.find(black_box(line.as_bytes())));
            }
        });
        let mut made = Records::default();
        let join = timed(lines, || made = cut(text.as_bytes()));
        let batch = batch(&made);
        let mut reader = Reader::new();
        let read = timed(lines, || {
            for meta in &batch.records {
                black_box(reader.read(&batch, meta));
            }
        });
        println!("{name:12} {find:9.1} {join:9.1} {read:9.1}");
    }
    match std::env::var_os("SEERFLOW_SHARED") {
        Some(shared) => compare(Path::new(&shared)),
        None => println!("SEERFLOW_SHARED is not set: no comparison of messages"),
    }
}

/// CPU time per line, the least of seven rounds.
fn timed(lines: usize, mut run: impl FnMut()) -> f64 {
    let begin = Instant::now();
    let round = |run: &mut dyn FnMut()| {
        let start = cpu_nanos(begin);
        run();
        (cpu_nanos(begin) - start) as f64 / lines as f64
    };
    (0..7).map(|_| round(&mut run)).fold(f64::INFINITY, f64::min)
}

/// CPU time of this thread where the system tells it, else time on the wall.
fn cpu_nanos(begin: Instant) -> u64 {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    told.and_then(|text| text.split(' ').next()?.parse().ok())
        .unwrap_or_else(|| begin.elapsed().as_nanos() as u64)
}

fn cut(bytes: &[u8]) -> Records {
    records(bytes, Options::default(), Finder::new(Zone::Utc, YearPolicy::Fixed(2026)))
}

fn batch(made: &Records) -> RecordBatch {
    let metas = made.records.iter().enumerate().map(|(seq, piece)| RecordMeta {
        start: piece.start,
        len: piece.len,
        seq: seq as u64,
        event_time: piece.time.map(|t| t.ns),
        effective: piece.time.map_or(0, |t| t.ns),
        time_start: piece.time.map_or(0, |t| t.start),
        time_len: piece.time.map_or(0, |t| t.len),
        flags: Flags::default() | piece.flags,
        end: Default::default(),
    });
    let source = SourceInfo::plain(1, "example", ReceiverKind::Archive, "file");
    let records = metas.collect();
    RecordBatch { source: Arc::new(source), observed: 0, bytes: made.bytes.clone(), records }
}

/// For each folder: records made, records with a time, messages equal to the `Content` column.
fn compare(shared: &Path) {
    let Ok(folders) = std::fs::read_dir(shared.join("data/loghub")) else {
        println!("no data/loghub under {}", shared.display());
        return;
    };
    let mut folders: Vec<_> = folders.flatten().map(|f| f.path()).collect();
    folders.sort();
    for folder in folders {
        let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let log = std::fs::read(folder.join(format!("{name}_2k.log"))).unwrap_or_default();
        let truth = folder.join(format!("{name}_2k.log_structured_corrected.csv"));
        let truth = contents(&std::fs::read_to_string(truth).unwrap_or_default());
        let (made, mut reader) = (cut(&log), Reader::new());
        let batch = batch(&made);
        let (mut equal, mut shown) = (0, 0);
        for (meta, piece) in batch.records.iter().zip(&made.records) {
            let event = reader.read(&batch, meta);
            let wanted = truth.get(piece.line as usize).map_or("", |t| t.trim());
            if event.message().trim() == wanted {
                equal += 1;
            } else if shown < 3 {
                shown += 1;
                println!("  {:?}\n  {wanted:?}", event.message());
            }
        }
        let timed = made.records.iter().filter(|p| p.time.is_some()).count();
        println!("{name:10} records {} timed {timed} equal {equal}", made.records.len());
    }
}

/// The column `Content` of a CSV with quoted cells.
fn contents(csv: &str) -> Vec<String> {
    let mut rows: Vec<Vec<String>> = vec![vec![String::new()]];
    let (mut quoted, mut chars) = (false, csv.chars().peekable());
    while let Some(c) = chars.next() {
        let row = rows.last_mut().expect("begun with one row");
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => {
                chars.next();
                row.last_mut().expect("rows have a cell").push('"');
            }
            '"' => quoted = !quoted,
            ',' if !quoted => row.push(String::new()),
            '\n' if !quoted => rows.push(vec![String::new()]),
            '\r' => {}
            c => row.last_mut().expect("rows have a cell").push(c),
        }
    }
    let column = rows[0].iter().position(|name| name == "Content").unwrap_or(0);
    rows.iter().skip(1).map(|row| row.get(column).cloned().unwrap_or_default()).collect()
}
