//! A release: 56 rows of the contribution, generalized, counted and encrypted.
//!
//! Shows, for public (j, final flag, request digest, γ, key commitment, T_j, C_j, state in, state out): the rows in T_j
//! leave `acc`; each is released inside its class's box or counted as suppressed; a class that ends holds at least k rows
//! and l distinct sensitive values, none with a share above α; and C_j is the hash of exactly these released rows,
//! encrypted under the committed key. A row leaves `acc` exactly when its word is present: nothing that a prover may still
//! choose after γ decides it.

pub mod cipher;
mod circuit;
mod class;
mod terms;

pub use circuit::ReleaseCircuit;
pub use class::{ReleaseFault, step};

use crate::field::F;
use crate::poseidon::{Domain, hash};
use crate::request::Terms;
use crate::row::{Row, word_of};
use crate::shape::{BLOCK_ROWS, QUASI_IDENTIFIERS};
use crate::state::State;

crate::redact::redact!(Reach, BlockRow, ReleasePrivate);

/// Number of public inputs.
pub const PUBLIC_INPUTS: usize = 9;
/// T_j: the words of a block, blinded.
pub const ROWS: Domain = Domain("galen.v1.release.rows");
/// Bits of a packed limit of a box.
pub const LIMIT_BITS: usize = 18;
/// Added to each limit of a box when packed: limits lie in (−2^16, 2^17).
pub const LIMIT_OFFSET: i64 = 1 << 16;

/// What everybody knows of a release.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReleasePublic {
    /// Index of the block, from 0.
    pub index: u64,
    /// Whether it is the contribution's last.
    pub last: bool,
    /// Digest of the request's terms.
    pub request_digest: F,
    /// The contribution's challenge.
    pub gamma: F,
    /// Commitment to the data key.
    pub key_commitment: F,
    /// T_j.
    pub rows: F,
    /// C_j.
    pub ciphertext: F,
    /// Commitment to the state before.
    pub state_in: F,
    /// Commitment to the state after.
    pub state_out: F,
}

impl ReleasePublic {
    /// The public inputs, in the circuit's order.
    pub fn inputs(&self) -> [F; PUBLIC_INPUTS] {
        [
            F::from(self.index),
            F::from(self.last),
            self.request_digest,
            self.gamma,
            self.key_commitment,
            self.rows,
            self.ciphertext,
            self.state_in,
            self.state_out,
        ]
    }
}

/// How far a box reaches below and above a row's cell in each slot.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Reach {
    /// cell − lo, by slot.
    pub below: [u16; QUASI_IDENTIFIERS],
    /// hi − cell, by slot.
    pub above: [u16; QUASI_IDENTIFIERS],
}

/// A row of a block with the prover's choices.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct BlockRow {
    /// The row; `None` for padding.
    pub row: Option<Row>,
    /// Released, rather than suppressed.
    pub released: bool,
    /// The last row of its class.
    pub ends_class: bool,
    /// Its class's box, from the row's cells. 0 unless released.
    pub reach: Reach,
}

impl BlockRow {
    /// Padding.
    pub fn padding() -> Self {
        Self { row: None, released: false, ends_class: false, reach: Reach::default() }
    }

    /// A suppressed row.
    pub fn suppressed(row: Row) -> Self {
        Self { row: Some(row), ..Self::padding() }
    }

    /// The cell of a slot: 0 for an unused slot and for padding.
    pub fn slot(&self, terms: &Terms, slot: usize) -> u16 {
        match (&self.row, terms.quasi_identifiers.get(slot)) {
            (Some(row), Some(q)) => row.cells.get(usize::from(q.column)).copied().unwrap_or(0),
            _ => 0,
        }
    }

    /// The box's limits in a slot.
    pub fn limits(&self, terms: &Terms, slot: usize) -> (i64, i64) {
        let cell = i64::from(self.slot(terms, slot));
        (cell - i64::from(self.reach.below[slot]), cell + i64::from(self.reach.above[slot]))
    }
}

/// What only the seller knows of a release: everything that a prover may choose freely.
#[derive(Clone)]
pub struct ReleasePrivate {
    /// The request's terms.
    pub terms: Terms,
    /// The data key.
    pub key: F,
    /// Blinding of the key commitment.
    pub key_blind: F,
    /// The 56 rows.
    pub rows: Vec<BlockRow>,
    /// Blinding of T_j.
    pub rows_blind: F,
    /// State before.
    pub state: State,
    /// Blinding of the state before.
    pub blind_in: F,
    /// Blinding of the state after.
    pub blind_out: F,
}

/// T_j of a block.
pub fn rows_commitment(rows: &[BlockRow], blind: F) -> F {
    debug_assert_eq!(rows.len(), BLOCK_ROWS);
    let inputs: Vec<F> = std::iter::once(blind).chain(rows.iter().map(|r| word_of(r.row.as_ref()))).collect();
    hash(ROWS, &inputs)
}
