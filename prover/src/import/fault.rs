//! Why an import was refused. No fault holds a cell's content.

use super::Report;

/// An import that was refused; nothing was imported.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum ImportError {
    /// The file itself is broken, at one place.
    #[error("{file}, line {line}: {problem}")]
    Broken {
        /// The file.
        file: String,
        /// The line, from 1; 0 when it is about the file as a whole.
        line: u64,
        /// What is wrong.
        problem: Problem,
    },
    /// Cells could not be encoded, or a patient has several rows; the report says where.
    #[error("{file}: nothing imported: {}", report.reasons())]
    Refused {
        /// The file.
        file: String,
        /// The whole report.
        report: Box<Report>,
    },
}

impl ImportError {
    pub(super) fn at(file: &str, line: u64, problem: Problem) -> Self {
        Self::Broken { file: file.to_owned(), line, problem }
    }
}

/// What is wrong with a file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// The operating system could not read it.
    #[error("cannot be read ({0})")]
    Read(std::io::ErrorKind),
    /// The compressed data ends early or is damaged.
    #[error("the compressed data is damaged or ends early")]
    Compression,
    /// There is nothing in it.
    #[error("the file is empty")]
    Empty,
    /// There is only a header.
    #[error("there are no rows below the header")]
    NoRows,
    /// Bytes that are no text in the encoding that the source names.
    #[error("not written in the encoding that the source names (UTF-8 unless it says otherwise)")]
    Encoding,
    /// A NUL byte: no text file.
    #[error("a NUL byte: this is no text file, or it is UTF-16")]
    Nul,
    /// A row that does not end.
    #[error("a row of more than {0} bytes; perhaps a quotation mark is missing")]
    TooLong(u64),
    /// A quotation that is open at the end of the file.
    #[error(
        "a quotation is still open at the end of the file; set quotes = false if the file does not quote"
    )]
    OpenQuote,
    /// A row has more or fewer fields than the header.
    #[error("{found} fields where the header has {expected}")]
    Fields {
        /// Fields of the header.
        expected: u64,
        /// Fields of this row.
        found: u64,
    },
    /// A column that the source names is not in the header.
    #[error("the header has no column {0:?}")]
    NoColumn(String),
    /// A column that the source names is twice in the header.
    #[error("the header has column {0:?} twice")]
    TwiceInHeader(String),
    /// The patient's id is missing.
    #[error("the patient's id is missing")]
    NoPatient,
    /// What orders a patient's rows is no whole number.
    #[error("column {0:?}, which orders a patient's rows, holds no whole number")]
    Order(String),
    /// More patients than a dataset can hold.
    #[error("more than {0} patients: a dataset holds no more")]
    TooMany(usize),
    /// Two patients got the same handle.
    #[error(
        "two patients have the same handle (the other one is in line {0}): choose another hospital secret"
    )]
    Collision(u64),
}
