//! Real-world lines with what is read from them, an oracle, and robustness.

use super::*;
use crate::time::{Finder, YearPolicy, Zone};
use proptest::prelude::*;
use seerflow_model::{ReceiverKind, SourceInfo};
use std::fmt::Write;

pub(super) fn batch(line: &[u8], source: SourceInfo) -> (RecordBatch, RecordMeta) {
    let mut finder = Finder::new(Zone::Utc, YearPolicy::Fixed(2026));
    let hit = finder.find(line);
    let meta = RecordMeta {
        start: 0,
        len: line.len() as u32,
        seq: 7,
        event_time: hit.map(|h| h.ns),
        effective: hit.map_or(1, |h| h.ns),
        time_start: hit.map_or(0, |h| h.start),
        time_len: hit.map_or(0, |h| h.len),
        flags: Flags::default(),
    };
    let source = Arc::new(source);
    (RecordBatch { source, observed: 5, bytes: line.to_vec(), records: vec![meta] }, meta)
}

fn event(line: &[u8]) -> Event {
    let (batch, meta) = batch(line, SourceInfo::plain(1, "t", ReceiverKind::File, "file"));
    read(&batch, &meta)
}

/// One line that shows all that was read.
fn show(event: &Event) -> String {
    let mut out = format!("{} {}", event.format.name(), event.severity);
    let parts = [
        ("host", event.host),
        ("program", event.program),
        ("pid", event.pid),
        ("msgid", event.msgid),
        ("trace", event.trace_id),
        ("span", event.span_id),
    ];
    for (name, span) in parts {
        if !span.is_empty() {
            let _ = write!(out, " {name}={}", event.get(span));
        }
    }
    for field in &event.fields {
        let _ = write!(out, " {{{}={}}}", event.get(field.name), event.get(field.value));
    }
    for flag in event.flags.names() {
        let _ = write!(out, " !{flag}");
    }
    let _ = write!(out, " | {}", event.message());
    out
}

