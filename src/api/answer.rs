//! What the API answers: errors, pages of lists, and work that may block.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use seerflow_model::text::{neutral, shorten};
use serde::Serialize;
use std::sync::Arc;
use tokio::sync::Semaphore;
use utoipa::ToSchema;

/// Pieces of work that run at a time: they share two processors with the engine.
const RUNNING_MAX: usize = 4;
/// Pieces of work that wait for their turn; more are told to come back.
const WAITING_MAX: usize = 64;
/// Longest part of a detail that repeats what was sent, in bytes.
const SHOWN_MAX: usize = 80;

/// What is wrong.
#[derive(Serialize, ToSchema)]
#[schema(as = Error)]
pub struct ErrorBody {
    /// What is wrong, and what is allowed or to be done.
    detail: String,
}

/// An error as the API gives it: a status and `{"detail": …}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Status code.
    pub status: StatusCode,
    detail: String,
    retry_after: Option<u64>,
    allow: Option<String>,
}

impl Refusal {
    pub fn new(status: StatusCode, detail: impl Into<String>) -> Refusal {
        Refusal { status, detail: detail.into(), retry_after: None, allow: None }
    }

    pub fn unprocessable(detail: impl Into<String>) -> Refusal {
        Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, detail)
    }

    pub fn missing(detail: impl Into<String>) -> Refusal {
        Refusal::new(StatusCode::NOT_FOUND, detail)
    }

    pub fn unavailable(detail: impl Into<String>) -> Refusal {
        Refusal::new(StatusCode::SERVICE_UNAVAILABLE, detail)
    }

    /// Something broke; the log has the reason, the client must not.
    pub fn internal() -> Refusal {
        Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "internal server error")
    }

    /// A value that is not allowed.
    pub fn value(name: &str, value: &str, allowed: &str) -> Refusal {
        Refusal::unprocessable(format!("{name} is \"{}\"; allowed: {allowed}", shown(value)))
    }

    /// Says when to come back.
    #[must_use]
    pub fn retry_after(self, seconds: u64) -> Refusal {
        Refusal { retry_after: Some(seconds.max(1)), ..self }
    }

    /// Says which methods are taken.
    #[must_use]
    pub fn allow(self, methods: String) -> Refusal {
        Refusal { allow: Some(methods), ..self }
    }

    /// What it says.
    #[cfg(test)]
    pub fn detail(&self) -> &str {
        &self.detail
    }
}

/// What was sent, shortened and without control characters.
pub fn shown(text: &str) -> String {
    shorten(&neutral(shorten(text, 4 * SHOWN_MAX).as_ref()), SHOWN_MAX).into_owned()
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(ErrorBody { detail: self.detail })).into_response();
        let headers = response.headers_mut();
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if let Some(allow) = self.allow.and_then(|allow| HeaderValue::try_from(allow).ok()) {
            headers.insert(header::ALLOW, allow);
        }
        response
    }
}

/// A page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct Page<T> {
    /// What was found, in the order that was asked for.
    pub items: Vec<T>,
    /// How many there are over all pages.
    pub total: u64,
    /// Whether `total` says only how many there are at least.
    pub total_is_lower_bound: bool,
    /// Number of this page, from 1; null when a cursor was given.
    pub page: Option<u64>,
    /// Most items on a page.
    pub limit: u64,
    /// Whether there are more.
    pub has_next: bool,
    /// Cursor of the page after this one, where the list has cursors.
    pub next_cursor: Option<String>,
}

impl<T> Page<T> {
    /// A page by number of a list whose length is known.
    pub fn numbered(items: Vec<T>, total: u64, page: u64, limit: u64) -> Page<T> {
        let has_next = page.saturating_mul(limit) < total;
        Page {
            items,
            total,
            total_is_lower_bound: false,
            page: Some(page),
            limit,
            has_next,
            next_cursor: None,
        }
    }

    /// A page by number of a whole list.
    pub fn of_all(all: Vec<T>, page: u64, limit: u64) -> Page<T> {
        let total = all.len() as u64;
        let skip = usize::try_from((page - 1).saturating_mul(limit)).unwrap_or(usize::MAX);
        let take = usize::try_from(limit).unwrap_or(usize::MAX);
        Page::numbered(all.into_iter().skip(skip).take(take).collect(), total, page, limit)
    }

    /// The same with other items.
    pub fn map<U>(self, map: impl FnMut(T) -> U) -> Page<U> {
        Page {
            items: self.items.into_iter().map(map).collect(),
            total: self.total,
            total_is_lower_bound: self.total_is_lower_bound,
            page: self.page,
            limit: self.limit,
            has_next: self.has_next,
            next_cursor: self.next_cursor,
        }
    }
}

/// Where work runs that reads files or waits: on threads of its own, a few at a time.
#[derive(Clone)]
pub struct Workers {
    running: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
}

impl Default for Workers {
    fn default() -> Workers {
        Workers {
            running: Arc::new(Semaphore::new(RUNNING_MAX)),
            waiting: Arc::new(Semaphore::new(WAITING_MAX)),
        }
    }
}

impl Workers {
    /// Runs it. It goes on when the client is gone, and counts as running until it ends.
    pub async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, Refusal> + Send + 'static,
    ) -> Result<T, Refusal> {
        let busy = || Refusal::unavailable("too many requests wait for an answer").retry_after(1);
        let waiting = self.waiting.clone().try_acquire_owned().map_err(|_| busy())?;
        // The semaphore is never closed.
        let running = self.running.clone().acquire_owned().await.map_err(|_| busy())?;
        drop(waiting);
        let task = tokio::task::spawn_blocking(move || {
            let _running = running;
            work()
        });
        match task.await {
            Ok(result) => result,
            Err(error) => {
                tracing::error!(%error, "a request handler failed");
                Err(Refusal::internal())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_sent_is_shown_shortened_and_harmless() {
        let refusal = Refusal::value("x", &format!("\u{1b}[2J{}", "é".repeat(500)), "y");
        assert!(refusal.detail().starts_with("x is \"\\u{1b}[2Jé"), "{}", refusal.detail());
        assert!(refusal.detail().len() < 120 && refusal.detail().ends_with("…\"; allowed: y"));
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn what_finds_no_room_is_told_to_come_back() {
        let workers = Workers::default();
        let (release, held) = std::sync::mpsc::channel::<()>();
        let held = Arc::new(std::sync::Mutex::new(held));
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..RUNNING_MAX + WAITING_MAX {
            let (workers, held) = (workers.clone(), held.clone());
            tasks.spawn(async move {
                let wait = move || {
                    let _ = held.lock().map(|held| held.recv());
                    Ok(())
                };
                workers.run(wait).await
            });
        }
        while workers.waiting.available_permits() > 0 || workers.running.available_permits() > 0 {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        let refusal = workers.run(|| Ok(())).await.unwrap_err();
        assert_eq!(refusal.status, StatusCode::SERVICE_UNAVAILABLE);
        drop(release);
        while let Some(result) = tasks.join_next().await {
            result.unwrap().unwrap();
        }
        assert_eq!(workers.run(|| Ok(7)).await, Ok(7));
        let broken = workers.run(|| -> Result<(), Refusal> { panic!("as ordered") }).await;
        assert_eq!(broken, Err(Refusal::internal()));
    }
}
