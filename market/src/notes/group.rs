//! The group of confidential money: Ristretto, with the Pedersen bases of `bulletproofs`.
//!
//! B carries amounts, B̃ blindings and all owner keys, so that one ring signature serves a key and a commitment to zero
//! alike. Nobody knows the logarithm of one base to the other.

use std::sync::OnceLock;

use bulletproofs::PedersenGens;
use curve25519_dalek::ristretto::CompressedRistretto;
use curve25519_dalek::traits::IsIdentity;
use curve25519_dalek::{RistrettoPoint, Scalar};
use merlin::{Transcript, TranscriptRng};
use rand::{CryptoRng, RngCore};

use crate::codec::{Canonical, CodecFault, Reader, hex_json};

/// The Pedersen bases.
pub fn bases() -> &'static PedersenGens {
    static BASES: OnceLock<PedersenGens> = OnceLock::new();
    BASES.get_or_init(PedersenGens::default)
}

/// B̃, the base of blindings and of keys.
pub fn blinding_base() -> RistrettoPoint {
    bases().B_blinding
}

/// An element of the group that is not the identity, with its one encoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Point {
    bytes: CompressedRistretto,
    point: RistrettoPoint,
}

impl Point {
    /// An element with its encoding; none for the identity, which no honest value is.
    pub fn new(point: RistrettoPoint) -> Option<Self> {
        (!point.is_identity()).then(|| Self { bytes: point.compress(), point })
    }

    /// Reads an encoding.
    pub fn from_bytes(bytes: [u8; 32]) -> Option<Self> {
        let bytes = CompressedRistretto(bytes);
        let point = bytes.decompress()?;
        (!point.is_identity()).then_some(Self { bytes, point })
    }

    /// The encoding.
    pub fn as_bytes(&self) -> &[u8; 32] {
        self.bytes.as_bytes()
    }

    /// The encoding, as `bulletproofs` takes it.
    pub fn compressed(&self) -> CompressedRistretto {
        self.bytes
    }

    /// The element.
    pub fn get(&self) -> &RistrettoPoint {
        &self.point
    }
}

impl Canonical for Point {
    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.as_bytes());
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, CodecFault> {
        let bytes = <[u8; 32]>::read(reader)?;
        Self::from_bytes(bytes).ok_or(CodecFault::NotCanonical("an element of the group of money"))
    }
}

hex_json!(Point);

/// A scalar with its one encoding.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Exponent(pub Scalar);

impl std::fmt::Debug for Exponent {
    /// It may be a secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Exponent")
    }
}

impl Canonical for Exponent {
    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.0.as_bytes());
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, CodecFault> {
        let scalar = Scalar::from_canonical_bytes(<[u8; 32]>::read(reader)?);
        Option::from(scalar).map(Self).ok_or(CodecFault::NotCanonical("a scalar of the group of money"))
    }
}

hex_json!(Exponent);

/// A scalar from a label and what it stands for.
pub fn hash_to_scalar(label: &str, parts: &[&[u8]]) -> Scalar {
    Scalar::from_bytes_mod_order_wide(&wide(label, parts))
}

/// An element of which nobody knows a logarithm, from a label and what it stands for.
pub fn hash_to_point(label: &str, parts: &[&[u8]]) -> RistrettoPoint {
    RistrettoPoint::from_uniform_bytes(&wide(label, parts))
}

fn wide(label: &str, parts: &[&[u8]]) -> [u8; 64] {
    let mut hasher = blake3::Hasher::new_derive_key(label);
    for part in parts {
        hasher.update(&(part.len() as u64).to_le_bytes()).update(part);
    }
    let mut bytes = [0; 64];
    hasher.finalize_xof().fill(&mut bytes);
    bytes
}

/// What is said to a transcript. Statements first, then every message of the prover, before the challenge that answers it.
pub trait Say {
    /// Says an element.
    fn point(&mut self, label: &'static [u8], point: &RistrettoPoint);
    /// Says a number.
    fn number(&mut self, label: &'static [u8], number: u64);
    /// Draws a challenge.
    fn challenge(&mut self, label: &'static [u8]) -> Scalar;
    /// Randomness that is as good as the better of a secret with what was said, and of a source.
    fn nonces<R: RngCore + CryptoRng>(&self, secrets: &[Scalar], count: usize, rng: &mut R) -> Vec<Scalar> {
        let mut source = self.nonce_source(secrets, rng);
        (0..count).map(|_| Scalar::random(&mut source)).collect()
    }
    /// A source of such randomness.
    fn nonce_source<R: RngCore + CryptoRng>(&self, secrets: &[Scalar], rng: &mut R) -> TranscriptRng;
}

impl Say for Transcript {
    fn point(&mut self, label: &'static [u8], point: &RistrettoPoint) {
        self.append_message(label, point.compress().as_bytes());
    }

    fn number(&mut self, label: &'static [u8], number: u64) {
        self.append_u64(label, number);
    }

    fn challenge(&mut self, label: &'static [u8]) -> Scalar {
        let mut bytes = [0; 64];
        self.challenge_bytes(label, &mut bytes);
        Scalar::from_bytes_mod_order_wide(&bytes)
    }

    fn nonce_source<R: RngCore + CryptoRng>(&self, secrets: &[Scalar], rng: &mut R) -> TranscriptRng {
        let mut builder = self.build_rng();
        for secret in secrets {
            builder = builder.rekey_with_witness_bytes(b"secret", secret.as_bytes());
        }
        builder.finalize(rng)
    }
}

#[cfg(test)]
#[path = "test_support.rs"]
pub(super) mod support;

#[cfg(test)]
#[path = "group_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "peer_tests.rs"]
mod peer_tests;
