use super::*;
use crate::mask::{self, Masker, mask_text};
use proptest::prelude::*;
use seerflow_model::{Event, ParamKind, ReceiverKind, SourceInfo, Span, time::TICK};
use std::collections::BTreeMap;
use std::sync::Arc;

fn event(message: &str, at: u64) -> Event {
    let source = Arc::new(SourceInfo::plain(1, "s", ReceiverKind::File, "syslog"));
    let mut event = Event::empty(source);
    event.text = format!("sshd: {message}").into();
    event.program = Span::new(0, 4);
    event.message = Span::new(6, event.text.len());
    event.effective_time = at;
    Masker::new().mask(&mut event);
    event
}

fn texts(leaf: &Leaf) -> Vec<String> {
    leaf.templates().map(|t| t.text).collect()
}

#[test]
fn metadata_is_exact() {
    let mut miner = Miner::new();
    let first = event("Failed password for root from 10.0.0.1 port 22", 5 * TICK);
    let founded = miner.assign(&first);
    assert!(founded.founded && !founded.widened && founded.count_before == 0);
    let second = event("Failed password for eve from host.example.org port 9", 3 * TICK);
    let widened = miner.assign(&second);
    assert!(!widened.founded && widened.widened && widened.count_before == 1);
    assert_eq!(widened.template, founded.template);
    let again = miner.assign(&event("Failed password for bob from ::1 port 1", 9 * TICK));
    assert!(!again.widened && again.count_before == 2);
    let info = miner.leaf(first.leaf).unwrap().template(founded.template).unwrap();
    let stands = miner.template(first.leaf, founded.template);
    assert_eq!(stands, Some((info.id, info.text.clone())));
    assert_eq!(info.text, "Failed password for <*> from <*> port <*>");
    assert_eq!(info.typed_text, "Failed password for <*> from <*> port <Number>");
    assert_eq!((info.count, info.first_seen_ns, info.last_seen_ns), (3, 3 * TICK, 9 * TICK));
    assert_eq!(info.example, first.message());
    assert_eq!(info.params, [ParamKind::Any, ParamKind::Any, ParamKind::Number]);
    assert_eq!(miner.templates(), [info]);
}

#[test]
fn the_id_is_that_of_the_founding_text() {
    let one = Leaf::default().assign(&event("took 5 ms for alice", 0)).template;
    assert_eq!(one, Leaf::default().assign(&event("took  7 ms for alice ", 9)).template);
    assert_ne!(one, Leaf::default().assign(&event("took 5 ms for bob", 0)).template);
    // Ids are on disk: this one never changes.
    assert_eq!(one, 11_369_449_035_639_635_751);
}

#[test]
fn slots_carry_the_values() {
    let mut leaf = Leaf::default();
    leaf.assign(&event("Failed password for root from 10.0.0.1:5 port 22", 0));
    let eve = event("Failed password for eve from 10.0.0.2:6 port 23", 1);
    let id = leaf.assign(&eve).template;
    let slots = leaf.params_of(id, &eve);
    let seen: Vec<_> = slots.iter().map(|s| (s.index, s.kind, s.text(&eve))).collect();
    use ParamKind::*;
    assert_eq!(seen, [(3, Any, "eve"), (5, Ip, "10.0.0.2"), (7, Number, "23")]);
    assert!(!slots.spilled());
    assert!(leaf.params_of(1, &eve).is_empty(), "an unknown template has none");
    let wide = event(&"x=1 y ".repeat(20), 0);
    let id = leaf.assign(&wide).template;
    assert_eq!(leaf.params_of(id, &wide).len(), MAX_SLOTS);
}

#[test]
fn a_place_with_many_values_is_a_value() {
    let mut leaf = Leaf::default();
    let names = ["ann", "bob", "cyd", "dan", "eve", "fay", "gus", "hal"];
    let ids: Vec<_> =
        names.iter().map(|n| leaf.assign(&event(&format!("user logged {n}"), 0))).collect();
    assert_eq!(ids.iter().filter(|a| a.founded).count(), 5);
    assert_eq!(texts(&leaf)[0], "user logged <*>");
    assert!(!leaf.assign(&event("user logged ida", 0)).widened);
}

