//! Templates of generated lines: sentences made of words, with typed holes.

use super::entities::{Actors, Entities};
use super::format::LineFormat;
use super::random::Random;
use super::words::{NOUNS, PROGRAMS, REASONS, SHAPES, STATES, VERBS};
use seerflow_model::Severity;
use std::collections::BTreeSet;

/// Templates, in all.
pub const TEMPLATES: usize = 360;

/// What a hole is filled with in every line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hole {
    User,
    Ip,
    Peer,
    Host,
    Path,
    Service,
    Number,
    Port,
    Millis,
    Seconds,
    Ratio,
    Status,
    Hex,
    Id,
    Uuid,
}

impl Hole {
    fn named(name: &str) -> Option<Hole> {
        Some(match name {
            "user" => Hole::User,
            "ip" => Hole::Ip,
            "peer" => Hole::Peer,
            "host" => Hole::Host,
            "path" => Hole::Path,
            "service" => Hole::Service,
            "num" => Hole::Number,
            "port" => Hole::Port,
            "ms" => Hole::Millis,
            "secs" => Hole::Seconds,
            "ratio" => Hole::Ratio,
            "status" => Hole::Status,
            "hex" => Hole::Hex,
            "id" => Hole::Id,
            "uuid" => Hole::Uuid,
            _ => return None,
        })
    }

    #[inline]
    fn fill(
        self,
        entities: &Entities,
        actors: &Actors<'_>,
        random: &mut Random,
        out: &mut Vec<u8>,
    ) {
        match self {
            Hole::User => out.extend_from_slice(actors.user),
            Hole::Ip => out.extend_from_slice(actors.ip),
            Hole::Peer => out.extend_from_slice(entities.ips.draw(random)),
            Hole::Host => out.extend_from_slice(entities.hosts.draw(random)),
            Hole::Path => out.extend_from_slice(entities.paths.draw(random)),
            Hole::Service => out.extend_from_slice(entities.services.draw(random)),
            Hole::Number => {
                let bits = random.bits();
                number(bits >> (38 + bits % 20), out);
            }
            Hole::Port => number(1024 + random.below(64_000), out),
            Hole::Millis => {
                let most = 1 + random.below(5_000);
                number(random.below(most), out);
            }
            Hole::Seconds => {
                number(random.below(90), out);
                out.push(b's');
            }
            Hole::Ratio => {
                number(random.below(100), out);
                out.push(b'.');
                number(10 + random.below(90), out);
            }
            Hole::Status => number(*random.pick(&[200, 200, 200, 201, 204, 301, 404, 500]), out),
            Hole::Hex => hex(random.bits(), 12, out),
            Hole::Id => {
                let bits = random.bits();
                let letter = |n: u64| b'A' + (n % 26) as u8;
                out.extend_from_slice(&[letter(bits), letter(bits >> 8), b'-']);
                number(10_000 + (bits >> 16) % 900_000, out);
            }
            Hole::Uuid => {
                let bits = random.bits();
                for (group, digits) in [(bits, 8), (bits >> 32, 4), (bits >> 48, 4)] {
                    hex(group, digits, out);
                    out.push(b'-');
                }
                let bits = random.bits();
                hex(bits, 4, out);
                out.push(b'-');
                hex(bits >> 16, 12, out);
            }
        }
    }
}

/// Writes a number in decimal.
#[inline]
pub fn number(mut value: u64, out: &mut Vec<u8>) {
    let mut digits = [0; 20];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (value % 10) as u8;
        value /= 10;
        if value == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[at..]);
}

fn hex(value: u64, digits: u32, out: &mut Vec<u8>) {
    let digit = |i: u32| b"0123456789abcdef"[(value >> (4 * i)) as usize & 15];
    out.extend((0..digits).rev().map(digit));
}

/// One template.
#[derive(Clone, Debug)]
pub struct Template {
    /// Number of the program that writes it.
    pub program: usize,
    /// Format of that program's lines.
    pub format: LineFormat,
    /// How bad it is.
    pub severity: Severity,
    /// Text before each hole, and the hole.
    pieces: Vec<(Box<[u8]>, Hole)>,
    /// Text after the last hole.
    rest: Box<[u8]>,
}

