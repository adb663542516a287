//! Keys, proofs and public inputs as the JSON files of snarkjs, so that anyone can check them with another program.
//!
//! `snarkjs groth16 verify verification_key.json public.json proof.json`. Numbers are decimal strings; a point is
//! `[x, y, 1]`, a coordinate of G2 is `[c0, c1]`. The file's `vk_alphabeta_12` is left out: snarkjs does not read it.

use ark_bls12_381::{Fq, Fq2, Fr, G1Affine, G2Affine};
use serde::Serialize;

use super::proof::Proof;
use super::verifying_key::VerifyingKey;

const PROTOCOL: &str = "groth16";
const CURVE: &str = "bls12381";

type G1Json = [String; 3];
type G2Json = [[String; 2]; 3];

/// `verification_key.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct VerificationKeyJson {
    protocol: &'static str,
    curve: &'static str,
    #[serde(rename = "nPublic")]
    inputs: usize,
    vk_alpha_1: G1Json,
    vk_beta_2: G2Json,
    vk_gamma_2: G2Json,
    vk_delta_2: G2Json,
    #[serde(rename = "IC")]
    input_points: Vec<G1Json>,
}

/// `proof.json`.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct ProofJson {
    pi_a: G1Json,
    pi_b: G2Json,
    pi_c: G1Json,
    protocol: &'static str,
    curve: &'static str,
}

impl<const N: usize> From<&VerifyingKey<N>> for VerificationKeyJson {
    fn from(key: &VerifyingKey<N>) -> Self {
        let key = key.as_ark();
        Self {
            protocol: PROTOCOL,
            curve: CURVE,
            inputs: N,
            vk_alpha_1: g1(&key.alpha_g1),
            vk_beta_2: g2(&key.beta_g2),
            vk_gamma_2: g2(&key.gamma_g2),
            vk_delta_2: g2(&key.delta_g2),
            input_points: key.gamma_abc_g1.iter().map(g1).collect(),
        }
    }
}

impl From<&Proof> for ProofJson {
    fn from(proof: &Proof) -> Self {
        Self {
            pi_a: g1(proof.a()),
            pi_b: g2(proof.b()),
            pi_c: g1(proof.c()),
            protocol: PROTOCOL,
            curve: CURVE,
        }
    }
}

impl std::fmt::Debug for ProofJson {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ProofJson(..)")
    }
}

/// `public.json`: the public inputs in order, serialized as a list of decimal strings.
pub fn public_inputs(inputs: &[Fr]) -> Vec<String> {
    inputs.iter().map(ToString::to_string).collect()
}

fn decimal(element: &Fq) -> String {
    element.to_string()
}

fn pair(element: &Fq2) -> [String; 2] {
    [decimal(&element.c0), decimal(&element.c1)]
}

// Points of keys and proofs are never the identity, so z is always 1.
fn g1(point: &G1Affine) -> G1Json {
    [decimal(&point.x), decimal(&point.y), "1".to_string()]
}

fn g2(point: &G2Affine) -> G2Json {
    [pair(&point.x), pair(&point.y), ["1".to_string(), "0".to_string()]]
}

#[cfg(test)]
mod tests;
