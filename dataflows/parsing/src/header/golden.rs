//! Lines as they are met in the world, and exactly what is read from each.

/// Line; then format, severity, header parts, {fields}, !flags and, after the bar, the message
/// with control characters escaped.
#[rustfmt::skip]
pub(super) const GOLDEN: &[(&str, &str)] = &[
    (
        "<34>1 2003-10-11T22:14:15.003Z mymachine.example.com su - ID47 - \u{feff}'su root' failed for lonvick on /dev/pts/8",
        r##"rfc5424 CRITICAL host=mymachine.example.com program=su msgid=ID47 | 'su root' failed for lonvick on /dev/pts/8"##,
    ),
    (
        r##"<165>1 2003-08-24T05:14:15.000003-07:00 192.0.2.1 myproc 8710 - - %% It's time to make the do-nuts."##,
        r##"rfc5424 NOTICE host=192.0.2.1 program=myproc pid=8710 | %% It's time to make the do-nuts."##,
    ),
    (
        r##"<165>1 2003-10-11T22:14:15.003Z mymachine.example.com evntslog - ID47 [exampleSDID@32473 iut="3" eventSource="Application" eventID="1011"] An application event log entry..."##,
        r##"rfc5424 NOTICE host=mymachine.example.com program=evntslog msgid=ID47 {exampleSDID@32473.iut=3} {exampleSDID@32473.eventSource=Application} {exampleSDID@32473.eventID=1011} | An application event log entry..."##,
    ),
    (
        r##"<165>1 2003-10-11T22:14:15.003Z m evntslog - ID47 [exampleSDID@32473 iut="3"][examplePriority@32473 class="high"]"##,
        r##"rfc5424 NOTICE host=m program=evntslog msgid=ID47 {exampleSDID@32473.iut=3} {examplePriority@32473.class=high} | "##,
    ),
    (
        r##"<13>1 - - - - - - nothing known"##,
        r##"rfc5424 NOTICE | nothing known"##,
    ),
    (
        r##"<134>1 2026-03-24T19:00:00Z web nginx 12 - [timeQuality tzKnown="1" isSynced="0"] GET /api/v1 200 5ms"##,
        r##"rfc5424 INFORMATIONAL host=web program=nginx pid=12 {timeQuality.tzKnown=1} {timeQuality.isSynced=0} | GET /api/v1 200 5ms"##,
    ),
    (
        r##"<14>1 2026-03-24T19:00:00Z web app 1 m [a b="q \" \\ \] \n"] esc"##,
        r##"rfc5424 INFORMATIONAL host=web program=app pid=1 msgid=m {a.b=q " \ ] \n} | esc"##,
    ),
    (
        r##"<14>1 2026-03-24T19:00:00Z web app 1 m [otel trace_id="4bf92f3577b34da6a3ce929d0e0e4736" span_id="00f067aa0ba902b7"] traced"##,
        r##"rfc5424 INFORMATIONAL host=web program=app pid=1 msgid=m {otel.trace_id=4bf92f3577b34da6a3ce929d0e0e4736} {otel.span_id=00f067aa0ba902b7} | traced"##,
    ),
    (
        r##"<11>1 2026-03-24T19:01:00Z db postgres 999 - - FATAL connection limit exceeded 847/100"##,
        r##"rfc5424 ERROR host=db program=postgres pid=999 | FATAL connection limit exceeded 847/100"##,
    ),
    (
        r##"<34>1 2003-10-11T22:14:15.003Z host only three"##,
        r##"plain CRITICAL !malformed | <34>1 2003-10-11T22:14:15.003Z host only three"##,
    ),
    (
        r##"<34>1 2003-10-11T22:14:15.003Z host app 1 m [broken x=1] text"##,
        r##"plain CRITICAL !malformed | <34>1 2003-10-11T22:14:15.003Z host app 1 m [broken x=1] text"##,
    ),
    (
        r##"<999>Oct 11 22:14:15 host app: x"##,
        r##"plain INFORMATIONAL !malformed | <999>Oct 11 22:14:15 host app: x"##,
    ),
    (
        r##"<34>Oct 11 22:14:15 mymachine su: 'su root' failed for lonvick on /dev/pts/8"##,
        r##"rfc3164 CRITICAL host=mymachine program=su | 'su root' failed for lonvick on /dev/pts/8"##,
    ),
    (
        r##"<34>Oct 11 22:14:15 su: 'su root' failed for lonvick on /dev/pts/8"##,
        r##"rfc3164 CRITICAL program=su | 'su root' failed for lonvick on /dev/pts/8"##,
    ),
    (
        r##"<13>Feb  5 17:32:18 10.0.0.99 Use the BFG!"##,
        r##"rfc3164 NOTICE host=10.0.0.99 | Use the BFG!"##,
    ),
    (
        r##"<13>Feb  5 17:32:18 10.0.0.99 sshd[123]: Accepted password for root"##,
        r##"rfc3164 NOTICE host=10.0.0.99 program=sshd pid=123 | Accepted password for root"##,
    ),
    (
        r##"<30>2026-03-04T10:00:00.123456+01:00 web-01 systemd[1]: Started Session 5."##,
        r##"rfc3164 INFORMATIONAL host=web-01 program=systemd pid=1 | Started Session 5."##,
    ),
    (
        r##"<13>cron[77]: no time at all"##,
        r##"rfc3164 NOTICE program=cron pid=77 | no time at all"##,
    ),
    (
        r##"<13>web-01 cron[77]: host and no time"##,
        r##"rfc3164 NOTICE host=web-01 program=cron pid=77 | host and no time"##,
    ),
    (
        r##"<13>just text"##,
        r##"rfc3164 NOTICE | just text"##,
    ),
    (
        r##"<187>Mar  1 18:46:11: %LINK-3-UPDOWN: Interface Gi0/1, changed state to down"##,
        r##"rfc3164 ERROR | %LINK-3-UPDOWN: Interface Gi0/1, changed state to down"##,
    ),
    (
        r##"<189>29: *Mar  1 18:46:11.123: %SYS-5-CONFIG_I: Configured from console by vty0"##,
        r##"rfc3164 NOTICE | %SYS-5-CONFIG_I: Configured from console by vty0"##,
    ),
    (
        r##"<166>Mar 04 2026 10:00:00: %ASA-6-302013: Built outbound TCP connection"##,
        r##"rfc3164 INFORMATIONAL | %ASA-6-302013: Built outbound TCP connection"##,
    ),
    (
        r##"<166>Mar 04 2026 10:00:00 fw01 : %ASA-6-302013: Built outbound TCP connection"##,
        r##"rfc3164 INFORMATIONAL host=fw01 | %ASA-6-302013: Built outbound TCP connection"##,
    ),
    (
        r##"<166>Mar 04 2026 10:00:00 fw01 %ASA-6-302013: Built outbound TCP connection"##,
        r##"rfc3164 INFORMATIONAL host=fw01 | %ASA-6-302013: Built outbound TCP connection"##,
    ),
    (
        r##"Jun 14 15:16:01 combo sshd(pam_unix)[19939]: authentication failure; logname= uid=0 euid=0 tty=NODEVssh ruser= rhost=218.188.2.4"##,
        r##"rfc3164 INFORMATIONAL host=combo program=sshd(pam_unix) pid=19939 | authentication failure; logname= uid=0 euid=0 tty=NODEVssh ruser= rhost=218.188.2.4"##,
    ),
    (
        r##"Jun  9 06:06:20 combo syslogd 1.4.1: restart."##,
        r##"rfc3164 INFORMATIONAL host=combo program=syslogd | restart."##,
    ),
    (
        r##"Jul 10 04:04:46 combo logrotate: ALERT exited abnormally with [1]"##,
        r##"rfc3164 CRITICAL host=combo program=logrotate | ALERT exited abnormally with [1]"##,
    ),
    (
        r##"Dec 10 06:55:46 LabSZ sshd[24200]: error: PAM: Authentication failure for root from 173.234.31.186"##,
        r##"rfc3164 ERROR host=LabSZ program=sshd pid=24200 | error: PAM: Authentication failure for root from 173.234.31.186"##,
    ),
    (
        r##"Jul 27 14:41:57 combo kernel:  BIOS-e820: 0000000000000000 - 00000000000a0000 (usable)"##,
        r##"rfc3164 INFORMATIONAL host=combo program=kernel | BIOS-e820: 0000000000000000 - 00000000000a0000 (usable)"##,
    ),
    (
        r##"Jul  2 00:00:00 mac com.apple.xpc.launchd[1] (com.apple.quicklook[71]): Endpoint has been activated"##,
        r##"rfc3164 INFORMATIONAL host=mac program=com.apple.xpc.launchd pid=1 | Endpoint has been activated"##,
    ),
    (
        r##"Mar  4 10:00:00 web-01 postfix/smtpd[812]: connect from unknown[203.0.113.9]"##,
        r##"rfc3164 INFORMATIONAL host=web-01 program=postfix/smtpd pid=812 | connect from unknown[203.0.113.9]"##,
    ),
    (
        r##"Mar  4 10:00:00 fe80::1 dhcpd: DHCPREQUEST for 10.0.0.5"##,
        r##"rfc3164 INFORMATIONAL host=fe80::1 program=dhcpd | DHCPREQUEST for 10.0.0.5"##,
    ),
    (
        r##"Mar  4 10:00:00 web-01 message without a tag"##,
        r##"rfc3164 INFORMATIONAL host=web-01 | message without a tag"##,
    ),
    (
        r##"2026-03-04T10:00:00.123456+00:00 web-01 sudo:  bob : TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/bin/ls"##,
        r##"rfc3164 INFORMATIONAL host=web-01 program=sudo | bob : TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/bin/ls"##,
    ),
    (
        r##"2026-03-04T10:00:00+0000 web-01 kernel: usb 1-1: new device"##,
        r##"rfc3164 INFORMATIONAL host=web-01 program=kernel | usb 1-1: new device"##,
    ),
    (
        r##"2026-03-04 10:00:00 web-01 sshd[12]: Failed password for invalid user admin from 203.0.113.9 port 4242 ssh2"##,
        r##"rfc3164 INFORMATIONAL host=web-01 program=sshd pid=12 | Failed password for invalid user admin from 203.0.113.9 port 4242 ssh2"##,
    ),
    (
        r##"2015-10-18 18:01:47,978 INFO [main] org.apache.hadoop.mapreduce.v2.app.MRAppMaster: Created MRAppMaster for application app_1"##,
        r##"timestamped INFORMATIONAL program=org.apache.hadoop.mapreduce.v2.app.MRAppMaster {thread=main} | Created MRAppMaster for application app_1"##,
    ),
    (
        r##"2015-07-29 17:41:44,747 - INFO  [QuorumPeer[myid=1]/0:0:0:0:0:0:0:0:2181:FastLeaderElection@774] - Notification time out: 3200"##,
        r##"timestamped INFORMATIONAL program=FastLeaderElection {line=774} {thread=QuorumPeer[myid=1]/0:0:0:0:0:0:0:0:2181} | Notification time out: 3200"##,
    ),
    (
        r##"081109 203615 148 INFO dfs.DataNode$PacketResponder: PacketResponder 1 for block blk_38865049064139660 terminating"##,
        r##"timestamped INFORMATIONAL program=dfs.DataNode$PacketResponder pid=148 | PacketResponder 1 for block blk_38865049064139660 terminating"##,
    ),
    (
        r##"20171223-22:15:29:606|Step_LSC|30002312|onStandStepChanged 3579"##,
        r##"timestamped INFORMATIONAL program=Step_LSC pid=30002312 | onStandStepChanged 3579"##,
    ),
    (
        r##"nova-api.log.1.2017-05-16_13:53:08 2017-05-16 00:00:00.008 25746 INFO nova.osapi_compute.wsgi.server [req-38101a0b 113d - - -] 10.11.10.1 "GET /v2/54/servers/detail HTTP/1.1" status: 200"##,
        r##"timestamped INFORMATIONAL program=nova.osapi_compute.wsgi.server pid=25746 {prefix=nova-api.log.1.2017-05-16_13:53:08} {request_id=req-38101a0b} {request.user=113d} | 10.11.10.1 "GET /v2/54/servers/detail HTTP/1.1" status: 200"##,
    ),
    (
        r##"[Sun Dec 04 04:47:44 2005] [error] [client 222.166.160.184] Directory index forbidden by rule: /var/www/html/"##,
        r##"apache_error ERROR program=apache {source.ip=222.166.160.184} | [client 222.166.160.184] Directory index forbidden by rule: /var/www/html/"##,
    ),
    (
        r##"[Wed Oct 11 14:32:52.123456 2000] [core:error] [pid 35708:tid 4328636416] [client 72.15.99.187] File does not exist"##,
        r##"apache_error ERROR program=apache pid=35708 {module=core} {thread=4328636416} {source.ip=72.15.99.187} | [client 72.15.99.187] File does not exist"##,
    ),
    (
        r##"17/06/09 20:10:40 INFO executor.CoarseGrainedExecutorBackend: Registered signal handlers for [TERM, HUP, INT]"##,
        r##"timestamped INFORMATIONAL program=executor.CoarseGrainedExecutorBackend | Registered signal handlers for [TERM, HUP, INT]"##,
    ),
    (
        r##"2016-09-28 04:30:30, Info                  CBS    Loaded Servicing Stack v6.1.7601.23505"##,
        r##"timestamped INFORMATIONAL program=CBS | Loaded Servicing Stack v6.1.7601.23505"##,
    ),
    (
        r##"[10.30 16:49:06] chrome.exe - proxy.example.com:5070 open through proxy"##,
        r##"timestamped INFORMATIONAL program=chrome.exe | proxy.example.com:5070 open through proxy"##,
    ),
    (
        r##"03-17 16:13:38.811  1702  2395 D WindowManager: printFreezingDisplayLogsopening app wtoken"##,
        r##"timestamped TRACE program=WindowManager pid=1702 {thread=2395} | printFreezingDisplayLogsopening app wtoken"##,
    ),
    (
        r##"I0304 12:00:00.123456   12345 controller.go:123] Starting controller"##,
        r##"glog INFORMATIONAL pid=12345 {code.file=controller.go} {line=123} | Starting controller"##,
    ),
    (
        r##"2026-03-04 10:00:00.123 UTC [812] LOG:  database system is ready to accept connections"##,
        r##"postgres INFORMATIONAL program=postgres pid=812 | database system is ready to accept connections"##,
    ),
    (
        r##"2026-03-04 10:00:00.123 UTC [812] bob@shop FATAL:  password authentication failed for user "bob""##,
        r##"postgres FATAL program=postgres pid=812 {user.name=bob} {db.name=shop} | password authentication failed for user "bob""##,
    ),
    (
        r##"2026/03/04 10:00:00 [error] 31#31: *1 open() "/x" failed (2: No such file or directory), client: 10.0.0.1"##,
        r##"nginx_error ERROR program=nginx pid=31 {thread=31} {connection=1} {source.ip=10.0.0.1} | open() "/x" failed (2: No such file or directory)"##,
    ),
    (
        r##"127.0.0.1 - frank [10/Oct/2000:13:55:36 -0700] "GET /apache_pb.gif HTTP/1.0" 200 2326"##,
        r##"access INFORMATIONAL {source.ip=127.0.0.1} {user.name=frank} {http.version=1.0} {http.request.method=GET} {url.original=/apache_pb.gif} {http.response.body.bytes=2326} {http.response.status_code=200} | GET /apache_pb.gif 200 OK"##,
    ),
    (
        r##"2026-03-04 10:00:00.000  INFO 12345 --- [           main] c.e.Demo                 : Started Demo in 2.5 seconds"##,
        r##"timestamped INFORMATIONAL program=c.e.Demo pid=12345 {thread=main} | Started Demo in 2.5 seconds"##,
    ),
    (
        r##"2026-03-04 10:00:00,123 - app.worker - ERROR - job 5 failed"##,
        r##"timestamped ERROR program=app.worker | job 5 failed"##,
    ),
    (
        r##"2026-03-04 10:00:00.123 | WARNING  | app.mod:run:12 - disk is nearly full"##,
        r##"timestamped WARNING program=app.mod {code.function=run} {line=12} | disk is nearly full"##,
    ),
    (
        r##"2020-05-20T19:18:40.604+0000 I  NETWORK  [conn123] end connection 127.0.0.1:5000"##,
        r##"timestamped INFORMATIONAL program=NETWORK {thread=conn123} | end connection 127.0.0.1:5000"##,
    ),
    (
        r##"04-Mar-2026 10:00:00.123 queries: info: client 10.0.0.1#53: query"##,
        r##"timestamped INFORMATIONAL program=queries | client 10.0.0.1#53: query"##,
    ),
    (
        r##"77:M 04 Mar 2026 10:00:00.123 * Ready to accept connections"##,
        r##"redis NOTICE program=redis pid=77 {role=master} | Ready to accept connections"##,
    ),
    (
        r##"[2026-03-04T10:00:00.123Z][WARN ] slow query took 5 s"##,
        r##"timestamped WARNING | slow query took 5 s"##,
    ),
    (
        r##"WARN  2026-03-04 10:00:00,123 main: low memory"##,
        r##"timestamped WARNING program=main | low memory"##,
    ),
    (
        r##"web_1  | 2026-03-04 10:00:00 started"##,
        r##"timestamped INFORMATIONAL program=web_1 | started"##,
    ),
    (
        r##"2026-03-04T10:00:00Z hello world"##,
        r##"timestamped INFORMATIONAL | hello world"##,
    ),
    (
        r##"2026-03-04T10:00:00Z ERROR boom"##,
        r##"timestamped ERROR | boom"##,
    ),
    (
        r##"2026-03-04 10:00:00 error connecting to db"##,
        r##"timestamped INFORMATIONAL | error connecting to db"##,
    ),
    (
        r##"1772618400 disk check passed"##,
        r##"timestamped INFORMATIONAL | disk check passed"##,
    ),
    (
        r##"time="2026-03-04T10:00:00Z" level=warning msg="cannot reach peer" peer=10.0.0.7"##,
        r##"logfmt WARNING {time=2026-03-04T10:00:00Z} {level=warning} {peer=10.0.0.7} | cannot reach peer"##,
    ),
    (
        r##"type=SYSCALL msg=audit(1364481363.243:24287): arch=c000003e syscall=2 success=no"##,
        r##"auditd NOTICE program=auditd {type=SYSCALL} {arch=c000003e} {syscall=2} {success=no} {SYSCALL=open} | SYSCALL open failed"##,
    ),
    (
        r##"{"level":"info","ts":1772618400.5,"logger":"api","msg":"listening","port":8080,"tls":true,"x":null}"##,
        r##"json INFORMATIONAL program=api {level=info} {logger=api} {port=8080} {tls=true} | listening"##,
    ),
    (
        r##"{"@timestamp":"2026-03-04T10:00:00Z","log.level":"ERROR","message":"a \"quoted\" \u00fc\ud83d\ude00\nline","http":{"request":{"method":"GET"}},"tags":["a","b"]}"##,
        r##"json ERROR {log.level=ERROR} {http.request.method=GET} {tags=a} {tags=b} | a "quoted" ü😀\nline"##,
    ),
    (
        r##"{"level":50,"time":1772618400123,"pid":12,"hostname":"web-01","msg":"pino"}"##,
        r##"json ERROR host=web-01 pid=12 {level=50} {pid=12} {hostname=web-01} | pino"##,
    ),
    (
        r##"{"severityNumber":17,"timeUnixNano":"1772618400000000000","body":"otel","traceId":"4bf92f3577b34da6a3ce929d0e0e4736","spanId":"00f067aa0ba902b7"}"##,
        r##"json ERROR trace=4bf92f3577b34da6a3ce929d0e0e4736 span=00f067aa0ba902b7 {severityNumber=17} {traceId=4bf92f3577b34da6a3ce929d0e0e4736} {spanId=00f067aa0ba902b7} | otel"##,
    ),
    (
        r##"{"time":"2026-03-04T10:00:00Z","traceparent":"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01","service":{"name":"pay"},"msg":"w3c"}"##,
        r##"json INFORMATIONAL program=pay trace=4bf92f3577b34da6a3ce929d0e0e4736 span=00f067aa0ba902b7 {traceparent=00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01} {service.name=pay} | w3c"##,
    ),
    (
        r##"{"a":1,"b":{"c":2}}"##,
        r##"json INFORMATIONAL {a=1} {b.c=2} | {"a":1,"b":{"c":2}}"##,
    ),
    (
        r##"{"level":"info","msg":"broken"##,
        r##"plain INFORMATIONAL !malformed | {"level":"info","msg":"broken"##,
    ),
    (
        r##"{"__REALTIME_TIMESTAMP":"1772618400123456","PRIORITY":"3","SYSLOG_IDENTIFIER":"sshd","_PID":"77","_HOSTNAME":"web-01","_SYSTEMD_UNIT":"ssh.service","MESSAGE":"Failed password"}"##,
        r##"journald ERROR host=web-01 program=sshd pid=77 {PRIORITY=3} {SYSLOG_IDENTIFIER=sshd} {_PID=77} {_HOSTNAME=web-01} {_SYSTEMD_UNIT=ssh.service} | Failed password"##,
    ),
    (
        r##"{"__CURSOR":"x","__REALTIME_TIMESTAMP":"1772618400123456","PRIORITY":"6","_HOSTNAME":"h","MESSAGE":[27,91,51,49,109,255,120]}"##,
        r##"journald INFORMATIONAL host=h {__CURSOR=x} {PRIORITY=6} {_HOSTNAME=h} | \u{1b}[31m\xffx"##,
    ),
    (
        r##"{"log":"2026-03-04 10:00:00 ERROR [main] a.b.C: boom\n","stream":"stderr","time":"2026-03-04T10:00:00.1Z"}"##,
        r##"docker ERROR program=a.b.C {stream=stderr} {thread=main} | boom"##,
    ),
    (
        r##"{"log":"{\"level\":\"warn\",\"msg\":\"inner json\",\"code\":7}\n","stream":"stdout","time":"2026-03-04T10:00:00.1Z"}"##,
        r##"docker WARNING {stream=stdout} {level=warn} {code=7} | inner json"##,
    ),
    (
        r##"{"log":"plain words\n","stream":"stdout","time":"2026-03-04T10:00:00.1Z"}"##,
        r##"docker INFORMATIONAL {stream=stdout} | plain words"##,
    ),
    (
        r##"2016-10-06T00:17:09.669794202Z stdout F The content of the log entry 1"##,
        r##"cri INFORMATIONAL {stream=stdout} | The content of the log entry 1"##,
    ),
    (
        r##"2016-10-06T00:17:09.669794202Z stderr F {"level":"error","msg":"in cri","n":1}"##,
        r##"cri ERROR {level=error} {n=1} {stream=stderr} | in cri"##,
    ),
    (
        r##"2016-10-06T00:17:09.669794202Z stderr F I0304 12:00:00.123456   12 file.go:7] glog in cri"##,
        r##"cri INFORMATIONAL pid=12 {code.file=file.go} {line=7} {stream=stderr} | glog in cri"##,
    ),
    (
        r##"2016-10-06T00:17:09.669794202Z stdout F"##,
        r##"cri INFORMATIONAL {stream=stdout} | "##,
    ),
    (
        r##"FATAL: everything is on fire"##,
        r##"plain FATAL | FATAL: everything is on fire"##,
    ),
    (
        r##"nothing special here"##,
        r##"plain INFORMATIONAL | nothing special here"##,
    ),
    (
        r##"panic: runtime error: index out of range"##,
        r##"plain FATAL | panic: runtime error: index out of range"##,
    ),
    (
        r##"<34>1 2003-10-11T22:14:15.003Z host app 1 m - "##,
        r##"rfc5424 CRITICAL host=host program=app pid=1 msgid=m | "##,
    ),
    (
        r##"  2026-03-04 10:00:00 INFO indented but timed"##,
        r##"timestamped INFORMATIONAL | indented but timed"##,
    ),
    (
        r##"[2026-03-04 10:00:00] production.ERROR: query failed"##,
        r##"timestamped ERROR program=production | query failed"##,
    ),
    (
        "2026-03-04T10:00:00.123Z\tinfo\tserver/main.go:12\tlistening",
        r##"timestamped INFORMATIONAL {code.file=server/main.go} {line=12} | listening"##,
    ),
    (
        r##"2026-03-04 10:00:00 [77] [worker-1] INFO app - started"##,
        r##"timestamped INFORMATIONAL program=app pid=77 {thread=worker-1} | started"##,
    ),
];
