//! What a desk keeps, sealed on disk under the hospital's own key: rows, reports, approvals, contributions, registers.
//!
//! Everything that only a list needs is in memory as well; rows are read when they are needed.

use galen_prover::jobs::StoreError;
use galen_prover::vault::Vault;
use serde::Serialize;
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

use super::fault::DeskFault;

/// What a sealed file is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A dataset, without its rows.
    Dataset,
    /// The rows of a dataset.
    Rows,
    /// An order that is sent, or was.
    Order,
    /// How far the hospital is with a request.
    Case,
    /// A contribution that was proven.
    Sale,
    /// Whom a contribution releases.
    Release,
    /// A source of rows that the steward brought.
    Source,
    /// A report of an import that is over.
    Import,
    /// A payment that was made.
    Payment,
}

impl Kind {
    const fn word(self) -> &'static str {
        match self {
            Self::Dataset => "dataset",
            Self::Rows => "rows",
            Self::Order => "order",
            Self::Case => "case",
            Self::Sale => "sale",
            Self::Release => "release",
            Self::Source => "source",
            Self::Import => "import",
            Self::Payment => "payment",
        }
    }
}

/// The sealed files of a desk.
#[derive(Debug)]
pub struct Books(Vault);

impl Books {
    /// The books in a vault.
    pub fn new(vault: Vault) -> Self {
        Self(vault)
    }

    /// Keeps something; it is on the disk when this returns.
    ///
    /// # Errors
    /// What the disk says.
    pub fn put<T: Serialize>(&self, kind: Kind, name: &str, value: &T) -> Result<(), DeskFault> {
        let json = serde_json::to_vec(value).map_err(|error| DeskFault::Internal(error.to_string()))?;
        Ok(self.0.put(kind.word(), name, &Zeroizing::new(json))?)
    }

    /// What is kept under a name.
    ///
    /// # Errors
    /// When the file is damaged, or of another version.
    pub fn get<T: DeserializeOwned>(&self, kind: Kind, name: &str) -> Result<Option<T>, DeskFault> {
        let Some(json) = self.0.get(kind.word(), name)? else { return Ok(None) };
        let expected = "what this version of the program keeps";
        let path = format!("{name}.{}", kind.word());
        let read = serde_json::from_slice(&json);
        // The error of the reader may quote the content.
        read.map(Some).map_err(|_| StoreError::Form { path: path.into(), expected }.into())
    }

    /// All of a kind, with their names, in the order of names.
    ///
    /// # Errors
    /// When a file is damaged.
    pub fn all<T: DeserializeOwned>(&self, kind: Kind) -> Result<Vec<(String, T)>, DeskFault> {
        let mut names = self.0.list(kind.word())?;
        names.sort();
        let read = |name: String| Ok(self.get(kind, &name)?.map(|value| (name, value)));
        names.into_iter().filter_map(|name| read(name).transpose()).collect()
    }

    /// Overwrites and forgets.
    ///
    /// # Errors
    /// What the disk says.
    pub fn wipe(&self, kind: Kind, name: &str) -> Result<(), DeskFault> {
        Ok(self.0.wipe(kind.word(), name)?)
    }
}
