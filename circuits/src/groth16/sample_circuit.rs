//! A small circuit for the tests of this module: the prover knows x with yᵢ = x^(i + 2) for each public yᵢ.

use ark_bls12_381::{Bls12_381, Fr};
use ark_ff::Field;
use ark_groth16::Groth16;
use ark_relations::gr1cs::{ConstraintSynthesizer, ConstraintSystemRef, LinearCombination, SynthesisError};
use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;

use super::{KeyPair, Proof, setup_insecure_single_party};

/// The circuit with `N` public inputs; without x for set-up.
#[derive(Clone)]
pub(super) struct Powers<const N: usize> {
    pub(super) x: Option<Fr>,
}

impl<const N: usize> Powers<N> {
    pub(super) fn inputs(x: Fr) -> [Fr; N] {
        std::array::from_fn(|i| x.pow([i as u64 + 2]))
    }
}

impl<const N: usize> ConstraintSynthesizer<Fr> for Powers<N> {
    fn generate_constraints(self, cs: ConstraintSystemRef<Fr>) -> Result<(), SynthesisError> {
        let x = self.x;
        let missing = SynthesisError::AssignmentMissing;
        let witness = cs.new_witness_variable(|| x.ok_or(missing))?;
        let mut last = witness;
        for i in 0..N {
            let power = cs.new_input_variable(|| x.map(|x| x.pow([i as u64 + 2])).ok_or(missing))?;
            cs.enforce_r1cs_constraint(
                || LinearCombination::from(last),
                || LinearCombination::from(witness),
                || LinearCombination::from(power),
            )?;
            last = power;
        }
        Ok(())
    }
}

pub(super) fn rng(seed: u64) -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(seed)
}

pub(super) fn keys<const N: usize>(seed: u64) -> KeyPair<N> {
    setup_insecure_single_party(Powers::<N> { x: None }, &mut rng(seed)).unwrap()
}

pub(super) fn prove<const N: usize>(keys: &KeyPair<N>, x: u64, seed: u64) -> ([Fr; N], Proof) {
    let x = Fr::from(x);
    let circuit = Powers::<N> { x: Some(x) };
    let proof =
        Groth16::<Bls12_381>::create_random_proof_with_reduction(circuit, keys.proving(), &mut rng(seed));
    (Powers::<N>::inputs(x), proof.unwrap().try_into().unwrap())
}
