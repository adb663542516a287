//! Quantities: money in minor units, and records.

use serde::{Deserialize, Serialize};

use crate::codec::{Canonical, CodecFault, Reader};

/// No more money than this is ever issued: 2^40 minor units, exclusive. Every sum of notes then fits everywhere.
pub const ISSUE_CAP: u64 = 1 << 40;
/// No request asks for so many records: 2^20, exclusive.
pub const RECORDS_CAP: u32 = 1 << 20;

/// A number that is no amount or count of records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OutOfRange {
    /// At or above [`ISSUE_CAP`].
    #[error("an amount is below 2^40 minor units")]
    Amount,
    /// At or above [`RECORDS_CAP`].
    #[error("a request is for fewer than 2^20 records")]
    Records,
}

/// Money, in minor units, below 2^40.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "u64", into = "u64")]
pub struct Amount(u64);

/// A number of records, below 2^20.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct Records(u32);

impl Amount {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// So many minor units.
    ///
    /// # Errors
    /// [`OutOfRange::Amount`] from 2^40 on.
    pub const fn new(minor_units: u64) -> Result<Self, OutOfRange> {
        if minor_units < ISSUE_CAP { Ok(Self(minor_units)) } else { Err(OutOfRange::Amount) }
    }

    /// Minor units.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// Whether it is nothing.
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// The sum; `None` from 2^40 on.
    pub const fn plus(self, other: Self) -> Option<Self> {
        match Self::new(self.0 + other.0) {
            Ok(sum) => Some(sum),
            Err(_) => None,
        }
    }

    /// The difference; `None` below zero.
    pub const fn minus(self, other: Self) -> Option<Self> {
        match self.0.checked_sub(other.0) {
            Some(rest) => Some(Self(rest)),
            None => None,
        }
    }

    /// So many times the amount; `None` from 2^40 on.
    pub const fn times(self, records: Records) -> Option<Self> {
        match self.0.checked_mul(records.0 as u64) {
            Some(product) if product < ISSUE_CAP => Some(Self(product)),
            _ => None,
        }
    }
}

impl Records {
    /// None.
    pub const ZERO: Self = Self(0);

    /// So many records.
    ///
    /// # Errors
    /// [`OutOfRange::Records`] from 2^20 on.
    pub const fn new(count: u32) -> Result<Self, OutOfRange> {
        if count < RECORDS_CAP { Ok(Self(count)) } else { Err(OutOfRange::Records) }
    }

    /// The number.
    pub const fn get(self) -> u32 {
        self.0
    }

    /// The sum; `None` from 2^20 on.
    pub const fn plus(self, other: Self) -> Option<Self> {
        match Self::new(self.0 + other.0) {
            Ok(sum) => Some(sum),
            Err(_) => None,
        }
    }

    /// The difference; `None` below zero.
    pub const fn minus(self, other: Self) -> Option<Self> {
        match self.0.checked_sub(other.0) {
            Some(rest) => Some(Self(rest)),
            None => None,
        }
    }
}

impl TryFrom<u64> for Amount {
    type Error = OutOfRange;
    fn try_from(minor_units: u64) -> Result<Self, OutOfRange> {
        Self::new(minor_units)
    }
}

impl From<Amount> for u64 {
    fn from(amount: Amount) -> Self {
        amount.0
    }
}

impl TryFrom<u32> for Records {
    type Error = OutOfRange;
    fn try_from(count: u32) -> Result<Self, OutOfRange> {
        Self::new(count)
    }
}

impl From<Records> for u32 {
    fn from(records: Records) -> Self {
        records.0
    }
}

impl std::fmt::Display for Amount {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl std::fmt::Display for Records {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl Canonical for Amount {
    fn write(&self, out: &mut Vec<u8>) {
        self.0.write(out);
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, CodecFault> {
        Self::new(u64::read(reader)?).map_err(|_| CodecFault::NotCanonical("an amount"))
    }
}

impl Canonical for Records {
    fn write(&self, out: &mut Vec<u8>) {
        self.0.write(out);
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, CodecFault> {
        Self::new(u32::read(reader)?).map_err(|_| CodecFault::NotCanonical("a number of records"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_stay_below_their_caps() {
        let most = Amount::new(ISSUE_CAP - 1).unwrap();
        let one = Amount::new(1).unwrap();
        assert_eq!(most.plus(one), None);
        assert_eq!(Amount::ZERO.minus(one), None);
        assert_eq!(most.times(Records::new(2).unwrap()), None);
        assert_eq!(one.times(Records::new(7).unwrap()), Amount::new(7).ok());
        assert!(Amount::new(ISSUE_CAP).is_err() && Records::new(RECORDS_CAP).is_err());
        assert_eq!(Records::new(RECORDS_CAP - 1).unwrap().plus(Records::new(1).unwrap()), None);
    }
}
