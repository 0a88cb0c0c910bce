//! Correlation rules: how often, how many different, together or in order, and within what time.
//!
//! Here they are read and checked; `correlate` evaluates them. References to other rules stay
//! names until all files are read, because files may come in any order. What the specification
//! does not know stands under `seerflow`, beside `correlation`.

use super::condition::{self, Condition};
use crate::fault::Fault;
use crate::head::Header;
use crate::number::{Number, Relation};
use crate::yaml::{Node, Yaml};
use serde::Serialize;

/// Longest timespan: 366 days.
const TIMESPAN_SECONDS_MAX: u64 = 366 * 86_400;
/// Most rules that one correlation refers to.
const RULES_MAX: usize = 256;
/// Most fields that are grouped by, and most that are measured.
const FIELDS_MAX: usize = 32;

/// Most events of a rule that it may take to have matched.
pub(super) const COUNTS_MAX: i64 = 100_000;

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// How many events.
    EventCount,
    /// How many different values of a field.
    ValueCount,
    /// All rules within the timespan.
    Temporal,
    /// All rules within the timespan, in their order.
    TemporalOrdered,
    /// The sum of a field.
    ValueSum,
    /// The mean of a field.
    ValueAvg,
    /// A percentile of a field.
    ValuePercentile,
    /// The median of a field.
    ValueMedian,
    /// The coefficient of variation of the intervals between events; ours, not Sigma's.
    IntervalVariation,
}

const KINDS: [(&str, Kind); 9] = [
    ("event_count", Kind::EventCount),
    ("value_count", Kind::ValueCount),
    ("temporal", Kind::Temporal),
    ("temporal_ordered", Kind::TemporalOrdered),
    ("value_sum", Kind::ValueSum),
    ("value_avg", Kind::ValueAvg),
    ("value_percentile", Kind::ValuePercentile),
    ("value_median", Kind::ValueMedian),
    ("interval_variation", Kind::IntervalVariation),
];

impl Kind {
    /// The word in a rule.
    pub fn name(self) -> &'static str {
        KINDS.iter().find(|(_, kind)| *kind == self).map_or("", |(name, _)| name)
    }

    /// Whether rules are looked at and no number of their events.
    pub fn temporal(self) -> bool {
        matches!(self, Kind::Temporal | Kind::TemporalOrdered)
    }
}

/// When a correlation that has matched may begin to match anew.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Rearm {
    /// When its condition has not held for a timespan.
    #[default]
    Timespan,
    /// When its condition has not held for so many seconds.
    Seconds(u64),
    /// At once, but events that made a match make no other.
    Consume,
}

/// What stands under `seerflow`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Custom {
    /// When it may match anew.
    pub rearm: Rearm,
    /// Fewer events are not measured; for means, percentiles and regularity.
    pub min_events: Option<u32>,
    /// Events within so many seconds of a beat belong to it; for regularity.
    pub together_seconds: Option<u64>,
    /// How many events of a rule it takes to have matched, by its place; for rules in any order.
    pub counts: Vec<(usize, u32)>,
}

/// When a correlation matches.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Trigger {
    /// A measure that stands like this to numbers, all of them.
    Measure {
        /// Which fields are measured; none for counts of events.
        fields: Vec<String>,
        /// Which percentile, for those.
        percentile: Option<u8>,
        /// What must hold.
        bounds: Vec<(Relation, Bound)>,
    },
    /// All rules have matched.
    Every,
    /// An expression over the rules has become true.
    Rules(Logic),
}

/// A number of a condition, shown as one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(into = "f64")]
pub struct Bound(pub Number);

impl From<Bound> for f64 {
    fn from(bound: Bound) -> f64 {
        bound.0.as_f64()
    }
}

/// An expression over rules, by their place in [`Correlation::rules`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Logic {
    /// This rule has matched.
    Rule(usize),
    /// All of these.
    And(Vec<Logic>),
    /// Any of these.
    Or(Vec<Logic>),
    /// Not this.
    Not(Box<Logic>),
}

