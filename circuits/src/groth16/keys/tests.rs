use std::fs;

use ark_bls12_381::{G1Affine, G2Affine};
use ark_ec::AffineRepr;

use super::*;
use crate::groth16::sample_circuit::{Powers, keys, prove, rng};
use crate::groth16::{Prepared, Proof};

fn rebuilt(change: impl FnOnce(&mut ark_groth16::VerifyingKey<Bls12_381>)) -> KeyError {
    let keys = keys::<2>(1);
    let mut key = keys.verifying().as_ark().clone();
    change(&mut key);
    VerifyingKey::<2>::new(key, keys.circuit(), Origin::InsecureSingleParty).unwrap_err()
}

#[test]
fn degenerate_verifying_keys_are_refused() {
    assert!(matches!(rebuilt(|k| k.delta_g2 = k.gamma_g2), KeyError::GammaIsDelta));
    assert!(matches!(rebuilt(|k| k.delta_g2 = G2Affine::generator()), KeyError::DeltaIsGenerator));
    let identity = |error| matches!(error, KeyError::Encoding(EncodingError::Identity(_)));
    assert!(identity(rebuilt(|k| k.alpha_g1 = G1Affine::zero())));
    assert!(identity(rebuilt(|k| k.beta_g2 = G2Affine::zero())));
    assert!(identity(rebuilt(|k| k.gamma_g2 = G2Affine::zero())));
    assert!(identity(rebuilt(|k| k.delta_g2 = G2Affine::zero())));
    assert!(identity(rebuilt(|k| k.gamma_abc_g1[1] = G1Affine::zero())));
    assert!(matches!(rebuilt(|k| k.gamma_abc_g1.truncate(2)), KeyError::Inputs { expected: 2, found: 1 }));
    assert!(matches!(
        rebuilt(|k| k.gamma_abc_g1.push(k.alpha_g1)),
        KeyError::Inputs { expected: 2, found: 3 }
    ));
    let off_curve = G1Affine::new_unchecked(1.into(), 1.into());
    assert!(matches!(rebuilt(|k| k.alpha_g1 = off_curve), KeyError::Encoding(_)));
}

/// Why γ = δ must be refused: anybody can move an input's share from the statement into C.
#[test]
fn with_gamma_equal_delta_a_false_statement_verifies() {
    let keys = keys::<1>(1);
    let mut key = keys.verifying().as_ark().clone();
    key.delta_g2 = key.gamma_g2;
    let forged_input = Fr::from(1234u64);
    // A = α, B = β, C = −(IC₀ + x·IC₁): the equation holds for any x.
    let c = -(key.gamma_abc_g1[1] * forged_input + key.gamma_abc_g1[0]);
    let proof = ark_groth16::Proof::<Bls12_381> { a: key.alpha_g1, b: key.beta_g2, c: c.into() };
    let prepared = ark_groth16::prepare_verifying_key(&key);
    assert!(Groth16::<Bls12_381>::verify_proof(&prepared, &proof, &[forged_input]).unwrap());
    let typed = VerifyingKey::<1>::new(key, keys.circuit(), Origin::InsecureSingleParty);
    assert!(matches!(typed, Err(KeyError::GammaIsDelta)));
}

#[test]
fn verifying_keys_round_trip_and_are_pinned() {
    let (ours, theirs) = (keys::<3>(1), keys::<3>(2));
    let bytes = ours.verifying().to_bytes();
    let pin = ours.verifying().fingerprint();
    let trust = Trust::Development;
    let read = VerifyingKey::<3>::from_pinned_bytes(&bytes, &pin, trust).unwrap();
    assert_eq!(&read, ours.verifying());
    assert_eq!(ours.circuit(), theirs.circuit());
    assert!(matches!(
        VerifyingKey::<3>::from_pinned_bytes(&theirs.verifying().to_bytes(), &pin, trust),
        Err(KeyError::NotPinned { .. })
    ));
    assert!(matches!(
        VerifyingKey::<3>::from_bytes(&bytes, Trust::Production),
        Err(KeyError::InsecureOrigin)
    ));
    assert!(VerifyingKey::<2>::from_bytes(&bytes, trust).is_err());
    for i in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[i] ^= 1;
        let read = VerifyingKey::<3>::from_pinned_bytes(&changed, &pin, trust);
        assert!(matches!(read, Err(KeyError::NotPinned { .. })), "byte {i}");
    }
    let mut version = bytes.clone();
    version[0] = 9;
    assert!(matches!(VerifyingKey::<3>::from_bytes(&version, trust), Err(KeyError::Version(9))));
    let mut origin = bytes;
    origin[1] = 77;
    assert!(matches!(VerifyingKey::<3>::from_bytes(&origin, trust), Err(KeyError::UnknownOrigin(77))));
}

#[test]
fn a_circuit_has_one_digest_and_others_have_others() {
    let digest = |n: usize| match n {
        1 => Matrices::of(Powers::<1> { x: None }).unwrap().digest(),
        2 => Matrices::of(Powers::<2> { x: None }).unwrap().digest(),
        _ => Matrices::of(Powers::<2> { x: Some(Fr::from(5u64)) }).unwrap().digest(),
    };
    assert_ne!(digest(1), digest(2));
    assert_eq!(digest(2), digest(3), "values do not change the matrices");
    // Pinned: a change here makes every key kept on disk and every pinned fingerprint useless.
    assert_eq!(digest(2).to_string(), "bec4e312eb68b291514162fe0b05af3fa0a33de08fb70934f9628fc9d5a9969e");
}

