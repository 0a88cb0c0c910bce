//! What is wrong with a configuration, where, and the nearest name to what was written.

use std::fmt;

/// Line and column, both from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mark {
    /// Line.
    pub line: u64,
    /// Column, in characters.
    pub column: u64,
}

impl Mark {
    /// From line and column.
    pub const fn new(line: u64, column: u64) -> Mark {
        Mark { line, column }
    }
}

/// One thing that is wrong, or that a reader should know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where, when it stands in the file.
    pub mark: Option<Mark>,
    /// The key, with the names of its sections: `receivers.syslog_udp_port`.
    pub key: String,
    /// The value, what is allowed, the nearest name.
    pub message: String,
}

impl Problem {
    /// From its parts.
    pub fn new(mark: Option<Mark>, key: impl Into<String>, message: impl Into<String>) -> Problem {
        Problem { mark, key: key.into(), message: message.into() }
    }

    /// `file:line:column: key: message`.
    pub fn at<'a>(&'a self, file: &'a str) -> impl fmt::Display + 'a {
        struct At<'a>(&'a Problem, &'a str);
        impl fmt::Display for At<'_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let At(problem, file) = self;
                match problem.mark {
                    Some(mark) => write!(f, "{file}:{}:{}: ", mark.line, mark.column)?,
                    None => write!(f, "{file}: ")?,
                }
                match problem.key.is_empty() {
                    true => f.write_str(&problem.message),
                    false => write!(f, "{}: {}", problem.key, problem.message),
                }
            }
        }
        At(self, file)
    }
}

/// The candidate that is nearest to what was written, if one is near enough to be meant.
pub fn nearest<'a>(
    written: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let written: Vec<char> = written.to_lowercase().chars().take(64).collect();
    let allowed = (written.len() / 3).clamp(1, 4);
    candidates
        .into_iter()
        .map(|candidate| {
            // A name that was cut short is meant however much is missing.
            let cut = written.len() >= 4
                && candidate.chars().take(written.len()).eq(written.iter().copied());
            (if cut { 1 } else { distance(&written, candidate) }, candidate)
        })
        .filter(|(distance, _)| *distance <= allowed)
        .min()
        .map(|(_, candidate)| candidate)
}

/// Edits between two words: insert, delete, replace, swap neighbours (optimal string alignment).
fn distance(written: &[char], candidate: &str) -> usize {
    let candidate: Vec<char> = candidate.chars().collect();
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=candidate.len()).collect();
    for (i, &a) in written.iter().enumerate() {
        let mut row = vec![i + 1; candidate.len() + 1];
        for (j, &b) in candidate.iter().enumerate() {
            let replaced = last[j] + usize::from(a != b);
            row[j + 1] = replaced.min(last[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && a == candidate[j - 1] && written[i - 1] == b {
                row[j + 1] = row[j + 1].min(before[j - 1] + 1);
            }
        }
        before = std::mem::replace(&mut last, row);
    }
    last[candidate.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_what_was_meant() {
        let names = ["syslog_udp_port", "syslog_tcp_port", "bind_addr", "queue_maxsize"];
        assert_eq!(nearest("syslog_udp_prot", names), Some("syslog_udp_port"));
        assert_eq!(nearest("bind_address", names), Some("bind_addr"));
        assert_eq!(nearest("Queue_MaxSize", names), Some("queue_maxsize"));
        assert_eq!(nearest("queue", names), Some("queue_maxsize"));
        assert_eq!(nearest("zzz", names), None);
        assert_eq!(nearest("", names), None);
    }

    #[test]
    fn distance_counts_edits() {
        for (a, b, edits) in [("ab", "ba", 1), ("kitten", "sitting", 3), ("", "abc", 3)] {
            assert_eq!(distance(&a.chars().collect::<Vec<_>>(), b), edits, "{a} {b}");
        }
    }

    #[test]
    fn names_the_place() {
        let problem = Problem::new(Some(Mark::new(3, 7)), "a.b", "is wrong");
        assert_eq!(problem.at("x.yaml").to_string(), "x.yaml:3:7: a.b: is wrong");
        assert_eq!(Problem::new(None, "", "empty").at("x").to_string(), "x: empty");
    }
}
