//! The command line from outside: exit codes, output forms, inputs of every kind.

use crate::support::program::{self, Said, run, run_with};
use crate::support::world::{self, Shape};
use seerflow_model::Alert;
use std::io::Write;
use std::path::Path;
use std::process::Stdio;

const CONFIG: &str = "detection:\n  bucket_seconds: 10\n  alerts_per_day: 0\n  dspot:\n    risk_level: 0.01\n    calibration_window: 200\n";

/// A home with an archive `app.log` that holds incidents, and a configuration that finds them.
fn home() -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("seerflow.yaml"), CONFIG).unwrap();
    let shape = Shape { seed: 21, minutes: 100, busy: 1.0, entities: 20 };
    world::write(home.path(), &world::generate(shape));
    home
}

/// Alerts of a run, without what names the input file.
fn outline(said: &Said) -> Vec<String> {
    let alerts = said.out.lines().map(|line| serde_json::from_str::<Alert>(line).unwrap());
    alerts
        .map(|a| format!("{} {} {} {}", a.rule_name, a.title, a.timestamp_ns, a.occurrences))
        .collect()
}

#[test]
fn exit_codes_say_what_happened() {
    let home = home();
    let path = home.path();
    let code = |args: &[&str]| run(path, args).code;
    assert_eq!(code(&["--version"]), 0);
    assert_eq!(code(&["--help"]), 0);
    assert_eq!(code(&["analyze", "app.log", "--no-such-flag"]), 2);
    assert_eq!(code(&["no-such-command"]), 2);
    assert_eq!(code(&["analyze", "app.log"]), 1, "it holds alerts");
    assert_eq!(code(&["analyze", "no-such-file"]), 2);
    std::fs::write(path.join("quiet.log"), "2026-01-01T00:00:00Z INFO all is well\n").unwrap();
    assert_eq!(code(&["analyze", "quiet.log"]), 0);
    std::fs::write(path.join("empty.log"), "").unwrap();
    assert_eq!(code(&["analyze", "empty.log"]), 0);
    assert_eq!(code(&["config", "check"]), 0);
    assert_eq!(code(&["completions", "bash"]), 0);
    std::fs::write(path.join("bad.yaml"), "detection:\n  buckt_seconds: 10\n").unwrap();
    let bad = run(path, &["config", "check", "--config", "bad.yaml"]);
    assert_eq!(bad.code, 2);
    let text = format!("{}{}", bad.out, bad.err);
    assert!(text.contains("buckt_seconds") && text.contains("bucket_seconds"), "{text}");
    assert!(text.contains("2:3") || text.contains("line 2"), "line and column: {text}");
    assert_eq!(code(&["analyze", "app.log", "--config", "bad.yaml"]), 2);
    let version = run(path, &["--version"]).out;
    assert_eq!(version.trim(), concat!("seerflow ", env!("CARGO_PKG_VERSION")));
}

/// One line of each of six kinds, as `parse --json` shows them.
#[test]
fn six_kinds_of_lines_are_read_as_ever() {
    let home = tempfile::tempdir().unwrap();
    let lines = include_str!("golden/six.log");
    std::fs::write(home.path().join("six.log"), lines).unwrap();
    let file = std::fs::File::options().write(true).open(home.path().join("six.log")).unwrap();
    let modified = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_774_400_000);
    file.set_modified(modified).unwrap();
    let said = run(home.path(), &["parse", "six.log", "--json"]);
    assert_eq!(said.code, 0, "{}", said.err);
    let events: serde_json::Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(events.as_array().unwrap().len(), 6);
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/golden/six.json");
    let pretty = format!("{events:#}\n");
    if std::env::var_os("SEERFLOW_BLESS").is_some() {
        std::fs::write(&golden, &pretty).unwrap();
    }
    let expected = std::fs::read_to_string(golden).unwrap();
    for (number, (expected, got)) in expected.lines().zip(pretty.lines()).enumerate() {
        assert_eq!(expected, got, "line {} of golden/six.json", number + 1);
    }
    assert_eq!(expected.len(), pretty.len());
}

#[test]
fn every_line_gets_its_template() {
    let home = tempfile::tempdir().unwrap();
    let text = "2026-01-01T00:00:00Z INFO job 1 done\n\
                2026-01-01T00:00:01Z ERROR job 2 failed\n\
                \tat some.place(File.java:7)\n\
                \n\
                2026-01-01T00:00:02Z INFO job 3 done";
    std::fs::write(home.path().join("app.log"), text).unwrap();
    let said = run(home.path(), &["templates", "assign", "app.log"]);
    assert_eq!(said.code, 0, "{}", said.err);
    let rows = said.ndjson();
    let lines: Vec<u64> = rows.iter().map(|row| row["line"].as_u64().unwrap()).collect();
    assert_eq!(lines, [1, 2, 3, 4, 5], "all lines, from 1");
    for row in &rows {
        let keys: Vec<&String> = row.as_object().unwrap().keys().collect();
        assert_eq!(keys, ["line", "id", "template"]);
        assert!(row["id"].as_str().unwrap().parse::<u64>().unwrap() > 0);
    }
    assert_eq!(rows[0]["template"], "job <*> done", "the header is no part of it");
    assert_eq!(
        rows[0],
        serde_json::json!({"line": 1, "id": rows[4]["id"], "template": rows[4]["template"]})
    );
    assert_eq!(rows[1]["id"], rows[2]["id"], "a record of two lines has one template");

    let said = run_with(
        home.path(),
        &["templates", "assign", "-", "--message"],
        b"job 1 done\n\nat 7\njob 2 done\n",
    );
    let rows = said.ndjson();
    let templates: Vec<&str> = rows.iter().map(|row| row["template"].as_str().unwrap()).collect();
    assert_eq!(templates, ["job <*> done", "", "at <*>", "job <*> done"]);
}

