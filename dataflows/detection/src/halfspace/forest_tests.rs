//! The reference table, an oracle, and what the content channel sees.

use super::*;
use crate::golden::Lcg;
use proptest::prelude::*;
use seerflow_model::hash::mix;

/// The stream of the reference table: two clusters and 3 % of anomalies.
fn clusters() -> Vec<(Point, bool)> {
    let mut lcg = Lcg(17);
    let mut stream = Vec::new();
    for at in 0..1200 {
        let odd = at > 300 && lcg.uniform() < 0.03;
        let centre = if at % 2 == 0 { [0.7, 0.5, 0.2] } else { [0.3, 0.3, 0.7] };
        let mut point = [0.5; FEATURES_MAX];
        for (place, centre) in point.iter_mut().zip(centre) {
            let value = if odd { lcg.uniform() } else { centre + 0.05 * lcg.normal() };
            *place = value.clamp(0.0, 1.0) as f32;
        }
        stream.push((point, odd));
    }
    stream
}

/// Cuts of three trees of height 4, made by River 0.26.1 (its own random numbers).
const CUTS: [(u32, f64); 45] = [
    (0, 0.7432036158560629),
    (2, 0.3285483180175952),
    (1, 0.8116894868877456),
    (1, 0.4646437453521166),
    (2, 0.6326735932709651),
    (2, 0.17141298812348746),
    (1, 0.8955783561134022),
    (1, 0.32622932214561173),
    (0, 0.12622810531449438),
    (1, 0.15147423734577747),
    (1, 0.6550780226385478),
    (0, 0.8790460092183118),
    (2, 0.5168036560594822),
    (0, 0.8215738062832854),
    (2, 0.49706856896729545),
    (0, 0.311606579078689),
    (1, 0.47172242601641345),
    (2, 0.4454748999729906),
    (1, 0.07785438703415057),
    (2, 0.7519625701567029),
    (2, 0.27584424860070156),
    (1, 0.5623015805877861),
    (2, 0.5395180258567034),
    (2, 0.28013438612630237),
    (0, 0.11930999287201748),
    (1, 0.8139587260261526),
    (0, 0.6980062286880133),
    (1, 0.742338192899819),
    (0, 0.5318360127640482),
    (2, 0.6894769233104385),
    (0, 0.534159132971707),
    (2, 0.622140081351629),
    (1, 0.2692444377989769),
    (1, 0.4572731410311942),
    (1, 0.17070247477683492),
    (2, 0.8374536462769739),
    (1, 0.8660723613836139),
    (1, 0.31776360092623634),
    (1, 0.6880832416009047),
    (0, 0.34312644656327346),
    (2, 0.8357173184223468),
    (2, 0.441951266800807),
    (2, 0.8882531674621492),
    (2, 0.47139221233746786),
    (0, 0.7827306161769945),
];

/// Scores by River, before learning each point, and their sum over all 1,200.
const SCORES: [(usize, f64); 30] = [
    (100, 0.6898924731182796),
    (137, 0.544516129032258),
    (174, 0.6219354838709678),
    (211, 0.5653763440860216),
    (248, 0.5795698924731183),
    (285, 0.5933333333333333),
    (322, 0.5873118279569893),
    (359, 0.5520430107526881),
    (396, 0.5873118279569893),
    (433, 0.5658064516129032),
    (470, 0.5658064516129032),
    (507, 0.6012903225806452),
    (544, 0.5827956989247312),
    (581, 0.6012903225806452),
    (618, 0.5791397849462365),
    (655, 0.5546236559139786),
    (692, 0.5774193548387097),
    (729, 0.5879569892473118),
    (766, 0.7251612903225806),
    (803, 0.6002150537634409),
    (840, 0.5739784946236559),
    (877, 0.6002150537634409),
    (914, 0.6535483870967742),
    (951, 0.5434408602150538),
    (988, 0.6492473118279569),
    (1025, 0.5759139784946237),
    (1062, 0.6081720430107527),
    (1099, 0.6799999999999999),
    (1136, 0.6574193548387097),
    (1173, 0.5731182795698925),
];
const SCORES_SUM: f64 = 664.4800000000009;

/// As the reference does it; 0 before the first window ended.
fn judge_and_learn(forest: &mut Forest, point: &Point) -> f64 {
    let judgement = forest.judge(point);
    forest.learn(point);
    judgement.map_or(0.0, |judgement| judgement.score)
}

