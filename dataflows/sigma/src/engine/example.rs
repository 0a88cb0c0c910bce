//! Values that pass single tests, made up: of a pattern, an expression, numbers, times.
//!
//! `way` picks among alternatives, so that a second try differs from the first.

use super::reach::WAYS;
use super::times;
use crate::number::{Number, Relation};
use crate::pattern::{Pattern, Piece};
use crate::test::{RegexFlags, TimePart};
use regex_syntax::ParserBuilder;
use regex_syntax::hir::{Class, Hir, HirKind};

/// Longest example of an expression, in bytes.
const EXAMPLE_MAX: usize = 4_096;

/// A text that fits a pattern.
pub(super) fn plain(pattern: &Pattern) -> String {
    let text = |piece: &Piece| match piece {
        Piece::Lit(text) => text.to_string(),
        Piece::One => "x".to_owned(),
        Piece::Dash => "-".to_owned(),
        Piece::Many | Piece::Hole(_) => String::new(),
    };
    pattern.pieces().iter().map(text).collect()
}

/// A number that stands to all these as they say: one of them or near one.
pub(super) fn numbers(all: &[(Relation, Number)], way: usize) -> Option<String> {
    let near = all.iter().flat_map(|(_, number)| {
        let steps = [0.0, 1.0, -1.0, 0.5, -0.5].map(|step| Number::real(number.as_f64() + step));
        [Some(*number)].into_iter().chain(steps).flatten()
    });
    let holds =
        |n: &Number| all.iter().all(|(relation, number)| relation.holds(n.compare(*number)));
    let fits: Vec<Number> = near.filter(holds).collect();
    fits.get(way % fits.len().max(1)).map(Number::to_string)
}

/// A time whose parts stand to all these as they say.
pub(super) fn time(all: &[(TimePart, Relation, Number)]) -> Option<String> {
    let holds = |text: &str, of_day: bool| {
        all.iter().all(|(part, relation, number)| {
            let found = times::part(text, None, *part).map(Number::Int);
            matches!(part, TimePart::Hour | TimePart::Minute) == of_day
                || found.is_some_and(|found| relation.holds(found.compare(*number)))
        })
    };
    let years = all.iter().filter(|(part, ..)| *part == TimePart::Year);
    let years = years.map(|(_, _, number)| number.as_f64().clamp(1.0, 9_998.0) as i64);
    let years: Vec<i64> = years.flat_map(|year| year - 1..=year + 1).chain(2024..2028).collect();
    let days = years.iter().flat_map(|year| {
        (1..=12).flat_map(move |month| {
            (1..=31).map(move |day| format!("{year:04}-{month:02}-{day:02}"))
        })
    });
    let day = days.into_iter().find(|day| holds(day, true))?;
    let minutes = (0..24 * 60).map(|m| format!("{day}T{:02}:{:02}:07Z", m / 60, m % 60));
    minutes.into_iter().find(|time| holds(time, false))
}

/// A text in which an expression is found, and whether it must begin or end the value.
pub(super) fn regex(source: &str, flags: RegexFlags, way: usize) -> (String, bool, bool) {
    let parsed = ParserBuilder::new()
        .case_insensitive(flags.insensitive)
        .dot_matches_new_line(flags.dot_all)
        .build()
        .parse(source);
    let Ok(hir) = parsed else { return (String::new(), false, false) };
    let mut out = String::new();
    write(&hir, way, &mut out);
    let looks = hir.properties();
    let at_start = looks.look_set_prefix().contains_anchor();
    let at_end = looks.look_set_suffix().contains_anchor();
    (out, at_start, at_end)
}

fn write(hir: &Hir, way: usize, out: &mut String) {
    if out.len() > EXAMPLE_MAX {
        return;
    }
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => {}
        HirKind::Literal(literal) => out.push_str(&String::from_utf8_lossy(&literal.0)),
        HirKind::Class(class) => out.push(letter(class, way)),
        HirKind::Capture(capture) => write(&capture.sub, way, out),
        HirKind::Concat(parts) => parts.iter().for_each(|part| write(part, way, out)),
        HirKind::Alternation(parts) => {
            if let Some(part) = parts.get(way % parts.len().max(1)) {
                write(part, way, out);
            }
        }
        HirKind::Repetition(repetition) => {
            let least = repetition.min.max(u32::from(way % 2 == 1)).min(1_000);
            let times = repetition.max.map_or(least, |most| least.min(most));
            (0..times).for_each(|_| write(&repetition.sub, way, out));
        }
    }
}

/// A character of a class, a letter or digit if it has one.
fn letter(class: &Class, way: usize) -> char {
    let Class::Unicode(class) = class else { return 'x' };
    let has = |c: char| class.iter().any(|range| range.start() <= c && c <= range.end());
    let liked = ["xaA0_ ", "a0xA", "0aA", "Ax1", "bB2", "x9"][way % WAYS];
    let any = class.iter().next().map_or('x', |range| range.start());
    liked.chars().find(|c| has(*c)).unwrap_or(any)
}
