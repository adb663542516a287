//! Suppression: rows that are not released, counted in public and bounded by the request.

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
pub(super) fn outliers(table: &Table, groups: &mut [Group], suppressed: &mut Vec<usize>, allowed: usize) {
    while suppressed.len() < allowed {
        let mut worth: Vec<(u64, u32, usize)> = Vec::new();
        for (i, group) in groups.iter().enumerate() {
            // Only a group that costs more than one whole domain can save that much.
            let removable = group.rows.iter().filter(|row| group.can_lose(table, table.sensitive(**row)));
            if group.loss() > table.full_loss {
                let best = removable.map(|row| (group.saving(table, *row), *row, i)).max();
                worth.extend(best.filter(|(saving, _, _)| *saving > table.full_loss));
            }
        }
        if worth.is_empty() {
            return;
        }
        worth.sort_unstable_by_key(|(saving, row, _)| (std::cmp::Reverse(*saving), *row));
        for (_, row, group) in worth.into_iter().take(allowed - suppressed.len()) {
            groups[group].lose(table, row);
            suppressed.push(row as usize);
        }
    }
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
