//! Samples of a rule file: records that its rules must match, and near misses that they must not.
//!
//! They stand in the document of the rule itself, under `samples`, so that whoever changes a rule
//! sees what it is for. Sigma leaves keys of its own to everybody; other tools pass over this one.
//!
//! ```yaml
//! samples:
//!   match:
//!     - 'Nov 25 10:00:00 web-1 sshd[812]: …'    # one record, as it arrives
//!     -                                         # for correlations: several, in their order
//!       - {line: 'Nov 25 10:00:{n} web-1 …', times: 12}
//!       - 'Nov 25 10:02:00 web-1 …'
//!   miss:
//!     - '…'
//! ```
//!
//! In a line with `times`, `{n}` stands for 10, 11, 12 … up to 99. A record may hold line ends, as
//! those of the Linux audit system do.

use seerflow_sigma::Header;
use serde::Deserialize;
use serde_json::Value;

/// Most copies that one line stands for: `{n}` has two digits.
pub const TIMES_MAX: u32 = 90;
/// What `{n}` begins with.
const FIRST: u32 = 10;

/// Records that belong together, in their order; of a detection rule it is one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    /// The records.
    pub records: Vec<String>,
}

/// The samples of one rule.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Samples {
    /// What it must match.
    pub matches: Vec<Sample>,
    /// What it must not.
    pub misses: Vec<Sample>,
    /// Id, name and title of the rule, as they stand there.
    pub of: [Option<String>; 3],
}

impl Samples {
    /// Whether they are those of the rule of this head, in the same file.
    pub fn are_of(&self, header: &Header) -> bool {
        let has = [header.id.as_deref(), header.name.as_deref(), Some(header.title.as_str())];
        let fits =
            |(of, has): (&Option<String>, Option<&str>)| of.is_none() || of.as_deref() == has;
        self.of.iter().any(Option::is_some) && self.of.iter().zip(has).all(fits)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.matches.is_empty() && self.misses.is_empty()
    }
}

#[derive(Deserialize)]
struct Document {
    #[serde(default)]
    samples: Option<Lists>,
    #[serde(default)]
    id: Option<Value>,
    #[serde(default)]
    name: Option<Value>,
    #[serde(default)]
    title: Option<Value>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Lists {
    #[serde(default, rename = "match")]
    matches: Vec<Item>,
    #[serde(default)]
    miss: Vec<Item>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Item {
    One(String),
    Several(Vec<Line>),
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Line {
    Plain(String),
    Copies { line: String, times: u32 },
}

/// The samples of each document of a file, in their order.
pub fn read(text: &str) -> Result<Vec<Samples>, String> {
    let documents: Vec<Document> =
        serde_saphyr::from_multiple(text).map_err(|error| error.to_string())?;
    let samples = |document: Document| {
        let text = |value: Option<Value>| match value {
            None | Some(Value::Null) => None,
            Some(Value::String(text)) => Some(text),
            Some(other) => Some(other.to_string()),
        };
        let of = [text(document.id), text(document.name), text(document.title)];
        samples(document.samples.unwrap_or_default(), of)
    };
    documents.into_iter().map(samples).collect()
}

fn samples(lists: Lists, of: [Option<String>; 3]) -> Result<Samples, String> {
    let all = |items: Vec<Item>| items.into_iter().map(sample).collect::<Result<Vec<_>, _>>();
    Ok(Samples { matches: all(lists.matches)?, misses: all(lists.miss)?, of })
}

fn sample(item: Item) -> Result<Sample, String> {
    let lines = match item {
        Item::One(line) => return Ok(Sample { records: vec![line] }),
        Item::Several(lines) => lines,
    };
    let mut records = Vec::with_capacity(lines.len());
    for line in lines {
        match line {
            Line::Plain(line) => records.push(line),
            Line::Copies { line, times } => {
                if !(1..=TIMES_MAX).contains(&times) {
                    return Err(format!("`times` must be 1 to {TIMES_MAX}, not {times}"));
                }
                let copy = |n: u32| line.replace("{n}", &(FIRST + n).to_string());
                records.extend((0..times).map(copy));
            }
        }
    }
    Ok(Sample { records })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_single_or_several_and_copies_are_counted() {
        let text = "title: a\nsamples:\n  match:\n  - one {n}\n  - - {line: 'at {n} x{n}', times: 2}\n    \
             - last\n---\ntitle: b\n";
        let read = read(text).unwrap();
        let texts: Vec<_> = read[0].matches.iter().map(|sample| sample.records.clone()).collect();
        assert_eq!(texts, [vec!["one {n}"], vec!["at 10 x10", "at 11 x11", "last"]]);
        assert_eq!((read[0].misses.len(), read[1].is_empty()), (0, true));
        let header = |title: &str| Header { title: title.into(), ..Header::default() };
        assert!(read[0].are_of(&header("a")) && !read[1].are_of(&header("a")));
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (text, part) in [
            ("samples: {mach: [a]}", "mach"),
            ("samples: {match: [[{line: a, times: 0}]]}", "`times`"),
            ("samples: {match: [[{line: a, times: 91}]]}", "`times`"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.contains(part), "{text}: {error}");
        }
    }
}
