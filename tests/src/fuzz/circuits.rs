//! The circuits' canonical encodings: field elements, points, proofs, contributions, verifying keys.

use ark_bls12_381::{Bls12_381, Fr, G1Affine, G2Affine};
use ark_ec::{AffineRepr, CurveGroup};
use galen_circuits::contribution::{BlockHeader, Contribution, Header, Payout};
use galen_circuits::groth16::{CircuitDigest, Origin, Proof, Trust, VerifyingKey, encoding};
use galen_circuits::jubjub::{Coordinates, Sealed};
use galen_circuits::state::Totals;

use super::{Target, way};

/// The decoders of the circuits.
pub fn targets() -> Vec<Target> {
    vec![
        Target::new("element", element, || vec![encoding::encode_field(&Fr::from(7)).to_vec(), vec![0; 32]]),
        Target::new("points", points, || {
            let g2 = (G2Affine::generator() * Fr::from(9)).into_affine();
            vec![encoding::encode_g1(&point(5)).to_vec(), encoding::encode_g2(&g2).to_vec()]
        }),
        Target::new("proof", proof, || vec![some_proof(3).to_bytes().to_vec()]),
        Target::new("contribution", contribution, || {
            [(1, 1), (3, 2)].map(|(scans, blocks)| some_contribution(scans, blocks).to_bytes()).to_vec()
        }),
        Target::new("verifying_key", verifying_key, || vec![some_key().to_bytes()]),
    ]
}

fn element(bytes: &[u8]) -> String {
    match encoding::decode_field(bytes) {
        Ok(element) => {
            assert_eq!(encoding::encode_field(&element).as_slice(), bytes);
            "an element".into()
        }
        Err(error) => way(&error),
    }
}

/// By their length: 48 bytes are a point of G1, others are taken for one of G2.
fn points(bytes: &[u8]) -> String {
    let (again, error) = if bytes.len() == 48 {
        (encoding::decode_g1(bytes).map(|point| encoding::encode_g1(&point).to_vec()), "G1")
    } else {
        (encoding::decode_g2(bytes).map(|point| encoding::encode_g2(&point).to_vec()), "G2")
    };
    match again {
        Ok(again) => {
            assert_eq!(again, bytes, "another encoding of a point of {error}");
            format!("a point of {error}")
        }
        Err(fault) => format!("{error}: {}", way(&fault)),
    }
}

fn proof(bytes: &[u8]) -> String {
    match Proof::from_bytes(bytes) {
        Ok(proof) => {
            assert_eq!(proof.to_bytes().as_slice(), bytes);
            "a proof".into()
        }
        Err(error) => way(&error),
    }
}

fn contribution(bytes: &[u8]) -> String {
    match Contribution::from_bytes(bytes) {
        Ok(contribution) => {
            assert!(contribution.to_bytes() == bytes, "decodes, but encodes to other bytes");
            "a contribution".into()
        }
        Err(error) => way(&error),
    }
}

fn verifying_key(bytes: &[u8]) -> String {
    match VerifyingKey::<2>::from_bytes(bytes, Trust::Development) {
        Ok(key) => {
            assert!(key.to_bytes() == bytes, "decodes, but encodes to other bytes");
            "a key".into()
        }
        Err(error) => way(&error),
    }
}

fn point(scalar: u64) -> G1Affine {
    (G1Affine::generator() * Fr::from(scalar)).into_affine()
}

/// Well formed, and a proof of nothing.
fn some_proof(scalar: u64) -> Proof {
    let b = (G2Affine::generator() * Fr::from(scalar)).into_affine();
    Proof::new(point(scalar + 1), b, point(scalar + 2)).expect("points of the group")
}

/// Well formed, and a contribution of nothing.
pub fn some_contribution(scans: u64, blocks: u64) -> Contribution {
    let header = Header {
        recent: Fr::from(1),
        run: Fr::from(2),
        nullifier: Fr::from(3),
        blocks: (0..blocks)
            .map(|at| BlockHeader { rows: Fr::from(at), ciphertext: Fr::from(at + 9) })
            .collect(),
        totals: Totals { released: 7, suppressed: 1, loss: 3 },
        key_commitment: Fr::from(4),
        encapsulation: Fr::from(5),
        identity: Sealed { ephemeral: Coordinates { x: Fr::from(6), y: Fr::from(7) }, masked: Fr::from(8) },
        payout: Payout { key: [9; 32], memo: [10; 32] },
    };
    Contribution {
        header,
        states: (1..scans + blocks).map(Fr::from).collect(),
        scans: (1..=scans).map(some_proof).collect(),
        releases: (0..blocks).map(|at| some_proof(at + 20)).collect(),
        seal: some_proof(50),
    }
}

fn some_key() -> VerifyingKey<2> {
    let g2 = |scalar: u64| (G2Affine::generator() * Fr::from(scalar)).into_affine();
    let key = ark_groth16::VerifyingKey::<Bls12_381> {
        alpha_g1: point(2),
        beta_g2: g2(3),
        gamma_g2: g2(4),
        delta_g2: g2(5),
        gamma_abc_g1: vec![point(6), point(7), point(8)],
    };
    VerifyingKey::new(key, CircuitDigest([1; 32]), Origin::InsecureSingleParty).expect("well formed")
}
