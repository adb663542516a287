//! Why a chain cannot be followed.

use std::path::PathBuf;

use galen_ledger::execution::StoreError;
use galen_ledger::storage::LockError;
use galen_ledger::{AppError, BlobError, FollowFault};

use super::client::CallFault;
use super::gateway::GatewayFault;

/// A chain cannot be followed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FollowError {
    /// The gateway is none that can be used.
    #[error(transparent)]
    Gateway(#[from] GatewayFault),
    /// It does not answer, and nothing is kept yet.
    #[error("{0}: it must answer the first time, for the chain's genesis")]
    Call(#[from] CallFault),
    /// It serves another chain.
    #[error(
        "{gateway} does not serve the genesis of the pinned chain: {reason}: correct the address or the chain"
    )]
    OtherChain {
        /// Who.
        gateway: String,
        /// What it serves.
        reason: String,
    },
    /// What is kept is not the genesis of the pinned chain.
    #[error("{}: {reason}: use another folder, or remove this one and follow the chain again", path.display())]
    Genesis {
        /// The file.
        path: PathBuf,
        /// What it is.
        reason: String,
    },
    /// The folder is in use, or cannot be locked.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// A file cannot be read or written.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The ciphertexts cannot be kept.
    #[error(transparent)]
    Blob(#[from] BlobError),
    /// The chain cannot be kept.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The market's part of the genesis is none of this program's.
    #[error(transparent)]
    Application(#[from] AppError),
    /// What is kept does not go together.
    #[error(transparent)]
    Follow(#[from] FollowFault),
    /// This program failed.
    #[error("opening was broken off: {0}")]
    Broken(String),
}