#[test]
fn standard_input_is_read_once_and_says_the_same() {
    let home = home();
    let file = run(home.path(), &["analyze", "app.log", "--one-pass", "--format", "ndjson"]);
    let input = std::fs::read(home.path().join("app.log")).unwrap();
    let stdin = run_with(home.path(), &["analyze", "-", "--format", "ndjson"], &input);
    assert_eq!((file.code, stdin.code), (1, 1), "{}", stdin.err);
    let neutral = |said: &Said| -> Vec<String> {
        outline(said).iter().map(|line| line.replace("app.log", "-")).collect()
    };
    assert_eq!(neutral(&file), neutral(&stdin));
}

#[test]
fn compressed_archives_say_the_same() {
    let home = home();
    let input = std::fs::read(home.path().join("app.log")).unwrap();
    let plain = outline(&run(home.path(), &["analyze", "app.log", "--format", "ndjson"]));
    assert!(plain.len() >= 3, "{plain:?}");
    let write = |name: &str, bytes: Vec<u8>| std::fs::write(home.path().join(name), bytes).unwrap();
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gz.write_all(&input).unwrap();
    write("app.log.gz", gz.finish().unwrap());
    let mut bz2 = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::default());
    bz2.write_all(&input).unwrap();
    write("app.log.bz2", bz2.finish().unwrap());
    let mut xz = liblzma::write::XzEncoder::new(Vec::new(), 6);
    xz.write_all(&input).unwrap();
    write("app.log.xz", xz.finish().unwrap());
    write("app.log.zst", zstd::encode_all(&input[..], 3).unwrap());
    for name in ["app.log.gz", "app.log.bz2", "app.log.xz", "app.log.zst"] {
        let said = run(home.path(), &["analyze", name, "--format", "ndjson"]);
        assert_eq!(said.code, 1, "{name}: {}", said.err);
        let said: Vec<String> =
            outline(&said).iter().map(|line| line.replace(name, "app.log")).collect();
        assert_eq!(plain, said, "{name}");
    }
}

#[test]
fn since_and_until_leave_out_the_rest() {
    let home = home();
    let events = |args: &[&str]| -> u64 {
        let said =
            run(home.path(), &[&["analyze", "app.log", "--format", "ndjson"], args].concat());
        assert!(said.code <= 1, "{}", said.err);
        let line =
            said.err.lines().find_map(|line| line.strip_prefix("events")).unwrap().to_owned();
        line.trim().replace(',', "").parse().unwrap()
    };
    let (all, since, until) = (
        events(&[]),
        events(&["--since", "2026-03-10T09:00:00Z"]),
        events(&["--until", "2026-03-10 09:00"]),
    );
    assert!(since > 0 && until > 0);
    assert_eq!(since + until, all);
    let span = events(&["--since", "10m"]);
    assert!(span > 0 && span < since);
    assert_eq!(events(&["--since", "2027-01-01"]), 0);
    for window in [["--since", "2026-03-10T09:00:00Z"], ["--until", "2026-03-10T09:00:00Z"]] {
        let once = [&window[..], &["--one-pass"]].concat();
        assert_eq!(events(&once), events(&window), "{window:?}");
    }
    let back = ["analyze", "app.log", "--one-pass", "--since", "10m"];
    assert_eq!(run(home.path(), &back).code, 2, "the newest event of a pipe is not known");
    assert_eq!(run(home.path(), &["analyze", "app.log", "--since", "yesterday"]).code, 2);
}

#[test]
fn lists_come_in_four_forms() {
    let home = home();
    let said = |format: &str| run(home.path(), &["analyze", "app.log", "--format", format]);
    let ndjson = said("ndjson").ndjson();
    let json: serde_json::Value = serde_json::from_str(&said("json").out).unwrap();
    assert_eq!(json.as_array().unwrap(), &ndjson);
    let order: Vec<(u64, &str)> = ndjson
        .iter()
        .map(|alert| {
            let start = alert["timestamp_ns"].as_str().unwrap().parse().unwrap();
            (start, alert["alert_id"].as_str().unwrap())
        })
        .collect();
    assert!(order.is_sorted(), "sorted by start and id");
    let csv = said("csv").out;
    assert!(csv.starts_with("alert_id,status,"), "{csv}");
    for alert in &ndjson {
        assert!(csv.contains(alert["alert_id"].as_str().unwrap()));
    }
    let table = said("table").out;
    assert!(table.lines().count() > ndjson.len(), "{table}");
    assert!(!table.contains('\x1b'), "no colours without a terminal");
    let piped = run(home.path(), &["analyze", "app.log"]);
    assert_eq!(piped.ndjson(), ndjson, "without a terminal: NDJSON");
}

