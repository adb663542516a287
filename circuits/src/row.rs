//! A patient's row: a handle and twelve cells.
//!
//! Inside the circuits a row is one field element, the *word*: bits 0–191 the cells, 16 bits each; bits 192–251 the
//! handle; bit 252 says that the row is present. Padding is exactly 0.

use std::fmt;

use serde::{Deserialize, Serialize};

use ark_ff::{PrimeField, Zero};

use crate::field::F;
use crate::shape::{CELL_BITS, CELLS, CONSENT_CELL, HANDLE_BITS};

/// Bits of a word: the cells, the handle, and the bit that says that the row is present.
pub const WORD_BITS: usize = CELLS * CELL_BITS + HANDLE_BITS + 1;
/// Place of the bit that says that the row is present.
pub const PRESENT_BIT: usize = WORD_BITS - 1;

/// A patient's name inside one hospital's dataset: a keyed pseudo-random value of 60 bits, never 0.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u64", into = "u64")]
pub struct Handle(u64);

/// A number that is no handle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a handle is between 1 and 2^60 - 1")]
pub struct HandleOutOfRange;

impl Handle {
    /// The handle with this value, in `1..2^60`.
    ///
    /// # Errors
    /// [`HandleOutOfRange`] for anything else.
    pub fn new(value: u64) -> Result<Self, HandleOutOfRange> {
        if value == 0 || value >> HANDLE_BITS != 0 { Err(HandleOutOfRange) } else { Ok(Self(value)) }
    }

    /// The handle's value, in `1..2^60`.
    pub fn value(self) -> u64 {
        self.0
    }
}

impl TryFrom<u64> for Handle {
    type Error = HandleOutOfRange;
    fn try_from(value: u64) -> Result<Self, Self::Error> {
        Self::new(value)
    }
}

impl From<Handle> for u64 {
    fn from(handle: Handle) -> Self {
        handle.0
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Handle(..)")
    }
}

/// One patient's row. Cell 0 of a column's code means missing. `Debug` shows no value.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// The patient's handle.
    pub handle: Handle,
    /// The cells, in the schema's order; cell 11 is the consent mask.
    pub cells: [u16; CELLS],
}

impl fmt::Debug for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Row(..)")
    }
}

impl Row {
    /// The row's word, below 2^253 and never 0.
    pub fn word(&self) -> F {
        let mut limbs = [0u64; 4];
        for (index, cell) in self.cells.iter().enumerate() {
            limbs[index / 4] |= u64::from(*cell) << (CELL_BITS * (index % 4));
        }
        limbs[3] = self.handle.value() | 1 << HANDLE_BITS;
        F::from_bigint(ark_ff::BigInt::new(limbs)).expect("253 bits are below the field's order")
    }

    /// Whether the patient's consent covers a purpose, 0 to 15.
    pub fn consents_to(&self, purpose: u8) -> bool {
        u32::from(self.cells[CONSENT_CELL]) >> purpose & 1 == 1
    }
}

/// The word of a row, or of the padding.
pub fn word_of(row: Option<&Row>) -> F {
    row.map_or_else(F::zero, Row::word)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::field::{power_of_two, to_bits};

    #[test]
    fn the_word_holds_cells_handle_and_presence_where_documented() {
        let mut cells = [0u16; CELLS];
        cells[0] = 1;
        cells[11] = 0x8000;
        let row = Row { handle: Handle::new(3).unwrap(), cells };
        let expected =
            power_of_two(0) + power_of_two(191) + power_of_two(192) + power_of_two(193) + power_of_two(252);
        assert_eq!(row.word(), expected);
        assert!(row.consents_to(15) && !row.consents_to(0));
        assert!(to_bits(&row.word(), WORD_BITS)[PRESENT_BIT]);
    }

    #[test]
    fn handles_outside_their_range_are_refused() {
        assert!(Handle::new(0).is_err() && Handle::new(1 << 60).is_err());
        assert!(Handle::new((1 << 60) - 1).is_ok());
    }
}
