//! Messages that no rule knows, through masks and roles as in the product, with all they name.
//!
//! `general.txt` has pairs of lines: a message, and after `=` its entities. With `SEERFLOW_BLESS`
//! set the file is written anew, for a person to read the difference.

use crate::mask::Masker;
use crate::roles::RoleSet;
use std::fmt::Write;

const CASES: &str = include_str!("general.txt");

fn named(message: &str, masker: &mut Masker, roles: &mut RoleSet) -> String {
    let mut event = super::build::event("", "", message);
    masker.mask(&mut event);
    roles.apply(&mut event);
    let mut out = String::from("=");
    for e in &event.entities {
        write!(out, " {} {} {};", e.role.name(), e.kind.name(), event.canonical(e)).unwrap();
    }
    out
}

#[test]
fn messages_that_no_rule_knows() {
    let (mut masker, mut roles) = (Masker::new(), RoleSet::bundled());
    let mut actual = String::new();
    let mut count = 0;
    for line in CASES.lines().filter(|line| !line.starts_with('=')) {
        writeln!(actual, "{line}").unwrap();
        if !line.starts_with('#') {
            writeln!(actual, "{}", named(line, &mut masker, &mut roles)).unwrap();
            count += 1;
        }
    }
    assert!(count >= 80, "{count} messages");
    if std::env::var_os("SEERFLOW_BLESS").is_some() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/roles/tests/general.txt");
        std::fs::write(path, &actual).unwrap();
    }
    for (n, (expected, actual)) in CASES.lines().zip(actual.lines()).enumerate() {
        assert_eq!(actual, expected, "line {}", n + 1);
    }
    assert_eq!(CASES.lines().count(), actual.lines().count());
}

#[test]
fn pods_belong_to_their_namespace() {
    let mut roles = RoleSet::bundled();
    for (fields, expected) in [
        (
            &[("kubernetes.pod_name", "web-1"), ("kubernetes.namespace_name", "shop")][..],
            "object container shop/web-1",
        ),
        (
            &[("k8s.namespace.name", "shop"), ("pod", "web-1"), ("container", "shop/web-1")],
            "object container shop/web-1",
        ),
        (
            &[("container_id", "docker://4BF92F3577B3"), ("pod_namespace", "shop")],
            "object container 4bf92f3577b3",
        ),
        (&[("pod", "web-1"), ("pod_namespace", "a/b")], "object container web-1"),
        (&[("pod_namespace", "shop")], ""),
    ] {
        let mut event = super::build::with_fields("", "", "it failed", fields);
        roles.apply(&mut event);
        let shown = super::build::shown(&event);
        let shown = shown.strip_prefix("other unknown").unwrap().trim_start_matches("; ");
        assert_eq!(shown, expected, "{fields:?}");
        for e in &event.entities {
            let key = seerflow_model::entity::key(e.kind, &event.canonical(e));
            assert_eq!(e.key, key, "{fields:?}");
        }
    }
}

#[test]
fn a_principal_acts_as_a_user_does() {
    let message = "User: arn:aws:iam::123456789012:user/Bob from 192.0.2.7 opened /srv/x";
    let mut event = super::build::event("", "", message);
    RoleSet::bundled().apply(&mut event);
    let bob = "arn:aws:iam::123456789012:user/Bob";
    assert_eq!(
        super::build::edges(&event),
        format!("{bob} authenticated_from 192.0.2.7; {bob} accessed /srv/x")
    );
}
