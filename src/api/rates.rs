//! How often one client may ask.
//!
//! Each client has a fixed window per class of routes: so many requests, then 429 and when to come
//! back. A client is an address; of IPv6 the first 64 bits, which one host can choose freely
//! behind. The number of clients is bounded: when there is no room even after windows that have
//! ended are forgotten, further ones share one window. Cost: one look-up.

use super::answer::Refusal;
use crate::config::rate::Rate;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Clients that have a window of their own.
const CLIENTS_MAX: usize = 16_384;
/// Between two searches for windows that have ended.
const SWEEP_EVERY: Duration = Duration::from_secs(1);

/// Classes of routes, each with its own limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Class {
    /// Lists.
    List,
    /// Single items, numbers, changes.
    Detail,
    /// What is costly to make.
    Coverage,
}

impl Class {
    pub const ALL: [Class; 3] = [Class::List, Class::Detail, Class::Coverage];

    /// The word in keys and metrics.
    pub fn name(self) -> &'static str {
        match self {
            Class::List => "list",
            Class::Detail => "detail",
            Class::Coverage => "coverage",
        }
    }
}

/// The limits of the classes, in the order of [`Class::ALL`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rates(pub [Rate; 3]);

struct Window {
    began: Instant,
    count: u32,
}

#[derive(Default)]
struct Windows {
    of: HashMap<(IpAddr, Class), Window>,
    swept: Option<Instant>,
}

/// Counts what clients ask. See the module head.
#[derive(Default)]
pub struct Limiter {
    rates: Option<Rates>,
    windows: Mutex<Windows>,
    refused: [AtomicU64; 3],
}

/// Who asks, as the guard found it; kept with the request.
#[derive(Clone)]
pub struct Client {
    /// Its address.
    pub ip: IpAddr,
    /// What it is counted by.
    pub limiter: Arc<Limiter>,
}

impl Limiter {
    /// `None`: no limits.
    pub fn new(rates: Option<Rates>) -> Limiter {
        Limiter { rates, ..Limiter::default() }
    }

    /// Counts a request; else says when to come back.
    pub fn take(&self, class: Class, ip: IpAddr, now: Instant) -> Result<(), Refusal> {
        let Some(Rates(rates)) = &self.rates else { return Ok(()) };
        let rate = &rates[class as usize];
        let mut windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        let mut key = (network(ip), class);
        if windows.of.len() >= CLIENTS_MAX && !windows.of.contains_key(&key) {
            windows.sweep(rates, now);
            if windows.of.len() >= CLIENTS_MAX {
                key.0 = IpAddr::V6(Ipv6Addr::UNSPECIFIED);
            }
        }
        let window = windows.of.entry(key).or_insert(Window { began: now, count: 0 });
        if now.duration_since(window.began) >= rate.window {
            *window = Window { began: now, count: 0 };
        }
        if window.count < rate.count {
            window.count += 1;
            return Ok(());
        }
        let wait = rate.window.saturating_sub(now.duration_since(window.began));
        self.refused[class as usize].fetch_add(1, Relaxed);
        let detail = format!(
            "rate limit exceeded: {rate} (api_{}_rate_limit); come back in {} s",
            class.name(),
            seconds(wait)
        );
        Err(Refusal::new(StatusCode::TOO_MANY_REQUESTS, detail).retry_after(seconds(wait)))
    }

    /// Requests refused, by class.
    pub fn refused(&self) -> [(Class, u64); 3] {
        Class::ALL.map(|class| (class, self.refused[class as usize].load(Relaxed)))
    }
}

impl Windows {
    fn sweep(&mut self, rates: &[Rate; 3], now: Instant) {
        if self.swept.is_some_and(|at| now.duration_since(at) < SWEEP_EVERY) {
            return;
        }
        self.swept = Some(now);
        self.of.retain(|(_, class), window| {
            now.duration_since(window.began) < rates[*class as usize].window
        });
    }
}

/// Whole seconds, rounded up.
fn seconds(wait: Duration) -> u64 {
    wait.as_secs() + u64::from(wait.subsec_nanos() > 0)
}

fn network(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        IpAddr::V6(ip) => {
            let bits = u128::from(ip) & !u128::from(u64::MAX);
            IpAddr::V6(Ipv6Addr::from(bits))
        }
        v4 => v4,
    }
}

/// Holds back what comes too often; a layer of the routes of a class.
pub async fn limit(class: Class, request: Request, next: Next) -> Response {
    let client = request.extensions().get::<Client>();
    let taken = client.map_or(Ok(()), |c| c.limiter.take(class, c.ip, Instant::now()));
    match taken {
        Ok(()) => next.run(request).await,
        Err(refusal) => refusal.into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limiter(list: &str) -> Limiter {
        let rate = |text| Rate::parse(text).unwrap();
        Limiter::new(Some(Rates([rate(list), rate("2/minute"), rate("1/day")])))
    }

    fn ip(n: u32) -> IpAddr {
        IpAddr::V4(n.into())
    }

    #[test]
    fn so_many_in_a_window_and_then_when_to_come_back() {
        let (limiter, begun) = (limiter("3/10 seconds"), Instant::now());
        let at = |ms| begun + Duration::from_millis(ms);
        for ms in [0, 100, 200] {
            assert_eq!(limiter.take(Class::List, ip(1), at(ms)), Ok(()));
        }
        let refusal = limiter.take(Class::List, ip(1), at(1_500)).unwrap_err();
        assert_eq!(
            refusal.detail(),
            "rate limit exceeded: 3/10 seconds (api_list_rate_limit); come back in 9 s"
        );
        assert_eq!(limiter.take(Class::Detail, ip(1), at(1_500)), Ok(()), "another class");
        assert_eq!(limiter.take(Class::List, ip(2), at(1_500)), Ok(()), "another client");
        assert_eq!(limiter.take(Class::List, ip(1), at(10_000)), Ok(()));
        assert_eq!(limiter.refused()[0], (Class::List, 1));
        let none = Limiter::new(None);
        assert!((0..1_000).all(|_| none.take(Class::List, ip(1), at(0)).is_ok()));
    }

    #[test]
    fn one_host_is_one_client() {
        let (limiter, now) = (limiter("1/minute"), Instant::now());
        let take = |text: &str| limiter.take(Class::List, text.parse().unwrap(), now).is_ok();
        assert!(take("2001:db8::1") && !take("2001:db8::2") && take("2001:db8:0:1::1"));
        assert!(take("10.0.0.1") && !take("::ffff:10.0.0.1"));
    }

    #[test]
    fn clients_are_bounded() {
        let (limiter, now) = (limiter("1/second"), Instant::now());
        let took = (0..CLIENTS_MAX as u32 + 100)
            .filter(|n| limiter.take(Class::List, ip(*n), now).is_ok())
            .count();
        assert_eq!(took, CLIENTS_MAX + 1, "the rest share one window");
        assert_eq!(limiter.windows.lock().unwrap().of.len(), CLIENTS_MAX + 1);
        let later = now + Duration::from_secs(5);
        assert!(limiter.take(Class::List, ip(9_000_000), later).is_ok());
        assert_eq!(limiter.windows.lock().unwrap().of.len(), 1);
    }
}
