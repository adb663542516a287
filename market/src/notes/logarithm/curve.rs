//! Curve25519's field, and its points by the coordinate u alone: as much of it as the search needs.
//!
//! `curve25519-dalek` gives no coordinates of a Ristretto point, and its encodings cost several times as much as a step of the
//! search takes here. Nothing rests on this file being right: what it finds is checked with the library.

use std::ops::{Add, Mul, Sub};

use curve25519_dalek::ristretto::RistrettoPoint;

const MASK: u64 = (1 << 51) - 1;

/// A number modulo 2^255 - 19: five limbs of 51 bits, each kept below 2^54.
#[derive(Clone, Copy)]
pub(super) struct Fe([u64; 5]);

pub(super) const ONE: Fe = Fe([1, 0, 0, 0, 0]);
/// Curve25519 is v² = u³ + A·u² + u.
const A: Fe = Fe([486_662, 0, 0, 0, 0]);

impl Add for Fe {
    type Output = Fe;
    fn add(self, other: Fe) -> Fe {
        let (Fe([a, b, c, d, e]), Fe([f, g, h, i, j])) = (self, other);
        Fe([a + f, b + g, c + h, d + i, e + j])
    }
}

impl Sub for Fe {
    type Output = Fe;
    fn sub(self, other: Fe) -> Fe {
        // Sixteen times the modulus is added first, so that no limb falls below zero.
        let (Fe([a, b, c, d, e]), Fe([f, g, h, i, j])) = (self, other);
        let (low, high) = (16 * (MASK - 18), 16 * MASK);
        Fe([a + low - f, b + high - g, c + high - h, d + high - i, e + high - j]).carried()
    }
}

impl Mul for Fe {
    type Output = Fe;
    fn mul(self, other: Fe) -> Fe {
        let (Fe([a0, a1, a2, a3, a4]), Fe([b0, b1, b2, b3, b4])) = (self, other);
        let m = |x: u64, y: u64| u128::from(x) * u128::from(y);
        // 2^255 is 19: what overflows the top limb returns at the bottom times 19.
        let (c1, c2, c3, c4) = (19 * b1, 19 * b2, 19 * b3, 19 * b4);
        let r0 = m(a0, b0) + m(a4, c1) + m(a3, c2) + m(a2, c3) + m(a1, c4);
        let r1 = m(a1, b0) + m(a0, b1) + m(a4, c2) + m(a3, c3) + m(a2, c4) + (r0 >> 51);
        let r2 = m(a2, b0) + m(a1, b1) + m(a0, b2) + m(a4, c3) + m(a3, c4) + (r1 >> 51);
        let r3 = m(a3, b0) + m(a2, b1) + m(a1, b2) + m(a0, b3) + m(a4, c4) + (r2 >> 51);
        let r4 = m(a4, b0) + m(a3, b1) + m(a2, b2) + m(a1, b3) + m(a0, b4) + (r3 >> 51);
        let low = |r: u128| r as u64 & MASK;
        let r0 = u128::from(low(r0)) + 19 * (r4 >> 51);
        Fe([low(r0), low(r1) + (r0 >> 51) as u64, low(r2), low(r3), low(r4)])
    }
}

impl Fe {
    pub(super) fn from_bytes(bytes: &[u8; 32]) -> Fe {
        let mut words = [0u64; 4];
        for (word, chunk) in words.iter_mut().zip(bytes.chunks_exact(8)) {
            *word = chunk.iter().rev().fold(0, |n, byte| (n << 8) | u64::from(*byte));
        }
        let [a, b, c, d] = words;
        Fe([a, a >> 51 | b << 13, b >> 38 | c << 26, c >> 25 | d << 39, d >> 12].map(|limb| limb & MASK))
    }

    pub(super) fn carried(self) -> Fe {
        let Fe([a, b, c, d, e]) = self;
        let low = |x: u64| x & MASK;
        Fe([
            low(a) + 19 * (e >> 51),
            low(b) + (a >> 51),
            low(c) + (b >> 51),
            low(d) + (c >> 51),
            low(e) + (d >> 51),
        ])
    }

    /// The limbs of the one representative below the modulus.
    pub(super) fn canonical(self) -> [u64; 5] {
        let Fe(limbs) = self.carried();
        // The number is below twice the modulus; it is at least the modulus if adding 19 reaches 2^255.
        let mut carry = 19 * (limbs.iter().fold(19, |carry, limb| (limb + carry) >> 51));
        limbs.map(|limb| {
            let sum = limb + carry;
            carry = sum >> 51;
            sum & MASK
        })
    }

    /// Sixty-four low bits, by which points are looked up.
    pub(super) fn key(self) -> u64 {
        let [a, b, ..] = self.canonical();
        a | b << 51
    }

