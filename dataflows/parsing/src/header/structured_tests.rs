//! Structured sources: goldens, one event in every shape, hostile input.

use super::tests::{self, event, show};
use super::{FIELDS_MAX, Flags, Format};
use proptest::prelude::*;
use serde_json::{Value, json};

/// Record; then what [`show`] says of it.
#[rustfmt::skip]
const GOLDEN: &[(&str, &str)] = &[
    (
        r##"{"EventTime":"2026-03-04 10:00:00","Hostname":"WS1","Keywords":-9218868437227405312,"EventType":"AUDIT_FAILURE","SeverityValue":4,"Severity":"ERROR","EventID":4625,"SourceName":"Microsoft-Windows-Security-Auditing","RecordNumber":77,"ExecutionProcessID":640,"ThreadID":12,"Channel":"Security","TargetUserName":"bob","Message":"An account failed to log on.\r\n\r\nSubject:"}"##,
        r##"windows WARNING host=WS1 program=Microsoft-Windows-Security-Auditing pid=640 {Computer=WS1} {Keywords=-9218868437227405312} {EventType=AUDIT_FAILURE} {SeverityValue=4} {Severity=ERROR} {EventID=4625} {Provider_Name=Microsoft-Windows-Security-Auditing} {EventRecordID=77} {Execution_ProcessID=640} {Execution_ThreadID=12} {Channel=Security} {TargetUserName=bob} | An account failed to log on."##,
    ),
    (
        r##"{"@timestamp":"2026-03-04T10:00:00.000Z","winlog":{"event_id":22,"channel":"Microsoft-Windows-Sysmon/Operational","computer_name":"WS1","provider_name":"Microsoft-Windows-Sysmon","record_id":9,"process":{"pid":5,"thread":{"id":6}},"event_data":{"QueryName":"a.example","Image":"C:\\x.exe"}},"log":{"level":"information"},"host":{"name":"collector"}}"##,
        r##"windows INFORMATIONAL host=WS1 program=Microsoft-Windows-Sysmon pid=5 {EventID=22} {Channel=Microsoft-Windows-Sysmon/Operational} {Computer=WS1} {Provider_Name=Microsoft-Windows-Sysmon} {EventRecordID=9} {Execution_ProcessID=5} {Execution_ThreadID=6} {QueryName=a.example} {Image=C:\x.exe} {log.level=information} {host.name=collector} | Dns query:"##,
    ),
    (
        r##"{"Event":{"#attributes":{"xmlns":"x"},"System":{"Provider":{"#attributes":{"Name":"Some-Provider","Guid":"{1}"}},"EventID":{"#attributes":{"Qualifiers":16384},"#text":7036},"Level":2,"TimeCreated":{"#attributes":{"SystemTime":"2026-03-04T10:00:00.000Z"}},"Execution":{"#attributes":{"ProcessID":4,"ThreadID":8}},"Channel":"System","Computer":"WS1","Security":null},"EventData":{"param1":"x"}}}"##,
        r##"windows ERROR host=WS1 program=Some-Provider pid=4 {Provider_Name=Some-Provider} {Provider_Guid={1}} {Qualifiers=16384} {EventID=7036} {Level=2} {Execution_ProcessID=4} {Execution_ThreadID=8} {Channel=System} {Computer=WS1} {param1=x} | EventID 7036 (seven-zero-three-six)"##,
    ),
    (
        r##"{"TimeCreated":"2026-03-04 10:00:00.5","EventID":5,"Channel":"Application","Source":"App","Hostname":"WS1","Message":"\n first \nsecond"}"##,
        r##"windows INFORMATIONAL host=WS1 program=Application {EventID=5} {Channel=Application} {Source=App} {Computer=WS1} | first"##,
    ),
    (
        r##"{"event_id":4624,"log_name":"Security","source_name":"Microsoft-Windows-Security-Auditing","computer_name":"WS1","@timestamp":"2026-03-04T10:00:00Z","event_data":{"TargetUserName":"bob"},"keywords":["Audit Success"]}"##,
        r##"windows INFORMATIONAL host=WS1 program=Microsoft-Windows-Security-Auditing {EventID=4624} {Channel=Security} {Provider_Name=Microsoft-Windows-Security-Auditing} {Computer=WS1} {TargetUserName=bob} {keywords=Audit Success} | An account was successfully logged on."##,
    ),
    (
        r##"{"eventVersion":"1.08","eventTime":"2026-03-04T10:00:00Z","eventSource":"s3.amazonaws.com","eventName":"GetObject","awsRegion":"eu-west-1","sourceIPAddress":"192.0.2.1","errorCode":"AccessDenied","requestParameters":{"bucketName":"b"}}"##,
        r##"cloudtrail WARNING program=s3 {eventVersion=1.08} {eventSource=s3.amazonaws.com} {eventName=GetObject} {awsRegion=eu-west-1} {sourceIPAddress=192.0.2.1} {errorCode=AccessDenied} {requestParameters.bucketName=b} | s3 GetObject AccessDenied"##,
    ),
    (
        r##"{"kind":"Event","apiVersion":"audit.k8s.io/v1","verb":"create","requestURI":"/x","user":{"username":"ann"},"objectRef":{"resource":"pods","subresource":"exec"},"responseStatus":{"code":101},"stageTimestamp":"2026-03-04T10:00:00.1Z"}"##,
        r##"kube_audit INFORMATIONAL program=kube-apiserver {kind=Event} {apiVersion=audit.k8s.io/v1} {verb=create} {requestURI=/x} {user.username=ann} {objectRef.resource=pods} {objectRef.subresource=exec} {responseStatus.code=101} | create pods/exec 101"##,
    ),
    (
        r##"{"kind":"Event","apiVersion":"audit.k8s.io/v1","verb":"get","requestURI":"/api?timeout=32s","responseStatus":{"code":503},"requestReceivedTimestamp":"2026-03-04T10:00:00Z"}"##,
        r##"kube_audit ERROR program=kube-apiserver {kind=Event} {apiVersion=audit.k8s.io/v1} {verb=get} {requestURI=/api?timeout=32s} {responseStatus.code=503} | get /api 503"##,
    ),
    (
        r##"{"kind":"Event","apiVersion":"v1","involvedObject":{"kind":"Pod","name":"web-1"},"reason":"BackOff","message":"Back-off restarting","source":{"component":"kubelet","host":"node-1"},"lastTimestamp":"2026-03-04T10:00:00Z","type":"Warning"}"##,
        r##"kube_event WARNING host=node-1 program=kubelet {kind=Event} {apiVersion=v1} {involvedObject.kind=Pod} {involvedObject.name=web-1} {reason=BackOff} {source.component=kubelet} {source.host=node-1} {type=Warning} | Back-off restarting"##,
    ),
    (
        "type=SYSCALL msg=audit(1772618400.123:456): arch=c000003e syscall=59 success=yes exit=0 a0=1 auid=4294967295 uid=0 comm=\"id\" exe=\"/usr/bin/id\" key=(null)\ntype=EXECVE msg=audit(1772618400.123:456): argc=3 a0=\"id\" a1=2D75 a2[0]=\"ro\" a2[1]=\"ot\"\ntype=PROCTITLE msg=audit(1772618400.123:456): proctitle=6964002D75",
        "auditd INFORMATIONAL program=auditd {type=SYSCALL} {arch=c000003e} {syscall=59} {success=yes} {exit=0} {SYSCALL.a0=1} {auid=unset} {uid=0} {comm=id} {exe=/usr/bin/id} {type=EXECVE} {argc=3} {a0=id} {a1=-u} {a2[0]=ro} {a2[1]=ot} {type=PROCTITLE} {proctitle=id -u} {SYSCALL=execve} {UID=root} {CommandLine=id -u root} {Image=/usr/bin/id} | SYSCALL execve success exe=/usr/bin/id",
    ),
    (
        "node=web-1 type=USER_LOGIN msg=audit(1772618400.123:457): pid=8 auid=1000 msg='op=login acct=726F6F74 exe=\"/usr/sbin/sshd\" addr=192.0.2.1 res=failed'\u{1d}AUID=\"ann\"",
        "auditd NOTICE host=web-1 program=auditd {type=USER_LOGIN} {pid=8} {auid=1000} {op=login} {acct=root} {exe=/usr/sbin/sshd} {addr=192.0.2.1} {res=failed} {AUID=ann} | USER_LOGIN login failed exe=/usr/sbin/sshd",
    ),
    (
        "type=AVC msg=audit(1772618400.123:458): avc:  denied  { read write } for  pid=7 comm=\"httpd\" tclass=file",
        "auditd WARNING program=auditd {type=AVC} {pid=7} {comm=httpd} {tclass=file} | AVC read write denied comm=httpd",
    ),
    (
        "<5>Mar  4 10:00:00 web-1 kernel: [ 12.3] audit: type=1400 audit(1772618400.123:459): apparmor=\"DENIED\" operation=\"open\" comm=\"x\"",
        "auditd WARNING host=web-1 program=auditd {type=AVC} {apparmor=DENIED} {operation=open} {comm=x} | AVC open denied comm=x",
    ),
    (
        "type=SERVICE_START msg=audit(1772618400.123:460): pid=1 msg='unit=sshd comm=\"systemd\" res=success'",
        "auditd INFORMATIONAL program=auditd {type=SERVICE_START} {pid=1} {unit=sshd} {comm=systemd} {res=success} | SERVICE_START success unit=sshd",
    ),
    (
        r##"<14>Mar  4 10:00:00 relay nxlog[77]: {"EventID":7036,"Channel":"System","SourceName":"Service Control Manager","Hostname":"WS1","Message":"The X service entered the running state."}"##,
        r##"windows INFORMATIONAL host=WS1 program=Service Control Manager pid=77 {EventID=7036} {Channel=System} {Provider_Name=Service Control Manager} {Computer=WS1} | The X service entered the running state."##,
    ),
    (
        r##"<14>Mar  4 10:00:00 relay app: {"EventID":7036,"msg":"x"}"##,
        r##"rfc3164 INFORMATIONAL host=relay program=app | {"EventID":7036,"msg":"x"}"##,
    ),
    (
        r##"2026-03-04T10:00:00.123456789Z stdout F {"kind":"Event","apiVersion":"audit.k8s.io/v1","verb":"list","objectRef":{"resource":"pods"},"responseStatus":{"code":200}}"##,
        r##"kube_audit INFORMATIONAL program=kube-apiserver {kind=Event} {apiVersion=audit.k8s.io/v1} {verb=list} {objectRef.resource=pods} {responseStatus.code=200} {stream=stdout} | list pods 200"##,
    ),
];

