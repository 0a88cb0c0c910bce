//! Rules from outside: the commands on folders and lines, and changes of a running program.

use crate::daemon::{Answer, Daemon, FREE_PORTS, wait};
use crate::support::program::{Said, run, run_with};
use serde_json::{Value, json};
use std::net::UdpSocket;
use std::path::Path;

/// A rule with this id that looks for a word in the messages of a program of its own.
fn rule(id: &str, word: &str) -> String {
    format!(
        "title: word {word}\nid: {id}\nstatus: test\nlevel: high\nauthor: A. Writer\nlicense: DRL-1.1\n\
         references: [https://rules.example/{word}]\nlogsource: {{product: linux}}\n\
         tags: [attack.persistence, attack.t1053.003]\n\
         detection:\n  sel:\n    message|contains: '{word}'\n  other:\n    message|contains: ' of test'\n  \
         condition: sel and not other\n\
         samples:\n  match:\n  - 'Nov 25 10:00:00 web-1 app[8]: found {word} here'\n  miss:\n  \
         - 'Nov 25 10:00:00 web-1 app[8]: found {word} of test'\n"
    )
}

const HEARTS: &str = "0c3a64f4-0f3a-4c3e-9d28-7f1f3f6b3a11";
const SPADES: &str = "6a5f2a0e-52a5-4f0c-8a68-1c8a53a0d022";

fn write(folder: &Path, name: &str, text: &str) {
    let path = folder.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

/// A home whose configuration names a folder with one rule.
fn home(more: &str) -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    let rules = home.path().join("rules");
    write(&rules, "hearts.yml", &rule(HEARTS, "hearts"));
    let yaml = format!("detection:\n  sigma_rules_dirs: [{}]\n{more}", rules.display());
    write(home.path(), "seerflow.yaml", &yaml);
    home
}

fn rows(said: &Said) -> Vec<Value> {
    assert_eq!(said.code, 0, "{}", said.err);
    said.ndjson()
}

#[test]
fn lists_are_filtered_and_name_the_author() {
    let home = home("sigma: {min_level: medium}\n");
    let all = run(home.path(), &["rules", "list", "--format", "ndjson"]);
    assert!(all.err.contains(" rules\n"), "{}", all.err);
    let all = rows(&all);
    assert!(all.len() > 105, "{}", all.len());
    let hearts = all.iter().find(|row| row["rule_id"] == HEARTS).unwrap();
    assert_eq!(hearts["author"], "A. Writer");
    assert_eq!(hearts["license"], "DRL-1.1");
    assert_eq!(hearts["references"], json!(["https://rules.example/hearts"]));
    assert_eq!((&hearts["source"], &hearts["state"]), (&json!("file"), &json!("ok")));
    for (flags, fits) in [
        (
            &["--technique", "T1053"][..],
            (|row| row["techniques"].to_string().contains("T1053")) as fn(&Value) -> bool,
        ),
        (&["--technique", "t1053.003"], |row| row["techniques"].to_string().contains("T1053.003")),
        (&["--tactic", "TA0003"], |row| row["tactics"].to_string().contains("persistence")),
        (&["--tactic", "persistence"], |row| row["tactics"].to_string().contains("persistence")),
        (&["--lens", "operations"], |row| row["lens"] == "operations"),
        (&["--state", "disabled"], |row| row["reason"].to_string().contains("below medium")),
    ] {
        let found = rows(&run(
            home.path(),
            &[&["rules", "list", "--format", "ndjson"][..], flags].concat(),
        ));
        let expected = all.iter().filter(|row| fits(row)).count();
        assert!(found.iter().all(fits) && found.len() == expected, "{flags:?}: {}", found.len());
        assert!(expected > 0 && expected < all.len(), "{flags:?}");
    }
    let one = run(
        home.path(),
        &["rules", "list", "--json", "--technique", "T1053.003", "--search", "hearts"],
    );
    let one: Value = serde_json::from_str(&one.out).unwrap();
    assert_eq!(one.as_array().unwrap().len(), 1);
    let table = run(home.path(), &["rules", "list", "--format", "table", "--search", "hearts"]);
    assert!(
        table.out.contains("A. Writer") && table.out.trim_start().starts_with("NAME"),
        "{}",
        table.out
    );
    let csv = run(home.path(), &["rules", "list", "--format", "csv"]);
    assert_eq!(csv.out.lines().count(), all.len() + 1);
    for wrong in [["--technique", "T1"], ["--tactic", "persistance"], ["--state", "fine"]] {
        let said = run(home.path(), &[&["rules", "list"][..], &wrong].concat());
        assert_eq!(said.code, 2, "{wrong:?}");
    }
}