/// A name that means a different field in each rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Alias {
    /// The name.
    pub name: String,
    /// Rule and field.
    pub fields: Vec<(String, String)>,
}

/// A correlation rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Correlation {
    /// Its head.
    pub header: Header,
    /// What is measured.
    pub kind: Kind,
    /// Ids or names of the rules it is about.
    pub rules: Vec<String>,
    /// Fields or aliases whose values are judged apart.
    pub group_by: Vec<String>,
    /// Within what time, in seconds.
    pub timespan_seconds: u64,
    /// When it matches.
    pub trigger: Trigger,
    /// Names for fields that differ between rules.
    pub aliases: Vec<Alias>,
    /// Whether the rules it is about also alert by themselves.
    pub generate: bool,
    /// What the specification does not know.
    pub custom: Custom,
}

/// Reads a document that has `correlation`.
pub fn read(document: &Node) -> Result<Correlation, Fault> {
    let header = Header::read(document)?;
    let node = document.need("correlation", "the rule")?;
    const KEYS: [&str; 7] =
        ["type", "rules", "group-by", "timespan", "condition", "aliases", "generate"];
    for (key, _) in node.map("`correlation`")? {
        if !KEYS.contains(&&*key.text) {
            let message = format!("unknown key `{}`: one of {}", key.text, KEYS.join(", "));
            return Err(Fault::new(key.place, message));
        }
    }
    let what = node.need("type", "`correlation`")?;
    let word = what.text("`type`")?;
    let kind = KINDS.iter().find(|(name, _)| *name == word).map(|(_, kind)| *kind);
    let kind = kind.ok_or_else(|| {
        let names: Vec<_> = KINDS.iter().map(|(name, _)| *name).collect();
        what.fault(format!("unknown type `{word}`: one of {}", names.join(", ")))
    })?;
    let named = node.need("rules", "`correlation`")?;
    let rules = named.texts("`rules`")?;
    if rules.is_empty() || rules.len() > RULES_MAX {
        return Err(named.fault(format!("`rules` must name 1 to {RULES_MAX} rules")));
    }
    let aliases = node.get("aliases").map(|node| aliases(node, &rules)).transpose()?;
    let group_by = node.get("group-by").map(|node| fields(node, "`group-by`")).transpose()?;
    let generate = document.get("generate").or_else(|| node.get("generate"));
    Ok(Correlation {
        timespan_seconds: timespan(node.need("timespan", "`correlation`")?, "timespan")?,
        custom: document
            .get("seerflow")
            .map(|node| custom(kind, &rules, node))
            .transpose()?
            .unwrap_or_default(),
        trigger: trigger(kind, node, &rules)?,
        generate: match generate.map(|node| (node, &node.value)) {
            None => false,
            Some((_, Yaml::Bool(value))) => *value,
            Some((node, _)) => return Err(node.fault("`generate` must be true or false")),
        },
        aliases: aliases.unwrap_or_default(),
        group_by: group_by.unwrap_or_default(),
        header,
        kind,
        rules,
    })
}

/// Names of fields.
fn fields(node: &Node, what: &str) -> Result<Vec<String>, Fault> {
    let names = node.texts(what)?;
    match names.len() > FIELDS_MAX {
        true => Err(node.fault(format!("{what} names more than {FIELDS_MAX} fields"))),
        false => Ok(names),
    }
}