#[test]
fn a_flood_of_newcomers_leaves_the_settled_alone() {
    let mut leaf = Leaf::default();
    let word = |i: u64| -> String { format!("{i:05}").bytes().map(|b| (b + 49) as char).collect() };
    let noise = |i: u64| {
        let w = |k: u64| word((i * 7919 + k * 104_729) % 100_000);
        format!("error in {} {} {} {}", w(1), w(2), w(3), w(4))
    };
    let regular: Vec<_> = (0..300).map(|i| format!("{} all is well", noise(i))).collect();
    let ids: Vec<_> = regular
        .iter()
        .map(|m| {
            leaf.assign(&event(m, 0));
            leaf.assign(&event(m, TICK)).template
        })
        .collect();
    let mut evicted = 0;
    for i in 0..3000u64 {
        let flood = event(&format!("{} {} {} {}", noise(i + 1000), word(i), word(i + 7), "x"), i);
        assert_eq!(flood.leaf, event(&regular[0], 0).leaf);
        evicted += u32::from(leaf.assign(&flood).evicted);
    }
    assert!(leaf.len() <= 300 + 200 && evicted >= 2000, "{} {evicted}", leaf.len());
    for (message, id) in regular.iter().zip(ids) {
        let seen = leaf.assign(&event(message, 2 * TICK));
        assert!(!seen.founded && seen.template == id);
    }
    for i in 0..2000 {
        let message = format!("{} new {} one", noise(i + 9000), word(i));
        leaf.assign(&event(&message, 5 * TICK));
        leaf.assign(&event(&message, 6 * TICK));
    }
    assert!(leaf.len() <= MAX_CLUSTERS);
}

/// Skeleton and prefix.
type Key = (String, Vec<(usize, String)>);

/// Drain with strings, written the stupid way.
#[derive(Default)]
struct Oracle {
    leaves: BTreeMap<Key, Vec<Vec<String>>>,
}

impl Oracle {
    /// The index of the template within its leaf; founds or widens it.
    fn assign(&mut self, message: &str) -> (Key, usize) {
        let masked = mask_text(message);
        let mut skeleton = String::new();
        let (mut words, mut done) = (Vec::new(), 0);
        for (token, core) in masked.scan.tokens.iter().zip(&masked.scan.cores) {
            skeleton.push_str(&message[done..core.start as usize]);
            skeleton.push('\u{1}');
            done = core.end();
            words.push(match mask::kind_of(*token) {
                Some(ParamKind::Any) => "<*>".to_owned(),
                Some(kind) => format!("<{}>", mask::name(kind)),
                // A soft word is marked, and the mark taken off where texts are compared.
                None if mask::is_soft(*token) => format!("={}", core.of(message)),
                None => core.of(message).to_owned(),
            });
        }
        skeleton.push_str(&message[done..]);
        let literal = |w: &&String| !w.starts_with(['<', '=']);
        let prefix = words.iter().enumerate().filter(|(_, w)| literal(w)).take(2);
        let prefix = prefix.map(|(i, w)| (i, w.clone())).collect();
        let skeleton = skeleton.split_whitespace().collect::<Vec<_>>().join(" ");
        let key = (skeleton, prefix);
        let leaf = self.leaves.entry(key.clone()).or_default();
        let index = best(leaf, &words).or_else(|| varying(leaf, &words));
        let index = index.unwrap_or_else(|| {
            leaf.push(words.clone());
            leaf.len() - 1
        });
        for (slot, word) in leaf[index].iter_mut().zip(words) {
            if *slot != word {
                *slot = "<*>".into();
            }
        }
        (key, index)
    }
}

