//! Sums Σ sᵢ·Pᵢ over fixed points, by the bucket method with affine buckets.
//!
//! For each window of digits: points are sorted by digit, each bucket is summed ([`Runs`]), and Σ b·bucket(b) is taken in
//! two levels. Windows are independent tasks; tasks of all sums of a proof go to rayon as one set.

use super::curve::{Affine, Curve, Field};
use super::scalars::Digits;
use super::sums::Runs;

/// Points that are summed together: about what fits beside their denominators in a core's second-level cache.
const POINTS_AT_ONCE: usize = 2048;

/// Fixed points and their images under the endomorphism, which belong to both halves of a variable; identities are left
/// out.
pub(super) struct Points<C: Curve> {
    points: Vec<Affine<C::Field>>,
    variables: Vec<u32>,
}

impl<C: Curve> Points<C> {
    /// The points that are not the identity, with their variables counted from `first`.
    pub(super) fn new<'a>(points: impl IntoIterator<Item = &'a C::Ark>, first: u32) -> Self {
        let numbered = (first..).zip(points).map(|(i, point)| (i, C::from_ark(point)));
        let beta = C::beta();
        let both = |(i, point): (u32, Affine<C::Field>)| {
            let mut image = point;
            image.x.mul_assign(&beta);
            [(2 * i, point), (2 * i + 1, image)]
        };
        let (variables, points) = numbered.filter(|(_, point)| !point.is_identity()).flat_map(both).unzip();
        Self { points, variables }
    }

    /// Σ dᵢ·Pᵢ for the digits d of window `window`.
    pub(super) fn window_sum(&self, digits: &Digits, window: usize) -> C::Jacobian {
        let buckets = 1 << (digits.width() - 1);
        let (order, ends) = self.sorted(digits.window(window), buckets);
        if order.is_empty() {
            return C::Jacobian::default();
        }
        let mut runs = Runs::with_capacity(POINTS_AT_ONCE);
        let mut sums = Vec::with_capacity(buckets);
        for range in ends.windows(2) {
            let run = order.get(range[0] as usize..range[1] as usize).unwrap_or_default();
            runs.push_entries(&self.points, run);
            if runs.points() >= POINTS_AT_ONCE {
                runs.sum(|sum| sums.push(sum));
            }
        }
        runs.sum(|sum| sums.push(sum));
        weighted_sum::<C>(&sums, &mut runs)
    }

    /// Indices of points by bucket, doubled, plus 1 where the digit is negative; and where each bucket begins and ends.
    fn sorted(&self, digits: &[i16], buckets: usize) -> (Vec<u32>, Vec<u32>) {
        let digit = |variable: &u32| digits.get(*variable as usize).copied().unwrap_or(0);
        let mut ends = vec![0u32; buckets + 2];
        for variable in &self.variables {
            ends[usize::from(digit(variable).unsigned_abs()) + 1] += 1;
        }
        // Bucket 0 is dropped.
        ends[1] = 0;
        for i in 1..ends.len() {
            ends[i] += ends[i - 1];
        }
        let mut order = vec![0; ends[buckets + 1] as usize];
        let mut next = ends.clone();
        for (i, variable) in self.variables.iter().enumerate() {
            let digit = digit(variable);
            if digit != 0 {
                let slot = &mut next[usize::from(digit.unsigned_abs())];
                order[*slot as usize] = (i as u32) << 1 | u32::from(digit < 0);
                *slot += 1;
            }
        }
        (order, ends.split_off(1))
    }
}

