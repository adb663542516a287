//! Which rows of a run a request selects: the native twin of what a scan proves.

use galen_circuits::row::Row;
use galen_circuits::schema::{Predicate, Purpose};
use galen_circuits::shape::CONSENT_CELL;

/// Whether a row is selected: its patient's consent covers the purpose and it fulfils the predicate.
pub fn selects(row: &Row, predicate: &Predicate, purpose: Purpose) -> bool {
    purpose.covered_by(row.cells[CONSENT_CELL]) && predicate.matches(&row.cells)
}

/// The indices of the selected rows, ascending.
pub fn selected(rows: &[Row], predicate: &Predicate, purpose: Purpose) -> Vec<usize> {
    let numbered = rows.iter().enumerate();
    numbered.filter(|(_, row)| selects(row, predicate, purpose)).map(|(i, _)| i).collect()
}

/// How a selection came about, for a steward's preview.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Feasibility {
    /// Rows looked at.
    pub rows: usize,
    /// Rows that fulfil the predicate.
    pub matching: usize,
    /// Of these, rows whose patients consent to the purpose.
    pub consenting: usize,
}

/// Counts a selection without making it.
pub fn feasibility(rows: &[Row], predicate: &Predicate, purpose: Purpose) -> Feasibility {
    let matching = rows.iter().filter(|row| predicate.matches(&row.cells));
    let consenting = matching.clone().filter(|row| purpose.covered_by(row.cells[CONSENT_CELL]));
    Feasibility { rows: rows.len(), matching: matching.count(), consenting: consenting.count() }
}

#[cfg(test)]
mod tests {
    use galen_circuits::row::Handle;
    use galen_circuits::schema::Condition;

    use super::*;

    #[test]
    fn a_row_needs_both_the_match_and_the_consent() {
        let row = |handle: u64, code: u16, consent: u16| {
            let mut cells = [0; 12];
            (cells[2], cells[CONSENT_CELL]) = (code, consent);
            Row { handle: Handle::new(handle).unwrap(), cells }
        };
        let purpose = Purpose::DISEASE_SPECIFIC;
        let all_but = !purpose.mask();
        let rows = [row(1, 5, purpose.mask()), row(2, 5, all_but), row(3, 6, u16::MAX), row(4, 0, u16::MAX)];
        let predicate =
            Predicate { conditions: vec![Condition { column: 2, lo: 1, hi: 5 }], clauses: vec![1, 0] };
        assert_eq!(selected(&rows, &predicate, purpose), [0]);
        let counts = feasibility(&rows, &predicate, purpose);
        assert_eq!(counts, Feasibility { rows: 4, matching: 2, consenting: 1 });
        let nobody = Predicate { clauses: vec![0], ..predicate };
        assert_eq!(selected(&rows, &nobody, purpose), [0usize; 0]);
    }
}
