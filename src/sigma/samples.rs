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

use serde::Deserialize;

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
}

#[derive(Deserialize)]
struct Document {
    #[serde(default)]
    samples: Option<Lists>,
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
    documents.into_iter().map(|document| samples(document.samples.unwrap_or_default())).collect()
}

fn samples(lists: Lists) -> Result<Samples, String> {
    let all = |items: Vec<Item>| items.into_iter().map(sample).collect::<Result<Vec<_>, _>>();
    Ok(Samples { matches: all(lists.matches)?, misses: all(lists.miss)? })
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
        assert_eq!((&read[0].misses, read.get(1)), (&Vec::new(), Some(&Samples::default())));
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
