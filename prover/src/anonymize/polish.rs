//! Lowers the loss of finished groups: rows move to groups where they cost less.

use rayon::prelude::*;

use super::group::Group;
use super::split;
use super::table::Table;

/// Passes over all rows; each ends early when nothing moves.
const PASSES: usize = 12;
/// Comparisons of a row with a group in one pass; beyond them a row sees only groups next to its own.
const BUDGET: usize = 200_000_000;

/// A move that was seen to pay.
struct Move {
    saving: u64,
    row: u32,
    from: usize,
    to: usize,
}

/// Moves rows, cuts what has become large enough, and repeats.
pub(super) fn polish(table: &Table, groups: &mut Vec<Group>) {
    for _ in 0..PASSES {
        let moved = pass(table, groups);
        *groups = std::mem::take(groups)
            .into_par_iter()
            .flat_map_iter(|group| split::split(table, group))
            .collect();
        if moved == 0 {
            return;
        }
    }
}

/// One pass: finds each row's best move as things stand, then makes the moves that still pay, best first.
fn pass(table: &Table, groups: &mut [Group]) -> usize {
    let order = by_width(groups);
    let reach = (BUDGET / table.len().max(1)).max(64);
    let mut moves: Vec<Move> = (0..groups.len())
        .into_par_iter()
        .flat_map_iter(|from| proposals(table, groups, &order, from, reach))
        .collect();
    moves.sort_unstable_by_key(|m| (std::cmp::Reverse(m.saving), m.row));
    let mut made = 0;
    for Move { row, from, to, .. } in moves {
        let value = table.sensitive(row);
        let pays = groups[from].can_lose(table, value)
            && groups[to].can_gain(table, value)
            && groups[to].cost(table, table.codes(row)) < groups[from].saving(table, row);
        if pays {
            groups[from].lose(table, row);
            groups[to].gain(table, row);
            made += 1;
        }
    }
    made
}

/// Groups from the narrowest to the widest: a row never gains by a group wider than what it saves.
fn by_width(groups: &[Group]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..groups.len()).collect();
    order.sort_by_key(|i| (groups[*i].width, *i));
    order
}

fn proposals(table: &Table, groups: &[Group], order: &[usize], from: usize, reach: usize) -> Vec<Move> {
    let group = &groups[from];
    let mut moves = Vec::new();
    for row in &group.rows {
        let value = table.sensitive(*row);
        if !group.can_lose(table, value) {
            continue;
        }
        let saved = group.saving(table, *row);
        let codes = table.codes(*row);
        let mut best: Option<(u64, usize)> = None;
        let near = from.saturating_sub(reach / 2)..(from + reach / 2).min(groups.len());
        let candidates: &mut dyn Iterator<Item = usize> = if order.len() <= reach {
            &mut order.iter().copied().take_while(|to| groups[*to].width < saved)
        } else {
            &mut near.into_iter()
        };
        for to in candidates {
            let most = best.map_or(saved, |(cost, _)| cost);
            if to != from && groups[to].width < most {
                let cost = groups[to].cost(table, codes);
                if cost < most && groups[to].can_gain(table, value) {
                    best = Some((cost, to));
                }
            }
        }
        if let Some((cost, to)) = best {
            moves.push(Move { saving: saved - cost, row: *row, from, to });
        }
    }
    moves
}
