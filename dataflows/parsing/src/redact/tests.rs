//! What is a value and what is none, line by line.

use super::*;
use std::sync::Arc;

pub(super) fn redactor(rules: &[Rule]) -> Arc<Redactor> {
    Arc::new(Redactor::new(rules, Key::new(b"of the tests"), None))
}

pub(super) fn all() -> Arc<Redactor> {
    redactor(&[Rule::Card, Rule::Email, Rule::Token])
}

pub(super) fn redact(redactor: &Arc<Redactor>, line: &str) -> String {
    let mut lines = Redacting::new(redactor.clone(), State::default());
    String::from_utf8(lines.line(line.as_bytes()).bytes.to_vec()).unwrap()
}

/// With pseudonyms as `<kind>`.
pub(super) fn short(text: &str) -> String {
    let (mut out, mut i) = (String::new(), 0);
    while i < text.len() {
        match pseudonym_at(text.as_bytes(), i) {
            Some(end) => {
                let colon = i + text[i..].find(':').unwrap();
                out.push_str(&text[i..colon]);
                out.push('>');
                i = end;
            }
            None => {
                let c = text[i..].chars().next().unwrap();
                out.push(c);
                i += c.len_utf8();
            }
        }
    }
    out
}

#[track_caller]
fn check(redactor: &Arc<Redactor>, cases: &[(&str, &str)]) {
    for (line, expected) in cases {
        let found = redact(redactor, line);
        assert_eq!(short(&found), *expected, "{line}");
        assert_eq!(redact(redactor, &found), found, "twice: {line}");
    }
}

/// What must stay as it is.
#[track_caller]
fn keep(redactor: &Arc<Redactor>, lines: &[&str]) {
    let cases: Vec<_> = lines.iter().map(|line| (*line, *line)).collect();
    check(redactor, &cases);
}

