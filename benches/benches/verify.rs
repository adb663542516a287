//! Verification of 64 proofs, one by one and in a batch: of the circuit that most proofs of a contribution are of, and of
//! the one with the most public inputs.

use ark_relations::gr1cs::ConstraintSynthesizer;
use galen_benches::verifying;
use galen_circuits::field::F;
use galen_circuits::groth16::{KeyPair, setup_insecure_single_party};
use galen_circuits::{scan, seal};
use galen_prover::engine::{Assignment, Blinding, Engine, FastEngine};
use galen_tests::world::World;
use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;

const PROOFS: usize = 64;

fn main() {
    let plan = World::small().plan();
    compare::<{ scan::PUBLIC_INPUTS }, _>("scan", &plan.scans);
    compare::<{ seal::PUBLIC_INPUTS }, _>("seal", &[plan.seal]);
}

/// Proves these statements in turn, each time with other randomness, and measures.
fn compare<const N: usize, C: ConstraintSynthesizer<F> + Clone>(name: &str, circuits: &[C]) {
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    let keys: KeyPair<N> = setup_insecure_single_party(circuits[0].clone(), &mut rng).expect("keys");
    let key = FastEngine.prepare(keys.clone());
    let proofs: Vec<_> = circuits
        .iter()
        .cycle()
        .take(PROOFS)
        .map(|circuit| {
            let values = Assignment::of(circuit.clone()).expect("values");
            let proof = FastEngine.prove(&key, &values, &Blinding::random(&mut rng)).expect("proof");
            (values.inputs_array().expect("inputs"), proof)
        })
        .collect();
    verifying::compare(name, 9, &keys, &proofs);
}
