//! BLS12-381's base fields and curves as `blst` computes them: nearly twice arkworks' speed.
//!
//! `blst`'s safe interface has no field arithmetic and runs multi-scalar products on threads of its own, beside
//! rayon's. Hence this module calls its C functions, and is the one place of the workspace that needs `unsafe`. Each
//! call gets pointers made from references to initialized values of the exact type that the function reads or
//! writes, for the time of the call; none keeps a pointer. All values come from checked arkworks points.
//!
//! Both libraries keep an element as little-endian 64-bit limbs in Montgomery form with R = 2^384, so conversion copies
//! limbs; a test multiplies on both sides and compares.
#![allow(unsafe_code)]

use std::marker::PhantomData;

use ark_bls12_381::{Fq, Fq2, G1Affine, G1Projective, G2Affine, G2Projective};
use ark_ec::AffineRepr;
use ark_ff::{BigInt, Zero};
use blst::{blst_fp, blst_fp2, blst_p1, blst_p1_affine, blst_p2, blst_p2_affine};

use super::endomorphism::{beta_of_first, beta_of_second};

/// A field whose elements are added and multiplied.
///
/// Results are written where they are to stay. `blst` stores words of eight bytes, a copy loads sixteen, and a load that
/// waits for two stores costs half a multiplication.
pub(super) trait Field: Copy + Default + PartialEq + Send + Sync + 'static {
    fn one() -> Self;
    fn add_assign(&mut self, other: &Self);
    fn sub_assign(&mut self, other: &Self);
    fn mul_assign(&mut self, other: &Self);
    /// Becomes left − right.
    fn set_difference(&mut self, left: &Self, right: &Self);
    /// Becomes left · right.
    fn set_product(&mut self, left: &Self, right: &Self);
    /// Becomes value².
    fn set_square(&mut self, value: &Self);
    /// Becomes 1 / value; 0 for 0.
    fn set_inverse(&mut self, value: &Self);
    /// Changes sign when `condition` holds, without a branch: signs of digits cannot be predicted.
    fn negate_if(&mut self, condition: bool);
    fn is_zero(&self) -> bool;
    /// Whether both are the same element. (What the derived comparison calls is slower than the sums it decides on.)
    fn equals(&self, other: &Self) -> bool;
}

/// An affine point; (0, 0), which is on neither curve, is the identity.
#[derive(Clone, Copy, Default, PartialEq)]
pub(super) struct Affine<F> {
    pub(super) x: F,
    pub(super) y: F,
}

impl<F: Field> Affine<F> {
    /// Both curves have odd order, so that no point has y = 0 but the stand-in for the identity.
    #[inline]
    pub(super) fn is_identity(&self) -> bool {
        self.y.is_zero()
    }
}

/// A group in which sums are taken.
pub(super) trait Curve: Send + Sync + 'static {
    /// Coordinates.
    type Field: Field;
    /// A point in Jacobian coordinates; the default is the identity.
    type Jacobian: Copy + Default + Send + Sync;
    /// The same group in arkworks.
    type Ark: AffineRepr;

    fn add_affine(sum: &mut Self::Jacobian, point: &Affine<Self::Field>);
    fn add(sum: &mut Self::Jacobian, other: &Self::Jacobian);
    fn double(point: &mut Self::Jacobian);
    /// What the endomorphism multiplies x by.
    fn beta() -> Self::Field;
    fn from_ark(point: &Self::Ark) -> Affine<Self::Field>;
    fn to_ark(point: &Self::Jacobian) -> <Self::Ark as AffineRepr>::Group;
}