/// The mapping under `seerflow`.
fn custom(kind: Kind, rules: &[String], node: &Node) -> Result<Custom, Fault> {
    const MEASURED: [Kind; 4] =
        [Kind::ValueAvg, Kind::ValuePercentile, Kind::ValueMedian, Kind::IntervalVariation];
    let mut out = Custom::default();
    for (key, value) in node.map("`seerflow`")? {
        match key.text.as_str() {
            "rearm" => {
                out.rearm = match value.text("`rearm`")?.as_str() {
                    "consume" => Rearm::Consume,
                    _ => Rearm::Seconds(timespan(value, "rearm")?),
                };
            }
            "min_events" if MEASURED.contains(&kind) => match value.value {
                Yaml::Int(least @ 1..=1_000) => out.min_events = Some(least as u32),
                _ => return Err(value.fault("`min_events` must be a whole number up to 1000")),
            },
            "counts" if kind == Kind::Temporal => {
                for (rule, count) in value.map("`counts`")? {
                    let at = rules.iter().position(|other| *other == rule.text);
                    let Some(at) = at else {
                        let message = format!("`{}` is none of the rules", rule.text);
                        return Err(Fault::new(rule.place, message));
                    };
                    match count.value {
                        Yaml::Int(least @ 1..=COUNTS_MAX) => out.counts.push((at, least as u32)),
                        _ => {
                            let message = format!("must be a whole number up to {COUNTS_MAX}");
                            return Err(count.fault(message));
                        }
                    }
                }
            }
            "together" if kind == Kind::IntervalVariation => {
                out.together_seconds = Some(timespan(value, "together")?);
            }
            other => {
                let message = format!(
                    "`{other}` is not known under `seerflow` of {}: rearm, and where it fits \
                    min_events, together, counts",
                    kind.name()
                );
                return Err(Fault::new(key.place, message));
            }
        }
    }
    Ok(out)
}

/// `90m` in seconds.
fn timespan(node: &Node, what: &str) -> Result<u64, Fault> {
    let text = node.text(&format!("`{what}`"))?;
    let wrong = || {
        let message = format!("`{text}` is no {what}: a number and s, m, h or d, up to 366d");
        node.fault(message)
    };
    let unit = text.chars().last().ok_or_else(wrong)?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        _ => return Err(wrong()),
    };
    let digits = &text[..text.len() - unit.len_utf8()];
    let number = Some(digits).filter(|digits| digits.bytes().all(|b| b.is_ascii_digit()));
    let number: Option<u64> = number.and_then(|digits| digits.parse().ok());
    let span = number.and_then(|number| number.checked_mul(seconds)).ok_or_else(wrong)?;
    (1..=TIMESPAN_SECONDS_MAX).contains(&span).then_some(span).ok_or_else(wrong)
}

fn aliases(node: &Node, rules: &[String]) -> Result<Vec<Alias>, Fault> {
    let mut out = Vec::new();
    for (name, value) in node.map("`aliases`")? {
        let mut fields = Vec::new();
        for (rule, field) in value.map("an alias")? {
            if !rules.contains(&rule.text) {
                let message = format!("`{}` is none of the rules: {}", rule.text, rules.join(", "));
                return Err(Fault::new(rule.place, message));
            }
            fields.push((rule.text.clone(), field.text("a field")?));
        }
        out.push(Alias { name: name.text.clone(), fields });
    }
    Ok(out)
}

fn trigger(kind: Kind, node: &Node, rules: &[String]) -> Result<Trigger, Fault> {
    let Some(condition) = node.get("condition") else {
        return match kind.temporal() {
            true => Ok(Trigger::Every),
            false => Err(node.fault("`correlation` has no `condition`")),
        };
    };
    match &condition.value {
        Yaml::Text(text) if kind.temporal() => {
            let parsed = condition::parse(text, condition)?;
            Ok(Trigger::Rules(logic(&parsed, condition, rules)?))
        }
        Yaml::Text(_) => {
            Err(condition.fault("only temporal correlations have a condition in words"))
        }
        _ => measure(kind, condition),
    }
}

