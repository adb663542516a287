//! Scalars cut into signed digits, as the bucket method takes them: two halves a scalar ([`split`]).

use ark_bls12_381::Fr;
use ark_ff::{BigInteger, PrimeField};
use rayon::prelude::*;
use zeroize::Zeroize;

use super::endomorphism::split;

/// Bits of half a scalar, and one for the sign of digits.
const HALF_BITS: usize = 129;
const LARGEST_WIDTH: usize = 15;

/// Digits of scalars in base 2^width, from -2^(width - 1) to 2^(width - 1), by windows: all lowest digits first.
///
/// A scalar above r / 2 is taken as the negative of r minus it, so small negative numbers have few digits too. A digit
/// of 0 costs nothing: zeros, bits and short numbers need no treatment of their own. The halves of scalar i stand at 2i
/// and 2i + 1.
pub(super) struct Digits {
    width: usize,
    count: usize,
    digits: Vec<i16>,
}

impl Digits {
    /// Cuts `scalars` into digits, of the width that makes sums of them cheapest.
    pub(super) fn of(scalars: &[Fr]) -> Self {
        let mut halves: Vec<Half> = scalars.par_iter().flat_map_iter(Half::of).collect();
        let bits: usize = halves.iter().map(Half::bits).sum();
        let digits = Self::with_width(&halves, best_width(bits));
        halves.iter_mut().for_each(|half| half.magnitude.zeroize());
        digits
    }

    fn with_width(halves: &[Half], width: usize) -> Self {
        let count = halves.len();
        let windows = HALF_BITS.div_ceil(width);
        let mut digits = vec![0; windows * count];
        // Each task owns a stripe of halves in every window; stripes are handed out as disjoint slices.
        let stripe = count.div_ceil(rayon::current_num_threads().max(1) * 2).max(1);
        let mut stripes: Vec<Vec<&mut [i16]>> =
            (0..count.div_ceil(stripe)).map(|_| Vec::with_capacity(windows)).collect();
        for window in digits.chunks_mut(count.max(1)) {
            for (own, part) in stripes.iter_mut().zip(window.chunks_mut(stripe)) {
                own.push(part);
            }
        }
        stripes.into_par_iter().zip(halves.par_chunks(stripe)).for_each(|(mut windows, halves)| {
            for (i, half) in halves.iter().enumerate() {
                half.cut(width, |window, digit| windows[window][i] = digit);
            }
        });
        Self { width, count, digits }
    }

    /// Bits of a digit.
    pub(super) fn width(&self) -> usize {
        self.width
    }

    /// Number of windows.
    pub(super) fn windows(&self) -> usize {
        HALF_BITS.div_ceil(self.width)
    }

    /// The digits of window `i`, one a half.
    pub(super) fn window(&self, i: usize) -> &[i16] {
        &self.digits[i * self.count..(i + 1) * self.count]
    }
}

impl Drop for Digits {
    fn drop(&mut self) {
        self.digits.zeroize();
    }
}

/// Half a scalar, as sign and magnitude.
struct Half {
    magnitude: u128,
    negative: bool,
}

impl Half {
    /// Both halves of a scalar.
    fn of(scalar: &Fr) -> [Self; 2] {
        let mut value = scalar.into_bigint();
        let negative = value > Fr::MODULUS_MINUS_ONE_DIV_TWO;
        if negative {
            let mut opposite = Fr::MODULUS;
            opposite.sub_with_borrow(&value);
            value = opposite;
        }
        let (low, high) = split(&value.0);
        [low, high].map(|magnitude| Self { magnitude, negative })
    }

    fn bits(&self) -> usize {
        (u128::BITS - self.magnitude.leading_zeros()) as usize
    }

    /// Gives every digit that is not 0, lowest window first.
    fn cut(&self, width: usize, mut give: impl FnMut(usize, i16)) {
        let end = self.bits();
        let (half, mask) = (1i32 << (width - 1), (1u128 << width) - 1);
        let (mut carry, mut window) = (0, 0);
        while window * width < end || carry != 0 {
            let mut digit =
                (self.magnitude.checked_shr((window * width) as u32).unwrap_or(0) & mask) as i32 + carry;
            carry = i32::from(digit > half);
            digit -= carry << width;
            if digit != 0 {
                give(window, if self.negative { -digit } else { digit } as i16);
            }
            window += 1;
        }
    }
}

/// The width with the fewest multiplications for scalars of `bits` bits in all: six for each digit, and about thirteen
/// for each bucket of each window.
fn best_width(bits: usize) -> usize {
    let cost = |width: usize| 6 * (bits / width) + HALF_BITS.div_ceil(width) * 13 * (1 << (width - 1));
    (2..=LARGEST_WIDTH).min_by_key(|width| cost(*width)).unwrap_or(LARGEST_WIDTH)
}

#[cfg(test)]
mod tests {
    use ark_ff::{AdditiveGroup, Field, One, UniformRand};
    use rand::SeedableRng;
    use rand_chacha::ChaCha20Rng;

    use super::super::endomorphism::LAMBDA;
    use super::*;

    #[test]
    fn digits_add_up_to_the_scalar_at_every_width() {
        let mut rng = ChaCha20Rng::seed_from_u64(3);
        let half = Fr::from(2u64).inverse().unwrap();
        let mut scalars = vec![Fr::ZERO, Fr::one(), -Fr::one(), half, -half, half - Fr::one()];
        scalars.extend((0..20).map(|i| Fr::from(2u64).pow([i * 13]) - Fr::one()));
        scalars.extend((0..50).map(|_| Fr::rand(&mut rng)));
        let halves: Vec<_> = scalars.iter().flat_map(Half::of).collect();
        let lambda = Fr::from(LAMBDA);
        for width in 2..=LARGEST_WIDTH {
            let digits = Digits::with_width(&halves, width);
            for (i, scalar) in scalars.iter().enumerate() {
                let mut sum = Fr::ZERO;
                for window in (0..digits.windows()).rev() {
                    let [low, high] = [0, 1].map(|half| digits.window(window)[2 * i + half]);
                    assert!([low, high].iter().all(|digit| i32::from(*digit).abs() <= 1 << (width - 1)));
                    sum = sum * Fr::from(1u64 << width) + Fr::from(low) + lambda * Fr::from(high);
                }
                assert_eq!(sum, *scalar, "scalar {i}, width {width}");
            }
        }
    }

    #[test]
    fn small_scalars_of_either_sign_have_few_digits() {
        let halves: Vec<_> = [Fr::from(65_535u64), -Fr::from(5u64)].iter().flat_map(Half::of).collect();
        let digits = Digits::with_width(&halves, 10);
        let used = (0..digits.windows()).filter(|w| digits.window(*w).iter().any(|d| *d != 0)).count();
        assert_eq!(used, 2);
    }
}
