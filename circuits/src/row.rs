//! A patient's row: a handle and twelve cells.
//!
//! Inside the circuits a row is one field element, the *word*: bits 0–191 the cells, 16 bits each; bits 192–251 the
//! handle; bit 252 says that the row is present. Padding is exactly 0.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::shape::{CELLS, HANDLE_BITS};

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