fn measure(kind: Kind, node: &Node) -> Result<Trigger, Fault> {
    let counts = kind.temporal() || matches!(kind, Kind::EventCount | Kind::IntervalVariation);
    let (mut fields, mut percentile, mut bounds) = (Vec::new(), None, Vec::new());
    for (key, value) in node.map("`condition`")? {
        let name = key.text.as_str();
        if name == "field" && !counts {
            fields = self::fields(value, "`field`")?;
            continue;
        }
        let number = match value.value {
            Yaml::Int(number) => Some(Number::Int(number)),
            Yaml::Float(number) => Number::real(number),
            _ => None,
        };
        let number = number.ok_or_else(|| value.fault(format!("`{name}` needs a number")));
        if name == "percentile" && kind == Kind::ValuePercentile {
            let Number::Int(part @ 0..=100) = number? else {
                return Err(value.fault("`percentile` must be a whole number from 0 to 100"));
            };
            percentile = Some(part as u8);
            continue;
        }
        let Some(relation) = Relation::parse(name) else {
            let fields = if counts { "" } else { ", field" };
            let message = format!("`{name}` is not known here: gt, gte, lt, lte, eq, neq{fields}");
            return Err(Fault::new(key.place, message));
        };
        bounds.push((relation, Bound(number?)));
    }
    if bounds.is_empty() {
        return Err(node.fault("`condition` compares with nothing"));
    }
    match fields.len() {
        0 if !counts => return Err(node.fault("`condition` has no `field`")),
        0 | 1 => {}
        _ if kind == Kind::ValueCount => {}
        _ => return Err(node.fault("only `value_count` takes several fields")),
    }
    if kind == Kind::ValuePercentile && percentile.is_none() {
        return Err(node.fault("`condition` has no `percentile`"));
    }
    Ok(Trigger::Measure { fields, percentile, bounds })
}

