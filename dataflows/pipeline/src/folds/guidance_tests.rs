//! Tests of what people said.

use super::*;
use crate::finding::{Level, join, tests::finding};
use seerflow_detection::feedback::Word;
use seerflow_detection::marks::{MarkKind, Place, Scope};
use seerflow_model::time::SECOND;

fn mark(id: u128, kind: MarkKind, scope: &str, from: Ns, until: Ns) -> Guidance {
    Guidance::Mark(Mark { id, kind, scope: Scope::parse(scope).unwrap(), from, until })
}

fn found(kind: &str, program: &str, about: Ns, effective: Ns) -> Finding {
    let mut finding = finding(Level::Event, 7, "e", 1.0);
    (finding.lead.kind, finding.lead.about) = (kind.into(), about);
    finding.lead.effective = effective;
    finding.place.program = program.into();
    finding
}

fn held(guide: &Guide, finding: Finding) -> Option<u128> {
    let mut all = [finding];
    guide.tag(&mut all);
    all[0].held
}

#[test]
fn marks_hold_by_kind_place_and_time() {
    use MarkKind::{Deploy, Maintenance};
    let s = |n: u64| n * SECOND;
    for (kind, program, evidence, about, effective, want) in [
        (Deploy, "nginx", "new-template", 100, 100, true),
        (Deploy, "nginx", "new-template", 99, 99, false),
        (Deploy, "nginx", "new-template", 200, 200, false),
        (Deploy, "sshd", "new-template", 100, 100, false),
        (Deploy, "nginx", "beacon", 150, 150, false),
        // A bucket that a mark only touches, and one that surrounds it.
        (Deploy, "nginx", "burst", 60, 120, true),
        (Deploy, "nginx", "burst", 180, 240, true),
        (Deploy, "nginx", "drop", 0, 600, true),
        (Deploy, "nginx", "burst", 40, 100, false),
        (Deploy, "nginx", "burst", 200, 260, false),
        // A shift that is noticed later.
        (Deploy, "nginx", "level-shift", 180, 900, true),
        (Deploy, "nginx", "level-shift", 50, 900, false),
        // An old line that comes now, and a line of then that comes later.
        (Deploy, "nginx", "odd-content", 3, 150, true),
        (Deploy, "nginx", "odd-content", 150, 500, true),
        (Deploy, "nginx", "odd-content", 3, 500, false),
        (Deploy, "nginx", "silence", 150, 150, false),
        (Maintenance, "nginx", "silence", 50, 150, true),
        // One that goes on is told when the mark is over.
        (Maintenance, "nginx", "silence", 150, 260, false),
    ] {
        let mut guide = Guide::default();
        guide.take(mark(1, kind, "program=nginx", s(100), s(200)), 0);
        let finding = found(evidence, program, s(about), s(effective));
        let case = format!("{kind:?} {program} {evidence} {about} {effective}");
        assert_eq!(held(&guide, finding).is_some(), want, "{case}");
    }
}

#[test]
fn marks_are_replaced_end_and_make_room() {
    let mut guide = Guide::default();
    guide.take(mark(1, MarkKind::Deploy, "program=nginx", 10, 90), 1);
    guide.take(mark(2, MarkKind::Deploy, "program=nginx", 10, 50), 1);
    let at = |guide: &Guide, now| held(guide, found("new-value", "nginx", now, now));
    assert_eq!(at(&guide, 20), Some(1), "the one that lasts longest");
    guide.take(Guidance::End { mark: 1 }, 30);
    assert_eq!((at(&guide, 29), at(&guide, 30), at(&guide, 50)), (Some(2), Some(2), None));
    guide.take(mark(2, MarkKind::Deploy, "program=sshd", 10, 50), 31);
    assert_eq!(at(&guide, 40), None);
    for id in 0..2 * MARKS_MAX as u128 {
        guide.take(mark(100 + id, MarkKind::Deploy, "program=nginx", 40, 1_000 + id as u64), 40);
    }
    assert_eq!(guide.marks.len(), MARKS_MAX);
    assert_eq!(at(&guide, 1_000), Some(100 + 2 * MARKS_MAX as u128 - 1));
    guide.take(Guidance::End { mark: 9 }, 10_000 + AFTER);
    assert!(guide.marks.is_empty(), "what is long over is forgotten");
}

