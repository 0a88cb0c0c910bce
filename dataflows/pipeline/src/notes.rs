//! Notes that the processes of a cluster send each other: a dataflow of its own beside the page, so
//! that it never holds back the frontier.
//!
//! The first worker of a process writes and reads for all of them. While records flow a note says what
//! became of records of the reader's ports, and how much is held; it is what lets sources go on that
//! have much in flight. At the end: every process says its newest time; when the dataflow of all
//! its workers is gone, a last note completes the ledgers of the others; when its own ledger is complete,
//! it sends what it has published to the first process, which then knows what one process would.
//!
//! Cost: nothing in a single process; else a message per peer and 5 ms while something moves.

use crate::cluster::Peers;
use crate::engine::Shared;
use crate::parse::NoticedPart;
use crate::ports::Moves;
use crate::rec::Time;
use crate::views::Published;
use seerflow_model::Ns;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering::{AcqRel, Acquire};
use std::time::Duration;
use timely::container::CapacityContainerBuilder;
use timely::dataflow::channels::pact::Exchange;
use timely::dataflow::operators::generic::Operator;
use timely::dataflow::operators::generic::operator::source;
use timely::dataflow::{Scope, StreamVec};

/// Time between two notes while something moves, and while nothing does.
const BUSY: Duration = Duration::from_millis(5);
const QUIET: Duration = Duration::from_millis(100);
/// After so many looks without anything to say it is quiet.
const QUIET_AFTER: u32 = 100;
/// A change of what is held that is worth a note of its own.
const HELD_STEP: i64 = 1 << 20;

/// What one process tells another.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Note {
    from: usize,
    to: usize,
    what: What,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
enum What {
    /// What became of records of the reader's ports.
    Moved { moves: Vec<(usize, Moves)>, dropped: Vec<(u16, String, u64)>, held: i64, last: bool },
    /// The writer's input has ended; its newest time.
    Newest(Ns),
    /// Everything that the writer has published.
    Part(Box<Part>),
}

/// What a process has published, for the one that speaks for all.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Part {
    views: Vec<(usize, Published)>,
    noticed: NoticedPart,
    /// By port: accepted, processed, dropped, in flight, held.
    ports: Vec<[u64; 5]>,
    budget_held: u64,
}

impl Part {
    fn of(shared: &Shared) -> Part {
        let counts = |port: &Arc<crate::feed::PortState>| {
            [&port.accepted, &port.processed, &port.dropped, &port.in_flight, &port.held]
                .map(|count| count.load(Acquire))
        };
        Part {
            views: shared.views.published_here(),
            noticed: shared.noticed.part(),
            ports: shared.ports.iter().map(counts).collect(),
            budget_held: shared.budget_held.load(Acquire),
        }
    }

    fn enter(self, shared: &Shared) {
        for (worker, published) in self.views {
            shared.views.put_published(worker, published);
        }
        shared.noticed.enter(self.noticed);
        for (port, counts) in shared.ports.iter().zip(self.ports) {
            let all = [&port.accepted, &port.processed, &port.dropped, &port.in_flight, &port.held];
            for (have, more) in all.into_iter().zip(counts) {
                have.fetch_add(more, AcqRel);
            }
        }
        shared.budget_held.fetch_add(self.budget_held, AcqRel);
    }
}

/// Builds the dataflow of notes on one worker, the same on all.
pub fn notes(scope: Scope<'_, Time>, peers: &Arc<Peers>, shared: &Shared) {
    let threads = peers.threads();
    let written = written(scope, peers, shared);
    let route = Exchange::new(move |note: &Note| (note.to * threads) as u64);
    let mut reader = Reader { peers: peers.clone(), shared: shared.clone() };
    written.unary::<CapacityContainerBuilder<Vec<()>>, _, _, _>(route, "notes read", |_, _| {
        move |input, _output| {
            input.for_each_time(|_cap, data| {
                for note in data.flat_map(|container| container.drain(..)) {
                    reader.read(note);
                }
            });
        }
    });
}

