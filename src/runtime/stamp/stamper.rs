//! The stamper of one source: effective time, tags, promise.
//!
//! For each record, in the order of its source:
//!
//! * its own time, if it has one, it is believed, and it is not below the promise;
//! * no time of its own (`inherited`), or one that is not believed (`clock_skew`): the stamp before
//!   it in its source. A source that never had a time of its own takes the receive time. If the
//!   stamp before it was `late`, so is this one: it belongs to the same past;
//! * below the promise: the promise, `late` (below what lateness or the clock promise) or `crowded`
//!   (below the bound of [`super::crowd`] only). Nothing is dropped.
//!
//! A network source ([`Kind::Live`]) is never believed more than `max_future` ahead of the receive
//! time and decides at once. In a file or pipe a jump of more than an hour over the stamp before
//! waits for the next 64 records: it is believed when most of those with a time are at or after
//! the jump less an hour. A tailed file waits at most a second and then believes what is not after
//! the receive time. Records at the head of a file that have no time wait alike and take the
//! first time that comes, so that a banner does not make the file late.
//!
//! The promise never goes back; it is a multiple of the tick. Stamps come out in the order records
//! went in. O(1) per record; at most 65 records wait.

use super::crowd::{Crowd, WINDOW};
use seerflow_model::record::Flags;
use seerflow_model::time::{MAX_NS, Ns, SECOND, floor_tick};
use std::collections::VecDeque;

/// A forward jump in a file above this is not believed unless what follows confirms it.
const JUMP: Ns = 3_600 * SECOND;
/// How many records may confirm a jump.
const CONFIRM: usize = 64;
/// How long a tailed file waits for them.
const PATIENCE: Ns = SECOND;

/// What may be believed of a source, and how long it can wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A network peer: each record is stamped at once, against the receive time.
    Live,
    /// A tailed file, or a live pipe: waits at most a second.
    File,
    /// A pipe read as an archive: no clock, waits for records only.
    Pipe,
}

/// How one source is stamped.
#[derive(Clone, Copy, Debug)]
pub struct StampOptions {
    /// How far records may be out of order.
    pub lateness: Ns,
    /// How far ahead of the receive time a stamp is believed (not for [`Kind::Pipe`]).
    pub max_future: Ns,
    /// The sort of source.
    pub kind: Kind,
    /// The promise of its receiver when the source began.
    pub start_promise: Ns,
}

/// What became of one record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// What the engine orders by.
    pub effective: Ns,
    /// `late`, `inherited`, `clock_skew`, `crowded` or nothing.
    pub flags: Flags,
}

/// What a drained source promises by the clock: everything that reached us before `drained_at`
/// is stamped, and a second covers what was on its way between the kernel and us.
pub fn clock_promise(drained_at: Ns, now: Ns, lateness: Ns) -> Ns {
    let by_drain = drained_at.saturating_sub(lateness.saturating_add(SECOND));
    floor_tick(by_drain.min(now.saturating_sub(lateness)))
}

#[derive(Clone, Copy, Debug)]
struct Waiting {
    event: Option<Ns>,
    received: Ns,
}

#[derive(Clone, Copy, Debug)]
enum Verdict {
    Own(Ns),
    Before(Flags),
    /// Takes this time, which is not its own.
    Lent(Ns, Flags),
    Wait,
}

/// Stamps the records of one source.
#[derive(Debug)]
pub struct Stamper {
    options: StampOptions,
    /// The stamp before: effective time, and whether it was late.
    last: Option<(Ns, bool)>,
    /// Whether any record of the source had a time of its own that was believed.
    timed: bool,
    /// Whether the source was given up as one without times until one comes.
    untimed: bool,
    newest: Option<Ns>,
    /// Newest less lateness, rounded down.
    by_stamps: Ns,
    /// What the receiver and the clock promised.
    granted: Ns,
    crowd: Crowd,
    waiting: VecDeque<Waiting>,
}

