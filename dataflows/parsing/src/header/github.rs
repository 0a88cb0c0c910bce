//! GitHub's webhooks: what happened in a repository or organisation, one delivery.
//!
//! Which event a delivery is stands in a header of the request and not in its body, so it is told
//! by the member that only this event has: a stored record can be read again without the request.
//! The message is `event action result repository by sender`, and the name of the run, environment
//! or alert behind a colon; what strangers write (titles, comments, commit messages) stays a field.
//! So events of one kind are few templates. A delivery comes from GitHub's machines, which are not
//! where it happened: it has no host.
//!
//! Half of a delivery are addresses of the API made from names that stand beside them. Where the
//! format is fixed they are passed over ([`is_link`]), so that the rest fits into the bound of
//! fields. Cost: a few passes over the fields, some microseconds a delivery.

use super::draft::{Draft, Line};
use super::object::text;
use super::structured::{any, append, value};
use seerflow_model::{Outcome, Severity, Span};

/// A member and the event that has it, those first that may have members of later ones.
const KINDS: [(&str, &str); 24] = [
    ("workflow_job", "workflow_job"),
    ("deployment_status", "deployment_status"),
    ("deployment", "deployment"),
    ("workflow_run", "workflow_run"),
    ("check_run", "check_run"),
    ("check_suite", "check_suite"),
    ("alert", "alert"),
    ("review", "pull_request_review"),
    ("comment", "comment"),
    ("pull_request", "pull_request"),
    ("issue", "issues"),
    ("release", "release"),
    ("pusher", "push"),
    ("ref_type", "ref"),
    ("forkee", "fork"),
    ("security_advisory", "security_advisory"),
    ("membership", "organization"),
    ("member", "member"),
    ("team", "team"),
    ("rule", "branch_protection_rule"),
    ("key", "deploy_key"),
    ("package", "package"),
    ("installation", "installation"),
    ("zen", "ping"),
];

/// Fields that hold when it happened, the surest first.
pub(crate) const TIMES: [&str; 16] = [
    "workflow_run.updated_at",
    "workflow_job.completed_at",
    "workflow_job.started_at",
    "deployment_status.updated_at",
    "deployment.updated_at",
    "check_run.completed_at",
    "check_run.started_at",
    "check_suite.updated_at",
    "alert.updated_at",
    "alert.created_at",
    "review.submitted_at",
    "comment.updated_at",
    "pull_request.updated_at",
    "issue.updated_at",
    "release.published_at",
    "repository.pushed_at",
];

/// Fields that say how it went.
const RESULTS: [&str; 6] = [
    "workflow_run.conclusion",
    "workflow_job.conclusion",
    "deployment_status.state",
    "check_run.conclusion",
    "check_suite.conclusion",
    "review.state",
];

/// Names that people gave to what it is about.
const TITLES: [&str; 9] = [
    "workflow_job.name",
    "deployment.environment",
    "workflow_run.name",
    "check_run.name",
    "alert.rule.description",
    "alert.security_advisory.summary",
    "alert.secret_type_display_name",
    "alert.secret_type",
    "release.tag_name",
];

/// Fields that say how bad what an alert is about is.
const GRADES: [&str; 4] = [
    "alert.security_advisory.severity",
    "alert.security_vulnerability.severity",
    "alert.rule.security_severity_level",
    "alert.rule.severity",
];

/// Reads the fields of one delivery.
pub(super) fn read(draft: &mut Draft, line: Line<'_>) {
    let event = event(draft, line);
    let get = |names: &[&str]| any(draft, line, names);
    let action = get(&["action"]);
    let result = get(&RESULTS);
    let title = get(&TITLES);
    let place = get(&["repository.full_name", "organization.login"]);
    let sender = get(&["sender.login", "pusher.name"]);
    let said = |span: Span| text(draft, line, span);
    let pushed = if event == "push" { push(draft, line) } else { "" };
    let severity = match event {
        "code_scanning_alert" | "dependabot_alert" | "secret_scanning_alert" => {
            of_alert(event, said(action), said(get(&GRADES)))
        }
        "push" if matches!(pushed, " forced" | " deleted") => Severity::Notice,
        _ => of_result(said(result)),
    };
    let outcome = outcome(said(result));
    let start = draft.tail_end();
    draft.tail.push_str(event);
    draft.tail.push_str(pushed);
    append(draft, line, " ", action);
    append(draft, line, " ", result);
    append(draft, line, " ", place);
    append(draft, line, " by ", sender);
    append(draft, line, ": ", title);
    draft.message = draft.since(start);
    draft.program = draft.add("github");
    (draft.severity, draft.outcome) = (Some(severity), outcome);
}

/// The event by the members of the delivery.
fn event(draft: &Draft, line: Line<'_>) -> &'static str {
    let mut best = KINDS.len();
    for field in &draft.fields {
        let name = text(draft, line, field.name);
        let member = name.split('.').next().unwrap_or_default();
        best = KINDS[..best].iter().position(|(known, _)| *known == member).unwrap_or(best);
    }
    let has = |name| !value(draft, line, name).is_empty();
    match KINDS.get(best).map_or("event", |(_, event)| *event) {
        "alert" if has("alert.secret_type") => "secret_scanning_alert",
        "alert"
            if has("alert.dependency.package.name") || has("alert.security_advisory.ghsa_id") =>
        {
            "dependabot_alert"
        }
        "alert" => "code_scanning_alert",
        "comment" if has("issue.number") => "issue_comment",
        "comment" if has("pull_request.number") => "pull_request_review_comment",
        "comment" => "commit_comment",
        event => event,
    }
}

/// What a push did, with a blank before it, when it was not just new commits.
fn push(draft: &Draft, line: Line<'_>) -> &'static str {
    let set = |name| text(draft, line, value(draft, line, name)) == "true";
    match (set("deleted"), set("forced"), set("created")) {
        (true, _, _) => " deleted",
        (_, true, _) => " forced",
        (_, _, true) => " created",
        _ => "",
    }
}

fn of_result(result: &str) -> Severity {
    match result {
        "failure" | "error" | "timed_out" | "startup_failure" => Severity::Error,
        "cancelled" | "action_required" | "stale" => Severity::Warning,
        _ => Severity::Informational,
    }
}

fn outcome(result: &str) -> Outcome {
    match result {
        "success" => Outcome::Success,
        "failure" | "error" | "timed_out" | "startup_failure" => Outcome::Failure,
        _ => Outcome::Unknown,
    }
}

/// An alert that is over is a notice, whatever it was about.
fn of_alert(event: &str, action: &str, grade: &str) -> Severity {
    if matches!(
        action,
        "fixed" | "dismissed" | "closed_by_user" | "resolved" | "revoked" | "auto_dismissed"
    ) {
        return Severity::Notice;
    }
    match grade {
        "critical" => Severity::Critical,
        "high" | "error" => Severity::Error,
        "medium" | "moderate" | "warning" => Severity::Warning,
        "low" | "note" | "none" => Severity::Notice,
        // A secret that is out has no grade of its own.
        _ if event == "secret_scanning_alert" => Severity::Error,
        _ => Severity::Warning,
    }
}

/// Whether a member only repeats others as an address of the API, or is a number for machines.
pub(super) fn is_link(key: &str) -> bool {
    const KEPT: [&str; 6] =
        ["html_url", "target_url", "log_url", "details_url", "environment_url", "clone_url"];
    matches!(key, "node_id" | "gravatar_id" | "url")
        || (key.ends_with("_url") && !KEPT.contains(&key))
}
