use ark_ec::AffineRepr;
use ark_ff::{One, UniformRand};

use super::*;
use crate::groth16::KeyPair;
use crate::groth16::sample_circuit::{keys, prove, rng};

/// Proofs of two circuits with 1 and 3 inputs, alternating.
struct Mixed {
    one: KeyPair<1>,
    three: KeyPair<3>,
    ones: Vec<([Fr; 1], Proof)>,
    threes: Vec<([Fr; 3], Proof)>,
}

impl Mixed {
    fn new(each: u64) -> Self {
        let (one, three) = (keys::<1>(1), keys::<3>(2));
        let ones = (0..each).map(|i| prove(&one, i + 2, i)).collect();
        let threes = (0..each).map(|i| prove(&three, i + 2, 100 + i)).collect();
        Self { one, three, ones, threes }
    }

    fn verify(&self) -> Result<(), BatchError> {
        let one = Prepared::new(self.one.verifying());
        let three = Prepared::new(self.three.verifying());
        let mut batch = Batch::new();
        for ((a, p), (b, q)) in self.ones.iter().zip(&self.threes) {
            batch.push(&one, a, p);
            batch.push(&three, b, q);
        }
        batch.verify()
    }
}

#[test]
fn good_proofs_of_two_circuits_hold_together() {
    assert_eq!(Batch::new().verify(), Ok(()));
    assert_eq!(Mixed::new(1).verify(), Ok(()));
    assert_eq!(Mixed::new(5).verify(), Ok(()));
}

#[test]
fn the_culprits_are_named_exactly() {
    let good = Mixed::new(6);
    for culprits in [vec![0], vec![11], vec![3, 4], vec![0, 5, 11], (0..12).collect()] {
        let mut batch = Mixed {
            one: good.one.clone(),
            three: good.three.clone(),
            ones: good.ones.clone(),
            threes: good.threes.clone(),
        };
        for &i in &culprits {
            if i % 2 == 0 {
                batch.ones[i / 2].0[0] += Fr::one();
            } else {
                batch.threes[i / 2].0[2] += Fr::one();
            }
        }
        assert_eq!(batch.verify(), Err(BatchError::Refused(culprits)));
    }
}

#[test]
fn a_single_bad_proof_is_named() {
    let keys = keys::<1>(1);
    let (inputs, proof) = prove(&keys, 5, 1);
    let prepared = Prepared::new(keys.verifying());
    let mut batch = Batch::new();
    batch.push(&prepared, &[inputs[0] + Fr::one()], &proof);
    assert_eq!(batch.verify(), Err(BatchError::Refused(vec![0])));
}

/// C + E in one proof and C − E in another: with coefficients 1 and 1 the two errors cancel.
#[test]
fn errors_that_cancel_in_an_unweighted_sum_are_caught() {
    let keys = keys::<2>(1);
    let prepared = Prepared::new(keys.verifying());
    let error = G1Affine::generator() * Fr::rand(&mut rng(9));
    let forged: Vec<_> = [error, -error]
        .into_iter()
        .zip([5, 6])
        .map(|(error, x)| {
            let (inputs, proof) = prove(&keys, x, x);
            let c = (error + proof.c()).into_affine();
            (inputs, Proof::new(*proof.a(), *proof.b(), c).unwrap())
        })
        .collect();
    assert!(unweighted_sum_holds(prepared.core(), &forged), "the attack must work against a plain sum");
    let mut batch = Batch::new();
    for (inputs, proof) in &forged {
        batch.push(&prepared, inputs, proof);
    }
    assert_eq!(batch.verify(), Err(BatchError::Refused(vec![0, 1])));
}

/// What a batch verifier without coefficients would compute.
fn unweighted_sum_holds(key: &PreparedCore, proofs: &[([Fr; 2], Proof)]) -> bool {
    let items: Vec<Item> = proofs
        .iter()
        .map(|(inputs, proof)| Item { key: key.fingerprint, inputs: inputs.to_vec(), proof: proof.clone() })
        .collect();
    let terms: Vec<Term> = items.iter().map(|item| Term { item, rho: 1, a: *item.proof.a() }).collect();
    let batch = Batch { keys: BTreeMap::from([(key.fingerprint, key)]), items: Vec::new() };
    batch.holds(&terms, product(&terms))
}

#[test]
fn coefficients_depend_on_every_part_and_on_nothing_else() {
    let keys = keys::<1>(1);
    let other_key = crate::groth16::sample_circuit::keys::<1>(2);
    let (p, q) = (Prepared::new(keys.verifying()), Prepared::new(other_key.verifying()));
    let (inputs, proof) = prove(&keys, 5, 1);
    let (_, other_proof) = prove(&keys, 5, 2);
    let draw = |key: &Prepared<1>, input: Fr, proof: &Proof, count: usize| {
        let mut batch = Batch::new();
        for _ in 0..count {
            batch.push(key, &[input], proof);
        }
        batch.coefficients()
    };
    let base = draw(&p, inputs[0], &proof, 2);
    assert_eq!(base, draw(&p, inputs[0], &proof, 2));
    assert_ne!(base[0], base[1], "equal proofs have different coefficients");
    assert_ne!(base[0], draw(&q, inputs[0], &proof, 2)[0], "key");
    assert_ne!(base[0], draw(&p, inputs[0] + Fr::one(), &proof, 2)[0], "inputs");
    assert_ne!(base[0], draw(&p, inputs[0], &other_proof, 2)[0], "proof");
    assert_ne!(base[0], draw(&p, inputs[0], &proof, 3)[0], "number");
}
