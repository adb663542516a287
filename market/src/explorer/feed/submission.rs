//! What is said of a ciphertext and a transaction that were handed in.

use galen_ledger::Submitted;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A ciphertext is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct KeptBlob {
    /// Its name, its BLAKE3 hash.
    pub hash: String,
}

/// A transaction is final.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Settled {
    /// Its name.
    pub tx: String,
    /// Height of its block.
    pub height: u64,
    /// Its place there.
    pub index: u32,
    /// Whether it was applied; if not, it changed nothing.
    pub accepted: bool,
    /// "ok", or the reason for programs.
    pub code: String,
    /// The reason for people.
    pub message: String,
}

impl From<Submitted> for Settled {
    fn from(submitted: Submitted) -> Self {
        let Submitted { tx, height, index, receipt } = submitted;
        let (tx, height) = (tx.to_string(), height.get());
        Self { tx, height, index, accepted: receipt.accepted, code: receipt.code, message: receipt.message }
    }
}
