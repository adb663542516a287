//! What is private in jobs and results, in sealed files named by their jobs.

use zeroize::Zeroizing;

use super::{JobId, StoreError};

/// What a sealed file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// The private part of a job that is not over.
    Spec,
    /// A result.
    Outcome,
}

impl Kind {
    fn word(self) -> &'static str {
        match self {
            Self::Spec => "job",
            Self::Outcome => "result",
        }
    }
}

/// The sealed files of a queue.
pub(super) struct Vault(pub(super) crate::vault::Vault);

impl Vault {
    /// Seals `content` into the file of this kind and job. It is on the disk when this returns.
    pub(super) fn put(&self, kind: Kind, id: JobId, content: &[u8]) -> Result<(), StoreError> {
        self.0.put(kind.word(), &id.to_string(), content)
    }

    /// Opens a file; `None` when there is none.
    pub(super) fn get(&self, kind: Kind, id: JobId) -> Result<Option<Zeroizing<Vec<u8>>>, StoreError> {
        self.0.get(kind.word(), &id.to_string())
    }

    /// Overwrites and removes a file; nothing when there is none.
    pub(super) fn wipe(&self, kind: Kind, id: JobId) -> Result<(), StoreError> {
        self.0.wipe(kind.word(), &id.to_string())
    }

    /// The jobs that have a file of this kind.
    pub(super) fn list(&self, kind: Kind) -> Result<Vec<JobId>, StoreError> {
        Ok(self.0.list(kind.word())?.into_iter().filter_map(|name| name.parse().ok()).collect())
    }
}