#[test]
fn set_up_for_the_wrong_number_of_inputs_is_refused() {
    let result = setup_insecure_single_party::<3, _, _>(Powers::<2> { x: None }, &mut rng(1));
    assert!(matches!(result, Err(KeyError::Inputs { expected: 3, found: 2 })));
}

#[test]
fn proving_lists_of_another_length_are_refused() {
    let keys = keys::<2>(1);
    let (mut proving, _, matrices) = keys.into_parts();
    proving.h_query.pop();
    assert!(matches!(
        KeyPair::<2>::new(proving, matrices, Origin::InsecureSingleParty),
        Err(KeyError::ProvingLength { part: "H", .. })
    ));
}

fn get(store: &KeyStore, seed: u64) -> Result<KeyPair<2>, KeyError> {
    store.load_or_setup_insecure_single_party("sample", Powers::<2> { x: None }, &mut rng(seed))
}

#[test]
fn keys_are_made_once_and_read_back() {
    let directory = tempfile::tempdir().unwrap();
    let store = KeyStore::open(directory.path().join("keys"), Trust::Development).unwrap();
    assert!(store.load::<2, _>("sample", Powers::<2> { x: None }).unwrap().is_none());
    let first = get(&store, 1).unwrap();
    let second = get(&store, 2).unwrap();
    assert_eq!(first.verifying(), second.verifying());
    assert_eq!(first.proving(), second.proving());
    let loaded = store.load::<2, _>("sample", Powers::<2> { x: None }).unwrap().unwrap();
    let (inputs, proof): (_, Proof) = prove(&loaded, 4, 5);
    assert_eq!(Prepared::new(first.verifying()).verify(&inputs, &proof), Ok(()));
    let path = store.verifying_key_path("sample", &first.circuit()).unwrap();
    let kept = VerifyingKey::<2>::from_bytes(&fs::read(path).unwrap(), Trust::Development).unwrap();
    assert_eq!(&kept, first.verifying());
}

#[test]
fn every_damaged_byte_is_noticed_and_the_keys_made_anew() {
    let directory = tempfile::tempdir().unwrap();
    let store = KeyStore::open(directory.path(), Trust::Development).unwrap();
    let keys = get(&store, 1).unwrap();
    let path = directory.path().join(format!("sample-{}.pk", keys.circuit()));
    let good = fs::read(&path).unwrap();
    for i in (0..good.len()).step_by(7).chain([good.len() - 1]) {
        let mut bad = good.clone();
        bad[i] ^= 4;
        assert!(matches!(file::decode::<2>(&bad, Trust::Development), Err(KeyError::Damaged(_))), "byte {i}");
    }
    for cut in [0, 7, 39, 40, 300, good.len() - 1] {
        fs::write(&path, &good[..cut]).unwrap();
        assert!(store.load::<2, _>("sample", Powers::<2> { x: None }).is_err(), "cut at {cut}");
    }
    let remade = get(&store, 3).unwrap();
    assert_ne!(remade.verifying().fingerprint(), keys.verifying().fingerprint());
    assert_eq!(get(&store, 4).unwrap().verifying(), remade.verifying());
}

#[test]
fn generators_at_the_same_time_agree() {
    let directory = tempfile::tempdir().unwrap();
    let found: Vec<_> = std::thread::scope(|scope| {
        let start = |seed| {
            // Each with a store of its own, as separate processes would: only the lock file is shared.
            let store = KeyStore::open(directory.path(), Trust::Development).unwrap();
            scope.spawn(move || get(&store, seed).unwrap().verifying().fingerprint())
        };
        let threads: Vec<_> = (0..6).map(start).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert!(found.windows(2).all(|pair| pair[0] == pair[1]), "{found:?}");
    let leftovers = fs::read_dir(directory.path()).unwrap().count();
    assert_eq!(leftovers, 3, "a pair, a verifying key and a lock");
}

#[test]
fn a_store_for_production_makes_and_reads_no_insecure_keys() {
    let directory = tempfile::tempdir().unwrap();
    get(&KeyStore::open(directory.path(), Trust::Development).unwrap(), 1).unwrap();
    let store = KeyStore::open(directory.path(), Trust::Production).unwrap();
    assert!(matches!(get(&store, 1), Err(KeyError::InsecureOrigin)));
    let loaded = store.load::<2, _>("sample", Powers::<2> { x: None });
    assert!(matches!(loaded, Err(KeyError::InsecureOrigin)));
}

#[test]
fn names_cannot_leave_the_directory() {
    let directory = tempfile::tempdir().unwrap();
    let store = KeyStore::open(directory.path(), Trust::Development).unwrap();
    for name in ["", "../up", "a/b", "A", "x.y", &"n".repeat(65)] {
        let result = store.load::<2, _>(name, Powers::<2> { x: None });
        assert!(matches!(result, Err(KeyError::Name)), "{name:?}");
    }
}