#[test]
fn a_check_says_of_each_rule_whether_it_can_match_and_why_not() {
    let home = tempfile::tempdir().unwrap();
    let dir = home.path().join("r");
    write(&dir, "a/good.yml", &rule(HEARTS, "hearts"));
    let good = run(home.path(), &["rules", "check", "r", "--format", "ndjson"]);
    let said = rows(&good);
    assert_eq!((said.len(), &said[0]["state"], &said[0]["line"]), (1, &json!("ok"), &json!(1)));
    assert!(good.err.contains("1 rules: 1 ok, 0 disabled, 0 unreachable, 0 error"), "{}", good.err);

    let bad =
        rule(SPADES, "spades").replace("message|contains: 'spades'", "message|contians: 'spades'");
    write(&dir, "bad.yaml", &bad);
    write(&dir, "expand.yml", &rule("3", "x").replace("|contains: 'x'", "|expand: '%who%'"));
    let never = rule("4", "y").replace("sel and not other", "sel and not sel");
    write(&dir, "never.yml", &never);
    write(&dir, "note.md", "no rule");
    let said = run(home.path(), &["rules", "check", "r", "--format", "ndjson"]);
    assert_eq!(said.code, 1, "{}", said.err);
    let states: Vec<String> = said
        .ndjson()
        .iter()
        .map(|row| format!("{} {}", row["file"].as_str().unwrap(), row["state"].as_str().unwrap()))
        .collect();
    let of = |state: &str| states.iter().filter(|row| row.ends_with(state)).count();
    assert_eq!(
        (of(" ok"), of(" disabled"), of(" error"), of(" unreachable")),
        (1, 1, 1, 1),
        "{states:?}"
    );
    let error = said.ndjson().into_iter().find(|row| row["state"] == "error").unwrap();
    assert_eq!((error["line"].as_u64(), error["column"].as_u64()), (Some(12), Some(5)), "{error}");
    assert!(error["reason"].as_str().unwrap().contains("contians"), "{error}");
    let table = run(home.path(), &["rules", "check", "r/bad.yaml", "--format", "table", "--quiet"]);
    assert!(table.out.contains("r/bad.yaml:12:5"), "{}", table.out);
    let placeholder = home.path().join("seerflow.yaml");
    std::fs::write(placeholder, "sigma: {placeholders: {who: [bob]}}\n").unwrap();
    let said = run(home.path(), &["rules", "check", "r/expand.yml", "--format", "ndjson"]);
    assert_eq!(rows(&said)[0]["state"], "ok");
    assert_eq!(run(home.path(), &["rules", "check", "no/such"]).code, 2);
}

#[test]
fn rules_are_put_to_their_own_samples() {
    let home = tempfile::tempdir().unwrap();
    let bundled = run(home.path(), &["rules", "test", "--format", "ndjson"]);
    let said = rows(&bundled);
    assert!(
        said.len() > 105 && said.iter().all(|row| row["result"] == "passed"),
        "{}",
        bundled.err
    );
    let dir = home.path().join("r");
    write(&dir, "good.yml", &rule(HEARTS, "hearts"));
    let count = "title: many hearts\nid: many\ncorrelation:\n  type: event_count\n  \
        rules: [0c3a64f4-0f3a-4c3e-9d28-7f1f3f6b3a11]\n  group-by: [entity.host]\n  timespan: 1m\n  \
        condition: {gte: 3}\nsamples:\n  match:\n  \
        - - {line: 'Nov 25 10:00:{n} web-1 app[8]: found hearts here', times: 3}\n  miss:\n  \
        - - {line: 'Nov 25 10:00:{n} web-1 app[8]: found hearts here', times: 2}\n";
    write(&dir, "many.yml", count);
    let said = run(home.path(), &["rules", "test", "r", "--format", "ndjson"]);
    assert_eq!(rows(&said).len(), 2, "{}", said.err);
    assert!(said.err.contains("2 rules: 2 passed with 4 samples, 0 failed"), "{}", said.err);
    write(&dir, "many.yml", &count.replace("gte: 3", "gte: 4"));
    let said = run(home.path(), &["rules", "test", "r", "--format", "ndjson"]);
    assert_eq!(said.code, 1);
    let failed = said.ndjson().into_iter().find(|row| row["result"] == "failed").unwrap();
    assert!(
        failed["failed"][0].as_str().unwrap().starts_with("does not match 3 records"),
        "{failed}"
    );
}

