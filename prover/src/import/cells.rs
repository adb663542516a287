//! From fields to codes.

use std::borrow::Cow;

use galen_circuits::schema::{EncodeError, Kind, Purpose};
use galen_circuits::shape::{CELLS, CONSENT_CELL};

use super::reader::{Line, Table};
use super::spec::{Format, Keep, SourceColumn};
use super::{Allow, ImportError, ImportSpec, Problem, Report};

/// Where the file keeps what the schema asks for.
pub(super) struct Columns<'a> {
    spec: &'a ImportSpec,
    columns: Vec<Column<'a>>,
    patient: Option<usize>,
    order: Option<(usize, &'a str)>,
    consent: Option<usize>,
}

struct Column<'a> {
    kind: &'a Kind,
    source: Option<&'a SourceColumn>,
    index: Option<usize>,
}

impl<'a> Columns<'a> {
    /// Finds the columns in the header.
    pub(super) fn find(table: &Table<'_>, spec: &'a ImportSpec, allow: Allow) -> Result<Self, ImportError> {
        let find = |name: &str| table.find(name);
        let mut columns = Vec::new();
        for column in spec.schema.columns() {
            let source = spec.columns.get(&column.name);
            let name = source.and_then(|s| s.source.as_deref()).unwrap_or(&column.name);
            let index = match find(name) {
                Err(_) if allow.missing_columns && !table.header.iter().any(|h| h == name) => None,
                found => Some(found?),
            };
            columns.push(Column { kind: &column.kind, source, index });
        }
        let patient = spec.patient.column.as_deref().map(find).transpose()?;
        let order = match &spec.patient.keep {
            Keep::Least(name) | Keep::Greatest(name) => Some((find(name)?, name.as_str())),
            _ => None,
        };
        let consent = spec.consent.column.as_deref().map(find).transpose()?;
        Ok(Self { spec, columns, patient, order, consent })
    }

    /// The schema's columns that the file does not have.
    pub(super) fn absent(&self) -> Vec<usize> {
        let absent = self.columns.iter().enumerate().filter(|(_, column)| column.index.is_none());
        absent.map(|(i, _)| i).collect()
    }

    /// The patient's id.
    pub(super) fn patient<'l>(&self, line: &'l Line<'_>) -> Result<PatientId<'l>, Problem> {
        let Some(index) = self.patient else { return Ok(PatientId(line.number.to_string().into())) };
        let id = line.field(index);
        if self.missing(&id) { Err(Problem::NoPatient) } else { Ok(PatientId(id)) }
    }

    /// What orders a patient's rows, where a column does.
    pub(super) fn order(&self, line: &Line<'_>) -> Result<Option<i64>, Problem> {
        let Some((index, name)) = self.order else { return Ok(None) };
        line.field(index).parse().map(Some).map_err(|_| Problem::Order(name.to_owned()))
    }

    /// The row's cells; what has no code is noted and missing.
    pub(super) fn encode(&self, line: &Line<'_>, report: &mut Report) -> [u16; CELLS] {
        let mut cells = [0; CELLS];
        for (i, (column, cell)) in self.columns.iter().zip(&mut cells).enumerate() {
            match self.cell(column, line) {
                Ok(0) => report.note(i, line.number, None),
                Ok(code) => *cell = code,
                Err(error) => report.note(i, line.number, Some(error)),
            }
        }
        cells[CONSENT_CELL] = self.consent(line).unwrap_or_else(|error| {
            report.note(self.columns.len(), line.number, Some(error));
            0
        });
        cells
    }

    fn cell(&self, column: &Column<'_>, line: &Line<'_>) -> Result<u16, EncodeError> {
        let Some(index) = column.index else { return Ok(0) };
        let field = line.field(index);
        let Some(source) = column.source else {
            return if self.missing(&field) { Ok(0) } else { column.kind.encode(&field) };
        };
        let value = source.map.get(field.as_ref()).map_or(field.as_ref(), String::as_str);
        if self.missing(value) || source.missing.iter().any(|mark| mark == value) {
            return Ok(0);
        }
        match source.format {
            Format::Plain => column.kind.encode(value),
            Format::Interval => column.kind.encode(lower_end(value).ok_or(EncodeError::Malformed)?),
        }
    }

    fn consent(&self, line: &Line<'_>) -> Result<u16, EncodeError> {
        let Some(index) = self.consent else { return Ok(self.spec.default_consent()) };
        let field = line.field(index);
        if self.missing(&field) {
            return Ok(0);
        }
        let mut mask = 0;
        for name in field.split([';', '|', ',', ' ']).filter(|name| !name.is_empty()) {
            mask |= name.parse::<Purpose>().map_err(|_| EncodeError::Unknown)?.consent();
        }
        Ok(mask)
    }

    fn missing(&self, value: &str) -> bool {
        value.is_empty() || self.spec.missing.iter().any(|mark| mark == value)
    }
}

impl Table<'_> {
    fn find(&self, name: &str) -> Result<usize, ImportError> {
        let fault = |problem| Err(ImportError::at(self.file(), 1, problem));
        let mut found = self.header.iter().enumerate().filter(|(_, header)| *header == name).map(|(i, _)| i);
        match (found.next(), found.next()) {
            (Some(index), None) => Ok(index),
            (None, _) => fault(Problem::NoColumn(name.to_owned())),
            _ => fault(Problem::TwiceInHeader(name.to_owned())),
        }
    }
}

/// A patient's id. Not to be shown.
pub(super) struct PatientId<'l>(Cow<'l, str>);

impl std::ops::Deref for PatientId<'_> {
    type Target = str;
    fn deref(&self) -> &str {
        &self.0
    }
}

/// `40` of `[40-50)`, `40-50` or `(40, 50]`.
fn lower_end(value: &str) -> Option<&str> {
    let inner = value.trim_start_matches(['[', '(']).trim_end_matches([']', ')']);
    let cut = inner.char_indices().skip(1).find(|(_, c)| matches!(c, '-' | ',' | ';'))?;
    inner.get(..cut.0).map(str::trim)
}
