//! Wording: sentences that are made anew for each seed, with values in them.

use super::dice::Dice;

/// A piece of a message.
#[derive(Clone, Debug, PartialEq)]
pub enum Part {
    /// Fixed text.
    Text(String),
    /// A user of the world.
    User,
    /// An account that does not exist.
    Stranger,
    /// An address of the world.
    Address,
    /// An address from outside.
    Outside,
    /// A number up to this.
    Number(usize),
    /// A number with eight hex digits.
    Hex,
    /// One of a few words.
    OneOf(Vec<&'static str>),
    /// A path.
    Path,
}

const NOUNS: [&str; 48] = [
    "cache",
    "worker",
    "queue",
    "session",
    "index",
    "replica",
    "bucket",
    "handler",
    "request",
    "snapshot",
    "segment",
    "listener",
    "backend",
    "upstream",
    "journal",
    "volume",
    "lease",
    "token",
    "channel",
    "partition",
    "stream",
    "shard",
    "buffer",
    "socket",
    "policy",
    "route",
    "tenant",
    "invoice",
    "order",
    "payment",
    "report",
    "mailbox",
    "catalog",
    "device",
    "sensor",
    "gateway",
    "pipeline",
    "scheduler",
    "ledger",
    "cursor",
    "thread",
    "pool",
    "certificate",
    "config",
    "archive",
    "checkpoint",
    "transaction",
    "batch",
];
const VERBS: [&str; 30] = [
    "started",
    "finished",
    "loaded",
    "flushed",
    "rotated",
    "refreshed",
    "accepted",
    "released",
    "scheduled",
    "completed",
    "registered",
    "merged",
    "resumed",
    "committed",
    "received",
    "sent",
    "opened",
    "closed",
    "attached",
    "renewed",
    "compacted",
    "expired",
    "synced",
    "updated",
    "created",
    "removed",
    "queued",
    "served",
    "parsed",
    "verified",
];
const LINKS: [&str; 10] =
    ["for", "with", "by", "after", "on", "of", "before", "during", "to", "under"];
const TROUBLE: [&str; 12] = [
    "timed out",
    "refused by peer",
    "is unreachable",
    "was dropped",
    "stalled",
    "not responding",
    "rejected by policy",
    "exceeded its deadline",
    "ran out of space",
    "lost its leader",
    "returned garbage",
    "aborted",
];
const ERRORS: [&str; 5] =
    ["error:", "ERROR", "fatal error in", "internal error while handling", "I/O error on"];

/// Attempts of logging in that fail, by program.
pub const LOGINS: [(&str, &[&str]); 5] = [
    ("sshd", &["Failed password for ", "{user}", " from ", "{ip}", " port ", "{n}", " ssh2"]),
    (
        "sshd",
        &[
            "Failed password for invalid user ",
            "{user}",
            " from ",
            "{ip}",
            " port ",
            "{n}",
            " ssh2",
        ],
    ),
    (
        "dovecot",
        &[
            "imap-login: Disconnected (auth failed, 1 attempts in ",
            "{n}",
            " secs): user=<",
            "{user}",
            ">, method=PLAIN, rip=",
            "{ip}",
            ", lip=10.0.0.5, TLS",
        ],
    ),
    ("portal", &["login failed user=", "{user}", " src=", "{ip}", " reason=bad_password"]),
    (
        "sshd",
        &[
            "pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=",
            "{ip}",
            "  user=",
            "{user}",
        ],
    ),
];

fn text(words: impl Into<String>) -> Part {
    Part::Text(words.into())
}

/// What may follow a sentence.
fn detail(dice: &mut Dice) -> Vec<Part> {
    match dice.below(11) {
        0 => vec![text(" in "), Part::Number(5_000), text(" ms")],
        1 => vec![text(" id="), Part::Number(1_000_000)],
        2 => vec![text(" key="), Part::Hex],
        3 => vec![text(" path="), Part::Path],
        4 => vec![text(" for user "), Part::User],
        5 => vec![text(" from "), Part::Address],
        6 => vec![text(" size="), Part::Number(900_000), text(" bytes")],
        7 => vec![text(" state="), Part::OneOf(vec!["ready", "idle", "busy"])],
        8 => vec![text(" user="), Part::User, text(" client="), Part::Address],
        9 => vec![text(" ("), Part::Number(64), text(" of "), Part::Number(64), text(")")],
        _ => Vec::new(),
    }
}

/// An ordinary message.
pub fn ordinary(dice: &mut Dice) -> Vec<Part> {
    let mut words = vec![dice.pick(&NOUNS)];
    if dice.chance(0.6) {
        words.push(dice.pick(&NOUNS));
    }
    words.push(dice.pick(&VERBS));
    if dice.chance(0.6) {
        words.push(dice.pick(&LINKS));
        words.push(dice.pick(&NOUNS));
        if dice.chance(0.3) {
            words.push(dice.pick(&NOUNS));
        }
    }
    let mut parts = vec![text(words.join(" "))];
    parts.append(&mut detail(dice));
    if dice.chance(0.3) {
        parts.append(&mut detail(dice));
    }
    parts
}

/// A message about something that went wrong, with or without the word "error".
pub fn trouble(dice: &mut Dice, error: bool) -> Vec<Part> {
    let mut words = Vec::new();
    if error {
        words.push(dice.pick(&ERRORS));
    }
    words.push(dice.pick(&NOUNS));
    words.push(dice.pick(&NOUNS));
    words.push(dice.pick(&TROUBLE));
    if dice.chance(0.5) {
        words.push(dice.pick(&LINKS));
        words.push(dice.pick(&NOUNS));
    }
    let mut parts = vec![text(words.join(" "))];
    parts.append(&mut detail(dice));
    parts
}

/// A message unlike all others: most of its words stand in none of them.
pub fn unheard(dice: &mut Dice) -> Vec<Part> {
    const WHAT: [&str; 8] = [
        "segfault at",
        "kernel tainted:",
        "raid array degraded,",
        "license check bypassed",
        "audit trail truncated",
        "clock stepped backwards",
        "firmware signature mismatch",
        "unexpected shell spawned",
    ];
    const HOW: [&str; 6] = [
        "operator action required",
        "falling back to defaults",
        "quarantine engaged",
        "see vendor bulletin",
        "continuing without protection",
        "manual review pending",
    ];
    let mut parts = vec![text(format!("{} {}", dice.pick(&WHAT), dice.pick(&NOUNS)))];
    parts.append(&mut match dice.below(4) {
        0 => vec![text(" for user "), Part::User, text(" from "), Part::Address],
        1 => vec![text(" by user "), Part::User],
        2 => vec![text(" code "), Part::Number(255)],
        _ => Vec::new(),
    });
    parts.push(text(format!(", {}", dice.pick(&HOW))));
    parts
}

/// A failed attempt of logging in, by one who exists or not.
pub fn login(pieces: &[&str]) -> Vec<Part> {
    let invalid = pieces[0].contains("invalid");
    let piece = |piece: &&str| match *piece {
        "{user}" if invalid => Part::Stranger,
        "{user}" => Part::User,
        "{ip}" => Part::Outside,
        "{n}" => Part::Number(60_000),
        words => text(words),
    };
    pieces.iter().map(piece).collect()
}

/// What sshd, cron and sudo say on any machine.
pub fn known(program: &str) -> Vec<Vec<Part>> {
    let port = || Part::Number(60_000);
    match program {
        "sshd" => vec![
            vec![
                text("Accepted publickey for "),
                Part::User,
                text(" from "),
                Part::Address,
                text(" port "),
                port(),
                text(" ssh2"),
            ],
            vec![
                text("pam_unix(sshd:session): session opened for user "),
                Part::User,
                text(" by (uid=0)"),
            ],
            vec![text("pam_unix(sshd:session): session closed for user "), Part::User],
            vec![
                text("Connection closed by "),
                Part::Outside,
                text(" port "),
                port(),
                text(" [preauth]"),
            ],
        ],
        "CRON" => vec![
            vec![
                text("(root) CMD ("),
                Part::OneOf(vec![
                    "/usr/lib/sysstat/sa1 1 1",
                    "/usr/local/bin/backup --quick",
                    "run-parts /etc/cron.hourly",
                ]),
                text(")"),
            ],
            vec![text("pam_unix(cron:session): session closed for user root")],
        ],
        "sudo" => vec![vec![
            text("  "),
            Part::User,
            text(" : TTY=pts/"),
            Part::Number(8),
            text(" ; PWD=/home/"),
            Part::User,
            text(" ; USER=root ; COMMAND="),
            Part::OneOf(vec!["/usr/bin/apt update", "/bin/systemctl restart app", "/bin/ls"]),
        ]],
        _ => Vec::new(),
    }
}