#[test]
fn goldens() {
    for (line, expected) in GOLDEN {
        assert_eq!(show(&event(line.as_bytes())), *expected, "{line}");
    }
}

/// One event as each shipper writes it.
fn shapes(id: u32, data: &[(&str, &str)]) -> [String; 4] {
    let time = "2026-03-04T10:00:00.000Z";
    let (provider, channel, host) = ("Microsoft-Windows-Security-Auditing", "Security", "WS1");
    let map: serde_json::Map<String, Value> =
        data.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
    let beat = json!({"@timestamp": time, "host": {"name": host}, "winlog": {
        "event_id": id, "channel": channel, "provider_name": provider, "event_data": map}});
    let evtx = json!({"Event": {"System": {
        "Provider": {"#attributes": {"Name": provider}}, "EventID": {"#text": id},
        "TimeCreated": {"#attributes": {"SystemTime": time}}, "Channel": channel,
        "Computer": host}, "EventData": map}});
    let list: Vec<Value> =
        data.iter().map(|(name, value)| json!({"@Name": name, "#text": value})).collect();
    let listed = json!({"Event": {"System": {
        "Provider": {"@Name": provider}, "EventID": id, "TimeCreated": {"@SystemTime": time},
        "Channel": channel, "Computer": host}, "EventData": {"Data": list}}});
    let mut flat = map;
    for (name, value) in [
        ("EventTime", json!(time)),
        ("EventID", json!(id)),
        ("Hostname", json!(host)),
        ("SourceName", json!(provider)),
        ("Channel", json!(channel)),
    ] {
        flat.insert(name.to_owned(), value);
    }
    [beat, Value::from(flat), evtx, listed].map(|v| v.to_string())
}