fn written<'s>(
    scope: Scope<'s, Time>,
    peers: &Arc<Peers>,
    shared: &Shared,
) -> StreamVec<'s, Time, Note> {
    source::<_, CapacityContainerBuilder<Vec<Note>>, _, _>(scope, "notes", |cap, info| {
        let first = scope.worker().index() == peers.first_worker();
        if first {
            peers.set_wake(Box::new(scope.worker().sync_activator_for(info.address.to_vec())));
        }
        let mut cap = first.then_some(cap);
        let activator = scope.activator_for(info.address);
        let mut writer = Writer::new(peers.clone(), shared.clone());
        move |output| {
            let Some(held) = &cap else { return };
            let notes = writer.write();
            if !notes.is_empty() {
                output.session(held).give_iterator(notes.into_iter());
            }
            if writer.done {
                cap = None;
            } else {
                activator.activate_after(writer.pause());
            }
        }
    })
}

struct Writer {
    peers: Arc<Peers>,
    shared: Shared,
    said_newest: bool,
    said_last: bool,
    said_held: i64,
    /// Looks without anything to say.
    quiet: u32,
    done: bool,
}

impl Writer {
    fn new(peers: Arc<Peers>, shared: Shared) -> Writer {
        Writer {
            peers,
            shared,
            said_newest: false,
            said_last: false,
            said_held: 0,
            quiet: 0,
            done: false,
        }
    }

    fn pause(&self) -> Duration {
        if self.quiet < QUIET_AFTER { BUSY } else { QUIET }
    }

    /// What there is to say.
    fn write(&mut self) -> Vec<Note> {
        let mut notes = Vec::new();
        let own = self.peers.process();
        let (away, newest, ended, complete) = {
            let mut known = self.peers.known();
            let away = std::mem::take(&mut known.away);
            (away, known.newest[own], known.ended, known.complete)
        };
        if !self.said_newest
            && let Some(newest) = newest
        {
            self.said_newest = true;
            notes.extend(self.to_all(|_| What::Newest(newest)));
        }
        let last = !self.said_last && ended == self.peers.threads();
        self.said_last |= last;
        self.moved(away, last, &mut notes);
        if self.said_last && complete + 1 == self.peers.processes() {
            if own != 0 {
                let part = Box::new(Part::of(&self.shared));
                notes.push(Note { from: own, to: 0, what: What::Part(part) });
            }
            self.done = true;
        }
        self.quiet = if notes.is_empty() { self.quiet.saturating_add(1) } else { 0 };
        notes
    }

    fn moved(&mut self, away: BTreeMap<usize, Moves>, last: bool, notes: &mut Vec<Note>) {
        let dropped = self.shared.noticed.take_away();
        let held = self.shared.flow.held().0;
        let emptied = held == 0 && self.said_held != 0;
        let grown = emptied || (held - self.said_held).abs() >= HELD_STEP;
        if away.is_empty() && dropped.is_empty() && !grown && !last {
            return;
        }
        self.said_held = held;
        let of = |port: usize| self.peers.process_of(port);
        notes.extend(self.to_all(|to| What::Moved {
            moves:
                away.iter().filter(|(port, _)| of(**port) == to).map(|(p, m)| (*p, *m)).collect(),
            dropped: dropped.iter().filter(|(p, ..)| of(usize::from(*p)) == to).cloned().collect(),
            held,
            last,
        }));
    }

    fn to_all(&self, what: impl Fn(usize) -> What) -> Vec<Note> {
        let from = self.peers.process();
        self.peers.others().map(|to| Note { from, to, what: what(to) }).collect()
    }
}

struct Reader {
    peers: Arc<Peers>,
    shared: Shared,
}

impl Reader {
    fn read(&mut self, note: Note) {
        match note.what {
            What::Newest(newest) => self.peers.ends(note.from, newest),
            What::Part(part) => part.enter(&self.shared),
            What::Moved { moves, dropped, held, last } => {
                let first = self.peers.first_port();
                let own = |port: usize| port.checked_sub(first);
                for (port, moves) in moves {
                    if let Some(port) = own(port).and_then(|port| self.shared.ports.get(port)) {
                        moves.enter(port, &self.shared.flow);
                    }
                }
                for (port, reason, n) in dropped {
                    self.shared.noticed.dropped_elsewhere(port, &reason, n);
                }
                let others = self.peers.others().position(|process| process == note.from);
                if let Some(other) = others {
                    self.shared.flow.held_elsewhere(other, held);
                }
                if last {
                    self.peers.complete();
                }
            }
        }
    }
}
