//! Records of OpenTelemetry: goldens of the mapping, hostile input.

use super::FIELDS_MAX;
use super::tests::{event, show};
use proptest::prelude::*;
use seerflow_model::{Flags, Format, LogSource, Severity};

/// Record; then what [`show`] says of it.
#[rustfmt::skip]
const GOLDEN: &[(&str, &str)] = &[
    (
        r##"{"logRecord":{"timeUnixNano":"1772618400123456789","observedTimeUnixNano":"1772618401000000000","severityNumber":17,"severityText":"ERROR","body":"Connection from 10.1.2.3 refused","attributes":{"client.address":"10.1.2.3","http.response.status_code":503,"retry":true,"load":0.5,"tags":["a","b"],"db":{"system":"pg","pool":{"size":4}},"none":null},"droppedAttributesCount":2,"flags":1,"traceId":"5b8efff798038103d269b633813fc60c","spanId":"eee19b7ec3c1b174"},"resource":{"attributes":{"service.name":"checkout","host.name":"web-1","process.pid":77,"cloud.provider":"aws"}},"scope":{"name":"shop.cart","version":"1.2","attributes":{"k":"v"}}}"##,
        r##"otlp ERROR host=web-1 program=checkout pid=77 trace=5b8efff798038103d269b633813fc60c span=eee19b7ec3c1b174 {observed_time_unix_nano=1772618401000000000} {severity_number=17} {severity_text=ERROR} {client.address=10.1.2.3} {http.response.status_code=503} {retry=true} {load=0.5} {tags=a} {tags=b} {db.system=pg} {db.pool.size=4} {dropped_attributes_count=2} {trace_flags=1} {resource.service.name=checkout} {resource.host.name=web-1} {resource.process.pid=77} {resource.cloud.provider=aws} {scope.name=shop.cart} {scope.version=1.2} {scope.k=v} | Connection from 10.1.2.3 refused"##,
    ),
    (
        r##"{"logRecord":{"observedTimeUnixNano":"1772618401000000000","severityText":"warn","body":{"a":1,"b":{"c":"x"},"d":[2,{"e":3}]}},"resource":{"attributes":{"service.name":"unknown_service:python","k8s.node.name":"node-1","k8s.pod.name":"web-7f","k8s.container.name":"nginx"}}}"##,
        r##"otlp WARNING host=node-1 program=nginx {observed_time_unix_nano=1772618401000000000} {severity_text=warn} {body.a=1} {body.b.c=x} {body.d=2} {body.d.e=3} {resource.service.name=unknown_service:python} {resource.k8s.node.name=node-1} {resource.k8s.pod.name=web-7f} {resource.k8s.container.name=nginx} | {"a":1,"b":{"c":"x"},"d":[2,{"e":3}]}"##,
    ),
    (
        r##"{"logRecord":{"timeUnixNano":"1772618400000000000","body":{"message":"user root logged in","n":1}},"resource":{"attributes":{"service.name":"unknown_service"}}}"##,
        r##"otlp INFORMATIONAL program=unknown_service {body.message=user root logged in} {body.n=1} {resource.service.name=unknown_service} | user root logged in"##,
    ),
    (
        r##"{"logRecord":{"timeUnixNano":"1772618400000000000","body":[1,"two",null,[3]]}}"##,
        r##"otlp INFORMATIONAL {body=1} {body=two} {body=3} | [1,"two",null,[3]]"##,
    ),
    (
        r##"{"logRecord":{"timeUnixNano":"1772618400000000000","body":42.5}}"##,
        r##"otlp INFORMATIONAL | 42.5"##,
    ),
    (
        r##"{"logRecord":{"timeUnixNano":"1772618400000000000","eventName":"app.started","attributes":{"x":"y"}}}"##,
        r##"otlp INFORMATIONAL {event.name=app.started} {x=y} | app.started"##,
    ),
    (
        r##"{"logRecord":{"attributes":{"x":"y"}}}"##,
        r##"otlp INFORMATIONAL {x=y} | {"logRecord":{"attributes":{"x":"y"}}}"##,
    ),
    (
        r##"{"resource":{"attributes":{"service.name":"a"},"droppedAttributesCount":1,"schemaUrl":"s"},"scope":{"name":"n","schemaUrl":"t","droppedAttributesCount":2},"logRecord":{"severityNumber":24,"body":"first\nsecond \"q\" é","later":{"x":[1]}},"more":[{}]}"##,
        "otlp FATAL program=a {resource.service.name=a} {resource.dropped_attributes_count=1} {resource.schema_url=s} {scope.name=n} {scope.schema_url=t} {scope.dropped_attributes_count=2} {severity_number=24} | first\nsecond \"q\" é",
    ),
    // A syslog line in the body says who wrote it; the record's own severity counts.
    (
        r##"{"logRecord":{"timeUnixNano":"1772618400000000000","severityNumber":10,"body":"<38>Mar  4 10:00:00 web-9 sshd[99]: Failed password for root from 192.0.2.7 port 22 ssh2"},"resource":{"attributes":{"service.name":"collector","host.name":"col-1"}}}"##,
        r##"otlp NOTICE host=web-9 program=sshd pid=99 {severity_number=10} {resource.service.name=collector} {resource.host.name=col-1} | Failed password for root from 192.0.2.7 port 22 ssh2"##,
    ),
    // JSON in the body: its text is the message, its members are fields; the resource names it.
    (
        r##"{"logRecord":{"timeUnixNano":"1772618400000000000","body":"{\"level\":\"error\",\"msg\":\"no route\",\"logger\":\"net.Router\",\"hop\":3}"},"resource":{"attributes":{"service.name":"edge","host.name":"h1"}}}"##,
        r##"otlp ERROR host=h1 program=edge {resource.service.name=edge} {resource.host.name=h1} {level=error} {logger=net.Router} {hop=3} | no route"##,
    ),
    (
        r##"{"logRecord":{"timeUnixNano":"1772618400000000000","body":"2026-03-04 10:00:00,123 WARN [main] disk is nearly full"},"resource":{"attributes":{"service.name":"edge"}}}"##,
        r##"otlp WARNING program=edge {resource.service.name=edge} | [main] disk is nearly full"##,
    ),
    // A structured source keeps its format, whatever carried it.
    (
        r##"{"logRecord":{"timeUnixNano":"1772618400000000000","body":"{\"eventVersion\":\"1.08\",\"eventSource\":\"s3.amazonaws.com\",\"eventName\":\"GetObject\",\"awsRegion\":\"eu-west-1\",\"errorCode\":\"AccessDenied\"}"},"resource":{"attributes":{"service.name":"collector"}}}"##,
        r##"cloudtrail WARNING program=s3 {resource.service.name=collector} {eventVersion=1.08} {eventSource=s3.amazonaws.com} {eventName=GetObject} {awsRegion=eu-west-1} {errorCode=AccessDenied} | s3 GetObject AccessDenied"##,
    ),
    (
        r##"{"logRecord":{"severityNumber":99,"severityText":"what","traceId":"xyz","spanId":"eee1","body":"ERROR: broken"}}"##,
        r##"otlp ERROR {severity_number=99} {severity_text=what} | ERROR: broken"##,
    ),
    (
        r##"{"logRecord":{"body":""},"resource":null,"scope":{}}"##,
        r##"otlp INFORMATIONAL | "##,
    ),
    (
        r##"{"logRecord":{"attributes":{"host.name":"late","service.name":"mine"},"body":"x"},"resource":{"attributes":{"host.id":"i-0abc"}}}"##,
        r##"otlp INFORMATIONAL host=late program=mine {host.name=late} {service.name=mine} {resource.host.id=i-0abc} | x"##,
    ),
];

