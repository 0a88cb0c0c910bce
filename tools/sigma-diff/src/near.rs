//! Random events that a rule nearly matches: made of what its items ask for, then changed a little.

use crate::generate::{EXPRESSIONS, FIELDS, LETTERS, NETWORKS, ODD, PARTS, PLACEHOLDERS, word};
use crate::random::Random;
use crate::rule::{Item, Rule, Search};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

/// Times as logs write them.
const TIMES: [&str; 6] = [
    "2026-03-15T03:14:07Z",
    "2025-12-31T23:59:59Z",
    "2024-12-30T00:00:00.5Z",
    "2026-03-15 03:14:07",
    "2026-03-15T03:14:07",
    "2026-01-01T00:59:00Z",
];
/// Times that the engines read differently.
const ODD_TIMES: [&str; 4] =
    ["2026-03-15T23:14:07+05:00", "2026-03-15", "2026/03/15 03:14:07", "2026-03-15 03:14"];

/// An event for a rule; those of `wild` rules have odd characters and values, too.
pub fn event(random: &mut Random, rule: &Rule, wild: bool) -> Value {
    let mut event = Map::new();
    for (_, search) in &rule.searches {
        if random.percent(20) {
            continue;
        }
        match search {
            Search::Words(item) => {
                let field = random.pick(&FIELDS);
                let value = satisfy(random, item, &mut event, wild);
                event.insert(field.into(), value);
            }
            Search::Maps(maps) => {
                for item in random.one(maps) {
                    if random.percent(92) {
                        let value = satisfy(random, item, &mut event, wild);
                        event.insert(item.field.clone(), value);
                    }
                }
            }
        }
    }
    if random.percent(25) {
        let field = random.pick(&FIELDS).to_owned();
        event.insert(field, json!(word(random, 4, false, wild)));
    }
    for _ in 0..[0, 1, 1, 2][random.below(4)] {
        change(random, &mut event, wild);
    }
    // What a rule may say of a field without a value; `absent` was only a note.
    event.retain(|_, value| value != ABSENT);
    nest(random, event)
}

/// Stands for a field that is not there.
const ABSENT: &str = "(absent)";

/// A dotted name as it is, or as an object in an object.
fn nest(random: &mut Random, mut event: Map<String, Value>) -> Value {
    if let Some(value) = event.remove("n.x") {
        match random.percent(50) {
            true => event.insert("n".into(), json!({ "x": value })),
            false => event.insert("n.x".into(), value),
        };
    }
    Value::Object(event)
}

/// A value as an item asks for.
fn satisfy(random: &mut Random, item: &Item, event: &mut Map<String, Value>, wild: bool) -> Value {
    let value = random.one(&item.values).clone();
    if item.has("exists") {
        return json!(if value == true { "a" } else { ABSENT });
    }
    if item.has("fieldref") {
        let text = word(random, 3, false, wild);
        let other = value.as_str().unwrap_or_default().to_owned();
        event.entry(other).or_insert_with(|| json!(text));
        return json!(around(random, item, &text));
    }
    if item.modifiers.iter().any(|m| PARTS.contains(m)) {
        let odd = wild && random.percent(30);
        return match random.below(8) {
            0 => json!(1_773_544_447),
            1 if wild => json!(1_773_544_447_123_i64),
            _ if odd => json!(random.pick(&ODD_TIMES)),
            _ => json!(random.pick(&TIMES)),
        };
    }
    if item.has("re") {
        let known = EXPRESSIONS.iter().find(|(source, _)| value == *source);
        return json!(known.map_or("", |(_, texts)| texts[random.below(2)]));
    }
    if item.has("cidr") {
        let known = NETWORKS.iter().find(|(net, _)| value == *net);
        let address = known.map_or("", |(_, address)| address);
        return match wild && random.percent(10) {
            true => json!(format!("::ffff:{address}")),
            false => json!(address),
        };
    }
    match value {
        Value::Number(number) if item.modifiers.iter().all(|m| m.len() < 4) => {
            near_number(random, number.as_f64().unwrap_or_default())
        }
        Value::Bool(value) => match random.percent(50) {
            true => json!(value),
            false => json!(if value { "True" } else { "false" }),
        },
        Value::Null => match random.percent(50) {
            true => Value::Null,
            false => json!(ABSENT),
        },
        other => {
            let several = item.has("all") || (item.field.is_empty() && random.percent(10));
            let wanted = if several { item.values.clone() } else { vec![other] };
            let texts = wanted.iter().map(|value| text(random, item, value));
            let texts: Vec<_> = texts.collect();
            let between = random.pick(&["", " "]);
            json!(around(random, item, &texts.join(between)))
        }
    }
}

