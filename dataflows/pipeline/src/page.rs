//! The dataflow on one page, in the order of the diagram.
//!
//! ```text
//! ingress ─► parse ─► leaves ─┬─► facts
//!                             ├─► merges ─┬─► aliases ─┐
//!                             │           └─► newness  │
//!                             ├─► counts ──────────► resolve ─┬► series ──────┐
//!                             │                         │     └► kinds (of entities)
//!                             ├─► moments ─────────►    │ ─► content ─► walks │
//!                             └─► findings ────────►    │     chains ◄──┤     │
//!                                                       │        └─► entities │
//!                                                       │               │     ├─► calibrate ─► tables
//!                                                       │            judge    │                  │
//!                                                       │               │  decide ◄──────────────┘
//!                                    newness ─────► guide ◄─────────────┴─────┘
//!                                                       │ ◄── marks, verdicts
//!          rules ─► correlations                       budget ◄── kinds
//!                       │     weak kinds ──►              │
//!                       └─────────────────────────────► share ─► risk ─► episodes ─► alerts
//! ```
//!
//! `parse` is stateless and runs where the record is; everything after it is keyed and in order.

use crate::combine::representative;
use crate::decide::{self, Decide};
use crate::engine::Parts;
use crate::folds::content::ContentOut;
use crate::folds::entities::EntitiesOut;
use crate::folds::leaves::{LeafOut, Leaves};
use crate::folds::merges::MergesOut;
use crate::folds::newness::NewnessIn;
use crate::folds::series::SeriesOut;
use crate::folds::walks::WalksOut;
use crate::folds::{
    budget, calibrate, chains, content, entities, episodes, facts, kinds, merges, newness, peers,
    risk, series, sessions, stories, walks,
};
use crate::guide::guided;
use crate::handover::handed;
use crate::judge::Judge;
use crate::keyed::{keyed, keyed_knowing};
use crate::matching::{Hit, correlated};
use crate::parse::parse;
use crate::rec::{Rec, Time};
use crate::resolve::Resolve;
use crate::share::{self, Heard, Shared};
use crate::sink::sink;
use crate::source::ingress;
use crate::split::split;
use crate::table::with_table;
use timely::dataflow::operators::vec::Map;
use timely::dataflow::operators::{Concat, Concatenate, Probe};
use timely::dataflow::{ProbeHandle, Scope};

