//! Laws over random lines.

use super::tests::{all, redact, redactor, short};
use super::*;
use crate::lines::{Assembler, Joining, Options, Records, records};
use crate::time::{Finder, YearPolicy, Zone};
use proptest::prelude::*;

/// Digit by digit as the norm describes it.
fn luhn_oracle(number: &str) -> bool {
    let mut sum = 0;
    for (place, digit) in number.chars().rev().map(|c| c.to_digit(10).unwrap()).enumerate() {
        let doubled = if place % 2 == 1 { digit * 2 } else { digit };
        sum += doubled.to_string().chars().map(|c| c.to_digit(10).unwrap()).sum::<u32>();
    }
    sum % 10 == 0
}

/// A number with a valid check digit.
fn number(first: u64, rest: u64, len: usize) -> String {
    let mut digits = format!("{first}{rest:018}");
    digits.truncate(len - 1);
    let check = (0..10).find(|check| luhn_oracle(&format!("{digits}{check}"))).unwrap();
    format!("{digits}{check}")
}

/// Whether a word of digits alone is a card.
fn has_card(text: &str) -> bool {
    let text = short(text);
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '.');
    words.filter(|word| word.bytes().all(|b| b.is_ascii_digit())).any(|word| {
        (13..=19).contains(&word.len())
            && word.starts_with(['3', '4', '5', '6'])
            && luhn_oracle(word)
    })
}

fn pieces() -> impl Strategy<Value = String> {
    let words = prop_oneof![
        Just("password"),
        Just("="),
        Just(":"),
        Just(" "),
        Just("\""),
        Just("\\"),
        Just("'"),
        Just("4111"),
        Just("1111"),
        Just("4111111111111111"),
        Just("-"),
        Just("a@b.cc"),
        Just("@"),
        Just("%40"),
        Just("."),
        Just("token"),
        Just("Bearer "),
        Just("eyJhbGci.eyJzdWIi.x"),
        Just("{"),
        Just("}"),
        Just(","),
        Just("<"),
        Just(">"),
        Just("é"),
        Just("://u:p@"),
        Just("\n"),
        Just("["),
        Just("-----BEGIN PRIVATE KEY-----"),
        Just("-----END "),
        Just("authorization"),
        Just("&"),
        Just("<card:0123456789abcdef01234567>"),
        Just("x"),
        Just("7"),
        Just("ghp_"),
        Just("AKIA"),
    ];
    proptest::collection::vec(words, 0..24).prop_map(|words| words.concat())
}

proptest! {
    #[test]
    fn luhn_is_the_oracles(number in "[0-9]{1,24}") {
        prop_assert_eq!(luhn(number.as_bytes()), luhn_oracle(&number));
    }

    #[test]
    fn twice_is_once(line in pieces()) {
        let once = redact(&all(), &line);
        prop_assert_eq!(redact(&all(), &once), once.clone(), "{}", line);
        prop_assert!(!has_card(&once), "{} {}", line, once);
    }

    #[test]
    fn arbitrary_bytes_are_taken(line in proptest::collection::vec(any::<u8>(), 0..200)) {
        let mut lines = Redacting::new(all(), State::default());
        let once = lines.line(&line).bytes.to_vec();
        let mut lines = Redacting::new(all(), State::default());
        prop_assert_eq!(lines.line(&once).bytes, &once[..]);
    }

    #[test]
    fn a_card_in_any_spelling_is_gone(
        first in 3u64..7,
        rest in 0u64..1_000_000_000_000_000_000,
        len in 13usize..20,
        joint in prop_oneof![Just(" "), Just("-"), Just("")],
        size in prop_oneof![Just(1usize), Just(4), Just(5), Just(6)],
        before in "[g-z ]{0,8}[ =:\"(]",
        after in "[ ,;)\"][a-z ]{0,8}",
    ) {
        let card = number(first, rest, len);
        let groups: Vec<&str> =
            card.as_bytes().chunks(size).map(|g| std::str::from_utf8(g).unwrap()).collect();
        let line = format!("{before}{}{after}", groups.join(joint));
        let out = redact(&redactor(&[Rule::Card]), &line);
        prop_assert_eq!(short(&out), format!("{before}<card>{after}"));
        prop_assert!(out.contains(&redact(&redactor(&[Rule::Card]), &card)), "one pseudonym");
    }

    #[test]
    fn text_without_values_is_handed_on(line in "[ -~é\n]{0,200}") {
        let found = redact(&all(), &line);
        if !found.contains(":") || found == line {
            prop_assert_eq!(found, line);
        } else {
            // What was not replaced is there, byte for byte and in its order.
            let mut rest = line.as_str();
            for part in short(&found).split("<email>").flat_map(|p| p.split("<token>")).flat_map(|p| p.split("<card>")) {
                let at = rest.find(part);
                prop_assert!(at.is_some(), "{} {}", line, found);
                rest = &rest[at.unwrap() + part.len()..];
            }
        }
    }

    /// However a source is cut into blocks, and wherever a reader takes over from another one.
    #[test]
    fn blocks_and_resuming_do_not_matter(
        lines in proptest::collection::vec(line_of_a_source(), 1..20),
        cut in 0usize..600,
        off in any::<bool>(),
    ) {
        let multiline = if off { Joining::Off } else { Joining::Auto };
        let options = || Options { line_bytes: 4096, multiline: multiline.clone(), redact: Some(all()) };
        let finder = || Finder::new(Zone::Utc, YearPolicy::Fixed(2026));
        let bytes = lines.join("\n").into_bytes();
        let whole = records(&bytes, options(), finder());
        let texts = |all: &Records| -> Vec<_> {
            all.records.iter().map(|r| (all.bytes_of(r).to_vec(), r.time, r.flags, r.from)).collect()
        };
        let cut = cut.min(bytes.len());
        let mut first = Assembler::new(options(), finder());
        let mut got = Records::default();
        first.push(&bytes[..cut], 0, &mut got);
        let mut resumed = texts(&got);
        if let Some((at, state)) = first.resume_point() {
            let mut second = Assembler::resume(options(), Zone::Utc, at, state);
            let mut rest = Records::default();
            second.push(&bytes[at as usize..], 0, &mut rest);
            second.finish(&mut rest);
            resumed.extend(texts(&rest));
            prop_assert_eq!(&resumed, &texts(&whole));
        }
        first.push(&bytes[cut..], 0, &mut got);
        first.finish(&mut got);
        prop_assert_eq!(texts(&got), texts(&whole));
    }
}

fn line_of_a_source() -> impl Strategy<Value = String> {
    let body = "MIIEpAIBAAKCAQEA75TEMnvdbW0bW0bW0bW0bW0bW0bW0b";
    prop_oneof![
        Just("2026-03-24T19:00:00Z plain line".to_owned()),
        Just("2026-03-24T19:00:01Z card 4111 1111 1111 1111".to_owned()),
        Just("2026-03-24T19:00:02Z -----BEGIN PRIVATE KEY-----".to_owned()),
        Just(body.to_owned()),
        Just(format!("2026-03-24T19:00:03Z {body}")),
        Just("-----END PRIVATE KEY-----".to_owned()),
        Just("  password=hunter2".to_owned()),
        Just("4111111111111111 in front".to_owned()),
        Just(String::new()),
    ]
}
