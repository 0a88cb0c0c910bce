//! The dataflow on one page, in the order of the diagram.
//!
//! ```text
//! ingress ─► parse ─► leaves ─┬─► facts
//!                             ├─► merges ─┬─► aliases ─┐
//!                             │           └─► newness  │
//!                             ├─► counts ──────────► resolve ─► series ─┬─► calibrate ─► tables
//!                             └─► findings ────────►    │               └─► decide ◄───────┘
//!                                                       ▼                      │
//!                                    newness ─────► budget ◄───────────────────┘
//!                                                       └─► episodes ─► alerts
//! ```
//!
//! `parse` is stateless and runs where the record is; everything after it is keyed and in order.

use crate::combine::representative;
use crate::decide::Decide;
use crate::engine::Parts;
use crate::folds::leaves::{LeafOut, Leaves};
use crate::folds::merges::MergesOut;
use crate::folds::newness::NewnessIn;
use crate::folds::series::SeriesOut;
use crate::folds::{budget, calibrate, episodes, facts, merges, newness, series};
use crate::keyed::keyed;
use crate::parse::parse;
use crate::rec::{Rec, Time};
use crate::resolve::Resolve;
use crate::sink::sink;
use crate::source::ingress;
use crate::split::split;
use crate::table::with_table;
use timely::dataflow::operators::vec::Map;
use timely::dataflow::operators::{Concatenate, Probe};
use timely::dataflow::{ProbeHandle, Scope};

/// Builds the dataflow of one worker. The same graph on every worker, in the same order.
pub fn build<'s>(scope: Scope<'s, Time>, parts: Parts, probe: &ProbeHandle<Time>) {
    let env = parts.env.clone();
    let settings = parts.settings.clone();

    let rules = parts.parse.rules.clone();
    let records = ingress(scope, parts.ingress);
    let events = parse(records, parts.parse);
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
    let (counts, values) = split(judged, |out| match out {
        LeafOut::Series(sum) => Ok(sum),
        LeafOut::Finding(finding) => Err(finding),
        LeafOut::Fact(_) | LeafOut::Told(_) | LeafOut::News(_) => unreachable!("taken out above"),
    });

    let volumes = series::SeriesFold::new(&settings);
    let (scores, partials) = split(keyed(counts, volumes, &env), |out| match out {
        SeriesOut::Score(score) => Ok(score),
        SeriesOut::Partial(sum) => Err(sum),
    });
    let tables = keyed(partials, calibrate::Calibrate::new(&settings, &parts.shared, &env), &env);
    let decide = Decide::new(&settings, &parts.shared, &env);
    let volumes = with_table(scores, tables, "decide", &env, move |tables, rec, out| {
        decide.decide(tables, rec, out);
    });

    let unboxed = values.map(|Rec { order, key, data }| Rec { order, key, data: *data });
    let candidates = scope
        .concatenate([unboxed, templates, volumes])
        .map(|rec| Rec { key: representative(0), ..rec });
    let admitted = keyed(candidates, budget::BudgetFold::new(&settings, &parts.shared), &env);
    let alerts = keyed(admitted, episodes::Episodes(settings.windows.clone()), &env);

    sink(alerts, parts.alerts).probe_with(probe);
    changes.probe_with(probe);
}
