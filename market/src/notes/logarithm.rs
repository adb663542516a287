//! Finds a small number `v` from the point `v·B`: Shanks' baby-step giant-step search for amounts below 2^40.
//!
//! A table holds the baby steps, `m` multiples of `B`. An opening takes giant steps from the given point until
//! one of them lands on a baby step. Three things make it fast:
//! - The points are compared by the `u` coordinate of Curve25519, which `P` and `-P` share, so `m` entries cover
//!   `2m` amounts. The search is for the odd number `2v + 1`: entry `j` stands for `±(2j + 1)`, and no step meets
//!   the neutral element, because an odd number below the group order is never zero.
//! - Only `u` is computed, and the points `C + D` and `C - D` share one division (Montgomery's batch inversion
//!   serves a whole window of them). A step costs about four field multiplications.
//! - A table entry keeps 16 bits of the coordinate beside its bucket. What matches by chance is removed by
//!   computing `v·B` with `curve25519-dalek`, so this file's own arithmetic can never yield a wrong amount.
//!
//! A Ristretto point stands for four curve points that differ by 4-torsion; multiplying by four makes them one.
//! Running time depends on the amount: this is for an authority that may see it, not for hidden values.

mod curve;

use curve25519_dalek::{constants::RISTRETTO_BASEPOINT_POINT, ristretto::RistrettoPoint, scalar::Scalar};
use rayon::prelude::*;

use curve::Point;

/// Amounts below 2^40 are found.
const RANGE_BITS: u32 = 40;
/// Points on either side of a window's centre; a window is computed with one field inversion.
const HALF: u64 = 512;
const WIDTH: u64 = 2 * HALF + 1;
/// While the table is sorted, an entry's number takes this many low bits of a word.
const PLACE_BITS: u32 = 24;
const MARK_BITS: u32 = 16;

/// A table of baby steps, with which amounts below 2^40 are found from their points.
pub struct LogTable {
    steps: u64,
    range: u64,
    bucket_bits: u32,
    /// Where each bucket's entries begin, and where the last ends.
    starts: Vec<u32>,
    /// Sixteen bits of each entry's key, in order of bucket.
    marks: Vec<u16>,
    /// Which baby step each entry is.
    places: Vec<u32>,
    /// What to add to reach the centre of each window of giant steps, and the giant steps on either side.
    centres: Vec<Point>,
    giants: Vec<Point>,
}

impl std::fmt::Debug for LogTable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LogTable")
            .field("steps", &self.steps)
            .field("range", &self.range)
            .finish_non_exhaustive()
    }
}

impl Default for LogTable {
    fn default() -> Self {
        Self::new()
    }
}

impl LogTable {
    /// Builds the table of 2^23 baby steps, which takes 55 MB; building it takes 120 MB for a moment.
    pub fn new() -> Self {
        Self::with_bits(23)
    }

    /// Builds a table of 2^`bits` baby steps, where `bits` is brought between 12 and 24. Half the steps take half
    /// the memory, and opening takes twice as long.
    pub fn with_bits(bits: u32) -> Self {
        Self::build(bits.clamp(12, PLACE_BITS), 1 << RANGE_BITS)
    }

    /// Builds a table of 2^`bits` baby steps for amounts below `range`.
    fn build(bits: u32, range: u64) -> Self {
        let (steps, bucket_bits) = (1u64 << bits, bits.saturating_sub(3));
        let at = |n: u64| RistrettoPoint::mul_base(&Scalar::from(n));
        let lifted = |n: u64| Point::lift(&at(n));
        let lowered = |n: u64| Point::lift(&-at(n));

        let offsets = Point::row(lifted(2), lifted(2), HALF);
        let middles = Point::row(lifted(WIDTH), lifted(2 * WIDTH), steps.div_ceil(WIDTH));
        let mut entries: Vec<u64> =
            middles.par_iter().flat_map_iter(|middle| middle.window(&offsets)).collect();
        entries.truncate(steps as usize);
        // Bucket, mark and number in one word: sorting brings each bucket together.
        let unused = 64 - bucket_bits - MARK_BITS;
        let pack = |(place, key): (usize, &mut u64)| *key = *key >> unused << PLACE_BITS | place as u64;
        entries.par_iter_mut().enumerate().for_each(pack);
        entries.par_sort_unstable();

        let bucket = |entry: &u64| entry >> (PLACE_BITS + MARK_BITS);
        let mut starts = Vec::with_capacity((1 << bucket_bits) + 1);
        let mut taken = 0;
        for number in 0..=1u64 << bucket_bits {
            taken += entries.iter().skip(taken).take_while(|entry| bucket(entry) < number).count();
            starts.push(taken as u32);
        }
        // Giant step k leads from amounts around (2k + 1)·steps to those around zero.
        let windows = range.div_ceil(2 * steps).div_ceil(WIDTH);
        LogTable {
            steps,
            range,
            bucket_bits,
            starts,
            marks: entries.par_iter().map(|entry| (entry >> PLACE_BITS) as u16).collect(),
            places: entries.par_iter().map(|entry| (entry & ((1 << PLACE_BITS) - 1)) as u32).collect(),
            centres: Point::row(lowered((4 * HALF + 2) * steps), lowered(4 * WIDTH * steps), windows),
            giants: Point::row(lowered(4 * steps), lowered(4 * steps), HALF),
        }
    }

