//! A member's key of the beacon, to which shares are encrypted.
//!
//! It comes from the member's secret by a labelled derivation, so that a member has one secret to keep; and so do its
//! polynomials, so that a member that restarts deals and discloses the same secret again.

use core::fmt;

use curve25519_dalek::{RistrettoPoint, Scalar, constants::RISTRETTO_BASEPOINT_POINT};
use merlin::Transcript;
use zeroize::Zeroize;

use super::group::{Exponent, Point, Say, combination};
use crate::codec::{Decode, DecodeError, Encode, Reader};

/// The secret half. `Debug` shows nothing of it.
#[derive(Clone)]
pub struct BeaconSecret {
    seed: [u8; 32],
    scalar: Scalar,
}

impl Drop for BeaconSecret {
    fn drop(&mut self) {
        self.seed.zeroize();
        self.scalar.zeroize();
    }
}

impl fmt::Debug for BeaconSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BeaconSecret")
    }
}

impl BeaconSecret {
    /// Derives the secret from a member's own.
    pub fn derive(member_secret: &[u8; 32]) -> Self {
        let seed = blake3::derive_key("galen ledger v1 beacon secret of a member", member_secret);
        let mut secret = Self { seed, scalar: Scalar::ZERO };
        [secret.scalar] = secret.scalars(b"key", &[]);
        secret
    }

    /// The public half.
    pub fn public(&self) -> BeaconKey {
        BeaconKey(RistrettoPoint::mul_base(&self.scalar).into())
    }

    /// The secret scalar.
    pub(super) fn scalar(&self) -> &Scalar {
        &self.scalar
    }

    /// Scalars that only the owner can compute, the same for the same purpose and context.
    pub(super) fn scalars<const N: usize>(&self, purpose: &[u8], context: &[u8]) -> [Scalar; N] {
        let mut stream = self.stream(purpose, context);
        std::array::from_fn(|_| stream())
    }

    /// A stream of such scalars.
    pub(super) fn stream(&self, purpose: &[u8], context: &[u8]) -> impl FnMut() -> Scalar + use<> {
        let mut hasher = blake3::Hasher::new_derive_key("galen ledger v1 beacon secret scalars");
        hasher.update(&self.seed).update(&[purpose.len() as u8]).update(purpose).update(context);
        let mut stream = hasher.finalize_xof();
        move || {
            let mut wide = [0; 64];
            stream.fill(&mut wide);
            let scalar = Scalar::from_bytes_mod_order_wide(&wide);
            wide.zeroize();
            scalar
        }
    }

    /// Proves that this is the secret of its key, in a context (whose key it is, and where).
    pub fn prove(&self, context: &[u8]) -> KeyProof {
        let key = self.public();
        let [nonce] = self.scalars(b"proof of key", context);
        let challenge = key_challenge(&key, context, &RistrettoPoint::mul_base(&nonce).into());
        let response = nonce - challenge * self.scalar;
        KeyProof { challenge: challenge.into(), response: response.into() }
    }
}

/// The public half. May be any 32 bytes: a [`KeyProof`] shows that it is a key, and somebody's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct BeaconKey(pub(super) Point);

impl BeaconKey {
    /// Wraps the bytes of a key.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(Point::from_bytes(bytes))
    }

    /// The bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        self.0.as_bytes()
    }
}

/// Proof of knowledge of a key's secret (Schnorr): `key = x·G`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyProof {
    challenge: Exponent,
    response: Exponent,
}

/// The proof does not show that somebody has the secret of the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the beacon key is not a key, or comes without a proof of possession")]
pub struct KeyFault;

impl KeyProof {
    /// Verifies the proof for a key in a context.
    ///
    /// # Errors
    /// When the key is no point or the neutral element, or the proof is not for it.
    pub fn verify(&self, key: &BeaconKey, context: &[u8]) -> Result<(), KeyFault> {
        if key.0.is_identity() {
            return Err(KeyFault);
        }
        let point = key.0.open().map_err(|_| KeyFault)?;
        let challenge = self.challenge.open().map_err(|_| KeyFault)?;
        let response = self.response.open().map_err(|_| KeyFault)?;
        let announced = combination(&response, &RISTRETTO_BASEPOINT_POINT, &challenge, &point);
        if key_challenge(key, context, &announced.into()) == challenge { Ok(()) } else { Err(KeyFault) }
    }
}

fn key_challenge(key: &BeaconKey, context: &[u8], announced: &Point) -> Scalar {
    let mut transcript = Transcript::new(b"galen 2026 beacon key v1");
    transcript.append_message(b"context", context);
    transcript.point(b"key", &key.0);
    transcript.point(b"announced", announced);
    transcript.challenge()
}

impl Encode for BeaconKey {
    fn encode(&self, out: &mut Vec<u8>) {
        self.0.encode(out);
    }
}

impl Decode for BeaconKey {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self(Decode::decode(reader)?))
    }
}

impl Encode for KeyProof {
    fn encode(&self, out: &mut Vec<u8>) {
        self.challenge.encode(out);
        self.response.encode(out);
    }
}

impl Decode for KeyProof {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self { challenge: Decode::decode(reader)?, response: Decode::decode(reader)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proof_is_for_one_key_in_one_context() {
        let (one, other) = (BeaconSecret::derive(&[1; 32]), BeaconSecret::derive(&[2; 32]));
        let proof = one.prove(b"here");
        assert_eq!(proof.verify(&one.public(), b"here"), Ok(()));
        assert_eq!(proof.verify(&one.public(), b"there"), Err(KeyFault));
        assert_eq!(proof.verify(&other.public(), b"here"), Err(KeyFault));
        assert_eq!(proof.verify(&BeaconKey::from_bytes([0; 32]), b"here"), Err(KeyFault));
        assert_eq!(proof.verify(&BeaconKey::from_bytes([255; 32]), b"here"), Err(KeyFault));
        for at in 0..64 {
            let mut bytes = proof.to_bytes();
            bytes[at] ^= 1;
            let changed = KeyProof::from_bytes(&bytes).expect("any bytes");
            assert_eq!(changed.verify(&one.public(), b"here"), Err(KeyFault), "byte {at}");
        }
    }

    #[test]
    fn debug_shows_nothing_secret() {
        assert_eq!(format!("{:?}", BeaconSecret::derive(&[1; 32])), "BeaconSecret");
    }
}
