//! The witness of a rule: keys of which one must be found in an event that the rule matches.
//!
//! Of a conjunction the cheapest part is enough, of a disjunction every part is needed, a negation
//! has none. Cheap means rare: the longer a literal the rarer, and what is known to be everywhere
//! (folders and programs of operating systems, words of every command line) is common whatever its
//! length. A rule without a witness is asked for every event of its logsource.

use super::literal;
use super::row::{ANYWHERE, Slot};
use crate::number::Number;
use crate::pattern::{Pattern, Piece, fold};
use crate::test::{Expr, Test, Want};

/// Most keys of a rule; beyond it the rule is asked always.
const KEYS_MAX: usize = 2_000;

/// Where in a value a literal must stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum At {
    /// Anywhere.
    Inside,
    /// At its start.
    Start,
    /// At its end.
    End,
}

/// Something that must be found.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Key {
    /// The folded value is this text.
    Whole(Slot, Box<str>),
    /// The value is this number.
    Number(Slot, Number),
    /// The folded value has this text.
    Literal(Slot, At, Box<str>),
    /// The field is there.
    Present(Slot),
}

/// Texts that many events contain, and in which part of the events of their kind.
const COMMON: [(&str, f64); 34] = [
    (r"c:\windows\system32\", 0.5),
    (r"c:\windows\syswow64\", 0.2),
    (r"c:\program files (x86)\", 0.2),
    (r"c:\program files\common files\", 0.2),
    (r"c:\users\public\appdata\local\temp\", 0.1),
    (r"c:\users\administrator\appdata\roaming\microsoft\windows\", 0.1),
    (r"\windows\system32\cmd.exe /c ", 0.15),
    (r"c:\windows\system32\windowspowershell\v1.0\powershell.exe", 0.15),
    (r"\windows\system32\svchost.exe -k netsvcs -p -s ", 0.1),
    (r"c:\windows\explorer.exe", 0.1),
    (r"c:\windows\system32\rundll32.exe", 0.05),
    (r"c:\windows\system32\conhost.exe 0xffffffff -forcev1", 0.1),
    (r"c:\windows\system32\services.exe", 0.1),
    (r"nt authority\system", 0.2),
    (r"microsoft corporation", 0.3),
    (r"microsoft windows operating system", 0.3),
    (r"hklm\system\currentcontrolset\services\", 0.3),
    (r"hklm\software\microsoft\windows nt\currentversion\", 0.3),
    (r"hku\s-1-5-21-software\classes\", 0.2),
    (r"\software\policies\microsoft\windows\", 0.1),
    (r"microsoft-windows-security-auditing", 0.3),
    (r"microsoft-windows-sysmon", 0.3),
    (r"service control manager", 0.1),
    (r".exe.dll.sys.ps1.tmp.bat.vbs.txt", 0.3),
    (r"/usr/local/bin/usr/sbin/bin/bash -c /bin/sh -c ", 0.2),
    (r"/etc/var/log/tmp/home/root/", 0.1),
    (r"https://http://www..com.org.net", 0.1),
    (r"get-item new-object -path -name set- add- invoke- import-module ", 0.1),
    (r"true false yes no success failed error 0x", 0.2),
    (r"mozilla/5.0 (windows nt 10.0; win64; x64) applewebkit/537.36", 0.4),
    (r"get post put head delete options", 0.4),
    (r"amazonaws.com microsoft.com googleapis.com", 0.2),
    (r" session opened for user root by (uid=0) session closed ", 0.2),
    (r"password accepted from port ssh2 connection closed by authentication failure", 0.2),
];

/// How likely an event has a literal.
fn frequency(text: &str) -> f64 {
    let length = text.chars().count() as f64;
    let by_length = 0.6 * 0.68_f64.powf(length - 1.0);
    let common = COMMON.iter().filter(|(known, _)| known.contains(text)).map(|(_, part)| *part);
    by_length + common.fold(0.0, f64::max)
}

fn cost(key: &Key) -> f64 {
    match key {
        Key::Whole(_, text) => 0.002 + 0.6 * frequency(text),
        Key::Number(..) => 0.02,
        Key::Literal(slot, at, text) => {
            // Literals of keywords are sought in every value.
            let places = if *slot == ANYWHERE { 3.0 } else { 1.0 };
            let placed = if *at == At::Inside { 1.0 } else { 0.7 };
            0.001 + places * placed * frequency(text)
        }
        Key::Present(_) => 0.9,
    }
}

/// A set of keys and what it costs.
struct Choice {
    cost: f64,
    keys: Vec<Key>,
}

/// The best witness of a condition in normal form (`not` only before tests); `None` when it has
/// none.
pub(crate) fn witness<'t>(
    expr: &Expr,
    test: &impl Fn(u32) -> &'t Test,
    slot: &impl Fn(&str) -> Slot,
) -> Option<Vec<Key>> {
    choose(expr, test, slot).map(|choice| choice.keys)
}

fn choose<'t>(
    expr: &Expr,
    test: &impl Fn(u32) -> &'t Test,
    slot: &impl Fn(&str) -> Slot,
) -> Option<Choice> {
    match expr {
        Expr::Test(id) => of_test(test(*id), slot),
        Expr::Not(_) => None,
        Expr::And(items) => {
            let all = items.iter().filter_map(|item| choose(item, test, slot));
            all.min_by(|a, b| a.cost.total_cmp(&b.cost))
        }
        Expr::Or(items) => {
            let mut all = Choice { cost: 0.0, keys: Vec::new() };
            for item in items {
                let more = choose(item, test, slot)?;
                all.cost += more.cost;
                all.keys.extend(more.keys);
            }
            (all.keys.len() <= KEYS_MAX).then_some(all)
        }
    }
}

fn of_test(test: &Test, slot: &impl Fn(&str) -> Slot) -> Option<Choice> {
    let anywhere = test.field.is_empty();
    let slot = if anywhere { ANYWHERE } else { slot(&test.field) };
    let present = || vec![Key::Present(slot)];
    let keys = match &test.want {
        Want::Text { patterns, .. } => {
            let keys: Option<Vec<_>> = patterns.iter().map(|p| of_pattern(p, slot)).collect();
            keys?
        }
        Want::Regex { source, flags } => match literal::needed(source, *flags) {
            Some(all) => {
                all.iter().map(|t| Key::Literal(slot, At::Inside, t.as_str().into())).collect()
            }
            None => present(),
        },
        Want::Number(crate::number::Relation::Eq, number) => vec![Key::Number(slot, *number)],
        Want::Bool(value) => vec![Key::Whole(slot, value.to_string().into())],
        Want::Null => return None,
        Want::Number(..) | Want::Exists | Want::Cidr(_) | Want::Time(..) => present(),
        Want::Reference { .. } => present(),
    };
    let of_anywhere = |key: &Key| matches!(key, Key::Literal(..));
    if keys.len() > KEYS_MAX || (anywhere && !keys.iter().all(of_anywhere)) {
        return None;
    }
    Some(Choice { cost: keys.iter().map(cost).sum(), keys })
}

/// The rarest literal of a pattern.
fn of_pattern(pattern: &Pattern, slot: Slot) -> Option<Key> {
    if let Some(text) = pattern.as_plain() {
        return Some(Key::Whole(slot, fold(text).into()));
    }
    let pieces = pattern.pieces();
    let literal = |(i, piece): (usize, &Piece)| match piece {
        Piece::Lit(text) => {
            let at = match i {
                0 => At::Start,
                i if i + 1 == pieces.len() => At::End,
                _ => At::Inside,
            };
            Some(Key::Literal(slot, at, fold(text).into()))
        }
        _ => None,
    };
    let all = pieces.iter().enumerate().filter_map(literal);
    let best = all.min_by(|a, b| cost(a).total_cmp(&cost(b)));
    Some(best.unwrap_or(Key::Present(slot)))
}
