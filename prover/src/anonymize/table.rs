//! The rows as the anonymizer works on them.

use std::collections::BTreeMap;

use galen_circuits::row::Row;
use galen_circuits::shape::CELLS;

use super::{AnonymizeError, Params, Quasi};

/// Quasi-identifier codes row by row, and sensitive values numbered densely.
pub(super) struct Table {
    pub(super) params: Params,
    /// Number of quasi-identifiers.
    pub(super) columns: usize,
    pub(super) weights: Vec<u64>,
    /// Loss of a row whose box is the whole domain.
    pub(super) full_loss: u64,
    codes: Vec<u16>,
    sensitive: Vec<u16>,
    /// Distinct sensitive values.
    pub(super) values: usize,
}

impl Table {
    pub(super) fn new(
        rows: &[Row],
        quasi: &[Quasi],
        sensitive: u8,
        params: &Params,
    ) -> Result<Self, AnonymizeError> {
        let fault = |text| Err(AnonymizeError::Parameter(text));
        if rows.is_empty() {
            return Err(AnonymizeError::NoRows);
        }
        if quasi.is_empty() {
            return fault("at least one quasi-identifier is needed");
        }
        if quasi.iter().any(|q| usize::from(q.cell) >= CELLS) || usize::from(sensitive) >= CELLS {
            return fault("a row has no such cell");
        }
        if params.k == 0 || params.l == 0 || params.alpha == 0 || params.alpha > 1000 {
            return fault("k and l are at least 1, alpha lies between 1 and 1000 per mille");
        }
        let cell = |row: &Row, cell: u8| row.cells.get(usize::from(cell)).copied().unwrap_or(0);
        let codes = rows.iter().flat_map(|row| quasi.iter().map(move |q| cell(row, q.cell))).collect();
        let mut dense: BTreeMap<u16, u16> = rows.iter().map(|row| (cell(row, sensitive), 0)).collect();
        (0..).zip(dense.values_mut()).for_each(|(i, number)| *number = i);
        let sensitive =
            rows.iter().map(|row| dense.get(&cell(row, sensitive)).copied().unwrap_or(0)).collect();
        Ok(Self {
            params: *params,
            columns: quasi.len(),
            weights: quasi.iter().map(|q| u64::from(q.weight)).collect(),
            full_loss: quasi.iter().map(|q| u64::from(q.weight) * u64::from(q.width)).sum(),
            codes,
            sensitive,
            values: dense.len(),
        })
    }

    /// Number of rows.
    pub(super) fn len(&self) -> usize {
        self.sensitive.len()
    }

    /// A row's quasi-identifier codes.
    pub(super) fn codes(&self, row: u32) -> &[u16] {
        let start = row as usize * self.columns;
        self.codes.get(start..start + self.columns).unwrap_or_default()
    }

    /// A row's sensitive value; values are numbered in the order of their codes.
    pub(super) fn sensitive(&self, row: u32) -> u16 {
        self.sensitive.get(row as usize).copied().unwrap_or(0)
    }

    /// All rows but these.
    pub(super) fn all_but(&self, suppressed: &[usize]) -> Vec<u32> {
        let mut kept = vec![true; self.len()];
        suppressed.iter().for_each(|row| kept[*row] = false);
        (0u32..).zip(kept).filter(|(_, kept)| *kept).map(|(row, _)| row).collect()
    }

    /// Whether a class of these sizes is valid.
    pub(super) fn valid(&self, rows: usize, distinct: usize, longest: usize) -> bool {
        rows >= usize::from(self.params.k)
            && distinct >= usize::from(self.params.l)
            && 1000 * longest <= usize::from(self.params.alpha) * rows
    }
}