macro_rules! field {
    ($field:ty, $one:expr, $limbs:expr, $add:ident, $sub:ident, $mul:ident, $square:ident, $negate:ident, $inverse:ident) => {
        impl Field for $field {
            fn one() -> Self {
                $one
            }

            #[inline]
            fn add_assign(&mut self, other: &Self) {
                let place: *mut Self = self;
                // SAFETY: initialized elements behind references; `blst` lets result and operand be the same. So in all
                // functions below; see the module's documentation.
                unsafe { blst::$add(place, place, other) }
            }

            #[inline]
            fn sub_assign(&mut self, other: &Self) {
                let place: *mut Self = self;
                // SAFETY: as above.
                unsafe { blst::$sub(place, place, other) }
            }

            #[inline]
            fn mul_assign(&mut self, other: &Self) {
                let place: *mut Self = self;
                // SAFETY: as above.
                unsafe { blst::$mul(place, place, other) }
            }

            #[inline]
            fn set_difference(&mut self, left: &Self, right: &Self) {
                // SAFETY: as above.
                unsafe { blst::$sub(self, left, right) }
            }

            #[inline]
            fn set_product(&mut self, left: &Self, right: &Self) {
                // SAFETY: as above.
                unsafe { blst::$mul(self, left, right) }
            }

            #[inline]
            fn set_square(&mut self, value: &Self) {
                // SAFETY: as above.
                unsafe { blst::$square(self, value) }
            }

            fn set_inverse(&mut self, value: &Self) {
                // SAFETY: as above.
                unsafe { blst::$inverse(self, value) }
            }

            #[inline]
            fn negate_if(&mut self, condition: bool) {
                let place: *mut Self = self;
                // SAFETY: as above.
                unsafe { blst::$negate(place, place, condition) }
            }

            #[inline]
            fn is_zero(&self) -> bool {
                let limbs: &[blst_fp] = $limbs(self);
                limbs.iter().flat_map(|part| &part.l).fold(0, |all, limb| all | limb) == 0
            }

            #[inline]
            fn equals(&self, other: &Self) -> bool {
                let (left, right): (&[blst_fp], &[blst_fp]) = ($limbs(self), $limbs(other));
                let pairs = left.iter().flat_map(|part| &part.l).zip(right.iter().flat_map(|part| &part.l));
                pairs.fold(0, |all, (a, b)| all | (a ^ b)) == 0
            }
        }
    };
}

field!(
    blst_fp,
    fp(&Fq::from(1u64)),
    std::slice::from_ref,
    blst_fp_add,
    blst_fp_sub,
    blst_fp_mul,
    blst_fp_sqr,
    blst_fp_cneg,
    blst_fp_eucl_inverse
);
field!(
    blst_fp2,
    fp2(&Fq2::from(1u64)),
    limbs_of_pair,
    blst_fp2_add,
    blst_fp2_sub,
    blst_fp2_mul,
    blst_fp2_sqr,
    blst_fp2_cneg,
    blst_fp2_eucl_inverse
);

/// The group of A, C and most of a key.
pub(super) struct G1;
/// The group of B.
pub(super) struct G2;

macro_rules! curve {
    (
        $curve:ty, $field:ty, $affine:ident, $jacobian:ident, $ark:ty, $group:ident, $to:ident, $from:ident,
        $add_affine:ident, $add:ident, $double:ident, $beta:expr
    ) => {
        impl Curve for $curve {
            type Field = $field;
            type Jacobian = $jacobian;
            type Ark = $ark;

            fn add_affine(sum: &mut $jacobian, point: &Affine<$field>) {
                let point = $affine { x: point.x, y: point.y };
                let left = *sum;
                // SAFETY: as above; the function takes (0, 0) for the identity.
                unsafe { blst::$add_affine(sum, &left, &point) };
            }

            fn add(sum: &mut $jacobian, other: &$jacobian) {
                let left = *sum;
                // SAFETY: as above.
                unsafe { blst::$add(sum, &left, other) };
            }

            fn double(point: &mut $jacobian) {
                let single = *point;
                // SAFETY: as above.
                unsafe { blst::$double(point, &single) };
            }

            fn beta() -> $field {
                $beta
            }

            fn from_ark(point: &$ark) -> Affine<$field> {
                if point.is_zero() {
                    Affine::default()
                } else {
                    Affine { x: $to(&point.x), y: $to(&point.y) }
                }
            }

            fn to_ark(point: &$jacobian) -> $group {
                if point.z.is_zero() {
                    return $group::zero();
                }
                $group::new_unchecked($from(&point.x), $from(&point.y), $from(&point.z))
            }
        }
    };
}

