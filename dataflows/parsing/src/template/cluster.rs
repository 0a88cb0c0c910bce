//! One template of a leaf: its tokens, its text, and its exact metadata.

use super::outline::Outline;
use crate::mask::{self, code, kind_of};
use seerflow_model::{Event, Ns, ParamKind, hash, text, time};
use serde::{Deserialize, Serialize};

/// Bytes of the example message that a template keeps.
const EXAMPLE_BYTES: usize = 500;

/// A group of messages with one template.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cluster {
    /// Its id and text.
    pub outline: Outline,
    /// Running number of its founding within the leaf.
    pub born: u64,
    /// Whether it was seen in a second tick: it is then only evicted by its like.
    pub settled: bool,
    /// Events.
    pub count: u64,
    /// Effective time of its first event.
    pub first_seen: Ns,
    /// Greatest effective time of an event.
    pub last_seen: Ns,
    /// The message that founded it.
    example: Box<str>,
}

/// What is known of a template.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TemplateInfo {
    /// Template id.
    pub id: u64,
    /// Text with `<*>` for every wildcard.
    pub text: String,
    /// Text with the types of the wildcards, `<*>` for the untyped.
    pub typed_text: String,
    /// Events.
    pub count: u64,
    /// Effective time of the first event.
    pub first_seen_ns: Ns,
    /// Greatest effective time.
    pub last_seen_ns: Ns,
    /// The first message, at most 500 bytes.
    pub example: String,
    /// The type of each wildcard, in the order of the text.
    pub params: Vec<ParamKind>,
}

impl Cluster {
    /// A template founded by an event.
    pub fn found(event: &Event, born: u64) -> Cluster {
        let masked = mask::mask_text(event.message());
        let mut cores = Vec::with_capacity(masked.scan.cores.len());
        let typed = masked.render_with(|core| cores.push(core));
        Cluster {
            outline: Outline {
                id: hash::pair(event.namespace, hash::text(&typed)),
                slots: event.tokens.clone(),
                text: typed.into(),
                cores: cores.into(),
            },
            born,
            settled: false,
            count: 1,
            first_seen: event.effective_time,
            last_seen: event.effective_time,
            example: text::shorten(event.message(), EXAMPLE_BYTES).into(),
        }
    }

    /// Counts an event of this template.
    pub fn count(&mut self, at: Ns) {
        self.settled |= time::floor_tick(at) != time::floor_tick(self.first_seen);
        self.count += 1;
        self.first_seen = self.first_seen.min(at);
        self.last_seen = self.last_seen.max(at);
    }

    /// Makes every place where the tokens differ a wildcard; says whether there was one.
    pub fn widen(&mut self, tokens: &[u64]) -> bool {
        let mut widened = false;
        for (slot, token) in self.outline.slots.iter_mut().zip(tokens) {
            if slot != token && *slot != code(ParamKind::Any) {
                *slot = code(ParamKind::Any);
                widened = true;
            }
        }
        widened
    }

    /// What people see of it.
    pub fn info(&self) -> TemplateInfo {
        TemplateInfo {
            id: self.outline.id,
            text: self.outline.render(false),
            typed_text: self.outline.render(true),
            count: self.count,
            first_seen_ns: self.first_seen,
            last_seen_ns: self.last_seen,
            example: self.example.to_string(),
            params: self.outline.slots.iter().filter_map(|s| kind_of(*s)).collect(),
        }
    }
}
