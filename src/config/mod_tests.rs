use super::*;
use option::{Kind, Status, Value};

fn read(yaml: &str) -> (Config, Vec<String>) {
    parse(yaml, "f.yaml", &Environment::default()).unwrap_or_else(|failure| panic!("{failure}"))
}

fn refused(yaml: &str) -> String {
    parse(yaml, "f.yaml", &Environment::default()).unwrap_err().to_string()
}

#[test]
fn defaults_are_the_documented_ones() {
    let config = Config::default();
    assert_eq!(config.program.dashboard_port, 8080);
    assert_eq!(config.receivers.syslog_udp_port, 5514);
    assert_eq!(config.receivers.frame_bytes_max, 64 << 10);
    assert_eq!(config.engine.max_held_bytes, 256 << 20);
    assert_eq!(config.engine.workers, None);
    assert_eq!(config.detection.dspot.risk_level, 1e-4);
    assert_eq!(config.alerting.dedup_window_seconds, 900);
    assert_eq!(config.alerting.file_path, None);
    assert_eq!(config.receivers.file_start, FileStart::End);
}

/// Every value that the checks let through must fit the field of its option.
#[test]
fn whatever_is_allowed_can_be_held() {
    for row in table::rows().filter(|row| row.status == Status::Active) {
        let values: Vec<Value> = match row.kind {
            Kind::Bool => vec![Value::Bool(true), Value::Bool(false)],
            Kind::Int(min, max) => vec![Value::Int(min), Value::Int(max)],
            Kind::Bytes(min, max) => {
                vec![Value::Int(min as i64), Value::Int(i64::try_from(max).unwrap())]
            }
            Kind::Choice(words) => words.iter().map(|w| Value::Text((*w).into())).collect(),
            Kind::Severity => (0..=6).map(Value::Int).collect(),
            Kind::Text => vec![Value::Text("x".into()), Value::Text(String::new())],
            Kind::Address => vec![Value::Text("::1".into())],
            Kind::Rate => vec![Value::Text("7/hour".into())],
            Kind::Table(min, max) => {
                vec![Value::Table(BTreeMap::from([("a".to_owned(), min), ("b".to_owned(), max)]))]
            }
            _ => continue,
        };
        for value in values {
            let mut checked = check::check(&empty());
            checked.values.values.insert(row.path, value.clone());
            assert!(Config::from_values(checked.values).is_ok(), "{} {value:?}", row.path);
        }
    }
}

#[test]
fn variables_are_put_in_and_typed() {
    let environment = Environment::of(&[("PORT", "9090"), ("DIR", "/data"), ("ON", "false")]);
    let yaml = "dashboard_port: ${PORT}\nstorage: {data_dir: ${DIR}/x}\n\
                receivers: {syslog_enabled: \"${ON}\", syslog_udp_port: ${NONE:-1514},\n  \
                bind_addr: ${ADDR:-::1}, file_paths: ${FILES:-[/a, /b]}}\n";
    let (config, warnings) = parse(yaml, "f", &environment).unwrap();
    assert!(warnings.is_empty(), "{warnings:?}");
    assert_eq!(config.program.dashboard_port, 9090);
    assert_eq!(config.storage.data_dir.as_deref(), Some(Path::new("/data/x")));
    assert!(!config.receivers.syslog_enabled);
    assert_eq!(config.receivers.syslog_udp_port, 1514);
    assert_eq!(config.receivers.bind_addr.to_string(), "::1");
    assert_eq!(config.receivers.file_paths, ["/a", "/b"]);
    let failure = parse("log_level: ${NONE}", "f", &environment).unwrap_err().to_string();
    assert!(
        failure.contains("f:1:12: log_level: environment variable NONE is not set"),
        "{failure}"
    );
    let failure = parse("dashboard_port: ${DIR}", "f", &environment).unwrap_err().to_string();
    assert!(failure.contains("is \"/data\"; allowed: a whole number"), "{failure}");
}

