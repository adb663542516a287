//! An endomorphism of both groups that halves scalars (Gallant, Lambert, Vanstone; CRYPTO 2001).
//!
//! Both curves have j-invariant 0: (x, y) ↦ (βx, y), with β a cube root of unity, multiplies a point by λ = z² − 1, where z
//! is the curves' parameter and r = λ² + λ + 1. So s·P = s₁·P + s₂·(βx, y) with s = s₁ + λ·s₂, and for s < r / 2 both parts
//! are below 2^128: twice the points, half the windows, and half the buckets to add up.

use std::sync::OnceLock;

use ark_bls12_381::{Fq, G1Affine, G1Projective, G2Affine, G2Projective};
use ark_ec::{AffineRepr, CurveGroup, PrimeGroup};
use ark_ff::Field;

/// |z|; z itself is negative, and only its square is used.
const Z: u64 = 0xd201_0000_0001_0000;
/// λ = z² − 1.
pub(super) const LAMBDA: u128 = Z as u128 * Z as u128 - 1;
/// ⌊2^256 / λ⌋, three limbs, the lowest first.
const RECIPROCAL: [u64; 3] = reciprocal();

/// Long division of 2^256 by λ, bit by bit, at compile time.
const fn reciprocal() -> [u64; 3] {
    let (mut remainder, mut quotient) = (1u128, [0u64; 5]);
    let mut bit = 256;
    while bit > 0 {
        bit -= 1;
        let carry = remainder >> 127 == 1;
        remainder <<= 1;
        if carry || remainder >= LAMBDA {
            remainder = remainder.wrapping_sub(LAMBDA);
            quotient[bit / 64] |= 1 << (bit % 64);
        }
    }
    [quotient[0], quotient[1], quotient[2]]
}

/// (s₁, s₂) with s = s₁ + λ·s₂ and s₁ < λ, for s < 2^255.
pub(super) fn split(scalar: &[u64; 4]) -> (u128, u128) {
    // Barrett: the estimate is at most two too small.
    let mut product = [0u64; 7];
    for (i, limb) in scalar.iter().enumerate() {
        let mut carry = 0u128;
        for (j, factor) in RECIPROCAL.iter().enumerate() {
            let sum = u128::from(product[i + j]) + u128::from(*limb) * u128::from(*factor) + carry;
            product[i + j] = sum as u64;
            carry = sum >> 64;
        }
        product[i + 3] = carry as u64;
    }
    let mut high = u128::from(product[4]) | u128::from(product[5]) << 64;
    let low = u128::from(scalar[0]) | u128::from(scalar[1]) << 64;
    // What is left is below 3·λ < 2^130: two bits more than 128 are kept beside it.
    let top = scalar[2] & 3;
    let (times_low, times_top) = low_bits(high);
    let (mut rest, borrow) = low.overflowing_sub(times_low);
    let mut above = top.wrapping_sub(times_top).wrapping_sub(u64::from(borrow)) & 3;
    while above > 0 || rest >= LAMBDA {
        let (next, borrow) = rest.overflowing_sub(LAMBDA);
        rest = next;
        above -= u64::from(borrow);
        high += 1;
    }
    (rest, high)
}

/// λ·factor: its lowest 128 bits, and the two bits above.
fn low_bits(factor: u128) -> (u128, u64) {
    let (a, b) = (LAMBDA as u64 as u128, LAMBDA >> 64);
    let (c, d) = (factor as u64 as u128, factor >> 64);
    let (low, middle) = (a * c, (a * d, b * c));
    let (sum, first) = middle.0.overflowing_add(middle.1);
    let (result, second) = low.overflowing_add(sum << 64);
    let above = (b * d)
        .wrapping_add(sum >> 64)
        .wrapping_add(u128::from(first) << 64)
        .wrapping_add(u128::from(second));
    (result, (above & 3) as u64)
}

/// β for the first group.
pub(super) fn beta_of_first() -> Fq {
    static BETA: OnceLock<Fq> = OnceLock::new();
    *BETA.get_or_init(|| {
        let generator = G1Affine::generator();
        let image = (G1Projective::generator() * lambda()).into_affine();
        root(|beta| image == G1Affine::new_unchecked(beta * generator.x, generator.y))
    })
}

/// β for the second group.
pub(super) fn beta_of_second() -> Fq {
    static BETA: OnceLock<Fq> = OnceLock::new();
    *BETA.get_or_init(|| {
        let generator = G2Affine::generator();
        let image = (G2Projective::generator() * lambda()).into_affine();
        root(|beta| {
            let mut x = generator.x;
            x.mul_assign_by_fp(&beta);
            image == G2Affine::new_unchecked(x, generator.y)
        })
    })
}

fn lambda() -> ark_bls12_381::Fr {
    ark_bls12_381::Fr::from(LAMBDA)
}

/// The one of both primitive cube roots of unity that fits.
fn root(fits: impl Fn(Fq) -> bool) -> Fq {
    let half = Fq::from(2u64).inverse().expect("2 is not 0");
    let square_root = (-Fq::from(3u64)).sqrt().expect("q is 1 modulo 3");
    let one = (square_root - Fq::from(1u64)) * half;
    if fits(one) { one } else { -one - Fq::from(1u64) }
}

#[cfg(test)]
mod tests {
    use ark_bls12_381::Fr;
    use ark_ff::{AdditiveGroup, BigInteger, PrimeField, UniformRand};
    use rand::SeedableRng;
    use rand_chacha::ChaCha20Rng;

    use super::*;

    #[test]
    fn the_order_is_that_of_lambda() {
        assert_eq!(lambda() * lambda() + lambda() + Fr::from(1u64), Fr::ZERO);
    }

    #[test]
    fn halves_make_up_the_scalar_and_are_short() {
        let mut rng = ChaCha20Rng::seed_from_u64(5);
        let half = Fr::MODULUS_MINUS_ONE_DIV_TWO;
        let edges = [0u64, 1, 2].into_iter().flat_map(|i| {
            [
                Fr::from(i),
                lambda() * Fr::from(i),
                lambda() * Fr::from(i) - Fr::from(1u64),
                lambda().square() - Fr::from(i),
            ]
        });
        let random = (0..2000).map(|_| Fr::rand(&mut rng));
        let last = std::iter::once(Fr::from_bigint(half).unwrap());
        for scalar in edges.chain(random).chain(last) {
            let value = scalar.into_bigint();
            if value.num_bits() > 255 {
                continue;
            }
            let (low, high) = split(&value.0);
            assert!(low < LAMBDA, "{scalar}");
            assert!(value > half || high < 1 << 127, "{scalar}");
            assert_eq!(Fr::from(low) + lambda() * Fr::from(high), scalar);
        }
    }
}
