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
pub(super) trait Field: Copy + Default + PartialEq + Send + Sync + 'static {
    fn one() -> Self;
    fn add(&self, other: &Self) -> Self;
    fn sub(&self, other: &Self) -> Self;
    fn mul(&self, other: &Self) -> Self;
    fn square(&self) -> Self;
    /// The negative when `condition` holds, without a branch: signs of digits cannot be predicted.
    fn negate_if(&self, condition: bool) -> Self;
    /// The inverse; 0 for 0.
    fn inverse(&self) -> Self;
    fn is_zero(&self) -> bool;
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

/// The value that `write` leaves behind its pointer.
#[inline(always)]
fn written<T: Copy>(write: impl FnOnce(*mut T)) -> T {
    let mut out = std::mem::MaybeUninit::uninit();
    write(out.as_mut_ptr());
    // SAFETY: every caller is a field operation of `blst`, which writes all limbs of its result.
    unsafe { out.assume_init() }
}

macro_rules! field {
    ($field:ty, $one:expr, $limbs:expr, $add:ident, $sub:ident, $mul:ident, $square:ident, $negate:ident, $inverse:ident) => {
        impl Field for $field {
            fn one() -> Self {
                $one
            }

            #[inline]
            fn add(&self, other: &Self) -> Self {
                // SAFETY: references to initialized elements, and the whole of `out` is written; see the module's
                // documentation. So in all functions below.
                written(|out| unsafe { blst::$add(out, self, other) })
            }

            #[inline]
            fn sub(&self, other: &Self) -> Self {
                // SAFETY: as above.
                written(|out| unsafe { blst::$sub(out, self, other) })
            }

            #[inline]
            fn mul(&self, other: &Self) -> Self {
                // SAFETY: as above.
                written(|out| unsafe { blst::$mul(out, self, other) })
            }

            #[inline]
            fn square(&self) -> Self {
                // SAFETY: as above.
                written(|out| unsafe { blst::$square(out, self) })
            }

            #[inline]
            fn negate_if(&self, condition: bool) -> Self {
                // SAFETY: as above.
                written(|out| unsafe { blst::$negate(out, self, condition) })
            }

            fn inverse(&self) -> Self {
                // SAFETY: as above.
                written(|out| unsafe { blst::$inverse(out, self) })
            }

            #[inline]
            fn is_zero(&self) -> bool {
                let limbs: &[blst_fp] = $limbs(self);
                limbs.iter().flat_map(|part| &part.l).fold(0, |all, limb| all | limb) == 0
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
            assert_eq!(ark_fp(&fp(&a).mul(&fp(&b))), a * b);
            assert_eq!(ark_fp(&fp(&a).inverse()), a.inverse().unwrap());
            assert_eq!(ark_fp(&fp(&a).negate_if(true)), -a);
            let (a, b) = (Fq2::rand(&mut rng), Fq2::rand(&mut rng));
            assert_eq!(ark_fp2(&fp2(&a).mul(&fp2(&b))), a * b);
            assert_eq!(ark_fp2(&fp2(&a).square()), a.square());
            assert_eq!(ark_fp2(&fp2(&a).inverse()), a.inverse().unwrap());
            assert_eq!(ark_fp2(&fp2(&a).sub(&fp2(&b))), a - b);
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
