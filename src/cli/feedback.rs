//! `seerflow feedback ALERT_ID tp|fp`: says whether an alert was right.

use super::output;
use super::people_args::FeedbackArgs;
use super::state::{self, Reach};
use crate::config::Config;
use crate::failure::{ExitCode, Failure};
use crate::runtime::clock::Clock;
use crate::store::control::{NewFeedback, Verdict};
use http::Method;
use seerflow_model::text::neutral;
use serde_json::json;

/// Runs it.
pub fn run(args: &FeedbackArgs, config: &Config) -> Result<ExitCode, Failure> {
    let none = || {
        Failure::new(ExitCode::Findings, format!("there is no alert {:?}", args.alert_id))
            .hint("alerts are kept from the moment the program has a data directory")
    };
    let verdict = Verdict::from(args.verdict);
    match state::reach(args.data_dir.as_deref(), config)? {
        Reach::Running(mut client) => {
            if !state::is_id(&args.alert_id) {
                return Err(none());
            }
            let path = format!("/api/v1/alerts/{}/feedback", args.alert_id);
            let body = json!({"feedback": verdict, "note": args.note, "origin": "cli"});
            client.expect(Method::POST, &path, Some(&body))?;
        }
        Reach::Resting(_data, store) => {
            let new = NewFeedback { verdict, note: args.note.clone(), origin: "cli".into() };
            store.record_feedback(&args.alert_id, &new, Clock::system().now())?.ok_or_else(none)?;
        }
    }
    let said = match verdict {
        Verdict::Tp => "was right",
        Verdict::Fp => "was wrong",
    };
    output::message(&format!("recorded: alert {} {said}", neutral(&args.alert_id)));
    Ok(ExitCode::Fine)
}
