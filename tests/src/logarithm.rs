//! Discrete logarithms in F*: easy, since r − 1 is smooth. Pohlig–Hellman, with baby steps and giant steps.

use ark_ff::{FftField, Field, One, PrimeField};
use galen_circuits::field::F;

/// The prime factors of r − 1, with multiplicity.
pub const FACTORS: [(u64, u32); 12] = [
    (2, 32),
    (3, 1),
    (11, 1),
    (19, 1),
    (10_177, 1),
    (125_527, 1),
    (859_267, 1),
    (906_349, 2),
    (2_508_409, 1),
    (2_529_403, 1),
    (52_437_899, 1),
    (254_760_293, 2),
];

/// The order of F* divided by a number that divides it.
fn order_over(divisor: u128) -> Vec<u64> {
    let mut limbs = (-F::one()).into_bigint().0.to_vec();
    let mut rest = 0u128;
    // Schoolbook division from the highest limb; the divisor has at most 57 bits.
    for limb in limbs.iter_mut().rev() {
        let value = rest << 64 | u128::from(*limb);
        *limb = (value / divisor) as u64;
        rest = value % divisor;
    }
    assert_eq!(rest, 0, "a divisor of r − 1");
    limbs
}

/// Tables for the logarithms to the generator's base.
pub struct Logarithms {
    steps: Vec<Steps>,
}

struct Steps {
    prime: u64,
    power: u32,
    /// Baby steps (generator of the subgroup of order `prime`)^i, sorted.
    baby: Vec<(F, u64)>,
    /// That generator to the power −count.
    giant: F,
}

impl Steps {
    fn new(prime: u64, power: u32) -> Self {
        let base = F::GENERATOR.pow(order_over(u128::from(prime)));
        let count = prime.isqrt() + 1;
        let mut baby = Vec::with_capacity(count as usize);
        let mut value = F::one();
        for i in 0..count {
            baby.push((value, i));
            value *= base;
        }
        baby.sort_unstable();
        Self { prime, power, baby, giant: value.inverse().unwrap() }
    }

    /// The logarithm in the subgroup of order `prime`.
    fn digit(&self, mut value: F) -> u64 {
        for giant in 0..=self.baby.len() as u64 {
            if let Ok(found) = self.baby.binary_search_by(|(known, _)| known.cmp(&value)) {
                return giant * self.baby.len() as u64 + self.baby[found].1;
            }
            value *= self.giant;
        }
        unreachable!("every element of the subgroup is a power of its generator")
    }

    /// The logarithm modulo prime^power.
    fn residue(&self, value: F) -> u64 {
        let mut found = 0u64;
        let mut weight = 1u64;
        for _ in 0..self.power {
            let known = F::GENERATOR.pow([found]).inverse().unwrap();
            let rest = (value * known).pow(order_over(u128::from(weight) * u128::from(self.prime)));
            found += weight * self.digit(rest);
            weight *= self.prime;
        }
        found
    }
}

impl Logarithms {
    /// Works out the tables.
    pub fn new() -> Self {
        Self { steps: FACTORS.iter().map(|(prime, power)| Steps::new(*prime, *power)).collect() }
    }

    /// The logarithm of a value other than 0, modulo each prime power of [`FACTORS`].
    pub fn of(&self, value: F) -> Vec<u64> {
        self.steps.iter().map(|steps| steps.residue(value)).collect()
    }
}

impl Default for Logarithms {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logarithms_are_those_of_known_powers() {
        let logarithms = Logarithms::new();
        let exponent = 0x1234_5678_9abc_def1u64;
        let expected: Vec<u64> = FACTORS.iter().map(|(prime, power)| exponent % prime.pow(*power)).collect();
        assert_eq!(logarithms.of(F::GENERATOR.pow([exponent])), expected);
    }
}