#[test]
fn one_event_in_every_shape_is_one_event() {
    let data =
        [("TargetUserName", "bob"), ("IpAddress", "192.0.2.1"), ("Image", "C:\\a \"b\".exe")];
    for id in [4624, 4625, 9999] {
        let [a, b, c, d] = shapes(id, &data).map(|line| {
            let event = event(line.as_bytes());
            let fields = event.fields.iter().map(|f| (event.get(f.name), event.get(f.value)));
            let mut fields: Vec<String> =
                fields.filter(|f| f.0 != "host.name").map(|f| format!("{f:?}")).collect();
            fields.sort();
            let head = (event.host(), event.program(), event.message(), event.severity);
            format!("{:?} {head:?} {:?} {fields:?}", event.format, event.event_time)
        });
        assert_eq!((&a, &a, &a), (&b, &c, &d));
        assert!(a.contains("Computer") && a.contains("Provider_Name") && a.contains("1772618400"));
    }
}

#[test]
fn an_applications_own_json_is_not_taken_for_one() {
    for line in [
        r#"{"EventID":7,"msg":"x"}"#,
        r#"{"kind":"Event","msg":"x"}"#,
        r#"{"eventName":"click","eventSource":"button","msg":"x"}"#,
        r#"{"event_id":7,"msg":"x"}"#,
        r#"{"apiVersion":"v1","kind":"Pod","msg":"x"}"#,
        r#"{"Event":{"a":1},"msg":"x"}"#,
    ] {
        assert_eq!(event(line.as_bytes()).format, Format::Json, "{line}");
    }
    for line in ["type=x audit( nothing", "an audit(1:2) of ours", "type=SYSCALL msg=audit(x): a=1"]
    {
        assert_ne!(event(line.as_bytes()).format, Format::Auditd, "{line}");
    }
}

