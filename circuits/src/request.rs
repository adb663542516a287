//! A request as the circuits see it, and its digest.

use serde::{Deserialize, Serialize};

use crate::field::{F, power_of_two};
use crate::poseidon::{Domain, hash};
use crate::row::Row;
use crate::schema::{Condition, Predicate};
use crate::shape::{CELL_BITS, CLAUSES, CONDITIONS, CONSENT_CELL, PURPOSES, QUASI_IDENTIFIERS};

/// Digest of the terms.
pub const REQUEST: Domain = Domain("galen.v1.request");

/// Bits of a packed condition: column, lo, hi.
pub(crate) const CONDITION_BITS: usize = COLUMN_BITS + 2 * CELL_BITS;
/// Bits of a column's number.
pub(crate) const COLUMN_BITS: usize = 4;
/// Bits of α.
pub(crate) const ALPHA_BITS: usize = 10;
/// Conditions in one field element.
pub(crate) const CONDITIONS_A_WORD: usize = 4;

/// A column whose values are released as ranges only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuasiIdentifier {
    /// The cell's index, 0 to 10.
    pub column: u8,
    /// Weight of the width of its boxes in the loss.
    pub weight: u16,
}

/// What a request asks of rows and classes. Everything here is opened inside the circuits from the digest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// Digest of the schema.
    #[serde(with = "crate::field::hex_serde")]
    pub schema: F,
    /// Which rows match.
    pub predicate: Predicate,
    /// The purpose that a patient's consent must cover, 0 to 15.
    pub purpose: u8,
    /// Cells released as they are, by index; never a quasi-identifier, never the consent mask.
    pub released: Vec<u8>,
    /// Columns released as ranges, at most seven.
    pub quasi_identifiers: Vec<QuasiIdentifier>,
    /// The column whose values must be diverse in each class.
    pub sensitive: u8,
    /// Least rows of a class.
    pub k: u16,
    /// Least distinct sensitive values of a class.
    pub l: u16,
    /// Greatest share of one sensitive value in a class, per mille.
    pub alpha: u16,
}

/// Terms that no circuit can open. What a schema permits is another question: `Schema::permits`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TermsFault {
    /// Too many conditions, clauses or quasi-identifiers.
    #[error("at most {CONDITIONS} conditions, {CLAUSES} clauses and {QUASI_IDENTIFIERS} quasi-identifiers")]
    TooMany,
    /// A clause names a condition that is not there, or no clause can match.
    #[error("every clause names given conditions, and one clause at least is not empty")]
    Clause,
    /// A column that is no releasable cell.
    #[error("column {0} is not a cell that a request may name (0 to 10)")]
    Column(u8),
    /// A column named twice, or both as it is and as a range.
    #[error("column {0} is named twice")]
    Repeated(u8),
    /// lo above hi.
    #[error("a condition's lower end lies above its upper end")]
    EmptyRange,
    /// No such purpose.
    #[error("purpose {0} is not one of the 16")]
    Purpose(u8),
    /// α above 1000, or α, k or l of 0.
    #[error("k and l are at least 1, and alpha is 1 to 1000 per mille")]
    Threshold,
}

impl Terms {
    /// Whether the terms have a digest that circuits can open, and one meaning.
    ///
    /// # Errors
    /// The first fault.
    pub fn check(&self) -> Result<(), TermsFault> {
        let predicate = &self.predicate;
        if predicate.conditions.len() > CONDITIONS
            || predicate.clauses.len() > CLAUSES
            || self.quasi_identifiers.len() > QUASI_IDENTIFIERS
        {
            return Err(TermsFault::TooMany);
        }
        let given = (1u16 << predicate.conditions.len()) - 1;
        let known = predicate.clauses.iter().all(|mask| u16::from(*mask) & !given == 0);
        if !known || predicate.clauses.iter().all(|mask| *mask == 0) {
            return Err(TermsFault::Clause);
        }
        for condition in &predicate.conditions {
            releasable(condition.column)?;
            if condition.lo > condition.hi {
                return Err(TermsFault::EmptyRange);
            }
        }
        self.check_columns()?;
        if usize::from(self.purpose) >= PURPOSES {
            return Err(TermsFault::Purpose(self.purpose));
        }
        if self.k == 0 || self.l == 0 || self.alpha == 0 || self.alpha > 1000 {
            return Err(TermsFault::Threshold);
        }
        Ok(())
    }

