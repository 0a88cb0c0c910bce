//! Random rules: every modifier alone and in the combinations that the specification allows,
//! values with wildcards and escapes, every form of condition.
//!
//! Words are short and of few characters, so that rules and events meet often.

use crate::random::Random;
use crate::rule::{Condition, Item, Rule, Search};
use serde_json::{Value, json};

/// Fields of rules and events.
pub const FIELDS: [&str; 4] = ["a", "b", "c", "n.x"];
/// Characters of words.
pub const LETTERS: [&str; 14] =
    ["a", "b", "A", "B", "k", "1", "0", "\\", "/", "-", " ", ".", "x", "%"];
/// Characters whose case, or whose meaning for a line, is out of the ordinary.
pub const ODD: [&str; 12] = [
    "\u{e9}",
    "\u{c9}",
    "\u{df}",
    "\u{3a3}",
    "\u{3c3}",
    "\u{3c2}",
    "\u{130}",
    "\u{212a}",
    "\u{17f}",
    "\u{2013}",
    "\n",
    "\u{1f600}",
];
/// Expressions with texts that they match.
pub const EXPRESSIONS: [(&str, [&str; 2]); 16] = [
    ("a", ["a", "xay"]),
    ("^a", ["ab", "a\nb"]),
    ("b$", ["ab", "a\nb"]),
    ("^ab$", ["ab", "x\nab\ny"]),
    ("a.b", ["axb", "a\nb"]),
    ("a+b?", ["aa", "aab"]),
    ("[a-c]{2,3}", ["ab", "cab"]),
    ("[^a]b", ["xb", " b"]),
    ("(a|bk)1", ["a1", "bk1"]),
    ("\\\\x\\.a", ["\\x.a", "b\\x.a"]),
    ("a|", ["", "b"]),
    ("K", ["K", "k"]),
    ("s", ["s", "\u{17f}"]),
    ("\u{e9}", ["\u{e9}", "\u{c9}"]),
    ("x*", ["", "xx"]),
    ("1{3}", ["111", "a1111"]),
];
/// Networks with an address in each.
pub const NETWORKS: [(&str, &str); 8] = [
    ("10.0.0.0/8", "10.1.2.3"),
    ("10.0.0.0/30", "10.0.0.3"),
    ("192.168.0.0/16", "192.168.255.1"),
    ("0.0.0.0/0", "8.8.8.8"),
    ("fe80::/10", "fe80::1"),
    ("::1/128", "::1"),
    ("::/0", "2001:db8::1"),
    ("10.1.2.3/32", "10.1.2.3"),
];
/// Parts of times.
pub const PARTS: [&str; 6] = ["minute", "hour", "day", "week", "month", "year"];
/// Placeholders and what stands for them.
pub const PLACEHOLDERS: [(&str, &[&str]); 2] = [("one", &["ab"]), ("more", &["a*", "B", "1"])];

/// A rule; `wild` ones also have what the engines are known to read differently.
pub fn rule(random: &mut Random, wild: bool) -> Rule {
    let names = ["s1", "s2", "t1", "_u"];
    let count = random.within(1, 4);
    let searches = names.into_iter().take(count).map(|name| (name, search(random, wild)));
    let searches: Vec<_> = searches.collect();
    let several = if random.percent(6) { 2 } else { 1 };
    let conditions = (0..several).map(|_| condition(random, &searches, 2)).collect();
    Rule { searches, conditions }
}

fn search(random: &mut Random, wild: bool) -> Search {
    match random.below(10) {
        0 => Search::Words(words(random, wild)),
        1 | 2 => Search::Maps((0..random.within(2, 3)).map(|_| map(random, wild)).collect()),
        _ => Search::Maps(vec![map(random, wild)]),
    }
}

fn map(random: &mut Random, wild: bool) -> Vec<Item> {
    let mut items: Vec<Item> = Vec::new();
    for _ in 0..[1, 1, 1, 2, 2, 3][random.below(6)] {
        let item = item(random, wild);
        if items.iter().all(|known| known.key() != item.key()) {
            items.push(item);
        }
    }
    items
}