impl Stamper {
    /// A source of which nothing is known but its receiver's promise.
    pub fn new(options: StampOptions) -> Stamper {
        Stamper::with_window(options, WINDOW)
    }

    pub(super) fn with_window(options: StampOptions, window: u64) -> Stamper {
        Stamper {
            options,
            last: None,
            timed: false,
            untimed: false,
            newest: None,
            by_stamps: 0,
            granted: floor_tick(options.start_promise),
            crowd: Crowd::new(window),
            waiting: VecDeque::new(),
        }
    }

    /// Stamps one record; appends the stamps of those that are decided, in order. `received`: when
    /// it reached us (for an archive: a time of the file, never the clock).
    pub fn stamp(&mut self, event: Option<Ns>, received: Ns, out: &mut Vec<Stamp>) {
        let event = event.map(|time| time.min(MAX_NS));
        if self.options.kind == Kind::Live {
            let stamp = match event {
                Some(time) if self.believable(time, received) => self.own(time),
                Some(_) => self.without_time(received, Flags::CLOCK_SKEW),
                None => self.without_time(received, Flags::INHERITED),
            };
            return out.push(stamp);
        }
        self.waiting.push_back(Waiting { event, received });
        self.settle(received, false, out);
    }

    /// When records that wait are decided without further input.
    pub fn due(&self) -> Option<Ns> {
        match self.options.kind {
            Kind::File => self.waiting.front().map(|w| w.received.saturating_add(PATIENCE)),
            Kind::Live | Kind::Pipe => None,
        }
    }

    /// Decides what has waited long enough.
    pub fn flush_due(&mut self, now: Ns, out: &mut Vec<Stamp>) {
        self.settle(now, false, out);
    }

    /// Decides all that waits: at the end, or when the caller can hold no more.
    pub fn finish(&mut self, out: &mut Vec<Stamp>) {
        self.settle(0, true, out);
    }

    /// How many records wait for others.
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// Takes over a promise that was made in the name of this source (by the clock). Not while
    /// records wait.
    pub fn grant(&mut self, promise: Ns) {
        self.granted = self.granted.max(floor_tick(promise));
    }

    /// The engine holds all that it may: this much is promised, whatever the lateness; what then
    /// lies below is `crowded`. Not while records wait.
    pub fn press(&mut self, promise: Ns) {
        self.crowd.raise(promise);
    }

    /// No later record gets an effective time below this.
    pub fn promise(&self) -> Ns {
        self.late_bound().max(self.crowd.bound())
    }

    /// What the source adds to the promise of its port: as [`Stamper::promise`], but what stamps
    /// alone promise never runs ahead of the clock, so that one peer whose clock is fast does not
    /// make new peers late. The crowd bound is exempt: memory is bounded first.
    pub fn offer(&self, now: Ns) -> Ns {
        let by_stamps = match self.options.kind {
            Kind::Pipe => self.by_stamps,
            Kind::Live | Kind::File => {
                self.by_stamps.min(floor_tick(now.saturating_sub(self.options.lateness)))
            }
        };
        self.granted.max(by_stamps).max(self.crowd.bound())
    }

    /// Greatest effective time so far.
    pub fn newest(&self) -> Option<Ns> {
        self.newest
    }

    fn late_bound(&self) -> Ns {
        self.granted.max(self.by_stamps)
    }

    fn believable(&self, time: Ns, received: Ns) -> bool {
        self.options.kind == Kind::Pipe || time <= received.saturating_add(self.options.max_future)
    }

    fn settle(&mut self, now: Ns, end: bool, out: &mut Vec<Stamp>) {
        while let Some(head) = self.waiting.front().copied() {
            let stamp = match self.verdict(head, now, end) {
                Verdict::Wait => return,
                Verdict::Own(time) => self.own(time),
                Verdict::Before(flags) => self.without_time(head.received, flags),
                Verdict::Lent(time, flags) => self.place(time, flags, false),
            };
            self.waiting.pop_front();
            out.push(stamp);
        }
    }

