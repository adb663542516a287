//! Several proofs under one key, the next circuit's values being computed while the last proof is made.

use ark_bls12_381::Fr;
use ark_relations::gr1cs::ConstraintSynthesizer;
use galen_circuits::groth16::Proof;

use super::{Assignment, Blinding, Engine, EngineError};

/// Proves `circuits` in order; a failure is its own circuit's alone.
///
/// A synthesis runs on one core. Beside it the others work on the proof before, so that with many circuits its time
/// disappears; at most two assignments are in memory.
pub fn prove_all<E, C>(
    engine: &E,
    key: &E::Key,
    circuits: impl IntoIterator<Item = (C, Blinding)>,
) -> Vec<Result<Proof, EngineError>>
where
    E: Engine,
    C: ConstraintSynthesizer<Fr> + Send,
{
    let mut proofs = Vec::new();
    let mut waiting: Option<(Result<Assignment, EngineError>, Blinding)> = None;
    let mut circuits = circuits.into_iter();
    loop {
        let next = circuits.next();
        if waiting.is_none() && next.is_none() {
            return proofs;
        }
        let (proof, values) = rayon::join(
            || waiting.take().map(|(values, blinding)| engine.prove(key, &values?, &blinding)),
            || next.map(|(circuit, blinding)| (Assignment::of(circuit).map_err(EngineError::from), blinding)),
        );
        proofs.extend(proof);
        waiting = values;
    }
}

#[cfg(test)]
mod tests {
    use galen_circuits::groth16::setup_insecure_single_party;
    use rand::SeedableRng;
    use rand_chacha::ChaCha20Rng;

    use super::*;
    use crate::engine::FastEngine;
    use crate::engine::synthetic::{SYNTHETIC_INPUTS, Synthetic};

    #[test]
    fn proofs_come_in_order_and_fail_alone() {
        let circuit = |seed| Synthetic::with_constraints(300, seed);
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        let keys = setup_insecure_single_party::<SYNTHETIC_INPUTS, _, _>(circuit(0), &mut rng).unwrap();
        let key = FastEngine.prepare(keys);
        let blindings: Vec<_> = (0..4).map(|_| Blinding::random(&mut rng)).collect();
        // The third is of another size, and so of another circuit.
        let circuits = [circuit(1), circuit(2), Synthetic::with_constraints(900, 3), circuit(4)];
        let proofs = prove_all(&FastEngine, &key, circuits.clone().into_iter().zip(blindings.clone()));
        assert_eq!(proofs.len(), 4);
        for (i, proof) in proofs.into_iter().enumerate() {
            let alone = Assignment::of(circuits[i].clone()).unwrap();
            match FastEngine.prove(&key, &alone, &blindings[i]) {
                Ok(alone) => assert_eq!(proof.unwrap(), alone, "circuit {i}"),
                Err(_) => assert!(i == 2 && matches!(proof, Err(EngineError::Shape { .. }))),
            }
        }
        assert!(prove_all::<_, Synthetic>(&FastEngine, &key, []).is_empty());
    }
}