#[test]
fn events_of_which_is_known_what_matches() {
    let home = tempfile::tempdir().unwrap();
    let text = |id: &str, image: &str| {
        format!(
            "title: {id}\nid: {id}\nlogsource: {{product: windows, category: process_creation}}\n\
             detection: {{s: {{Image|endswith: '{image}'}}, condition: s}}\n"
        )
    };
    write(home.path(), "r/a.yml", &text("a", "\\a.exe"));
    write(home.path(), "r/b.yml", &text("b", ".exe"));
    let case = |image: &str, all: &[&str]| {
        json!({
            "case": image, "logsources": [{"product": "windows", "category": "process_creation"}],
            "event": {"Image": image}, "all_matches": all,
        })
    };
    let args = ["rules", "test", "--conformance", "c.jsonl", "--rules", "r", "--format", "ndjson"];
    let right = [case("C:\\a.exe", &["a", "b"]), case("C:\\c.exe", &["b"]), case("C:\\c.dll", &[])];
    write(home.path(), "c.jsonl", &right.map(|case| format!("{case}\n")).concat());
    let said = run(home.path(), &args);
    assert_eq!((said.code, said.out.as_str()), (0, ""), "{}", said.err);
    assert!(
        said.err.contains("3 events, 2 rules: 3 matches expected, 3 found, 0 missed, 0 false"),
        "{}",
        said.err
    );
    let wrong = [case("C:\\a.exe", &["b"]), case("C:\\c.exe", &["a", "b", "z"])];
    write(home.path(), "c.jsonl", &wrong.map(|case| format!("{case}\n")).concat());
    let said = run(home.path(), &args);
    assert_eq!(said.code, 1);
    let told: Vec<String> = said
        .ndjson()
        .iter()
        .map(|row| {
            format!("{} {}", row["wrong"].as_str().unwrap(), row["rule_id"].as_str().unwrap())
        })
        .collect();
    assert_eq!(told, ["false a", "missed a", "missed z"]);
    write(home.path(), "c.jsonl", "{\"event\": {}\n");
    let said = run(home.path(), &args);
    assert!(said.code == 2 && said.err.contains("c.jsonl:1:"), "{}", said.err);
}

#[test]
fn an_explanation_names_the_parts_that_matched_and_those_that_did_not() {
    let home = home("");
    let line = "Nov 25 10:00:00 web-1 app[8]: found hearts here";
    let said = run(home.path(), &["rules", "explain", HEARTS, line, "--json"]);
    let told: Value = serde_json::from_str(&said.out).unwrap_or_else(|_| panic!("{}", said.err));
    assert_eq!((&told["matches"], &told["author"]), (&json!(true), &json!("A. Writer")));
    let tests = told["tests"].as_array().unwrap();
    let by = |name: &str| tests.iter().find(|test| test["selection"] == name).unwrap();
    assert_eq!((&by("sel")["passed"], &by("sel")["field"]), (&json!(true), &json!("message")));
    assert_eq!(by("sel")["value"], "found hearts here");
    assert_eq!(by("other")["passed"], false);
    let near = format!("{line}\nNov 25 10:00:01 web-1 app[8]: found hearts of test\n");
    let said = run_with(
        home.path(),
        &["rules", "explain", "word hearts", "-", "--format", "ndjson"],
        near.as_bytes(),
    );
    let matches: Vec<Value> = rows(&said).into_iter().map(|told| told["matches"].clone()).collect();
    assert_eq!(matches, [json!(true), json!(false)]);
    std::fs::write(home.path().join("e.log"), line).unwrap();
    let table =
        run(home.path(), &["rules", "explain", "rules/hearts.yml", "@e.log", "--format", "table"]);
    assert!(
        table.out.contains("passed  sel: ") && table.out.contains("not     other: "),
        "{}",
        table.out
    );
    assert!(table.out.ends_with("matches    yes\n"), "{}", table.out);
    // Fields with the names of rules, of the rule's own logsource.
    let object = r#"{"message": "hearts"}"#;
    let said = run(home.path(), &["rules", "explain", HEARTS, object, "--json"]);
    let told: Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(told["matches"], true, "{told}");
    let ssh = |n: u8| {
        format!(
            "Nov 25 10:00:{n} web-1 sshd[8]: Failed password for root from 203.0.113.9 port 4{n} ssh2\n"
        )
    };
    let many: String = (10..40).map(ssh).collect();
    let said = run_with(
        home.path(),
        &["rules", "explain", "ssh_brute_force", "-", "--json"],
        many.as_bytes(),
    );
    let told: Value = serde_json::from_str(&said.out).unwrap_or_else(|_| panic!("{}", said.err));
    assert_eq!(told["matches"], true, "{told}");
    assert!(told["episodes"][0]["group"].to_string().contains("203.0.113.9"), "{told}");
    let none = run(home.path(), &["rules", "explain", "word heart", line]);
    assert!(none.code == 2 && none.err.contains("did you mean \"word hearts\"?"), "{}", none.err);
}

