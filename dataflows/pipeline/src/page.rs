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
use crate::folds::{budget, calibrate, episodes, facts, leaves, newness, series};
use crate::keyed::keyed;
use crate::parse::parse;
use crate::rec::{Rec, Time};
use crate::sink::sink;
use crate::source::ingress;
use crate::table::with_table;
use timely::dataflow::operators::vec::{Map, OkErr};
use timely::dataflow::operators::{Concatenate, Probe};
use timely::dataflow::{ProbeHandle, Scope};

/// Builds the dataflow of one worker. The same graph on every worker, in the same order.
pub fn build<'s>(scope: Scope<'s, Time>, parts: Parts, probe: &ProbeHandle<Time>) {
    let env = parts.env.clone();
    let settings = parts.settings.clone();

    let records = ingress(scope, parts.ingress);
    let events = parse(records, parts.parse);
    let learnt = keyed(events, Leaves::new(&settings, parts.tally, &parts.shared, &env), &env);

    let (counts, learnt) = learnt.ok_err(|rec: Rec<LeafOut>| match rec.data {
        LeafOut::Series(sum) => Ok(Rec { order: rec.order, key: rec.key, data: sum }),
        other => Err(Rec { order: rec.order, key: rec.key, data: other }),
    });
    let (sightings, learnt) = learnt.ok_err(|rec| match rec.data {
        LeafOut::Fact(sum) => Ok(Rec { order: rec.order, key: rec.key, data: sum }),
        other => Err(Rec { order: rec.order, key: rec.key, data: other }),
    });
    let (news, values) = learnt.ok_err(|rec| match rec.data {
        LeafOut::News(sum) => Ok(Rec { order: rec.order, key: rec.key, data: NewnessIn::Sum(sum) }),
        LeafOut::Founded(founded) => Ok(Rec { order: rec.order, key: rec.key, data: NewnessIn::Founded(founded) }),
        LeafOut::Finding(finding) => Err(Rec { order: rec.order, key: rec.key, data: *finding }),
        LeafOut::Series(_) | LeafOut::Fact(_) => unreachable!("taken out just above"),
    });

    let changes = keyed(sightings, facts::Facts::new(&settings, &parts.shared, &env), &env);
    let templates = keyed(news, newness::NewnessFold::new(&settings, &parts.shared, &env), &env);

    let volumes = series::SeriesFold::new(settings.bucket, settings.volume.clone());
    let (scores, partials) = keyed(counts, volumes, &env).ok_err(|rec| match rec.data {
        SeriesOut::Score(score) => Ok(Rec { order: rec.order, key: rec.key, data: score }),
        SeriesOut::Partial(sum) => Err(Rec { order: rec.order, key: rec.key, data: sum }),
    });
    let tables = keyed(partials, calibrate::Calibrate::new(&settings, &parts.shared, &env), &env);
    let decide = Decide { candidate_level: settings.candidate_level(), bucket: settings.bucket };
    let volumes = with_table(scores, tables, "decide", &env, move |tables, rec, out| {
        decide.decide(tables, rec, out);
    });

    let candidates = scope
        .concatenate([values, templates, volumes])
        .map(|rec| Rec { key: representative(0), ..rec });
    let admitted = keyed(candidates, budget::BudgetFold::new(&settings, &parts.shared), &env);
    let alerts = keyed(admitted, episodes::Episodes(settings.windows.clone()), &env);

    sink(alerts, parts.alerts).probe_with(probe);
    changes.probe_with(probe);
}

