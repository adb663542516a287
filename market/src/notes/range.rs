//! That committed amounts are small and not negative: aggregated Bulletproofs (Bünz and others, eprint 2017/1066), by the
//! `bulletproofs` crate, each under a label of its use and bound to a context.

use std::sync::OnceLock;

use bulletproofs::{BulletproofGens, RangeProof};
use curve25519_dalek::Scalar;
use curve25519_dalek::ristretto::CompressedRistretto;
use merlin::Transcript;
use rand::{CryptoRng, RngCore};

use super::group::{Say, bases};
use super::note::Opening;

/// Most amounts in one proof.
pub const MAX_AMOUNTS: usize = 16;
/// Bits of an amount.
pub const AMOUNT_BITS: usize = 64;
/// Bits of a price less one.
pub const PRICE_BITS: usize = 32;

/// A proof for a power of two of commitments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Range(Vec<u8>);

impl crate::codec::Canonical for Range {
    fn write(&self, out: &mut Vec<u8>) {
        crate::codec::write_bytes(out, &self.0);
    }

    fn read(reader: &mut crate::codec::Reader<'_>) -> Result<Self, crate::codec::CodecFault> {
        Ok(Self(reader.bytes()?.to_vec()))
    }
}

/// What a proof is for, and of how many bits each amount is.
#[derive(Clone, Copy, Debug)]
pub struct Use<'a> {
    /// The protocol that it is part of.
    pub label: &'static [u8],
    /// Everything public that it is bound to besides the commitments.
    pub context: &'a [u8; 32],
    /// Bits of an amount: [`AMOUNT_BITS`] or [`PRICE_BITS`].
    pub bits: usize,
}

impl Use<'_> {
    fn begin(&self) -> Transcript {
        let mut transcript = Transcript::new(self.label);
        transcript.append_message(b"context", self.context);
        transcript
    }
}

fn generators() -> &'static BulletproofGens {
    static GENERATORS: OnceLock<BulletproofGens> = OnceLock::new();
    GENERATORS.get_or_init(|| BulletproofGens::new(AMOUNT_BITS, MAX_AMOUNTS))
}

impl Range {
    /// Proves it. None unless there are 1, 2, 4, 8 or 16 openings with amounts of so many bits: the library would make a proof
    /// that does not hold.
    pub fn new(of: Use<'_>, openings: &[Opening], rng: &mut (impl RngCore + CryptoRng)) -> Option<Self> {
        let fits = |opening: &Opening| of.bits == AMOUNT_BITS || opening.amount >> of.bits == 0;
        if !openings.iter().all(fits) {
            return None;
        }
        let amounts: Vec<u64> = openings.iter().map(|opening| opening.amount).collect();
        let blindings: Vec<_> = openings.iter().map(|opening| opening.blinding).collect();
        // The library takes its nonces as they come: from a source that repeats itself, two proofs would give the amounts away.
        let transcript = of.begin();
        let secrets = openings.iter().flat_map(|opening| [Scalar::from(opening.amount), opening.blinding]);
        let mut nonces = transcript.nonce_source(&secrets.collect::<Vec<_>>(), rng);
        let (proof, _) = RangeProof::prove_multiple_with_rng(
            generators(),
            bases(),
            &mut of.begin(),
            &amounts,
            &blindings,
            of.bits,
            &mut nonces,
        )
        .ok()?;
        Some(Self(proof.to_bytes()))
    }

    /// Whether it is a proof for these commitments.
    #[must_use]
    pub fn holds(&self, of: Use<'_>, commitments: &[CompressedRistretto]) -> bool {
        let Ok(proof) = RangeProof::from_bytes(&self.0) else { return false };
        // The library reads scalars and points from bytes of any length that fits: its own encoding alone is the proof's.
        proof.to_bytes() == self.0
            && proof.verify_multiple(generators(), bases(), &mut of.begin(), commitments, of.bits).is_ok()
    }
}

#[cfg(test)]
#[path = "range_tests.rs"]
mod tests;