#[test]
fn card_numbers() {
    check(
        &redactor(&[Rule::Card]),
        &[
            ("paid with 4111111111111111.", "paid with <card>."),
            ("4111 1111 1111 1111", "<card>"),
            ("4111-1111-1111-1111 ok", "<card> ok"),
            ("amex 3782 822463 10005,", "amex <card>,"),
            ("amex 3782-822463-10005", "amex <card>"),
            ("diners 3056 930902 5904 done", "diners <card> done"),
            ("mc 5555555555554444 mc 2223003122003222", "mc <card> mc <card>"),
            ("13 digits 4222222222222", "13 digits <card>"),
            ("19 digits 6304000000000000000", "19 digits <card>"),
            ("card=4012888888881881&x=1", "card=<card>&x=1"),
            (r#"{"pan": 4111111111111111, "n": 1}"#, r#"{"pan": "<card>", "n": 1}"#),
            (r#"{"pan":"4111111111111111"}"#, r#"{"pan":"<card>"}"#),
            (r#"{"pans":[4111111111111111,5555555555554444]}"#, r#"{"pans":["<card>","<card>"]}"#),
            (r#"{"msg":"a, 4111111111111111, b"}"#, r#"{"msg":"a, <card>, b"}"#),
            (r"line one\n4111111111111111\tend", r"line one\n<card>\tend"),
            ("2026-03-24 4111 1111 1111 1111", "2026-03-24 <card>"),
            ("24-03-2026 4111-1111-1111-1111", "24-03-2026 <card>"),
            ("q=%204111111111111111%20x", "q=%20<card>%20x"),
            ("cvv 123 4111111111111111 99", "cvv 123 <card> 99"),
            ("4111-1111 1111-1111", "<card>"),
            ("4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1", "<card>"),
            ("card4111111111111111", "card<card>"),
            ("pan-4111111111111111", "pan-<card>"),
            ("[4111111111111111]", "[<card>]"),
            ("Card: 6011111111111117;", "Card: <card>;"),
            ("Kärte 3530111333300000 ✓", "Kärte <card> ✓"),
            ("4111111111111111 4111111111111111", "<card> <card>"),
        ],
    );
}

#[test]
fn numbers_that_are_no_cards() {
    keep(
        &redactor(&[Rule::Card]),
        &[
            "4111111111111112 has a wrong check digit",
            "41111111111111 is too short to be this card",
            "99994111111111111111 is longer",
            "41111111111111110000 is longer",
            "1111111111111117 and 9111111111111111 are of no issuer",
            "0x4111111111111111",
            "a94111111111111111f0 is a hash",
            "deadbeef4111111111111111",
            "4111111111111111abcdef01",
            "550e8400-e29b-41d4-a716-446655440000",
            "a50e8400-e29b-41d4-4111-111111111111",
            "0.4111111111111111 and 4111111111111111.5",
            "20260324190100 20260324190100123",
            "1711305660000 1711305660000000 1711305660000000000",
            "2026-03-24-19-01-00-000-11",
            "10.20.30.40 192.168.100.200",
            "512 1024 2048 33 44 55 66 77 88 99 123",
            "tel +44 20 7946 0958",
            "00:1a:2b:3c:4d:5e 41:11:11:11:11:11:11:11",
            "4111,1111,1111,1111",
            "4111  1111  1111  1111",
            "4111--1111--1111--1111",
            "4111\n1111\n1111\n1111",
            "",
            "4",
        ],
    );
}

#[test]
fn addresses() {
    check(
        &redactor(&[Rule::Email]),
        &[
            ("from alice@example.com.", "from <email>."),
            ("<alice.b+tag@mail.example.co.uk>", "<<email>>"),
            ("user=bob_1@example.com, x", "user=<email>, x"),
            ("?mail=alice%40example.com&x=1", "?mail=<email>&x=1"),
            ("u%3Dalice%40example.com", "u%3D<email>"),
            (r#"{"m":"alice\u0040example.com"}"#, r#"{"m":"<email>"}"#),
            (r#"{"m":"x\nalice@example.com"}"#, r#"{"m":"x\n<email>"}"#),
            ("jürgen@bücher.example und", "<email> und"),
            ("o'brien@example.com", "<email>"),
            ("'alice@example.com'", "'<email>'"),
            ("mailto:alice@example.com", "mailto:<email>"),
            ("a@b.cc;c@d.ee", "<email>;<email>"),
            ("alice@example.com.. x", "<email>.. x"),
            ("Алиса@пример.рф", "<email>"),
        ],
    );
}

#[test]
fn what_has_an_at_sign_and_is_no_address() {
    keep(
        &redactor(&[Rule::Email]),
        &[
            "root@web-1 logged in",
            "lodash@4.17.21 installed",
            "user@10.0.0.1",
            "Object@1f0b3a7c",
            "getty@tty1.service: started",
            "GET /img/logo@2x.png",
            "exampleSDID@32473",
            "@example.com and alice@ and @",
            "100% done at 5%40",
            "a@.com a@b. a@b.c",
            r"path C:\u0040",
        ],
    );
}

#[test]
fn secrets_by_their_name() {
    check(
        &redactor(&[Rule::Token]),
        &[
            ("password=hunter2 user=bob", "password=<token> user=bob"),
            ("user=bob,password=hunter2,host=a", "user=bob,password=<token>,host=a"),
            ("PASSWORD: hunter2", "PASSWORD: <token>"),
            ("db_password = 'cor rect' x", "db_password = '<token>' x"),
            (r#"password="a\"b" x"#, r#"password="<token>" x"#),
            (r#"{"password":"hunter2","n":1}"#, r#"{"password":"<token>","n":1}"#),
            (r#"{"password" : 12345}"#, r#"{"password" : "<token>"}"#),
            (r#"{"m":"{\"password\":\"hun\\\"ter2\"}"}"#, r#"{"m":"{\"password\":\"<token>\"}"}"#),
            (r#"{"m":"password=hunter2\nnext"}"#, r#"{"m":"password=<token>\nnext"}"#),
            (r#"{"m":"login\npassword=hunter2"}"#, r#"{"m":"login\npassword=<token>"}"#),
            (
                "GET /x?token=abc&api_key=def HTTP/1.1",
                "GET /x?token=<token>&api_key=<token> HTTP/1.1",
            ),
            ("next=%2Fx%3Ftoken%3Dabc%26y", "next=%2Fx%3Ftoken%3D<token>%26y"),
            ("user[password]=hunter2&a=b", "user[password]=<token>&a=b"),
            ("user%5Bpassword%5D=hunter2&a=b", "user%5Bpassword%5D=<token>&a=b"),
            (r#""password"=>"hunter2""#, r#""password"=>"<token>""#),
            ("X-Api-Key: abc123", "X-Api-Key: <token>"),
            ("accessToken=abc clientSecret=def", "accessToken=<token> clientSecret=<token>"),
            ("aws_secret_access_key = wJal/K7+x", "aws_secret_access_key = <token>"),
            ("--password hunter2 --user bob", "--password <token> --user bob"),
            ("ALTER USER bob PASSWORD 'hunter2'", "ALTER USER bob PASSWORD '<token>'"),
            ("<password>hunter2</password>", "<password><token></password>"),
            ("(pwd=hunter2)", "(pwd=<token>)"),
            ("passwd=pa;ss,wo&rd end", "passwd=<token> end"),
            ("password=\"cut off here", "password=\"<token>"),
            ("Authorization: Bearer abc", "Authorization: Bearer <token>"),
            ("authorization: Basic YWxpY2U6eA== x", "authorization: Basic <token> x"),
            (r#""Authorization":"Custom a b c""#, r#""Authorization":"<token>""#),
            (
                r#""Authorization":"Bearer a.b-c","x":1"#,
                r#""Authorization":"Bearer <token>","x":1"#,
            ),
            (
                "Authorization: Digest username=\"a\", response=\"b\"",
                "Authorization: Digest <token>",
            ),
            ("Proxy-Authorization: s3cr3t", "Proxy-Authorization: <token>"),
        ],
    );
}

#[test]
fn secrets_by_their_shape() {
    let jwt = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl";
    let gh = format!("ghp_{}", "a1B2".repeat(9));
    let cases = [
        (format!("got {jwt}."), "got <token>."),
        (format!("Bearer {jwt} ok"), "Bearer <token> ok"),
        ("sent bearer abc123-def".into(), "sent bearer <token>"),
        ("Basic YWxpY2U6c2VjcmV0 ok".into(), "Basic <token> ok"),
        (format!("key AKIA{}, x", "ABCD2345".repeat(2)), "key <token>, x"),
        (format!("ASIA{}", "ABCD2345".repeat(2)), "<token>"),
        (format!("push {gh} ok"), "push <token> ok"),
        (format!("https://{gh}@github.com"), "https://<token>@github.com"),
        (format!("github_pat_{}", "x1_".repeat(9)), "<token>"),
        (format!("glpat-{}", "x1-y".repeat(5)), "<token>"),
        (format!("xoxb-{}", "123-abc".repeat(3)), "<token>"),
        (format!("sk_live_{}", "4eC39H".repeat(4)), "<token>"),
        ("postgres://bob:hunter2@db:5432/x".into(), "postgres://bob:<token>@db:5432/x"),
        ("redis://:hunter2@cache/0".into(), "redis://:<token>@cache/0"),
        (
            "-----BEGIN RSA PRIVATE KEY-----\\nMIIE\\nabc=\\n-----END RSA PRIVATE KEY----- x"
                .into(),
            "-----BEGIN RSA PRIVATE KEY-----<token>-----END RSA PRIVATE KEY----- x",
        ),
    ];
    let cases: Vec<_> = cases.iter().map(|(line, out)| (line.as_str(), *out)).collect();
    check(&redactor(&[Rule::Token]), &cases);
}

#[test]
fn what_only_speaks_of_secrets() {
    keep(
        &redactor(&[Rule::Token]),
        &[
            "Failed password for root from 10.0.0.1 port 22 ssh2",
            "(using password: YES)",
            "password=null token=*** secret=none pwd=xxxx",
            r#"{"password":null,"token":"","secret":false}"#,
            "pam_unix(passwd:chauthtok): password changed for bob",
            "open /etc/passwd: No such file",
            "sudo: bob : TTY=pts/0 ; PWD=/home/bob ; USER=root ; COMMAND=/bin/ls",
            "token_type=bearer tokens=5 password_changed_at=1 secretName: x",
            "std::token::x token::y",
            "basic authentication is used, the bearer of this letter",
            "Basic auth Bearer token",
            "eyJust a word eyJ.a.b",
            "AKIASHORT asia-east1 AKIAabcdefghijklmnop",
            "see https://example.com:8080/path@x and http://a/b:c@d",
            "-----BEGIN CERTIFICATE-----\\nMIIE\\n-----END CERTIFICATE-----",
            "the token and the secret",
            r#"{"token":{"id":5}}"#,
            "authorization.k8s.io/v1 authorization=true",
        ],
    );
}

#[test]
fn a_private_key_of_many_lines() {
    let body = "MIIEpAIBAAKCAQEA75TEMnvdbW0bW0bW0bW0bW0bW0bW0bW0bW0bW0bW0bW0bW0b";
    let lines = [
        ("before", "before"),
        ("10:00 app -----BEGIN PRIVATE KEY-----", "10:00 app -----BEGIN PRIVATE KEY-----"),
        (body, "<token>"),
        (&format!("2026-03-24T19:01:00Z stdout F {body}"), "2026-03-24T19:01:00Z stdout F <token>"),
        ("another line between", "another line between"),
        ("abc=", "<token>"),
        ("-----END PRIVATE KEY-----", "-----END PRIVATE KEY-----"),
        ("abc=", "abc="),
    ];
    let mut source = Redacting::new(redactor(&[Rule::Token]), State::default());
    for (line, expected) in lines {
        // A reader that begins here goes on in the same way.
        let mut other = Redacting::new(source.redactor.clone(), source.state());
        let out = source.line(line.as_bytes()).bytes.to_vec();
        assert_eq!(other.line(line.as_bytes()).bytes, out);
        assert_eq!(short(std::str::from_utf8(&out).unwrap()), expected);
        assert_eq!(other.state(), source.state());
    }
    source.line(b"-----BEGIN PRIVATE KEY-----");
    for _ in 0..20 {
        source.line(b"no key at all");
    }
    assert!(!source.state().inside(), "a marker alone wears off");
}

#[test]
fn rules_of_the_configuration() {
    let regex = |text: &str, name: &str| Rule::Regex {
        regex: Regex::new(text).unwrap(),
        name: name.to_owned(),
    };
    let field = Rule::Field { field: "Patient_Id".into(), name: "patient".into() };
    let rules = [regex(r"user (\S+)", "person"), regex("[A-Z]{3}-[0-9]+", "ticket"), field];
    check(
        &redactor(&rules),
        &[
            ("user bob opened ABC-17", "user <person> opened <ticket>"),
            (r#"{"patient_id": 17, "x": 1}"#, r#"{"patient_id": "<patient>", "x": 1}"#),
            (
                "patient_id=17 my_patient_id=18 patient_id_x=19",
                "patient_id=<patient> my_patient_id=18 patient_id_x=19",
            ),
        ],
    );
    check(&redactor(&[regex(".*", "line"), Rule::Card]), &[("a 4111111111111111", "<line>")]);
    check(&redactor(&[regex("x*", "x"), regex("([0-9]{4})", "n")]), &[("axxb 1234", "a<x>b <n>")]);
}

#[test]
fn overlaps_are_one_value_and_kinds_are_apart() {
    check(
        &all(),
        &[
            ("4111111111111111@example.com", "<email>"),
            ("password=alice@example.com x", "password=<token> x"),
            ("password=4111 1111 1111 1111", "password=<token>"),
            ("https://u:p4ss@db.example.com/", "https://u:<token>@db.example.com/"),
        ],
    );
    let one = redact(&all(), "4111 1111 1111 1111 A@Example.com");
    assert_eq!(one, redact(&all(), "4111-1111-1111-1111 a@example.COM"));
}

#[test]
fn counts_and_bounds() {
    let counts = Counts::default();
    let rules = [Rule::Card, Rule::Email];
    let redactor = Arc::new(Redactor::new(&rules, Key::new(b"k"), Some(&counts)));
    redact(&redactor, "4111111111111111 a@b.cc c@d.ee");
    redact(&redactor, "nothing");
    assert_eq!(counts.lines(), 1);
    assert_eq!(
        counts.values().into_iter().collect::<Vec<_>>(),
        [("card".into(), 1), ("email".into(), 2)]
    );
    let many = redact(&redactor, &"a@b.cc ".repeat(VALUES_MAX + 5));
    assert!(many.ends_with("<cut>") && !many.contains('@'));
    assert_eq!(many.matches("<email:").count(), VALUES_MAX);
}

#[test]
fn a_pseudonym_is_one_masked_value_and_no_entity() {
    use crate::{mask::mask_text, parser::Parser, roles::RoleSet};
    use seerflow_model::record::{ReceiverKind, RecordBatch, RecordMeta, SourceInfo};
    let line = redact(&all(), "charge of 4111111111111111 by alice@example.com, password=hunter2");
    let masked = mask_text(&line).render();
    assert_eq!(masked, "charge of <Id> by <Id>, password=<Id>");
    assert_eq!(mask_text(&masked).render(), masked);
    let source = SourceInfo::plain(1, "f", ReceiverKind::File, "file");
    let meta = RecordMeta {
        start: 0,
        len: line.len() as u32,
        seq: 0,
        event_time: None,
        effective: 0,
        time_start: 0,
        time_len: 0,
        flags: seerflow_model::Flags::default(),
        end: Default::default(),
    };
    let batch = RecordBatch {
        source: Arc::new(source),
        observed: 0,
        bytes: line.into_bytes(),
        records: vec![meta],
    };
    let event = Parser::new(RoleSet::bundled(), None).parse(&batch, &meta);
    let entities: Vec<_> = event.entities.iter().map(|e| event.canonical(e)).collect();
    assert!(entities.is_empty(), "{entities:?}");
}