/// Builds the dataflow of one worker. The same graph on every worker, in the same order.
pub fn build<'s>(scope: Scope<'s, Time>, parts: Parts, probe: &ProbeHandle<Time>) {
    let env = parts.env.clone();
    let settings = parts.settings.clone();
    let first = parts.desk.is_some();

    let rules = parts.parse.rules.clone();
    let records = ingress(scope, parts.ingress);
    let (events, hits) = parse(records, parts.parse);
    let leaves = Leaves::new(&settings, parts.tally, rules, &parts.shared, &env);
    let learnt = keyed(events, leaves.keeping(parts.keeper), &env);

    let (sightings, learnt) = split(learnt, |out| match out {
        LeafOut::Fact(sum) => Ok(sum),
        other => Err(other),
    });
    let (told, learnt) = split(learnt, |out| match out {
        LeafOut::Told(told) => Ok(*told),
        other => Err(other),
    });
    let (value_scores, learnt) = split(learnt, |out| match out {
        LeafOut::Partial(sum) => Ok(sum),
        other => Err(other),
    });
    let (sums, judged) = split(learnt, |out| match out {
        LeafOut::News(sum) => Ok(NewnessIn::Sum(sum)),
        other => Err(other),
    });

    let changes = keyed(sightings, facts::Facts::new(&settings, &parts.shared, &env), &env);
    let (found, aliases) =
        split(keyed(told, merges::Merges::new(&parts.shared, &env), &env), |out| match out {
            MergesOut::News(news) => Ok(news),
            MergesOut::Table(table) => Err(table),
        });
    let news = scope.concatenate([sums, found]);
    let templates = keyed(news, newness::NewnessFold::new(&settings, &parts.shared, &env), &env);

    let resolve = Resolve { bucket: settings.bucket };
    let judged = with_table(judged, aliases, "resolve", &env, move |tables, rec, out| {
        resolve.resolve(tables, rec, out);
    });
    let (moments, judged) = split(judged, |out| match out {
        LeafOut::Moment(moment) => Ok(moment),
        other => Err(other),
    });
    let (counts, values) = split(judged, |out| match out {
        LeafOut::Series(sum) => Ok(sum),
        LeafOut::Finding(finding) => Err(finding),
        _ => unreachable!("taken out above"),
    });

    let of_entities = counts.clone().flat_map(|rec| kinds::of_entity(&rec));
    let odd = keyed(of_entities, kinds::KindsFold::new(&settings), &env);
    let level = settings.candidate_level();
    let (kinds, weak) = split(odd, move |finding| match finding.lead.probability <= level {
        true => Ok(finding),
        false => Err(Box::new(Heard::weak(finding))),
    });
    let weak = weak.map(|Rec { order, key, data }| Rec { order, key, data: *data });

    let (volumes, counted) =
        split(keyed(counts, series::SeriesFold::new(&settings), &env), |out| match out {
            SeriesOut::Score(score) => Ok(score),
            other => Err(other),
        });
    let (volume_scores, counted) = split(counted, |out| match out {
        SeriesOut::Partial(sum) => Ok(sum),
        other => Err(other),
    });
    let counted = counted.flat_map(|Rec { order, key, data }| match data {
        SeriesOut::Peers(data) => Some(Rec { order, key, data }),
        SeriesOut::Score(_) | SeriesOut::Partial(_) => None,
    });
    let usual = keyed(counted, peers::Peers, &env);
    let volumes = with_table(volumes, usual, "young", &env, decide::young);
    let (moments, content_scores) =
        split(keyed(moments, content::ContentFold::new(&settings), &env), |out| match out {
            ContentOut::Moment(moment) => Ok(moment),
            ContentOut::Partial(sum) => Err(sum),
        });
    let (walked, steps) =
        split(keyed(moments, walks::Walks::new(&settings), &env), |out| match out {
            WalksOut::Walked(walked) => Ok(walked),
            WalksOut::Part(sum) => Err(sum),
        });
    let habits = keyed(steps, chains::Chains, &env);
    let entities = entities::Entities::new(&settings);
    let (judged, entity_scores) =
        split(keyed_knowing(walked, habits, entities, &env), |out| match out {
            EntitiesOut::Partial(sum) => Err(sum),
            other => Ok(other),
        });
    let (ended, moments) = split(judged, |out| match out {
        EntitiesOut::Ended(ended) => Ok(ended),
        other => Err(other),
    });
    let sessions = keyed(ended, sessions::SessionFold, &env);
    let moments = moments.concat(sessions.map(|Rec { order, key, data }| Rec {
        order,
        key,
        data: EntitiesOut::Session(data),
    }));

    let scores = scope.concatenate([value_scores, volume_scores, content_scores, entity_scores]);
    let tables = keyed(scores, calibrate::Calibrate::new(&settings, &parts.shared, &env), &env);
    let decide = Decide::new(&settings, &parts.shared, &env);
    let volumes = with_table(volumes, tables.clone(), "decide", &env, move |tables, rec, out| {
        decide.decide(tables, rec, out);
    });
    let judge = Judge::new(&settings, &parts.shared, &env);
    let events = with_table(moments, tables, "judge", &env, move |tables, rec, out| {
        judge.judge(tables, rec, out);
    });

    let values = values.map(|Rec { order, key, data }| Rec { order, key, data: *data });
    let candidates = scope.concatenate([values, templates, volumes, events, kinds]);
    let candidates = guided(candidates, parts.desk, env.worker, representative(0));
    let admitted = keyed(candidates, budget::BudgetFold::new(&settings, &parts.shared), &env);
    let (matched, feeds) = split(hits, |hit| match hit {
        Hit::Said(said) => Ok(said),
        Hit::Fed(fed) => Err(fed),
    });
    let rules = &parts.shared.rules;
    let (feeds, open) = handed(feeds, rules.clone(), first);
    let said = matched.concat(correlated(feeds, rules, &env));
    let ruled = keyed(said, stories::Stories, &env);

    let tags = settings.tags.clone();
    let ruled = ruled.map(|Rec { order, key, data }| Rec { order, key, data: Heard::ruled(data) });
    let heard = scope
        .concatenate([admitted, weak, ruled])
        .flat_map(move |rec| share::share(tags.as_ref(), rec));
    let (shares, alone) = split(heard, |shared| match shared {
        Shared::Risk(given) => Ok(given),
        Shared::Alone(told) => Err(told),
    });
    let ranked = keyed(shares, risk::RiskFold::new(&settings), &settings.risk.bounded(&env));
    let alone = alone.map(|Rec { order, data, .. }| Rec {
        order,
        key: episodes::key_of(&data.finding),
        data: *data,
    });
    let told = ranked.concat(alone).map(episodes::evidence);
    let alerts = keyed(told.concat(open), episodes::Episodes::new(&settings), &env);

    sink(alerts, parts.alerts).probe_with(probe);
    changes.probe_with(probe);
}
