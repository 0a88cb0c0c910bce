//! Whether an alert found an incident: its rule fits, it starts in time, and it names whom it
//! concerns.

use crate::generator::{Incident, Kind, MINUTE, World};
use seerflow_model::Alert;
use seerflow_model::time::{Ns, SECOND};

/// What became of an incident.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// An alert found it.
    Found,
    /// Alerts came in time, but none names all; what the first does not name.
    Unnamed(String),
    /// No alert that fits.
    Missed,
}

fn rules(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Burst | Kind::Flood => &["volume-burst", "never-seen-message"],
        Kind::Unheard => &["never-seen-message"],
        Kind::Silence => &["silence"],
    }
}

/// How long after its last line an incident may still be told.
fn grace(kind: Kind) -> Ns {
    if kind == Kind::Silence { 15 * MINUTE } else { 3 * MINUTE }
}

/// Judges one incident, and marks the alerts that speak of it.
pub fn judge(world: &World, incident: &Incident, alerts: &[Alert], fits: &mut [bool]) -> Verdict {
    // Headers with whole seconds tell a line up to a second early.
    let from = incident.from - SECOND;
    let until = incident.until + grace(incident.kind);
    let mut verdict = Verdict::Missed;
    for (alert, fits) in alerts.iter().zip(fits) {
        let in_time = (from..=until).contains(&alert.timestamp_ns);
        if !in_time || !rules(incident.kind).contains(&alert.rule_name.as_str()) {
            continue;
        }
        match unnamed(world, incident, alert) {
            None => {
                *fits = true;
                verdict = Verdict::Found;
            }
            Some(what) if verdict == Verdict::Missed => {
                verdict = Verdict::Unnamed(format!("{what} in {:?}", alert.title));
            }
            Some(_) => {}
        }
    }
    verdict
}

/// What an alert should name and does not.
fn unnamed(world: &World, incident: &Incident, alert: &Alert) -> Option<String> {
    let says = |what: &str| {
        alert.title.contains(what)
            || alert.description.contains(what)
            || alert.entities.iter().any(|entity| entity.value.contains(what))
    };
    let host = &world.hosts[incident.host].name;
    let mut wanted: Vec<&str> = vec![host, &incident.program];
    wanted.extend(incident.address.as_deref());
    if let Some(missing) = wanted.into_iter().find(|what| !says(what)) {
        return Some(missing.to_owned());
    }
    let named = incident.users.is_empty() || incident.users.iter().any(|user| says(user));
    (!named).then(|| format!("any of {:?}", incident.users))
}

/// An alert in one line.
pub fn line(alert: &Alert, hour: Ns) -> String {
    let minute = (alert.timestamp_ns as f64 - hour as f64) / MINUTE as f64;
    format!(
        "minute {minute:.1} {} p {:.1e}: {} | {}",
        alert.rule_name,
        alert.probability.unwrap_or(f64::NAN),
        alert.title,
        alert.description
    )
}