fn logic(condition: &Condition, node: &Node, rules: &[String]) -> Result<Logic, Fault> {
    let each = |items: &[Condition]| {
        items.iter().map(|item| logic(item, node, rules)).collect::<Result<Vec<_>, _>>()
    };
    Ok(match condition {
        Condition::And(items) => Logic::And(each(items)?),
        Condition::Or(items) => Logic::Or(each(items)?),
        Condition::Not(inner) => Logic::Not(Box::new(logic(inner, node, rules)?)),
        Condition::Name(name) => match rules.iter().position(|rule| rule == name) {
            Some(at) => Logic::Rule(at),
            None => {
                let message = format!("`{name}` is none of the rules: {}", rules.join(", "));
                return Err(node.fault(message));
            }
        },
        Condition::Of { all, pattern } => {
            let meant = |rule: &str| condition::means(pattern.as_deref(), rule);
            let found = rules.iter().enumerate().filter(|(_, rule)| meant(rule));
            let found: Vec<_> = found.map(|(at, _)| Logic::Rule(at)).collect();
            match (found.is_empty(), all) {
                (true, _) => return Err(node.fault("`of` means none of the rules")),
                (_, true) => Logic::And(found),
                (_, false) => Logic::Or(found),
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml::documents;

    fn one(body: &str) -> Result<Correlation, Fault> {
        let text = format!("title: t\ncorrelation:\n{}", body.replace("\n", "\n  "));
        read(&documents(&text).unwrap()[0])
    }

    #[test]
    fn every_type_is_read() {
        for (kind, condition, fields) in [
            ("event_count", "{gte: 10}", 0),
            ("value_count", "{field: user, gt: 3, lte: 9}", 1),
            ("value_count", "{field: [user, host], gt: 3}", 2),
            ("value_sum", "{field: bytes, gte: 1.5}", 1),
            ("value_avg", "{field: bytes, lt: 5}", 1),
            ("value_median", "{field: bytes, eq: 5}", 1),
            ("value_percentile", "{field: ms, percentile: 95, gte: 2000}", 1),
        ] {
            let body = format!(
                "  type: {kind}\nrules: [a]\ngroup-by: [ip]\ntimespan: 5m\ncondition: {condition}"
            );
            let found = one(&body).unwrap();
            let Trigger::Measure { fields: names, .. } = &found.trigger else { panic!() };
            assert_eq!(names.len(), fields, "{kind}");
            assert_eq!((found.timespan_seconds, found.generate), (300, false));
        }
    }

    #[test]
    fn temporal_forms() {
        let plain = one("  type: temporal_ordered\nrules: [a, b]\ntimespan: 1h").unwrap();
        assert_eq!(plain.trigger, Trigger::Every);
        let words =
            "  type: temporal\nrules: [a, b, c]\ntimespan: 1h\ncondition: a and not (b or c)";
        let b_or_c = Logic::Or(vec![Logic::Rule(1), Logic::Rule(2)]);
        let expected = Logic::And(vec![Logic::Rule(0), Logic::Not(Box::new(b_or_c))]);
        assert_eq!(one(words).unwrap().trigger, Trigger::Rules(expected));
        let aliased = "  type: temporal\nrules: [a, b]\ntimespan: 1h\ngroup-by: [ip]\n\
            aliases:\n  ip: {a: src, b: dst}\ngenerate: true";
        let found = one(aliased).unwrap();
        assert_eq!(found.aliases[0].fields[1], ("b".to_owned(), "dst".to_owned()));
        assert!(found.generate);
    }

    #[test]
    fn what_is_ours_is_read_strictly() {
        let with = |kind: &str, custom: &str| {
            let condition = match kind {
                "value_avg" => "{field: x, gte: 1}",
                _ => "{gte: 1}",
            };
            let text = format!(
                "title: t\nseerflow: {custom}\ncorrelation:\n  type: {kind}\n  rules: [a]\n  \
                timespan: 5m\n  condition: {condition}"
            );
            read(&documents(&text).unwrap()[0])
        };
        let custom = |kind, text| with(kind, text).unwrap().custom;
        assert_eq!(custom("event_count", "{rearm: 1h}").rearm, Rearm::Seconds(3_600));
        assert_eq!(custom("event_count", "{rearm: consume}").rearm, Rearm::Consume);
        assert_eq!(custom("value_avg", "{min_events: 20}").min_events, Some(20));
        assert_eq!(custom("temporal", "{counts: {a: 5}}").counts, [(0, 5)]);
        let beats = custom("interval_variation", "{min_events: 9, together: 2s}");
        assert_eq!((beats.min_events, beats.together_seconds), (Some(9), Some(2)));
        for (kind, text, part) in [
            ("event_count", "{rearm: never}", "no rearm"),
            ("event_count", "{min_events: 2}", "not known under"),
            ("value_avg", "{together: 2s}", "not known under"),
            ("value_avg", "{min_events: 0}", "must be a whole number"),
            ("event_count", "{counts: {a: 5}}", "not known under"),
            ("temporal", "{counts: {b: 5}}", "none of the rules"),
            ("temporal", "{counts: {a: 0}}", "must be a whole number"),
        ] {
            let fault = with(kind, text).unwrap_err();
            assert_eq!(fault.place.line, 2);
            assert!(fault.message.contains(part), "{text}: {fault}");
        }
    }

    #[test]
    fn wrong_ones_say_why() {
        let head = "  type: event_count\nrules: [a]\ntimespan: 5m\n";
        for (body, part) in [
            ("  type: count\nrules: [a]\ntimespan: 5m", "unknown type"),
            ("  type: event_count\nrules: []\ntimespan: 5m\ncondition: {gte: 1}", "1 to 256"),
            ("  type: event_count\nrules: [a]\ntimespan: 5w\ncondition: {gte: 1}", "no timespan"),
            ("  type: event_count\nrules: [a]\ntimespan: 0s\ncondition: {gte: 1}", "no timespan"),
            ("  type: event_count\nrules: [a]\ntimespan: -1s\ncondition: {gte: 1}", "no timespan"),
            (&format!("{head}condition: {{field: x, gte: 1}}"), "`field` is not known here"),
            (&format!("{head}condition: {{gte: many}}"), "needs a number"),
            (&format!("{head}condition: {{}}"), "compares with nothing"),
            (&format!("{head}condition: a and b"), "only temporal"),
            (head, "no `condition`"),
            (&format!("{head}window: 5m"), "unknown key"),
            (&format!("{head}condition: {{gte: 2}}\nseerflow: 3"), "unknown key"),
            ("  type: value_sum\nrules: [a]\ntimespan: 5m\ncondition: {gte: 1}", "no `field`"),
            ("  type: temporal\nrules: [a]\ntimespan: 5m\ncondition: b", "none of the rules"),
            (
                "  type: value_percentile\nrules: [a]\ntimespan: 5m\ncondition: {field: x, gte: 1}",
                "no `percentile`",
            ),
        ] {
            let message = one(body).unwrap_err().message;
            assert!(message.contains(part), "{body}: {message}");
        }
    }
}
