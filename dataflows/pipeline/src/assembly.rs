//! What the engine is put together from: what its workers share, and the parts of each.

use crate::cluster::{Cluster, PORTS_MAX, Peers, Place};
use crate::engine::{Failed, Options, Parts, Shared};
use crate::env::{End, Env};
use crate::feed::LaneReceiver;
use crate::flow::Flow;
use crate::matching::Matching;
use crate::meters::Meters;
use crate::parse::{Noticed, Parse};
use crate::ports::Tally;
use crate::profile::Profile;
use crate::sink::Outlet;
use crate::source::Ingress;
use crate::views::Views;
use seerflow_model::Alert;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use timely::dataflow::ProbeHandle;

pub(crate) fn shared(
    options: &Options,
    cluster: Option<&Cluster>,
    alerts: flume::WeakSender<Alert>,
) -> Result<Shared, Failed> {
    let (threads, ports) = (options.workers, options.ports);
    let peers = cluster.map(|cluster| {
        Arc::new(Peers::new(cluster.process, cluster.sockets.len(), threads, ports))
    });
    let place = Place(peers.clone());
    let (processes, first) = (place.processes(), place.first_worker());
    if ports * processes > PORTS_MAX {
        let what = format!("{ports} ports in {processes} processes are too many");
        return Err(Failed::new(what));
    }
    let noticed = match &peers {
        None => Noticed::default(),
        Some(_) => {
            let first = place.first_port() as u16;
            Noticed::of_cluster(first..first.saturating_add(ports as u16))
        }
    };
    Ok(Shared {
        views: Arc::new(Views::of_cluster(threads * processes, first..first + threads)),
        flow: Arc::new(Flow::of_cluster(threads, processes, options.held_bytes_max)),
        noticed: Arc::new(noticed),
        budget_held: Arc::default(),
        desk: options.desk.clone(),
        rules: options.rules_desk.clone(),
        held_by_marks: Arc::default(),
        worker_cpu: Arc::new((0..threads).map(|_| AtomicU64::new(0)).collect()),
        done: Arc::new((0..threads).map(|_| AtomicU64::new(0)).collect()),
        alerts,
        meters: Meters::default(),
        profile: Profile::default(),
        ports: Arc::new((0..ports).map(|_| Arc::default()).collect()),
        peers,
        observer: options.observer.clone(),
        failed: Arc::default(),
    })
}

pub(crate) fn parts(
    options: &Options,
    shared: &Shared,
    end: &Arc<End>,
    local: usize,
    lane: LaneReceiver,
    probe: &ProbeHandle<u64>,
    to: flume::Sender<Alert>,
) -> Parts {
    let place = Place(shared.peers.clone());
    let gather = shared.peers.is_some();
    Parts {
        env: Env {
            worker: place.first_worker() + local,
            workers: options.workers * place.processes(),
            end: end.clone(),
            cut: options.cut.clone(),
            restore: None,
            gap: options.gap,
            group_keys_max: Some(options.settings.bounds.keys),
            meters: shared.meters.clone(),
        },
        settings: options.settings.clone(),
        ingress: Ingress {
            lane,
            ports: shared.ports.clone(),
            flow: shared.flow.clone(),
            end: end.clone(),
            worker: local,
            probe: probe.clone(),
            sources: gather.then(ProbeHandle::new),
        },
        parse: Parse {
            parser: (options.parser)(),
            matching: Matching::new(options.rules_desk.clone()),
            rules: options.rules.clone(),
            ports: shared.ports.clone(),
            first_port: place.first_port() as u16,
            flow: shared.flow.clone(),
            noticed: shared.noticed.clone(),
        },
        keeper: options.keepers.as_ref().map(|make| make(local)),
        tally: Tally::new(shared.ports.clone(), shared.peers.clone()),
        shared: shared.clone(),
        desk: (local == 0).then(|| options.desk.clone()),
        alerts: Outlet { to, gather },
    }
}
