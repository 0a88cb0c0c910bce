//! `docs/RULES.md`, made of the rules themselves.

use super::benign::{EXPECTED, Expected};
use seerflow_sigma::{Correlated, Header, Kind, Logic, RuleSet, Trigger};
use std::fmt::Write;

const HEAD: &str = "\
# Bundled rules

Made of the rules in `rules/sigma` by a test (`SEERFLOW_BLESS=1` writes it anew). What the language can
say is in [Sigma rules](sigma.md), what fields events have in [the event model](event-model.md).

Each rule is a Sigma document with samples: records of programs as they write them, which it must match,
and near misses, which it must not. All run as tests through the real reader. Rules for operations have
the tag `seerflow.operations`, all others name tactic and technique of MITRE ATT&CK. Those marked *part*
are what correlations are made of, tag `seerflow.part`: they never alert by themselves.
";

/// The page.
pub fn page(set: &RuleSet) -> String {
    let mut out = HEAD.to_owned();
    let alerting = |headers: &mut dyn Iterator<Item = &Header>| {
        let headers: Vec<_> = headers.collect();
        let parts = headers.iter().filter(|header| header.is_part()).count();
        (headers.len(), parts)
    };
    let (rules, parts) = alerting(&mut set.rules().iter().map(|rule| &rule.rule.header));
    let (correlations, steps) = alerting(&mut set.correlations().iter().map(|c| &c.rule.header));
    let _ = writeln!(
        out,
        "\n{rules} detection rules, {parts} of them parts; {correlations} correlation rules, {steps} of them parts."
    );
    let mut folder = String::new();
    for rule in set.rules() {
        let file = rule.rule.file.strip_prefix(super::bundled::PREFIX).unwrap_or(&rule.rule.file);
        let here = file.split('/').next().unwrap_or_default();
        if folder != here {
            folder = here.to_owned();
            let _ = writeln!(out, "\n## {}\n", title(here));
            out.push_str("| rule | level | marks | finds | may also be |\n|---|---|---|---|---|\n");
        }
        row(&mut out, file, &rule.rule.header, None);
    }
    out.push_str("\n## Correlations\n\n");
    out.push_str(
        "| rule | level | marks | finds | how | may also be |\n|---|---|---|---|---|---|\n",
    );
    let mut correlations: Vec<_> = set.correlations().iter().collect();
    correlations.sort_by_key(|correlated| &correlated.file);
    for correlated in correlations {
        let file = correlated.file.strip_prefix(super::bundled::PREFIX).unwrap_or(&correlated.file);
        row(&mut out, file, &correlated.rule.header, Some(how(correlated)));
    }
    benign(&mut out);
    out
}

fn title(folder: &str) -> String {
    match folder {
        "auth" => "Logins".into(),
        "cron" | "sudo" => folder.into(),
        "dns" => "Names (DNS)".into(),
        "database" => "Databases".into(),
        "process" => "Processes".into(),
        other => other[..1].to_uppercase() + &other[1..],
    }
}

/// Text in a cell of a table.
fn cell(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|")
}

fn row(out: &mut String, file: &str, header: &Header, how: Option<String>) {
    let mut marks = header.techniques();
    if header.lens() == "operations" {
        marks.push("operations".into());
    }
    if header.is_part() {
        marks.push("*part*".into());
    }
    let how = how.map(|how| format!(" {how} |")).unwrap_or_default();
    let _ = writeln!(
        out,
        "| [{}](../rules/sigma/{file}) | {} | {} | {} |{how} {} |",
        cell(&header.title),
        header.level.map_or("", |level| level.name()),
        marks.join(", "),
        cell(header.description.as_deref().unwrap_or_default()),
        cell(&header.falsepositives.join("; ")),
    );
}

/// What a correlation asks for, in a few words.
fn how(correlated: &Correlated) -> String {
    let rule = &correlated.rule;
    let names = rule.rules.iter().map(|name| format!("`{name}`"));
    let joined = |by: &str| names.clone().collect::<Vec<_>>().join(by);
    let what = match &rule.trigger {
        Trigger::Every if rule.kind == Kind::TemporalOrdered => joined(", then "),
        Trigger::Every => joined(" and "),
        Trigger::Rules(logic) if logic.negates() => words(logic, &rule.rules),
        Trigger::Rules(_) => joined(", ") + ", together",
        Trigger::Measure { fields, percentile, bounds } => {
            let field = fields.join(", ");
            let measure = match rule.kind {
                Kind::ValueCount => format!("different `{field}`"),
                Kind::ValueSum => format!("sum of `{field}`"),
                Kind::ValueAvg => format!("mean of `{field}`"),
                Kind::ValueMedian => format!("median of `{field}`"),
                Kind::ValuePercentile => {
                    format!("percentile {} of `{field}`", percentile.unwrap_or_default())
                }
                Kind::IntervalVariation => "variation of the intervals".into(),
                _ => "events".into(),
            };
            let bounds: Vec<_> = bounds
                .iter()
                .map(|(relation, bound)| format!("{} {}", relation.name(), f64::from(*bound)))
                .collect();
            format!("{}: {measure} {}", joined(" or "), bounds.join(", "))
        }
    };
    let seconds = rule.timespan_seconds;
    let span = match seconds {
        s if s % 86_400 == 0 => format!("{} d", s / 86_400),
        s if s % 3_600 == 0 => format!("{} h", s / 3_600),
        s => format!("{} min", s / 60),
    };
    let group = match rule.group_by.is_empty() {
        true => String::new(),
        false => format!(", for each {}", rule.group_by.join(" and ")),
    };
    format!("{what} within {span}{group}")
}

/// An expression over rules as it is written.
fn words(logic: &Logic, names: &[String]) -> String {
    let all = |items: &[Logic], by: &str| {
        let items: Vec<_> = items.iter().map(|item| words(item, names)).collect();
        items.join(by)
    };
    match logic {
        Logic::Rule(at) => format!("`{}`", names.get(*at).map_or("", String::as_str)),
        Logic::And(items) => all(items, " and "),
        Logic::Or(items) => format!("({})", all(items, " or ")),
        Logic::Not(inner) => format!("not {}", words(inner, names)),
    }
}

fn benign(out: &mut String) {
    out.push_str(
        "\n## On lines in which nothing is expected\n\n\
         Alerts of all bundled rules on the samples of Loghub (Apache, HDFS, Hadoop, HealthApp, Linux, OpenSSH, \
         OpenStack,\nZookeeper; 16,000 lines) and on two million generated lines. There are no others.\n\n\
         | lines of | rule | alerts | why it is right |\n|---|---|---|---|\n",
    );
    for Expected(set, rule, count, why) in &EXPECTED {
        let _ = writeln!(out, "| {set} | `{rule}` | {count} | {why} |");
    }
    out.push_str("| generated | none | 0 | |\n");
}