impl Template {
    /// Writes one message.
    #[inline]
    pub fn write(
        &self,
        entities: &Entities,
        actors: &Actors<'_>,
        random: &mut Random,
        out: &mut Vec<u8>,
    ) {
        for (text, hole) in &self.pieces {
            out.extend_from_slice(text);
            hole.fill(entities, actors, random, out);
        }
        out.extend_from_slice(&self.rest);
    }

    fn parse(sentence: &str, rank: usize, severity: Severity) -> Template {
        let mut pieces = Vec::new();
        let mut rest = sentence;
        while let Some((text, after)) = rest.split_once('<') {
            let Some((name, after)) = after.split_once('>') else { break };
            let Some(hole) = Hole::named(name) else { break };
            pieces.push((text.as_bytes().into(), hole));
            rest = after;
        }
        let program = rank % PROGRAMS.len();
        let format = LineFormat::ALL[program % LineFormat::ALL.len()];
        Template { program, format, severity, pieces, rest: rest.as_bytes().into() }
    }
}

/// The templates of a seed, by falling popularity.
pub fn templates(seed: u64) -> Vec<Template> {
    let mut random = Random::new(seed, 1);
    let mut known = BTreeSet::new();
    let mut all = Vec::with_capacity(TEMPLATES);
    while all.len() < TEMPLATES {
        let sentence = sentence(&mut random);
        if known.insert(sentence.clone()) {
            let severity = severity(&mut random);
            all.push(Template::parse(&sentence, all.len(), severity));
        }
    }
    all
}

/// A shape with words in it.
fn sentence(random: &mut Random) -> String {
    let shape = *random.pick(&SHAPES);
    let mut sentence = String::with_capacity(shape.len() * 2);
    let mut rest = shape;
    while let Some((text, after)) = rest.split_once('[') {
        let Some((list, after)) = after.split_once(']') else { break };
        sentence.push_str(text);
        let words: &[&str] = match list {
            "verb" => &VERBS,
            "state" => &STATES,
            "reason" => &REASONS,
            _ => &NOUNS,
        };
        sentence.push_str(random.pick::<&str>(words));
        rest = after;
    }
    sentence + rest
}

fn severity(random: &mut Random) -> Severity {
    match random.below(20) {
        0 => Severity::Error,
        1 | 2 => Severity::Warning,
        3 | 4 => Severity::Notice,
        _ => Severity::Informational,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn every_hole_has_a_name_and_every_shape_is_whole() {
        for shape in SHAPES {
            for name in shape.split('<').skip(1).filter_map(|after| after.split('>').next()) {
                assert!(Hole::named(name).is_some(), "{shape}: {name}");
            }
        }
        let (entities, mut random) = (Entities::new(), Random::new(1, 1));
        for template in templates(3) {
            let mut text = Vec::new();
            let actors = entities.actors(template.program, &mut random);
            template.write(&entities, &actors, &mut random, &mut text);
            let text = String::from_utf8(text).unwrap();
            assert!(!text.contains(['<', '[', ']', '"', '\\']), "{text}");
        }
    }

    #[test]
    fn all_formats_and_programs_have_templates() {
        let all = templates(1);
        assert!(all.len() >= 300);
        let mut formats: BTreeMap<&str, BTreeSet<usize>> = BTreeMap::new();
        for template in &all {
            formats.entry(template.format.name()).or_default().insert(template.program);
        }
        assert_eq!(formats.len(), LineFormat::ALL.len());
        assert_eq!(formats.values().map(BTreeSet::len).sum::<usize>(), PROGRAMS.len());
    }

    #[test]
    fn numbers_are_decimal() {
        for value in [0, 7, 10, 12_345, u64::MAX] {
            let mut out = Vec::new();
            number(value, &mut out);
            assert_eq!(out, value.to_string().into_bytes());
        }
    }
}
