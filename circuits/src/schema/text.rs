//! Requests in words: `(diag_1 in 250.* or diag_2 in 250.*) and age in 40..79`.
//!
//! ```text
//! any       = all { "or" all }
//! all       = one { "and" one }
//! one       = "not" one | "(" any ")" | "everyone" | condition
//! condition = column ( "=" | "!=" | "<" | "<=" | ">" | ">=" ) value
//!           | column [ "not" ] "in" ( part | "{" part { "," part } "}" )
//!           | column "is" ( "missing" | "known" )
//! part      = value [ ".." value ]          both ends included
//! ```
//! A value is a word or stands in quotes; of a category it may be a group (`250.*`, `E10-E14`, `"Diabetes mellitus"`).
//! A missing cell fulfils no comparison and none of its negations, as in SQL; only `is missing` finds it.
//!
//! The text becomes an OR of ANDs of ranges. A bound that does not fall between two codes of the schema is refused,
//! not rounded: the request says exactly what it matches.

use super::Schema;
use super::predicate::Predicate;
use crate::shape::{CLAUSES, CONDITIONS};

mod clauses;
mod grammar;
mod ranges;
mod token;

pub(super) use token::needs_quotes;

/// Longest text of a predicate, in bytes.
pub const MAX_TEXT: usize = 4096;

/// Why a text is no predicate. `at` counts bytes from 0.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseFault {
    /// The text is too long or too deeply nested.
    #[error("a predicate is at most {MAX_TEXT} bytes and 24 parentheses deep")]
    TooLong,
    /// Something else was expected here.
    #[error("at {at}: expected {expected}")]
    Expected {
        /// Where.
        at: usize,
        /// What would fit.
        expected: &'static str,
    },
    /// A quotation is not closed.
    #[error("at {at}: this quotation does not end")]
    Quote {
        /// Where it starts.
        at: usize,
    },
    /// The schema has no such column.
    #[error("at {at}: the schema has no column {name:?}")]
    Column {
        /// Where.
        at: usize,
        /// The name.
        name: String,
    },
    /// The column may never be asked about.
    #[error("column {0:?} is never released and cannot be asked about")]
    NeverReleased(String),
    /// The column does not know this value.
    #[error("at {at}: column {column:?} has no value {value:?}")]
    Value {
        /// Where.
        at: usize,
        /// The column.
        column: String,
        /// The value.
        value: String,
    },
    /// The values of this column have no order.
    #[error("the values of column {0:?} have no order: use '=', 'in' or '!='")]
    Unordered(String),
    /// The bound lies inside one step of the column.
    #[error("column {column:?} is told apart in steps only: {bound} lies inside {step}, use its ends")]
    InsideStep {
        /// The column.
        column: String,
        /// The bound asked for.
        bound: String,
        /// The step it lies in.
        step: String,
    },
    /// Written as an OR of ANDs it has too many conditions.
    #[error("written as an 'or' of 'and's this needs {0} conditions; at most {CONDITIONS} can be proven")]
    Conditions(usize),
    /// Written as an OR of ANDs it has too many clauses.
    #[error(
        "written as an 'or' of 'and's this needs more than {CLAUSES} clauses; at most {CLAUSES} can be proven"
    )]
    Clauses,
    /// No row can fulfil it.
    #[error("no row can fulfil this")]
    Nothing,
}

impl Predicate {
    /// Reads a predicate in words under a schema.
    ///
    /// # Errors
    /// [`ParseFault`], with the place.
    pub fn parse(text: &str, schema: &Schema) -> Result<Self, ParseFault> {
        if text.len() > MAX_TEXT {
            return Err(ParseFault::TooLong);
        }
        let expression = grammar::parse(token::tokens(text)?, text.len(), schema)?;
        clauses::predicate(&expression, schema)
    }
}
