//! What can go wrong with jobs. No variant carries a value of a row, a key or a blinding factor.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{JobId, SpecFault, Status};

/// Why the prover did not do what was asked, in this process or behind the service.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProvingError {
    /// The job cannot be proven as it is.
    #[error("the job is refused: {0}")]
    Spec(#[from] SpecFault),
    /// The queue holds as many jobs as it may.
    #[error("the queue is full with {capacity} jobs; try again when one is over")]
    Full {
        /// Jobs that it may hold.
        capacity: usize,
    },
    /// No such job, or it was forgotten.
    #[error("there is no job {0}")]
    Unknown(JobId),
    /// There is no result yet.
    #[error("job {0} is not over yet")]
    NotReady(JobId),
    /// A job that is over cannot be cancelled.
    #[error("job {id} is {status} already")]
    Over {
        /// The job.
        id: JobId,
        /// How it ended.
        status: Status,
    },
    /// A job that is not over cannot be forgotten.
    #[error("job {0} is not over yet: cancel it first")]
    Live(JobId),
    /// The job failed, there is no result.
    #[error("the job failed: {0}")]
    Failed(Failure),
    /// The job was cancelled, there is no result.
    #[error("job {0} was cancelled")]
    Cancelled(JobId),
    /// The prover is stopping.
    #[error("the prover is shutting down")]
    Closing,
    /// Disk or database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The service refused; its own words.
    #[error("the prover service refused: {0}")]
    Refused(Refusal),
    /// The service could not be reached, or broke off.
    #[error("the prover service at {address}: {reason}")]
    Unreachable {
        /// Host and port.
        address: String,
        /// What went wrong.
        reason: String,
    },
    /// The service said something that is not its protocol.
    #[error("the prover service at {address} does not speak this protocol: {reason}")]
    Protocol {
        /// Host and port.
        address: String,
        /// What was expected.
        reason: &'static str,
    },
}

/// A refusal of the service that is none of the other errors.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{detail} ({code}, status {status})")]
pub struct Refusal {
    /// HTTP status.
    pub status: u16,
    /// Stable code.
    pub code: String,
    /// In words.
    pub detail: String,
    /// When to try again.
    pub retry_after: Option<Duration>,
}

/// Why a job failed, in words that can be shown and logged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// Stable code.
    pub code: FailureCode,
    /// Names the proof, never the data.
    pub message: String,
}

/// Kinds of failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum FailureCode {
    /// A proof's statement is false or its witness wrong: the plan is not of this request or this dataset.
    Unsatisfied,
    /// A proof that was made does not hold: the keys are damaged or do not belong together.
    DoesNotHold,
    /// The sealed file of the job is gone or damaged: submit it again.
    SpecLost,
    /// Disk or database.
    Storage,
    /// A defect of the prover.
    Internal,
}

/// Disk, database, or files that are not as they must be.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// Another process works on this directory.
    #[error("{directory} is in use by another prover: stop it, or choose another directory")]
    Locked {
        /// The directory.
        directory: PathBuf,
    },
    /// Reading or writing.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A secret file that others may read.
    #[error(
        "{path} can be read by others: make it private (chmod 600) after making sure that nobody copied it"
    )]
    Exposed {
        /// The file.
        path: PathBuf,
    },
    /// A sealed file that the key does not open.
    #[error("{path} is damaged, or was sealed with another key")]
    Sealed {
        /// The file.
        path: PathBuf,
    },
    /// A key or token file of the wrong form.
    #[error("{path} is not {expected}")]
    Form {
        /// The file.
        path: PathBuf,
        /// What it should be.
        expected: &'static str,
    },
    /// The database of proofs and records.
    #[error("the database of proofs: {0}")]
    Database(#[from] sled::Error),
}

impl StoreError {
    /// Turns an input or output error into one that names its file.
    pub(crate) fn at(path: &Path) -> impl Fn(io::Error) -> Self + use<> {
        let path = path.to_path_buf();
        move |source| Self::Io { path: path.clone(), source }
    }

    /// Whether there is no room left, which the operator can mend.
    pub(super) fn is_full(&self) -> bool {
        let (Self::Io { source, .. } | Self::Database(sled::Error::Io(source))) = self else { return false };
        source.kind() == io::ErrorKind::StorageFull
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jobs::Failure;

    #[test]
    fn a_full_disk_is_told_apart_and_shows_no_path() {
        let full = || io::Error::from(io::ErrorKind::StorageFull);
        let path = PathBuf::from("/patients/secret");
        for error in [StoreError::Io { path: path.clone(), source: full() }, sled::Error::Io(full()).into()] {
            let failure = Failure::from(error);
            assert!(failure.message.contains("free some space") && !failure.message.contains("secret"));
        }
        let other = StoreError::Io { path, source: io::ErrorKind::PermissionDenied.into() };
        assert_eq!(Failure::from(other).message, "the prover's storage failed: see its log");
    }
}
