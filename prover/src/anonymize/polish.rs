//! Lowers the loss of finished groups: rows move to groups where they cost less.
//!
//! A pass finds each row's best move against a snapshot of all groups, then makes the moves that still pay, best
//! first. After the first pass only what touched a changed group is looked at again.

use rayon::prelude::*;

use super::group::Group;
use super::split;
use super::table::Table;

/// Passes at most; they end early when little moves.
const PASSES: usize = 6;
/// Row-with-group comparisons of one pass. With more rows and groups than that a row sees only groups near its own
/// in the order of the cuts, which keeps neighbours together.
const BUDGET: usize = 20_000_000;

/// A move that was seen to pay.
struct Move {
    saving: u64,
    row: u32,
    from: usize,
    to: usize,
}

/// Moves rows, cuts what has become large enough, and repeats.
pub(super) fn polish(table: &Table, groups: &mut Vec<Group>) {
    let mut fresh = vec![true; groups.len()];
    for _ in 0..PASSES {
        let moved = pass(table, groups, &mut fresh);
        recut(table, groups, &mut fresh);
        if moved * 500 < table.len() {
            return;
        }
    }
}

/// One pass; leaves in `fresh` which groups changed.
fn pass(table: &Table, groups: &mut [Group], fresh: &mut [bool]) -> usize {
    let snapshot = Snapshot::new(table, groups, fresh);
    let numbers = (0..groups.len()).into_par_iter();
    let mut moves: Vec<Move> =
        numbers.flat_map_iter(|from| proposals(table, groups, &snapshot, from, fresh[from])).collect();
    moves.sort_unstable_by_key(|m| (std::cmp::Reverse(m.saving), m.row));
    fresh.fill(false);
    let mut made = 0;
    for Move { row, from, to, .. } in moves {
        let value = table.sensitive(row);
        let pays = groups[from].can_lose(table, value)
            && groups[to].can_gain(table, value)
            && groups[to].cost(table, table.codes(row)) < groups[from].saving(table, row);
        if pays {
            groups[from].lose(table, row);
            groups[to].gain(table, row);
            (fresh[from], fresh[to]) = (true, true);
            made += 1;
        }
    }
    made
}

/// Cuts the groups that changed.
fn recut(table: &Table, groups: &mut Vec<Group>, fresh: &mut Vec<bool>) {
    let parts: Vec<Vec<Group>> = std::mem::take(groups)
        .into_par_iter()
        .zip(fresh.par_iter())
        .map(|(group, fresh)| if *fresh { split::split(table, group) } else { vec![group] })
        .collect();
    *fresh = parts.iter().zip(&*fresh).flat_map(|(part, fresh)| vec![*fresh; part.len()]).collect();
    *groups = parts.into_iter().flatten().collect();
}

/// The groups' boxes side by side, columns of the heaviest weight first: most groups are ruled out by one or two.
struct Snapshot {
    columns: Vec<(usize, u64)>,
    /// Lower and upper ends of all groups, a row of `columns` pairs a group.
    ends: Vec<(u16, u16)>,
    widths: Vec<u64>,
    sizes: Vec<u64>,
    /// All groups, or those that are fresh, from the narrowest to the widest.
    all: Vec<usize>,
    fresh: Vec<usize>,
    /// Groups to either side that a row sees when it cannot see all.
    reach: usize,
}

impl Snapshot {
    fn new(table: &Table, groups: &[Group], fresh: &[bool]) -> Self {
        let mut columns: Vec<(usize, u64)> = table.weights.iter().copied().enumerate().collect();
        columns.sort_by_key(|(i, weight)| (std::cmp::Reverse(*weight), *i));
        let ends = groups.iter().flat_map(|group| columns.iter().map(|(i, _)| group.bounds[*i])).collect();
        let mut all: Vec<usize> = (0..groups.len()).collect();
        all.sort_by_key(|i| (groups[*i].width, *i));
        let fresh = all.iter().copied().filter(|i| fresh[*i]).collect();
        Self {
            columns,
            ends,
            widths: groups.iter().map(|group| group.width).collect(),
            sizes: groups.iter().map(|group| group.rows.len() as u64).collect(),
            all,
            fresh,
            reach: (BUDGET / table.len().max(1)).max(64),
        }
    }

    /// Loss added when a row joins, if it is below `most`.
    fn cost(&self, to: usize, codes: &[u16], most: u64) -> Option<u64> {
        let per_step = self.sizes[to] + 1;
        let mut cost = self.widths[to];
        let start = to * self.columns.len();
        for ((lo, hi), (column, weight)) in self.ends[start..].iter().zip(&self.columns) {
            let code = codes[*column];
            let outside = lo.saturating_sub(code).max(code.saturating_sub(*hi));
            cost += per_step * weight * u64::from(outside);
            if cost >= most {
                return None;
            }
        }
        (cost < most).then_some(cost)
    }
}

fn proposals(table: &Table, groups: &[Group], snapshot: &Snapshot, from: usize, fresh: bool) -> Vec<Move> {
    let group = &groups[from];
    let mut near = Vec::new();
    let seen = if fresh { &snapshot.all } else { &snapshot.fresh };
    let seen = if seen.len() <= snapshot.reach {
        seen
    } else {
        let half = snapshot.reach / 2;
        near.extend(from.saturating_sub(half)..(from + half).min(snapshot.widths.len()));
        near.sort_by_key(|to| (snapshot.widths[*to], *to));
        &near
    };
    let mut moves = Vec::new();
    for row in group.rows.iter().filter(|row| group.can_lose(table, table.sensitive(**row))) {
        let saved = group.saving(table, *row);
        let (mut most, mut best) = (saved, None);
        // From the narrowest: what is wider than the best cost so far cannot be better, nor anything behind it.
        for to in seen.iter().copied().filter(|to| *to != from) {
            if snapshot.widths[to] >= most {
                break;
            }
            let cost = snapshot.cost(to, table.codes(*row), most);
            if let Some(cost) = cost.filter(|_| groups[to].can_gain(table, table.sensitive(*row))) {
                (most, best) = (cost, Some(to));
            }
        }
        moves.extend(best.map(|to| Move { saving: saved - most, row: *row, from, to }));
    }
    moves
}