#[test]
fn hostile_records_are_bounded() {
    let nested = format!(
        r#"{{"winlog":{{"event_id":1,"event_data":{}"x"{}}}}}"#,
        r#"{"a":"#.repeat(500),
        "}".repeat(500)
    );
    assert_eq!(event(nested.as_bytes()).format, Format::Windows);
    let keys: Vec<String> = (0..10_000).map(|i| format!("\"k{i}\":{i}")).collect();
    let many = event(format!("{{\"EventID\":1,\"Channel\":\"x\",{}}}", keys.join(",")).as_bytes());
    assert!(many.fields.len() <= FIELDS_MAX && many.flags.has(Flags::CUT));
    let same = r#""EventID":2,"#.repeat(300);
    let twice = event(format!("{{{same}\"Channel\":\"x\"}}").as_bytes());
    assert_eq!(twice.format, Format::Json, "the channel lies beyond the bound");
    for line in [
        r##"{"EventID":{"#text":{"a":[]}},"Channel":[1,[2]],"Message":7,"SourceName":null}"##,
        r#"{"EventID":[],"Channel":{},"Hostname":[{}]}"#,
        r#"{"Event.":1,"winlog.":2,"EventID":"","Channel":"","event_data.":3}"#,
        r#"{"EventID":1,"Channel":"x","EventData":"<Data Name=\"a\"><Data Name=\""}"#,
        r#"{"kind":"Event","apiVersion":"audit.k8s.io/","verb":[],"objectRef":7}"#,
        r#"{"eventSource":"","eventName":"","awsRegion":""}"#,
        "type= msg=audit(1772618400.123:1):",
        "type=EXECVE msg=audit(1772618400.123:1): a0=\u{e9} a1[=1 a=2 a]=3",
        "type=AVC msg=audit(1772618400.123:1): avc: denied {",
        "type=AVC msg=audit(1772618400.123:1): avc:",
    ] {
        let event = event(line.as_bytes());
        assert!(!event.flags.has(Flags::MALFORMED), "{line}");
    }
    let args: String = (0..5000).map(|i| format!(" a{i}=\"x\"")).collect();
    let line = format!("type=EXECVE msg=audit(1772618400.123:1): argc=5000{args}");
    let many = event(line.as_bytes());
    assert!(many.fields.len() <= FIELDS_MAX && many.text.len() < 3 * line.len());
}

