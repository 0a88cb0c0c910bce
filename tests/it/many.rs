//! A million users, each seen twice: what is known of all of them stays within its bound of memory.

use super::support::{full, program};
use std::fmt::Write as _;
use std::process::Stdio;

/// Bytes of resident memory that the long form may take, and a user beyond the first in the short one.
const MOST: u64 = 1_500 << 20;
const EACH: u64 = 2_560;
/// Users of the small run that the others are held against, and of the large one in the short form.
const FEW: u64 = 40_000;
const MANY: u64 = 120_000;

/// Users one after the other, in no order of their names, two lines each and a hundred a second.
fn lines(users: u64) -> String {
    let mut text = String::new();
    for at in 0..2 * users {
        let second = at / 200;
        let (hour, minute) = (second / 3600, second / 60 % 60);
        // An odd factor that shares no divisor with the count goes through all of them.
        let user = (at / 2).wrapping_mul(7_919) % users;
        writeln!(
            text,
            "2026-01-05T{hour:02}:{minute:02}:{:02}.{:03}Z web app[77]: request done user=u{user:06} took={} ms",
            second % 60,
            at % 200 * 5,
            20 + user % 30
        )
        .unwrap();
    }
    text
}

/// Greatest resident memory of the program while it reads this many users.
fn peak_of(users: u64) -> u64 {
    let home = tempfile::tempdir().unwrap();
    let log = home.path().join("app.log");
    std::fs::write(&log, lines(users)).unwrap();
    let mut command = program::command(home.path());
    command.args(["analyze", "--workers", "1", "app.log"]);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    let mut most = 0;
    while child.try_wait().unwrap().is_none() {
        // The mark only rises, so the last time that it is read is close to the end.
        most = most.max(program::peak(child.id()).unwrap_or(0));
        std::thread::park_timeout(std::time::Duration::from_millis(10));
    }
    most
}

#[test]
#[cfg(target_os = "linux")]
fn a_million_entities_are_held_within_their_bound() {
    if full() {
        let most = peak_of(1_000_000);
        println!("1,000,000 users: {} MiB", most >> 20);
        assert!(most > 0 && most <= MOST, "{} MiB", most >> 20);
        return;
    }
    let (few, many) = (peak_of(FEW), peak_of(MANY));
    let each = many.saturating_sub(few) / (MANY - FEW);
    println!("{FEW} users: {} MiB; {MANY}: {} MiB; {each} bytes each", few >> 20, many >> 20);
    assert!(many > few && each <= EACH, "{each} bytes each: {few} {many}");
}
