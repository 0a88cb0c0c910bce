//! The way out: alerts leave the dataflow through a channel that never blocks a worker.
//!
//! In a cluster all of them leave it through the first process.

use crate::rec::{Rec, Time};
use seerflow_model::Alert;
use timely::container::CapacityContainerBuilder;
use timely::dataflow::StreamVec;
use timely::dataflow::channels::pact::Pipeline;
use timely::dataflow::operators::Exchange;
use timely::dataflow::operators::generic::Operator;

/// Where alerts go.
pub struct Outlet {
    /// The channel.
    pub to: flume::Sender<Alert>,
    /// Whether those of all workers leave through the first one.
    pub gather: bool,
}

/// Sends each revision of an alert as it is made; the receiving side bounds, counts and sorts.
pub fn sink<'s>(
    alerts: StreamVec<'s, Time, Rec<Alert>>,
    outlet: Outlet,
) -> StreamVec<'s, Time, ()> {
    let Outlet { to, gather } = outlet;
    let alerts = if gather { alerts.exchange(|_| 0) } else { alerts };
    alerts.unary::<CapacityContainerBuilder<Vec<()>>, _, _, _>(Pipeline, "alerts", move |_, _| {
        move |input, _output| {
            input.for_each_time(|_cap, data| {
                for rec in data.flat_map(|container| container.drain(..)) {
                    // Nobody listens any more only when the process ends.
                    let _ = to.send(rec.data);
                }
            });
        }
    })
}
