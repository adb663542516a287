//! Writes delivered rows for a researcher: a CSV and its data dictionary.
//!
//! Ranges read as the schema writes them (`40-59`, `250.*`); with codes, the numeric ends stand beside them, so that an
//! outsider can check the boxes. Cells that a spreadsheet would run as a formula are made harmless. A file appears
//! whole or not at all.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::Path;

pub use galen_circuits::release::cipher::DeliveredRow;
use galen_circuits::schema::Schema;

mod dictionary;
mod escape;

pub use dictionary::{Dictionary, Field};
pub use escape::harmless;

/// What a request released.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout<'a> {
    /// The schema.
    pub schema: &'a Schema,
    /// The quasi-identifiers, in the request's order.
    pub quasi_identifiers: &'a [u8],
    /// The columns released as they are.
    pub released: &'a [u8],
    /// Whether the numeric codes are written too.
    pub codes: bool,
}

/// Why rows cannot be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DeliverError {
    /// The file system refused.
    #[error("cannot write {path}: {error}")]
    Write {
        /// The file.
        path: String,
        /// Why.
        error: io::Error,
    },
    /// A column that the schema does not have.
    #[error("the schema has no column {0}")]
    NoColumn(u8),
    /// A row that does not have the request's shape.
    #[error("row {0} does not have the columns that the request releases")]
    Shape(usize),
    /// The dictionary could not be encoded.
    #[error("the dictionary cannot be written: {0}")]
    Dictionary(#[from] serde_json::Error),
}

impl Layout<'_> {
    /// The CSV of these rows.
    ///
    /// # Errors
    /// When a row does not fit or the writer fails.
    pub fn write_csv(&self, rows: &[DeliveredRow], out: impl Write) -> Result<(), DeliverError> {
        let failed = |error: csv::Error| DeliverError::Write { path: "rows".into(), error: error.into() };
        let mut writer = csv::Writer::from_writer(out);
        writer.write_record(self.dictionary()?.fields.iter().map(|f| f.name.as_str())).map_err(failed)?;
        for (number, row) in rows.iter().enumerate() {
            let fields = self.fields(row).ok_or(DeliverError::Shape(number))?;
            writer.write_record(fields).map_err(failed)?;
        }
        writer.flush().map_err(|error| DeliverError::Write { path: "rows".into(), error })
    }

    /// The CSV of several sets of rows, each named in a first column of this name.
    ///
    /// # Errors
    /// When a row does not fit or the writer fails.
    pub fn write_sets<'a>(
        &self,
        first: &str,
        sets: impl IntoIterator<Item = (String, &'a [DeliveredRow])>,
        out: impl Write,
    ) -> Result<(), DeliverError> {
        let failed = |error: csv::Error| DeliverError::Write { path: "rows".into(), error: error.into() };
        let mut writer = csv::Writer::from_writer(out);
        let header = self.dictionary()?.fields.into_iter().map(|field| field.name);
        writer.write_record(std::iter::once(first.to_owned()).chain(header)).map_err(failed)?;
        for (name, rows) in sets {
            let name = harmless(name);
            for (number, row) in rows.iter().enumerate() {
                let fields = self.fields(row).ok_or(DeliverError::Shape(number))?;
                writer.write_record(std::iter::once(name.clone()).chain(fields)).map_err(failed)?;
            }
        }
        writer.flush().map_err(|error| DeliverError::Write { path: "rows".into(), error })
    }

    /// Writes the CSV to `path` and the dictionary beside it, as `.json`.
    ///
    /// # Errors
    /// [`DeliverError`]; then neither file was changed, or only the dictionary.
    pub fn deliver(&self, rows: &[DeliveredRow], path: &Path) -> Result<(), DeliverError> {
        let mut json = serde_json::to_vec_pretty(&self.dictionary()?)?;
        json.push(b'\n');
        let mut csv = Vec::new();
        self.write_csv(rows, &mut csv)?;
        write_atomically(&path.with_extension("json"), &json)?;
        write_atomically(path, &csv)
    }

    fn fields(&self, row: &DeliveredRow) -> Option<Vec<String>> {
        let mut fields = Vec::new();
        if row.bounds.len() != self.quasi_identifiers.len() {
            return None;
        }
        for (column, (lo, hi)) in self.quasi_identifiers.iter().zip(&row.bounds) {
            let kind = &self.schema.column(*column)?.kind;
            fields.push(harmless(kind.label(*lo, *hi)));
            if self.codes {
                fields.extend([lo.min(&kind.size()).to_string(), hi.min(&kind.size()).to_string()]);
            }
        }
        for column in self.released {
            let kind = &self.schema.column(*column)?.kind;
            let code = (*row.cells.get(usize::from(*column))?)?;
            fields.push(if code == 0 { String::new() } else { harmless(kind.decode(code)) });
            if self.codes {
                fields.push(code.to_string());
            }
        }
        Some(fields)
    }
}

/// Writes a file so that it appears whole or not at all, readable by its owner only.
///
/// # Errors
/// [`DeliverError::Write`].
pub fn write_atomically(path: &Path, bytes: &[u8]) -> Result<(), DeliverError> {
    let failed = |error| DeliverError::Write { path: path.display().to_string(), error };
    let name = path.file_name().ok_or_else(|| failed(io::ErrorKind::InvalidInput.into()))?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let temporary = folder.join(format!(".{}.{}.part", name.to_string_lossy(), std::process::id()));
    let written = create_private(&temporary).and_then(|file| {
        let mut file = BufWriter::new(file);
        file.write_all(bytes)?;
        file.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
        fs::rename(&temporary, path)?;
        File::open(folder)?.sync_all()
    });
    written.map_err(|error| {
        // Best effort: the error that matters is the first.
        let _ = fs::remove_file(&temporary);
        failed(error)
    })
}

fn create_private(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}
