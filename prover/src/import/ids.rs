//! The patients' ids of a file: for a hospital's own register of what it sold, which never leaves it.

use std::fs::File;
use std::path::Path;

use super::Allow;
use super::cells::Columns;
use super::fault::{ImportError, Problem};
use super::reader::Table;
use super::spec::ImportSpec;

/// The id of each row, in the file's order; a patient with several rows comes several times.
///
/// # Errors
/// [`ImportError`].
pub fn patient_ids(path: &Path, spec: &ImportSpec) -> Result<Vec<String>, ImportError> {
    let name = path.display().to_string();
    let file = File::open(path).map_err(|e| ImportError::at(&name, 0, Problem::Read(e.kind())))?;
    let mut table = Table::open(file, &name, &spec.file)?;
    let columns = Columns::find(&table, spec, Allow { missing_columns: true, ..Allow::default() })?;
    let mut ids = Vec::new();
    while let Some(line) = table.next()? {
        ids.push(columns.patient(&line).map_err(|problem| line.fault(problem))?.trim().to_owned());
    }
    Ok(ids)
}
