//! The grammar: what is read from a text, and what is said of one that is wrong.

use super::super::{Node, hints, parse};

/// A query as one line, to be compared.
fn show(node: &Node) -> String {
    let list = |nodes: &[Node], with: &str| {
        format!("({})", nodes.iter().map(show).collect::<Vec<_>>().join(with))
    };
    match node {
        Node::All => "all".into(),
        Node::And(nodes) => list(nodes, " & "),
        Node::Or(nodes) => list(nodes, " | "),
        Node::Not(node) => format!("!{}", show(node)),
        Node::Is(term) => super::term(term),
    }
}

#[test]
fn reads_what_the_page_says() {
    for (query, expected) in [
        ("", "all"),
        ("  ", "all"),
        ("*", "all"),
        ("Failed", "text:failed"),
        ("failed password", "(text:failed & text:password)"),
        ("\"Failed password\"", "text:failed password"),
        ("fail*", "text:fail*"),
        ("\"failed pass\"*", "text:failed pass*"),
        ("a AND b OR c", "((text:a & text:b) | text:c)"),
        ("a (b OR c)", "(text:a & (text:b | text:c))"),
        ("NOT a -b", "(!text:a & !text:b)"),
        ("NOT NOT a", "!!text:a"),
        ("-(a b)", "!(text:a & text:b)"),
        ("a - b", "(text:a & text:- & text:b)"),
        ("and or not", "(text:and & text:or & text:not)"),
        ("\"AND\"", "text:and"),
        ("\\AND", "text:\\and"),
        ("10.1.2.3:80", "text:10.1.2.3:80"),
        ("12:30:15", "text:12:30:15"),
        ("http://example.com/x", "text:http://example.com/x"),
        ("fe80::1", "text:fe80::1"),
        ("aa:bb:cc:dd:ee:ff", "text:aa:bb:cc:dd:ee:ff"),
        ("std::io", "text:std::io"),
        ("C:\\Windows\\a.exe", "text:c:\\windows\\a.exe"),
        ("a\\:b", "text:a:b"),
        ("a\\*", "text:a*"),
        ("\"a \\\"b\\\" \\\\c \\d\"", "text:a \"b\" \\c \\d"),
        ("host:Web-1", "host=web-1"),
        ("host:web*", "host^web"),
        ("host:*", "host there"),
        ("host:\"\"", "host="),
        ("-host:*", "!host there"),
        ("program:sshd(pam_unix)", "program=sshd(pam_unix)"),
        ("(program:sshd(pam_unix))", "program=sshd(pam_unix)"),
        ("source:/var/log/*", "source^/var/log/"),
        ("source_type:syslog", "source_type=syslog"),
        ("severity:error", "severity Is ERROR"),
        ("severity:>=ERR", "severity AtLeast ERROR"),
        ("severity:<3", "severity Less WARNING"),
        ("severity:*", "all"),
        ("template:123", "template 123"),
        ("format:JSON", "format json"),
        ("tag:late", "tag late"),
        ("facility:authpriv", "facility Is 10"),
        ("facility:>=16", "facility AtLeast 16"),
        ("activity:login outcome:failure", "(activity Login & outcome failure)"),
        ("time:>=2026-03-15", "time AtLeast 1773532800000000000"),
        ("time:<\"2026-03-15 00:00\"", "time Less 1773532800000000000"),
        ("time:<2026-03-15T00:00:00Z", "time Less 1773532800000000000"),
        ("score:>=0.99", "score AtLeast 0.99"),
        ("user:Bob", "user bob"),
        ("user:CORP\\bob", "user corp:bob"),
        ("ip:10.1.2.3", "ip 10.1.2.3"),
        ("ip:10.1.*", "ip^10.1."),
        ("ip:fe80::1", "ip fe80:0000:0000:0000:0000:0000:0000:0001"),
        ("entity.host:DB-1", "host db-1"),
        ("mac:*", "mac^"),
        ("message:\"out of\"", "message:out of"),
        ("message:*", "message there"),
        ("pid:12", "pid=12"),
        ("http.response.status_code:>=500", "http.response.status_code AtLeast 500"),
        ("http.response.status_code:500", "http.response.status_code=500"),
        ("url.path:\"/a b\"*", "url.path^/a b"),
        ("field.user:bob", "user=bob"),
        ("Field.Time:>3", "time Greater 3"),
        ("a.b:*", "a.b there"),
        ("odd\\ name:x", "odd name=x"),
        ("k:b:c", "k=b:c"),
        ("a:b:c", "text:a:b:c"),
        ("x(y", "text:x(y"),
    ] {
        let node = parse(query).unwrap_or_else(|error| panic!("{query}: {error}"));
        assert_eq!(show(&node), expected, "{query}");
    }
}