#[test]
fn coverage_counts_rules_by_tactic_and_technique() {
    let home = home("sigma: {bundled: false}\n");
    let said = run(home.path(), &["rules", "coverage", "--format", "ndjson"]);
    let cells = rows(&said);
    assert_eq!(cells.len(), 1, "{}", said.out);
    assert_eq!((&cells[0]["technique"], &cells[0]["rule_count"]), (&json!("T1053.003"), &json!(1)));
    assert_eq!(cells[0]["tactic_id"], "TA0003");
    let layer = run(home.path(), &["rules", "coverage", "--navigator"]);
    let layer: Value = serde_json::from_str(&layer.out).unwrap();
    assert_eq!(layer["domain"], "enterprise-attack");
    let other =
        run(home.path(), &["rules", "coverage", "--tactic", "impact", "--format", "ndjson"]);
    assert_eq!(other.out, "");
}

/// A request with a JSON body.
pub(crate) fn send(daemon: &Daemon, method: &str, path: &str, body: &Value) -> (u16, Value) {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let kind = if body.is_empty() { "" } else { "Content-Type: application/json\r\n" };
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n{kind}\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let answer = Answer::of(daemon.http.unwrap(), &request);
    (answer.status, serde_json::from_str(&answer.body).unwrap_or(Value::Null))
}

/// Sends a line of a program and waits until it has passed.
fn line(daemon: &Daemon, n: u64, text: &str) {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let line = format!("<14>1 2026-03-24T19:00:{:02}Z web-1 app {n} - - {text}\n", n % 60);
    socket.send_to(line.as_bytes(), daemon.udp.unwrap()).unwrap();
    daemon.wait_processed(n);
}

fn matched(daemon: &Daemon, id: &str) -> u64 {
    daemon.json(&format!("/api/v1/sigma/rules/{id}"))["match_count_lifetime"].as_u64().unwrap()
}

#[test]
fn lists_of_rules_read_a_database_and_leave_it_alone() {
    let home = home("");
    let data = home.path().join("data");
    let list = || {
        run(
            home.path(),
            &[
                "rules",
                "list",
                "--data-dir",
                "data",
                "--search",
                "word hearts",
                "--format",
                "ndjson",
            ],
        )
    };
    assert_eq!((rows(&list()).len(), data.exists()), (1, false), "nothing is made");
    write(&data, "seerflow.db", "not a database at all, but long enough to be looked at");
    let said = list();
    assert_eq!(rows(&said).len(), 1);
    assert!(said.err.contains("warning: only the configuration is known: "), "{}", said.err);
    let text = std::fs::read_to_string(data.join("seerflow.db")).unwrap();
    assert!(text.starts_with("not a database"));
}

