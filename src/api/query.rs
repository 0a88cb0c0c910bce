//! Query strings, read strictly: an unknown or repeated parameter, or a value that is not allowed,
//! is a 422 that says so.

use super::guard::Refusal;
use crate::alerting::book::AlertFilter;
use crate::cli::time_arg::{self, TimeArg};
use crate::config::problem::nearest;
use axum::http::StatusCode;
use seerflow_model::time::Ns;
use seerflow_model::{AlertStatus, Severity};

/// Most items on a page.
pub const LIMIT_MAX: usize = 1_000;
/// Items on a page when nothing is said.
const LIMIT_DEFAULT: usize = 50;

/// Types of alerts.
const TYPES: [&str; 8] =
    ["ml", "sigma", "correlation", "risk", "kill-chain", "graph", "ueba", "ioc"];
const STATUSES: [(&str, AlertStatus); 4] = [
    ("open", AlertStatus::Open),
    ("updated", AlertStatus::Updated),
    ("closed", AlertStatus::Closed),
    ("retracted", AlertStatus::Retracted),
];

/// The parameters of a request.
pub struct Params<'a> {
    pairs: Vec<(String, String)>,
    allowed: &'a [&'a str],
}

/// Which page, and how many items it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    pub page: usize,
    pub limit: usize,
}

impl<'a> Params<'a> {
    /// Takes the parameters; unknown and repeated ones are refused.
    pub fn new(
        pairs: Vec<(String, String)>,
        allowed: &'a [&'a str],
    ) -> Result<Params<'a>, Refusal> {
        for (index, (name, _)) in pairs.iter().enumerate() {
            if !allowed.contains(&name.as_str()) {
                let near = nearest(name, allowed.iter().copied());
                let near = near.map(|near| format!("; did you mean {near}?")).unwrap_or_default();
                let list = if allowed.is_empty() { "none".into() } else { allowed.join(", ") };
                let detail = format!("unknown parameter {name:?}; allowed: {list}{near}");
                return Err(Refusal::unprocessable(detail));
            }
            if pairs[..index].iter().any(|(other, _)| other == name) {
                let detail =
                    format!("parameter {name} is given twice; separate values with commas");
                return Err(Refusal::unprocessable(detail));
            }
        }
        Ok(Params { pairs, allowed })
    }

    fn get(&self, name: &str) -> Option<&str> {
        debug_assert!(self.allowed.contains(&name), "{name} is not allowed here");
        self.pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// `page` and `limit`.
    pub fn page(&self) -> Result<Page, Refusal> {
        let number = |name: &str, default: usize, max: usize| match self.get(name) {
            None => Ok(default),
            Some(text) => match text.parse::<usize>() {
                Ok(n) if (1..=max).contains(&n) => Ok(n),
                _ => Err(refuse(name, text, &format!("a whole number from 1 to {max}"))),
            },
        };
        let page = number("page", 1, 1_000_000_000)?;
        Ok(Page { page, limit: number("limit", LIMIT_DEFAULT, LIMIT_MAX)? })
    }

    /// `type`, `severity`, `status`, `since`, `until`.
    pub fn filter(&self, now: Ns) -> Result<AlertFilter, Refusal> {
        let mut filter = AlertFilter::default();
        for word in self.words("type") {
            if !TYPES.contains(&word) {
                return Err(refuse("type", word, &TYPES.join(", ")));
            }
            filter.types.push(word.to_owned());
        }
        for word in self.words("status") {
            let names = STATUSES.map(|(name, _)| name).join(", ");
            let status = STATUSES.iter().find(|(name, _)| *name == word);
            filter.statuses.push(status.ok_or_else(|| refuse("status", word, &names))?.1);
        }
        if let Some(text) = self.get("severity") {
            let id = text.parse::<u8>().ok().filter(|id| *id <= 6).map(Severity::from_id);
            let severity = id.or_else(|| Severity::from_word(text.as_bytes()));
            let allowed = "0 to 6 or a severity's name";
            filter.min_severity = Some(severity.ok_or_else(|| refuse("severity", text, allowed))?);
        }
        filter.since = self.time("since", now)?;
        filter.until = self.time("until", now)?;
        if let (Some(since), Some(until)) = (filter.since, filter.until)
            && since >= until
        {
            return Err(Refusal::new(StatusCode::BAD_REQUEST, "since must be before until"));
        }
        Ok(filter)
    }

    fn words(&self, name: &str) -> impl Iterator<Item = &str> {
        self.get(name).into_iter().flat_map(|text| text.split(','))
    }

    fn time(&self, name: &str, now: Ns) -> Result<Option<Ns>, Refusal> {
        let Some(text) = self.get(name) else { return Ok(None) };
        // In a query string a bare `+` means a space, which breaks `+02:00`.
        let mended = text.replace(' ', "+");
        let time: Result<TimeArg, _> = time_arg::parse(text).or_else(|_| time_arg::parse(&mended));
        match time {
            Ok(time) => Ok(Some(time.resolve(now))),
            Err(_) => Err(refuse(name, text, time_arg::ALLOWED)),
        }
    }
}

fn refuse(name: &str, value: &str, allowed: &str) -> Refusal {
    let value: String = value.chars().take(80).collect();
    Refusal::unprocessable(format!("{name} is {value:?}; allowed: {allowed}"))
}
