use super::*;
use proptest::prelude::*;
use seerflow_model::{ReceiverKind, SourceInfo};
use std::sync::Arc;

/// Message and its masked text.
const TABLE: &[(&str, &str)] = &[
    // Plain words stay.
    ("", ""),
    ("hello world", "hello world"),
    ("  two\t words \r\n", "two words"),
    ("can't find child's node", "can't find child's node"),
    ("*** [!] --- ===", "*** [!] --- ==="),
    ("Grüße an alle 🦀🔥", "Grüße an alle 🦀🔥"),
    ("\u{feff}\u{202e}x", "\u{feff}\u{202e}x"),
    ("std::vector<int>::at", "std::vector<int>::at"),
    ("core::fmt::Display", "core::fmt::Display"),
    ("face::add dead::beef d:: ::", "face::add dead::beef d:: ::"),
    ("ssh2 eth0 tty2 sha256 x509 L1", "ssh2 eth0 tty2 sha256 x509 L1"),
    ("java.lang.NullPointerException", "java.lang.NullPointerException"),
    ("org.example.io com.acme.net", "org.example.io com.acme.net"),
    ("rpc.statd main.rs run.py e.g. etc.", "rpc.statd main.rs run.py e.g. etc."),
    ("TCP/IP and/or N/A", "TCP/IP and/or N/A"),
    ("jk2_init() ok", "jk2_init() ok"),
    ("-v --verbose -", "-v --verbose -"),
    // Numbers.
    ("took 5 of 17", "took <Number> of <Number>"),
    ("-2 +3 -0.5 1e-9 6.02e+23", "<Number> <Number> <Number> <Number> <Number>"),
    ("1,234,567.8 bytes", "<Number> bytes"),
    ("12ms 1.5GB 64KiB 10% 3.2µs 20°C", "<Duration> <Size> <Size> <Number> <Duration> <Number>"),
    ("1h30m 2d3h4m 80x25 1st", "<Duration> <Duration> <Number> <Number>"),
    ("10MB/s read", "<Number> read"),
    ("at 99.5%.", "at <Number>."),
    ("[1] (2) {3} \"4\"", "[<Number>] (<Number>) {<Number>} \"<Number>\""),
    ("CPU#0 PS/2 4/5", "CPU#<Number> PS/<Number> <Number>/<Number>"),
    ("12::34", "<Number>::<Number>"),
    ("1..5", "<Id>"),
    ("1,2,3", "<Number>"),
    ("order: 4, 65536 bytes", "order: <Number>, <Number> bytes"),
    ("00000000000000000000000000", "<Hex>"),
    // Key and value.
    ("a=1,b=2", "a=<Number>,b=<Number>"),
    ("port=443;user=bob", "port=<Number>;user=bob"),
    ("uid=0 euid= tty=ssh", "uid=<Number> euid= tty=ssh"),
    ("ok=true n=null x:false", "ok=<*> n=<*> x:<*>"),
    ("name=\"\" list=[] from (): x", "name=\"<*>\" list=[<*>] from (<*>): x"),
    ("msg=\"two words\" m='a b' k=\"one\"", "msg=\"<Quoted>\" m='<Quoted>' k=\"one\""),
    (r#"{"a": "x y", "b":"it \" ends"}"#, r#"{"a": "<Quoted>", "b":"<Quoted>"}"#),
    ("he said \"two words\" and x=\"open end", "he said \"two words\" and x=\"open end"),
    // Base64.
    ("token Zm9vYmFyYmF6cXV4MTIzNDU2Nzg5MA== end", "token <Base64> end"),
    ("key AAAAB3NzaC1yc2EAAAADAQABAAABgQC7/x+Yz9 me", "key <Base64> me"),
    ("Usr/Local2/Share/Doc3/Long/Path4", "<Path>"),
    // Hexadecimal.
    ("0x1F 0XdeadBEEF, 0xzz", "<Hex>, <Number>"),
    ("ffff3000 00000000000f0000", "<Hex>"),
    ("d41d8cd98f00b204e9800998ecf8427e", "<Hex>"),
    ("abcdefabcdefabcdefabcdefabcdefab", "<Hex>"),
    ("deadbeef facade decade", "deadbeef facade decade"),
    ("commit a1b2c3d fixes", "commit <Id> fixes"),
    // UUID.
    ("id 123e4567-e89b-12d3-a456-426614174000.", "id <Uuid>."),
    ("{A23E4567-E89B-12D3-A456-426614174000}", "{<Uuid>}"),
    ("req-123e4567-e89b-12d3-a456-426614174000", "<Id>"),
    ("123e4567-e89b-12d3-a456-42661417400", "<Id>"),
    // IPv4.
    ("from 10.0.0.1.", "from <Ip>."),
    ("10.0.0.1:8080: refused", "<Ip>: refused"),
    ("10.0.0.0/8 denied", "<Ip> denied"),
    ("/10.251.42.84 host/10.0.0.1:50010", "<Ip>"),
    ("(10.0.0.1), 10.0.0.2; [10.0.0.3]", "(<Ip>), <Ip>; [<Ip>]"),
    ("10.11.10.1,10.11.10.2 10.11.10.3", "<Ip>"),
    ("1.2.3.4.5", "<Id>"),
    ("256.1.1.1 1.2.3", "<Id>"),
    ("1.2.3.4-5", "<Id>"),
    ("client=1.2.3.4", "client=<Ip>"),
    ("5.36.59.76.dsl.example.net", "<Domain>"),
    // IPv6.
    ("::1", "<Ip>"),
    ("[2001:db8::1]:443", "<Ip>"),
    ("from fe80::1%eth0 x", "from <Ip> x"),
    ("::ffff:10.0.0.1", "<Ip>"),
    ("2001:0db8:85a3:0000:0000:8a2e:0370:7334", "<Ip>"),
    ("src 2001:db8::2: reset", "src <Ip>: reset"),
    ("a::b 1::", "a::b <Number>::"),
    // Hardware.
    ("00:1a:2B:3c:4d:5e up", "<Mac> up"),
    ("MAC=00:1a:2b:3c:4d:5e:00:1a:2b:3c:4d:5f:08:00 SRC", "MAC=<Hex> SRC"),
    ("key a8:0b:11:22:33:44:55:66:77:88:99:aa:bb:cc:dd:ee.", "key <Hex>."),
    ("addr:fe80::1 x", "addr:<Ip> x"),
    ("00:1a:2B:3c:4d", "<Number>:<Number>:<Number>:<Number>:<Number>"),
    ("device 0000:00:1f.0 and 00:1f.2", "device <Id> and <Id>"),
    // Names.
    ("host www.example.com.", "host <Domain>."),
    ("ns1.dsl.co.uk:53", "<Domain>"),
    ("web-prod-01 node-7", "<Id>"),
    ("to bob@example.com, alice@localhost", "to <Email>"),
    ("Object@1f0b3a7c", "<Id>"),
    // Paths and URLs.
    ("/etc/passwd", "<Path>"),
    ("open '/var/log/x.log': denied", "open '<Path>': denied"),
    ("cwd=/home/bob;", "cwd=<Path>;"),
    ("GET /index.php?id=1&x=2 HTTP/1.1", "GET <Path> <Id>"),
    ("agent curl/7.58.0-2, OpenSSH/8.4.", "agent <Id>."),
    ("root=LABEL=/ rhgb", "root=LABEL=/ rhgb"),
    (r"C:\Windows\System32\cmd.exe run", "<Path> run"),
    (r"on \\srv\share\x.txt", "on <Path>"),
    (r"DOMAIN\bob", r"DOMAIN\bob"),
    ("conf/workers.properties a/b/c/d", "<Path>"),
    ("see https://a.example/x?y=1#z.", "see <Url>."),
    ("jdbc:mysql://db:3306/x", "jdbc:<Url>"),
    ("</tag> <b>", "</tag> <b>"),
    // Identifiers.
    ("blk_-7128370237687728475", "<Id>"),
    ("attempt_2015_0001_m_000000_0 done", "<Id> done"),
    ("v1.5.0 pre-2 log4j-1.2.17.jar", "<Id>"),
    ("gcc version 3.3.3-7", "gcc version <Id>"),
    // Times.
    ("at Fri Jun 17 07:07:00 2005", "at <Time>"),
    ("Fri, 17 Jun 2005 07:07:00 GMT end", "<Time> end"),
    ("2015-10-18 18:01:47,978 x", "<Time> x"),
    ("2015-10-18T18:01:47.978+02:00", "<Time>"),
    ("[17/Jun/2005:07:07:00 +0000]", "[<Time>]"),
    ("06/17/2005 7:07 PM!", "<Time>!"),
    ("Jun 17, 2005", "<Time>"),
    ("20171223-22:15:29:606|x", "<Time>|x"),
    ("20050617T070700Z", "<Time>"),
    ("lifetime 00:01, 1:02:03", "lifetime <Time>, <Time>"),
    ("Mar and May, Sat down", "Mar and May, Sat down"),
    ("ratio 99:1", "ratio <Number>:<Number>"),
    // Already masked.
    ("port <Number> of <*>", "port <Number> of <*>"),
    ("<Numbers> <>", "<Numbers> <>"),
];

#[test]
fn table_of_masks() {
    assert!(TABLE.len() >= 80);
    let wrong: Vec<_> = TABLE
        .iter()
        .map(|(text, expected)| (*text, *expected, mask_text(text).render()))
        .filter(|(_, expected, got)| got != expected)
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

fn params(text: &str) -> Vec<(ParamKind, String)> {
    mask_text(text).params().map(|(kind, value)| (kind, value.to_owned())).collect()
}

#[test]
fn values_are_exactly_what_they_say() {
    let own = |list: &[(ParamKind, &str)]| -> Vec<_> {
        list.iter().map(|(kind, value)| (*kind, (*value).to_owned())).collect()
    };
    use ParamKind::*;
    assert_eq!(params("[2001:db8::1]:443"), own(&[(Ip, "2001:db8::1"), (Number, "443")]));
    assert_eq!(params("/10.0.0.1:80"), own(&[(Ip, "10.0.0.1"), (Number, "80")]));
    assert_eq!(
        params("a=1,b=x.example.com:8"),
        own(&[(Number, "1"), (Domain, "x.example.com"), (Number, "8")])
    );
    assert_eq!(params("10.0.0.1, 10.0.0.2"), own(&[(Ip, "10.0.0.1"), (Ip, "10.0.0.2")]));
    assert_eq!(
        params("(x at Fri Jun 17 07:07:00 2005)"),
        own(&[(Time, "Fri Jun 17 07:07:00 2005")])
    );
    for none in ["std::vector", "DOMAIN\\bob", "for invalid user admin"] {
        assert_eq!(params(none), own(&[]), "{none}");
    }
    for version in ["12::34", "1.2.3.4.5", "1.2.3-4"] {
        assert!(params(version).iter().all(|(kind, _)| *kind != Ip), "{version}");
    }
}

fn event(program: &str, message: &str) -> Event {
    let source = Arc::new(SourceInfo::plain(1, "s", ReceiverKind::File, "syslog"));
    let mut event = Event::empty(source);
    event.text = format!("{program}: {message}").into();
    event.program = Span::new(0, program.len());
    event.message = Span::new(program.len() + 2, event.text.len());
    Masker::new().mask(&mut event);
    event
}

#[test]
fn an_event_gets_its_namespace_leaf_and_spans() {
    let sshd = event("sshd", "Failed password for root from 10.0.0.1 port 22 ssh2");
    assert_eq!(sshd.namespace, namespace("syslog", "sshd"));
    assert_eq!(sshd.tokens.len(), 9);
    let values: Vec<_> = sshd.params.iter().map(|p| (p.token, sshd.get(p.value))).collect();
    assert_eq!(values, [(5, "10.0.0.1"), (7, "22")]);
    let same = event("sshd", "Failed password for alice from 10.9.0.7:2  port  9 ssh2");
    assert_eq!(same.leaf, sshd.leaf);
    for other in [
        event("su", "Failed password for root from 10.0.0.1 port 22 ssh2"),
        event("sshd", "Failed password for root from 10.0.0.1 port 22"),
        event("sshd", "Failed none for root from 10.0.0.1 port 22 ssh2"),
        event("sshd", "Failed password for root from 10.0.0.1, port 22 ssh2"),
    ] {
        assert_ne!(other.leaf, sshd.leaf, "{}", other.message());
    }
}

#[test]
fn hostile_sizes_are_bounded() {
    for unit in [
        "1", "a", "a ", "1 ", "/-", "/a", "a/", ":", "::1 ", "1:", "[", "[::", "é", "1.", "'a",
        "<", "<*>", "x=1,", "a@", "http://", "C:\\", "Jan 1 ", "1,111", "()", "\0", "% 1-",
    ] {
        let text = unit.repeat((1 << 20) / unit.len());
        let masked = mask_text(&text);
        check(&masked);
        assert!(masked.render().len() < MAX_BYTES + 16 * MAX_TOKENS, "{unit}");
    }
}

fn check(masked: &Masked<'_>) {
    let scan = &masked.scan;
    assert!(scan.tokens.len() <= MAX_TOKENS && scan.params.len() <= MAX_PARAMS);
    assert_eq!(scan.tokens.len(), scan.cores.len());
    let mut done = 0;
    for (token, core) in scan.tokens.iter().zip(&scan.cores) {
        assert!(core.start as usize >= done);
        done = core.end();
        let text = masked.message.get(core.start as usize..done).expect("a valid span");
        assert!(is_literal(*token) != kind_of(*token).is_some(), "{text}");
    }
    let mut last = (0, 0);
    for param in &scan.params {
        let core = scan.cores[usize::from(param.token)];
        assert!(param.value.start >= core.start && param.value.end() <= core.end());
        assert!(masked.message.get(param.value.start as usize..param.value.end()).is_some());
        assert!((param.token, param.value.start) >= last, "in the order of the text");
        last = (param.token, param.value.start);
        assert!(!is_literal(scan.tokens[usize::from(param.token)]));
    }
    let with = |i: usize| scan.params.iter().any(|p| usize::from(p.token) == i);
    assert!((0..scan.tokens.len()).all(|i| is_literal(scan.tokens[i]) || with(i)));
}

/// Text made of what the lexer is sensitive to.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "[ -~]{0,6}",
        "[0-9a-f:.]{0,12}",
        "[-_.+@%$~/\\\\'\"<>()\\[\\]{}=,;:# ]{0,4}",
        "\\PC{0,4}",
        prop::sample::select(TABLE).prop_map(|(text, _)| text.to_owned()),
        prop::sample::select(vec!["<Ip>", "Jan 2 ", "true", "a/b/c", "//", "x.com", "é", "\u{0}"])
            .prop_map(str::to_owned),
    ];
    prop::collection::vec(piece, 0..12).prop_map(|v| v.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn spans_are_valid_and_masking_is_idempotent(text in prop_oneof![pieces(), any::<String>()]) {
        let masked = mask_text(&text);
        check(&masked);
        let once = masked.render();
        let again = mask_text(&once);
        prop_assert_eq!(&once, &again.render(), "{:?}", text);
        prop_assert_eq!(&masked.scan.tokens, &again.scan.tokens, "{:?}", text);
        prop_assert_eq!(masked.scan.skeleton, again.scan.skeleton, "{:?}", text);
    }
}
