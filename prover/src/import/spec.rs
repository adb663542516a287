//! A source: a schema, and how a hospital's file writes it. Usually a TOML file of its own:
//!
//! ```toml
//! missing = ["?", ""]
//! [patient]
//! column = "patient_nbr"
//! keep = { least = "encounter_id" }      # or "first", "last", "refuse"
//! [consent]
//! default = ["HMB"]                      # or column = "consent", cells such as "HMB;DS"
//! [columns.age]
//! source = "Age group"                   # the file's name, if it is another
//! format = "interval"                    # "[40-50)" counts as 40
//! map = { "old" = "[90-100)" }
//! [schema]
//! name = "…"                             # and so on, see galen_circuits::schema
//! ```

use std::collections::BTreeMap;
use std::path::Path;

use galen_circuits::schema::{Purpose, Schema};
use serde::{Deserialize, Serialize};

/// Longest source file, in bytes.
const MAX_SPEC: u64 = 4 << 20;

/// A schema and how a file writes it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImportSpec {
    /// How the file is written.
    #[serde(default)]
    pub file: FileFormat,
    /// What stands for missing in every column.
    #[serde(default = "nothing")]
    pub missing: Vec<String>,
    /// Whose rows these are.
    pub patient: Patient,
    /// What the patients consent to.
    #[serde(default)]
    pub consent: Consent,
    /// How columns are written, by the schema's names; only where it differs.
    #[serde(default)]
    pub columns: BTreeMap<String, SourceColumn>,
    /// The schema.
    pub schema: Schema,
}

fn nothing() -> Vec<String> {
    vec![String::new()]
}

/// How the file is written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FileFormat {
    /// What separates fields: `,`, `;` or a tab; recognised from the header when not given.
    pub delimiter: Option<char>,
    /// Whether fields may stand in double quotes.
    pub quotes: bool,
    /// The encoding.
    pub encoding: Encoding,
}

impl Default for FileFormat {
    fn default() -> Self {
        Self { delimiter: None, quotes: true, encoding: Encoding::Utf8 }
    }
}

/// A text encoding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Encoding {
    /// UTF-8, with or without byte order mark.
    #[serde(rename = "utf-8")]
    Utf8,
    /// ISO 8859-1: a byte a character.
    #[serde(rename = "latin-1")]
    Latin1,
}

/// Whose rows these are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Patient {
    /// The column of the patient's id. Without one each line counts as a patient: only for files that are known to
    /// hold one line a patient, for k counts patients.
    #[serde(default)]
    pub column: Option<String>,
    /// Which row of a patient who has several.
    #[serde(default)]
    pub keep: Keep,
}

/// Which row of a patient who has several.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Keep {
    /// None: the file is refused.
    #[default]
    Refuse,
    /// The first in the file.
    First,
    /// The last in the file.
    Last,
    /// The one with the least whole number in this column, such as an encounter's number.
    Least(String),
    /// The one with the greatest.
    Greatest(String),
}

/// What the patients consent to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Consent {
    /// The column that names the purposes, separated by `;`, `|`, `,` or spaces. A missing cell consents to nothing.
    pub column: Option<String>,
    /// What every patient consents to when there is no such column.
    pub default: Vec<Purpose>,
}

/// How a column is written.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SourceColumn {
    /// The file's name of the column, if it is another.
    pub source: Option<String>,
    /// What stands for missing, besides the file's own marks.
    pub missing: Vec<String>,
    /// The schema's values for the file's.
    pub map: BTreeMap<String, String>,
    /// How values are written.
    pub format: Format,
}

/// How values are written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// As they are.
    #[default]
    Plain,
    /// As an interval, `[40-50)`: the lower end counts.
    Interval,
}

/// Why a source cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SpecError {
    /// The file cannot be read.
    #[error("the source {path} cannot be read: {error}")]
    Read {
        /// The file.
        path: String,
        /// Why.
        error: std::io::Error,
    },
    /// It is far too long.
    #[error("the source {0} is longer than {MAX_SPEC} bytes")]
    TooLong(String),
    /// It is not written as a source, or its schema is refused.
    #[error("not a source: {0}")]
    Toml(#[from] toml::de::Error),
    /// It describes a column that the schema does not have.
    #[error("[columns.{0}]: the schema has no such column")]
    NoColumn(String),
    /// A delimiter that is none.
    #[error("the delimiter must be ',', ';', '|' or a tab")]
    Delimiter,
}

impl ImportSpec {
    /// Reads a source from TOML.
    ///
    /// # Errors
    /// [`SpecError`], with line and reason.
    pub fn from_toml(text: &str) -> Result<Self, SpecError> {
        let spec: Self = toml::from_str(text)?;
        if let Some(name) =
            spec.columns.keys().find(|name| !spec.schema.columns().iter().any(|c| c.name == **name))
        {
            return Err(SpecError::NoColumn(name.clone()));
        }
        if spec.file.delimiter.is_some_and(|c| !matches!(c, ',' | ';' | '|' | '\t')) {
            return Err(SpecError::Delimiter);
        }
        Ok(spec)
    }

    /// Reads a source from a file.
    ///
    /// # Errors
    /// [`SpecError`].
    pub fn load(path: &Path) -> Result<Self, SpecError> {
        let name = path.display().to_string();
        let read = |error| SpecError::Read { path: name.clone(), error };
        if std::fs::metadata(path).map_err(read)?.len() > MAX_SPEC {
            return Err(SpecError::TooLong(name));
        }
        Self::from_toml(&std::fs::read_to_string(path).map_err(read)?)
    }

    /// The consent mask of patients without a consent of their own.
    pub fn default_consent(&self) -> u16 {
        self.consent.default.iter().fold(0, |mask, purpose| mask | purpose.consent())
    }
}
