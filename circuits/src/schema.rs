//! A schema: what the columns of a dataset mean, and what may be asked of them.
//!
//! The members approve a schema once; every hospital encodes its patients with it and every request is made under
//! it, so that "age 40–65" or "ICD E11.*" is the same range of codes for everybody. A cell is a `u16`: 0 is missing,
//! codes start at 1 ([`Kind`] says how a value becomes one). Categories are numbered so that each subtree of their
//! hierarchy is one contiguous range ([`Category`]).
//!
//! A [`Schema`] that exists is valid: it is made only from [`SchemaParts`] (which is what TOML and JSON carry), and
//! checked then. [`Schema::permits`] is the policy that stands above the buyer. No I/O happens here.

use serde::{Deserialize, Serialize};

use crate::shape::{CONSENT_CELL, QUASI_IDENTIFIERS};

pub mod canonical;
pub mod category;
pub mod date;
pub mod icd9;
pub mod kind;
pub mod number;
pub mod outline;
pub mod policy;
pub mod predicate;
pub mod purpose;
pub mod text;

pub use category::{Category, Codes};
pub use date::{DateSpan, Day};
pub use kind::{EncodeError, Kind};
pub use number::Number;
pub use policy::PolicyFault;
pub use predicate::{Condition, Predicate, PredicateFault};
pub use purpose::Purpose;
pub use text::ParseFault;

/// Most columns a schema can have: the twelfth cell of a row is the consent mask.
pub const MAX_COLUMNS: usize = CONSENT_CELL;
/// Longest name of a schema, column or category, in bytes.
pub const MAX_NAME: usize = 200;

/// What a column is for the patient's privacy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// Known to outsiders and apt to single a patient out: leaves the hospital only as a range shared by a class.
    QuasiIdentifier,
    /// What nobody may learn of one patient: released as it is, diverse within every class.
    Sensitive,
    /// Neither: released as it is when asked for.
    Plain,
    /// For matching inside the hospital only at import; never released, never asked for.
    NeverReleased,
}

/// One column of a schema.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Column {
    /// Its name in requests and delivered files.
    pub name: String,
    /// What it is for privacy.
    pub class: Class,
    /// What one step of width of its released range counts in the loss; 0 outside of quasi-identifiers.
    #[serde(default)]
    pub weight: u16,
    /// How a value becomes a code.
    pub kind: Kind,
}

/// The parts of a schema, as TOML and JSON carry them; [`Schema::new`] checks them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SchemaParts {
    /// The schema's name.
    pub name: String,
    /// Its version, from 1.
    pub version: u32,
    /// No request may ask for classes of fewer patients.
    pub k_floor: u16,
    /// No request may ask for fewer distinct sensitive values in a class.
    pub l_floor: u16,
    /// No request may allow one sensitive value a larger share of a class, in per mille.
    pub alpha_ceiling: u16,
    /// A dataset has at least so many chunks.
    pub min_chunks: u32,
    /// The columns, in the order of a row's cells.
    pub columns: Vec<Column>,
}

/// A checked schema.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "SchemaParts", into = "SchemaParts")]
pub struct Schema(SchemaParts);

/// Why parts make no schema.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SchemaFault {
    /// A schema holds between one and eleven columns.
    #[error("a schema has 1 to {MAX_COLUMNS} columns, this one has {0}")]
    Columns(usize),
    /// A name is empty, too long, or holds control characters.
    #[error("the name of {0} is empty, longer than {MAX_NAME} bytes, or holds control characters")]
    Name(String),
    /// A column's name cannot be written in a request.
    #[error("column name {0:?} must start with a letter and hold letters, digits, '_', '-' and '.' only")]
    ColumnName(String),
    /// Two columns have the same name.
    #[error("column name {0:?} is used twice")]
    RepeatedColumn(String),
    /// Versions start at 1.
    #[error("the version starts at 1")]
    Version,
    /// A floor or ceiling makes no sense.
    #[error("{what} must be between {least} and {most}, not {found}")]
    Limit {
        /// Which limit.
        what: &'static str,
        /// Least value.
        least: u32,
        /// Greatest value.
        most: u32,
        /// The value found.
        found: u32,
    },
    /// The number of quasi-identifiers is not provable, or none is named.
    #[error("a schema has 1 to {QUASI_IDENTIFIERS} quasi-identifiers, this one has {0}")]
    QuasiIdentifiers(usize),
    /// No column is sensitive.
    #[error("a schema needs a sensitive column")]
    NoSensitive,
    /// A quasi-identifier whose width would count nothing, or a width that is counted and never released.
    #[error("column {0:?}: quasi-identifiers have a weight from 1, other columns have none")]
    Weight(String),
}

