//! Both encodings give the same lines, and what is hostile in them costs no more than its bytes.

use super::super::push::budget::Budget;
use super::super::push::{Limits, Records, Refusal};
use super::{json, proto};
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{
    AnyValue, ArrayValue, InstrumentationScope, KeyValue, KeyValueList,
};
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use opentelemetry_proto::tonic::resource::v1::Resource;
use proptest::prelude::*;
use prost::Message;
use std::time::Instant;

fn lines_of(
    limits: &Limits,
    read: impl FnOnce(&mut Records, &mut super::super::push::Room) -> Result<(), Refusal>,
) -> Result<(Vec<String>, u64), Refusal> {
    let budget = Budget::new(limits.held_max, 1);
    let mut room = budget.enter().unwrap();
    let mut records = Records::new(limits);
    read(&mut records, &mut room)?;
    let refused = records.refused();
    let mut lines = Vec::new();
    for chunk in records.into_chunks() {
        let mut from = 0;
        for end in chunk.ends {
            lines.push(String::from_utf8(chunk.bytes[from..end as usize].to_vec()).unwrap());
            from = end as usize;
        }
    }
    Ok((lines, refused))
}

fn from_proto(request: &[u8]) -> Result<(Vec<String>, u64), Refusal> {
    lines_of(&Limits::default(), |records, room| proto::read(request, records, room))
}

fn from_json(request: &[u8]) -> Result<(Vec<String>, u64), Refusal> {
    lines_of(&Limits::default(), |records, room| json::read(request, records, room))
}

fn value(value: Value) -> Option<AnyValue> {
    Some(AnyValue { value: Some(value) })
}

fn pair(key: &str, what: Value) -> KeyValue {
    KeyValue { key: key.to_owned(), value: value(what), ..KeyValue::default() }
}

fn request(records: Vec<LogRecord>) -> ExportLogsServiceRequest {
    ExportLogsServiceRequest {
        resource_logs: vec![ResourceLogs {
            resource: Some(Resource {
                attributes: vec![pair("service.name", Value::StringValue("shop".into()))],
                ..Resource::default()
            }),
            scope_logs: vec![ScopeLogs {
                scope: Some(InstrumentationScope { name: "cart".into(), ..Default::default() }),
                log_records: records,
                ..ScopeLogs::default()
            }],
            ..ResourceLogs::default()
        }],
    }
}

#[test]
fn a_record_with_everything_has_one_line() {
    let nested = Value::KvlistValue(KeyValueList {
        values: vec![
            pair(
                "a",
                Value::ArrayValue(ArrayValue {
                    values: vec![
                        AnyValue { value: Some(Value::IntValue(-1)) },
                        AnyValue { value: None },
                        AnyValue { value: Some(Value::StringValue("x\"\\\n\u{1}é".into())) },
                    ],
                }),
            ),
            pair("b", Value::KvlistValue(KeyValueList::default())),
        ],
    });
    let record = LogRecord {
        time_unix_nano: 1_772_618_400_123_456_789,
        observed_time_unix_nano: 1_772_618_401_000_000_000,
        severity_number: 17,
        severity_text: "ERROR".into(),
        body: value(nested),
        attributes: vec![
            pair("s", Value::StringValue("v".into())),
            pair("i", Value::IntValue(i64::MIN)),
            pair("d", Value::DoubleValue(1e300)),
            pair("one", Value::DoubleValue(1.0)),
            pair("nan", Value::DoubleValue(f64::NAN)),
            pair("b", Value::BoolValue(false)),
            pair("y", Value::BytesValue(vec![0, 255, 7])),
        ],
        dropped_attributes_count: 3,
        flags: 1,
        trace_id: (1..=16).collect(),
        span_id: vec![0xee; 8],
        event_name: "cart.failed".into(),
    };
    let expected = concat!(
        r#"{"logRecord":{"timeUnixNano":"1772618400123456789","observedTimeUnixNano":"1772618401000000000","#,
        r#""severityNumber":17,"severityText":"ERROR","eventName":"cart.failed","#,
        r#""body":{"a":[-1,null,"x\"\\\n\u0001é"],"b":{}},"#,
        r#""attributes":{"s":"v","i":-9223372036854775808,"d":1e300,"one":1.0,"nan":"NaN","b":false,"y":"AP8H"},"#,
        r#""droppedAttributesCount":3,"flags":1,"traceId":"0102030405060708090a0b0c0d0e0f10","spanId":"eeeeeeeeeeeeeeee"},"#,
        r#""resource":{"attributes":{"service.name":"shop"}},"scope":{"name":"cart"}}"#,
    );
    let request = request(vec![record]);
    let (lines, _) = from_proto(&request.encode_to_vec()).unwrap();
    assert_eq!(lines, [expected]);
    serde_json::from_str::<serde_json::Value>(&lines[0]).unwrap();
    let text = serde_json::to_string(&request).unwrap().replace("null", "\"NaN\"");
    // What the crate writes for NaN and an empty value is not what OTLP/JSON says.
    let text =
        text.replace("{\"value\":\"NaN\"}", "{}").replace("\"value\":\"NaN\"", "\"value\":null");
    let (from_text, _) = from_json(text.as_bytes()).unwrap();
    assert_eq!(from_text, [expected], "{text}");
}