#[test]
fn says_what_is_wrong_and_where() {
    for (query, expected) in [
        ("a )", "column 3: found `)` without `(` before it"),
        ("(a", "column 1: the parenthesis that begins here does not end"),
        ("a AND", "column 6: found the end; a word, field:value or `(` is expected"),
        ("a AND OR b", "column 7: found \"OR\"; a word"),
        ("OR", "column 1: found \"OR\"; a word"),
        ("()", "column 2: found \")\"; a word"),
        ("NOT", "column 4: found the end"),
        ("a \"b c", "column 3: the quote that begins here does not end"),
        ("\"a\"b", "column 4: a space or `)` is expected after a quoted text, found 'b'"),
        ("\"\"", "column 1: nothing is looked for"),
        ("a*b", "column 2: `*` is allowed at the end of a word only"),
        ("error: x", "column 7: a value is expected after `error:`"),
        ("x severity:eror", "column 12: severity: \"eror\" is no severity; allowed: trace"),
        ("severity:eror", "did you mean error?"),
        ("severity:err*", "cannot end with `*`"),
        ("format:jsn", "did you mean json?"),
        ("tag:lat", "did you mean late?"),
        ("tag:>late", "cannot be compared"),
        ("outcome:fail", "allowed: unknown, success, failure; did you mean failure?"),
        ("facility:authpri", "did you mean authpriv?"),
        ("template:abc", "is no id of a template"),
        ("time:2026-03-15", "column 6: time: \"2026-03-15\" needs a comparison"),
        ("time:>=5m", "is no time; allowed: 2026-03-15"),
        ("score:>=high", "is no number"),
        ("size:>big", "column 7: size: \"big\" is no number"),
        ("size:>nan", "is no number"),
        ("host:>a", "cannot be compared with < or >"),
        ("ip:10.1.2", "cannot be an entity of type ip"),
        ("entity.usr:x", "column 1: \"usr\" is no type of entity; allowed: user, ip"),
        ("entity.usr:x", "did you mean user?"),
        ("entity:bob", "is no UUID"),
        ("event:1", "is no UUID"),
        ("field.:x", "has no name"),
    ] {
        let error = parse(query).expect_err(query).to_string();
        assert!(error.contains(expected), "{query}: {error}");
    }
}

#[test]
fn hostile_queries_end() {
    for (query, expected) in [
        ("(".repeat(4_000), "more than 32 parentheses"),
        ("-".repeat(4_000) + "a", "more than 32 parentheses"),
        ("NOT ".repeat(1_000), "more than 32 parentheses"),
        ("a ".repeat(2_000), "more than 64 words"),
        ("a".repeat(5_000), "5000 bytes; at most 4096"),
        ("\"".repeat(4_095), "is expected after a quoted text"),
        ("ü:".repeat(1_000) + "*x", "`*` is allowed at the end"),
        ("entity.".to_owned() + &"x".repeat(4_000) + ":y", "is no type of entity"),
    ] {
        let error = parse(&query).expect_err("too much").to_string();
        assert!(error.contains(expected) && error.len() < 1_000, "{error}");
    }
}

#[test]
fn hints_at_names_that_were_perhaps_meant() {
    assert!(hints(&parse("sevrity:5").unwrap())[0].contains("did you mean severity?"));
    assert!(hints(&parse("NOT (a OR hst:x)").unwrap())[0].contains("did you mean host?"));
    assert!(hints(&parse("field.host:x url.path:y status:5").unwrap()).is_empty());
}

mod any {
    use super::super::super::parse;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn text_is_read_or_refused(text in "[ \\\\a-c:*()\"<>=.-]{0,40}|\\PC{0,40}") {
            if let Err(error) = parse(&text) {
                prop_assert!(error.column >= 1 && error.column <= text.chars().count() + 1);
            }
        }

        #[test]
        fn quoted_text_is_looked_for_as_it_is(text in "\\PC{1,40}") {
            let quoted = format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""));
            let needle = crate::store::events::Needle::phrase(&text);
            match (parse(&quoted), needle) {
                (Ok(node), Some(needle)) => {
                    prop_assert_eq!(node, super::Node::Is(super::super::super::Term::Text(needle)));
                }
                (Err(_), None) => {}
                (found, _) => prop_assert!(false, "{:?}", found),
            }
        }
    }
}
