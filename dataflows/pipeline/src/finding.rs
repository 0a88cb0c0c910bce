//! A finding: evidence on its way to an alert, with what decides who explains whom.

use seerflow_model::Evidence;
use serde::{Deserialize, Serialize};

/// How fine a finding's subject is; a finer one explains a coarser one of the same instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Level {
    /// One template from or by one entity.
    TemplateEntity,
    /// One template.
    Template,
    /// One host.
    Host,
    /// One source.
    Source,
    /// Content of one event; explains nothing and is explained by nothing.
    Event,
}

/// Evidence with its subject.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// The evidence that leads; its probability is what is decided on.
    pub lead: Evidence,
    /// Evidence that the lead explains or that adds to it.
    pub also: Vec<Evidence>,
    /// How fine its subject is.
    pub level: Level,
    /// Template it concerns, 0 when it is not about one.
    pub template: u64,
    /// Observed − expected, in events; the sign is the direction.
    pub excess: f64,
    /// Whether it may raise an alert; otherwise it only names what another finding is about.
    pub decides: bool,
}

/// Kind of the evidence that something regular has stopped.
pub const SILENCE: &str = "silence";
/// Most pieces of evidence that one finding carries.
const ALSO_MAX: usize = 8;

impl Finding {
    /// Takes over what another finding says.
    pub fn absorb(&mut self, other: Finding) {
        for evidence in std::iter::once(other.lead).chain(other.also) {
            if self.also.len() < ALSO_MAX {
                self.also.push(evidence);
            }
        }
    }

    /// Puts a finer finding in front: it names what this one noticed.
    fn led_by(mut self, mut finer: Finding) -> Finding {
        finer.decides |= self.decides;
        // A finding that decides nothing by itself counts under what it names.
        finer.lead.probability = finer.lead.probability.min(self.lead.probability);
        self.also.append(&mut finer.also);
        finer.absorb(self);
        finer
    }
}

/// Joins the findings of one instant: one incident is one alert, at the finest level that accounts
/// for at least half of it.
///
/// * A template's finding and those of its entities become one: led by the entity with the
///   greatest share if that is at least half, else by the template.
/// * Silence stands alone: it is measured in buckets, not in events, and comes once.
/// * A host's (then a source's) finding is dropped into the finest one left when the templates'
///   excess accounts for at least half of its own.
///
/// The result is in a fixed order and does not depend on the order of the input.
pub fn join(mut findings: Vec<Finding>) -> Vec<Finding> {
    findings.sort_by(|a, b| {
        (a.level, a.template, &a.lead.rule, &a.lead.episode).cmp(&(
            b.level,
            b.template,
            &b.lead.rule,
            &b.lead.episode,
        ))
    });
    let (mut kept, coarse): (Vec<_>, Vec<_>) =
        findings.into_iter().partition(|f| f.level == Level::Event || f.lead.kind == SILENCE);
    let (templates, coarse): (Vec<_>, Vec<_>) = coarse
        .into_iter()
        .partition(|f| matches!(f.level, Level::TemplateEntity | Level::Template));
    let mut by_template: Vec<Vec<Finding>> = Vec::new();
    for finding in templates {
        let same = by_template.iter_mut().find(|group| {
            group[0].template == finding.template && same_direction(&group[0], &finding)
        });
        match same {
            Some(group) => group.push(finding),
            None => by_template.push(vec![finding]),
        }
    }
    let mut fine: Vec<Finding> = by_template.into_iter().flat_map(join_template).collect();
    for finding in coarse {
        let explained: f64 = fine
            .iter()
            .filter(|f| f.decides && same_direction(f, &finding))
            .map(|f| f.excess.abs())
            .sum();
        let by = fine
            .iter_mut()
            .filter(|f| f.decides && same_direction(f, &finding))
            .max_by(|a, b| a.excess.abs().total_cmp(&b.excess.abs()));
        match by {
            Some(by) if explained >= finding.excess.abs() / 2.0 => by.absorb(finding),
            _ => fine.push(finding),
        }
    }
    kept.extend(fine.into_iter().filter(|finding| finding.decides));
    kept
}

fn same_direction(a: &Finding, b: &Finding) -> bool {
    (a.excess >= 0.0) == (b.excess >= 0.0)
}

fn join_template(mut group: Vec<Finding>) -> Vec<Finding> {
    let Some(at) = group.iter().position(|f| f.level == Level::Template) else {
        return group;
    };
    let template = group.remove(at);
    let main = (0..group.len())
        .max_by(|a, b| group[*a].excess.abs().total_cmp(&group[*b].excess.abs()).then(b.cmp(a)));
    let mut joined = match main {
        Some(main) if group[main].excess.abs() >= template.excess.abs() / 2.0 => {
            template.led_by(group.remove(main))
        }
        _ => template,
    };
    for finding in group.into_iter().filter(|f| f.decides) {
        joined.absorb(finding);
    }
    vec![joined]
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use seerflow_model::{Channel, Severity};

    pub(crate) fn finding(level: Level, template: u64, episode: &str, excess: f64) -> Finding {
        Finding {
            lead: Evidence {
                channel: Channel::Volume,
                kind: "burst".into(),
                rule: "volume-burst".into(),
                episode: episode.into(),
                effective: 1,
                about: 1,
                probability: 1e-9,
                text: String::new(),
                values: Vec::new(),
                severity: Severity::Warning,
                title: String::new(),
                source_type: String::new(),
                entities: Vec::new(),
                events: Vec::new(),
                event_count: 1,
            },
            also: Vec::new(),
            level,
            template,
            excess,
            decides: true,
        }
    }

    #[test]
    fn one_incident_is_one_alert_at_the_finest_level() {
        let all = vec![
            finding(Level::Source, 0, "source", 110.0),
            finding(Level::Template, 7, "t", 100.0),
            finding(Level::TemplateEntity, 7, "t/ip", 90.0),
            finding(Level::TemplateEntity, 7, "t/other", 5.0),
            finding(Level::Host, 0, "host", 95.0),
        ];
        let joined = join(all.clone());
        assert_eq!(joined.len(), 1);
        assert_eq!(joined[0].lead.episode, "t/ip");
        assert_eq!(joined[0].also.len(), 4);
        let mut reversed = all;
        reversed.reverse();
        assert_eq!(join(reversed), joined);
    }

    #[test]
    fn what_nothing_explains_stands_alone() {
        let joined = join(vec![
            finding(Level::Template, 7, "t", 10.0),
            finding(Level::Source, 0, "source", 500.0),
            finding(Level::Host, 0, "drop", -50.0),
            finding(Level::Event, 9, "new", 1.0),
        ]);
        assert_eq!(joined.len(), 4);
    }

    #[test]
    fn silence_is_not_explained_by_a_drop() {
        let mut silent = finding(Level::Host, 0, "host", -3.0);
        silent.lead.kind = SILENCE.to_owned();
        let joined = join(vec![finding(Level::Template, 7, "t", -50.0), silent]);
        assert_eq!(joined.len(), 2);
    }

    #[test]
    fn what_only_names_never_alerts() {
        let mut names = finding(Level::TemplateEntity, 7, "t/ip", 90.0);
        names.decides = false;
        names.lead.probability = 1.0;
        assert!(join(vec![names.clone()]).is_empty());
        let joined = join(vec![names, finding(Level::Template, 7, "t", 100.0)]);
        assert_eq!(joined.len(), 1);
        assert_eq!(joined[0].lead.episode, "t/ip");
        assert_eq!(joined[0].lead.probability, 1e-9);
    }
}