    fn check_columns(&self) -> Result<(), TermsFault> {
        let mut seen = 0u16;
        let named = self.released.iter().copied().chain(self.quasi_identifiers.iter().map(|q| q.column));
        for column in named {
            releasable(column)?;
            if seen >> column & 1 == 1 {
                return Err(TermsFault::Repeated(column));
            }
            seen |= 1 << column;
        }
        releasable(self.sensitive)
    }

    /// Whether a row is asked for: its patient's consent covers the purpose and the predicate matches.
    pub fn selects(&self, row: &Row) -> bool {
        row.consents_to(self.purpose) && self.predicate.matches(&row.cells)
    }

    /// The released cells as a mask.
    pub fn released_mask(&self) -> u16 {
        self.released.iter().fold(0, |mask, column| mask | 1 << column)
    }

    /// The i-th condition; an absent one asks that cell 0 be 0, and no clause names it.
    pub fn condition(&self, index: usize) -> Condition {
        let absent = Condition { column: 0, lo: 0, hi: 0 };
        self.predicate.conditions.get(index).copied().unwrap_or(absent)
    }

    /// The i-th clause's mask; 0 for an absent one.
    pub fn clause(&self, index: usize) -> u8 {
        self.predicate.clauses.get(index).copied().unwrap_or(0)
    }

    /// The packed elements that follow the schema in the digest.
    pub fn packed(&self) -> [F; 4] {
        let conditions = |first: usize| {
            let parts =
                (0..CONDITIONS_A_WORD).map(|i| (CONDITION_BITS, pack_condition(self.condition(first + i))));
            pack(parts)
        };
        let selection = pack(
            (0..CLAUSES)
                .map(|i| (8, u64::from(self.clause(i))))
                .chain(std::iter::once((COLUMN_BITS, u64::from(self.purpose)))),
        );
        [conditions(0), conditions(CONDITIONS_A_WORD), selection, self.packed_release()]
    }

    fn packed_release(&self) -> F {
        let slot = |index: usize| {
            let slot = self.quasi_identifiers.get(index);
            let value = slot.map_or(0, |q| u64::from(q.column) + 1 | u64::from(q.weight) << COLUMN_BITS);
            (COLUMN_BITS + 16, value)
        };
        let head = std::iter::once((CONSENT_CELL, u64::from(self.released_mask())));
        let tail = [
            (COLUMN_BITS, u64::from(self.sensitive)),
            (16, u64::from(self.k)),
            (16, u64::from(self.l)),
            (ALPHA_BITS, u64::from(self.alpha)),
        ];
        pack(head.chain((0..QUASI_IDENTIFIERS).map(slot)).chain(tail))
    }

    /// The digest.
    pub fn digest(&self) -> F {
        let [first, second, selection, release] = self.packed();
        hash(REQUEST, &[self.schema, first, second, selection, release])
    }
}

fn releasable(column: u8) -> Result<(), TermsFault> {
    if usize::from(column) < CONSENT_CELL { Ok(()) } else { Err(TermsFault::Column(column)) }
}

fn pack_condition(condition: Condition) -> u64 {
    u64::from(condition.column)
        | u64::from(condition.lo) << COLUMN_BITS
        | u64::from(condition.hi) << (COLUMN_BITS + CELL_BITS)
}

/// Fields of the given widths, the first lowest.
fn pack(fields: impl IntoIterator<Item = (usize, u64)>) -> F {
    let mut shift = 0;
    let mut sum = F::from(0u64);
    for (width, value) in fields {
        sum += F::from(value) * power_of_two(shift);
        shift += width;
    }
    sum
}
