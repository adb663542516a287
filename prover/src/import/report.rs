//! What an import found, in numbers and line numbers.

use galen_circuits::row::Row;
use galen_circuits::schema::EncodeError;
use galen_circuits::shape::CONSENT_CELL;
use serde::{Deserialize, Serialize};

use super::{Allow, ImportSpec};

/// Lines named for each kind of trouble; the rest are counted.
pub const LINES_NAMED: usize = 10;
/// The consent column's name in reports.
pub const CONSENT: &str = "(consent)";

/// What was found in a file. Holds no patient's value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// Rows below the header.
    pub rows_read: u64,
    /// Of them, rows of patients in the share asked for.
    pub rows_of_share: u64,
    /// Patients imported.
    pub patients: u64,
    /// Patients whose consent mask is empty: they can never be selected.
    pub without_consent: u64,
    /// Rows dropped because the patient has another one.
    pub repeated: Repeated,
    /// The columns, in the schema's order, and the consent.
    pub columns: Vec<ColumnReport>,
}

/// Rows of patients who have another row.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Repeated {
    /// How many.
    pub count: u64,
    /// The first lines.
    pub lines: Vec<u64>,
    /// Whether the source refuses them and nobody allowed them.
    pub refused: bool,
}

impl Repeated {
    pub(super) fn note(&mut self, line: u64) {
        note(&mut self.count, &mut self.lines, line);
    }
}

/// What was found in a column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ColumnReport {
    /// The column.
    pub name: String,
    /// Whether the file does not have it.
    pub absent: bool,
    /// Rows read where the value is missing.
    pub missing: u64,
    /// Values outside of the domain.
    pub out_of_range: Trouble,
    /// Values that the schema does not know.
    pub unknown: Trouble,
    /// Values that are no number, date or purpose.
    pub malformed: Trouble,
}

/// Cells that could not be encoded.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trouble {
    /// How many.
    pub count: u64,
    /// The first lines.
    pub lines: Vec<u64>,
    /// Whether the steward let them pass as missing.
    pub allowed: bool,
}

fn note(count: &mut u64, lines: &mut Vec<u64>, line: u64) {
    *count += 1;
    if lines.len() < LINES_NAMED {
        lines.push(line);
    }
}

impl Report {
    pub(super) fn new(spec: &ImportSpec, absent: &[usize]) -> Self {
        let named = spec.schema.columns().iter().map(|c| c.name.as_str()).chain([CONSENT]).enumerate();
        let column = |(i, name): (usize, &str)| ColumnReport {
            name: name.to_owned(),
            absent: absent.contains(&i),
            missing: 0,
            out_of_range: Trouble::default(),
            unknown: Trouble::default(),
            malformed: Trouble::default(),
        };
        Self {
            rows_read: 0,
            rows_of_share: 0,
            patients: 0,
            without_consent: 0,
            repeated: Repeated::default(),
            columns: named.map(column).collect(),
        }
    }

    /// Notes a cell without a code; `column` counts the schema's columns, then the consent.
    pub(super) fn note(&mut self, column: usize, line: u64, error: Option<EncodeError>) {
        let Some(column) = self.columns.get_mut(column) else { return };
        let trouble = match error {
            None => {
                column.missing += 1;
                return;
            }
            Some(EncodeError::OutOfRange) => &mut column.out_of_range,
            Some(EncodeError::Malformed) => &mut column.malformed,
            Some(_) => &mut column.unknown,
        };
        note(&mut trouble.count, &mut trouble.lines, line);
    }

    pub(super) fn finish(&mut self, rows: &[Row], repeated: Repeated, allow: Allow) {
        self.patients = rows.len() as u64;
        self.without_consent = rows.iter().filter(|row| row.cells[CONSENT_CELL] == 0).count() as u64;
        self.repeated = repeated;
        for column in &mut self.columns {
            column.out_of_range.allowed = allow.out_of_range;
            column.unknown.allowed = allow.unknown_codes;
            column.malformed.allowed = allow.malformed;
        }
    }

    /// Cells and rows for which the import is refused.
    pub fn refused(&self) -> u64 {
        let cells: u64 = self.columns.iter().flat_map(ColumnReport::troubles).map(|(_, t)| t.refused()).sum();
        cells + if self.repeated.refused { self.repeated.count } else { 0 }
    }

    /// The refusals in words, one clause for each column and kind.
    pub fn reasons(&self) -> String {
        let mut reasons = Vec::new();
        for column in &self.columns {
            for (what, trouble) in column.troubles().into_iter().filter(|(_, t)| t.refused() > 0) {
                let name = &column.name;
                reasons.push(format!("column {name}: {} {what} ({})", trouble.count, lines(&trouble.lines)));
            }
        }
        if self.repeated.refused && self.repeated.count > 0 {
            let Repeated { count, lines: named, .. } = &self.repeated;
            reasons.push(format!("{count} further rows of patients already read ({})", lines(named)));
        }
        reasons.join("; ")
    }
}

impl ColumnReport {
    fn troubles(&self) -> [(&'static str, &Trouble); 3] {
        [
            ("values outside of the domain", &self.out_of_range),
            ("codes that the schema does not know", &self.unknown),
            ("values not written as the column's kind", &self.malformed),
        ]
    }
}

impl Trouble {
    fn refused(&self) -> u64 {
        if self.allowed { 0 } else { self.count }
    }
}

fn lines(lines: &[u64]) -> String {
    let named = lines.iter().map(u64::to_string).collect::<Vec<_>>().join(", ");
    if lines.len() < LINES_NAMED { format!("line {named}") } else { format!("line {named}, …") }
}
