//! Many proofs: one by one with arkworks, one by one with the typed verifier, and in a batch.

use ark_bls12_381::{Bls12_381, Fr};
use ark_groth16::{Groth16, prepare_verifying_key};
use galen_circuits::groth16::{Batch, KeyPair, Prepared, Proof};
use rayon::prelude::*;

use crate::measure::{Series, print, take_turns};

/// Measures the verification of `proofs` under `keys` and prints. One by one runs in parallel too: same threads.
pub fn compare<const N: usize>(
    subject: &str,
    rounds: usize,
    keys: &KeyPair<N>,
    proofs: &[([Fr; N], Proof)],
) -> Vec<Series> {
    let theirs = prepare_verifying_key(keys.verifying().as_ark());
    let ours = Prepared::new(keys.verifying());
    let encoded: Vec<_> = proofs.iter().map(|(_, proof)| proof.to_bytes()).collect();
    let by_arkworks = || {
        let holds = |(inputs, proof): &([Fr; N], Proof)| {
            Groth16::<Bls12_381>::verify_proof(&theirs, &proof.into(), inputs).is_ok_and(|holds| holds)
        };
        assert!(proofs.par_iter().all(holds));
    };
    let batch = || {
        let mut batch = Batch::new();
        for (inputs, proof) in proofs {
            batch.push(&ours, inputs, proof);
        }
        assert_eq!(batch.verify(), Ok(()));
    };
    let series = take_turns(
        rounds,
        vec![
            ("arkworks, one by one", Box::new(by_arkworks)),
            (
                "Prepared::verify, one by one",
                Box::new(|| assert!(proofs.par_iter().all(|(x, proof)| ours.verify(x, proof).is_ok()))),
            ),
            (
                "decoding with all checks",
                Box::new(|| assert!(encoded.par_iter().all(|bytes| Proof::from_bytes(bytes).is_ok()))),
            ),
            ("Batch::verify", Box::new(batch)),
        ],
    );
    print(&format!("{subject}: {} proofs", proofs.len()), &series);
    series
}