#[test]
fn what_is_held_is_counted_and_the_last_is_shown() {
    let (mut guide, shown) = (Guide::default(), HeldByMarks::default());
    guide.take(mark(1, MarkKind::Deploy, "program=nginx", 0, 90), 0);
    for n in 0..12u64 {
        let mut finding = found("burst", "nginx", n, n);
        finding.lead.episode = format!("e{}", n % 10);
        guide.hold(1, &finding, n);
    }
    guide.publish(&shown);
    let of = shown.of(1);
    assert_eq!((of.count, of.last.len(), shown.total(), guide.held()), (12, SHOWN_MAX, 12, 12));
    let last: Vec<(&str, u64)> = of.last.iter().map(|one| (one.episode.as_str(), one.at)).collect();
    assert_eq!(last[SHOWN_MAX - 3..], [("e9", 9), ("e0", 10), ("e1", 11)]);
    assert_eq!(shown.of(2), HeldBy::default());
}

#[test]
fn verdicts_weigh_until_they_expire() {
    let mut guide = Guide::default();
    let finding = found("burst", "nginx", 1, 1);
    let say = |guide: &mut Guide, alert, word, now| {
        let subject = subject_of(&found("burst", "nginx", 1, 1));
        guide.take(Guidance::Verdict { alert, subject, word, lasts: 100 }, now);
    };
    assert_eq!(guide.prior(&finding, 1), None);
    for alert in 0..3 {
        say(&mut guide, alert, Word::Wrong, 10);
    }
    let prior = guide.prior(&finding, 11).unwrap();
    assert_eq!((prior.wrong, prior.right, prior.factor), (3, 0, 4.0));
    say(&mut guide, 0, Word::Right, 20);
    assert_eq!(guide.prior(&finding, 21).unwrap().factor, 1.5);
    let mut other = finding.clone();
    other.lead.rule = "volume-drop".into();
    assert_eq!(guide.prior(&other, 21), None);
    assert_eq!(guide.prior(&finding, 120), None);
    for subject in 0..2 * SUBJECTS_MAX as u64 {
        let word = Word::Wrong;
        guide.take(Guidance::Verdict { alert: 1, subject, word, lasts: 9 }, 200 + subject);
    }
    assert_eq!(guide.verdicts.len(), SUBJECTS_MAX);
    assert_eq!(guide.verdicts.first_key_value().unwrap().0, &(SUBJECTS_MAX as u64));
}

/// What is joined is held only when the mark accounts for what leads and what decides beside it.
#[test]
fn joined_findings_are_held_together_or_not_at_all() {
    let series = |level, episode: &str, excess: f64, held: Option<u128>| Finding {
        held,
        ..finding(level, if level == Host { 0 } else { 7 }, episode, excess)
    };
    let one = |found: Vec<Finding>| {
        let joined = join(found);
        assert_eq!(joined.len(), 1);
        (joined[0].lead.episode.clone(), joined[0].held)
    };
    use Level::{Host, Template, TemplateEntity};
    let held = Some(5);
    // A coarse finding that a held one explains.
    let found = vec![series(Template, "t", 100.0, held), series(Host, "h", 120.0, None)];
    assert_eq!(one(found), ("t".into(), held));
    // Two entities of a template, of which the mark accounts for one.
    let two = |other| {
        vec![
            series(Template, "t", 100.0, held),
            series(TemplateEntity, "t/a", 70.0, held),
            series(TemplateEntity, "t/b", 30.0, other),
        ]
    };
    assert_eq!((one(two(held)).1, one(two(None)).1), (held, None));
    // A host whose lines become fewer in several marked templates.
    let missing = |template, held| Finding {
        entity: 5,
        host: 5,
        template,
        ..series(TemplateEntity, "m", -50.0, held)
    };
    let host = Finding { entity: 5, host: 5, ..series(Host, "h", -110.0, None) };
    let fewer = |other| vec![missing(7, held), missing(8, other), host.clone()];
    assert_eq!(one(fewer(held)), ("h".into(), held));
    assert_eq!(one(fewer(None)), ("h".into(), None));
}

#[test]
fn places_say_what_they_know() {
    let place = Place { host: "web-1".into(), ..Place::default() };
    let mut finding = found("burst", "", 10, 20);
    *finding.place = place;
    let mut guide = Guide::default();
    guide.take(mark(1, MarkKind::Deploy, "program=nginx,host=web-*", 0, 90), 0);
    assert_eq!(held(&guide, finding.clone()), None);
    guide.take(mark(2, MarkKind::Deploy, "host=web-*", 0, 90), 0);
    assert_eq!(held(&guide, finding), Some(2));
}
