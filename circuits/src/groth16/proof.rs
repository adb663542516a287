//! A Groth16 proof as a value that is always well formed.

use std::fmt;

use ark_bls12_381::{Bls12_381, G1Affine, G2Affine};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use super::encoding::{
    EncodingError, G1_BYTES, G2_BYTES, check_point, decode_g1, decode_g2, encode_g1, encode_g2, exact,
};

/// Bytes of a proof: A in G1, B in G2, C in G1, compressed.
pub const PROOF_BYTES: usize = 2 * G1_BYTES + G2_BYTES;

/// A proof: three points on their curves, in their subgroups, none the identity.
///
/// Well formed is not valid: see [`Prepared::verify`](super::Prepared::verify). Proofs can be re-randomized by anyone,
/// so neither a proof's bytes nor their hash are an identifier of anything.
#[derive(Clone, PartialEq, Eq)]
pub struct Proof {
    a: G1Affine,
    b: G2Affine,
    c: G1Affine,
}

impl Proof {
    /// The proof of these three points.
    ///
    /// # Errors
    /// [`EncodingError`] where a point is the identity, off the curve or outside the subgroup.
    pub fn new(a: G1Affine, b: G2Affine, c: G1Affine) -> Result<Self, EncodingError> {
        check_point("A of the proof", &a)?;
        check_point("B of the proof", &b)?;
        check_point("C of the proof", &c)?;
        Ok(Self { a, b, c })
    }

    /// The proof with these bytes.
    ///
    /// # Errors
    /// [`EncodingError`] for anything but the one canonical encoding.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, EncodingError> {
        let bytes: &[u8; PROOF_BYTES] = exact("proof", bytes)?;
        let (a, rest) = bytes.split_at(G1_BYTES);
        let (b, c) = rest.split_at(G2_BYTES);
        Ok(Self { a: decode_g1(a)?, b: decode_g2(b)?, c: decode_g1(c)? })
    }

    /// The 192 bytes of the proof.
    pub fn to_bytes(&self) -> [u8; PROOF_BYTES] {
        let mut bytes = [0; PROOF_BYTES];
        let (a, rest) = bytes.split_at_mut(G1_BYTES);
        let (b, c) = rest.split_at_mut(G2_BYTES);
        a.copy_from_slice(&encode_g1(&self.a));
        b.copy_from_slice(&encode_g2(&self.b));
        c.copy_from_slice(&encode_g1(&self.c));
        bytes
    }

    /// The point A.
    pub fn a(&self) -> &G1Affine {
        &self.a
    }

    /// The point B.
    pub fn b(&self) -> &G2Affine {
        &self.b
    }

    /// The point C.
    pub fn c(&self) -> &G1Affine {
        &self.c
    }
}

impl fmt::Debug for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Proof({PROOF_BYTES} bytes)")
    }
}

impl From<&Proof> for ark_groth16::Proof<Bls12_381> {
    fn from(proof: &Proof) -> Self {
        Self { a: proof.a, b: proof.b, c: proof.c }
    }
}

impl TryFrom<ark_groth16::Proof<Bls12_381>> for Proof {
    type Error = EncodingError;

    fn try_from(proof: ark_groth16::Proof<Bls12_381>) -> Result<Self, EncodingError> {
        Self::new(proof.a, proof.b, proof.c)
    }
}

impl Serialize for Proof {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.serialize_str(&hex::encode(self.to_bytes()))
        } else {
            serializer.serialize_bytes(&self.to_bytes())
        }
    }
}

impl<'de> Deserialize<'de> for Proof {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let bytes = if deserializer.is_human_readable() {
            let text = String::deserialize(deserializer)?;
            hex::decode(text).map_err(|_| D::Error::custom(EncodingError::NotHex("proof")))?
        } else {
            deserializer.deserialize_byte_buf(BytesVisitor)?
        };
        Self::from_bytes(&bytes).map_err(D::Error::custom)
    }
}

/// Takes bytes however a format hands them over; the length is checked by [`Proof::from_bytes`].
struct BytesVisitor;

impl<'de> serde::de::Visitor<'de> for BytesVisitor {
    type Value = Vec<u8>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PROOF_BYTES} bytes")
    }

    fn visit_bytes<E: serde::de::Error>(self, bytes: &[u8]) -> Result<Vec<u8>, E> {
        Ok(bytes.to_vec())
    }

    fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut seq: A) -> Result<Vec<u8>, A::Error> {
        let mut bytes = Vec::with_capacity(PROOF_BYTES);
        while let Some(byte) = seq.next_element()? {
            if bytes.len() == PROOF_BYTES {
                return Err(A::Error::invalid_length(PROOF_BYTES + 1, &self));
            }
            bytes.push(byte);
        }
        Ok(bytes)
    }
}
