//! Verification of one proof under one key.

use std::fmt;

use ark_bls12_381::{Bls12_381, Fr, G1Projective, G2Affine};
use ark_ec::{CurveGroup, VariableBaseMSM, bls12::G2Prepared, pairing::Pairing};
use ark_ff::Field;

use super::proof::Proof;
use super::verifying_key::{Fingerprint, VerifyingKey};

/// Why a proof was not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// The proof does not hold for these public inputs under this key.
    #[error("the proof does not hold for these public inputs")]
    Refused,
}

/// A verifying key with everything computed that does not depend on a proof.
///
/// The number of public inputs is part of the type: arkworks' verifier takes a slice of any length and, since 0.6,
/// silently ignores surplus inputs and takes missing ones for 0.
#[derive(Clone)]
pub struct Prepared<const N: usize> {
    key: VerifyingKey<N>,
    core: PreparedCore,
}

/// What verification needs of a key, whatever its number of inputs.
#[derive(Clone)]
pub(super) struct PreparedCore {
    pub(super) fingerprint: Fingerprint,
    pub(super) key: ark_groth16::VerifyingKey<Bls12_381>,
    /// e(α, β).
    alpha_beta: <Bls12_381 as Pairing>::TargetField,
    pub(super) beta: G2Prepared<ark_bls12_381::Config>,
    pub(super) gamma: G2Prepared<ark_bls12_381::Config>,
    pub(super) delta: G2Prepared<ark_bls12_381::Config>,
}

impl<const N: usize> Prepared<N> {
    /// Prepares a key: one pairing and three G2 preparations.
    pub fn new(key: &VerifyingKey<N>) -> Self {
        let ark = key.as_ark();
        let prepare = |point: G2Affine| G2Prepared::from(point);
        let core = PreparedCore {
            fingerprint: key.fingerprint(),
            key: ark.clone(),
            alpha_beta: Bls12_381::pairing(ark.alpha_g1, ark.beta_g2).0,
            beta: prepare(ark.beta_g2),
            gamma: prepare(ark.gamma_g2),
            delta: prepare(ark.delta_g2),
        };
        Self { key: key.clone(), core }
    }

    /// Verifies `proof` for exactly these public inputs, in the order in which the circuit allocated them.
    ///
    /// # Errors
    /// [`VerifyError::Refused`] when the proof does not hold.
    pub fn verify(&self, inputs: &[Fr; N], proof: &Proof) -> Result<(), VerifyError> {
        if self.core.holds(inputs, proof) { Ok(()) } else { Err(VerifyError::Refused) }
    }

    /// The key.
    pub fn key(&self) -> &VerifyingKey<N> {
        &self.key
    }

    /// The key's name.
    pub fn fingerprint(&self) -> Fingerprint {
        self.core.fingerprint
    }

    pub(super) fn core(&self) -> &PreparedCore {
        &self.core
    }
}

impl PreparedCore {
    /// e(A, B) = e(α, β) · e(Σ xᵢ ICᵢ, γ) · e(C, δ). The caller guarantees that `inputs` has the key's length.
    pub(super) fn holds(&self, inputs: &[Fr], proof: &Proof) -> bool {
        debug_assert_eq!(inputs.len() + 1, self.key.gamma_abc_g1.len());
        let [first, rest @ ..] = self.key.gamma_abc_g1.as_slice() else { return false };
        let Ok(sum) = G1Projective::msm(rest, inputs) else { return false };
        let statement = (sum + first).into_affine();
        let product = Bls12_381::multi_miller_loop(
            [-*proof.a(), statement, *proof.c()],
            [G2Prepared::from(*proof.b()), self.gamma.clone(), self.delta.clone()],
        );
        Bls12_381::final_exponentiation(product)
            .is_some_and(|value| value.0 * self.alpha_beta == <Bls12_381 as Pairing>::TargetField::ONE)
    }
}

impl<const N: usize> fmt::Debug for Prepared<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Prepared({:?})", self.key)
    }
}

#[cfg(test)]
mod tests;
