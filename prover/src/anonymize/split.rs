//! Top-down cutting.

use rayon::prelude::*;

use super::group::Group;
use super::table::Table;

/// A cut: rows whose code in `column` is at most `code` go left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Cut {
    loss: u64,
    column: usize,
    code: u16,
}

/// Groups larger than this are cut on both cores.
const PARALLEL: usize = 2048;

/// Cuts a valid group as often as both sides stay valid and the loss falls.
pub(super) fn split(table: &Table, group: Group) -> Vec<Group> {
    let Some(cut) = best(table, &group) else { return vec![group] };
    let (left, right): (Vec<u32>, Vec<u32>) =
        group.rows.iter().partition(|row| table.codes(**row)[cut.column] <= cut.code);
    let large = group.rows.len() > PARALLEL;
    let (left, right) = (Group::new(table, left), Group::new(table, right));
    let (mut groups, others) = if large {
        rayon::join(|| split(table, left), || split(table, right))
    } else {
        (split(table, left), split(table, right))
    };
    groups.extend(others);
    groups
}

/// The cut that leaves the least loss.
fn best(table: &Table, group: &Group) -> Option<Cut> {
    if group.rows.len() < 2 * usize::from(table.params.k) {
        return None;
    }
    let columns = 0..table.columns;
    let cut = if group.rows.len() > PARALLEL {
        columns.into_par_iter().filter_map(|column| best_in(table, group, column)).min()
    } else {
        columns.filter_map(|column| best_in(table, group, column)).min()
    };
    cut.filter(|cut| cut.loss < group.loss())
}

/// What a sweep over sorted rows knows after each code: rows so far, their loss, and whether they are valid.
struct Side {
    rows: usize,
    loss: u64,
    valid: bool,
}

fn best_in(table: &Table, group: &Group, column: usize) -> Option<Cut> {
    let (lo, hi) = group.bounds[column];
    if lo == hi {
        return None;
    }
    let mut rows = group.rows.clone();
    rows.sort_unstable_by_key(|row| table.codes(*row)[column]);
    let runs: Vec<&[u32]> =
        rows.chunk_by(|a, b| table.codes(*a)[column] == table.codes(*b)[column]).collect();
    let left = sweep(table, runs.iter().copied());
    let right = sweep(table, runs.iter().rev().copied());
    let mut best: Option<Cut> = None;
    for (i, side) in left.iter().enumerate().take(runs.len() - 1) {
        let other = &right[runs.len() - 2 - i];
        if side.valid && other.valid {
            debug_assert_eq!(side.rows + other.rows, rows.len());
            let cut = Cut { loss: side.loss + other.loss, column, code: table.codes(runs[i][0])[column] };
            best = Some(best.map_or(cut, |best| best.min(cut)));
        }
    }
    best
}

fn sweep<'a>(table: &Table, runs: impl Iterator<Item = &'a [u32]>) -> Vec<Side> {
    let mut bounds = vec![(u16::MAX, 0); table.columns];
    let mut counts = vec![0u32; table.values];
    let (mut size, mut distinct, mut longest) = (0usize, 0usize, 0u32);
    runs.map(|run| {
        for row in run {
            for ((lo, hi), code) in bounds.iter_mut().zip(table.codes(*row)) {
                *lo = (*lo).min(*code);
                *hi = (*hi).max(*code);
            }
            let count = &mut counts[usize::from(table.sensitive(*row))];
            *count += 1;
            distinct += usize::from(*count == 1);
            longest = longest.max(*count);
        }
        size += run.len();
        let loss = super::group::width(table, &bounds) * size as u64;
        Side { rows: size, loss, valid: table.valid(size, distinct, longest as usize) }
    })
    .collect()
}