/// Line, and what is read from it: format, severity, header parts, {fields}, !flags | message.
const GOLDEN: &[(&str, &str)] = &[
    (r##"<34>1 2003-10-11T22:14:15.003Z mymachine.example.com su - ID47 - ﻿'su root' failed for lonvick on /dev/pts/8"##, ""),
    (r##"<165>1 2003-08-24T05:14:15.000003-07:00 192.0.2.1 myproc 8710 - - %% It's time to make the do-nuts."##, ""),
    (r##"<165>1 2003-10-11T22:14:15.003Z mymachine.example.com evntslog - ID47 [exampleSDID@32473 iut="3" eventSource="Application" eventID="1011"] An application event log entry..."##, ""),
    (r##"<165>1 2003-10-11T22:14:15.003Z m evntslog - ID47 [exampleSDID@32473 iut="3"][examplePriority@32473 class="high"]"##, ""),
    (r##"<13>1 - - - - - - nothing known"##, ""),
    (r##"<134>1 2026-03-24T19:00:00Z web nginx 12 - [timeQuality tzKnown="1" isSynced="0"] GET /api/v1 200 5ms"##, ""),
    (r##"<14>1 2026-03-24T19:00:00Z web app 1 m [a b="q \" \\ \] \n"] esc"##, ""),
    (r##"<14>1 2026-03-24T19:00:00Z web app 1 m [otel trace_id="4bf92f3577b34da6a3ce929d0e0e4736" span_id="00f067aa0ba902b7"] traced"##, ""),
    (r##"<11>1 2026-03-24T19:01:00Z db postgres 999 - - FATAL connection limit exceeded 847/100"##, ""),
    (r##"<34>1 2003-10-11T22:14:15.003Z host only three"##, ""),
    (r##"<34>1 2003-10-11T22:14:15.003Z host app 1 m [broken x=1] text"##, ""),
    (r##"<999>Oct 11 22:14:15 host app: x"##, ""),
    (r##"<34>Oct 11 22:14:15 mymachine su: 'su root' failed for lonvick on /dev/pts/8"##, ""),
    (r##"<34>Oct 11 22:14:15 su: 'su root' failed for lonvick on /dev/pts/8"##, ""),
    (r##"<13>Feb  5 17:32:18 10.0.0.99 Use the BFG!"##, ""),
    (r##"<13>Feb  5 17:32:18 10.0.0.99 sshd[123]: Accepted password for root"##, ""),
    (r##"<30>2026-03-04T10:00:00.123456+01:00 web-01 systemd[1]: Started Session 5."##, ""),
    (r##"<13>cron[77]: no time at all"##, ""),
    (r##"<13>web-01 cron[77]: host and no time"##, ""),
    (r##"<13>just text"##, ""),
    (r##"<187>Mar  1 18:46:11: %LINK-3-UPDOWN: Interface Gi0/1, changed state to down"##, ""),
    (r##"<189>29: *Mar  1 18:46:11.123: %SYS-5-CONFIG_I: Configured from console by vty0"##, ""),
    (r##"<166>Mar 04 2026 10:00:00: %ASA-6-302013: Built outbound TCP connection"##, ""),
    (r##"<166>Mar 04 2026 10:00:00 fw01 : %ASA-6-302013: Built outbound TCP connection"##, ""),
    (r##"<166>Mar 04 2026 10:00:00 fw01 %ASA-6-302013: Built outbound TCP connection"##, ""),
    (r##"Jun 14 15:16:01 combo sshd(pam_unix)[19939]: authentication failure; logname= uid=0 euid=0 tty=NODEVssh ruser= rhost=218.188.2.4"##, ""),
    (r##"Jun  9 06:06:20 combo syslogd 1.4.1: restart."##, ""),
    (r##"Jul 10 04:04:46 combo logrotate: ALERT exited abnormally with [1]"##, ""),
    (r##"Dec 10 06:55:46 LabSZ sshd[24200]: error: PAM: Authentication failure for root from 173.234.31.186"##, ""),
    (r##"Jul 27 14:41:57 combo kernel:  BIOS-e820: 0000000000000000 - 00000000000a0000 (usable)"##, ""),
    (r##"Jul  2 00:00:00 mac com.apple.xpc.launchd[1] (com.apple.quicklook[71]): Endpoint has been activated"##, ""),
    (r##"Mar  4 10:00:00 web-01 postfix/smtpd[812]: connect from unknown[203.0.113.9]"##, ""),
    (r##"Mar  4 10:00:00 fe80::1 dhcpd: DHCPREQUEST for 10.0.0.5"##, ""),
    (r##"Mar  4 10:00:00 web-01 message without a tag"##, ""),
    (r##"2026-03-04T10:00:00.123456+00:00 web-01 sudo:  bob : TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/bin/ls"##, ""),
    (r##"2026-03-04T10:00:00+0000 web-01 kernel: usb 1-1: new device"##, ""),
    (r##"2026-03-04 10:00:00 web-01 sshd[12]: Failed password for invalid user admin from 203.0.113.9 port 4242 ssh2"##, ""),
    (r##"2015-10-18 18:01:47,978 INFO [main] org.apache.hadoop.mapreduce.v2.app.MRAppMaster: Created MRAppMaster for application app_1"##, ""),
    (r##"2015-07-29 17:41:44,747 - INFO  [QuorumPeer[myid=1]/0:0:0:0:0:0:0:0:2181:FastLeaderElection@774] - Notification time out: 3200"##, ""),
    (r##"081109 203615 148 INFO dfs.DataNode$PacketResponder: PacketResponder 1 for block blk_38865049064139660 terminating"##, ""),
    (r##"20171223-22:15:29:606|Step_LSC|30002312|onStandStepChanged 3579"##, ""),
    (r##"nova-api.log.1.2017-05-16_13:53:08 2017-05-16 00:00:00.008 25746 INFO nova.osapi_compute.wsgi.server [req-38101a0b 113d - - -] 10.11.10.1 "GET /v2/54/servers/detail HTTP/1.1" status: 200"##, ""),
    (r##"[Sun Dec 04 04:47:44 2005] [error] [client 222.166.160.184] Directory index forbidden by rule: /var/www/html/"##, ""),
    (r##"[Wed Oct 11 14:32:52.123456 2000] [core:error] [pid 35708:tid 4328636416] [client 72.15.99.187] File does not exist"##, ""),
    (r##"17/06/09 20:10:40 INFO executor.CoarseGrainedExecutorBackend: Registered signal handlers for [TERM, HUP, INT]"##, ""),
    (r##"2016-09-28 04:30:30, Info                  CBS    Loaded Servicing Stack v6.1.7601.23505"##, ""),
    (r##"[10.30 16:49:06] chrome.exe - proxy.example.com:5070 open through proxy"##, ""),
    (r##"03-17 16:13:38.811  1702  2395 D WindowManager: printFreezingDisplayLogsopening app wtoken"##, ""),
    (r##"I0304 12:00:00.123456   12345 controller.go:123] Starting controller"##, ""),
    (r##"2026-03-04 10:00:00.123 UTC [812] LOG:  database system is ready to accept connections"##, ""),
    (r##"2026-03-04 10:00:00.123 UTC [812] bob@shop FATAL:  password authentication failed for user "bob""##, ""),
    (r##"2026/03/04 10:00:00 [error] 31#31: *1 open() "/x" failed (2: No such file or directory), client: 10.0.0.1"##, ""),
    (r##"127.0.0.1 - frank [10/Oct/2000:13:55:36 -0700] "GET /apache_pb.gif HTTP/1.0" 200 2326"##, ""),
    (r##"2026-03-04 10:00:00.000  INFO 12345 --- [           main] c.e.Demo                 : Started Demo in 2.5 seconds"##, ""),
    (r##"2026-03-04 10:00:00,123 - app.worker - ERROR - job 5 failed"##, ""),
    (r##"2026-03-04 10:00:00.123 | WARNING  | app.mod:run:12 - disk is nearly full"##, ""),
    (r##"2020-05-20T19:18:40.604+0000 I  NETWORK  [conn123] end connection 127.0.0.1:5000"##, ""),
    (r##"04-Mar-2026 10:00:00.123 queries: info: client 10.0.0.1#53: query"##, ""),
    (r##"77:M 04 Mar 2026 10:00:00.123 * Ready to accept connections"##, ""),
    (r##"[2026-03-04T10:00:00.123Z][WARN ] slow query took 5 s"##, ""),
    (r##"WARN  2026-03-04 10:00:00,123 main: low memory"##, ""),
    (r##"web_1  | 2026-03-04 10:00:00 started"##, ""),
    (r##"2026-03-04T10:00:00Z hello world"##, ""),
    (r##"2026-03-04T10:00:00Z ERROR boom"##, ""),
    (r##"2026-03-04 10:00:00 error connecting to db"##, ""),
    (r##"1772618400 disk check passed"##, ""),
    (r##"time="2026-03-04T10:00:00Z" level=warning msg="cannot reach peer" peer=10.0.0.7"##, ""),
    (r##"type=SYSCALL msg=audit(1364481363.243:24287): arch=c000003e syscall=2 success=no"##, ""),
    (r##"{"level":"info","ts":1772618400.5,"logger":"api","msg":"listening","port":8080,"tls":true,"x":null}"##, ""),
    (r##"{"@timestamp":"2026-03-04T10:00:00Z","log.level":"ERROR","message":"a \"quoted\" \u00fc\ud83d\ude00\nline","http":{"request":{"method":"GET"}},"tags":["a","b"]}"##, ""),
    (r##"{"level":50,"time":1772618400123,"pid":12,"hostname":"web-01","msg":"pino"}"##, ""),
    (r##"{"severityNumber":17,"timeUnixNano":"1772618400000000000","body":"otel","traceId":"4bf92f3577b34da6a3ce929d0e0e4736","spanId":"00f067aa0ba902b7"}"##, ""),
    (r##"{"time":"2026-03-04T10:00:00Z","traceparent":"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01","service":{"name":"pay"},"msg":"w3c"}"##, ""),
    (r##"{"a":1,"b":{"c":2}}"##, ""),
    (r##"{"level":"info","msg":"broken"##, ""),
    (r##"{"__REALTIME_TIMESTAMP":"1772618400123456","PRIORITY":"3","SYSLOG_IDENTIFIER":"sshd","_PID":"77","_HOSTNAME":"web-01","_SYSTEMD_UNIT":"ssh.service","MESSAGE":"Failed password"}"##, ""),
    (r##"{"__CURSOR":"x","__REALTIME_TIMESTAMP":"1772618400123456","PRIORITY":"6","_HOSTNAME":"h","MESSAGE":[27,91,51,49,109,255,120]}"##, ""),
    (r##"{"log":"2026-03-04 10:00:00 ERROR [main] a.b.C: boom\n","stream":"stderr","time":"2026-03-04T10:00:00.1Z"}"##, ""),
    (r##"{"log":"{\"level\":\"warn\",\"msg\":\"inner json\",\"code\":7}\n","stream":"stdout","time":"2026-03-04T10:00:00.1Z"}"##, ""),
    (r##"{"log":"plain words\n","stream":"stdout","time":"2026-03-04T10:00:00.1Z"}"##, ""),
    (r##"2016-10-06T00:17:09.669794202Z stdout F The content of the log entry 1"##, ""),
    (r##"2016-10-06T00:17:09.669794202Z stderr F {"level":"error","msg":"in cri","n":1}"##, ""),
    (r##"2016-10-06T00:17:09.669794202Z stderr F I0304 12:00:00.123456   12 file.go:7] glog in cri"##, ""),
    (r##"2016-10-06T00:17:09.669794202Z stdout F"##, ""),
    (r##"FATAL: everything is on fire"##, ""),
    (r##"nothing special here"##, ""),
    (r##"panic: runtime error: index out of range"##, ""),
    (r##"Mar 04 10:00:00 caf� app[1]: bytes"##, ""),
];
#[test]
fn dump() {
    for (line, _) in GOLDEN { println!("@@{}", show(&event(line.as_bytes())).replace('\n', "\\n")); }
}
