//! Fourier transforms over a subgroup of size 2^k, leaving out every permutation.
//!
//! The forward transform takes coefficients in bit-reversed order and gives values in order; the inverse takes values in
//! order and gives coefficients in bit-reversed order. What lies between works on coefficients one by one, in that order.

use ark_bls12_381::Fr;
use ark_ff::{FftField, Field, One};
use rayon::prelude::*;

/// Below this size a transform is not divided among threads.
const SMALLEST_TASK: usize = 1 << 11;

/// A subgroup of the scalar field's units, with the roots of unity that its transforms need.
pub(super) struct Domain {
    size: usize,
    /// wⁱ for i < size / 2.
    roots: Vec<Fr>,
    /// w⁻ⁱ for i < size / 2.
    inverse_roots: Vec<Fr>,
}

impl Domain {
    /// The subgroup of the smallest power of two that is at least `size`; `None` where the field has none.
    pub(super) fn new(size: usize) -> Option<Self> {
        let size = size.max(2).checked_next_power_of_two()?;
        let root = Fr::get_root_of_unity(size as u64)?;
        let roots = powers(root, size / 2);
        let inverse_roots = powers(root.inverse()?, size / 2);
        Some(Self { size, roots, inverse_roots })
    }

    /// Number of elements.
    pub(super) fn size(&self) -> usize {
        self.size
    }

    /// Values in order → size × coefficients in bit-reversed order.
    pub(super) fn inverse(&self, values: &mut [Fr]) {
        decimate_frequency(values, &self.inverse_roots, 1);
    }

    /// Coefficients in bit-reversed order → values in order.
    pub(super) fn forward(&self, coefficients: &mut [Fr]) {
        decimate_time(coefficients, &self.roots, 1);
    }

    /// `i` with the order of its bits reversed.
    pub(super) fn reversed(&self, i: usize) -> usize {
        reverse_bits(i, self.size.trailing_zeros())
    }

    /// factor · baseⁱ at the place of coefficient i.
    pub(super) fn reversed_powers(&self, base: Fr, factor: Fr) -> Vec<Fr> {
        let mut ordered = powers(base, self.size);
        ordered.par_iter_mut().for_each(|power| *power *= factor);
        (0..self.size).into_par_iter().map(|i| ordered[self.reversed(i)]).collect()
    }
}

fn decimate_frequency(values: &mut [Fr], roots: &[Fr], stride: usize) {
    let half = values.len() / 2;
    if half == 0 {
        return;
    }
    let (low, high) = values.split_at_mut(half);
    let step = |(low, high): (&mut Fr, &mut Fr), root: &Fr| {
        let difference = *low - *high;
        *low += &*high;
        *high = difference * root;
    };
    if half < SMALLEST_TASK {
        let own_roots = roots.iter().step_by(stride);
        low.iter_mut().zip(high.iter_mut()).zip(own_roots).for_each(|(pair, root)| step(pair, root));
        decimate_frequency(low, roots, 2 * stride);
        decimate_frequency(high, roots, 2 * stride);
    } else {
        let pairs = low.par_iter_mut().zip(high.par_iter_mut()).enumerate().with_min_len(SMALLEST_TASK);
        pairs.for_each(|(i, pair)| step(pair, &roots[i * stride]));
        rayon::join(
            || decimate_frequency(low, roots, 2 * stride),
            || decimate_frequency(high, roots, 2 * stride),
        );
    }
}

fn decimate_time(values: &mut [Fr], roots: &[Fr], stride: usize) {
    let half = values.len() / 2;
    if half == 0 {
        return;
    }
    let (low, high) = values.split_at_mut(half);
    let step = |(low, high): (&mut Fr, &mut Fr), root: &Fr| {
        let turned = *high * root;
        *high = *low - turned;
        *low += turned;
    };
    if half < SMALLEST_TASK {
        decimate_time(low, roots, 2 * stride);
        decimate_time(high, roots, 2 * stride);
        let own_roots = roots.iter().step_by(stride);
        low.iter_mut().zip(high.iter_mut()).zip(own_roots).for_each(|(pair, root)| step(pair, root));
    } else {
        rayon::join(|| decimate_time(low, roots, 2 * stride), || decimate_time(high, roots, 2 * stride));
        let pairs = low.par_iter_mut().zip(high.par_iter_mut()).enumerate().with_min_len(SMALLEST_TASK);
        pairs.for_each(|(i, pair)| step(pair, &roots[i * stride]));
    }
}

/// 1, base, base², …
fn powers(base: Fr, count: usize) -> Vec<Fr> {
    std::iter::successors(Some(Fr::one()), |power| Some(*power * base)).take(count).collect()
}

fn reverse_bits(i: usize, bits: u32) -> usize {
    if bits == 0 { i } else { i.reverse_bits() >> (usize::BITS - bits) }
}

#[cfg(test)]
mod tests {
    use ark_ff::UniformRand;
    use ark_poly::{EvaluationDomain, Radix2EvaluationDomain};
    use rand::SeedableRng;
    use rand_chacha::ChaCha20Rng;

    use super::*;

    #[test]
    fn transforms_agree_with_arkworks_at_sizes_on_both_sides_of_a_task() {
        let mut rng = ChaCha20Rng::seed_from_u64(4);
        for bits in [1, 2, 5, 11, 12, 14] {
            let domain = Domain::new(1 << bits).unwrap();
            let theirs = Radix2EvaluationDomain::<Fr>::new(1 << bits).unwrap();
            let values: Vec<Fr> = (0..1 << bits).map(|_| Fr::rand(&mut rng)).collect();
            let mut ours = values.clone();
            domain.inverse(&mut ours);
            let coefficients = theirs.ifft(&values);
            let scale = Fr::from(domain.size() as u64);
            for (i, coefficient) in coefficients.iter().enumerate() {
                assert_eq!(ours[domain.reversed(i)], *coefficient * scale, "2^{bits}, coefficient {i}");
            }
            domain.forward(&mut ours);
            assert!(ours.iter().zip(&values).all(|(a, b)| *a == *b * scale), "2^{bits}");
        }
    }
}
