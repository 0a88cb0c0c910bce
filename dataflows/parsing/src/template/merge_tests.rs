use super::*;
use crate::mask::{self, Masker};
use proptest::prelude::*;
use seerflow_model::{Event, ParamKind, ReceiverKind, SourceInfo, Span};
use std::collections::BTreeMap;
use std::sync::Arc;

fn event(message: &str, at: u64) -> Event {
    let source = Arc::new(SourceInfo::plain(1, "s", ReceiverKind::File, "syslog"));
    let mut event = Event::empty(source);
    event.text = message.into();
    event.message = Span::new(0, message.len());
    event.effective_time = at;
    Masker::new().mask(&mut event);
    event
}

/// The text that stands for each message in the end.
fn merged(messages: &[&str]) -> Vec<String> {
    let mut miner = Miner::new();
    let ids: Vec<_> = messages
        .iter()
        .enumerate()
        .map(|(at, message)| {
            let event = event(message, at as u64);
            (event.leaf, miner.assign(&event).template)
        })
        .collect();
    ids.into_iter().map(|(leaf, id)| miner.template(leaf, id).unwrap().1).collect()
}

fn all_are(messages: &[&str], expected: &str) {
    let texts = merged(messages);
    assert!(texts.iter().all(|text| text == expected), "{expected}\n{texts:#?}");
}

#[test]
fn the_same_words_make_one_statement() {
    all_are(
        &["lifetime of 5 ms ended", "lifetime of <1 sec ended", "lifetime of 00:12 ended"],
        "lifetime of <*> ms ended",
    );
    all_are(
        &["sent 403 bytes to peer", "sent 1190 bytes (1.16 KB) to peer"],
        "sent <*> bytes to peer",
    );
    all_are(
        &["link is up: 1 2 3", "link is up: 1 2 3 4", "link is up, 7"],
        "link is up: <*> <*> <*>",
    );
}

#[test]
fn a_first_word_that_varies_is_a_value() {
    let names = ["ann", "bob", "cyd", "dan", "eve", "fay", "gus"];
    let lines: Vec<String> =
        names.iter().map(|n| format!("{n} : TTY=pts/0 ; PWD=/root ; USER=root")).collect();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    all_are(&lines, "<*> : TTY=pts/<*> ; PWD=<*> ; USER=root");
}

#[test]
fn a_masked_value_fits_a_place_that_was_found() {
    let names = ["ann", "bob", "cyd", "dan", "eve", "fay", "web-17"];
    let lines: Vec<String> = names.iter().map(|n| format!("{n} : all of it is up")).collect();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    all_are(&lines, "<*> : all of it is up");
}

#[test]
fn a_value_of_several_words_is_found_too() {
    let names = ["ann lee", "bob c ray", "cyd doe", "dan a kim", "eve roe", "fay i poe", "gus woe"];
    let line = |name: &&str| format!("unlocked the account of {name} again just now");
    let lines: Vec<String> = names.iter().map(line).collect();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    all_are(&lines, "unlocked the account of <*> <*> again just now");
}

#[test]
fn other_statements_stay_apart() {
    for lines in [
        &["session opened for user root", "session closed for user root"][..],
        &["Failed password for bob from 10.0.0.1", "Failed password for invalid user bob from ::1"],
        &["startup succeeded", "shutdown succeeded", "reload succeeded"],
        &["link up", "link down", "link 5", "link"],
        &["failure; rhost=10.0.0.1", "failure; rhost=10.0.0.1 user=root"],
    ] {
        let mut texts = merged(lines);
        texts.sort();
        texts.dedup();
        assert_eq!(texts.len(), lines.len(), "{texts:?}");
    }
}

