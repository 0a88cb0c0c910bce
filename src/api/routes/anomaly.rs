//! How unusual events were, and how many alerts there were, per stretch of time.
//!
//! Events are counted from the columns of the store: their times and, for the few that are unusual, their
//! probabilities; no event is read. Cost: some ns an event of the range.

use crate::api::State;
use crate::api::answer::Refusal;
use crate::api::query::{Asked, Kind, Param, query};
use crate::api::search::{Search, told};
use crate::store::control::AlertQuery;
use crate::store::events::find::score;
use crate::store::events::{Part, Result as StoreResult, Snapshot};
use axum::Json;
use axum::extract::State as Extract;
use seerflow_model::Ns;
use seerflow_model::time::SECOND;
use serde::Serialize;
use utoipa::ToSchema;

const MINUTE: Ns = 60 * SECOND;
const HOUR: Ns = 60 * MINUTE;
/// Ranges, and the resolutions that each may have, the first when nothing is said.
const RANGES: [(&str, Ns, &[&str]); 4] = [
    ("1h", HOUR, &["1m"]),
    ("6h", 6 * HOUR, &["1m", "5m"]),
    ("24h", 24 * HOUR, &["5m", "15m"]),
    ("7d", 168 * HOUR, &["15m", "1h"]),
];
const RESOLUTIONS: [(&str, Ns); 4] =
    [("1m", MINUTE), ("5m", 5 * MINUTE), ("15m", 15 * MINUTE), ("1h", HOUR)];

query! {
    /// Which time is shown.
    AnomalyQuery: &[
        Param {
            name: "range",
            kind: Kind::Choice(&["1h", "6h", "24h", "7d"]),
            doc: "How far back it reaches; 1h when nothing is said.",
        },
        Param {
            name: "resolution",
            kind: Kind::Choice(&["1m", "5m", "15m", "1h"]),
            doc: "Width of a bucket: 1m of 1h; 1m or 5m of 6h; 5m or 15m of 24h; 15m or 1h of 7d.",
        },
        Param { name: "source", kind: Kind::Text(4_096), doc: "Only events of this source, by name." },
        Param {
            name: "source_type",
            kind: Kind::Text(128),
            doc: "Only events and alerts of this source type.",
        },
    ]
}

/// How unusual events were.
#[derive(Serialize, ToSchema)]
pub struct AnomalyTimeline {
    meta: AnomalyMeta,
    /// One per bucket, oldest first.
    items: Vec<AnomalyBucket>,
}

/// What was asked for.
#[derive(Serialize, ToSchema)]
pub struct AnomalyMeta {
    range: String,
    resolution: String,
    source: Option<String>,
    source_type: Option<String>,
}

/// A stretch of time.
#[derive(Clone, Serialize, ToSchema)]
pub struct AnomalyBucket {
    /// Its begin, in ns, as text.
    bucket_start_ns: String,
    /// How unusual its most unusual event is, 0 to 1; null without events.
    max_score: Option<f64>,
    /// The mean over its events; null without events.
    avg_score: Option<f64>,
    event_count: u64,
    /// Alerts that began in it; null when only one source is asked for, which alerts do not name.
    alert_count: Option<u64>,
}

#[derive(Clone, Copy, Default)]
struct Sum {
    events: u64,
    max: f64,
    sum: f64,
}

struct Frame {
    start: Ns,
    width: Ns,
    buckets: usize,
}

impl Frame {
    /// The buckets of a range up to now; the last one is under way.
    fn new(now: Ns, range: Ns, width: Ns) -> Frame {
        let buckets = range / width;
        let last = now - now % width;
        let start = last.saturating_sub((buckets - 1) * width);
        Frame { start, width, buckets: buckets as usize }
    }

    fn end(&self) -> Ns {
        self.start.saturating_add(self.width.saturating_mul(self.buckets as u64))
    }

    fn bucket(&self, at: Ns) -> Option<usize> {
        let index = usize::try_from(at.checked_sub(self.start)? / self.width).ok()?;
        (index < self.buckets).then_some(index)
    }
}

/// How unusual events were, with the number of alerts, up to now.
#[utoipa::path(get, path = "/api/v1/anomaly/timeline", tag = "events", params(AnomalyQuery),
    responses((status = 200, body = AnomalyTimeline, description = "Every bucket of the range.")))]
