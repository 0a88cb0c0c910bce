//! Which files of sessions belong together: those of one folder whose names differ in their last
//! word only (`x_train`, `x_test`). One of them is learnt from, each other one judged; parts with
//! sessions of one label only are judged together. A set of one file is cut into halves.

use super::name;
use super::sessions::{SessionSet, Slice};
use crate::failure::Failure;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A file of a set.
struct Part {
    slice: Slice,
    word: String,
    normal: u64,
    anomalous: u64,
}

impl Part {
    fn share(&self) -> f64 {
        self.anomalous as f64 / (self.normal + self.anomalous).max(1) as f64
    }

    fn both(&self) -> bool {
        self.normal > 0 && self.anomalous > 0
    }
}

/// The sets among some files.
pub(super) fn sets(folder: &Path, files: &[PathBuf], notes: &mut Vec<String>) -> Vec<SessionSet> {
    let mut groups: BTreeMap<String, Vec<Part>> = BTreeMap::new();
    let names = bare(files.iter().map(|path| name(folder, path)).collect());
    for (path, name) in files.iter().zip(&names) {
        let (set, word) = split(name);
        let slice = Slice::whole(path.clone());
        match slice.counts() {
            Ok((normal, anomalous)) => {
                groups.entry(set).or_default().push(Part { slice, word, normal, anomalous });
            }
            Err(error) => notes.push(error.primary),
        }
    }
    let mut sets = Vec::new();
    for (set, parts) in groups {
        match of(&set, parts) {
            Ok(found) => sets.extend(found),
            Err(error) => notes.push(format!("{set}: {}", error.primary)),
        }
    }
    sets
}

/// Without the extension that all files of their folder have: it is no word that tells them apart.
fn bare(mut names: Vec<String>) -> Vec<String> {
    let mut shared: BTreeMap<String, Option<String>> = BTreeMap::new();
    for name in &names {
        let extension = extension(name).map(str::to_owned);
        let folder = shared.entry(folder(name).to_owned()).or_insert_with(|| extension.clone());
        if *folder != extension {
            *folder = None;
        }
    }
    for name in &mut names {
        let length = shared.get(folder(name)).and_then(Option::as_ref).map(|end| end.len() + 1);
        name.truncate(name.len() - length.unwrap_or(0));
    }
    names
}

fn folder(name: &str) -> &str {
    &name[..name.rfind('/').unwrap_or(0)]
}

fn extension(name: &str) -> Option<&str> {
    let file = name.rfind('/').map_or(name, |at| &name[at + 1..]);
    file.rfind('.').map(|at| &file[at + 1..])
}

/// `a/x_train` is the part `train` of `a/x`; `a/train` that of `a`.
fn split(name: &str) -> (String, String) {
    let from = name.rfind('/').map_or(0, |at| at + 1);
    match name[from..].rfind(['_', '-', '.']) {
        Some(at) => (name[..from + at].to_owned(), name[from + at + 1..].to_owned()),
        None => (name[..from.saturating_sub(1)].to_owned(), name[from..].to_owned()),
    }
}

fn of(set: &str, mut parts: Vec<Part>) -> Result<Vec<SessionSet>, Failure> {
    let named = |judged: &str| format!("{set}{}{judged}", if judged.is_empty() { "" } else { " " });
    if parts.len() == 1 {
        let Part { slice, normal, anomalous, .. } = parts.remove(0);
        let half = (normal + anomalous) / 2;
        let train = vec![Slice { to: half, ..slice.clone() }];
        let judged = vec![Slice { from: half, ..slice }];
        return both(SessionSet { name: named("(halves)"), train, judged }).map(|set| vec![set]);
    }
    // Named so, else the one with the least share of anomalous sessions.
    let by = |part: &Part| (!part.word.contains("train"), (part.share() * 1e6) as u64);
    let first = (0..parts.len()).min_by_key(|at| by(&parts[*at])).unwrap_or(0);
    let train = vec![parts.remove(first).slice];
    let (whole, single): (Vec<Part>, Vec<Part>) = parts.into_iter().partition(Part::both);
    let mut sets = Vec::new();
    for part in whole {
        let (name, judged) = (named(&part.word), vec![part.slice]);
        sets.push(SessionSet { name, train: train.clone(), judged });
    }
    if !single.is_empty() {
        let words: Vec<_> = single.iter().map(|part| part.word.as_str()).collect();
        let name = named(&words.join(" + "));
        let judged = single.into_iter().map(|part| part.slice).collect();
        match both(SessionSet { name, train, judged }) {
            Ok(set) => sets.push(set),
            Err(error) if sets.is_empty() => return Err(error),
            // More sessions of one label, beside parts that can be judged.
            Err(_) => {}
        }
    }
    Ok(sets)
}

/// A set can be measured when sessions of both labels are judged.
fn both(set: SessionSet) -> Result<SessionSet, Failure> {
    let (mut normal, mut anomalous) = (0, 0);
    for slice in &set.judged {
        let (more, bad) = slice.counts()?;
        (normal, anomalous) = (normal + more, anomalous + bad);
    }
    match normal > 0 && anomalous > 0 {
        true => Ok(set),
        false => Err(Failure::usage("no sessions of both labels to judge")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_a_set_and_a_part() {
        for (name, set, part) in [
            ("sequences/a_b_train", "sequences/a_b", "train"),
            ("sequences/a-b/test", "sequences/a-b", "test"),
            ("x.1", "x", "1"),
            ("x", "", "x"),
        ] {
            assert_eq!(split(name), (set.to_owned(), part.to_owned()));
        }
    }

    #[test]
    fn an_extension_that_all_have_is_no_part() {
        for (names, expected) in [
            (["a/x_1.txt", "a/x_2.txt", "b/y"], ["a/x_1", "a/x_2", "b/y"]),
            (["x.train", "x.test", "a/z.1"], ["x.train", "x.test", "a/z"]),
            (["a.b/x", "a.b/y", "x."], ["a.b/x", "a.b/y", "x"]),
        ] {
            assert_eq!(bare(names.map(str::to_owned).to_vec()), expected);
        }
    }

    fn part(word: &str, normal: u64, anomalous: u64) -> Part {
        Part { slice: Slice::whole(PathBuf::from(word)), word: word.to_owned(), normal, anomalous }
    }

    #[test]
    fn what_is_learnt_from_is_named_so_or_has_the_fewest_anomalies() {
        for (parts, train, judged) in [
            (vec![part("dev", 5, 1), part("train", 5, 4)], "train", vec!["dev"]),
            (vec![part("1", 5, 4), part("2", 9, 0)], "2", vec!["1"]),
            (vec![part("a", 5, 4), part("b", 9, 0), part("c", 5, 5)], "b", vec!["a", "c"]),
        ] {
            let sets = of("x", parts).unwrap();
            assert!(sets.iter().all(|set| set.train[0].path == Path::new(train)));
            let named: Vec<_> = judged.iter().map(|word| format!("x {word}")).collect();
            assert_eq!(sets.iter().map(|set| set.name.clone()).collect::<Vec<_>>(), named);
        }
    }
}
