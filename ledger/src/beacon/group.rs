//! Points and scalars as they are sent and kept: 32 bytes, checked when they are used.

use core::fmt;
use std::sync::LazyLock;

use curve25519_dalek::{
    ristretto::{CompressedRistretto, RistrettoPoint},
    scalar::Scalar,
    traits::VartimeMultiscalarMul,
};
use merlin::Transcript;

use crate::codec::{Decode, DecodeError, Encode, Reader};

/// Bytes that are not the canonical encoding of a point or a scalar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not the canonical encoding of a {0}")]
pub struct NotCanonical(&'static str);

/// The encoding of a point. May be any 32 bytes until it is [opened](Self::open).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Point([u8; 32]);

/// The encoding of a scalar. May be any 32 bytes until it is [opened](Self::open).
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Exponent([u8; 32]);

impl Point {
    /// Wraps 32 bytes.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Whether it is the neutral element.
    pub fn is_identity(&self) -> bool {
        self.0 == [0; 32]
    }

    /// The point.
    ///
    /// # Errors
    /// When the bytes are not the canonical encoding of a point.
    pub fn open(&self) -> Result<RistrettoPoint, NotCanonical> {
        CompressedRistretto(self.0).decompress().ok_or(NotCanonical("point"))
    }
}

impl From<RistrettoPoint> for Point {
    fn from(point: RistrettoPoint) -> Self {
        Self(point.compress().to_bytes())
    }
}

impl Exponent {
    /// Wraps 32 bytes.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The scalar.
    ///
    /// # Errors
    /// When the bytes are not the canonical encoding of a scalar: the group's order or more.
    pub fn open(&self) -> Result<Scalar, NotCanonical> {
        Option::from(Scalar::from_canonical_bytes(self.0)).ok_or(NotCanonical("scalar"))
    }
}

impl From<Scalar> for Exponent {
    fn from(scalar: Scalar) -> Self {
        Self(scalar.to_bytes())
    }
}

/// The generator of commitments, `H`: hashed to the group, so that nobody knows its logarithm.
pub(super) fn commitment_generator() -> &'static RistrettoPoint {
    static GENERATOR: LazyLock<RistrettoPoint> = LazyLock::new(|| {
        let mut wide = [0; 64];
        let hasher = blake3::Hasher::new_derive_key("galen ledger v1 beacon generator of commitments");
        hasher.finalize_xof().fill(&mut wide);
        RistrettoPoint::from_uniform_bytes(&wide)
    });
    &GENERATOR
}

/// `a·A + b·B`, of public values.
pub(super) fn combination(
    a: &Scalar,
    base_a: &RistrettoPoint,
    b: &Scalar,
    base_b: &RistrettoPoint,
) -> RistrettoPoint {
    RistrettoPoint::vartime_multiscalar_mul([a, b], [base_a, base_b])
}

/// The value of a polynomial, coefficients from the constant one up.
pub(super) fn evaluate(coefficients: &[Scalar], at: &Scalar) -> Scalar {
    coefficients.iter().rev().fold(Scalar::ZERO, |value, coefficient| value * at + coefficient)
}

/// What the transcripts of the beacon are fed with.
pub(super) trait Say {
    /// A public number.
    fn number(&mut self, label: &'static [u8], number: u64);
    /// A public point.
    fn point(&mut self, label: &'static [u8], point: &Point);
    /// The challenge, once everything public has been said.
    fn challenge(&mut self) -> Scalar;
}

impl Say for Transcript {
    fn number(&mut self, label: &'static [u8], number: u64) {
        self.append_message(label, &number.to_le_bytes());
    }

    fn point(&mut self, label: &'static [u8], point: &Point) {
        self.append_message(label, point.as_bytes());
    }

    fn challenge(&mut self) -> Scalar {
        let mut wide = [0; 64];
        self.challenge_bytes(b"challenge", &mut wide);
        Scalar::from_bytes_mod_order_wide(&wide)
    }
}

macro_rules! encoded {
    ($($name:ident),*) => {$(
        impl Encode for $name {
            fn encode(&self, out: &mut Vec<u8>) {
                self.0.encode(out);
            }
        }

        impl Decode for $name {
            fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
                Ok(Self(reader.array()?))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({}…)", stringify!($name), hex::encode(&self.0[..4]))
            }
        }
    )*};
}
encoded!(Point, Exponent);
