//! Formats of plain logs: told by the line, or fixed by the configuration.

use crate::support::program::run;

const LINE: &str = "2026/03/04 10:00:00 [error] 31#32: *5 open() \"/srv/x\" failed (2: No such file), \
    client: 192.0.2.7, server: www.example.com, request: \"GET /x HTTP/1.1\"\n";

#[test]
fn explain_says_the_format_and_who_told_it() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path();
    std::fs::write(path.join("error.log"), LINE).unwrap();
    let explain = ["parse", "error.log", "--explain", "--format", "table"];
    let said = run(path, &explain);
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(said.out.contains("format     nginx_error, told by the line"), "{}", said.out);
    assert!(said.out.contains("source.ip = 192.0.2.7"), "{}", said.out);
    assert!(said.out.contains("ip 192.0.2.7 as src"), "{}", said.out);

    let fixed = "sources:\n- name: web\n  match: {path: \"**/error.log\"}\n  format: FORMAT\n";
    for (format, expected) in [
        ("nginx_error", "nginx_error, fixed as nginx_error"),
        ("redis", "plain, fixed as redis"),
        ("timestamped", "timestamped, fixed as timestamped"),
    ] {
        std::fs::write(path.join("seerflow.yaml"), fixed.replace("FORMAT", format)).unwrap();
        let said = run(path, &explain);
        assert_eq!(said.code, 0, "{}", said.err);
        assert!(said.out.contains(expected), "{}", said.out);
        assert_eq!(said.out.contains("malformed"), format == "redis", "{}", said.out);
    }
    std::fs::write(path.join("seerflow.yaml"), fixed.replace("FORMAT", "ngnix_error")).unwrap();
    let said = run(path, &explain);
    assert_eq!(said.code, 2);
    assert!(said.err.contains("nginx_error"), "names what is meant: {}", said.err);
}
