//! Verification of many proofs, of any number of keys, at once.
//!
//! Each equation e(Aᵢ, Bᵢ) = e(α, β) · e(Xᵢ, γ) · e(Cᵢ, δ) is raised to a random ρᵢ of 128 bits and all are multiplied:
//! one Miller loop a proof, three a key, one final exponentiation. A batch with a false proof passes with
//! probability at most 2^-128 over the ρᵢ.
//!
//! The ρᵢ are drawn from a transcript of *everything* in the batch (keys, inputs, proofs), so that replicas
//! of a state machine all compute the same and nobody can choose a proof after seeing its coefficient.
//! When a batch fails, halves are checked until the culprits are named exactly; a Miller loop is computed once.

use std::collections::BTreeMap;
use std::fmt;

use ark_bls12_381::{Bls12_381, Fr, G1Affine, G1Projective};
use ark_ec::{CurveGroup, VariableBaseMSM, bls12::G2Prepared, pairing::MillerLoopOutput, pairing::Pairing};
use ark_ff::{Field, Zero};
use merlin::Transcript;
use rayon::prelude::*;

use super::encoding::encode_field;
use super::proof::Proof;
use super::verify::{Prepared, PreparedCore};
use super::verifying_key::Fingerprint;

type Target = <Bls12_381 as Pairing>::TargetField;

/// A batch that does not hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BatchError {
    /// These proofs do not hold; all others do.
    #[error("{} of the batch's proofs do not hold, the first at position {:?}", .0.len(), .0.first())]
    Refused(
        /// Positions in the order of [`Batch::push`], increasing.
        Vec<usize>,
    ),
}

struct Item {
    key: Fingerprint,
    inputs: Vec<Fr>,
    proof: Proof,
}

/// Proofs collected for one verification.
#[derive(Default)]
pub struct Batch<'k> {
    keys: BTreeMap<Fingerprint, &'k PreparedCore>,
    items: Vec<Item>,
}

impl<'k> Batch<'k> {
    /// An empty batch, which holds.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a proof and says its position.
    pub fn push<const N: usize>(&mut self, key: &'k Prepared<N>, inputs: &[Fr; N], proof: &Proof) -> usize {
        let core = key.core();
        self.keys.insert(core.fingerprint, core);
        self.items.push(Item { key: core.fingerprint, inputs: inputs.to_vec(), proof: proof.clone() });
        self.items.len() - 1
    }

    /// How many proofs were added.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether no proof was added.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Verifies all proofs.
    ///
    /// # Errors
    /// [`BatchError::Refused`] with the positions of exactly those that do not hold.
    pub fn verify(&self) -> Result<(), BatchError> {
        if let [only] = self.items.as_slice() {
            return if self.holds_alone(only) { Ok(()) } else { Err(BatchError::Refused(vec![0])) };
        }
        let terms = self.terms();
        if terms.is_empty() || self.holds(&terms, product(&terms)) {
            return Ok(());
        }
        // The joint product shares its squarings among proofs; to look at halves each proof's own is needed.
        let loops: Vec<Target> = terms.par_iter().map(|term| product(std::slice::from_ref(term))).collect();
        let mut culprits = Vec::new();
        self.search(&terms, &loops, 0, true, &mut culprits);
        Err(BatchError::Refused(culprits))
    }

    /// Collects the culprits among `terms`, the first of which is at position `start`. `fails` says that the range is
    /// already known to contain one.
    fn search(
        &self,
        terms: &[Term],
        loops: &[Target],
        start: usize,
        fails: bool,
        culprits: &mut Vec<usize>,
    ) -> bool {
        if !fails && self.holds(terms, loops.iter().product()) {
            return false;
        }
        if terms.len() <= 1 {
            culprits.push(start);
            return true;
        }
        let middle = terms.len() / 2;
        let (left, right) = terms.split_at(middle);
        let (left_loops, right_loops) = loops.split_at(middle);
        let in_left = self.search(left, left_loops, start, false, culprits);
        // Where the left half holds, the right one must hold the culprit.
        self.search(right, right_loops, start + middle, !in_left, culprits);
        true
    }

    fn holds_alone(&self, item: &Item) -> bool {
        self.keys.get(&item.key).is_some_and(|key| key.holds(&item.inputs, &item.proof))
    }

