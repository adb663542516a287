//! Verification of 64 proofs, one by one and in a batch.

use galen_benches::verifying;
use galen_circuits::groth16::{KeyPair, setup_insecure_single_party};
use galen_prover::engine::synthetic::{SYNTHETIC_INPUTS, Synthetic};
use galen_prover::engine::{Assignment, Blinding, Engine, FastEngine};
use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;

fn main() {
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    let keys: KeyPair<SYNTHETIC_INPUTS> =
        setup_insecure_single_party(Synthetic::with_constraints(200, 0), &mut rng).expect("keys");
    let key = FastEngine.prepare(keys.clone());
    let proofs: Vec<_> = (0..64)
        .map(|seed| {
            let assignment = Assignment::of(Synthetic::with_constraints(200, seed)).expect("values");
            let proof = FastEngine.prove(&key, &assignment, &Blinding::random(&mut rng)).expect("proof");
            (assignment.inputs_array().expect("inputs"), proof)
        })
        .collect();
    verifying::compare("synthetic", 9, &keys, &proofs);
}
