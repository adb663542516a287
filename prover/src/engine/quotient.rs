//! The quotient h = (a·b − c) / (Xⁿ − 1), whose coefficients are the scalars of a key's H.
//!
//! With a and b of degree below n, a·b = q·Xⁿ + t and t + q = a·b mod (Xⁿ − 1) interpolates c, since the assignment
//! satisfies the circuit; so h = q. On the coset g·⟨w⟩, a·b mod (Xⁿ − gⁿ) = gⁿ·q + t. Hence
//! h = (coset interpolation of a·b − interpolation of a∘b) / (gⁿ − 1): six transforms, not seven, and no product with C
//! is needed for it. C is used once, to check that the assignment does satisfy the circuit.

use ark_bls12_381::Fr;
use ark_ff::{FftField, Field, One, Zero};
use galen_circuits::groth16::Matrices;
use rayon::prelude::*;
use zeroize::Zeroize;

use super::domain::Domain;
use super::{Assignment, EngineError};

const ROWS_A_TASK: usize = 512;

/// Refuses an assignment with other counts of variables than `matrices`.
pub(super) fn check_shape(matrices: &Matrices, assignment: &Assignment) -> Result<(), EngineError> {
    let (instance, witness) = (assignment.instance_variables(), assignment.witness_variables());
    let (expected_instance, expected_witness) = (matrices.instance_variables(), matrices.witness_variables());
    if (instance, witness) == (expected_instance, expected_witness) {
        Ok(())
    } else {
        Err(EngineError::Shape { instance, witness, expected_instance, expected_witness })
    }
}

/// A·z and B·z, after checking that A·z ∘ B·z = C·z.
pub(super) fn products(matrices: &Matrices, z: &[Fr]) -> Result<(Vec<Fr>, Vec<Fr>), EngineError> {
    let rows = matrices.constraints();
    let (mut a, mut b) = (vec![Fr::zero(); rows], vec![Fr::zero(); rows]);
    let parts = a.par_chunks_mut(ROWS_A_TASK).zip(b.par_chunks_mut(ROWS_A_TASK)).enumerate();
    let unsatisfied = parts.filter_map(|(part, (a, b))| {
        let mut first = None;
        for (i, (a, b)) in a.iter_mut().zip(b).enumerate() {
            let row = part * ROWS_A_TASK + i;
            *a = matrices.a().row_product(row, z);
            *b = matrices.b().row_product(row, z);
            if *a * *b != matrices.c().row_product(row, z) {
                first = first.or(Some(row));
            }
        }
        first
    });
    match unsatisfied.min() {
        Some(row) => Err(EngineError::Unsatisfied { row }),
        None => Ok((a, b)),
    }
}

/// A circuit's domain with the constants of its quotients.
pub(super) struct Quotient {
    domain: Domain,
    /// gⁱ / n, at the place of coefficient i.
    to_coset: Vec<Fr>,
    /// g⁻ⁱ / (n · (gⁿ − 1)), at the place of coefficient i.
    from_coset: Vec<Fr>,
    /// 1 / (n · (gⁿ − 1)).
    plain: Fr,
}

impl Quotient {
    /// The constants for `rows` constraints and `instance` instance variables; `None` when the field has no such domain.
    pub(super) fn new(rows: usize, instance: usize) -> Option<Self> {
        let domain = Domain::new(rows + instance)?;
        let g = Fr::GENERATOR;
        let size = Fr::from(domain.size() as u64).inverse()?;
        let plain = size * (g.pow([domain.size() as u64]) - Fr::one()).inverse()?;
        let to_coset = domain.reversed_powers(g, size);
        let from_coset = domain.reversed_powers(g.inverse()?, plain);
        Some(Self { domain, to_coset, from_coset, plain })
    }

    /// Where coefficient `i` of the quotient stands in the result of [`Self::compute`].
    pub(super) fn place(&self, i: usize) -> usize {
        self.domain.reversed(i)
    }

    /// Number of coefficients, the last of which (the one at place size − 1) is 0.
    pub(super) fn size(&self) -> usize {
        self.domain.size()
    }

    /// Coefficients of h in bit-reversed order, from A·z and B·z of a satisfying z and its instance part.
    pub(super) fn compute(&self, mut a: Vec<Fr>, mut b: Vec<Fr>, instance: &[Fr]) -> Vec<Fr> {
        // The key has one more row for each instance variable, x · 0 = 0, so that no input is free.
        a.extend_from_slice(instance);
        a.resize(self.size(), Fr::zero());
        b.resize(self.size(), Fr::zero());
        let mut c: Vec<Fr> = a.par_iter().zip(&b).map(|(a, b)| *a * b).collect();
        let lift = |values: &mut [Fr]| {
            self.domain.inverse(values);
            values.par_iter_mut().zip(&self.to_coset).for_each(|(value, factor)| *value *= factor);
            self.domain.forward(values);
        };
        rayon::join(|| rayon::join(|| lift(&mut a), || lift(&mut b)), || self.domain.inverse(&mut c));
        a.par_iter_mut().zip(&b).for_each(|(a, b)| *a *= b);
        self.domain.inverse(&mut a);
        a.par_iter_mut().zip(&self.from_coset).zip(&c).for_each(|((a, factor), c)| {
            *a = *a * factor - *c * self.plain;
        });
        b.zeroize();
        c.zeroize();
        a
    }
}