    /// The memory that the table takes, in bytes.
    pub fn bytes(&self) -> usize {
        let points = self.centres.capacity() + self.giants.capacity();
        std::mem::size_of::<Self>()
            + 4 * self.starts.capacity()
            + 2 * self.marks.capacity()
            + 4 * self.places.capacity()
            + std::mem::size_of::<Point>() * points
    }

    /// The amount `v` below 2^40 with `v·B = point`, if there is one.
    pub fn open(&self, point: &RistrettoPoint) -> Option<u64> {
        let odd = Point::lift(&(point + point + RISTRETTO_BASEPOINT_POINT));
        self.centres.par_iter().enumerate().find_map_any(|(window, centre)| {
            let keys = odd.plus(centre).window(&self.giants);
            keys.iter().zip(window as u64 * WIDTH..).find_map(|(key, giant)| {
                let middle = (2 * giant + 1) * self.steps;
                // Baby step j stands for 2j + 1 and -(2j + 1), which are j and -j - 1 from the middle.
                let amounts = self.candidates(*key).flat_map(|j| [middle + j, middle - j - 1]);
                amounts
                    .into_iter()
                    .find(|v| *v < self.range && RistrettoPoint::mul_base(&Scalar::from(*v)) == *point)
            })
        })
    }

    /// The baby steps that may have this key.
    fn candidates(&self, key: u64) -> impl Iterator<Item = u64> + '_ {
        let bucket = key.checked_shr(64 - self.bucket_bits).unwrap_or(0) as usize;
        let mark = (key >> (64 - self.bucket_bits - MARK_BITS)) as u16;
        let from = self.starts.get(bucket).map_or(0, |start| *start as usize);
        let to = self.starts.get(bucket + 1).map_or(0, |start| *start as usize);
        let marks = self.marks.get(from..to).unwrap_or_default();
        let hits = marks.iter().zip(from..).filter(move |(other, _)| **other == mark);
        hits.filter_map(|(_, at)| self.places.get(at)).map(|place| u64::from(*place))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{Rng, SeedableRng};
    use rand_chacha::ChaCha20Rng;

    fn point(v: u64) -> RistrettoPoint {
        RistrettoPoint::mul_base(&Scalar::from(v))
    }

    #[test]
    fn every_edge_and_random_amounts_open() {
        let range = 1u64 << 20;
        let mut rng = ChaCha20Rng::seed_from_u64(7);
        // The smaller table takes several windows of giant steps, the larger several of baby steps.
        for bits in [6, 12] {
            let (table, m) = (LogTable::build(bits, range), 1 << bits);
            let mut amounts = vec![0, 1, m - 1, m, m + 1, 2 * m - 1, 2 * m, 2 * m + 1, range - 2, range - 1];
            amounts.extend(
                [2 * m * WIDTH - 1, 2 * m * WIDTH, 2 * m * HALF, 2 * m * HALF - 1].map(|v| v % range),
            );
            amounts.extend((0..100).map(|_| rng.gen_range(0..range)));
            for v in amounts {
                assert_eq!(table.open(&point(v)), Some(v), "bits {bits}");
            }
        }
    }

    #[test]
    fn points_outside_the_range_do_not_open() {
        let range = (1u64 << 20) - 3;
        let table = LogTable::build(8, range);
        assert_eq!(table.open(&point(range - 1)), Some(range - 1));
        for v in [range, range + 1, range + 2, 1 << 30, u64::MAX] {
            assert_eq!(table.open(&point(v)), None);
            assert_eq!(table.open(&-point(v)), None);
        }
        // With -1/2 the point 2v + 1 stands for is neutral; with m - 1/2 the first giant step leads there.
        let half = Scalar::from(2u64).invert();
        for scalar in [-half, -half - Scalar::from(256u64), Scalar::from(256u64) - half, -Scalar::ONE, half] {
            assert_eq!(table.open(&RistrettoPoint::mul_base(&scalar)), None);
        }
        assert_eq!(table.open(&RistrettoPoint::from_uniform_bytes(&[9; 64])), None);
    }
}
