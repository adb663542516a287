//! Which rows a request selects, inside the scan.

use ark_ff::One;

use crate::field::{F, power_of_two};
use crate::gadget::{Bit, Builder, Choice, RowWires, Wire};
use crate::request::{COLUMN_BITS, CONDITION_BITS, CONDITIONS_A_WORD, REQUEST, Terms};
use crate::shape::{CELL_BITS, CLAUSES, CONDITIONS, PURPOSES};

struct ConditionWires {
    column: Choice,
    lo: Wire,
    hi: Wire,
}

struct ClauseWires {
    mask: Vec<Bit>,
    used: Bit,
}

/// The part of a request that decides which rows match, opened from its digest.
pub struct Selection {
    conditions: Vec<ConditionWires>,
    clauses: Vec<ClauseWires>,
    purpose: Vec<Bit>,
}

impl Selection {
    /// Opens `digest`; the rest of the request stays closed.
    pub fn open(b: &mut Builder, terms: &Terms, digest: &Wire) -> Self {
        b.section("scan.request");
        let conditions: Vec<_> = (0..CONDITIONS).map(|i| open_condition(b, terms, i)).collect();
        let clauses: Vec<_> = (0..CLAUSES).map(|i| open_clause(b, terms.clause(i))).collect();
        let purpose: Vec<Bit> = (0..PURPOSES).map(|p| b.bit(usize::from(terms.purpose) == p)).collect();
        let chosen = Wire::combination(purpose.iter().map(|bit| (F::one(), bit.wire())));
        b.enforce_equal(&chosen, &Wire::one());
        let selection = Self { conditions, clauses, purpose };
        let schema = b.witness(terms.schema);
        let release = b.witness(terms.packed()[3]);
        let (first, second) = selection.conditions.split_at(CONDITIONS_A_WORD);
        let inputs = [schema, pack_conditions(first), pack_conditions(second), selection.packed(), release];
        let opened = b.hash(REQUEST, &inputs);
        b.enforce_equal(&opened, digest);
        selection
    }

    fn packed(&self) -> Wire {
        let mut sum = Wire::zero();
        for (index, clause) in self.clauses.iter().enumerate() {
            sum.add_scaled(power_of_two(8 * index), &Bit::number(&clause.mask));
        }
        let purpose = Wire::combination((0u64..).map(F::from).zip(self.purpose.iter().map(Bit::wire)));
        sum.add_scaled(power_of_two(8 * CLAUSES), &purpose);
        sum
    }

    /// Whether a row is selected: present, consented for the purpose, and matched by one clause. 425 constraints.
    pub fn selects(&self, b: &mut Builder, row: &RowWires) -> Bit {
        b.section("scan.consent");
        let pairs: Vec<_> =
            self.purpose.iter().map(Bit::wire).zip(row.consent.iter().map(Bit::wire)).collect();
        let consented = Bit::trusted(b.inner_product(&pairs));
        let matched = self.matches(b, row);
        b.section("scan.selected");
        let willing = b.and(&row.present, &consented);
        b.and(&willing, &matched)
    }

    fn matches(&self, b: &mut Builder, row: &RowWires) -> Bit {
        b.section("scan.conditions");
        let failures: Vec<Wire> =
            self.conditions.iter().map(|condition| condition.failures(b, row)).collect();
        b.section("scan.clauses");
        let mut unmatched = Wire::one();
        for clause in &self.clauses {
            let pairs: Vec<_> = clause.mask.iter().map(Bit::wire).zip(&failures).collect();
            let failed = b.inner_product(&pairs);
            let met = b.is_zero(&failed);
            let matched = b.and(&met, &clause.used);
            unmatched = if unmatched.as_constant().is_some() {
                matched.wire().not()
            } else {
                b.mul(&unmatched, &matched.wire().not())
            };
        }
        Bit::trusted(unmatched.not())
    }
}

impl ConditionWires {
    /// 0 when the row's cell lies in lo..=hi, else 1 or 2. 45 constraints.
    fn failures(&self, b: &mut Builder, row: &RowWires) -> Wire {
        let cell = b.chosen(&self.column, &row.cells);
        let above = b.at_least(&cell, &self.lo, CELL_BITS);
        let below = b.at_least(&self.hi, &cell, CELL_BITS);
        above.not().wire().add(below.not().wire())
    }
}

fn open_condition(b: &mut Builder, terms: &Terms, index: usize) -> ConditionWires {
    let condition = terms.condition(index);
    let column = b.choice(usize::from(condition.column));
    let lo = Bit::number(&b.low_bits(F::from(condition.lo), CELL_BITS));
    let hi = Bit::number(&b.low_bits(F::from(condition.hi), CELL_BITS));
    ConditionWires { column, lo, hi }
}

fn open_clause(b: &mut Builder, mask: u8) -> ClauseWires {
    let mask = b.low_bits(F::from(mask), 8);
    let empty = b.is_zero(&Bit::number(&mask));
    ClauseWires { mask, used: empty.not() }
}

fn pack_conditions(conditions: &[ConditionWires]) -> Wire {
    let mut sum = Wire::zero();
    for (index, condition) in conditions.iter().enumerate() {
        let shift = CONDITION_BITS * index;
        sum.add_scaled(power_of_two(shift), &condition.column.number(0));
        sum.add_scaled(power_of_two(shift + COLUMN_BITS), &condition.lo);
        sum.add_scaled(power_of_two(shift + COLUMN_BITS + CELL_BITS), &condition.hi);
    }
    sum
}
