use ark_ff::One;

use super::*;
use crate::groth16::sample_circuit::{keys, prove};

#[test]
fn a_proof_holds_for_its_inputs_and_no_others() {
    let keys = keys::<3>(1);
    let prepared = Prepared::new(keys.verifying());
    let (inputs, proof) = prove(&keys, 7, 2);
    assert_eq!(prepared.verify(&inputs, &proof), Ok(()));
    for i in 0..3 {
        let mut changed = inputs;
        changed[i] += Fr::one();
        assert_eq!(prepared.verify(&changed, &proof), Err(VerifyError::Refused), "input {i}");
    }
}

#[test]
fn a_proof_does_not_hold_under_another_key_of_the_same_circuit() {
    let (ours, theirs) = (keys::<2>(1), keys::<2>(2));
    let (inputs, proof) = prove(&ours, 7, 2);
    assert_eq!(Prepared::new(ours.verifying()).verify(&inputs, &proof), Ok(()));
    assert_eq!(Prepared::new(theirs.verifying()).verify(&inputs, &proof), Err(VerifyError::Refused));
}

#[test]
fn every_point_of_a_proof_counts() {
    let keys = keys::<1>(1);
    let prepared = Prepared::new(keys.verifying());
    let (inputs, proof) = prove(&keys, 7, 2);
    let (_, other) = prove(&keys, 7, 3);
    let mixed = [
        Proof::new(*other.a(), *proof.b(), *proof.c()),
        Proof::new(*proof.a(), *other.b(), *proof.c()),
        Proof::new(*proof.a(), *proof.b(), *other.c()),
        Proof::new(-*proof.a(), *proof.b(), *proof.c()),
    ];
    for mixed in mixed {
        assert_eq!(prepared.verify(&inputs, &mixed.unwrap()), Err(VerifyError::Refused));
    }
}
