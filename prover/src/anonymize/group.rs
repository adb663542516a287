//! A class in the making: its rows, box and sensitive values.

use super::Class;
use super::table::Table;

/// A box: least and greatest code of each quasi-identifier.
pub(super) type Bounds = Vec<(u16, u16)>;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Group {
    pub(super) rows: Vec<u32>,
    pub(super) bounds: Bounds,
    /// Sensitive values and how many rows have them, by value.
    tally: Vec<(u16, u32)>,
    /// Loss of one row.
    pub(super) width: u64,
}

/// The loss of one row in a box.
pub(super) fn width(table: &Table, bounds: &[(u16, u16)]) -> u64 {
    bounds.iter().zip(&table.weights).map(|((lo, hi), weight)| weight * u64::from(hi - lo)).sum()
}

/// The box around rows.
pub(super) fn bounds(table: &Table, rows: impl IntoIterator<Item = u32>) -> Bounds {
    let mut bounds = vec![(u16::MAX, 0); table.columns];
    for row in rows {
        for ((lo, hi), code) in bounds.iter_mut().zip(table.codes(row)) {
            *lo = (*lo).min(*code);
            *hi = (*hi).max(*code);
        }
    }
    bounds
}

impl Group {
    /// The group of these rows, of which there is at least one.
    pub(super) fn new(table: &Table, rows: Vec<u32>) -> Self {
        let bounds = bounds(table, rows.iter().copied());
        let width = width(table, &bounds);
        let mut values: Vec<u16> = rows.iter().map(|row| table.sensitive(*row)).collect();
        values.sort_unstable();
        let tally = values.chunk_by(|a, b| a == b).map(|run| (run[0], run.len() as u32)).collect();
        Self { rows, bounds, tally, width }
    }

    /// Loss of all its rows.
    pub(super) fn loss(&self) -> u64 {
        self.width * self.rows.len() as u64
    }

    fn longest_but(&self, value: u16) -> u32 {
        self.tally.iter().filter(|(v, _)| *v != value).map(|(_, n)| *n).max().unwrap_or(0)
    }

    fn count(&self, value: u16) -> u32 {
        self.tally.binary_search_by_key(&value, |(v, _)| *v).map_or(0, |i| self.tally[i].1)
    }

    /// Whether it stays valid without a row of this value.
    pub(super) fn can_lose(&self, table: &Table, value: u16) -> bool {
        let left = self.count(value).saturating_sub(1);
        let distinct = self.tally.len() - usize::from(left == 0);
        table.valid(self.rows.len().saturating_sub(1), distinct, self.longest_but(value).max(left) as usize)
    }

    /// Whether it stays valid with one more row of this value; it must be valid.
    pub(super) fn can_gain(&self, table: &Table, value: u16) -> bool {
        let count = self.count(value) as usize + 1;
        1000 * count <= usize::from(table.params.alpha) * (self.rows.len() + 1)
    }

    /// Loss saved when the row leaves.
    pub(super) fn saving(&self, table: &Table, row: u32) -> u64 {
        let codes = table.codes(row);
        let on_edge =
            self.bounds.iter().zip(codes).any(|((lo, hi), code)| lo != hi && (code == lo || code == hi));
        if !on_edge {
            return self.width;
        }
        let left = bounds(table, self.rows.iter().copied().filter(|other| *other != row));
        self.loss() - width(table, &left) * (self.rows.len() as u64 - 1)
    }

    /// Loss added when the row joins.
    pub(super) fn cost(&self, table: &Table, codes: &[u16]) -> u64 {
        let size = self.rows.len() as u64;
        let mut wider = 0;
        for (((lo, hi), code), weight) in self.bounds.iter().zip(codes).zip(&table.weights) {
            wider += weight * u64::from(lo.saturating_sub(*code).max(code.saturating_sub(*hi)));
        }
        self.width + wider * (size + 1)
    }

    /// Takes a row out.
    pub(super) fn lose(&mut self, table: &Table, row: u32) {
        self.rows.retain(|other| *other != row);
        *self = Self::new(table, std::mem::take(&mut self.rows));
    }

    /// Takes a row in.
    pub(super) fn gain(&mut self, table: &Table, row: u32) {
        self.rows.push(row);
        *self = Self::new(table, std::mem::take(&mut self.rows));
    }

    /// The finished class.
    pub(super) fn class(&self, table: &Table) -> Class {
        let mut rows = self.rows.clone();
        rows.sort_unstable_by_key(|row| (table.sensitive(*row), *row));
        Class { bounds: self.bounds.clone(), rows: rows.into_iter().map(|row| row as usize).collect() }
    }
}