#[test]
fn rules_of_a_running_program_are_listed_switched_uploaded_and_forgotten() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("rules");
    write(&folder, "hearts.yml", &rule(HEARTS, "hearts"));
    let yaml = format!("{FREE_PORTS}detection: {{sigma_rules_dirs: ['{{dir}}/rules']}}\n");
    let daemon = Daemon::within(home.path(), &yaml, &["start"]);
    wait("it says what is in force", || {
        daemon.err.text().contains("authors shown with each match")
    });
    let list = daemon.json("/api/v1/sigma/rules?source=file");
    assert_eq!((&list["total"], &list["items"][0]["author"]), (&json!(1), &json!("A. Writer")));
    let page = daemon.json("/api/v1/sigma/rules?limit=10&page=2&tactic=TA0003");
    assert!(page["total"].as_u64().unwrap() > 10 && page["items"].as_array().unwrap().len() <= 10);
    let path = format!("/api/v1/sigma/rules/{HEARTS}");
    let one = daemon.json(&path);
    assert_eq!(one["yaml_source"], rule(HEARTS, "hearts"));
    assert_eq!(one["logsource_key"], json!([null, "linux", null]));
    line(&daemon, 1, "found hearts here");
    wait("the match is counted", || matched(&daemon, HEARTS) == 1);

    let (status, off) = send(&daemon, "PATCH", &path, &json!({"enabled": false}));
    assert_eq!((status, &off["enabled"], &off["state"]), (200, &json!(false), &json!("disabled")));
    line(&daemon, 2, "found hearts again");
    let (status, on) = send(&daemon, "PATCH", &path, &json!({"enabled": true}));
    assert_eq!((status, &on["enabled"]), (200, &json!(true)));
    line(&daemon, 3, "found hearts at last");
    wait("the match is counted", || matched(&daemon, HEARTS) >= 2);
    assert_eq!(
        send(&daemon, "PATCH", "/api/v1/sigma/rules/none", &json!({"enabled": true})).0,
        404
    );

    let upload = json!({"yaml": rule(SPADES, "spades")});
    let (status, check) = send(&daemon, "POST", "/api/v1/sigma/rules?dry_run=true", &upload);
    assert_eq!((status, &check["valid"], &check["state"]), (200, &json!(true), &json!("ok")));
    assert_eq!(daemon.get(&format!("/api/v1/sigma/rules/{SPADES}")).status, 404);
    let wrong = json!({"yaml": rule(SPADES, "spades").replace("|contains: 's", "|contians: 's")});
    let (status, check) = send(&daemon, "POST", "/api/v1/sigma/rules?dry_run=true", &wrong);
    assert_eq!((status, &check["valid"]), (200, &json!(false)));
    assert_eq!(
        (&check["line"], &check["column"], &check["stage"]),
        (&json!(12), &json!(5), &json!("schema"))
    );
    let (status, error) = send(&daemon, "POST", "/api/v1/sigma/rules", &wrong);
    assert_eq!(status, 422);
    assert!(error["detail"].as_str().unwrap().starts_with("line 12, column 5: "), "{error}");
    let (status, made) = send(&daemon, "POST", "/api/v1/sigma/rules", &upload);
    assert_eq!((status, &made["source"]), (201, &json!("custom_uploaded")), "{made}");
    line(&daemon, 4, "found spades here");
    wait("the match is counted", || matched(&daemon, SPADES) >= 1);

    let coverage = daemon.json("/api/v1/attack/coverage");
    let persistence = coverage["tactics"]
        .as_array()
        .unwrap()
        .iter()
        .find(|t| t["tactic_id"] == "TA0003")
        .unwrap();
    let cell = persistence["techniques"]
        .as_array()
        .unwrap()
        .iter()
        .find(|t| t["technique"] == "T1053")
        .unwrap();
    assert!(cell["rule_names"].to_string().contains("word spades"), "{cell}");
    assert_eq!(daemon.json(&format!("{path}/timeline"))["buckets"].as_array().unwrap().len(), 24);

    // Commands know what people have changed, while the program runs and when it rests.
    let listed = || -> Vec<(Value, Value)> {
        let said = run(
            home.path(),
            &[
                "rules",
                "list",
                "--format",
                "ndjson",
                "--technique",
                "T1053.003",
                "--search",
                "word ",
            ],
        );
        assert!(said.err.contains("with 1 switched and 1 uploaded rules"), "{}", said.err);
        let mut rows: Vec<_> =
            rows(&said).iter().map(|row| (row["title"].clone(), row["state"].clone())).collect();
        rows.retain(|row| row.0.as_str().is_some_and(|title| title.starts_with("word ")));
        rows.sort_by_key(|row| row.0.to_string());
        rows
    };
    let on = [(json!("word hearts"), json!("ok")), (json!("word spades"), json!("ok"))];
    assert_eq!(listed(), on);
    assert_eq!(send(&daemon, "PATCH", &path, &json!({"enabled": false})).0, 200);
    let off = [(json!("word hearts"), json!("disabled")), on[1].clone()];
    assert_eq!(listed(), off);

    let ended = daemon.stop();
    assert!(ended.status.success(), "{}", ended.err);
    assert_eq!(listed(), off);
    let daemon = Daemon::within(home.path(), &yaml, &["start"]);
    let again = daemon.json(&format!("/api/v1/sigma/rules/{SPADES}"));
    assert_eq!(again["yaml_source"], rule(SPADES, "spades"), "uploads outlive the program");
    let spades = format!("/api/v1/sigma/rules/{SPADES}");
    assert_eq!(send(&daemon, "DELETE", &path, &Value::Null).0, 404, "a file is none of ours");
    assert_eq!(send(&daemon, "DELETE", &spades, &Value::Null).0, 204);
    assert_eq!(daemon.get(&spades).status, 404);
}

