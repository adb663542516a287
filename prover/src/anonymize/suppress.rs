//! Suppression: rows that are not released, counted in public and bounded by the request.

use std::collections::BTreeMap;

use super::AnonymizeError;
use super::group::Group;
use super::table::Table;

/// Rows to suppress before anything else, so that one class of all the others would be valid.
pub(super) fn until_feasible(table: &Table, allowed: usize) -> Result<Vec<usize>, AnonymizeError> {
    let (rows, params) = (table.len(), table.params);
    if rows < usize::from(params.k) {
        return Err(AnonymizeError::TooFewRows { rows, k: params.k });
    }
    if table.values < usize::from(params.l) {
        return Err(AnonymizeError::TooUniform { distinct: table.values, l: params.l });
    }
    let mut by_value = vec![Vec::new(); table.values];
    (0..rows).for_each(|row| by_value[usize::from(table.sensitive(row as u32))].push(row));
    let mut suppressed = Vec::new();
    let longest =
        |by_value: &[Vec<usize>]| (0..by_value.len()).max_by_key(|v| by_value[*v].len()).unwrap_or(0);
    let first = longest(&by_value);
    let share = (1000 * by_value[first].len()).div_ceil(rows) as u64;
    loop {
        let value = longest(&by_value);
        let left = rows - suppressed.len();
        if 1000 * by_value[value].len() <= usize::from(params.alpha) * left {
            break;
        }
        let row = by_value[value].pop();
        match row {
            Some(row) if suppressed.len() < allowed => suppressed.push(row),
            _ => return Err(AnonymizeError::TooCommon { share, alpha: params.alpha, allowed }),
        }
    }
    if rows - suppressed.len() < usize::from(params.k) {
        return Err(AnonymizeError::TooFewRows { rows: rows - suppressed.len(), k: params.k });
    }
    Ok(suppressed)
}

/// Suppresses outliers: rows whose leaving saves more than a row with nothing said about it would cost. The same
/// scale as ARX's, where a suppressed row counts as wholly generalised.
pub(super) fn outliers(table: &Table, groups: &mut Vec<Group>, suppressed: &mut Vec<usize>, allowed: usize) {
    while suppressed.len() < allowed {
        // Only a group that costs more than one whole domain can save that much.
        let costly = groups.iter().enumerate().filter(|(_, group)| group.loss() > table.full_loss);
        let mut worth: Vec<(u64, u32, usize)> = costly
            .filter_map(|(i, group)| {
                let free = group.rows.iter().filter(|row| group.can_lose(table, table.sensitive(**row)));
                free.map(|row| (group.saving(table, *row), *row, i)).max()
            })
            .filter(|(saving, _, _)| *saving > table.full_loss)
            .collect();
        if worth.is_empty() {
            break;
        }
        worth.sort_unstable_by_key(|(saving, row, _)| (std::cmp::Reverse(*saving), *row));
        for (_, row, group) in worth.into_iter().take(allowed - suppressed.len()) {
            groups[group].lose(table, row);
            suppressed.push(row as usize);
        }
    }
    dissolve(table, groups, suppressed, allowed);
}

/// A group that cannot spare its outlier is dissolved, where that saves as much: the outlier is suppressed and the
/// others join the groups where they cost least.
fn dissolve(table: &Table, groups: &mut Vec<Group>, suppressed: &mut Vec<usize>, allowed: usize) {
    let mut at = 0;
    while at < groups.len() && suppressed.len() < allowed && groups.len() > 1 {
        match dissolved(table, groups, at) {
            Some((row, joined)) => {
                joined.into_iter().for_each(|(i, group)| groups[i] = group);
                groups.remove(at);
                suppressed.push(row as usize);
            }
            None => at += 1,
        }
    }
}

/// The row to suppress and the groups as they would be after the others joined them.
fn dissolved(table: &Table, groups: &[Group], at: usize) -> Option<(u32, BTreeMap<usize, Group>)> {
    let group = groups.get(at).filter(|group| group.loss() > table.full_loss)?;
    let outlier = group.rows.iter().copied().max_by_key(|row| (group.saving(table, *row), *row))?;
    if group.saving(table, outlier) <= table.full_loss {
        return None;
    }
    let mut joined: BTreeMap<usize, Group> = BTreeMap::new();
    for row in group.rows.iter().copied().filter(|row| *row != outlier) {
        let now = |i: &usize| joined.get(i).unwrap_or(&groups[*i]);
        let open = (0..groups.len()).filter(|i| *i != at && now(i).can_gain(table, table.sensitive(row)));
        let to = open.min_by_key(|i| (now(i).cost(table, table.codes(row)), *i))?;
        joined.entry(to).or_insert_with(|| groups[to].clone()).gain(table, row);
    }
    let before: u64 = group.loss() + joined.keys().map(|i| groups[*i].loss()).sum::<u64>();
    let after: u64 = joined.values().map(Group::loss).sum();
    (before > after + table.full_loss).then_some((outlier, joined))
}

/// Suppresses the widest groups while the mean loss is above the limit.
pub(super) fn down_to_limit(
    table: &Table,
    groups: &mut Vec<Group>,
    suppressed: &mut Vec<usize>,
    allowed: usize,
) -> Result<(), AnonymizeError> {
    let limit = table.params.max_loss;
    let mut loss: u64 = groups.iter().map(Group::loss).sum();
    let mut rows: u64 = groups.iter().map(|group| group.rows.len() as u64).sum();
    groups.sort_by_key(|group| (group.width, group.rows.first().copied()));
    while loss > limit.saturating_mul(rows) {
        let widest = groups.pop_if(|group| suppressed.len() + group.rows.len() <= allowed);
        let Some(group) = widest.filter(|_| !groups.is_empty()) else {
            return Err(AnonymizeError::TooCoarse { loss: loss.div_ceil(rows.max(1)), limit });
        };
        loss -= group.loss();
        rows -= group.rows.len() as u64;
        suppressed.extend(group.rows.iter().map(|row| *row as usize));
    }
    Ok(())
}
