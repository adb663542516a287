//! Points of Jubjub inside circuits.
//!
//! The curve is −x² + y² = 1 + d·x²·y² with d not a square, so the addition law is complete on points of the curve: no
//! exceptional case has to be excluded. Whether a point is on the curve is not checked here; the points that enter are
//! the generator, and public keys that are checked outside for curve and subgroup.

use ark_ec::{AffineRepr, CurveGroup, PrimeGroup, twisted_edwards::TECurveConfig};
use ark_ed_on_bls12_381::{EdwardsAffine, EdwardsConfig, EdwardsProjective};
use ark_ff::One;

use super::wire::{Bit, Builder, Wire};
use crate::field::F;

/// An affine point.
#[derive(Clone, Debug)]
pub struct Point {
    /// x.
    pub x: Wire,
    /// y.
    pub y: Wire,
}

impl Point {
    /// The neutral element (0, 1).
    pub fn identity() -> Self {
        Self { x: Wire::zero(), y: Wire::one() }
    }
}

impl Builder {
    /// a + b, for points on the curve. Six constraints.
    pub fn point_add(&mut self, a: &Point, b: &Point) -> Point {
        let xy = self.mul(&a.x, &b.y);
        let yx = self.mul(&a.y, &b.x);
        let all = self.mul(&a.x.add(&a.y), &b.x.add(&b.y));
        let product = self.mul(&xy, &yx).scale(EdwardsConfig::COEFF_D);
        let x = self.quotient(&xy.add(&yx), &Wire::one().add(&product));
        let y = self.quotient(&all.sub(&xy).sub(&yx), &Wire::one().sub(&product));
        Point { x, y }
    }

    /// scalar · G for Jubjub's generator, the scalar's bits least significant first. Seven constraints for two bits.
    pub fn generator_times(&mut self, scalar: &[Bit]) -> Point {
        let mut sum: Option<Point> = None;
        let mut base = EdwardsProjective::generator();
        for pair in scalar.chunks(2) {
            let entry = match pair {
                [low, high] => self.two_bit_entry(base, low, high),
                [low] => one_bit_entry(base, low),
                _ => unreachable!("chunks of two"),
            };
            sum = Some(match sum {
                None => entry,
                Some(sum) => self.point_add(&sum, &entry),
            });
            base = base + base + base + base;
        }
        sum.unwrap_or_else(Point::identity)
    }

    /// (low + 2·high) · base. One constraint.
    fn two_bit_entry(&mut self, base: EdwardsProjective, low: &Bit, high: &Bit) -> Point {
        let both = self.and(low, high);
        let table: Vec<EdwardsAffine> =
            [base, base + base, base + base + base].iter().map(|p| p.into_affine()).collect();
        let coordinate = |zero: F, one: F, two: F, three: F| {
            Wire::constant(zero)
                .add(&low.wire().scale(one - zero))
                .add(&high.wire().scale(two - zero))
                .add(&both.wire().scale(three - two - one + zero))
        };
        Point {
            x: coordinate(F::from(0u64), table[0].x, table[1].x, table[2].x),
            y: coordinate(F::one(), table[0].y, table[1].y, table[2].y),
        }
    }

    /// scalar · base for a point on the curve. 14 constraints a bit.
    pub fn point_times(&mut self, scalar: &[Bit], base: &Point) -> Point {
        let mut sum: Option<Point> = None;
        let mut power = base.clone();
        for (index, bit) in scalar.iter().enumerate() {
            if index > 0 {
                power = self.point_add(&power, &power);
            }
            let entry = Point {
                x: self.mul(bit.wire(), &power.x),
                y: self.mul(bit.wire(), &power.y.minus(F::one())).plus(F::one()),
            };
            sum = Some(match sum {
                None => entry,
                Some(sum) => self.point_add(&sum, &entry),
            });
        }
        sum.unwrap_or_else(Point::identity)
    }
}

fn one_bit_entry(base: EdwardsProjective, bit: &Bit) -> Point {
    let (x, y) = base.into_affine().xy().unwrap_or((F::from(0u64), F::one()));
    Point { x: bit.wire().scale(x), y: bit.wire().scale(y - F::one()).plus(F::one()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ark_ff::{BigInteger, PrimeField, UniformRand};
    use ark_relations::gr1cs::ConstraintSystem;

    #[test]
    fn multiples_agree_with_arkworks() {
        let mut rng = ark_std::test_rng();
        for _ in 0..3 {
            let scalar = ark_ed_on_bls12_381::Fr::rand(&mut rng);
            let base = EdwardsProjective::rand(&mut rng).into_affine();
            let cs = ConstraintSystem::new_ref();
            let mut b = Builder::new(cs.clone());
            let bits: Vec<Bit> =
                scalar.into_bigint().to_bits_le().into_iter().take(252).map(|bit| b.bit(bit)).collect();
            let fixed = b.generator_times(&bits);
            let point = Point { x: b.witness(base.x), y: b.witness(base.y) };
            let variable = b.point_times(&bits, &point);
            b.finish().unwrap();
            cs.finalize();
            assert!(cs.is_satisfied().unwrap());
            let expected = (EdwardsProjective::generator() * scalar).into_affine();
            assert_eq!((fixed.x.value(), fixed.y.value()), (expected.x, expected.y));
            let expected = (base * scalar).into_affine();
            assert_eq!((variable.x.value(), variable.y.value()), (expected.x, expected.y));
        }
    }
}