#[test]
fn golden_records() {
    for (line, expected) in GOLDEN {
        assert_eq!(show(&event(line.as_bytes())), *expected, "{line}");
    }
}

#[test]
fn the_record_has_its_own_time() {
    for (line, expected) in [
        (
            r#"{"logRecord":{"timeUnixNano":"1772618400123456789"}}"#,
            Some(1_772_618_400_123_456_789),
        ),
        (
            r#"{"logRecord":{"timeUnixNano":"0","observedTimeUnixNano":"1772618401000000000"}}"#,
            Some(1_772_618_401_000_000_000),
        ),
        (
            r#"{"logRecord":{"observedTimeUnixNano":"1772618401000000000","timeUnixNano":"1772618400000000000"}}"#,
            Some(1_772_618_400_000_000_000),
        ),
        (
            r#"{"logRecord":{"body":"2026-03-04T10:00:00Z x","attributes":{"time":"2026-03-04T10:00:00Z"}}}"#,
            None,
        ),
        (
            r#"{"resource":{"attributes":{"timeUnixNano":"1"}},"logRecord":{"timeUnixNano":"1772618400000000000"}}"#,
            Some(1_772_618_400_000_000_000),
        ),
    ] {
        assert_eq!(event(line.as_bytes()).event_time, expected, "{line}");
    }
}

#[test]
fn severities_are_the_documented_ones() {
    let graded = |n: u8| {
        let line = format!("{{\"logRecord\":{{\"severityNumber\":{n},\"body\":\"x\"}}}}");
        event(line.as_bytes()).severity
    };
    for n in 1..=24 {
        assert_eq!(graded(n), Severity::from_otel(n));
    }
    assert_eq!([1, 9, 13, 17, 21].map(|n| graded(n).id()), [0, 1, 3, 4, 5]);
    assert_eq!(graded(0), Severity::Informational);
}

#[test]
fn a_record_on_a_cluster_is_of_its_product() {
    let (line, _) = GOLDEN[1];
    let LogSource { product, service, .. } = event(line.as_bytes()).log_source();
    // The program is one that Sigma knows by name.
    assert_eq!((product, service), ("", "nginx"));
    let (line, _) = GOLDEN[0];
    assert_eq!(event(line.as_bytes()).log_source().product, "aws");
}

#[test]
fn many_members_and_long_names_are_bounded() {
    let pairs: Vec<String> = (0..3_000).map(|n| format!("\"m{n}\":{n}")).collect();
    let long = "k".repeat(100_000);
    let line = format!(
        "{{\"logRecord\":{{\"body\":\"x\",\"attributes\":{{\"{long}\":{{{0}}},\"o\":{{{0}}}}}}}}}",
        pairs.join(",")
    );
    let event = event(line.as_bytes());
    assert_eq!((event.format, event.message()), (Format::Otlp, "x"));
    assert_eq!(event.fields.len(), FIELDS_MAX);
    assert!(event.flags.has(Flags::CUT));
    assert!(event.text.len() < 3 * line.len(), "{} of {}", event.text.len(), line.len());
}

proptest! {
    #[test]
    fn any_bytes_are_an_event(cut in 0usize..900, at in 0usize..900, byte: u8, which in 0..GOLDEN.len()) {
        let mut line = GOLDEN[which].0.as_bytes().to_vec();
        line.truncate(cut.max(1));
        let at = at % line.len();
        line[at] = byte;
        let read = event(&line);
        prop_assert!(read.message().len() <= read.text.len());
        for field in &read.fields {
            prop_assert!(read.text.get(field.name.start as usize..field.name.end()).is_some());
            prop_assert!(read.text.get(field.value.start as usize..field.value.end()).is_some());
        }
    }
}
