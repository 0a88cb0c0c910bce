//! How many workers run.

use super::args::WorkerArgs;
use crate::config::Engine;

/// Most workers that are taken without being asked for: beyond it most logs gain nothing.
const DEFAULT_MAX: usize = 8;

/// `--workers`, else `engine.workers`, else the CPUs that the process may use, at most 8.
pub fn count(args: &WorkerArgs, engine: &Engine) -> usize {
    let asked = args.workers.map(usize::from).or(engine.workers);
    asked.unwrap_or_else(|| {
        // It honours affinity and the quota of a control group; where it cannot tell, one is safe.
        std::thread::available_parallelism().map_or(1, |cpus| cpus.get().min(DEFAULT_MAX))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    #[test]
    fn the_argument_wins() {
        let mut engine = Config::default().engine;
        assert!((1..=DEFAULT_MAX).contains(&count(&WorkerArgs::default(), &engine)));
        engine.workers = Some(5);
        assert_eq!(count(&WorkerArgs::default(), &engine), 5);
        assert_eq!(count(&WorkerArgs { workers: Some(3) }, &engine), 3);
    }
}
