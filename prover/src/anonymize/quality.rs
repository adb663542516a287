//! What an anonymization costs and what risk is left.
//!
//! The *normalised certainty penalty* (Xu et al. 2006) of a released range is, for numbers, days and ordered names,
//! (hi − lo) / (codes of the domain − 1); for names without order, 0 for a single name and otherwise the names in the
//! range / names of the domain. Every name between the ends counts, as the released range says no more than "one of
//! these". Missing in a range counts as one further step; a penalty is at most 1. A column's penalty is the mean over
//! released rows, the total the mean over columns.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::table::Table;
use super::{Class, Quasi};

/// Utility and risk of a release. Numbers only: no patient's value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Quality {
    /// Rows released.
    pub released: usize,
    /// Rows suppressed.
    pub suppressed: usize,
    /// Equivalence classes.
    pub classes: usize,
    /// Rows of the smallest class.
    pub smallest_class: usize,
    /// Rows of the largest class.
    pub largest_class: usize,
    /// Least number of distinct sensitive values in a class.
    pub least_distinct: usize,
    /// Greatest share of one sensitive value in a class, per mille, rounded up.
    pub worst_share: u64,
    /// Σ over released rows of Σ weight · (hi − lo): what the ledger counts.
    pub weighted_loss: u64,
    /// Penalty of each quasi-identifier.
    pub columns: Vec<ColumnLoss>,
    /// Mean penalty of the released rows, 0 to 1.
    pub penalty: f64,
    /// The same with suppressed rows counted as 1.
    pub penalty_with_suppressed: f64,
    /// Risk of re-identification if the selected rows were released as they are.
    pub risk_before: Risk,
    /// Risk of the release.
    pub risk_after: Risk,
}

/// A quasi-identifier's share in the loss.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ColumnLoss {
    /// Its cell.
    pub cell: u8,
    /// Mean penalty, 0 to 1.
    pub penalty: f64,
}

/// Chances that an outsider who knows the quasi-identifiers picks the right row.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Risk {
    /// Prosecutor: knows that the target is in the release; the worst row.
    pub prosecutor: f64,
    /// Journalist: does not know it. Without a register of the population the sample stands for it, which errs on the
    /// safe side: the same as the prosecutor's.
    pub journalist: f64,
    /// Marketer: wants many rows; the mean over rows.
    pub marketer: f64,
    /// Share of rows that are alone in their class.
    pub unique: f64,
}

impl Risk {
    fn of(sizes: impl Iterator<Item = usize>) -> Self {
        let (mut classes, mut rows, mut alone, mut least) = (0usize, 0usize, 0usize, usize::MAX);
        for size in sizes.filter(|size| *size > 0) {
            classes += 1;
            rows += size;
            alone += usize::from(size == 1);
            least = least.min(size);
        }
        let share = |a: usize, b: usize| if b == 0 { 0.0 } else { a as f64 / b as f64 };
        let worst = share(usize::from(rows > 0), least);
        Self {
            prosecutor: worst,
            journalist: worst,
            marketer: share(classes, rows),
            unique: share(alone, rows),
        }
    }
}

/// The penalty of one range.
pub fn penalty(quasi: &Quasi, lo: u16, hi: u16) -> f64 {
    let steps = f64::from(hi.saturating_sub(lo));
    let penalty = match (lo == hi, quasi.nominal) {
        (true, _) => 0.0,
        (false, true) => (steps + 1.0) / f64::from(quasi.width),
        (false, false) => steps / f64::from(quasi.width.saturating_sub(1).max(1)),
    };
    penalty.min(1.0)
}

pub(super) fn measure(table: &Table, quasi: &[Quasi], classes: &[Class], suppressed: usize) -> Quality {
    let released: usize = classes.iter().map(|class| class.rows.len()).sum();
    let mean = |sum: f64, n: usize| if n == 0 { 0.0 } else { sum / n as f64 };
    let columns: Vec<ColumnLoss> = quasi
        .iter()
        .enumerate()
        .map(|(i, q)| {
            let cost = |class: &Class| {
                class.bounds.get(i).map_or(0.0, |(lo, hi)| penalty(q, *lo, *hi)) * class.rows.len() as f64
            };
            ColumnLoss { cell: q.cell, penalty: mean(classes.iter().map(cost).sum(), released) }
        })
        .collect();
    let total = mean(columns.iter().map(|c| c.penalty).sum(), columns.len());
    let whole = mean(total * released as f64 + suppressed as f64, released + suppressed);
    let mut raw: BTreeMap<&[u16], usize> = BTreeMap::new();
    (0..table.len() as u32).for_each(|row| *raw.entry(table.codes(row)).or_default() += 1);
    let diversity: Vec<(usize, u64)> = classes.iter().map(|class| diversity(table, class)).collect();
    let sizes = || classes.iter().map(|class| class.rows.len());
    Quality {
        released,
        suppressed,
        classes: classes.len(),
        smallest_class: sizes().min().unwrap_or(0),
        largest_class: sizes().max().unwrap_or(0),
        least_distinct: diversity.iter().map(|d| d.0).min().unwrap_or(0),
        worst_share: diversity.iter().map(|d| d.1).max().unwrap_or(0),
        weighted_loss: classes
            .iter()
            .map(|c| super::group::width(table, &c.bounds) * c.rows.len() as u64)
            .sum(),
        columns,
        penalty: total,
        penalty_with_suppressed: whole,
        risk_before: Risk::of(raw.values().copied()),
        risk_after: Risk::of(sizes()),
    }
}

/// Distinct values of a class and the share of the commonest, per mille, rounded up.
fn diversity(table: &Table, class: &Class) -> (usize, u64) {
    let values: Vec<u16> = class.rows.iter().map(|row| table.sensitive(*row as u32)).collect();
    let runs = values.chunk_by(|a, b| a == b);
    let longest = runs.clone().map(<[u16]>::len).max().unwrap_or(0);
    (runs.count(), (1000 * longest).div_ceil(values.len().max(1)) as u64)
}