#[test]
fn scores_are_those_of_the_reference() {
    let spec = Spec { seed: 0, trees: 3, height: 4, features: 3, wide: 3 };
    let mut forest = Forest::with_cuts(spec, &CUTS.map(|(feature, cut)| (feature, cut as f32)));
    let mut scores = Vec::new();
    for (at, (point, _)) in clusters().iter().enumerate() {
        scores.push(judge_and_learn(&mut forest, point));
        if at % 100 == 99 {
            forest.pivot();
        }
    }
    for (at, want) in SCORES {
        assert!((scores[at] - want).abs() < 1e-12, "{at}: {} want {want}", scores[at]);
    }
    assert!((scores.iter().sum::<f64>() - SCORES_SUM).abs() < 1e-9);
}

/// Area under the curve of scores from point 200 on, ties counted half.
fn area(scores: &[f64], labels: &[bool]) -> f64 {
    let of = |wanted: bool| {
        scores
            .iter()
            .zip(labels)
            .filter(move |(_, label)| **label == wanted)
            .map(|(score, _)| *score)
    };
    let (mut won, mut pairs) = (0.0, 0.0);
    for odd in of(true) {
        for even in of(false) {
            pairs += 1.0;
            won += if odd > even {
                1.0
            } else if odd == even {
                0.5
            } else {
                0.0
            };
        }
    }
    won / pairs
}

#[test]
fn own_cuts_separate_as_well_as_those_of_the_reference() {
    // trees, height, window, mean and deviation of ten seeds by River 0.26.1.
    for (trees, window, mean, deviation) in [
        (25u16, 250usize, 0.9967113168083308, 0.002902217033690798),
        (25, 100, 0.9959592363490721, 0.003358621514686373),
        (10, 250, 0.9960793911153442, 0.0022090517167246792),
    ] {
        let stream = clusters();
        let labels: Vec<bool> = stream[200..].iter().map(|entry| entry.1).collect();
        let mut got = 0.0;
        for seed in 0..10 {
            let mut forest = Forest::new(Spec { seed, trees, height: 8, features: 3, wide: 3 });
            let mut scores = Vec::new();
            for (at, (point, _)) in stream.iter().enumerate() {
                scores.push(judge_and_learn(&mut forest, point));
                if at % window == window - 1 {
                    forest.pivot();
                }
            }
            got += area(&scores[200..], &labels) / 10.0;
        }
        assert!((got - mean).abs() <= 3.0 * deviation, "{trees} {window}: {got} want {mean}");
    }
}

fn points(max: usize) -> impl Strategy<Value = Vec<[f32; 3]>> {
    prop::collection::vec([0.0f32..1.0, 0.0f32..1.0, 0.0f32..1.0], 1..max)
}

fn point(of: [f32; 3]) -> Point {
    let mut point = [0.5; FEATURES_MAX];
    point[..3].copy_from_slice(&of);
    point
}

proptest! {
    /// Walking with and without learning agree, parts add up to the whole, and what is saved is
    /// all there is.
    #[test]
    fn ways_agree(seed in any::<u64>(), window in points(80), next in points(20), cut in 0usize..80) {
        let spec = Spec { seed, trees: 7, height: 5, features: 3, wide: 3 };
        let mut whole = Forest::new(spec);
        let (mut a, mut b) = (Forest::new(spec), Forest::new(spec));
        for (at, &p) in window.iter().enumerate() {
            whole.learn(&point(p));
            (if at < cut { &mut a } else { &mut b }).learn(&point(p));
        }
        let other = Forest::new(Spec { trees: 3, ..spec });
        prop_assert!(a.absorb(&b) && !a.absorb(&other));
        prop_assert_eq!(&a, &whole);
        whole.pivot();
        let bytes = bincode::serialize(&whole).unwrap();
        let mut restored: Forest = bincode::deserialize(&bytes).unwrap();
        for p in next {
            let alone = whole.judge(&point(p)).unwrap();
            prop_assert_eq!(Some(alone.sparseness), whole.sparseness_and_learn(&point(p)));
            prop_assert_eq!(Some(alone.sparseness), restored.sparseness_and_learn(&point(p)));
            prop_assert!((0.0..=1.0).contains(&alone.score));
        }
        prop_assert_eq!(whole, restored);
    }

    /// Against boxes: the score by counting, for each node of a path, the points that took the
    /// same turns.
    #[test]
    fn masses_are_counts_of_points_in_boxes(
        cuts in prop::collection::vec((0u32..3, 0.1f32..0.9), 7), window in points(60),
        p in points(2),
    ) {
        let spec = Spec { seed: 1, trees: 1, height: 3, features: 3, wide: 3 };
        let mut forest = Forest::with_cuts(spec, &cuts);
        window.iter().for_each(|&p| forest.learn(&point(p)));
        forest.pivot();
        let turns = |p: [f32; 3]| {
            let mut at = 0;
            [(); 3].map(|()| {
                let right = p[cuts[at].0 as usize] >= cuts[at].1;
                at = 2 * at + 1 + usize::from(right);
                right
            })
        };
        let mine = turns(p[0]);
        let (mut sum, mut end, mut last) = (0, 0, 0);
        for depth in 0..=3 {
            let same = window.iter().filter(|&&q| turns(q)[..depth] == mine[..depth]).count();
            sum += same << depth;
            (end, last) = (same, depth);
            if 10 * same < window.len() {
                break;
            }
        }
        let want = 1.0 - sum as f64 / (window.len() * 15) as f64;
        let got = forest.judge(&point(p[0])).unwrap();
        prop_assert!((got.score - want).abs() < 1e-12);
        let density = (end as f64 + 0.5) * f64::from(1 << last) / (window.len() as f64 + 0.5);
        prop_assert!((got.sparseness + density.ln()).abs() < 0.13);
    }
}

