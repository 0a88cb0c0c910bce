//! The source and its lane.

use seerflow_model::time::TICK;
use seerflow_pipeline::env::End;
use seerflow_pipeline::feed::{Port, PortState, Work, lanes};
use seerflow_pipeline::flow::Flow;
use seerflow_pipeline::rec::Time;
use seerflow_pipeline::source::{Ingress, ingress};
use std::sync::{Arc, Mutex};
use timely::dataflow::ProbeHandle;
use timely::dataflow::operators::Probe;

/// Elements that come one after another.
const ELEMENTS: u64 = 50;

type Seen = Arc<Mutex<Vec<u64>>>;

/// An element that puts the next into the lane, promises on, and notes how far the source is.
fn element(n: u64, mut port: Port, flow: Arc<Flow>, seen: Seen) -> Work {
    Box::new(move || {
        seen.lock().unwrap().push(flow.frontier_ns().unwrap_or(0));
        if n == ELEMENTS {
            port.close();
            return Vec::new();
        }
        let next = element(n + 1, port.handle(), flow, seen);
        assert!(port.send_work(0, 0, 0, next).is_ok());
        port.promise(n * TICK);
        Vec::new()
    })
}

#[test]
fn a_lane_that_is_never_empty_does_not_keep_the_frontier_back() {
    let (senders, receivers) = lanes(1, 4);
    let states: Vec<_> = (0..2).map(|_| Arc::new(PortState::default())).collect();
    let (flow, end, seen) =
        (Arc::new(Flow::new(1, 1 << 20)), Arc::new(End::default()), Seen::default());
    let mut port = Port::new(0, senders.clone(), states[0].clone());
    let first = element(1, port.handle(), flow.clone(), seen.clone());
    assert!(port.send_work(0, 0, 0, first).is_ok());
    Port::new(1, senders, states[1].clone()).close();
    end.announce(ELEMENTS * TICK);
    let lane = Mutex::new(receivers.into_iter().next());
    let guards = timely::execute(timely::Config::process(1), move |worker| {
        let probe = ProbeHandle::<Time>::new();
        let source = Ingress {
            lane: lane.lock().unwrap().take().unwrap(),
            ports: Arc::new(states.clone()),
            flow: flow.clone(),
            end: end.clone(),
            worker: 0,
            probe: probe.clone(),
            sources: None,
        };
        worker.dataflow::<Time, _, _>(|scope| {
            ingress(scope, source).probe_with(&probe);
        });
        while !probe.done() {
            worker.step_or_park(None);
        }
    });
    guards.unwrap().join().into_iter().for_each(|worker| worker.unwrap());
    let seen = seen.lock().unwrap();
    assert_eq!(seen.len() as u64, ELEMENTS);
    // When an element is taken, what was promised before the one before it was taken is kept.
    let kept = (1..).zip(&*seen).skip(3).all(|(n, frontier)| *frontier >= (n - 3) * TICK);
    assert!(kept, "{seen:?}");
}
