//! Numbers in brackets: processes, threads, traces.

use super::bracket::Inside;
use super::place::is_trace;
use super::stamped::Header;

impl Header<'_, '_> {
    /// `[12]`, `[pid 12]`, `[pid 12:tid 34]`, `[12:34]`.
    pub(super) fn ids(&mut self, inside: Inside<'_>) -> bool {
        let (text, from) = (inside.text, inside.from);
        let digits = |from: usize| {
            let rest = text.as_bytes().get(from..).unwrap_or_default();
            rest.iter().take_while(|c| c.is_ascii_digit()).count()
        };
        let first = if text.starts_with("pid ") { 4 } else { 0 };
        let length = digits(first);
        if length == 0 || length > 10 {
            return false;
        }
        let pid = self.line.span(from + first, from + first + length);
        let rest = &text[first + length..];
        let second = match rest {
            "" => 0,
            _ if rest.starts_with(":tid ") => first + length + 5,
            _ if rest.starts_with(':') && self.level.is_none() => first + length + 1,
            _ => return false,
        };
        if second == 0 {
            if self.draft.pid.is_empty() {
                self.draft.pid = pid;
                return true;
            }
            let thread = self.level.is_none() && self.thread.is_empty();
            self.thread = if thread { pid } else { self.thread };
            return thread;
        }
        if digits(second) == 0 || second + digits(second) != text.len() {
            return false;
        }
        if !self.draft.pid.is_empty() {
            return false;
        }
        self.draft.pid = pid;
        self.thread = self.line.span(from + second, from + text.len());
        true
    }

    /// `[application,trace,span]`, `[trace-span]`.
    pub(super) fn trace(&mut self, inside: Inside<'_>) -> bool {
        let (text, from) = (inside.text, inside.from);
        if let Some((trace, span)) = text.split_once('-')
            && is_trace(trace, 32)
            && is_trace(span, 16)
        {
            self.draft.trace_id = self.line.span(from, from + 32);
            self.draft.span_id = self.line.span(from + 33, from + 49);
            return true;
        }
        let mut parts = text.splitn(4, ',');
        let (Some(name), Some(trace), Some(span)) = (parts.next(), parts.next(), parts.next())
        else {
            return false;
        };
        let ids = is_trace(span, 16) && (is_trace(trace, 32) || is_trace(trace, 16));
        let none = trace.is_empty() && span.is_empty();
        if !(ids || none) || name.contains(' ') {
            return false;
        }
        let start = from + name.len() + 1;
        if is_trace(trace, 32) {
            self.draft.trace_id = self.line.span(start, start + 32);
        }
        if ids {
            let start = start + trace.len() + 1;
            self.draft.span_id = self.line.span(start, start + 16);
        }
        let name = self.line.span(from, from + name.len());
        self.draft.named("service.name", name);
        true
    }
}