#[test]
fn a_file_of_the_python_product_loads() {
    let (config, warnings) = read(
        "storage: {backend: sqlite, data_dir: /tmp/x/data}\nreceivers:\n  bind_addr: 127.0.0.1\n  \
         syslog_enabled: true\n  syslog_udp_port: 21514\n  syslog_tcp_port: 21515\n  \
         otlp_grpc_enabled: true\n  otlp_grpc_port: 21517\n  otlp_http_enabled: true\n  \
         otlp_http_port: 21518\ndashboard_port: 21580\nhealth_bind_address: 127.0.0.1\n\
         api_rate_limit_enabled: false\n",
    );
    assert_eq!(config.receivers.syslog_tcp_port, 21_515);
    assert_eq!(config.program.dashboard_port, 21_580);
    assert_eq!(warnings.len(), 1, "{warnings:#?}");
    let (config, warnings) = read(
        "receivers:\n  syslog_enabled: true\n  syslog_udp_port: 5514\n  otlp_grpc_enabled: false\n  \
         otlp_http_enabled: false\n  webhook_enabled: false\n\ndetection:\n  \
         hst_window_size: 100\n  score_interval: 2\n  dspot:\n    calibration_window: 200\n    risk_level: 0.01\n",
    );
    assert_eq!(config.detection.dspot.calibration_window, 200);
    assert_eq!(config.detection.dspot.risk_level, 0.01);
    assert_eq!(config.detection.hst_window_size, 100);
    assert_eq!(warnings.len(), 1, "{warnings:#?}");
    assert!(!config.receivers.otlp_grpc_enabled);
    assert!(warnings[0].starts_with("f.yaml:10:3: detection.score_interval: has no effect"));
}

#[test]
fn mistakes_are_told_together() {
    let text = refused("b: 1\nlog_level: ${NONE}\ndashboard_port: ${NONE}\n");
    assert!(text.starts_with("error: the configuration has 3 mistakes"), "{text}");
    let text = refused("b: 1\na: 2\nlog_level: LOUD\n");
    assert!(
        text.starts_with("error: the configuration has 3 mistakes\n  f.yaml:1:1: b:"),
        "{text}"
    );
    assert!(text.contains("f.yaml:3:12: log_level: is \"LOUD\"; allowed: DEBUG, INFO"), "{text}");
    let many: String = (0..40).map(|n| format!("unknown{n}: 1\n")).collect();
    assert!(refused(&many).contains("… and 20 more"));
    let failure = parse("a: [", "f", &Environment::default()).unwrap_err();
    assert_eq!(failure.exit_code, crate::ExitCode::Usage);
}

#[test]
fn the_first_place_that_is_there_is_read() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str, text: &str| {
        let path = dir.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let argument = path("a.yaml", "dashboard_port: 1");
    let variable = path("b.yaml", "dashboard_port: 2");
    let place = path("c.yaml", "dashboard_port: 3");
    let missing = dir.path().join("missing.yaml");
    let set = Environment::of(&[("SEERFLOW_CONFIG", variable.to_str().unwrap())]);
    let unset = Environment::of(&[("SEERFLOW_CONFIG", "")]);
    let places = [missing.as_path(), place.as_path()];
    let port = |argument: Option<&Path>, environment: &Environment, places: &[&Path]| {
        let loaded = load_from(argument, environment, places).unwrap();
        (loaded.config.program.dashboard_port, loaded.origin)
    };
    assert_eq!(port(Some(&argument), &set, &places), (1, Origin::Argument(argument.clone())));
    assert_eq!(port(None, &set, &places), (2, Origin::Variable(variable.clone())));
    assert_eq!(port(None, &unset, &places), (3, Origin::Found(place.clone())));
    assert_eq!(port(None, &unset, &places[..1]), (8080, Origin::Defaults));
    let failure = load_from(Some(&missing), &unset, &places).unwrap_err();
    assert!(failure.primary.contains("missing.yaml: No such file"), "{failure}");
    assert_eq!(failure.exit_code, crate::ExitCode::Usage);
    std::fs::write(&argument, b"a: \xff").unwrap();
    let failure = load_from(Some(&argument), &unset, &places).unwrap_err();
    assert!(failure.primary.contains("byte 4 is not UTF-8"), "{failure}");
}

proptest::proptest! {
    /// Whatever a file holds, reading it ends with a configuration or with a failure.
    #[test]
    fn no_text_breaks_it(text in proptest::collection::vec(
        proptest::sample::select(vec![
            "receivers", "detection", "dspot", "sources", "drop", "regex", "match", ": ", "\n", "  ",
            "- ", "{", "}", "[", "]", ",", "${", "${A:-", "$${", "\"", "'", "#", "&a ", "*a", "<<", "!!int ",
            "|", ">", "5", "-1", "1e9", "true", "null", "~", "\t", "\u{f5e7b}", "ü", "\0", "?",
        ]), 0..40)
    ) {
        let text = text.concat();
        if let Err(failure) = parse(&text, "f", &Environment::default()) {
            proptest::prop_assert!(!failure.detail.is_empty());
        }
    }

    /// A number is taken exactly when it is in the range that the table names.
    #[test]
    fn ranges_are_kept(n in -10i64..70_000) {
        let yaml = format!("receivers: {{syslog_udp_port: {n}}}");
        let read = parse(&yaml, "f", &Environment::default());
        match u16::try_from(n) {
            Ok(port) => proptest::prop_assert_eq!(read.unwrap().0.receivers.syslog_udp_port, port),
            Err(_) => proptest::prop_assert!(read.is_err()),
        }
    }
}
