use ark_ff::{One, UniformRand};
use ark_groth16::Groth16;
use galen_circuits::groth16::{KeyPair, Prepared, setup_insecure_single_party};
use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;

use super::*;
use crate::engine::ArkEngine;
use crate::engine::synthetic::{SYNTHETIC_INPUTS, Synthetic};

fn keys(constraints: usize) -> KeyPair<SYNTHETIC_INPUTS> {
    let circuit = Synthetic::with_constraints(constraints, 0);
    setup_insecure_single_party(circuit, &mut ChaCha20Rng::seed_from_u64(1)).unwrap()
}

/// The same bytes as arkworks' own prover, which synthesizes the circuit itself.
#[test]
fn proofs_are_byte_for_byte_those_of_arkworks() {
    for (constraints, seed) in [(1, 1), (100, 2), (1000, 3), (5000, 4), (5000, 5)] {
        let keys = keys(constraints);
        let circuit = Synthetic::with_constraints(constraints, seed);
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let (r, s) = (Fr::rand(&mut rng), Fr::rand(&mut rng));
        let theirs = Groth16::<Bls12_381>::create_proof_with_reduction(circuit.clone(), keys.proving(), r, s);
        let assignment = Assignment::of(circuit).unwrap();
        let blinding = Blinding::from_scalars(r, s);
        let key = FastEngine.prepare(keys.clone());
        let ours = FastEngine.prove(&key, &assignment, &blinding).unwrap();
        let theirs = Proof::try_from(theirs.unwrap()).unwrap();
        assert_eq!(ours.to_bytes(), theirs.to_bytes(), "{constraints} constraints, seed {seed}");
        let inputs = assignment.inputs_array().unwrap();
        assert_eq!(Prepared::new(keys.verifying()).verify(&inputs, &ours), Ok(()));
        let reference = ArkEngine.prove(&ArkEngine.prepare(keys), &assignment, &blinding).unwrap();
        assert_eq!(reference, ours);
    }
}

#[test]
fn also_without_blinding() {
    let keys = keys(300);
    let assignment = Assignment::of(Synthetic::with_constraints(300, 8)).unwrap();
    let blinding = Blinding::from_scalars(Fr::from(0u64), Fr::from(0u64));
    let ours = FastEngine.prove(&FastEngine.prepare(keys.clone()), &assignment, &blinding).unwrap();
    assert_eq!(ours, ArkEngine.prove(&ArkEngine.prepare(keys), &assignment, &blinding).unwrap());
}

#[test]
fn an_unsatisfied_assignment_gives_no_proof() {
    let keys = keys(300);
    let good = Assignment::of(Synthetic::with_constraints(300, 8)).unwrap();
    let (fast, ark) = (FastEngine.prepare(keys.clone()), ArkEngine.prepare(keys));
    let blinding = Blinding::random(&mut ChaCha20Rng::seed_from_u64(3));
    let inputs = good.inputs().to_vec();
    let witnesses = good.values()[good.instance_variables()..].to_vec();
    for i in [0, 1, 70, witnesses.len() - 1] {
        let mut changed = witnesses.clone();
        changed[i] += Fr::one();
        let bad = Assignment::from_parts(&inputs, &changed);
        let refused = |result| matches!(result, Err(EngineError::Unsatisfied { .. }));
        assert!(refused(FastEngine.prove(&fast, &bad, &blinding)), "witness {i}");
        assert!(refused(ArkEngine.prove(&ark, &bad, &blinding)), "witness {i}");
    }
    let short = Assignment::from_parts(&inputs, &witnesses[1..]);
    assert!(matches!(FastEngine.prove(&fast, &short, &blinding), Err(EngineError::Shape { .. })));
    let shifted = Assignment::from_parts(&inputs[1..], &[&inputs[..1], &witnesses].concat());
    assert!(matches!(FastEngine.prove(&fast, &shifted, &blinding), Err(EngineError::Shape { .. })));
}

#[test]
fn nothing_secret_is_shown() {
    let assignment = Assignment::of(Synthetic::with_constraints(1, 8)).unwrap();
    assert_eq!(format!("{assignment:?}"), "Assignment(3 instance, 83 witness)");
    assert_eq!(format!("{:?}", Blinding::from_scalars(Fr::one(), Fr::one())), "Blinding(..)");
}