pub async fn timeline(
    Extract(state): Extract<State>,
    asked: Asked<AnomalyQuery>,
) -> Result<Json<AnomalyTimeline>, Refusal> {
    let name = asked.text("range").unwrap_or("1h");
    let (name, range, allowed) = RANGES.into_iter().find(|r| r.0 == name).unwrap_or(RANGES[0]);
    let resolution = asked.text("resolution").unwrap_or(allowed[0]);
    if !allowed.contains(&resolution) {
        let allowed = format!("{} (of range {name})", allowed.join(", "));
        return Err(Refusal::value("resolution", resolution, &allowed));
    }
    let width = RESOLUTIONS.into_iter().find(|r| r.0 == resolution).map_or(MINUTE, |r| r.1);
    let given = |name| asked.filled(name).map(str::to_owned);
    let meta = AnomalyMeta {
        range: name.to_owned(),
        resolution: resolution.to_owned(),
        source: given("source"),
        source_type: given("source_type"),
    };
    let frame = Frame::new(asked.now(), range, width);
    let store = state.state()?;
    let ask = move |search: &mut Search| {
        let (sums, damaged) = sums(&search.snapshot, &frame, &meta)?;
        told(damaged);
        let mut alerts = vec![0; frame.buckets];
        let query = AlertQuery {
            since: Some(frame.start),
            until: Some(frame.end()),
            source_types: meta.source_type.clone().into_iter().collect(),
            ..AlertQuery::default()
        };
        for bucket in store.alert_series(&query, frame.width)? {
            if let Some(count) = frame.bucket(bucket.start).and_then(|at| alerts.get_mut(at)) {
                *count += bucket.count;
            }
        }
        let item = |(at, (sum, alerts)): (usize, (Sum, u64))| AnomalyBucket {
            bucket_start_ns: (frame.start + frame.width * at as u64).to_string(),
            max_score: (sum.events > 0).then_some(sum.max),
            avg_score: (sum.events > 0).then(|| sum.sum / sum.events as f64),
            event_count: sum.events,
            alert_count: meta.source.is_none().then_some(alerts),
        };
        let items = sums.into_iter().zip(alerts).enumerate().map(item).collect();
        Ok(Json(AnomalyTimeline { items, meta }))
    };
    state.search(ask).await
}

/// Events and scores by bucket, and parts that are damaged and were left out.
fn sums(
    snapshot: &Snapshot,
    frame: &Frame,
    meta: &AnomalyMeta,
) -> Result<(Vec<Sum>, usize), Refusal> {
    let mut sums = vec![Sum::default(); frame.buckets];
    let mut damaged = 0;
    for part in snapshot.parts() {
        let (least, greatest) = part.span();
        if part.rows() == 0 || least >= frame.end() || greatest < frame.start {
            continue;
        }
        // Summed apart, so that a part counts as a whole or not at all.
        match of_part(part, frame, meta) {
            Ok(found) => {
                for (sum, more) in sums.iter_mut().zip(found) {
                    sum.events += more.events;
                    sum.sum += more.sum;
                    sum.max = sum.max.max(more.max);
                }
            }
            Err(error) if error.is_damage() => damaged += 1,
            Err(error) => return Err(error.into()),
        }
    }
    Ok((sums, damaged))
}

fn of_part(part: &Part, frame: &Frame, meta: &AnomalyMeta) -> StoreResult<Vec<Sum>> {
    let mut sums = vec![Sum::default(); frame.buckets];
    let times = part.times()?;
    let sources = match meta.source.is_some() || meta.source_type.is_some() {
        true => Some(part.sources()?),
        false => None,
    };
    let wanted = |row: u32| {
        sources.as_ref().is_none_or(|sources| {
            sources.get(row).is_some_and(|source| {
                meta.source.as_ref().is_none_or(|name| source.name == *name)
                    && meta.source_type.as_ref().is_none_or(|kind| source.source_type == *kind)
            })
        })
    };
    for (row, at) in (0u32..).zip(times.iter()) {
        if let Some(bucket) = frame.bucket(*at)
            && wanted(row)
            && let Some(sum) = sums.get_mut(bucket)
        {
            sum.events += 1;
        }
    }
    for (row, probability) in part.probabilities()?.iter() {
        let bucket = times.get(*row as usize).and_then(|at| frame.bucket(*at));
        if let Some(sum) = bucket.and_then(|at| sums.get_mut(at))
            && wanted(*row)
        {
            let score = score(*probability);
            sum.sum += score;
            sum.max = sum.max.max(score);
        }
    }
    Ok(sums)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_reach_from_the_range_to_the_one_under_way() {
        let now = 1_000 * HOUR + 30 * MINUTE + 5;
        let frame = Frame::new(now, 24 * HOUR, 15 * MINUTE);
        assert_eq!(frame.buckets, 96);
        assert_eq!(frame.bucket(now), Some(95));
        assert_eq!(frame.bucket(frame.start), Some(0));
        assert_eq!(frame.bucket(frame.start - 1), None);
        assert_eq!(frame.bucket(frame.end()), None);
        for (name, range, allowed) in RANGES {
            for resolution in allowed {
                let width = RESOLUTIONS.into_iter().find(|r| r.0 == *resolution).unwrap().1;
                assert!(range.is_multiple_of(width) && range / width <= 672, "{name} {resolution}");
            }
        }
    }
}
