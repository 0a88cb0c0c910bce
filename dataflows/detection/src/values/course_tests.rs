//! The course of numbers: what is seen, what is not, and that nothing breaks it.

use super::*;
use proptest::prelude::*;
use seerflow_model::hash::mix;

fn uniform(n: u64) -> f64 {
    ((mix(n) >> 11) + 1) as f64 / (1u64 << 53) as f64
}

fn normal(n: u64) -> f64 {
    let angle = std::f64::consts::TAU * uniform(2 * n + 1);
    (-2.0 * uniform(2 * n).ln()).sqrt() * angle.cos()
}

/// Tells the time and the number of a tick; what the course says of each.
fn follow(ticks: u64, number: impl Fn(u64, f64) -> f64) -> Vec<Reading> {
    let mut course = Course::default();
    (0..ticks)
        .map(|n| {
            let at = n * TICK_NS;
            let turn = (at % DAY_NS) as f64 / DAY_NS as f64 * std::f64::consts::TAU;
            course.observe(at, number(n, turn.sin()))
        })
        .collect()
}

/// The most that is told from a tick on, and the most before it.
fn told(readings: &[Reading], from: usize, to: usize) -> (f64, f64) {
    let most =
        |part: &[Reading]| part.iter().filter_map(|reading| reading.told).fold(0.0, f64::max);
    (most(&readings[from..to]), most(&readings[300..from]))
}

#[test]
fn breaks_of_many_kinds_are_told_and_their_aspect_is_the_right_one() {
    type Number = fn(u64, f64) -> f64;
    type Part = fn(&Reading) -> Option<f64>;
    let level: Part = |reading| reading.level;
    let course: Part = |reading| reading.course;
    let unrest: Part = |reading| reading.unrest;
    let frozen: Part = |reading| reading.frozen;
    let cases: [(&str, Number, Part, usize); 6] = [
        ("a spike", |n, _| 50.0 + normal(n) + if n == 6000 { 15.0 } else { 0.0 }, course, 2),
        ("a shift", |n, _| 50.0 + normal(n) + if n >= 6000 { 3.0 } else { 0.0 }, level, 25),
        ("a ramp", |n, _| 50.0 + normal(n) + 0.05 * n.saturating_sub(6000) as f64, level, 180),
        ("a wild noise", |n, _| 50.0 + normal(n) * if n >= 6000 { 4.0 } else { 1.0 }, unrest, 40),
        ("a frozen one", |n, _| if n >= 6000 { 50.3 } else { 50.0 + normal(n) }, frozen, 40),
        // 6,000 minutes are the fourth day's morning: usual at noon and at night, not now.
        (
            "a season's break",
            |n, day| 100.0 + 50.0 * if n >= 6000 { -day } else { day } + normal(n),
            course,
            10,
        ),
    ];
    for (name, number, part, within) in cases {
        let readings = follow(6200, number);
        let (now, before) = told(&readings, 6000, 6000 + within);
        assert!(now > 8.5 && now > before, "{name}: {now} after {before}");
        let of = |reading: &Reading| part(reading).unwrap_or(0.0);
        let most = readings[6000..6000 + within].iter().map(of).fold(0.0, f64::max);
        assert!(most > 9.0, "{name}: {most}");
    }
}

#[test]
fn a_shift_that_stays_is_told_a_few_times_and_then_usual() {
    let readings = follow(9000, |n, _| 50.0 + normal(n) + if n >= 6000 { 20.0 } else { 0.0 });
    let loud = |reading: &&Reading| reading.told.is_some_and(|nats| nats > 9.0);
    assert!((1..=12).contains(&readings[6000..6060].iter().filter(loud).count()));
    assert_eq!(readings[6060..].iter().filter(loud).count(), 0);
}

#[test]
fn the_numbers_behind_a_reading_are_given() {
    let readings = follow(2000, |n, _| if n == 1999 { 80.0 } else { 50.0 + normal(n) });
    let last = readings[1999];
    assert!((last.expected.unwrap() - 50.0).abs() < 2.0, "{last:?}");
    assert!(last.deviation.unwrap() > 15.0 && last.course.unwrap() > 15.0);
    assert_eq!(last.previous, Some(50.0 + normal(1998)));
    assert!(readings[..TELL_FROM as usize].iter().all(|reading| reading.told.is_none()));
}

