//! Precision over recall, and right over false alerts, while the least risk score that an alert
//! must have falls.
//!
//! Points are taken at each score that occurs, the highest first; alerts of one score come in
//! together. Alerts without a score come last, as one step of their own. Recall counts rows,
//! precision alerts. The rates of the second curve are shares of the right and of the false alerts
//! there are; where one kind is missing there is no area.

/// An alert as the curves see it.
#[derive(Clone, Debug)]
pub struct Told {
    /// Its risk score.
    pub score: Option<f64>,
    /// The rows that it is about.
    pub rows: Vec<usize>,
}

/// A point.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// The least score; none when those without a score count too.
    pub score: Option<f64>,
    /// Across.
    pub x: f64,
    /// Up.
    pub y: f64,
}

/// Both curves.
#[derive(Clone, Debug, PartialEq)]
pub struct Curves {
    /// Recall across, precision up.
    pub precision: Vec<Point>,
    /// Share of the false alerts across, of the right ones up.
    pub roc: Vec<Point>,
    /// Area below the second.
    pub area: Option<f64>,
}

impl Curves {
    /// Of alerts about `rows` rows; none when no alert has a score.
    pub fn over(told: &[Told], rows: usize) -> Option<Curves> {
        told.iter().find(|told| told.score.is_some())?;
        let mut sorted: Vec<&Told> = told.iter().collect();
        // Negative zero apart there is an order of scores; those without one are below all.
        sorted.sort_by(|a, b| b.score.unwrap_or(-1.0).total_cmp(&a.score.unwrap_or(-1.0)));
        let right = told.iter().filter(|told| !told.rows.is_empty()).count();
        let wrong = told.len() - right;
        let share = |part: usize, all: usize| if all == 0 { 0.0 } else { part as f64 / all as f64 };
        let mut seen = vec![false; rows];
        let (mut covered, mut good, mut bad) = (0, 0, 0);
        let (mut precision, mut roc) = (Vec::new(), Vec::new());
        for (at, one) in sorted.iter().enumerate() {
            for row in &one.rows {
                covered += usize::from(!std::mem::replace(&mut seen[*row], true));
            }
            good += usize::from(!one.rows.is_empty());
            bad += usize::from(one.rows.is_empty());
            if sorted.get(at + 1).is_some_and(|next| next.score == one.score) {
                continue;
            }
            let score = one.score;
            precision.push(Point { score, x: share(covered, rows), y: share(good, good + bad) });
            roc.push(Point { score, x: share(bad, wrong), y: share(good, right) });
        }
        let area = (right > 0 && wrong > 0).then(|| below(&roc));
        Some(Curves { precision, roc, area })
    }
}

/// The area below a curve that begins at the origin.
fn below(points: &[Point]) -> f64 {
    let (mut x, mut y, mut area) = (0.0, 0.0, 0.0);
    for point in points {
        area += (point.x - x) * (point.y + y) / 2.0;
        (x, y) = (point.x, point.y);
    }
    area
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(all: &[(Option<f64>, &[usize])]) -> Vec<Told> {
        all.iter().map(|(score, rows)| Told { score: *score, rows: rows.to_vec() }).collect()
    }

    #[test]
    fn the_area_is_the_share_of_pairs_in_order() {
        // Right at 90 and 50, false at 70 and 10: three of four pairs stand in order.
        let all = told(&[
            (Some(10.0), &[]),
            (Some(90.0), &[0, 1]),
            (Some(70.0), &[]),
            (Some(50.0), &[1, 2]),
        ]);
        let curves = Curves::over(&all, 4).unwrap();
        assert_eq!(curves.area, Some(0.75));
        let recall: Vec<_> = curves.precision.iter().map(|point| (point.x, point.y)).collect();
        assert_eq!(recall, [(0.5, 1.0), (0.5, 0.5), (0.75, 2.0 / 3.0), (0.75, 0.5)]);
        assert_eq!(curves.roc.last().map(|point| (point.x, point.y)), Some((1.0, 1.0)));
    }

    #[test]
    fn equal_scores_are_one_step_and_without_scores_there_is_nothing() {
        let all = told(&[(Some(5.0), &[0]), (Some(5.0), &[]), (None, &[1]), (None, &[])]);
        let curves = Curves::over(&all, 2).unwrap();
        let scores: Vec<_> = curves.roc.iter().map(|point| point.score).collect();
        assert_eq!((scores, curves.area), (vec![Some(5.0), None], Some(0.5)));
        assert_eq!(Curves::over(&told(&[(None, &[0])]), 1), None);
        assert_eq!(Curves::over(&told(&[(Some(1.0), &[0])]), 1).unwrap().area, None);
    }
}
