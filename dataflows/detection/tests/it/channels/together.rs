//! All channels of an event, combined.

use super::{LEVELS, Meter, Pool, SOURCES, WAYS, normal};
use crate::chain::effort;
use crate::streams::Rng;
use seerflow_detection::combine::combine;
use seerflow_detection::halfspace::{Content, ContentConfig};
use seerflow_detection::sequence::{Chain, SequenceConfig, Walk};
use seerflow_detection::values::{Value, ValueConfig, ValueModel};

#[test]
fn together_the_channels_keep_the_rate_and_find_what_one_of_them_sees() {
    let mut pool = Pool::default();
    let (mut named, mut put) = (0, 0);
    for seed in 0..effort(4, 20) {
        let mut rng = Rng(seed * 41 + 2);
        let mut meters: [Meter; 3] = Default::default();
        let mut content = Content::new(seed);
        let mut model = ValueModel::default();
        let (mut peers, mut fresh) = (Chain::default(), Chain::default());
        let mut walk = Walk::default();
        let mut last = [0u64; 2];
        let mut now = 0;
        let mut both = Meter::default();
        for n in 0..effort(30_000, 60_000) {
            // From 20,000 on something odd every thousand events, one channel's each.
            let odd = (n >= 20_000 && n % 1000 == 999).then_some(n / 1000 % 3);
            let mut observation = SOURCES[1].1(&mut rng, n);
            let mut size = format!("{:.0}", 4000.0 * (0.7 * normal(&mut rng)).exp());
            let mut symbol = WAYS[0].1(&mut rng, last);
            match odd {
                Some(0) => (observation.parameters, observation.numbers) = (40, 38),
                Some(1) => size = "99000000".to_string(),
                Some(_) => symbol = 5_000_000 + n,
                None => {}
            }
            now += observation.gap_ns;
            last = [last[1], symbol];
            let scores = [
                content.observe(&ContentConfig::default(), now, &observation).map(|s| s.surprise),
                model.observe(&ValueConfig::default(), now, &Value::of(&size)).map(|s| s.surprise),
                walk.observe(&SequenceConfig::default(), &peers, &mut fresh, now, symbol)
                    .map(|loss| loss.nats),
            ];
            if n % 1000 == 0 {
                peers.absorb(&std::mem::take(&mut fresh));
            }
            let mut channels = [(None, 0.3), (None, 0.25), (None, 0.25)];
            for ((channel, meter), score) in channels.iter_mut().zip(&mut meters).zip(scores) {
                if let Some(nats) = score {
                    channel.0 = meter.p(nats);
                    meter.offer(nats);
                }
            }
            let Some(combined) = combine(&channels) else { continue };
            match odd {
                Some(kind) => {
                    put += 1;
                    named += u32::from(combined.driver as u64 == kind && combined.p <= 1e-2);
                }
                None => {
                    both.judged += 1;
                    for (found, level) in both.found.iter_mut().zip(LEVELS) {
                        *found += u64::from(combined.p <= level);
                    }
                }
            }
        }
        pool.add(&both);
    }
    pool.check("together", 0.3);
    println!("named {named} of {put}");
    assert!(named * 10 >= put * 9, "{named} of {put}");
}