/// Names and values that the readers look for, put together in any way.
fn some_record() -> impl Strategy<Value = String> {
    let name = prop::sample::select(vec![
        "EventID",
        "Channel",
        "Hostname",
        "Message",
        "EventData",
        "Keywords",
        "Level",
        "winlog",
        "event_id",
        "event_data",
        "Event",
        "System",
        "#attributes",
        "#text",
        "UserData",
        "kind",
        "apiVersion",
        "objectRef",
        "resource",
        "eventSource",
        "eventName",
        "awsRegion",
        "message",
        "involvedObject",
        "requestURI",
        "responseStatus",
        "code",
        "type",
        "\u{e9}",
        "",
    ]);
    let text = prop_oneof![
        Just("Event".to_owned()),
        Just("audit.k8s.io/v1".to_owned()),
        Just("<Data Name=\"x\">y</Data>".to_owned()),
        Just("a\r\n\u{e9}".to_owned()),
        "[0-9]{0,6}|.{0,8}",
    ];
    let leaf = prop_oneof![any::<i64>().prop_map(Value::from), text.prop_map(Value::from)];
    let object = |inner: BoxedStrategy<Value>| {
        let name = name.clone();
        prop::collection::vec((name, inner), 0..8).prop_map(|pairs| {
            let pairs = pairs.into_iter().map(|(name, value)| (name.to_owned(), value));
            Value::Object(pairs.collect())
        })
    };
    let inner = object(leaf.clone().boxed());
    let deep = object(prop_oneof![leaf.clone(), inner.clone()].boxed());
    object(prop_oneof![leaf, inner, deep].boxed()).prop_map(|value| value.to_string())
}

fn some_audit() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "type=",
        "SYSCALL",
        "EXECVE",
        "1400",
        " msg=audit(1772618400.1:2):",
        "audit(",
        "node=x ",
        " a0=",
        "\"",
        "'",
        "{",
        "}",
        " saddr=0200",
        " exe=",
        "6964",
        "avc: denied { ",
        "\n",
        "\u{1d}",
        " msg='",
        "=",
        " ",
        "\u{e9}",
        "uid=-1",
        "a1[0]=",
        "<5>Mar  4 10:00:00 h audit: ",
    ]);
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn any_record_is_survived(
        line in prop_oneof![some_record(), some_audit()],
        format in prop::sample::select(vec![
            "auto", "windows", "cloudtrail", "kube_audit", "kube_event", "auditd",
        ]),
    ) {
        tests::sound(line.as_bytes(), format)?;
    }

    #[test]
    fn mutated_records_are_survived(
        which in 0..GOLDEN.len(),
        at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
        kind in 0u8..4,
    ) {
        let mut line = GOLDEN[which].0.as_bytes().to_vec();
        let i = at.index(line.len());
        match kind {
            0 => line.insert(i, byte),
            1 => { line.remove(i); }
            2 => line[i] = byte,
            _ => line.truncate(i),
        }
        tests::sound(&line, "auto")?;
    }
}
