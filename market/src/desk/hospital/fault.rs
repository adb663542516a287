//! What a hospital's desk refuses or cannot do. No variant carries a patient's value.

use axum::http::StatusCode;
use galen_prover::jobs::{ProvingError, StoreError};

use crate::chain::ChainError;
use crate::private::PrivateFault;
use crate::web::Problem;

/// A desk's refusal, or what failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DeskFault {
    /// Something is not here.
    #[error("there is no such {0}")]
    Missing(&'static str),
    /// Not now, as things stand.
    #[error("{detail}")]
    Conflict {
        /// For programs.
        code: &'static str,
        /// For people.
        detail: String,
        /// What to do.
        remedy: &'static str,
    },
    /// Never, as it was sent.
    #[error("{detail}")]
    Invalid {
        /// For programs.
        code: &'static str,
        /// For people.
        detail: String,
        /// What to do.
        remedy: &'static str,
    },
    /// The ledger.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// The desk's own files.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The prover.
    #[error(transparent)]
    Proving(#[from] ProvingError),
    /// A defect, or the system.
    #[error("{0}")]
    Internal(String),
}

impl DeskFault {
    /// Not now.
    pub fn conflict(code: &'static str, detail: impl Into<String>, remedy: &'static str) -> Self {
        Self::Conflict { code, detail: detail.into(), remedy }
    }

    /// Never.
    pub fn invalid(code: &'static str, detail: impl Into<String>, remedy: &'static str) -> Self {
        Self::Invalid { code, detail: detail.into(), remedy }
    }
}

impl From<PrivateFault> for DeskFault {
    fn from(fault: PrivateFault) -> Self {
        Self::Internal(fault.to_string())
    }
}

impl From<DeskFault> for Box<Problem> {
    fn from(fault: DeskFault) -> Self {
        let words = fault.to_string();
        Self::new(match fault {
            DeskFault::Missing(what) => Problem::not_found(what),
            DeskFault::Conflict { code, remedy, .. } => {
                Problem::new(StatusCode::CONFLICT, code, words, remedy)
            }
            DeskFault::Invalid { code, remedy, .. } => Problem::bad(code, words, remedy),
            DeskFault::Chain(error) => error.into(),
            DeskFault::Proving(ProvingError::Full { .. }) => {
                let remedy = "wait until a job is over, or cancel one";
                Problem::new(StatusCode::SERVICE_UNAVAILABLE, "prover-full", words, remedy).retry(30)
            }
            DeskFault::Proving(ProvingError::Unreachable { .. } | ProvingError::Closing) => {
                let remedy =
                    "start the prover service that this desk's configuration names; jobs go on by themselves";
                Problem::new(StatusCode::SERVICE_UNAVAILABLE, "prover-away", words, remedy).retry(30)
            }
            DeskFault::Proving(ProvingError::Over { .. }) => Problem::new(
                StatusCode::CONFLICT,
                "job-over",
                words,
                "look at the request: its proofs are made",
            ),
            DeskFault::Store(cause) => Problem::internal(cause),
            DeskFault::Proving(cause) => Problem::internal(cause),
            DeskFault::Internal(cause) => Problem::internal(cause),
        })
    }
}
