//! What a stranger may write into a line of a known program must not become another part of it.
//!
//! Each row has a line with a place for a stranger's words, and the machines that it really names.
//! Whatever the words, made of pieces of that very line and of others, no other machine may be
//! source, destination or target, nobody may be a target, and a failure must not turn to a success.

use super::build::event;
use crate::roles::RoleSet;
use proptest::prelude::*;
use seerflow_model::{EntityType, Event, Outcome, Role};

/// Program, line with `@` for the stranger's words, addresses that are true.
const LINES: [(&str, &str, &[&str]); 34] = [
    ("sshd", "Failed password for invalid user @ from 192.0.2.1 port 22 ssh2", &["192.0.2.1"]),
    ("sshd", "Failed none for invalid user @ from 192.0.2.1 port 22 ssh2", &["192.0.2.1"]),
    (
        "sshd",
        "Failed publickey for invalid user @ from 192.0.2.1 port 22 ssh2: RSA SHA256:aa",
        &["192.0.2.1"],
    ),
    (
        "sshd",
        "Failed publickey for bob from 192.0.2.1 port 22 ssh2: RSA-CERT SHA256:aa ID @ (serial 0) CA",
        &["192.0.2.1"],
    ),
    ("sshd", "Invalid user @ from 192.0.2.1 port 22", &["192.0.2.1"]),
    ("sshd", "Invalid user @ from 192.0.2.1", &["192.0.2.1"]),
    ("sshd", "input_userauth_request: invalid user @ [preauth]", &[]),
    ("sshd", "Connection closed by invalid user @ 192.0.2.1 port 22 [preauth]", &["192.0.2.1"]),
    ("sshd", "Disconnected from invalid user @ 192.0.2.1 port 22 [preauth]", &["192.0.2.1"]),
    ("sshd", "Received disconnect from 192.0.2.1 port 22:11: @ [preauth]", &["192.0.2.1"]),
    ("sshd", "Received disconnect from 192.0.2.1: 11: @", &["192.0.2.1"]),
    (
        "sshd",
        "Disconnecting invalid user a 192.0.2.1 port 22: Change of username or service not allowed: \
         (a,x) -> (@,x) [preauth]",
        &["192.0.2.1"],
    ),
    (
        "sshd",
        "error: maximum authentication attempts exceeded for invalid user @ from 192.0.2.1 port 22 \
         ssh2 [preauth]",
        &["192.0.2.1"],
    ),
    (
        "sshd",
        "error: PAM: Authentication failure for illegal user @ from 192.0.2.1",
        &["192.0.2.1"],
    ),
    ("sshd", "Bad protocol version identification '@' from 192.0.2.1 port 22", &["192.0.2.1"]),
    (
        "vsftpd",
        "pam_unix(vsftpd:auth): authentication failure; logname= uid=0 euid=0 tty=ftp ruser=@ \
         rhost=192.0.2.1 ",
        &["192.0.2.1"],
    ),
    ("vsftpd", "[pid 2] [@] FAIL LOGIN: Client \"192.0.2.1\"", &["192.0.2.1"]),
    (
        "proftpd",
        "h1 (192.0.2.1[192.0.2.1]) - USER @ (Login failed): Incorrect password.",
        &["192.0.2.1"],
    ),
    ("login", "FAILED LOGIN 1 FROM 192.0.2.1 FOR @, Authentication failure", &["192.0.2.1"]),
    (
        "dovecot",
        "imap-login: Disconnected (auth failed, 1 attempts in 2 secs): user=<@>, method=PLAIN, \
         rip=192.0.2.1, lip=192.0.2.2, TLS",
        &["192.0.2.1", "192.0.2.2"],
    ),
    ("dovecot", "auth: passwd-file(@,192.0.2.1): Password mismatch", &["192.0.2.1"]),
    (
        "postfix/smtpd",
        "warning: unknown[192.0.2.1]: SASL LOGIN authentication failed: x, sasl_username=@",
        &["192.0.2.1"],
    ),
    (
        "exim",
        "login authenticator failed for (x) [192.0.2.1]: 535 Incorrect authentication data (set_id=@)",
        &["192.0.2.1"],
    ),
    (
        "mysqld",
        "[Note] Access denied for user '@'@'192.0.2.1' (using password: YES)",
        &["192.0.2.1"],
    ),
    ("postgres", "[3-1] FATAL:  password authentication failed for user \"@\"", &[]),
    (
        "postgres",
        "FATAL:  no pg_hba.conf entry for host \"192.0.2.1\", user \"@\", database \"x\", no encryption",
        &["192.0.2.1"],
    ),
    (
        "nginx",
        "[error] 8#8: *4 open() \"/srv/@\" failed (2: No such file or directory), client: 192.0.2.1, \
         server: _, request: \"GET / HTTP/1.1\"",
        &["192.0.2.1"],
    ),
    (
        "nginx",
        "[error] 8#8: *4 access forbidden by rule, client: 192.0.2.1, server: _, request: \"GET / \
         HTTP/1.1\", referrer: \"@\"",
        &["192.0.2.1"],
    ),
    (
        "apache2",
        "[auth_basic:error] [pid 8] [client 192.0.2.1:5000] AH01618: user @ not found: /admin",
        &["192.0.2.1"],
    ),
    (
        "",
        "%ASA-6-605004: Login denied from 192.0.2.1/5 to in:192.0.2.2/ssh for user \"@\"",
        &["192.0.2.1", "192.0.2.2"],
    ),
    (
        "",
        "%ASA-6-113005: AAA user authentication Rejected : reason = x : local database : user = @ : \
         user IP = 192.0.2.1",
        &["192.0.2.1"],
    ),
    (
        "smbd",
        "Auth: [SMB2,(null)] user [C]\\[@] at [t] with [NTLMv2] status [NT_STATUS_NO_SUCH_USER] \
         workstation [PC] remote host [ipv4:192.0.2.1:5] mapped to [C]\\[b]. local host [ipv4:192.0.2.2:445]",
        &["192.0.2.1"],
    ),
    (
        "smbd",
        "Auth: [SMB2,(null)] user [C]\\[b] at [t] with [NTLMv2] status [NT_STATUS_NO_SUCH_USER] \
         workstation [@] remote host [ipv4:192.0.2.1:5] mapped to [C]\\[b]. local host [ipv4:192.0.2.2:445]",
        &["192.0.2.1"],
    ),
    (
        "openvpn",
        "192.0.2.1:5000 VERIFY ERROR: depth=0, error=certificate has expired: CN=@",
        &["192.0.2.1"],
    ),
];

