//! From a hospital's CSV file to encoded rows.
//!
//! A *source* ([`ImportSpec`]) says which schema the rows are encoded under and how the file's columns are written.
//! Reading is strict: nothing is imported when a line is broken or a cell cannot be encoded, unless the steward
//! allows it by name ([`Allow`]); then the cell counts as missing and the report says how many there were. Reports
//! and errors name file, line and column, never a cell's content: it may be a patient's.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use galen_circuits::row::Row;

mod cells;
pub mod fault;
pub mod handle;
pub mod hierarchy;
mod ids;
mod patients;
mod reader;
pub mod report;
pub mod shipped;
pub mod spec;

pub use fault::{ImportError, Problem};
pub use handle::{HospitalSecret, Share};
pub use ids::patient_ids;
pub use report::{ColumnReport, Report};
pub use spec::ImportSpec;

/// What a steward lets pass. Everything defaults to no.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Allow {
    /// Values that the schema's categories do not know count as missing.
    pub unknown_codes: bool,
    /// Values outside of a column's domain count as missing.
    pub out_of_range: bool,
    /// Values that are no number or date count as missing.
    pub malformed: bool,
    /// Columns that the file does not have count as missing throughout.
    pub missing_columns: bool,
    /// Of a patient's several rows the first is kept, although the source refuses them.
    pub duplicates: bool,
}

/// How to import.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// What to let pass.
    pub allow: Allow,
    /// Take only this share of the patients: to play several hospitals from one file.
    pub share: Option<Share>,
}

/// A file's rows, encoded.
#[derive(Debug, Clone)]
pub struct Imported {
    /// One row a patient, handles strictly increasing.
    pub rows: Vec<Row>,
    /// What was found.
    pub report: Report,
}

/// Imports a file; gzip is recognised by its first bytes.
///
/// # Errors
/// [`ImportError`]; then nothing is imported.
pub fn import_file(
    path: &Path,
    spec: &ImportSpec,
    secret: &HospitalSecret,
    options: Options,
) -> Result<Imported, ImportError> {
    let name = path.display().to_string();
    let file = File::open(path).map_err(|e| ImportError::at(&name, 0, Problem::Read(e.kind())))?;
    import(file, &name, spec, secret, options)
}

/// Imports what `input` holds; `name` stands for it in errors.
///
/// # Errors
/// [`ImportError`]; then nothing is imported.
pub fn import(
    input: impl Read,
    name: &str,
    spec: &ImportSpec,
    secret: &HospitalSecret,
    options: Options,
) -> Result<Imported, ImportError> {
    let mut table = reader::Table::open(input, name, &spec.file)?;
    let columns = cells::Columns::find(&table, spec, options.allow)?;
    let mut patients = patients::Patients::new(secret, spec, options);
    let mut report = Report::new(spec, &columns.absent());
    while let Some(line) = table.next()? {
        report.rows_read += 1;
        let id = columns.patient(&line).map_err(|problem| line.fault(problem))?;
        let Some(handle) = patients.admit(&id) else { continue };
        report.rows_of_share += 1;
        let order = columns.order(&line).map_err(|problem| line.fault(problem))?;
        let cells = columns.encode(&line, &mut report);
        patients.add(handle, cells, order, line.number).map_err(|problem| line.fault(problem))?;
    }
    let (rows, repeated) = patients.into_rows();
    report.finish(&rows, repeated, options.allow);
    if rows.is_empty() && report.rows_read == 0 {
        return Err(ImportError::at(name, table.line(), Problem::NoRows));
    }
    if report.refused() > 0 {
        return Err(ImportError::Refused { file: name.to_owned(), report: Box::new(report) });
    }
    Ok(Imported { rows, report })
}