#[test]
fn json_as_clients_write_it() {
    let one = |record: &str| {
        let request =
            format!("{{\"resourceLogs\":[{{\"scopeLogs\":[{{\"logRecords\":[{record}]}}]}}]}}");
        from_json(request.as_bytes()).map(|(lines, _)| lines[0].clone())
    };
    for (record, expected) in [
        ("{}", r#"{"logRecord":{}}"#),
        (
            r#"{"timeUnixNano":17,"severityNumber":"SEVERITY_NUMBER_WARN2"}"#,
            r#"{"logRecord":{"timeUnixNano":"17","severityNumber":14}}"#,
        ),
        (r#"{"severityNumber":"9","timeUnixNano":"0"}"#, r#"{"logRecord":{"severityNumber":9}}"#),
        (r#"{"severityNumber":99}"#, r#"{"logRecord":{}}"#),
        (
            r#" { "body" : { "stringValue" : "a\u0062c \ud83d\ude00" } , "other" : { "x" : [ 1 , { } ] } } "#,
            "{\"logRecord\":{\"body\":\"abc 😀\"}}",
        ),
        (
            r#"{"body":{"intValue":"7"},"flags":"1","traceId":"","spanId":null}"#,
            r#"{"logRecord":{"body":7,"flags":1}}"#,
        ),
        (r#"{"body":{"intValue":7e2}}"#, r#"{"logRecord":{"body":700}}"#),
        (r#"{"body":{"doubleValue":"-Infinity"}}"#, r#"{"logRecord":{"body":"-Infinity"}}"#),
        (r#"{"body":{"bytesValue":"_w"}}"#, r#"{"logRecord":{"body":"/w=="}}"#),
        (r#"{"body":{"arrayValue":{}},"attributes":[]}"#, r#"{"logRecord":{"body":[]}}"#),
        (
            r#"{"body":{"kvlistValue":{"values":[{"value":{"boolValue":true},"key":"k"},{"key":"n"}]}}}"#,
            r#"{"logRecord":{"body":{"k":true,"n":null}}}"#,
        ),
        (r#"{"body":null,"attributes":null,"severityText":null}"#, r#"{"logRecord":{}}"#),
        (
            r#"{"body":{},"traceId":"5B8EFFF798038103D269B633813FC60C","spanId":"eee19b7ec3c1b174"}"#,
            r#"{"logRecord":{"traceId":"5b8efff798038103d269b633813fc60c","spanId":"eee19b7ec3c1b174"}}"#,
        ),
        (r#"{"body":{"unknownValue":[1,2],"stringValue":"x"}}"#, r#"{"logRecord":{"body":"x"}}"#),
    ] {
        assert_eq!(one(record).as_deref(), Ok(expected), "{record}");
    }
    for wrong in [
        r#"{"timeUnixNano":-1}"#,
        r#"{"timeUnixNano":"x"}"#,
        r#"{"severityNumber":"ERROR"}"#,
        r#"{"traceId":"W47/95gDgQPSabYzgT/GDA=="}"#,
        r#"{"body":"bare"}"#,
        r#"{"body":{"stringValue":7}}"#,
        r#"{"body":{"boolValue":"true"}}"#,
        r#"{"body":{"bytesValue":"!"}}"#,
        r#"{"body":{"intValue":1.5}}"#,
        r#"{"body":{"doubleValue":"inf"}}"#,
        r#"{"attributes":{"k":"v"}}"#,
        r#"{"attributes":[7]}"#,
        "7",
    ] {
        assert!(matches!(one(wrong), Err(Refusal::Malformed(_))), "{wrong}");
    }
    for wrong in ["", "{", "[]", "{}x", "{\"resourceLogs\":{}}", "{\"resourceLogs\":[1]}", "\u{0}"]
    {
        assert!(matches!(from_json(wrong.as_bytes()), Err(Refusal::Malformed(_))), "{wrong}");
    }
    assert!(matches!(from_json(b"{\"a\":\"\xff\"}"), Err(Refusal::Malformed(_))));
    assert_eq!(from_json(b" {} ").unwrap(), (vec![], 0));
}

#[test]
fn members_may_come_in_any_order() {
    let text = r#"{"resourceLogs":[{"schemaUrl":"s","scopeLogs":[{"logRecords":[{"body":{"stringValue":"x"}},{}],"scope":{"version":"2","name":"n"},"schemaUrl":"t"}],"resource":{"attributes":[{"key":"a","value":{"intValue":1}}]}},{"scopeLogs":[{"logRecords":[{}]}]}]}"#;
    let shared = r#","resource":{"attributes":{"a":1},"schemaUrl":"s"},"scope":{"name":"n","version":"2","schemaUrl":"t"}}"#;
    let (lines, _) = from_json(text.as_bytes()).unwrap();
    let expected = [
        format!(r#"{{"logRecord":{{"body":"x"}}{shared}"#),
        format!(r#"{{"logRecord":{{}}{shared}"#),
        r#"{"logRecord":{}}"#.to_owned(),
    ];
    assert_eq!(lines, expected);
}

#[test]
fn text_that_is_no_utf8_stays_visible() {
    let mut bytes = request(vec![LogRecord {
        body: value(Value::StringValue("ab".into())),
        ..LogRecord::default()
    }])
    .encode_to_vec();
    let at = bytes.windows(2).rposition(|pair| pair == b"ab").unwrap();
    bytes[at] = 0xff;
    let (lines, _) = from_proto(&bytes).unwrap();
    assert!(lines[0].contains(r#""body":"\\xffb""#), "{}", lines[0]);
}

#[test]
fn what_is_too_deep_or_too_long_is_refused_alone() {
    let mut deep = Value::BoolValue(true);
    for _ in 0..40 {
        deep = Value::ArrayValue(ArrayValue { values: vec![AnyValue { value: Some(deep) }] });
    }
    let with = |body: Value| LogRecord { body: value(body), ..LogRecord::default() };
    let fine = || with(Value::StringValue("fine".into()));
    let long = with(Value::StringValue("\u{1}".repeat(400_000)));
    let request = request(vec![fine(), with(deep), long, fine()]);
    let (lines, refused) = from_proto(&request.encode_to_vec()).unwrap();
    assert_eq!((lines.len(), refused), (2, 2));
    let text = serde_json::to_string(&request).unwrap();
    assert_eq!(from_json(text.as_bytes()).unwrap(), (lines, 2));
}

/// Few bytes that would become gigabytes if they were built, copied or gone through again and again.
#[test]
fn hostile_requests_cost_what_their_bytes_cost() {
    let field = |number: u8, content: &[u8]| {
        let mut out = vec![number << 3 | 2];
        prost::encoding::encode_varint(content.len() as u64, &mut out);
        [out, content.to_vec()].concat()
    };
    let resource = |bytes: usize| field(1, &field(1, &field(1, &vec![b'k'; bytes])));
    let scopes = |n: usize, content: &[u8]| field(2, content).repeat(n);
    let json = |inner: &str, n: usize, before: &str| {
        let many = vec![inner; n].join(",");
        format!("{{\"resourceLogs\":[{{{before}\"scopeLogs\":[{many}]}}]}}").into_bytes()
    };
    let attribute =
        format!("\"resource\":{{\"attributes\":[{{\"key\":\"{}\"}}]}},", "k".repeat(1_040_000));
    let begin = Instant::now();
    for (what, request, is_json) in [
        ("empty records", field(1, &field(2, &field(2, b"").repeat(300_000))), false),
        (
            "records of a long resource",
            field(1, &[resource(1_000_000), field(2, &field(2, b"").repeat(1_000_000))].concat()),
            false,
        ),
        (
            "scopes of a long resource",
            field(1, &[resource(1_048_000), scopes(100_000, &field(2, b""))].concat()),
            false,
        ),
        (
            "scopes of a resource too long",
            field(1, &[resource(2_000_000), scopes(100_000, &field(2, b""))].concat()),
            false,
        ),
        ("empty scopes", field(1, &[resource(2_000_000), scopes(200_000, b"")].concat()), false),
        ("empty scopes", json("{}", 100_000, &attribute), true),
        ("scopes of a long resource", json("{\"logRecords\":[{}]}", 50_000, &attribute), true),
        (
            "empty records",
            json(&format!("{{\"logRecords\":[{}]}}", vec!["{}"; 200_000].join(",")), 1, ""),
            true,
        ),
    ] {
        let read = if is_json { from_json(&request) } else { from_proto(&request) };
        let bytes: usize = match &read {
            Ok((lines, _)) => lines.iter().map(String::len).sum(),
            Err(refusal) => panic!("{what}: {refusal}"),
        };
        assert!(bytes <= Limits::default().records_max, "{what}: {bytes}");
    }
    assert!(begin.elapsed().as_secs() < 60, "{:?}", begin.elapsed());
}

fn any_value() -> impl Strategy<Value = AnyValue> {
    let leaf = prop_oneof![
        "\\PC{0,12}".prop_map(Value::StringValue),
        any::<bool>().prop_map(Value::BoolValue),
        any::<i64>().prop_map(Value::IntValue),
        (-1_000_000i32..1_000_000).prop_map(|n| Value::DoubleValue(f64::from(n) / 4.0)),
        proptest::collection::vec(any::<u8>(), 0..9).prop_map(Value::BytesValue),
    ];
    let value = leaf.prop_recursive(3, 24, 4, |inner| {
        let any = inner.prop_map(|value| AnyValue { value: Some(value) });
        let key = ("[a-z.]{0,6}", any.clone());
        prop_oneof![
            proptest::collection::vec(any, 0..4)
                .prop_map(|values| Value::ArrayValue(ArrayValue { values })),
            proptest::collection::vec(key, 0..4).prop_map(|pairs| {
                let pair =
                    |(key, value)| KeyValue { key, value: Some(value), ..Default::default() };
                Value::KvlistValue(KeyValueList { values: pairs.into_iter().map(pair).collect() })
            }),
        ]
    });
    value.prop_map(|value| AnyValue { value: Some(value) })
}

/// The stupid way: the value as serde_json would have it.
fn plain(value: &AnyValue) -> serde_json::Value {
    use base64::Engine;
    match &value.value {
        None => serde_json::Value::Null,
        Some(Value::StringValue(text)) => text.clone().into(),
        Some(Value::BoolValue(value)) => (*value).into(),
        Some(Value::IntValue(value)) => (*value).into(),
        Some(Value::DoubleValue(value)) => (*value).into(),
        Some(Value::BytesValue(bytes)) => {
            base64::engine::general_purpose::STANDARD.encode(bytes).into()
        }
        Some(Value::ArrayValue(array)) => array.values.iter().map(plain).collect(),
        Some(Value::KvlistValue(list)) => {
            let plain = |pair: &KeyValue| {
                (pair.key.clone(), pair.value.as_ref().map_or(serde_json::Value::Null, plain))
            };
            serde_json::Value::Object(list.values.iter().map(plain).collect())
        }
        Some(_) => serde_json::Value::Null,
    }
}

proptest! {
    #[test]
    fn both_encodings_give_what_serde_would(
        body in any_value(),
        time: u64,
        severity in 0i32..25,
        attribute in any_value(),
    ) {
        let record = LogRecord {
            time_unix_nano: time,
            severity_number: severity,
            body: Some(body.clone()),
            attributes: vec![KeyValue { key: "k".into(), value: Some(attribute.clone()), ..Default::default() }],
            ..LogRecord::default()
        };
        let request = request(vec![record]);
        let (lines, _) = from_proto(&request.encode_to_vec()).unwrap();
        let line: serde_json::Value = serde_json::from_str(&lines[0]).unwrap();
        prop_assert_eq!(&line["logRecord"]["body"], &plain(&body));
        prop_assert_eq!(&line["logRecord"]["attributes"]["k"], &plain(&attribute));
        let text = serde_json::to_string(&request).unwrap();
        prop_assert_eq!(from_json(text.as_bytes()).unwrap().0, lines, "{}", text);
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200), at in 0usize..400, with: u8) {
        let _ = from_proto(&bytes);
        let _ = from_json(&bytes);
        let mut sound = request(vec![LogRecord { body: value(Value::StringValue("x".into())), ..Default::default() }]).encode_to_vec();
        let len = sound.len();
        sound[at % len] = with;
        let _ = from_proto(&sound);
    }

    #[test]
    fn any_text_is_walked(text in "[\\[\\]{}\":,a0\\\\ n]{0,60}") {
        let _ = from_json(text.as_bytes());
        let _ = from_json(format!("{{\"resourceLogs\":[{text}]}}").as_bytes());
    }
}
