//! The engine to use: byte for byte arkworks' proofs, several times as fast.
//!
//! What it does otherwise: matrices and points are kept in the form in which they are used; values come without building
//! matrices; the quotient needs fewer transforms and no permutation; sums use `blst`'s field arithmetic, affine buckets,
//! and cost nothing for zeros; windows of all five sums are one set of tasks for rayon.

use ark_bls12_381::{Bls12_381, Fr, G1Projective, G2Projective};
use ark_ec::CurveGroup;
use ark_groth16::ProvingKey;
use galen_circuits::groth16::{CircuitDigest, KeyPair, Matrices, Proof};
use rayon::prelude::*;
use zeroize::Zeroize;

use super::curve::{Curve, G1, G2};
use super::msm::{Points, join};
use super::quotient::{Quotient, check_shape, products};
use super::scalars::Digits;
use super::{Assignment, Blinding, Engine, EngineError};

/// The default engine. Runs on the rayon pool that it is called in.
#[derive(Debug, Clone, Copy, Default)]
pub struct FastEngine;

/// A key as [`FastEngine`] works with it: about 45 MB for a circuit of 2^16 constraints.
pub struct FastKey {
    circuit: CircuitDigest,
    matrices: Matrices,
    quotient: Quotient,
    a: Points<G1>,
    b1: Points<G1>,
    b2: Points<G2>,
    l: Points<G1>,
    h: Points<G1>,
    alpha: G1Projective,
    beta1: G1Projective,
    beta2: G2Projective,
    delta1: G1Projective,
    delta2: G2Projective,
}

impl FastKey {
    fn new(proving: &ProvingKey<Bls12_381>, circuit: CircuitDigest, matrices: Matrices) -> Self {
        let instance = matrices.instance_variables();
        let quotient = Quotient::new(matrices.constraints(), instance)
            .expect("a pair of keys exists only for circuits that fit the field's domains");
        let places = (0..quotient.size()).map(|place| quotient.place(place));
        // The last coefficient is always 0 and has no point.
        let h = Points::new(places.filter_map(|i| proving.h_query.get(i)), 0);
        Self {
            circuit,
            a: Points::new(&proving.a_query, 0),
            b1: Points::new(&proving.b_g1_query, 0),
            b2: Points::new(&proving.b_g2_query, 0),
            l: Points::new(&proving.l_query, instance as u32),
            h,
            alpha: proving.vk.alpha_g1.into(),
            beta1: proving.beta_g1.into(),
            beta2: proving.vk.beta_g2.into(),
            delta1: proving.delta_g1.into(),
            delta2: proving.vk.delta_g2.into(),
            matrices,
            quotient,
        }
    }

    /// The circuit that the key is for.
    pub fn circuit(&self) -> CircuitDigest {
        self.circuit
    }
}

impl Engine for FastEngine {
    type Key = FastKey;

    fn prepare<const N: usize>(&self, keys: KeyPair<N>) -> FastKey {
        let circuit = keys.circuit();
        let (proving, _, matrices) = keys.into_parts();
        FastKey::new(&proving, circuit, matrices)
    }

    fn prove(
        &self,
        key: &FastKey,
        assignment: &Assignment,
        blinding: &Blinding,
    ) -> Result<Proof, EngineError> {
        check_shape(&key.matrices, assignment)?;
        let values = assignment.values();
        let (a, b) = products(&key.matrices, values)?;
        let instance = &values[..assignment.instance_variables()];
        let mut quotient = key.quotient.compute(a, b, instance);
        let (of_values, of_quotient) = rayon::join(|| Digits::of(values), || Digits::of(&quotient));
        quotient.zeroize();
        let sums = Sums::compute(key, &of_values, &of_quotient);
        assemble(key, &sums, blinding)
    }
}

/// The five sums of a proof.
struct Sums {
    a: G1Projective,
    b1: G1Projective,
    b2: G2Projective,
    l: G1Projective,
    h: G1Projective,
}

/// One window of one sum.
#[derive(Clone, Copy)]
enum Task<'k> {
    First(&'k Points<G1>, &'k Digits, usize),
    Second(&'k Points<G2>, &'k Digits, usize),
}

enum Window {
    First(<G1 as Curve>::Jacobian),
    Second(<G2 as Curve>::Jacobian),
}

impl Sums {
    fn compute(key: &FastKey, values: &Digits, quotient: &Digits) -> Self {
        let mut tasks = Vec::new();
        // The longest tasks first, so that none is left running alone at the end.
        tasks.extend((0..quotient.windows()).map(|w| Task::First(&key.h, quotient, w)));
        tasks.extend((0..values.windows()).map(|w| Task::Second(&key.b2, values, w)));
        for points in [&key.a, &key.b1, &key.l] {
            tasks.extend((0..values.windows()).map(|w| Task::First(points, values, w)));
        }
        let windows: Vec<Window> = tasks.par_iter().with_max_len(1).map(Task::run).collect();
        let mut firsts = windows.iter().filter_map(Window::first);
        let mut take = |digits: &Digits| {
            let own: Vec<_> = firsts.by_ref().take(digits.windows()).collect();
            G1::to_ark(&join::<G1>(&own, digits.width()))
        };
        let (h, a, b1, l) = (take(quotient), take(values), take(values), take(values));
        let seconds: Vec<_> = windows.iter().filter_map(Window::second).collect();
        Self { a, b1, b2: G2::to_ark(&join::<G2>(&seconds, values.width())), l, h }
    }
}

impl Task<'_> {
    fn run(&self) -> Window {
        match self {
            Self::First(points, digits, window) => Window::First(points.window_sum(digits, *window)),
            Self::Second(points, digits, window) => Window::Second(points.window_sum(digits, *window)),
        }
    }
}

impl Window {
    fn first(&self) -> Option<<G1 as Curve>::Jacobian> {
        if let Self::First(sum) = self { Some(*sum) } else { None }
    }

    fn second(&self) -> Option<<G2 as Curve>::Jacobian> {
        if let Self::Second(sum) = self { Some(*sum) } else { None }
    }
}

/// A = α + Σ + rδ, B = β + Σ + sδ, C = sA + rB − rsδ + L + H.
fn assemble(key: &FastKey, sums: &Sums, blinding: &Blinding) -> Result<Proof, EngineError> {
    let (r, s): (Fr, Fr) = (blinding.r, blinding.s);
    let a = key.alpha + sums.a + key.delta1 * r;
    let b1 = key.beta1 + sums.b1 + key.delta1 * s;
    let b2 = key.beta2 + sums.b2 + key.delta2 * s;
    let c = a * s + b1 * r - key.delta1 * (r * s) + sums.l + sums.h;
    Ok(Proof::new(a.into_affine(), b2.into_affine(), c.into_affine())?)
}

#[cfg(test)]
mod tests;
