//! Lines that tempt a reader to see what is not there.

use super::build::{event, shown};
use crate::roles::RoleSet;

#[test]
fn nothing_is_invented() {
    let mut roles = RoleSet::bundled();
    for message in [
        "std::vector<int> grew past its limit",
        "core::fmt::Display is not implemented for d::e",
        "panicked at alloc::vec::Vec<T>::push",
        "elapsed 12::34",
        "elapsed 12:34:56 of 01:02:03",
        "library 1.2.3.4.5 loaded",
        "OpenSSL 1.1.1.1 loaded",
        "using openssl 1.1.1.1",
        "agent v1.2.3.4 started",
        "version 10.0.0.1 of the schema",
        "version: 10.0.0.1",
        "upgraded from 1.2.3.4 to 1.2.3.5",
        "upgrade of libfoo to 2.3.4.5 done",
        "Mozilla/5.0 Chrome/120.0.0.0 Safari/537.36",
        "foo-1.2.3.4.tar.gz unpacked",
        "foo-1.2.3.4-rc1 unpacked",
        "route 10.0.0.0/8 added",
        "999.1.1.1 and 1.2.3.256 and 01.2.3.4",
        "listening on 0.0.0.0:80",
        "listening on [::]:80",
        "QuorumPeer 0:0:0:0:0:0:0:0:2181",
        "infiniband 00:11:22:33:44:55:66:77 up",
        "java.lang.NullPointerException: null",
        "at com.example.Service.run from com.example.Main",
        "loaded config.yaml from settings.conf",
        "user unknown",
        "user name is empty",
        "User authentication failed",
        "user session for the group",
        "new user session created",
        "superuser bob-like",
        "users 12",
        "for user ",
        "user= rhost= client_ip=",
        "user=null host=- src_ip=unknown",
        "if (user == admin) return",
        "redirect ?user=bob&client_ip=h1.example.net",
        "ERROR\\nCaused by x",
        "key HKLM\\Software",
        "path C:\\temp",
        "\\\\server\\share",
        "tenant 54fadb412c4e40cdbaed9335e4c35a9e",
        "temperature 45.5.5.5.5.5",
        "ratio 3/4 at //",
        "0.9.8.1",
        "mail to nobody@",
        "@ @@ a@ @b",
        "::",
        "1::",
        "::1::2",
        "info: com.example.server.Quorum@33557fe4",
        "toString com.example.Thing@8a2a501",
    ] {
        let mut event = event("h", "app", message);
        roles.apply(&mut event);
        let expected = "other unknown; target host h; object process h/app";
        assert_eq!(shown(&event), expected, "{message}");
    }
}

#[test]
fn bounds_hold() {
    let mut roles = RoleSet::bundled();
    let many: String = (0..99).map(|i| format!("from 198.51.100.{i} ")).collect();
    let mut crowded = event("h", "app", &many);
    roles.apply(&mut crowded);
    assert_eq!(crowded.entities.len(), 16);
    assert!(shown(&crowded).ends_with("; target host h; object process h/app"));
    assert!(crowded.edges.len() <= 32);

    let far = format!("{} from 203.0.113.9", "x".repeat(super::super::MESSAGE_MAX));
    let mut long = event("h", "app", &far);
    roles.apply(&mut long);
    assert_eq!(shown(&long), "other unknown; target host h; object process h/app");

    let name = "a".repeat(300);
    let mut named =
        event("h", "sshd", &format!("Failed password for {name} from 203.0.113.9 port 1 ssh2"));
    roles.apply(&mut named);
    assert_eq!(
        shown(&named),
        "login failure; src ip 203.0.113.9; target host h; object process h/sshd"
    );
}

#[test]
fn equal_things_are_one() {
    let message = "client 203.0.113.9 src_ip=203.0.113.9:80 user=Bob for user bob";
    let mut event = event("h", "app", message);
    RoleSet::bundled().apply(&mut event);
    assert_eq!(
        shown(&event),
        "other unknown; src ip 203.0.113.9; actor user bob; target host h; object process h/app"
    );
}
