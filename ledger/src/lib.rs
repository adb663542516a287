//! MBFT, quorum-anchored: the ledger under Galen.
//!
//! A consortium of `n` members agrees on one chain of blocks although up to `f = ⌊(n − 1) / 3⌋` of them may do
//! anything at all. What the transactions mean is left to an [`Application`]; the ledger orders them, checks that
//! every member which votes has checked every transaction, keeps the state in a Merkle tree, and proves both state
//! and history to outsiders.
//!
//! | question | module |
//! |---|---|
//! | what do I implement to run on this ledger? | [`application`] |
//! | how do I read and write state? | [`state`] |
//! | where do large bodies go? | [`blobs`] |
//! | which small quantities are there? | [`types`] |

pub mod application;
pub mod blobs;
pub mod state;
pub mod types;

pub use application::{
    AppError, Application, Beacon, BlockContext, Event, Receipt, Refusal, receipt::codes as receipt_codes,
};
pub use blobs::{BlobError, Blobs, FileBlobs, MemoryBlobs};
pub use state::{MemoryState, Overlay, StateRead, StateWrite};
pub use types::{AppHash, BlobHash, ChainId, Height, MAX_TX_BYTES, TxHash, View};
pub mod chain;
pub mod codec;
pub mod consensus;
pub mod crypto;
pub mod storage;
