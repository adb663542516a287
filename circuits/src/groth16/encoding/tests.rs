use ark_bls12_381::{Fq, G1Affine, G1Projective, G2Projective};
use ark_ec::CurveGroup;
use ark_ff::{BigInteger, One, UniformRand};

use super::*;
use crate::groth16::Proof;
use crate::groth16::sample_circuit::{keys, prove, rng};

#[test]
fn field_elements_are_little_endian_and_below_the_modulus() {
    let mut bytes = [0; FIELD_BYTES];
    bytes[0] = 3;
    bytes[1] = 1;
    assert_eq!(decode_field(&bytes), Ok(Fr::from(259)));
    assert_eq!(encode_field(&Fr::from(259)), bytes);
    let modulus: Vec<u8> = Fr::MODULUS.to_bytes_le();
    assert_eq!(decode_field(&modulus), Err(EncodingError::FieldOverflow));
    assert_eq!(decode_field(&[0xff; 32]), Err(EncodingError::FieldOverflow));
    assert_eq!(decode_field(&encode_field(&-Fr::one())), Ok(-Fr::one()));
    let short = EncodingError::Length { what: "field element", expected: 32, found: 31 };
    assert_eq!(decode_field(&bytes[..31]), Err(short));
}

#[test]
fn points_round_trip_and_every_other_form_is_refused() {
    let mut rng = rng(5);
    for _ in 0..16 {
        let g1 = G1Projective::rand(&mut rng).into_affine();
        let g2 = G2Projective::rand(&mut rng).into_affine();
        assert_eq!(decode_g1(&encode_g1(&g1)), Ok(g1));
        assert_eq!(decode_g2(&encode_g2(&g2)), Ok(g2));
    }
    let what = "point of G1";
    let good = encode_g1(&G1Projective::rand(&mut rng).into_affine());
    let with = |change: fn(&mut [u8; G1_BYTES])| {
        let mut bytes = good;
        change(&mut bytes);
        decode_g1(&bytes).map(|_| ())
    };
    assert_eq!(with(|b| b[0] &= 0x7f), Err(EncodingError::NotCompressed(what)));
    assert_eq!(with(|b| b[0] |= 0x40), Err(EncodingError::Identity(what)));
    assert!(decode_g1(&[good.as_slice(), &[0]].concat()).is_err());
    assert!(decode_g1(&good[..47]).is_err());
}

#[test]
fn identity_is_refused_with_and_without_junk() {
    let mut identity = [0; G1_BYTES];
    identity[0] = 0xc0;
    assert_eq!(decode_g1(&identity), Err(EncodingError::Identity("point of G1")));
    identity[30] = 9;
    assert_eq!(decode_g1(&identity), Err(EncodingError::Identity("point of G1")));
    assert_eq!(check_point("A", &G1Affine::zero()), Err(EncodingError::Identity("A")));
}

#[test]
fn an_x_that_is_not_reduced_is_refused() {
    // x + p still fits the 381 bits for small x: another encoding of the same point.
    let mut x = Fq::from(0u64);
    let (point, small) = loop {
        x += Fq::one();
        if let Some(point) = G1Affine::get_point_from_x_unchecked(x, false) {
            break (point, x.into_bigint());
        }
    };
    let mut aliased = small;
    assert!(!aliased.add_with_carry(&Fq::MODULUS));
    let mut bytes: Vec<u8> = aliased.to_bytes_be();
    bytes[0] |= 0x80;
    assert!(point.is_on_curve());
    assert_eq!(decode_g1(&bytes), Err(EncodingError::NotOnCurve("point of G1")));
}

#[test]
fn points_outside_the_subgroup_are_refused() {
    let mut x = Fq::from(0u64);
    let outside = loop {
        x += Fq::one();
        match G1Affine::get_point_from_x_unchecked(x, true) {
            Some(point) if !point.is_in_correct_subgroup_assuming_on_curve() => break point,
            _ => {}
        }
    };
    assert_eq!(decode_g1(&encode_g1(&outside)), Err(EncodingError::NotInSubgroup("point of G1")));
    let g2 = G2Affine::generator();
    assert!(matches!(Proof::new(outside, g2, outside), Err(EncodingError::NotInSubgroup(_))));
}

#[test]
fn a_proof_has_one_encoding_and_shows_nothing() {
    let keys = keys::<2>(1);
    let (_, proof) = prove(&keys, 3, 4);
    let bytes = proof.to_bytes();
    assert_eq!(Proof::from_bytes(&bytes), Ok(proof.clone()));
    assert_eq!(format!("{proof:?}"), "Proof(192 bytes)");
    assert!(Proof::from_bytes(&bytes[..191]).is_err());
    assert!(Proof::from_bytes(&[bytes.as_slice(), &[0]].concat()).is_err());
    let json = serde_json::to_string(&proof).unwrap();
    assert_eq!(json, format!("\"{}\"", hex::encode(bytes)));
    assert_eq!(serde_json::from_str::<Proof>(&json).unwrap(), proof);
    assert!(serde_json::from_str::<Proof>("\"00\"").is_err());
}

#[test]
fn no_single_bit_flip_of_a_proof_decodes_to_the_same_proof() {
    let keys = keys::<1>(1);
    let (_, proof) = prove(&keys, 3, 4);
    let bytes = proof.to_bytes();
    for bit in (0..bytes.len() * 8).step_by(5) {
        let mut flipped = bytes;
        flipped[bit / 8] ^= 1 << (bit % 8);
        assert_ne!(Proof::from_bytes(&flipped), Ok(proof.clone()), "bit {bit}");
    }
}