    fn verdict(&mut self, head: Waiting, now: Ns, end: bool) -> Verdict {
        let expired =
            self.options.kind == Kind::File && now.saturating_sub(head.received) >= PATIENCE;
        match head.event {
            None => self.leading(Flags::INHERITED, expired || end),
            Some(time) if !self.believable(time, head.received) => {
                self.leading(Flags::CLOCK_SKEW, expired || end)
            }
            Some(time) => match self.last {
                Some((before, _)) if time > before.saturating_add(JUMP) => {
                    self.jump(time, head.received, expired, end)
                }
                _ => Verdict::Own(time),
            },
        }
    }

    /// A record without a time that can be used.
    fn leading(&mut self, flags: Flags, decide: bool) -> Verdict {
        if self.timed || self.untimed {
            return Verdict::Before(flags);
        }
        let coming = self
            .waiting
            .iter()
            .find_map(|w| w.event.filter(|time| self.believable(*time, w.received)));
        if let Some(time) = coming {
            return Verdict::Lent(time, flags);
        }
        if !decide && self.waiting.len() <= CONFIRM {
            return Verdict::Wait;
        }
        self.untimed = true;
        Verdict::Before(flags)
    }

    fn jump(&self, time: Ns, received: Ns, expired: bool, end: bool) -> Verdict {
        let followers = self.waiting.iter().skip(1).take(CONFIRM);
        if followers.len() < CONFIRM && !end {
            return match expired {
                true if time <= received => Verdict::Own(time),
                true => Verdict::Before(Flags::CLOCK_SKEW),
                false => Verdict::Wait,
            };
        }
        let (mut timed, mut confirming) = (0usize, 0usize);
        for stamp in followers.filter_map(|follower| follower.event) {
            timed += 1;
            confirming += usize::from(stamp >= time - JUMP);
        }
        if timed == 0 || confirming * 2 > timed {
            Verdict::Own(time)
        } else {
            Verdict::Before(Flags::CLOCK_SKEW)
        }
    }

    fn own(&mut self, time: Ns) -> Stamp {
        self.timed = true;
        self.place(time, Flags::default(), true)
    }

    fn without_time(&mut self, received: Ns, flags: Flags) -> Stamp {
        match self.last {
            Some((before, late)) if self.timed => {
                let flags = if late { flags | Flags::LATE } else { flags };
                self.place(before, flags, false)
            }
            _ => self.place(received, flags, false),
        }
    }

    /// Holds a time against the promise and takes it into the history.
    fn place(&mut self, time: Ns, mut flags: Flags, own: bool) -> Stamp {
        let late_bound = self.late_bound();
        if time < late_bound {
            if own {
                flags.set(Flags::LATE);
            }
        } else if time < self.crowd.bound() {
            flags.set(Flags::CROWDED);
        }
        let effective = time.max(late_bound).max(self.crowd.bound());
        self.last = Some((effective, flags.has(Flags::LATE)));
        let before = self.newest.unwrap_or(0);
        let rose = self.newest.is_none() || effective > before;
        let newest = before.max(effective);
        if rose {
            self.newest = Some(newest);
            let promise = floor_tick(newest.saturating_sub(self.options.lateness));
            self.by_stamps = self.by_stamps.max(promise);
        }
        self.crowd.record(newest, rose, self.by_stamps);
        Stamp { effective, flags }
    }

    #[cfg(test)]
    pub(super) fn steps(&self) -> usize {
        self.crowd.steps()
    }
}

/// How many ticks a lateness spans, as a bound of the history.
#[cfg(test)]
pub(super) fn steps_max(lateness: Ns) -> usize {
    usize::try_from(lateness / seerflow_model::time::TICK).unwrap_or(usize::MAX).saturating_add(3)
}