fn near_number(random: &mut Random, number: f64) -> Value {
    let number = number + [0.0, 0.0, 0.0, 1.0, -1.0, 0.5][random.below(6)];
    let whole = number.fract() == 0.0;
    match random.below(3) {
        0 => json!(number.to_string()),
        1 if whole => json!(number as i64),
        _ => json!(number),
    }
}

/// Something before and behind a text where that does no harm.
fn around(random: &mut Random, item: &Item, text: &str) -> String {
    let keyword = item.field.is_empty();
    let offset = item.has("base64offset");
    let mut some = |there: bool| match there && random.percent(60) {
        true => word(random, 2, false, false),
        false => String::new(),
    };
    let inside = item.has("contains") || keyword || offset;
    let before = some(inside || item.has("endswith"));
    let behind = some(inside || item.has("startswith"));
    format!("{before}{text}{behind}")
}

/// A text that a pattern matches, encoded as the modifiers say.
fn text(random: &mut Random, item: &Item, value: &Value) -> String {
    let mut written = match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    if item.has("expand") {
        for (name, values) in PLACEHOLDERS {
            written = written.replace(&format!("%{name}%"), random.pick(values));
        }
    }
    let mut out = String::new();
    let mut rest = written.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '\\' if rest.peek().is_some_and(|next| "*?\\".contains(*next)) => {
                out.extend(rest.next());
            }
            '*' => out.push_str(&word(random, 3, false, false)[1..]),
            '?' => out.push_str(random.pick(&["a", "/", "\u{e9}"])),
            '-' | '/' if item.has("windash") && random.percent(60) => {
                out.push(random.pick(&['-', '/', '\u{2013}', '\u{2014}', '\u{2015}']));
            }
            c if random.percent(20) => out.extend(c.to_uppercase()),
            c => out.push(c),
        }
    }
    encode(random, item, out)
}

fn encode(random: &mut Random, item: &Item, text: String) -> String {
    if !item.has("base64") && !item.has("base64offset") {
        return text;
    }
    let little = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    let bytes = match item.modifiers[0] {
        "wide" => little(&text),
        "utf16" => [vec![0xFF, 0xFE], little(&text)].concat(),
        "utf16be" => text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
        _ => text.into_bytes(),
    };
    match item.has("base64offset") {
        false => STANDARD.encode(bytes),
        true => {
            let before = vec![b'q'; random.below(4)];
            let behind = vec![b'q'; random.below(4)];
            STANDARD.encode([before, bytes, behind].concat())
        }
    }
}

/// One small change.
fn change(random: &mut Random, event: &mut Map<String, Value>, wild: bool) {
    let at = random.below(event.len());
    let Some((name, value)) = event.iter().nth(at).map(|(k, v)| (k.clone(), v.clone())) else {
        return;
    };
    let changed = match (random.below(14), &value) {
        (0, _) => {
            event.remove(&name);
            return;
        }
        (1, _) => Value::Null,
        (2, _) => json!(""),
        (3, _) => json!([value, word(random, 3, false, false)]),
        (4, _) if wild => json!([random.one(&[Value::Null, json!([]), json!(5)]), value]),
        (5, _) if wild => {
            random.one(&[json!([]), json!({}), json!({"y": "a"}), json!([null])]).clone()
        }
        (6, _) => json!(random.percent(50)),
        (7, Value::String(text)) => text.parse::<i64>().map_or(value.clone(), Value::from),
        (8, Value::Number(number)) => json!(number.to_string()),
        (9, Value::String(_)) if wild => {
            json!(random.pick(&["1e1", "+5", ".5", "5.", "inf", "05", "9007199254740993", "yes"]))
        }
        (_, Value::String(text)) if text != ABSENT => json!(changed_text(random, text, wild)),
        _ => value.clone(),
    };
    event.insert(name, changed);
}

fn changed_text(random: &mut Random, text: &str, wild: bool) -> String {
    let mut all: Vec<String> = text.chars().map(String::from).collect();
    let at = random.below(all.len() + 1);
    match random.below(4) {
        0 if at < all.len() => {
            all.remove(at);
        }
        1 if at < all.len() => {
            let c = &all[at];
            all[at] = if *c == c.to_uppercase() { c.to_lowercase() } else { c.to_uppercase() };
        }
        2 if wild && random.percent(60) => all.insert(at, (random.pick(&ODD)).into()),
        _ => all.insert(at, (random.pick(&LETTERS)).into()),
    }
    all.concat()
}
