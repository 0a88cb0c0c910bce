//! The id, tokens and text of a template: what it is told by outside of its leaf.

use crate::mask::{self, code, kind_of};
use seerflow_model::{ParamKind, Span};
use serde::{Deserialize, Serialize};

/// See the module head.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outline {
    /// Template id: of namespace and text when founded.
    pub id: u64,
    /// A token per core: the hash of its literal, or the code of its wildcard.
    pub slots: Box<[u64]>,
    /// The typed text when founded.
    pub text: Box<str>,
    /// Where the cores lie in `text`.
    pub cores: Box<[Span]>,
}

/// Cores that are one wildcard, from the first to one past the last.
pub type Hole = (u16, u16);

impl Outline {
    /// The text, with types or with `<*>` alone.
    pub fn render(&self, typed: bool) -> String {
        self.render_with(typed, &[])
    }

    /// The text with each of the holes, which must not overlap, as one wildcard.
    pub fn render_with(&self, typed: bool, holes: &[Hole]) -> String {
        let mut out = String::with_capacity(self.text.len());
        let (mut done, mut index) = (0, 0);
        while let (Some(slot), Some(core)) = (self.slots.get(index), self.cores.get(index)) {
            out.push_str(&self.text[done..core.start as usize]);
            let hole = holes.iter().find(|hole| usize::from(hole.0) == index);
            let last = hole.map_or(index, |hole| usize::from(hole.1).max(index + 1) - 1);
            match kind_of(*slot) {
                _ if hole.is_some() => out.push_str("<*>"),
                Some(kind) => {
                    out.push('<');
                    out.push_str(if typed { mask::name(kind) } else { "*" });
                    out.push('>');
                }
                None => out.push_str(core.of(&self.text)),
            }
            done = self.cores.get(last).map_or(self.text.len(), |core| core.end());
            index = last + 1;
        }
        out.push_str(&self.text[done..]);
        out
    }

    /// Whether messages have shown that a place varies: it was not masked when the template was
    /// founded.
    pub fn widened(&self, place: usize) -> bool {
        let founded = self.cores.get(place).map_or("", |core| core.of(&self.text));
        self.slots.get(place) == Some(&code(ParamKind::Any)) && founded != "<*>"
    }
}