#[test]
fn an_alias_is_given_once_and_leads_to_the_older() {
    let mut miner = Miner::new();
    let first = event("sent 5 bytes to peer", 0);
    let second = event("sent 5 bytes (1 KB) to peer", 1);
    let one = miner.assign(&first).template;
    let other = miner.assign(&second).template;
    assert_ne!(one, other);
    let merger = miner.namespace(first.namespace).unwrap();
    assert_eq!(merger.aliases(), [Alias { from: other, to: one }]);
    assert_eq!((merger.resolve(other), merger.resolve(one), merger.merged()), (one, one, 1));
    assert_eq!(merger.resolve(12345), 12345);
}

#[test]
fn a_flood_finds_no_room_and_changes_nothing() {
    let word = |i: u64| -> String { format!("{i:06}").bytes().map(|b| (b + 49) as char).collect() };
    let mut miner = Miner::new();
    let known = event("sent 5 bytes to peer", 0);
    let id = miner.assign(&known).template;
    for i in 0..4 * MEMBERS_MAX as u64 {
        let line = format!("{} {} {} {}", word(i * 7), word(i * 13 + 1), word(i + 2), word(i * 3));
        miner.assign(&event(&line, i));
    }
    let merger = miner.namespace(known.namespace).unwrap();
    assert_eq!(merger.members(), MEMBERS_MAX);
    assert!(merger.refused > 0);
    let again = event("sent 9 bytes to peer", 9);
    assert_eq!(miner.assign(&again).template, id);
}

/// Contents with their members, and whether the frame is open.
type Frame = (Vec<(String, usize)>, bool);

/// The merge step with strings, written the stupid way.
#[derive(Default)]
struct Oracle {
    /// Templates in the order of their founding: items, and to which they were given.
    members: Vec<(u64, Vec<String>, Option<usize>)>,
    /// Around and several → contents with their members, and whether it is open.
    frames: BTreeMap<(String, bool), Frame>,
}

impl Oracle {
    fn root(&self, mut at: usize) -> usize {
        while let Some(to) = self.members[at].2 {
            at = to;
        }
        at
    }

    fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.root(a), self.root(b));
        if a != b {
            self.members[a.max(b)].2 = Some(a.min(b));
        }
    }

    /// `items`: words, `*` for values and `?` for values that were words once.
    fn announce(&mut self, id: u64, items: &[String]) {
        let at = match self.members.iter().position(|m| m.0 == id) {
            Some(at) => {
                self.members[at].1 = items.to_vec();
                at
            }
            None => {
                self.members.push((id, items.to_vec(), None));
                self.members.len() - 1
            }
        };
        let words = |items: &[String]| -> Vec<String> {
            items.iter().filter(|i| *i != "*" && *i != "?").cloned().collect()
        };
        let own = words(items);
        if own.len() >= 2 {
            // Only what its last announcement said counts, and the oldest that ever said it.
            let said = (self.said(&own)).unwrap_or(at);
            self.remember(own.clone(), said);
            self.join(said, at);
        }
        for start in 0..items.len().min(24) {
            for len in 1..=3 {
                let end = start + len;
                if end > items.len() {
                    continue;
                }
                let (before, inside, after) =
                    (words(&items[..start]), words(&items[start..end]), words(&items[end..]));
                let around = before.len() + after.len();
                let several = len > 1;
                let fits = if several {
                    let room = around >= 4 && around >= 2 * inside.len();
                    let says = !inside.is_empty() || items[start..end].iter().all(|i| i == "?");
                    says && !before.is_empty() && !after.is_empty() && room
                } else {
                    around > 0
                };
                if fits {
                    self.fit(at, items, (start, end), around);
                }
            }
        }
    }

    fn fit(&mut self, at: usize, items: &[String], (start, end): (usize, usize), around: usize) {
        let plain = |items: &[String]| items.join(" ").replace('?', "*");
        let key = format!("{}|{}", plain(&items[..start]), plain(&items[end..]));
        let several = end - start > 1;
        let content = plain(&items[start..end]);
        let side = self.frames.entry((key.clone(), several)).or_default();
        if !side.1 && side.0.len() < 16 && !side.0.contains(&(content.clone(), at)) {
            side.0.push((content, at));
        }
        let mut contents: Vec<&String> = side.0.iter().map(|s| &s.0).collect();
        contents.sort();
        contents.dedup();
        side.1 |= items[start..end].iter().all(|i| i == "?") || around >= 3 && contents.len() >= 6;
        if !side.1 {
            return;
        }
        let mut members: Vec<usize> = side.0.iter().map(|s| s.1).collect();
        side.0.truncate(1);
        let oldest = side.0[0].1;
        members.push(at);
        if let Some(other) = self.frames.get(&(key, !several)).filter(|o| o.1) {
            members.push(other.0[0].1);
        }
        members.into_iter().for_each(|member| self.join(oldest, member));
    }

    fn said(&self, words: &[String]) -> Option<usize> {
        let key = (format!("words {words:?}"), false);
        self.frames.get(&key).map(|(seen, _)| seen[0].1)
    }

    fn remember(&mut self, words: Vec<String>, at: usize) {
        let key = (format!("words {words:?}"), false);
        self.frames.entry(key).or_insert_with(|| (vec![(String::new(), at)], false));
    }
}

