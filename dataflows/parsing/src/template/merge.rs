//! The merge step: templates of one namespace that make the same statement become one.
//!
//! Leaves are exact and independent, and the price is that they never compare messages of
//! different length, punctuation or beginning. The owner of a namespace does, on templates instead
//! of messages: leaves tell it what they found and widen ([`Outline`]), and it gives the younger
//! template to the older one
//!
//! * when both have the same words ([`super::frame`]), at least [`WORDS_MIN`]: what differs is the
//!   number and form of values (`closed in 3 ms`, `closed in <1 sec`);
//! * when both have the same words around one hole and the hole is *open*: [`VALUES`] different
//!   contents were seen in it (with at least [`AROUND_MIN`] words around), or a leaf has shown that
//!   this place varies. So `ann : TTY=…` and `bob : TTY=…` are one template from the sixth user
//!   on, although the first word differs.
//!
//! Invariants: an alias is given once and never moves; it leads to an older template, so following
//! aliases ends; the result is a function of the order of the calls. Bounds: [`MEMBERS_MAX`]
//! templates of a namespace take part, what comes later stays as its leaf made it and is counted.
//! Cost: nothing per event; a few microseconds per founded or widened template.

use super::frame::{self, Frame};
use super::outline::{Hole, Outline};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Templates of one namespace that take part.
pub const MEMBERS_MAX: usize = 2048;
/// Words that two templates must share when nothing else differs.
const WORDS_MIN: usize = 2;
/// Different contents of a hole that open it.
const VALUES: usize = 6;
/// Words that must stand around a hole that contents open.
const AROUND_MIN: usize = 3;
/// Holes of one template.
const HOLES_MAX: usize = 16;
/// Templates that a frame remembers before it opens.
const FRAME_MEMBERS: usize = 16;

/// `from` is part of `to` from now on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alias {
    /// The younger template.
    pub from: u64,
    /// The older one.
    pub to: u64,
}

/// All templates of a namespace that make up statements.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Merger {
    members: BTreeMap<u64, Member>,
    /// Words → the oldest template that has them.
    words: BTreeMap<u64, u64>,
    frames: BTreeMap<u64, Known>,
    /// Templates that found no room.
    pub refused: u64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Member {
    /// Running number of its founding.
    born: u64,
    to: Option<u64>,
    outline: Outline,
    holes: Vec<Hole>,
}

/// What is known of a frame.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Known {
    /// With one word or value in the hole, and with several.
    sides: [Side; 2],
}

/// One of both sides of a frame.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Side {
    /// Contents, the template that has each, and where it has it.
    seen: Vec<(u64, u64, Hole)>,
    open: bool,
}

impl Merger {
    /// Takes note of a template that was founded or widened; gives the aliases that follow.
    pub fn announce(&mut self, outline: &Outline) -> Vec<Alias> {
        let mut aliases = Vec::new();
        let born = self.members.len() as u64;
        if let Some(member) = self.members.get_mut(&outline.id) {
            member.outline = outline.clone();
        } else if self.members.len() < MEMBERS_MAX {
            let member = Member { born, to: None, outline: outline.clone(), holes: Vec::new() };
            self.members.insert(outline.id, member);
        } else {
            self.refused += 1;
            return aliases;
        }
        let (words, count) = frame::words(outline);
        if count >= WORDS_MIN {
            let have = *self.words.entry(words).or_insert(outline.id);
            self.join(have, outline.id, &mut aliases);
        }
        for frame in frame::frames(outline) {
            self.fit(outline.id, frame, &mut aliases);
        }
        aliases
    }

    /// The template that stands for `id`.
    pub fn resolve(&self, id: u64) -> u64 {
        let mut at = id;
        while let Some(to) = self.members.get(&at).and_then(|member| member.to) {
            at = to;
        }
        at
    }

    /// The text of the template that stands for `id`, when it takes part.
    pub fn text(&self, id: u64) -> Option<String> {
        let member = self.members.get(&self.resolve(id))?;
        Some(member.outline.render_with(false, &member.holes))
    }

    /// All aliases, sorted.
    pub fn aliases(&self) -> Vec<Alias> {
        let all = self.members.iter();
        let mut all: Vec<Alias> =
            all.filter_map(|(id, m)| m.to.map(|to| Alias { from: *id, to })).collect();
        all.sort_unstable_by_key(|alias| alias.from);
        all
    }

    /// How many templates take part.
    pub fn members(&self) -> usize {
        self.members.len()
    }

    /// How many templates were given to others.
    pub fn merged(&self) -> usize {
        self.members.values().filter(|member| member.to.is_some()).count()
    }

    /// Makes two templates one.
    fn join(&mut self, one: u64, other: u64, aliases: &mut Vec<Alias>) {
        let (one, other) = (self.resolve(one), self.resolve(other));
        let born = |id| self.members.get(&id).map_or(u64::MAX, |member| member.born);
        let (to, from) = if born(one) <= born(other) { (one, other) } else { (other, one) };
        if to != from
            && let Some(member) = self.members.get_mut(&from)
        {
            member.to = Some(to);
            aliases.push(Alias { from, to });
        }
    }

    /// Puts a template into one of its frames, and opens that when enough is known.
    fn fit(&mut self, id: u64, frame: Frame, aliases: &mut Vec<Alias>) {
        let known = self.frames.entry(frame.around).or_default();
        let [one, several] = &mut known.sides;
        let (side, other) = if frame.several { (several, one) } else { (one, several) };
        if !side.note(id, &frame) {
            return;
        }
        let Some((_, oldest, hole)) = side.seen.first().copied() else { return };
        let mut members: Vec<u64> = side.seen.iter().map(|(_, member, _)| *member).collect();
        members.push(id);
        // Once a side is open, its oldest stands for all.
        side.seen.truncate(1);
        members.extend(other.seen.first().filter(|_| other.open).map(|(_, member, _)| *member));
        if let Some(member) = self.members.get_mut(&oldest) {
            member.open(hole);
        }
        for member in members {
            self.join(oldest, member, aliases);
        }
    }
}

impl Member {
    /// Makes a stretch of its cores one wildcard, unless another hole lies there.
    fn open(&mut self, hole: Hole) {
        if self.holes.len() < HOLES_MAX
            && self.holes.iter().all(|have| have.1 <= hole.0 || hole.1 <= have.0)
        {
            self.holes.push(hole);
        }
    }
}

impl Side {
    /// Takes note of a content; whether the hole is open now.
    fn note(&mut self, id: u64, frame: &Frame) -> bool {
        let new = !self
            .seen
            .iter()
            .any(|(content, member, _)| (*content, *member) == (frame.content, id));
        if new && !self.open && self.seen.len() < FRAME_MEMBERS {
            self.seen.push((frame.content, id, frame.hole));
        }
        self.open |= frame.varies || frame.words >= AROUND_MIN && self.contents() >= VALUES;
        self.open
    }

    fn contents(&self) -> usize {
        let mut contents: Vec<u64> = self.seen.iter().map(|(content, _, _)| *content).collect();
        contents.sort_unstable();
        contents.dedup();
        contents.len()
    }
}