fn best(leaf: &[Vec<String>], words: &[String]) -> Option<usize> {
    let mut all: Vec<(f64, usize, i64)> = Vec::new();
    for (index, slots) in leaf.iter().enumerate() {
        let literal = |w: &str| !w.starts_with('<');
        let pairs: Vec<_> = slots
            .iter()
            .zip(words)
            .filter(|(s, w)| !s.starts_with('=') && !w.starts_with('='))
            .filter(|(s, w)| literal(s) || literal(w) && *s != "<*>")
            .collect();
        let agree = pairs.iter().filter(|(s, w)| s == w).count();
        let share = if pairs.is_empty() { 1.0 } else { agree as f64 / pairs.len() as f64 };
        if share >= 0.7 - 1e-9 {
            all.push((share, agree, -(index as i64)));
        }
    }
    all.sort_by(|a, b| a.partial_cmp(b).unwrap());
    all.last().map(|(_, _, index)| -index as usize)
}

fn varying(leaf: &[Vec<String>], words: &[String]) -> Option<usize> {
    let differences = |slots: &Vec<String>| -> Vec<usize> {
        (0..words.len()).filter(|i| slots[*i] != words[*i] && slots[*i] != "<*>").collect()
    };
    let alike = |place: usize| -> Vec<usize> {
        (0..leaf.len()).filter(|i| differences(&leaf[*i]) == [place]).collect()
    };
    (0..words.len()).map(alike).filter(|l| l.len() >= 5).map(|l| l[0]).min()
}

fn messages() -> impl Strategy<Value = Vec<String>> {
    let word = prop::sample::select(vec![
        "user", "root", "eve", "bob", "logged", "in", "out", "5", "77", "10.0.0.1", "x=1", "(a)",
        "true", "from", "k=up", "k=down", "k=5",
    ]);
    let message = prop::collection::vec(word, 1..6).prop_map(|w| w.join(" "));
    let short = "user logged [a-d]{1,2}( now)?";
    let long = "a b c (d|e) (f|g|5) (h|i) j (k|l|m|n) o";
    prop::collection::vec(prop_oneof![message, short, long], 1..120)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn groups_and_texts_are_those_of_the_oracle(messages in messages()) {
        let (mut miner, mut oracle) = (Miner::new(), Oracle::default());
        let mut pairs = Vec::new();
        for (at, message) in messages.iter().enumerate() {
            let event = event(message, at as u64);
            let id = miner.assign(&event).template;
            pairs.push(((event.leaf, id), oracle.assign(message)));
        }
        let (mut there, mut back) = (BTreeMap::new(), BTreeMap::new());
        for (ours, theirs) in &pairs {
            prop_assert_eq!(*there.entry(ours).or_insert(theirs), theirs);
            prop_assert_eq!(*back.entry(theirs).or_insert(ours), ours);
        }
        for ((leaf, id), (key, index)) in there {
            let text = miner.leaf(*leaf).and_then(|l| l.template(*id)).unwrap().typed_text;
            let mut slots = oracle.leaves[key][*index].iter();
            let parts: Vec<_> = key.0.split('\u{1}').collect();
            let mut expected = parts[0].to_owned();
            for part in &parts[1..] {
                expected.push_str(slots.next().unwrap().trim_start_matches('='));
                expected.push_str(part);
            }
            prop_assert_eq!(text, expected);
        }
    }

    #[test]
    fn leaves_are_independent_and_survive_being_saved(messages in messages(), cut in 0usize..120) {
        let events: Vec<_> =
            messages.iter().enumerate().map(|(at, m)| event(m, at as u64 * TICK / 3)).collect();
        let mut miner = Miner::new();
        let together: Vec<_> = events.iter().map(|e| miner.assign(e)).collect();
        let mut by_leaf: BTreeMap<u64, Vec<usize>> = BTreeMap::new();
        for (i, event) in events.iter().enumerate() {
            by_leaf.entry(event.leaf).or_default().push(i);
        }
        for (key, members) in by_leaf {
            let mut leaf = Leaf::default();
            for i in members {
                if i >= cut {
                    let saved = serde_json::to_vec(&leaf).unwrap();
                    let restored: Leaf = serde_json::from_slice(&saved).unwrap();
                    prop_assert_eq!(&restored, &leaf);
                    leaf = restored;
                }
                prop_assert_eq!(leaf.assign(&events[i]), together[i]);
            }
            prop_assert_eq!(Some(&leaf), miner.leaf(key));
        }
    }
}