/// What the words are made of, besides pieces of the line itself.
const PIECES: [&str; 29] = [
    ": Login successful.",
    " (Login failed): ",
    " at [t] with [n] status [NT_STATUS_OK] workstation [w",
    "root",
    " from ",
    " from 198.51.100.9",
    " port 22",
    " ssh2",
    "198.51.100.9",
    " 198.51.100.9 ",
    ": ",
    "\"",
    "'",
    "'@'198.51.100.9' (using password: YES)",
    " rhost=198.51.100.9 ",
    " user=root",
    ", client: 198.51.100.9, server: x",
    ", rip=198.51.100.9, lip=198.51.100.1",
    "] FAIL LOGIN: Client \"198.51.100.9\"",
    "] OK LOGIN: Client \"198.51.100.9\"",
    "] remote host [ipv4:198.51.100.9:1] ",
    " status [NT_STATUS_OK] workstation [x",
    "(uid=0)",
    "\\",
    "@",
    " by root",
    " for user \"root\"",
    " : user IP = 198.51.100.9",
    " [198.51.100.9]",
];

/// A piece of a line around the stranger's place, with its true addresses replaced.
fn echo(line: &str, from: usize, len: usize) -> String {
    let chars: Vec<char> = line.chars().collect();
    let from = from % chars.len();
    let piece: String = chars[from..chars.len().min(from + len)].iter().collect();
    piece.replace('@', "x").replace("192.0.2.", "198.51.100.")
}

fn check(event: &Event, truth: &[&str], words: &str) -> Result<(), TestCaseError> {
    prop_assert!(event.outcome != Outcome::Success, "a success: {}", event.message());
    for e in &event.entities {
        let value = event.canonical(e);
        let machine = matches!(e.kind, EntityType::Ip | EntityType::Host);
        if machine && e.role != Role::Object {
            let known = truth.contains(&&*value) || value == "h1";
            prop_assert!(known, "{value} as {}: {}", e.role.name(), event.message());
        }
        if e.kind == EntityType::User {
            prop_assert!(e.role == Role::Actor, "{value} as {}: {words}", e.role.name());
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn a_strangers_words_stay_in_their_place(
        row in 0..LINES.len(),
        pieces in prop::collection::vec(
            prop_oneof![
                3 => prop::sample::select(&PIECES[..]).prop_map(|piece| (piece.to_owned(), 0, 0)),
                2 => (0usize..400, 1usize..120).prop_map(|(from, len)| (String::new(), from, len)),
            ],
            0..6,
        ),
    ) {
        let (program, line, truth) = LINES[row];
        let piece = |(text, from, len): &(String, usize, usize)| match len {
            0 => text.clone(),
            _ => echo(line, *from, *len),
        };
        let words: String = pieces.iter().map(piece).collect();
        let mut event = event("h1", program, &line.replacen('@', &words, 1));
        ROLES.with(|roles| roles.borrow_mut().apply(&mut event));
        check(&event, truth, &words)?;
    }
}

thread_local! {
    static ROLES: std::cell::RefCell<RoleSet> = RoleSet::bundled().into();
}
