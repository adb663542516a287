//! How a column's values become codes, and codes become words again.

use serde::{Deserialize, Serialize};

use super::{Category, DateSpan, Number};

/// The kind of a column. Code 0 is missing in every kind; values have codes `1..=size()`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Numbers on a grid.
    Number(Number),
    /// Days.
    Date(DateSpan),
    /// Named values in a hierarchy.
    Category(Category),
}

/// Why a value has no code. Never holds the value: it may be a patient's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, thiserror::Error)]
#[non_exhaustive]
#[serde(rename_all = "kebab-case")]
pub enum EncodeError {
    /// It is no number or no date at all.
    #[error("not written as this column's kind")]
    Malformed,
    /// It is well written and outside of the domain.
    #[error("outside of the column's domain")]
    OutOfRange,
    /// The category is not in the schema.
    #[error("a code that the schema does not know")]
    Unknown,
}

/// What is shown for code 0.
pub const MISSING: &str = "missing";

impl Kind {
    /// The code of a value, from 1.
    ///
    /// # Errors
    /// [`EncodeError`]; whether an empty text means missing is for the importer to say.
    pub fn encode(&self, value: &str) -> Result<u16, EncodeError> {
        match self {
            Self::Number(number) => number.encode(value),
            Self::Date(span) => span.encode(value),
            Self::Category(category) => category.encode(value),
        }
    }

    /// Number of codes that are not missing: codes run over `1..=size()`.
    pub fn size(&self) -> u16 {
        match self {
            Self::Number(number) => number.size(),
            Self::Date(span) => span.size(),
            Self::Category(category) => category.size(),
        }
    }

    /// A code in words; codes past the domain read as its last.
    pub fn decode(&self, code: u16) -> String {
        self.label(code, code)
    }

    /// A range of codes in words, clamped to the domain: `40-59`, `E10-E14`, `250.*`; `*` is everything, missing
    /// included.
    pub fn label(&self, lo: u16, hi: u16) -> String {
        let (lo, hi) = (lo.min(hi).min(self.size()), hi.max(lo).min(self.size()));
        match (lo, hi) {
            (0, 0) => MISSING.into(),
            (0, hi) if hi == self.size() => "*".into(),
            (0, hi) => format!("{} or {MISSING}", self.words(1, hi)),
            (lo, hi) => self.words(lo, hi),
        }
    }

    /// The range of a named part of the domain: a subtree of a category, one value of a number or date.
    pub fn range_of(&self, name: &str) -> Option<(u16, u16)> {
        match self {
            Self::Category(category) => category.subtree(name),
            _ => self.encode(name).ok().map(|code| (code, code)),
        }
    }

    fn words(&self, lo: u16, hi: u16) -> String {
        match self {
            Self::Number(number) => number.label(lo, hi),
            Self::Date(span) => span.label(lo, hi),
            Self::Category(category) => category.label(lo, hi),
        }
    }
}