#[test]
fn files_and_the_configuration_are_read_again_and_what_is_wrong_leaves_the_old_rules() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("rules");
    write(&folder, "hearts.yml", &rule(HEARTS, "hearts"));
    let yaml = format!("{FREE_PORTS}detection: {{sigma_rules_dirs: ['{{dir}}/rules']}}\n");
    let daemon = Daemon::within(home.path(), &yaml, &["start"]);
    let total = || daemon.json("/api/v1/sigma/rules?source=file")["total"].as_u64().unwrap();
    assert_eq!(total(), 1);
    write(&folder, "spades.yml", &rule(SPADES, "spades"));
    wait("a new file is in force", || total() == 2);
    write(&folder, "spades.yml", "title: [");
    wait("what is wrong is said", || daemon.err.text().contains("the old ones go on"));
    assert!(daemon.err.text().contains("spades.yml:"), "{}", daemon.err.text());
    assert_eq!(total(), 2);
    std::fs::remove_file(folder.join("spades.yml")).unwrap();
    wait("a file that is gone is not in force", || total() == 1);
    let config = home.path().join("seerflow.yaml");
    let text = std::fs::read_to_string(&config).unwrap();
    std::fs::write(&config, format!("{text}sigma: {{exclude: [word hearts]}}\n")).unwrap();
    let pid = rustix::process::Pid::from_raw(daemon.pid() as i32).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::HUP).unwrap();
    wait("the configuration is read again", || {
        daemon.json(&format!("/api/v1/sigma/rules/{HEARTS}"))["state"] == "disabled"
    });
    assert!(daemon.stop().status.success());
}

/// The rules of SigmaHQ and the conformance set, where they are.
#[test]
fn the_public_rules_load_and_conform() {
    let Some(data) = crate::support::shared("data/sigma") else { return };
    let home = tempfile::tempdir().unwrap();
    let archive = std::fs::read_dir(&data).unwrap().map(|entry| entry.unwrap().path());
    let archive =
        archive.into_iter().find(|path| path.to_string_lossy().ends_with(".tar.gz")).unwrap();
    let mut tar = std::process::Command::new("tar");
    tar.arg("-xzf").arg(archive).arg("-C").arg(home.path());
    assert!(tar.status().unwrap().success());
    let said = run(home.path(), &["rules", "check", ".", "--format", "ndjson"]);
    let mut never = 0;
    for row in said.ndjson() {
        let (state, reason) = (row["state"].as_str().unwrap(), row["reason"].to_string());
        never += usize::from(state == "unreachable");
        let known = matches!(state, "ok" | "warning" | "unreachable");
        assert!(known || reason.contains("placeholder"), "{row}");
    }
    // One asks for a value that equals a word, and holds braces.
    assert_eq!((never, said.code), (1, 1), "{}", said.err);
    let set = data.join("conformance.jsonl");
    let said = run(
        home.path(),
        &["rules", "test", "--conformance", set.to_str().unwrap(), "--rules", "."],
    );
    assert_eq!((said.code, said.out.as_str()), (0, ""), "{}", said.err);
    assert!(said.err.contains("0 missed, 0 false; 0 problems"), "{}", said.err);
}
