//! The clock of the edge: the only place of the receivers that reads wall time.
//!
//! The clock reaches results only through stamps and promises, so a test that drives it by hand
//! drives everything. A [`Clock`] is cheap to clone. Time may step backwards (NTP): whoever
//! promises by it keeps the greater value.

use seerflow_model::time::{MAX_NS, Ns, SECOND, TICK, floor_tick};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::sync::{Notify, watch};

/// A source of time: the machine's, or one that a test moves.
#[derive(Clone, Debug)]
pub struct Clock(Inner);

#[derive(Clone, Debug)]
enum Inner {
    System,
    Manual(watch::Receiver<Ns>),
}

/// Moves a manual clock.
#[derive(Debug)]
pub struct ManualClock(watch::Sender<Ns>);

impl ManualClock {
    /// Moves the clock forward and wakes whoever waited for a time that has come.
    pub fn advance(&self, ns: Ns) {
        self.0.send_modify(|now| *now = now.saturating_add(ns).min(MAX_NS));
    }

    /// Sets the clock.
    pub fn set(&self, ns: Ns) {
        self.0.send_replace(ns.min(MAX_NS));
    }
}

impl Clock {
    /// The machine's clock.
    pub fn system() -> Clock {
        Clock(Inner::System)
    }

    /// A clock that stands at `start` until it is advanced.
    pub fn manual(start: Ns) -> (Clock, ManualClock) {
        let (tx, rx) = watch::channel(start.min(MAX_NS));
        (Clock(Inner::Manual(rx)), ManualClock(tx))
    }

    /// Nanoseconds since 1970 UTC.
    pub fn now(&self) -> Ns {
        match &self.0 {
            Inner::System => SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .map_or(0, |since| u64::try_from(since.as_nanos()).unwrap_or(MAX_NS).min(MAX_NS)),
            Inner::Manual(rx) => *rx.borrow(),
        }
    }

    /// Returns once the clock shows `due` or later.
    pub async fn sleep_until(&self, due: Ns) {
        match &self.0 {
            Inner::System => {
                let left = due.saturating_sub(self.now());
                tokio::time::sleep(Duration::from_nanos(left)).await;
            }
            Inner::Manual(rx) => {
                if rx.clone().wait_for(|now| *now >= due).await.is_err() {
                    // Whoever moved the clock is gone: it stands still for ever.
                    std::future::pending::<()>().await;
                }
            }
        }
    }

    /// Returns at the next multiple of the tick (100 ms).
    pub async fn tick(&self) {
        self.sleep_until(floor_tick(self.now()) + TICK).await;
    }
}

/// After this long without a record anywhere, ticks slow down.
const CALM_AFTER: Ns = 10 * SECOND;

/// The common pulse of all doors: ticks of 100 ms while records come, of 1 s after 10 s without
/// any, and at once at the first record after that.
#[derive(Clone, Debug)]
pub struct Pulse(Arc<PulseState>);

#[derive(Debug)]
struct PulseState {
    clock: Clock,
    last: AtomicU64,
    calm: AtomicBool,
    wake: Notify,
}

impl Pulse {
    /// A pulse on this clock; the start counts as activity.
    pub fn new(clock: Clock) -> Pulse {
        let last = AtomicU64::new(clock.now());
        Pulse(Arc::new(PulseState {
            clock,
            last,
            calm: AtomicBool::new(false),
            wake: Notify::new(),
        }))
    }

    /// Records came in at `now`. One load and one store unless the pulse was calm.
    pub fn beat(&self, now: Ns) {
        self.0.last.store(now, Ordering::Release);
        if self.0.calm.load(Ordering::Acquire) && self.0.calm.swap(false, Ordering::AcqRel) {
            self.0.wake.notify_waiters();
        }
    }

    /// Whether ticks are slow now.
    pub fn calm(&self) -> bool {
        self.0.calm.load(Ordering::Acquire)
    }

    /// Waits for the next tick.
    pub async fn tick(&self) {
        let now = self.0.clock.now();
        let last = self.0.last.load(Ordering::Acquire);
        if now.saturating_sub(last) < CALM_AFTER {
            return self.0.clock.tick().await;
        }
        let woken = self.0.wake.notified();
        self.0.calm.store(true, Ordering::Release);
        if self.0.last.load(Ordering::Acquire) != last {
            return self.0.clock.tick().await;
        }
        tokio::select! {
            () = self.0.clock.sleep_until(now - now % SECOND + SECOND) => {}
            () = woken => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::Future;
    use std::pin::pin;
    use std::task::{Context, Waker};

    fn ready(future: std::pin::Pin<&mut impl Future>) -> bool {
        future.poll(&mut Context::from_waker(Waker::noop())).is_ready()
    }

    #[test]
    fn a_manual_clock_ticks_only_when_it_is_moved() {
        let (clock, hand) = Clock::manual(1_050_000_000);
        let mut tick = pin!(clock.tick());
        assert!(!ready(tick.as_mut()));
        hand.advance(49_999_999);
        assert!(!ready(tick.as_mut()));
        hand.advance(1);
        assert!(ready(tick.as_mut()));
        assert_eq!(clock.now(), 1_100_000_000);
    }

    #[test]
    fn the_pulse_slows_after_ten_seconds_and_wakes_at_a_record() {
        let (clock, hand) = Clock::manual(0);
        let pulse = Pulse::new(clock.clone());
        hand.advance(CALM_AFTER);
        let mut slow = pin!(pulse.tick());
        assert!(!ready(slow.as_mut()));
        assert!(pulse.calm());
        hand.advance(TICK);
        assert!(!ready(slow.as_mut()), "a slow tick lasts a second");
        pulse.beat(clock.now());
        assert!(ready(slow.as_mut()), "a record wakes it");
        let mut quick = pin!(pulse.tick());
        assert!(!ready(quick.as_mut()));
        hand.advance(TICK);
        assert!(ready(quick.as_mut()));
    }

    #[tokio::test]
    async fn the_system_clock_moves() {
        let clock = Clock::system();
        let before = clock.now();
        clock.tick().await;
        assert!(clock.now() > before);
        assert!(floor_tick(clock.now()) > floor_tick(before));
    }
}
