//! CPU time per event of reading entities and roles, on one thread.
//!
//! With `SEERFLOW_SHARED` set it reads OpenSSH, Linux and Apache lines from
//! `$SEERFLOW_SHARED/data/loghub`; without it a handful of built-in lines, and says so.
//! `cargo run --release -p seerflow-parsing --example roles_speed`

use seerflow_model::record::{ReceiverKind, SourceInfo};
use seerflow_model::{Event, Param, ParamKind, Span};
use seerflow_parsing::roles::RoleSet;
use std::sync::Arc;

const BUILT_IN: [&str; 5] = [
    "Dec 10 06:55:46 h sshd[24200]: Failed password for root from 203.0.113.9 port 38926 ssh2",
    "Dec 10 06:55:46 h sshd[24200]: Received disconnect from 203.0.113.9: 11: Bye Bye [preauth]",
    "Jun 15 12:12:34 h ftpd[23897]: connection from 203.0.113.9 () at Wed Jun 15 12:12:34 2005",
    "Jun 15 12:12:34 h su(pam_unix)[1]: session opened for user news by (uid=0)",
    "[Sun Dec 04 04:47:44 2005] [error] mod_jk child workerEnv in error state 6",
];

fn main() {
    let mut roles = RoleSet::bundled();
    measure("log lines", &mut roles, lines().iter().map(|line| event(line)).collect());
    measure("samples of the rules", &mut roles, samples());
    hostile(&mut roles);
}

fn measure(what: &str, roles: &mut RoleSet, mut events: Vec<Event>) {
    let mut best = f64::INFINITY;
    let mut entities = 0;
    for _ in 0..9 {
        let start = cpu_ns();
        for _ in 0..20 {
            events.iter_mut().for_each(|event| roles.apply(event));
        }
        let each = (cpu_ns() - start) as f64 / (events.len() * 20) as f64;
        best = best.min(each);
        entities = events.iter().map(|e| e.entities.len()).sum::<usize>();
    }
    println!(
        "{} {what}, {:.2} entities each: {best:.0} ns CPU per event, {:.0} events per CPU second",
        events.len(),
        entities as f64 / events.len() as f64,
        1e9 / best
    );
}

/// The lines that the rule files give as samples: some forty programs, most of them with rules.
fn samples() -> Vec<Event> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../rules/roles");
    let mut files: Vec<_> =
        std::fs::read_dir(folder).expect("the rules").filter_map(Result::ok).collect();
    files.sort_by_key(|file| file.file_name());
    let mut events = Vec::new();
    for file in files.iter().filter(|file| file.path().extension().is_some_and(|e| e == "yaml")) {
        let text = std::fs::read_to_string(file.path()).expect("a rule file");
        let listed = |line: &str| line.strip_prefix("programs: [").map(str::to_owned);
        let programs = text.lines().find_map(listed).unwrap_or_default();
        let first = programs.split([',', ']']).next().unwrap_or_default().trim_matches('\'');
        let mut lines = text.lines().peekable();
        while let Some(line) = lines.next() {
            let Some(message) = line.strip_prefix("  - line: '") else { continue };
            let own = lines.peek().and_then(|next| next.strip_prefix("    program: "));
            let program = own.unwrap_or(first).trim_matches('\'');
            let message = message.trim_end_matches('\'').replace("''", "'");
            events.push(event(&format!("Dec 10 06:55:46 h {program}[24200]: {message}")));
        }
    }
    events
}

/// The dearest of some messages of 32 KiB that repeat what searches and holes look for.
fn hostile(roles: &mut RoleSet) {
    let mut worst = (0.0, String::new());
    const PROGRAMS: [&str; 9] =
        ["sshd", "sudo", "su", "nginx", "smbd", "charon", "postfix/smtp", "kernel", "app"];
    const LEADS: [&str; 9] = [
        "",
        "Failed password for ",
        "pam_unix(",
        "1.2.3.4 - - [",
        "(to ",
        "Auth: [",
        "1[IKE] authentication of '",
        "4F2A: to=<",
        "open() \"",
    ];
    for program in PROGRAMS {
        for lead in LEADS {
            for piece in [
                " from 1.2.3.4 port",
                " : TTY= ; TTY=",
                "user ",
                "=",
                "a=\"",
                "A\\b ",
                " ",
                "] at [",
                "' with ",
                ", client: ",
                ">, relay=",
            ] {
                let text = format!("{program}{lead}{}", piece.repeat(32_768 / piece.len()));
                let mut event = event(&text);
                (event.host, event.params) = (Span::NONE, Box::default());
                event.program = Span::new(0, program.len());
                event.message = Span::new(program.len(), text.len());
                let start = cpu_ns();
                (0..50).for_each(|_| roles.apply(&mut event));
                let each = (cpu_ns() - start) as f64 / 50_000.0;
                if each > worst.0 {
                    worst = (each, format!("{program}: {lead}{piece}…"));
                }
            }
        }
    }
    println!("dearest hostile message of 32 KiB: {:.0} µs ({})", worst.0, worst.1);
}

fn lines() -> Vec<String> {
    let Some(shared) = std::env::var_os("SEERFLOW_SHARED") else {
        println!("SEERFLOW_SHARED is not set: measuring a few built-in lines");
        return BUILT_IN.iter().cycle().take(6000).map(|line| (*line).to_owned()).collect();
    };
    ["OpenSSH", "Linux", "Apache"]
        .iter()
        .flat_map(|name| {
            let path =
                std::path::Path::new(&shared).join(format!("data/loghub/{name}/{name}_2k.log"));
            let text = std::fs::read_to_string(&path).expect("the data set is there");
            text.lines().map(str::to_owned).collect::<Vec<_>>()
        })
        .collect()
}

/// A crude header and parameter reader: the real ones are measured elsewhere.
fn event(line: &str) -> Event {
    let mut event =
        Event::empty(Arc::new(SourceInfo::plain(1, "x", ReceiverKind::Archive, "syslog")));
    event.text = line.into();
    event.record_len = line.len() as u32;
    event.message = Span::new(0, line.len());
    if !line.starts_with('[')
        && let Some(colon) = line.match_indices(": ").map(|(at, _)| at).next()
    {
        let head = &line[..colon];
        let mut words = head.split_ascii_whitespace().skip(3);
        let span = |word: &str| {
            let at = word.as_ptr() as usize - line.as_ptr() as usize;
            Span::new(at, at + word.len())
        };
        event.host = words.next().map_or(Span::NONE, span);
        let program = words.next().unwrap_or_default();
        event.program = span(program.split('[').next().unwrap_or_default());
        event.message = Span::new(colon + 2, line.len());
    }
    let mut params = Vec::new();
    let mut at = event.message.start as usize;
    for word in line[at..].split(' ') {
        let inner = word.trim_matches(|c: char| !c.is_ascii_alphanumeric());
        if inner.parse::<std::net::IpAddr>().is_ok() {
            let start = at + word.find(inner).unwrap_or_default();
            let value = Span::new(start, start + inner.len());
            params.push(Param { kind: ParamKind::Ip, token: 0, value });
        } else if word.starts_with('/') {
            let value = Span::new(at, at + word.len());
            params.push(Param { kind: ParamKind::Path, token: 0, value });
        }
        at += word.len() + 1;
    }
    event.params = params.into();
    event
}

/// CPU time of this thread in nanoseconds, from the kernel's scheduler.
fn cpu_ns() -> u64 {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").expect("Linux");
    stat.split_ascii_whitespace().next().and_then(|n| n.parse().ok()).expect("a number")
}
