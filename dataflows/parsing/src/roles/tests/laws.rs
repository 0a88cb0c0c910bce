//! What holds for any bytes: no panic, spans inside the text, keys of the canonical values, bounds.

use super::build::with_fields;
use crate::roles::RoleSet;
use proptest::prelude::*;
use seerflow_model::{Event, Param, ParamKind, Span, entity};

fn check(event: &Event) -> Result<(), TestCaseError> {
    prop_assert!(event.entities.len() <= 16 && event.edges.len() <= 32);
    for (i, e) in event.entities.iter().enumerate() {
        for span in [e.value, e.domain] {
            prop_assert!(event.text.get(span.start as usize..span.end()).is_some());
        }
        let canonical = entity::canonical(e.kind, event.get(e.value), event.get(e.domain));
        let canonical = canonical.expect("an entity has a canonical value");
        prop_assert_eq!(e.key, entity::key(e.kind, &canonical));
        let same = |o: &&entity::EntityRef| (o.kind, o.key, o.role) == (e.kind, e.key, e.role);
        prop_assert!(!event.entities[..i].iter().any(|o| same(&o)));
    }
    for edge in &event.edges {
        prop_assert!(usize::from(edge.from.max(edge.to)) < event.entities.len());
    }
    Ok(())
}

/// Pieces that rules and readings know, between arbitrary text.
fn message() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        3 => "\\PC{0,6}|.{0,4}",
        1 => "[0-9]{1,3}(\\.[0-9]{1,3}){3,4}(:[0-9]{1,5})?",
        1 => "[0-9a-f:]{1,12}",
        4 => prop::sample::select(vec![
            "Failed password for ", "invalid user ", " from ", " port ", " ssh2", "user=", "user ",
            "for user ", "=", "\"", "'", "\\", "CORP\\bob", "a@b.c", "rhost=", " ; USER=", " : TTY=",
            "pam_unix(sshd:auth): ", "authentication failure; ", "session opened for user ", " by ",
            "(uid=0)", "/etc/passwd", "%ASA-6-302013: Built inbound ", "open() \"", ", client: ", "Auth: [",
            "client @0x1 1.2.3.4#5 (a.b): ", "DHCPACK on ", " to 52:54:00:12:34:56 (", "08[IKE] ", "message repeated 2 times: [ ", "[", "]", "version ", "ü", "\0",
        ]).prop_map(str::to_owned),
    ];
    prop::collection::vec(piece, 0..14).prop_map(|pieces| pieces.concat())
}

thread_local! {
    static ROLES: std::cell::RefCell<RoleSet> = RoleSet::bundled().into();
}

fn apply(event: &mut Event) {
    ROLES.with(|roles| roles.borrow_mut().apply(event));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn any_text(
        host in "|[a-zA-Z.-]{1,9}|.{0,4}",
        program in "sshd|sudo|su|su\\(pam_unix\\)|kernel|nginx|login|cron|smbd|named|dhcpd|charon||.{0,6}",
        message in message(),
        name in "user|src_ip|host|user.domain|.{0,6}",
        value in message(),
    ) {
        let mut event = with_fields(&host, &program, &message, &[(&name, &value)]);
        apply(&mut event);
        check(&event)?;
        // The same record gives the same result, whatever was read before it.
        let mut again = event.clone();
        (again.activity, again.outcome) = Default::default();
        apply(&mut again);
        prop_assert_eq!(again, event);
    }

    #[test]
    fn any_spans(text in message(), spans in prop::collection::vec((0u32..40, 0u32..40), 9)) {
        let mut event = with_fields("", "", &text, &[]);
        let span = |i: usize| Span { start: spans[i].0, len: spans[i].1 };
        event.host = span(0);
        event.program = span(1);
        event.message = span(2);
        event.fields = [seerflow_model::Field { name: span(3), value: span(4) }].into();
        let kinds = [ParamKind::Ip, ParamKind::Email, ParamKind::Path, ParamKind::Domain];
        let param = |(i, kind)| Param { kind, token: 0, value: span(5 + i) };
        event.params = kinds.into_iter().enumerate().map(param).collect();
        apply(&mut event);
        check(&event)?;
    }
}
