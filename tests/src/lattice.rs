//! Small solutions of Σ xᵢ · aᵢ ≡ t modulo the order of F*: reduced bases, and the lattice point nearest to a target.
//!
//! The lattice of all x with Σ xᵢ aᵢ ≡ 0 is reached factor by factor of r − 1: each step takes the sublattice of index one
//! prime and reduces it again (Lenstra, Lenstra, Lovász 1982), so that all numbers stay small and floating point suffices.

use crate::logarithm::FACTORS;

const DELTA: f64 = 0.99;

/// All x with Σ xᵢ aᵢ ≡ t, as a reduced basis of the homogeneous solutions and one small solution.
pub struct Solutions {
    /// The reduced basis.
    pub basis: Vec<Vec<i64>>,
    /// A solution.
    pub point: Vec<i64>,
}

impl Solutions {
    /// `logarithms[i]` and `target` hold residues modulo each prime power of [`FACTORS`].
    pub fn of(logarithms: &[Vec<u64>], target: &[u64]) -> Self {
        let size = logarithms.len();
        let unit = |i: usize| (0..size).map(|j| i64::from(i == j)).collect();
        let mut solutions = Self { basis: (0..size).map(unit).collect(), point: vec![0; size] };
        for (index, (prime, power)) in FACTORS.iter().enumerate() {
            let column: Vec<u64> = logarithms.iter().map(|l| l[index]).collect();
            let mut known = 1u64;
            for _ in 0..*power {
                solutions.restrict(&column, target[index], known, *prime);
                known *= prime;
            }
        }
        solutions
    }

    /// From solutions modulo `known` to solutions modulo `known · prime`.
    fn restrict(&mut self, column: &[u64], target: u64, known: u64, prime: u64) {
        let modulus = i128::from(known) * i128::from(prime);
        let value = |x: &[i64]| {
            let sum: i128 = x
                .iter()
                .zip(column)
                .map(|(x, a)| i128::from(*x) * (i128::from(*a) % modulus) % modulus)
                .sum();
            sum.rem_euclid(modulus)
        };
        let digit = |x: &[i64]| (value(x) / i128::from(known)) as u64;
        let digits: Vec<u64> = self.basis.iter().map(|x| digit(x)).collect();
        let missing = (i128::from(target) - value(&self.point)).rem_euclid(modulus) / i128::from(known);
        // The last vector that is no solution yet: the basis is reduced, so that it is a short one still.
        let Some(pivot) = digits.iter().rposition(|digit| *digit != 0) else {
            assert_eq!(missing, 0, "no solution");
            return;
        };
        let inverse = power_mod(digits[pivot], prime - 2, prime);
        let step = self.basis[pivot].clone();
        let times = |digit: u64| centred(mul_mod(digit, inverse, prime), prime);
        for (x, digit) in self.basis.iter_mut().zip(&digits) {
            subtract(x, times(*digit), &step);
        }
        self.basis[pivot] = step.iter().map(|v| v * prime as i64).collect();
        subtract(&mut self.point, -times(missing as u64), &step);
        reduce(&mut self.basis);
        let zero = vec![0.0; step.len()];
        self.point = nearest_rest(&self.basis, &self.point, &zero);
    }

    /// A solution close to `centre`.
    pub fn near(&self, centre: &[f64]) -> Vec<i64> {
        nearest_rest(&self.basis, &self.point, centre)
    }
}

fn mul_mod(a: u64, b: u64, modulus: u64) -> u64 {
    (u128::from(a) * u128::from(b) % u128::from(modulus)) as u64
}

fn power_mod(base: u64, mut exponent: u64, modulus: u64) -> u64 {
    let (mut result, mut square) = (1 % modulus, base % modulus);
    while exponent > 0 {
        if exponent & 1 == 1 {
            result = mul_mod(result, square, modulus);
        }
        square = mul_mod(square, square, modulus);
        exponent >>= 1;
    }
    result
}

fn centred(value: u64, modulus: u64) -> i64 {
    if value > modulus / 2 { value as i64 - modulus as i64 } else { value as i64 }
}

fn subtract(x: &mut [i64], times: i64, y: &[i64]) {
    x.iter_mut().zip(y).for_each(|(x, y)| *x -= times * y);
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// `point` moved by lattice vectors until it is close to `centre` (Babai's nearest plane).
fn nearest_rest(basis: &[Vec<i64>], point: &[i64], centre: &[f64]) -> Vec<i64> {
    let orthogonal = orthogonalized(basis);
    let mut point = point.to_vec();
    for (x, star) in basis.iter().zip(&orthogonal).rev() {
        let offset: Vec<f64> = point.iter().zip(centre).map(|(p, c)| *p as f64 - c).collect();
        let times = (dot(&offset, star) / dot(star, star)).round() as i64;
        subtract(&mut point, times, x);
    }
    point
}

fn orthogonalized(basis: &[Vec<i64>]) -> Vec<Vec<f64>> {
    let mut orthogonal: Vec<Vec<f64>> = Vec::with_capacity(basis.len());
    for x in basis {
        orthogonal.push(orthogonal_part(x, &orthogonal));
    }
    orthogonal
}

fn orthogonal_part(x: &[i64], before: &[Vec<f64>]) -> Vec<f64> {
    let mut star: Vec<f64> = x.iter().map(|v| *v as f64).collect();
    // Each projection is taken of what is left: the stable way round.
    for b in before {
        let factor = dot(&star, b) / dot(b, b);
        star.iter_mut().zip(b).for_each(|(s, b)| *s -= factor * b);
    }
    star
}

/// Reduces a basis in place.
fn reduce(basis: &mut [Vec<i64>]) {
    let mut orthogonal: Vec<Vec<f64>> = Vec::with_capacity(basis.len());
    let mut at = 0;
    while at < basis.len() {
        orthogonal.truncate(at);
        size_reduce(basis, at, &orthogonal);
        let star = orthogonal_part(&basis[at], &orthogonal);
        if at > 0 {
            let before = &orthogonal[at - 1];
            let length = dot(before, before);
            let current: Vec<f64> = basis[at].iter().map(|v| *v as f64).collect();
            let factor = dot(&current, before) / length;
            if dot(&star, &star) < (DELTA - factor * factor) * length {
                basis.swap(at - 1, at);
                at -= 1;
                continue;
            }
        }
        orthogonal.push(star);
        at += 1;
    }
}

/// Subtracts earlier vectors until every factor is at most one half.
fn size_reduce(basis: &mut [Vec<i64>], at: usize, orthogonal: &[Vec<f64>]) {
    loop {
        let mut changed = false;
        for index in (0..at).rev() {
            let star = &orthogonal[index];
            let current: Vec<f64> = basis[at].iter().map(|v| *v as f64).collect();
            let factor = dot(&current, star) / dot(star, star);
            // One half exactly would go to and fro between one half and minus one half.
            if factor.abs() > 0.501 {
                let times = factor.round() as i64;
                let (earlier, rest) = basis.split_at_mut(at);
                subtract(&mut rest[0], times, &earlier[index]);
                changed = true;
            }
        }
        if !changed {
            return;
        }
    }
}
