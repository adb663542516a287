//! Canonical bytes of field elements and curve points: one value, one encoding.
//!
//! Points are in the compressed form that Zcash defined for BLS12-381 (48 bytes in G1, 96 in G2, big-endian x, three
//! flag bits); field elements are 32 bytes, little-endian, below the modulus. Decoding checks the exact length, the
//! curve, the subgroup, and re-encodes: two different byte strings never decode to the same value.
//!
//! The identity is refused: no honest proof or key contains it, and arkworks accepts it with junk in x.

use ark_bls12_381::{Fr, G1Affine, G2Affine};
use ark_ec::AffineRepr;
use ark_ff::{BigInt, PrimeField};
use ark_serialize::CanonicalSerialize;

/// Bytes of a field element.
pub const FIELD_BYTES: usize = 32;
/// Bytes of a compressed point of G1.
pub const G1_BYTES: usize = 48;
/// Bytes of a compressed point of G2.
pub const G2_BYTES: usize = 96;

const INFINITY_FLAG: u8 = 0b0100_0000;
const COMPRESSED_FLAG: u8 = 0b1000_0000;

/// Why bytes are not the canonical encoding of a value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EncodingError {
    /// The number of bytes is wrong.
    #[error("{what}: {expected} bytes expected, {found} found")]
    Length {
        /// What was being decoded.
        what: &'static str,
        /// How many bytes it has.
        expected: usize,
        /// How many there were.
        found: usize,
    },
    /// A field element is not below the modulus.
    #[error("field element is not below the modulus")]
    FieldOverflow,
    /// The compression flag of a point is not set.
    #[error("{0}: not in compressed form")]
    NotCompressed(&'static str),
    /// A point is the identity.
    #[error("{0}: the identity is not allowed")]
    Identity(&'static str),
    /// No point of the curve has this x, or x is not below the modulus.
    #[error("{0}: not a point of the curve")]
    NotOnCurve(&'static str),
    /// A point of the curve is outside the prime-order subgroup.
    #[error("{0}: not in the prime-order subgroup")]
    NotInSubgroup(&'static str),
    /// The bytes decode, but the value has another encoding.
    #[error("{0}: not the canonical encoding")]
    NotCanonical(&'static str),
    /// Text is not hexadecimal.
    #[error("{0}: not hexadecimal")]
    NotHex(&'static str),
}

/// The 32 bytes of a field element, little-endian.
pub fn encode_field(element: &Fr) -> [u8; FIELD_BYTES] {
    let mut bytes = [0; FIELD_BYTES];
    for (chunk, limb) in bytes.chunks_exact_mut(8).zip(element.into_bigint().0) {
        chunk.copy_from_slice(&limb.to_le_bytes());
    }
    bytes
}

/// The field element with these 32 bytes.
///
/// # Errors
/// [`EncodingError::Length`], [`EncodingError::FieldOverflow`].
pub fn decode_field(bytes: &[u8]) -> Result<Fr, EncodingError> {
    let bytes: &[u8; FIELD_BYTES] = exact("field element", bytes)?;
    let mut limbs = [0u64; 4];
    for (limb, chunk) in limbs.iter_mut().zip(bytes.chunks_exact(8)) {
        *limb = chunk.iter().rev().fold(0, |value, byte| value << 8 | u64::from(*byte));
    }
    Fr::from_bigint(BigInt(limbs)).ok_or(EncodingError::FieldOverflow)
}

/// The 48 bytes of a point of G1.
pub fn encode_g1(point: &G1Affine) -> [u8; G1_BYTES] {
    encode_point(point)
}

/// The 96 bytes of a point of G2.
pub fn encode_g2(point: &G2Affine) -> [u8; G2_BYTES] {
    encode_point(point)
}

/// The point of G1 with these 48 bytes; never the identity.
///
/// # Errors
/// Any [`EncodingError`] but those of field elements.
pub fn decode_g1(bytes: &[u8]) -> Result<G1Affine, EncodingError> {
    decode_point::<G1Affine, G1_BYTES>("point of G1", bytes)
}

/// The point of G2 with these 96 bytes; never the identity.
///
/// # Errors
/// Any [`EncodingError`] but those of field elements.
pub fn decode_g2(bytes: &[u8]) -> Result<G2Affine, EncodingError> {
    decode_point::<G2Affine, G2_BYTES>("point of G2", bytes)
}

/// Whether a point that did not come from bytes may stand in a proof or key: on the curve, in the subgroup, and not
/// the identity.
///
/// # Errors
/// [`EncodingError::Identity`], [`EncodingError::NotOnCurve`], [`EncodingError::NotInSubgroup`].
pub fn check_point<P: AffineRepr>(what: &'static str, point: &P) -> Result<(), EncodingError> {
    if point.is_zero() {
        return Err(EncodingError::Identity(what));
    }
    point.check().map_err(|_| EncodingError::NotInSubgroup(what))
}

/// `bytes` as an array of exactly `LEN` bytes.
pub(crate) fn exact<'a, const LEN: usize>(
    what: &'static str,
    bytes: &'a [u8],
) -> Result<&'a [u8; LEN], EncodingError> {
    bytes.try_into().map_err(|_| EncodingError::Length { what, expected: LEN, found: bytes.len() })
}

fn encode_point<P: CanonicalSerialize, const LEN: usize>(point: &P) -> [u8; LEN] {
    let mut bytes = [0; LEN];
    // Only running out of room can fail, and LEN is the compressed size of P.
    point.serialize_compressed(bytes.as_mut_slice()).expect("LEN bytes hold a compressed point");
    bytes
}

fn decode_point<P: AffineRepr, const LEN: usize>(
    what: &'static str,
    bytes: &[u8],
) -> Result<P, EncodingError> {
    let bytes: &[u8; LEN] = exact(what, bytes)?;
    if bytes[0] & COMPRESSED_FLAG == 0 {
        return Err(EncodingError::NotCompressed(what));
    }
    if bytes[0] & INFINITY_FLAG != 0 {
        return Err(EncodingError::Identity(what));
    }
    let point =
        P::deserialize_compressed_unchecked(bytes.as_slice()).map_err(|_| EncodingError::NotOnCurve(what))?;
    check_point(what, &point)?;
    if encode_point::<P, LEN>(&point) != *bytes {
        return Err(EncodingError::NotCanonical(what));
    }
    Ok(point)
}

#[cfg(test)]
mod tests;