#[test]
fn a_constant_and_mixed_sources_say_nothing() {
    let readings = follow(5000, |_, _| 7.0);
    assert!(readings.iter().all(|reading| reading.told.unwrap_or(0.0) < 1.0));
    // Ten sources in turn by chance, each steady at a level of its own.
    let readings = follow(20_000, |n, _| (mix(n) % 10 * 100) as f64 + normal(n));
    let loud = readings.iter().filter(|reading| reading.told.unwrap_or(0.0) > 9.2).count();
    assert!(loud <= 8, "{loud} of 20,000");
}

fn any_number() -> impl Strategy<Value = f64> {
    prop_oneof![
        4 => -1e3f64..1e3,
        2 => (0u32..5).prop_map(f64::from),
        1 => any::<f64>().prop_filter("finite", |x| x.is_finite()),
        1 => Just(f64::MAX),
        1 => Just(-f64::MAX),
    ]
}

proptest! {
    #[test]
    fn any_numbers_at_any_times_are_harmless_and_state_goes_on_alike(
        numbers in prop::collection::vec((any_number(), 0u64..400), 250..600),
        cut in 0usize..600, times in any::<bool>(),
    ) {
        let mut course = Course::default();
        let mut restored = None::<Course>;
        let mut at = 0u64;
        for (n, &(number, gap)) in numbers.iter().enumerate() {
            if n == cut.min(numbers.len() - 1) {
                let bytes = bincode::serialize(&course).unwrap();
                restored = Some(bincode::deserialize(&bytes).unwrap());
            }
            // Times that fall, and the last time there is, too.
            let back = if gap % 7 == 0 { 3 * TICK_NS } else { 0 };
            at = (at + gap * 1_000_000_000).saturating_sub(back);
            let at = if times && gap == 399 { u64::MAX } else { at };
            let reading = course.observe(at, number);
            let parts = [reading.course, reading.level, reading.unrest, reading.frozen, reading.told];
            prop_assert!(parts.iter().flatten().all(|nats| (0.0..200.0).contains(nats)), "{reading:?}");
            let behind = [reading.expected, reading.deviation];
            prop_assert!(behind.iter().flatten().all(|x| x.is_finite()), "{reading:?}");
            if let Some(restored) = &mut restored {
                prop_assert_eq!(restored.observe(at, number), reading);
            }
        }
        prop_assert!(course.heap_bytes() <= 2560, "{}", course.heap_bytes());
    }

    #[test]
    fn farther_is_never_less_rare(
        distances in prop::collection::vec(0.0f64..50.0, 0..300), a in 0.0f64..5000.0, b in 0.0f64..5000.0,
    ) {
        let mut tail = Tail::default();
        for &distance in &distances {
            tail.look();
            tail.add(distance);
        }
        let (near, far) = (tail.nats(a.min(b)), tail.nats(a.max(b)));
        prop_assert!(near <= far + 1e-9, "{near} {far}");
        // Never rarer than the share of what was seen beyond, within the width of a bin.
        let beyond = distances.iter().filter(|&&d| d >= 1.2 * a).count();
        if beyond > 0 {
            let share = (beyond as f64) / (distances.len() as f64 + 1.0);
            prop_assert!((-tail.nats(a)).exp() >= share - 1e-9);
        }
    }

    #[test]
    fn a_number_farther_out_is_never_less_odd(seed in 0u64..1000, a in 0.0f64..300.0, b in 0.0f64..300.0) {
        let mut course = Course::default();
        for n in 0..400 {
            course.observe(n * TICK_NS, 50.0 + normal(seed * 1000 + n));
        }
        let odd = |off: f64| {
            let expected = course.clone().observe(400 * TICK_NS, 50.0).expected.unwrap();
            course.clone().observe(400 * TICK_NS, expected + off).course.unwrap()
        };
        prop_assert!(odd(a.min(b)) <= odd(a.max(b)) + 1e-9);
        prop_assert!(odd(-a.min(b)) <= odd(-a.max(b)) + 1e-9);
    }
}
