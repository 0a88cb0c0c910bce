//! Lines with exactly what must come out: entities with roles, edges, activity, outcome.

use super::build::{edges, event, shown};
use crate::roles::RoleSet;

#[test]
fn a_failed_login() {
    let mut event = event(
        "Web-1",
        "sshd",
        "Failed password for invalid user admin from 203.0.113.9 port 4242 ssh2",
    );
    RoleSet::bundled().apply(&mut event);
    assert_eq!(
        shown(&event),
        "login failure; actor user admin; src ip 203.0.113.9; target host web-1; \
         object process web-1/sshd"
    );
    assert_eq!(
        edges(&event),
        "admin authenticated_from 203.0.113.9; admin logged_into web-1; \
         203.0.113.9 reached_host web-1; web-1/sshd ran_on web-1"
    );
}
