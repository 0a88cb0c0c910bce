//! Cloud and cluster identities: by their form they are told from accounts of a machine.
//!
//! `arn:aws:iam::…` and `arn:aws:sts::…` in any partition, `system:serviceaccount:namespace:name`
//! of Kubernetes, and service accounts of Google's cloud. Other ARNs name things, not who acts.
//! Cost: one search for `arn:` in a message that no rule knows.

use super::context::Before;
use super::forms::is_name_end;
use super::value::Value;
use memchr::memmem;
use seerflow_model::{EntityType, Role, Span};

/// Longest identity.
pub(super) const PRINCIPAL_MAX: usize = 2048;
/// Most places looked at in one message.
const PLACES_MAX: usize = 8;

/// Whether a text is an identity of a cloud or cluster.
pub(super) fn is_principal(text: &str) -> bool {
    if text.len() > PRINCIPAL_MAX || text.contains(|c: char| c.is_whitespace()) {
        return false;
    }
    let begins = |prefix| super::context::begins(text, prefix);
    if begins("arn:") {
        let mut parts = text.splitn(6, ':').skip(1);
        let partition = parts.next().unwrap_or_default();
        let service = parts.next().unwrap_or_default();
        let resource = parts.nth(2).unwrap_or_default();
        return partition.starts_with("aws")
            && matches!(service, "iam" | "sts")
            && !resource.is_empty();
    }
    if begins("system:serviceaccount:") {
        let mut parts = text.split(':').skip(2);
        let full = |part: Option<&str>| part.is_some_and(|part| !part.is_empty());
        return full(parts.next()) && full(parts.next()) && parts.next().is_none();
    }
    text.rsplit_once('@').is_some_and(|(name, domain)| {
        let google = ["gserviceaccount.com", "developer.gserviceaccount.com"];
        !name.is_empty() && (google.contains(&domain) || domain.ends_with(".gserviceaccount.com"))
    })
}

/// ARNs of identities in a message. One acts when the words before it say so; else it is spoken
/// of.
pub(super) fn named(
    arn: &memmem::Finder<'_>,
    text: &str,
    start: usize,
    mut add: impl FnMut(Role, Value),
) {
    let bytes = text.as_bytes();
    for from in arn.find_iter(&bytes[start..]).take(PLACES_MAX).map(|at| start + at) {
        if from > start && (bytes[from - 1].is_ascii_alphanumeric() || bytes[from - 1] >= 0x80) {
            continue;
        }
        let len = bytes[from..].iter().take(PRINCIPAL_MAX).take_while(|b| !is_name_end(**b));
        let mut to = from + len.count();
        while to > from && matches!(bytes[to - 1], b'.' | b',' | b':' | b';') {
            to -= 1;
        }
        if text.get(from..to).is_some_and(is_principal) {
            let acts = Before::new(bytes, start, from).names_an_actor();
            let value = Span::new(from, to);
            let value = Value { kind: EntityType::Principal, value, domain: Span::NONE };
            add(if acts { Role::Actor } else { Role::Object }, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identities() {
        for (text, expected) in [
            ("arn:aws:iam::123456789012:user/bob", true),
            ("arn:aws-cn:sts::123456789012:assumed-role/Ops/i-0abc", true),
            ("arn:aws:iam::123456789012:root", true),
            ("arn:aws:s3:::bucket/key", false),
            ("arn:aws:iam::123456789012:", false),
            ("arn:x:iam::1:user/bob", false),
            ("arn:", false),
            ("system:serviceaccount:kube-system:default", true),
            ("system:serviceaccount:kube-system", false),
            ("system:serviceaccount::x", false),
            ("system:node:worker-1", false),
            ("ci@project.iam.gserviceaccount.com", true),
            ("12-compute@developer.gserviceaccount.com", true),
            ("@project.iam.gserviceaccount.com", false),
            ("ci@gserviceaccount.com.example.org", false),
            ("bob", false),
        ] {
            assert_eq!(is_principal(text), expected, "{text}");
        }
    }
}
