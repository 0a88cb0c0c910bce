//! Where the time of the workers goes: scheduled time per operator, from timely's own log.
//!
//! An operator's time is the time between start and stop of its schedulings, without that of the
//! operators scheduled inside it; so the time of the dataflow itself is what progress tracking
//! costs. What an operator emits is routed and handed over within its own time. The clock is that
//! of timely's logger: it runs while a worker is preempted.
//!
//! Cost: nothing when off; else two clock readings a scheduling (not a record), under 2 % of a run.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use timely::logging::{StartStop, TimelyEvent, TimelyEventBuilder};
use timely::worker::Worker;

/// Name of timely's log stream.
const STREAM: &str = "timely";
/// Name under which the time of the dataflow itself counts.
pub const PROGRESS: &str = "progress";

/// Scheduled time of all workers, ns by name of operator. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Profile(Arc<Mutex<BTreeMap<String, u64>>>);

impl Profile {
    /// Scheduled time, ns by name of operator; a worker adds its own when it ends.
    pub fn times(&self) -> BTreeMap<String, u64> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Begins to watch a worker; before its dataflow is built.
    pub fn watch(&self, worker: &Worker) {
        let Some(mut register) = worker.log_register() else { return };
        let mut times = Times::new(self);
        register.insert::<TimelyEventBuilder, _>(STREAM, move |_, events| {
            for (at, event) in events.iter_mut().flat_map(|events| events.drain(..)) {
                times.see(at, event);
            }
        });
    }
}

/// Times of one worker.
struct Times {
    operators: HashMap<usize, Operator>,
    /// Operators under way, innermost last: id and since when its own time counts.
    running: Vec<(usize, Duration)>,
    all: Profile,
}

struct Operator {
    name: String,
    time: Duration,
}

impl Times {
    fn new(all: &Profile) -> Times {
        Times { operators: HashMap::new(), running: Vec::new(), all: all.clone() }
    }

    fn see(&mut self, at: Duration, event: TimelyEvent) {
        match event {
            TimelyEvent::Operates(operates) => {
                let name = match operates.addr.len() {
                    1 => PROGRESS.to_owned(),
                    _ => operates.name,
                };
                self.operators.insert(operates.id, Operator { name, time: Duration::ZERO });
            }
            TimelyEvent::Schedule(schedule) => match schedule.start_stop {
                StartStop::Start => {
                    self.credit(at);
                    self.running.push((schedule.id, at));
                }
                StartStop::Stop => {
                    self.credit(at);
                    self.running.pop();
                    if let Some((_, since)) = self.running.last_mut() {
                        *since = at;
                    }
                }
            },
            _ => {}
        }
    }

    /// Credits the innermost operator with its time until `at`.
    fn credit(&mut self, at: Duration) {
        if let Some((id, since)) = self.running.last()
            && let Some(operator) = self.operators.get_mut(id)
        {
            operator.time += at.saturating_sub(*since);
        }
    }
}

impl Drop for Times {
    fn drop(&mut self) {
        let mut all = self.all.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (_, Operator { name, time }) in self.operators.drain() {
            *all.entry(name).or_default() += u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use timely::logging::{OperatesEvent, ScheduleEvent};

    fn operates(id: usize, addr: &[usize], name: &str) -> TimelyEvent {
        OperatesEvent { id, addr: addr.to_vec(), name: name.to_owned() }.into()
    }

    #[test]
    fn time_inside_another_operator_counts_once() {
        let profile = Profile::default();
        let mut times = Times::new(&profile);
        let at = Duration::from_nanos;
        for (id, addr, name) in [(0, &[0][..], "Dataflow"), (1, &[0, 1], "a"), (2, &[0, 2], "b")] {
            times.see(at(0), operates(id, addr, name));
        }
        let log = [(10, true, 0), (12, true, 1), (15, false, 1), (16, true, 2), (26, false, 2)];
        for (ns, start, id) in
            log.into_iter().chain([(27, false, 0), (90, true, 1), (94, false, 1)])
        {
            let event = if start { ScheduleEvent::start(id) } else { ScheduleEvent::stop(id) };
            times.see(at(ns), event.into());
        }
        drop(times);
        let expected = [("a", 7), ("b", 10), (PROGRESS, 4)];
        let expected = expected.into_iter().map(|(name, ns)| (name.to_owned(), ns)).collect();
        assert_eq!(profile.times(), expected);
    }
}
