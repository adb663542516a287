//! Rows inside circuits.

use super::wire::{Bit, Builder, Wire};
use crate::field::F;
use crate::row::{PRESENT_BIT, WORD_BITS};
use crate::shape::{CELL_BITS, CELLS, CONSENT_CELL};

/// A word, opened.
pub struct RowWires {
    /// The word: the sum of its bits.
    pub word: Wire,
    /// Whether the row is present. When it is not, the word is 0.
    pub present: Bit,
    /// The handle, 60 bits.
    pub handle: Wire,
    /// The cells, 16 bits each.
    pub cells: Vec<Wire>,
    /// The bits of the consent mask.
    pub consent: Vec<Bit>,
}

impl Builder {
    /// A new row with the bits of this word: 253 bits, which are unique, and padding exactly 0. 254 constraints.
    pub fn row(&mut self, word: F) -> RowWires {
        let bits = self.low_bits(word, WORD_BITS);
        let word = Bit::number(&bits);
        let present = bits[PRESENT_BIT].clone();
        self.enforce_zero_when(&present.not(), &word);
        let cell = |index: usize| Bit::number(&bits[CELL_BITS * index..CELL_BITS * (index + 1)]);
        RowWires {
            word,
            present,
            handle: Bit::number(&bits[CELLS * CELL_BITS..PRESENT_BIT]),
            cells: (0..CELLS).map(cell).collect(),
            consent: bits[CELL_BITS * CONSENT_CELL..CELL_BITS * (CONSENT_CELL + 1)].to_vec(),
        }
    }
}