curve!(
    G1,
    blst_fp,
    blst_p1_affine,
    blst_p1,
    G1Affine,
    G1Projective,
    fp,
    ark_fp,
    blst_p1_add_or_double_affine,
    blst_p1_add_or_double,
    blst_p1_double,
    fp(&beta_of_first())
);
curve!(
    G2,
    blst_fp2,
    blst_p2_affine,
    blst_p2,
    G2Affine,
    G2Projective,
    fp2,
    ark_fp2,
    blst_p2_add_or_double_affine,
    blst_p2_add_or_double,
    blst_p2_double,
    fp2(&Fq2::new(beta_of_second(), Fq::zero()))
);

#[inline]
fn limbs_of_pair(element: &blst_fp2) -> &[blst_fp] {
    &element.fp
}

fn fp(element: &Fq) -> blst_fp {
    blst_fp { l: element.0.0 }
}

fn ark_fp(element: &blst_fp) -> Fq {
    ark_ff::Fp(BigInt(element.l), PhantomData)
}

fn fp2(element: &Fq2) -> blst_fp2 {
    blst_fp2 { fp: [fp(&element.c0), fp(&element.c1)] }
}

fn ark_fp2(element: &blst_fp2) -> Fq2 {
    Fq2::new(ark_fp(&element.fp[0]), ark_fp(&element.fp[1]))
}

#[cfg(test)]
mod tests {
    use ark_ff::{Field as _, UniformRand};
    use rand::SeedableRng;
    use rand_chacha::ChaCha20Rng;

    use super::*;

    #[test]
    fn both_libraries_compute_the_same() {
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        for _ in 0..64 {
            let (a, b) = (Fq::rand(&mut rng), Fq::rand(&mut rng));
            let made = |make: fn(&mut blst_fp, &blst_fp, &blst_fp)| {
                let mut out = fp(&a);
                make(&mut out, &fp(&a), &fp(&b));
                ark_fp(&out)
            };
            assert_eq!(made(Field::set_product), a * b);
            assert_eq!(made(|out, _, b| out.mul_assign(b)), a * b);
            assert_eq!(made(|out, a, _| out.set_inverse(a)), a.inverse().unwrap());
            assert_eq!(made(|out, _, _| out.negate_if(true)), -a);
            let (a, b) = (Fq2::rand(&mut rng), Fq2::rand(&mut rng));
            let made = |make: fn(&mut blst_fp2, &blst_fp2, &blst_fp2)| {
                let mut out = fp2(&a);
                make(&mut out, &fp2(&a), &fp2(&b));
                ark_fp2(&out)
            };
            assert_eq!(made(Field::set_product), a * b);
            assert_eq!(made(|out, a, _| out.set_square(a)), a.square());
            assert_eq!(made(|out, a, _| out.set_inverse(a)), a.inverse().unwrap());
            assert_eq!(made(Field::set_difference), a - b);
            assert_eq!(made(|out, _, b| out.sub_assign(b)), a - b);
            assert_eq!(made(|out, _, b| out.add_assign(b)), a + b);
        }
        assert!(fp(&Fq::from(0u64)).is_zero() && fp(&Fq::from(1u64)) == blst_fp::one());
    }

    fn points_agree<C: Curve>() {
        let mut rng = ChaCha20Rng::seed_from_u64(2);
        let p = <C::Ark as AffineRepr>::Group::rand(&mut rng);
        let q = <C::Ark as AffineRepr>::Group::rand(&mut rng);
        let mut sum = C::Jacobian::default();
        for point in [p, q, p, -q, -p] {
            C::add_affine(&mut sum, &C::from_ark(&point.into()));
        }
        assert_eq!(C::to_ark(&sum), p);
        C::add_affine(&mut sum, &Affine::default());
        C::double(&mut sum);
        let copy = sum;
        C::add(&mut sum, &copy);
        assert_eq!(C::to_ark(&sum), p + p + p + p);
        assert!(C::from_ark(&C::Ark::zero()).is_identity());
        assert!(C::to_ark(&C::Jacobian::default()).is_zero());
    }

    #[test]
    fn points_come_and_go_unchanged() {
        points_agree::<G1>();
        points_agree::<G2>();
    }
}
