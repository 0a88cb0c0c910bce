//! Lines of application logs, and exactly what is read from each; in the form of [`super::golden`].

/// Line; then format, severity, header parts, {fields}, !flags and, after the bar, the message
/// with control characters escaped.
#[rustfmt::skip]
pub(super) const APPLICATIONS: &[(&str, &str)] = &[
    (
        "2024-03-01 10:00:00,123 INFO [main] c.e.Foo - listening on port 8080",
        "timestamped INFORMATIONAL program=c.e.Foo {thread=main} | listening on port 8080",
    ),
    (
        "2024-03-01 10:00:00,123 [main] INFO c.e.Foo - listening",
        "timestamped INFORMATIONAL program=c.e.Foo {thread=main} | listening",
    ),
    (
        "2024-03-01 10:00:00,123 [http-nio-8080-exec-7] DEBUG org.example.web.Filter - took 12 ms",
        "timestamped TRACE program=org.example.web.Filter {thread=http-nio-8080-exec-7} | took 12 ms",
    ),
    (
        "2024-03-01 10:00:00,123 INFO [IPC Server handler 1 on 9000] org.example.ipc.Server - caught",
        "timestamped INFORMATIONAL program=org.example.ipc.Server {thread=IPC Server handler 1 on 9000} | caught",
    ),
    (
        "2024-03-01 10:00:00,123 WARN  [IPC Server handler 1 on 9000] org.example.ipc.Server: caught",
        "timestamped WARNING program=org.example.ipc.Server {thread=IPC Server handler 1 on 9000} | caught",
    ),
    (
        "2024-03-01T10:00:00.123+01:00  INFO 4711 --- [shop] [           main] com.example.shop.ShopApplication         : Started in 2.5 seconds",
        "timestamped INFORMATIONAL program=com.example.shop.ShopApplication pid=4711 {service.name=shop} {thread=main} | Started in 2.5 seconds",
    ),
    (
        "2024-03-01T10:00:00.123Z ERROR 4711 --- [nio-8080-exec-1] o.a.c.c.C.[.[.[/].[dispatcherServlet]    : Servlet.service() failed",
        "timestamped ERROR program=o.a.c.c.C.[.[.[/].[dispatcherServlet] pid=4711 {thread=nio-8080-exec-1} | Servlet.service() failed",
    ),
    (
        "2024-03-01 10:00:00.123  INFO [shop,4bf92f3577b34da6a3ce929d0e0e4736,00f067aa0ba902b7] 4711 --- [nio-8080-exec-1] c.e.shop.Cart : added",
        "timestamped INFORMATIONAL program=c.e.shop.Cart pid=4711 trace=4bf92f3577b34da6a3ce929d0e0e4736 span=00f067aa0ba902b7 {service.name=shop} {thread=nio-8080-exec-1} | added",
    ),
    (
        "2024-03-01 10:00:00.123  INFO [shop,,] 4711 --- [main] c.e.shop.Cart : added",
        "timestamped INFORMATIONAL program=c.e.shop.Cart pid=4711 {service.name=shop} {thread=main} | added",
    ),
    (
        "2024-03-01T10:00:00.123Z  INFO 1 --- [shop] [main] [4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7] c.e.Cart : added",
        "timestamped INFORMATIONAL program=c.e.Cart pid=1 trace=4bf92f3577b34da6a3ce929d0e0e4736 span=00f067aa0ba902b7 {service.name=shop} {thread=main} | added",
    ),
    (
        "2024-03-01 10:00:00,123 - WARN  [RecvWorker:188:QuorumCnxManager$RecvWorker@765] - Interrupting SendWorker",
        "timestamped WARNING program=QuorumCnxManager$RecvWorker {line=765} {thread=RecvWorker:188} | Interrupting SendWorker",
    ),
    (
        "2024-03-01 10:00:00,123 [myid:1] - INFO  [main:QuorumPeerMain@127] - Starting quorum peer",
        "timestamped INFORMATIONAL program=QuorumPeerMain {context=myid:1} {line=127} {thread=main} | Starting quorum peer",
    ),
    (
        "2024-03-01 10:00:00,123 INFO  [io.example.rest] (main) server started",
        "timestamped INFORMATIONAL program=io.example.rest {thread=main} | server started",
    ),
    (
        "2024-03-01 10:00:00,123 INFO  [org.jboss.as] (Controller Boot Thread) WFLYSRV0025: started in 2500ms",
        "timestamped INFORMATIONAL program=org.jboss.as {thread=Controller Boot Thread} | WFLYSRV0025: started in 2500ms",
    ),
    (
        "[2024-03-01T10:00:00,123][WARN ][o.e.n.Node               ] [node-1] started",
        "timestamped WARNING program=o.e.n.Node {thread=node-1} | started",
    ),
    (
        "[2024-03-01 10:00:00,123] INFO [Server id=0] shut down completed (org.example.server.Server)",
        "timestamped INFORMATIONAL program=org.example.server.Server | [Server id=0] shut down completed",
    ),
    (
        "[2024-03-01 10:00:00,123] WARN could not read file (java.io.IOException)",
        "timestamped WARNING | could not read file (java.io.IOException)",
    ),
    (
        "01-Mar-2024 10:00:00.123 INFO [main] org.example.startup.Server.start Server startup in [123] milliseconds",
        "timestamped INFORMATIONAL program=org.example.startup.Server {code.function=start} {thread=main} | Server startup in [123] milliseconds",
    ),
    (
        "Mar 01, 2024 10:00:00 AM org.example.startup.Server start\nINFO: Server startup in 123 ms",
        "timestamped INFORMATIONAL program=org.example.startup.Server {code.function=start} | Server startup in 123 ms",
    ),
    (
        "INFO  [main] 2024-03-01 10:00:00,123 Daemon.java:471 - Hostname: web-01",
        "timestamped INFORMATIONAL program=Daemon {code.file=Daemon.java} {line=471} {thread=main} | Hostname: web-01",
    ),
    (
        "WARN  [ScheduledTasks:1] 2024-03-01 10:00:00,123 Tasks.java:90 - late by 10 s",
        "timestamped WARNING program=Tasks {code.file=Tasks.java} {line=90} {thread=ScheduledTasks:1} | late by 10 s",
    ),
    (
        "2024-03-01 10:00:00,123 INFO  [main] (Server.java:123) - listening",
        "timestamped INFORMATIONAL {code.file=Server.java} {line=123} {thread=main} | listening",
    ),
    (
        "2024-03-01 10:00:00,123 INFO  [main] org.example.Server.start(Server.java:12) - listening",
        "timestamped INFORMATIONAL program=org.example.Server {code.function=start} {code.file=Server.java} {line=12} {thread=main} | listening",
    ),
    (
        "2024-03-01 10:00:00,123 ERROR org.example.Server:45 - refused",
        "timestamped ERROR program=org.example.Server {line=45} | refused",
    ),
    (
        "[2024-03-01T10:00:00.123+0000][info][gc] GC(12) Pause Young (Normal) 24M->4M(256M) 3.215ms",
        "timestamped INFORMATIONAL program=gc | GC(12) Pause Young (Normal) 24M->4M(256M) 3.215ms",
    ),
    (
        "[2024-03-01T10:00:00.123+0000][info][gc,heap     ] GC(12) Eden regions: 23->0(150)",
        "timestamped INFORMATIONAL program=gc,heap | GC(12) Eden regions: 23->0(150)",
    ),
    (
        "2024-03-01T10:00:00.123+0000: 12.345: [GC (Allocation Failure) [PSYoungGen: 65536K->10720K(76288K)] 0.0101 secs]",
        "timestamped INFORMATIONAL {uptime=12.345} | [GC (Allocation Failure) [PSYoungGen: 65536K->10720K(76288K)] 0.0101 secs]",
    ),
    (
        "2024-03-01 10:00:00,123 - app.worker - ERROR - job 5 failed",
        "timestamped ERROR program=app.worker | job 5 failed",
    ),
    (
        "2024-03-01 10:00:00,123 - root - WARNING - low - very low",
        "timestamped WARNING program=root | low - very low",
    ),
    (
        "2024-03-01 10:00:00,123 - MainThread - app.worker - INFO - started",
        "timestamped INFORMATIONAL program=app.worker {thread=MainThread} | started",
    ),
    (
        "2024-03-01 10:00:00,123 - app.worker - 4711 - INFO - started",
        "timestamped INFORMATIONAL program=app.worker pid=4711 | started",
    ),
    (
        "2024-03-01 10:00:00,123 ERROR app.worker: job 5 failed",
        "timestamped ERROR program=app.worker | job 5 failed",
    ),
    (
        "2024-03-01 10:00:00,123 [4711] [INFO] Starting worker",
        "timestamped INFORMATIONAL pid=4711 | Starting worker",
    ),
    (
        "[2024-03-01 10:00:00 +0000] [4711] [INFO] Booting worker with pid: 4712",
        "timestamped INFORMATIONAL pid=4711 | Booting worker with pid: 4712",
    ),
    (
        "[2024-03-01 10:00:00,123: INFO/MainProcess] Task app.add succeeded in 0.01s",
        "timestamped INFORMATIONAL {thread=MainProcess} | Task app.add succeeded in 0.01s",
    ),
    (
        "[2024-03-01T10:00:00.123+0000] {taskinstance.py:1234} INFO - Marking task as SUCCESS",
        "timestamped INFORMATIONAL {code.file=taskinstance.py} {line=1234} | Marking task as SUCCESS",
    ),
    (
        "2024-03-01 10:00:00 [scrapy.core.engine] INFO: Spider opened",
        "timestamped INFORMATIONAL program=scrapy.core.engine | Spider opened",
    ),
    (
        "2024-03-01 10:00:00.123 | WARNING  | app.mod:run:12 - disk is nearly full",
        "timestamped WARNING program=app.mod {code.function=run} {line=12} | disk is nearly full",
    ),
    (
        "2024-03-01 10:00:00,123 INFO     [app.main] listening",
        "timestamped INFORMATIONAL program=app.main | listening",
    ),
    (
        "INFO:werkzeug:192.0.2.7 - - [01/Mar/2024 10:00:00] \"GET / HTTP/1.1\" 200 -",
        "leveled INFORMATIONAL program=werkzeug | 192.0.2.7 - - [01/Mar/2024 10:00:00] \"GET / HTTP/1.1\" 200 -",
    ),
    (
        "WARNING:root:nothing to do",
        "leveled WARNING program=root | nothing to do",
    ),
    (
        "ERROR:app.worker:job: failed",
        "leveled ERROR program=app.worker | job: failed",
    ),
    (
        "INFO:     192.0.2.7:54321 - \"GET / HTTP/1.1\" 200 OK",
        "leveled INFORMATIONAL | 192.0.2.7:54321 - \"GET / HTTP/1.1\" 200 OK",
    ),
    (
        "2024-03-01 10:00:00.123 4711 INFO nova.compute.manager [req-3ea4052c-895d-4b64-9e2d-04d64c4d94ab a1b2 c3d4 - default default] [instance: 7] Took 2 s",
        "timestamped INFORMATIONAL program=nova.compute.manager pid=4711 {request_id=req-3ea4052c-895d-4b64-9e2d-04d64c4d94ab} {request.user=a1b2} {request.project=c3d4} | [instance: 7] Took 2 s",
    ),
    (
        "2024-03-01 10:00:00.123 4711 WARNING nova.compute.manager [-] nothing to do",
        "timestamped WARNING program=nova.compute.manager pid=4711 | nothing to do",
    ),
    (
        "2024-03-01 10:00:00.123 4711 INFO nova.api [req-1111aaaa req-2222bbbb bob shop - - -] GET /v2",
        "timestamped INFORMATIONAL program=nova.api pid=4711 {global_request_id=req-1111aaaa} {request_id=req-2222bbbb} {request.user=bob} {request.project=shop} | GET /v2",
    ),
    (
        "2024-03-01 10:00:00.123 4711 INFO keystone [-] up",
        "timestamped INFORMATIONAL program=keystone pid=4711 | up",
    ),
    (
        "03-17 16:13:38.811  1702  2395 W WindowManager: no window",
        "timestamped WARNING program=WindowManager pid=1702 {thread=2395} | no window",
    ),
    (
        "03-17 16:13:38.811 D/WindowManager( 1702): printing",
        "timestamped TRACE program=WindowManager pid=1702 | printing",
    ),
    (
        "E/AndroidRuntime( 1702): FATAL EXCEPTION: main",
        "leveled ERROR program=AndroidRuntime pid=1702 | FATAL EXCEPTION: main",
    ),
    (
        "20240301-10:00:00:606|Step_LSC|30002312|onStandStepChanged 3579",
        "timestamped INFORMATIONAL program=Step_LSC pid=30002312 | onStandStepChanged 3579",
    ),
    (
        "2024-03-01 10:00:00|app|4711|worker started",
        "timestamped INFORMATIONAL program=app pid=4711 | worker started",
    ),
    (
        "I0301 10:00:00.123456   12345 controller.go:123] Starting controller",
        "glog INFORMATIONAL pid=12345 {code.file=controller.go} {line=123} | Starting controller",
    ),
    (
        "E0301 10:00:00.123456       1 reflector.go:138] pkg/mod/x.go:167: Failed to watch",
        "glog ERROR pid=1 {code.file=reflector.go} {line=138} | pkg/mod/x.go:167: Failed to watch",
    ),
    (
        "2024-03-01 10:00:00.123 UTC [812] LOG:  database system is ready to accept connections",
        "postgres INFORMATIONAL program=postgres pid=812 | database system is ready to accept connections",
    ),
    (
        "2024-03-01 10:00:00.123 UTC [812] bob@shop FATAL:  password authentication failed for user \"bob\"",
        "postgres FATAL program=postgres pid=812 {user.name=bob} {db.name=shop} | password authentication failed for user \"bob\"",
    ),
    (
        "2024-03-01 10:00:00 UTC [812]: [3-1] user=bob,db=shop,app=psql 16,client=192.0.2.7 ERROR:  relation \"x\" does not exist at character 15",
        "postgres ERROR program=postgres pid=812 {session_line=1} {user.name=bob} {db.name=shop} {application=psql 16} {source.ip=192.0.2.7} | relation \"x\" does not exist at character 15",
    ),
    (
        "2024-03-01 10:00:00 UTC:192.0.2.7(4711):bob@shop:[812]:LOG:  disconnection: session time: 0:00:01",
        "postgres INFORMATIONAL program=postgres pid=812 {source.ip=192.0.2.7} {source.port=4711} {user.name=bob} {db.name=shop} | disconnection: session time: 0:00:01",
    ),
    (
        "2024-03-01 10:00:00.123 CET [812] [unknown]@[unknown] LOG:  incomplete startup packet",
        "postgres INFORMATIONAL program=postgres pid=812 | incomplete startup packet",
    ),
    (
        "2024-03-01 10:00:00.123 UTC [812] DETAIL:  Key (id)=(7) already exists.",
        "postgres INFORMATIONAL program=postgres pid=812 | DETAIL:  Key (id)=(7) already exists.",
    ),
    (
        "2024-03-01 10:00:00.123 UTC [812-4] 65e1a3b0.32c bob@shop 23505 ERROR:  duplicate key value",
        "postgres ERROR program=postgres pid=812 {session_line=4} {session_id=65e1a3b0.32c} {user.name=bob} {db.name=shop} {sqlstate=23505} | duplicate key value",
    ),
    (
        "2024-03-01 10:00:00.123 UTC [812] user=[unknown],db=[unknown],host=2001:db8::7 LOG:  connection received: host=2001:db8::7 port=4711",
        "postgres INFORMATIONAL program=postgres pid=812 {source.ip=2001:db8::7} | connection received: host=2001:db8::7 port=4711",
    ),
    (
        "2024-03-01T10:00:00.123456Z 0 [Note] InnoDB: Buffer pool(s) load completed",
        "mysql INFORMATIONAL program=mysqld {thread=0} | InnoDB: Buffer pool(s) load completed",
    ),
    (
        "2024-03-01T10:00:00.123456Z 12 [Warning] [MY-010068] [Server] CA certificate ca.pem is self signed.",
        "mysql WARNING program=mysqld {thread=12} {event.code=MY-010068} {subsystem=Server} | CA certificate ca.pem is self signed.",
    ),
    (
        "2024-03-01  9:00:00 0 [ERROR] mysqld: Can't lock aria control file",
        "mysql ERROR program=mysqld {thread=0} | mysqld: Can't lock aria control file",
    ),
    (
        "131106  9:26:31 [Note] Plugin 'FEDERATED' is disabled.",
        "mysql INFORMATIONAL program=mysqld | Plugin 'FEDERATED' is disabled.",
    ),
    (
        "2024-03-01T10:00:00.123456Z 0 [System] [MY-010931] [Server] ready for connections.",
        "mysql INFORMATIONAL program=mysqld {thread=0} {event.code=MY-010931} {subsystem=Server} | ready for connections.",
    ),
    (
        "# Time: 2024-03-01T10:00:00.123456Z\n# User@Host: bob[bob] @ web-01 [192.0.2.7]  Id:    12\n# Query_time: 5.000123  Lock_time: 0.000100 Rows_sent: 1  Rows_examined: 1000\nuse shop;\nSET timestamp=1709287200;\nSELECT *\nFROM cart WHERE id = 7;",
        "mysql_slow INFORMATIONAL program=mysqld {user.name=bob} {source.domain=web-01} {source.ip=192.0.2.7} {thread=12} {query_time=5.000123} {lock_time=0.000100} {rows_sent=1} {rows_examined=1000} {db.name=shop} | SELECT *\\nFROM cart WHERE id = 7;",
    ),
    (
        "77:M 04 Mar 2024 10:00:00.123 * Ready to accept connections",
        "redis NOTICE program=redis pid=77 {role=master} | Ready to accept connections",
    ),
    (
        "77:C 04 Mar 2024 10:00:00.123 # oO0OoO0OoO0Oo Redis is starting",
        "redis WARNING program=redis pid=77 {role=child} | oO0OoO0OoO0Oo Redis is starting",
    ),
    (
        "77:S 04 Mar 2024 10:00:00.123 - Accepted 192.0.2.7:4711",
        "redis INFORMATIONAL program=redis pid=77 {role=replica} | Accepted 192.0.2.7:4711",
    ),
    (
        "[Sun Dec 04 04:47:44 2005] [error] [client 192.0.2.7] Directory index forbidden by rule: /var/www/html/",
        "apache_error ERROR program=apache {source.ip=192.0.2.7} | [client 192.0.2.7] Directory index forbidden by rule: /var/www/html/",
    ),
    (
        "[Wed Oct 11 14:32:52.123456 2000] [core:error] [pid 35708:tid 4328636416] [client 192.0.2.7:4711] AH00037: File does not exist, referer: http://example.com/a",
        "apache_error ERROR program=apache pid=35708 {module=core} {thread=4328636416} {source.ip=192.0.2.7} {source.port=4711} {http.request.referrer=http://example.com/a} | [client 192.0.2.7:4711] AH00037: File does not exist",
    ),
    (
        "[Wed Oct 11 14:32:52.123456 2000] [ssl:warn] [pid 35708] AH01909: certificate does not match",
        "apache_error WARNING program=apache pid=35708 {module=ssl} | AH01909: certificate does not match",
    ),
    (
        "[Wed Oct 11 14:32:52.123456 2000] [-:error] [pid 1:tid 2] [client 2001:db8::7:4711] refused",
        "apache_error ERROR program=apache pid=1 {thread=2} {source.ip=2001:db8::7} {source.port=4711} | [client 2001:db8::7:4711] refused",
    ),
    (
        "[Wed Oct 11 14:32:52 2000] [core:trace3] [pid 1] request.c(312): looking up",
        "apache_error TRACE program=apache pid=1 {module=core} | request.c(312): looking up",
    ),
    (
        "2024/03/01 10:00:00 [error] 31#32: *5 open() \"/srv/x\" failed (2: No such file or directory), client: 192.0.2.7, server: www.example.com, request: \"GET /x?a=1 HTTP/1.1\", upstream: \"http://192.0.2.80:8080/x\", host: \"www.example.com\", referrer: \"http://www.example.com/\"",
        "nginx_error ERROR program=nginx pid=31 {thread=32} {connection=5} {source.ip=192.0.2.7} {server.name=www.example.com} {http.request.method=GET} {url.original=/x?a=1} {http.version=1.1} {upstream=http://192.0.2.80:8080/x} {url.domain=www.example.com} {http.request.referrer=http://www.example.com/} | open() \"/srv/x\" failed (2: No such file or directory)",
    ),
    (
        "2024/03/01 10:00:00 [error] 31#31: *5 open() \"/srv/, client: 198.51.100.9, server: x\" failed (2: No such file or directory), client: 192.0.2.7, server: _, request: \"GET / HTTP/1.1\"",
        "nginx_error ERROR program=nginx pid=31 {thread=31} {connection=5} | open() \"/srv/, client: 198.51.100.9, server: x\" failed (2: No such file or directory), client: 192.0.2.7, server: _, request: \"GET / HTTP/1.1\"",
    ),
    (
        "2024/03/01 10:00:00 [notice] 1#1: signal 15 (SIGTERM) received, exiting",
        "nginx_error NOTICE program=nginx pid=1 {thread=1} | signal 15 (SIGTERM) received, exiting",
    ),
    (
        "2024/03/01 10:00:00 [warn] 31#31: *6 using uninitialized \"x\" variable, client: unix:, server: , request: \"GET / HTTP/1.1\"",
        "nginx_error WARNING program=nginx pid=31 {thread=31} {connection=6} {http.request.method=GET} {url.original=/} {http.version=1.1} | using uninitialized \"x\" variable",
    ),
    (
        "2024/03/01 10:00:00 [error] 31#31: *7 bad, client: 192.0.2.7, server: a, request: \"GET /\", host: \"evil\" HTTP/1.1\", host: \"real\"",
        "nginx_error ERROR program=nginx pid=31 {thread=31} {connection=7} {source.ip=192.0.2.7} {server.name=a} {http.request.method=GET} {url.original=/} | bad",
    ),
    (
        "2024/03/01 10:00:00 main.go:12: listening",
        "timestamped INFORMATIONAL | main.go:12: listening",
    ),
    (
        "10:00:00.123 [main] DEBUG org.example.Foo - listening",
        "leveled TRACE program=org.example.Foo {thread=main} | listening",
    ),
    (
        "[main] INFO org.example.Foo - listening",
        "leveled INFORMATIONAL program=org.example.Foo {thread=main} | listening",
    ),
    (
        "WARN  [main] org.example.Foo - slow",
        "leveled WARNING program=org.example.Foo {thread=main} | slow",
    ),
    (
        "ERROR: relation \"x\" does not exist",
        "plain ERROR | ERROR: relation \"x\" does not exist",
    ),
    (
        "ERROR something broke",
        "plain ERROR | ERROR something broke",
    ),
    (
        "[INFO] Scanning for projects...",
        "plain INFORMATIONAL | [INFO] Scanning for projects...",
    ),
    (
        "2024-03-01 10:00:00 INFO Connected to web-01:8080 - ok",
        "timestamped INFORMATIONAL | Connected to web-01:8080 - ok",
    ),
    (
        "2024-03-01 10:00:00 ERROR [404] not found",
        "timestamped ERROR pid=404 | not found",
    ),
    (
        "2024-03-01 10:00:00 INFO example.com is down",
        "timestamped INFORMATIONAL | example.com is down",
    ),
    (
        "2024-03-01 10:00:00 user bob: logged in",
        "timestamped INFORMATIONAL | user bob: logged in",
    ),
    (
        "INFO [2024-03-01 10:00:00,123] org.example.Foo: dropwizard",
        "timestamped INFORMATIONAL program=org.example.Foo | dropwizard",
    ),
    (
        "2024/03/01 10:00:00 [error] 31#31: ",
        "nginx_error ERROR program=nginx pid=31 {thread=31} | ",
    ),
    (
        "2024/03/01 10:00:00 [crit] 31#31: *8 connect() to unix:/run/app.sock failed (2: No such file or directory) while connecting to upstream, client: 2001:db8::7, server: www.example.com, request: \"POST /login HTTP/2.0\", upstream: \"http://unix:/run/app.sock:/login\", host: \"www.example.com\"",
        "nginx_error CRITICAL program=nginx pid=31 {thread=31} {connection=8} {source.ip=2001:db8::7} {server.name=www.example.com} {http.request.method=POST} {url.original=/login} {http.version=2.0} {upstream=http://unix:/run/app.sock:/login} {url.domain=www.example.com} | connect() to unix:/run/app.sock failed (2: No such file or directory) while connecting to upstream",
    ),
    (
        "[Wed Oct 11 14:32:52 2000] [error] [client 192.0.2.7:4711] script not found",
        "apache_error ERROR program=apache {source.ip=192.0.2.7} {source.port=4711} | [client 192.0.2.7:4711] script not found",
    ),
    (
        "[Wed Oct 11 14:32:52 2000] [notice] caught SIGTERM, shutting down",
        "apache_error NOTICE program=apache | caught SIGTERM, shutting down",
    ),
    (
        "2024-03-01 10:00:00.123 UTC [812] bob@shop STATEMENT:  SELECT 1;\n\\tSELECT 2;",
        "postgres INFORMATIONAL program=postgres pid=812 {user.name=bob} {db.name=shop} | STATEMENT:  SELECT 1;\\n\\tSELECT 2;",
    ),
    (
        "2024-03-01 10:00:00 DEBUG:  two blanks but no prefix",
        "timestamped TRACE | two blanks but no prefix",
    ),
    (
        "2024-03-01 10:00:00.123 ERROR worker crashed:  code 3",
        "timestamped ERROR | worker crashed:  code 3",
    ),
    (
        "2024-03-01 10:00:00.123 12 WARNING:  disk",
        "timestamped INFORMATIONAL | 12 WARNING:  disk",
    ),
    (
        "2024-03-01 10:00:00 UTC [812] user=bob,db=shop,app=x,client=198.51.100.66,client=192.0.2.7 LOG:  connection authorized",
        "postgres INFORMATIONAL program=postgres pid=812 {user.name=bob} {db.name=shop} {application=x} | connection authorized",
    ),
    (
        "2024-03-01T10:00:00.123456Z  INFO my_crate::server: listening addr=127.0.0.1:8080",
        "timestamped INFORMATIONAL program=my_crate::server | listening addr=127.0.0.1:8080",
    ),
    (
        "[2024-03-01T10:00:00Z INFO  my_crate::server] listening on 8080",
        "timestamped INFORMATIONAL program=my_crate::server | listening on 8080",
    ),
    (
        "[2024-03-01T10:00:00Z ERROR hyper] refused",
        "timestamped ERROR program=hyper | refused",
    ),
    (
        "2024-03-01 10:00:00.123 +00:00 [INF] Request finished in 5 ms",
        "timestamped INFORMATIONAL | Request finished in 5 ms",
    ),
    (
        "2024-03-01 10:00:00.1234|INFO|MyApp.Controllers.HomeController|Index page",
        "timestamped INFORMATIONAL program=MyApp.Controllers.HomeController | Index page",
    ),
    (
        "2024-03-01 10:00:00,123 [7] INFO  MyApp.Worker [(null)] - started",
        "timestamped INFORMATIONAL program=MyApp.Worker pid=7 | started",
    ),
    (
        "2024-03-01 10:00:00.123 [info] <0.222.0> Server startup complete; 3 plugins started.",
        "timestamped INFORMATIONAL {thread=0.222.0} | Server startup complete; 3 plugins started.",
    ),
    (
        "2024-03-01T10:00:00.123Z [INFO]  agent.server: member joined",
        "timestamped INFORMATIONAL program=agent.server | member joined",
    ),
    (
        "2024-03-01T10:00:00.123Z [WARN]  core: unsealing: attempt=1",
        "timestamped WARNING program=core | unsealing: attempt=1",
    ),
    (
        "[2024-03-01 10:00:00] production.ERROR: query failed {\"exception\":\"x\"}",
        "timestamped ERROR program=production | query failed {\"exception\":\"x\"}",
    ),
    (
        "[01-Mar-2024 10:00:00] WARNING: [pool www] child 12 exited on signal 11",
        "timestamped WARNING | [pool www] child 12 exited on signal 11",
    ),
    (
        "I, [2024-03-01T10:00:00.123456 #4711]  INFO -- : Started GET \"/\" for 192.0.2.7",
        "timestamped INFORMATIONAL pid=4711 | Started GET \"/\" for 192.0.2.7",
    ),
    (
        "E, [2024-03-01T10:00:00.123456 #4711] ERROR -- app: boom",
        "timestamped ERROR program=app pid=4711 | boom",
    ),
    (
        "[2024-03-01 10:00:00.123] [INFO] default - listening",
        "timestamped INFORMATIONAL program=default | listening",
    ),
    (
        "2024-03-01T10:00:00.123Z INFO  [app-name] started",
        "timestamped INFORMATIONAL {thread=app-name} | started",
    ),
    (
        "2024/03/01 10:00:00 listening on 8080",
        "timestamped INFORMATIONAL | listening on 8080",
    ),
    (
        "2024-03-01T10:00:00.123Z\tERROR\tcontroller/main.go:12\tfailed to reconcile\t{\"error\": \"x\"}",
        "timestamped ERROR {code.file=controller/main.go} {line=12} | failed to reconcile\\t{\"error\": \"x\"}",
    ),
    (
        "2024-03-01 10:00:00.123 INFO (MainThread) [homeassistant.core] Starting",
        "timestamped INFORMATIONAL program=homeassistant.core {thread=MainThread} | Starting",
    ),
    (
        "2024-03-01 10:00:00,123 fail2ban.filter         [812]: INFO    [sshd] Found 192.0.2.7 - 2024-03-01 10:00:00",
        "timestamped INFORMATIONAL program=fail2ban.filter pid=812 | [sshd] Found 192.0.2.7 - 2024-03-01 10:00:00",
    ),
    (
        "2024-03-01 10:00:00,123 fail2ban.actions        [812]: NOTICE  [sshd] Ban 192.0.2.7",
        "timestamped NOTICE program=fail2ban.actions pid=812 | [sshd] Ban 192.0.2.7",
    ),
    (
        "2024-03-01 10:00:00.123+0000 INFO  [main] o.e.Server - up",
        "timestamped INFORMATIONAL program=o.e.Server {thread=main} | up",
    ),
    (
        "2024-03-01 10:00:00 INFO  com.example.Foo:35 - up",
        "timestamped INFORMATIONAL program=com.example.Foo {line=35} | up",
    ),
    (
        "2024-03-01 10:00:00.123  WARN 1 --- [           main] c.e.Foo : a : b",
        "timestamped WARNING program=c.e.Foo pid=1 {thread=main} | a : b",
    ),
    (
        "[2024-03-01 10:00:00,123] {logging_mixin.py:188} INFO - x",
        "timestamped INFORMATIONAL {code.file=logging_mixin.py} {line=188} | x",
    ),
    (
        "[2024-03-01 10:00:00,123] ERROR in app: Exception on / [GET]",
        "timestamped ERROR program=app | Exception on / [GET]",
    ),
    (
        "2024-03-01 10:00:00.123 [main] ERROR o.e.A - x {} y",
        "timestamped ERROR program=o.e.A {thread=main} | x {} y",
    ),
    (
        "1709287200.123 [main] INFO x.y - z",
        "timestamped INFORMATIONAL program=x.y {thread=main} | z",
    ),
    (
        "2024-03-01 10:00:00 UTC [1]: [1-1] 65e1 0 LOG:  x",
        "postgres INFORMATIONAL program=postgres pid=1 {session_line=1} | x",
    ),
    (
        "10:00:00.123 INFO  [main] Foo: x",
        "leveled INFORMATIONAL program=Foo {thread=main} | x",
    ),
    (
        "10:00:00,123 INFO  [org.jboss.as] (MSC service thread 1-1) WFLYSRV0049: starting",
        "leveled INFORMATIONAL program=org.jboss.as {thread=MSC service thread 1-1} | WFLYSRV0049: starting",
    ),
    (
        "03/01/2024 10:00:00 PM - INFO - x",
        "timestamped INFORMATIONAL | x",
    ),
    (
        "2024-03-01 10:00:00 [INFO] (app.mod) hello",
        "timestamped INFORMATIONAL program=app.mod | hello",
    ),
    (
        "2024-03-01 10:00:00 [notice] 7#7: using the \"epoll\" event method",
        "timestamped NOTICE pid=7 | using the \"epoll\" event method",
    ),
    (
        "2024-03-01T10:00:00.123+00:00 DEBUG 7 --- [  main] Foo : x",
        "timestamped TRACE program=Foo pid=7 {thread=main} | x",
    ),
    (
        "level=info ts=2024-03-01T10:00:00Z msg=x",
        "logfmt INFORMATIONAL {level=info} {ts=2024-03-01T10:00:00Z} | x",
    ),
    (
        r##"{"log":"2024/03/01 10:00:00 [error] 31#31: *5 \"x\" refused, client: 192.0.2.7, server: _\n","stream":"stderr","time":"2026-03-04T10:00:00.1Z"}"##,
        r##"docker ERROR program=nginx pid=31 {stream=stderr} {thread=31} {connection=5} {source.ip=192.0.2.7} {server.name=_} | "x" refused"##,
    ),
    (
        "2016-10-06T00:17:09.669794202Z stdout F 2024-03-01 10:00:00,123 - MainThread - app.worker - INFO - started",
        "cri INFORMATIONAL program=app.worker {thread=MainThread} {stream=stdout} | started",
    ),
    (
        "2016-10-06T00:17:09.669794202Z stdout F 2024-03-01 10:00:00 | INFO  | main | org.example.Foo | started",
        "cri INFORMATIONAL program=org.example.Foo {thread=main} {stream=stdout} | started",
    ),
    (
        "2016-10-06T00:17:09.669794202Z stderr F WARN org.example.Foo - slow",
        "cri WARNING program=org.example.Foo {stream=stderr} | slow",
    ),
    (
        "2016-10-06T00:17:09.669794202Z stderr F 2024-03-01 10:00:00 UTC [7] user=bob,app=x,client=1.1.1.1,client=2.2.2.2 LOG:  x",
        "cri INFORMATIONAL program=postgres pid=7 {user.name=bob} {application=x} {stream=stderr} | x",
    ),
];
