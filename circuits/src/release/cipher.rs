//! What a released row looks like to its buyer, and the cipher between.
//!
//! Two field elements a row: the released cells, 16 bits each at their index; and the box, for each slot lo and hi with 18
//! bits each, offset 2^16. Both are 0 for suppressed rows and padding; a box of a released row never is. Ciphertext is
//! plaintext plus keystream over (key, block index). No other nonce exists, and the key depends on all plaintext, so that
//! a retry with other content never meets the same keystream.

use ark_ff::{PrimeField, Zero};

use super::{BlockRow, LIMIT_BITS, LIMIT_OFFSET};
use crate::field::{F, power_of_two};
use crate::poseidon::{Domain, hash, keystream};
use crate::request::Terms;
use crate::shape::{BLOCK_ROWS, CELL_BITS, CONSENT_CELL, QUASI_IDENTIFIERS};

/// C_j.
pub const CIPHERTEXT: Domain = Domain("galen.v1.release.cipher");
/// Keystream of a block.
pub const KEYSTREAM: Domain = Domain("galen.v1.release.stream");
/// Commitment to the data key.
pub const KEY: Domain = Domain("galen.v1.key");
/// Field elements of a block.
pub const BLOCK_ELEMENTS: usize = 2 * BLOCK_ROWS;

/// A row as its buyer reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveredRow {
    /// Released cells by index; `None` where not released.
    pub cells: [Option<u16>; CONSENT_CELL],
    /// The box of each quasi-identifier, in the request's order, clamped to codes.
    pub bounds: Vec<(u16, u16)>,
}

/// A plaintext that no honest prover makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("row {row} of block {block} does not decrypt to a released row")]
pub struct NotARow {
    /// Block.
    pub block: usize,
    /// Row in the block.
    pub row: usize,
}

/// `key_commitment = hash(key, blind)`.
pub fn key_commitment(key: F, blind: F) -> F {
    hash(KEY, &[key, blind])
}

/// The packed box of a row.
pub fn packed_bounds(terms: &Terms, row: &BlockRow) -> F {
    (0..QUASI_IDENTIFIERS).fold(F::zero(), |sum, slot| {
        let (lo, hi) = row.limits(terms, slot);
        let shift = 2 * LIMIT_BITS * slot;
        sum + limit(lo) * power_of_two(shift) + limit(hi) * power_of_two(shift + LIMIT_BITS)
    })
}

fn limit(value: i64) -> F {
    F::from((value + LIMIT_OFFSET).unsigned_abs())
}

/// The plaintext of a block, two elements a row.
pub fn plaintext(terms: &Terms, rows: &[BlockRow]) -> Vec<F> {
    let mask = terms.released_mask();
    rows.iter()
        .flat_map(|r| match (&r.row, r.released) {
            (Some(row), true) => {
                let cells = (0..CONSENT_CELL)
                    .filter(|c| mask >> c & 1 == 1)
                    .map(|c| F::from(row.cells[c]) * power_of_two(CELL_BITS * c))
                    .sum();
                [cells, packed_bounds(terms, r)]
            }
            _ => [F::zero(), F::zero()],
        })
        .collect()
}

/// Adds the keystream of block `index`.
pub fn encrypt(key: F, index: u64, plaintext: &[F]) -> Vec<F> {
    let stream = keystream(KEYSTREAM, key, F::from(index), plaintext.len());
    plaintext.iter().zip(stream).map(|(p, k)| *p + k).collect()
}

/// C_j of a block's ciphertext.
pub fn ciphertext_hash(ciphertext: &[F]) -> F {
    hash(CIPHERTEXT, ciphertext)
}

/// Reads block `index`: the released rows, in order.
///
/// # Errors
/// [`NotARow`] under a wrong key or for a ciphertext that was not proven.
pub fn decrypt(terms: &Terms, key: F, index: usize, ciphertext: &[F]) -> Result<Vec<DeliveredRow>, NotARow> {
    let stream = keystream(KEYSTREAM, key, F::from(index as u64), ciphertext.len());
    let plain: Vec<F> = ciphertext.iter().zip(stream).map(|(c, k)| *c - k).collect();
    let mut rows = Vec::new();
    for (row, pair) in plain.chunks_exact(2).enumerate() {
        let fault = NotARow { block: index, row };
        match (pair[0].is_zero(), pair[1].is_zero()) {
            (true, true) => {}
            (_, false) => rows.push(read_row(terms, pair[0], pair[1]).ok_or(fault)?),
            (false, true) => return Err(fault),
        }
    }
    Ok(rows)
}

fn read_row(terms: &Terms, cells: F, bounds: F) -> Option<DeliveredRow> {
    let mask = terms.released_mask();
    let cells = fields(cells, CELL_BITS, CONSENT_CELL)?;
    let bounds = fields(bounds, LIMIT_BITS, 2 * QUASI_IDENTIFIERS)?;
    let clear = |c: &usize| mask >> c & 1 == 0 && cells[*c] != 0;
    if (0..CONSENT_CELL).any(|c| clear(&c)) {
        return None;
    }
    let cells = std::array::from_fn(|c| (mask >> c & 1 == 1).then_some(cells[c] as u16));
    let clamp = |limit: u64| (limit as i64 - LIMIT_OFFSET).clamp(0, i64::from(u16::MAX)) as u16;
    let bounds = (0..terms.quasi_identifiers.len())
        .map(|slot| (clamp(bounds[2 * slot]), clamp(bounds[2 * slot + 1])))
        .collect();
    Some(DeliveredRow { cells, bounds })
}

/// `count` fields of `width` bits from bit 0 on; `None` when anything stands above them.
fn fields(value: F, width: usize, count: usize) -> Option<Vec<u64>> {
    let big = value.into_bigint();
    let bit = |i: usize| big.0[i / 64] >> (i % 64) & 1;
    if (width * count..256).any(|i| bit(i) == 1) {
        return None;
    }
    Some((0..count).map(|f| (0..width).fold(0, |sum, i| sum | bit(f * width + i) << i)).collect())
}
