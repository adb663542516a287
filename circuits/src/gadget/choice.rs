//! A choice among the releasable cells: one bit a cell, at most one of them set.

use ark_ff::One;

use super::wire::{Bit, Builder, Wire};

use crate::field::F;
use crate::shape::CONSENT_CELL;

/// Which of the cells 0 to 10 is meant. The consent mask cannot be chosen.
pub struct Choice {
    bits: Vec<Bit>,
}

impl Builder {
    /// A choice of exactly one column. 12 constraints.
    pub fn choice(&mut self, column: usize) -> Choice {
        let choice = self.free_choice(Some(column));
        self.enforce_equal(choice.used().wire(), &Wire::one());
        choice
    }

    /// A choice of one column or none. 12 constraints.
    pub fn optional_choice(&mut self, column: Option<usize>) -> Choice {
        let choice = self.free_choice(column);
        self.enforce_bit(choice.used().wire());
        choice
    }

    fn free_choice(&mut self, column: Option<usize>) -> Choice {
        Choice { bits: (0..CONSENT_CELL).map(|index| self.bit(column == Some(index))).collect() }
    }

    /// The chosen cell of a row, 0 for none. 11 constraints.
    pub fn chosen(&mut self, choice: &Choice, cells: &[Wire]) -> Wire {
        let pairs: Vec<(&Wire, &Wire)> = choice.bits.iter().map(Bit::wire).zip(cells).collect();
        self.inner_product(&pairs)
    }
}

impl Choice {
    /// Whether a column is chosen.
    pub fn used(&self) -> Bit {
        Bit::trusted(Wire::combination(self.bits.iter().map(|bit| (F::one(), bit.wire()))))
    }

    /// The bit of a column.
    pub fn bit(&self, column: usize) -> &Bit {
        &self.bits[column]
    }

    /// The number of the chosen column, plus `offset` where one is chosen.
    pub fn number(&self, offset: u64) -> Wire {
        Wire::combination((offset..).map(F::from).zip(self.bits.iter().map(Bit::wire)))
    }
}