#[test]
fn a_closed_pipe_is_quiet() {
    let home = home();
    for args in
        [&["parse", "app.log"][..], &["templates", "assign", "app.log"], &["config", "reference"]]
    {
        let mut child = program::command(home.path())
            .args(args)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{args:?}");
        assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{args:?}");
    }
}

/// Escapes, bells and other controls of log text never reach a reader, in any command or form.
#[test]
fn hostile_lines_cannot_steer_a_terminal() {
    let home = home();
    let path = home.path().join("app.log");
    let mut lines = std::fs::read(&path).unwrap();
    let hostile = b"2026-03-10T09:39:59.000Z FATAL \x1b]0;owned\x07\x1b[2J\x1b[31mred \xc2\x9b31m \xff\xfe \x00 \x08\x7f\r over \xe2\x80\xae txt\n";
    for _ in 0..3 {
        lines.extend_from_slice(hostile);
    }
    std::fs::write(&path, lines).unwrap();
    let mut seen = 0;
    for args in [
        &["analyze", "app.log", "--format", "table"][..],
        &["analyze", "app.log", "--format", "csv"],
        &["analyze", "app.log", "--format", "json"],
        &["parse", "app.log", "--format", "table"],
        &["parse", "app.log", "--explain", "--format", "table"],
        &["parse", "app.log", "--format", "csv"],
        &["parse", "app.log", "--format", "ndjson"],
        &["templates", "list", "app.log", "--format", "table", "--limit", "1000"],
        &["templates", "list", "app.log", "--format", "csv", "--limit", "1000"],
        &["templates", "assign", "app.log"],
    ] {
        let said = run(home.path(), args);
        seen += usize::from(said.out.contains("owned"));
        for (name, text) in [("stdout", &said.out), ("stderr", &said.err)] {
            // CSV lines end as RFC 4180 says.
            let text = text.replace("\r\n", "\n");
            let bad = text
                .chars()
                .find(|c| (c.is_control() && *c != '\n') || ('\u{202a}'..='\u{202e}').contains(c));
            assert_eq!(bad, None, "{args:?} {name}");
        }
    }
    assert!(seen >= 7, "the line itself is shown, in {seen} forms");
}

#[test]
fn own_role_rules_come_first_and_their_mistakes_are_told() {
    let home = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = home.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    write("seerflow.yaml", "detection: {roles_dir: roles}\n");
    write(
        "roles/badge.yaml",
        "programs: [badged]\nrules:\n  - match: ['{actor:user} entered through {object:service}']\n    \
         activity: login\n    outcome: success\n",
    );
    // It stands in the place of the built-in file of this name.
    write(
        "roles/redis.yaml",
        "programs: [redis]\nrules:\n  - match: ['Accepted {src:ip} of ours']\n",
    );
    write(
        "in.log",
        "<13>1 2026-03-10T09:00:00Z gate-1 badged 1 - - eve entered through door-7\n\
         <13>1 2026-03-10T09:00:01Z db-1 redis 2 - - * Accepted 203.0.113.9:4242\n\
         <86>1 2026-03-10T09:00:02Z web-1 sshd 3 - - Invalid user pi from 203.0.113.9 port 22\n",
    );
    let said = run(home.path(), &["parse", "in.log", "--explain", "--format", "table"]);
    assert_eq!(said.code, 0, "{}", said.err);
    let rules: Vec<_> = said.out.lines().filter(|line| line.contains("role rule")).collect();
    assert_eq!(
        rules[0].trim(),
        "role rule  badge.yaml:3 {actor:user} entered through {object:service}"
    );
    assert_eq!(rules[1].trim(), "role rule  none fits");
    assert!(rules[2].contains("sshd.yaml:"), "{rules:?}");
    assert!(
        said.out.contains("user eve as actor") && said.out.contains("service door-7 as object")
    );
    let json = run(home.path(), &["parse", "in.log", "--explain", "--format", "ndjson"]);
    let first: serde_json::Value = serde_json::from_str(json.out.lines().next().unwrap()).unwrap();
    assert_eq!(first["explain"]["role_rule"]["file"], "badge.yaml");
    assert_eq!(first["explain"]["role_rule"]["line"], 3);

    write("roles/worse.yaml", "programs: [x]\nrules:\n  - match: ['{actor:cat} came']\n");
    for args in [&["config", "check"][..], &["start"], &["parse", "in.log"], &["analyze", "in.log"]]
    {
        let said = run(home.path(), args);
        assert_eq!(said.code, 2, "{args:?}: {}", said.err);
        assert!(said.err.contains("roles/worse.yaml:3: `{actor:cat}`"), "{args:?}: {}", said.err);
    }
}