/// Σ (i + 1)·sums[i].
///
/// With i = side·row + column this is side·Σ row·(sum of the row) + Σ (column + 1)·(sum of the column): rows and columns
/// are summed in batches, and only 2·side sums are left for the slow way.
fn weighted_sum<C: Curve>(sums: &[Affine<C::Field>], runs: &mut Runs<C::Field>) -> C::Jacobian {
    let bits = sums.len().max(1).ilog2().div_ceil(2);
    let side = 1 << bits;
    let mut lines = Vec::with_capacity(2 * side);
    for row in sums.chunks(side) {
        runs.push(row.iter().copied());
    }
    for column in 0..side {
        runs.push(sums.iter().skip(column).step_by(side).copied());
    }
    runs.sum(|sum| lines.push(sum));
    let (rows, columns) = lines.split_at(sums.len().div_ceil(side));
    let mut total = running_sum::<C>(rows.get(1..).unwrap_or_default());
    for _ in 0..bits {
        C::double(&mut total);
    }
    C::add(&mut total, &running_sum::<C>(columns));
    total
}

/// Σ (i + 1)·points[i], the plain way.
fn running_sum<C: Curve>(points: &[Affine<C::Field>]) -> C::Jacobian {
    let (mut total, mut running) = (C::Jacobian::default(), C::Jacobian::default());
    for point in points.iter().rev() {
        C::add_affine(&mut running, point);
        C::add(&mut total, &running);
    }
    total
}

/// Joins the sums of all windows, lowest first.
pub(super) fn join<C: Curve>(windows: &[C::Jacobian], width: usize) -> C::Jacobian {
    let mut total = C::Jacobian::default();
    for sum in windows.iter().rev() {
        for _ in 0..width {
            C::double(&mut total);
        }
        C::add(&mut total, sum);
    }
    total
}

#[cfg(test)]
mod tests {
    use ark_bls12_381::Fr;
    use ark_ec::{AffineRepr, CurveGroup, VariableBaseMSM};
    use ark_ff::UniformRand;
    use rand::{Rng, SeedableRng};
    use rand_chacha::ChaCha20Rng;

    use super::*;
    use crate::engine::curve::{G1, G2};

    fn agrees<C: Curve>(seed: u64, count: usize)
    where
        C::Ark: AffineRepr<ScalarField = Fr>,
        <C::Ark as AffineRepr>::Group: VariableBaseMSM<MulBase = C::Ark, ScalarField = Fr>,
    {
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let mut points: Vec<C::Ark> = Vec::new();
        for _ in 0..count {
            // Repetitions and identities are common in real keys.
            let fresh = <C::Ark as AffineRepr>::Group::rand(&mut rng).into_affine();
            let old = points.get(rng.gen_range(0..count)).copied();
            points.push(match rng.gen_range(0..8) {
                0 => C::Ark::zero(),
                1 | 2 => old.unwrap_or(fresh),
                3 => old.map_or(fresh, |old| (-old.into_group()).into_affine()),
                _ => fresh,
            });
        }
        let scalar = |rng: &mut ChaCha20Rng| match rng.gen_range(0..6) {
            0 | 1 => Fr::from(0u64),
            2 => Fr::from(1u64),
            3 => Fr::from(rng.r#gen::<u16>()),
            4 => -Fr::from(rng.r#gen::<u16>()),
            _ => Fr::rand(rng),
        };
        let scalars: Vec<Fr> = (0..count).map(|_| scalar(&mut rng)).collect();
        let digits = Digits::of(&scalars);
        let prepared = Points::<C>::new(&points, 0);
        let windows: Vec<_> = (0..digits.windows()).map(|w| prepared.window_sum(&digits, w)).collect();
        let ours = C::to_ark(&join::<C>(&windows, digits.width()));
        let theirs = <C::Ark as AffineRepr>::Group::msm(&points, &scalars).unwrap();
        assert_eq!(ours, theirs, "seed {seed}, {count} points");
    }

    #[test]
    fn sums_agree_with_arkworks() {
        for (seed, count) in [0, 1, 2, 3, 17, 100, 700, 5000].into_iter().enumerate() {
            agrees::<G1>(seed as u64, count);
            agrees::<G2>(seed as u64, count.min(700));
        }
    }
}