const SECOND: u64 = 1_000_000_000;

/// An ordinary event of a busy source; templates of very different rates.
fn ordinary(n: u64) -> Observation {
    let draw = mix(n);
    let kind = (draw % 64).trailing_zeros().min(5);
    Observation {
        bytes: 60 + 10 * kind + (draw >> 8) as u32 % 40,
        parameters: 2 + kind as u16 % 3,
        numbers: kind as u16 % 2,
        entities: 1 + (draw >> 20) as u16 % 2,
        severity: if draw >> 32 & 31 == 0 { 4 } else { 1 },
        gap_ns: (draw >> 40) % (4 * SECOND / 10),
        template: u64::from(kind),
        template_seen: (n >> (kind + 1), n),
        week_seconds: (n / 5 % 604_800) as u32,
    }
}

#[test]
fn length_severity_rarity_and_number_of_parameters_are_seen() {
    let config = ContentConfig::default();
    let n = 12_000;
    let odd = [
        (4.0, Feature::Length, Observation { bytes: 1500, ..ordinary(n) }),
        (4.0, Feature::SeverityRarity, Observation { severity: 6, ..ordinary(n) }),
        (4.0, Feature::Parameters, Observation { parameters: 40, ..ordinary(n) }),
        // Alone it is the business of never-seen templates; here it is one feature of many.
        (
            1.0,
            Feature::TemplateRarity,
            Observation { template: 7, template_seen: (0, n), ..ordinary(n) },
        ),
    ];
    let mut surprises = [const { Vec::new() }; 4];
    for key in 0..5 {
        let mut content = Content::new(key);
        let (mut judged, mut high) = (0u32, 0u32);
        for n in 0..n {
            let score = content.observe(&config, n * SECOND / 5, &ordinary(n));
            assert!(score.is_none() || n >= 6_000, "two windows of ten minutes");
            judged += u32::from(score.is_some());
            high += u32::from(score.is_some_and(|score| score.surprise > 5.0));
        }
        assert!(content.ready() && judged > 5_000);
        assert!(f64::from(high) < 0.03 * f64::from(judged), "{high} of {judged}");
        for ((_, feature, observation), surprises) in odd.iter().zip(&mut surprises) {
            let mut copy = content.clone();
            let score = copy.observe(&config, n * SECOND / 5, observation).unwrap();
            assert_eq!(score.strangest.0, *feature, "{score:?}");
            surprises.push(score.surprise);
        }
    }
    for ((least, feature, _), mut surprises) in odd.into_iter().zip(surprises) {
        surprises.sort_by(f64::total_cmp);
        println!("{feature:?}: {surprises:.1?}");
        assert!(surprises[2] >= least, "{feature:?}: {surprises:?}");
    }
}

#[test]
fn scales_follow_a_drift_and_nothing_is_lost_on_the_way() {
    let config = ContentConfig::default();
    let mut content = Content::new(5);
    for n in 0..60_000u64 {
        let longer = if n < 20_000 { 0 } else { 300 };
        let observation = ordinary(n);
        let observation = Observation { bytes: observation.bytes + longer, ..observation };
        let ready = content.ready();
        let score = content.observe(&config, n * SECOND / 5, &observation);
        assert_eq!(score.is_some(), ready, "{n}");
    }
    let place = content.current.unwrap().scales[0].place(8.55);
    assert!((0.3..0.8).contains(&place), "375 bytes are ordinary now: {place}");
}

#[test]
fn it_goes_on_alike_when_restored() {
    let config = ContentConfig { trees: 5, height: 4, window_ns: 60 * SECOND, window_events: 50 };
    let mut content = Content::new(3);
    (0..3000).for_each(|n| {
        content.observe(&config, n * SECOND / 5, &ordinary(n));
    });
    let mut restored: Content =
        bincode::deserialize(&bincode::serialize(&content).unwrap()).unwrap();
    for n in 3000..4000 {
        let observation = ordinary(n);
        assert_eq!(
            content.observe(&config, n * SECOND / 5, &observation),
            restored.observe(&config, n * SECOND / 5, &observation)
        );
    }
}
