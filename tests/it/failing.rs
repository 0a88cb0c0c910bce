//! A worker that fails ends the engine, which says so, instead of waiting for it for ever.

use crate::support::engine::{self, How};
use crate::support::world::{self, Shape};
use seerflow::runtime::batch;
use seerflow_model::Event;
use seerflow_pipeline::parse::DropRules;
use std::sync::Arc;
use std::time::Duration;

/// A bug in a rule, met in the middle of the log.
pub struct Broken;

impl DropRules for Broken {
    fn reason(&self, event: &Event) -> Option<&str> {
        assert!(event.seq != 500, "a bug of ours, made for this test");
        None
    }

    fn reason_by_template(&self, _: &Event, _: u64, _: &str) -> Option<&str> {
        None
    }
}

#[test]
fn a_failing_worker_ends_the_engine() {
    let folder = tempfile::tempdir().unwrap();
    let shape = Shape { seed: 4, minutes: 20, busy: 2.0, entities: 20 };
    let paths = world::write(folder.path(), &world::generate(shape));
    for workers in 1..=3 {
        for planned in [true, false] {
            let paths = paths.clone();
            let (done, result) = std::sync::mpsc::channel();
            std::thread::spawn(move || {
                let small = engine::chunk(10_000, 200);
                let how = How { workers, chunk: small, ..How::default() };
                let rules = engine::rules(&engine::config());
                let mut options = engine::options(&how, &rules);
                options.rules = Some(Arc::new(Broken));
                let inputs = match planned {
                    true => engine::planned(&paths, &how, &rules),
                    false => engine::once(&paths, &how, &rules),
                };
                let _ = done.send(batch::run(inputs, options, |_, _| {}).map(|_| ()));
            });
            let result = result.recv_timeout(Duration::from_secs(30));
            let failed = result.expect("the engine ends").expect_err("and says that it failed");
            assert!(failed.to_string().contains("worker"), "{failed}");
        }
    }
}