fn condition(random: &mut Random, searches: &[(&'static str, Search)], depth: usize) -> Condition {
    let several = |random: &mut Random| {
        (0..random.within(2, 3)).map(|_| condition(random, searches, depth - 1)).collect()
    };
    match random.below(if depth == 0 { 3 } else { 8 }) {
        3 => Condition::And(several(random)),
        4 => Condition::Or(several(random)),
        5 | 6 => Condition::Not(Box::new(condition(random, searches, depth - 1))),
        7 => {
            // Each means `s1` at least.
            let names = random.pick(&["them", "s*", "*1", "s1"]);
            Condition::Of(random.pick(&["1", "all", "any"]), names)
        }
        _ => Condition::Name(random.below(searches.len())),
    }
}

/// A word; now and then with wildcards and escapes, and of `wild` rules with odd characters.
pub fn word(random: &mut Random, longest: usize, wildcards: bool, wild: bool) -> String {
    let mut out = String::new();
    for _ in 0..random.within(1, longest) {
        match random.below(30) {
            0 | 1 if wildcards => out.push('*'),
            2 if wildcards => out.push('?'),
            3 if wildcards => {
                out.push_str(random.pick(&["\\*", "\\?", "\\\\", "\\\\*", "\\\\\\*"]))
            }
            4 if wild => out.push_str(random.pick(&ODD)),
            _ => out.push_str(random.pick(&LETTERS)),
        }
    }
    out
}

fn list(
    random: &mut Random,
    least: usize,
    mut value: impl FnMut(&mut Random) -> Value,
) -> Vec<Value> {
    let count = if random.percent(4) { random.within(12, 20) } else { random.within(least, 3) };
    (0..count.max(least)).map(|_| value(random)).collect()
}

fn words(random: &mut Random, wild: bool) -> Item {
    let all = random.percent(25);
    let modifiers = if all { vec!["all"] } else { Vec::new() };
    let values = list(random, 1 + usize::from(all), |random| match random.below(20) {
        0 if wild => json!(random.below(12)),
        _ => json!(word(random, 3, wild, wild)),
    });
    Item { field: String::new(), modifiers, values }
}

fn item(random: &mut Random, wild: bool) -> Item {
    let field = random.pick(&FIELDS).to_owned();
    let (mut modifiers, values) = match random.below(26) {
        0..=4 => (vec![], list(random, 1, |random| scalar(random, wild))),
        5..=9 => text(random, wild),
        10..=12 => expression(random),
        13 => (vec!["cidr"], list(random, 1, |random| json!(random.pick(&NETWORKS).0))),
        14 | 15 => {
            let relation = random.pick(&["lt", "lte", "gt", "gte"]);
            (vec![relation], list(random, 1, number))
        }
        16 => (vec!["exists"], vec![json!(random.percent(50))]),
        17 => (vec![], vec![Value::Null]),
        18 | 19 => reference(random),
        20 => encoded(random, wild),
        21 | 22 => time(random, wild),
        23 => placeholder(random),
        _ => windash(random, wild),
    };
    let comparing = modifiers.iter().any(|m| ["exists", "lt", "lte", "gt", "gte"].contains(m));
    let null = values.iter().any(Value::is_null);
    if random.percent(12) && !comparing && !null {
        modifiers.push("neq");
    }
    let timed = modifiers.iter().any(|m| PARTS.contains(m));
    if values.len() > 1 && random.percent(25) && !timed && !null {
        modifiers.push("all");
    }
    Item { field, modifiers, values }
}

fn scalar(random: &mut Random, wild: bool) -> Value {
    match random.below(12) {
        0..=2 => number(random),
        3 => json!(random.percent(50)),
        4 => json!(""),
        _ => json!(word(random, 4, true, wild)),
    }
}

fn number(random: &mut Random) -> Value {
    match random.below(8) {
        0 => json!(random.below(40) as f64 / 4.0),
        1 => json!(-(random.below(4) as i64)),
        _ => json!(random.below(12)),
    }
}

type Shape = (Vec<&'static str>, Vec<Value>);

fn affix(random: &mut Random) -> &'static str {
    random.pick(&["contains", "contains", "startswith", "endswith"])
}

fn text(random: &mut Random, wild: bool) -> Shape {
    let mut modifiers = vec![affix(random)];
    if random.percent(15) {
        modifiers.insert(random.below(2), "cased");
    }
    // Wildcards beside an affix are read differently.
    let value = |random: &mut Random| match random.below(16) {
        0 => number(random),
        _ => json!(word(random, 3, wild, wild)),
    };
    (modifiers, list(random, 1, value))
}

fn expression(random: &mut Random) -> Shape {
    let mut modifiers = vec!["re"];
    for flag in ["i", "m", "s"] {
        if random.percent(25) {
            modifiers.push(flag);
        }
    }
    (modifiers, list(random, 1, |random| json!(random.pick(&EXPRESSIONS).0)))
}

fn reference(random: &mut Random) -> Shape {
    let mut modifiers = vec!["fieldref"];
    if random.percent(50) {
        modifiers.push(affix(random));
    }
    if random.percent(20) {
        modifiers.push("cased");
    }
    (modifiers, vec![json!(random.pick(&FIELDS))])
}

fn encoded(random: &mut Random, wild: bool) -> Shape {
    let modifiers = match random.below(8) {
        0 | 1 => vec!["base64"],
        2 => vec!["base64", "contains"],
        3 => vec!["base64offset", "contains"],
        4 => vec!["wide", "base64"],
        5 => vec!["utf16be", "base64"],
        6 => vec!["utf16", "base64"],
        _ => vec!["wide", "base64offset", "contains"],
    };
    let offset = modifiers.contains(&"base64offset");
    // What the last bytes become behind an offset is read differently, unless three make a group.
    let value = |random: &mut Random| match offset && !wild {
        true => json!("abk"),
        false => json!(word(random, 5, false, wild).replace(['\\', '%'], "a")),
    };
    let values = list(random, 1, value);
    (modifiers, values)
}

fn time(random: &mut Random, wild: bool) -> Shape {
    let part = random.pick(&PARTS);
    let mut modifiers = vec![part];
    if wild && random.percent(40) {
        modifiers.push(random.pick(&["lt", "lte", "gt", "gte"]));
    }
    let value = |random: &mut Random| match part {
        "year" => json!(random.within(2024, 2026)),
        "week" => json!(random.pick(&[1, 10, 11, 52, 53])),
        "day" => json!(random.pick(&[1, 2, 15, 31])),
        "month" => json!(random.pick(&[1, 3, 12])),
        "hour" => json!(random.pick(&[0, 3, 23])),
        _ => json!(random.pick(&[0, 14, 59])),
    };
    (modifiers, list(random, 1, value))
}

fn placeholder(random: &mut Random) -> Shape {
    let mut modifiers = Vec::new();
    if random.percent(50) {
        modifiers.push(affix(random));
    }
    modifiers.push("expand");
    let name = random.pick(&PLACEHOLDERS).0;
    let value = match random.below(3) {
        0 => format!("%{name}%"),
        1 => format!("a%{name}%"),
        _ => format!("%{name}%x"),
    };
    (modifiers, vec![json!(value)])
}

fn windash(random: &mut Random, wild: bool) -> Shape {
    let mut modifiers = vec!["windash"];
    if random.percent(70) {
        modifiers.insert(random.below(2), affix(random));
    }
    let dashes: &[&str] = match wild {
        true => &["-a", " /b", "--x", "a-b", "- a", "\u{2013}a", " -", "-"],
        false => &["-a", " -b", " -x1", "-k "],
    };
    let value = |random: &mut Random| {
        let tail = word(random, 2, wild, false).replace(['-', '/'], "k");
        json!(format!("{}{tail}", random.pick(dashes)))
    };
    (modifiers, list(random, 1, value))
}
