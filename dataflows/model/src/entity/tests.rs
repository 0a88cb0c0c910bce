//! Canonical forms: vectors, spellings that are one entity, spellings that are not, laws.

use super::*;
use proptest::prelude::*;

fn id(kind: EntityType, value: &str, domain: &str) -> String {
    uuid(kind, &canonical(kind, value, domain).unwrap()).to_string()
}

#[test]
fn uuid_vectors() {
    use EntityType::*;
    for (kind, value, domain, expected) in [
        (Ip, "10.0.0.1", "", "6df9e3ad-af86-5520-8743-84dc81c690c2"),
        (Ip, "::1", "", "1f20d1de-5958-5c3f-baa8-8c9c891a9d53"),
        (Ip, "::ffff:10.0.0.1", "", "6df9e3ad-af86-5520-8743-84dc81c690c2"),
        (User, "alice", "corp", "ed35bbb7-013d-5850-8875-130f03660b49"),
        (User, "CORP\\Alice", "", "ed35bbb7-013d-5850-8875-130f03660b49"),
        (User, "alice@corp", "", "ed35bbb7-013d-5850-8875-130f03660b49"),
        (Host, "Web-01.", "", "82feccae-4dec-52cb-98dc-5192a014d769"),
        (Domain, "Example.COM.", "", "8b22b68f-4317-5756-8bda-7e00236738e1"),
        (File, "/etc/passwd", "", "577af02a-e36c-5a68-9563-8e3b94656be3"),
        (File, "c:/WINDOWS//a.exe", "", "04bdc685-d353-5f53-a6f3-63150b581d27"),
        (Host, "B\u{fc}cher.example", "", "100aac88-fec5-5f3a-b9fa-36f523f3831b"),
        (Process, "sshd", "WEB-1.", "0c476e31-42fd-5c7c-b238-0c0e1927286d"),
        (Hash, "MD5=D41D8CD98F00B204E9800998ECF8427E", "", "fd1d3634-e6dc-528c-b283-a9aa49836aaf"),
        (Url, "HTTPS://u:p@Example.com:443/a?b", "", "080d4d7b-a5e9-529d-8559-de5a9e55be48"),
        (Email, "Bob@Example.com", "", "e8890fa7-63f7-52fe-8201-e154041ec317"),
        (Mac, "001A.2B3C.4D5E", "", "db9a3d1f-a0b5-5829-a1d1-0b01ab9e258e"),
        (Service, "nginx.service", "", "cda8c99d-abc5-5d5d-a210-7bc4bac41e17"),
        (Container, "web-1", "shop", "27bdd35d-87f0-5d34-8b72-36b17037900d"),
        (
            Principal,
            "arn:aws:iam::123456789012:user/Bob",
            "",
            "cbea23d9-bb38-58ce-8d2d-214d251e9a02",
        ),
    ] {
        assert_eq!(id(kind, value, domain), expected, "{kind:?} {value}");
    }
}

#[test]
fn every_type_has_its_name_and_namespace() {
    let mut seen = Vec::new();
    for (i, kind) in EntityType::ALL.into_iter().enumerate() {
        assert_eq!(kind as usize, i + 1);
        let k = i + 1;
        assert_eq!(
            kind.namespace().to_string(),
            format!("a1b2c3d4-{k:04x}-0000-0000-{k:012x}"),
            "{kind:?}"
        );
        assert_eq!(serde_json::to_value(kind).unwrap(), kind.name());
        seen.push(kind.name());
    }
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), 13);
}

/// `type | spellings, apart by two blanks | canonical form`; `d » u` gives domain and value.
const SPELLINGS: &str = include_str!("spellings.txt");

#[test]
fn spellings_of_one_entity() {
    let mut rows = 0;
    for line in SPELLINGS.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let [kind, spellings, form] = line.split(" | ").collect::<Vec<_>>()[..] else {
            panic!("{line}")
        };
        let kind = EntityType::ALL.into_iter().find(|k| k.name() == kind.trim()).expect(line);
        for spelling in spellings.trim().split("  ").filter(|s| !s.is_empty()) {
            let spelling = unescaped(spelling);
            let (domain, value) = spelling.split_once(" » ").unwrap_or(("", &spelling));
            let got = canonical(kind, value, domain);
            assert_eq!(got.as_deref().unwrap_or("none"), unescaped(form.trim()), "{spelling}");
            rows += 1;
        }
    }
    assert!(rows >= 120, "{rows}");
}

/// `\u{200b}` as in Rust; other backslashes stay.
fn unescaped(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((head, tail)) = rest.split_once("\\u{") {
        let (hex, tail) = tail.split_once('}').unwrap();
        out.push_str(head);
        out.extend(char::from_u32(u32::from_str_radix(hex, 16).unwrap()));
        rest = tail;
    }
    out + rest
}

