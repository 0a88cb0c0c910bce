//! Conditions as branches: ask a predicate, go on at one place or another.
//!
//! A condition of n tests becomes n steps without a stack. The cheapest operand of each `and` and
//! `or` is asked first; what follows is asked only when the answer is still open.

use super::predicate::Predicate;
use crate::test::Expr;

/// The condition holds.
const YES: u32 = u32::MAX;
/// It does not.
const NO: u32 = u32::MAX - 1;

#[derive(Clone, Copy, Debug)]
struct Step {
    predicate: u32,
    yes: u32,
    no: u32,
}

/// A compiled condition over predicates.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    steps: Box<[Step]>,
    start: u32,
}

impl Program {
    /// Compiles an expression whose tests are numbers of predicates.
    pub fn new(expr: &Expr, predicates: &[Predicate]) -> Program {
        let mut steps = Vec::with_capacity(expr.size());
        let start = emit(expr, YES, NO, predicates, &mut steps);
        Program { steps: steps.into(), start }
    }

    /// Runs it; `ask` answers for the predicates.
    #[inline]
    pub fn run(&self, mut ask: impl FnMut(u32) -> bool) -> bool {
        let mut at = self.start;
        // Every step leads to one that was made before it, so this ends.
        while let Some(step) = self.steps.get(at as usize) {
            at = if ask(step.predicate) { step.yes } else { step.no };
        }
        at == YES
    }
}

fn cost(expr: &Expr, predicates: &[Predicate]) -> u32 {
    match expr {
        Expr::Test(id) => predicates.get(*id as usize).map_or(0, Predicate::cost),
        Expr::Not(inner) => cost(inner, predicates),
        Expr::And(items) | Expr::Or(items) => {
            let all = items.iter().map(|item| cost(item, predicates));
            all.fold(0, u32::saturating_add)
        }
    }
}

fn emit(expr: &Expr, yes: u32, no: u32, predicates: &[Predicate], steps: &mut Vec<Step>) -> u32 {
    match expr {
        Expr::Test(predicate) => {
            steps.push(Step { predicate: *predicate, yes, no });
            steps.len() as u32 - 1
        }
        Expr::Not(inner) => emit(inner, no, yes, predicates, steps),
        Expr::And(items) | Expr::Or(items) => {
            let and = matches!(expr, Expr::And(_));
            let mut order: Vec<_> =
                items.iter().map(|item| (cost(item, predicates), item)).collect();
            order.sort_by_key(|(cost, _)| *cost);
            let mut next = if and { yes } else { no };
            for (_, item) in order.into_iter().rev() {
                next = match and {
                    true => emit(item, next, no, predicates, steps),
                    false => emit(item, yes, next, predicates, steps),
                };
            }
            next
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn expr() -> impl Strategy<Value = Expr> {
        let leaf = (0u32..6).prop_map(Expr::Test);
        leaf.prop_recursive(4, 24, 4, |inner| {
            let list = prop::collection::vec(inner.clone(), 0..4);
            prop_oneof![
                list.clone().prop_map(Expr::And),
                list.prop_map(Expr::Or),
                inner.prop_map(|one| Expr::Not(Box::new(one))),
            ]
        })
    }

    proptest! {
        #[test]
        fn as_the_expression_says(expr in expr(), answers in 0u32..64) {
            let mut ask = |id: u32| answers >> id & 1 == 1;
            let expected = expr.holds(&mut ask);
            prop_assert_eq!(Program::new(&expr, &[]).run(ask), expected);
            prop_assert_eq!(expr.normal().holds(&mut ask), expected);
        }
    }
}