fn items(outline: &Outline) -> Vec<String> {
    let units = ["ms", "sec", "bytes", "KB"];
    let mut out: Vec<String> = Vec::new();
    for (place, (slot, core)) in outline.slots.iter().zip(&outline.cores).enumerate() {
        let text = core.of(&outline.text);
        let value = !mask::is_literal(*slot) || mask::is_soft(*slot);
        let after_value = out.last().is_some_and(|last| last == "#");
        match (value, after_value && units.contains(&text)) {
            (false, true) => {}
            (false, false) => out.push(text.to_owned()),
            (true, _) if outline.widened(place) => out.push("?".to_owned()),
            (true, _) if *slot == mask::code(ParamKind::Number) => out.push("#".to_owned()),
            (true, _) => out.push("*".to_owned()),
        }
    }
    out.iter_mut().filter(|item| *item == "#").for_each(|item| *item = "*".to_owned());
    out
}

fn messages() -> impl Strategy<Value = Vec<String>> {
    let word = prop::sample::select(vec![
        "user", "root", "eve", "logged", "in", "5", "77", "10.0.0.1", "k=up", "k=dn", "ms", "bytes",
    ]);
    let free = prop::collection::vec(word, 1..7).prop_map(|w| w.join(" "));
    let first = "[a-h] : tty=(a|b) and so on";
    let middle = "it is [a-f]( [a-f])?( [a-f])? that does it again";
    let counts = "took [1-9]{1,2}( ms| sec| \\(3 KB\\))? for (all|some) of it";
    prop::collection::vec(prop_oneof![free, first, middle, counts], 1..150)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn merges_are_those_of_the_oracle(messages in messages(), cut in 0usize..150) {
        let (mut leaves, mut merger) = (BTreeMap::<u64, Leaf>::new(), Merger::default());
        let mut oracle = Oracle::default();
        for (at, message) in messages.iter().enumerate() {
            let event = event(message, at as u64);
            let leaf = leaves.entry(event.leaf).or_default();
            let assigned = leaf.assign(&event);
            if at == cut {
                let saved = serde_json::to_vec(&merger).unwrap();
                merger = serde_json::from_slice(&saved).unwrap();
            }
            if assigned.founded || assigned.widened {
                let outline = leaf.outline(assigned.template).unwrap();
                let before = merger.aliases();
                let new = merger.announce(outline);
                let after = merger.aliases();
                prop_assert_eq!(before.len() + new.len(), after.len());
                prop_assert!(before.iter().all(|alias| after.contains(alias)));
                oracle.announce(outline.id, &items(outline));
            }
        }
        for (at, (id, _, _)) in oracle.members.iter().enumerate() {
            let root = oracle.members[oracle.root(at)].0;
            prop_assert_eq!(merger.resolve(*id), root, "{:?}", oracle.members[at].1);
        }
    }
}
