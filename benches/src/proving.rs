//! From circuit inputs to a proof: arkworks, arkworks with its matrices kept, and the product's engine.

use std::hint::black_box;

use ark_bls12_381::{Bls12_381, Fr};
use ark_ff::UniformRand;
use ark_groth16::Groth16;
use ark_relations::gr1cs::ConstraintSynthesizer;
use galen_circuits::groth16::{KeyPair, Prepared, Proof, setup_insecure_single_party};
use galen_prover::engine::{ArkEngine, Assignment, Blinding, Engine, FastEngine};
use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;

use crate::measure::{Series, print, take_turns};

/// Measures proofs of `circuit` (a function of a seed for its values), checks that all provers agree, and prints.
pub fn compare<const N: usize, C>(subject: &str, rounds: usize, circuit: impl Fn(u64) -> C) -> Vec<Series>
where
    C: ConstraintSynthesizer<Fr> + Clone,
{
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    let keys: KeyPair<N> = setup_insecure_single_party(circuit(0), &mut rng).expect("the circuit gives keys");
    let subject = format!("{subject}: {:?}", keys.matrices());
    let (r, s) = (Fr::rand(&mut rng), Fr::rand(&mut rng));
    let blinding = Blinding::from_scalars(r, s);
    let (fast, ark) = (FastEngine.prepare(keys.clone()), ArkEngine.prepare(keys.clone()));
    let by_arkworks = || {
        let proof = Groth16::<Bls12_381>::create_proof_with_reduction(circuit(2), keys.proving(), r, s);
        Proof::try_from(proof.expect("arkworks proves")).expect("well formed")
    };
    let by = |assignment: Assignment| {
        (
            ArkEngine.prove(&ark, &assignment, &blinding).expect("the reference proves"),
            FastEngine.prove(&fast, &assignment, &blinding).expect("the engine proves"),
        )
    };
    let assignment = Assignment::of(circuit(2)).expect("the circuit has values");
    let inputs = assignment.inputs_array().expect("the circuit has N inputs");
    let (reference, ours) = by(assignment);
    assert!(by_arkworks() == ours && reference == ours, "provers disagree");
    Prepared::new(keys.verifying()).verify(&inputs, &ours).expect("the proof holds");
    let value = || Assignment::of(circuit(2)).expect("the circuit has values");
    let series = take_turns(
        rounds,
        vec![
            ("ark_groth16::Groth16::prove", Box::new(|| _ = black_box(by_arkworks()))),
            (
                "arkworks, matrices kept",
                Box::new(|| _ = black_box(ArkEngine.prove(&ark, &value(), &blinding))),
            ),
            ("values only (part of the next)", Box::new(|| _ = black_box(value()))),
            ("FastEngine", Box::new(|| _ = black_box(FastEngine.prove(&fast, &value(), &blinding)))),
        ],
    );
    print(&subject, &series);
    series
}
