//! scratch
use seerflow::runtime::archive::*;
use seerflow_parsing::parser::Parser;
use seerflow_parsing::roles::RoleSet;
use seerflow_pipeline::{engine::Options, settings::Settings};
use std::sync::Arc;
fn main() {
    let mut args = std::env::args().skip(1);
    let workers: usize = args.next().unwrap().parse().unwrap();
    let risk: f64 = args.next().unwrap().parse().unwrap();
    let paths: Vec<_> = args.map(Into::into).collect();
    let t = std::time::Instant::now();
    let cpu = || {
        let t = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
        t.tv_sec as f64 + t.tv_nsec as f64 / 1e9
    };
    let (paths, problems) = seerflow::runtime::archive::paths::expand(&paths);
    for p in problems {
        eprintln!("{p}")
    }
    let plan = Plan::scan(&paths, &ScanOptions::default(), &|_: ScanProgress| {});
    eprintln!("scan {:?} cpu {:.3}", t.elapsed(), cpu());
    let mut settings = Settings::default();
    if risk > 0.0 {
        settings.budget.risk_level = risk;
        settings.budget.alerts_per_day = 0;
        settings.silence.level = risk
    }
    let options = Options {
        workers,
        ports: 1,
        lane_capacity: 2,
        held_bytes_max: 256 << 20,
        settings,
        parser: Arc::new(|| Parser::new(RoleSet::bundled(), None)),
        rules: None,
        thread_cpu: Some(Arc::new(|| {
            let t = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
            t.tv_sec as u64 * 1_000_000_000 + t.tv_nsec as u64
        })),
        cut: None,
        restore: None,
    };
    let o = seerflow::runtime::batch::run(plan, options, |_, _| {}).unwrap();
    for a in &o.alerts {
        println!("{}", serde_json::to_string(a).unwrap())
    }
    let n = o.shared.ports[0].processed.load(std::sync::atomic::Ordering::SeqCst);
    eprintln!(
        "{n} events, {} alerts, {:?} wall, cpu {:.3} s, {:.0}/cpu-s, templates {}, facts {:?}, held peak {:?}",
        o.alerts.len(),
        t.elapsed(),
        cpu(),
        n as f64 / cpu(),
        o.shared.views.templates().len(),
        o.shared.views.facts(),
        o.shared.flow.held()
    );
    eprintln!(
        "workers {:?} budget held {:?} tags {:?}",
        o.shared.worker_cpu,
        o.shared.budget_held,
        o.shared.noticed.tags()
    );
    eprintln!("progress {:?}", o.shared.views.progress());
    eprintln!(
        "rss {}",
        std::fs::read_to_string("/proc/self/status")
            .unwrap()
            .lines()
            .find(|l| l.starts_with("VmHWM"))
            .unwrap()
    );
}