#[test]
fn a_process_belongs_to_its_host() {
    assert_ne!(id(EntityType::Process, "sshd", "a"), id(EntityType::Process, "sshd", "b"));
}

#[test]
fn hostile_values() {
    let million = "a".repeat(1_000_000);
    for kind in EntityType::ALL {
        for value in ["", " ", "a\0b", "\0", "a\u{1b}[31m", "/a\nb", &million] {
            assert_eq!(canonical(kind, value, ""), None, "{kind:?} {:.20}", value);
        }
        // Grows when it is composed or written out; must stay within the bound.
        for value in ["\u{fb2c}".repeat(1300), "ü".repeat(2048), "http://ü".repeat(400)] {
            if let Some(form) = canonical(kind, &value, "") {
                assert!(form.len() <= VALUE_MAX);
            }
        }
    }
    for domain in ["a\0b", "a\u{1b}b", "a:b", &million] {
        assert_eq!(canonical(EntityType::User, "bob", domain), None);
    }
    for scope in ["a\0b", "a/b", &million] {
        assert_eq!(canonical(EntityType::Process, "cron", scope), None);
    }
    // Nobody's secret becomes an entity.
    for url in [
        "https://bob:hunter2@example.com/",
        "https://bob:hunter2@example.com:443?token=hunter2",
        "https://example.com/a;jsessionid=hunter2",
        "https://example.com/#hunter2",
        "https://bob:hunter2/@example.com/",
        "https://bob:1#hunter2@example.com/",
        "https://bob:12/hunter2@example.com/",
        "ftp://hunter2@example.com",
    ] {
        let form = canonical(EntityType::Url, url, "").unwrap_or_default();
        assert!(!form.contains("hunter2"), "{url}: {form}");
    }
}

/// Pieces that the forms know, and anything.
fn any_value() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        3 => "\\PC{0,5}|.{0,3}|[A-Za-z]{1,3}",
        1 => "[0-9a-fA-F:.%]{0,18}",
        4 => prop::sample::select(vec![
            "/", "//", "/./", "/.", "\\", "\\\\", "\\\\?\\", "\\??\\", "C:\\", "c:/", ".", "..",
            ":", "@", "[", "]", "[::1]", ":443", ":80", "http://", "https://", "file:///", "?", "#",
            ";", "%2f", "%", " ", "<", ">", "mailto:", "sha256:", "SHA1=", "arn:aws:iam::1:Role/X",
            "system:serviceaccount:", "serviceAccount:", "{", "}", "docker://", "docker-", ".scope",
            "İ", "Σ", "ß", "ü", "u\u{308}", "\u{37e}", "\u{1fef}", "\u{212a}", "\u{2126}", "\u{200b}",
            "\u{202e}", "。", "．", "：", "／", "\u{3000}", "\u{2000}", "xn--", "xn--tda", "א", ".exe",
            ".EXE", "d41d8cd98f00b204e9800998ecf8427e", "AABB.CCDD.EEFF", "aa-bb-cc-dd-ee-ff",
            "::ffff:1.2.3.4", "123E4567-e89b-12d3-a456-426614174000", "4bf92f3577b3",
        ]).prop_map(str::to_owned),
    ];
    prop::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn the_form_is_a_fixed_point(value in any_value(), domain in prop_oneof![Just(String::new()), any_value()]) {
        for kind in EntityType::ALL {
            let Some(form) = canonical(kind, &value, &domain) else { continue };
            prop_assert!(!form.is_empty() && form.len() <= VALUE_MAX);
            prop_assert_eq!(form.trim(), &*form);
            prop_assert!(!form.bytes().any(|b| b < b' ' || b == 0x7f));
            let again = canonical(kind, &form, "");
            prop_assert_eq!(again.as_deref(), Some(&*form), "{:?} {:?} {:?}", kind, value, domain);
        }
    }

    #[test]
    fn composed_and_decomposed_are_one(value in "[A-Za-z0-9äöüßéñÅçα-ω/.@-]{1,20}") {
        use unicode_normalization::UnicodeNormalization;
        let (composed, decomposed): (String, String) = (value.nfc().collect(), value.nfd().collect());
        for kind in EntityType::ALL {
            prop_assert_eq!(canonical(kind, &composed, ""), canonical(kind, &decomposed, ""), "{:?}", kind);
        }
    }

    #[test]
    fn case_is_one_where_it_must_be(value in "[A-Za-z0-9.-]{1,20}") {
        use EntityType::*;
        for kind in [User, Host, Domain] {
            let upper = value.to_ascii_uppercase();
            prop_assert_eq!(canonical(kind, &value, ""), canonical(kind, &upper, ""));
        }
    }
}
