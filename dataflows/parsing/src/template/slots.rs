//! The values that an event has at the wildcards of its template.

use crate::mask::{self, Scan, is_literal, kind_of};
use seerflow_model::{Event, ParamKind, Span, hash};
use smallvec::SmallVec;

/// Slots looked at per event.
pub const MAX_SLOTS: usize = 8;

/// The slots of an event; no allocation.
pub type Slots = SmallVec<[Slot; MAX_SLOTS]>;

/// One value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot {
    /// Which slot of the template: the index of its token, which never changes.
    pub index: u16,
    /// The type of the value; `Any` for text where the template was widened.
    pub kind: ParamKind,
    /// Hash of the value.
    pub value: u64,
    /// Where it stands in the event's text; empty for `Any`, see [`Slot::text`].
    pub span: Span,
}

impl Slot {
    /// The value itself. For text at a widened place the message is read once more.
    pub fn text<'a>(&self, event: &'a Event) -> &'a str {
        if !self.span.is_empty() {
            return event.get(self.span);
        }
        let message = event.message();
        let masked = mask::mask_text(message);
        masked.scan.cores.get(usize::from(self.index)).map_or("", |core| core.of(message))
    }
}

/// Gives each value with its slot's place among the slots. The message is read once more at most,
/// however many widened places there are; `scan` is room that is used again.
pub fn each_text(
    slots: &Slots,
    event: &Event,
    scan: &mut Scan,
    mut f: impl FnMut(usize, &Slot, &str),
) {
    let message = event.message();
    let mut read = false;
    for (at, slot) in slots.iter().enumerate() {
        if !slot.span.is_empty() {
            f(at, slot, event.get(slot.span));
            continue;
        }
        if !read {
            mask::scan(message, scan);
            read = true;
        }
        let core = scan.cores.get(usize::from(slot.index));
        f(at, slot, core.map_or("", |core| core.of(message)));
    }
}

/// The first [`MAX_SLOTS`] values of an event at the wildcards of a template.
pub(super) fn of(slots: &[u64], event: &Event) -> Slots {
    let mut out = Slots::new();
    let mut params = event.params.iter().peekable();
    for (index, (slot, token)) in slots.iter().zip(&event.tokens).enumerate() {
        if is_literal(*slot) {
            continue;
        }
        let index = index as u16;
        while params.next_if(|p| p.token < index).is_some() {}
        let (kind, value, span) = match (kind_of(*token), params.peek()) {
            (Some(kind), Some(param)) if param.token == index => {
                (kind, hash::text(event.get(param.value)), param.value)
            }
            _ => (ParamKind::Any, *token, Span::NONE),
        };
        out.push(Slot { index, kind, value, span });
        if out.len() == MAX_SLOTS {
            break;
        }
    }
    out
}