impl Schema {
    /// Checks the parts and makes a schema of them.
    ///
    /// # Errors
    /// The first fault found.
    pub fn new(parts: SchemaParts) -> Result<Self, SchemaFault> {
        parts.validate()?;
        Ok(Self(parts))
    }

    /// The schema's name.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// Its version, from 1.
    pub fn version(&self) -> u32 {
        self.0.version
    }

    /// The columns, in the order of a row's cells.
    pub fn columns(&self) -> &[Column] {
        &self.0.columns
    }

    /// Least k of a request.
    pub fn k_floor(&self) -> u16 {
        self.0.k_floor
    }

    /// Least l of a request.
    pub fn l_floor(&self) -> u16 {
        self.0.l_floor
    }

    /// Greatest α of a request, per mille.
    pub fn alpha_ceiling(&self) -> u16 {
        self.0.alpha_ceiling
    }

    /// Least number of chunks of a dataset.
    pub fn min_chunks(&self) -> u32 {
        self.0.min_chunks
    }

    /// The column at this index.
    pub fn column(&self, index: u8) -> Option<&Column> {
        self.0.columns.get(usize::from(index))
    }

    /// The column of this name (upper and lower case are the same), with its index.
    pub fn find(&self, name: &str) -> Option<(u8, &Column)> {
        (0u8..).zip(&self.0.columns).find(|(_, column)| column.name.eq_ignore_ascii_case(name))
    }

    /// The indices of the columns of one class, ascending.
    pub fn of_class(&self, class: Class) -> Vec<u8> {
        (0u8..).zip(&self.0.columns).filter(|(_, c)| c.class == class).map(|(i, _)| i).collect()
    }
}

impl SchemaParts {
    /// Checks everything that a schema promises; columns' kinds are checked when they are made.
    ///
    /// # Errors
    /// The first fault found.
    pub fn validate(&self) -> Result<(), SchemaFault> {
        if !good_name(&self.name) {
            return Err(SchemaFault::Name("the schema".into()));
        }
        if self.version == 0 {
            return Err(SchemaFault::Version);
        }
        if self.columns.is_empty() || self.columns.len() > MAX_COLUMNS {
            return Err(SchemaFault::Columns(self.columns.len()));
        }
        within("k_floor", u32::from(self.k_floor), 2, 1000)?;
        within("l_floor", u32::from(self.l_floor), 1, u32::from(self.k_floor))?;
        within("alpha_ceiling", u32::from(self.alpha_ceiling), 1, 1000)?;
        within("min_chunks", self.min_chunks, 4, 1 << crate::shape::DATASET_DEPTH)?;
        self.validate_columns()
    }

    fn validate_columns(&self) -> Result<(), SchemaFault> {
        for (i, column) in self.columns.iter().enumerate() {
            column.validate()?;
            if self.columns[..i].iter().any(|c| c.name.eq_ignore_ascii_case(&column.name)) {
                return Err(SchemaFault::RepeatedColumn(column.name.clone()));
            }
        }
        let count = |class| self.columns.iter().filter(|c| c.class == class).count();
        match count(Class::QuasiIdentifier) {
            1..=QUASI_IDENTIFIERS => {}
            n => return Err(SchemaFault::QuasiIdentifiers(n)),
        }
        if count(Class::Sensitive) == 0 { Err(SchemaFault::NoSensitive) } else { Ok(()) }
    }
}

impl Column {
    fn validate(&self) -> Result<(), SchemaFault> {
        let letters = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
        let name = &self.name;
        if !good_name(name)
            || !name.starts_with(|c: char| c.is_ascii_alphabetic())
            || !name.chars().all(letters)
        {
            return Err(SchemaFault::ColumnName(name.chars().take(MAX_NAME).collect()));
        }
        if (self.class == Class::QuasiIdentifier) != (self.weight > 0) {
            return Err(SchemaFault::Weight(name.clone()));
        }
        Ok(())
    }
}

/// Whether a name is not empty, not too long and free of control characters and double quotes.
pub(crate) fn good_name(name: &str) -> bool {
    !name.trim().is_empty() && name.len() <= MAX_NAME && !name.contains(|c: char| c.is_control() || c == '"')
}

fn within(what: &'static str, found: u32, least: u32, most: u32) -> Result<(), SchemaFault> {
    if (least..=most).contains(&found) {
        Ok(())
    } else {
        Err(SchemaFault::Limit { what, least, most, found })
    }
}

impl TryFrom<SchemaParts> for Schema {
    type Error = SchemaFault;
    fn try_from(parts: SchemaParts) -> Result<Self, SchemaFault> {
        Self::new(parts)
    }
}

impl From<Schema> for SchemaParts {
    fn from(schema: Schema) -> Self {
        schema.0
    }
}

#[cfg(test)]
mod tests;
