//! Classes laid out in release blocks.

use galen_circuits::release::{BlockRow, Reach};
use galen_circuits::request::Terms;
use galen_circuits::row::Row;
use galen_circuits::shape::BLOCK_ROWS;

/// An equivalence class: its box, one range of codes for each quasi-identifier, and its rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Class {
    /// lo and hi of each quasi-identifier, in the request's order.
    pub bounds: Vec<(u16, u16)>,
    /// Indices of rows among the selected.
    pub rows: Vec<usize>,
}

/// Every selected row in a class or suppressed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Grouping {
    /// The classes.
    pub classes: Vec<Class>,
    /// Indices of suppressed rows.
    pub suppressed: Vec<usize>,
}

/// A grouping that is not one of these rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LayoutFault {
    /// A row is grouped twice or not at all, or does not exist.
    #[error("the grouping does not hold every selected row exactly once (row {0})")]
    Rows(usize),
    /// A row lies outside its class's box.
    #[error("row {row} lies outside the box of its class in quasi-identifier {slot}")]
    Outside {
        /// Index among the selected rows.
        row: usize,
        /// Quasi-identifier.
        slot: usize,
    },
    /// No row at all.
    #[error("no row matches the request in the run that was drawn")]
    Empty,
}

/// The blocks: classes one after another, rows sorted by sensitive code in each; then suppressed rows; then padding.
pub(super) fn lay_out(
    terms: &Terms,
    rows: &[Row],
    grouping: &Grouping,
) -> Result<Vec<Vec<BlockRow>>, LayoutFault> {
    check_partition(rows.len(), grouping)?;
    let mut laid: Vec<BlockRow> = Vec::with_capacity(rows.len());
    for class in &grouping.classes {
        let mut members: Vec<usize> = class.rows.clone();
        members.sort_by_key(|index| (rows[*index].cells[usize::from(terms.sensitive)], rows[*index].handle));
        for (place, index) in members.iter().enumerate() {
            laid.push(BlockRow {
                row: Some(rows[*index]),
                released: true,
                ends_class: place + 1 == members.len(),
                reach: reach(terms, &rows[*index], class, *index)?,
            });
        }
    }
    laid.extend(grouping.suppressed.iter().map(|index| BlockRow::suppressed(rows[*index])));
    laid.resize(laid.len().next_multiple_of(BLOCK_ROWS), BlockRow::padding());
    Ok(laid.chunks(BLOCK_ROWS).map(<[BlockRow]>::to_vec).collect())
}

fn check_partition(count: usize, grouping: &Grouping) -> Result<(), LayoutFault> {
    let mut seen = vec![false; count];
    for index in grouping.classes.iter().flat_map(|class| &class.rows).chain(&grouping.suppressed) {
        match seen.get_mut(*index) {
            Some(place) if !*place => *place = true,
            _ => return Err(LayoutFault::Rows(*index)),
        }
    }
    match seen.iter().position(|row| !row) {
        _ if count == 0 => Err(LayoutFault::Empty),
        Some(index) => Err(LayoutFault::Rows(index)),
        None => Ok(()),
    }
}

fn reach(terms: &Terms, row: &Row, class: &Class, index: usize) -> Result<Reach, LayoutFault> {
    let mut reach = Reach::default();
    for (slot, quasi_identifier) in terms.quasi_identifiers.iter().enumerate() {
        let cell = row.cells[usize::from(quasi_identifier.column)];
        let outside = LayoutFault::Outside { row: index, slot };
        let (lo, hi) = class.bounds.get(slot).copied().ok_or(outside)?;
        reach.below[slot] = cell.checked_sub(lo).ok_or(outside)?;
        reach.above[slot] = hi.checked_sub(cell).ok_or(outside)?;
    }
    Ok(reach)
}