    /// The power 2^`squarings`, times `other`.
    pub(super) fn stretch(self, squarings: u32, other: Fe) -> Fe {
        (0..squarings).fold(self, |x, _| x * x) * other
    }

    /// The power 2^250 - 1, which inversion and square roots begin with.
    pub(super) fn power_250(self) -> Fe {
        let two = self.stretch(1, self);
        let five = two.stretch(2, two).stretch(1, self);
        let ten = five.stretch(5, five);
        let twenty = ten.stretch(10, ten);
        let fifty = twenty.stretch(20, twenty).stretch(10, ten);
        let hundred = fifty.stretch(50, fifty);
        hundred.stretch(100, hundred).stretch(50, fifty)
    }

    /// The power p - 2; zero gives zero.
    pub(super) fn inverse(self) -> Fe {
        let cube = self * self * self;
        self.power_250().stretch(5, cube * cube * cube * self * self)
    }

    /// A square root, if the number is a square.
    pub(super) fn root(self) -> Fe {
        let root = self.power_250().stretch(2, self * self);
        if (root * root).canonical() == self.canonical() {
            return root;
        }
        // The other candidate differs by the square root of -1, which is 2^((p - 1) / 4).
        let two = ONE + ONE;
        root * two.power_250().stretch(3, two * two * two)
    }
}

/// A point of Curve25519 in affine coordinates.
#[derive(Clone, Copy)]
pub(super) struct Point {
    u: Fe,
    v: Fe,
}

impl Point {
    /// Four times the curve point that the Ristretto encoding `s` names: u = 1/s², and the sign of v is that for
    /// which the Edwards coordinate x = sqrt(-A - 2)·u/v is even. A homomorphism, but for the neutral element,
    /// for which the result means nothing.
    pub(super) fn lift(point: &RistrettoPoint) -> Point {
        let s = Fe::from_bytes(point.compress().as_bytes());
        let u = (s * s).inverse();
        let v = ((u + A) * u * u + u).root();
        let x = (Fe([0; 5]) - A - ONE - ONE).root() * u * v.inverse();
        let v = if x.canonical()[0] & 1 == 0 { v } else { Fe([0; 5]) - v };
        let point = Point { u, v };
        let double = point.plus(&point);
        double.plus(&double)
    }

    pub(super) fn plus(&self, other: &Point) -> Point {
        let (mut rise, mut run) = (other.v - self.v, other.u - self.u);
        if rise.canonical() == [0; 5] && run.canonical() == [0; 5] {
            let square = self.u * self.u;
            (rise, run) = (square + square + square + A * (self.u + self.u) + ONE, self.v + self.v);
        }
        let slope = rise * run.inverse();
        let u = slope * slope - (A + self.u + other.u);
        Point { u, v: slope * (self.u - u) - self.v }
    }

    /// `first`, `first + step` and so on.
    pub(super) fn row(first: Point, step: Point, length: u64) -> Vec<Point> {
        std::iter::successors(Some(first), |point| Some(point.plus(&step))).take(length as usize).collect()
    }

    /// The keys of `self + d·D` for d from -HALF to HALF in order; `offsets` are D, 2D, .. HALF·D.
    pub(super) fn window(&self, offsets: &[Point]) -> Vec<u64> {
        let mut product = ONE;
        let mut before = Vec::with_capacity(offsets.len());
        for offset in offsets {
            before.push(product);
            product = product * (offset.u - self.u);
        }
        let mut inverse = product.inverse();
        let mut keys = Vec::with_capacity(2 * offsets.len() + 1);
        let mut above = Vec::with_capacity(offsets.len());
        for (offset, before) in offsets.iter().zip(&before).rev() {
            let over_run = inverse * *before;
            inverse = inverse * (offset.u - self.u);
            let sum = A + self.u + offset.u;
            let (up, down) = ((offset.v - self.v) * over_run, (offset.v + self.v) * over_run);
            above.push((up * up - sum).key());
            keys.push((down * down - sum).key());
        }
        keys.push(self.u.key());
        keys.extend(above.iter().rev());
        keys
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn field_arithmetic_agrees_with_itself_at_the_edges() {
        let top = Fe([MASK - 18, MASK, MASK, MASK, MASK]);
        assert_eq!(top.canonical(), [0; 5]);
        assert_eq!((top + ONE).canonical(), ONE.canonical());
        assert_eq!((Fe([0; 5]) - ONE).canonical(), [MASK - 19, MASK, MASK, MASK, MASK]);
        assert_eq!((A * A.inverse()).canonical(), ONE.canonical());
        let root = (A * A).root();
        assert_eq!((root * root).canonical(), (A * A).canonical());
    }
}