    /// The proofs with their coefficients, and A already multiplied by them.
    fn terms(&self) -> Vec<Term<'_>> {
        let coefficients = self.coefficients();
        let scaled: Vec<G1Projective> = self
            .items
            .par_iter()
            .zip(&coefficients)
            .map(|(item, rho)| ark_ec::AffineRepr::mul_bigint(item.proof.a(), limbs(*rho)))
            .collect();
        let scaled = G1Projective::normalize_batch(&scaled);
        let zipped = self.items.iter().zip(coefficients).zip(scaled);
        zipped.map(|((item, rho), a)| Term { item, rho, a }).collect()
    }

    /// 128 random bits a proof, never 0, from all that the batch contains.
    fn coefficients(&self) -> Vec<u128> {
        let mut transcript = Transcript::new(b"galen groth16 batch v1");
        transcript.append_u64(b"proofs", self.items.len() as u64);
        for item in &self.items {
            transcript.append_message(b"key", &item.key.0);
            transcript.append_u64(b"inputs", item.inputs.len() as u64);
            for input in &item.inputs {
                transcript.append_message(b"input", &encode_field(input));
            }
            transcript.append_message(b"proof", &item.proof.to_bytes());
        }
        let mut draw = || {
            let mut bytes = [0; 16];
            transcript.challenge_bytes(b"coefficient", &mut bytes);
            u128::from_le_bytes(bytes).max(1)
        };
        self.items.iter().map(|_| draw()).collect()
    }

    /// Whether the combination of `terms` holds, given the product of their Miller loops.
    fn holds(&self, terms: &[Term], loops: Target) -> bool {
        let sides: Vec<(G1Affine, G2Prepared<ark_bls12_381::Config>)> = self
            .keys
            .par_iter()
            .flat_map_iter(|(fingerprint, key)| {
                let own: Vec<&Term> = terms.iter().filter(|term| term.item.key == *fingerprint).collect();
                key_side(key, &own)
            })
            .collect();
        let (points, prepared): (Vec<_>, Vec<_>) = sides.into_iter().unzip();
        let right = Bls12_381::multi_miller_loop(points, prepared).0;
        Bls12_381::final_exponentiation(MillerLoopOutput(loops * right))
            .is_some_and(|value| value.0 == Target::ONE)
    }
}

struct Term<'b> {
    item: &'b Item,
    rho: u128,
    /// ρ · A.
    a: G1Affine,
}

/// Π e(ρᵢ Aᵢ, Bᵢ), before the final exponentiation.
fn product(terms: &[Term]) -> Target {
    let chunk = terms.len().div_ceil(rayon::current_num_threads()).clamp(1, 16);
    terms
        .par_chunks(chunk)
        .map(|terms| {
            let points = terms.iter().map(|term| term.a);
            Bls12_381::multi_miller_loop(points, terms.iter().map(|term| *term.item.proof.b())).0
        })
        .product()
}

/// The pairs −Σρ·α with β, −Σρ·X with γ, −Σρ·C with δ of one key's proofs.
fn key_side(key: &PreparedCore, terms: &[&Term]) -> Vec<(G1Affine, G2Prepared<ark_bls12_381::Config>)> {
    if terms.is_empty() {
        return Vec::new();
    }
    let mut inputs = vec![Fr::zero(); key.key.gamma_abc_g1.len()];
    for term in terms {
        let rho = Fr::from(term.rho);
        inputs[0] += rho;
        for (sum, input) in inputs[1..].iter_mut().zip(&term.item.inputs) {
            *sum += rho * input;
        }
    }
    let points: Vec<G1Affine> = terms.iter().map(|term| *term.item.proof.c()).collect();
    let coefficients: Vec<_> = terms.iter().map(|term| limbs256(term.rho)).collect();
    let sums = [
        key.key.alpha_g1 * inputs[0],
        G1Projective::msm_unchecked(&key.key.gamma_abc_g1, &inputs),
        G1Projective::msm_bigint(&points, &coefficients),
    ];
    let negated = sums.map(|sum| (-sum).into_affine());
    negated.into_iter().zip([&key.beta, &key.gamma, &key.delta].map(Clone::clone)).collect()
}

fn limbs(value: u128) -> [u64; 2] {
    [value as u64, (value >> 64) as u64]
}

fn limbs256(value: u128) -> ark_ff::BigInt<4> {
    let [low, high] = limbs(value);
    ark_ff::BigInt([low, high, 0, 0])
}

impl fmt::Debug for Batch<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Batch({} proofs, {} keys)", self.items.len(), self.keys.len())
    }
}

#[cfg(test)]
mod tests;
