//! The dataflow on one page, in the order of the diagram.
//!
//! ```text
//! ingress ─► parse ─► leaves ─┬─► series ─┬─► calibrate ─► tables
//!                             │           └─► decide ◄────────┘
//!                             ├─► newness ───────┐   │
//!                             ├─► findings ──────┤   │
//!                             └─► facts          ▼   ▼
//!                                             budget ─► episodes ─► alerts
//! ```
//!
//! `parse` is stateless and runs where the record is; everything after it is keyed and in order.

use crate::combine::representative;
use crate::decide::Decide;
use crate::engine::Parts;
use crate::folds::leaves::{LeafOut, Leaves};
use crate::folds::newness::NewnessIn;
use crate::folds::series::SeriesOut;
use crate::folds::{budget, calibrate, episodes, facts, newness, series};
use crate::keyed::keyed;
use crate::parse::parse;
use crate::rec::{Rec, Time};
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
    let learnt =
        keyed(events, Leaves::new(&settings, parts.tally, rules, &parts.shared, &env), &env);

    let (counts, learnt) = split(learnt, |out| match out {
        LeafOut::Series(sum) => Ok(sum),
        other => Err(other),
    });
    let (sightings, learnt) = split(learnt, |out| match out {
        LeafOut::Fact(sum) => Ok(sum),
        other => Err(other),
    });
    let (news, values) = split(learnt, |out| match out {
        LeafOut::News(sum) => Ok(NewnessIn::Sum(sum)),
        LeafOut::Founded(founded) => Ok(NewnessIn::Founded(founded)),
        LeafOut::Finding(finding) => Err(finding),
        LeafOut::Series(_) | LeafOut::Fact(_) => unreachable!("taken out just above"),
    });

    let changes = keyed(sightings, facts::Facts::new(&settings, &parts.shared, &env), &env);
    let templates = keyed(news, newness::NewnessFold::new(&settings, &parts.shared, &env), &env);

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
